"""Small road graphs drawn by hand, on a plane of metres east and north of a point."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zimfo_server.atlas.graph.load import WholeSource
from zimfo_server.atlas.graph.model import DEGREES, NO_SHAPE, RoadGraph
from zimfo_server.atlas.graph.tables import NoNames, PointLists
from zimfo_shared.sphere import EARTH_RADIUS_M, haversine_m

LAT, LON = 45.0, 9.0
RESIDENTIAL, MOTORWAY, FOOTWAY, STEPS = 11, 1, 17, 20
_DEGREE_M = math.radians(1) * EARTH_RADIUS_M

Place = tuple[float, float]
"""Metres to the east and to the north."""


class Edge(NamedTuple):
    """A directed edge; its length is that of its line unless `metres` says otherwise."""

    source: int
    target: int
    via: Sequence[Place] = ()
    speed: int = 30
    access: int = RESIDENTIAL
    metres: float | None = None


def at(east: float, north: float) -> tuple[float, float]:
    """(lat, lon) in degrees."""
    return LAT + north / _DEGREE_M, LON + east / _DEGREE_M / math.cos(math.radians(LAT))


def both(a: int, b: int, *via: Place, **kinds: int) -> list[Edge]:
    """A road in both directions."""
    return [Edge(a, b, via, **kinds), Edge(b, a, via[::-1], **kinds)]


def drawn(places: Sequence[Place], edges: Sequence[Edge], *, classes: bool = True) -> RoadGraph:
    """The graph of these nodes and edges; without `classes` as older layouts have it."""
    ordered = sorted(edges, key=lambda edge: edge.source)
    lat, lon = (np.rint(np.array([at(*place) for place in places]) / DEGREES).astype(np.int32)).T.copy()
    nodes = [(a * DEGREES, b * DEGREES) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)]
    lines = [[nodes[edge.source], *(at(*place) for place in edge.via), nodes[edge.target]] for edge in ordered]
    metres = [
        sum(haversine_m(*a, *b) for a, b in zip(line, line[1:], strict=False)) if edge.metres is None else edge.metres
        for edge, line in zip(ordered, lines, strict=True)
    ]
    inner = [line[1:-1] for line in lines]
    starts = np.cumsum([0, *map(len, inner)])
    degree = np.bincount([edge.source for edge in ordered], minlength=len(places))
    shape = [index if edge.via else NO_SHAPE for index, edge in enumerate(ordered)]
    return RoadGraph(
        layout="drawn",
        lat=lat,
        lon=lon,
        first=np.concatenate([[0], np.cumsum(degree)]).astype(np.uint32),
        target=np.array([edge.target for edge in ordered], np.uint32),
        decimetres=np.rint(np.array(metres) * 10).astype(np.uint32),
        speed=np.array([edge.speed for edge in ordered], np.uint8),
        name=np.zeros(len(ordered), np.uint32),
        shape=np.array(shape, np.uint32),
        access=np.array([edge.access for edge in ordered], np.uint16) if classes else None,
        names=NoNames(),
        shapes=PointLists(starts, np.array([point for line in inner for point in line]).reshape(-1, 2)),
    )


def source_of(places: Sequence[Place], edges: Sequence[Edge], *, classes: bool = True) -> WholeSource:
    """The same, as the planner takes it."""
    return WholeSource(drawn(places, edges, classes=classes))
