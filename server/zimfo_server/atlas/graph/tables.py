"""Tables of road names and edge geometries: views of the archive's bytes, decoded one by one when a route is drawn."""

import struct
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.checks import MAX_LAT, MAX_LON, damaged
from zimfo_server.atlas.graph.model import DEGREES, Shapes

MAX_NAME_BYTES = 4096  # name and ref of 255 characters each need 2 KiB at most
MAX_SHAPE_BYTES = 2**18  # a way has at most 2,000 points, of at most 10 bytes each
_MAX_SHIFT = 28  # a varint of 32 bits ends with its fifth byte

_NO_POINTS = np.empty((0, 2))


class NameTable:
    """Names as consecutive UTF-8 texts; `offsets` (M + 1) were checked against the blob."""

    def __init__(self, offsets: npt.NDArray[np.uint32], blob: memoryview) -> None:
        self._offsets = offsets
        self._blob = blob

    def text(self, index: int) -> str:
        """Return name `index`; empty for unnamed roads and for an index outside the table."""
        if not 0 <= index < len(self._offsets) - 1:
            return ""
        start, end = int(self._offsets[index]), int(self._offsets[index + 1])
        return bytes(self._blob[start : min(end, start + MAX_NAME_BYTES)]).decode("utf-8", "replace")


class NoNames:
    """The table of a layout without names."""

    def text(self, index: int) -> str:
        """Return the empty text."""
        return ""


class ShapeTable:
    """Geometries encoded as in streetzim-format.md 2.4; `offsets` (G + 1) were checked against the blob."""

    def __init__(self, offsets: npt.NDArray[np.uint32], blob: memoryview, archive: str) -> None:
        self._offsets = offsets
        self._blob = blob
        self._archive = archive

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def points(self, index: int) -> npt.NDArray[np.float64]:
        """Return geometry `index` as (n, 2) degrees, [lat, lon]; raise `MapUnreadableError` when it is damaged."""
        start, end = int(self._offsets[index]), int(self._offsets[index + 1])
        if end == start:
            return _NO_POINTS
        points = _decode(self._blob[start:end])
        if points is None:
            raise damaged(self._archive, "the geometry of an edge")
        return np.array(points, np.float64).T * DEGREES


class NoShapes:
    """The table of a graph whose geometries are missing: every edge is a straight line."""

    def points(self, index: int) -> npt.NDArray[np.float64]:
        """Return no points."""
        return _NO_POINTS


class PointLists:
    """Geometries that are stored as plain positions: `points` (P, 2) degrees, [lat, lon], cut at `offsets` (G + 1)."""

    def __init__(self, offsets: npt.NDArray[np.int64], points: npt.NDArray[np.float64]) -> None:
        self._offsets = offsets
        self._points = points

    def points(self, index: int) -> npt.NDArray[np.float64]:
        """Return geometry `index` as (n, 2) degrees, [lat, lon]."""
        return self._points[self._offsets[index] : self._offsets[index + 1]]


class JoinedShapes:
    """Several tables as one: table i holds the indices from `bases[i]` up to the next base."""

    def __init__(self, bases: Sequence[int], tables: Sequence[Shapes]) -> None:
        self._bases = bases
        self._tables = tables

    def points(self, index: int) -> npt.NDArray[np.float64]:
        """Return geometry `index` as (n, 2) degrees, [lat, lon]."""
        # Empty tables share their base with the next one, and `bisect_right` passes them over.
        table = bisect_right(self._bases, index) - 1
        return self._tables[table].points(index - self._bases[table])


def _decode(data: memoryview) -> tuple[list[int], list[int]] | None:
    """Return latitudes and longitudes of one encoding, in degrees times 10^7; None when it is malformed.

    Format: the first point as two i32, then zigzag varints of the differences; longitude comes first throughout.
    Most geometries have a handful of points, for which NumPy would take longer than these loops.
    """
    if not 8 <= len(data) <= MAX_SHAPE_BYTES:
        return None
    numbers = list(struct.unpack_from("<ii", data))
    value = shift = 0
    for byte in data[8:].tolist():
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
        elif shift == _MAX_SHIFT:
            return None
        else:
            shift += 7
    if shift or len(numbers) % 2:
        return None
    lats, lons = list(accumulate(numbers[1::2])), list(accumulate(numbers[::2]))
    if min(lats) < -MAX_LAT or max(lats) > MAX_LAT or min(lons) < -MAX_LON or max(lons) > MAX_LON:
        return None
    return lats, lons
