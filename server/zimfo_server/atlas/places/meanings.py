"""The readings of a text, tried in order of likelihood until one of them finds something."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places import query as reading
from zimfo_server.atlas.places.candidates import Around, Candidate, Finder, Point
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.groups import ADDRESSES, FEATURES, SETTLEMENTS, STREETS
from zimfo_server.atlas.places.lines import EXACT, PREFIX
from zimfo_server.atlas.places.query import Split

MAX_SURROUNDINGS = 4  # places of one name around which another is looked for
MAX_DROPPED = 4  # words that may be left away at the end of a name, as the last thing tried
MIN_KEPT = 2  # letters of what remains then
COMMON = 20  # names with the same words: then these are a word like "piazza" and name nothing by themselves

_ARTICLE = "the "


@dataclass(frozen=True)
class Meaning:
    """What a reading found: places in order of preference, or a map's region.

    `near` is the point (degrees) that settled ties, `note` says what was not taken as written. With `is_elsewhere`
    the candidates have the name but lie outside of the town or region that the text gives.
    """

    candidates: Sequence[Candidate] = ()
    region: MapArchive | None = None
    near: Point | None = None
    note: str = ""
    is_elsewhere: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether other maps could hardly offer anything better."""
        if self.is_elsewhere or self.note:
            return False
        return self.region is not None or (self.candidates[0].group == SETTLEMENTS and self.candidates[0].way == EXACT)


def search(finder: Finder, text: str) -> Meaning | None:
    """Return the first reading of a tidied text that finds anything, None when none does."""
    text = reading.with_number(text)
    if found := _exact(finder, text):
        return found
    settings = [_setting(finder, split, _exact) for split in reading.splits(text)]
    if found := _inside(settings) or _partly(finder, text):
        return found
    for setting in settings:
        if setting.is_known:
            shorter = (_shortened(inside, setting.split.name) for inside in setting.finders)
            there = _exact(finder, setting.split.name)
            elsewhere = Meaning(there.candidates if there else (), is_elsewhere=True)
            return next((found for found in shorter if found), elsewhere)
    trailing = [_setting(finder, split, _town) for split in reading.trailing_splits(text)]
    return (
        _unplaced(finder, settings)
        or _inside([setting for setting in trailing if setting.is_known])
        or _shortened(finder, text)
    )


def _exact(finder: Finder, name: str) -> Meaning | None:
    """Return places with this very name, or with it but for a leading "the"."""
    bare = name[len(_ARTICLE) :] if name.lower().startswith(_ARTICLE) else ""
    return _named(finder, name) or (_named(finder, bare) if bare else None)


def _named(finder: Finder, name: str) -> Meaning | None:
    """Return settlements, regions, points of interest, streets or addresses of this name, the first there are."""
    lookups: tuple[Callable[[], list[Candidate]], ...] = (
        lambda: finder.exact(name, SETTLEMENTS),
        lambda: finder.without_article(name),
        lambda: finder.exact(name, FEATURES),
        lambda: finder.exact(name, STREETS),
        lambda: _at_address(finder, name),
    )
    for number, look_up in enumerate(lookups):
        if candidates := look_up():
            return Meaning(candidates, near=finder.near)
        if number == 0 and (region := _region(finder, name)):
            return Meaning(region=region)
    address = reading.address(name)
    if address and (streets := finder.exact(address.street, STREETS)):
        note = f"The map has no number {address.number} there; this is the street {streets[0].name}."
        return Meaning(streets, near=finder.near, note=note)
    return None


def _at_address(finder: Finder, name: str) -> list[Candidate]:
    address = reading.address(name)
    for spelling in (name, *(address.spellings if address else ())) if any(map(str.isdigit, name)) else ():
        if candidates := finder.exact(spelling, ADDRESSES):
            return candidates
    return []


