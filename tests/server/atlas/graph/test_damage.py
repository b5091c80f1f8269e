"""Whatever is wrong with a road graph, the answer is one clear error: no traceback, no large allocation, no guess."""

import contextlib
import json
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.atlas.graph.encode import (
    FOLDER,
    MemoryEntries,
    Sample,
    SampleEdge,
    cells,
    json_graph,
    layouts,
    szgm,
    szrg,
)

from zimfo_server.atlas.graph import json_graph as json_reader
from zimfo_server.atlas.graph.load import open_graph
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.errors import MapUnreadableError

GRAPH, COMPANION, INDEX = FOLDER + "graph.bin", FOLDER + "graph-geoms.bin", FOLDER + "graph-cells-index.bin"
MANIFEST = FOLDER + "graph-chunk-manifest.json"
LAYOUTS = sorted(layouts(Sample([(0, 1)], [])))
SMALL = Sample(
    positions=[(601700000, 249400000), (601700500, 249410000), (602900000, 249400007)],
    edges=[SampleEdge(0, 1, 1234, 50, 0, 1, 7), SampleEdge(0, 2, 9, 100, -1, 0, 1), SampleEdge(2, 0, 7, 5, 1, 1, 17)],
    shapes=[[(601700000, 249400000), (601699995, 249400010)], [(601700100, 249409000)]],
    names=["", "Hämeentie (45)"],
)
# Where the sections of the town in version 4 begin: 5 nodes, 6 edges of 5 words.
NODES, ROWS, EDGES, SHAPES = 32, 32 + 40, 32 + 40 + 24, 32 + 40 + 24 + 120


def use(graph: RoadGraph) -> None:
    """Look at everything that a graph holds."""
    for edge in range(graph.edge_count):
        line = graph.line(edge)
        assert np.abs(line[:, 0]).max() <= 90
        assert np.abs(line[:, 1]).max() <= 180
        graph.names.text(int(graph.name[edge]))


def use_all(entries: MemoryEntries) -> None:
    """Open and use a graph whole, and where it is spatial also in parts."""
    use(open_graph(entries).around([], 0))
    source = open_graph(entries, whole_edges=0)
    part = source.around([(60.17, 24.94)], 20_000)
    use(part)
    if part.stub is not None:
        use(source.widened(part, np.flatnonzero(part.stub)))


def reason(entries: MemoryEntries) -> str:
    """Return what is said about a graph that cannot be used."""
    with pytest.raises(MapUnreadableError) as caught:
        use_all(entries)
    assert caught.value.archive == "streets"
    assert caught.value.reason.endswith("the place tools of this map keep working")
    return caught.value.reason


def patched(data: bytes, at: int, *words: int) -> bytes:
    return data[:at] + struct.pack(f"<{len(words)}I", *words) + data[at + 4 * len(words) :]


def test_an_archive_without_a_graph_says_so():
    with pytest.raises(MapUnreadableError, match="no road graph"):
        open_graph(MemoryEntries({"map-config.json": b"{}"}))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_entry_of_another_length_is_refused(town: Sample, layout: str):
    entries = layouts(town)[layout]
    for path, data in list(entries.entries.items()):
        for length in range(len(data)):
            entries.entries[path] = data[:length]
            assert "damaged" in reason(entries), (path, length)
        entries.entries[path] = data + b"\0"
        assert "damaged" in reason(entries), path
        entries.entries[path] = data


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_missing_entry_is_refused(town: Sample, layout: str):
    entries = layouts(town)[layout]
    for path in [
        path for path in entries.entries if path not in (COMPANION, FOLDER + "graph-geoms-chunk-manifest.json")
    ]:
        data = entries.entries.pop(path)
        with pytest.raises(MapUnreadableError):
            use_all(entries)
        entries.entries[path] = data


def test_an_entry_that_leads_nowhere_is_refused():
    entries = MemoryEntries({})
    entries.has = lambda path: path == GRAPH  # type: ignore[method-assign]

    assert "graph.bin" in reason(entries)


