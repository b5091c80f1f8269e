"""The spatial layout's files: cell index SZCI versions 1 and 2, node shards, cells SZRC (streetzim-format.md 2.7)."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.entries import Entries
from zimfo_server.atlas.graph.checks import (
    E7,
    Sections,
    check_links,
    check_offsets,
    check_positions,
    check_rows,
    check_shapes,
    damaged,
    header,
    read_entry,
    unknown_version,
)
from zimfo_server.atlas.graph.tables import NameTable, ShapeTable

INDEX_PATH = "routing-data/graph-cells-index.bin"
INDEX_HEADER_BYTES = {1: 32, 2: 40}
TABLE_ROW_BYTES = 20
CELL_HEADER_BYTES = 28
MAX_SCALE = E7  # cells per degree; finer cells than the stored coordinates cannot be told apart
MAX_SHARDS = 4096  # builds put 5,000,000 nodes into one, so that all nodes a u32 can count need 859
SHARD_CACHE_BYTES = 256 * 2**20  # six shards of the usual size; a batch of cells visits every shard only once


class Positions(Protocol):
    """The table of all node positions."""

    def take(self, nodes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
        """Return the positions of ascending `nodes` below N: (n, 2) degrees times 10^7, [lat, lon]."""
        ...


@dataclass(frozen=True)
class CellIndex:
    """What the index says of all C cells, in the order of their ids, which is that of (lat_cell, lon_cell)."""

    archive: str
    version: int
    node_count: int
    edge_count: int
    scale: int
    """Cells per degree."""
    lat_cell: npt.NDArray[np.int64]
    lon_cell: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    """(C, 3): nodes, edges and geometries of each cell."""
    names: NameTable
    positions: Positions

    def ids(self, lat_cell: npt.NDArray[np.int64], lon_cell: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Return the ids of the cells at these cell coordinates, -1 where there is none."""
        keys, wanted = _keys(self.lat_cell, self.lon_cell), _keys(lat_cell, lon_cell)
        if not len(keys):
            return np.full(len(wanted), -1, np.int32)
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[found] == wanted, found, -1).astype(np.int32)

    def cells_of(self, positions: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the id of the cell that owns each node at `positions` (n, 2), -1 where there is none."""
        cells = positions.astype(np.int64) * self.scale // E7
        return self.ids(cells[:, 0], cells[:, 1])


@dataclass(frozen=True)
class Cell:
    """One cell as it is stored: all node numbers are those of the whole graph, geometry indices are the cell's own."""

    number: int
    nodes: npt.NDArray[np.uint32]
    """(n,) the owned nodes, ascending."""
    first: npt.NDArray[np.uint32]
    """(n + 1,) offsets of the owned nodes into `edges`."""
    edges: npt.NDArray[np.uint32]
    """(e, 5) words of streetzim-format.md 2.3."""
    shapes: ShapeTable
    size: int
    """Bytes."""


def read_index(entries: Entries, data: memoryview) -> CellIndex:
    """Read the index; raises `MapUnreadableError` for an unknown version and for all that does not fit together."""
    archive, part = entries.name, "cell index"
    version = header(data, b"SZCI", 1, archive, part)[0]
    start = INDEX_HEADER_BYTES.get(version)
    if start is None:
        raise unknown_version(archive, version, "the cell index of its road graph")
    _, nodes, edges, names, name_bytes, cells, scale, *sharding = header(data, b"SZCI", start // 4 - 1, archive, part)
    inline_bytes = 8 * nodes if version == 1 else 0
    if len(data) != start + inline_bytes + TABLE_ROW_BYTES * cells + 4 * (names + 1) + name_bytes:
        raise damaged(archive, "the size of the cell index does not fit its header")
    if not 1 <= scale <= MAX_SCALE:
        raise damaged(archive, "size of the cells")

    sections = Sections(data, start)
    positions: Positions
    if version == 1:
        positions = _InlinePositions(sections.pairs(nodes), archive)
    else:
        positions = _ShardedPositions(entries, nodes, *sharding)
    table = sections.words(5 * cells).reshape(cells, 5)
    place = table[:, :2].astype(np.int32).astype(np.int64)
    counts = table[:, 2:].astype(np.int64)
    keys = _keys(place[:, 0], place[:, 1])
    if (keys[1:] <= keys[:-1]).any() or int(counts[:, 0].sum()) != nodes or int(counts[:, 1].sum()) != edges:
        raise damaged(archive, "table of cells")
    offsets = sections.words(names + 1)
    check_offsets(offsets, name_bytes, archive, "name table")
    return CellIndex(
        archive=archive,
        version=version,
        node_count=nodes,
        edge_count=edges,
        scale=scale,
        lat_cell=place[:, 0],
        lon_cell=place[:, 1],
        counts=counts,
        names=NameTable(offsets, sections.blob(name_bytes)),
        positions=positions,
    )


def read_cell(entries: Entries, index: CellIndex, number: int) -> Cell:
    """Read cell `number`; raises `MapUnreadableError` when it is missing, damaged or not what the index says."""
    archive, part = entries.name, f"cell {number}"
    data = read_entry(entries, f"routing-data/graph-cell-{number:05d}.bin")
    if data is None:
        raise damaged(archive, f"{part} is missing")
    version, stored, nodes, edges, shapes, shape_bytes = header(data, b"SZRC", 6, archive, part)
    if version != 1:
        raise unknown_version(archive, version, "a cell of its road graph")
    if stored != number or [nodes, edges, shapes] != index.counts[number].tolist():
        raise damaged(archive, f"{part} is not the one that the index announces")
    if len(data) != CELL_HEADER_BYTES + 4 * nodes + 4 * (nodes + 1) + 20 * edges + 4 * (shapes + 1) + shape_bytes:
        raise damaged(archive, f"the size of {part} does not fit its header")

    sections = Sections(data, CELL_HEADER_BYTES)
    owned = sections.words(nodes)
    if (owned[1:] <= owned[:-1]).any() or (nodes and owned[-1] >= index.node_count):
        raise damaged(archive, f"nodes of {part}")
    first = sections.words(nodes + 1)
    check_rows(first, edges, archive, f"offsets of the nodes of {part}")
    words = sections.words(5 * edges).reshape(edges, 5)
    check_links(words[:, 0], index.node_count, archive)
    check_shapes(words[:, 2], shapes, archive)
    offsets = sections.words(shapes + 1)
    check_offsets(offsets, shape_bytes, archive, f"geometry table of {part}")
    return Cell(number, owned, first, words, ShapeTable(offsets, sections.blob(shape_bytes), archive), len(data))


class _InlinePositions:
    """The node table inside an index of version 1."""

    def __init__(self, table: npt.NDArray[np.int32], archive: str) -> None:
        self._table = table
        self._archive = archive

    def take(self, nodes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
        positions = self._table[nodes]
        check_positions(positions[:, 0], positions[:, 1], self._archive, "node table")
        return positions


class _ShardedPositions:
    """The node table of version 2: shards of `per_shard` nodes, read when a node of theirs is wanted."""

    def __init__(self, entries: Entries, nodes: int, shards: int, per_shard: int) -> None:
        if shards > MAX_SHARDS or shards != (-(-nodes // per_shard) if per_shard else 0) or (nodes and not shards):
            raise damaged(entries.name, "number of node tables")
        self._entries = entries
        self._nodes = nodes
        self._shards = shards
        self._per_shard = per_shard
        self._cache: OrderedDict[int, npt.NDArray[np.int32]] = OrderedDict()

    def take(self, nodes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
        positions = np.empty((len(nodes), 2), np.int32)
        cuts = np.searchsorted(nodes, np.arange(self._shards + 1, dtype=np.int64) * self._per_shard)
        for shard in np.flatnonzero(cuts[1:] > cuts[:-1]).tolist():
            part = slice(cuts[shard], cuts[shard + 1])
            positions[part] = self._shard(shard)[nodes[part] - np.uint32(shard * self._per_shard)]
        check_positions(positions[:, 0], positions[:, 1], self._entries.name, "node table")
        return positions

    def _shard(self, number: int) -> npt.NDArray[np.int32]:
        """Return one shard: (n, 2) degrees times 10^7, [lat, lon]."""
        if number in self._cache:
            self._cache.move_to_end(number)
            return self._cache[number]
        data = read_entry(self._entries, f"routing-data/nodes-scaled-{number:03d}.bin")
        expected = min(self._per_shard, self._nodes - number * self._per_shard)
        if data is None or len(data) != 8 * expected:
            raise damaged(self._entries.name, f"node table {number}")
        self._cache[number] = Sections(data, 0).pairs(expected)
        while len(self._cache) > 1 and sum(table.nbytes for table in self._cache.values()) > SHARD_CACHE_BYTES:
            self._cache.popitem(last=False)
        return self._cache[number]


def _keys(lat_cell: npt.NDArray[np.int64], lon_cell: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return one number per pair of i32 that orders as the pairs do."""
    return (lat_cell << 32) + lon_cell
