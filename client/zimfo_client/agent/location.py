"""Where the person is, and what becomes of coordinates that a model writes (zimfo-behaviour §5.6, "Ours").

Models invent coordinates. Those that neither the person nor a result has named are replaced by the person's own
location; without one they are dropped, and the server says that a place name is needed.
"""

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from zimfo_client.errors import ToolCallError
from zimfo_shared.arguments import real_number
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.own_place import is_own_place
from zimfo_shared.wire import Location

MAX_POINTS = 2_000  # remembered of a conversation: forty results of the largest size
MAX_VALUES = 20_000  # looked at in one result; ours hold some hundreds
SAME_DEGREES = 0.0015  # models round to three decimals, and results show four: 150 m at most

_PAIR: Final = re.compile(
    r"(?<![\d.])(?P<lat>[-+]?\d{1,2}(?:\.\d+)?)\s*°?\s*(?P<ns>[NS])?\s*[,; ]\s*"
    r"(?P<lon>[-+]?\d{1,3}(?:\.\d+)?)\s*°?\s*(?P<ew>[EW])?(?![\d.])",
    re.IGNORECASE,
)
_LABELLED: Final = re.compile(
    r"\blat(?:itude)?\s*[:=]?\s*(?P<lat>[-+]?\d{1,2}(?:\.\d+)?)\D{1,20}?"
    r"\blon(?:g|gitude)?\s*[:=]?\s*(?P<lon>[-+]?\d{1,3}(?:\.\d+)?)",
    re.IGNORECASE,
)

Point = tuple[float, float]


def points_in(text: str) -> list[Point]:
    """Return the coordinates that a text names, in order, as (latitude, longitude) in degrees.

    Whole numbers count only with a compass letter or a label: "3, 4" is a list.
    """
    found = [(match.start(), (float(match["lat"]), float(match["lon"]))) for match in _LABELLED.finditer(text)]
    for match in _PAIR.finditer(text):
        lettered = bool(match["ns"] and match["ew"])
        if not lettered and not ("." in match["lat"] and "." in match["lon"]):
            continue
        lat, lon = float(match["lat"]), float(match["lon"])
        lat = -lat if (match["ns"] or "").upper() == "S" else lat
        lon = -lon if (match["ew"] or "").upper() == "W" else lon
        found.append((match.start(), (lat, lon)))
    return [point for _, point in sorted(found)]


@dataclass
class KnownPoints:
    """The coordinates that a conversation has named: by the person (`asked`) and in results (`seen`), in degrees."""

    asked: deque[Point] = field(default_factory=lambda: deque(maxlen=MAX_POINTS))
    seen: deque[Point] = field(default_factory=lambda: deque(maxlen=MAX_POINTS))

    def copy(self) -> Self:
        """Return a copy that does not change with this one."""
        return type(self)(self.asked.copy(), self.seen.copy())

    def hear(self, question: str) -> None:
        """Remember what the person's text names."""
        self.asked.extend(points_in(question))

    def see(self, payload: Mapping[str, Any] | None) -> None:
        """Remember the positions in a result: every object with `lat` and `lon`."""
        waiting: deque[Any] = deque([payload])
        for _ in range(MAX_VALUES):
            if not waiting:
                break
            value = waiting.popleft()
            if isinstance(value, Mapping):
                if (point := _point(value.get("lat"), value.get("lon"))) is not None:
                    self.seen.append(point)
                waiting.extend(item for item in value.values() if isinstance(item, Mapping | list))
            elif isinstance(value, list):
                waiting.extend(item for item in value if isinstance(item, Mapping | list))


def settled(name: str, arguments: Mapping[str, Any], location: Location | None, known: KnownPoints) -> dict[str, Any]:
    """Return the arguments of a model's call with the position that it may have, by tool name.

    Tools that take no position are left alone. Raises `ToolCallError` for an end of a route that is nothing but
    invented coordinates.
    """
    rule = _RULES.get(name)
    if rule is None:
        return dict(arguments)
    return rule(_canonical(name, arguments), location, known)


def _here(arguments: dict[str, Any], location: Location | None, known: KnownPoints) -> dict[str, Any]:
    """Settle `what_is_here` and `route_status`: the person's location, unless the person named coordinates."""
    point = _point(arguments.pop("lat", None), arguments.pop("lon", None))
    if point is None or not _among(point, known.asked):
        point = _of(location)
    return {**arguments, **_degrees(point)}