@pytest.mark.parametrize("version", [0, 1, 6, 7, 99])
def test_an_unknown_version_is_named(town: Sample, version: int):
    single = MemoryEntries({GRAPH: patched(szrg(town, 4), 4, version)})
    assert reason(single).startswith(f"its road graph has version {version}, which this version of zimfo cannot read")

    spatial = cells(town, 2, 10)
    index = patched(spatial[INDEX], 4, version if version != 1 else 3)
    assert f"has version {version if version != 1 else 3}," in reason(MemoryEntries({**spatial, INDEX: index}))
    path = FOLDER + "graph-cell-00002.bin"
    cell = patched(spatial[path], 4, version if version != 1 else 2)
    assert "a cell of its road graph has version" in reason(MemoryEntries({**spatial, path: cell}))


def test_an_unknown_version_of_the_companion_or_the_manifest_is_named(town: Sample):
    assert "version 2" in reason(MemoryEntries({GRAPH: szrg(town, 5), COMPANION: szgm(town, version=2)}))
    chunked = layouts(town)["SZRG 4 in chunks"]
    chunked.entries[MANIFEST] = chunked.entries[MANIFEST].replace(b'"schema":1', b'"schema":2')
    assert "version 2" in reason(chunked)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_huge_counts_allocate_nothing(town: Sample, layout: str):
    entries = layouts(town)[layout]
    # Where the counts stand, by the first bytes of a file; version 5 makes no use of the size of its geometries.
    counts = {
        b"SZRG": (8, 12, 16, 24, 28) if layout == "SZRG 5" else range(8, 32, 4),
        b"SZGM": (8, 12),
        b"SZCI": range(8, 32, 4),
        b"SZRC": range(8, 28, 4),
    }
    tracemalloc.start()
    try:
        for path, data in list(entries.entries.items()):
            for at in counts.get(data[:4], ()):
                for count in (0xFFFFFFFF, 0x7FFFFFFF, 0x10000000):
                    entries.entries[path] = patched(data, at, count)
                    assert "damaged" in reason(entries)
            entries.entries[path] = data
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("part", "at", "word"),
    [
        ("node table", NODES, 900_000_001),
        ("node table", NODES + 4, 1_800_000_001),
        ("offsets of the nodes", ROWS, 1),
        ("offsets of the nodes", ROWS + 4, 4),  # above the next
        ("offsets of the nodes", ROWS + 20, 5),  # not all edges
        ("a node that does not exist", EDGES, 5),
        ("a geometry that does not exist", EDGES + 8, 4),
        ("geometry table", SHAPES, 1),
        ("geometry table", SHAPES + 4, 0xFFFFFFF0),
        ("the geometry of an edge", SHAPES + 4, 7),  # cuts the first one's first point
        ("the geometry of an edge", SHAPES + 20, 2_000_000_000),
    ],
)
def test_a_contradiction_is_found(town: Sample, part: str, at: int, word: int):
    assert part in reason(MemoryEntries({GRAPH: patched(szrg(town, 4), at, word)}))


def test_name_offsets_that_fall_are_refused(town: Sample):
    data = szrg(town, 4)
    offsets = len(data) - len("".join(town.names).encode()) - 4 * (len(town.names) + 1)

    assert "name table" in reason(MemoryEntries({GRAPH: patched(data, offsets + 8, 20)}))
    assert "name table" in reason(MemoryEntries({GRAPH: patched(data, offsets + 16, 1000)}))


def test_broken_text_in_a_name_is_replaced_and_a_number_without_name_is_empty(town: Sample):
    town.edges[1] = town.edges[1]._replace(name=77)
    data = szrg(town, 4).replace("Hämeentie".encode(), b"H\xff\xfemeentie")
    graph = open_graph(MemoryEntries({GRAPH: data})).around([], 0)

    assert graph.names.text(int(graph.name[0])) == "H\ufffd\ufffdmeentie (45)"
    assert graph.names.text(int(graph.name[1])) == ""


