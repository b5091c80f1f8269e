"""Checks that all layouts share: nothing of an archive is used before its sizes and indices are known to fit.

Every check raises `MapUnreadableError`, which names the part that is wrong. Layouts: streetzim-format.md section 2.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic_core import from_json

from zimfo_server.atlas.entries import Entries
from zimfo_server.atlas.graph.model import NO_SHAPE
from zimfo_server.errors import MapUnreadableError

E7 = 10**7  # stored coordinates per degree
MAX_LAT = 90 * E7
MAX_LON = 180 * E7

_ADVICE = "the place tools of this map keep working"


def damaged(archive: str, part: str) -> MapUnreadableError:
    """Return the error for a graph that contradicts its own format; `part` says where."""
    return MapUnreadableError(archive, f"its road graph is damaged ({part}); {_ADVICE}")


def unknown_version(archive: str, version: int, what: str = "its road graph") -> MapUnreadableError:
    """Return the error for a layout that is newer than this reader."""
    return MapUnreadableError(
        archive, f"{what} has version {version}, which this version of zimfo cannot read; {_ADVICE}"
    )


def read_entry(entries: Entries, path: str) -> memoryview | None:
    """Return an entry's bytes as unsigned numbers (libzim gives them as characters), None when there is none."""
    data = entries.data(path)
    return None if data is None else data.cast("B")


class Sections:
    """The sections of a binary entry, taken one after the other once its total size was checked."""

    def __init__(self, data: memoryview, start: int) -> None:
        self._data = data
        self._at = start

    def words(self, count: int) -> npt.NDArray[np.uint32]:
        """Return the next `count` u32 as a view."""
        return np.frombuffer(self.blob(4 * count), "<u4")

    def pairs(self, count: int) -> npt.NDArray[np.int32]:
        """Return the next `count` pairs of i32 as a view of shape (count, 2)."""
        return np.frombuffer(self.blob(8 * count), "<i4").reshape(count, 2)

    def blob(self, size: int) -> memoryview:
        """Return the next `size` bytes as a view."""
        self._at += size
        return self._data[self._at - size : self._at]


def header(data: memoryview, magic: bytes, words: int, archive: str, part: str) -> list[int]:
    """Return the `words` u32 that follow the four bytes `magic`; raise when there are fewer."""
    if len(data) < 4 + 4 * words or data[:4] != magic:
        raise damaged(archive, part)
    return [int(word) for word in np.frombuffer(data, "<u4", words, 4)]


def check_rows(first: npt.NDArray[np.uint32], edges: int, archive: str, part: str) -> None:
    """Raise unless `first` starts at 0, ends at `edges` and never falls, as the offsets of nodes into edges do."""
    if first[0] != 0 or first[-1] != edges or (first[1:] < first[:-1]).any():
        raise damaged(archive, part)


def check_offsets(offsets: npt.NDArray[np.uint32], size: int, archive: str, part: str) -> None:
    """Raise unless byte `offsets` start at 0, never fall and stay within a blob of `size` bytes; it may be padded."""
    if offsets[0] != 0 or offsets[-1] > size or (offsets[1:] < offsets[:-1]).any():
        raise damaged(archive, part)


def check_positions(lat: npt.NDArray[Any], lon: npt.NDArray[Any], archive: str, part: str) -> None:
    """Raise when a position, in degrees times 10^7, is not on earth."""
    if len(lat) and (lat.min() < -MAX_LAT or lat.max() > MAX_LAT or lon.min() < -MAX_LON or lon.max() > MAX_LON):
        raise damaged(archive, part)


def check_links(target: npt.NDArray[np.uint32], nodes: int, archive: str) -> None:
    """Raise when an edge leads to a node outside the graph."""
    if len(target) and target.max() >= nodes:
        raise damaged(archive, "an edge leads to a node that does not exist")


def check_shapes(shape: npt.NDArray[np.uint32], count: int, archive: str) -> None:
    """Raise when an edge has a geometry index that is neither `NO_SHAPE` nor below `count`."""
    if ((shape >= count) & (shape != NO_SHAPE)).any():
        raise damaged(archive, "an edge has a geometry that does not exist")


def parse_json(data: memoryview, limit: int, archive: str, part: str) -> Any:
    """Return the JSON value of an entry; raise when it is larger than `limit` bytes or no JSON (which NaN is not)."""
    if len(data) > limit:
        raise MapUnreadableError(archive, f"its road graph is too large ({part}); {_ADVICE}")
    try:
        return from_json(bytes(data), allow_inf_nan=False)
    except ValueError as error:
        raise damaged(archive, part) from error
