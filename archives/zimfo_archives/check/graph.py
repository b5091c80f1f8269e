"""Road graphs in one file: JSON, SZRG 2 to 5 with its companion, and byte-range chunks (streetzim-format.md §2)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zimfo_archives.check.entries import Entries, is_count, is_number
from zimfo_archives.check.geometry import Bytes, Ints, check_lines, check_names, check_offsets
from zimfo_archives.check.report import Findings
from zimfo_archives.map.graph import EARTH_RADIUS_M, MAX_DECIMETRES, NO_GEOMETRY
from zimfo_archives.map.shapes import E7

FOLDER = "routing-data/"
GRAPH, GEOMETRIES = f"{FOLDER}graph.bin", f"{FOLDER}graph-geoms.bin"
GRAPH_CHUNKS = f"{FOLDER}graph-chunk-manifest.json"
GEOMETRY_CHUNKS = f"{FOLDER}graph-geoms-chunk-manifest.json"
JSON_GRAPH = f"{FOLDER}graph.json"

_HEADER = 32
_MAX_CLASS = 20
_USED_BITS = 0x1FF
_NO_GEOMETRY_24 = 0xFFFFFF
# Old files have positions of six decimals, and all have lengths of one: what is shorter than the straight line by more
# than this was not rounded.
_ROUNDED_M, _ROUNDED_SHARE = 1.0, 0.001
# Edges are checked so many at a time: some 500 MB.
_BATCH = 2_000_000

Words = npt.NDArray[np.uint32]
Nodes = npt.NDArray[np.integer[Any]]  # (n, 2) latitude, longitude in E7


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of what a graph has."""

    nodes: int = 0
    edges: int = 0
    geometries: int = 0


def check_single(entries: Entries, findings: Findings) -> tuple[Counts, list[str]]:
    """Check all graphs that are one file, or the chunks of one; returns the counts, and the layouts that are there."""
    counts = Counts()
    layouts: list[str] = []
    whole: memoryview | bytes | None = None
    if entries.has(GRAPH):
        layouts.append("single")
        whole = entries.content(GRAPH)
    if entries.has(GRAPH_CHUNKS):
        layouts.append("chunked")
        joined = _joined(entries, GRAPH_CHUNKS, findings)
        if whole is not None and joined is not None and bytes(whole) != joined:
            findings.error("chunks", GRAPH_CHUNKS, "the chunks together are not graph.bin")
        whole = whole if whole is not None else joined
    if whole is not None:
        counts = _check_szrg(entries, whole, findings, layouts)
    if entries.has(JSON_GRAPH):
        layouts.append("json")
        counts = _check_json(entries, findings)
    return counts, layouts


def _check_szrg(entries: Entries, data: memoryview | bytes, findings: Findings, layouts: list[str]) -> Counts:
    where = GRAPH if entries.has(GRAPH) else GRAPH_CHUNKS
    if len(data) < _HEADER or bytes(data[:4]) != b"SZRG":
        findings.error("header", where, "is no road graph: it does not begin with SZRG")
        return Counts()
    version, n, e, g, gb, m, nb = np.frombuffer(data, "<u4", 7, 4).tolist()
    if version not in (2, 3, 4, 5):
        findings.error("header", where, f"has the unknown version {version}")
        return Counts()
    stride = 5 if version >= 4 else 4
    inline = version < 5
    size = _HEADER + 8 * n + 4 * (n + 1) + 4 * stride * e + (4 * (g + 1) + gb if inline else 0) + 4 * (m + 1) + nb
    if len(data) != size:
        findings.error("header", where, f"has {len(data):,} bytes; what its header counts takes {size:,}")
        return Counts()
    if not inline and gb:
        findings.error("header", where, f"counts {gb:,} bytes of geometries, which version 5 keeps elsewhere")
    reader = _Reader(data)
    nodes = reader.take("<i4", 2 * n).reshape(-1, 2)
    first = reader.take("<u4", n + 1).astype(np.int64)
    edges = reader.take("<u4", stride * e).reshape(-1, stride)
    if inline:
        check_geometries(reader.take("<u4", g + 1).astype(np.int64), reader.take("u1", gb), 3, where, findings)
    name_offsets = reader.take("<u4", m + 1).astype(np.int64)
    names = bytes(reader.take("u1", nb))
    if check_offsets(name_offsets, nb, 0, "names", where, findings):
        check_names(name_offsets, names, where, findings)
    check_nodes(nodes, where, findings)
    if check_csr(first, e, where, findings):
        _check_edges(edges, first, nodes, (n, g, m), version, where, findings)
    if not inline:
        layouts.append("split")
        _check_companion(entries, g, findings)
    return Counts(n, e, g)


