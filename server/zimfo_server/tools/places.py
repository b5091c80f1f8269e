"""The four place tools: `near_places`, `near_named_place`, `nearby_stories`, `what_is_here`.

Each takes the atlas, validated arguments and the person's location and returns the contract's output. All raise
`GuidanceError` with what to call instead, and `ArchiveSetAsideError` when an archive proves to be damaged.
"""

from collections.abc import Callable, Sequence
from typing import Any

from zimfo_server.atlas.geo import bearing, wind
from zimfo_server.atlas.maps import Atlas
from zimfo_server.atlas.places import hints, stories, wiki
from zimfo_server.atlas.places.centre import Centre, find_centre
from zimfo_server.atlas.places.here import ADDRESS_WITHIN_M, Here, what_is_at
from zimfo_server.atlas.places.kinds import understand
from zimfo_server.atlas.places.proximity import Nearby, around
from zimfo_server.atlas.places.record import PlaceRecord
from zimfo_server.atlas.places.selection import Selection
from zimfo_server.errors import GuidanceError
from zimfo_server.library.archive import OpenArchive
from zimfo_shared.contract import Output
from zimfo_shared.places import (
    CategoryCount,
    NearbyStoriesInput,
    NearNamedPlaceInput,
    NearOutput,
    NearPlacesInput,
    Place,
    Point,
    StoriesOutput,
    Story,
    Suggestion,
    WhatIsHereInput,
    WhatIsHereOutput,
)
from zimfo_shared.wire import Location

MAX_EXCERPTS = 10  # rows with an article's beginning; more is no list any longer
MAX_DRILL_IN = 15  # categories named without a result of theirs; a city has hundreds
MAX_CATEGORIES = 40  # counted in a result, the most frequent; the rest is summed in the total
MAX_MISSING_NAMED = 5
USAGE_NOTE = "results are the nearest of all; for a category without results call again with kinds. Invent no names."


def near_places(atlas: Atlas, arguments: NearPlacesInput, location: Location | None) -> NearOutput:
    """Return the places around a named place, a point, or the person."""
    centre = find_centre(
        atlas,
        tool="near_places",
        place=arguments.place,
        lat=arguments.lat,
        lon=arguments.lon,
        location=location,
        zim=arguments.zim,
    )
    return _near(atlas, centre, arguments, "near_places")


def near_named_place(atlas: Atlas, arguments: NearNamedPlaceInput, location: Location | None) -> NearOutput:
    """Return the places around a named place."""
    centre = find_centre(atlas, tool="near_named_place", place=arguments.place, location=location, zim=arguments.zim)
    return _near(atlas, centre, arguments, "near_named_place")


def nearby_stories(atlas: Atlas, arguments: NearbyStoriesInput, location: Location | None) -> StoriesOutput:
    """Return the beginnings of the articles on places around a point, nearest first."""
    centre = find_centre(
        atlas,
        tool="nearby_stories",
        place=arguments.place,
        lat=arguments.lat,
        lon=arguments.lon,
        location=location,
        zim=arguments.zim,
    )
    selection = understand(arguments.kinds or [])
    nearby = around(
        centre.maps, centre.lat, centre.lon, arguments.radius_km * 1000, selection, has_wiki=True, every_type=True
    )
    found = stories.tell(nearby, _encyclopedias(atlas), arguments.max_stories)
    notes = [centre.note, _unknown_kinds(centre, selection, arguments.kinds)]
    suggested: list[Suggestion] = []
    if not found.told and found.missing:
        notes.append(_missing_articles(found.missing, any_encyclopedia=bool(_encyclopedias(atlas))))
        suggested = _as_places(centre, arguments, found.missing)
    elif not found.told:
        notes.append(f"The map has no place with an article within {arguments.radius_km:g} km.")
        suggested = hints.when_nothing_found(
            centre.maps,
            (centre.lat, centre.lon),
            arguments.radius_km,
            selection,
            has_wiki=True,
            tool="nearby_stories",
            arguments=_repeatable(centre, arguments.kinds, arguments.zim),
            every_type=True,
        )[:1]
    return StoriesOutput(
        origin=Point(lat=centre.lat, lon=centre.lon),
        resolved=_resolved(centre),
        radius_km=arguments.radius_km,
        count=len(found.told),
        stories=[_story(centre, told) for told in found.told],
        suggested_next=suggested or None,
        note=_joined(notes),
    )


