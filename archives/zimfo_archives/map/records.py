"""The gazetteer: a record for every named place, every address, and every two kilometres of a named road or river."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_archives.map.graph import EARTH_RADIUS_M
from zimfo_archives.map.osm import E7, Extract, MapObject, Position
from zimfo_archives.map.tags import SETTLEMENTS, kind_of, river_kind

# Readers rank by type, and expect the records of a file in this order (§3.1); others follow, addresses last.
TYPE_ORDER = ("place", "airport", "peak", "park", "water", "poi", "street", "building", "addr")

# A name of one character finds nothing in the search index.
MIN_NAME = 2
# Original maps have a record for each tile of about this size that a road crosses: "El Camino Real" is then found in
# every town on its way.
LINE_SPACING_M = 2_000.0
# People take a place to be part of a town near by; the name of one farther away would mislead.
LABEL_REACH_M = 30_000.0
# What a settlement without a number of inhabitants is taken for, by the orders of magnitude of its class.
_POPULATION = {"city": 100_000, "town": 10_000, "village": 1_000, "hamlet": 100}
_MAX_POPULATION = 50_000_000  # above any city's: a larger number is a slip


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the search data; position in degrees."""

    name: str
    type: str
    subtype: str
    lat: float
    lon: float
    label: str = ""  # the settlement it belongs to
    wikipedia: str = ""
    wikidata: str = ""
    phone: str = ""
    website: str = ""

    def row(self) -> dict[str, str | float]:
        """Return the record as it is stored, with the short keys of §3.1."""
        row: dict[str, str | float] = {
            "n": self.name,
            "t": self.type,
            "s": self.subtype,
            # Six places are a decimetre.
            "a": round(self.lat, 6),
            "o": round(self.lon, 6),
            "l": self.label,
        }
        told = {"w": self.wikipedia, "q": self.wikidata, "p": self.phone, "ws": self.website}
        return row | {key: value for key, value in told.items() if value}


def records_of(extract: Extract) -> list[Record]:
    """Return all records, in the order of TYPE_ORDER, then by name and position; full duplicates only once."""
    settlements = _Settlements(extract.objects)
    records = [
        *_places(extract.objects, settlements),
        *_addresses(extract.objects, settlements),
        *_streets(extract, settlements),
        *_rivers(extract, settlements),
    ]
    rank = {name: number for number, name in enumerate(TYPE_ORDER)}
    unique = {(r.name, r.type, round(r.lat, 6), round(r.lon, 6)): r for r in reversed(records)}
    return sorted(unique.values(), key=lambda r: (rank[r.type], r.name, r.lat, r.lon, r.subtype))


class _Settlements:
    """Tells the settlement of a position: near ones before far ones, and large ones from farther away.

    How far a settlement reaches is taken to grow with the root of its population, as its area does.
    """

    def __init__(self, objects: Iterable[MapObject]) -> None:
        found = [o for o in objects if o.tags.get("place") in SETTLEMENTS and len(o.tags.get("name", "")) >= MIN_NAME]
        found.sort(key=lambda o: o.lat)
        self._names = [o.tags["name"] for o in found]
        self._lat = np.array([o.lat for o in found])
        self._lon = np.array([o.lon for o in found])
        self._reach = np.sqrt([float(_population(o.tags)) for o in found])

    def label(self, lat: float, lon: float) -> str:
        """Return the name of the settlement, "" if none is near."""
        window = np.degrees(LABEL_REACH_M / EARTH_RADIUS_M)
        low, high = np.searchsorted(self._lat, [lat - window, lat + window])
        if low == high:
            return ""
        # On a plane, which at this distance is good enough to compare; the difference wraps at the antimeridian.
        north = np.radians(self._lat[low:high] - lat)
        east = np.radians((self._lon[low:high] - lon + 180) % 360 - 180) * np.cos(np.radians(lat))
        metres = np.hypot(north, east) * EARTH_RADIUS_M
        best = int(np.argmin(np.where(metres <= LABEL_REACH_M, metres / self._reach[low:high], np.inf)))
        return self._names[low + best] if metres[best] <= LABEL_REACH_M else ""


def _population(tags: Mapping[str, str]) -> int:
    told = tags.get("population", "").replace(",", "").replace(" ", "")
    number = int(told) if told.isascii() and told.isdigit() else 0
    return number if 0 < number <= _MAX_POPULATION else _POPULATION[tags["place"]]


