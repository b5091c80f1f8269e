"""Extracts at the edge of what there is, and builds that are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from libzim.reader import Archive
from tests.archives.map_decoder import all_rows, content, decode, json_of

from zimfo_archives.check.run import check_archive
from zimfo_archives.cli import main
from zimfo_archives.map.build import MapOptions, build_streets

OLD = b"ZIM\x04 the old archive"
EDGE = (
    "baremaps_multipolygon_testcases.osm", "derived_empty.osm.pbf", "derived_garbage.osm.pbf",
    "derived_malta_truncated_1MB.osm.pbf", "derived_monaco_bitflips.osm.pbf", "derived_monaco_truncated.osm.gz",
    "derived_xml_named_pbf.osm.pbf", "r5_fiji-ferry.osm.pbf", "r5_missing-nodes.osm.pbf", "r5_snake-rd.osm.pbf",
    "r5_subgraph.osm.pbf",
)  # fmt: skip
# Across the antimeridian: a road of five points, a town on either side, and a ring around the crossing.
FIJI = """<osm version="0.6">
<node id="1" lat="-16.80" lon="179.97"/><node id="2" lat="-16.80" lon="179.99"/>
<node id="3" lat="-16.80" lon="-179.99"/>
<node id="4" lat="-16.81" lon="-179.98"/><node id="5" lat="-16.80" lon="-179.97"/>
<node id="6" lat="-16.80" lon="179.98"><tag k="name" v="West Town"/><tag k="place" v="town"/></node>
<node id="7" lat="-16.80" lon="-179.98"><tag k="name" v="East Village"/><tag k="place" v="village"/></node>
<node id="11" lat="-16.9" lon="179.9"/><node id="12" lat="-16.9" lon="-179.9"/>
<node id="13" lat="-16.7" lon="-179.9"/><node id="14" lat="-16.7" lon="179.9"/>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="5"/>
<tag k="highway" v="primary"/><tag k="name" v="Dateline Road"/></way>
<way id="2"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="14"/><nd ref="11"/>
<tag k="leisure" v="nature_reserve"/><tag k="name" v="Dateline Reserve"/></way>
</osm>"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An older archive in a folder of its own."""
    target = tmp_path / "folder" / "region.zim"
    target.parent.mkdir()
    target.write_bytes(OLD)
    return target


@pytest.mark.parametrize("name", EDGE)
def test_every_file_builds_or_fails_with_one_line(shared_data: Path, old: Path, name: str):
    result = CliRunner().invoke(main, ["build-streets", str(shared_data / "osm" / "edge" / name), "-o", str(old)])
    assert os.listdir(old.parent) == ["region.zim"]
    if result.exit_code == 0:
        report = check_archive(old)
        assert report.ok, [str(finding) for finding in report.findings]
    else:
        assert (result.exit_code, result.stdout) == (1, "")
        [line] = result.stderr.splitlines()
        assert line.startswith("Error: ")
        assert old.read_bytes() == OLD


def test_no_file_of_the_folder_is_forgotten(shared_data: Path):
    assert sorted(path.name for path in (shared_data / "osm" / "edge").iterdir()) == sorted(EDGE)


def test_a_region_across_the_antimeridian(tmp_path: Path):
    (tmp_path / "fiji.osm").write_text(FIJI)
    target = build_streets(tmp_path / "fiji.osm", tmp_path / "fiji.zim", MapOptions()).contents.path
    report = check_archive(target)
    assert report.ok, [str(finding) for finding in report.findings]
    assert report.findings == ()
    archive = Archive(target)
    config = json_of(archive, "map-config.json")
    west, _, east, _ = config["bounds"]
    assert (west, east) == (179.97, -179.97)
    assert abs(config["center"][0]) == pytest.approx(180)
    graph = decode(content(archive, "routing-data/graph.bin"))
    assert max(edge.decimetres for edge in graph.edges) < 40_000
    for edge in graph.edges:
        line = [edge.source, *edge.points, edge.target]
        if edge.points:
            assert max(abs(a[1] - b[1]) for a, b in zip(line, line[1:], strict=False)) < 1_000_000
    rows = {row["n"]: row for row in all_rows(archive)}
    assert rows["East Village"]["l"] == "West Town"
    assert abs(rows["Dateline Reserve"]["o"]) == pytest.approx(180, abs=0.01)
    assert abs(rows["Dateline Road"]["o"]) > 179.9


