"""Answers questions about places and ways without a model: makes the calls, composes the answer, keeps the list.

What the server says of a call that it cannot answer (a place that no map knows, two of one name, no coverage) is what
the person reads.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from zimfo_client.agent import compose, compose_places
from zimfo_client.agent.focus import Focus, ListedPlaces
from zimfo_client.agent.journey_intents import MY_LOCATION
from zimfo_client.agent.place_intents import nearest_kinds, referred
from zimfo_client.agent.shape import HERE, Intent, Shape
from zimfo_client.results import Source, ToolResult, merged, sources_of
from zimfo_client.text import shorten
from zimfo_shared.articles import OverviewOutput
from zimfo_shared.catalogue import PLACE_TOOLS, ROUTE_TOOLS
from zimfo_shared.places import (
    MAX_PLACES,
    MAX_RADIUS_KM,
    MAX_STORIES,
    NearOutput,
    Place,
    StoriesOutput,
    WhatIsHereOutput,
    kind_names,
)
from zimfo_shared.routes import RouteOutput, RouteStatusOutput
from zimfo_shared.sphere import haversine_m
from zimfo_shared.units import distance_text
from zimfo_shared.wire import Location

Call = Callable[[str, dict[str, Any]], Awaitable[ToolResult]]
Payload = TypeVar("Payload", bound=BaseModel)

NEAR_KM = 1.0  # around a place or the person: a walk
IN_KM = 3.0  # "in" a town: most of it
AROUND_KM = 0.5  # "around me": what can be seen or nearly so
WIDER = 5.0  # a list that is empty is looked for in a circle so many times wider
MAX_WIDENED = 2  # times: from a walk to a drive, no further
FOREIGN_CHARS = 900  # of a foreign server's result, which is shown as it is

NO_MAP = "This needs a map archive, and no map tools are available: place and route questions cannot be answered."
NO_ROADS = (
    "No loaded map has a road graph, so routes cannot be planned. Places can be found: ask for example what is nearby."
)
SAY_WHERE = "Say where you are with --location LAT,LON, or name a place."
EMPTY_LIST = "The last list of places is empty. Ask for places again, with a wider radius or of another kind."
WHICH_PLACE = "It is not clear which place is meant. Name it, or ask for a list of places first."
NO_JOURNEY = "There is no route under way. Ask for directions first, for example: directions from A to B."

_PLACE_NAMES: Final = frozenset(contract.name for contract in PLACE_TOOLS)
_ROUTE_NAMES: Final = frozenset(contract.name for contract in ROUTE_TOOLS)
_NEEDS: Final = {Shape.ROUTE: _ROUTE_NAMES, Shape.STATUS: _ROUTE_NAMES}


@dataclass
class Direct:
    """An answer composed from results; `key` is the call that it rests on, `found` whether it answers anything.

    `further` are the other calls of an answer that explains something from several sections.
    """

    text: str
    shape: Shape
    found: bool
    sources: list[Source] = field(default_factory=list)
    key: ToolResult | None = None
    further: list[ToolResult] = field(default_factory=list)


async def fetched(
    call: Call, name: str, arguments: dict[str, Any], model: type[Payload]
) -> tuple[ToolResult, Payload | None]:
    """Make a call; returns its result, and its payload where it is one of ours."""
    result = await call(name, arguments)
    if result.payload is None:
        return result, None
    try:
        return result, model.model_validate(result.payload)
    except ValidationError:
        return result, None  # a foreign server's tool of the same name: not an answer that we can read


class PlaceAnswerer:
    """Answers map shapes over `call`; `tools` are those that the server lists, `location` is the person's."""

    def __init__(self, call: Call, focus: Focus, tools: Collection[str], location: Location | None) -> None:
        self._call_tool = call
        self._focus = focus
        self._tools = frozenset(tools)
        self._location = location

    async def answer(self, intent: Intent) -> Direct:
        """Return an answer to a question of a map shape; not `found` when the maps have none."""
        if not _NEEDS.get(intent.shape, _PLACE_NAMES) <= self._tools:
            some_maps = bool(self._tools & _PLACE_NAMES)
            return Direct(NO_ROADS if some_maps else NO_MAP, intent.shape, found=False)
        if intent.shape in (Shape.CLOSEST, Shape.PICK) and not self._focus.listed.places:
            return Direct(EMPTY_LIST, intent.shape, found=False)
        match intent.shape:
            case Shape.HERE:
                return await self._here(intent)
            case Shape.ROUTE:
                return await self._route(intent)
            case Shape.STATUS:
                return await self._status()
            case Shape.STORIES:
                return await self._stories(intent.subjects[0])
            case Shape.CLOSEST:
                return await self._closest(intent.subjects[0])
            case Shape.PICK:
                return await self._picked(intent.subjects[0])
            case Shape.MORE:
                return await self._more(intent)
            case _:
                return await self._near(intent)

    async def _near(self, intent: Intent) -> Direct:
        place = intent.subjects[1]
        what = compose_places.label(intent.kinds)
        chosen = self._focus.listed.pointed_at(referred(place))
        arguments: dict[str, Any] = {"limit": MAX_PLACES}
        if intent.kinds:
            arguments["kinds"] = kind_names(list(intent.kinds))
        name = "near_places"
        if place == HERE:
            arguments |= self._degrees()
        elif chosen is not None:
            arguments |= {"lat": chosen.lat, "lon": chosen.lon}
            place = chosen.name
        else:
            name = "near_named_place"
            arguments["place"] = place
        radius = intent.radius_km or (IN_KM if intent.inside else NEAR_KM)
        widened = 0 if intent.radius_km else MAX_WIDENED
        return await self._listed(name, arguments, radius, what, place, nearest=intent.nearest, widened=widened)

    async def _listed(
        self,
        name: str,
        arguments: dict[str, Any],
        radius_km: float,
        what: str,
        place: str,
        *,
        nearest: bool = False,
        widened: int = 0,
    ) -> Direct:
        """Make the call of a list and remember it; an empty one is looked for again in a wider circle."""
        arguments = {**arguments, "radius_km": min(radius_km, MAX_RADIUS_KM)}
        result, found = await fetched(self._call_tool, name, arguments, NearOutput)
        if found is None and (meant := compose_places.similar_name(result.text, place)):
            arguments, place = {**arguments, "place": meant}, meant
            result, found = await fetched(self._call_tool, name, arguments, NearOutput)
        for _ in range(widened):
            if found is None or found.total_in_radius:
                break
            arguments["radius_km"] = min(arguments["radius_km"] * WIDER, MAX_RADIUS_KM)
            wider_result, wider = await fetched(self._call_tool, name, arguments, NearOutput)
            if wider is None:
                break
            result, found = wider_result, wider
        if found is None:
            return self._refused(result, Shape.PLACES, located=place != HERE)
        around = "you" if place == HERE else found.resolved.name if found.resolved else place
        self._focus.listed = ListedPlaces.of(result, found, label=what, shown=compose_places.PAGE)
        if nearest and found.results:
            self._focus.listed.chosen = found.results[0]
        text = compose_places.near(found, what, around, nearest=nearest)
        if not found.total_in_radius and not found.note and found.suggested_next:
            text += f"\n{found.suggested_next[0].reason}"
        return Direct(text, Shape.PLACES, found=True, sources=sources_of(result), key=result)

    async def _here(self, intent: Intent) -> Direct:
        degrees = self._degrees()
        result, found = await fetched(self._call_tool, "what_is_here", degrees, WhatIsHereOutput)
        if found is None and result.ok:
            return _foreign(result, Shape.HERE)
        if found is None and not intent.around:
            return self._refused(result, Shape.HERE, located=False)
        parts = [compose_places.here(found)] if found else []
        sources = sources_of(result)
        if intent.around:
            around = await self._listed("near_places", {"limit": MAX_PLACES, **degrees}, AROUND_KM, "places", HERE,
                                        widened=1)  # fmt: skip
            if not around.found and found is None:
                return self._refused(result, Shape.HERE, located=False)
            if around.found:
                parts.append(around.text)
                sources += around.sources
                result = around.key if found is None and around.key else result
        return Direct("\n".join(parts), Shape.HERE, found=True, sources=merged(sources), key=result)

    async def _route(self, intent: Intent) -> Direct:
        if intent.unsupported:
            text = f"Routes are for the car, the bicycle and walking; there are none by {intent.unsupported}."
            return Direct(text, Shape.ROUTE, found=False)
        origin, destination = intent.subjects
        if kinds := nearest_kinds(destination):
            # The nearest of a kind is a search of its own; the way leads to what it finds.
            around = HERE if origin == MY_LOCATION else origin
            search = Intent(Shape.PLACES, (destination, around), kinds=kinds, nearest=True)
            listed = await self._near(search)
            if not listed.found or self._focus.listed.chosen is None:
                return listed
            destination = "there"
        from_place, to_place = (self._focus.listed.pointed_at(referred(name)) for name in (origin, destination))
        if to_place is None and referred(destination) is not None:
            if intent.weak:
                # "How far is it?" without a place in sight can only mean the journey.
                return await self._status()
            return Direct(WHICH_PLACE, Shape.ROUTE, found=False)
        arguments: dict[str, Any] = {
            "origin": _position(from_place) or origin,
            "destination": _position(to_place) or destination,
        }
        if intent.mode:
            arguments["mode"] = intent.mode
        result, found = await fetched(self._call_tool, "route_from_places", arguments, RouteOutput)
        if found is None:
            needs_location = MY_LOCATION in (origin, destination)
            return self._refused(result, Shape.ROUTE, located=not needs_location)
        found = _named(found, from_place, to_place)
        result = replace(result, payload=found.payload())
        self._focus.journey, self._focus.destination = sources_of(result), found.destination_resolved
        self._focus.listed.chosen = to_place or self._focus.listed.chosen
        return Direct(compose_places.route(found), Shape.ROUTE, found=True, sources=self._focus.journey, key=result)

    async def _status(self) -> Direct:
        result, found = await fetched(self._call_tool, "route_status", self._degrees(), RouteStatusOutput)
        if found is None and not result.ok and not self._focus.journey:
            return Direct(NO_JOURNEY, Shape.STATUS, found=False, key=result)
        if found is None:
            return self._refused(result, Shape.STATUS, located=True)
        if self._focus.destination:
            found = found.model_copy(update={"destination_name": self._focus.destination})
        return Direct(compose_places.status(found), Shape.STATUS, found=True, sources=self._focus.journey, key=result)

    async def _stories(self, place: str, radius_km: float | None = None) -> Direct:
        arguments = self._degrees() if place == HERE else {"place": place}
        if radius_km:
            arguments |= {"radius_km": min(radius_km, MAX_RADIUS_KM), "max_stories": MAX_STORIES}
        result, found = await fetched(self._call_tool, "nearby_stories", arguments, StoriesOutput)
        if found is None:
            return self._refused(result, Shape.STORIES, located=place != HERE)
        around = "you" if place == HERE else found.resolved.name if found.resolved else place
        text = compose_places.stories(found, around)
        self._focus.listed = ListedPlaces.of_stories(result, found)
        return Direct(text, Shape.STORIES, found=bool(found.stories), sources=sources_of(result), key=result)

    async def _closest(self, place: str) -> Direct:
        """Say which place of the last list is closest to another place, or to the centre of the list."""
        listed = self._focus.listed
        if place == HERE:
            listed.chosen = listed.places[0]
            text = f"The closest is {compose_places.line(listed.chosen)}."
            return Direct(text, Shape.CLOSEST, found=True, sources=listed.sources)
        pointed = listed.pointed_at(referred(place))
        if pointed is not None:
            lat, lon, name, key, sources = pointed.lat, pointed.lon, pointed.name, None, listed.sources
        else:
            arguments = {"place": place, "limit": 1}
            key, found = await fetched(self._call_tool, "near_named_place", arguments, NearOutput)
            if found is None:
                return self._refused(key, Shape.CLOSEST, located=True)
            lat, lon = found.origin.lat, found.origin.lon
            name = found.resolved.name if found.resolved else place
            sources = merged([*listed.sources, *sources_of(key)])
        others = [other for other in listed.places if other is not pointed] or listed.places
        ranked = sorted((haversine_m(lat, lon, other.lat, other.lon), index) for index, other in enumerate(others))
        away, first = ranked[0]
        listed.chosen = others[first]
        if len(others) == 1:
            text = f"There is only {listed.chosen.name}: {distance_text(away)} from {name} in a straight line."
            return Direct(text, Shape.CLOSEST, found=True, sources=sources, key=key)
        rest = ", ".join(f"{others[index].name} ({distance_text(far)})" for far, index in ranked[1:3])
        whole = f" of {listed.total}" if listed.total > len(listed.places) else ""
        text = (
            f"Of the {len(others)}{whole} {listed.label}, {listed.chosen.name} is closest to {name}: "
            f"{distance_text(away)} in a straight line." + (f" Next: {rest}." if rest else "")
        )
        return Direct(text, Shape.CLOSEST, found=True, sources=sources, key=key)

    async def _picked(self, word: str) -> Direct:
        """Tell everything about one place of the last list, with the article that its record names."""
        listed = self._focus.listed
        place = listed.pointed_at(referred(word))
        if place is None:
            return Direct(f"The last list has {len(listed.places)} places.", Shape.PICK, found=False)
        listed.chosen = place
        text, sources, key = compose_places.details(place), list(listed.sources), None
        if place.wiki_title and place.wiki_path and place.wiki_zim and "article_overview" in self._tools:
            arguments = {"title": place.wiki_title, "path": place.wiki_path, "zim": place.wiki_zim}
            key, article = await fetched(self._call_tool, "article_overview", arguments, OverviewOutput)
            if article is not None:
                text += f"\n{compose.overview(article)}"
                sources += sources_of(key)
        return Direct(text, Shape.PICK, found=True, sources=merged(sources), key=key)

    async def _more(self, intent: Intent) -> Direct:
        """Go on with the last list: its next places, or a wider circle when all were shown or one is asked for."""
        listed = self._focus.listed
        if listed.shown < len(listed.places) and not intent.around and intent.radius_km is None:
            page = listed.places[listed.shown : listed.shown + compose_places.PAGE]
            text = compose_places.listing(page, listed.shown + 1)
            listed.shown += len(page)
            left = listed.total - listed.shown
            text += f"\n({left} more)" if left > 0 else ""
            return Direct(text, Shape.MORE, found=True, sources=listed.sources)
        radius = intent.radius_km or listed.radius_km * 2
        place = str(listed.arguments.get("place") or HERE)
        if listed.tool == "nearby_stories":
            return await self._stories(place, radius)
        return await self._listed(listed.tool, listed.arguments, radius, listed.label, place)

    def _degrees(self) -> dict[str, Any]:
        """Return the person's location as arguments: servers other than ours know nothing of `_meta`."""
        return {"lat": self._location.lat, "lon": self._location.lon} if self._location else {}

    def _refused(self, result: ToolResult, shape: Shape, *, located: bool) -> Direct:
        """Return a call that gave no answer, with the server's reason; without a location, how to give one."""
        if result.ok:
            return _foreign(result, shape)
        text = compose_places.refusal(result.text)
        if not located and self._location is None:
            text = f"{text}\n{SAY_WHERE}"
        return Direct(text, shape, found=False, key=result)


def _foreign(result: ToolResult, shape: Shape) -> Direct:
    """Return what a foreign server's tool of the same name says, as it is: a model may make something of it."""
    return Direct(shorten(result.text, FOREIGN_CHARS), shape, found=True, sources=sources_of(result), key=result)


def _named(found: RouteOutput, origin: Place | None, destination: Place | None) -> RouteOutput:
    """Return a route with the names of places that were sent as positions, wherever it tells the position."""
    for end, place in (("origin_resolved", origin), ("destination_resolved", destination)):
        if place is not None and (told := getattr(found, end)):
            steps = [
                step.model_copy(update={"instruction": step.instruction.replace(told, place.name)})
                for step in found.steps
            ]
            found = found.model_copy(update={end: place.name, "steps": steps})
    return found


def _position(place: Place | None) -> str | None:
    return f"{place.lat:.6f},{place.lon:.6f}" if place else None