def _region(finder: Finder, name: str, *, prefix: bool = False) -> MapArchive | None:
    """Return the first map of that region; with `prefix` one whose name goes on after it."""
    if finder.around is not None or (finder.types is not None and "region" not in finder.types):
        return None
    folded = fold(name)
    for archive in finder.maps:
        region = fold(archive.info.name)
        if archive.info.centre and (region == folded or (prefix and folded and region.startswith(f"{folded} "))):
            return archive
    return None


@dataclass(frozen=True)
class _Setting:
    """A name within a place: finders for the surroundings of what the place may be; `is_known` if it is on a map."""

    split: Split
    finders: Sequence[Finder]
    is_known: bool


def _setting(finder: Finder, split: Split, look_up: Callable[[Finder, str], Meaning | None]) -> _Setting:
    anywhere = replace(finder, types=None)
    for place in split.places:
        found = look_up(anywhere, place)
        if found is not None:
            finders = [finder.inside(candidate.surroundings) for candidate in found.candidates[:MAX_SURROUNDINGS]]
            if region := found.region or _region(anywhere, place):
                finders.append(replace(finder, maps=[region]))
            return _Setting(split, finders, is_known=True)
    # No such place, but the labels of records may name it.
    named = [Around(0.0, 0.0, -1.0, words, wide=True) for place in split.places if (words := fold(place))]
    return _Setting(split, [finder.inside(around) for around in named], is_known=False)


def _town(finder: Finder, name: str) -> Meaning | None:
    """Return settlements or a region with this very name."""
    if candidates := finder.exact(name, SETTLEMENTS):
        return Meaning(candidates)
    region = _region(finder, name)
    return Meaning(region=region) if region else None


def _inside(settings: Sequence[_Setting]) -> Meaning | None:
    """Return places of a name in or near another place, the whole name before parts of it."""
    for setting in settings:
        for inside in setting.finders:
            if found := _exact(inside, setting.split.name) or _partly(inside, setting.split.name):
                return found
    return None


def _unplaced(finder: Finder, settings: Sequence[_Setting]) -> Meaning | None:
    """Return places of the name alone, where no map knows the region that the text gives ("Milano, Italy")."""
    for setting in settings:
        if found := _exact(finder, setting.split.name):
            note = f"The maps do not know '{', '.join(setting.split.places)}', so it was not considered."
            return replace(found, note=f"{found.note} {note}".strip())
    return None


def _partly(finder: Finder, name: str) -> Meaning | None:
    """Return settlements, regions and points of interest whose names contain the text."""
    found = [one for group in (SETTLEMENTS, FEATURES) for one in finder.containing(name, group)]
    candidates = sorted(found, key=lambda one: one.key)
    is_settlement = candidates and candidates[0].group == SETTLEMENTS and candidates[0].way <= PREFIX
    if not is_settlement and (region := _region(finder, name, prefix=True)):
        return Meaning(region=region, note=f"'{name}' was taken for the region of the map, {region.info.name}.")
    return Meaning(candidates, near=finder.near) if candidates else None


def _shortened(finder: Finder, text: str) -> Meaning | None:
    """Return a point of interest named by the beginning of the text: "K1 Speed" for "k1 kart".

    Only where the beginning leaves no doubt: "piazza" would name hundreds.
    """
    words = fold(text).split()
    for count in range(len(words) - 1, max(len(words) - 1 - MAX_DROPPED, 0), -1):
        name = " ".join(words[:count])
        if len(name) < MIN_KEPT or finder.count(name, COMMON) == COMMON:
            break
        whole = [one for one in finder.containing(name, FEATURES) if one.way <= PREFIX and one.is_at_word_end]
        whole = [one for one in whole if not one.rank]
        exact = [one for one in whole if one.way == EXACT]
        if exact or len({fold(one.name) for one in whole}) == 1:
            note = f"No place is called '{text}'; '{whole[0].name}' was taken, which has only '{name}' of it."
            return Meaning(exact or whole, near=finder.near, note=note)
    return None
