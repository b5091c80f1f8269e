"""Reads OpenStreetMap data: roads as arrays of positions, everything else that has a name or an address as objects.

osmium does the reading and knows a format by the file's name: .osm, .osm.gz, .osm.bz2, .osm.pbf. Its positions are
integers of 1e-7 degrees, which is what the road graph stores, so that nothing is rounded on the way.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium
import osmium.filter

from zimfo_archives.errors import ExtractError
from zimfo_archives.map.roads import Road, road_of

E7 = 10_000_000  # units of a stored coordinate in a degree

# OpenStreetMap allows values of 255 characters; what is longer was not made by its editors.
MAX_TEXT = 255
# Everything is held in memory: a road point costs about 200 bytes while the graph is built, an object about 1,000 until
# the records are written. These are 4 and 3 GB, and a country such as Switzerland.
MAX_ROAD_POINTS = 20_000_000
MAX_OBJECTS = 3_000_000

# What osmium raises for damaged data; only one of the exceptions is its own.
_READER_ERRORS = (RuntimeError, IndexError, osmium.InvalidLocationError)

Position = tuple[int, int]  # latitude and longitude in E7


@dataclass(frozen=True, slots=True)
class MapObject:
    """Something with tags at a position in degrees; of an area, a point amid its corners."""

    tags: Mapping[str, str]
    lat: float
    lon: float


@dataclass(slots=True)
class Lines:
    """Ways as one long run of points: way i has the points `starts[i]` to `starts[i + 1] - 1`."""

    nodes: "array[int]" = field(default_factory=lambda: array("q"))  # ids of OpenStreetMap
    lat: "array[int]" = field(default_factory=lambda: array("i"))  # E7
    lon: "array[int]" = field(default_factory=lambda: array("i"))
    starts: "array[int]" = field(default_factory=lambda: array("q", [0]))

    def add(self, points: Iterable[tuple[int, Position]]) -> None:
        """Append a way of (id, position) pairs."""
        for node, (lat, lon) in points:
            self.nodes.append(node)
            self.lat.append(lat)
            self.lon.append(lon)
        self.starts.append(len(self.nodes))

    def positions(self, way: int) -> Iterator[Position]:
        """Yield the positions of a way."""
        for point in range(self.starts[way], self.starts[way + 1]):
            yield self.lat[point], self.lon[point]


@dataclass(slots=True)
class Extract:
    """What an OpenStreetMap file holds."""

    bounds: tuple[float, float, float, float] | None  # min lon, min lat, max lon, max lat in degrees; None: not told
    lines: Lines = field(default_factory=Lines)
    roads: list[Road] = field(default_factory=list)  # one for each line
    rivers: list[tuple[Mapping[str, str], list[Position]]] = field(default_factory=list)
    objects: list[MapObject] = field(default_factory=list)
    missing_nodes: int = 0  # road points that the file names and does not hold


def read_extract(source: Path) -> Extract:
    """Read a file of OpenStreetMap data; raises ExtractError unless it can be read to its end."""
    try:
        if source.stat().st_size == 0:
            raise ExtractError(f"{source} is empty; download or export it again")
        processor = (
            osmium.FileProcessor(source)
            .with_areas(osmium.filter.KeyFilter("name"))
            .with_filter(osmium.filter.KeyFilter("highway", "name", "addr:housenumber"))
        )
        box = processor.header.box()
        extract = Extract(bounds=_bounds(box) if box.valid() else None)
        for item in processor:
            _take(item, extract)
            if len(extract.lines.nodes) > MAX_ROAD_POINTS or len(extract.objects) > MAX_OBJECTS:
                raise ExtractError(
                    f"{source} is larger than this builder can handle; cut out a smaller region, with osmium extract"
                )
    except OSError as error:
        raise ExtractError(f"{source} cannot be read: {error.strerror or error}") from error
    except (*_READER_ERRORS, ValueError) as error:  # ValueError: text that is not UTF-8, among others
        raise ExtractError(f"{source} cannot be read as OpenStreetMap data: {_reason(error)}") from error
    return extract


def _take(item: Any, extract: Extract) -> None:
    match item.type_str():
        case "n":
            if item.location.valid():
                extract.objects.append(MapObject(_tags(item), item.location.y / E7, item.location.x / E7))
        case "w":
            _take_way(item, extract)
        # Of a closed way, osmium makes an area too; the way itself has been taken then.
        case "a" if not item.from_way():
            rings = [[(node.location.y, node.location.x) for node in ring] for ring in item.outer_rings()]
            _take_shape(_tags(item), max(rings, key=len, default=[]), extract)


def _take_way(way: Any, extract: Extract) -> None:
    tags = _tags(way)
    points = [(node.ref, (node.location.y, node.location.x) if node.location.valid() else None) for node in way.nodes]
    if "highway" not in tags:
        positions = [position for _, position in points if position is not None]
        if "waterway" in tags and not way.is_closed():
            extract.rivers.append((tags, positions))
        else:
            _take_shape(tags, positions, extract)
        return
    road = road_of(tags)
    if road is None:
        return
    run: list[tuple[int, Position]] = []
    for node, position in points:
        if position is not None:
            run.append((node, position))
            continue
        # Where the road runs on is not known: a straight line over the gap would be a road that is not there.
        extract.missing_nodes += 1
        _take_road(road, run, extract)
        run = []
    _take_road(road, run, extract)


def _take_road(road: Road, run: list[tuple[int, Position]], extract: Extract) -> None:
    if len(run) > 1:
        extract.lines.add(run)
        extract.roads.append(road)


def _take_shape(tags: Mapping[str, str], corners: list[Position], extract: Extract) -> None:
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners = corners[:-1]  # else the corner at which the ring closes counts twice
    if corners:
        lat, lon = (sum(values) / len(corners) / E7 for values in zip(*corners, strict=True))
        extract.objects.append(MapObject(tags, lat, lon))


def _tags(item: Any) -> dict[str, str]:
    # Line breaks and the like come from imports gone wrong, and would break the lines of whoever shows the value.
    return {tag.k: " ".join(tag.v.split()) for tag in item.tags if len(tag.v) <= MAX_TEXT}


def _bounds(box: Any) -> tuple[float, float, float, float]:
    low, high = box.bottom_left, box.top_right
    return low.x / E7, low.y / E7, high.x / E7, high.y / E7


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if "out of order" in text:
        return f"{text}; sort it first: osmium sort FILE -o SORTED.osm.pbf"
    return f"{text}; it may be cut off, damaged, or not what the end of its name says"
