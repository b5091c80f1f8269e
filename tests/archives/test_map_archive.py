import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from libzim.reader import Archive
from tests.archives.map_decoder import all_rows, content, decode, json_of, paths

from zimfo_archives.cli import main
from zimfo_archives.errors import ExtractError, OptionError, TargetError
from zimfo_archives.map import osm, search
from zimfo_archives.map.build import MapOptions, build_streets
from zimfo_archives.map.chips import CHIPS
from zimfo_archives.map.layouts import LAYOUTS, Layout
from zimfo_archives.metadata import SCRAPER

TOWN = """\
<osm version="0.6">
  <bounds minlat="37.0" minlon="-122.0" maxlat="37.2" maxlon="-121.8"/>
  <node id="1" lat="37.1000000" lon="-121.9"/>
  <node id="2" lat="37.1010000" lon="-121.9"/>
  <node id="3" lat="37.1020001" lon="-121.9"/>
  <node id="4" lat="37.1010000" lon="-121.901"/>
  <node id="5" lat="37.11" lon="-121.91"><tag k="name" v="Little&#10;Town"/><tag k="place" v="town"/></node>
  <node id="6" lat="37.105" lon="-121.905">
    <tag k="name" v="Café &lt;Ö&gt;"/><tag k="amenity" v="cafe"/><tag k="wikipedia" v="en:Coffee"/>
    <tag k="addr:housenumber" v="7"/><tag k="addr:street" v="Main Street"/>
  </node>
  <node id="11" lat="37.11" lon="-121.95"/>
  <node id="12" lat="37.13" lon="-121.95"/>
  <node id="13" lat="37.13" lon="-121.93"/>
  <node id="14" lat="37.11" lon="-121.93"/>
  <way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="name" v="Main Street"/></way>
  <way id="2"><nd ref="4"/><nd ref="2"/><tag k="highway" v="steps"/></way>
  <way id="3"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="14"/><nd ref="11"/>
    <tag k="leisure" v="park"/><tag k="name" v="The Park"/></way>
  <way id="4"><nd ref="11"/><nd ref="12"/><nd ref="13"/></way>
  <way id="5"><nd ref="13"/><nd ref="14"/><nd ref="11"/></way>
  <relation id="1"><member type="way" ref="4" role="outer"/><member type="way" ref="5" role="outer"/>
    <tag k="type" v="multipolygon"/><tag k="natural" v="water"/><tag k="name" v="The Lake"/></relation>
</osm>
"""


def town(name: str) -> str:
    """A map of one town."""
    tags = f'<tag k="name" v="{name}"/><tag k="place" v="town"/>'
    return f'<osm version="0.6"><node id="1" lat="10" lon="20">{tags}</node></osm>'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "little_town.osm"
    file.write_text(TOWN, encoding="utf-8")
    return file


def built(source: Path, **options: Any) -> Archive:
    return Archive(build_streets(source, source.with_name("little_town.zim"), MapOptions(**options)).contents.path)


def test_the_archive_has_the_entries_of_a_map(source: Path):
    archive = built(source)
    assert archive.check()
    assert archive.main_entry.get_redirect_entry().path == "index.html"
    assert paths(archive) == {
        "_zimfo/style.css", "index.html", "map-config.json", "streetzim-meta.json", "routing-data/graph.bin",
        "category-index/manifest.json", "search-data/manifest.json",
        *(f"category-index/{name}.json" for name in ["addr", "park", "place", "poi", "street", "water"]),
        *(f"category-index/chip-{chip}.json" for chip in CHIPS),
        # Little Town, Café <Ö>, 7 Main Street, The Park, The Lake
        *(f"search-data/{key}.json" for key in ["7_", "ca", "la", "li", "ma", "pa", "st", "th", "to"]),
    }  # fmt: skip


def test_records_are_found_under_each_word_of_their_name(source: Path):
    archive = built(source)
    cafe = {"n": "Café <Ö>", "t": "poi", "s": "cafe", "a": 37.105, "o": -121.905, "l": "Little Town", "w": "en:Coffee"}
    assert json_of(archive, "search-data/ca.json") == json_of(archive, "category-index/poi.json") == [cafe]
    assert [row["n"] for row in json_of(archive, "search-data/ma.json")] == ["Main Street", "7 Main Street"]
    manifest = json_of(archive, "search-data/manifest.json")
    assert manifest["total"] == len(all_rows(archive)) == 6
    for key, count in manifest["chunks"].items():
        assert len(json_of(archive, f"search-data/{key}.json")) == count
    categories = json_of(archive, "category-index/manifest.json")
    chips = categories.pop("chips")
    assert categories == {
        "total": 6,
        "categories": {"addr": 1, "park": 1, "place": 1, "poi": 1, "street": 1, "water": 1},
    }
    assert {name: chip["count"] for name, chip in chips.items() if chip["count"]} == {"cafes": 1, "parks": 1}
    assert json_of(archive, "category-index/chip-cafes.json") == [cafe]
    assert json_of(archive, "category-index/chip-fuel.json") == []
    assert chips["cafes"]["bytes"] == len(content(archive, "category-index/chip-cafes.json"))


