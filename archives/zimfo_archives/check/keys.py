"""Keys of search files in all generations that are in circulation (streetzim-format.md §3.3)."""

import re
from collections.abc import Callable
from functools import lru_cache

from zimfo_archives.map.search import chunk_key, fold

# Words are those of the name as it is written; shorter ones are not indexed.
_WORD = re.compile(r"[^\W_]{2,}")
_ASCII = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")

# Names share most of their words; of all words of a country, the usual ones are kept.
_CACHED_WORDS = 1 << 16

Keys = Callable[[str], frozenset[str]]


def _g0(name: str) -> frozenset[str]:
    text = name.lower()[:2].replace(" ", "_")
    return frozenset({"".join(c if c.isalnum() or c == "_" else "_" for c in text).ljust(2, "_")})


def _g1(name: str) -> frozenset[str]:
    return frozenset({_ascii(name.lower()[:2].replace(" ", "_"))})


def _g2(name: str) -> frozenset[str]:
    return frozenset({_key_of_2(name[:2]), *map(_key_of_2, _WORD.findall(name))})


def _g3(name: str) -> frozenset[str]:
    return frozenset({_key_of_3(name[:2]), *map(_key_of_3, _WORD.findall(name))})


@lru_cache(_CACHED_WORDS)
def _key_of_2(text: str) -> str:
    return _ascii(fold(text).replace(" ", "_"))


_key_of_3 = lru_cache(_CACHED_WORDS)(chunk_key)


def _ascii(text: str) -> str:
    return "".join(c if c in _ASCII or c == "_" else "_" for c in text[:2]).ljust(2, "_")


# The newest first: where names do not tell generations apart, that is what the archive has.
GENERATIONS: dict[str, Keys] = {"G3": _g3, "G2": _g2, "G1": _g1, "G0": _g0}
