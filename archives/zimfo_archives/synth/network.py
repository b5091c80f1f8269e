"""A road network of any size: the streets of towns and the roads between them, as irregular as real ones."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from zimfo_archives.map.extract import Lines
from zimfo_archives.map.roads import Road
from zimfo_archives.synth.chance import Floats, Ints, below, draws
from zimfo_archives.synth.country import Country, country_roads
from zimfo_archives.synth.lattice import LEVEL, Lattice, lattice
from zimfo_archives.synth.pieces import NO_STREET, Pieces, draw, joined
from zimfo_archives.synth.region import Region, region_of
from zimfo_archives.synth.signs import roads_of

_ROUNDABOUTS = 0.15  # share of the crossings of main roads
_ROUNDABOUT_M = (13.0, 20.0)  # radius
_ONE_WAY = 0.6  # share of the streets of towns
_ONE_WAY_TOWN = 300  # crossings of the smallest town that has any
_SHORTCUTS = 0.015  # share of the blocks that a path crosses
_SHORTCUT_KINDS = "footway footway footway path cycleway steps".split()
_ALLEY_KINDS = "service service unclassified footway footway footway cycleway pedestrian".split()
_PLAIN_FIRST = 0.12
_TOWN_END_M, _COUNTRY_END_M = (15.0, 40.0), (90.0, 400.0)
_TOWN_ENDS = "service service service residential footway footway footway path".split()
_COUNTRY_ENDS = "track track track service unclassified path".split()
_NODES_PER_FRAGMENT = 20_000  # a piece of path that nobody joined to the rest
_FRAGMENT_M = 60.0
_INNER_EVERY_M = 120.0  # of country roads
_FIRST_WITHOUT_CARS = LEVEL["path"]


def road_network(size: int, seed: int) -> tuple[Lines, list[Road]]:
    """Return the lines and the road of each line of a network that has `size` junctions and ends, or nearly so.

    Cars get from everywhere to everywhere, but for some fragments. The least network is one road with two ends. Raises
    OptionError for sizes and seeds that are out of bounds.
    """
    region = region_of(size, seed)
    towns = lattice(region)
    country = country_roads(region, towns)
    x, y = np.concatenate([towns.x, country.x]), np.concatenate([towns.y, country.y])
    pieces = _joined(region, towns, country, x, y)
    pieces = joined(pieces, _shortcuts(region, towns))
    crossings = len(x)
    x, y, pieces = _with_roundabouts(region, x, y, pieces)
    bases = _bases(pieces, crossings)
    x, y, fragments = _fragments(region, x, y, size)
    pieces = joined(pieces, fragments)
    missing = size - int((pieces.junctions(len(x)) > 1).sum())
    x, y, ends = _dead_ends(region, x, y, pieces, bases, len(towns.x), missing)
    pieces = joined(pieces, ends)
    _open_traps(pieces, len(x))
    return draw(pieces, x, y), roads_of(region, pieces, country.towns)


def _joined(region: Region, towns: Lattice, country: Country, x: Floats, y: Floats) -> Pieces:
    """Return the roads that there are by the pattern, and those without which some could not be reached."""
    tail, head = np.concatenate([towns.tail, country.tail]), np.concatenate([towns.head, country.head])
    kept = np.concatenate([towns.kept, np.ones(len(country.tail), dtype=bool)])
    bank = region.bank(x, y)
    # The tree takes what there is before what there is not, and a bridge only where no detour leads across.
    bridge = bank[tail] != bank[head]
    cost = 1 + draws(region.seed, "join", tail, head) + 2 * ~kept + 8 * (~kept & bridge)
    tree = minimum_spanning_tree(coo_array((cost, (tail, head)), shape=(len(x),) * 2).tocsr()).tocoo()
    needed = np.isin(tail * len(x) + head, tree.row.astype(np.int64) * len(x) + tree.col)
    there = (kept | needed)[: len(towns.tail)]
    streets = _streets(region, towns, np.flatnonzero(there))
    alleys = towns.alley & ~there
    paths = _paths(region, "alley", towns.tail[alleys], towns.head[alleys], _ALLEY_KINDS)
    length = np.hypot(x[country.head] - x[country.tail], y[country.head] - y[country.tail])
    roads = Pieces(
        country.tail,
        country.head,
        country.level,
        np.where(country.street == NO_STREET, NO_STREET, country.street + region.first_street[-1]),
        country.one_way,
        country.bend,
        (length / _INNER_EVERY_M).astype(np.int64) + 1,
    )
    return joined(streets, paths, roads)


def _streets(region: Region, towns: Lattice, number: Ints) -> Pieces:
    """Return these blocks of the towns, turned to the direction of traffic where it goes in one only."""
    level, street = towns.level[number], towns.street[number]
    large = region.points[towns.town[towns.tail[number]]] >= _ONE_WAY_TOWN
    one_way = large & (level >= LEVEL["tertiary"]) & (draws(region.seed, "one way", street) < _ONE_WAY)
    pieces = Pieces(
        towns.tail[number],
        towns.head[number],
        level,
        street,
        one_way.astype(np.int64),
        bend=(draws(region.seed, "side", number) - 0.5) * 0.3,
        inner=np.array([0, 0, 0, 1, 2])[below(5, region.seed, "inner", number)],
    )
    against = one_way & (draws(region.seed, "against", street) < 0.5)
    order = np.lexsort((np.where(against, -number, number), street))
    pieces = pieces.some(order)
    pieces.turned(np.flatnonzero(against[order]))
    return pieces


def _shortcuts(region: Region, towns: Lattice) -> Pieces:
    """Return paths across blocks, from a crossing to the one diagonally opposite."""
    width = region.width[towns.town]
    here = np.arange(len(towns.x))
    here -= (np.cumsum(region.points) - region.points)[towns.town]
    opposite = here + width + 1
    inside = (here % width < width - 1) & (opposite < region.points[towns.town])
    tail = np.flatnonzero(inside & (draws(region.seed, "shortcut", np.arange(len(here))) < _SHORTCUTS))
    head = tail + width[tail] + 1
    bank = region.bank(towns.x, towns.y)
    dry = bank[tail] == bank[head]
    return _paths(region, "shortcut", tail[dry], head[dry], _SHORTCUT_KINDS)


def _paths(region: Region, what: str, tail: Ints, head: Ints, kinds: Sequence[str]) -> Pieces:
    """Return pieces without names, of one of the kinds each."""
    levels = np.array([LEVEL[kind] for kind in kinds])
    return Pieces(
        tail,
        head,
        levels[below(len(kinds), region.seed, what, "kind", head)],
        street=np.full(len(tail), NO_STREET),
        one_way=np.zeros(len(tail), dtype=np.int64),
        bend=(draws(region.seed, what, "bend", head) - 0.5) * 0.4,
        inner=below(3, region.seed, what, "inner", head),
    )


def _with_roundabouts(region: Region, x: Floats, y: Floats, pieces: Pieces) -> tuple[Floats, Floats, Pieces]:
    """Return crossings and pieces with roundabouts in the place of some crossings of main roads."""
    ends = np.concatenate([pieces.tail, pieces.head])
    main = np.bincount(ends[np.tile(pieces.level <= LEVEL["tertiary"], 2)], minlength=len(x))
    # Where more roads meet, they would be too near to each other on the ring.
    fit = (main >= 3) & (np.bincount(ends, minlength=len(x)) <= 5)
    fit[ends[np.tile(pieces.level <= LEVEL["motorway"], 2)]] = False
    fit &= draws(region.seed, "roundabout", np.arange(len(x))) < _ROUNDABOUTS
    arms = np.flatnonzero(fit[ends])
    if not len(arms):
        return x, y, pieces
    centre, other = ends[arms], np.roll(ends, len(pieces))[arms]
    angle = np.arctan2(y[other] - y[centre], x[other] - x[centre])
    order = np.lexsort((angle, centre))
    arms, centre, angle = arms[order], centre[order], angle[order]
    low, high = _ROUNDABOUT_M
    radius = low + (high - low) * draws(region.seed, "radius", centre)
    ring = len(x) + np.arange(len(arms))
    first = np.ones(len(arms), dtype=bool)
    first[1:] = centre[1:] != centre[:-1]
    starts = np.flatnonzero(first)
    number = np.cumsum(first) - 1
    following = np.append(ring[1:], 0)
    lasts = np.append(starts[1:], len(arms)) - 1
    following[lasts] = ring[starts]
    level = np.maximum(np.minimum.reduceat(pieces.level[arms % len(pieces)], starts), LEVEL["trunk"])[number]
    turn = (angle[following - len(x)] - angle) % (2 * np.pi)
    rings = Pieces(
        ring,
        following,
        level,
        street=NO_STREET - 1 - number,
        one_way=np.ones(len(arms), dtype=np.int64),
        bend=-np.tan(turn / 4) / 2,  # counterclockwise, where traffic keeps to the right: the bulge is on the right
        inner=np.maximum(1, np.rint(turn / 0.7)).astype(np.int64),
    )
    ends[arms] = ring
    pieces.tail, pieces.head = ends[: len(pieces)], ends[len(pieces) :]
    x = np.concatenate([x, x[centre] + radius * np.cos(angle)])
    y = np.concatenate([y, y[centre] + radius * np.sin(angle)])
    return x, y, joined(pieces, rings)


def _fragments(region: Region, x: Floats, y: Floats, size: int) -> tuple[Floats, Floats, Pieces]:
    """Return the crossings with the ends of some more paths, which lead from nowhere to nowhere."""
    count = size // _NODES_PER_FRAGMENT
    number = np.arange(count)
    east, north, angle = (draws(region.seed, "fragment", number, key) for key in ("x", "y", "angle"))
    east, north = ((place - 0.5) * region.side for place in (east, north))
    east, north = (
        np.concatenate([at, at + _FRAGMENT_M * way])
        for at, way in ((east, np.cos(angle * 2 * np.pi)), (north, np.sin(angle * 2 * np.pi)))
    )
    pieces = _paths(region, "fragment", len(x) + number, len(x) + count + number, ("path", "track", "footway"))
    return np.concatenate([x, east]), np.concatenate([y, north]), pieces


def _dead_ends(
    region: Region, x: Floats, y: Floats, pieces: Pieces, bases: Ints, in_towns: int, missing: int
) -> tuple[Floats, Floats, Pieces]:
    """Return the crossings with `missing` more of them, at the ends of short roads that lead nowhere else.

    They begin at `bases`, of which those below `in_towns` are in towns.
    """
    # Where there is nothing but a line that goes on, the new road makes a junction as well: most begin at such places.
    plain = pieces.junctions(len(x)) < 2
    order = np.argsort(draws(region.seed, "end", bases) * np.where(plain[bases], _PLAIN_FIRST, 1), kind="stable")
    bases = bases[order]
    bases = bases[np.cumsum(1 + plain[bases]) <= missing]
    new = len(x) + np.arange(len(bases))
    urban = bases < in_towns
    low, high = np.where(urban[:, None], _TOWN_END_M, _COUNTRY_END_M).T
    length = low + (high - low) * draws(region.seed, "length", bases)
    angle = draws(region.seed, "angle", bases) * 2 * np.pi
    dx, dy = length * np.cos(angle), length * np.sin(angle)
    # One that would cross a river goes the other way.
    wet = region.bank(x[bases], y[bases]) != region.bank(x[bases] + dx, y[bases] + dy)
    dx, dy = np.where(wet, -dx, dx), np.where(wet, -dy, dy)
    x = np.concatenate([x, region.ashore(x[bases] + dx, y[bases] + dy)])
    y = np.concatenate([y, y[bases] + dy])
    in_town, outside = np.flatnonzero(urban), np.flatnonzero(~urban)
    return (
        x,
        y,
        joined(
            _paths(region, "town end", bases[in_town], new[in_town], _TOWN_ENDS),
            _paths(region, "country end", bases[outside], new[outside], _COUNTRY_ENDS),
        ),
    )


def _bases(pieces: Pieces, roundabouts: int) -> Ints:
    """Return the crossings below `roundabouts` from which short roads may lead: none of a motorway."""
    used = np.zeros(roundabouts, dtype=bool)
    for ends in (pieces.tail, pieces.head):
        used[ends[ends < roundabouts]] = True
    for ends in (pieces.tail, pieces.head):
        used[ends[(pieces.level <= LEVEL["motorway_link"]) & (ends < roundabouts)]] = False
    return np.flatnonzero(used)


def _open_traps(pieces: Pieces, crossings: int) -> None:
    """Open one-way streets to both directions where cars could not get there or away again otherwise."""
    cars = np.flatnonzero(pieces.level < _FIRST_WITHOUT_CARS)
    starts = np.zeros(len(pieces), dtype=np.int64)
    starts[pieces.line_starts()] = 1
    line = np.cumsum(starts) - 1
    while True:
        back = cars[pieces.one_way[cars] == 0]
        tail = np.concatenate([pieces.tail[cars], pieces.head[back]])
        head = np.concatenate([pieces.head[cars], pieces.tail[back]])
        joins = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(crossings,) * 2).tocsr()
        part = connected_components(joins, connection="strong")[1]
        trapped = (part[pieces.tail] != part[pieces.head]) & (pieces.one_way == 1) & (pieces.street > NO_STREET)
        if not trapped.any():
            return
        # The whole street, or it would have one direction here and another there.
        pieces.one_way[np.isin(line, line[trapped])] = 0
