"""From a position to the road: the nearest edge that a mode can use, and how to set out from it and arrive at it."""

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from zimfo_server.atlas.graph.model import DEGREES
from zimfo_server.atlas.routing.compiled import kernel
from zimfo_server.atlas.routing.costs import TravelMode
from zimfo_server.atlas.routing.line import distance_m, project
from zimfo_server.atlas.routing.network import SHORT_EDGE_M, Network
from zimfo_server.atlas.routing.search import Deadline
from zimfo_server.errors import NoRouteError
from zimfo_shared.sphere import haversine_m

SNAP_LIMIT_M = 5_000.0  # huts and summits lie some kilometres from the road; what is farther off is not on the network
ALTERNATIVES_M = (
    250.0  # beyond the nearest road: past a stray piece of road, but not across the water to another island
)
MAX_ALTERNATIVES = 4  # each may cost a search through a whole map
MAX_MEASURED = 5_000  # edges whose geometry is looked at: 0.1 s; the densest junctions have some hundred
MAX_PARALLEL = 16  # roads of equal length between two junctions: hardly ever more than one
NODE_M = 0.1  # nearer to the end of an edge is at its node: the file's lengths are no finer

_REACHES = (250.0, 1_000.0, SNAP_LIMIT_M)  # most places have a road close by, and few edges have to be looked at then
_WAYS: dict[TravelMode, str] = {
    "drive": "road for cars",
    "walk": "way on foot",
    "bicycle": "way for bicycles",
    "viewer": "road",
}


@dataclass(frozen=True)
class Way:
    """A direction of travel along the edge of a snap."""

    edge: int
    fraction: float
    """Where on the edge: 0 where the traveller enters it, 1 where they leave it."""
    seconds: float
    """Of the whole edge."""
    enters: int
    """The node where the traveller enters the edge."""
    leaves: int
    """The node where the traveller leaves it."""
    backward: bool = False


@dataclass(frozen=True)
class Snap:
    """A point of the network: within an edge, in the directions in which it can be travelled, or at a node."""

    lat: float
    lon: float
    metres: float
    """How far the position is from it."""
    ways: tuple[Way, ...]
    node: int | None
    """The node that it lies at; every edge of it is then as good as the one of `ways`."""
    component: int


def nearest(network: Network, position: tuple[float, float], deadline: Deadline) -> Snap | None:
    """Return the nearest point of the network to a position in degrees; None when none is within `SNAP_LIMIT_M`.

    Raises `NoRouteError` at the deadline.
    """
    for reach in _REACHES:
        snap = next(_by_distance(network, position, reach, deadline), None)
        if snap and snap.metres <= reach:
            return snap
    return None


def alternatives(network: Network, position: tuple[float, float], first: Snap, deadline: Deadline) -> list[Snap]:
    """Return points of other edges that may serve where `first`, the nearest, does not, nearest first.

    At most `MAX_ALTERNATIVES`, of each component of the network the nearest and one more: the nearest may lie on a
    stray piece of road, or on a one-way road out of the map.
    """
    seen = {first.component: 1}
    full: set[int] = set()
    edges = {way.edge for way in first.ways}
    found: list[Snap] = []
    reach = first.metres + ALTERNATIVES_M
    for snap in _by_distance(network, position, reach, deadline, full):
        if snap.metres > reach or len(found) == MAX_ALTERNATIVES:
            break
        own = {way.edge for way in snap.ways}
        if own <= edges or snap.component in full or (snap.node is not None and snap.node == first.node):
            continue
        edges |= own
        seen[snap.component] = seen.get(snap.component, 0) + 1
        if seen[snap.component] == 2:
            full.add(snap.component)
        found.append(snap)
    return found


def nearest_node(network: Network, position: tuple[float, float]) -> int:
    """Return the node that the viewer in the archives would take: planar in degrees, the lowest of equals.

    streetzim-format.md 4.1. Raises `NoRouteError` for a graph without nodes.
    """
    if not len(network.lat):
        raise NoRouteError("This map has no roads.")
    lat, lon = (round(degrees / DEGREES) for degrees in position)
    squares = (network.lat.astype(np.int64) - lat) ** 2 + (network.lon.astype(np.int64) - lon) ** 2
    return int(np.argmin(squares))


