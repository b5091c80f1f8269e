"""An invented country on a plane: where its towns lie, how large they are, what they are called, and its rivers.

It lies in the steppe of Kazakhstan and Siberia, where the largest region that can be asked for meets no sea, and has
nothing to do with what is there. Positions are metres east and north of its middle.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zimfo_archives.map.shapes import E7
from zimfo_archives.synth.chance import Floats, Ints, allotted, below, check, draws
from zimfo_archives.synth.names import SCRIPTS, word

# Of road graph nodes, and of records: what the builder of maps takes from a file at most.
MAX_SIZE = 20_000_000

MIDDLE = (52.0, 67.0)  # latitude and longitude
METRES_PER_DEGREE = 6_371_000 * math.pi / 180

# Between crossings along a street: with it, towns have some 300 junctions and ends in a square kilometre, as Milan has.
SPACING_M = 75.0
# A street has its name, and often its way in OpenStreetMap, for so many blocks.
BLOCKS_PER_STREET = 10
# Of the nodes of the road graph, those that crossings of streets are: the others are ends, roundabouts and the like.
_CROSSINGS = 0.81
# A settlement for so many nodes, as in central Europe; the largest has an eighth of a million nodes.
_NODES_PER_TOWN = 350
_MIN_POINTS = 2  # fewer have no street
_POPULATION_PER_POINT = 12
_KINDS = (("city", 4_000), ("town", 400), ("village", 80), ("hamlet", 0))  # by the least number of crossings
_COUNTRY_PER_TOWN_AREA = 7.0
_TOWN_GAP_M = 300.0
_COMPARED_WITH_ALL = 200  # towns; the others are compared with those near them
_WIDER = 1.01

_RIVER_SPACING_M = 70_000.0
RIVER_HALF_WIDTH_M = 30.0

# Most towns write Latin letters: others are there to be found too.
_LATIN_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class River:
    """A line from south to north: two waves around a line of longitude."""

    middle: float
    wide: tuple[float, float, float]  # height and length of the wave in metres, phase
    narrow: tuple[float, float, float]
    name: str

    def x(self, y: Floats) -> Floats:
        """Return how far east the river is."""
        east = np.full(len(y), self.middle)
        for height, length, phase in (self.wide, self.narrow):
            east += height * np.sin(y / length + phase)
        return east


@dataclass(frozen=True)
class Region:
    """T towns, the largest first, on a square of `side` metres, or a little beyond."""

    seed: int
    x: Floats  # (T,) of the middle
    y: Floats
    points: Ints  # (T,) crossings of streets
    side: float
    rivers: tuple[River, ...]  # from west to east

    @cached_property
    def radius(self) -> Floats:
        """Metres from the middle of each town to its last house, about, (T,)."""
        return _radius(self.points)

    @cached_property
    def width(self) -> Ints:
        """How many crossings a street from one end of each town to the other has, (T,)."""
        return np.ceil(np.sqrt(self.points)).astype(np.int64)

    @cached_property
    def first_street(self) -> Ints:
        """The number of the first street of each town, and at the end how many there are in all, (T + 1,)."""
        counts = 2 * self.width * -(-self.width // BLOCKS_PER_STREET)  # along and across
        return np.append(0, np.cumsum(counts))

    def kind(self, town: int) -> str:
        """Return what sort of settlement a town is: the value of its tag `place`."""
        return next(kind for kind, least in _KINDS if self.points[town] >= least)

    def population(self, town: int) -> int:
        """Return how many people live in a town."""
        return int(self.points[town]) * _POPULATION_PER_POINT + int(below(90, self.seed, "people", town)[0])

    def script(self, town: int) -> str:
        """Return the alphabet of a town's names."""
        draw = float(draws(self.seed, "script", town)[0])
        if draw < _LATIN_SHARE or town == 0:
            return "Latn"
        others = SCRIPTS[1:]
        return others[int((draw - _LATIN_SHARE) / (1 - _LATIN_SHARE) * len(others))]

    def name(self, town: int, script: str | None = None) -> str:
        """Return the name of a town, in its own alphabet unless another is asked for."""
        return word(self.seed % 1_000 * 7 + town, script or self.script(town))

    def bank(self, x: Floats, y: Floats) -> Ints:
        """Return how many rivers are west of each point: two points with one number have no river between them."""
        number = np.zeros(len(x), dtype=np.int64)
        for river in self.rivers:
            number += x > river.x(y)
        return number

    def ashore(self, x: Floats, y: Floats) -> Floats:
        """Return how far east each point is once all that were in a river are moved to its bank."""
        for river in self.rivers:
            bed = river.x(y)
            off = np.abs(x - bed)
            moved = bed + np.where(x > bed, 1, -1) * (RIVER_HALF_WIDTH_M + off / 2)
            x = np.where(off < 2 * RIVER_HALF_WIDTH_M, moved, x)
        return x