def _near(arguments: dict[str, Any], location: Location | None, known: KnownPoints) -> dict[str, Any]:
    """Settle `near_places` and `nearby_stories`: a place name counts, then coordinates that were named."""
    point = _point(arguments.pop("lat", None), arguments.pop("lon", None))
    place = arguments.get("place")
    if isinstance(place, str) and place.strip() and not is_own_place(place):
        written = _only_point(place)
        if written is None or _named(written, known):
            return arguments
        point = written
    own = isinstance(place, str) and is_own_place(place)
    arguments.pop("place", None)
    if own or point is None or not _named(point, known):
        point = _of(location)
    return {**arguments, **_degrees(point)}


def _near_named(arguments: dict[str, Any], location: Location | None, known: KnownPoints) -> dict[str, Any]:
    """Settle `near_named_place`: its place is a name, and "here" is the person's location."""
    for name in ("lat", "lon"):
        arguments.pop(name, None)
    place = arguments.get("place")
    if not isinstance(place, str):
        return arguments
    written = _only_point(place)
    invented = written is not None and not _named(written, known)
    if (invented or is_own_place(place)) and location is not None:
        return {**arguments, "place": _as_text(location)}
    if invented:
        raise ToolCallError(_INVENTED.format(place=place[:40], tool="near_named_place", argument="place"))
    return arguments


def _route(arguments: dict[str, Any], location: Location | None, known: KnownPoints) -> dict[str, Any]:
    """Settle `route_from_places`: it starts where the person is unless another place is named."""
    here = _as_text(location) if location else None
    for name in ("origin", "destination"):
        place = arguments.get(name)
        text = place.strip() if isinstance(place, str) else ""
        written = _only_point(text)
        invented = written is not None and not _named(written, known)
        if (name == "origin" and (not text or invented)) or is_own_place(text):
            arguments[name] = here or "my location"
        elif invented:
            raise ToolCallError(_INVENTED.format(place=text[:40], tool="route_from_places", argument=name))
    return arguments


_INVENTED: Final = (
    "The coordinates {place} come neither from the person nor from a result. "
    "Call {tool} again with the name of the place as {argument}."
)
_RULES: Final = {
    "what_is_here": _here,
    "route_status": _here,
    "near_places": _near,
    "nearby_stories": _near,
    "near_named_place": _near_named,
    "route_from_places": _route,
}


def _canonical(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments under the names of the contract, so that no other spelling of a position is overlooked."""
    aliases = CATALOGUE[name].input.ALIASES
    canonical = {other: field for field, others in aliases.items() for other in others}
    renamed: dict[str, Any] = {}
    for given, value in arguments.items():
        key = re.sub(r"[\s-]+", "_", given.strip().lower())
        if key in canonical:
            renamed.setdefault(canonical[key], value)
        else:
            renamed[key] = value
    return renamed


def _point(lat: object, lon: object) -> Point | None:
    """Return a position from two values, None for anything that is none: (0, 0) is how models say "unknown"."""
    first, second = real_number(lat), real_number(lon)
    if not isinstance(first, float) or not isinstance(second, float) or (first == 0 and second == 0):
        return None
    if not (math.isfinite(first) and math.isfinite(second) and abs(first) <= 90 and abs(second) <= 180):
        return None
    return first, second


def _only_point(text: str) -> Point | None:
    """Return the coordinates that a text consists of ("35.9, 14.5"), None when it says anything else."""
    found = re.fullmatch(r"\s*\(?\s*([-+]?\d+(?:\.\d+)?)\s*[,; ]\s*([-+]?\d+(?:\.\d+)?)\s*\)?\s*", text)
    return (float(found[1]), float(found[2])) if found else None


def _named(point: Point, known: KnownPoints) -> bool:
    return _among(point, known.asked) or _among(point, known.seen)


def _among(point: Point, points: Iterable[Point]) -> bool:
    return any(abs(point[0] - lat) <= SAME_DEGREES and abs(point[1] - lon) <= SAME_DEGREES for lat, lon in points)


def _of(location: Location | None) -> Point | None:
    return (location.lat, location.lon) if location else None


def _degrees(point: Point | None) -> dict[str, float]:
    return {"lat": point[0], "lon": point[1]} if point else {}


def _as_text(location: Location) -> str:
    return f"{location.lat:.5f},{location.lon:.5f}"
