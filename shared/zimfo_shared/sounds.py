"""Beginnings of words that sound alike and are spelled differently: "fotosynthesis", "neumonia", "kamomile"."""

from typing import Final

# As spelled by ear, and as dictionaries may spell it.
_SPELLINGS: Final = {
    "f": ("ph",),
    "n": ("pn", "kn", "gn", "mn"),
    "s": ("ps", "sc", "c"),
    "r": ("rh", "wr"),
    "k": ("c", "ch", "q"),
    "c": ("k", "s"),
    "z": ("x", "s"),
    "t": ("pt", "th"),
    "j": ("g",),
    "g": ("j",),
    "i": ("y",),
    "o": ("ho",),
}


def spelled_otherwise(word: str) -> list[str]:
    """Return a word (in lower case) with its first sound spelled in other ways."""
    return [beginning + word[1:] for beginning in _SPELLINGS.get(word[:1], ())]
