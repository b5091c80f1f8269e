"""Makes the place index of a map in small steps, so that a call can stop after some and the next one goes on.

First the chunks are read. A record stands in a chunk for each word of its name; only the copy in the chunk of its
first word is taken, which keeps memory small: some 60 bytes for each record. Then the records are sorted and their
names folded.
"""

import json
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zimfo_server.atlas.entries import Entries
from zimfo_server.atlas.places import store
from zimfo_server.atlas.places.chunks import DamagedChunkError, Manifest, base_key, read_chunk, read_manifest
from zimfo_server.atlas.places.groups import GROUPS, group_of
from zimfo_server.atlas.places.index import DTYPES, PlaceIndex, cells_of, on_sphere
from zimfo_server.atlas.places.names import folded_names
from zimfo_server.atlas.places.table import Table, Texts
from zimfo_server.errors import MapUnreadableError

BLOCK = 10_000  # records whose names are folded in one step: some 50 ms

_READING_SHARE = 0.7  # of the whole time that goes into reading chunks


class IndexBuilder:
    """Builds one index: call `step` until `index` is there.

    `key` names the archive in the cache; with an empty one nothing is kept there.
    """

    def __init__(self, entries: Entries, key: str) -> None:
        self._entries = entries
        self._key = key
        self._work = self._run()
        self.index: PlaceIndex | None = None
        self.done = 0.0
        """Share of the work that is done, 0 to 1."""

    def step(self) -> None:
        """Do some 50 ms of work. Raises `MapUnreadableError` when the search data cannot be read."""
        try:
            next(self._work, None)
        except OSError:
            reason = "there is no room on the disk to prepare it for searching. Tell the person so."
            raise MapUnreadableError(self._entries.name, reason) from None

    def _run(self) -> Iterator[None]:
        if stored := store.load(self._key, DTYPES):
            self.index = PlaceIndex(stored)
            return
        manifest = read_manifest(self._entries) or Manifest((), 0)
        table = Table(self._entries.name)
        yield from self._read(manifest, table, primary_only=True)
        if table.seen < manifest.total:
            # Keys of an unknown generation, or a damaged chunk whose records have copies elsewhere.
            table = Table(self._entries.name)
            yield from self._read(manifest, table, primary_only=False)
        yield from self._finish(table)

    def _read(self, manifest: Manifest, table: Table, *, primary_only: bool) -> Iterator[None]:
        for number, key in enumerate(manifest.chunks):
            try:
                for rows in read_chunk(self._entries, key):
                    table.add(rows, base_key(key) if primary_only else None)
                    yield
            except DamagedChunkError:
                table.damaged_chunks += 1
            self.done = _READING_SHARE * (number + 1) / len(manifest.chunks)
        table.flush()

    def _finish(self, table: Table) -> Iterator[None]:
        rows = table.columns()
        cells = cells_of(rows["lat"], rows["lon"])
        # The identity last: so the order of records is the same in every layout of a region.
        order = np.lexsort((rows["id"], rows["type"], cells))
        rows, cells = rows[order], cells[order]
        yield
        texts = _SortedTexts(self._entries.name)
        for start in range(0, len(order), BLOCK):
            block = slice(start, start + BLOCK)
            texts.add(table, order[block].tolist(), rows["type"][block].tolist())
            self.done = _READING_SHARE + (1 - _READING_SHARE) * start / len(order)
            yield
        columns: dict[str, NDArray[np.generic]] = {
            **{name: rows[name] for name in ("lat", "lon", "type", "subtype", "has_wiki", "location")},
            **on_sphere(rows["lat"], rows["lon"]),
            "cell": cells,
            **texts.columns(table),
        }
        typed = {name: np.ascontiguousarray(columns[name], dtype) for name, dtype in DTYPES.items()}
        facts = {"damaged_chunks": table.damaged_chunks}
        self.index = PlaceIndex(store.save(self._key, typed, facts))
        self.done = 1.0


class _SortedTexts:
    """The texts of records in the order of the index, and their folded names."""

    def __init__(self, archive: str) -> None:
        self._names, self._more = Texts(archive), Texts(archive)
        self._more_rows = array("I")
        self._lines = [_Lines(archive) for _ in GROUPS]
        self._count = 0

    def add(self, table: Table, sources: list[int], types: list[int]) -> None:
        """Add the records `sources` of the table. Raises as `Texts.extend` does."""
        names = [table.names.text(source) for source in sources]
        details = [table.more.text(source) for source in sources]
        for row, (name, text, type_id) in enumerate(zip(names, details, types, strict=True), self._count):
            others = json.loads(text).get("alternative_names", ()) if text else ()
            group = group_of(type_id)
            self._lines[group].extend(folded_names(name.decode(), group, others), row)
            if text:
                self._more_rows.append(row)
        self._names.extend(names)
        self._more.extend([text for text in details if text])
        for lines in self._lines:
            lines.flush()
        self._count += len(sources)

    def columns(self, table: Table) -> dict[str, NDArray[np.generic]]:
        """Return the columns of the index that hold texts. Nothing is added after that."""
        found: dict[str, NDArray[np.generic]] = {"more_rows": np.array(self._more_rows, np.uint32)}
        texts = {"name": self._names, "more": self._more, "location": table.locations, "subtype": table.subtypes}
        for name, column in texts.items():
            found |= {f"{name}_starts": column.starts(), f"{name}_texts": column.data()}
        for group, lines in zip(GROUPS, self._lines, strict=True):
            found |= {f"lines_{group}_{name}": values for name, values in lines.columns().items()}
        return found


class _Lines:
    """The folded names of one group on their way into `Lines`."""

    def __init__(self, archive: str) -> None:
        self._texts = Texts(archive)
        self._texts.extend([b"\n"])
        self._rows = array("I")
        self._block: list[bytes] = []

    def extend(self, folded: list[str], row: int) -> None:
        """Add the names of a record."""
        self._block += [f"{name}\n".encode() for name in folded]
        self._rows.extend([row] * len(folded))

    def flush(self) -> None:
        """Move what was added out of memory. Raises as `Texts.extend` does."""
        self._texts.extend(self._block)
        self._block = []

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return the parts of `Lines` by name."""
        starts = self._texts.starts()[1:-1]
        return {"texts": self._texts.data(), "starts": starts, "rows": np.array(self._rows, np.uint32)}
