"""Pieces of road between two crossings, and the lines that are drawn along them."""

from array import array
from dataclasses import dataclass, fields

import numpy as np

from zimfo_archives.map.extract import Lines
from zimfo_archives.map.shapes import E7
from zimfo_archives.synth.chance import Floats, Ints
from zimfo_archives.synth.region import degrees

# Of streets without a name, each piece is a line of its own.
NO_STREET = -1


@dataclass(slots=True)
class Pieces:
    """E pieces of road; those that follow each other on one street are one line, as far as they are alike."""

    tail: Ints  # (E,) crossings
    head: Ints
    level: Ints  # places in HIGHWAYS
    street: Ints  # numbers of streets; below NO_STREET, those of roundabouts
    one_way: Ints  # 1: from tail to head only
    bend: Floats  # how far a piece goes aside to the left, as a share of its length
    inner: Ints  # points between the crossings

    def __len__(self) -> int:
        return len(self.tail)

    def some(self, which: Ints) -> "Pieces":
        """Return these pieces in this order."""
        return Pieces(*(getattr(self, field.name)[which] for field in fields(self)))

    def turned(self, which: Ints) -> None:
        """Turn the direction of these pieces."""
        self.tail[which], self.head[which] = self.head[which], self.tail[which]
        self.bend[which] *= -1

    def line_starts(self) -> Ints:
        """Return the first piece of each line."""
        starts = np.ones(len(self), dtype=bool)
        starts[1:] = (self.street[1:] == NO_STREET) | (self.tail[1:] != self.head[:-1])
        for kind in (self.street, self.level, self.one_way):
            starts[1:] |= kind[1:] != kind[:-1]
        return np.flatnonzero(starts)

    def junctions(self, crossings: int) -> Ints:
        """Return how many lines pass each crossing, where one that ends there counts twice.

        With 2 at least, it is a node of the road graph: with 1, the one line goes on as if there was nothing.
        """
        starts = self.line_starts()
        ends = np.append(starts[1:], len(self)) - 1
        passed = np.ones(len(self), dtype=bool)
        passed[ends] = False
        count = np.bincount(self.head[passed], minlength=crossings)
        for at in (self.tail[starts], self.head[ends]):
            count += 2 * np.bincount(at, minlength=crossings)
        return count.astype(np.int64)


def joined(*parts: Pieces) -> Pieces:
    """Return all pieces of the parts, one part after the other."""
    return Pieces(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Pieces)))


def draw(pieces: Pieces, x: Floats, y: Floats) -> Lines:
    """Return the lines, whose crossings are at x and y; no two points have one position."""
    starts = pieces.line_starts()
    first = np.zeros(len(pieces), dtype=np.int64)
    first[starts] = 1
    # A line begins with the first crossing; each piece adds its inner points and the crossing at its head.
    counts = first + pieces.inner + 1
    ends = np.cumsum(counts)
    node = np.empty(ends[-1] if len(ends) else 0, dtype=np.int64)
    node[(ends - counts)[starts]] = pieces.tail[starts]
    node[ends - 1] = pieces.head
    of = np.repeat(np.arange(len(pieces)), pieces.inner)
    step = np.arange(len(of)) - np.repeat(np.cumsum(pieces.inner) - pieces.inner, pieces.inner)
    node[(ends - 1 - pieces.inner)[of] + step] = len(x) + np.arange(len(of))
    inner_x, inner_y = _inner(pieces, x, y, of, step)
    lat, lon = degrees(np.concatenate([x, inner_x]), np.concatenate([y, inner_y]))
    rows, columns = np.rint(lat * E7).astype(np.int64), np.rint(lon * E7).astype(np.int64)
    _part(rows, columns)
    lines = Lines()
    lines.nodes = _array("q", node + 1)  # numbers of OpenStreetMap begin with 1
    lines.lat = _array("i", rows[node].astype(np.int32))
    lines.lon = _array("i", columns[node].astype(np.int32))
    lines.starts = _array("q", np.append((ends - counts)[starts], len(node)))
    return lines


def _inner(pieces: Pieces, x: Floats, y: Floats, of: Ints, step: Ints) -> tuple[Floats, Floats]:
    tail, head = pieces.tail[of], pieces.head[of]
    t = (step + 1) / (pieces.inner[of] + 1)
    dx, dy = x[head] - x[tail], y[head] - y[tail]
    aside = pieces.bend[of] * np.sin(np.pi * t)
    return x[tail] + t * dx - aside * dy, y[tail] + t * dy + aside * dx


def _part(rows: Ints, columns: Ints) -> None:
    """Move points that have the position of another, each by a centimetre until it has its own."""
    while True:
        keys = rows << 32 | columns & 0xFFFFFFFF
        order = np.argsort(keys, kind="stable")
        again = order[1:][keys[order][1:] == keys[order][:-1]]
        if not len(again):
            return
        rows[again] += 1
        columns[again] += again % 3 - 1


def _array(code: str, values: Ints) -> "array[int]":
    found = array(code)
    found.frombytes(np.ascontiguousarray(values).tobytes())
    return found
