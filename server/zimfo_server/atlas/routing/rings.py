"""Roundabouts: the number of the exit that a route takes.

Archives mark most roundabouts as passable both ways (streetzim-format §2.8: one-way only from the `oneway` tag),
so a route may run round them against the traffic. Drivers do not, and count from the other side: the direction of
traffic is learned from the roundabouts of the map that are marked as one-way.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.model import ONE_WAY, ROUNDABOUT, RoadGraph
from zimfo_server.atlas.routing.roads import Leg

MAX_RING_EDGES = 200  # a roundabout with more is damaged data; the largest real ones have about 40
MIN_VOTES = 3  # corners of one-way rings; fewer may be a mapping error
MAJORITY = 0.8  # of the corners: one-way rings around squares bend both ways


class Rings:
    """The roundabouts of a graph; `leaving(node)` returns the edges that the traveller may take from a node."""

    def __init__(self, graph: RoadGraph, leaving: Callable[[int], Sequence[int]]) -> None:
        self._graph = graph
        self._leaving = leaving

    def exit_number(self, ring: Sequence[Leg], exit_node: int, *, with_traffic: bool) -> int:
        """Return which exit is taken at `exit_node` after the legs `ring`, counted from 1.

        Counted in travelled direction, but `with_traffic` in that of the traffic where the map tells it.
        """
        number = 1 + sum(self._exits(leg.node) for leg in ring[1:])
        if not with_traffic or not self._traffic:
            return number
        other_way = self._other_way(ring, exit_node)
        if not other_way:
            return number
        there = [leg.travelled.points for leg in ring]
        back = [self._graph.line(edge) for edge in other_way]
        if _turns_left(np.concatenate([*there, *(line[::-1] for line in reversed(back))])) == (self._traffic > 0):
            return number
        passed = [int(self._graph.target[edge]) for edge in other_way[:-1]]
        return 1 + sum(map(self._exits, passed))

    def _exits(self, node: int) -> int:
        """Return how many ways lead off the ring at a node."""
        return sum(not self._on_ring(edge) for edge in self._leaving(node))

    def _on_ring(self, edge: int) -> bool:
        access = self._graph.access
        return access is not None and bool(int(access[edge]) & ROUNDABOUT)

    def _other_way(self, ring: Sequence[Leg], exit_node: int) -> list[int]:
        """Return the edges from the entry to the exit the other way round; empty where the data does not close."""
        before, node = int(self._graph.target[ring[0].travelled.edge]), ring[0].node
        edges: list[int] = []
        while node != exit_node or not edges:
            onward = (edge for edge in self._ring_edges(node) if int(self._graph.target[edge]) != before)
            edge = next(onward, None)
            if edge is None or len(edges) == MAX_RING_EDGES:
                return []
            edges.append(edge)
            before, node = node, int(self._graph.target[edge])
        return edges

    def _ring_edges(self, node: int) -> list[int]:
        return [edge for edge in self._leaving(node) if self._on_ring(edge)]

    @cached_property
    def _traffic(self) -> int:
        """Which way traffic goes round: 1 counter-clockwise, -1 clockwise, 0 where the map does not tell."""
        graph = self._graph
        if graph.access is None:
            return 0
        bits = ROUNDABOUT | ONE_WAY
        edges = np.flatnonzero((graph.access & bits) == bits)
        sources = np.searchsorted(graph.first, edges, side="right") - 1
        targets = graph.target[edges]
        following = np.minimum(np.searchsorted(sources, targets), max(0, len(edges) - 1))
        follows = sources[following] == targets if len(edges) else np.zeros(0, dtype=np.bool_)
        a, b, c = sources[follows], targets[follows], targets[following[follows]]
        (lat_a, lon_a), (lat_b, lon_b), (lat_c, lon_c) = (
            (graph.lat[nodes].astype(np.float64), graph.lon[nodes].astype(np.float64)) for nodes in (a, b, c)
        )
        corners = np.sign((lon_b - lon_a) * (lat_c - lat_b) - (lat_b - lat_a) * (lon_c - lon_b))
        votes = int(np.count_nonzero(corners))
        total = int(corners.sum())
        # total = left - right bends; a majority of m among v votes leaves a surplus of (2m - 1) v.
        if votes < MIN_VOTES or abs(total) < (2 * MAJORITY - 1) * votes:
            return 0
        return 1 if total > 0 else -1


def _turns_left(line: npt.NDArray[np.float64]) -> bool:
    """Return whether a closed line of [lat, lon] runs counter-clockwise."""
    lat, lon = line[:, 0] - line[0, 0], line[:, 1] - line[0, 1]
    return bool(np.sum(lon * np.roll(lat, -1) - np.roll(lon, -1) * lat) > 0)
