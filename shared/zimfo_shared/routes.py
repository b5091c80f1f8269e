"""Contracts of the two route tools. Output names follow zimfo-behaviour §1.4, server column."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from zimfo_shared.arguments import Input, real_number
from zimfo_shared.contract import Contract, Output
from zimfo_shared.places import MAX_PLACE, Point

Mode = Literal["drive", "walk", "bicycle"]

_MODES = {
    "drive": ("car", "driving", "auto", "by car"),
    "walk": ("foot", "walking", "on foot", "pedestrian", "hike"),
    "bicycle": ("bike", "cycling", "cycle", "by bike"),
}


class RouteInput(Input):
    """Input of `route_from_places`."""

    ALIASES: ClassVar = {
        "origin": ("from", "start", "origin_place", "from_place", "source"),
        "destination": ("to", "end", "dest", "destination_place", "to_place", "place"),
        "mode": ("profile", "travel_mode", "by"),
        "zim": ("archive", "zim_file", "file"),
    }

    origin: str = Field(default="", max_length=MAX_PLACE, description="Place or 'my location'")
    destination: str = Field(min_length=1, max_length=MAX_PLACE)
    mode: Mode = Field(default="drive")
    zim: str | None = Field(default=None, max_length=MAX_PLACE, description="Only this archive")

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Accept other words for the modes."""
        if isinstance(mode := arguments.get("mode"), str):
            word = mode.strip().lower()
            arguments["mode"] = next((name for name, others in _MODES.items() if word in others), word)
        return arguments


class RouteStatusInput(Input):
    """Input of `route_status`; without coordinates the person's own location counts."""

    ALIASES: ClassVar = {"lat": ("latitude",), "lon": ("lng", "longitude")}

    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read coordinates that came as text; (0, 0) means none."""
        for name in ("lat", "lon"):
            if name in arguments:
                arguments[name] = real_number(arguments[name])
        if arguments.get("lat") == 0 and arguments.get("lon") == 0:
            return {}
        return arguments


class Road(BaseModel):
    """A stretch of one road: metres and seconds."""

    name: str
    distance_m: int
    duration_s: int


class Step(BaseModel):
    """One instruction: where it applies, and how far and how long until the next."""

    instruction: str
    maneuver: str
    road: str
    distance_m: int
    duration_s: int
    lat: float
    lon: float


class RouteOutput(Output):
    """A route; `geometry` is the URI of a resource with its line. Of a long one `steps` holds the first."""

    summary: str
    zim: str
    mode: Mode
    origin: Point
    destination: Point
    origin_resolved: str
    destination_resolved: str
    distance_m: int
    distance_km: float
    duration_s: int
    duration_min: float
    roads: list[Road]
    steps: list[Step]
    geometry: str
    note: str | None = None


class RouteStatusOutput(Output):
    """Where the journey stands: what remains, and the step that comes next."""

    destination_name: str
    remaining_m: int
    remaining_km: float
    remaining_s: int
    remaining_minutes: float
    progress_pct: float
    current_step: str | None = None
    next_step: str | None = None
    total_steps: int
    off_route_m: int | None = None
    note: str | None = None


ROUTE_FROM_PLACES = Contract(
    "route_from_places",
    "Plan a route",
    "Directions between two places: distance, time, steps.",
    RouteInput,
    RouteOutput,
)
ROUTE_STATUS = Contract(
    "route_status",
    "Route status",
    "Time and distance left on the planned route, and the next step.",
    RouteStatusInput,
    RouteStatusOutput,
)
