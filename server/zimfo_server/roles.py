"""What each worker role answers: the reader articles and places, the router routes.

A role lives as long as its worker, so what it has read of an archive stays at hand.
"""

import threading
from typing import Any, Protocol

from zimfo_server.atlas.maps import Atlas
from zimfo_server.atlas.roads import Roads
from zimfo_server.atlas.routing.compiled import kernel
from zimfo_server.errors import NotReadyError
from zimfo_server.library.library import Library
from zimfo_server.tools import articles, ends, places, routes
from zimfo_server.tools.plan import FIND_ENDS, PlanInput
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.contract import Output
from zimfo_shared.routes import RouteInput
from zimfo_shared.wire import Location

COMPILE_WAIT_S = 25.0  # within the router's deadline; a PC compiles the search faster, a small board goes on meanwhile


class Role(Protocol):
    """The tools of one worker."""

    def answer(self, tool: str, arguments: dict[str, Any], location: Location | None) -> Output:
        """Answer a call with arguments that were validated before. Raises `GuidanceError`."""
        ...

    def work_idle(self, seconds: float) -> bool:
        """Go on with unfinished work for about that long; returns whether there is more."""
        ...


class Reader:
    """Articles, places, and the ends of routes."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._atlas = Atlas(library)

    def answer(self, tool: str, arguments: dict[str, Any], location: Location | None) -> Output:
        """Answer an article or place tool, or `find_ends`."""
        self._atlas.begin_call()
        if tool == FIND_ENDS:
            return ends.find_ends(self._atlas, RouteInput.model_validate(arguments), location)
        parsed = CATALOGUE[tool].input.model_validate(arguments)
        if tool in places.TOOLS:
            return places.TOOLS[tool](self._atlas, parsed, location)
        return articles.TOOLS[tool](self._library, parsed)

    def work_idle(self, seconds: float) -> bool:
        """Prepare large maps for searching."""
        return self._atlas.work_idle(seconds)


class Router:
    """Routes between positions."""

    def __init__(self, library: Library) -> None:
        self._roads = Roads(library)
        self._compiling = threading.Thread(target=kernel, daemon=True)

    def answer(self, tool: str, arguments: dict[str, Any], location: Location | None) -> Output:
        """Answer `plan_route`; the positions are in its arguments, so `location` does not matter."""
        if self._compiling.ident is None:
            self._compiling.start()
        self._compiling.join(COMPILE_WAIT_S)
        if self._compiling.is_alive():
            raise NotReadyError("The route search is being prepared for this machine, once. Call again in a minute.")
        return routes.plan_route(self._roads, PlanInput.model_validate(arguments))

    def work_idle(self, seconds: float) -> bool:
        """Nothing is left unfinished between routes."""
        return False
