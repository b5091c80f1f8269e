"""The public corpus of the original project as single questions, with the calls that they should have had.

Its teacher model embellished titles, invented coordinates and took directions for searches; the questions themselves
are good. What a question asks for is told by its phrasing here, and its subject is taken as it is written.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from zimfo_shared.places import kind_names
from zimfo_training.dialogue import Conversation, Turn
from zimfo_training.entities import corpus_questions
from zimfo_training.phrasings import loaded

HELD_OUT: Final = 500  # questions that nothing is learned from

_RULES: Final = [
    (name, re.compile(pattern, re.IGNORECASE), fixed) for name, pattern, fixed in loaded("corpus")["rules"]
]
_ORDER: Final[tuple[str, ...]] = ("title", "section", "titles", "query", "place", "kinds", "destination")


def relabelled(question: str) -> tuple[str, dict[str, Any]] | None:
    """Return the call that a question of the corpus should have, None where its phrasing does not tell."""
    text = question.strip().rstrip("?.!")
    for name, pattern, fixed in _RULES:
        if (found := pattern.fullmatch(text)) is None:
            continue
        groups = {key: value.strip() for key, value in found.groupdict().items() if value}
        arguments: dict[str, Any] = dict(fixed)
        if "a" in groups:
            arguments["titles"] = [groups.pop("a"), groups.pop("b")]
        kind = groups.pop("kind", None) or groups.pop("kind2", None)
        for key in ("title", "query", "destination", "place"):
            if key in groups:
                arguments[key] = re.sub(r"^the ", "", groups[key]) if key == "title" else groups[key]
        if kind:
            named = kind_names([kind])
            arguments["kinds"] = [one.replace("_", " ") for one in named] if isinstance(named, list) else [kind]
        order = {key: arguments[key] for key in _ORDER if key in arguments}
        return name, order
    return None


def questions(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each question of the corpus once, with its call, in an order that tells nothing."""
    distinct = sorted({" ".join(question.split()) for question in corpus_questions(folder)}, key=_scattered)
    for question in distinct:
        if (call := relabelled(question)) is not None:
            yield question, *call


def split(folder: Path) -> tuple[list[Conversation], list[Conversation]]:
    """Return what is learned from, and the `HELD_OUT` questions that are not."""
    made = [
        Conversation((Turn("question", question), Turn("call", name=name, arguments=arguments)), f"corpus_{name}")
        for question, name, arguments in questions(folder)
    ]
    return made[HELD_OUT:], made[:HELD_OUT]


def _scattered(text: str) -> str:
    return json.dumps([sum(text.encode()) * 7919 % 1009, text])
