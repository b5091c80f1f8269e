"""The quickest path between two points of a network, cut to where it starts and ends within edges."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.model import DEGREES, NO_SHAPE
from zimfo_server.atlas.routing.line import piece
from zimfo_server.atlas.routing.network import Network
from zimfo_server.atlas.routing.path import Path, PathEdge
from zimfo_server.atlas.routing.search import Deadline, Found, Terminal, search
from zimfo_server.atlas.routing.snap import Snap, Way


@dataclass(frozen=True)
class Connection:
    """The quickest path, None when there is none; while there is any `unknown`, a quicker one may lead through it."""

    path: Path | None
    unknown: npt.NDArray[np.int64]
    """Stubs of the graph."""


def connect(network: Network, start: Snap, goal: Snap, deadline: Deadline) -> Connection:
    """Return the quickest path from one point to another. Raises `NoRouteError` as `search` does."""
    starts = [Terminal(way.leaves, (1 - way.fraction) * way.seconds) for way in start.ways]
    if start.node is not None:
        starts = [Terminal(start.node, 0.0)]
    goals = [Terminal(way.enters, way.fraction * way.seconds) for way in goal.ways]
    if goal.node is not None:
        goals = [Terminal(goal.node, 0.0)]
    along = _along_one_edge(network, start, goal)
    outcome = search(
        network,
        starts,
        goals,
        (goal.lat, goal.lon),
        deadline,
        below=along.seconds if along else float("inf"),
    )
    path = Path((along,)) if along else None
    if outcome.found:
        path = _path(network, start, goal, outcome.found)
    return Connection(path, outcome.unknown)


def connect_nodes(network: Network, start: int, goal: int, deadline: Deadline) -> Connection:
    """Return the quickest path from one node to another; there is none from a node without any edge.

    Raises `NoRouteError` as `search` does.
    """
    aim = network.graph.position(goal)
    outcome = search(network, [Terminal(start, 0.0)], [Terminal(goal, 0.0)], aim, deadline)
    if outcome.found is None:
        return Connection(None, outcome.unknown)
    edges = _whole(network, outcome.found)
    return Connection(Path(tuple(edges)) if edges else _standstill(network, start), outcome.unknown)


def _standstill(network: Network, node: int) -> Path | None:
    """Return a path of no length at a node: an end of one of its edges."""
    leaving, entering = int(network.first[node]), np.flatnonzero(network.target == node)
    if leaving == network.first[node + 1] and not len(entering):
        return None
    edge, end = (leaving, slice(0, 1)) if leaving < network.first[node + 1] else (int(entering[0]), slice(-1, None))
    place = network.graph.line(edge)[end]
    return Path((PathEdge(edge, backward=False, points=np.repeat(place, 2, axis=0), metres=0.0, seconds=0.0),))


def _along_one_edge(network: Network, start: Snap, goal: Snap) -> PathEdge | None:
    """Return the piece of an edge between two points that both lie on it, the goal ahead of the start."""
    pairs = [
        (before, after)
        for before in start.ways
        for after in goal.ways
        if (before.edge, before.backward) == (after.edge, after.backward) and before.fraction <= after.fraction
    ]
    if not pairs:
        return None
    before, after = min(pairs, key=lambda pair: (pair[1].fraction - pair[0].fraction) * pair[0].seconds)
    return _cut(network, before, before.fraction, after.fraction)


def _path(network: Network, start: Snap, goal: Snap, found: Found) -> Path:
    edges = _whole(network, found)
    if start.node is None:
        way = start.ways[found.start]
        edges.insert(0, _cut(network, way, way.fraction, 1.0))
    if goal.node is None:
        way = goal.ways[found.goal]
        edges.append(_cut(network, way, 0.0, way.fraction))
    if not edges:  # both at the same node
        way = start.ways[0]
        edges.append(_cut(network, way, way.fraction, way.fraction))
    return Path(tuple(edges))


def _whole(network: Network, found: Found) -> list[PathEdge]:
    """Return the edges of a search's result, all of them at once: a long route has thousands."""
    graph, edges, backward = network.graph, found.edges, found.backward
    nodes = np.stack([network.sources(edges), network.target[edges]], axis=1)
    ends = np.stack([network.lat[nodes], network.lon[nodes]], axis=2) * DEGREES
    metres = network.metres(edges)
    seconds = np.where(backward, network.backward_seconds(edges), network.seconds[edges])
    result = []
    for index, (edge, shape) in enumerate(zip(edges.tolist(), graph.shape[edges].tolist(), strict=True)):
        points = ends[index]
        if shape != NO_SHAPE:
            points = np.concatenate([points[:1], graph.shapes.points(shape), points[1:]])
        turned = bool(backward[index])
        result.append(
            PathEdge(edge, turned, points[::-1] if turned else points, float(metres[index]), float(seconds[index]))
        )
    return result


def _cut(network: Network, way: Way, start: float, end: float) -> PathEdge:
    """Return the part of an edge between two fractions of it, counted as it is travelled."""
    line = network.graph.line(way.edge)
    return PathEdge(
        edge=way.edge,
        backward=way.backward,
        points=piece(line[::-1] if way.backward else line, start, end),
        metres=float(network.metres(np.array([way.edge]))[0]) * (end - start),
        seconds=way.seconds * (end - start),
    )
