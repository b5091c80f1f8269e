"""Search data and category index: the files a record stands in (streetzim-format.md §3.2, §3.3 generation G3, §3.6)."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from zimfo_archives.map.records import Record

_WORD = re.compile(r"[^\W_]+")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_MIN_WORD = 2  # shorter words are not indexed


def fold(text: str) -> str:
    """Return the text without accents, in lower case."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def chunk_key(text: str) -> str:
    """Return the key of the file for names or words that begin like the text."""
    folded = fold(text).replace(" ", "_")
    if not folded:
        return "__"
    if not folded[0].isascii():
        return f"u{ord(folded[0]):x}"
    return "".join(c if c in _PLAIN else "_" for c in folded[:2]).ljust(2, "_")


def chunk_keys(name: str) -> set[str]:
    """Return the keys of all files in which a record of this name stands: of its beginning and of each word."""
    words = (word for word in _WORD.findall(name) if len(word) >= _MIN_WORD)
    return {chunk_key(name[:2]), *map(chunk_key, words)}


def chunks(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records of each search file, by its key, in the order given."""
    files: dict[str, list[Record]] = {}
    for record in records:
        for key in chunk_keys(record.name):
            files.setdefault(key, []).append(record)
    return dict(sorted(files.items()))


def categories(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records of each type, in the order given."""
    files: dict[str, list[Record]] = {}
    for record in records:
        files.setdefault(record.type, []).append(record)
    return dict(sorted(files.items()))


def search_manifest(total: int, files: dict[str, list[Record]]) -> dict[str, object]:
    """Return `search-data/manifest.json`: the number of distinct records, and of rows in each file."""
    return {"total": total, "chunks": _counts(files)}


def category_manifest(total: int, files: dict[str, list[Record]]) -> dict[str, object]:
    """Return `category-index/manifest.json`; the browsing categories ("chips") of the original are not made."""
    return {"total": total, "categories": _counts(files), "chips": {}}


def _counts(files: dict[str, list[Record]]) -> dict[str, int]:
    return {name: len(rows) for name, rows in files.items()}


def rows(records: Sequence[Record]) -> list[dict[str, str | float]]:
    """Return the content of a file."""
    return [record.row() for record in records]