def what_is_here(atlas: Atlas, arguments: WhatIsHereInput, location: Location | None) -> WhatIsHereOutput:
    """Return what a point, or where the person is, is called."""
    centre = find_centre(
        atlas, tool="what_is_here", lat=arguments.lat, lon=arguments.lon, location=location, zim=arguments.zim
    )
    seen = [(archive, here) for archive in centre.maps if (here := what_is_at(archive, centre.lat, centre.lon))]
    if not seen:
        raise GuidanceError(
            f"what_is_here: the map knows no named place near {centre.lat:.4f}, {centre.lon:.4f}. "
            "Call near_places there with a larger radius_km."
        )
    # Of several maps the one that knows the point in most detail answers.
    archive, here = max(seen, key=lambda one: (len(one[1].records), -one[1].place.metres))
    tag, linked, summary = _summary(here, _encyclopedias(atlas))
    return WhatIsHereOutput(
        lat=centre.lat,
        lon=centre.lon,
        nearest_named_place=here.words,
        admin_area=here.larger or None,
        neighbourhood=here.neighbourhood.name if here.neighbourhood else None,
        settlement=here.settlement.name if here.settlement else None,
        region=here.region or None,
        distance_m=round(here.place.metres),
        place_lat=here.place.record.lat,
        place_lon=here.place.record.lon,
        wikipedia=tag or None,
        wiki_title=linked.title if linked else None,
        wiki_zim=linked.archive.name if linked else None,
        wiki_summary=summary or None,
        zim=archive.name,
        note=_joined([centre.note, *_standing(here)]),
    )


TOOLS: dict[str, Callable[[Atlas, Any, Location | None], Output]] = {
    "near_places": near_places,
    "near_named_place": near_named_place,
    "nearby_stories": nearby_stories,
    "what_is_here": what_is_here,
}


def _near(atlas: Atlas, centre: Centre, arguments: NearPlacesInput | NearNamedPlaceInput, tool: str) -> NearOutput:
    selection, has_wiki = understand(arguments.kinds or []), arguments.has_wiki
    nearby = around(centre.maps, centre.lat, centre.lon, arguments.radius_km * 1000, selection, has_wiki=has_wiki)
    shown = min(arguments.limit, nearby.count)
    results = [_row(centre, nearby, position) for position in range(shown)]
    _add_excerpts(results, atlas)
    categories = nearby.by_category()
    represented = {nearby.category(position) for position in range(shown)}
    hidden = [category for category, _ in categories if category not in represented][:MAX_DRILL_IN]
    notes = [centre.note, _unknown_kinds(centre, selection, arguments.kinds), *_remarks(centre, selection)]
    suggested: list[Suggestion] = []
    if not nearby.count:
        repeated = _repeatable(centre, arguments.kinds, arguments.zim) | ({"has_wiki": True} if has_wiki else {})
        suggested = hints.when_nothing_found(
            centre.maps,
            (centre.lat, centre.lon),
            arguments.radius_km,
            selection,
            has_wiki=has_wiki,
            tool=tool,
            arguments=repeated,
        )
        wanted = selection.words if selection else "place"
        notes.append(f"The map has no {wanted} within {arguments.radius_km:g} km.")
    return NearOutput(
        origin=Point(lat=centre.lat, lon=centre.lon),
        query=centre.query or None,
        resolved=_resolved(centre),
        alternatives=[_place(found.record) for found in centre.alternatives] or None,
        radius_km=arguments.radius_km,
        total_in_radius=nearby.count,
        by_category=[CategoryCount(category=name, count=count) for name, count in categories[:MAX_CATEGORIES]],
        results_shown=shown,
        results=results,
        categories_needing_drill_in=hidden or None,
        usage_note=USAGE_NOTE if nearby.count > shown else None,
        suggested_next=suggested or None,
        zims=[archive.name for archive in centre.maps],
        note=_joined(notes),
    )


def _encyclopedias(atlas: Atlas) -> list[OpenArchive]:
    return [archive for archive in atlas.library.archives() if archive.record.kind != "streetzim"]


def _place(record: PlaceRecord) -> Place:
    """Return a record as the contract has it: no label where the generator's are wrong (streetzim-format.md §5.1)."""
    return Place(
        name=record.name,
        type=record.type,
        subtype=record.category or record.subtype or None,
        lat=record.lat,
        lon=record.lon,
        location=record.location or None if record.type == "addr" else None,
        wikipedia=record.wiki or None,
        wikidata=record.wikidata or None,
        website=record.website or None,
        phone=record.phone or None,
        brand=record.brand or None,
    )


def _row(centre: Centre, nearby: Nearby, position: int) -> Place:
    record = nearby.record(position)
    place = _place(record)
    place.distance_m = round(float(nearby.metres[position]))
    place.direction = _direction(centre, record, place.distance_m)
    return place


