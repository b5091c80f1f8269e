"""The same map in every layout, and the same bytes from the same input."""

import datetime
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from libzim.reader import Archive

from zimfo_archives.check.run import check_archive
from zimfo_archives.map import layouts
from zimfo_archives.map.build import MapOptions, build_streets
from zimfo_archives.map.layouts import LAYOUTS, Layout
from zimfo_server.atlas.graph.load import open_graph
from zimfo_server.atlas.graph.model import NO_SHAPE, RoadGraph
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover

DATE = datetime.date(2026, 1, 2)
UUID = slice(8, 24)  # openZIM file format, "Header"
CHECKSUM_BYTES = 16
XAPIAN = b"\x0f\rXapian Glass"  # begins an index of Xapian, and 16 bytes on is the index's own UUID

Files = Callable[[Layout], Path]


@pytest.fixture(scope="module")
def files(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Build Andorra in a layout, once."""
    folder = tmp_path_factory.mktemp("maps")

    @cache
    def build(layout: Layout) -> Path:
        source = shared_data / "osm" / "andorra_valhalla_docker.osm.pbf"
        return build_streets(source, folder / f"{layout}.zim", MapOptions(layout=layout, date=DATE)).contents.path

    return build


def graph_of(file: Path) -> RoadGraph:
    (record,) = discover([file])
    return open_graph(OpenArchive(classify(record), lambda _: None)).around([], 0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_the_same_roads(files: Files, layout: Layout):
    report = check_archive(files(layout))
    assert report.ok, [str(finding) for finding in report.findings]
    assert layout in report.layouts
    one, other = graph_of(files("single")), graph_of(files(layout))
    for name in ("lat", "lon", "first", "target", "decimetres", "speed", "access"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for edge in range(0, len(one.target), 23):
        assert one.names.text(int(one.name[edge])) == other.names.text(int(other.name[edge]))
        shapes = [g.shapes.points(int(g.shape[edge])) if g.shape[edge] != NO_SHAPE else None for g in (one, other)]
        assert (shapes[0] is None) == (shapes[1] is None)
        assert shapes[0] is None or np.array_equal(*shapes)


def test_a_large_graph_is_chunked_in_several_parts(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
):
    monkeypatch.setattr(layouts, "CHUNK_BYTES", 50_000)
    source = shared_data / "osm" / "monaco_planetiler.osm.pbf"
    report = build_streets(source, tmp_path / "x.zim", MapOptions(layout="chunked"))
    checked = check_archive(report.contents.path)
    assert checked.ok, [str(finding) for finding in checked.findings]
    assert Archive(report.contents.path).has_entry_by_path("routing-data/graph-chunk-0003.bin")


def test_many_nodes_are_kept_in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path):
    monkeypatch.setattr(layouts, "NODES_PER_SHARD", 1_000)
    source = shared_data / "osm" / "monaco_planetiler.osm.pbf"
    target = build_streets(source, tmp_path / "x.zim", MapOptions(layout="cells")).contents.path
    checked = check_archive(target)
    assert checked.ok, [str(finding) for finding in checked.findings]
    whole = build_streets(source, tmp_path / "y.zim", MapOptions()).contents.path
    assert np.array_equal(graph_of(target).target, graph_of(whole).target)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_equal_input_gives_equal_bytes(files: Files, shared_data: Path, tmp_path: Path, layout: Layout):
    source = shared_data / "osm" / "andorra_valhalla_docker.osm.pbf"
    again = build_streets(source, tmp_path / f"{layout}.zim", MapOptions(layout=layout, date=DATE)).contents.path
    one, other = (bytearray(file.read_bytes()) for file in (files(layout), again))
    assert len(one) == len(other)
    for data in (one, other):
        data[UUID] = bytes(16)
        del data[-CHECKSUM_BYTES:]
        # A map has no full-text index, but libzim gives it one of its titles.
        assert data.count(XAPIAN) == 1
        at = data.index(XAPIAN) + 16
        data[at : at + 16] = bytes(16)
    assert one == other
