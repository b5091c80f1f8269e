import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from libzim.reader import Archive

from zimfo_archives.check.run import check_archive
from zimfo_archives.cli import main
from zimfo_archives.map.layouts import LAYOUTS


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["synth", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("size", [1, 10, 3_000])
def test_invented_maps_are_as_the_format_has_them(tmp_path: Path, size: int):
    report = json.loads(run("streets", "--size", size, "-o", tmp_path / "x.zim", "--json"))
    found = check_archive(tmp_path / "x.zim")
    assert found.findings == ()
    assert found.records == sum(report["records"].values())
    assert (found.nodes, found.edges) == (report["nodes"], report["edges"])
    assert abs(found.nodes - size) <= max(1, size // 50)
    assert found.records == size


@pytest.mark.parametrize("layout", LAYOUTS)
def test_invented_maps_come_in_every_layout(tmp_path: Path, layout: str):
    run("streets", "--size", 200, "--layout", layout, "-o", tmp_path / "x.zim")
    assert layout in check_archive(tmp_path / "x.zim").layouts


def test_an_invented_encyclopedia_has_as_many_articles_as_asked_for(tmp_path: Path):
    report = json.loads(run("wiki", "--size", 30, "--seed", 2, "-o", tmp_path / "x.zim", "--json"))
    archive = Archive(tmp_path / "x.zim")
    # libzim counts other titles of articles as articles.
    assert archive.article_count == report["articles"] + report["redirects"] == 37
    assert archive.check()


@pytest.mark.parametrize("what", ["streets", "wiki"])
@pytest.mark.parametrize("size", ["0", "-1", "999999999999"])
def test_sizes_out_of_bounds_are_one_message(tmp_path: Path, what: str, size: str):
    result = CliRunner().invoke(main, ["synth", what, f"--size={size}", "-o", str(tmp_path / "x.zim")])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the size is ")
    assert list(tmp_path.iterdir()) == []
