"""Every layout of the road graph passes, and damage of its own kinds is told."""

from collections.abc import Callable

import pytest
from tests.archives.check.damage import (
    CELL,
    CELLS,
    GRAPH,
    META,
    Change,
    Files,
    as_json,
    cut,
    edited,
    of_all,
    put,
    removed,
    sharded,
    word,
)

from zimfo_archives.map.layouts import LAYOUTS, Layout

JSON = "routing-data/graph.json"
SHARD = "routing-data/nodes-scaled-000.bin"


def chunk_manifest(**change: object) -> Change:
    """A change of the manifest of the chunks."""
    return edited("routing-data/graph-chunk-manifest.json", lambda manifest: manifest.update(change))


def edge_of_json(place: int, value: object) -> Change:
    """A change of the first edge in graph.json."""
    return edited(JSON, lambda graph: next(filter(None, graph["adj"]))[0].__setitem__(place, value))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_map_that_was_built_passes(errors: Callable[..., list[str]], layout: Layout):
    assert errors(lambda files: None, layout) == []


@pytest.mark.parametrize(
    ("layout", "change", "told"),
    [
        ("split", removed("routing-data/graph-geoms.bin"), "graph-geoms.bin: is missing"),
        ("split", word("routing-data/graph-geoms.bin", 0, 0), "does not begin with SZGM"),
        ("split", word("routing-data/graph-geoms.bin", 8, 1), "with 1 geometries; the graph has"),
        ("split", cut("routing-data/graph-geoms.bin"), "takes another number"),
        ("split", word(GRAPH, 20, 4), "which version 5 keeps elsewhere"),
        ("chunked", removed("routing-data/graph-chunk-0000.bin"), "graph-chunk-0000.bin: is missing"),
        ("chunked", cut("routing-data/graph-chunk-0000.bin"), "the manifest says"),
        (
            "chunked",
            word("routing-data/graph-chunk-0000.bin", 40, 1),
            ("do not have the sum that sha256 says", "the chunks together are not graph.bin"),
        ),
        ("chunked", edited("routing-data/graph-chunk-manifest.json", lambda m: m.update(schema=2)), "schema 2"),
        ("chunked", edited("routing-data/graph-chunk-manifest.json", lambda m: m.update(chunks=[1])), "does not list"),
        ("chunked", edited("routing-data/graph-chunk-manifest.json", lambda m: m.update(total_bytes=1)), "total_bytes"),
        ("cells", word(CELLS, 0, 0), "does not begin with SZCI"),
        ("cells", word(CELLS, 4, 3), "has the unknown version 3"),
        ("cells", word(CELLS, 8, 0x7FFFFFFF), "what its header counts takes"),
        ("cells", word(CELLS, 28, 0), "or no scale: 0"),
        ("cells", word(CELLS, 28, 20), "nodes lie in another cell"),
        ("cells", removed(CELL), "graph-cell-00000.bin: is missing"),
        ("cells", word(CELL, 0, 0), "does not begin with SZRC"),
        ("cells", word(CELL, 8, 5), "of cell 5"),
        ("cells", word(CELL, 12, 1), "the index says"),
        ("cells", cut(CELL), "what its header counts takes"),
        ("cells", word(CELL, 28, 6), "its nodes are not in ascending order"),
        ("chunked", of_all(removed(GRAPH), cut("routing-data/graph-chunk-0000.bin")), "the manifest says"),
        ("chunked", chunk_manifest(chunks=[{"path": "x"}]), "does not list chunks with their paths and bytes"),
        ("chunked", chunk_manifest(sha256="0"), "do not have the sum that sha256 says"),
        ("chunked", chunk_manifest(total_bytes=10**30), "total_bytes is a number of more than 18 digits"),
        (
            "chunked",
            chunk_manifest(chunks=[{"path": "graph-chunk-0000.bin", "bytes": 10**9}] * 7, total_bytes=7 * 10**9),
            "its chunks have 7000000000, of at most 6,000,000,000",
        ),
        ("single", of_all(as_json, put(JSON, b"{}")), "does not have the lists nodes, adj and geom"),
        ("single", of_all(as_json, edited(JSON, lambda g: g["nodes"].pop() and None)), "coordinates for"),
        ("single", of_all(as_json, edited(JSON, lambda g: g["nodes"].__setitem__(0, "1"))), "coordinates for"),
        ("single", of_all(as_json, edited(JSON, lambda g: g["adj"].__setitem__(0, 1))), "an edge is not [target"),
        ("single", of_all(as_json, edge_of_json(0, 1.5)), "an edge is not [target"),
        ("single", of_all(as_json, edge_of_json(0, 99)), "an edge names a node that is none of the"),
        ("single", of_all(as_json, edge_of_json(1, 1)), "shorter than a straight line"),
        ("single", of_all(as_json, edge_of_json(1, 10**400)), "an edge is not [target"),
        ("single", of_all(as_json, edge_of_json(2, 0)), "1 edges have no speed"),
        ("single", of_all(as_json, edge_of_json(3, 99)), "an edge names a geometry that is none of the"),
        ("single", of_all(as_json, edited(JSON, lambda g: g["geom"][0].append([200, 0]))), "geometry 0 is no list"),
        ("cells", of_all(sharded, cut(SHARD)), "has 15 bytes instead of 16"),
        ("cells", of_all(sharded, removed(SHARD)), "nodes-scaled-000.bin: is missing"),
        ("cells", of_all(sharded, word(CELLS, 32, 9)), "has 9 shards of 2 for"),
        ("cells", of_all(sharded, word(CELLS, 36, 0)), "shards of 0 for"),
        ("cells", word(CELLS, 24, 0xFFFFFFFF), "what its header counts takes"),
        ("cells", word(CELL, 4, 2), "is version 2 of cell 0"),
    ],
)
def test_damage_of_layouts_is_told(
    errors: Callable[..., list[str]], layout: Layout, change: Change, told: str | tuple[str, ...]
):
    expected = (told,) if isinstance(told, str) else told
    found = errors(change, layout)
    assert len(found) == len(expected), found
    for text, line in zip(expected, found, strict=True):
        assert text in line


def test_shards_of_nodes_are_no_error(errors: Callable[..., list[str]]):
    assert errors(sharded, "cells") == []


def test_layouts_that_differ_are_told(errors: Callable[..., list[str]], maps: dict[Layout, Files]):
    def with_less(files: Files) -> None:
        as_json(files)
        edited(JSON, lambda graph: next(filter(None, graph["adj"])).pop() and None)(files)
        files[GRAPH] = maps["single"][GRAPH]
        del files[META]

    (found,) = errors(with_less)
    assert "the layouts of the road graph differ: json has" in found
