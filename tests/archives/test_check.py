"""`zimfo-archives check`: real maps pass, and every kind of damage is told."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from libzim.reader import Archive
from libzim.writer import Creator, Hint, Item, StringProvider
from tests.archives.map_decoder import content, paths

from zimfo_archives.check.report import MAX_SHOWN
from zimfo_archives.check.run import check_archive
from zimfo_archives.cli import main
from zimfo_archives.errors import NotAMapError
from zimfo_archives.map.build import MapOptions, build_streets
from zimfo_archives.map.layouts import LAYOUTS, Layout

GRAPH = "routing-data/graph.bin"
CELLS = "routing-data/graph-cells-index.bin"
CELL = "routing-data/graph-cell-00000.bin"
SEARCH = "search-data/manifest.json"
BROWSE = "category-index/manifest.json"

Files = dict[str, bytes]
Change = Callable[[Files], None]

TOWN = """<osm version="0.6"><bounds minlat="37.0" minlon="-122.0" maxlat="37.2" maxlon="-121.8"/>
{nodes}
<node id="90" lat="37.105" lon="-121.905"><tag k="name" v="Old Cafe"/><tag k="amenity" v="cafe"/></node>
<node id="91" lat="37.11" lon="-121.91"><tag k="name" v="Little Town"/><tag k="place" v="town"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><tag k="highway" v="primary"/>
<tag k="name" v="Main Street"/></way>
<way id="2"><nd ref="3"/><nd ref="5"/><nd ref="6"/><nd ref="7"/><tag k="highway" v="residential"/></way>
</osm>"""
NODES = "".join(f'<node id="{n}" lat="{37.1 + n / 1000:.4f}" lon="{-121.9 + n * n / 10000:.4f}"/>' for n in range(1, 8))


class _Item(Item):  # type: ignore[misc]
    def __init__(self, path: str, data: bytes) -> None:
        super().__init__()
        self._path, self._data = path, data

    def get_path(self) -> str:
        return self._path

    def get_title(self) -> str:
        return ""

    def get_mimetype(self) -> str:
        return "application/octet-stream"

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._data)

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: 0, Hint.COMPRESS: 1}


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[Layout, Files]:
    """The entries of a small map in each layout."""
    folder = tmp_path_factory.mktemp("maps")
    (folder / "town.osm").write_text(TOWN.format(nodes=NODES))
    found: dict[Layout, Files] = {}
    for layout in LAYOUTS:
        build_streets(folder / "town.osm", folder / f"{layout}.zim", MapOptions(layout=layout))
        archive = Archive(folder / f"{layout}.zim")
        found[layout] = {path: content(archive, path) for path in paths(archive)}
    return found


@pytest.fixture
def errors(maps: dict[Layout, Files], tmp_path: Path) -> Callable[..., list[str]]:
    """Change the entries of a map, and return the errors that are found in it."""

    def errors(change: Change, layout: Layout = "single") -> list[str]:
        files = dict(maps[layout])
        change(files)
        target = tmp_path / "map.zim"
        with Creator(target).config_nbworkers(1) as creator:
            creator.set_mainpath("index.html")
            for path, data in files.items():
                creator.add_item(_Item(path, data))
        report = check_archive(target)
        found = [str(finding) for finding in report.findings if finding.severity == "error"]
        assert report.ok == (not found)
        return found

    return errors


def edited(path: str, edit: Callable[[Any], Any]) -> Change:
    """A change of an entry of JSON; the edit changes the value, or returns another."""

    def change(files: Files) -> None:
        value = json.loads(files[path])
        other = edit(value)
        files[path] = json.dumps(value if other is None else other).encode()

    return change


def word(path: str, at: int, value: int) -> Change:
    """A change of four bytes."""

    def change(files: Files) -> None:
        data = bytearray(files[path])
        data[at : at + 4] = struct.pack("<I", value)
        files[path] = bytes(data)

    return change


def graph_word(section: str, index: int, value: int) -> Change:
    """A change of a word in a section of graph.bin."""

    def change(files: Files) -> None:
        n, e, g, gb = np.frombuffer(files[GRAPH], "<u4", 4, 8).tolist()
        nodes = 32
        first = nodes + 8 * n
        edges = first + 4 * (n + 1)
        offsets = edges + 20 * e
        shapes = offsets + 4 * (g + 1)
        names = shapes + gb
        starts = {"nodes": nodes, "first": first, "edges": edges, "offsets": offsets, "shapes": shapes, "names": names}
        word(GRAPH, starts[section] + 4 * index, value)(files)

    return change


def open_ended(files: Files) -> None:
    """Let the last number of the last geometry go on."""
    n, e, g = np.frombuffer(files[GRAPH], "<u4", 3, 8).tolist()
    shapes = 32 + 8 * n + 4 * (n + 1) + 20 * e + 4 * (g + 1)
    end = int(np.frombuffer(files[GRAPH], "<u4", 1, shapes - 4)[0])
    data = bytearray(files[GRAPH])
    data[shapes + end - 1] |= 0x80
    files[GRAPH] = bytes(data)


def removed(path: str) -> Change:
    return lambda files: files.pop(path) and None


def cut(path: str, by: int = 1) -> Change:
    return lambda files: files.update({path: files[path][:-by]})


def put(path: str, data: bytes) -> Change:
    return lambda files: files.update({path: data})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_map_that_was_built_passes(errors: Callable[..., list[str]], layout: Layout):
    assert errors(lambda files: None, layout) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put("map-config.json", b"{"), "map-config.json: is not JSON"),
        (put("map-config.json", b"[" * 100_000), "map-config.json: is not JSON"),
        (put("map-config.json", b"\xff"), "map-config.json: is not UTF-8"),
        (put("map-config.json", b"[]"), "map-config.json: holds a list instead of an object"),
        (edited("map-config.json", lambda c: c.update(center=[1])), "center is not [longitude, latitude]"),
        (edited("map-config.json", lambda c: c.update(zoom="3")), "zoom is no number"),
        (edited("map-config.json", lambda c: c.update(bounds=[0, 0, 1])), "the bounding box is not four numbers"),
        (edited("map-config.json", lambda c: c.update(bounds=[0, 60, 1, 50])), "the bounding box is not on the earth"),
        (edited("streetzim-meta.json", lambda m: m["counts"]["byType"].update(poi=0)), "counts 0 records of poi"),
        (edited("streetzim-meta.json", lambda m: m.update(counts=3)), "counts is not an object"),
        (removed(GRAPH), "says that there is a road graph, and there is none"),
        (edited(SEARCH, lambda m: m.update(total=7)), "total is 7; there are 3 distinct records"),
        (edited(SEARCH, lambda m: m["chunks"].update(ol=9)), "search-data/ol.json: has 1 records; the manifest says 9"),
        (edited(SEARCH, lambda m: m["chunks"].update(zz=1)), "search-data/zz.json: is missing"),
        (edited(SEARCH, lambda m: m.update(chunks=[])), "chunks is not an object of counts"),
        (edited(SEARCH, lambda m: m.update(sub_chunks={"ol": ["ol-1"]})), "ol is split and not split at once"),
        (edited(SEARCH, lambda m: m.update(sub_chunks={"xx": ["xx-1"]})), "split into xx-1, which is no file"),
        (removed("search-data/ca.json"), "search-data/ca.json: is missing"),
        (put("search-data/ca.json", b"{}"), "search-data/ca.json: is not an array of records"),
        (put("search-data/ca.json", b"[{},"), "search-data/ca.json: is not an array of records"),
        (put("search-data/ca.json", b"[] []"), "text goes on after the array"),
        (put("search-data/ca.json", b"[3]"), "holds a int instead of a record"),
        (put("search-data/ca.json", b"[]"), "1 records do not stand in every file that their name leads to"),
        (edited("search-data/ca.json", lambda rows: rows[0].pop("n") and None), "a record has no name"),
        (edited("search-data/ca.json", lambda rows: rows[0].pop("t") and None), "has no type and subtype"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(a="37")), "'Old Cafe' is at 37"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(o=181)), "'Old Cafe' is at 37.105, 181"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(w=3)), "w of 'Old Cafe' is no text"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(alt_names="x")), "is no list of texts"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(n="Xyz")), "'Xyz' does not belong there: xy"),
        (edited(BROWSE, lambda m: m["categories"].update(poi=4)), "poi.json: has 1 records; the manifest says 4"),
        (edited(BROWSE, lambda m: m.update(categories=3)), "categories is not an object of counts"),
        (edited(BROWSE, lambda m: m["categories"].update(peak=1)), "category-index/peak.json: is listed"),
        (edited("category-index/poi.json", lambda rows: rows[0].update(t="park")), "is of the type park"),
        (edited("category-index/poi.json", lambda rows: rows[0].update(n="New")), "'New' is not in the search data"),
        (edited(BROWSE, lambda m: m["chips"]["cafes"].update(count=5)), "cafes has 1 records; the manifest says 5"),
        (edited(BROWSE, lambda m: m["chips"]["cafes"].update(sub_chunks=["0"])), "the buckets of cafes"),
        (removed("category-index/chip-cafes.json"), "category-index/chip-cafes.json: is missing"),
        (put(GRAPH, b"SZRX" + bytes(28)), "does not begin with SZRG"),
        (put(GRAPH, b""), "does not begin with SZRG"),
        (word(GRAPH, 4, 6), "has the unknown version 6"),
        (word(GRAPH, 8, 0xFFFFFFFF), "what its header counts takes"),
        (cut(GRAPH), "what its header counts takes"),
        (graph_word("nodes", 0, 0x7FFFFFFF), "node 0 lies at 214.7"),
        (graph_word("first", 1, 0x7FFFFFFF), "the edges of the nodes do not run from 0 in order"),
        (graph_word("edges", 0, 99), "an edge names node 99"),
        (graph_word("edges", 1, 50), "1 edges have no speed"),
        (graph_word("edges", 1, 30 << 24), "shorter than a straight line"),
        (graph_word("edges", 2, 77), "an edge names geometry 77"),
        (graph_word("edges", 3, 55), "an edge names name 55"),
        (graph_word("offsets", 1, 0x7FFFFFFF), "the offsets of the geometries"),
        (graph_word("offsets", 1, 5), "geometry 0 has 5 bytes, which is no position"),
        (graph_word("shapes", 0, 0x7FFFFFFF), "geometry 0 has a point at"),
        (open_ended, "ends within a number"),
        (graph_word("names", 1, 3), "name 0 is not empty"),
    ],
)  # fmt: skip
def test_damage_is_told(errors: Callable[..., list[str]], change: Change, told: str):
    found = errors(change)
    assert any(told in line for line in found), found


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
        ("chunked", word("routing-data/graph-chunk-0000.bin", 40, 1), "do not have the sum that sha256 says"),
        ("chunked", word("routing-data/graph-chunk-0000.bin", 40, 1), "the chunks together are not graph.bin"),
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
    ],
)
def test_damage_of_layouts_is_told(errors: Callable[..., list[str]], layout: Layout, change: Change, told: str):
    found = errors(change, layout)
    assert any(told in line for line in found), found


def test_shards_of_nodes_are_checked(errors: Callable[..., list[str]], maps: dict[Layout, Files]):
    def sharded(files: Files, share: int = 2) -> None:
        data = files[CELLS]
        n = struct.unpack_from("<I", data, 8)[0]
        head = data[:4] + struct.pack("<I", 2) + data[8:32] + struct.pack("<II", -(-n // share), share)
        files[CELLS] = head + data[32 + 8 * n :]
        for number, begin in enumerate(range(0, n, share)):
            shard = data[32 + 8 * begin : 32 + 8 * min(begin + share, n)]
            files[f"routing-data/nodes-scaled-{number:03}.bin"] = shard

    assert errors(sharded, "cells") == []

    def cut_short(files: Files) -> None:
        sharded(files)
        files["routing-data/nodes-scaled-000.bin"] = bytes(8)

    assert any("has 8 bytes instead of 16" in line for line in errors(cut_short, "cells"))


def test_findings_of_one_kind_are_cut_short(errors: Callable[..., list[str]]):
    def many(files: Files) -> None:
        files["search-data/ca.json"] = json.dumps([{"n": ""}] * 50).encode()

    found = [line for line in errors(many) if "without a name" in line or "has no name" in line]
    assert len(found) == MAX_SHOWN + 1
    assert "45 more" in found[-1]


SMALL = ["helsinki-*", "monaco-*", "andorra-*"]


@pytest.mark.parametrize("pattern", [*SMALL, pytest.param("m*", marks=pytest.mark.long)])
def test_maps_of_the_original_pass(shared_data: Path, pattern: str):
    files = sorted((shared_data / "streetzim").glob(f"{pattern}.zim"))
    assert files
    for file in files:
        report = check_archive(file)
        assert report.ok, [str(finding) for finding in report.findings]
        assert report.nodes > 0
        assert report.records > 0


def test_defects_of_the_original_are_warnings(shared_data: Path):
    report = check_archive(shared_data / "streetzim" / "helsinki-repack-split-head.zim")
    warnings = [str(finding) for finding in report.findings]
    assert any("category-index/addr.json: is listed in the manifest and missing" in text for text in warnings)
    assert any("2 nodes lie at 0, 0" in text for text in warnings)
    assert report.layouts == ("single", "split")


@pytest.mark.parametrize(
    ("name", "generation"),
    [("helsinki-v2-8c722af", "G1"), ("helsinki-v3-8311df3", "G2"), ("helsinki-v4-head", "G3")],
)
def test_the_generation_of_keys_is_told(shared_data: Path, name: str, generation: str):
    assert check_archive(shared_data / "streetzim" / f"{name}.zim").keys == generation


def test_what_is_no_map_is_one_message(tmp_path: Path, shared_data: Path):
    (tmp_path / "x.zim").write_bytes(b"ZIM\x04 no more")
    with pytest.raises(NotAMapError, match="cannot be opened as a ZIM archive"):
        check_archive(tmp_path / "x.zim")
    for file in sorted((shared_data / "damaged").glob("*.zim")):
        with pytest.raises(NotAMapError):
            check_archive(file)


def test_the_command_says_what_it_found(shared_data: Path, tmp_path: Path):
    file = shared_data / "streetzim" / "monaco-v4-head.zim"
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].endswith("layout single: as the format has it")
    broken = bytearray(file.read_bytes())
    broken[-30] ^= 0xFF
    (tmp_path / "broken.zim").write_bytes(broken)
    result = CliRunner().invoke(main, ["check", str(tmp_path / "broken.zim"), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert any("checksum" in finding["message"] for finding in report["findings"])
    (tmp_path / "no.zim").write_bytes(b"no")
    result = CliRunner().invoke(main, ["check", str(tmp_path / "no.zim")])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