def test_areas_lie_amid_their_corners(source: Path):
    rows = {row["n"]: row for row in all_rows(built(source))}
    assert [(rows[name]["t"], rows[name]["a"], rows[name]["o"]) for name in ("The Park", "The Lake")] == [
        ("park", 37.12, -121.94),
        ("water", 37.12, -121.94),
    ]


def test_the_graph_has_the_roads(source: Path):
    graph = decode(content(built(source), "routing-data/graph.bin"))
    assert graph.nodes == [
        (371000000, -1219000000),
        (371010000, -1219000000),
        (371020001, -1219000000),
        (371010000, -1219010000),
    ]
    assert graph.names == ["", "Main Street"]
    assert {(edge.label, edge.word, edge.speed) for edge in graph.edges} == {("Main Street", 5, 60), ("", 20, 3)}


def test_the_archive_says_what_it_is(source: Path):
    archive = built(source, title="Little Town", date=datetime.date(2026, 2, 3))
    values = {key: archive.get_metadata(key).decode() for key in archive.metadata_keys if "Illus" not in key}
    assert values == {
        "Counter": "application/json=30;application/octet-stream=1;text/css=1;text/html=1",
        "Title": "Little Town",
        "Description": "4 places and 6 pieces of road",
        "Language": "eng",
        "Name": "little_town",
        "Flavour": "nopic",
        "Creator": "OpenStreetMap contributors",
        "Publisher": "Unknown",
        "Date": "2026-02-03",
        "License": "Map data: ODbL (OpenStreetMap)",
        "Scraper": SCRAPER,
        "Tags": "maps;osm;offline;_pictures:no;_ftindex:no",
    }
    assert json_of(archive, "map-config.json") == {
        "name": "Little Town", "center": [-121.9, 37.1], "zoom": 11, "minZoom": 0, "maxZoom": 14,
        "buildDate": "2026/02", "bounds": [-122.0, 37.0, -121.8, 37.2], "hasRouting": True,
    }  # fmt: skip
    meta = json_of(archive, "streetzim-meta.json")
    assert meta["counts"] == {
        "total": 6, "addresses": 1, "byType": {"addr": 1, "park": 1, "place": 1, "poi": 1, "street": 1, "water": 1},
        "wikiCrossRefs": 1, "wikidataEntries": 0,
    }  # fmt: skip
    assert meta["bbox"] == [-122.0, 37.0, -121.8, 37.2]
    assert meta["routingGraph"] == {"version": 4, "nodes": 4, "edges": 6, "geoms": 0}
    assert archive.has_illustration(48)


def test_the_main_page_tells_people_and_escapes(source: Path):
    page = content(built(source, title="A <b> & C"), "index.html").decode()
    assert "<h1>A &lt;b&gt; &amp; C</h1>" in page
    assert "<li>Little Town</li>" in page
    assert "OpenStreetMap contributors" in page
    assert '<link rel="stylesheet" href="_zimfo/style.css">' in page


def test_a_region_without_roads_has_no_graph(tmp_path: Path):
    source = tmp_path / "little_town.osm"
    source.write_text(town("Isle"))
    archive = built(source)
    assert "routing-data/graph.bin" not in paths(archive)
    assert "hasRouting" not in json_of(archive, "map-config.json")
    assert json_of(archive, "streetzim-meta.json")["hasRouting"] is False
    # Without bounds in the source, the region is what the places cover.
    assert json_of(archive, "map-config.json")["bounds"] == [20, 10, 20, 10]


def test_a_region_without_names_has_a_graph(tmp_path: Path):
    source = tmp_path / "little_town.osm"
    source.write_text(
        '<osm version="0.6"><node id="1" lat="10" lon="20"/><node id="2" lat="11" lon="21"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="track"/></way></osm>'
    )
    archive = built(source)
    assert len(decode(content(archive, "routing-data/graph.bin")).edges) == 2
    assert json_of(archive, "search-data/manifest.json") == {"total": 0, "chunks": {}}
    assert json_of(archive, "map-config.json")["bounds"] == [20, 10, 21, 11]


