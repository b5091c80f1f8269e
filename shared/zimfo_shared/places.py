"""Contracts of the four place tools. Output names follow zimfo-behaviour §1.4, server column."""

import re
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from zimfo_shared.arguments import Input, clamp, real_number, text_list, whole_number
from zimfo_shared.contract import Contract, Output

MAX_PLACE = 500  # characters of a place name; the longest real ones stay under 200
MIN_RADIUS_KM, MAX_RADIUS_KM = 0.05, 100.0
DEFAULT_RADIUS_KM = 1.0
DEFAULT_STORY_RADIUS_KM = 2.0
MAX_PLACES, DEFAULT_PLACES = 50, 10
MAX_STORIES, DEFAULT_STORIES = 10, 4
MAX_KINDS = 20
METRES_FROM = 100  # a bare `radius` above this is metres: nobody searches 100 km around a place by hand

_ZIM = "Only this archive"
_ZIM_ALIASES = ("archive", "zim_file", "file")
_KINDS = Field(default=None, description="What to find, e.g. bar, museum")
_RADIUS = Field(default=DEFAULT_RADIUS_KM)
_LAT = Field(default=None, ge=-90, le=90)
_LON = Field(default=None, ge=-180, le=180)


_IRREGULAR = {"buses": "bus", "movies": "movie", "cookies": "cookie", "pies": "pie", "smoothies": "smoothie"}


def singular(word: str) -> str:
    """Return an English plural noun in the singular ("breweries" → "brewery"); short words stay as they are."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


# "and" stands between two kinds ("bars and cafés"), but for these, which are one.
_KINDS_APART = r"\s*[,;/]\s*|\s+(?!and (?:breakfasts?|crafts?|chips?)\b)(?:and|or)\s+"


def kind_names(value: object) -> object:
    """Return kinds as singular, lower-case words with underscores, from a list or a text ("bars and cafés")."""
    texts = text_list(value, separators=_KINDS_APART)
    if not isinstance(texts, list):
        return texts
    words = (re.sub(r"[\s_]+", "_", text.lower()).strip("_") for text in texts)
    return list(dict.fromkeys(singular(word) for word in words if word)) or None


class AroundInput(Input):
    """What the place tools share: a radius in km, kinds and an archive."""

    ALIASES: ClassVar = {
        "place": ("name", "location", "near", "query", "address", "place_name", "city"),
        "kinds": ("kind", "category", "categories", "type", "types", "subtype"),
        "limit": ("target_count", "count", "max_results", "n", "max_places"),
        "lat": ("latitude",),
        "lon": ("lng", "long", "longitude"),
        "zim": _ZIM_ALIASES,
    }

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Bring radius names to km, numbers into their ranges, kinds into a list; (0, 0) means no coordinates."""
        metres = [arguments.pop(name) for name in ("radius_m", "radius_meters", "distance_m") if name in arguments]
        plain = arguments.pop("radius", None)
        if "radius_km" not in arguments and (metres or plain is not None):
            radius = real_number(metres[0] if metres else plain)
            in_metres = bool(metres) or (isinstance(radius, float) and radius > METRES_FROM)
            arguments["radius_km"] = radius / 1000 if in_metres and isinstance(radius, float) else radius
        if "radius_km" in arguments:
            arguments["radius_km"] = clamp(real_number(arguments["radius_km"]), MIN_RADIUS_KM, MAX_RADIUS_KM)
        if "limit" in arguments:
            limit = whole_number(arguments["limit"])
            arguments["limit"] = clamp(limit, 1, MAX_PLACES) if limit != 0 else DEFAULT_PLACES
        if "kinds" in arguments:
            kinds = kind_names(arguments["kinds"])
            arguments["kinds"] = kinds[:MAX_KINDS] if isinstance(kinds, list) else kinds
        for name in ("lat", "lon"):
            if name in arguments:
                arguments[name] = real_number(arguments[name])
        if arguments.get("lat") == 0 and arguments.get("lon") == 0:
            del arguments["lat"], arguments["lon"]
        return arguments


class NearPlacesInput(AroundInput):
    """Input of `near_places`: around a place, a point, or the person."""

    place: str = Field(default="", max_length=MAX_PLACE, description="Place name; else lat and lon")
    lat: float | None = _LAT
    lon: float | None = _LON
    radius_km: float = _RADIUS
    kinds: list[str] | None = _KINDS
    limit: int = Field(default=DEFAULT_PLACES)
    has_wiki: bool = Field(default=False, description="Only places with an article")
    zim: str | None = Field(default=None, max_length=MAX_PLACE, description=_ZIM)