def _places(objects: Iterable[MapObject], settlements: _Settlements) -> Iterable[Record]:
    for item in objects:
        tags = item.tags
        name, kind = tags.get("name", ""), kind_of(tags)
        if kind is None or len(name) < MIN_NAME:
            continue
        settled = kind[0] == "place" and kind[1] in SETTLEMENTS
        label = "" if settled else tags.get("addr:city") or settlements.label(item.lat, item.lon)
        yield Record(
            name,
            *kind,
            item.lat,
            item.lon,
            label,
            wikipedia=tags.get("wikipedia", ""),
            wikidata=tags.get("wikidata", ""),
            phone=tags.get("phone") or tags.get("contact:phone", ""),
            website=tags.get("website") or tags.get("contact:website", ""),
        )


def _addresses(objects: Iterable[MapObject], settlements: _Settlements) -> Iterable[Record]:
    for item in objects:
        number = item.tags.get("addr:housenumber", "")
        street = item.tags.get("addr:street") or item.tags.get("addr:place", "")
        if not number or not street:
            continue
        city = item.tags.get("addr:city", "")
        # The number comes first in every country: §3.1.
        name = f"{number} {street}, {city}" if city else f"{number} {street}"
        yield Record(name, "addr", "", item.lat, item.lon, city or settlements.label(item.lat, item.lon))


def _streets(extract: Extract, settlements: _Settlements) -> Iterable[Record]:
    drawn: dict[str, str] = {}
    runs: list[tuple[str, Sequence[Position]]] = []
    for way, road in enumerate(extract.roads):
        if len(road.name) >= MIN_NAME:
            drawn.setdefault(road.name, road.drawn)
            runs.append((road.name, list(extract.lines.positions(way))))
    for name, lat, lon in spread(runs):
        yield Record(name, "street", drawn[name], lat, lon, settlements.label(lat, lon))


def _rivers(extract: Extract, settlements: _Settlements) -> Iterable[Record]:
    told: dict[str, Mapping[str, str]] = {}
    runs: list[tuple[str, Sequence[Position]]] = []
    for tags, positions in extract.rivers:
        name = tags.get("name", "")
        if len(name) >= MIN_NAME and river_kind(tags) and positions:
            told.setdefault(name, tags)
            runs.append((name, positions))
    for name, lat, lon in spread(runs):
        tags = told[name]
        _, subtype = river_kind(tags) or ("", "")
        wiki = {"wikipedia": tags.get("wikipedia", ""), "wikidata": tags.get("wikidata", "")}
        yield Record(name, "water", subtype, lat, lon, settlements.label(lat, lon), **wiki)


def spread(runs: Iterable[tuple[str, Sequence[Position]]]) -> list[tuple[str, float, float]]:
    """Return (name, latitude, longitude) in degrees: points on the named lines, about LINE_SPACING_M apart.

    Each name has at least one point, and every point of a line is within twice the spacing of one of its name.
    """
    # Points are gathered around the first of them in cubes of space, which are alike at the poles and the antimeridian.
    groups: dict[tuple[str, tuple[int, int, int]], list[Position]] = {}
    for name, positions in runs:
        cells = np.floor(_in_space(positions) / LINE_SPACING_M).astype(np.int64).tolist()
        for (x, y, z), position in zip(cells, positions, strict=True):
            groups.setdefault((name, (x, y, z)), []).append(position)
    merged: dict[tuple[str, tuple[int, int, int]], list[Position]] = {}
    # A short road across the border of two cubes is one road: small groups join a larger one beside them.
    for (name, cell), positions in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        beside = (merged.get((name, near)) for near in _neighbours(cell))
        host = next((other for other in beside if other and _near(other, positions)), None)
        if host is None:
            merged[name, cell] = list(positions)
    return [(name, *_middle(positions)) for (name, _), positions in merged.items()]


def _neighbours(cell: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    x, y, z = cell
    steps = (-1, 0, 1)
    return [(x + i, y + j, z + k) for i in steps for j in steps for k in steps if (i, j, k) != (0, 0, 0)]


def _near(some: Sequence[Position], others: Sequence[Position]) -> bool:
    """Tell whether all the others lie within the spacing of the middle of some."""
    lat, lon = _middle(some)
    middle = _in_space([(round(lat * E7), round(lon * E7))])
    return bool((np.linalg.norm(_in_space(others) - middle, axis=1) <= LINE_SPACING_M).all())


def _middle(positions: Sequence[Position]) -> tuple[float, float]:
    """Return the position nearest to the mean of all: a mean alone may lie beside a bent road."""
    points = _in_space(positions)
    nearest = int(np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1)))
    lat, lon = positions[nearest]
    return lat / E7, lon / E7


def _in_space(positions: Sequence[Position]) -> npt.NDArray[np.float64]:
    """Return (n, 3) metres from the centre of the earth."""
    lat, lon = np.radians(np.asarray(positions, dtype=np.float64) / E7).T
    return EARTH_RADIUS_M * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