def test_roads_end_where_their_points_are_missing(tmp_path: Path):
    points = "".join(f'<node id="{n}" lat="0.{n}" lon="1"/>' for n in (1, 2, 4, 5, 7))
    way = "".join(f'<nd ref="{n}"/>' for n in range(1, 8))
    source = tmp_path / "little_town.osm"
    source.write_text(f'<osm version="0.6">{points}<way id="1">{way}<tag k="highway" v="track"/></way></osm>')
    report = build_streets(source, tmp_path / "x.zim", MapOptions())
    assert (report.missing_nodes, report.contents.nodes, report.contents.edges) == (2, 4, 4)
    result = CliRunner().invoke(main, ["build-streets", str(source), "-o", str(tmp_path / "x.zim")])
    assert "Warning: 2 points of roads that the source names and does not hold" in result.stderr


@pytest.mark.parametrize("name", ["town.osm.gz", "town.osm"])
def test_formats_are_told_by_the_name(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(gzip.compress(TOWN.encode()) if name.endswith("gz") else TOWN.encode())
    assert build_streets(tmp_path / name, tmp_path / "x.zim", MapOptions()).contents.edges == 6


def test_equal_sources_give_equal_entries(source: Path, tmp_path: Path):
    options = MapOptions(title="Little Town", name="town", date=datetime.date(2026, 1, 1))
    archives = [Archive(build_streets(source, tmp_path / name, options).contents.path) for name in ("a.zim", "b.zim")]
    first, second = ({path: content(archive, path) for path in paths(archive)} for archive in archives)
    assert {path for path in first | second if first[path] != second[path]} == set()


def test_the_report_is_printed(source: Path, tmp_path: Path):
    result = CliRunner().invoke(main, ["build-streets", str(source), "-o", str(tmp_path / "x.zim"), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert {key: report[key] for key in ("places", "streets", "addresses", "nodes", "edges")} == {
        "places": 4, "streets": 1, "addresses": 1, "nodes": 4, "edges": 6,
    }  # fmt: skip
    assert report["bytes"] == (tmp_path / "x.zim").stat().st_size
    plain = CliRunner().invoke(main, ["build-streets", str(source), "-o", str(tmp_path / "x.zim")])
    assert plain.stdout.startswith(
        f"{tmp_path / 'x.zim'}: 4 places, 1 piece of streets, 1 address, 4 junctions, 6 edges, "
    )


def test_options_reach_the_archive(source: Path, tmp_path: Path):
    given = {"title": "T", "description": "D", "language": "deu", "creator": "C", "publisher": "P", "name": "n"}
    options = [word for name, value in (given | {"license": "CC0"}).items() for word in (f"--{name}", value)]
    result = CliRunner().invoke(main, ["build-streets", str(source), "-o", str(tmp_path / "x.zim"), *options])
    assert result.exit_code == 0, result.output
    archive = Archive(tmp_path / "x.zim")
    assert {name: archive.get_metadata(name.title()).decode() for name in given} == given
    assert archive.get_metadata("License") == b"CC0"


@pytest.mark.parametrize(
    "name",
    [
        "derived_empty.osm.pbf", "derived_garbage.osm.pbf", "derived_malta_truncated_1MB.osm.pbf",
        "derived_monaco_bitflips.osm.pbf", "derived_monaco_truncated.osm.gz", "derived_xml_named_pbf.osm.pbf",
    ],
)  # fmt: skip
def test_damaged_sources_are_one_message_and_leave_the_old_archive(shared_data: Path, tmp_path: Path, name: str):
    target = tmp_path / "old.zim"
    target.write_bytes(b"ZIM\x04 the old archive")
    result = CliRunner().invoke(main, ["build-streets", str(shared_data / "osm" / "edge" / name), "-o", str(target)])
    assert (result.exit_code, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert name in line
    assert target.read_bytes() == b"ZIM\x04 the old archive"
    assert list(tmp_path.iterdir()) == [target]


def test_unsorted_sources_are_told_how_to_be_sorted(shared_data: Path, tmp_path: Path):
    with pytest.raises(ExtractError, match="sort it first: osmium sort"):
        build_streets(shared_data / "osm" / "edge" / "r5_fiji-ferry.osm.pbf", tmp_path / "x.zim", MapOptions())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("<osm", "cannot be read as OpenStreetMap data"),
        ("hello", "cannot be read as OpenStreetMap data"),
        ('<osm version="0.6"><node id="1" lat="NaN" lon="0"/></osm>', "cannot be read as OpenStreetMap data"),
        (town("Id").replace('id="1"', 'id="one"'), "cannot be read as OpenStreetMap data"),
        ('<!DOCTYPE o [<!ENTITY a "b">]><osm version="0.6">&a;</osm>', "cannot be read as OpenStreetMap data"),
        ('<osm version="9"/>', "cannot be read as OpenStreetMap data"),
    ],
)  # fmt: skip
def test_sources_that_are_no_maps_are_refused(tmp_path: Path, text: str, message: str):
    source = tmp_path / "x.osm"
    source.write_text(text)
    with pytest.raises(ExtractError, match=message):
        build_streets(source, tmp_path / "x.zim", MapOptions())
    assert not (tmp_path / "x.zim").exists()


@pytest.mark.parametrize(
    "text",
    [
        '<osm version="0.6"/>',
        town("Pole").replace('lat="10"', 'lat="91"'),
        # Nobody typed such a name.
        town("N" * (osm.MAX_TEXT + 1)),
    ],
)
def test_an_empty_region_is_an_empty_map_and_said_to_be_one(tmp_path: Path, text: str):
    source = tmp_path / "x.osm"
    source.write_text(text)
    result = CliRunner().invoke(main, ["build-streets", str(source), "-o", str(tmp_path / "x.zim")])
    assert result.exit_code == 0, result.output
    assert "neither roads nor places" in result.stderr
    archive = Archive(tmp_path / "x.zim")
    assert json_of(archive, "search-data/manifest.json") == {"total": 0, "chunks": {}}
    config = json_of(archive, "map-config.json")
    assert (config["center"], "bounds" in config, "hasRouting" in config) == ([0, 0], False, False)


def test_a_file_that_is_read_too_often_is_split(source: Path, monkeypatch: pytest.MonkeyPatch):
    whole = all_rows(built(source))
    monkeypatch.setattr(search, "HOT_BYTES", 100)
    archive = built(source)
    manifest = json_of(archive, "search-data/manifest.json")
    assert {"ma", "st"} <= set(manifest["sub_chunks"])
    assert all(set(leaves) <= set(manifest["chunks"]) for leaves in manifest["sub_chunks"].values())
    assert not set(manifest["sub_chunks"]) & set(manifest["chunks"])
    for key, leaves in manifest["sub_chunks"].items():
        rows = [row for leaf in leaves for row in json_of(archive, f"search-data/{leaf}.json")]
        assert sorted(row["n"] for row in rows) == sorted(
            row["n"] for row in whole if key in search.chunk_keys(row["n"])
        )
    assert all(len(json_of(archive, f"search-data/{key}.json")) == n for key, n in manifest["chunks"].items())


def test_records_of_one_name_are_dealt_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search, "HOT_BYTES", 300)
    nodes = "".join(
        f'<node id="{n}" lat="1" lon="{n / 10}"><tag k="name" v="Stop"/><tag k="highway" v="bus_stop"/></node>'
        for n in range(1, 40)
    )
    source = tmp_path / "little_town.osm"
    source.write_text(f'<osm version="0.6">{nodes}</osm>')
    archive = built(source)
    chunks = json_of(archive, "search-data/manifest.json")["chunks"]
    assert sum(chunks.values()) == 39
    assert max(chunks.values()) < 5


def test_a_category_that_is_too_large_is_split_by_the_hash_of_the_name(source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search, "HOT_BYTES", 30)
    archive = built(source)
    cafes = json_of(archive, "category-index/manifest.json")["chips"]["cafes"]
    [bucket] = cafes["sub_chunks"]
    # FNV-1a of "Café <Ö>" in UTF-8, after the reference values of its authors.
    assert int(bucket, 16) == fnv1a("Café <Ö>".encode()) % cafes["n_sub_buckets"]
    assert [row["n"] for row in json_of(archive, f"category-index/chip-cafes-{bucket}.json")] == ["Café <Ö>"]
    assert "category-index/chip-cafes.json" not in paths(archive)


def fnv1a(data: bytes) -> int:
    value = 2_166_136_261
    for byte in data:
        value = ((value ^ byte) * 16_777_619) % 2**32
    return value


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_its_entries(source: Path, layout: Layout):
    archive = built(source, layout=layout)
    names = {path.removeprefix("routing-data/") for path in paths(archive) if path.startswith("routing-data/")}
    assert (
        names
        == {
            "single": {"graph.bin"},
            "split": {"graph.bin", "graph-geoms.bin"},
            "chunked": {"graph.bin", "graph-chunk-manifest.json", "graph-chunk-0000.bin"},
            "cells": {"graph-cells-index.bin", "graph-cell-00000.bin", "graph-cell-00001.bin"},
        }[layout]
    )


@pytest.mark.parametrize("limit", ["MAX_ROAD_POINTS", "MAX_RECORDS"])
def test_sources_that_are_too_large_are_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
):
    monkeypatch.setattr(osm, limit, 2)
    with pytest.raises(ExtractError, match="larger than this builder can handle"):
        build_streets(source, tmp_path / "x.zim", MapOptions())


def test_what_cannot_be_written_is_refused_before_reading(source: Path, tmp_path: Path):
    with pytest.raises(TargetError, match=r"ends in \.zim"):
        build_streets(source, tmp_path / "x.txt", MapOptions())
    with pytest.raises(OptionError, match="the license is empty"):
        build_streets(source, tmp_path / "x.zim", MapOptions(license=" "))
