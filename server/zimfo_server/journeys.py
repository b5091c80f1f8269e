"""The routes of one connection: the last one is travelled, the geometry of the newest stays readable."""

from collections import OrderedDict

from zimfo_server.atlas.routing import journey
from zimfo_server.atlas.routing.journey import Journey
from zimfo_server.errors import GuidanceError
from zimfo_server.tools.plan import PlannedRoute
from zimfo_shared.routes import RouteOutput, RouteStatusOutput
from zimfo_shared.wire import Location

MAX_ROUTES = 32  # of a connection; a long one is a megabyte of GeoJSON
MAX_STEPS = 40  # in a result, about 6,000 characters; nobody remembers more, and the rest comes with the journey
SCHEME = "zimfo://route/"
GEOJSON = "application/geo+json"


class Journeys:
    """Routes by the URI of their geometry, oldest first."""

    def __init__(self) -> None:
        self._routes: OrderedDict[str, Journey] = OrderedDict()
        self._planned = 0

    def begin(self, planned: PlannedRoute) -> RouteOutput:
        """Remember a route as the last one; returns it with the URI of its geometry and not more than `MAX_STEPS`."""
        self._planned += 1
        uri = f"{SCHEME}{self._planned}"
        route = planned.route.model_copy(update={"geometry": uri})
        self._routes[uri] = Journey.of(route, planned.line)
        while len(self._routes) > MAX_ROUTES:
            self._routes.popitem(last=False)
        if len(route.steps) > MAX_STEPS:
            left = f"The first {MAX_STEPS} of {len(route.steps)} steps; all are in {uri}."
            note = f"{route.note} {left}" if route.note else left
            route = route.model_copy(update={"steps": route.steps[:MAX_STEPS], "note": note})
        return route

    def status(self, location: Location | None) -> RouteStatusOutput:
        """Return how far the last route is travelled. Raises `GuidanceError` when there is none."""
        if not self._routes:
            raise GuidanceError("No route has been planned. Plan one with route_from_places, then ask again.")
        last = next(reversed(self._routes.values()))
        if location is None:
            return journey.status_unlocated(last)
        return journey.status(last, location.lat, location.lon)

    def titles(self) -> dict[str, str]:
        """Return what each remembered route is called, by URI."""
        return {uri: route.title for uri, route in self._routes.items()}

    def geojson(self, uri: str) -> str | None:
        """Return the geometry and steps of a route as GeoJSON; None when it is not (or no longer) remembered."""
        route = self._routes.get(uri)
        return journey.geojson(route) if route else None
