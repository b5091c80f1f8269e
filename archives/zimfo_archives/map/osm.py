"""Reads OpenStreetMap data: roads as arrays of positions, everything else that has a name or an address as records.

osmium does the reading and knows a format by the file's name: .osm, .osm.gz, .osm.bz2, .osm.pbf. Its positions are
integers of 1e-7 degrees, which is what the road graph stores, so that nothing is rounded on the way.

The file is read twice: relations first, because they tell which ways are outlines; then nodes and ways. Within nodes
and within ways any order will do.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import osmium
import osmium.filter

from zimfo_archives.errors import ExtractError
from zimfo_archives.map.extract import Extract, NamedLine
from zimfo_archives.map.names import MIN_NAME, is_address, name_of, other_names, tracked, wikipedia_of
from zimfo_archives.map.outlines import Outlines
from zimfo_archives.map.records import ADDRESS, NO_NAME, Record, address_record, place_record
from zimfo_archives.map.roads import Road, Speeds, is_road, road_of
from zimfo_archives.map.shapes import E7, Position
from zimfo_archives.map.tags import river_kind

# OpenStreetMap allows values of 255 characters; what is longer was not made by its editors.
MAX_TEXT = 255
# Everything is held in memory: a road point costs about 200 bytes while the graph is built, a record about 1,000 until
# it is written. These are 4 and 3 GB, and a country such as Switzerland.
MAX_ROAD_POINTS = 20_000_000
MAX_RECORDS = 3_000_000
# So many objects are read between two looks at how far the file has been read.
_LOOK_EVERY = 20_000

_NOWHERE = "its points are not in the file"
# Other objects cannot become anything: without one of these there is no name, no link and no address.
_TELLING = ("name", "addr:housenumber", "wikipedia", "wikidata", "brand")
_TELLING_STARTS = ("name:", "wikipedia:")
_TELLING_ENDS = ("_name",)

# What osmium raises for damaged data; only one of the exceptions is its own.
_READER_ERRORS = (RuntimeError, IndexError, osmium.InvalidLocationError)

Tags = dict[str, str]
# Told how many bytes of how many were read.
Reading = Callable[[int, int], None]


def read_extract(source: Path, *, speeds: Speeds = "maxspeed", progress: Reading | None = None) -> Extract:
    """Read a file of OpenStreetMap data; raises ExtractError unless it can be read to its end."""
    with _errors_of(source):
        size = source.stat().st_size
        if size == 0:
            raise ExtractError(f"{source} is empty; download or export it again")
        box = osmium.FileProcessor(source, osmium.osm.NOTHING).header.box()
        reader = _Reader(Extract(bounds=_bounds(box) if box.valid() else None), speeds)
        for relation in osmium.FileProcessor(source, osmium.osm.RELATION).with_filter(osmium.filter.EmptyTagFilter()):
            reader.take_relation(relation)
        # Ways without tags may be the outlines of relations.
        tagged = osmium.filter.EmptyTagFilter()
        tagged.enable_for(osmium.osm.NODE)
        both = osmium.FileProcessor(source, osmium.osm.NODE | osmium.osm.WAY).with_locations()
        for number, item in enumerate(both.with_filter(tagged)):
            reader.take(item)
            if number % _LOOK_EVERY == 0:
                reader.check_size(source)
                if progress is not None:
                    progress(min(_position(source), size), size)
        reader.finish()
        reader.check_size(source)
    return reader.extract


@contextmanager
def _errors_of(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExtractError(f"{source} cannot be read: {error.strerror or error}") from error
    except (*_READER_ERRORS, ValueError) as error:  # ValueError: text that is not UTF-8, among others
        raise ExtractError(f"{source} cannot be read as OpenStreetMap data: {_reason(error)}") from error


class _Reader:
    def __init__(self, extract: Extract, speeds: Speeds) -> None:
        self.extract = extract
        self._speeds: Speeds = speeds
        self._outlines = Outlines(extract)
        self._shaped: list[tuple[Record, int]] = []  # records that wait for the point of their shape
        self._ways_began = False

    def take_relation(self, relation: Any) -> None:
        if relation.deleted:
            return
        tags = _tags(relation)
        if _telling(tags):
            self._see(tags)
            self._outlines.take_relation(tags, relation)

    def take(self, item: Any) -> None:
        if item.deleted:
            return
        if item.is_node():
            if self._ways_began:
                raise ExtractError("nodes come after ways; sort it first: osmium sort FILE -o SORTED.osm.pbf")
            tags = _tags(item)
            position = (item.location.y, item.location.x) if item.location.valid() else None
            self._outlines.take_node(item.id, position)
            if _telling(tags):
                self._see(tags)
                self._take_object(tags, [position] if position else [])
        else:
            self._ways_began = True
            self._take_way(item)

    def finish(self) -> None:
        extract = self.extract
        points = extract.shapes.points([shape for _, shape in self._shaped]).tolist()
        for (record, _), (lat, lon) in zip(self._shaped, points, strict=True):
            record.lat, record.lon = lat, lon
        self._outlines.finish()

    def check_size(self, source: Path) -> None:
        extract = self.extract
        if len(extract.lines.nodes) > MAX_ROAD_POINTS or len(extract.records) > MAX_RECORDS:
            raise ExtractError(
                f"{source} is larger than this builder can handle; cut out a smaller region, with osmium extract"
            )

    def _see(self, tags: Tags) -> None:
        self.extract.tally.see(tracked(tags))
        if is_address(tags):
            self.extract.tally.see((ADDRESS,))

    def _take_way(self, way: Any) -> None:
        tags = _tags(way)
        wanted = self._outlines.wants(way.id)
        telling = _telling(tags)
        road = is_road(tags)
        if tags.get("route") == "ferry":
            self.extract.ferries += 1
        if not (wanted or telling or road):
            return
        points = [(node.ref, _located(node.location)) for node in way.nodes]
        positions = [position for _, position in points if position is not None]
        more = self._outlines.take_way(way.id, positions)
        if telling:
            self._see(tags)
        if not road:
            if telling:
                if len(positions) > 1 and positions[0] != positions[-1]:
                    self._take_line(tags, positions, more)
                else:
                    self._take_object(tags, positions)
            return
        found = road_of(tags, self._speeds)
        if found is None:
            self.extract.closed_roads += 1
        else:
            self._take_road(found, points)
        self._take_street(tags, positions, more, road_of(tags, "streetzim"))

    def _take_road(self, road: Road, points: list[tuple[int, Position | None]]) -> None:
        run: list[tuple[int, Position]] = []
        for node, position in points:
            if position is not None:
                run.append((node, position))
                continue
            # Where the road runs on is not known: a straight line over the gap would be a road that is not there.
            self.extract.missing_nodes += 1
            self._take_run(road, run)
            run = []
        self._take_run(road, run)

    def _take_run(self, road: Road, run: list[tuple[int, Position]]) -> None:
        if len(run) > 1:
            self.extract.lines.add(run)
            self.extract.roads.append(road)

    def _take_street(self, tags: Tags, positions: list[Position], more: list[Record], road: Road | None) -> None:
        name = road.name if road is not None else ""
        name = name if len(name) >= MIN_NAME else name_of(tags)
        things = tracked(tags)
        if not name or road is None:
            self.extract.tally.skip(things, NO_NAME)
        elif not positions:
            self.extract.tally.skip(things, _NOWHERE)
        else:
            record = Record(name, "street", road.drawn, names=other_names(tags, name), tracked=things)
            record.wikipedia, record.wikidata = wikipedia_of(tags), tags.get("wikidata", "")
            self._add_line(record, positions, more)
        # Seldom, a road has a house number too: a pedestrian square, for one.
        self._take_address(tags, positions)

    def _take_line(self, tags: Tags, positions: list[Position], more: list[Record]) -> None:
        record = place_record(tags)
        running = river_kind(tags)
        if isinstance(record, str):
            self.extract.tally.skip(tracked(tags), record)
        else:
            if running:
                record.type, record.subtype = running
            self._add_line(record, positions, more)
        self._take_address(tags, positions)

    def _add_line(self, record: Record, positions: list[Position], more: list[Record]) -> None:
        for other in more:
            if other.name == record.name:
                record.take(other)
        self.extract.named_lines.append(NamedLine(record, self.extract.shapes.add(positions)))

    def _take_object(self, tags: Tags, positions: list[Position]) -> None:
        tally = self.extract.tally
        things = tracked(tags)
        record = place_record(tags)
        if isinstance(record, str):
            # An address may carry the links of a house that has no name.
            if not is_address(tags) or not positions:
                tally.skip(things, record)
        elif not positions:
            tally.skip(things, _NOWHERE)
        else:
            self._add(record, positions)
            things = ()
        self._take_address(tags, positions, things if isinstance(record, str) else ())

    def _take_address(self, tags: Tags, positions: list[Position], things: tuple[str, ...] = ()) -> None:
        record = address_record(tags)
        if record is None:
            return
        if not positions:
            self.extract.tally.skip((ADDRESS,), _NOWHERE)
            return
        if things:
            record.tracked = (*record.tracked, *things)
            record.names = other_names(tags, record.name)
            record.wikipedia, record.wikidata = wikipedia_of(tags), tags.get("wikidata", "")
        self._add(record, positions)

    def _add(self, record: Record, positions: list[Position]) -> None:
        self.extract.records.append(record)
        if len(positions) == 1:
            record.lat, record.lon = positions[0][0] / E7, positions[0][1] / E7
        else:
            self._shaped.append((record, self.extract.shapes.add(positions)))


def _telling(tags: Tags) -> bool:
    return any(key in _TELLING or key.startswith(_TELLING_STARTS) or key.endswith(_TELLING_ENDS) for key in tags)


def _located(location: Any) -> Position | None:
    return (location.y, location.x) if location.valid() else None


def _tags(item: Any) -> Tags:
    # Line breaks and the like come from imports gone wrong, and would break the lines of whoever shows the value.
    return {tag.k: " ".join(tag.v.split()) for tag in item.tags if len(tag.v) <= MAX_TEXT}


def _bounds(box: Any) -> tuple[float, float, float, float]:
    low, high = box.bottom_left, box.top_right
    return low.x / E7, low.y / E7, high.x / E7, high.y / E7


def _position(source: Path) -> int:
    """Return how many bytes of the file this process has read, as Linux tells it; 0 elsewhere."""
    with suppress(OSError, ValueError):
        wanted = source.resolve()
        for link in Path("/proc/self/fd").iterdir():
            if os.readlink(link) == str(wanted):
                fields = Path("/proc/self/fdinfo", link.name).read_text().split()
                return int(fields[1])
    return 0


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text}; it may be cut off, damaged, or not what the end of its name says"
