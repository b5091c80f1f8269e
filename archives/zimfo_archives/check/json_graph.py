"""Road graphs of the first builds: one object of JSON (streetzim-format.md §2.1)."""

from typing import Any

import numpy as np

from zimfo_archives.check.entries import Entries, is_number, is_position
from zimfo_archives.check.graph import FOLDER, Counts, Nodes, check_lengths, check_nodes
from zimfo_archives.check.report import Findings
from zimfo_archives.map.shapes import E7

JSON_GRAPH = f"{FOLDER}graph.json"
# Larger coordinates are off the earth all the same, and would not fit into the numbers of the other layouts.
_MAX_DEGREES = 1e9


def check_json(entries: Entries, findings: Findings) -> Counts | None:
    """Check a graph of JSON; returns what it has, None if it cannot be read."""
    graph = entries.object(JSON_GRAPH)
    if graph is None:
        return None
    flat, adjacency, lines = (graph.get(key) for key in ("nodes", "adj", "geom"))
    if not isinstance(flat, list) or not isinstance(adjacency, list) or not isinstance(lines, list):
        findings.error("lists", JSON_GRAPH, "does not have the lists nodes, adj and geom")
        return None
    if len(flat) != 2 * len(adjacency) or not all(map(is_number, flat)):
        findings.error("nodes", JSON_GRAPH, f"has {len(flat):,} coordinates for {len(adjacency):,} nodes")
        return None
    if not all(isinstance(found, list) and all(map(_is_edge, found)) for found in adjacency):
        findings.error("edges", JSON_GRAPH, "an edge is not [target, metres, km/h, geometry]")
        return None
    for number, line in enumerate(lines):
        if not isinstance(line, list) or not all(map(is_position, line)):
            findings.error("geometries", JSON_GRAPH, f"geometry {number:,} is no list of positions on the earth")
    degrees = np.clip(np.array(flat, dtype=np.float64).reshape(-1, 2), -_MAX_DEGREES, _MAX_DEGREES)
    nodes: Nodes = np.rint(degrees * E7).astype(np.int64)
    check_nodes(nodes, np.array([len(found) for found in adjacency], dtype=np.int64), JSON_GRAPH, findings)
    table = np.array([edge for found in adjacency for edge in found], dtype=np.float64).reshape(-1, 4)
    _check_edges(table, adjacency, nodes, len(lines), findings)
    return Counts(len(adjacency), len(table), len(lines))


def _check_edges(table: Any, adjacency: list[Any], nodes: Nodes, lines: int, findings: Findings) -> None:
    targets, metres, speeds, shapes = table.T
    if (speeds <= 0).any():
        findings.error("speeds", JSON_GRAPH, f"{int((speeds <= 0).sum()):,} edges have no speed")
    if ((shapes < -1) | (shapes >= lines)).any():
        findings.error("geometries of edges", JSON_GRAPH, f"an edge names a geometry that is none of the {lines:,}")
    if ((targets < 0) | (targets >= len(nodes))).any():
        findings.error("targets of edges", JSON_GRAPH, f"an edge names a node that is none of the {len(nodes):,}")
        return
    sources = np.repeat(np.arange(len(nodes)), [len(found) for found in adjacency])
    check_lengths(nodes[sources], nodes[targets.astype(np.int64)], metres, JSON_GRAPH, findings)


def _is_edge(edge: object) -> bool:
    return (
        isinstance(edge, list)
        and len(edge) == 4
        and all(map(is_number, edge))
        and isinstance(edge[0], int)
        and isinstance(edge[3], int)
    )
