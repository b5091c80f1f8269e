"""Where a point is, in a person's words: neighbourhood, settlement, region, or how far from the nearest named thing.

Maps hold places as points without borders, so a point belongs to the place whose usual reach, by rank, it is deepest
in: 9 km from the centre of a city is the city, unless a village is next to it.
"""

from dataclasses import dataclass

import numpy as np
from rapidfuzz.fuzz import ratio

from zimfo_server.atlas.geo import bearing, wind
from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.atlas.places.record import TYPES, PlaceRecord

# Metres from the centre within which a point is said to be in a settlement; farther out the distance is said.
SETTLEMENT_REACH_M = {
    "city": 8_000.0,
    "town": 4_000.0,
    "village": 2_000.0,
    "hamlet": 1_000.0,
    "isolated_dwelling": 400.0,
    "farm": 400.0,
}
OUTER_TIMES = 2.0  # as far a settlement may be from its quarters: large cities have them where no centre is near
QUARTER_REACH_M = {
    "borough": 4_000.0,
    "suburb": 2_500.0,
    "district": 2_500.0,
    "quarter": 1_500.0,
    "neighbourhood": 1_000.0,
    "neighborhood": 1_000.0,
    "locality": 500.0,
    "square": 150.0,
}
ISLAND_REACH_M = 8_000.0  # an island is named where its label is nearer than any settlement
NEAREST_WITHIN_M = 100_000.0  # past that "about 150 km north of X" says nothing about a point
FEATURE_WITHIN_M = 1_000.0  # a peak or a lake names a point only from close by
ADDRESS_WITHIN_M = 50.0
STANDING_WITHIN_M = 25.0  # accuracy of a phone's position
SAME_NAME = 75  # of 100: "Milano" and the map "Milan" are one name
MAX_FEATURES_READ = 200  # of records around the point, nearest first

_PLACE = TYPES.index("place")
_ADDRESS = TYPES.index("addr")
_FEATURES = tuple(TYPES.index(name) for name in ("airport", "peak", "park", "water", "poi"))
_STOPS = frozenset(("bus", "railway", "entrance", "barrier"))


@dataclass(frozen=True)
class Named:
    """A record and its distance from the point in metres."""

    record: PlaceRecord
    metres: float


@dataclass(frozen=True)
class Here:
    """What a point is called. `words` is what one says; `place` the record that the words begin with."""

    words: str
    place: Named
    neighbourhood: PlaceRecord | None
    settlement: PlaceRecord | None
    region: str
    address: Named | None
    standing_at: Named | None

    @property
    def larger(self) -> str:
        """The next larger unit around `place`, empty when none is known."""
        names = [self.settlement.name if self.settlement else "", self.region]
        return next((name for name in names if name and not _same(name, self.place.record.name)), "")

    @property
    def records(self) -> list[PlaceRecord]:
        """The records that describe the point, the smallest first."""
        found = [self.neighbourhood, self.settlement]
        return [record for record in found if record] or [self.place.record]


def what_is_at(archive: MapArchive, lat: float, lon: float) -> Here | None:
    """Return what a point in degrees is called on a map; None when nothing with a name is within reach."""
    index = archive.places
    places = _places(index, lat, lon)
    quarter = _deepest(places, QUARTER_REACH_M)
    settlement = _deepest(places, SETTLEMENT_REACH_M, OUTER_TIMES if quarter else 1.0)
    if quarter and settlement and _same(quarter.record.name, settlement.record.name):
        quarter = None
    island = next((named for named in places if named.record.subtype == "island"), None)
    nearest_settlement = min((n.metres for n in places if n.record.subtype in SETTLEMENT_REACH_M), default=np.inf)
    region = archive.info.name
    if island and island.metres < min(ISLAND_REACH_M, nearest_settlement):
        region = island.record.name
    close = _close(index, lat, lon)
    place = quarter or settlement or _nearest(places, close)
    if place is None:
        return None
    return Here(
        words=_words(place, quarter, settlement, region, (lat, lon), places),
        place=place,
        neighbourhood=quarter.record if quarter else None,
        settlement=settlement.record if settlement else None,
        region=region,
        address=next((n for n in close if n.record.type == "addr" and n.metres <= ADDRESS_WITHIN_M), None),
        standing_at=next((n for n in close if _is_landmark(n.record) and n.metres <= STANDING_WITHIN_M), None),
    )


