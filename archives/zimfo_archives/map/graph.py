"""Ways into the road graph (streetzim-format.md §2).

Ways are split at junctions as §2.8 describes; the words, the order of nodes and edges and the shared geometries are
those of the original generator, save for its nodes at (0, 0) for loops that lead nowhere. A graph of MAX_ROAD_POINTS
points has less than 4 GiB of geometries, which is what their offsets can address.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from zimfo_archives.map.extract import Lines
from zimfo_archives.map.roads import Road
from zimfo_archives.map.shapes import E7

EARTH_RADIUS_M = 6_371_000.0  # of the format: edge lengths are haversines on this sphere

NO_GEOMETRY = 0xFFFFFFFF
# The words of an edge (§2.3): target, speed and length, geometry, name, class.
TARGET, PACKED, GEOMETRY, NAME, _CLASS = range(5)
EDGE_WORDS = 5
MAX_DECIMETRES = 0xFFFFFF  # all that fits beside the speed, 1,678 km: longer than any road without a junction

_HALF_TURN = 180 * E7
# Points of geometries are encoded so many at a time: some 200 MB.
_BATCH = 1_000_000
_MAX_GROUPS = 5  # of seven bits, for differences of 32

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Graph:
    """N nodes and E edges, the edges sorted by the node they leave, with G shared geometries and M names."""

    nodes: npt.NDArray[np.int32]  # (N, 2) latitude, longitude in E7
    first: Words  # (N + 1,) the edges of node i are first[i] to first[i + 1] - 1
    edges: Words  # (E, 5) the words of §2.3
    starts: Words  # (G + 1,) the bytes of geometry i are shapes[starts[i] : starts[i + 1]]
    shapes: bytes
    names: Sequence[str]  # names[0] is empty

    @property
    def geometries(self) -> int:
        """How many geometries there are."""
        return len(self.starts) - 1

    def sources(self) -> Ints:
        """Return the node that each edge leaves, (E,)."""
        first = self.first.astype(np.int64)
        return np.repeat(np.arange(len(self.nodes)), first[1:] - first[:-1])


def build_graph(lines: Lines, roads: Sequence[Road]) -> Graph:
    """Split the lines at junctions and lay their pieces out as a graph; `roads` has one entry for each line."""
    lat, lon = np.asarray(lines.lat, dtype=np.int64), np.asarray(lines.lon, dtype=np.int64)
    starts = np.asarray(lines.starts, dtype=np.int64)
    ids, place = np.unique(np.asarray(lines.nodes, dtype=np.int64), return_inverse=True)
    pieces = _pieces(starts, place, _turns(lon), len(ids))
    ends = np.unique(place[pieces])
    number = np.full(len(ids), -1, dtype=np.int64)
    number[ends] = np.arange(len(ends))
    point = np.empty(len(ids), dtype=np.int64)  # any one point of each node has its position
    point[place] = np.arange(len(place))
    nodes = np.stack([lat[point[ends]], lon[point[ends]]], axis=1).astype(np.int32)

    # Each piece is an edge in its direction, and one against it, unless the road is travelled in one direction only.
    way = np.searchsorted(starts, pieces[:, 0], side="right") - 1
    speeds = np.array([(road.forward, road.backward) for road in roads], dtype=np.int64).reshape(-1, 2)[way]
    usable = speeds.ravel() > 0
    labels, label_of = _labels(roads, way)
    tail, head = number[place[pieces]].T
    decimetres = _decimetres(lat, lon, pieces)
    geometry, shape_starts, shapes = _geometries(lat, lon, pieces, usable)
    edges = np.empty((len(usable), EDGE_WORDS), dtype=np.uint32)
    edges[:, TARGET] = np.stack([head, tail], axis=1).ravel()
    edges[:, PACKED] = (speeds << 24 | decimetres[:, None]).ravel()
    edges[:, GEOMETRY] = geometry
    edges[:, NAME] = np.repeat(label_of[way], 2)
    edges[:, _CLASS] = np.repeat(np.array([road.word for road in roads], dtype=np.uint32)[way], 2)
    source = np.stack([tail, head], axis=1).ravel()[usable]
    order = np.argsort(source, kind="stable")
    return Graph(nodes, firsts(source, len(nodes)), edges[usable][order], shape_starts, shapes, labels)


def firsts(sources: Ints, nodes: int) -> Words:
    """Return where the edges of each node begin once the edges are sorted by the node they leave, (nodes + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=nodes))]).astype(np.uint32)


