"""What passes between the two halves of a route: the ends, found by the reader, and the plan, made by the router."""

from pydantic import BaseModel

from zimfo_shared.contract import Output
from zimfo_shared.routes import Mode, RouteOutput

FIND_ENDS = "find_ends"  # what the reader is asked
PLAN_ROUTE = "plan_route"  # what the router is asked


class End(BaseModel):
    """One end of a route: a position in degrees and what to call it."""

    lat: float
    lon: float
    name: str


class Ends(BaseModel):
    """Both ends, on one map archive that covers them."""

    zim: str
    origin: End
    destination: End


class EndsOutput(Output):
    """The maps to try, likeliest first; never empty. `note` says what was understood differently than written."""

    candidates: list[Ends]
    note: str | None = None


class PlanInput(BaseModel):
    """What the router is asked: the first of `candidates` that has a route."""

    candidates: list[Ends]
    mode: Mode


class PlannedRoute(Output):
    """A route with its line: [lat, lon] in degrees. The line stays in the server; `route.geometry` is empty."""

    route: RouteOutput
    line: list[tuple[float, float]]