class _Reader:
    def __init__(self, data: memoryview | bytes) -> None:
        self._data = data
        self._position = _HEADER

    def take(self, kind: str, count: int) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = np.frombuffer(self._data, kind, count, self._position)
        self._position += values.nbytes
        return values


def check_geometries(offsets: Ints, blob: Bytes, slack: int, where: str, findings: Findings) -> None:
    """Check the geometries of a file; `slack` bytes of the blob's end may be padding."""
    if check_offsets(offsets, len(blob), slack, "geometries", where, findings):
        check_lines(offsets, blob, where, findings)


def check_nodes(nodes: Nodes, where: str, findings: Findings) -> None:
    """Check that nodes lie on the earth."""
    positions = nodes.astype(np.int64)
    outside = (np.abs(positions) > np.array([90 * E7, 180 * E7])).any(axis=1)
    if outside.any():
        lat, lon = positions[np.argmax(outside)] / E7
        findings.error("nodes", where, f"node {int(np.argmax(outside)):,} lies at {lat:.5f}, {lon:.5f}")
    nowhere = (positions == 0).all(axis=1)
    if nowhere.any():
        findings.warning("dead nodes", where, f"{int(nowhere.sum()):,} nodes lie at 0, 0")


def check_csr(first: Ints, edges: int, where: str, findings: Findings) -> bool:
    """Check where the edges of each node begin."""
    if first[0] != 0 or first[-1] != edges or (np.diff(first) < 0).any():
        findings.error("edges", where, f"the edges of the nodes do not run from 0 in order to {edges:,}")
        return False
    return True


def check_words(words: Words, limits: tuple[int, int, int], where: str, findings: Findings) -> None:
    """Check the words of edges of version 4: targets, geometries and names within limits, speeds, classes."""
    nodes, geometries, names = limits
    for column, limit, what in ((0, nodes, "node"), (3, names, "name")):
        values = words[:, column]
        if len(values) and (worst := int(values.max())) >= limit:
            findings.error("edges", where, f"an edge names {what} {worst:,} of {limit:,}")
    shaped = words[:, 2][words[:, 2] != NO_GEOMETRY]
    if len(shaped) and (worst := int(shaped.max())) >= geometries:
        findings.error("edges", where, f"an edge names geometry {worst:,} of {geometries:,}")
    still = (words[:, 1] >> 24) == 0
    if still.any():
        findings.error("edges", where, f"{int(still.sum()):,} edges have no speed")
    classes = words[:, 4]
    if len(classes) and int((classes & 0x1F).max()) > _MAX_CLASS:
        findings.warning("classes", where, f"an edge is of the unknown class {int((classes & 0x1F).max())}")
    if len(classes) and (classes & ~np.uint32(_USED_BITS)).any():
        findings.warning("classes", where, "an edge has bits that are reserved")


