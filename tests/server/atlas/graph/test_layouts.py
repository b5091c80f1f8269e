"""Every layout is read as the graph that it stores: small ones written here, and every archive of the shared data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
from tests.server.atlas.graph.encode import FOLDER, MemoryEntries, Sample, cells, chunks, layouts, sample_of, szgm, szrg

from zimfo_server.atlas.graph.load import WholeSource, open_graph
from zimfo_server.atlas.graph.model import NO_SHAPE, RoadGraph
from zimfo_server.atlas.graph.tables import ShapeTable
from zimfo_server.library.archive import OpenArchive

OpenStreets = Callable[[str], OpenArchive]

HELSINKI = (3_737, 9_478, 1_889)
MALTA = (33_766, 83_004, 30_555)
ANDORRA = (6_957, 16_185, 11_480)
MONACO = (3_164, 7_556, 3_078)
# Layout, and nodes, edges and geometries as streetzim-format.md section 9 has them. Cells repeat the geometries that
# they share, so their number says nothing there.
ARCHIVES = {
    "andorra-spatial-szci2-s10": ("SZCI 2", ANDORRA),
    "andorra-v4-head": ("SZRG 4", ANDORRA),
    "andorra-v5-split-head": ("SZRG 5", ANDORRA),
    "helsinki-json-fe5d023": ("JSON", (3_606, 8_665, 1_668)),
    "helsinki-repack-split-head": ("SZRG 5", HELSINKI),
    "helsinki-spatial-szci1-s1": ("SZCI 1", HELSINKI),
    "helsinki-spatial-szci1-s10": ("SZCI 1", HELSINKI),
    "helsinki-spatial-szci1-s100": ("SZCI 1", HELSINKI),
    "helsinki-spatial-szci2-s1": ("SZCI 2", HELSINKI),
    "helsinki-spatial-szci2-s10": ("SZCI 2", HELSINKI),
    "helsinki-spatial-szci2-s100": ("SZCI 2", HELSINKI),
    "helsinki-v2-8c722af": ("SZRG 2", (3_606, 8_665, 1_668)),
    "helsinki-v3-8311df3": ("SZRG 3", HELSINKI),
    "helsinki-v4-6485510": ("SZRG 4", HELSINKI),
    "helsinki-v4-chunked-hotsplit-head": ("SZRG 4", HELSINKI),
    "helsinki-v4-head": ("SZRG 4", HELSINKI),
    "helsinki-v4-hotsplit2-head": ("SZRG 4", HELSINKI),
    "helsinki-v4-overture-synthetic-head": ("SZRG 4", HELSINKI),
    "helsinki-v4-wikidata-synthetic-head": ("SZRG 4", HELSINKI),
    "helsinki-v5-split-chunked-head": ("SZRG 5", HELSINKI),
    "helsinki-v5-split-head": ("SZRG 5", HELSINKI),
    "malta-spatial-szci2-s10-4shards": ("SZCI 2", MALTA),
    "malta-spatial-szci2-s10": ("SZCI 2", MALTA),
    "malta-v4-head": ("SZRG 4", MALTA),
    "milan-v4-head": ("SZRG 4", (54_554, 125_023, 50_849)),
    "monaco-chunkonly-48ce0a6": ("SZRG 4 in chunks", MONACO),
    "monaco-hotsplit-emptyparent-head": ("SZRG 4", MONACO),
    "monaco-v4-head": ("SZRG 4", MONACO),
}


def whole(entries: MemoryEntries | OpenArchive) -> RoadGraph:
    source = open_graph(entries)
    assert isinstance(source, WholeSource)
    graph = source.around([], 0)
    assert graph.stub is None
    assert source.layout == graph.layout
    assert source.widened(graph, np.array([0])) is graph
    return graph


def assert_same(graph: RoadGraph, other: RoadGraph, *, access: bool = True, names: bool = True) -> None:
    """Assert that two graphs are the same edge for edge, with the lines and names that are drawn."""
    for column in ("lat", "lon", "first", "target", "decimetres", "speed"):
        npt.assert_array_equal(getattr(graph, column), getattr(other, column), column)
    if access:
        assert graph.access is not None
        assert other.access is not None
        npt.assert_array_equal(graph.access, other.access)
    if names:
        npt.assert_array_equal(graph.name, other.name)
        indices = np.unique(graph.name).tolist()
        assert [graph.names.text(i) for i in indices] == [other.names.text(i) for i in indices]
    npt.assert_array_equal(graph.shape == NO_SHAPE, other.shape == NO_SHAPE)
    mine, theirs = lines(graph), lines(other)
    npt.assert_array_equal([len(line) for line in mine], [len(line) for line in theirs])
    npt.assert_allclose(np.concatenate(mine), np.concatenate(theirs), rtol=0, atol=1e-9)


def lines(graph: RoadGraph) -> list[np.ndarray]:
    """Return the interior points of every edge, each geometry decoded once."""
    indices, place = np.unique(graph.shape, return_inverse=True)
    shapes = [np.empty((0, 2)) if i == NO_SHAPE else graph.shapes.points(int(i)) for i in indices]
    return [shapes[i] for i in place]


@pytest.mark.parametrize("layout", sorted(layouts(Sample([(0, 1)], []))))
def test_a_layout_is_found_by_its_entries_and_read(town: Sample, layout: str):
    graph = whole(layouts(town)[layout])

    assert graph.layout == layout
    assert [graph.position(node) for node in range(5)] == pytest.approx(np.array(town.positions) / 1e7)
    assert graph.first.tolist() == [0, 2, 3, 3, 4, 6]
    sources = [graph.source(edge) for edge in range(graph.edge_count)]
    assert sources == [edge.source for edge in town.edges]
    assert graph.target.tolist() == [edge.target for edge in town.edges]
    assert graph.decimetres.tolist() == [edge.decimetres for edge in town.edges]
    assert graph.speed.tolist() == [edge.speed for edge in town.edges]
    for number, edge in enumerate(town.edges):
        inside = town.shapes[edge.shape] if edge.shape >= 0 else []
        line = [town.positions[edge.source], *inside, town.positions[edge.target]]
        npt.assert_allclose(graph.line(number), np.array(line) / 1e7, rtol=0, atol=1e-10)
    classes = layout not in ("JSON", "SZRG 2", "SZRG 3")
    assert (graph.access is not None) is classes
    if graph.access is not None:
        assert graph.access.tolist() == [edge.access for edge in town.edges]
    if layout != "JSON":
        assert [graph.names.text(int(name)) for name in graph.name] == [town.names[edge.name] for edge in town.edges]
    assert graph.names.text(99) == graph.names.text(0) == ""


@pytest.mark.parametrize("layout", sorted(layouts(Sample([(0, 1)], []))))
def test_what_the_search_runs_over_is_laid_out_the_same_in_every_layout(town: Sample, layout: str):
    # Compiled code is made anew for every kind of array, and archives align their entries as they like.
    entries = layouts(town)[layout]
    graph = whole(entries)

    for column in ("lat", "lon", "first", "target", "decimetres", "speed"):
        flags = getattr(graph, column).flags
        assert flags.c_contiguous, column
        assert flags.aligned, column
        assert flags.writeable, column


def test_reserved_access_bits_are_masked(town: Sample):
    clean = whole(MemoryEntries({FOLDER + "graph.bin": szrg(town, 4)}))
    town.edges = [edge._replace(access=edge.access | 0xFFFFFE00) for edge in town.edges]

    for entries in (layouts(town)["SZRG 4"], layouts(town)["SZCI 2"]):
        assert_same(whole(entries), clean)


def test_an_unaligned_entry_is_read(town: Sample):
    shifted = memoryview(b"x" + szrg(town, 4))[1:]
    entries = MemoryEntries({FOLDER + "graph.bin": b""})
    entries.data = lambda path: shifted  # type: ignore[method-assign]

    assert_same(whole(entries), whole(layouts(town)["SZRG 4"]))


def test_version_5_without_companion_has_straight_roads(town: Sample):
    graph = whole(MemoryEntries({FOLDER + "graph.bin": szrg(town, 5)}))

    assert [len(graph.line(edge)) for edge in range(graph.edge_count)] == [2] * 6


def test_a_broken_first_choice_leaves_the_next(town: Sample):
    binary, chunked, tree = layouts(town)["SZRG 4"], layouts(town)["SZRG 4 in chunks"], layouts(town)["JSON"]
    index = {FOLDER + "graph-cells-index.bin": b"SZCI\x63\0\0\0"}

    assert whole(MemoryEntries({**tree.entries, **chunked.entries, **binary.entries, **index})).layout == "SZRG 4"
    damaged = {FOLDER + "graph.bin": b"SZRG", **index}
    assert whole(MemoryEntries({**tree.entries, **chunked.entries, **damaged})).layout == "SZRG 4 in chunks"
    chunked.entries[FOLDER + "graph-chunk-0001.bin"] = b""
    assert whole(MemoryEntries({**tree.entries, **chunked.entries, **damaged})).layout == "JSON"


def test_a_cell_that_is_missing_leaves_the_single_file(town: Sample):
    entries = cells(town, 2, 10)
    del entries[FOLDER + "graph-cell-00002.bin"]

    assert whole(MemoryEntries({**entries, FOLDER + "graph.bin": szrg(town, 3)})).layout == "SZRG 3"


@pytest.mark.parametrize("layout", sorted(layouts(Sample([(0, 1)], []))))
def test_a_region_without_roads_is_an_empty_graph(layout: str):
    graph = whole(layouts(Sample([(0, 1)], []))[layout])

    assert (graph.node_count, graph.edge_count) == (1, 0)


def test_a_graph_without_nodes_is_read():
    for entries in layouts(Sample([], [])).values():
        assert whole(entries).first.tolist() == [0]


def test_version_2_with_more_geometries_than_it_can_number_has_straight_roads(town: Sample):
    count = 0xFFFFFF + 1
    body = szrg(Sample(town.positions, town.edges), 2)
    nodes_and_edges = 32 + 8 * 5 + 4 * 6 + 16 * 6
    crowded = bytearray(body[:nodes_and_edges] + bytes(4 * count) + body[nodes_and_edges:])
    crowded[16:20] = count.to_bytes(4, "little")
    graph = whole(MemoryEntries({FOLDER + "graph.bin": bytes(crowded)}))

    assert (graph.shape == NO_SHAPE).all()
    assert len(graph.line(0)) == 2


@pytest.mark.parametrize("name", ARCHIVES)
def test_real_archive_has_the_documented_size(open_streets: OpenStreets, name: str):
    layout, (nodes, edges, shapes) = ARCHIVES[name]
    graph = whole(open_streets(name))

    assert (graph.layout, graph.node_count, graph.edge_count) == (layout, nodes, edges)
    if isinstance(graph.shapes, ShapeTable):
        assert len(graph.shapes) == shapes
    roads = np.repeat(np.arange(nodes), np.diff(graph.first))
    assert (graph.lat[roads] != 0).all()


def test_the_list_of_archives_is_complete(shared_data: Path):
    assert {file.stem for file in (shared_data / "streetzim").glob("*.zim")} == set(ARCHIVES)


@pytest.mark.parametrize(
    "name",
    [name for name in ARCHIVES if not name.endswith("-v4-head") and name.split("-")[1] not in ("json", "v2", "v3")],
)
def test_a_real_archive_holds_the_graph_of_its_region(open_streets: OpenStreets, name: str):
    assert_same(whole(open_streets(name)), whole(open_streets(f"{name.split('-')[0]}-v4-head")))


def test_version_3_is_version_4_without_classes(open_streets: OpenStreets):
    assert_same(
        whole(open_streets("helsinki-v3-8311df3")), whole(open_streets("helsinki-v4-head")), access=False, names=True
    )


def test_json_is_version_2_without_names(open_streets: OpenStreets):
    first, second = whole(open_streets("helsinki-json-fe5d023")), whole(open_streets("helsinki-v2-8c722af"))

    assert_same(first, second, access=False, names=False)


def test_writing_what_was_read_gives_the_bytes_of_the_archive(open_streets: OpenStreets):
    # Nothing of a file is overlooked, and the writers that other tests rely on are those of the format.
    def assert_stored(name: str, written: dict[str, bytes]) -> None:
        archive = open_streets(name)
        for path, data in written.items():
            assert bytes(archive.data(path) or b"") == data, (name, path)

    for name, version in (("helsinki-v2-8c722af", 2), ("helsinki-v3-8311df3", 3), ("milan-v4-head", 4)):
        assert_stored(name, {FOLDER + "graph.bin": szrg(sample_of(whole(open_streets(name))), version)})

    split = "helsinki-v5-split-chunked-head"
    helsinki = sample_of(whole(open_streets(split)))
    assert_stored(split, {FOLDER + "graph.bin": szrg(helsinki, 5)})
    assert_stored(split, chunks(szrg(helsinki, 5), "graph", 65536))
    assert_stored(split, chunks(szgm(helsinki), "graph-geoms", 65536))
    assert_stored("helsinki-spatial-szci1-s1", cells(helsinki, 1, 1))
    assert_stored("helsinki-spatial-szci2-s100", cells(helsinki, 2, 100))
    malta = sample_of(whole(open_streets("malta-v4-head")))
    assert_stored("malta-spatial-szci2-s10-4shards", cells(malta, 2, 10, per_shard=10_000))
