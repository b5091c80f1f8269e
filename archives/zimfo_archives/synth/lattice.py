"""The streets of towns: an irregular grid, bent to a disc, with main roads, rings, and blocks that lack a side."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_archives.synth.chance import Floats, Ints, draws
from zimfo_archives.synth.names import street_name
from zimfo_archives.synth.region import BLOCKS_PER_STREET, SPACING_M, Region

Flags = npt.NDArray[np.bool_]

# Values of the tag `highway`, the most important first; roads carry their places in this list.
HIGHWAYS = (
    "motorway motorway_link trunk trunk_link primary secondary tertiary unclassified residential living_street service"
    " track path footway cycleway pedestrian steps"
).split()
LEVEL = {name: level for level, name in enumerate(HIGHWAYS)}

# Main roads are so many blocks apart.
_TERTIARY_EVERY, _SECONDARY_EVERY = 8, 16
_DISTRICT = 6  # blocks; in each, streets run the long way in one direction
_ALLEYS = 0.14  # of the blocks in a pattern of streets, the share that has a path instead
_CLOSED, _OPENED = 0.13, 0.05  # shares of the blocks that depart from the pattern
_RINGS = ((0.42, 20_000, "trunk"), (0.27, 2_000, "primary"))  # share of the width, least crossings, class
_MAIN = ((2_000, "primary"), (300, "secondary"), (60, "tertiary"), (0, "unclassified"))  # by least crossings
_UNNAMED = 0.06  # of streets
# Of the way from a square to a disc: a full disc would squeeze its corners to nothing.
_ROUNDNESS = 0.6


@dataclass(frozen=True, slots=True)
class Lattice:
    """P crossings and E blocks of streets between them, along each street; those of one street follow each other."""

    x: Floats  # (P,) metres
    y: Floats
    town: Ints  # (P,)
    tail: Ints  # (E,) crossings
    head: Ints
    level: Ints
    street: Ints  # number of its own for every street of the region
    kept: Flags  # there is a street here; elsewhere only where the network would fall apart otherwise
    alley: Flags  # there is a path here, unless a street is needed


def lattice(region: Region, first: int = 0, end: int | None = None) -> Lattice:
    """Return the streets of the towns from `first` to `end` - 1, those of all towns unless told otherwise."""
    towns = np.arange(len(region.points))[first:end]
    points = region.points[towns]
    town = np.repeat(towns, points)
    start = np.cumsum(points) - points
    here = np.arange(len(town)) - np.repeat(start, points)  # number within the town
    w = np.repeat(region.width[towns], points)
    column, row = here % w, here // w
    x, y = _positions(region, town, column, row, w, here)
    last = np.repeat(points, points)
    streets = np.repeat(region.first_street[towns], points)
    blocks = -(-w // BLOCKS_PER_STREET)
    parts = []
    for upright in (False, True):
        step = w if upright else np.ones_like(w)
        tail = np.flatnonzero((here + step < last) & (upright | (column < w - 1)))
        line, along = (column, row) if upright else (row, column)
        street = streets + (upright * w + line) * blocks + along // BLOCKS_PER_STREET
        level = _levels(line - w // 2, along - w // 2, w)[tail]
        kept = _pattern(region.seed, town, column, row, here, upright=upright)[tail]
        alley = kept & (draws(region.seed, "alley", town, here, int(upright))[tail] < _ALLEYS)
        alley &= level > LEVEL["tertiary"]
        kept = (kept | (level <= LEVEL["tertiary"])) & ~alley
        order = np.lexsort((along[tail], street[tail]))
        tail = tail[order]
        parts.append((tail, tail + step[tail], level[order], street[tail], kept[order], alley[order]))
    tail, head, level, street, kept, alley = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    bank = region.bank(x, y)
    dry = bank[tail] == bank[head]
    # Of bridges, there are those of main roads only.
    return Lattice(
        x, y, town, tail, head, level, street, kept=kept & (dry | (level <= LEVEL["secondary"])), alley=alley & dry
    )


def street_names(region: Region, town: int) -> tuple[int, list[str]]:
    """Return the number of the first street of a town, and the names of all, "" for those without.

    Names differ within a town, and the common ones are in most of them.
    """
    first, end = region.first_street[town : town + 2].tolist()
    count = end - first
    choice = np.arange(round(count * 1.5) + 20)
    numbers = np.argsort((choice + 5) * (0.2 + draws(region.seed, "street", town, choice)), kind="stable")[:count]
    # The best known names belong anywhere, not to the northernmost streets.
    numbers = numbers[np.argsort(draws(region.seed, "order", town, np.arange(count)), kind="stable")]
    unnamed = draws(region.seed, "unnamed", town, np.arange(count)) < _UNNAMED
    script = region.script(town)
    names = ["" if no else street_name(n, script) for n, no in zip(numbers.tolist(), unnamed.tolist(), strict=True)]
    return first, names


def _positions(region: Region, town: Ints, column: Ints, row: Ints, w: Ints, here: Ints) -> tuple[Floats, Floats]:
    rows = -(-region.points[town] // w)
    half_x, half_y = np.maximum(w - 1, 1) / 2, np.maximum(rows - 1, 1) / 2
    a, b = (column - (w - 1) / 2) / half_x, (row - (rows - 1) / 2) / half_y
    round_a, round_b = a * np.sqrt(1 - b * b / 2), b * np.sqrt(1 - a * a / 2)
    east = (a + (round_a - a) * _ROUNDNESS) * half_x
    north = (b + (round_b - b) * _ROUNDNESS) * half_y
    # Streets wind a little, and blocks differ.
    phase = draws(region.seed, "phase", town) * 2 * np.pi
    wave_x, wave_y = np.sin(north / 5 + phase) * 0.8, np.sin(east / 6 + phase * 2) * 0.8
    east = east + wave_x + (draws(region.seed, "east", town, here) - 0.5) * 0.45
    north = north + wave_y + (draws(region.seed, "north", town, here) - 0.5) * 0.45
    angle = draws(region.seed, "angle", town) * 2 * np.pi
    x = region.x[town] + (east * np.cos(angle) - north * np.sin(angle)) * SPACING_M
    y = region.y[town] + (east * np.sin(angle) + north * np.cos(angle)) * SPACING_M
    return region.ashore(x, y), y


def _levels(line: Ints, along: Ints, w: Ints) -> Ints:
    """Return the class of streets by their distance from the middle of the town, in blocks, and where on them."""
    points = w * w
    level = np.full(len(line), LEVEL["residential"])
    level[(line % 5 == 2) & (line // 5 % 3 == 0)] = LEVEL["living_street"]
    level[(line % _TERTIARY_EVERY == 0) & (points >= 300)] = LEVEL["tertiary"]
    level[(line % _SECONDARY_EVERY == 0) & (points >= 1_000)] = LEVEL["secondary"]
    for least, name in reversed(_MAIN):
        level[(line == 0) & (points >= least)] = LEVEL[name]
    for share, least, name in reversed(_RINGS):
        ring = np.rint(w * share).astype(np.int64)
        # A block goes from `along` to the next crossing.
        on_it = (np.abs(line) == ring) & (-ring <= along) & (along < ring)
        level[on_it & (points >= least)] = LEVEL[name]
    return level


def _pattern(seed: int, town: Ints, column: Ints, row: Ints, here: Ints, *, upright: bool) -> Flags:
    """Tell where there are streets: long ones in one direction, joined by short ones that meet none beyond."""
    district = draws(seed, "district", town, column // _DISTRICT, row // _DISTRICT) < 0.5
    chance = draws(seed, "block", town, here, int(upright))
    long = chance >= _CLOSED
    short = ((column + row) % 2 == 0) | (chance < _OPENED)
    return np.where(district == upright, long, short)
