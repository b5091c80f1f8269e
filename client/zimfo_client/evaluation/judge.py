"""Compares an answer with what a turn of a suite demands."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from zimfo_client.evaluation.suite import Turn

# Ways of saying that the archives do not hold an answer, ours and those that models find by themselves.
_DECLINES: Final = re.compile(
    r"(?:\b(?:not|no|nothing|cannot|unable)|n[’']t)\b(?:\W+\w+){0,4}?\W+"
    r"(?:cover|contain|mention|say|tell|know|have|find|found|available|information|article|archives?|place|data|"
    r"provide|list|include|hold|answer|relevant|about)\w*\b"
    r"|\b(?:nicht|kein|keine|keinen|nichts)\b|\b(?:aucun|aucune|pas|rien)\b|\b(?:ningún|ninguna|nada)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a turn fared; None where nothing was demanded."""

    tool: bool | None
    facts: bool | None
    citations: bool | None
    problems: tuple[str, ...]  # what was demanded and not found, in words

    @property
    def passed(self) -> bool:
        """Whether everything that was demanded was found."""
        return not self.problems


def judge(turn: Turn, answer: dict[str, Any]) -> Verdict:
    """Return the verdict on an answer as `zimfo chat --jsonl` prints it."""
    text: str = answer["answer"]
    tool_problems = list(_tool_problems(turn, answer["tool_calls"]))
    fact_problems = list(_fact_problems(turn, text))
    titles = [source["title"] for source in answer["sources"]]
    cited = any(_same_title(title, wanted) for title in titles for wanted in turn.cites)
    citation_problems = [] if cited or not turn.cites else [f"cites none of: {', '.join(turn.cites)}"]
    if turn.declines and titles and not _DECLINES.search(text):
        citation_problems.append(f"cites {titles[0]} for what the archives do not hold")
    return Verdict(
        tool=not tool_problems if turn.tools or turn.not_tools or turn.arguments else None,
        facts=not fact_problems if turn.says or turn.says_any or turn.says_not or turn.declines else None,
        citations=not citation_problems if turn.cites or turn.declines else None,
        problems=(*tool_problems, *fact_problems, *citation_problems),
    )


def _tool_problems(turn: Turn, calls: list[dict[str, Any]]) -> Iterable[str]:
    called = [call["name"] for call in calls]
    if turn.tools and not set(turn.tools) & set(called):
        yield f"calls none of: {', '.join(turn.tools)}"
    forbidden = called if "*" in turn.not_tools else [name for name in called if name in turn.not_tools]
    if forbidden:
        yield f"calls {forbidden[0]}"
    for name, pattern in turn.arguments.items():
        values = [str(call["arguments"][name]) for call in calls if name in call["arguments"]]
        if not any(re.search(pattern, value, re.IGNORECASE) for value in values):
            yield f"no call has {name} like {pattern}"


def _fact_problems(turn: Turn, text: str) -> Iterable[str]:
    said = _plain(text)
    groups = [*turn.says, *([turn.says_any] if turn.says_any else [])]
    for group in groups:
        if not any(_plain(word) in said for word in group):
            yield f"says none of: {', '.join(group)}"
    for word in turn.says_not:
        if _plain(word) in said:
            yield f"says {word}"
    if turn.declines and not _DECLINES.search(text):
        yield "does not say that the archives lack it"


def _plain(text: str) -> str:
    """Return the text in lower case, with plain blanks, and one for a hyphen between letters: "base-pair"."""
    text = re.sub(r"[\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}]", "-", text.casefold())
    return " ".join(re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", text).split())


def _same_title(title: str, wanted: str) -> bool:
    return title.replace("_", " ").casefold() == wanted.replace("_", " ").casefold()
