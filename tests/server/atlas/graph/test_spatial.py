"""A part of a spatial graph is the whole graph, restricted to the cells around the positions."""

from collections.abc import Callable

import numpy as np
import numpy.testing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.atlas.graph.encode import E7, FOLDER, MemoryEntries, Sample, SampleEdge, cells, szrg

from zimfo_server.atlas.graph.cells import read_index
from zimfo_server.atlas.graph.load import open_graph
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.graph.spatial import SpatialSource
from zimfo_server.errors import NoRouteError
from zimfo_server.library.archive import OpenArchive
from zimfo_shared.sphere import haversine_m

OpenStreets = Callable[[str], OpenArchive]


def in_parts(entries: MemoryEntries | OpenArchive) -> SpatialSource:
    source = open_graph(entries, whole_edges=0)
    assert isinstance(source, SpatialSource)
    return source


def small_source(sample: Sample, **limits: int) -> tuple[SpatialSource, MemoryEntries]:
    entries = MemoryEntries(cells(sample, 2, 10, per_shard=2))
    index = read_index(entries, memoryview(entries.entries[FOLDER + "graph-cells-index.bin"]))
    return SpatialSource(entries, index, **limits), entries


def chain(*positions: tuple[float, float]) -> Sample:
    """Return a road in both directions through positions in degrees."""
    nodes = [(round(lat * E7), round(lon * E7)) for lat, lon in positions]
    steps = [(node, node + way) for node in range(len(nodes)) for way in (-1, 1) if 0 <= node + way < len(nodes)]
    return Sample(nodes, [SampleEdge(source, target) for source, target in steps])


def cell_keys(graph: RoadGraph, scale: int) -> np.ndarray:
    """Return (lat_cell, lon_cell) of every node."""
    return np.column_stack([graph.lat, graph.lon]).astype(np.int64) * scale // E7


