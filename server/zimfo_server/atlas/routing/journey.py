"""A planned route that is being travelled: where one is on it, and what comes next.

Runs in the server's parent process, which keeps the last route of a connection: plain Python, no arrays, no graph.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from zimfo_server.atlas.geo import bearing, east_of, wind
from zimfo_shared.routes import Mode, RouteOutput, RouteStatusOutput, Step
from zimfo_shared.sphere import haversine_m
from zimfo_shared.units import distance_text

OFF_ROUTE_M = 100.0  # wider than a motorway junction and the error of a phone between houses, narrower than a block
ARRIVED_M = 30.0  # the length of a forecourt; positions are no more exact than that
SAME_SPOT_M = 10.0  # passes of the line that differ by less are equally near: the earlier one counts
METRES_PER_DEGREE = 111_195.0  # of latitude, on the sphere of geo.py
BOX_SEGMENTS = 64  # about as many boxes as segments in a box on the longest lines
COORDINATE_DECIMALS = 6  # 0.1 m

Position = tuple[float, float]
"""(lat, lon) in degrees."""
_Box = tuple[int, int, float, float, float, float]
"""First segment, the one after the last, then south, north, west and east in degrees."""


@dataclass(frozen=True)
class Journey:
    """A route as it was told: its totals, its line as (lat, lon) in degrees, its steps, which add up to the totals.

    Raises `ValueError` for a line of fewer than two points and for a route without steps.
    """

    origin_name: str
    destination_name: str
    mode: Mode
    distance_m: int
    duration_s: int
    line: Sequence[Position]
    steps: Sequence[Step]

    def __post_init__(self) -> None:
        if len(self.line) < 2 or not self.steps:
            raise ValueError("a journey needs a line of two points and a step")

    @classmethod
    def of(cls, route: RouteOutput, line: Sequence[Position]) -> "Journey":
        """Return the journey along a planned route with all its steps; `line` is its line.

        Across the antimeridian the line goes on beyond 180°, so that its points stay next to each other.
        """
        turned = [line[0][1]]
        for _, lon in line[1:]:
            turned.append(lon + 360 * round((turned[-1] - lon) / 360))
        return cls(
            origin_name=route.origin_resolved,
            destination_name=route.destination_resolved,
            mode=route.mode,
            distance_m=route.distance_m,
            duration_s=route.duration_s,
            line=[(lat, lon) for (lat, _), lon in zip(line, turned, strict=True)],
            steps=route.steps,
        )

    @property
    def title(self) -> str:
        """What the route is called: from where to where."""
        return f"{self.origin_name} to {self.destination_name}"

    @cached_property
    def reached(self) -> list[float]:
        """Metres along the line at each of its points."""
        return list(accumulate((_metres(*a, *b) for a, b in pairwise(self.line)), initial=0.0))

    @cached_property
    def boxes(self) -> list[_Box]:
        """The line's segments in groups, so that a position is compared with the near ones only."""
        result: list[_Box] = []
        for first in range(0, len(self.line) - 1, BOX_SEGMENTS):
            points = self.line[first : first + BOX_SEGMENTS + 1]
            lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
            result.append((first, first + len(points) - 1, min(lats), max(lats), min(lons), max(lons)))
        return result

    @cached_property
    def step_starts(self) -> list[float]:
        """Metres along the line where each step begins, in ascending order.

        The line's own length serves nowhere as the route's: archives state lengths that differ from what they draw.
        """
        points: dict[Position, list[int]] = {(step.lat, step.lon): [] for step in self.steps}
        lats = {step.lat for step in self.steps}
        for index, (lat, lon) in enumerate(self.line):
            if (rounded := round(lat, COORDINATE_DECIMALS)) in lats:
                points.get((rounded, round(lon, COORDINATE_DECIMALS)), []).append(index)
        whole = self.reached[-1]
        scale = whole / self.distance_m if self.distance_m else 0.0
        starts: list[float] = []
        told = 0
        for step in self.steps:
            # A line may pass the place of a step twice: the pass that fits the distance told is meant.
            expected = min(whole, told * scale)
            at = [self.reached[index] for index in points[step.lat, step.lon]]
            start = min(at, key=lambda metres: abs(metres - expected), default=expected)
            starts.append(max(start, starts[-1]) if starts else 0.0)
            told += step.distance_m
        return starts


@dataclass(frozen=True)
class _Place:
    """A position on the line: metres along the line, and metres from where one really is."""

    along: float
    aside: float


def status(journey: Journey, lat: float, lon: float) -> RouteStatusOutput:
    """Return where a journey stands for someone at (lat, lon) in degrees.

    The position is taken to the nearest segment of the line; where the line passes there twice, to the earlier pass.
    """
    lon = journey.line[0][1] + east_of(journey.line[0][1], lon)
    place = _nearest(journey, lat, lon)
    starts = journey.step_starts
    current = bisect_right(starts, place.along) - 1
    whole = journey.reached[-1]
    end = starts[current + 1] if current + 1 < len(starts) else whole
    left = (end - place.along) / (end - starts[current]) if end > starts[current] else 0.0
    step, later = journey.steps[current], journey.steps[current + 1 :]
    metres = left * step.distance_m + sum(each.distance_m for each in later)
    seconds = left * step.duration_s + sum(each.duration_s for each in later)
    off = place.aside > OFF_ROUTE_M
    following = f"In {distance_text(left * step.distance_m)}: {later[0].instruction}" if later else None
    return RouteStatusOutput(
        destination_name=journey.destination_name,
        **_remaining(metres, seconds),
        progress_pct=round(100 * (1 - metres / journey.distance_m), 1) if journey.distance_m else 100.0,
        current_step=None if off else step.instruction,
        next_step=None if off else following,
        total_steps=len(journey.steps),
        off_route_m=round(place.aside) if off else None,
        note=_note(journey, lat, lon, place),
    )


