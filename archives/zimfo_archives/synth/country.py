"""The roads between towns: country roads that wind from one town to the next, and motorways between the largest."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from zimfo_archives.synth.chance import Floats, Ints, draws
from zimfo_archives.synth.lattice import LEVEL, Lattice
from zimfo_archives.synth.region import Region

_JOIN_EVERY_M = 900.0  # where tracks may join a country road
_SPARE = 0.8  # share of the roads between neighbours that are there without being needed
_ROUNDING = 0.999_999  # the two themselves are on the circle
_BEND = 0.07  # of the length
_WIND = 0.06  # the same of a piece between two places where tracks may join
_MOTORWAY_BEND = 0.03
_FEWEST_FOR_MOTORWAYS = 6  # towns
_TOWNS_PER_MOTORWAY_CITY, _MOST_MOTORWAY_CITIES = 60, 60
_EXIT_EVERY_M = 8_000.0
_RAMP_M = 220.0  # from the middle of an exit to where its ramps begin and end
_CARRIAGEWAY_M = 12.0  # from the middle of the motorway


# Of one road: where its crossings are, its pieces as rows of tail, head, level, street and direction, and their bends.
_Part = tuple[Floats, Floats, Ints, Floats]


@dataclass(frozen=True, slots=True)
class Country:
    """Further crossings, which come after those of the lattice, and the roads between them."""

    x: Floats
    y: Floats
    tail: Ints
    head: Ints
    level: Ints
    street: Ints  # numbers from 0 on, each for one road from a town to another
    bend: Floats  # how far a piece goes aside, as a share of its length
    one_way: Ints  # 1: from tail to head only
    towns: Ints  # (roads, 2) where each of the roads leads


def country_roads(region: Region, towns: Lattice) -> Country:
    """Return the roads that join all towns."""
    motorways, pairs = _motorways(region), _neighbours(region)
    gates = _gates(region, towns, pairs)
    crossings = cKDTree(np.stack([towns.x, towns.y], axis=1))
    number = len(towns.x)
    # Nothing comes first: a region of one town has no roads.
    nothing = np.empty(0)
    parts: list[_Part] = [(nothing, nothing, np.empty((0, 5), dtype=np.int64), nothing)]
    for road, (one, other) in enumerate(np.concatenate([motorways, pairs]).tolist()):
        if road < len(motorways):
            parts.append(_motorway(region, crossings, one, other, number, road))
        else:
            parts.append(_country_road(region, towns, one, other, gates[road - len(motorways)], number, road))
        number += len(parts[-1][0])
    xs, ys, tables, bends = zip(*parts, strict=True)
    tail, head, level, street, one_way = np.concatenate(tables).T
    return Country(
        np.concatenate(xs),
        np.concatenate(ys),
        tail,
        head,
        level,
        street,
        np.concatenate(bends),
        one_way,
        towns=np.concatenate([motorways, pairs]),
    )


def _country_road(region: Region, towns: Lattice, one: int, other: int, gates: Ints, number: int, road: int) -> _Part:
    """Return the crossings, numbered from `number`, and pieces of a road, and the bends of the pieces."""
    x, y = towns.x[gates], towns.y[gates]
    between = int(np.hypot(x[1] - x[0], y[1] - y[0]) / _JOIN_EVERY_M)
    bend = (draws(region.seed, "bend", one, other, np.arange(2)) - 0.5) * 2 * _BEND
    inner_x, inner_y = _curve(x, y, between, bend)
    chain = np.concatenate([gates[:1], number + np.arange(between), gates[1:]])
    level = np.full(between + 1, _country_level(region, one, other))
    table = _rows(chain[:-1], chain[1:], level, road, 0)
    bends = (draws(region.seed, "wind", one, other, np.arange(between + 1)) - 0.5) * 2 * _WIND
    return region.ashore(inner_x, inner_y), inner_y, table, bends


def _rows(tail: Ints, head: Ints, level: Ints, road: int, one_way: int) -> Ints:
    table = np.empty((len(tail), 5), dtype=np.int64)
    table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4] = tail, head, level, road, one_way
    return table


def _curve(x: Floats, y: Floats, between: int, bend: Floats) -> tuple[Floats, Floats]:
    """Return points between two, on a line that goes aside by two waves; `bend` is their height by the length."""
    t = np.arange(1, between + 1) / (between + 1)
    aside = bend[0] * np.sin(np.pi * t) + bend[1] * np.sin(2 * np.pi * t)
    dx, dy = float(x[1] - x[0]), float(y[1] - y[0])
    return x[0] + t * dx - aside * dy, y[0] + t * dy + aside * dx


def _neighbours(region: Region) -> Ints:
    """Return the pairs of towns that a road joins: a tree of the shortest, and some more."""
    count = len(region.x)
    if count < 4:  # three towns are the least that a triangulation has, and need none
        one, other = np.triu_indices(count, 1)
    else:
        # Flat triangles at the rim join what no road would join: they are long, and the tree takes none of them.
        triangles = Delaunay(np.stack([region.x, region.y], axis=1)).simplices.astype(np.int64)
        sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
        one, other = np.unique(sides, axis=0).T
    length = np.hypot(region.x[one] - region.x[other], region.y[one] - region.y[other])
    tree = minimum_spanning_tree(coo_array((length, (one, other)), shape=(count, count)).tocsr()).tocoo()
    needed = np.isin(one * count + other, tree.row.astype(np.int64) * count + tree.col)
    # Gabriel's rule: two are neighbours if no third lies in the circle between them.
    towns = cKDTree(np.stack([region.x, region.y], axis=1))
    middles = np.stack([region.x[one] + region.x[other], region.y[one] + region.y[other]], axis=1) / 2
    near = towns.query(middles)[0] > length / 2 * _ROUNDING
    wanted = needed | (near & (draws(region.seed, "road", one, other) < _SPARE))
    found: Ints = np.stack([one[wanted], other[wanted]], axis=1).astype(np.int64)
    return found


def _gates(region: Region, towns: Lattice, pairs: Ints) -> Ints:
    """Return at which crossing each road leaves its first and reaches its second town."""
    gates = np.empty_like(pairs)
    start = np.cumsum(region.points) - region.points
    for side in (0, 1):
        here, there = pairs[:, side], pairs[:, 1 - side]
        for road, (town, other) in enumerate(zip(here.tolist(), there.tolist(), strict=True)):
            own = slice(int(start[town]), int(start[town] + region.points[town]))
            east, north = region.x[other] - region.x[town], region.y[other] - region.y[town]
            ahead = (towns.x[own] - region.x[town]) * east + (towns.y[own] - region.y[town]) * north
            aside = (towns.y[own] - region.y[town]) * east - (towns.x[own] - region.x[town]) * north
            gates[road, side] = start[town] + int(np.argmax(ahead - np.abs(aside)))
    return gates


def _country_level(region: Region, one: int, other: int) -> int:
    """Return the class of a road by the smaller of its two towns."""
    rank = {"city": "trunk", "town": "primary", "village": "secondary", "hamlet": "tertiary"}
    lesser, greater = sorted((one, other), key=lambda town: int(region.points[town]))
    if region.kind(lesser) == region.kind(greater) == "hamlet":
        return LEVEL["unclassified"]
    return LEVEL[rank[region.kind(lesser)]]


def _motorways(region: Region) -> Ints:
    """Return the pairs of the largest towns that a motorway joins."""
    none = np.empty((0, 2), dtype=np.int64)
    if len(region.x) < _FEWEST_FOR_MOTORWAYS:
        return none
    count = min(max(2, len(region.x) // _TOWNS_PER_MOTORWAY_CITY), _MOST_MOTORWAY_CITIES)
    gaps = np.hypot(region.x[:count, None] - region.x[:count], region.y[:count, None] - region.y[:count])
    tree = minimum_spanning_tree(coo_array(np.triu(gaps, 1)).tocsr()).tocoo()
    pairs = np.stack([tree.row, tree.col], axis=1).astype(np.int64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _motorway(region: Region, crossings: cKDTree, one: int, other: int, number: int, road: int) -> _Part:
    """Return the crossings, numbered from `number`, and pieces of a motorway with its exits, and their bends.

    Each exit has two ramps for each of the two carriageways, which lead to the nearest crossing of a town; at both
    ends, the ramps are all there is.
    """
    ends_x, ends_y = region.x[[one, other]], region.y[[one, other]]
    length = float(np.hypot(*np.diff([ends_x, ends_y])[:, 0]))
    # It begins at the rim of a town, not in the middle.
    share_one, share_other = (min(0.4, 0.9 * region.radius[town] / length) for town in (one, other))
    ends_x, ends_y = (p[0] + np.array([share_one, 1 - share_other]) * (p[1] - p[0]) for p in (ends_x, ends_y))
    length *= 1 - share_one - share_other
    exits = max(2, round(length / _EXIT_EVERY_M) + 1)
    bend = (draws(region.seed, "motorway", one, other, np.arange(2)) - 0.5) * 2 * _BEND
    inner_x, inner_y = _curve(ends_x, ends_y, exits - 2, bend)
    x = np.concatenate([ends_x[:1], inner_x, ends_x[1:]])
    y = np.concatenate([ends_y[:1], inner_y, ends_y[1:]])
    joins = crossings.query(np.stack([x, y], axis=1))[1].astype(np.int64)
    ahead = np.stack([np.gradient(x), np.gradient(y)], axis=1)
    ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    nodes_x: list[Floats] = []
    nodes_y: list[Floats] = []
    rows: list[Ints] = []
    bends: list[Floats] = []
    aside = (draws(region.seed, "motorway", one, other, 2 + np.arange(exits)) - 0.5) * 2 * _MOTORWAY_BEND
    ramp = min(_RAMP_M, length / exits / 4)
    for way in (1, -1):
        # Traffic keeps to the right: the carriageway is on that side of its direction.
        right = way * np.stack([ahead[:, 1], -ahead[:, 0]], axis=1) * _CARRIAGEWAY_M
        order = np.arange(exits)[::way]
        # At each exit, first the ramp that leaves and then the one that joins; at the ends, one of the two.
        offs = np.stack([-ramp * way * ahead + right, ramp * way * ahead + right], axis=1)[order].reshape(-1, 2)[1:-1]
        at = np.repeat(order, 2)[1:-1]
        chain = number + sum(len(part) for part in nodes_x) + np.arange(len(at))
        nodes_x.append(x[at] + offs[:, 0])
        nodes_y.append(y[at] + offs[:, 1])
        rows.append(_rows(chain[:-1], chain[1:], np.full(len(at) - 1, LEVEL["motorway"]), road, 1))
        # The two carriageways bend together, and go straight at exits.
        bends.append(np.where(at[:-1] != at[1:], way * aside[np.minimum(at[:-1], at[1:])], 0))
        ramps = np.full(len(at) // 2, LEVEL["motorway_link"])
        # The first of all joins, then leaving and joining alternate.
        rows.append(_rows(joins[at[::2]], chain[::2], ramps, -1, 1))
        rows.append(_rows(chain[1::2], joins[at[1::2]], ramps, -1, 1))
        bends.append(np.zeros(2 * len(ramps)))
    return np.concatenate(nodes_x), np.concatenate(nodes_y), np.concatenate(rows), np.concatenate(bends)
