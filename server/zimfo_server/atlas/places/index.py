"""The places of one map as columns: by position, by name, each record once."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zimfo_server.atlas.places.groups import GROUPS
from zimfo_server.atlas.places.lines import Lines
from zimfo_server.atlas.places.record import TYPES, PlaceRecord
from zimfo_server.atlas.places.store import Stored
from zimfo_shared.sphere import EARTH_RADIUS_M

CELL_DEGREES = 0.02  # of latitude and longitude: 2.2 km at most, so a search of 1 km reads 4 to 9 cells
COLUMNS = round(360 / CELL_DEGREES)  # cells around the earth
ROWS = round(180 / CELL_DEGREES)
_POSITION_BITS = 28  # of a number in a list of hits; the 35 bits above hold half the earth's circumference in mm
ROUNDING = 1e-9  # degrees, 0.1 mm: by which the edge of a circle may fall into the wrong cell

DTYPES: Mapping[str, str] = {
    "lat": "<f8",
    "lon": "<f8",
    "cell": "<u4",
    **dict.fromkeys("xyz", "<f8"),
    "type": "u1",
    "subtype": "<u2",
    "has_wiki": "?",
    "location": "<u4",
    "more_rows": "<u4",
    **{f"{name}_starts": "<u4" for name in ("name", "subtype", "location", "more")},
    **{f"{name}_texts": "u1" for name in ("name", "subtype", "location", "more")},
    **{f"lines_{group}_{name}": "<u4" for group in GROUPS for name in ("starts", "rows")},
    **{f"lines_{group}_texts": "u1" for group in GROUPS},
}
"""Columns of the stored form. `*_starts` are offsets into `*_texts`, of every text and of the end; `more` holds JSON
objects for the records `more_rows`; `lines_*` are the parts of `Lines`; x, y, z are positions on a sphere of radius 1,
which make distances a matter of a few multiplications."""


def cells_of(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return the numbers of the grid cells that hold positions in degrees; they grow eastward, then northward."""
    return (_cell_row(lat) * COLUMNS + _cell_column(lon)).astype(np.uint32)


