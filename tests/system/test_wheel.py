"""The built wheel in an empty environment: the base install answers from the demo archive and needs no extra."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL_DEADLINE_S = 300


def _run(*command: str | Path, cwd: Path, deadline_s: float = INSTALL_DEADLINE_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=deadline_s,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip


@pytest.mark.timeout(2 * INSTALL_DEADLINE_S)
def test_the_wheel_answers_in_an_empty_environment(tmp_path: Path):
    built = _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", tmp_path, ROOT, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("zimfo-*.whl")
    home = tmp_path / "env"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    installed = _run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr

    asked = _run(home / "bin" / "zimfo", "ask", "--direct", "--json", "Tell me about Malaria.", cwd=tmp_path)
    without = _run(home / "bin" / "zimfo", "ask", "Tell me about Malaria.", cwd=tmp_path)
    built_wiki = _run(home / "bin" / "zimfo-archives", "--version", cwd=tmp_path)

    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert "Plasmodium" in answer["answer"]
    assert answer["sources"][0]["archive"] == "encyclopedia"
    assert without.returncode == 1
    assert "pip install 'zimfo[agent]'" in without.stderr
    assert built_wiki.returncode == 0