def encode_lines(lat: Ints, lon: Ints, starts: Ints) -> tuple[bytes, Ints]:
    """Encode lines of E7 points (§2.4): the first point absolute, then varints of differences.

    Line i has the points starts[i] to starts[i + 1] - 1, at least one. Returns the bytes of all lines, and where each
    begins, with the end of the last.
    """
    # Unlike nodes, geometries put the longitude first.
    points = np.stack([lon, lat], axis=1)
    deltas = np.diff(points, axis=0, prepend=0)
    values = deltas << 1 ^ deltas >> 63
    leads = starts[:-1]
    sizes = np.ones_like(values)
    for group in range(1, _MAX_GROUPS):
        sizes += values >> 7 * group > 0
    sizes[leads] = 4
    begins = np.concatenate([[0], np.cumsum(sizes.ravel())])
    encoded = np.zeros(begins[-1], dtype=np.uint8)
    at = begins[:-1].reshape(-1, 2)
    for byte in range(4):
        encoded[at[leads] + byte] = points[leads] >> 8 * byte & 0xFF
    follows = np.ones(len(points), dtype=bool)
    follows[leads] = False
    at, values, sizes = at[follows], values[follows], sizes[follows]
    for group in range(_MAX_GROUPS):
        has, goes_on = sizes > group, sizes > group + 1
        encoded[at[has] + group] = (values[has] >> 7 * group & 0x7F) | goes_on[has] << 7
    return encoded.tobytes(), begins[2 * starts]


def _turns(lon: Ints) -> npt.NDArray[np.bool_]:
    """Tell of each point but the last whether the way to the next crosses the antimeridian."""
    return np.abs(np.diff(lon)) > _HALF_TURN


def _pieces(starts: Ints, place: Ints, turns: npt.NDArray[np.bool_], places: int) -> Ints:
    """Return (pieces, 2): first and last point of every piece between two junctions that are not the same node."""
    is_end = np.zeros(len(place), dtype=bool)
    is_end[starts[:-1]] = is_end[starts[1:] - 1] = True
    # A drawn line goes straight from point to point: at the antimeridian it would go around the world, so that the
    # geometry stops before it and begins behind.
    is_end[:-1] |= turns
    is_end[1:] |= turns
    passed = np.bincount(place[~is_end], minlength=places)
    junction = passed > 1
    junction[place[is_end]] = True
    cuts = np.flatnonzero(junction[place])
    way = np.searchsorted(starts, cuts, side="right")
    pairs = np.stack([cuts[:-1], cuts[1:]], axis=1)
    # A piece that returns to where it began leads nowhere.
    leading: Ints = pairs[(way[:-1] == way[1:]) & (place[cuts[:-1]] != place[cuts[1:]])]
    return leading


def _labels(roads: Sequence[Road], way: Ints) -> tuple[tuple[str, ...], Ints]:
    """Return the labels of the roads that have pieces, and the number of each road's label."""
    numbers = {"": 0}
    label_of = np.zeros(len(roads), dtype=np.int64)
    for road in np.unique(way).tolist():
        label_of[road] = numbers.setdefault(roads[road].label, len(numbers))
    return tuple(numbers), label_of


def _geometries(lat: Ints, lon: Ints, pieces: Ints, usable: npt.NDArray[np.bool_]) -> tuple[Words, Words, bytes]:
    """Return the number of the geometry of every piece in both directions, where each begins, and their bytes."""
    geometry = np.full(len(usable), NO_GEOMETRY, dtype=np.uint32)
    counts = np.repeat(pieces[:, 1] - pieces[:, 0] - 1, 2)
    shaped = np.flatnonzero(usable & (counts > 0))
    numbers: dict[bytes, int] = {}
    for some in _batches(shaped, counts[shaped]):
        backward = some % 2
        begin = np.where(backward, pieces[some // 2, 1] - 1, pieces[some // 2, 0] + 1)
        starts = np.concatenate([[0], np.cumsum(counts[some])])
        step = np.arange(starts[-1]) - np.repeat(starts[:-1], counts[some])
        points = np.repeat(begin, counts[some]) + step * np.repeat(1 - 2 * backward, counts[some])
        encoded, bounds = encode_lines(lat[points], lon[points], starts)
        cuts = bounds.tolist()
        geometry[some] = [numbers.setdefault(encoded[low:high], len(numbers)) for low, high in pairwise(cuts)]
    sizes = np.fromiter(map(len, numbers), dtype=np.int64, count=len(numbers))
    return geometry, np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32), b"".join(numbers)


def _batches(items: Ints, weights: Ints) -> Iterator[Ints]:
    if len(items):
        share = np.cumsum(weights) // _BATCH
        yield from np.split(items, np.flatnonzero(np.diff(share)) + 1)


def _decimetres(lat: Ints, lon: Ints, pieces: Ints) -> Ints:
    phi, theta = np.radians(lat / E7), np.radians(lon / E7)
    half_lat, half_lon = np.diff(phi) / 2, np.diff(theta) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(phi[:-1]) * np.cos(phi[1:]) * np.sin(half_lon) ** 2
    lengths = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    if not len(pieces):
        return np.empty(0, dtype=np.int64)
    # Reduced from each piece's first point to its last; what lies between two pieces is reduced too, and left out.
    metres = np.add.reduceat(np.append(lengths, 0.0), pieces.ravel())[::2]
    decimetres: Ints = np.minimum(np.rint(metres * 10), MAX_DECIMETRES).astype(np.int64)
    return decimetres
