"""Maps of the original generator pass, with their known defects as warnings; what is no map is one message."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from zimfo_archives.check.run import check_archive
from zimfo_archives.cli import main
from zimfo_archives.errors import NotAMapError

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
