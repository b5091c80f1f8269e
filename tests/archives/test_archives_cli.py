import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner
from libzim.reader import Archive

from zimfo_archives import cli
from zimfo_archives.cli import main


def run(*arguments: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-c", "from zimfo_archives.cli import main; main(prog_name='zimfo-archives')"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=60, check=False
    )


def test_stdout_carries_the_summary_alone(wiki: Path, tmp_path: Path) -> None:
    result = run("build-wiki", wiki, "-o", tmp_path / "a.zim")
    assert (result.returncode, result.stderr) == (0, "")
    [line] = result.stdout.splitlines()
    assert line.startswith(f"{tmp_path / 'a.zim'}: 2 articles, 3 redirects, 2 categories, 0.1 MB in ")


def test_the_json_report_is_whole(wiki: Path, tmp_path: Path) -> None:
    file = wiki / "lost.md"
    file.write_text("---\ntitle: Lost\n---\n[x](gone.md)\n")
    result = run("build-wiki", wiki, "-o", tmp_path / "a.zim", "--json", "--allow-broken-links")
    report = json.loads(result.stdout)
    assert list(report) == [
        "path", "articles", "redirects", "categories", "images", "files", "bytes", "seconds", "peak_rss_bytes",
        "broken_links",
    ]  # fmt: skip
    assert (report["path"], report["articles"], report["redirects"]) == (str(tmp_path / "a.zim"), 3, 3)
    broken = {"file": str(file), "line": 4, "what": "link", "target": "gone.md", "reason": "there is no such file"}
    assert report["broken_links"] == [broken]
    assert result.stderr == f"Warning: {file}:4: the link to 'gone.md' is broken: there is no such file\n"


def test_failure_is_one_message_and_an_exit_code(wiki: Path, tmp_path: Path) -> None:
    file = wiki / "lost.md"
    file.write_text("---\ntitle: Lost\n---\n[x](gone.md)\n")
    result = run("build-wiki", wiki, "-o", tmp_path / "a.zim")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: 1 problem in the sources:\n{file}:4: the link to 'gone.md' is broken: there is no such file\n"
    )
    assert not (tmp_path / "a.zim").exists()


def test_files_of_the_working_folder_are_not_imported(wiki: Path, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')")
    (tmp_path / "zimfo_archives.py").write_text("raise SystemExit('wrong package')")
    assert run("build-wiki", wiki, "-o", "a.zim", cwd=tmp_path).returncode == 0


def test_options_reach_the_archive(wiki: Path, tmp_path: Path) -> None:
    options = ["--title", "T", "--description", "D", "--language", "deu", "--creator", "C", "--publisher", "P"]
    options += ["--name", "n", "--date", "2024-02-29"]
    result = CliRunner().invoke(main, ["build-wiki", str(wiki), "-o", str(tmp_path / "a.zim"), *options])
    assert result.exit_code == 0, result.output
    archive = Archive(tmp_path / "a.zim")
    names = ["Title", "Description", "Language", "Creator", "Publisher", "Name", "Date"]
    assert [archive.get_metadata(name).decode() for name in names] == ["T", "D", "deu", "C", "P", "n", "2024-02-29"]


def test_single_files_can_be_given(wiki: Path, tmp_path: Path) -> None:
    files = [str(wiki / "rayleigh.md"), str(wiki / "hues/blue.md")]
    result = CliRunner().invoke(main, ["build-wiki", *files, "-o", str(tmp_path / "a.zim"), "--json"])
    assert json.loads(result.stdout)["articles"] == 2


def test_a_terminal_gets_progress_bars(wiki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars = cli._Bars()
    phases: list[str] = []

    def progress(label: str, done: int, total: int) -> None:
        phases.append(label)
        bars(label, done, total)

    monkeypatch.setattr(cli, "_bars", lambda: nullcontext(progress))
    result = CliRunner().invoke(main, ["build-wiki", str(wiki), "-o", str(tmp_path / "a.zim"), "--json"])
    bars.close()
    assert json.loads(result.stdout)["articles"] == 2
    assert phases[0] == "Reading pages"


@pytest.mark.parametrize(("module", "package"), [("yaml", "pyyaml"), ("markdown_it", "markdown-it-py")])
def test_a_missing_package_is_named_with_the_way_to_get_it(
    wiki: Path, tmp_path: Path, module: str, package: str
) -> None:
    arguments = ["build-wiki", str(wiki), "-o", str(tmp_path / "a.zim")]
    code = f"import sys\nsys.modules[{module!r}] = None\nfrom zimfo_archives.cli import main\nmain({arguments!r})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: building archives needs the package {package}; type: pip install 'zimfo[archives]'\n"
    )


def test_help_and_version_import_nothing_heavy() -> None:
    for option in ["--help", "--version"]:
        code = (
            "import sys\n"
            "from zimfo_archives.cli import main\n"
            f"main([{option!r}], standalone_mode=False)\n"
            "assert not {'libzim', 'yaml', 'markdown_it'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)


def test_sources_and_output_are_required(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["build-wiki"]).exit_code == 2
    assert CliRunner().invoke(main, ["build-wiki", str(tmp_path)]).exit_code == 2
    missing = CliRunner().invoke(main, ["build-wiki", str(tmp_path / "gone"), "-o", "a.zim"])
    assert "does not exist" in missing.output