def status_unlocated(journey: Journey) -> RouteStatusOutput:
    """Return the totals of a journey, for someone whose position is unknown."""
    return RouteStatusOutput(
        destination_name=journey.destination_name,
        **_remaining(journey.distance_m, journey.duration_s),
        progress_pct=0.0,
        next_step=journey.steps[0].instruction,
        total_steps=len(journey.steps),
        note="The current location is unknown: these are the totals of the whole route. "
        "Call route_status with lat and lon for what remains.",
    )


def geojson(journey: Journey) -> str:
    """Return the route as one GeoJSON Feature (RFC 7946): a LineString of [lon, lat] in degrees, 6 decimals.

    Its properties are the names of both ends, mode, metres, seconds and the steps.
    """
    feature = {
        "type": "Feature",
        "properties": {
            "origin": journey.origin_name,
            "destination": journey.destination_name,
            "mode": journey.mode,
            "distance_m": journey.distance_m,
            "duration_s": journey.duration_s,
            "steps": [step.model_dump(mode="json") for step in journey.steps],
        },
        "geometry": {
            "type": "LineString",
            "coordinates": [
                [round(east_of(0, lon), COORDINATE_DECIMALS), round(lat, COORDINATE_DECIMALS)]
                for lat, lon in journey.line
            ],
        },
    }
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


def _remaining(metres: float, seconds: float) -> dict[str, float]:
    return {
        "remaining_m": round(metres),
        "remaining_km": round(metres / 1_000, 1),
        "remaining_s": round(seconds),
        "remaining_minutes": round(seconds / 60, 1),
    }


def _metres(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance between neighbouring points, on a plane: a fraction of haversine's time, and as exact."""
    scale = math.cos(math.radians((lat1 + lat2) / 2))
    return math.hypot(lat2 - lat1, (lon2 - lon1) * scale) * METRES_PER_DEGREE


def _nearest(journey: Journey, lat: float, lon: float) -> _Place:
    """Return the position's place on the line.

    Works in degrees of latitude on a plane around the position: exact near it, and far away only the order of distances
    is needed.
    """
    scale = math.cos(math.radians(lat))
    bounds: list[tuple[float, int, int]] = []
    for first, last, south, north, west, east in journey.boxes:
        away = math.hypot(max(south - lat, 0.0, lat - north), max(west - lon, 0.0, lon - east) * scale)
        bounds.append((away, first, last))
    bounds.sort()
    near: dict[int, tuple[float, float]] = {}
    limit = math.inf
    for away, first, last in bounds:
        if away > limit:
            break
        for segment in range(first, last):
            near[segment] = found = _project(journey.line[segment], journey.line[segment + 1], lat, lon, scale)
            limit = min(limit, found[0] + SAME_SPOT_M / METRES_PER_DEGREE)
    # The first stretch of the line that comes near enough, and in it the nearest segment.
    first = segment = min(each for each, (away, _) in near.items() if away <= limit)
    while near.get(first, (math.inf, 0.0))[0] <= limit:
        segment = min(segment, first, key=lambda each: near[each][0])
        first += 1
    share = near[segment][1]
    (lat1, lon1), (lat2, lon2) = journey.line[segment : segment + 2]
    aside = haversine_m(lat, lon, lat1 + share * (lat2 - lat1), lon1 + share * (lon2 - lon1))
    along = journey.reached[segment] + share * (journey.reached[segment + 1] - journey.reached[segment])
    return _Place(along, aside)


def _project(start: Position, end: Position, lat: float, lon: float, scale: float) -> tuple[float, float]:
    """Return how far a segment is, in degrees of latitude, and the share of it before its nearest point."""
    x, y = (start[1] - lon) * scale, start[0] - lat
    dx, dy = (end[1] - start[1]) * scale, end[0] - start[0]
    length = dx * dx + dy * dy
    share = min(1.0, max(0.0, -(x * dx + y * dy) / length)) if length else 0.0
    return math.hypot(x + share * dx, y + share * dy), share


def _note(journey: Journey, lat: float, lon: float, place: _Place) -> str | None:
    """Return what a person at (lat, lon) needs to know besides the figures."""
    at_start, at_end = place.along <= 0, journey.reached[-1] - place.along <= ARRIVED_M
    aside = distance_text(place.aside)
    if place.aside <= OFF_ROUTE_M:
        return f"You have arrived at {journey.destination_name}." if at_end else None
    if at_end:
        return f"The route ends {aside} from here: {journey.destination_name} may lie off the roads."
    if at_start:
        direction = wind(bearing(lat, lon, *journey.line[0]))
        return f"The route begins {aside} to the {direction}; the figures are those of the whole route."
    return (
        f"Off the route by {aside}; the figures count from its nearest point. "
        f"Plan a new one with route_from_places from the current location to {journey.destination_name}."
    )
