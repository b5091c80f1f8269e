"""`zimfo doctor` as a person runs it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_whole_installation_has_no_problem(zimfo: Callable[..., Any]) -> None:
    done = zimfo("doctor", "--json")
    report = json.loads(done.out)
    assert done.code == 0, done.out
    assert report["problems"] == []
    assert {archive["name"] for archive in report["archives"]} >= {"encyclopedia", "peninsula"}
    assert report["model"]["quantisation"] == "Q4_1"
    assert report["model"]["profile"] == "embedded"
    # Weights of 97 MB, 4,096 tokens of 30 layers with 3 heads of 64 for keys and for values, and room to compute in.
    assert 190 < report["model"]["memory needed, MB"] < 250


def test_what_is_missing_is_named_with_what_to_do(zimfo: Callable[..., Any], tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    for arguments in (("--model", "nix"), ("--model", str(broken)), ("--archives", str(tmp_path / "none.zim"))):
        done = zimfo("doctor", *arguments)
        assert done.code == 1
        assert "PROBLEM: " in done.out
        assert "Traceback" not in done.err


def test_one_damaged_archive_among_good_ones_is_a_hint(zimfo: Callable[..., Any], tmp_path: Path) -> None:
    import zimfo_archives.demo

    good = next(Path(zimfo_archives.demo.__path__[0]).glob("encyclopedia.zim"))
    (tmp_path / "good.zim").write_bytes(good.read_bytes())
    (tmp_path / "bad.zim").write_bytes(b"nothing of the kind")
    done = zimfo("doctor", "--archives", str(tmp_path))
    assert done.code == 0, done.out
    assert "archive: bad cannot be used" in done.out
    assert re.search(r"archive: good, generic, [1-9]\d+ pages", done.out)