def assert_restricted(part: RoadGraph, whole: RoadGraph, loaded: np.ndarray) -> None:
    """Assert that `part` is `whole` with the edges of the nodes `loaded` (bool per node of `whole`) only."""
    sources = np.repeat(np.arange(whole.node_count), np.diff(whole.first))
    edges = np.flatnonzero(loaded[sources])
    nodes = np.union1d(np.flatnonzero(loaded), whole.target[edges])
    assert part.stub is not None
    npt.assert_array_equal(part.stub, ~loaded[nodes])
    npt.assert_array_equal(part.lat, whole.lat[nodes])
    npt.assert_array_equal(part.lon, whole.lon[nodes])
    npt.assert_array_equal(np.diff(part.first), np.where(loaded[nodes], np.diff(whole.first)[nodes], 0))
    npt.assert_array_equal(nodes[part.target], whole.target[edges])
    for column in ("decimetres", "speed", "name", "access"):
        npt.assert_array_equal(getattr(part, column), getattr(whole, column)[edges])
    for mine, theirs in list(enumerate(edges.tolist()))[:: max(1, len(edges) // 200)]:
        npt.assert_array_equal(part.line(mine), whole.line(theirs))
        assert part.names.text(int(part.name[mine])) == whole.names.text(int(whole.name[theirs]))


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("helsinki-spatial-szci1-s100", 100),
        ("helsinki-spatial-szci2-s100", 100),
        ("andorra-spatial-szci2-s10", 10),
        ("malta-spatial-szci2-s10", 10),
        ("malta-spatial-szci2-s10-4shards", 10),
    ],
)
def test_a_part_is_the_whole_graph_restricted_to_the_cells_of_a_box(open_streets: OpenStreets, name: str, scale: int):
    source = in_parts(open_streets(name))
    whole = open_graph(open_streets(name)).around([], 0)
    keys = cell_keys(whole, scale)
    stored = {tuple(key): number for number, key in enumerate(np.unique(keys, axis=0).tolist())}
    real = np.flatnonzero(whole.lat)
    random = np.random.default_rng(7)
    sizes = set()
    for _ in range(12):
        places = [whole.position(int(node)) for node in random.choice(real, 2)]
        span = (random.random() * 0.5) ** 2
        places[1] = tuple(np.array(places[0]) + (np.array(places[1]) - places[0]) * span)
        part = source.around(places, 0)

        south, west = np.floor(np.min(places, axis=0) * scale)
        north, east = np.floor(np.max(places, axis=0) * scale)
        inside = (keys[:, 0] >= south) & (keys[:, 0] <= north) & (keys[:, 1] >= west) & (keys[:, 1] <= east)
        assert_restricted(part, whole, inside)
        assert part.cell is not None
        npt.assert_array_equal(part.cell, [stored[tuple(key)] for key in cell_keys(part, scale).tolist()])
        sizes.add(part.edge_count)

        assert part.stub is not None
        if stubs := np.flatnonzero(part.stub).tolist():
            stub = stubs[len(stubs) // 2]
            near = np.abs(keys - cell_keys(part, scale)[stub]).max(axis=1) <= 1
            assert_restricted(source.widened(part, np.array([stub])), whole, inside | near)
    assert len(sizes) > 2


def test_widening_at_every_stub_ends_with_all_that_is_connected(open_streets: OpenStreets):
    source = in_parts(open_streets("andorra-spatial-szci2-s10"))
    part = source.around([(42.5063, 1.5218)], 0)
    for _ in range(20):
        assert part.stub is not None
        if not part.stub.any():
            break
        part = source.widened(part, np.flatnonzero(part.stub))

    assert part.edge_count == open_graph(open_streets("andorra-v4-head")).around([], 0).edge_count


def test_only_the_cells_and_node_tables_that_are_needed_are_read():
    source, entries = small_source(chain((50.01, 8.0), (50.02, 8.0), (50.51, 8.0), (50.52, 8.0), (50.91, 8.0)))
    entries.read.clear()
    part = source.around([(50.5, 8.0)], 1000)

    # The cell's neighbours along the road lie in all three node tables.
    assert part.stub is not None
    assert part.stub.tolist() == [True, False, False, True]
    assert [path for path in entries.read if "cell" in path] == [FOLDER + "graph-cell-00001.bin"]
    entries.read.clear()
    source.around([(50.5, 8.0)], 500)
    assert entries.read == []
    source.widened(part, np.array([0]))
    assert entries.read == [FOLDER + "graph-cell-00000.bin"]


def test_cells_beyond_the_memory_for_them_are_read_again():
    source, entries = small_source(chain((50.01, 8.0), (50.51, 8.0)), cache_bytes=0)
    for _ in range(2):
        entries.read.clear()
        assert source.around([(50.5, 8.0)], 0).edge_count == 1
        assert FOLDER + "graph-cell-00001.bin" in entries.read


def test_a_box_may_cross_the_antimeridian():
    sample = chain((-17.0, 179.85), (-17.0, 179.95), (-17.0, -179.95), (-17.0, -179.85), (-17.0, 0.0))
    source, _ = small_source(sample)

    def loaded(part: RoadGraph) -> list[float]:
        assert part.stub is not None
        return sorted((part.lon[~part.stub] / E7).tolist())

    fiji = [-179.95, -179.85, 179.85, 179.95]
    assert loaded(source.around([(-17.0, 179.86), (-17.0, -179.86)], 0)) == fiji
    assert loaded(source.around([(-17.0, -179.86), (-17.0, 179.86)], 0)) == fiji
    assert loaded(source.around([(-17.0, 179.99)], 3_000)) == [-179.95, 179.95]
    west = source.around([(-17.0, -179.85)], 0)
    assert loaded(west) == [-179.85]
    assert loaded(source.widened(west, np.flatnonzero(west.lon / E7 == -179.95))) == [-179.95, -179.85, 179.95]
    assert loaded(source.around([(-17.0, -180.0), (-17.0, 180.0)], 6_000)) == [-179.95, 179.95]


def test_positions_without_roads_near_them_give_an_empty_part(town: Sample):
    source, _ = small_source(town)
    for positions in ([], [(-45.0, 100.0)], [(90.0, 0.0)], [(float("nan"), 0.0)]):
        assert source.around(positions, 100).node_count == 0


def test_a_part_with_too_many_roads_is_refused_with_advice():
    source, _ = small_source(chain(*((50 + step / 10, 8.0) for step in range(9))), max_edges=8)
    part = source.around([(50.05, 8.0), (50.35, 8.0)], 0)

    assert part.edge_count == 7
    with pytest.raises(NoRouteError, match=r"too far apart for the map 'streets'.* in stages"):
        source.around([(50.05, 8.0), (50.55, 8.0)], 0)
    with pytest.raises(NoRouteError, match="too far apart"):
        source.widened(part, np.array([4]))


coordinates = st.tuples(st.integers(-90 * E7, 90 * E7), st.integers(-180 * E7, 180 * E7))


@given(st.lists(coordinates, min_size=1, max_size=12), st.lists(coordinates, min_size=1, max_size=3), st.data())
def test_all_nodes_within_the_margin_are_loaded(nodes: list[tuple[int, int]], ends: list[tuple[int, int]], data):
    margin = data.draw(st.sampled_from([0, 10, 10_000, 1_000_000]))
    nodes += [(max(-90 * E7, lat - 7), lon) for lat, lon in ends]  # some that are near
    entries = MemoryEntries(cells(Sample(nodes, []), 1, data.draw(st.sampled_from([1, 3, 10, 1000]))))
    index = read_index(entries, memoryview(entries.entries[FOLDER + "graph-cells-index.bin"]))
    positions = [(lat / E7, lon / E7) for lat, lon in ends]
    part = SpatialSource(entries, index).around(positions, margin + 1)  # 1 m for rounding
    loaded = set(zip(part.lat.tolist(), part.lon.tolist(), strict=True))

    for lat, lon in nodes:
        if min(haversine_m(lat / E7, lon / E7, *position) for position in positions) <= margin:
            assert (lat, lon) in loaded


@given(st.lists(coordinates, min_size=1, max_size=20), st.data())
def test_cells_put_together_are_the_single_file(nodes: list[tuple[int, int]], data):
    ends = st.integers(0, len(nodes) - 1)
    rows = data.draw(st.lists(st.tuples(ends, ends, st.integers(0, 10**6), st.integers(0, 255), st.integers(-1, 1))))
    edges = [SampleEdge(*row) for row in sorted(rows)]
    sample = Sample(nodes, edges, [[(5, 6)], [(7, 8), (-9, 10)]])
    scale, version = data.draw(st.sampled_from([1, 10, 10_000])), data.draw(st.sampled_from([1, 2]))
    joined = open_graph(MemoryEntries(cells(sample, version, scale, per_shard=3))).around([], 0)
    single = open_graph(MemoryEntries({FOLDER + "graph.bin": szrg(sample, 4)})).around([], 0)

    for column in ("lat", "lon", "first", "target", "decimetres", "speed", "name", "access"):
        npt.assert_array_equal(getattr(joined, column), getattr(single, column))
    for edge in range(len(edges)):
        npt.assert_array_equal(joined.line(edge), single.line(edge))