def _direction(centre: Centre, record: PlaceRecord, metres: int) -> str | None:
    """Return where a place lies from the centre; at the centre itself there is no direction."""
    return wind(bearing(centre.lat, centre.lon, record.lat, record.lon)) if metres else None


def _add_excerpts(results: list[Place], atlas: Atlas) -> None:
    tagged = [place for place in results if place.wikipedia][:MAX_EXCERPTS]
    # A library may hold hundreds of encyclopedias: they are opened only when one is needed.
    archives = _encyclopedias(atlas) if tagged else []
    for place in tagged:
        linked = wiki.find_article(archives, place.wikipedia or "")
        if linked and (text := wiki.excerpt(linked)):
            place.excerpt, place.wiki_title, place.wiki_path = text, linked.title, linked.path
            place.wiki_zim = linked.archive.name


def _resolved(centre: Centre) -> Place | None:
    return _place(centre.located.record) if centre.located else None


def _repeatable(centre: Centre, kinds: list[str] | None, zim: str | None) -> dict[str, object]:
    """Return the arguments of a call like the one that was made."""
    where: dict[str, object] = {"place": centre.query} if centre.query else {"lat": centre.lat, "lon": centre.lon}
    return where | ({"kinds": kinds} if kinds else {}) | ({"zim": zim} if zim else {})


def _unknown_kinds(centre: Centre, selection: Selection | None, kinds: list[str] | None) -> str | None:
    if selection is None:
        return "The kinds have no words in them, so every kind is meant." if kinds else None
    classes = {subtype for archive in centre.maps for subtype in archive.places.subtypes}
    unknown = [name for name in selection.unknown if name not in classes]
    if not unknown:
        return None
    names = ", ".join(f'"{name.replace("_", " ")}"' for name in unknown)
    return f"{names}: no kind that is known; matched by the words of classes and names."


def _remarks(centre: Centre, selection: Selection | None) -> list[str]:
    """Return what the lists of the maps leave out, so that a short one is not taken for all there is."""
    if selection is None:
        return []
    return list(dict.fromkeys(remark for archive in centre.maps for remark in selection.remarks(archive.places)))


def _missing_articles(missing: Sequence[PlaceRecord], *, any_encyclopedia: bool) -> str:
    languages = sorted({tag.language or "any" for record in missing for tag in wiki.tags_of(record.wiki)})
    names = ", ".join(dict.fromkeys(record.name for record in missing[:MAX_MISSING_NAMED]))
    loaded = "no loaded archive has the articles" if any_encyclopedia else "no encyclopedia is loaded"
    return (
        f"{len(missing)} places with an article are near ({names}), but {loaded}. "
        f"A Wikipedia in one of these languages may have them: {', '.join(languages)}."
    )


def _as_places(centre: Centre, arguments: NearbyStoriesInput, missing: Sequence[PlaceRecord]) -> list[Suggestion]:
    """Return the call that lists the places whose articles are missing; streets are in no such list."""
    names = dict.fromkeys(record.name for record in missing if record.type != "street")
    if not names:
        return []
    wanted = {**_repeatable(centre, None, arguments.zim), "radius_km": arguments.radius_km, "has_wiki": True}
    reason = f"What the map itself knows of the notable places: {', '.join(list(names)[:MAX_MISSING_NAMED])}"
    return [Suggestion(tool="near_places", arguments=wanted, reason=reason)]


def _story(centre: Centre, told: stories.Told) -> Story:
    record, metres = told.record, round(told.metres)
    return Story(
        place_name=record.name,
        wiki_title=told.linked.title,
        wiki_tag=told.linked.tag.text,
        zim=told.linked.archive.name,
        path=told.linked.path,
        lat=record.lat,
        lon=record.lon,
        distance_m=metres,
        direction=_direction(centre, record, metres),
        excerpt=told.excerpt,
        has_more_sections=told.has_more_sections,
    )


def _summary(here: Here, archives: Sequence[OpenArchive]) -> tuple[str, wiki.Linked | None, str]:
    """Return the tag, page and beginning of the article on the smallest place around a point that has one."""
    tagged = [record.wiki for record in here.records if record.wiki]
    for tag in tagged:
        linked = wiki.find_article(archives, tag)
        if linked and (text := wiki.excerpt(linked)):
            return tag, linked, text
    return next(iter(tagged), ""), None, ""


def _standing(here: Here) -> list[str | None]:
    at = here.standing_at
    return [
        f"Here or next to it: {at.record.name}." if at else None,
        f"Nearest address, within {ADDRESS_WITHIN_M:.0f} m: {here.address.record.name}." if here.address else None,
    ]


def _joined(notes: Sequence[str | None]) -> str | None:
    return " ".join(note for note in notes if note) or None