def _check_edges(
    edges: Words,
    first: Ints,
    nodes: Nodes,
    limits: tuple[int, int, int],
    version: int,
    where: str,
    findings: Findings,
) -> None:
    sources = np.repeat(np.arange(len(nodes)), np.diff(first))
    for begin in range(0, len(edges), _BATCH):
        words, metres = _as_version_4(edges[begin : begin + _BATCH], version)
        check_words(words, limits, where, findings)
        targets = words[:, 0].astype(np.int64)
        if len(targets) and targets.max() < len(nodes):
            check_lengths(nodes[sources[begin : begin + _BATCH]], nodes[targets], metres, where, findings)


def _as_version_4(edges: Words, version: int) -> tuple[Words, npt.NDArray[np.float64]]:
    """Return the edges in the words of version 4, and their lengths in metres."""
    if version >= 4:
        return edges, (edges[:, 1] & MAX_DECIMETRES) / 10
    words = np.zeros((len(edges), 5), dtype=np.uint32)
    words[:, 0], words[:, 3] = edges[:, 0], edges[:, 3]
    if version == 3:
        words[:, 1:3] = edges[:, 1:3]
        return words, (edges[:, 1] & MAX_DECIMETRES) / 10
    words[:, 1] = edges[:, 2] & 0xFF000000
    shape = edges[:, 2] & _NO_GEOMETRY_24
    words[:, 2] = np.where(shape == _NO_GEOMETRY_24, NO_GEOMETRY, shape)
    return words, edges[:, 1] / 10


def check_lengths(
    sources: Nodes,
    targets: Nodes,
    metres: npt.NDArray[np.float64],
    where: str,
    findings: Findings,
) -> None:
    """Check that edges are not shorter than the straight line between their ends."""
    one, other = np.radians(sources / E7), np.radians(targets / E7)
    half = np.sin((other - one) / 2) ** 2
    chord = half[:, 0] + np.cos(one[:, 0]) * np.cos(other[:, 0]) * half[:, 1]
    straight = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    clamped = metres >= MAX_DECIMETRES / 10
    short = (metres < straight * (1 - _ROUNDED_SHARE) - _ROUNDED_M) & ~clamped
    if short.any():
        worst = int(np.argmax(np.where(short, straight - metres, 0)))
        told = f"one has {metres[worst]:,.1f} m between nodes {straight[worst]:,.1f} m apart"
        findings.error("edges", where, f"{int(short.sum()):,} edges are shorter than a straight line: {told}")


def _check_companion(entries: Entries, geometries: int, findings: Findings) -> None:
    where = GEOMETRIES
    data: memoryview | bytes | None = None
    if entries.has(GEOMETRIES):
        data = entries.content(GEOMETRIES)
    if entries.has(GEOMETRY_CHUNKS):
        joined = _joined(entries, GEOMETRY_CHUNKS, findings)
        if data is not None and joined is not None and bytes(data) != joined:
            findings.error("chunks", GEOMETRY_CHUNKS, "the chunks together are not graph-geoms.bin")
        data, where = (data, where) if data is not None else (joined, GEOMETRY_CHUNKS)
    if data is None:
        if geometries:
            findings.error("missing entries", GEOMETRIES, "is missing: all roads are straight lines")
        return
    if len(data) < 16 or bytes(data[:4]) != b"SZGM":
        findings.error("header", where, "does not begin with SZGM")
        return
    version, g, gb = np.frombuffer(data, "<u4", 3, 4).tolist()
    if version != 1 or g != geometries:
        findings.error("header", where, f"is version {version} with {g:,} geometries; the graph has {geometries:,}")
        return
    if len(data) != 16 + 4 * (g + 1) + gb:
        findings.error("header", where, f"has {len(data):,} bytes; what its header counts takes another number")
        return
    offsets = np.frombuffer(data, "<u4", g + 1, 16).astype(np.int64)
    check_geometries(offsets, np.frombuffer(data, "u1", gb, 16 + 4 * (g + 1)), 3, where, findings)


