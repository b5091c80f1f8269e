"""From a text to the place it names, over all maps.

Ranking: exact name, then prefix, then prefix of a word, then inside of a word; settlements, then the region of a map,
then points of interest, then streets, then addresses; larger before smaller, nearer before farther. Streets and
addresses only count with their exact names: "Salinas" is not "Salinas Drive".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places import query as reading
from zimfo_server.atlas.places.candidates import Candidate, Finder, Point
from zimfo_server.atlas.places.choices import ambiguous, describe, not_found
from zimfo_server.atlas.places.groups import FEATURES, SETTLEMENTS
from zimfo_server.atlas.places.lines import EXACT, PART, PREFIX, WORD
from zimfo_server.atlas.places.meanings import Meaning, search
from zimfo_server.atlas.places.record import PlaceRecord
from zimfo_server.errors import ArchiveSetAsideError, MapBeingPreparedError, MapUnreadableError, PlaceNotFoundError

NEARER_TIMES = 2.0  # of two settlements of one name the near one is meant if the other is that much farther away

_WAYS = {EXACT: "exact", PREFIX: "prefix", WORD: "word", PART: "part"}


@dataclass(frozen=True)
class Located:
    """A place that a text names, the map it is from (empty for a point on none), and how it was found.

    `match` is "exact", "prefix", "word" or "part" (of the name), "region" (a map's own name) or "coordinates".
    """

    record: PlaceRecord
    zim: str
    match: str


@dataclass(frozen=True)
class Geocoded:
    """The place that is most likely meant, others of the name, and what was understood differently than written."""

    best: Located
    alternatives: Sequence[Located] = ()
    note: str | None = None


def geocode(
    atlas: Atlas,
    query: str,
    *,
    near: Point | None,
    zim: str | None,
    types: frozenset[str] | None = None,
    limit: int = 3,
) -> Geocoded:
    """Return the place that a text means, with at most `limit` alternatives.

    `near` (degrees) is the person or the last place in question and settles ties; `zim` restricts to one map, `types`
    to these types of records. Raises `PlaceNotFoundError` when there is none or two settlements are equally likely,
    `MapBeingPreparedError` when the maps are not ready, `MapUnreadableError` when no map can be searched.
    """
    text = reading.tidy(query)
    if point := reading.coordinates(text):
        record = PlaceRecord(f"{point[0]:g}, {point[1]:g}", "here", "coordinates", *point)
        return Geocoded(Located(record, zim or _map_at(atlas, point), "coordinates"))
    maps, waiting = _searchable(atlas, zim)
    finder = Finder(maps, near, types)
    meaning = search(finder, text)
    if waiting is not None and (meaning is None or not meaning.is_certain):
        raise waiting
    if meaning is None or meaning.is_elsewhere:
        raise not_found(finder, text, meaning.candidates if meaning else ())
    return _answer(meaning, finder, text, limit)


def _answer(meaning: Meaning, finder: Finder, text: str, limit: int) -> Geocoded:
    if meaning.region is not None:
        info = meaning.region.info
        lat, lon = info.centre or (0.0, 0.0)
        record = PlaceRecord(info.name, "region", "", lat, lon)
        return Geocoded(Located(record, meaning.region.name, "region"), note=meaning.note or None)
    best = meaning.candidates[0]
    rivals = [one for one in meaning.candidates if one.group == SETTLEMENTS and one.standing == best.standing]
    if len(rivals) > 1 and not _is_nearest(rivals, meaning.near):
        raise ambiguous(text, rivals)
    notes = [meaning.note]
    if best.way != EXACT and not meaning.note:
        notes.append(f"'{text}' was taken for {describe(best)}.")
    same = [one for one in meaning.candidates if one.standing == best.standing]
    if best.group != SETTLEMENTS and best.way == EXACT and not meaning.note:
        if len(same) > 1 and meaning.near is None:
            notes.append(f"Several have this name; {describe(best)} was taken. Say 'Name, Town' for another.")
        elif best.group == FEATURES:  # named after a town, perhaps, that is on no map
            notes.append(f"'{text}' is only known as {describe(best)}.")
    return Geocoded(
        _located(best),
        [_located(one) for one in meaning.candidates[1 : 1 + limit]],
        " ".join(note for note in notes if note) or None,
    )


def _located(candidate: Candidate) -> Located:
    return Located(candidate.record, candidate.archive.name, _WAYS[candidate.way])


def _is_nearest(rivals: Sequence[Candidate], near: Point | None) -> bool:
    """Return whether the first of the rivals is so much nearer that it must be meant."""
    if near is None:
        return False
    first, *others = [one.metres_from(near) for one in rivals]
    return all(other >= NEARER_TIMES * first for other in others)


def _map_at(atlas: Atlas, point: Point) -> str:
    """Return the name of the first map whose metadata say that it covers a point."""
    covering = (one.name for one in atlas.maps() if one.info.bbox is not None and one.covers(*point, 0.0))
    return next(covering, "")


def _searchable(atlas: Atlas, zim: str | None) -> tuple[list[MapArchive], MapBeingPreparedError | None]:
    """Return the maps that can be searched now, and which one is not ready, if any.

    Raises when there is none: what stands in the way of the first.
    """
    maps = atlas.maps(zim)
    if not maps:
        problem = f"'{zim}' is no map; call again without zim" if zim else "No map is loaded. Tell the person so"
        raise PlaceNotFoundError(f"{problem}.")
    ready: list[MapArchive] = []
    waiting: MapBeingPreparedError | None = None
    failure: MapUnreadableError | ArchiveSetAsideError | None = None
    for archive in maps:
        if waiting is not None and not archive.is_ready:
            continue  # one is as much as a call has time for
        try:
            archive.places  # noqa: B018 (prepares it)
        except MapBeingPreparedError as error:
            waiting = error
        except (MapUnreadableError, ArchiveSetAsideError) as error:
            failure = failure or error
        else:
            ready.append(archive)
    if not ready and (problem_found := waiting or failure):
        raise problem_found
    return ready, waiting