def _by_distance(
    network: Network,
    position: tuple[float, float],
    reach_m: float,
    deadline: Deadline,
    passed_over: Set[int] = frozenset(),
) -> Iterator[Snap]:
    """Yield points of the usable edges within reach, and perhaps some beyond, nearest first.

    Edges of the components `passed_over`, which the caller may add to meanwhile, are no longer looked at.
    """
    edges, bounds = kernel().edges_near(
        network.first,
        network.target,
        network.seconds,
        network.decimetres,
        network.lat,
        network.lon,
        *network.long_edges,
        SHORT_EDGE_M,
        *position,
        reach_m,
    )
    order = np.argsort(bounds, kind="stable")[:MAX_MEASURED]
    measured: list[tuple[float, int]] = []
    for edge, bound in zip(edges[order].tolist(), bounds[order].tolist(), strict=True):
        while measured and measured[0][0] <= bound:
            yield _snap(network, heappop(measured)[1], position)
        if int(network.component[network.target[edge]]) in passed_over:
            continue
        deadline.check()
        heappush(measured, (distance_m(network.graph.line(edge), *position), edge))
    while measured:
        yield _snap(network, heappop(measured)[1], position)


def _snap(network: Network, edge: int, position: tuple[float, float]) -> Snap:
    graph = network.graph
    line = graph.line(edge)
    spot = project(line, *position)
    one = np.array([edge])
    source, target = graph.source(edge), int(network.target[edge])
    metres, against = float(network.metres(one)[0]), float(network.backward_seconds(one)[0])
    at_source, at_target = spot.fraction * metres < NODE_M, (1 - spot.fraction) * metres < NODE_M
    ways = [Way(edge, spot.fraction, float(network.seconds[edge]), source, target)]
    twin = _twin(network, edge, source, target)
    if twin is not None:
        ways.append(Way(twin, 1 - spot.fraction, float(network.seconds[twin]), target, source))
    elif against < math.inf:
        ways.append(Way(edge, 1 - spot.fraction, against, target, source, backward=True))
    return Snap(
        lat=spot.lat,
        lon=spot.lon,
        metres=spot.metres,
        ways=tuple(ways),
        node=source if at_source else target if at_target else None,
        component=int(network.component[source]),
    )


def _twin(network: Network, edge: int, source: int, target: int) -> int | None:
    """Return the usable edge that is the other direction of the same road: equally long, on the same line."""
    graph = network.graph
    leaving = slice(int(network.first[target]), int(network.first[target + 1]))
    alike = (network.target[leaving] == source) & (network.decimetres[leaving] == network.decimetres[edge])
    for other in (leaving.start + np.flatnonzero(alike & network.usable[leaving])[:MAX_PARALLEL]).tolist():
        if other != edge and np.array_equal(graph.line(other)[::-1], graph.line(edge)):
            return int(other)
    return None


def off_network(network: Network, position: tuple[float, float], end: str) -> str:
    """Return what to say of a position for which there is no `nearest`; `end` names it ("origin")."""
    way = _WAYS[network.mode]
    where = f"The {end} ({position[0]:.4f},{position[1]:.4f})"
    entered = np.zeros(network.graph.node_count, np.bool_)
    entered[network.target[network.usable]] = True
    places = np.stack([network.lat[entered], network.lon[entered]], axis=1) * DEGREES
    if not len(places):
        return f"{where} has no {way} anywhere near it on this map. Name another place."
    inside = (places.min(axis=0) <= position).all() and (places.max(axis=0) >= position).all()
    # The nearest node on a plane is not always the nearest on earth, but near enough for a distance in kilometres.
    east = (places[:, 1] - position[1] + 180) % 360 - 180
    plane = np.hypot(places[:, 0] - position[0], east * math.cos(math.radians(position[0])))
    away_km = haversine_m(*position, *places[int(np.argmin(plane))].tolist()) / 1000
    return (
        f"{where} {'lies' if inside else 'is outside this map, and'} {away_km:,.0f} km from its nearest {way}. "
        "Name a place nearer to the roads of this map, or use a map that covers it."
    )