class NearNamedPlaceInput(AroundInput):
    """Input of `near_named_place`."""

    place: str = Field(min_length=1, max_length=MAX_PLACE, description="Place name or address")
    radius_km: float = _RADIUS
    kinds: list[str] | None = _KINDS
    limit: int = Field(default=DEFAULT_PLACES)
    has_wiki: bool = Field(default=False)
    zim: str | None = Field(default=None, max_length=MAX_PLACE, description=_ZIM)


class NearbyStoriesInput(AroundInput):
    """Input of `nearby_stories`."""

    ALIASES: ClassVar = {
        **{name: others for name, others in AroundInput.ALIASES.items() if name != "limit"},
        "max_stories": ("limit", "count", "max_results", "target_count", "n"),
    }

    place: str = Field(default="", max_length=MAX_PLACE)
    lat: float | None = _LAT
    lon: float | None = _LON
    radius_km: float = Field(default=DEFAULT_STORY_RADIUS_KM)
    max_stories: int = Field(default=DEFAULT_STORIES)
    kinds: list[str] | None = Field(default=None)
    zim: str | None = Field(default=None, max_length=MAX_PLACE, description=_ZIM)

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """As for the other place tools; the number of stories has its own range."""
        arguments = super().adjust(arguments)
        if "max_stories" in arguments:
            wanted = whole_number(arguments["max_stories"])
            arguments["max_stories"] = clamp(wanted, 1, MAX_STORIES) if wanted != 0 else DEFAULT_STORIES
        return arguments


class WhatIsHereInput(AroundInput):
    """Input of `what_is_here`; without coordinates the person's own location counts."""

    lat: float | None = _LAT
    lon: float | None = _LON
    zim: str | None = Field(default=None, max_length=MAX_PLACE, description=_ZIM)


class Point(BaseModel):
    """A position in degrees."""

    lat: float
    lon: float


class Place(BaseModel):
    """A record of the gazetteer, `distance_m` metres to the `direction` of the centre of the search."""

    name: str
    type: str
    subtype: str | None = None
    lat: float
    lon: float
    distance_m: int | None = None
    direction: str | None = None
    location: str | None = None
    address: str | None = None
    wikipedia: str | None = None
    wikidata: str | None = None
    website: str | None = None
    phone: str | None = None
    brand: str | None = None
    wiki_title: str | None = None
    wiki_path: str | None = None
    wiki_zim: str | None = None
    excerpt: str | None = None


class CategoryCount(BaseModel):
    """How many places of a category lie in the radius."""

    category: str
    count: int


class Suggestion(BaseModel):
    """A call that is likely to find something."""

    tool: str
    arguments: dict[str, Any]
    reason: str


class NearOutput(Output):
    """Places in a radius: the nearest, and how many there are of each category."""

    origin: Point
    query: str | None = None
    resolved: Place | None = None
    alternatives: list[Place] | None = None
    radius_km: float
    total_in_radius: int
    by_category: list[CategoryCount]
    results_shown: int
    results: list[Place]
    categories_needing_drill_in: list[str] | None = None
    usage_note: str | None = None
    suggested_next: list[Suggestion] | None = None
    zims: list[str]
    note: str | None = None


class Story(BaseModel):
    """A place with the beginning of the article that its map record names."""

    place_name: str
    wiki_title: str
    wiki_tag: str
    zim: str
    path: str
    lat: float
    lon: float
    distance_m: int
    direction: str | None = None
    excerpt: str
    has_more_sections: bool


class StoriesOutput(Output):
    """Stories in order of distance."""

    origin: Point
    resolved: Place | None = None
    radius_km: float
    count: int
    stories: list[Story]
    suggested_next: list[Suggestion] | None = None
    note: str | None = None


class WhatIsHereOutput(Output):
    """What stands at a point, and in which neighbourhood, settlement and region."""

    lat: float
    lon: float
    nearest_named_place: str
    admin_area: str | None = None
    neighbourhood: str | None = None
    settlement: str | None = None
    region: str | None = None
    distance_m: int
    place_lat: float
    place_lon: float
    wikipedia: str | None = None
    wiki_title: str | None = None
    wiki_zim: str | None = None
    wiki_summary: str | None = None
    zim: str
    note: str | None = None


NEAR_PLACES = Contract(
    "near_places",
    "Places nearby",
    "Places around the person, a place or a point.",
    NearPlacesInput,
    NearOutput,
)
NEAR_NAMED_PLACE = Contract(
    "near_named_place",
    "Places near a place",
    "Places of some kind in or around a named place.",
    NearNamedPlaceInput,
    NearOutput,
)
NEARBY_STORIES = Contract(
    "nearby_stories",
    "Stories nearby",
    "Interesting stories about places around a place or the person.",
    NearbyStoriesInput,
    StoriesOutput,
)
WHAT_IS_HERE = Contract(
    "what_is_here",
    "What is here",
    "Where the person, or a point, is. Without lat and lon: the person.",
    WhatIsHereInput,
    WhatIsHereOutput,
)
