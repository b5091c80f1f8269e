"""Maps of the original generator pass, with their known defects as warnings; what is no map is one message."""

import hashlib
import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner

from zimfo_archives.check.run import check_archive
from zimfo_archives.cli import main
from zimfo_archives.errors import NotAMapError
from zimfo_archives.map.build import MapOptions, build_streets

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
    assert any("2 nodes without edges lie at 0, 0" in text for text in warnings)
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


def test_damaged_files_are_one_message(shared_data: Path):
    files = sorted((shared_data / "damaged").rglob("*.zim"))
    assert files
    for file in files:
        (message,) = told(file)
        assert "\n" not in message


def told(file: Path) -> list[str]:
    """Return the message that the command ends with, or what it found."""
    try:
        report = check_archive(file)
    except NotAMapError as error:
        return [str(error)]
    return [finding.message for finding in report.findings]


def test_an_encyclopedia_is_no_map(shared_data: Path):
    with pytest.raises(NotAMapError, match="is no map archive"):
        check_archive(shared_data / "zim" / "wikipedia_en_100_mini_2022-10.zim")


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


ROCK = '<node id="9" lat="37.1" lon="-121.9"><tag k="name" v="Lone Rock"/><tag k="place" v="locality"/></node>'
TRACK = """<node id="1" lat="37.1" lon="-121.9"/><node id="2" lat="37.12" lon="-121.9"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="track"/></way>"""


@pytest.mark.parametrize(
    ("content", "edges", "records"), [("", False, 0), (ROCK, False, 1), (TRACK, True, 0), (ROCK + TRACK, True, 1)]
)
def test_maps_without_roads_or_places_pass(tmp_path: Path, content: str, edges: bool, records: int):
    bounds = '<bounds minlat="37.0" minlon="-122.0" maxlat="37.2" maxlon="-121.8"/>'
    (tmp_path / "x.osm").write_text(f'<osm version="0.6">{bounds}{content}</osm>')
    build_streets(tmp_path / "x.osm", tmp_path / "x.zim", MapOptions())
    report = check_archive(tmp_path / "x.zim")
    assert report.findings == ()
    assert report.records == records
    assert bool(report.edges) == edges


def test_a_damaged_cluster_is_a_finding(shared_data: Path, tmp_path: Path):
    """With a checksum that holds, so that the file is opened."""
    data = bytearray((shared_data / "streetzim" / "monaco-v4-head.zim").read_bytes())
    clusters, first_at = struct.unpack_from("<I", data, 28)[0], struct.unpack_from("<Q", data, 48)[0]
    for number in range(clusters):
        (begin,) = struct.unpack_from("<Q", data, first_at + 8 * number)
        if data[begin] & 0x0F == 5:  # zstd
            data[begin + 1 : begin + 5] = bytes(4)
    data[-16:] = hashlib.md5(data[:-16], usedforsecurity=False).digest()
    (tmp_path / "x.zim").write_bytes(data)
    report = check_archive(tmp_path / "x.zim")
    assert any("cannot be read" in finding.message for finding in report.findings)
    assert not report.ok


def test_progress_runs_to_the_end_of_every_stage(shared_data: Path):
    told: dict[str, list[tuple[int, int]]] = {}
    check_archive(
        shared_data / "streetzim" / "monaco-v4-head.zim",
        progress=lambda label, done, total: told.setdefault(label, []).append((done, total)),
    )
    assert len(told) == 4
    for steps in told.values():
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]
