"""Records that a name may mean, over several maps: found by group, in the order in which they are preferred."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.groups import ADDRESSES, FEATURES, SETTLEMENTS, STREETS
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.atlas.places.lines import EXACT, PREFIX, WORD
from zimfo_server.atlas.places.record import TYPES, PlaceRecord
from zimfo_shared.sphere import EARTH_RADIUS_M, haversine_m

MAX_HITS = 20_000  # names looked at for each way of matching, some 0.3 µs each
MAX_ROWS = 300  # of these that become candidates, the preferred ones; some 3 µs each
MAX_DISTINCT = 12  # places told apart: what a list of choices can hold
PIECE_M = 1_000.0  # side of a square: tiles of zoom 14 measure up to 2.4 km, and touching squares count as one
MIN_INSIDE = 4  # letters of a text that is looked for inside of words
MAX_ARTICLE = 3  # letters before a name that people leave out: "Il-Birgu", "Tas-Sliema", "the", "las"

SAME_PLACE_M = {SETTLEMENTS: 2_000.0, FEATURES: 50.0, STREETS: 1_500.0, ADDRESSES: 50.0}
"""How far apart two records of one name are still one place: a town as its label and its centre, a street in pieces."""

_RANKS = (
    "city", "country", "state province region county", "town", "island archipelago", "village",
    "borough suburb district quarter neighbourhood neighborhood", "hamlet", "locality islet square",
    "isolated_dwelling farm",
)  # fmt: skip
RANK = {subtype: rank for rank, subtypes in enumerate(_RANKS) for subtype in subtypes.split()}
"""Settlements from large to small. A city stands before the state of its name: nobody eats "in New York state"."""
_LOWEST = len(_RANKS)
WIDE = frozenset(("country", "state", "province", "region", "county", "archipelago"))
"""Areas whose middle says nothing about what is meant inside of them."""
_REACH_M = {
    "city": 25_000.0, "country": 1_000_000.0, "state": 600_000.0, "province": 300_000.0, "region": 300_000.0,
    "county": 100_000.0, "town": 12_000.0, "island": 40_000.0, "archipelago": 200_000.0, "village": 6_000.0,
}  # fmt: skip
_REACH_OTHER_M = 4_000.0  # around quarters, hamlets, sights and streets
# What is named after the thing next to it comes after that thing.
_MINOR = frozenset(("bus", "railway", "entrance", "barrier", "parking", "tram", "subway", "station", "bicycle_parking"))

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True)
class Around:
    """A circle that a place must lie in: degrees, metres; `words` name what it is around, folded."""

    lat: float
    lon: float
    metres: float
    words: str = ""
    wide: bool = False
    """A country or the like: being near its middle makes no place more likely."""


@dataclass(frozen=True)
class Candidate:
    """A record that a name may mean, and how its name matches (`EXACT` …)."""

    archive: MapArchive
    row: int
    group: int
    way: int
    lat: float
    lon: float
    rank: int
    """0 for the largest; of features 1 for those that are named after others."""
    standing: tuple[int, ...]
    """What makes a candidate preferred apart from where it is, smaller first."""
    key: tuple[float | str, ...]
    """By which candidates are sorted: `standing`, then what decides between equals."""

    @property
    def record(self) -> PlaceRecord:
        """The record."""
        return self.archive.places.record(self.row)

    @property
    def name(self) -> str:
        """The record's name."""
        return self.archive.places.name(self.row)

    @property
    def subtype(self) -> str:
        """The record's subtype."""
        index = self.archive.places
        return index.subtypes[int(index.subtype_ids[self.row])]

    @property
    def surroundings(self) -> Around:
        """The circle that "X, Place" means for this place."""
        reach = _REACH_M.get(self.subtype, _REACH_OTHER_M) if self.group == SETTLEMENTS else _REACH_OTHER_M
        return Around(
            self.lat, self.lon, reach, fold(self.name), wide=self.group == SETTLEMENTS and self.subtype in WIDE
        )

    @property
    def is_at_word_end(self) -> bool:
        """Whether the text ends where a word of the name does."""
        return not self.standing[4]

    def metres_to(self, other: "Candidate") -> float:
        """Return the distance in metres to another candidate."""
        return self.metres_from((other.lat, other.lon))

    def metres_from(self, point: Point) -> float:
        """Return the distance in metres from a point in degrees."""
        return haversine_m(self.lat, self.lon, *point)


