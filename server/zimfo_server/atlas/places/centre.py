"""The centre of a search: a named place, a point, or where the person is; and the maps that cover it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places.gazetteer import Located, geocode
from zimfo_server.errors import ArchiveSetAsideError, GuidanceError
from zimfo_shared.own_place import is_own_place
from zimfo_shared.wire import Location

COVERAGE_MARGIN_M = 500.0  # a coast or border place stands a little outside the box of its map
MAX_MAPS_NAMED = 6  # in a message

_NAME, _POINT = 'place="a town, street or landmark"', "lat and lon in degrees"
_ASKED_FOR = {
    "near_places": f"{_NAME}, or {_POINT}",
    "near_named_place": _NAME,
    "nearby_stories": f"{_NAME}, or {_POINT}",
    "what_is_here": _POINT,
}


@dataclass(frozen=True)
class Centre:
    """A point in degrees with the maps that cover it; `located` is the place that was named, `query` its name."""

    lat: float
    lon: float
    maps: Sequence[MapArchive]
    query: str = ""
    located: Located | None = None
    alternatives: Sequence[Located] = ()
    note: str | None = None


def find_centre(
    atlas: Atlas,
    *,
    tool: str,
    place: str = "",
    lat: float | None = None,
    lon: float | None = None,
    location: Location | None = None,
    zim: str | None = None,
) -> Centre:
    """Return the centre that a call means.

    A place name beats coordinates, which models invent; words like "here" mean the person's location. Raises
    `GuidanceError` when there is no centre or no map covers it, `PlaceNotFoundError` when the name is not found.
    """
    maps = loaded(atlas, zim)
    if place and not is_own_place(place):
        near = (location.lat, location.lon) if location else None
        found = geocode(atlas, place, near=near, zim=zim)
        record = found.best.record
        own = [archive for archive in maps if archive.name == found.best.zim]
        # The map that knows the place comes first, so that its own records stand for those of other maps.
        covering = list(dict.fromkeys([*own, *_covering(maps, record.lat, record.lon)]))
        readable, left_out = _readable(covering or _uncovered(maps, record.lat, record.lon, tool))
        note = " ".join(filter(None, [found.note, *left_out])) or None
        return Centre(record.lat, record.lon, readable, place, found.best, found.alternatives, note)
    given = Location(lat=lat, lon=lon) if lat is not None and lon is not None and (lat, lon) != (0, 0) else None
    point = (location or given) if place else (given or location)
    if point is None or (point.lat, point.lon) == (0, 0):
        half = " Both lat and lon are needed." if (lat is None) != (lon is None) else ""
        raise GuidanceError(
            f"{tool}: it is not known where the person is.{half} Call again with {_ASKED_FOR[tool]}; "
            f"if the person has not said where, ask. {maps_in_words(maps)}"
        )
    covering = _covering(maps, point.lat, point.lon) or _uncovered(maps, point.lat, point.lon, tool)
    readable, left_out = _readable(covering)
    return Centre(point.lat, point.lon, readable, note=" ".join(left_out) or None)


def loaded(atlas: Atlas, zim: str | None) -> list[MapArchive]:
    """Return the maps of a call. Raises `GuidanceError` when there are none."""
    if maps := list(atlas.maps(zim)):
        return maps
    if zim is not None and (others := list(atlas.maps())):
        raise GuidanceError(f"Archive '{zim}' is no map. Call again without zim. {maps_in_words(others)}")
    left_out = atlas.library.note()
    raise GuidanceError(
        f"No map archive is loaded, so places cannot be looked up. {f'{left_out} ' if left_out else ''}"
        "Tell the person so."
    )


def maps_in_words(maps: Sequence[MapArchive]) -> str:
    """Return a sentence that says which regions are there, by name."""
    names = [f"{archive.info.name} ('{archive.name}')" for archive in maps[:MAX_MAPS_NAMED]]
    more = f" and {len(maps) - MAX_MAPS_NAMED} more" if len(maps) > MAX_MAPS_NAMED else ""
    return f"Maps loaded: {', '.join(names)}{more}."


def _covering(maps: Sequence[MapArchive], lat: float, lon: float) -> list[MapArchive]:
    return [archive for archive in maps if archive.covers(lat, lon, COVERAGE_MARGIN_M)]


def _uncovered(maps: Sequence[MapArchive], lat: float, lon: float, tool: str) -> NoReturn:
    raise GuidanceError(
        f"{tool}: no loaded map covers the point {lat:.4f}, {lon:.4f}. {maps_in_words(maps)} "
        "Ask about a place in one of them, or tell the person that this area is not covered."
    )


def _readable(maps: Sequence[MapArchive]) -> tuple[list[MapArchive], list[str]]:
    """Return the maps whose places can be searched now, and what to say of the others and of damaged parts.

    Raises the `GuidanceError` of the first when none can.
    """
    readable: list[MapArchive] = []
    failures: list[GuidanceError] = []
    for archive in maps:
        try:
            _ = archive.places
            readable.append(archive)
        except ArchiveSetAsideError:
            raise
        except GuidanceError as error:
            failures.append(error)
    if not readable:
        raise failures[0]
    return readable, [*map(str, failures), *(archive.note for archive in readable if archive.note)]
