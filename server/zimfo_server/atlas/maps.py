"""The map archives of a library: what region each shows, and its places, prepared for searching on first use."""

import json
import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from zimfo_server.atlas.places.build import IndexBuilder
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.errors import ArchiveSetAsideError, MapBeingPreparedError, MapUnreadableError
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.library import Library
from zimfo_shared.sphere import EARTH_RADIUS_M

BUILD_BUDGET_S = 8.0  # of one call spent on preparing maps: the rest of its 15 s is for its own work and slow disks
MAX_METADATA_BYTES = 2**20  # real files stay under 2 kB
MAX_REGION_NAME = 200  # characters

BBox = tuple[float, float, float, float]
"""South, west, north, east in degrees; west > east across the antimeridian."""

_TITLE_PREFIX = re.compile(r"^OSM\s*[-–]\s*", re.IGNORECASE)
_SPACE = re.compile(r"[\x00-\x20\x7f-\xa0]+")
_SIDES = (
    ("minLon", "min_lon", "west"),
    ("minLat", "min_lat", "south"),
    ("maxLon", "max_lon", "east"),
    ("maxLat", "max_lat", "north"),
)
_NIL_UUID = re.compile(r"^[0-]*$")


@dataclass(frozen=True)
class MapInfo:
    """What a map's metadata say of its region; centre in degrees. Members are None where they say nothing usable."""

    name: str
    centre: tuple[float, float] | None
    bbox: BBox | None


class MapArchive:
    """One map archive."""

    def __init__(self, archive: OpenArchive, atlas: "Atlas") -> None:
        self.archive = archive
        self._atlas = atlas
        self._metadata = read_info(archive)
        self._builder: IndexBuilder | None = None
        self._index: PlaceIndex | None = None
        self._failure: MapUnreadableError | None = None

    @property
    def name(self) -> str:
        """The archive's name, as the model knows it."""
        return self.archive.name

    @property
    def has_graph(self) -> bool:
        """Whether the map has roads to route on."""
        return self.archive.record.has_graph

    @property
    def info(self) -> MapInfo:
        """The region: as the metadata have it, completed from the places once these are prepared."""
        return self._completed if self._index is not None else self._metadata

    @property
    def note(self) -> str | None:
        """What a reader of results should know: that part of the places could not be read."""
        damaged = self._index.damaged_chunks if self._index else 0
        return f"{damaged} parts of the places of map '{self.name}' are damaged and left out." if damaged else None

    @property
    def is_ready(self) -> bool:
        """Whether the places are there without further work."""
        return self._index is not None

    @property
    def is_unfinished(self) -> bool:
        """Whether preparing has begun and not ended."""
        return self._builder is not None

    @property
    def places(self) -> PlaceIndex:
        """The places of the map.

        Raises `MapBeingPreparedError` when preparing them takes longer than a call has, `MapUnreadableError` when they
        are stored in an unknown way, and `ArchiveSetAsideError` when the archive is damaged.
        """
        if self._index is None:
            self.prepare(self._atlas.build_until())
        if self._index is None:
            raise MapBeingPreparedError(self.name, self._builder.done if self._builder else 0.0)
        return self._index

    def covers(self, lat: float, lon: float, margin_m: float) -> bool:
        """Return whether a point in degrees is in the region or within some `margin_m` metres around it.

        A region whose bounds nothing tells covers every point. Raises as `places` does where bounds come from these.
        """
        box = self._metadata.bbox
        if box is None:
            try:
                box = self.places.bbox
            except MapUnreadableError:
                box = None
        return box is None or _is_inside(box, lat, lon, margin_m)

    def prepare(self, until: float) -> None:
        """Go on with preparing the places until done or the monotonic clock shows `until`; at least one step."""
        if self._failure:
            raise self._failure
        builder = self._builder = self._builder or IndexBuilder(self.archive, _cache_key(self.archive))
        try:
            while builder.index is None:
                builder.step()
                if time.monotonic() >= until:
                    break
        except MapUnreadableError as error:
            self._failure = error
            self._builder = None
            raise
        except ArchiveSetAsideError:
            self._builder = None
            raise
        if builder.index is not None:
            self._index, self._builder = builder.index, None

    @cached_property
    def _completed(self) -> MapInfo:
        found = self._metadata
        box = found.bbox or (self._index.bbox if self._index else None)
        return MapInfo(found.name, found.centre or (_middle(box) if box else None), box)


