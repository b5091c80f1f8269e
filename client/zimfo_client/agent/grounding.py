"""Whether a model's text stays with what the tools returned: its numbers, its names, most of its words."""

import re

from zimfo_client.text import content_stems, words

ENOUGH_SHARED = 0.6  # of the content words of a faithful paraphrase; text from memory shares far fewer
MIN_WORDS = 3  # content words; a shorter text says nothing that could be checked

_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


def strays(text: str, evidence: str) -> str | None:
    """Return why `text` cannot stand on `evidence` (results and question together), None when it can.

    Every number and every name must occur in the evidence, and so must most of the other words.
    """
    known = set(words(evidence))
    numbers = {_plain(number) for number in _NUMBER.findall(evidence)}
    for number in _NUMBER.findall(text):
        if _plain(number) not in numbers:
            return f"the number {number} is in no result"
    for name in _names(text):
        if not known.issuperset(words(name)):
            return f"the name {name} is in no result"
    stems = content_stems(text)
    if len(stems) < MIN_WORDS:
        return "it says too little"
    known_stems = set(content_stems(evidence))
    shared = sum(stem in known_stems for stem in stems) / len(stems)
    return None if shared >= ENOUGH_SHARED else f"only {shared:.0%} of its words are in a result"


def _plain(number: str) -> str:
    return number.replace(",", "").rstrip(".")


def _names(text: str) -> list[str]:
    """Return the capitalised words that do not merely begin a sentence."""
    found = re.finditer(r"(?P<before>^|[.!?:;\"“(]\s*|\n\s*[-*]?\s*)?\b(?P<word>[^\W\d_][\w’'-]*)", text)
    return [
        match["word"]
        for match in found
        if match["before"] is None and match["word"][0].isupper() and len(match["word"]) > 1
    ]
