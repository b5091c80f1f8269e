"""Writers of every layout of the road graph, after `streetzim-format.md` section 2, and entries held in a dictionary.

One `Sample` can be written in all layouts, so that tests can say that they mean the same graph.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from zimfo_server.atlas.graph.model import NO_SHAPE, RoadGraph
from zimfo_server.atlas.graph.tables import ShapeTable

FOLDER = "routing-data/"
E7 = 10**7
Position = tuple[int, int]
"""Latitude and longitude in degrees times 10^7."""


class MemoryEntries:
    """An archive's entries as a dictionary; `read` lists the paths whose bytes were asked for."""

    def __init__(self, entries: dict[str, bytes], name: str = "streets") -> None:
        self.entries = entries
        self.name = name
        self.read: list[str] = []

    def has(self, path: str) -> bool:
        return path in self.entries

    def data(self, path: str) -> memoryview | None:
        self.read.append(path)
        return memoryview(self.entries[path]) if path in self.entries else None


class SampleEdge(NamedTuple):
    """One directed edge; `shape` is an index into `Sample.shapes`, -1 for a straight line."""

    source: int
    target: int
    decimetres: int = 1000
    speed: int = 50
    shape: int = -1
    name: int = 0
    access: int = 0


@dataclass
class Sample:
    """A small road graph; `edges` ascend by source, `shapes` are interior points in travel direction."""

    positions: list[Position]
    edges: list[SampleEdge]
    shapes: list[Sequence[Position]] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: [""])


def sample_of(graph: RoadGraph) -> Sample:
    """Return a graph that was read (a whole one) as a sample, its shapes and names with their numbers."""
    # Cells are read into a table that does not say how many geometries it has; those past the last used are lost.
    used = graph.shape[graph.shape != NO_SHAPE].tolist()
    count = len(graph.shapes) if isinstance(graph.shapes, ShapeTable) else max(used, default=-1) + 1
    shapes = [np.rint(graph.shapes.points(i) * E7).astype(int).tolist() for i in range(count)]
    sources = np.repeat(np.arange(graph.node_count), np.diff(graph.first))
    access = np.zeros(graph.edge_count, int) if graph.access is None else graph.access
    shape = np.where(graph.shape == NO_SHAPE, -1, graph.shape.astype(int))
    columns = (sources, graph.target, graph.decimetres, graph.speed, shape, graph.name, access)
    return Sample(
        positions=list(zip(graph.lat.tolist(), graph.lon.tolist(), strict=True)),
        edges=[SampleEdge(*row) for row in zip(*(column.tolist() for column in columns), strict=True)],
        shapes=[[(lat, lon) for lat, lon in shape] for shape in shapes],
        names=[graph.names.text(i) for i in range(int(graph.name.max(initial=0)) + 1)],
    )


def shape_bytes(points: Sequence[Position]) -> bytes:
    """Encode one geometry (2.4)."""
    if not points:
        return b""
    encoded = bytearray(struct.pack("<ii", points[0][1], points[0][0]))
    for before, after in pairwise(points):
        for delta in (after[1] - before[1], after[0] - before[0]):
            value = (delta << 1) ^ (delta >> 31)
            while value > 0x7F:
                encoded.append(value & 0x7F | 0x80)
                value >>= 7
            encoded.append(value)
    return bytes(encoded)


def szrg(sample: Sample, version: int) -> bytes:
    """Write `graph.bin` in version 2 to 5 (2.2)."""
    shapes = [shape_bytes(points) for points in sample.shapes]
    blob = _padded(shapes) if version < 5 else b""
    names = [name.encode() for name in sample.names]
    counts = (len(sample.positions), len(sample.edges), len(shapes), len(blob), len(names), sum(map(len, names)))
    return b"".join(
        [
            b"SZRG",
            _words([version, *counts]),
            _nodes(sample.positions),
            _words(_rows(sample.edges, range(len(sample.positions)))),
            b"".join(_edge(edge, version, edge.target, edge.shape) for edge in sample.edges),
            _words(_offsets(shapes)) + blob if version < 5 else b"",
            _words(_offsets(names)),
            *names,
        ]
    )


def szgm(sample: Sample, version: int = 1) -> bytes:
    """Write `graph-geoms.bin`, the companion of version 5 (2.5)."""
    shapes = [shape_bytes(points) for points in sample.shapes]
    blob = _padded(shapes)
    return b"SZGM" + _words([version, len(shapes), len(blob), *_offsets(shapes)]) + blob


def chunks(data: bytes, stem: str, size: int) -> dict[str, bytes]:
    """Cut a file into chunks of `size` bytes and write their manifest (2.6); `stem` is graph or graph-geoms."""
    parts = {f"{stem}-chunk-{at // size:04d}.bin": data[at : at + size] for at in range(0, len(data), size)}
    manifest = {
        "schema": 1,
        "total_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "chunks": [{"path": path, "bytes": len(part)} for path, part in parts.items()],
    }
    entries = {FOLDER + path: part for path, part in parts.items()}
    return {FOLDER + f"{stem}-chunk-manifest.json": json.dumps(manifest, separators=(",", ":")).encode(), **entries}