def _joined(entries: Entries, path: str, findings: Findings) -> bytes | None:
    """Return the content of all chunks of a manifest, None if they are not what it says."""
    manifest = entries.object(path)
    if manifest is None:
        return None
    if manifest.get("schema") != 1:
        findings.error("chunks", path, f"has the unknown schema {manifest.get('schema')}")
        return None
    chunks = manifest.get("chunks")
    if not isinstance(chunks, list) or not all(
        isinstance(chunk, dict) and isinstance(chunk.get("path"), str) and is_count(chunk.get("bytes"))
        for chunk in chunks
    ):
        findings.error("chunks", path, "does not list chunks with their paths and bytes")
        return None
    parts = []
    for part in _parts(entries, chunks, findings):
        if part is None:
            return None
        parts.append(part)
    joined = b"".join(parts)
    if len(joined) != manifest.get("total_bytes"):
        findings.error("chunks", path, f"total_bytes is {manifest.get('total_bytes')}; the chunks have {len(joined):,}")
        return None
    digest = manifest.get("sha256")
    if digest is not None and hashlib.sha256(joined).hexdigest() != digest:
        findings.error("chunks", path, "the chunks do not have the sum that sha256 says")
    return joined


def _parts(entries: Entries, chunks: list[dict[str, Any]], findings: Findings) -> Iterator[memoryview | None]:
    for chunk in chunks:
        part = entries.content(f"{FOLDER}{chunk['path']}")
        if part is not None and len(part) != chunk["bytes"]:
            told = f"has {len(part):,} bytes; the manifest says {chunk['bytes']:,}"
            findings.error("chunks", f"{FOLDER}{chunk['path']}", told)
            part = None
        yield part


def _check_json(entries: Entries, findings: Findings) -> Counts:
    graph = entries.object(JSON_GRAPH)
    if graph is None:
        return Counts()
    flat, adjacency, lines = (graph.get(key) for key in ("nodes", "adj", "geom"))
    if not isinstance(flat, list) or not isinstance(adjacency, list) or not isinstance(lines, list):
        findings.error("graph.json", JSON_GRAPH, "has no nodes, adj and geom")
        return Counts()
    if len(flat) != 2 * len(adjacency) or not all(map(is_number, flat)):
        findings.error("graph.json", JSON_GRAPH, f"has {len(flat):,} coordinates for {len(adjacency):,} nodes")
        return Counts()
    edges = [
        (node, edge) for node, found in enumerate(adjacency) for edge in (found if isinstance(found, list) else ())
    ]
    if not all(isinstance(e, list) and len(e) == 4 and all(map(is_number, e)) for _, e in edges):
        findings.error("graph.json", JSON_GRAPH, "an edge is not [target, metres, km/h, geometry]")
        return Counts()
    for number, line in enumerate(lines):
        if not isinstance(line, list) or not all(_is_position(point) for point in line):
            findings.error("geometries", JSON_GRAPH, f"geometry {number:,} is no line")
    degrees = np.array(flat, dtype=np.float64).reshape(-1, 2)
    nodes: Nodes = np.rint(np.clip(degrees, -1e9, 1e9) * E7).astype(np.int64)
    check_nodes(nodes, JSON_GRAPH, findings)
    table = np.array([edge for _, edge in edges], dtype=np.float64).reshape(-1, 4)
    if ((table[:, 0] < 0) | (table[:, 0] >= len(adjacency))).any() or (table[:, 3] >= len(lines)).any():
        findings.error("edges", JSON_GRAPH, "an edge names a node or a geometry that is not there")
    else:
        sources = nodes[[node for node, _ in edges]] if edges else nodes[:0]
        check_lengths(sources, nodes[table[:, 0].astype(np.int64)], table[:, 1], JSON_GRAPH, findings)
    if (table[:, 2] <= 0).any():
        findings.error("edges", JSON_GRAPH, f"{int((table[:, 2] <= 0).sum()):,} edges have no speed")
    return Counts(len(adjacency), len(edges), len(lines))


def _is_position(point: object) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(map(is_number, point))
        and abs(point[0]) <= 180
        and abs(point[1]) <= 90
    )
