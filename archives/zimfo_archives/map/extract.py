"""What an OpenStreetMap file holds, as far as a map archive is made of it."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import shapely

from zimfo_archives.map.records import Record
from zimfo_archives.map.roads import Road
from zimfo_archives.map.shapes import Position, Shapes
from zimfo_archives.map.tally import Tally

Bounds = tuple[float, float, float, float]  # west, south, east, north in degrees; west > east across the antimeridian


@dataclass(slots=True)
class Lines:
    """Roads as one long run of points: line i has the points `starts[i]` to `starts[i + 1] - 1`."""

    nodes: "array[int]" = field(default_factory=lambda: array("q"))  # ids of OpenStreetMap
    lat: "array[int]" = field(default_factory=lambda: array("i"))  # E7
    lon: "array[int]" = field(default_factory=lambda: array("i"))
    starts: "array[int]" = field(default_factory=lambda: array("q", [0]))

    def add(self, points: Iterable[tuple[int, Position]]) -> None:
        """Append a line of (id, position) pairs."""
        for node, (lat, lon) in points:
            self.nodes.append(node)
            self.lat.append(lat)
            self.lon.append(lon)
        self.starts.append(len(self.nodes))

    def positions(self, line: int) -> Iterator[Position]:
        """Yield the positions of a line."""
        for point in range(self.starts[line], self.starts[line + 1]):
            yield self.lat[point], self.lon[point]


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A piece of a street, river or the like, whose record stands for all pieces of its name near by."""

    record: Record  # without a position
    shape: int


@dataclass(frozen=True, slots=True)
class Boundary:
    """The area of an administration, in degrees; the lower its level, the larger it is."""

    level: int
    record: Record
    area: shapely.Geometry


@dataclass(slots=True)
class Extract:
    """What an OpenStreetMap file holds."""

    bounds: Bounds | None  # None: not told
    lines: Lines = field(default_factory=Lines)
    roads: list[Road] = field(default_factory=list)  # one for each of the lines
    shapes: Shapes = field(default_factory=Shapes)
    named_lines: list[NamedLine] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)  # of places and addresses, with positions
    boundaries: list[Boundary] = field(default_factory=list)  # that are whole
    tally: Tally = field(default_factory=Tally)
    missing_nodes: int = 0  # road points that the file names and does not hold
    ferries: int = 0  # ways, which the road graph has not
    closed_roads: int = 0  # ways that nobody may use
