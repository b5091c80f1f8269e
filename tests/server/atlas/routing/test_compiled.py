"""Where compiled kernels are kept, and that nothing compiles before a route is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zimfo_server.atlas.routing import compiled


def test_kernels_are_kept_in_the_persons_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiled, "user_cache_path", lambda name: tmp_path / name)
    folder = compiled._cache_folder()
    assert folder == tmp_path / "zimfo" / "numba"
    assert folder.is_dir()
    assert not list(folder.iterdir())


def test_a_cache_that_cannot_be_written_is_replaced_by_one_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setattr(compiled, "user_cache_path", lambda name: blocked / name)
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))
    first, second = compiled._cache_folder(), compiled._cache_folder()
    assert first != second
    assert first.is_dir()
    assert first.parent == tmp_path
    if os.name == "posix":
        assert first.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("module", ["planner", "connect", "snap", "search", "network", "costs"])
def test_numba_is_not_imported_before_it_is_needed(module: str):
    code = f"import sys, zimfo_server.atlas.routing.{module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
