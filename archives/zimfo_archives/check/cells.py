"""Road graphs in cells: SZCI 1 and 2 with node shards, and SZRC (streetzim-format.md §2.7)."""

import numpy as np
import numpy.typing as npt

from zimfo_archives.check.entries import Entries
from zimfo_archives.check.geometry import Ints, check_names, check_offsets
from zimfo_archives.check.graph import (
    FOLDER,
    Counts,
    Nodes,
    check_csr,
    check_geometries,
    check_lengths,
    check_nodes,
    check_words,
)
from zimfo_archives.check.report import Findings
from zimfo_archives.map.graph import MAX_DECIMETRES
from zimfo_archives.map.shapes import E7

INDEX = f"{FOLDER}graph-cells-index.bin"
_HEADERS = {1: 32, 2: 40}
_CELL_HEADER = 28
_TABLE_BYTES = 20


def check_cells(entries: Entries, findings: Findings) -> Counts | None:
    """Check a graph in cells; returns what it has, None if it cannot be read."""
    data = entries.content(INDEX)
    if data is None:
        return None
    if len(data) < _HEADERS[2] or bytes(data[:4]) != b"SZCI":
        findings.error("header", INDEX, "is no index of cells: it does not begin with SZCI")
        return None
    version, n, e, m, nb, c = np.frombuffer(data, "<u4", 6, 4).tolist()
    scale = int(np.frombuffer(data, "<i4", 1, 28)[0])
    if version not in _HEADERS or scale < 1:
        findings.error("header", INDEX, f"has the unknown version {version}, or no scale: {scale}")
        return None
    position = _HEADERS[version]
    size = position + (8 * n if version == 1 else 0) + _TABLE_BYTES * c + 4 * (m + 1) + nb
    if len(data) != size:
        findings.error("header", INDEX, f"has {len(data):,} bytes; what its header counts takes {size:,}")
        return None
    if version == 1:
        nodes: Nodes | None = np.frombuffer(data, "<i4", 2 * n, position).reshape(-1, 2)
        position += 8 * n
    else:
        shards, share = np.frombuffer(data, "<u4", 2, 32).tolist()
        nodes = _sharded(entries, n, shards, share, findings)
    table = np.frombuffer(data, "<i4", 5 * c, position).reshape(-1, 5)
    position += _TABLE_BYTES * c
    name_offsets = np.frombuffer(data, "<u4", m + 1, position).astype(np.int64)
    names = bytes(data[position + 4 * (m + 1) :])
    if check_offsets(name_offsets, nb, 0, "names", INDEX, findings):
        check_names(name_offsets, names, INDEX, findings)
    if nodes is None:
        return None
    return Counts(n, e, _check_table(entries, table, nodes, (n, e, m, scale), findings))


def _sharded(entries: Entries, nodes: int, shards: int, share: int, findings: Findings) -> Nodes | None:
    if share < 1 or shards != -(-nodes // share):
        findings.error("header", INDEX, f"has {shards:,} shards of {share:,} for {nodes:,} nodes")
        return None
    parts = []
    for number in range(shards):
        path = f"{FOLDER}nodes-scaled-{number:03}.bin"
        part = entries.content(path)
        expected = 8 * min(share, nodes - number * share)
        if part is None:
            return None
        if len(part) != expected:
            findings.error("shards", path, f"has {len(part):,} bytes instead of {expected:,}")
            return None
        parts.append(np.frombuffer(part, "<i4").reshape(-1, 2))
    return np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.int32)


def _check_table(
    entries: Entries, table: npt.NDArray[np.int32], nodes: Nodes, limits: tuple[int, int, int, int], findings: Findings
) -> int:
    """Check the cells that the table lists; returns the number of their geometries."""
    n, e, m, scale = limits
    keys = table[:, :2].astype(np.int64)
    order = keys[:, 0] * (1 << 32) + keys[:, 1]
    if (np.diff(order) <= 0).any():
        findings.error("cells", INDEX, "the cells are not in ascending order")
    counts = table[:, 2:].copy().view(np.uint32).astype(np.int64)
    if counts[:, 0].sum() != n or counts[:, 1].sum() != e:
        findings.error(
            "cells", INDEX, f"the cells have {counts[:, :2].sum(axis=0).tolist()} nodes and edges of {[n, e]}"
        )
    owned = np.zeros(n, dtype=np.int8)
    degrees = np.zeros(n, dtype=np.int64)
    errors = findings.errors
    for number, (key, told) in enumerate(zip(keys, counts.tolist(), strict=True)):
        cell = _check_cell(entries, number, told, nodes, m, findings)
        if cell is None:
            continue
        ids, leaving = cell
        owned[ids] += 1
        degrees[ids] += leaving
        away = (nodes[ids].astype(np.int64) * scale // E7 != key).any(axis=1)
        if away.any():
            path = f"{FOLDER}graph-cell-{number:05}.bin"
            findings.error("cells", path, f"{int(away.sum()):,} nodes lie in another cell")
    # What a cell with an error owns is not known.
    if findings.errors == errors and (owned != 1).any():
        findings.error("cells", INDEX, f"{int((owned != 1).sum()):,} nodes are not in exactly one cell")
    check_nodes(nodes, degrees, INDEX, findings)
    return int(counts[:, 2].sum())


def _check_cell(
    entries: Entries, number: int, told: list[int], nodes: Nodes, names: int, findings: Findings
) -> tuple[Ints, Ints] | None:
    """Check a cell; returns the ids of its nodes and the numbers of their edges, None if it cannot be read."""
    path = f"{FOLDER}graph-cell-{number:05}.bin"
    data = entries.content(path)
    if data is None:
        return None
    if len(data) < _CELL_HEADER or bytes(data[:4]) != b"SZRC":
        findings.error("header", path, "does not begin with SZRC")
        return None
    version, own, n, e, g, gb = np.frombuffer(data, "<u4", 6, 4).tolist()
    if version != 1 or own != number or [n, e, g] != told:
        findings.error("header", path, f"is version {version} of cell {own} with {[n, e, g]}; the index says {told}")
        return None
    size = _CELL_HEADER + 4 * n + 4 * (n + 1) + 20 * e + 4 * (g + 1) + gb
    if len(data) != size:
        findings.error("header", path, f"has {len(data):,} bytes; what its header counts takes {size:,}")
        return None
    words = np.frombuffer(data, "<u4", (size - gb - _CELL_HEADER) // 4, _CELL_HEADER)
    ids, first = words[:n].astype(np.int64), words[n : 2 * n + 1].astype(np.int64)
    edges = words[2 * n + 1 : 2 * n + 1 + 5 * e].reshape(-1, 5)
    offsets = words[2 * n + 1 + 5 * e :].astype(np.int64)
    if n and ((np.diff(ids) <= 0).any() or ids[-1] >= len(nodes)):
        findings.error("cells", path, "its nodes are not in ascending order, or not all in the index")
        return None
    check_geometries(offsets, np.frombuffer(data, "u1", gb, size - gb), 0, path, findings)
    if not check_csr(first, e, path, findings):
        return None
    leaving = np.diff(first)
    check_words(edges, (len(nodes), g, names), path, findings)
    targets = edges[:, 0].astype(np.int64)
    if e and targets.max() < len(nodes):
        sources = np.repeat(ids, leaving)
        check_lengths(nodes[sources], nodes[targets], (edges[:, 1] & MAX_DECIMETRES) / 10, path, findings)
    return ids, leaving
