"""The road graph of a map archive, in whichever layout its entries hold it (streetzim-format.md 2.0)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.entries import Entries
from zimfo_server.atlas.graph.cells import INDEX_PATH, read_index
from zimfo_server.atlas.graph.checks import damaged, read_entry
from zimfo_server.atlas.graph.chunks import read_chunks
from zimfo_server.atlas.graph.json_graph import read_json_graph
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.graph.spatial import SpatialSource, read_all_cells
from zimfo_server.atlas.graph.szrg import read_szrg
from zimfo_server.errors import MapUnreadableError

WHOLE_EDGES = 8_000_000  # spatial graphs up to the size of the Baltics are held whole: some 400 MB

GRAPH_PATH = "routing-data/graph.bin"
GRAPH_MANIFEST_PATH = "routing-data/graph-chunk-manifest.json"
COMPANION_PATH = "routing-data/graph-geoms.bin"
COMPANION_MANIFEST_PATH = "routing-data/graph-geoms-chunk-manifest.json"
JSON_PATH = "routing-data/graph.json"


class GraphSource(Protocol):
    """Gives the road graph, or as much of it as a route needs. Positions are pairs of degrees, (lat, lon)."""

    @property
    def layout(self) -> str:
        """The layout that the graph is stored in: "JSON", "SZRG 4", "SZRG 4 in chunks", "SZCI 2"."""
        ...

    def around(self, positions: Sequence[tuple[float, float]], margin_m: float) -> RoadGraph:
        """Return a graph that holds at least the roads in the box around `positions`, widened by `margin_m` metres."""
        ...

    def widened(self, graph: RoadGraph, nodes: npt.NDArray[np.int64]) -> RoadGraph:
        """Return a graph that holds `graph` (one of this source) and the edges of its stubs `nodes`."""
        ...


@dataclass
class WholeSource:
    """A graph that is held whole: `around` always returns the same object, which has no stubs."""

    graph: RoadGraph

    @property
    def layout(self) -> str:
        """The layout that the graph was stored in."""
        return self.graph.layout

    def around(self, positions: Sequence[tuple[float, float]], margin_m: float) -> RoadGraph:
        """Return the whole graph."""
        return self.graph

    def widened(self, graph: RoadGraph, nodes: npt.NDArray[np.int64]) -> RoadGraph:
        """Return `graph`, which is whole already."""
        return graph


def open_graph(entries: Entries, *, whole_edges: int = WHOLE_EDGES) -> GraphSource:
    """Open the road graph of a map archive; a spatial graph of more than `whole_edges` edges is read in parts.

    The layouts are tried from the one for the largest regions down, as archives hold copies of the same graph; one that
    is damaged or has an unknown version is passed over for the next. Raises `MapUnreadableError` with the first reason
    when none is left.
    """
    failures: list[MapUnreadableError] = []
    for path, read in _READERS:
        if not entries.has(path):
            continue
        try:
            return read(entries, whole_edges)
        except MapUnreadableError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    raise MapUnreadableError(entries.name, "it has no road graph; the place tools of this map work")


def _spatial(entries: Entries, whole_edges: int) -> GraphSource:
    index = read_index(entries, _bytes(entries, INDEX_PATH))
    if index.edge_count <= whole_edges:
        return WholeSource(read_all_cells(entries, index))
    return SpatialSource(entries, index)


def _single(entries: Entries, _: int) -> GraphSource:
    data = _bytes(entries, GRAPH_PATH)
    return WholeSource(read_szrg(data, entries.name, "SZRG {version}", lambda: _companion(entries)))


def _chunked(entries: Entries, _: int) -> GraphSource:
    data = read_chunks(entries, GRAPH_MANIFEST_PATH)
    return WholeSource(read_szrg(data, entries.name, "SZRG {version} in chunks", lambda: _companion(entries)))


def _json(entries: Entries, _: int) -> GraphSource:
    return WholeSource(read_json_graph(_bytes(entries, JSON_PATH), entries.name))


_READERS: tuple[tuple[str, Callable[[Entries, int], GraphSource]], ...] = (
    (INDEX_PATH, _spatial),
    (GRAPH_PATH, _single),
    (GRAPH_MANIFEST_PATH, _chunked),
    (JSON_PATH, _json),
)


def _companion(entries: Entries) -> memoryview | None:
    """Return the file of geometries of a version 5 graph, None when the archive has none."""
    data = read_entry(entries, COMPANION_PATH)
    if data is None and entries.has(COMPANION_MANIFEST_PATH):
        return read_chunks(entries, COMPANION_MANIFEST_PATH)
    return data


def _bytes(entries: Entries, path: str) -> memoryview:
    data = read_entry(entries, path)
    if data is None:  # a redirect that leads nowhere
        raise damaged(entries.name, path.removeprefix("routing-data/"))
    return data