def test_geometries_of_another_graph_are_refused(town: Sample):
    companion = szgm(Sample([], [], town.shapes[:3]))

    assert "geometries of another graph" in reason(MemoryEntries({GRAPH: szrg(town, 5), COMPANION: companion}))


def manifest_of(town: Sample, **changes: Any) -> MemoryEntries:
    entries = layouts(town)["SZRG 4 in chunks"]
    entries.entries[MANIFEST] = json.dumps({**json.loads(entries.entries[MANIFEST]), **changes}).encode()
    return entries


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"sha256": 5},
        {"total_bytes": 10},
        {"total_bytes": -1},
        {"total_bytes": 10**12},
        {"total_bytes": "500"},
        {"chunks": None},
        {"chunks": [{"path": "graph-chunk-0000.bin", "bytes": 50}] * 2, "total_bytes": 100},
        {"chunks": [{"path": "graph-chunk-0000.bin", "bytes": -50}], "total_bytes": -50},
        {"chunks": [{"path": "graph-chunk-0000.bin", "bytes": 2**31 + 1}], "total_bytes": 2**31 + 1},
        {"chunks": [{"path": f"{number}", "bytes": 0} for number in range(1025)], "total_bytes": 0},
        {"chunks": [], "total_bytes": 0, "sha256": None},
        {"schema": None},
        {"schema": True},
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(town: Sample, changes: dict[str, Any]):
    assert "damaged" in reason(manifest_of(town, **changes))


def test_a_changed_chunk_is_found_by_its_checksum_only(town: Sample):
    entries = manifest_of(town)
    path = FOLDER + "graph-chunk-0002.bin"
    entries.entries[path] = bytes([entries.entries[path][0] ^ 1]) + entries.entries[path][1:]
    assert "checksum" in reason(entries)

    unsigned = manifest_of(town, sha256=None)
    assert open_graph(unsigned).layout == "SZRG 4 in chunks"


def test_a_manifest_that_is_a_bomb_is_refused(town: Sample):
    entries = manifest_of(town)
    entries.entries[MANIFEST] = b"[" * 2**18
    assert "damaged" in reason(entries)
    entries.entries[MANIFEST] = b" " * (2**20 + 1)
    assert "too large" in reason(entries)


def test_a_cell_under_the_number_of_another_is_refused(town: Sample):
    spatial = cells(town, 2, 10)
    first, second = FOLDER + "graph-cell-00001.bin", FOLDER + "graph-cell-00002.bin"

    swapped = MemoryEntries({**spatial, first: spatial[second], second: spatial[first]})
    assert "is not the one that the index announces" in reason(swapped)


def test_a_node_in_the_cell_of_another_place_is_refused(town: Sample):
    spatial = cells(town, 1, 10)
    moved = patched(spatial[INDEX], 32, 602_900_000)  # the first node's latitude

    assert "has nodes of another one" in reason(MemoryEntries({**spatial, INDEX: moved}))
    with pytest.raises(MapUnreadableError, match="has nodes of another one"):
        open_graph(MemoryEntries({**spatial, INDEX: moved}), whole_edges=0).around([(60.17, 24.94)], 0)


@pytest.mark.parametrize("lat", [501_500_001, 700_000_000])
def test_a_target_that_no_cell_has_is_refused(lat: int):
    sample = Sample([(500000000, 80000000), (501500000, 80000000), (500000001, 80000000)], [SampleEdge(1, 2)])
    spatial = cells(sample, 1, 10)
    # The target moves into the cell of the edge, which does not list it, or to where there is no cell.
    spatial[INDEX] = patched(spatial[INDEX], 32 + 16, lat)

    with pytest.raises(MapUnreadableError, match="a node that no cell has"):
        open_graph(MemoryEntries(spatial), whole_edges=0).around([(50.15, 8.0)], 0)