class Atlas:
    """The maps of a library. What has been read of them stays with this object."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._maps: dict[str, MapArchive] = {}
        self._build_until: float | None = None

    def maps(self, zim: str | None = None) -> list[MapArchive]:
        """Return the maps in load order, or just the one called `zim`; none if that is no map.

        Raises `ArchiveSetAsideError` when the named archive cannot be used; in a list, such archives are left out.
        """
        if zim is not None:
            record = self.library.records.get(zim)
            if record is None or record.kind != "streetzim":
                return []
            return [self._map(self.library.archives(zim)[0])]
        opened = self.library.archives(kind="streetzim")
        names = {archive.name for archive in opened}
        self._maps = {name: known for name, known in self._maps.items() if name in names}
        found: list[MapArchive] = []
        for archive in opened:
            try:
                found.append(self._map(archive))
            except ArchiveSetAsideError:
                continue
        return found

    def work_idle(self, seconds: float) -> bool:
        """Go on with preparing maps that calls have asked for, for about that long; return whether there is more."""
        until = time.monotonic() + seconds
        for archive in [archive for archive in self._maps.values() if archive.is_unfinished]:
            try:
                archive.prepare(until)
            except (MapUnreadableError, ArchiveSetAsideError):
                continue  # whoever asks for this map is told
            if time.monotonic() >= until:
                break
        return any(archive.is_unfinished for archive in self._maps.values())

    def begin_call(self) -> None:
        """Start the clock of one call's preparing of maps; without it, each map has the whole budget."""
        self._build_until = time.monotonic() + BUILD_BUDGET_S

    def build_until(self) -> float:
        """Return until when, by the monotonic clock, the present call may prepare maps."""
        return self._build_until or time.monotonic() + BUILD_BUDGET_S

    def _map(self, archive: OpenArchive) -> MapArchive:
        known = self._maps.get(archive.name)
        if known is None or known.archive is not archive:
            known = self._maps[archive.name] = MapArchive(archive, self)
        return known


def read_info(archive: OpenArchive) -> MapInfo:
    """Return what `streetzim-meta.json`, `map-config.json` and the title say; senseless values count as absent.

    Formats: streetzim-format.md §1.5, §1.6.
    """
    meta, config = _object(archive, "streetzim-meta.json"), _object(archive, "map-config.json")
    title = _TITLE_PREFIX.sub("", archive.record.title)
    name = _name(meta.get("name")) or _name(config.get("name")) or _name(title) or archive.name
    boxes = [values.get(key) for values in (meta, config) for key in ("bbox", "bounds")]
    box = next((sound for value in boxes if (sound := _box(value))), None)
    centre = next((point for values in (config, meta) if (point := _position(values.get("center")))), None)
    return MapInfo(name, centre or (_middle(box) if box else None), box)


def _object(archive: OpenArchive, path: str) -> dict[str, Any]:
    data = archive.data(path)
    if data is None or len(data) > MAX_METADATA_BYTES:
        return {}
    try:
        values = json.loads(bytes(data))
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _name(value: object) -> str:
    return _SPACE.sub(" ", value[:MAX_REGION_NAME]).strip() if isinstance(value, str) else ""


def _box(value: object) -> BBox | None:
    """Return a box written as [west, south, east, north] or as an object of its sides."""
    if isinstance(value, dict):
        sides = [_side(value, *names) for names in _SIDES]
    else:
        sides = list(value) if isinstance(value, list) and len(value) == 4 else []
    west, south, east, north = [_number(side) for side in sides] or [None] * 4
    if west is None or south is None or east is None or north is None:
        return None
    sound = -90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180
    return (south, west, north, east) if sound and (south, west) != (north, east) else None


def _side(values: dict[str, Any], *names: str) -> object:
    return next((values[name] for name in names if name in values), None)


def _position(value: object) -> tuple[float, float] | None:
    """Return latitude and longitude written as [lon, lat] or as an object; (0, 0) stands for none."""
    if isinstance(value, dict):
        lon, lat = _number(_side(value, "lon", "lng")), _number(value.get("lat"))
    elif isinstance(value, list) and len(value) == 2:
        lon, lat = _number(value[0]), _number(value[1])
    else:
        return None
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):
        return None
    return lat, lon


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _middle(box: Sequence[float]) -> tuple[float, float]:
    south, west, north, east = box
    wide = (east - west) % 360
    return (south + north) / 2, (west + wide / 2 + 180) % 360 - 180


def _is_inside(box: BBox, lat: float, lon: float, margin_m: float) -> bool:
    south, west, north, east = box
    margin = math.degrees(margin_m / EARTH_RADIUS_M)
    if not south - margin <= lat <= north + margin:
        return False
    # A metre is more degrees of longitude further north; at the poles it is all of them.
    wide = margin / max(math.cos(math.radians(lat)), 1e-6)
    span = 360.0 if (west, east) == (-180, 180) else (east - west) % 360
    return (lon - west + wide) % 360 <= span + 2 * wide or span + 2 * wide >= 360


def _cache_key(archive: OpenArchive) -> str:
    """Return what tells an archive's content from others; empty for archives without an identity."""
    uuid = archive.record.uuid
    return "" if _NIL_UUID.match(uuid) else f"{uuid}-{archive.record.size}"
