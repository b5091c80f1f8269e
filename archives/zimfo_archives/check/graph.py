"""Road graphs in one file: SZRG 2 to 5 with its companion, and byte-range chunks (streetzim-format.md §2)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zimfo_archives.check.entries import MAX_BINARY_BYTES, Entries, is_count
from zimfo_archives.check.geometry import Bytes, Ints, check_lines, check_names, check_offsets
from zimfo_archives.check.report import Findings, shown
from zimfo_archives.map.graph import EARTH_RADIUS_M, MAX_DECIMETRES, NO_GEOMETRY
from zimfo_archives.map.shapes import E7

FOLDER = "routing-data/"
GRAPH, GEOMETRIES = f"{FOLDER}graph.bin", f"{FOLDER}graph-geoms.bin"
GRAPH_CHUNKS = f"{FOLDER}graph-chunk-manifest.json"
GEOMETRY_CHUNKS = f"{FOLDER}graph-geoms-chunk-manifest.json"

_HEADER = 32
_MAX_CLASS = 20
_USED_BITS = 0x1FF
_NO_GEOMETRY_24 = 0xFFFFFF
_SPLIT_VERSION = 5  # keeps its geometries in a file of their own
# A road without a junction may lead around a lake and back; one longer than this and than so many times the straight
# line leads nowhere.
_ABSURD_M, _ABSURD_SHARE = 100_000.0, 100.0
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


def check_single(entries: Entries, findings: Findings) -> dict[str, Counts | None]:
    """Check a graph that is one binary file, or the chunks of one.

    Returns the layouts that are there with what they have, None for what cannot be read. Chunks beside a whole file,
    and a companion, have the counts of the graph.
    """
    layouts: dict[str, Counts | None] = {}
    whole: memoryview | bytes | None = None
    where = GRAPH
    if entries.has(GRAPH):
        layouts["single"] = None
        whole = entries.content(GRAPH)
    if entries.has(GRAPH_CHUNKS):
        layouts["chunked"] = None
        joined = _joined(entries, GRAPH_CHUNKS, findings)
        if whole is not None and joined is not None and not _same(whole, joined):
            findings.error("chunks", GRAPH_CHUNKS, "the chunks together are not graph.bin")
        if whole is None and "single" not in layouts:
            whole, where = joined, GRAPH_CHUNKS
    if whole is not None:
        counts, version = _check_szrg(whole, where, findings)
        layouts = dict.fromkeys(layouts, counts)
        if counts is not None and version == _SPLIT_VERSION:
            layouts["split"] = counts
            _check_companion(entries, counts.geometries, findings)
    return layouts


def _check_szrg(data: memoryview | bytes, where: str, findings: Findings) -> tuple[Counts | None, int]:
    """Check a graph; returns what it has, None if it cannot be read, and its version."""
    if len(data) < _HEADER or bytes(data[:4]) != b"SZRG":
        findings.error("header", where, "is no road graph: it does not begin with SZRG")
        return None, 0
    version, n, e, g, gb, m, nb = np.frombuffer(data, "<u4", 7, 4).tolist()
    if version not in (2, 3, 4, 5):
        findings.error("header", where, f"has the unknown version {version}")
        return None, 0
    stride = 5 if version >= 4 else 4
    inline = version < _SPLIT_VERSION
    size = _HEADER + 8 * n + 4 * (n + 1) + 4 * stride * e + (4 * (g + 1) + gb if inline else 0) + 4 * (m + 1) + nb
    if len(data) != size:
        findings.error("header", where, f"has {len(data):,} bytes; what its header counts takes {size:,}")
        return None, 0
    if not inline and gb:
        findings.error("header", where, f"counts {gb:,} bytes of geometries, which version 5 keeps elsewhere")
    if gb % 4:
        findings.error("header", where, f"the geometries have {gb:,} bytes: they are not padded to a multiple of 4")
    if version == 2 and g > _NO_GEOMETRY_24:
        findings.warning("geometries", where, f"has {g:,} geometries, more than version 2 can tell apart")
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
    if check_csr(first, e, where, findings):
        check_nodes(nodes, np.diff(first), where, findings)
        _check_edges(edges, first, nodes, (n, g, m), version, where, findings)
    return Counts(n, e, g), version


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


def check_nodes(nodes: Nodes, degrees: Ints, where: str, findings: Findings) -> None:
    """Check that nodes lie on the earth; `degrees` is the number of the edges that leave each of them."""
    outside = np.zeros(len(nodes), dtype=bool)
    for axis, limit in ((0, 90 * E7), (1, 180 * E7)):
        outside |= (nodes[:, axis] > limit) | (nodes[:, axis] < -limit)
    if outside.any():
        first = int(np.argmax(outside))
        lat, lon = nodes[first] / E7
        findings.error("nodes", where, f"node {first:,} lies at {lat:.5f}, {lon:.5f}")
    nowhere = (nodes[:, 0] == 0) & (nodes[:, 1] == 0) & (degrees == 0)
    if nowhere.any():
        findings.warning("dead nodes", where, f"{int(nowhere.sum()):,} nodes without edges lie at 0, 0")


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
            findings.error(f"{what}s of edges", where, f"an edge names {what} {worst:,} of {limit:,}")
    shaped = words[:, 2][words[:, 2] != NO_GEOMETRY]
    if len(shaped) and (worst := int(shaped.max())) >= geometries:
        findings.error("geometries of edges", where, f"an edge names geometry {worst:,} of {geometries:,}")
    still = (words[:, 1] >> 24) == 0
    if still.any():
        findings.error("speeds", where, f"{int(still.sum()):,} edges have no speed")
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
    """Check that edges are not shorter than the straight line between their ends, nor far longer than any road."""
    one, other = np.radians(sources / E7), np.radians(targets / E7)
    half = np.sin((other - one) / 2) ** 2
    chord = half[:, 0] + np.cos(one[:, 0]) * np.cos(other[:, 0]) * half[:, 1]
    straight = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    clamped = metres >= MAX_DECIMETRES / 10
    short = (metres < straight * (1 - _ROUNDED_SHARE) - _ROUNDED_M) & ~clamped
    if short.any():
        worst = int(np.argmax(np.where(short, straight - metres, 0)))
        told = f"one has {metres[worst]:,.1f} m between nodes {straight[worst]:,.1f} m apart"
        findings.error("short edges", where, f"{int(short.sum()):,} edges are shorter than a straight line: {told}")
    absurd = metres > straight * _ABSURD_SHARE + _ABSURD_M
    if absurd.any():
        worst = int(np.argmax(absurd))
        told = f"one has {metres[worst] / 1000:,.0f} km between nodes {straight[worst]:,.1f} m apart"
        findings.error("long edges", where, f"{int(absurd.sum()):,} edges are longer than any road: {told}")


def _check_companion(entries: Entries, geometries: int, findings: Findings) -> None:
    where = GEOMETRIES
    data: memoryview | bytes | None = None
    if entries.has(GEOMETRIES):
        data = entries.content(GEOMETRIES)
    if entries.has(GEOMETRY_CHUNKS):
        joined = _joined(entries, GEOMETRY_CHUNKS, findings)
        if data is not None and joined is not None and not _same(data, joined):
            findings.error("chunks", GEOMETRY_CHUNKS, "the chunks together are not graph-geoms.bin")
        data, where = (data, where) if data is not None else (joined, GEOMETRY_CHUNKS)
    if data is None:
        if geometries and not (entries.has(GEOMETRIES) or entries.has(GEOMETRY_CHUNKS)):
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


def _same(one: memoryview | bytes, other: memoryview | bytes) -> bool:
    # Views of other formats than bytes never equal bytes.
    return bool(np.array_equal(np.frombuffer(one, np.uint8), np.frombuffer(other, np.uint8)))


def _joined(entries: Entries, path: str, findings: Findings) -> bytes | None:
    """Return the content of all chunks of a manifest, None if they are not what it says."""
    manifest = entries.object(path)
    if manifest is None:
        return None
    if manifest.get("schema") != 1:
        findings.error("chunks", path, f"has the unknown schema {shown(manifest.get('schema'))}")
        return None
    chunks = manifest.get("chunks")
    if not isinstance(chunks, list) or not all(
        isinstance(chunk, dict) and isinstance(chunk.get("path"), str) and is_count(chunk.get("bytes"))
        for chunk in chunks
    ):
        findings.error("chunks", path, "does not list chunks with their paths and bytes")
        return None
    told = sum(chunk["bytes"] for chunk in chunks)
    total = manifest.get("total_bytes")
    if told != total or told > MAX_BINARY_BYTES:
        told_total = f"total_bytes is {shown(total)}; its chunks have {shown(told)}, of at most {MAX_BINARY_BYTES:,}"
        findings.error("chunks", path, told_total)
        return None
    parts = []
    for part in _parts(entries, chunks, findings):
        if part is None:
            return None
        parts.append(part)
    joined = b"".join(parts)
    digest = manifest.get("sha256")
    if digest is not None and hashlib.sha256(joined).hexdigest() != digest:
        findings.error("chunks", path, "the chunks do not have the sum that sha256 says")
    return joined


def _parts(entries: Entries, chunks: list[dict[str, Any]], findings: Findings) -> Iterator[memoryview | None]:
    for chunk in chunks:
        part = entries.content(f"{FOLDER}{chunk['path']}")
        if part is not None and len(part) != chunk["bytes"]:
            told = f"has {len(part):,} bytes; the manifest says {shown(chunk['bytes'])}"
            findings.error("chunks", f"{FOLDER}{chunk['path']}", told)
            part = None
        yield part
