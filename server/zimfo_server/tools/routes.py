"""The router's half of `route_from_places`: the way between two positions, and how to say it."""

from zimfo_server.atlas.roads import Roads
from zimfo_server.atlas.routing import directions, planner, roads, summary
from zimfo_server.errors import GuidanceError, NoRouteError
from zimfo_server.tools.plan import Ends, PlanInput, PlannedRoute
from zimfo_shared.places import Point
from zimfo_shared.routes import Mode, RouteOutput

SEARCH_DEADLINE_S = 15.0  # of all maps together: with a graph to load still below the worker's own


def plan_route(atlas: Roads, arguments: PlanInput) -> PlannedRoute:
    """Return the route on the first map that has one. Raises `NoRouteError`, `MapUnreadableError`."""
    failure: GuidanceError | None = None
    for ends in arguments.candidates:
        try:
            return _planned(atlas, ends, arguments.mode, SEARCH_DEADLINE_S / len(arguments.candidates))
        except GuidanceError as error:
            failure = error
    raise failure or NoRouteError("No map was named to plan the route on.")


def _planned(atlas: Roads, ends: Ends, mode: Mode, deadline_s: float) -> PlannedRoute:
    origin, destination = ends.origin, ends.destination
    plan = planner.plan(
        atlas.source(ends.zim),
        mode,
        (origin.lat, origin.lon),
        (destination.lat, destination.lon),
        deadline_s=deadline_s,
    )
    metres, seconds = plan.path.metres, plan.path.seconds
    stretches = roads.stretches(plan.graph, plan.path)
    route = RouteOutput(
        summary=summary.summary(metres, seconds, stretches),
        zim=ends.zim,
        mode=mode,
        origin=Point(lat=origin.lat, lon=origin.lon),
        destination=Point(lat=destination.lat, lon=destination.lon),
        origin_resolved=origin.name,
        destination_resolved=destination.name,
        distance_m=round(metres),
        distance_km=round(metres / 1000, 1),
        duration_s=round(seconds),
        duration_min=round(seconds / 60, 1),
        roads=stretches,
        steps=directions.steps(
            plan.graph,
            plan.path,
            usable=plan.usable,
            mode=mode,
            origin_name=origin.name,
            destination_name=destination.name,
            destination=(destination.lat, destination.lon),
        ),
        geometry="",
        note=plan.note,
    )
    return PlannedRoute(route=route, line=[(float(lat), float(lon)) for lat, lon in plan.path.polyline()])
