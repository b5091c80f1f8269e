"""A route between two positions: snapped to the roads, searched, and cut to where it starts and ends."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.load import GraphSource
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.routing.compiled import kernel
from zimfo_server.atlas.routing.connect import connect, connect_nodes
from zimfo_server.atlas.routing.costs import TravelMode
from zimfo_server.atlas.routing.network import Network, Networks
from zimfo_server.atlas.routing.path import Path
from zimfo_server.atlas.routing.search import Deadline
from zimfo_server.atlas.routing.snap import Snap, alternatives, nearest, nearest_node, off_network
from zimfo_server.errors import NoRouteError
from zimfo_shared.sphere import haversine_m
from zimfo_shared.units import distance_text, duration_text

Position = tuple[float, float]
"""(lat, lon) in degrees."""

MARGIN_M = 10_000.0  # around both ends, of a graph that is read in parts: twice as far as the nearest road may be
ON_FOOT_M = 50.0  # farther from the road than across a yard: the way there is told
MAX_WALK_M = 30_000.0  # a day's walk; nobody who asks for a drive takes a longer one instead
MAX_TRIES = 6  # pairs of roads near both ends that are searched: the first almost always does

NO_CONNECTION = (
    "There is no road connection between these places on this map: one of them may be on an island or cut off. "
    "Name two places that a road connects."
)
_TRAVELLERS: dict[TravelMode, str] = {"drive": "cars", "bicycle": "bicycles", "walk": "walkers"}

_networks = Networks()


class _OffNetworkError(NoRouteError):
    """An end that lies off the roads."""


@dataclass(frozen=True)
class Plan:
    """A route on `graph`, with what a traveller must know about its ends."""

    graph: RoadGraph
    path: Path
    usable: npt.NDArray[np.bool_]
    """(E,) the edges of the graph that the mode may travel in their direction."""
    origin_snap_m: float
    """From the origin to where the path starts, in a straight line."""
    destination_snap_m: float
    walk_start: Path | None = None
    """The way on foot to the start of the path, where that is some distance off."""
    walk_end: Path | None = None
    """The way on foot from the end of the path to the destination."""
    note: str | None = None
    """The same in words."""


@dataclass(frozen=True)
class _Joined:
    """Two snapped ends and the quickest way between them."""

    origin: Snap
    destination: Snap
    path: Path


def plan(source: GraphSource, mode: TravelMode, origin: Position, destination: Position, *, deadline_s: float) -> Plan:
    """Return the quickest route between two positions.

    Raises `NoRouteError` for what is no position, lies off the roads of the map or has no connection by this mode (and
    says whether one can walk), and after `deadline_s` seconds; `MapUnreadableError` for damage met on the way.
    """
    for end, position in (("origin", origin), ("destination", destination)):
        if not (abs(position[0]) <= 90 and abs(position[1]) <= 180):
            raise NoRouteError(f"The {end} has no latitude within ±90° and longitude within ±180°. Name a place.")
    kernel()  # compiled once per machine, which is nothing that the search should be stopped for
    with Deadline(deadline_s) as deadline:
        if mode == "viewer":
            return _as_viewer(source, origin, destination, deadline)
        return _Planner(source, mode, origin, destination, deadline).plan()


class _Planner:
    """One route in the making."""

    def __init__(
        self, source: GraphSource, mode: TravelMode, origin: Position, destination: Position, deadline: Deadline
    ) -> None:
        self._source = source
        self._mode = mode
        self._origin = origin
        self._destination = destination
        self._deadline = deadline
        self._graph = source.around([origin, destination], MARGIN_M)

    def plan(self) -> Plan:
        """Return the route; see the function `plan`."""
        try:
            joined = self._joined(self._mode)
        except _OffNetworkError as error:
            raise NoRouteError(self._walkable() or str(error)) from None
        if joined is None:
            raise NoRouteError(self._walkable() or NO_CONNECTION)
        start, end = joined.origin, joined.destination
        walk_start = self._walk(self._origin, start, to_end=False)
        walk_end = self._walk(self._destination, end, to_end=True)
        notes = [
            _note("first", "origin", self._mode, start, walk_start),
            _note("last", "destination", self._mode, end, walk_end),
        ]
        return Plan(
            graph=self._graph,
            path=joined.path,
            usable=self._network(self._mode).usable,
            origin_snap_m=start.metres,
            destination_snap_m=end.metres,
            walk_start=walk_start.path if walk_start else None,
            walk_end=walk_end.path if walk_end else None,
            note=" ".join(filter(None, notes)) or None,
        )

    def _network(self, mode: TravelMode) -> Network:
        return _networks.get(self._source, self._graph, mode)

    def _joined(self, mode: TravelMode) -> _Joined | None:
        """Return the quickest way between the ends, None when there is no connection.

        Of a graph that is read in parts, more is read until no road beyond them can be quicker. Raises
        `_OffNetworkError` for an end off the roads.
        """
        while True:
            network = self._network(mode)
            joined, unknown = self._searched(
                network, self._snapped(network, "origin"), self._snapped(network, "destination")
            )
            if not len(unknown):
                return joined
            self._deadline.check()
            self._graph = self._source.widened(self._graph, unknown)

    def _snapped(self, network: Network, end: str) -> Snap:
        position = self._origin if end == "origin" else self._destination
        snap = nearest(network, position, self._deadline)
        if snap is None:
            raise _OffNetworkError(off_network(network, position, end))
        return snap

    def _searched(self, network: Network, start: Snap, goal: Snap) -> tuple[_Joined | None, npt.NDArray[np.int64]]:
        """Return the way between the first two points that have one, and stubs that a quicker one may lead through."""
        tries = 0
        for a, b in self._pairs(network, start, goal):
            if network.apart(a.component, b.component):
                continue
            found = connect(network, a, b, self._deadline)
            if found.path is not None or len(found.unknown):
                return (_Joined(a, b, found.path) if found.path else None), found.unknown
            tries += 1
            if tries == MAX_TRIES:
                break
        return None, np.empty(0, np.int64)

    def _pairs(self, network: Network, start: Snap, goal: Snap) -> Iterator[tuple[Snap, Snap]]:
        """Yield points to set out from and to arrive at, nearest first; few routes need more than the first pair."""
        yield start, goal
        starts = [start, *alternatives(network, self._origin, start, self._deadline)]
        goals = [goal, *alternatives(network, self._destination, goal, self._deadline)]
        others = [(a, b) for a in starts for b in goals][1:]
        yield from sorted(others, key=lambda pair: pair[0].metres + pair[1].metres)

    def _walk(self, end: Position, snap: Snap, *, to_end: bool) -> _Joined | None:
        """Return the way on foot between an end and the point of the road nearest to it, if it is worth telling.

        None as well where no such way is found: the route by road stands without it.
        """
        if self._mode == "walk" or snap.metres <= ON_FOOT_M:
            return None
        network = self._network("walk")
        try:
            road = nearest(network, (snap.lat, snap.lon), self._deadline)
            place = nearest(network, end, self._deadline)
            if road is None or place is None or network.apart(road.component, place.component):
                return None
            ends = (road, place) if to_end else (place, road)
            path = connect(network, *ends, self._deadline).path
        except NoRouteError:
            return None
        return _Joined(*ends, path) if path and path.metres > ON_FOOT_M else None

    def _walkable(self) -> str | None:
        """Return the advice to walk, where there is a way on foot that one might take instead."""
        if self._mode == "walk" or haversine_m(*self._origin, *self._destination) > MAX_WALK_M:
            return None
        try:
            joined = self._joined("walk")
        except NoRouteError:
            return None
        if joined is None or joined.path.metres > MAX_WALK_M:
            return None
        length = f"{distance_text(joined.path.metres)}, {duration_text(joined.path.seconds)}"
        return (
            f"There is no road connection for {_TRAVELLERS[self._mode]} between these places, but a way on foot "
            f"({length}). Call route_from_places with mode 'walk' for it."
        )


def _note(which: str, end: str, mode: TravelMode, snap: Snap, walk: _Joined | None) -> str | None:
    """Return what to tell of an end that lies off the roads of the mode."""
    if walk is None:
        if snap.metres <= ON_FOOT_M:
            return None
        return f"The {end} is {distance_text(snap.metres)} from the route in a straight line."
    length = f"{distance_text(walk.path.metres)} ({duration_text(walk.path.seconds)})"
    beyond = (walk.origin if which == "first" else walk.destination).metres
    rest = f", and {distance_text(beyond)} off any path" if beyond > ON_FOOT_M else ""
    return f"The {which} {length} are on foot{rest}: the {end} is not on a road for {_TRAVELLERS[mode]}."


def _as_viewer(source: GraphSource, origin: Position, destination: Position, deadline: Deadline) -> Plan:
    """Return the route from node to node as the viewer in the archives plans it."""
    graph = source.around([origin, destination], MARGIN_M)
    while True:
        network = _networks.get(source, graph, "viewer")
        start, goal = nearest_node(network, origin), nearest_node(network, destination)
        found = connect_nodes(network, start, goal, deadline)
        if not len(found.unknown):
            break
        deadline.check()
        graph = source.widened(graph, found.unknown)
    if found.path is None:
        raise NoRouteError(NO_CONNECTION)
    return Plan(
        graph=graph,
        path=found.path,
        usable=network.usable,
        origin_snap_m=haversine_m(*origin, *graph.position(start)),
        destination_snap_m=haversine_m(*destination, *graph.position(goal)),
    )
