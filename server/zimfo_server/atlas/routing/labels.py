"""Road names of archives as people read them. Plain Python: the server's parent process uses it too.

A stored label is "Name", "ref" or "Name (ref)"; names and refs may be lists ("A1;E35"), streetzim-format §2.2.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

MAX_NAME = 120  # characters; the longest real names stay under 100, and archive text is not to flood an answer
MAX_KEPT = 20_000  # labels, a few megabytes: the roads of a city are asked for again and again

_SEPARATORS = re.compile(r";| / ")  # as stored, and as shown
_FORM = re.compile(r"(?P<name>.*\S) \((?P<refs>[^()]*)\)")


def clean(text: str) -> str:
    """Return text of an archive as one line of printable characters, cut after 120."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 1].rstrip() + "…"


@dataclass(frozen=True)
class Label:
    """What a road is called: the text to show, and its names and numbers in capitals and without accents."""

    text: str
    names: frozenset[str]
    refs: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def spoken(self) -> str:
        """The text in a sentence: a bare number needs a noun ("road 134")."""
        return f"road {self.text}" if self.text.isdigit() else self.text

    def same(self, other: "Label") -> bool:
        """Return whether both label the same road; unnamed roads are never the same.

        "Via Emilia (SS9)" goes on as "SS9" but not as "Via Roma (SS9)": there the name on the signs changes.
        """
        if self.refs and other.refs:
            return bool(self.names & other.names)
        return bool((self.names | self.refs) & (other.names | other.refs))


@lru_cache(MAX_KEPT)
def label(stored: str) -> Label:
    """Return the label of a stored road name; lists are shown as "A1 / E35"."""
    text = clean(stored)
    match = _FORM.fullmatch(text)
    names = _listed(match["name"] if match else text)
    refs = [ref for ref in _listed(match["refs"]) if ref not in names] if match else []
    shown = " / ".join(names) + (f" ({' / '.join(refs)})" if refs else "")
    return Label(shown, frozenset(map(_folded, names)), frozenset(map(_folded, refs)))


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in map(str.strip, _SEPARATORS.split(text)) if part))


def _folded(name: str) -> str:
    """Return a name in capitals and without accents: neighbouring pieces of a road are often spelt differently."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)).upper()


UNNAMED = label("")
