"""The road graph as the entries of each layout that is in circulation (streetzim-format.md §2.2 to §2.7)."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from zimfo_archives.job import Entry
from zimfo_archives.map.graph import GEOMETRY, NO_GEOMETRY, Graph
from zimfo_archives.map.shapes import E7

Layout = Literal["single", "split", "chunked", "cells"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

# Readers take 256 chunks at most: with these, up to the 4 GiB that a graph can have.
CHUNK_BYTES = 16 * 1024 * 1024
# Cells of a tenth of a degree: a route across a city reads a few of some 10,000 nodes each.
CELL_SCALE = 10
# With so many nodes, 40 MB, an index that holds them all takes too long to read. The viewer and mcpzim know nothing of
# shards, so that smaller regions have none.
NODES_PER_SHARD = 5_000_000

_FOLDER = "routing-data"
_VERSION_INLINE, _VERSION_SPLIT = 4, 5

Ints = npt.NDArray[np.int64]


def graph_version(layout: Layout) -> int:
    """Return the version of SZRG that a layout has, or, for cells, is made from."""
    return _VERSION_SPLIT if layout == "split" else _VERSION_INLINE


def graph_entries(graph: Graph, layout: Layout) -> Iterator[Entry]:
    """Yield the entries of the graph."""
    yield from _WRITERS[layout](graph)


def encode_graph(graph: Graph) -> bytes:
    """Return the graph as SZRG v4, geometries and all."""
    return b"".join(_szrg(graph, _VERSION_INLINE))


def _single(graph: Graph) -> Iterator[Entry]:
    yield _binary("graph.bin", encode_graph(graph))


def _split(graph: Graph) -> Iterator[Entry]:
    yield _binary("graph.bin", b"".join(_szrg(graph, _VERSION_SPLIT)))
    shapes = _padded(graph.shapes)
    counts = _words([1, graph.geometries, len(shapes)])
    yield _binary("graph-geoms.bin", b"".join([b"SZGM", counts, _words(graph.starts), shapes]))


def _chunked(graph: Graph) -> Iterator[Entry]:
    # As in the original, the whole is there too: most readers know nothing else.
    whole = encode_graph(graph)
    yield _binary("graph.bin", whole)
    chunks = []
    for number, begin in enumerate(range(0, len(whole), CHUNK_BYTES)):
        chunk = whole[begin : begin + CHUNK_BYTES]
        chunks.append({"path": f"graph-chunk-{number:04}.bin", "bytes": len(chunk)})
        yield _binary(f"graph-chunk-{number:04}.bin", chunk)
    digest = hashlib.sha256(whole).hexdigest()
    manifest = {"schema": 1, "total_bytes": len(whole), "sha256": digest, "chunks": chunks}
    content = json.dumps(manifest, separators=(",", ":")).encode()
    yield _entry("graph-chunk-manifest.json", "application/json", content)


def _cells(graph: Graph) -> Iterator[Entry]:
    keys = graph.nodes.astype(np.int64) * CELL_SCALE // E7  # (N, 2); floor, also below zero
    cells, cell_of = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(cell_of.ravel(), kind="stable")  # ascending nodes within each cell
    bounds = np.concatenate([[0], np.cumsum(np.bincount(cell_of.ravel(), minlength=len(cells)))]).tolist()
    table = []
    for number, (begin, end) in enumerate(pairwise(bounds)):
        nodes = order[begin:end]
        content, counts = _cell(graph, number, nodes)
        table.append([*cells[number].tolist(), *counts])
        yield _binary(f"graph-cell-{number:05}.bin", content)
    yield from _cell_index(graph, np.array(table, dtype=np.int64).reshape(-1, 5))


def _cell(graph: Graph, number: int, nodes: Ints) -> tuple[bytes, tuple[int, int, int]]:
    first = graph.first.astype(np.int64)
    degrees = first[nodes + 1] - first[nodes]
    offsets = np.concatenate([[0], np.cumsum(degrees)])
    rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - first[nodes], degrees)
    edges = graph.edges[rows]
    shaped = edges[:, GEOMETRY] != NO_GEOMETRY
    # Geometries are numbered as they are met.
    used, met, inverse = np.unique(edges[shaped, GEOMETRY], return_index=True, return_inverse=True)
    by_meeting = np.argsort(met, kind="stable")
    rank = np.empty(len(used), dtype=np.int64)
    rank[by_meeting] = np.arange(len(used))
    edges[shaped, GEOMETRY] = rank[inverse]
    starts = graph.starts.tolist()
    shapes = [graph.shapes[starts[shape] : starts[shape + 1]] for shape in used[by_meeting].tolist()]
    sizes = np.concatenate([[0], np.cumsum([len(shape) for shape in shapes])])
    parts = [
        b"SZRC",
        _words([1, number, len(nodes), len(edges), len(shapes), int(sizes[-1])]),
        _words(nodes),
        _words(offsets),
        _words(edges),
        _words(sizes),
        *shapes,
    ]
    return b"".join(parts), (len(nodes), len(edges), len(shapes))


def _cell_index(graph: Graph, table: Ints) -> Iterator[Entry]:
    sharded = len(graph.nodes) > NODES_PER_SHARD
    names, name_bytes = _names(graph)
    counts = [len(graph.nodes), len(graph.edges), len(graph.names), name_bytes, len(table), CELL_SCALE]
    nodes = graph.nodes.astype("<i4")
    shards = [nodes[begin : begin + NODES_PER_SHARD] for begin in range(0, len(nodes), NODES_PER_SHARD)]
    head = _words([2, *counts, len(shards), NODES_PER_SHARD]) if sharded else _words([1, *counts]) + nodes.tobytes()
    # Cells south or west of zero have negative keys.
    content = b"".join([b"SZCI", head, table.astype("<i4").tobytes(), *names])
    if sharded:
        for number, shard in enumerate(shards):
            yield _binary(f"nodes-scaled-{number:03}.bin", shard.tobytes())
    yield _binary("graph-cells-index.bin", content)


_WRITERS: dict[Layout, Callable[[Graph], Iterator[Entry]]] = {
    "single": _single,
    "split": _split,
    "chunked": _chunked,
    "cells": _cells,
}


def _szrg(graph: Graph, version: int) -> list[bytes]:
    inline = version == _VERSION_INLINE
    shapes = _padded(graph.shapes) if inline else b""
    names, name_bytes = _names(graph)
    counts = [version, len(graph.nodes), len(graph.edges), graph.geometries, len(shapes), len(graph.names), name_bytes]
    body = [graph.nodes.astype("<i4").tobytes(), _words(graph.first), _words(graph.edges)]
    geometries = [_words(graph.starts), shapes] if inline else []
    return [b"SZRG", _words(counts), *body, *geometries, *names]


def _names(graph: Graph) -> tuple[list[bytes], int]:
    """Return the sections of the names, and the bytes that the names have."""
    texts = [name.encode() for name in graph.names]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    return [_words(starts), *texts], int(starts[-1])


def _padded(shapes: bytes) -> bytes:
    return shapes + b"\0" * (-len(shapes) % 4)  # keeps the next section aligned


def _words(values: Sequence[int] | npt.NDArray[np.generic]) -> bytes:
    return np.asarray(values).astype("<u4").tobytes()


def _binary(name: str, content: bytes) -> Entry:
    return _entry(name, "application/octet-stream", content)


def _entry(name: str, mimetype: str, content: bytes) -> Entry:
    return Entry(f"{_FOLDER}/{name}", "", mimetype, content, front=False, indexed=False)
