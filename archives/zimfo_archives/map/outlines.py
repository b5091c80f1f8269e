"""What relations make of their members: areas from outlines, and names that belong to all ways of a river or street."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from zimfo_archives.map.extract import Boundary, Extract
from zimfo_archives.map.names import is_address, tracked
from zimfo_archives.map.records import ADDRESS, Record, address_record, place_record
from zimfo_archives.map.shapes import E7, Position, polygons_of, within

_MEMBERS_MISSING = "its members are not in the file"
_OUTLINE_OPEN = "its boundary is not whole in the file"
# Relations of these types are no places, or consist of objects that are.
_NO_PLACES = {
    "route": "routes are no places",
    "route_master": "routes are no places",
    "superroute": "routes are no places",
    "network": "routes are no places",
    "public_transport": "groups of objects are no places",
    "collection": "groups of objects are no places",
    "restriction": "rules of traffic are no places",
    "enforcement": "rules of traffic are no places",
    "destination_sign": "rules of traffic are no places",
}
# What these say is true of each way that belongs to them.
_WAYS_TOGETHER = frozenset({"waterway", "associatedStreet", "street"})
_OUTER = frozenset({"", "outer", "outline"})
_CENTRES = ("label", "admin_centre")

# What the area of an administration is called where nothing but its level is told. These differ by country; so it is in
# most of Europe and America.
_SUBTYPES = {
    2: "country",
    3: "region",
    4: "state",
    5: "region",
    6: "county",
    7: "municipality",
    8: "municipality",
    9: "borough",
    10: "suburb",
    11: "neighbourhood",
}


@dataclass(slots=True)
class _Outline:
    records: list[Record]
    level: int | None  # of an administration
    ways: list[int]
    nodes: list[int]  # the telling ones first


class Outlines:
    """Collects relations, then the positions of their members, and puts their records into the extract."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._outlines: list[_Outline] = []
        self._shapes: dict[int, int | None] = {}  # of the ways that are waited for
        self._nodes: dict[int, Position | None] = {}
        self._together: dict[int, list[Record]] = {}  # by way
        self._unused: dict[int, Record] = {}  # of those, by identity: no way has taken it so far

    def wants(self, way: int) -> bool:
        """Tell whether a way is a member of a relation that was taken."""
        return way in self._shapes or way in self._together

    def take_relation(self, tags: Mapping[str, str], relation: Any) -> None:
        """Take a relation with its tags."""
        kind = tags.get("type", "")
        record = place_record(tags)
        if kind in _WAYS_TOGETHER and not isinstance(record, str):
            self._unused[id(record)] = record
            for member in relation.members:
                if member.type == "w":
                    self._together.setdefault(member.ref, []).append(record)
            return
        if reason := _NO_PLACES.get(kind):
            self._skip(tags, reason)
            return
        if isinstance(record, str):
            if not is_address(tags):
                self._skip(tags, record)
                return
            records = []
            self._extract.tally.skip(tracked(tags), record)
        else:
            records = [record]
        if address := address_record(tags):
            records.append(address)
        self._outlines.append(self._outline(tags, relation, records))

    def _outline(self, tags: Mapping[str, str], relation: Any, records: list[Record]) -> _Outline:
        level = tags.get("admin_level", "")
        administrative = tags.get("boundary") == "administrative" and level.isdecimal() and records[0].type != "addr"
        if administrative and records[0].type != "place":
            records[0].type, records[0].subtype = "place", _SUBTYPES.get(int(level), "municipality")
        outline = _Outline(records, int(level) if administrative else None, [], [])
        for member in relation.members:
            if member.type == "w" and member.role in _OUTER:
                outline.ways.append(member.ref)
                self._shapes[member.ref] = None
            elif member.type == "n":
                outline.nodes.insert(0 if member.role in _CENTRES else len(outline.nodes), member.ref)
                self._nodes[member.ref] = None
        return outline

    def _skip(self, tags: Mapping[str, str], reason: str) -> None:
        self._extract.tally.skip(tracked(tags), reason)
        if is_address(tags):
            self._extract.tally.skip((ADDRESS,), reason)

    def take_node(self, node: int, position: Position | None) -> None:
        """Take a node that may be a member."""
        if node in self._nodes:
            self._nodes[node] = position

    def take_way(self, way: int, positions: list[Position]) -> list[Record]:
        """Take a way that may be a member; returns what relations say of it as a part of something longer."""
        if way in self._shapes and positions:
            self._shapes[way] = self._extract.shapes.add(positions)
        more = self._together.get(way, [])
        if positions:
            for record in more:
                self._unused.pop(id(record), None)
        return more

    def finish(self) -> None:
        """Put the records of all relations into the extract."""
        extract = self._extract
        for record in self._unused.values():
            extract.tally.skip(record.tracked, _MEMBERS_MISSING)
        for records in {id(record): record for group in self._together.values() for record in group}.values():
            if id(records) not in self._unused:
                extract.tally.merge(records.tracked)
        for outline in self._outlines:
            self._place(outline)

    def _place(self, outline: _Outline) -> None:
        extract = self._extract
        lines = [extract.shapes.positions(shape) for way in outline.ways if (shape := self._shapes[way]) is not None]
        areas = polygons_of(lines)
        if outline.level is not None and not areas:
            self._lost(outline, _OUTLINE_OPEN)
            return
        point: tuple[float, float] | None = None
        if areas:
            # Of several, such as islands, the largest is what people mean.
            lat, lon = within(areas[:1])[0].tolist()
            point = (lat, lon)
        elif lines:
            longest = max((shape for way in outline.ways if (shape := self._shapes[way]) is not None), key=self._length)
            lat, lon = extract.shapes.points([longest])[0].tolist()
            point = (lat, lon)
        else:
            known = [position for node in outline.nodes if (position := self._nodes[node]) is not None]
            if known:
                point = known[0][0] / E7, known[0][1] / E7
        if point is None:
            self._lost(outline, _MEMBERS_MISSING)
            return
        for record in outline.records:
            record.lat, record.lon = point
        if outline.level is None:
            extract.records.extend(outline.records)
        else:
            extract.boundaries.append(Boundary(outline.level, outline.records[0], shapely.MultiPolygon(areas)))
            extract.records.extend(outline.records[1:])

    def _length(self, shape: int) -> int:
        return len(self._extract.shapes.positions(shape))

    def _lost(self, outline: _Outline, reason: str) -> None:
        for record in outline.records:
            self._extract.tally.skip(record.tracked, reason)


def merge_boundaries(extract: Extract) -> None:
    """Let each boundary be the place of its name that lies within it; where there is none, it is a place of its own."""
    places: dict[str, list[Record]] = {}
    for record in extract.records:
        if record.type == "place":
            places.setdefault(record.name, []).append(record)
    for boundary in extract.boundaries:
        shapely.prepare(boundary.area)
        inside = [r for r in places.get(boundary.record.name, []) if _contains(boundary.area, r)]
        if inside:
            inside[0].take(boundary.record)
            extract.tally.merge(boundary.record.tracked)
        else:
            extract.records.append(boundary.record)
            places.setdefault(boundary.record.name, []).append(boundary.record)


def _contains(area: shapely.Geometry, record: Record) -> bool:
    return bool(np.any([shapely.contains_xy(area, record.lon + turn, record.lat) for turn in (0, 360)]))
