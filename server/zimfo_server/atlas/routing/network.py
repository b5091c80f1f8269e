"""A road graph as one mode of travel sees it."""

import weakref
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.load import GraphSource
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.routing import costs
from zimfo_server.atlas.routing.compiled import kernel
from zimfo_server.atlas.routing.costs import TravelMode, plain

SHORT_EDGE_M = 500.0  # edges up to this length are found by a node near by; of the fewer longer ones there is a list

_NO_WORDS = np.empty(0, np.uint32)
_NO_SINGLES = np.empty(0, np.float32)


@dataclass(frozen=True)
class Network:
    """The edges that one mode can use, with their times. Arrays are shared with the graph where nothing differs.

    N nodes and E edges are the graph's. Where the mode travels edges backward, `back_*` hold those that no real edge
    makes superfluous, by the node that they then leave: offsets (N + 1), target, the reversed edge and seconds (B,).
    """

    graph: RoadGraph
    mode: TravelMode
    lat: npt.NDArray[np.int32]
    lon: npt.NDArray[np.int32]
    first: npt.NDArray[np.uint32]
    target: npt.NDArray[np.uint32]
    decimetres: npt.NDArray[np.uint32]
    seconds: npt.NDArray[np.float32]
    back_first: npt.NDArray[np.uint32]
    back_target: npt.NDArray[np.uint32]
    back_edge: npt.NDArray[np.uint32]
    back_seconds: npt.NDArray[np.float32]
    stub: npt.NDArray[np.bool_]
    """(N,), empty for a whole graph."""
    pace: float
    """Seconds per metre that no edge is quicker than, along the straight line between its nodes; 0 for `viewer`."""

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(E,) whether the mode can travel an edge in its direction."""
        return np.isfinite(self.seconds)

    @cached_property
    def component(self) -> npt.NDArray[np.int32]:
        """(N,) a number that two nodes share unless nothing usable links them, in either direction."""
        found: npt.NDArray[np.int32] = kernel().components(self.first, self.target, self.seconds)
        return found

    @cached_property
    def _open_components(self) -> frozenset[int]:
        """The components that may go on beyond the part of the graph that is read."""
        return frozenset(self.component[: len(self.stub)][self.stub].tolist())

    def apart(self, one: int, other: int) -> bool:
        """Return whether two numbers of `component` stand for roads that nothing links, whatever is yet to be read."""
        return one != other and not {one, other} <= self._open_components

    @cached_property
    def long_edges(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The usable edges of more than `SHORT_EDGE_M` and the nodes that they leave."""
        edges = np.flatnonzero((self.decimetres > SHORT_EDGE_M * 10) & self.usable)
        return edges, self.sources(edges)

    def sources(self, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the nodes that edges leave."""
        return np.searchsorted(self.first, edges.astype(np.uint32), side="right") - 1

    def metres(self, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the lengths of edges, of which their times in this mode were computed."""
        if self.mode == "viewer":
            return self.decimetres[edges] / 10
        metres: npt.NDArray[np.float64] = kernel().lengths_of(
            edges, self.sources(edges), self.target, self.decimetres, self.lat, self.lon
        )
        return metres

    def backward_seconds(self, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the times of edges against their direction; infinite where the mode may not travel them so."""
        kmh = costs.backward_speeds(self.graph, self.mode, edges)
        if kmh is None:
            return np.full(len(edges), np.inf, np.float32)
        return costs.seconds(self.metres(edges).astype(np.float32), kmh)


def network(graph: RoadGraph, mode: TravelMode) -> Network:
    """Return `graph` as `mode` sees it."""
    metres = costs.lengths(graph, mode)
    kmh = costs.speeds(graph, mode)
    seconds = costs.seconds(metres, kmh)
    first, target = plain(graph.first), plain(graph.target)
    back_first, back_target, back_edge, back_seconds = _NO_WORDS, _NO_WORDS, _NO_WORDS, _NO_SINGLES
    backward = costs.backward_speeds(graph, mode)
    if backward is not None:
        times = costs.seconds(metres, backward)
        back_first, back_target, back_edge = kernel().reversals(first, target, seconds, times)
        back_seconds = times[back_edge]
    fastest = float(kmh.max(initial=0)) / 3.6
    return Network(
        graph=graph,
        mode=mode,
        lat=plain(graph.lat),
        lon=plain(graph.lon),
        first=first,
        target=target,
        decimetres=plain(graph.decimetres),
        seconds=seconds,
        back_first=back_first,
        back_target=back_target,
        back_edge=back_edge,
        back_seconds=back_seconds,
        stub=np.empty(0, np.bool_) if graph.stub is None else plain(graph.stub),
        # The times of `viewer` come from rounded lengths, which the straight line may exceed: no estimate holds there.
        pace=0.0 if mode == "viewer" or not fastest else 1 / fastest,
    )


class Networks:
    """The networks of each source's latest graph. They live as long as their source does."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[GraphSource], dict[TravelMode, Network]]] = {}

    def get(self, source: GraphSource, graph: RoadGraph, mode: TravelMode) -> Network:
        """Return the network of `graph`, which came from `source`; other graphs of the source are forgotten."""
        key = id(source)
        if key not in self._kept:
            self._kept[key] = weakref.ref(source, lambda _: self._kept.pop(key, None)), {}
        networks = self._kept[key][1]
        if any(kept.graph is not graph for kept in networks.values()):
            networks.clear()
        if mode not in networks:
            networks[mode] = network(graph, mode)
        return networks[mode]
