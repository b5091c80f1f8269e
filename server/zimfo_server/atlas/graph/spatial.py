"""A road graph put together from cells: the whole of it, or the part that a route needs."""

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.entries import Entries
from zimfo_server.atlas.graph.cells import Cell, CellIndex, read_cell
from zimfo_server.atlas.graph.checks import damaged
from zimfo_server.atlas.graph.model import NO_SHAPE, RoadGraph
from zimfo_server.atlas.graph.szrg import LOW_24, access_bits
from zimfo_server.atlas.graph.tables import JoinedShapes
from zimfo_server.errors import NoRouteError
from zimfo_shared.sphere import EARTH_RADIUS_M

MAX_PART_EDGES = 15_000_000  # some 55 bytes per edge while a part is put together: 800 MB
CELL_CACHE_BYTES = 256 * 2**20  # cells of earlier routes, for the next route near by; the largest cell known has 106 MB

_METRES_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M


@dataclass(frozen=True)
class _Located:
    """A cell with the positions of every node that it owns or that its edges lead to."""

    cell: Cell
    nodes: npt.NDArray[np.uint32]
    """(k,) numbers in the whole graph, ascending."""
    positions: npt.NDArray[np.int32]
    """(k, 2) degrees times 10^7, [lat, lon]."""
    links: npt.NDArray[np.uint32]
    """(e,) target of each edge as an index into `nodes`."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.cell.size + self.nodes.nbytes + self.positions.nbytes + self.links.nbytes


class SpatialSource:
    """The road graph of a region too large to hold whole. Positions are pairs of degrees, (lat, lon).

    Methods raise `MapUnreadableError` when a cell they need is damaged, `NoRouteError` when a part would have more than
    `max_edges` edges.
    """

    def __init__(
        self,
        entries: Entries,
        index: CellIndex,
        *,
        max_edges: int = MAX_PART_EDGES,
        cache_bytes: int = CELL_CACHE_BYTES,
    ) -> None:
        self.layout = layout_name(index)
        self._entries = entries
        self._index = index
        self._max_edges = max_edges
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[int, _Located] = OrderedDict()

    def around(self, positions: Sequence[tuple[float, float]], margin_m: float) -> RoadGraph:
        """Return the part in the box around all `positions`, widened by `margin_m` metres on every side."""
        return self._part(cells_in_box(self._index, positions, margin_m))

    def widened(self, graph: RoadGraph, nodes: npt.NDArray[np.int64]) -> RoadGraph:
        """Return a larger part: that of `graph` with the cells of its stubs `nodes` and the cells next to those."""
        assert graph.cell is not None
        assert graph.stub is not None
        wanted = np.unique(graph.cell[nodes])
        return self._part([*np.unique(graph.cell[~graph.stub]).tolist(), *_with_neighbours(self._index, wanted)])

    def _part(self, numbers: Iterable[int]) -> RoadGraph:
        chosen = sorted(set(numbers))
        if int(self._index.counts[chosen, 1].sum()) > self._max_edges:
            raise NoRouteError(
                f"These places are too far apart for the map '{self._entries.name}': there are more roads between them "
                "than fit into memory. Ask for the way in stages, from town to town."
            )
        located = self._located(chosen)
        index, name = self._index, self._entries.name
        # Cells share targets, so the same node and position may come from several of them.
        nodes, places = np.unique(_joined([item.nodes for item in located], np.uint32), return_index=True)
        positions = _joined([item.positions.reshape(-1) for item in located], np.int32).reshape(-1, 2)[places]
        cell = index.cells_of(positions)
        stub = np.ones(len(nodes), np.bool_)
        owned = [np.searchsorted(nodes, item.cell.nodes) for item in located]
        for item, own in zip(located, owned, strict=True):
            stub[own] = False
            _check_owner(item.cell, cell[own], name)
        if (cell[stub] < 0).any() or np.isin(cell[stub], chosen).any():
            raise damaged(name, "a node that no cell has")
        targets = [np.searchsorted(nodes, item.nodes)[item.links] for item in located]
        return _assembled(index, [item.cell for item in located], owned, targets, positions, stub=stub, cell=cell)

    def _located(self, numbers: list[int]) -> list[_Located]:
        """Return cells in the given order, read or remembered."""
        found = {number: self._cache[number] for number in numbers if number in self._cache}
        fresh = [read_cell(self._entries, self._index, number) for number in numbers if number not in found]
        # One look-up for all new cells: nodes of a cell are spread over all shards of the node table.
        known = [np.union1d(cell.nodes, cell.edges[:, 0]) for cell in fresh]
        nodes = np.unique(_joined(known, np.uint32))
        positions = self._index.positions.take(nodes)
        for cell, own in zip(fresh, known, strict=True):
            place, links = positions[np.searchsorted(nodes, own)], np.searchsorted(own, cell.edges[:, 0])
            found[cell.number] = _Located(cell, own, place, links.astype(np.uint32))
        for number in numbers:
            self._cache[number] = found[number]
            self._cache.move_to_end(number)
        total = sum(item.size for item in self._cache.values())
        while total > self._cache_bytes:
            total -= self._cache.popitem(last=False)[1].size
        return [found[number] for number in numbers]


def layout_name(index: CellIndex) -> str:
    """Return the name of the layout, as `RoadGraph.layout` has it."""
    return f"SZCI {index.version}"


def read_all_cells(entries: Entries, index: CellIndex) -> RoadGraph:
    """Return the whole graph, with the node numbers, order of edges and names of the single file it was cut from.

    Raises `MapUnreadableError` when a cell or node table is missing or damaged.
    """
    cells = [read_cell(entries, index, number) for number in range(len(index.counts))]
    positions = index.positions.take(np.arange(index.node_count, dtype=np.uint32))
    owner = index.cells_of(positions)
    for cell in cells:
        # Together with the sums of the index this leaves every node to exactly one cell.
        _check_owner(cell, owner[cell.nodes], entries.name)
    return _assembled(index, cells, [cell.nodes for cell in cells], [cell.edges[:, 0] for cell in cells], positions)


def cells_in_box(index: CellIndex, positions: Sequence[tuple[float, float]], margin_m: float) -> list[int]:
    """Return the ids of the cells that touch the box around `positions`, widened by `margin_m` metres on every side.

    The box spans the shorter way around the earth, so it may cross the antimeridian.
    """
    if not positions:
        return []
    lats, lons = [lat for lat, _ in positions], sorted({lon % 360 for _, lon in positions})
    margin = margin_m / _METRES_PER_DEGREE
    south, north = min(lats) - margin, max(lats) + margin
    # The box begins east of the widest gap between two longitudes that follow each other around the earth.
    gap, west = max(
        ((after - before) % 360 if len(lons) > 1 else 360.0, after)
        for before, after in zip(lons, [*lons[1:], lons[0]], strict=True)
    )
    narrowest = math.cos(math.radians(min(90.0, max(-south, north))))
    side = min(180.0, margin / max(narrowest, 1e-9))
    west, width = west - side, 360 - gap + 2 * side
    step = 1 / index.scale
    cell_south, cell_west = index.lat_cell * step, index.lon_cell * step
    across = ((cell_west - west) % 360 <= width) | ((west - cell_west) % 360 <= step)
    inside = (cell_south <= north) & (cell_south + step >= south) & across
    return [int(number) for number in np.flatnonzero(inside)]


def _with_neighbours(index: CellIndex, numbers: npt.NDArray[np.int32]) -> list[int]:
    """Return the ids of cells and of those around them, also across the antimeridian."""
    lat, lon, half = index.lat_cell[numbers], index.lon_cell[numbers], 180 * index.scale
    ring = [
        index.ids(lat + north, (lon + east + half) % (2 * half) - half) for north in (-1, 0, 1) for east in (-1, 0, 1)
    ]
    found = np.unique(np.concatenate([numbers, *ring]))
    return [int(number) for number in found if number >= 0]


def _check_owner(cell: Cell, owners: npt.NDArray[np.int32], archive: str) -> None:
    """Raise unless `owners`, the cells in which the nodes of `cell` lie, are that cell."""
    if (owners != cell.number).any():
        raise damaged(archive, f"cell {cell.number} has nodes of another one")


def _assembled(
    index: CellIndex,
    cells: Sequence[Cell],
    owned: Sequence[npt.NDArray[np.integer[Any]]],
    targets: Sequence[npt.NDArray[np.integer[Any]]],
    positions: npt.NDArray[np.int32],
    *,
    stub: npt.NDArray[np.bool_] | None = None,
    cell: npt.NDArray[np.int32] | None = None,
) -> RoadGraph:
    """Return the edges of `cells` as a graph of the nodes at `positions` (N, 2).

    `owned` and `targets` hold, for each cell, the numbers in this graph of its nodes and of the ends of its edges.
    """
    row = _joined(owned, np.intp)
    starts = np.cumsum([0, *(len(item.edges) for item in cells)])
    degree = np.zeros(len(positions), np.int64)
    degree[row] = _joined([item.first[1:] - item.first[:-1] for item in cells], np.uint32)
    begin = np.zeros(len(positions), np.int64)
    begin[row] = _joined([item.first[:-1] + start for item, start in zip(cells, starts, strict=False)], np.int64)
    first = np.concatenate([[0], np.cumsum(degree)])
    # Where each edge of the result stands in the cells' edges, one cell after the other.
    order = np.repeat(begin - first[:-1], degree) + np.arange(first[-1])

    bases = np.cumsum([0, *(len(item.shapes) for item in cells)])
    if bases[-1] >= NO_SHAPE:
        raise damaged(index.archive, "number of geometries")
    shapes = [_rebased(item.edges[:, 2], int(base)) for item, base in zip(cells, bases, strict=False)]

    def ordered(columns: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.uint32]:
        words: npt.NDArray[np.uint32] = _joined(columns, np.uint32)
        return words.take(order)

    pace = ordered([item.edges[:, 1] for item in cells])
    lat, lon = np.ascontiguousarray(positions.T)
    return RoadGraph(
        layout=layout_name(index),
        lat=lat,
        lon=lon,
        first=first.astype(np.uint32),
        target=ordered(targets),
        decimetres=pace & LOW_24,
        speed=(pace >> 24).astype(np.uint8),
        name=ordered([item.edges[:, 3] for item in cells]),
        shape=ordered(shapes),
        access=access_bits(ordered([item.edges[:, 4] for item in cells])),
        names=index.names,
        shapes=JoinedShapes(bases[:-1].tolist(), [item.shapes for item in cells]),
        stub=stub,
        cell=cell,
    )


def _rebased(shape: npt.NDArray[np.uint32], base: int) -> npt.NDArray[np.uint32]:
    return np.where(shape == NO_SHAPE, np.uint32(NO_SHAPE), shape + np.uint32(base))


def _joined(arrays: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    """Return the arrays one after the other as one of `kind`, which may be empty and must be wide enough."""
    return np.concatenate([np.empty(0, kind), *arrays], dtype=kind, casting="unsafe")
