"""Whether a model's text stays with what the tools returned: its numbers, its names, most of its words."""

import re
from collections.abc import Iterator
from typing import Final

from zimfo_client.text import STOP_WORDS, content_stems, fold, words

ENOUGH_SHARED = 0.6  # of the content words of a faithful paraphrase; text from memory shares far fewer
MIN_WORDS = 3  # content words; a shorter text says nothing that could be checked

_SCALES: Final = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SPELT: Final = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"hundred": 100}
_NUMBERED: Final = re.compile(
    rf"(?P<digits>\d[\d.,\u202f\u00a0]*)(?:[\s-]+(?P<scale>{'|'.join(_SCALES)})\b)?", re.IGNORECASE
)
_NAME: Final = re.compile(
    r"(?P<before>^|[.!?:;\"“(]\s*|\n\s*[-*]?\s*)?\b(?P<word>[^\W\d_][\w’'-]*)(?=\s+(?P<next>[^\W\d_a-z])|)"
)
# Capitals that name nothing by themselves: months and days stand with a number, and that is checked.
_NO_NAMES: Final = frozenset(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday mr mrs dr".split()
)


def unsupported(text: str, evidence: str) -> list[str]:
    """Return the numbers and names of `text` that `evidence` (results and questions together) does not hold.

    Numbers are compared by value: "1.3 million" is 1,300,000, and "two" is 2.
    """
    values = _values(evidence)
    known = {part for word in words(evidence) for part in (word, *re.split(r"[’'-]", word))}
    missing = [number for number, value in _numbers(text) if value not in values]
    missing += [name for name in _names(text, known) if not known.issuperset(_parts(name))]
    return list(dict.fromkeys(missing))


def strays(text: str, evidence: str) -> str | None:
    """Return why `text` cannot stand on `evidence` (results and question together), None when it can.

    Every number and every name must occur in the evidence, and so must most of the other words.
    """
    if missing := unsupported(text, evidence):
        return f"{missing[0]} is in no result"
    stems = content_stems(text)
    if len(stems) < MIN_WORDS:
        return "it says too little"
    known_stems = set(content_stems(evidence))
    shared = sum(stem in known_stems for stem in stems) / len(stems)
    return None if shared >= ENOUGH_SHARED else f"only {shared:.0%} of its words are in a result"


def _values(text: str) -> set[float]:
    """Return the values of all numbers in a text, in digits or in words."""
    scales = [1.0, *(_SCALES[word] for word in words(text) if word in _SCALES)]
    spelt = {_SPELT[word] * scale for word in words(text) if word in _SPELT for scale in scales}
    return spelt | {value for _, value in _numbers(text)} | set(_bare(text))


def _numbers(text: str) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a text in digits, as they stand there and by value."""
    for found in _NUMBERED.finditer(text):
        digits = found["digits"].rstrip(".,\u202f\u00a0")
        scale = _SCALES[found["scale"].lower()] if found["scale"] else 1.0
        value = _value(digits)
        if value is not None:
            yield (found[0].strip().rstrip(".,"), round(value * scale, 6))


def _bare(text: str) -> Iterator[float]:
    """Yield the values of the digits alone, as in a range: "9 to 10 million" holds 9 million as well."""
    scales = [_SCALES[word] for word in words(text) if word in _SCALES]
    for found in _NUMBERED.finditer(text):
        value = _value(found["digits"].rstrip(".,\u202f\u00a0"))
        if value is not None:
            yield value
            yield from (round(value * scale, 6) for scale in set(scales) if found["scale"] is None)


def _value(digits: str) -> float | None:
    plain = re.sub(r"[,\u202f\u00a0]", "", digits)
    try:
        return float(plain)
    except ValueError:
        return None  # a version or a date, 1.2.3: its parts say nothing


def _names(text: str, known: set[str]) -> Iterator[str]:
    """Yield the capitalised words that name something.

    One that begins a sentence counts where another capital follows it and the evidence does not know it.
    """
    for match in _NAME.finditer(text):
        word = match["word"]
        if not word[0].isupper() or len(word) < 2 or fold(word) in _NO_NAMES:
            continue
        begins = match["before"] is not None
        if begins and (fold(word) in STOP_WORDS or fold(word) in known or match["next"] is None):
            continue
        yield word


def _parts(name: str) -> list[str]:
    return [part for word in words(name) for part in re.split(r"[’'-]", word) if part]
