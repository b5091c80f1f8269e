"""Ways into the road graph, and the graph into the bytes of `routing-data/graph.bin` (SZRG v4, streetzim-format.md §2).

Ways are split at junctions as §2.8 describes; the words, the order of nodes and edges and the shared geometries are
those of the original generator, which adds nodes at (0, 0) for loops that lead nowhere. A graph of MAX_ROAD_POINTS
points has less than 4 GiB of geometries, which is what their offsets can address.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_archives.map.osm import E7, Lines
from zimfo_archives.map.roads import Road

EARTH_RADIUS_M = 6_371_000.0  # of the format: edge lengths are haversines on this sphere

VERSION = 4
_MAGIC = b"SZRG"
_NO_GEOMETRY = 0xFFFFFFFF
_MAX_DECIMETRES = 0xFFFFFF  # all that fits, 1,678 km: longer than any road without a junction
_EDGE_WORDS = 5

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Graph:
    """N nodes and E edges, the edges sorted by the node they leave, with shared geometries and names."""

    nodes: npt.NDArray[np.int32]  # (N, 2) latitude, longitude in E7
    first: npt.NDArray[np.uint32]  # (N + 1,) the edges of node i are first[i] to first[i + 1] - 1
    edges: npt.NDArray[np.uint32]  # (E, 5) the words of §2.3
    geometries: Sequence[bytes]
    names: Sequence[str]  # names[0] is empty

    def encode(self) -> bytes:
        """Return the graph as SZRG v4."""
        blob = b"".join(self.geometries)
        blob += b"\0" * (-len(blob) % 4)  # keeps the next section aligned
        texts = [name.encode() for name in self.names]
        counts = [VERSION, len(self.nodes), len(self.edges), len(self.geometries), len(blob), len(texts)]
        header = np.array([*counts, sum(map(len, texts))], dtype="<u4")
        parts = [
            _MAGIC,
            header.tobytes(),
            self.nodes.astype("<i4").tobytes(),
            self.first.astype("<u4").tobytes(),
            self.edges.astype("<u4").tobytes(),
            _offsets(self.geometries),
            blob,
            _offsets(texts),
            *texts,
        ]
        return b"".join(parts)


def build_graph(lines: Lines, roads: Sequence[Road]) -> Graph:
    """Split the lines at junctions and lay their pieces out as a graph; `roads` has one entry for each line."""
    if not roads:
        empty = np.empty(0, dtype=np.uint32)
        return Graph(np.empty((0, 2), dtype=np.int32), np.zeros(1, dtype=np.uint32), empty.reshape(0, 5), (), ("",))
    lat, lon = np.asarray(lines.lat, dtype=np.int64), np.asarray(lines.lon, dtype=np.int64)
    ids, place = np.unique(np.asarray(lines.nodes, dtype=np.int64), return_inverse=True)
    pieces = _pieces(np.asarray(lines.starts, dtype=np.int64), place, len(ids))
    ends = np.unique(place[pieces.flat])
    number = np.full(len(ids), -1, dtype=np.int64)
    number[ends] = np.arange(len(ends))
    point = np.empty(len(ids), dtype=np.int64)  # any one point of each node has its position
    point[place] = np.arange(len(place))
    nodes = np.stack([lat[point[ends]], lon[point[ends]]], axis=1).astype(np.int32)

    decimetres = _decimetres(lat, lon, pieces)
    way = np.searchsorted(np.asarray(lines.starts), pieces[:, 0], side="right") - 1
    geometries: dict[bytes, int] = {}
    names: dict[str, int] = {"": 0}
    sources, words = array("q"), array("I")
    for (start, end), length, road in zip(pieces.tolist(), decimetres.tolist(), (roads[i] for i in way), strict=True):
        tail, head = int(number[place[start]]), int(number[place[end]])
        interior = list(zip(lines.lat[start + 1 : end], lines.lon[start + 1 : end], strict=True))
        packed = road.speed << 24 | length
        label = names.setdefault(road.label, len(names))
        for usable, source, target, points in [
            (road.forward, tail, head, interior),
            (road.backward, head, tail, interior[::-1]),
        ]:
            if usable:
                shape = geometries.setdefault(encode_line(points), len(geometries)) if points else _NO_GEOMETRY
                sources.append(source)
                words.extend((target, packed, shape, label, road.word))
    source_of = np.asarray(sources, dtype=np.int64)
    edges = np.asarray(words, dtype=np.uint32).reshape(-1, _EDGE_WORDS)
    first = np.concatenate([[0], np.cumsum(np.bincount(source_of, minlength=len(nodes)))])
    order = np.argsort(source_of, kind="stable")
    return Graph(nodes, first.astype(np.uint32), edges[order], tuple(geometries), tuple(names))


def encode_line(points: Sequence[tuple[int, int]]) -> bytes:
    """Encode interior points, latitude and longitude in E7 (§2.4): the first absolute, then varints of differences."""
    lat, lon = points[0]
    # Unlike nodes, geometries put the longitude first.
    encoded = bytearray(np.array([lon, lat], dtype="<i4").tobytes())
    for next_lat, next_lon in points[1:]:
        for delta in (next_lon - lon, next_lat - lat):
            encoded += _varint(delta << 1 if delta >= 0 else ~(delta << 1))
        lat, lon = next_lat, next_lon
    return bytes(encoded)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _pieces(starts: Ints, place: Ints, places: int) -> Ints:
    """Return (pieces, 2): first and last point of every piece between two junctions that are not the same node."""
    is_end = np.zeros(len(place), dtype=bool)
    is_end[starts[:-1]] = is_end[starts[1:] - 1] = True
    passed = np.bincount(place[~is_end], minlength=places)
    junction = passed > 1
    junction[place[is_end]] = True
    cuts = np.flatnonzero(junction[place])
    way = np.searchsorted(starts, cuts, side="right")
    pairs = np.stack([cuts[:-1], cuts[1:]], axis=1)
    # A piece that returns to where it began leads nowhere.
    leading: Ints = pairs[(way[:-1] == way[1:]) & (place[cuts[:-1]] != place[cuts[1:]])]
    return leading


def _decimetres(lat: Ints, lon: Ints, pieces: Ints) -> Ints:
    phi, theta = np.radians(lat / E7), np.radians(lon / E7)
    half_lat, half_lon = np.diff(phi) / 2, np.diff(theta) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(phi[:-1]) * np.cos(phi[1:]) * np.sin(half_lon) ** 2
    lengths = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    if not len(pieces):
        return np.empty(0, dtype=np.int64)
    # Reduced from each piece's first point to its last; what lies between two pieces is reduced too, and left out.
    metres = np.add.reduceat(np.append(lengths, 0.0), pieces.ravel())[::2]
    decimetres: Ints = np.minimum(np.rint(metres * 10), _MAX_DECIMETRES).astype(np.int64)
    return decimetres


def _offsets(parts: Sequence[bytes]) -> bytes:
    return np.fromiter(_positions(parts), dtype="<u4", count=len(parts) + 1).tobytes()


def _positions(parts: Sequence[bytes]) -> Iterator[int]:
    position = 0
    yield position
    for part in parts:
        position += len(part)
        yield position