def test_bounds_across_the_antimeridian_are_not_the_rest_of_the_world(tmp_path: Path):
    bounds = '<bounds minlat="-17" minlon="179.9" maxlat="-16.6" maxlon="-179.9"/>'
    (tmp_path / "fiji.osm").write_text(FIJI.replace('<osm version="0.6">', f'<osm version="0.6">{bounds}'))
    told = build_streets(tmp_path / "fiji.osm", tmp_path / "fiji.zim", MapOptions()).contents.bounds
    assert told is not None
    assert told[0] > 179 > -179 > told[2]


def test_a_route_across_the_antimeridian_is_short(tmp_path: Path):
    from zimfo_server.atlas.graph.load import open_graph
    from zimfo_server.atlas.routing.connect import connect_nodes
    from zimfo_server.atlas.routing.network import network
    from zimfo_server.atlas.routing.search import Deadline
    from zimfo_server.library.archive import OpenArchive
    from zimfo_server.library.classify import classify
    from zimfo_server.library.discover import discover

    (tmp_path / "fiji.osm").write_text(FIJI)
    target = build_streets(tmp_path / "fiji.osm", tmp_path / "fiji.zim", MapOptions()).contents.path
    (record,) = discover([target])
    roads = network(open_graph(OpenArchive(classify(record), lambda _: None)).around([], 0), "drive")
    at = roads.graph.lon.tolist()
    with Deadline(30) as deadline:
        path = connect_nodes(roads, at.index(1_799_700_000), at.index(-1_799_700_000), deadline).path
    assert path is not None
    assert 6_000 < sum(edge.metres for edge in path.edges) < 9_000


def command(source: Path, target: Path) -> list[str]:
    run = "from zimfo_archives.cli import main; main()"
    return [sys.executable, "-c", run, "build-streets", str(source), "-o", str(target)]


def test_killed_at_any_moment_the_old_archive_is_intact(shared_data: Path, old: Path):
    source = shared_data / "osm" / "andorra_valhalla_docker.osm.pbf"
    started = time.monotonic()
    subprocess.run(command(source, old.with_name("other.zim")), check=True, capture_output=True)
    whole = time.monotonic() - started
    for share in (0.15, 0.4, 0.6, 0.75, 0.9):
        with subprocess.Popen(command(source, old), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(share * whole)
            process.kill()
        if old.read_bytes() != OLD:
            # It was quicker than before, and done.
            assert Archive(old).check()
            old.write_bytes(OLD)
    # The child of a killed process ends by itself; the next build removes what both left.
    wait_until = time.monotonic() + 30
    while any("partial" in name for name in os.listdir(old.parent)) and time.monotonic() < wait_until:
        subprocess.run(command(source, old), check=True, capture_output=True)
    assert sorted(os.listdir(old.parent)) == ["other.zim", "region.zim"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["begun", "writing"])
def test_a_build_that_is_stopped_leaves_nothing(shared_data: Path, old: Path, number: signal.Signals, moment: str):
    source = shared_data / "osm" / "andorra_valhalla_docker.osm.pbf"
    with subprocess.Popen(command(source, old), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        give_up = time.monotonic() + 30
        while moment == "writing" and len(os.listdir(old.parent)) == 1 and process.poll() is None:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        if moment == "begun":
            time.sleep(0.5)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode != 0
    assert stdout == ""
    assert "Traceback" not in stderr
    assert os.listdir(old.parent) == ["region.zim"]
    assert old.read_bytes() == OLD
