"""Damaged archives, hung and dead workers, killed servers: a call is lost, never the server or a process."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.conftest import environment, session, text_of

DAMAGED = [
    "wikipedia_en_100_mini_2022-10__fulltextidx_8_33",
    "wikipedia_en_100_mini_2022-10__titleidx_7_54",
    "wikipedia_en_ray_charles_mini_2020-03__fulltextidx_6_53",
    "wikipedia_en_ray_charles_mini_2020-03__fulltextidx_6_71",
    "wikipedia_en_ray_charles_mini_2020-03__titleidx_5_20",
    "wikipedia_en_ray_charles_mini_2020-03__titleidx_5_46",
    "wikipedia_en_ray_charles_mini_2020-03__titleidx_5_93",
    "wikipedia_en_ray_charles_mini_2020-03__zero_2_3",
]


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("name", DAMAGED)
async def test_a_damaged_archive_costs_one_call(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, verified: bool
):
    """Once caught by its checksum, once (as with a file too large to verify) by the death of the worker."""
    if not verified:
        monkeypatch.setenv("ZIMFO_VERIFY_MB", "0")
    async with session(shared_data / "damaged" / "index" / f"{name}.zim", *_demo()) as client:
        pinned = [
            await client.call_tool("search", {"query": query, "zim": name})
            for query in ("ray charles", "music", "india", "the")
        ]
        healthy = await client.call_tool("article_overview", {"title": "Sunset", "zim": "encyclopedia"})
        anywhere = await client.call_tool("search", {"query": "sunset"})

    if verified:
        assert all(result.is_error and name in text_of(result) for result in pinned)
    assert all(name in text_of(result) for result in pinned if result.is_error)
    assert healthy.structured_content["title"] == "Sunset"
    assert anywhere.structured_content["hits"][0]["title"] == "Sunset"


async def test_unreadable_files_are_left_out_and_the_rest_is_served(shared_data: Path):
    folder = shared_data / "damaged" / "official"

    async with session(folder, *_demo()) as client:
        result = await client.call_tool("article_overview", {"title": "Sunset"})

    assert result.structured_content["title"] == "Sunset"


def test_no_worker_outlives_a_killed_server(shared_data: Path, tmp_path: Path):
    file = tmp_path / "library.zim"
    shutil.copy(shared_data / "zim" / "wikipedia_en_100_mini_2022-10.zim", file)
    server = subprocess.Popen(
        [sys.executable, "-m", "zimfo_server", str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        workers = _wait_for(lambda: _children(server.pid))
        os.kill(workers[0], signal.SIGSTOP)  # in the middle of whatever it does, like a call stuck in native code
        server.kill()
        server.wait(10)
        os.kill(workers[0], signal.SIGCONT)
        _wait_for(lambda: not _alive(workers[0]))
    finally:
        server.kill()
        assert server.stdin is not None
        server.stdin.close()


def _demo() -> list[Path]:
    import zimfo_archives.demo

    return sorted(Path(zimfo_archives.demo.__file__).parent.glob("*.zim"))


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _wait_for(condition, deadline_s: float = 10.0):
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")
