"""One record for every two kilometres of a named road, river or the like, merged from the pieces that maps draw."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from zimfo_archives.map.extract import Extract
from zimfo_archives.map.graph import EARTH_RADIUS_M
from zimfo_archives.map.records import Record
from zimfo_archives.map.shapes import E7, Position

# Original maps have a record for each tile of about this size that a road crosses: "El Camino Real" is then found in
# every town on its way.
LINE_SPACING_M = 2_000.0

_Cell = tuple[int, int, int]
_Key = tuple[str, str]  # name and type


@dataclass(slots=True)
class Stretch:
    """Points of lines of one name that are near each other, and which of the lines they belong to."""

    positions: list[Position] = field(default_factory=list)
    lines: dict[int, None] = field(default_factory=dict)


def line_records(extract: Extract) -> Iterator[Record]:
    """Yield the records of all named lines; each has the names and links of all its pieces."""
    lines = extract.named_lines
    runs = (((n.record.name, n.record.type), extract.shapes.positions(n.shape)) for n in lines)
    alone: set[int] = set()
    for (name, type_), stretch in spread(runs):
        first, *others = (lines[number].record for number in sorted(stretch.lines))
        lat, lon = _middle(stretch.positions)
        record = replace(first, name=name, type=type_, lat=lat, lon=lon, tracked=())
        for other in others:
            record.take(other)
        if not others:
            alone.update(stretch.lines)
        yield record
    for number, line in enumerate(lines):
        # A piece that is in several stretches is told of in each: it counts once.
        (extract.tally.keep if number in alone else extract.tally.merge)(line.record.tracked)


def spread(runs: Iterable[tuple[_Key, Sequence[Position]]]) -> list[tuple[_Key, Stretch]]:
    """Return stretches of the named lines, whose middles are about LINE_SPACING_M apart.

    Each name has at least one, and every point of a line is within twice the spacing of the middle of one of its name.
    """
    # Points are gathered in cubes of space, which are alike at the poles and the antimeridian.
    groups: dict[tuple[_Key, _Cell], Stretch] = {}
    for number, (key, positions) in enumerate(runs):
        cells = np.floor(_in_space(positions) / LINE_SPACING_M).astype(np.int64).tolist()
        for (x, y, z), position in zip(cells, positions, strict=True):
            group = groups.get((key, (x, y, z)))
            if group is None:
                group = groups[key, (x, y, z)] = Stretch()
            group.positions.append(position)
            group.lines[number] = None
    merged: dict[tuple[_Key, _Cell], Stretch] = {}
    # A short road across the border of two cubes is one road: small groups join a larger one beside them.
    for (key, cell), group in sorted(groups.items(), key=lambda item: (-len(item[1].positions), item[0])):
        beside = (merged.get((key, near)) for near in _neighbours(cell))
        host = next((other for other in beside if other and _near(other.positions, group.positions)), None)
        if host is None:
            # A copy: what joins later must not move the middle away from those that were near it.
            merged[key, cell] = Stretch(group.positions, dict(group.lines))
        else:
            host.lines.update(group.lines)
    return [(key, group) for (key, _), group in merged.items()]


def _neighbours(cell: _Cell) -> list[_Cell]:
    x, y, z = cell
    steps = (-1, 0, 1)
    return [(x + i, y + j, z + k) for i in steps for j in steps for k in steps if (i, j, k) != (0, 0, 0)]


def _near(some: Sequence[Position], others: Sequence[Position]) -> bool:
    """Tell whether all the others lie within the spacing of the middle of some."""
    lat, lon = _middle(some)
    middle = _in_space([(round(lat * E7), round(lon * E7))])
    return bool((np.linalg.norm(_in_space(others) - middle, axis=1) <= LINE_SPACING_M).all())


def _middle(positions: Sequence[Position]) -> tuple[float, float]:
    """Return the position nearest to the mean of all: a mean alone may lie beside a bent road."""
    points = _in_space(positions)
    nearest = int(np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1)))
    lat, lon = positions[nearest]
    return lat / E7, lon / E7


def _in_space(positions: Sequence[Position]) -> npt.NDArray[np.float64]:
    """Return (n, 3) metres from the centre of the earth."""
    lat, lon = np.radians(np.asarray(positions, dtype=np.float64) / E7).T
    return EARTH_RADIUS_M * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
