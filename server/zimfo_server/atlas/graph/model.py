"""The road graph as arrays, whatever layout it was stored in."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

NO_SHAPE = 0xFFFFFFFF  # geometry index of an edge that is a straight line
DEGREES = 1e-7  # per unit of the stored coordinates

# Bits of the class/access word, streetzim-format.md §2.3.
CLASS_MASK = 0x1F
FOOT_NO = 1 << 5
BICYCLE_NO = 1 << 6
ONE_WAY = 1 << 7
ROUNDABOUT = 1 << 8


class Names(Protocol):
    """The table of road names."""

    def text(self, index: int) -> str:
        """Return name `index`; empty for unnamed roads and for an index outside the table."""
        ...


class Shapes(Protocol):
    """The table of edge geometries."""

    def points(self, index: int) -> npt.NDArray[np.float64]:
        """Return the interior points of geometry `index` in travel direction: (n, 2) degrees, [lat, lon], n >= 0."""
        ...


@dataclass(frozen=True)
class RoadGraph:
    """A directed graph of N nodes and E edges; the edges of node i are `first[i]` to `first[i + 1] - 1`.

    A part of a larger graph (spatial layout) has *stubs*: nodes whose own edges are not loaded.
    """

    layout: str
    lat: npt.NDArray[np.int32]
    lon: npt.NDArray[np.int32]
    first: npt.NDArray[np.uint32]
    target: npt.NDArray[np.uint32]
    decimetres: npt.NDArray[np.uint32]
    speed: npt.NDArray[np.uint8]  # km/h
    name: npt.NDArray[np.uint32]
    shape: npt.NDArray[np.uint32]
    access: npt.NDArray[np.uint16] | None  # class/access word; None in layouts without classes
    names: Names
    shapes: Shapes
    stub: npt.NDArray[np.bool_] | None = None  # (N,)
    cell: npt.NDArray[np.int32] | None = None  # (N,) id of the cell that owns a node, in parts of spatial graphs

    @property
    def node_count(self) -> int:
        """N."""
        return len(self.lat)

    @property
    def edge_count(self) -> int:
        """E."""
        return len(self.target)

    def position(self, node: int) -> tuple[float, float]:
        """Return latitude and longitude of a node in degrees."""
        return float(self.lat[node]) * DEGREES, float(self.lon[node]) * DEGREES

    def source(self, edge: int) -> int:
        """Return the node that an edge leaves."""
        # In the array's own type: for a Python integer NumPy would convert the whole array at every call.
        return int(np.searchsorted(self.first, np.uint32(edge), side="right")) - 1

    def line(self, edge: int) -> npt.NDArray[np.float64]:
        """Return the line of an edge in its own direction, both end nodes included: (n, 2) degrees, [lat, lon]."""
        ends = np.array([self.position(self.source(edge)), self.position(int(self.target[edge]))])
        index = int(self.shape[edge])
        if index == NO_SHAPE:
            return ends
        return np.concatenate([ends[:1], self.shapes.points(index), ends[1:]])