def degrees(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return latitude and longitude of points in degrees, to the seventh place."""
    lat = MIDDLE[0] + y / METRES_PER_DEGREE
    lon = MIDDLE[1] + x / (METRES_PER_DEGREE * math.cos(math.radians(MIDDLE[0])))
    return np.rint(lat * E7) / E7, np.rint(lon * E7) / E7


def region_of(size: int, seed: int) -> Region:
    """Lay out a region for `size` nodes of the road graph; raises OptionError for what is out of bounds."""
    check(size, seed, MAX_SIZE, "junctions, or records")
    count = max(1, round(size / _NODES_PER_TOWN))
    shares = 1 / np.arange(1, count + 1, dtype=np.float64)  # after Zipf, as towns are
    points = np.maximum(allotted(round(size * _CROSSINGS), shares), _MIN_POINTS)
    x, y, side = _scattered(_radius(points), seed)
    return Region(seed, x, y, points, side, _rivers(seed, side, x, y, _radius(points)))


def _radius(points: Ints) -> Floats:
    # Between half the side of a square and half its diagonal.
    radius: Floats = np.sqrt(points) * SPACING_M * 0.6
    return radius


def _scattered(radius: Floats, seed: int) -> tuple[Floats, Floats, float]:
    """Return middles of circles that do not overlap, and the side of the square that they are in, about."""
    areas = np.pi * (radius + _TOWN_GAP_M) ** 2
    side = float(np.sqrt(areas.sum() * _COUNTRY_PER_TOWN_AREA))
    x, y = np.zeros(len(radius)), np.zeros(len(radius))
    few = min(len(radius), _COMPARED_WITH_ALL)
    # Circles after the first few reach into the cells around their own and no farther.
    cell = 2 * float(radius[few - 1]) + _TOWN_GAP_M
    cells: dict[tuple[int, int], list[int]] = {}
    tries = 0
    # The largest lies in the middle, like many capitals.
    for town in range(1, len(radius)):
        reach = side / 2
        while True:
            tries += 1
            east, north = ((draws(seed, "town", tries, np.arange(2)) * 2 - 1) * reach).tolist()
            column, row = int(east // cell), int(north // cell)
            near = [other for at in _around(column, row) for other in cells.get(at, ())]
            if _is_free(x, y, radius, slice(0, min(town, few)), east, north, town) and _is_free(
                x, y, radius, near, east, north, town
            ):
                break
            reach *= _WIDER  # so that it ends, however crowded it is
        x[town], y[town] = east, north
        if town >= few:
            cells.setdefault((column, row), []).append(town)
    return x, y, side


def _around(column: int, row: int) -> list[tuple[int, int]]:
    return [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def _is_free(
    x: Floats, y: Floats, radius: Floats, others: slice | list[int], east: float, north: float, town: int
) -> bool:
    gaps = np.hypot(x[others] - east, y[others] - north) - radius[others]
    return bool((gaps > radius[town] + _TOWN_GAP_M).all())


def _rivers(seed: int, side: float, x: Floats, y: Floats, radius: Floats) -> tuple[River, ...]:
    """Return the rivers, one of which runs through the largest town."""
    count = 1 + int(side / _RIVER_SPACING_M)
    rivers = []
    for number in range(count):
        phase_1, phase_2, shift = draws(seed, "river", number, np.arange(3)) * 2 * np.pi
        wide = (min(side / 40, 3_000.0), min(side / 6, 20_000.0), float(phase_1))
        narrow = (min(radius[0] / 8, 250.0), min(radius[0] / 2, 1_100.0), float(phase_2))
        river = River(0.0, wide, narrow, word(9_000 + number))
        wanted = radius[0] * 0.25 if number == 0 else _RIVER_SPACING_M * ((number + 1) // 2) * (-1) ** number + shift
        middle = wanted if number else wanted - float(river.x(np.zeros(1))[0])
        rivers.append(River(middle, wide, narrow, river.name))
    return tuple(sorted(rivers, key=lambda river: river.middle))
