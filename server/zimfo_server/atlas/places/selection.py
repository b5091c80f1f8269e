"""Which records of a map are of the kinds looked for: by type and subtype, by Overture category, by words of names."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate

import numpy as np
from numpy.typing import NDArray

from zimfo_server.atlas.places.categories import category_of, has_categories
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.atlas.places.record import TYPES
from zimfo_server.atlas.places.vocabulary import CUISINES, GENERIC, Kind

MAX_READ = 50_000  # names or categories of one search, nearest first: some 5 µs each
MAX_SAMPLED = 500  # names of a class that are read to see whether it holds other things too
MAX_CLASSES_NAMED = 3  # in a note on where other places of a kind may be filed

_NO_FEATURES = frozenset(("place", "street", "addr"))
_NO_SUBTYPE = "none"
# Names with these words are of something that only stands beside the kind looked for.
_OTHERWISE = "parking parcheggio car_park carpark dental dentist dentista residence"
# Categories of Overture that sell or make what others serve (zimfo-behaviour §2.9).
_RETAIL = ("*_store", "*_shop", "bakery", "brewery", "winery", "distillery")


@dataclass(frozen=True)
class Selection:
    """The kinds of a call, understood; `unknown` are those matched only by their words, `broader` what holds those."""

    kinds: tuple[Kind, ...]
    unknown: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The kinds as one says them: "bar or wine bar"."""
        return " or ".join(kind.label.replace("_", " ") for kind in self.kinds)

    def match(self, index: PlaceIndex, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each of `rows` (nearest first) which of `kinds` it is, -1 for none."""
        found = np.full(len(rows), -1, np.int64)
        types, subtypes = index.type_ids[rows], index.subtype_ids[rows]
        features = ~np.isin(types, [TYPES.index(name) for name in _NO_FEATURES])
        records = _Records(index, rows)
        for number, kind in enumerate(self.kinds):
            on_map = _compiled(kind, tuple(index.subtypes))
            undecided = found < 0
            certain = undecided & on_map.certain[types, subtypes]
            if on_map.mixed.any() and _is_mixed(index, on_map):
                certain &= ~on_map.mixed[subtypes]
            serving = records.not_retail(kind, records.not_named(on_map.unless, np.flatnonzero(certain)))
            found[serving] = number
            found[records.filed(kind, np.flatnonzero(undecided & ~certain & features))] = number
            possible = np.flatnonzero(undecided & ~certain & on_map.possible[types, subtypes])
            # A word that is a class of this map means the class, not names.
            if on_map.named and not (kind.label in self.unknown and kind.label in index.subtypes):
                found[records.not_named(on_map.otherwise, records.named(on_map.named, possible))] = number
        return found

    def remarks(self, index: PlaceIndex) -> list[str]:
        """Return what to know of a map that has no class of its own for a kind: what a list of them leaves out."""
        remarks: dict[str, None] = {}
        classes: dict[str, None] = {}
        without: list[str] = []
        for kind in self.kinds:
            own = [pattern for pattern in kind.subtypes.split()[:1] if "/" not in pattern]
            if kind.label in self.unknown or kind.label in CUISINES or not own:
                continue
            if kind.mixed and _is_mixed(index, _compiled(kind, tuple(index.subtypes))):
                remarks[
                    f"On this map the class {kind.mixed} holds other things too; listed is what its name tells."
                ] = None
            elif not any(_matches(own, name) for name in index.subtypes):
                wide = [name for name in kind.among.split() if name in index.subtypes and name in GENERIC.split()]
                if kind.remark:
                    remarks[kind.remark] = None
                elif kind.names and wide:
                    without.append(kind.label.replace("_", " "))
                    classes.update(dict.fromkeys(wide[:MAX_CLASSES_NAMED]))
        if without:
            remarks[
                f"This map has no class for {', '.join(without)}: listed are those whose name tells; "
                f"others may be among kinds={list(classes)}."
            ] = None
        return list(remarks)


def label_of(kind: Kind | None, subtype: str, type_: str) -> str:
    """Return the word under which a record is counted: its subtype, the kind looked for where that says nothing."""
    if kind is not None and (not subtype or subtype in GENERIC.split()):
        return kind.label
    return subtype or type_


@dataclass(frozen=True)
class _OnMap:
    """A kind in the numbers of one map: tables over [type, subtype], tests of folded names."""

    certain: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    mixed: NDArray[np.bool_]  # over [subtype]
    named: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    otherwise: re.Pattern[str] | None


class _Records:
    """What the names and categories of rows tell; each is read once, and only where asked for."""

    def __init__(self, index: PlaceIndex, rows: NDArray[np.int64]) -> None:
        self._index = index
        self._rows = rows
        self._folded: dict[int, str] = {}

    def named(self, pattern: re.Pattern[str], positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions whose names have a word of `pattern`."""
        return self._where(lambda position: pattern.search(self._name(position)) is not None, positions[:MAX_READ])

    def not_named(self, pattern: re.Pattern[str] | None, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions whose names have no word of `pattern`; those not read count as such."""
        if pattern is None:
            return positions
        first, rest = positions[:MAX_READ], positions[MAX_READ:]
        return np.concatenate([self._where(lambda position: pattern.search(self._name(position)) is None, first), rest])

    def filed(self, kind: Kind, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions whose categories are of the kind."""
        if not has_categories(self._index):
            return positions[:0]
        own = kind.subtypes.split()
        return self._where(lambda position: _matches(own, self._category(position) or "none"), positions[:MAX_READ])

    def not_retail(self, kind: Kind, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions without what sells or makes things where the kind serves them, by its category."""
        if not has_categories(self._index):
            return positions
        own = kind.subtypes.split()
        first, rest = positions[:MAX_READ], positions[MAX_READ:]

        def is_kind(position: int) -> bool:
            category = self._category(position)
            return not category or _matches(own, category) or not _matches(_RETAIL, category)

        return np.concatenate([self._where(is_kind, first), rest])

    def _where(self, test: Callable[[int], bool], positions: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.array([position for position in positions.tolist() if test(position)], np.int64)

    def _name(self, position: int) -> str:
        name = self._folded.get(position)
        if name is None:
            name = self._folded[position] = fold(self._index.name(int(self._rows[position])))
        return name

    def _category(self, position: int) -> str:
        return category_of(self._index, int(self._rows[position]))


def _is_mixed(index: PlaceIndex, on_map: _OnMap) -> bool:
    """Return whether a class of the kind that may hold other things does so on this map, by some of its names."""
    rows = np.flatnonzero(on_map.mixed[index.subtype_ids])[:MAX_SAMPLED]
    return bool(on_map.unless and len(_Records(index, rows).named(on_map.unless, np.arange(len(rows)))))


@functools.lru_cache(maxsize=512)
def _compiled(kind: Kind, subtypes: tuple[str, ...]) -> _OnMap:
    named = _words(kind.names)
    own = set(kind.names.split())
    otherwise = " ".join([kind.unless, *(word for word in _OTHERWISE.split() if word not in own)])
    return _OnMap(
        certain=_table(kind.subtypes, subtypes),
        possible=_table(kind.among, subtypes),
        mixed=np.array([name in kind.mixed.split() for name in subtypes] or [False]),
        named=named,
        unless=_words(kind.unless),
        otherwise=_words(otherwise),
    )


def _table(patterns: str, subtypes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which [type, subtype] the patterns take; one row more than `TYPES`, for unknown types."""
    table = np.zeros((len(TYPES) + 1, max(len(subtypes), 1)), np.bool_)
    plain: list[str] = []
    for pattern in patterns.split():
        type_, slash, subtype = pattern.rpartition("/")
        if slash:
            table[TYPES.index(type_)] |= [_matches([subtype], name) for name in subtypes]
        else:
            plain.append(pattern)
    features = [number for number in range(len(TYPES) + 1) if number == len(TYPES) or TYPES[number] not in _NO_FEATURES]
    if plain and subtypes:
        table[features] |= np.array([_matches(plain, name) for name in subtypes], np.bool_)
    return table


def _matches(patterns: Sequence[str], subtype: str) -> bool:
    return _glob(tuple(patterns)).match(subtype.lower() or _NO_SUBTYPE) is not None


@functools.lru_cache(maxsize=512)
def _glob(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


@functools.lru_cache(maxsize=1_024)
def _words(entries: str) -> re.Pattern[str] | None:
    """Return a test for any of the entries as whole words of a folded name."""
    forms: list[str] = []
    for entry in entries.split():
        word = re.escape(fold(entry.lstrip("*").replace("_", " ")))
        if word:
            forms.append(rf"\w*{word}" if entry.startswith("*") else word)
    return re.compile(rf"\b(?:{'|'.join(forms)})\b") if forms else None