@dataclass(frozen=True)
class Finder:
    """Looks names up in `maps`. `near` settles ties; `types` and `around` restrict what is found."""

    maps: Sequence[MapArchive]
    near: Point | None = None
    types: frozenset[str] | None = None
    around: Around | None = None

    @property
    def is_around_point(self) -> bool:
        """Whether what is found must be near a certain place."""
        return self.around is not None and not self.around.wide

    def inside(self, around: Around) -> "Finder":
        """Return a finder within a circle that prefers what is near its centre, unless the circle is a wide one."""
        return replace(self, around=around, near=self.near if around.wide else (around.lat, around.lon))

    def exact(self, name: str, group: int) -> list[Candidate]:
        """Return the distinct places of a group called so, the preferred one first."""
        folded = fold(name)
        found: list[Candidate] = []
        for order, archive in enumerate(self.maps):
            rows = archive.places.lines[group].exact(folded, MAX_HITS)
            found += self._candidates(archive, order, group, rows, np.zeros(len(rows), np.int64), folded)
        return distinct(found)

    def without_article(self, name: str) -> list[Candidate]:
        """Return the settlements whose names are this one after a short word: "Balzan" is "Ħal Balzan"."""
        folded = fold(name)
        found: list[Candidate] = []
        for order, archive in enumerate(self.maps):
            rows, ways = archive.places.lines[SETTLEMENTS].containing(folded, MAX_HITS)
            names = [(row, fold(archive.places.name(row))) for row in rows[ways == WORD].tolist()]
            short = [row for row, own in names if own.endswith(f" {folded}") and own.find(" ") <= MAX_ARTICLE
                     and len(own) - len(folded) - 1 <= MAX_ARTICLE]  # fmt: skip
            found += self._candidates(
                archive, order, SETTLEMENTS, np.array(short, np.int64), np.zeros(len(short), np.int64), folded
            )
        return distinct(found)

    def containing(self, name: str, group: int) -> list[Candidate]:
        """Return the distinct places of a group whose names contain the text, the preferred one first."""
        folded = fold(name)
        found: list[Candidate] = []
        for order, archive in enumerate(self.maps):
            rows, ways = archive.places.lines[group].containing(folded, MAX_HITS)
            if len(folded) < MIN_INSIDE:
                rows, ways = rows[ways <= PREFIX], ways[ways <= PREFIX]
            found += self._candidates(archive, order, group, rows, ways, folded)
        return distinct(found)

    def count(self, name: str, limit: int) -> int:
        """Return how many points of interest and streets have the text in their names, at most `limit`."""
        folded = fold(name)
        lines = [archive.places.lines[group] for archive in self.maps for group in (FEATURES, STREETS)]
        return min(limit, sum(len(one.containing(folded, limit)[0]) for one in lines))

    def _candidates(
        self, archive: MapArchive, order: int, group: int, rows: NDArray[np.int64], ways: NDArray[np.int64], folded: str
    ) -> list[Candidate]:
        index = archive.places
        if self.types is not None and len(rows):
            wanted = np.array([name in self.types for name in TYPES] + [False])
            kept = wanted[index.type_ids[rows]]
            rows, ways = rows[kept], ways[kept]
        if self.around is not None and len(rows):
            kept = self._is_around(index, rows, self.around)
            rows, ways = rows[kept], ways[kept]
        if not len(rows):
            return []
        # Only roughly in metres, for the order; the middle of the map stands for a place that nobody gave.
        lat, lon = self.near or archive.info.centre or (index.lat[rows[0]], index.lon[rows[0]])
        if group == STREETS and self.near is None:
            lat, lon = float(np.median(index.lat[rows])), float(np.median(index.lon[rows]))
        metres = _rough_metres(index, rows, lat, lon)
        if group == STREETS:
            pieces = nearest_pieces(index.lat[rows], index.lon[rows], metres)
            rows, ways, metres = rows[pieces], ways[pieces], metres[pieces]
        preferred = np.lexsort((rows, metres, index.type_ids[rows], ways))[:MAX_ROWS]
        return [
            self._candidate(archive, order, group, int(rows[one]), int(ways[one]), float(metres[one]), folded)
            for one in preferred.tolist()
        ]

    def _candidate(
        self, archive: MapArchive, order: int, group: int, row: int, way: int, metres: float, folded: str
    ) -> Candidate:
        index = archive.places
        name, lat, lon = index.name(row), float(index.lat[row]), float(index.lon[row])
        rank = _rank(index, row, group)
        is_inside_word = way != EXACT and f"{folded} " not in f"{fold(name)} "
        # In a town that was named, what is nearer counts more than at which word of a name the text begins.
        matched = WORD if self.is_around_point and way == PREFIX and not is_inside_word else way
        is_unknown = self.near is not None or not index.has_wiki[row]
        standing = (matched, group, int(index.type_ids[row]), rank, is_inside_word)
        # Last what decides between equals in the same way for every layout of a region.
        key = (*standing, is_unknown, round(metres), name, lat, lon, order)
        return Candidate(archive, row, group, way, lat, lon, rank, standing, key)

    @staticmethod
    def _is_around(index: PlaceIndex, rows: NDArray[np.int64], around: Around) -> NDArray[np.bool_]:
        near = _rough_metres(index, rows, around.lat, around.lon) <= around.metres
        if around.words:
            # A label may say so where the distance does not; only looked at for a handful, each costs a text.
            for position in np.flatnonzero(~near)[:MAX_ROWS].tolist():
                near[position] = f" {around.words} " in f" {fold(index.location(int(rows[position])))} "
        return near


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates in order of preference without those that are the same place as a preferred one."""
    kept: list[Candidate] = []
    names: list[str] = []
    for candidate in sorted(candidates, key=lambda one: one.key):
        name = fold(candidate.name) if candidate.way != EXACT else ""
        limit = SAME_PLACE_M[candidate.group]
        same = (
            known.group == candidate.group and other == name and candidate.metres_to(known) <= limit
            for known, other in zip(kept, names, strict=True)
        )
        if not any(same):
            kept.append(candidate)
            names.append(name)
            if len(kept) == MAX_DISTINCT:
                break
    return kept


def nearest_pieces(
    lat: NDArray[np.float64], lon: NDArray[np.float64], metres: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the positions of the nearest record of each street, given all records of one name and their distances.

    A street has a record in each map tile that it crosses. Records are of one street where a chain of squares of
    `PIECE_M` leads from one to the other.
    """
    side = np.degrees(PIECE_M / EARTH_RADIUS_M)
    north = np.floor(lat / side).astype(np.int64)
    east = np.floor(lon * np.cos(np.radians(np.median(lat))) / side).astype(np.int64)
    order = np.argsort(metres, kind="stable").tolist()
    nearest: dict[tuple[int, int], int] = {}
    for position, square in zip(order, zip(north[order].tolist(), east[order].tolist(), strict=True), strict=True):
        nearest.setdefault(square, position)
    found: list[int] = []
    while nearest:
        # Squares are in order of distance, so each chain begins with its nearest record.
        square = next(iter(nearest))
        found.append(nearest.pop(square))
        chain = [square]
        while chain:
            row, column = chain.pop()
            touching = itertools.product(range(row - 1, row + 2), range(column - 1, column + 2))
            chain += [one for one in touching if nearest.pop(one, None) is not None]
    return np.array(found, np.int64)


def _rank(index: PlaceIndex, row: int, group: int) -> int:
    subtype = index.subtypes[int(index.subtype_ids[row])]
    if group == SETTLEMENTS:
        return RANK.get(subtype, _LOWEST)
    return int(group == FEATURES and subtype in _MINOR)


def _rough_metres(index: PlaceIndex, rows: NDArray[np.int64], lat: float, lon: float) -> NDArray[np.float64]:
    """Return distances in metres on a flat earth, good for order and for circles of some 100 km."""
    east = (index.lon[rows] - lon + 540) % 360 - 180
    north = index.lat[rows] - lat
    return np.hypot(north, east * np.cos(np.radians((index.lat[rows] + lat) / 2))) * 111_195.0
