"""Names that a small model copied from the question with a slip, put back as the question has them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from rapidfuzz import fuzz

from zimfo_client.calls import ToolCall
from zimfo_client.text import fold, words

# Arguments that hold names. Sections are matched against an article's outline, kinds are words of the map.
NAMES: Final = frozenset({"title", "titles", "query", "place", "origin", "destination"})
# Of rapidfuzz: "Stena Nadella" is "Satya Nadella" (77), "France" is not "French" (67).
LEAST_RATIO: Final = 72
MAX_WORDS: Final = 12  # of a name; what is longer is a sentence, and not looked up as a name


def as_asked(call: ToolCall, question: str, known: str) -> ToolCall:
    """Return `call` with its names as `question` spells them, where they are all but what it says.

    What stands in the question, or in `known` (what the conversation has read), is left as it is.
    """
    arguments = {
        name: _mended(value, question, known) if name in NAMES else value for name, value in call.arguments.items()
    }
    return call if arguments == call.arguments else replace(call, arguments=arguments)


def _mended(value: Any, question: str, known: str) -> Any:
    if isinstance(value, list):
        return [_mended(one, question, known) for one in value]
    if not isinstance(value, str) or not 0 < len(value.split()) <= MAX_WORDS:
        return value
    mine = " ".join(words(value))
    if any(f" {mine} " in f" {' '.join(words(text))} " for text in (question, known)):
        return value
    ranked = [(fuzz.ratio(mine, fold(one)), one) for one in _spans(question, len(value.split())) if _alike(mine, one)]
    ratio, best = max(ranked, default=(0.0, ""), key=lambda one: one[0])
    return best if ratio >= LEAST_RATIO else value


def _spans(question: str, count: int) -> Iterator[str]:
    """Yield what stands in a question: `count` words in a row, one less and one more."""
    found = list(re.finditer(r"\w+(?:[.'’&-]+\w+)*", question))
    for length in (count, count - 1, count + 1):
        for first in range(len(found) - length + 1 if length else 0):
            yield question[found[first].start() : found[first + length - 1].end()]


def _alike(mine: str, span: str) -> bool:
    """Whether two names begin alike and neither goes on from the other ("Paris" is no slip for "Parisian")."""
    theirs = fold(span)
    return mine[:1] == theirs[:1] and not theirs.startswith(mine) and not mine.startswith(theirs)
