"""How alike two titles are: the check that keeps a look-up from drifting to another subject."""

import re
from enum import IntEnum

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from zimfo_server.articles.clean import plain

PREFIX_SHARE = 0.75  # "Modern Sounds in Country and Western" may stand for "… Music"; "Ray Charles" for nothing longer
TYPO_SIMILARITY = 0.9  # of the normalised titles
MAX_TYPOS = 2  # edits in the whole title, one a word: "hyper…" and "hypo…" are two edits in one word
MIN_TYPO_WORD = 4  # letters; in shorter words every edit makes another word
SHARED_STEM = 4  # letters that make two words the same when one continues the other
LONG_STEM = 6  # leading letters that make two words the same whatever follows

_SUFFIX = re.compile(r"\s*\([^()]*\)\s*$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}:(?=\S)")
_EXTENSION = re.compile(r"\.html?$", re.IGNORECASE)
_LITTLE = frozenset("a an the of in on at to and or for by from with de la le les der die das".split())
_ROMAN = re.compile(r"(?:[ivxlcdm]+|[b-z])$")


class Likeness(IntEnum):
    """How well a title fits a request, best first."""

    SAME = 0
    """Equal but for case, accents and punctuation."""
    SAME_BASE = 1
    """Equal without a parenthesis at the end: "Mercury" and "Mercury (planet)"."""
    CLOSE = 2
    """The same words in another form: an article, a plural, a missing end, a typo."""
    OTHER = 3
    """Another subject."""


def likeness(wanted: str, title: str) -> Likeness:
    """Return how well `title` fits the request `wanted`."""
    one, other = plain(wanted), plain(title)
    if one == other:
        return Likeness.SAME
    bare, other_bare = plain(base_title(wanted)), plain(base_title(title))
    if one == other_bare or (bare == other and bare != one):
        return Likeness.SAME_BASE
    if _has_suffix(wanted) and _has_suffix(title) and bare == other_bare:
        return Likeness.OTHER  # the parentheses were written to tell these apart
    return Likeness.CLOSE if _is_close(one, other) or _is_close(one, other_bare) else Likeness.OTHER


def base_title(title: str) -> str:
    """Return `title` without a parenthesis at its end."""
    return _SUFFIX.sub("", title) or title


def without_language(title: str) -> str:
    """Return `title` without a prefix such as `en:`."""
    return _LANGUAGE.sub("", title)


def readable(path: str) -> str:
    """Return an entry's path as a title would be written."""
    name = _EXTENSION.sub("", path.removeprefix("A/")).replace("_", " ").strip()
    return name.rsplit("/", 1)[-1] if name.endswith("/") else name


def words(text: str) -> list[str]:
    """Return the normalised words of `text` that carry meaning; all of them when none does."""
    every = plain(text).split()
    return [word for word in every if word not in _LITTLE] or every


def same_stem(one: str, other: str) -> bool:
    """Return whether two normalised words are forms of one (zimfo-behaviour §1.5)."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= SHARED_STEM and long.startswith(short):
        return True
    return len(short) >= LONG_STEM and short[:LONG_STEM] == long[:LONG_STEM]


def shares_a_word(wanted: str, title: str) -> bool:
    """Return whether any meaningful word of the request is in the title, or the whole request (for scripts without
    spaces).
    """
    if plain(wanted).replace(" ", "") in plain(title).replace(" ", ""):
        return True
    theirs = words(title)
    return any(same_stem(word, other) for word in words(wanted) for other in theirs)


def similarity(wanted: str, title: str) -> float:
    """Return 0 to 1: how alike the normalised titles are."""
    return ratio(plain(wanted), plain(title)) / 100


def _has_suffix(title: str) -> bool:
    return bool(_SUFFIX.search(title))


def _is_close(one: str, other: str) -> bool:
    mine, theirs = one.split(), other.split()
    if _numbers(mine) != _numbers(theirs):
        return False  # Apollo 11 is not Apollo 12, Charles I not Charles II
    if other.startswith(f"{one} ") and len(mine) > 1 and len(one) >= PREFIX_SHARE * len(other):
        return True
    core, other_core = words(one), words(other)
    if core == other_core:
        return True
    if len(core) != len(other_core):
        return False
    return all(map(_one_word, core, other_core)) and (
        OSA.distance(one, other) <= MAX_TYPOS and ratio(one, other) >= TYPO_SIMILARITY * 100
    )


def _one_word(word: str, other: str) -> bool:
    if word == other:
        return True
    return len(word) >= MIN_TYPO_WORD and word[0] == other[0] and OSA.distance(word, other) <= 1


def _numbers(tokens: list[str]) -> list[str]:
    """Return the words that count or letter things, in which no letter may differ."""
    return sorted(word for word in tokens if _ROMAN.match(word) or any(char.isdigit() for char in word))
