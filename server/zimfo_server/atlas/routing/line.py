"""Lines of edges: the nearest point of one, and pieces of it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_shared.sphere import EARTH_RADIUS_M

Points = npt.NDArray[np.float64]
"""(n, 2) degrees, [lat, lon]."""

_METRES_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M


@dataclass(frozen=True)
class Projection:
    """The point of a line that is nearest to a position: how far off, and where along the line, from 0 to 1."""

    metres: float
    fraction: float
    lat: float
    lon: float


def project(points: Points, lat: float, lon: float) -> Projection:
    """Return the nearest point of a line to a position in degrees, on the plane that touches the earth there."""
    metres, segment, part = _nearest(points, lat, lon)
    ends = fractions(points)[segment : segment + 2]
    place = points[segment] + (points[segment + 1] - points[segment]) * part
    return Projection(metres, float(ends[0] + (ends[1] - ends[0]) * part), float(place[0]), float(place[1]))


def distance_m(points: Points, lat: float, lon: float) -> float:
    """Return how far a position in degrees is from a line."""
    return _nearest(points, lat, lon)[0]


def fractions(points: Points) -> npt.NDArray[np.float64]:
    """Return where each point lies along its line, from 0 to 1 (n,)."""
    plane = _on_plane(points, float(points[0, 0]), float(points[0, 1]))
    ends = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(plane, axis=0).T))])
    if not ends[-1] > 0:
        return np.linspace(0, 1, len(points))
    parts: npt.NDArray[np.float64] = ends / ends[-1]
    return parts


def piece(points: Points, start: float, end: float) -> Points:
    """Return the part of a line between two fractions, `start` <= `end`, as at least two points."""
    if start <= 0 and end >= 1:
        return points
    ends = fractions(points)
    inner = points[(ends > start) & (ends < end)]
    cuts = [[np.interp(at, ends, points[:, axis]) for axis in (0, 1)] for at in (start, end)]
    return np.concatenate([cuts[:1], inner, cuts[1:]])


def _nearest(points: Points, lat: float, lon: float) -> tuple[float, int, float]:
    """Return the distance of the nearest point of a line, the segment it is on, and where on that, from 0 to 1."""
    plane = _on_plane(points, lat, lon)
    steps = plane[1:] - plane[:-1]
    squares = np.einsum("ij,ij->i", steps, steps)
    squares[squares == 0] = 1  # a segment of no length: any part of it will do
    along = np.clip(np.einsum("ij,ij->i", plane[:-1], steps) / -squares, 0, 1)
    feet = plane[:-1] + steps * along[:, None]
    distances = np.hypot(feet[:, 0], feet[:, 1])
    nearest = int(np.argmin(distances))
    return float(distances[nearest]), nearest, float(along[nearest])


def _on_plane(points: Points, lat: float, lon: float) -> Points:
    """Return points as metres north and east of a position; east counts the shorter way around the earth."""
    north = points[:, 0] - lat
    east = (points[:, 1] - lon + 180) % 360 - 180
    return np.stack([north, east * math.cos(math.radians(lat))], axis=1) * _METRES_PER_DEGREE