def cells(sample: Sample, version: int, scale: int, per_shard: int = 5_000_000) -> dict[str, bytes]:
    """Write the spatial layout (2.7): index of version 1 or 2, node shards of version 2, cells."""
    owned: dict[tuple[int, int], list[int]] = {}
    for node, (lat, lon) in enumerate(sample.positions):
        owned.setdefault((lat * scale // E7, lon * scale // E7), []).append(node)
    starts = _rows(sample.edges, range(len(sample.positions)))
    encoded = [shape_bytes(points) for points in sample.shapes]
    entries: dict[str, bytes] = {}
    table: list[bytes] = []
    for number, (key, nodes) in enumerate(sorted(owned.items())):
        edges = [edge for node in nodes for edge in sample.edges[starts[node] : starts[node + 1]]]
        local = {shape: at for at, shape in enumerate(dict.fromkeys(e.shape for e in edges if e.shape >= 0))}
        shapes = [encoded[shape] for shape in local]
        counts = (len(nodes), len(edges), len(shapes))
        table.append(struct.pack("<iiIII", *key, *counts))
        entries[FOLDER + f"graph-cell-{number:05d}.bin"] = b"".join(
            [
                b"SZRC",
                _words([1, number, *counts, sum(map(len, shapes)), *nodes, *_rows(edges, nodes)]),
                *(_edge(edge, 4, edge.target, local.get(edge.shape, -1)) for edge in edges),
                _words(_offsets(shapes)),
                *shapes,
            ]
        )
    names = [name.encode() for name in sample.names]
    totals = (len(sample.positions), len(sample.edges), len(names), sum(map(len, names)), len(table), scale)
    raw = _nodes(sample.positions)
    shards = [raw[at : at + 8 * per_shard] for at in range(0, len(raw), 8 * per_shard)] if version == 2 else []
    head = _words([len(shards), per_shard]) if version == 2 else raw
    entries |= {FOLDER + f"nodes-scaled-{number:03d}.bin": shard for number, shard in enumerate(shards)}
    index = [b"SZCI", _words([version, *totals]), head, *table, _words(_offsets(names)), *names]
    return entries | {FOLDER + "graph-cells-index.bin": b"".join(index)}


def json_graph(sample: Sample) -> bytes:
    """Write `graph.json` (2.1); names and classes are lost."""
    adjacent: list[list[list[float]]] = [[] for _ in sample.positions]
    for edge in sample.edges:
        adjacent[edge.source].append([edge.target, edge.decimetres / 10, edge.speed, edge.shape])
    nodes = [value / E7 for position in sample.positions for value in position]
    shapes = [[[lon / E7, lat / E7] for lat, lon in shape] for shape in sample.shapes]
    return json.dumps({"nodes": nodes, "adj": adjacent, "geom": shapes}).encode()


def layouts(sample: Sample) -> dict[str, MemoryEntries]:
    """Write a sample in every layout, by the name that a reader gives it."""
    graph, companion = FOLDER + "graph.bin", {FOLDER + "graph-geoms.bin": szgm(sample)}
    return {
        "JSON": MemoryEntries({FOLDER + "graph.json": json_graph(sample)}),
        **{f"SZRG {version}": MemoryEntries({graph: szrg(sample, version)}) for version in (2, 3, 4)},
        "SZRG 5": MemoryEntries({graph: szrg(sample, 5), **companion}),
        "SZRG 4 in chunks": MemoryEntries(chunks(szrg(sample, 4), "graph", 50)),
        "SZRG 5 in chunks": MemoryEntries(
            {**chunks(szrg(sample, 5), "graph", 64), **chunks(szgm(sample), "graph-geoms", 7)}
        ),
        "SZCI 1": MemoryEntries(cells(sample, 1, 10)),
        "SZCI 2": MemoryEntries(cells(sample, 2, 100, per_shard=2)),
    }


def _words(values: Iterable[int]) -> bytes:
    return np.array([*values], np.uint32).tobytes()


def _nodes(positions: Sequence[Position]) -> bytes:
    return np.array(positions, np.int32).tobytes()


def _offsets(parts: Sequence[bytes]) -> list[int]:
    return [*accumulate(map(len, parts), initial=0)]


def _rows(edges: Sequence[SampleEdge], nodes: Sequence[int]) -> list[int]:
    """Return where the edges of each node start, and where the last one's end."""
    return [*np.searchsorted([edge.source for edge in edges], nodes).tolist(), len(edges)]


def _padded(parts: Sequence[bytes]) -> bytes:
    blob = b"".join(parts)
    return blob + bytes(-len(blob) % 4)


def _edge(edge: SampleEdge, version: int, target: int, shape: int) -> bytes:
    if version == 2:
        return _words([target, edge.decimetres, edge.speed << 24 | shape & 0xFFFFFF, edge.name])
    words = [target, edge.speed << 24 | min(edge.decimetres, 0xFFFFFF), shape & NO_SHAPE, edge.name]
    return _words(words if version == 3 else [*words, edge.access])
