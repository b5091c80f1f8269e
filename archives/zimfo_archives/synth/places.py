"""Places of any number: towns, sights, shops, streets and addresses, which lie along the road network of the same size.

Kinds and names occur as often as they do on maps: a few very often, most of them hardly ever.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np

from zimfo_archives.map.records import RANK, Record, address_record, place_record
from zimfo_archives.map.roads import road_of
from zimfo_archives.synth.chance import Floats, Ints, allotted, draws, ranks
from zimfo_archives.synth.lattice import HIGHWAYS, Lattice, lattice, street_names
from zimfo_archives.synth.names import LANGUAGES, SCRIPTS, word
from zimfo_archives.synth.region import Region, degrees, region_of
from zimfo_archives.synth.shops import poi_tags

# Shares of all records; places come first, and addresses are what is left.
_SHARES = {"airport": 0.0002, "peak": 0.002, "park": 0.01, "water": 0.004, "poi": 0.3, "building": 0.03, "area": 0.01}
_STREETS = 0.15  # at most: larger shares have no streets left
_NO_ITEM = 2_000_000_000  # Wikidata has no items of such numbers
_SUBURB_EVERY = 800  # crossings of a town
_RIVER_STRETCH_M = 20_000.0
_POI_ASIDE_M = 25.0
_HOUSE_M = 12.0  # between two houses on one side
_ACROSS_M = 10.0  # from the middle of the street

# What is named and no shop, by type: tags of OpenStreetMap, and how the name goes on after an invented word.
_SCENES: dict[str, tuple[tuple[str, str], ...]] = {
    "airport": (("aeroway=aerodrome", "Airport"), ("aeroway=aerodrome", "Airfield")),
    "peak": (("natural=peak", "Peak"), ("natural=hill", "Hill"), ("natural=volcano", "Volcano")),
    "park": (("leisure=park", "Park"), ("leisure=garden", "Garden"), ("leisure=nature_reserve", "Nature Reserve")),
    "water": (("natural=water", "Lake"), ("natural=spring", "Spring"), ("waterway=waterfall", "Falls")),
    "building": (("building=apartments", "House"), ("building=office", "Tower"), ("building=industrial", "Works")),
    "area": (("landuse=residential", "Estate"), ("landuse=industrial", "Works"), ("natural=wood", "Wood")),
}
_OUTSIDE = frozenset({"airport", "peak", "water"})  # of towns


def place_records(size: int, seed: int) -> Iterator[Record]:
    """Yield `size` records one by one, in the order of TYPE_ORDER; those of one type come town by town.

    Towns and streets are those of `road_network` of the same size and seed. Raises OptionError, before the first
    record, for sizes and seeds that are out of bounds.
    """
    places = _Places(region_of(size, seed), size)
    return islice(places.records(), size)


@dataclass(slots=True)
class _Places:
    region: Region
    size: int

    def records(self) -> Iterator[Record]:
        """Yield records without end, or at least as many as are wanted."""
        count = 0
        makers: list[Callable[[], Iterator[Record]]] = [
            self._settlements,
            *(lambda type_=type_: self._scenes(type_) for type_ in ("airport", "peak", "park")),
            self._rivers,
            lambda: self._scenes("water"),
            self._pois,
            self._streets,
            *(lambda type_=type_: self._scenes(type_) for type_ in ("building", "area")),
        ]
        for maker in makers:
            for record in maker():
                count += 1
                yield record
        yield from self._addresses(self.size - count)

    def _settlements(self) -> Iterator[Record]:
        region = self.region
        lats, lons = _placed(region.x, region.y)
        for town in range(len(region.points)):
            name, population = region.name(town), region.population(town)
            tags = {"place": region.kind(town), "name": name, "population": str(population)}
            script = region.script(town)
            spelled = {LANGUAGES[s]: region.name(town, s) for s in SCRIPTS if s != script}
            # Large towns have names in all languages, small ones in that of the land.
            for language in spelled if population >= 20_000 else ("en", "ru"):
                if language in spelled:
                    tags[f"name:{language}"] = spelled[language]
            if population >= 500:
                tags |= {"wikipedia": f"en:{region.name(town, 'Latn')}", "wikidata": f"Q{_NO_ITEM + town}"}
            yield _record(tags, lats[town], lons[town], "")
        for town in range(len(region.points)):
            yield from self._suburbs(town)

    def _suburbs(self, town: int) -> Iterator[Record]:
        region = self.region
        count = int(region.points[town]) // _SUBURB_EVERY
        if not count:
            return
        number = np.arange(count)
        crossings = self._crossings(town, draws(region.seed, "suburb", town, number))
        for n, lat, lon in zip(number.tolist(), *crossings, strict=True):
            name = word(20_000 + town * 31 + n, region.script(town))
            kind = "suburb" if n % 3 else "neighbourhood"
            yield _record({"place": kind, "name": name}, lat, lon, region.name(town))

    def _rivers(self) -> Iterator[Record]:
        region = self.region
        for river in region.rivers:
            # As on maps, one for each stretch.
            stretches = 1 + int(region.side / _RIVER_STRETCH_M)
            y = ((np.arange(stretches) + 0.5) / stretches - 0.5) * region.side
            for lat, lon in zip(*_placed(river.x(y), y), strict=True):
                yield Record(f"{river.name} River", "water", "river", lat, lon)

    def _scenes(self, type_: str) -> Iterator[Record]:
        """Yield what has a name of its own and is no shop."""
        region, scenes = self.region, _SCENES[type_]
        number = 0
        for town, count in self._towns(round(self.size * _SHARES[type_])):
            key = (region.seed, type_, town, np.arange(count))
            if type_ in _OUTSIDE:
                angle, off = draws(*key, "angle") * 2 * np.pi, region.radius[town] + 2_500 * draws(*key, "off")
                lats, lons = _placed(region.x[town] + off * np.cos(angle), region.y[town] + off * np.sin(angle))
            else:
                lats, lons = self._crossings(town, draws(*key, "place"), _POI_ASIDE_M)
            sorts, words = ranks(len(scenes), *key, "sort"), ranks(60_000, *key, "word")
            famous = draws(*key, "famous") < 0.05
            for sort, named, known, lat, lon in zip(sorts, words, famous, lats, lons, strict=True):
                tag, suffix = scenes[sort]
                name = f"{word(30_000 + int(named))} {suffix}"
                tags = dict([tag.split("=")], name=name)
                if known:
                    tags |= {"wikipedia": f"en:{name}", "wikidata": f"Q{_NO_ITEM + RANK[type_] * self.size + number}"}
                number += 1
                yield _record(tags, lat, lon, region.name(town))

    def _pois(self) -> Iterator[Record]:
        region = self.region
        for town, count in self._towns(round(self.size * _SHARES["poi"])):
            number = np.arange(count)
            # Most are near the middle of their town.
            share = draws(region.seed, "poi", town, number) ** 2
            places = self._crossings(town, share, _POI_ASIDE_M)
            label = region.name(town)
            for tags, lat, lon in zip(poi_tags(region, town, count), *places, strict=True):
                yield _record(tags, lat, lon, label)

    def _streets(self) -> Iterator[Record]:
        region = self.region
        for town, most in self._towns(round(self.size * _STREETS)):
            streets = lattice(region, town, town + 1)
            first, names = street_names(region, town)
            used = np.flatnonzero(streets.kept)
            numbers, begins, counts = np.unique(streets.street[used], return_index=True, return_counts=True)
            # The blocks of a street follow each other: one in the middle stands for all.
            named = [n for n, street in enumerate((numbers - first).tolist()) if names[street]][:most]
            blocks = used[begins + counts // 2][named]
            ends = streets.tail[blocks], streets.head[blocks]
            x, y = ((at[ends[0]] + at[ends[1]]) / 2 for at in (streets.x, streets.y))
            label = region.name(town)
            for n, level, lat, lon in zip(named, streets.level[blocks].tolist(), *_placed(x, y), strict=True):
                yield Record(names[numbers[n] - first], "street", _drawn(HIGHWAYS[level]), lat, lon, label)

    def _addresses(self, total: int) -> Iterator[Record]:
        region = self.region
        for town, count in self._towns(total):
            streets = lattice(region, town, town + 1)
            first, names = street_names(region, town)
            used = np.flatnonzero(streets.kept)
            used = used[[bool(names[street]) for street in (streets.street[used] - first).tolist()]]
            if not len(used):  # a hamlet whose street has no name: its houses have the name of the place
                yield from self._houses(town, count)
                continue
            yield from self._numbered(
                streets, used, {n: names[n - first] for n in streets.street[used].tolist()}, count
            )

    def _numbered(self, streets: Lattice, used: Ints, names: Mapping[int, str], count: int) -> Iterator[Record]:
        """Yield addresses along the used blocks, spread evenly, with numbers that rise along each street."""
        tail, head, street = streets.tail[used], streets.head[used], streets.street[used]
        dx, dy = streets.x[head] - streets.x[tail], streets.y[head] - streets.y[tail]
        length = np.hypot(dx, dy)
        ends = np.cumsum(length)
        begins = ends - length
        # Where the street of each block begins.
        firsts = np.flatnonzero(np.append(True, street[1:] != street[:-1]))
        origin = np.repeat(begins[firsts], np.diff(np.append(firsts, len(used))))
        # So many houses in a street that there is no room for as many have their numbers closer together.
        gap = min(_HOUSE_M, float(ends[-1]) / count)
        place = (np.arange(count) + 0.5) / count * ends[-1]
        block = np.searchsorted(ends, place, side="right")
        off, side = place - begins[block], np.arange(count) % 2
        share, across = off / length[block], (1 - 2 * side) * _ACROSS_M / length[block]
        x = streets.x[tail[block]] + share * dx[block] - across * dy[block]
        y = streets.y[tail[block]] + share * dy[block] + across * dx[block]
        number = 2 * ((place - origin[block]) / gap).astype(np.int64) + 1 + side
        town = int(streets.town[0])
        city = self.region.name(town)
        for n, name, lat, lon in zip(number.tolist(), street[block].tolist(), *_placed(x, y), strict=True):
            yield _address(n, names[name], city, lat, lon)

    def _houses(self, town: int, count: int) -> Iterator[Record]:
        places = self._crossings(town, draws(self.region.seed, "house", town, np.arange(count)), _POI_ASIDE_M)
        name = self.region.name(town)
        for number, (lat, lon) in enumerate(zip(*places, strict=True), start=1):
            record = _address(number, name, "", lat, lon)
            record.label = name
            yield record

    def _towns(self, total: int) -> Iterator[tuple[int, int]]:
        """Yield each town with how many of all things it has, those that have any."""
        counts = allotted(total, self.region.points.astype(np.float64))
        for town in np.flatnonzero(counts).tolist():
            yield town, int(counts[town])

    def _crossings(self, town: int, share: Floats, aside: float = 0.0) -> tuple[list[float], list[float]]:
        """Return latitudes and longitudes of crossings of a town, or of points that are some metres aside.

        Shares go from 0, in the middle of the town, to 1, at its rim.
        """
        region = self.region
        streets = lattice(region, town, town + 1)
        far = np.hypot(streets.x - region.x[town], streets.y - region.y[town])
        chosen = np.argsort(far, kind="stable")[(share * len(far)).astype(np.int64)]
        number = np.arange(len(chosen))
        angle = draws(region.seed, "aside", town, number) * 2 * np.pi
        return _placed(streets.x[chosen] + aside * np.cos(angle), streets.y[chosen] + aside * np.sin(angle))


@cache
def _drawn(highway: str) -> str:
    road = road_of({"highway": highway})
    assert road is not None
    return road.drawn


def _record(tags: Mapping[str, str], lat: float, lon: float, label: str) -> Record:
    record = place_record(tags)
    assert isinstance(record, Record)
    record.lat, record.lon, record.label = lat, lon, label
    return record


def _address(number: int, street: str, city: str, lat: float, lon: float) -> Record:
    told = {"addr:housenumber": str(number), "addr:street": street}
    record = address_record(told | ({"addr:city": city} if city else {}))
    assert record is not None
    record.lat, record.lon = lat, lon
    return record


def _placed(x: Floats, y: Floats) -> tuple[list[float], list[float]]:
    lat, lon = degrees(x, y)
    return lat.tolist(), lon.tolist()
