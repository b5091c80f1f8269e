"""Conversations as a model is trained on them: turns, and their tokens as the client would render them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from zimfo_client.profile import Profile
from zimfo_client.transcript import Segment, Tokenizer, Transcript

NOT_LEARNED: Final = -100  # a target that no loss is taken on, PyTorch's own default


@dataclass(frozen=True)
class Turn:
    """A question, a call, a result (its JSON) or an answer. `learned` false leaves a reply out of the loss."""

    role: Literal["question", "call", "result", "answer"]
    text: str = ""
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    learned: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the turn without what it does not have."""
        said = {"role": self.role, "text": self.text, "name": self.name, "arguments": dict(self.arguments)}
        shown = {key: value for key, value in said.items() if value or (key == "arguments" and self.role == "call")}
        return shown if self.learned else {**shown, "learned": False}


@dataclass(frozen=True)
class Conversation:
    """Turns in order; `shape` and `language` say what it is an example of, `held_out` that it is for scores."""

    turns: tuple[Turn, ...]
    shape: str
    language: str = "en"
    held_out: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the conversation as a line of a data set."""
        return {
            "shape": self.shape,
            "language": self.language,
            "held_out": self.held_out,
            "turns": [turn.to_json() for turn in self.turns],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Conversation":
        """Read what `to_json` gives."""
        turns = tuple(Turn(**turn) for turn in data["turns"])
        return cls(turns, data["shape"], data["language"], data["held_out"])

    def questions(self) -> list[str]:
        """Return what the person says."""
        return [turn.text for turn in self.turns if turn.role == "question"]


def rendered(turns: Sequence[Turn], profile: Profile, fold: str, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return tokens and targets of turns; a target is the token itself where it is learned, else `NOT_LEARNED`."""
    transcript, learned = as_transcript(turns, profile, fold, tokenizer)
    tokens = list(transcript.tokens)
    targets = [NOT_LEARNED] * len(tokens)
    for begin, end in learned:
        targets[begin:end] = tokens[begin:end]
    return tokens, targets


def as_transcript(
    turns: Sequence[Turn], profile: Profile, fold: str, tokenizer: Tokenizer
) -> tuple[Transcript, list[tuple[int, int]]]:
    """Return turns as the client has them in a prompt, and from which token to which the learned replies reach."""
    transcript = Transcript(tokenizer)
    learned: list[tuple[int, int]] = []

    def reply(segments: Sequence[Segment], *, is_learned: bool) -> None:
        transcript.append(segments[:1])
        begin = len(transcript)
        transcript.append(segments[1:])
        if is_learned:
            learned.append((begin, len(transcript)))

    for number, turn in enumerate(turns):
        match turn.role:
            case "question":
                transcript.append(profile.follow_up(turn.text) if number else profile.opening(fold, turn.text))
            case "result":
                transcript.append(profile.tool_result(turn.name, turn.text))
            case "call":
                reply(profile.host_call(turn.name, turn.arguments), is_learned=turn.learned)
            case "answer":
                reply(profile.host_answer(turn.text), is_learned=turn.learned)
    return transcript, learned
