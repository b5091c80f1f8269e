"""What a reader is told when a name was not found or is that of several places: always with what to call next."""

from collections.abc import Iterator, Sequence

import numpy as np
from rapidfuzz import fuzz, process

from zimfo_server.atlas.geo import bearing, wind
from zimfo_server.atlas.places.candidates import RANK, Candidate, Finder
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.groups import FEATURES, SETTLEMENTS, STREETS
from zimfo_server.atlas.places.record import TYPES, PlaceRecord
from zimfo_server.errors import PlaceNotFoundError

MAX_CHOICES = 6  # of one name; more is no question any longer
MAX_SIMILAR = 4
MAX_MAPS_NAMED = 6
MAX_STREETS = 2
MAX_COMPARED_BYTES = 2 * 2**20  # of names of each map and group that are compared for likeness, some 30 ms
MIN_LIKENESS = 75.0  # of 100: one letter of a short name may be wrong, some of a long one
LANDMARK_WITHIN_M = 60_000.0  # a settlement farther away says little about where a place is
MAX_NEIGHBOURS = 500  # settlements looked at for that
_KNOWN_RANK = RANK["village"]  # what people know the way to


def describe(candidate: Candidate) -> str:
    """Return a place in words: "Mgarr (village, 3 km north-west of Rabat)"."""
    record = candidate.record
    kind = _kind(record)
    landmark = _landmark(candidate)
    return f"{record.name} ({kind}{f', {_away(candidate, landmark)}' if landmark else ''})"


def ambiguous(text: str, rivals: Sequence[Candidate]) -> PlaceNotFoundError:
    """Return the error for a name of several settlements: each with a text that selects it."""
    choices = [f"'{_selector(one, rivals)}' for {describe(one)}" for one in rivals[:MAX_CHOICES]]
    more = " and more" if len(rivals) > MAX_CHOICES else ""
    return PlaceNotFoundError(
        f"'{text}' is the name of {len(rivals)} places{more}. Ask the person which is meant, or call again with "
        f"one of: {'; '.join(choices)}."
    )


def not_found(finder: Finder, text: str, elsewhere: Sequence[Candidate]) -> PlaceNotFoundError:
    """Return the error for a name that is on no map, or only outside of the region that the text gives."""
    parts = [f"No place called '{text}' is on the maps."]
    if elsewhere:
        known = "; ".join(f"{describe(one)}: '{_point(one)}'" for one in elsewhere[:MAX_CHOICES])
        parts.append(f"Places of that name elsewhere: {known}.")
    elif similar := list(_similar(finder, text)):
        parts.append(f"Similar names: {'; '.join(similar)}.")
    these = "one of these, " if len(parts) > 1 else ""
    parts.append(f"Call again with {these}another spelling, a town nearby or 'lat,lon'.")
    names = [f"{archive.info.name} ('{archive.name}')" for archive in finder.maps[:MAX_MAPS_NAMED]]
    parts.append(f"Maps loaded: {', '.join(names)}{' and more' if len(finder.maps) > MAX_MAPS_NAMED else ''}.")
    parts += [archive.note for archive in finder.maps if archive.note]
    return PlaceNotFoundError(" ".join(parts))


def _selector(candidate: Candidate, rivals: Sequence[Candidate]) -> str:
    """Return a text that means this one of the rivals: "Name, Town" where the town is clearly its own, else a point."""
    landmark = _landmark(candidate)
    if landmark:
        distances = [one.metres_to(landmark) for one in rivals if one is not candidate]
        own = candidate.metres_to(landmark)
        # Twice as near is what settles ties for `geocode`; three times leaves no doubt.
        if own <= landmark.surroundings.metres and all(other > 3 * own for other in distances):
            return f"{candidate.name}, {landmark.name}"
    return _point(candidate)


def _landmark(candidate: Candidate) -> Candidate | None:
    """Return the nearest other settlement of some size."""
    index = candidate.archive.places
    places = np.asarray(index.type_ids) == TYPES.index("place")
    rows, _ = index.within(candidate.lat, candidate.lon, LANDMARK_WITHIN_M, places)
    own = fold(candidate.name)
    best: Candidate | None = None
    for row in rows[:MAX_NEIGHBOURS].tolist():
        rank = RANK.get(index.subtypes[int(index.subtype_ids[row])], _KNOWN_RANK + 1)
        if row == candidate.row or rank > _KNOWN_RANK or fold(index.name(row)) == own:
            continue
        lat, lon = float(index.lat[row]), float(index.lon[row])
        best = Candidate(candidate.archive, row, SETTLEMENTS, 0, lat, lon, rank, (), ())
        break
    return best


def _kind(record: PlaceRecord) -> str:
    """Return what sort of place a record is; the classes of streets mean nothing to people."""
    specific = "" if record.type == "street" else record.category or record.subtype
    return (specific or record.type).replace("_", " ")


def _away(candidate: Candidate, landmark: Candidate) -> str:
    metres = candidate.metres_to(landmark)
    direction = wind(bearing(landmark.lat, landmark.lon, candidate.lat, candidate.lon))
    distance = f"{metres / 1000:.0f} km" if metres >= 1_500 else f"{max(round(metres, -2), 100):.0f} m"
    return f"{distance} {direction} of {landmark.name}"


def _point(candidate: Candidate) -> str:
    return f"{candidate.lat:.5f},{candidate.lon:.5f}"


def _similar(finder: Finder, text: str) -> Iterator[str]:
    """Yield names like the text, with their kinds; last the streets that have it in their names."""
    folded = fold(text)
    found: dict[str, float] = {}
    for archive in finder.maps:
        for group in (SETTLEMENTS, FEATURES, STREETS):
            lines = archive.places.lines[group]
            numbers = {name: number for number, name in enumerate(lines.texts(MAX_COMPARED_BYTES))}
            names = list(numbers)
            close = process.extract(folded, names, scorer=fuzz.ratio, score_cutoff=MIN_LIKENESS, limit=MAX_SIMILAR)
            for name, likeness, _ in close:
                record = archive.places.record(lines.row(numbers[name]))
                words = f"{record.name} ({_kind(record)})"
                found[words] = max(found.get(words, 0.0), likeness)
    yield from sorted(found, key=lambda words: (-found[words], words))[:MAX_SIMILAR]
    streets = dict.fromkeys(f"{one.name} (street)" for one in finder.containing(text, STREETS))
    yield from [words for words in streets if words not in found][:MAX_STREETS]
