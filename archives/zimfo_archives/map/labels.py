"""What a place belongs to: the administration that contains it, else the settlement near by.

The original names the nearest place of any rank (streetzim-format.md §5.1): a suburb, a hamlet, a country's middle.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import shapely

from zimfo_archives.map.extract import Boundary
from zimfo_archives.map.graph import EARTH_RADIUS_M
from zimfo_archives.map.records import Record
from zimfo_archives.map.tags import SETTLEMENTS

# People take a place to be part of a town near by; the name of one farther away would mislead.
LABEL_REACH_M = 30_000.0
# That of a village of 1,000 is 8 km, and grows as the village does: with the root of its population, as its area does.
_REACH_M_PER_ROOT = 250.0
# What a settlement without a number of inhabitants is taken for, by the orders of magnitude of its class.
_POPULATION = {"city": 100_000, "town": 10_000, "village": 1_000, "hamlet": 100}

# The levels of administration that people give as "in …", the best first; and that of states, which tells towns of one
# name apart. In most countries, towns have level 8.
_MUNICIPAL_LEVELS = (8, 7, 6, 9, 5)
_STATE_LEVEL = 4

Floats = npt.NDArray[np.float64]


def set_labels(records: Sequence[Record], boundaries: Sequence[Boundary]) -> None:
    """Give every record its label; one that has a label already, from its own tags, keeps it."""
    lat, lon = np.array([r.lat for r in records]), np.array([r.lon for r in records])
    municipalities = _containing(boundaries, lat, lon)
    settlements = _Settlements(records)
    for row, record in enumerate(records):
        if not record.label:
            record.label = municipalities.get(row, "") or settlements.label(record)
        if record.type == "place" and record.label.partition(",")[0] == record.name:
            # "Vaduz, in Vaduz" says nothing.
            record.label = record.label.partition(",")[2].strip()


def _containing(boundaries: Sequence[Boundary], lat: Floats, lon: Floats) -> dict[int, str]:
    """Return the municipality of each position within one, with the state where it is known: "Milano, Lombardia"."""
    towns: dict[int, str] = {}
    states: dict[int, str] = {}
    tree = shapely.STRtree(shapely.points(lon, lat))
    for level in (*_MUNICIPAL_LEVELS, _STATE_LEVEL):
        names = states if level == _STATE_LEVEL else towns
        # Where two of a level overlap, which no law intends, the smaller one says more.
        for boundary in sorted((b for b in boundaries if b.level == level), key=lambda b: b.area.area):
            shapely.prepare(boundary.area)
            for row in tree.query(boundary.area, predicate="intersects").tolist():
                names.setdefault(row, boundary.record.name)
    return {row: f"{town}, {states[row]}" if states.get(row, town) != town else town for row, town in towns.items()}


class _Settlements:
    """Tells the settlement of a position: near ones before far ones, and large ones from farther away."""

    def __init__(self, records: Iterable[Record]) -> None:
        found = [r for r in records if r.type == "place" and r.subtype in SETTLEMENTS]
        found.sort(key=lambda r: (r.lat, r.lon, r.name))
        self._names = [r.name for r in found]
        self._lat = np.array([r.lat for r in found])
        self._lon = np.array([r.lon for r in found])
        self._population = np.array([r.population or _POPULATION[r.subtype] for r in found], dtype=np.float64)

    def label(self, record: Record) -> str:
        """Return the name of the settlement, "" if none is near; of a settlement, only a larger one counts."""
        window = np.degrees(LABEL_REACH_M / EARTH_RADIUS_M)
        low, high = np.searchsorted(self._lat, [record.lat - window, record.lat + window])
        if low == high:
            return ""
        # On a plane, which at this distance is good enough to compare; the difference wraps at the antimeridian.
        north = np.radians(self._lat[low:high] - record.lat)
        east = np.radians((self._lon[low:high] - record.lon + 180) % 360 - 180) * np.cos(np.radians(record.lat))
        metres = np.hypot(north, east) * EARTH_RADIUS_M
        population = self._population[low:high]
        near = metres <= np.minimum(LABEL_REACH_M, _REACH_M_PER_ROOT * np.sqrt(population))
        if record.type == "place" and record.subtype in SETTLEMENTS:
            near &= population > (record.population or _POPULATION[record.subtype])
        best = int(np.argmin(np.where(near, metres / np.sqrt(population), np.inf)))
        return self._names[low + best] if near[best] else ""
