"""How well a model in training calls and answers: decoded greedily on what it has not learned from."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from zimfo_client.agent.copied import as_asked
from zimfo_client.agent.grounding import strays
from zimfo_client.calls import ToolCall, parse_calls
from zimfo_client.profile import Profile
from zimfo_client.text import words
from zimfo_client.transcript import Tokenizer, Transcript
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.errors import BadArgumentsError
from zimfo_training.dialogue import Conversation, Turn, as_transcript

MAX_REPLY: Final = 72  # tokens of a call: the longest of the data set has about 60
MAX_ANSWER: Final = 140
SIGNATURES: Final = {name: list(contract.input.model_fields) for name, contract in CATALOGUE.items()}

# Replies to prompts, of so many tokens at most.
Reply = Callable[[Sequence[Transcript], int], list[str]]


@dataclass(frozen=True)
class Score:
    """Shares (0 to 1) of replies: the right tool or none, the right arguments besides, an answer that stands.

    `mended` counts arguments as right that are so after the client has put names back that were copied with a slip.
    """

    calls: int
    tool: float
    arguments: float
    mended: float
    needless: float
    answers: int
    faithful: float
    seconds: float

    def to_json(self) -> dict[str, float]:
        """Return the score, rounded."""
        return {key: round(value, 4) for key, value in vars(self).items()}


def normalised(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as the contracts read them, defaults included; texts without case, accents, marks, articles."""
    try:
        read = CATALOGUE[name].input.parse(name, arguments).model_dump()
    except (KeyError, BadArgumentsError):
        read = arguments
    return {key: _plain(value) for key, value in sorted(read.items())}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        said = words(value.replace("_", " "))
        return " ".join(said[1:] if len(said) > 1 and said[0] in ("the", "a", "an") else said)
    if isinstance(value, list):
        return sorted(map(str, map(_plain, value)))
    return float(value) if isinstance(value, int | float) else value


def prompts(
    conversations: Iterable[Conversation], profile: Profile, fold: str, tokenizer: Tokenizer
) -> list[tuple[Transcript, tuple[Turn, ...], int]]:
    """Return, for every learned reply, its prompt, the conversation and the number of the reply."""
    made = []
    for one in conversations:
        for number, turn in enumerate(one.turns):
            if turn.role in ("call", "answer") and turn.learned:
                prompt, _ = as_transcript(one.turns[:number], profile, fold, tokenizer)
                prompt.append(profile.answer_open())
                made.append((prompt, one.turns, number))
    return made


def score(
    conversations: Iterable[Conversation], profile: Profile, fold: str, tokenizer: Tokenizer, reply: Reply
) -> tuple[Score, list[dict[str, Any]]]:
    """Return the score of `reply`, and every reply that was wrong."""
    began = time.monotonic()
    asked = prompts(conversations, profile, fold, tokenizer)
    short = [one for one in asked if one[1][one[2]].role == "call" or _before(one).role == "question"]
    long = [one for one in asked if one not in short]
    texts = reply([one[0] for one in short], MAX_REPLY) + reply([one[0] for one in long], MAX_ANSWER)
    wrong: list[dict[str, Any]] = []
    right_tool = right_arguments = mended = needless = faithful = 0
    for (_, turns, number), text in zip([*short, *long], texts, strict=True):
        wanted = turns[number]
        question = next(turn.text for turn in reversed(turns[:number]) if turn.role == "question")
        evidence = " ".join(turn.text for turn in turns[:number])
        parsed = parse_calls(text, SIGNATURES)
        call = parsed.calls[0] if parsed.calls else None
        if _before((None, turns, number)).role == "result" and wanted.role == "answer":
            good = call is None and (strays(text, evidence) is None or text.strip() == wanted.text)
            faithful += good
        else:
            name = wanted.name if wanted.role == "call" else ""
            tool = (call.name if call else "") == name
            good = tool and (call is None or _same(call, wanted))
            right_tool += tool
            right_arguments += good
            mended += good or (tool and call is not None and _same(as_asked(call, question, evidence), wanted))
            needless += (call is None) != (not name)
        if not good:
            wrong.append({"question": question, "wanted": wanted.to_json(), "said": text})
    calls = sum(_before(one).role == "question" or one[1][one[2]].role == "call" for one in [*short, *long])
    answers = len(asked) - calls
    return Score(
        calls, right_tool / max(calls, 1), right_arguments / max(calls, 1), mended / max(calls, 1),
        needless / max(calls, 1),
        answers, faithful / max(answers, 1), time.monotonic() - began,
    ), wrong  # fmt: skip


def _same(call: ToolCall, wanted: Turn) -> bool:
    return normalised(call.name, call.arguments) == normalised(call.name, dict(wanted.arguments))


def _before(one: tuple[Any, tuple[Turn, ...], int]) -> Turn:
    return one[1][one[2] - 1]


def write_wrong(wrong: Iterable[dict[str, Any]], path: Any) -> None:
    """Write the wrong replies, one line of JSON each, to be looked at."""
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in wrong), "utf-8")
