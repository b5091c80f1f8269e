"""The shapes of objects that are no points, and the one point that stands for each: on a line, within an area."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import shapely

E7 = 10_000_000  # units of a stored coordinate in a degree

Position = tuple[int, int]  # latitude and longitude in E7
Points = npt.NDArray[np.float64]  # (n, 2) latitude and longitude in degrees

# Shapes are solved so many at a time: some 100 MB.
_BATCH = 50_000


class Shapes:
    """Open lines and closed rings as one long run of points."""

    def __init__(self) -> None:
        self._lat, self._lon = array("i"), array("i")  # E7
        self._starts = array("q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, positions: Iterable[Position]) -> int:
        """Append a shape and return its number; it is a ring if it ends where it begins. It has at least one point."""
        for lat, lon in positions:
            self._lat.append(lat)
            self._lon.append(lon)
        self._starts.append(len(self._lat))
        return len(self._starts) - 2

    def positions(self, number: int) -> list[Position]:
        """Return the positions of a shape."""
        low, high = self._starts[number], self._starts[number + 1]
        return list(zip(self._lat[low:high], self._lon[low:high], strict=True))

    def points(self, numbers: Sequence[int]) -> Points:
        """Return the point that stands for each of the shapes."""
        found = [self._some(numbers[low : low + _BATCH]) for low in range(0, len(numbers), _BATCH)]
        return np.concatenate(found) if found else np.empty((0, 2))

    def _some(self, numbers: Sequence[int]) -> Points:
        lines: list[tuple[int, list[Position]]] = []
        rings: list[tuple[int, list[Position]]] = []
        for row, number in enumerate(numbers):
            positions = self.positions(number)
            # A ring of fewer points has no inside.
            closed = len(positions) > 3 and positions[0] == positions[-1]
            (rings if closed else lines).append((row, positions))
        found: Points = np.empty((len(numbers), 2))
        for row, positions in lines:
            found[row] = _middle_of_line(positions)
        if rings:
            rows, outlines = zip(*rings, strict=True)
            found[list(rows)] = within([shapely.Polygon(unwrapped(outline)) for outline in outlines])
        return found


def within(areas: Sequence[shapely.Geometry]) -> Points:
    """Return a point of each area, (lon, lat) polygons in degrees: its centre of mass if that lies inside."""
    shapes = np.asarray(areas, dtype=object)
    centres = shapely.centroid(shapes)
    # What crosses itself or has no extent has no sound inside: any corner will do there.
    valid = shapely.is_valid(shapes) & ~shapely.is_empty(centres)
    outside = ~valid
    outside[valid] = ~shapely.contains_properly(shapes[valid], centres[valid])
    centres[outside] = shapely.point_on_surface(shapes[outside])
    empty = shapely.is_empty(centres)
    centres[empty] = shapely.get_point(shapely.get_exterior_ring(shapes[empty]), 0)
    points: Points = np.stack([shapely.get_y(centres), wrapped(shapely.get_x(centres))], axis=1)
    return points


def unwrapped(positions: Sequence[Position]) -> Points:
    """Return (n, 2) longitude and latitude in degrees; what crosses the antimeridian goes on beyond 180 degrees."""
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 2)[:, ::-1] / E7
    if np.ptp(points[:, 0]) > 180:
        points[:, 0] %= 360
    return points


def wrapped(lon: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return longitudes from -180 to 180 degrees; those that were there already stay exactly as they are."""
    return np.where(np.abs(lon) > 180, (lon + 180) % 360 - 180, lon)


def _middle_of_line(positions: Sequence[Position]) -> tuple[float, float]:
    points = unwrapped(positions)
    if len(points) == 1 or not np.ptp(points, axis=0).any():
        lat, lon = positions[0]
        return lat / E7, lon / E7
    middle = shapely.line_interpolate_point(shapely.LineString(points), 0.5, normalized=True)
    return float(middle.y), float(wrapped(np.array(middle.x)))


def polygons_of(lines: Sequence[Sequence[Position]]) -> list[shapely.Polygon]:
    """Return the areas that lines enclose together, the largest first; none where they leave a gap."""
    strings = [unwrapped(line) for line in lines if len(line) > 1]
    if not strings:
        return []
    if max(float(points[:, 0].max()) for points in strings) - min(float(p[:, 0].min()) for p in strings) > 180:
        for points in strings:
            points[:, 0] %= 360
    found = shapely.polygonize([shapely.LineString(points) for points in strings])
    areas = [area for area in found.geoms if area.is_valid and area.area > 0]
    return sorted(areas, key=lambda area: -area.area)
