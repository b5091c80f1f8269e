"""The reader's half of `route_from_places`: which positions are meant, and which maps hold both."""

from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places.gazetteer import geocode
from zimfo_server.errors import GuidanceError, PlaceNotFoundError
from zimfo_server.tools.plan import End, Ends, EndsOutput
from zimfo_shared.own_place import is_own_place
from zimfo_shared.routes import RouteInput
from zimfo_shared.wire import Location

COVER_MARGIN_M = 2_000.0  # a place at the edge of a map may be named by the one beside it
MY_LOCATION = "your location"


def find_ends(atlas: Atlas, arguments: RouteInput, location: Location | None) -> EndsOutput:
    """Return the ends of the route on every map with roads that covers both, likeliest first.

    Raises `PlaceNotFoundError` for a place that no map knows or that is ambiguous, `GuidanceError` when no map holds
    both or the person's location is needed and unknown.
    """
    near = (location.lat, location.lon) if location else None
    notes: list[str] = []
    origin = _end(atlas, "origin", arguments.origin, near, arguments.zim, location, notes)
    # Of two places of one name the nearer to where the journey starts is meant.
    destination = _end(
        atlas, "destination", arguments.destination, (origin.lat, origin.lon), arguments.zim, location, notes
    )
    routable = [archive for archive in atlas.maps(arguments.zim) if archive.has_graph]
    found = [
        Ends(zim=archive.name, origin=origin, destination=destination)
        for archive in routable
        if _covers(archive, origin) and _covers(archive, destination)
    ] or _on_one_map(atlas, routable, arguments, location)
    if not found:
        raise GuidanceError(_apart(routable, origin, destination))
    return EndsOutput(candidates=found, note=" ".join(dict.fromkeys(notes)) or None)


def _end(
    atlas: Atlas,
    which: str,
    text: str,
    near: tuple[float, float] | None,
    zim: str | None,
    location: Location | None,
    notes: list[str],
) -> End:
    if not text.strip() or is_own_place(text):
        if location is None:
            raise GuidanceError(
                f"The person's location is not known. Call route_from_places with a place name or 'lat,lon' as {which}."
            )
        return End(lat=location.lat, lon=location.lon, name=MY_LOCATION)
    try:
        found = geocode(atlas, text, near=near, zim=zim)
    except PlaceNotFoundError as error:
        raise PlaceNotFoundError(f"{which}: {error}") from None
    if found.note:
        notes.append(found.note)
    record = found.best.record
    return End(lat=record.lat, lon=record.lon, name=record.name)


def _covers(archive: MapArchive, end: End) -> bool:
    return archive.covers(end.lat, end.lon, COVER_MARGIN_M)


def _on_one_map(
    atlas: Atlas, routable: list[MapArchive], arguments: RouteInput, location: Location | None
) -> list[Ends]:
    """Return the ends as single maps know them: "Main Street" may be on another map than the best of that name."""
    found = []
    for archive in routable:
        near = (location.lat, location.lon) if location else None
        try:
            origin = _end(atlas, "origin", arguments.origin, near, archive.name, location, [])
            start = (origin.lat, origin.lon)
            destination = _end(atlas, "destination", arguments.destination, start, archive.name, location, [])
        except GuidanceError:
            continue
        if _covers(archive, origin) and _covers(archive, destination):
            found.append(Ends(zim=archive.name, origin=origin, destination=destination))
    return found


def _apart(routable: list[MapArchive], origin: End, destination: End) -> str:
    maps = ", ".join(f"'{archive.name}' ({archive.info.name})" for archive in routable) or "none"
    return (
        f"No map with roads covers both {origin.name} ({origin.lat:.4f},{origin.lon:.4f}) and {destination.name} "
        f"({destination.lat:.4f},{destination.lon:.4f}). Maps with roads: {maps}. Name two places on the same map."
    )