def distance_in_words(metres: float) -> str:
    """Return a distance as one says it: "about 300 m", "about 3 km", "less than 50 m"."""
    if metres < 50:
        return "less than 50 m"
    if metres < 950:
        return f"about {round(metres / 50) * 50} m"
    kilometres = metres / 1000
    return f"about {kilometres:.1f} km".replace(".0 ", " ") if kilometres < 5 else f"about {round(kilometres)} km"


def _places(index: PlaceIndex, lat: float, lon: float) -> list[Named]:
    """Return the records of type place around a point, nearest first: one for each rank at the least distance."""
    wanted = np.asarray(index.type_ids) == _PLACE
    rows, metres = index.within(lat, lon, NEAREST_WITHIN_M, wanted)
    reach = {**SETTLEMENT_REACH_M, **QUARTER_REACH_M, "island": ISLAND_REACH_M}
    first: dict[int, Named] = {}
    for row, distance in zip(rows.tolist(), metres.tolist(), strict=True):
        subtype = int(index.subtype_ids[row])
        if subtype not in first and index.subtypes[subtype] in reach:
            first[subtype] = Named(index.record(row), distance)
    return list(first.values())


def _deepest(places: list[Named], reach: dict[str, float], times: float = 1.0) -> Named | None:
    """Return the place that the point is deepest in, by some `times` its rank's reach; None when outside of all."""
    inside = [named for named in places if named.metres <= times * reach.get(named.record.subtype, -1.0)]
    return min(inside, key=lambda named: named.metres / reach[named.record.subtype], default=None)


def _close(index: PlaceIndex, lat: float, lon: float) -> list[Named]:
    """Return addresses and features right around a point, nearest first."""
    rows, metres = index.within(lat, lon, FEATURE_WITHIN_M)
    wanted = np.isin(index.type_ids[rows], (*_FEATURES, _ADDRESS))
    kept = zip(rows[wanted][:MAX_FEATURES_READ].tolist(), metres[wanted].tolist(), strict=False)
    return [Named(index.record(row), distance) for row, distance in kept]


def _is_landmark(record: PlaceRecord) -> bool:
    return record.type != "addr" and record.subtype not in _STOPS


def _nearest(places: list[Named], close: list[Named]) -> Named | None:
    """Return what a point outside of every settlement is near to: something right beside it, else a settlement."""
    settlements = [named for named in places if named.record.subtype in SETTLEMENT_REACH_M]
    found = [*(settlements or places)[:1], *[named for named in close if _is_landmark(named.record)][:1]]
    return min(found, key=lambda named: named.metres, default=None)


def _words(
    place: Named,
    quarter: Named | None,
    settlement: Named | None,
    region: str,
    point: tuple[float, float],
    places: list[Named],
) -> str:
    """Return what to call the point: "Mission District, San Francisco", "about 3 km north of Encamp, Andorra"."""
    named = [quarter.record.name if quarter else settlement.record.name if settlement else _away(place, point)]
    if quarter and settlement:
        named.append(settlement.record.name)
    elif not settlement:
        towns = [one for one in places if one.record.subtype in SETTLEMENT_REACH_M and one is not place]
        if towns and place.record.subtype not in SETTLEMENT_REACH_M:
            named.append(_away(towns[0], point))
    if len(named) < 2 and region and not any(_same(region, name) for name in named):
        named.append(region)
    return ", ".join(named)


def _away(named: Named, point: tuple[float, float]) -> str:
    """Return "about 3 km north of X" for the point, seen from the place."""
    record = named.record
    if named.metres < 50:
        return record.name
    direction = wind(bearing(record.lat, record.lon, *point))
    return f"{distance_in_words(named.metres)} {direction} of {record.name}"


def _same(one: str, other: str) -> bool:
    """Return whether two names are of one thing: "Milan" and "Milano", "Helsinki Centre" and "Helsinki"."""
    first, second = fold(one), fold(other)
    return first in second or second in first or ratio(first, second) >= SAME_NAME
