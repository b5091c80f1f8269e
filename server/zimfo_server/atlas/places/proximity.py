"""What lies around a point: the records of several maps in one order, each place once, counted by category."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places.categories import category_of
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.atlas.places.record import TYPES, PlaceRecord
from zimfo_server.atlas.places.selection import Selection, label_of
from zimfo_shared.sphere import haversine_m

SAME_PLACE_M = 30.0  # one business of two sources lies this far apart at most (streetzim-format.md §5.3)
_SAME_PLACE_DEGREES = SAME_PLACE_M / 111_000  # of latitude, a little more than exact
MAX_COMPARED = 20_000  # hits, nearest first, that are checked for being the same place; some 5 µs each

_NOT_BY_DEFAULT = ("street", "building", "addr")
_BY_DEFAULT = np.array([name not in _NOT_BY_DEFAULT for name in TYPES] + [True])
_IN_PIECES = frozenset(
    (TYPES.index("street"), TYPES.index("water"))
)  # types with a record in every tile that the feature crosses
_STOPS = frozenset(("bus", "railway", "entrance", "tram", "station", "subway"))  # a stop is not what it is named after


@dataclass(frozen=True)
class Nearby:
    """Places around a point, nearest first; arrays run over the places.

    `owner` indexes `maps`, `rows` that map's index, `kinds` the selection's kinds (-1 without a selection).
    """

    maps: Sequence[MapArchive]
    selection: Selection | None
    owner: NDArray[np.int64]
    rows: NDArray[np.int64]
    metres: NDArray[np.float64]
    kinds: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self.rows)

    def zim(self, position: int) -> str:
        """Return the name of the map that a place is from."""
        return self.maps[int(self.owner[position])].name

    def record(self, position: int) -> PlaceRecord:
        """Return a place's record."""
        return self.maps[int(self.owner[position])].places.record(int(self.rows[position]))

    def category(self, position: int) -> str:
        """Return the word under which a place is counted."""
        return self._categories[position]

    def by_category(self) -> list[tuple[str, int]]:
        """Return how many places there are of each category, the most frequent first."""
        counts = Counter(self._categories)
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    @cached_property
    def _categories(self) -> list[str]:
        words = [""] * self.count
        known = self.selection.kinds if self.selection else ()
        for number, archive in enumerate(self.maps):
            index = archive.places
            mine = np.flatnonzero(self.owner == number)
            rows, kinds = self.rows[mine], self.kinds[mine]
            codes = np.stack([index.type_ids[rows].astype(np.int64), index.subtype_ids[rows].astype(np.int64), kinds])
            # There are few combinations and may be many rows.
            distinct, which = np.unique(codes, axis=1, return_inverse=True)
            labels = [
                label_of(known[kind] if kind >= 0 else None, index.subtypes[subtype], _type_name(type_))
                for type_, subtype, kind in distinct.T.tolist()
            ]
            for position, row, label in zip(mine.tolist(), rows.tolist(), which.ravel().tolist(), strict=True):
                words[position] = category_of(index, row) or labels[label]
        return words


def around(
    maps: Sequence[MapArchive],
    lat: float,
    lon: float,
    radius_m: float,
    selection: Selection | None = None,
    *,
    has_wiki: bool = False,
    every_type: bool = False,
) -> Nearby:
    """Return the places within `radius_m` metres of a point in degrees.

    Without a selection streets, addresses and buildings are left out unless `every_type`; `has_wiki` keeps those with
    a Wikipedia tag. A place that several maps or sources have is there once.
    """
    parts: list[tuple[NDArray[np.int64], ...]] = []
    distances: list[NDArray[np.float64]] = []
    indexes = [archive.places for archive in maps]
    for number, index in enumerate(indexes):
        rows, metres = index.within(lat, lon, radius_m)
        rows = rows.astype(np.int64)
        kept = index.has_wiki[rows] if has_wiki else np.ones(len(rows), np.bool_)
        if selection is None and not every_type:
            kept = kept & _BY_DEFAULT[index.type_ids[rows]]
        rows, metres = rows[kept], metres[kept]
        kinds = np.full(len(rows), -1, np.int64)
        if selection is not None:
            kinds = selection.match(index, rows)
            rows, metres, kinds = rows[kinds >= 0], metres[kinds >= 0], kinds[kinds >= 0]
        parts.append((np.full(len(rows), number, np.int64), rows, kinds))
        distances.append(metres)
    # One map is the rule, but `maps` may be empty, and nothing cannot be concatenated.
    nothing = np.zeros(0, np.int64)
    owner, rows, kinds = (np.concatenate([nothing, *(part[column] for part in parts)]) for column in range(3))
    metres = np.concatenate([np.zeros(0), *distances])
    order = np.argsort(metres, kind="stable")
    order = order[_first_of_each(indexes, owner[order], rows[order])]
    return Nearby(maps, selection, owner[order], rows[order], metres[order], kinds[order])


def _first_of_each(
    indexes: Sequence[PlaceIndex], owner: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which hits are no repetition of a nearer one."""
    first = np.ones(len(rows), np.bool_)
    seen: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    for position, (index, row, type_, subtype, here) in enumerate(_hits(indexes, owner[:MAX_COMPARED], rows)):
        others = seen.setdefault((fold(index.name(row)), type_, subtype if subtype in _STOPS else ""), [])
        if others and (type_ in _IN_PIECES or any(_is_close(here, there) for there in others)):
            first[position] = False
        else:
            others.append(here)
    return first


def _hits(
    indexes: Sequence[PlaceIndex], owner: NDArray[np.int64], rows: NDArray[np.int64]
) -> Iterator[tuple[PlaceIndex, int, int, str, tuple[float, float]]]:
    """Yield index, row, type, subtype and position of the hits of `owner`, in order."""
    # Columns are read as lists: looking into an array for each hit takes longer than all else.
    columns = []
    for number, index in enumerate(indexes):
        own = rows[: len(owner)][owner == number]
        lists = (index.type_ids[own], index.subtype_ids[own], index.lat[own], index.lon[own])
        columns.append(zip(own.tolist(), *(column.tolist() for column in lists), strict=True))
    for number in owner.tolist():
        row, type_, subtype, lat, lon = next(columns[number])
        yield indexes[number], row, type_, indexes[number].subtypes[subtype], (lat, lon)


def _is_close(one: tuple[float, float], other: tuple[float, float]) -> bool:
    # The difference of latitude alone tells most of them apart, at a tenth of the cost.
    return abs(one[0] - other[0]) < _SAME_PLACE_DEGREES and haversine_m(*one, *other) <= SAME_PLACE_M


def _type_name(number: int) -> str:
    return TYPES[number] if number < len(TYPES) else "place"