def on_sphere(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return positions in degrees as "x", "y", "z" on a sphere of radius 1 around the origin, z to the north pole."""
    phi, theta = np.radians(lat), np.radians(lon)
    return {"x": np.cos(phi) * np.cos(theta), "y": np.cos(phi) * np.sin(theta), "z": np.sin(phi)}


class PlaceIndex:
    """The records of a map, sorted by grid cell and then by type: row i of every column is record i.

    The order depends on the records alone, not on the layout they were stored in.
    """

    def __init__(self, stored: Stored) -> None:
        columns = stored.columns
        self.lat: NDArray[np.float64] = columns["lat"]
        """Degrees north."""
        self.lon: NDArray[np.float64] = columns["lon"]
        """Degrees east."""
        self.type_ids: NDArray[np.uint8] = columns["type"]
        """Indexes of `TYPES`; len(TYPES) for any other type."""
        self.subtype_ids: NDArray[np.uint16] = columns["subtype"]
        """Indexes of `subtypes`."""
        self.has_wiki: NDArray[np.bool_] = columns["has_wiki"]
        """Whether a record has a Wikipedia tag."""
        self.damaged_chunks: int = int(stored.facts["damaged_chunks"])
        """Parts of the search data that could not be read; their records may be missing."""
        self.lines = tuple(
            Lines(*(columns[f"lines_{group}_{name}"] for name in ("texts", "starts", "rows"))) for group in GROUPS
        )
        """Folded names by group, an index of `GROUPS`."""
        self._axes: tuple[NDArray[np.float64], ...] = tuple(columns[axis] for axis in "xyz")
        self._cells: NDArray[np.uint32] = columns["cell"]
        self._names = _Texts(columns["name_starts"], columns["name_texts"])
        self._location_ids: NDArray[np.uint32] = columns["location"]
        self._locations = _Texts(columns["location_starts"], columns["location_texts"])
        self._subtypes = _Texts(columns["subtype_starts"], columns["subtype_texts"])
        self._more_rows: NDArray[np.uint32] = columns["more_rows"]
        self._more = _Texts(columns["more_starts"], columns["more_texts"])

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self.lat)

    @cached_property
    def subtypes(self) -> list[str]:
        """The distinct subtypes; there is always one."""
        return [self._subtypes.text(number) for number in range(self._subtypes.count)] or [""]

    @cached_property
    def bbox(self) -> tuple[float, float, float, float] | None:
        """The smallest box around all records: south, west, north, east in degrees; None when there are none."""
        if not self.count:
            return None
        return float(self.lat.min()), float(self.lon.min()), float(self.lat.max()), float(self.lon.max())

    def name(self, row: int) -> str:
        """Return the name of a record."""
        return self._names.text(row)

    def location(self, row: int) -> str:
        """Return the generator's label of where a record is; a hint at best."""
        return self._locations.text(int(self._location_ids[row]))

    def record(self, row: int) -> PlaceRecord:
        """Return a record with all that is known of it."""
        more = self._details(row)
        type_id = int(self.type_ids[row])
        written = more.pop("type", "")
        names = tuple(more.pop("alternative_names", ()))
        return PlaceRecord(
            name=self.name(row),
            type=TYPES[type_id] if type_id < len(TYPES) else written,
            subtype=self.subtypes[int(self.subtype_ids[row])],
            lat=float(self.lat[row]),
            lon=float(self.lon[row]),
            location=self.location(row),
            alternative_names=names,
            **more,
        )

    def within(
        self, lat: float, lon: float, radius_m: float, rows: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the rows within `radius_m` metres of a point in degrees, nearest first, and their distances in metres.

        `rows`, one flag for each record, restricts them. Distances are great circles on a sphere of 6,371,000 m; what
        is equally far to a millimetre is in the order of the index.
        """
        near = self._candidates(lat, lon, radius_m)
        if rows is not None:
            near = near[rows[near]]
        own = on_sphere(np.array(lat), np.array(lon)).values()
        chord = np.zeros(len(near))
        for axis, value in zip(self._axes, own, strict=True):
            chord += (axis[near] - value) ** 2
        # The distance is only worked out for those inside; the margin is for rounding.
        reach = 2 * np.sin(min(radius_m / EARTH_RADIUS_M, np.pi) / 2) + ROUNDING
        inside = np.flatnonzero(chord <= reach**2)
        metres = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(np.sqrt(chord[inside]) / 2, 1.0))
        inside, metres = inside[metres <= radius_m], metres[metres <= radius_m]
        # Whole millimetres and positions in one number: sorted five times faster than by a stable sort of distances.
        keys = np.sort(np.rint(metres * 1000).astype(np.int64) << _POSITION_BITS | np.arange(len(inside)))
        order = keys & ((1 << _POSITION_BITS) - 1)
        return near[inside[order]], metres[order]

    def _candidates(self, lat: float, lon: float, radius_m: float) -> NDArray[np.int64]:
        """Return the rows in the grid cells that a circle touches."""
        angle = radius_m / EARTH_RADIUS_M
        reach = np.degrees(angle) + ROUNDING
        south, north = _cell_row(np.array([max(lat - reach, -90.0), min(lat + reach, 90.0)])).tolist()
        if lat + reach >= 90 or lat - reach <= -90:  # a pole is inside, and with it every longitude
            spans = [(south * COLUMNS, (north + 1) * COLUMNS)]
        else:
            wide = np.degrees(np.arcsin(min(np.sin(angle) / np.cos(np.radians(lat)), 1.0))) + ROUNDING
            columns = self._columns(lon, wide)
            spans = [(row * COLUMNS + a, row * COLUMNS + b + 1) for row in range(south, north + 1) for a, b in columns]
        edges = np.searchsorted(self._cells, np.array(spans, np.uint32))
        return np.concatenate([np.arange(a, b) for a, b in edges.tolist() if a < b] or [np.zeros(0, np.int64)])

    @staticmethod
    def _columns(lon: float, wide: float) -> list[tuple[int, int]]:
        """Return the ranges of grid columns from `lon - wide` to `lon + wide`: two across the antimeridian."""
        if wide >= 180 - CELL_DEGREES:
            return [(0, COLUMNS - 1)]
        west, east = _cell_column(np.array([lon - wide, lon + wide])).tolist()
        return [(west, east)] if west <= east else [(0, east), (west, COLUMNS - 1)]

    def _details(self, row: int) -> dict[str, Any]:
        position = int(np.searchsorted(self._more_rows, np.uint32(row)))
        if position == len(self._more_rows) or int(self._more_rows[position]) != row:
            return {}
        found: dict[str, Any] = json.loads(self._more.text(position))
        return found


class _Texts:
    """Texts by number, in UTF-8 one after another."""

    def __init__(self, starts: NDArray[np.uint32], data: NDArray[np.uint8]) -> None:
        self._starts = starts
        self._data = data

    @property
    def count(self) -> int:
        return max(len(self._starts) - 1, 0)

    def text(self, number: int) -> str:
        start, end = self._starts[number : number + 2].tolist()
        return self._data[start:end].tobytes().decode("utf-8", "replace")


def _cell_row(lat: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.clip(np.floor((lat + 90) / CELL_DEGREES).astype(np.int64), 0, ROWS - 1)


def _cell_column(lon: NDArray[np.float64]) -> NDArray[np.int64]:
    # 180 degrees east is 180 degrees west.
    return np.clip(np.floor((lon + 180) % 360 / CELL_DEGREES).astype(np.int64), 0, COLUMNS - 1)
