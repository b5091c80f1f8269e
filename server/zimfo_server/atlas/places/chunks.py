"""The search data of a map as stored: the chunks of every generation, read piece by piece (streetzim-format.md §3)."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zimfo_server.atlas.entries import Entries
from zimfo_server.errors import MapUnreadableError

MANIFEST = "search-data/manifest.json"
MAX_MANIFEST_BYTES = 64 * 2**20  # the largest known maps have some 50,000 chunks of 20 bytes each
MAX_CHUNKS = 2_000_000  # a map of the whole world stays below: 10,000 keys with at most 16 parts
MAX_KEY = 64  # characters of a chunk's name; real ones stay under 20
MAX_CHUNK_BYTES = 2**30  # the largest known has 514 MB (§5.3)
PIECE_BYTES = 2 * 2**20  # parsed at a time: some 20,000 records, 50 ms and 20 MB of objects
MAX_CUTS = 64  # closing braces tried as the end of a record; only those inside of texts are none


@dataclass(frozen=True)
class Manifest:
    """Names of the chunks to read, sorted, and how many records they hold together (0: not said)."""

    chunks: tuple[str, ...]
    total: int


class DamagedChunkError(Exception):
    """A chunk that is absent, too large, or no list of records from some place on."""


def read_manifest(entries: Entries) -> Manifest | None:
    """Return the list of chunks, None when the map has no search data.

    Children of split chunks count whether or not their parents' lists name them (§3.4): all of them stand in `chunks`,
    and those only named in a list are taken if there is such an entry. Raises `MapUnreadableError` for another shape.
    """
    data = entries.data(MANIFEST)
    if data is None:
        return None
    if len(data) > MAX_MANIFEST_BYTES:
        raise MapUnreadableError(entries.name, f"the list of its search data is too large ({len(data)} bytes).")
    try:
        values = json.loads(bytes(data))
    except (ValueError, RecursionError):
        raise MapUnreadableError(entries.name, "the list of its search data is damaged.") from None
    chunks = values.get("chunks") if isinstance(values, dict) else None
    if not isinstance(chunks, dict) or len(chunks) > MAX_CHUNKS:
        raise MapUnreadableError(entries.name, "the list of its search data has an unknown shape.")
    names = {key for key in chunks if len(key) <= MAX_KEY}
    parts = values.get("sub_chunks")
    for children in parts.values() if isinstance(parts, dict) else ():
        for child in children if isinstance(children, list) else ():
            known = not isinstance(child, str) or child in names or len(child) > MAX_KEY
            if not known and entries.has(_path(child)):
                names.add(child)
    total = values.get("total")
    is_count = isinstance(total, int) and not isinstance(total, bool) and total > 0
    return Manifest(tuple(sorted(names)), total if is_count else 0)


def read_chunk(entries: Entries, key: str) -> Iterator[list[Any]]:
    """Yield a chunk's records in pieces. Raises `DamagedChunkError`, after the pieces before the damage."""
    data = entries.data(_path(key))
    if data is None or len(data) > MAX_CHUNK_BYTES:
        raise DamagedChunkError
    if len(data) <= PIECE_BYTES:
        yield _array(bytes(data))
        return
    start = _skip(data, 0, b"[")
    while bytes(data[start : start + 1]) != b"]":
        piece, rows = _piece(bytes(data[start : start + PIECE_BYTES]))
        yield rows
        start = _skip(data, start + piece, b",")


def primary_keys(start: str) -> frozenset[str]:
    """Return the chunks that records whose names begin with these two characters are filed under first.

    One for each generation of keys (§3.3); a record has copies in other chunks, under its other words.
    """
    lower, folded = start.lower(), _fold(start)
    return frozenset(
        (
            _padded("_" if letter == " " else letter if letter.isalnum() else "_" for letter in lower),
            _padded(letter if _is_plain(letter) else "_" for letter in lower),
            _padded(letter if _is_plain(letter) else "_" for letter in folded),
            _newest_key(folded),
        )
    )


def base_key(key: str) -> str:
    """Return the key that a part of a split chunk belongs to ("he-7-7" → "he")."""
    return key.partition("-")[0]


def _path(key: str) -> str:
    return f"search-data/{key}.json"


def _array(data: bytes) -> list[Any]:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        raise DamagedChunkError from None
    if not isinstance(rows, list):
        raise DamagedChunkError
    return rows


def _piece(data: bytes) -> tuple[int, list[Any]]:
    """Return the records that are whole in the beginning of `data`, and how many bytes they take."""
    end = len(data)
    for _ in range(MAX_CUTS):
        end = data.rfind(b"}", 0, end)
        if end < 0:
            break
        try:
            return end + 1, _array(b"[" + data[: end + 1] + b"]")
        except DamagedChunkError:
            continue
    raise DamagedChunkError


def _skip(data: memoryview, start: int, mark: bytes) -> int:
    """Return where the next record, or the end of the list, begins after white space and an optional `mark`."""
    around = bytes(data[start : start + 64])  # generators write at most an indented line between two records
    rest = around.lstrip()
    if rest.startswith(mark):
        rest = rest[1:].lstrip()
    elif not rest.startswith(b"]"):
        raise DamagedChunkError
    return start + len(around) - len(rest)


def _fold(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def _is_plain(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _padded(letters: Iterator[str]) -> str:
    return "".join(letters)[:2].ljust(2, "_")


def _newest_key(folded: str) -> str:
    text = folded.replace(" ", "_")
    if text and not text[0].isascii():
        return f"u{ord(text[0]):x}"
    return _padded(letter if _is_plain(letter) else "_" for letter in text[:2])
