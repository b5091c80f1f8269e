"""What the tags of a way mean for the road graph: class, speed, direction, access, label (streetzim-format.md §2.3).

The original generator knows neither `maxspeed` nor `access` nor what a roundabout implies; `speeds="streetzim"` does as
it does. By default, a road is what people may do on it. The format has no bits for motor traffic, so that the class and
the speed have to say it: a way closed to motor vehicles gets a class that cars do not travel, and a private one the
speed of walking, which makes it good for nothing but its own houses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Speeds = Literal["maxspeed", "streetzim"]

# The class ordinal of a road is its place in this list; the speeds, in km/h, belong to the format like the ordinals.
_CLASSES: tuple[tuple[str, int], ...] = (
    ("other", 30),
    ("motorway", 100),
    ("motorway_link", 60),
    ("trunk", 80),
    ("trunk_link", 50),
    ("primary", 60),
    ("primary_link", 40),
    ("secondary", 50),
    ("secondary_link", 35),
    ("tertiary", 40),
    ("tertiary_link", 30),
    ("residential", 30),
    ("living_street", 20),
    ("unclassified", 40),
    ("service", 20),
    ("track", 15),
    ("path", 5),
    ("footway", 5),
    ("cycleway", 15),
    ("pedestrian", 5),
    ("steps", 3),
)
_ORDINALS = {name: ordinal for ordinal, (name, _) in enumerate(_CLASSES)}
_OTHER = 0
_FIRST_WITHOUT_CARS = _ORDINALS["path"]

MIN_SPEED, MAX_SPEED = 5, 130  # km/h; faster than that nobody plans
MIN_LIMIT, MAX_LIMIT = 5, 200  # what is outside of these was a slip: no country has such limits
# A limit is what is allowed and not what is driven: on a lane of the forest, a limit of 100 km/h says little.
MAX_OVER_CLASS = 2
_MILE_KM = 1.609344
_LIMIT = re.compile(r"(\d{1,3})(?:\.\d+)?\s*(km/h|kmh|kph|mph)?", re.ASCII | re.IGNORECASE)

# Drawn in OpenStreetMap like roads, but nobody travels on them: not built, not there any more, or not for traffic.
_NO_ROADS = frozenset(
    {"proposed", "construction", "raceway", "bus_guideway", "platform", "elevator", "razed", "abandoned"}
)

# Not for ordinary traffic, whatever other tags say.
_BUS_ROADS = frozenset({"busway"})

# From the most to the least telling: the first that is tagged decides.
_CAR_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
_FOOT_KEYS = ("foot", "access")
_BICYCLE_KEYS = ("bicycle", "vehicle", "access")
_CLOSED = frozenset({"no", "agricultural", "forestry", "agricultural;forestry", "emergency", "military", "psv", "bus"})

_FOOT_NO = 1 << 5
_BICYCLE_NO = 1 << 6
_ONE_WAY = 1 << 7
_ROUNDABOUT = 1 << 8

# The coarser classes that the search records of streets carry, as map styles draw them.
_DRAWN = {
    "residential": "minor",
    "unclassified": "minor",
    "living_street": "minor",
    "other": "minor",
    "path": "path",
    "footway": "path",
    "cycleway": "path",
    "pedestrian": "path",
    "steps": "path",
}


@dataclass(frozen=True, slots=True)
class Road:
    """What all pieces of one way have in common."""

    word: int  # class and access bits
    forward: int  # km/h as the way is drawn; 0: not to be travelled so
    backward: int
    label: str  # "Name", "ref", "Name (ref)" or ""
    name: str  # the name alone, else the ref
    drawn: str  # class of its search record


def is_road(tags: Mapping[str, str]) -> bool:
    """Tell whether a way is there for travelling, for some people at least."""
    highway = tags.get("highway", "")
    return bool(highway) and highway not in _NO_ROADS


def road_of(tags: Mapping[str, str], speeds: Speeds = "maxspeed") -> Road | None:
    """Return what the tags of a way make of it; None if it is no road that anybody can travel on."""
    if not is_road(tags):
        return None
    ordinal = _ORDINALS.get(tags["highway"], _OTHER)
    kind, class_speed = _CLASSES[ordinal]
    one_way = tags.get("oneway", "")
    ring = tags.get("junction") in ("roundabout", "circular", "mini_roundabout")
    foot_closed, bicycle_closed = tags.get("foot") == "no", tags.get("bicycle") == "no"
    forward = backward = class_speed
    if speeds == "maxspeed":
        fast = kind in ("motorway", "motorway_link") or tags.get("motorroad") == "yes"
        foot_closed = _access(tags, _FOOT_KEYS) in _CLOSED or (fast and "foot" not in tags)
        bicycle_closed = _access(tags, _BICYCLE_KEYS) in _CLOSED or (fast and "bicycle" not in tags)
        forward, backward = _speed(tags, "forward", class_speed), _speed(tags, "backward", class_speed)
        if ordinal < _FIRST_WITHOUT_CARS:
            cars = _access(tags, _CAR_KEYS)
            if cars in _CLOSED or tags["highway"] in _BUS_ROADS:
                if foot_closed and bicycle_closed:
                    return None
                ordinal = _ORDINALS["pedestrian" if bicycle_closed else "cycleway"]
                forward = backward = _CLASSES[ordinal][1]
            elif cars == "private":
                forward = backward = MIN_SPEED
        else:
            forward = backward = class_speed  # limits are for cars
        if not one_way and (ring or kind == "motorway"):
            one_way = "yes"
    as_drawn, against = one_way in ("yes", "1", "true"), one_way in ("-1", "reverse")
    word = ordinal
    word |= _FOOT_NO * foot_closed
    word |= _BICYCLE_NO * bicycle_closed
    # The bit says "as drawn", so that a road against its drawing has only its direction to tell.
    word |= _ONE_WAY * as_drawn
    word |= _ROUNDABOUT * ring
    name, ref = tags.get("name", ""), tags.get("ref", "")
    return Road(
        word=word,
        forward=0 if against else forward,
        backward=0 if as_drawn else backward,
        label=f"{name} ({ref})" if name and ref else name or ref,
        name=name or ref,
        drawn=_DRAWN.get(kind, kind.removesuffix("_link")),
    )


def _access(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((tags[key] for key in keys if key in tags), "")


def _speed(tags: Mapping[str, str], direction: str, class_speed: int) -> int:
    """Return the limit in km/h where it can be believed, else the speed of the class."""
    told = tags.get(f"maxspeed:{direction}") or tags.get("maxspeed", "")
    if told == "none":
        return min(MAX_SPEED, class_speed * MAX_OVER_CLASS)
    # Of several limits, by lane or by hour, the lowest: "50;70".
    limits = [_LIMIT.fullmatch(part.strip()) for part in told.split(";")]
    if not told or None in limits:
        return class_speed
    limit = min(
        round(int(match[1]) * (_MILE_KM if (match[2] or "").lower() == "mph" else 1)) for match in limits if match
    )
    if not MIN_LIMIT <= limit <= MAX_LIMIT:
        return class_speed
    return min(limit, MAX_SPEED, class_speed * MAX_OVER_CLASS)
