"""What a `highway` tag means for the road graph: class, speed, direction, access, label (streetzim-format.md §2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

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

# Drawn in OpenStreetMap like roads, but nobody travels on them: not built, not there any more, or not for traffic.
_NO_ROADS = frozenset(
    {"proposed", "construction", "raceway", "bus_guideway", "platform", "elevator", "razed", "abandoned"}
)

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
    speed: int  # km/h
    forward: bool  # may be travelled as it is drawn
    backward: bool
    label: str  # "Name", "ref", "Name (ref)" or ""
    name: str  # the name alone, else the ref
    drawn: str  # class of its search record


def road_of(tags: Mapping[str, str]) -> Road | None:
    """Return what the tags of a way make of it; None if it is no road that anybody can travel on."""
    highway = tags.get("highway", "")
    if not highway or highway in _NO_ROADS:
        return None
    ordinal = _ORDINALS.get(highway, _OTHER)
    one_way = tags.get("oneway", "")
    word = ordinal
    word |= _FOOT_NO * (tags.get("foot") == "no")
    word |= _BICYCLE_NO * (tags.get("bicycle") == "no")
    # The bit says "as drawn", so that a road against its drawing has only its direction to tell.
    word |= _ONE_WAY * (one_way in ("yes", "1", "true"))
    word |= _ROUNDABOUT * (tags.get("junction") in ("roundabout", "circular", "mini_roundabout"))
    name, ref = tags.get("name", ""), tags.get("ref", "")
    kind = _CLASSES[ordinal][0]
    return Road(
        word=word,
        speed=_CLASSES[ordinal][1],
        forward=one_way != "-1",
        backward=one_way not in ("yes", "1", "true"),
        label=f"{name} ({ref})" if name and ref else name or ref,
        name=name or ref,
        drawn=_DRAWN.get(kind, kind.removesuffix("_link")),
    )
