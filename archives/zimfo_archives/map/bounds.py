"""The region that a map covers, also where it crosses the antimeridian."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from zimfo_archives.map.extract import Bounds, Extract
from zimfo_archives.map.graph import Graph
from zimfo_archives.map.records import Record
from zimfo_archives.map.shapes import E7

Floats = npt.NDArray[np.float64]


def bounds_of(extract: Extract, graph: Graph, records: Iterable[Record]) -> Bounds | None:
    """Return the region that the file says it covers; else what its roads and places cover, None if it has none."""
    told = extract.bounds
    if told is not None and span(told)[0] <= 180:
        return told
    places = np.array([(record.lat, record.lon) for record in records], dtype=np.float64).reshape(-1, 2)
    found = smallest_bounds(np.concatenate([places, graph.nodes / E7]))
    if told is None or found is None:
        return told or found
    # osmium puts the sides of a box in order: of one across the antimeridian, it tells all the rest of the world.
    return told if told[0] <= found[0] <= found[2] <= told[2] else found


def smallest_bounds(positions: Floats) -> Bounds | None:
    """Return the smallest box around positions, (n, 2) latitude and longitude in degrees; None if there are none."""
    if not len(positions):
        return None
    south, north = float(positions[:, 0].min()), float(positions[:, 0].max())
    lons = np.unique(positions[:, 1])
    west, east = float(lons[0]), float(lons[-1])
    # The box leaves out the widest gap between neighbours: the one around the back, unless another is wider.
    gaps = np.diff(lons)
    if len(gaps) and gaps.max() > 360 - (east - west):
        widest = int(gaps.argmax())
        west, east = float(lons[widest + 1]), float(lons[widest])
    return west, south, east, north


def span(bounds: Bounds) -> tuple[float, float]:
    """Return width and height of a box in degrees."""
    west, south, east, north = bounds
    return (east - west) % 360 if west > east else east - west, north - south


def centre(bounds: Bounds) -> tuple[float, float]:
    """Return longitude and latitude of the middle of a box in degrees."""
    west, south, _, north = bounds
    middle = west + span(bounds)[0] / 2
    return middle - 360 if middle > 180 else middle, (south + north) / 2