@pytest.mark.parametrize(
    ("at", "words", "part"),
    [
        (28, (0,), "size of the cells"),
        (28, (2**31,), "size of the cells"),
        (32, (3,), "number of node tables"),
        (36, (0,), "number of node tables"),
        (36, (1,), "number of node tables"),
        (40, (5,), "table of cells"),  # the first cell's row goes behind the second's
        (48, (2,), "table of cells"),  # nodes that no longer add up
    ],
)
def test_an_index_that_does_not_fit_is_refused(town: Sample, at: int, words: tuple[int, ...], part: str):
    spatial = cells(town, 2, 10)
    assert part in reason(MemoryEntries({**spatial, INDEX: patched(spatial[INDEX], at, *words)}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("nodes", None),
        ("nodes", [60.0]),
        ("nodes", [[60.0, 24.0]] * 5),
        ("nodes", [None, 24.0] * 5),
        ("nodes", ["a", 24.0] * 5),
        ("nodes", [91.0, 24.0] * 5),
        ("nodes", [60.0, 181.0] * 5),
        ("nodes", [60.0, 24.0] * 4),
        ("nodes", [10**400, 24.0] * 5),
        ("nodes", {"0": 60.0}),
        ("adj", [[]] * 4),
        ("adj", [[], [], [], [], 5]),
        ("adj", [[[5, 1.0, 50, -1]], [], [], [], []]),
        ("adj", [[[-1, 1.0, 50, -1]], [], [], [], []]),
        ("adj", [[[1.5, 1.0, 50, -1]], [], [], [], []]),
        ("adj", [[[1, -1.0, 50, -1]], [], [], [], []]),
        ("adj", [[[1, 1e300, 50, -1]], [], [], [], []]),
        ("adj", [[[1, 1.0, 256, -1]], [], [], [], []]),
        ("adj", [[[1, 1.0, 50, 4]], [], [], [], []]),
        ("adj", [[[1, 1.0, 50, -2]], [], [], [], []]),
        ("adj", [[[1, 1.0, 50]], [], [], [], []]),
        ("adj", [[[1, 1.0, 50, -1], [1]], [], [], [], []]),
        ("adj", [[[1, None, 50, -1]], [], [], [], []]),
        ("geom", None),
        ("geom", [[[24.0, 91.0]]] * 4),
        ("geom", [[[24.0]]] * 4),
        ("geom", [[24.0, 60.0]] * 4),
    ],
)
def test_json_that_is_no_graph_is_refused(town: Sample, key: str, value: Any):
    tree = json.loads(json_graph(town))
    assert "damaged" in reason(MemoryEntries({FOLDER + "graph.json": json.dumps({**tree, key: value}).encode()}))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"5", b"NaN", b"[" * 10**5, b"\xff\xfe", b'{"nodes":[1e999,0],"adj":[[]],"geom":[]}']
)
def test_what_is_no_json_object_is_refused(text: bytes):
    assert "damaged" in reason(MemoryEntries({FOLDER + "graph.json": text}))


def test_json_beyond_the_limit_is_not_parsed(town: Sample, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_reader, "MAX_JSON_BYTES", 100)

    assert "too large" in reason(layouts(town)["JSON"])


@settings(max_examples=400)
@given(st.sampled_from(LAYOUTS), st.data())
def test_random_damage_is_an_error_or_another_graph(layout: str, data):
    entries = layouts(SMALL)[layout]
    for path in [path for path in entries.entries if path.endswith("manifest.json")]:
        # Without a checksum the damage comes through to the reader.
        manifest = {**json.loads(entries.entries[path]), "sha256": None}
        entries.entries[path] = json.dumps(manifest).encode()
    path = data.draw(st.sampled_from(sorted(entries.entries)))
    content = bytearray(entries.entries[path])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.one_of(st.integers(0, 255), st.just(content[at] ^ 0x80)))
    entries.entries[path] = bytes(content)

    with contextlib.suppress(MapUnreadableError):
        use_all(entries)
