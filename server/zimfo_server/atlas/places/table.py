"""Records on their way from chunks into columns: each once, without being kept as objects."""

import hashlib
import json
import struct
from array import array
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zimfo_server.atlas.places import records, store
from zimfo_server.atlas.places.chunks import primary_keys
from zimfo_server.atlas.places.store import Scratch
from zimfo_server.errors import MapUnreadableError

MAX_RECORDS = 50_000_000  # the largest maps, continents, have some 40 million
MAX_TEXT_BYTES = 2**32 - 1  # of one column of texts, whose offsets have 32 bits
MAX_SUBTYPES = 2**16 - 1  # real maps have some hundred, with Overture's categories some thousand
BATCH = 50_000  # records kept as objects before they go into columns: some 20 MB

_COLUMNS = {"lat": "f8", "lon": "f8", "type": "u1", "subtype": "u2", "has_wiki": "?", "location": "u4"}
_FIELDS = np.dtype([("id", "u8"), *_COLUMNS.items()])
_POSITION = struct.Struct("<Bdd")


class Texts:
    """Texts in UTF-8 one after another."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._bytes = Scratch(store.folder())
        self._starts = array("I", [0])

    def extend(self, texts: Sequence[bytes]) -> None:
        """Add texts. Raises `MapUnreadableError` when there are too many, `OSError` when the disk is full."""
        data, before = b"".join(texts), self._bytes.size
        if before + len(data) > MAX_TEXT_BYTES:
            raise MapUnreadableError(self._archive, "its places have more than 4 GB of names.")
        self._bytes.append(data)
        self._starts.extend(before + end for end in accumulate(map(len, texts)))

    def starts(self) -> NDArray[np.uint32]:
        """Return the offset of each text and of the end: one more than there are texts."""
        return np.array(self._starts, np.uint32)

    def data(self) -> NDArray[np.uint8]:
        """Return all texts. Nothing is added after that."""
        return self._bytes.values("u1")

    @cached_property
    def _readable(self) -> NDArray[np.uint8]:
        return self.data()

    def text(self, number: int) -> bytes:
        """Return a text. Nothing is added after that."""
        return self._readable[self._starts[number] : self._starts[number + 1]].tobytes()


class Distinct(Texts):
    """Texts that repeat, numbered; number 0 is the empty one."""

    def __init__(self, archive: str, limit: int) -> None:
        super().__init__(archive)
        self._limit = limit
        self._numbers: dict[str, int] = {}
        self.number("")

    def number(self, text: str) -> int:
        """Return the number of a text; past the limit that of the empty one."""
        known = self._numbers.get(text)
        if known is not None:
            return known
        if len(self._numbers) == self._limit:
            return 0
        self.extend([text.encode()])
        return self._numbers.setdefault(text, len(self._numbers))


class Table:
    """The distinct records of a map in the order in which they came."""

    def __init__(self, archive: str) -> None:
        self.seen = 0
        """Records that were taken, repeated and unusable ones included."""
        self.damaged_chunks = 0
        self.names = Texts(archive)
        self.more = Texts(archive)
        """Rare members of records as JSON; empty for most."""
        self.locations = Distinct(archive, MAX_RECORDS)
        self.subtypes = Distinct(archive, MAX_SUBTYPES)
        self._archive = archive
        self._primary: dict[str, frozenset[str]] = {}
        self._batch: list[records.Row] = []
        self._ids = np.zeros(0, np.uint64)
        self._parts: list[NDArray[Any]] = []

    def add(self, rows: list[Any], base: str | None) -> None:
        """Take the records of one piece of a chunk; given the chunk's base key, only those filed there first."""
        for values in rows:
            if not isinstance(values, dict):
                continue
            if base is not None:
                start = records.name_of(values)[:2]
                keys = self._primary.get(start)
                if keys is None:
                    keys = self._primary[start] = primary_keys(start)
                if base not in keys:
                    continue
            self.seen += 1
            row = records.parse(values)
            if row is not None:
                self._batch.append(row)
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Move the records taken so far into columns. Raises `MapUnreadableError` when there are too many."""
        if not self._batch:
            return
        ids = np.array([_identity(row) for row in self._batch], np.uint64)
        ids, first = np.unique(ids, return_index=True)
        places = np.searchsorted(self._ids, ids)
        known = np.zeros(len(ids), np.bool_)
        inside = places < len(self._ids)
        known[inside] = self._ids[places[inside]] == ids[inside]
        self._ids = np.insert(self._ids, places[~known], ids[~known])
        if len(self._ids) > MAX_RECORDS:
            raise MapUnreadableError(self._archive, f"it has more than {MAX_RECORDS:,} places.")
        rows = [self._batch[position] for position in first[~known].tolist()]
        values = [
            (row.lat, row.lon, row.type_id, self.subtypes.number(row.subtype), row.has_wiki,
             self.locations.number(row.location))
            for row in rows
        ]  # fmt: skip
        part = np.zeros(len(rows), _FIELDS)
        part["id"] = ids[~known]
        for name, column in zip(_COLUMNS, zip(*values, strict=True), strict=True) if rows else ():
            part[name] = column
        self._parts.append(part)
        self.names.extend([row.name.encode() for row in rows])
        self.more.extend([json.dumps(row.more, ensure_ascii=False).encode() if row.more else b"" for row in rows])
        self._batch = []

    def columns(self) -> NDArray[Any]:
        """Return the records as a structured array: id, lat, lon (degrees), type, subtype, has_wiki, location.

        `id` depends on name, type and position only.
        """
        return np.concatenate([np.zeros(0, _FIELDS), *self._parts])


def _identity(row: records.Row) -> int:
    position = _POSITION.pack(row.type_id, row.lat, row.lon)
    return int.from_bytes(hashlib.blake2b(position + row.name.encode(), digest_size=8).digest(), "little")
