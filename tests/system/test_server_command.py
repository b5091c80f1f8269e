"""`zimfo-server` for people: list, call, the terminal, and sources that cannot be served."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Ran, environment

Command = Callable[..., Ran]


def test_list_shows_good_and_bad_archives(zimfo_server: Command, shared_data: Path, tmp_path: Path):
    (tmp_path / "text.zim").write_text("I am a text file.", encoding="utf-8")

    ran = zimfo_server("list", str(tmp_path), str(shared_data / "zim" / "wikipedia_en_100_mini_2022-10.zim"))

    assert ran.code == 0
    assert "text: NOT SERVED: is not a ZIM archive" in ran.out
    assert "wikipedia_en_100_mini_2022-10: wikipedia, Wikipedia 100, eng, 101 pages, full-text titles" in ran.out


def test_list_as_json(zimfo_server: Command):
    ran = zimfo_server("list", "--json")

    encyclopedia, peninsula = json.loads(ran.out)
    assert (encyclopedia["name"], peninsula["name"]) == ("encyclopedia", "peninsula")
    assert encyclopedia["usable"] is peninsula["usable"] is True
    assert (peninsula["kind"], peninsula["has_graph"]) == ("streetzim", True)


def test_list_fails_when_nothing_can_be_served(zimfo_server: Command, tmp_path: Path):
    (tmp_path / "text.zim").write_text("I am a text file.", encoding="utf-8")

    ran = zimfo_server("list", str(tmp_path))

    assert ran.code == 1
    assert "NOT SERVED" in ran.out


def test_check_finds_what_listing_cannot(zimfo_server: Command, shared_data: Path):
    damaged = shared_data / "damaged" / "index" / "wikipedia_en_ray_charles_mini_2020-03__titleidx_5_93.zim"
    good = shared_data / "zim" / "wikipedia_en_ray_charles_mini_2020-03.zim"

    both = zimfo_server("check", str(damaged), str(good))
    one = zimfo_server("check", str(good))

    assert both.code == 1
    assert f"{damaged.stem}: DAMAGED: its bytes do not match its checksum" in both.out
    assert f"{good.stem}: good" in both.out
    assert (one.code, one.out) == (0, f"{good.stem}: good\n")


def test_call_prints_the_result(zimfo_server: Command):
    ran = zimfo_server("call", "article_overview", '{"title": "Sunset"}')

    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["title"] == "Sunset"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("call", "fly"), "no tool 'fly'"), (("call", "search", "{query"), "Write JSON such as"),
     (("call", "search", '{"query": ""}'), "empty"), (("call", "article_overview", "7"), "must be an object"),
     (("list", "/nowhere/x.zim"), ""), (("/nowhere/x.zim",), "there is no such file")],
)  # fmt: skip
def test_what_cannot_be_done_ends_with_a_message_and_a_code(
    zimfo_server: Command, arguments: tuple[str, ...], said: str
):
    ran = zimfo_server(*arguments)

    assert ran.code != 0
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_serving_an_empty_folder_ends_with_a_message_and_a_code(zimfo_server: Command, tmp_path: Path):
    ran = zimfo_server(str(tmp_path))

    assert ran.code == 1
    assert f"No archive (*.zim) in {tmp_path}" in ran.err
    assert ran.out == ""


def test_end_of_input_ends_the_server(zimfo_server: Command):
    ran = zimfo_server()

    assert (ran.code, ran.out) == (0, "")


def test_on_a_terminal_it_explains_itself():
    leader, follower = pty.openpty()
    server = subprocess.Popen(
        [sys.executable, "-m", "zimfo_server", "/some/archives"],
        stdin=follower, stdout=follower, stderr=follower, env=environment(),
    )  # fmt: skip
    os.close(follower)
    try:
        said = _read_until(leader, "mcpServers", 20)
        assert server.wait(20) == 0
    finally:
        server.kill()
        os.close(leader)

    assert "/some/archives" in said


def _read_until(descriptor: int, word: str, deadline_s: float) -> str:
    text, until = "", time.monotonic() + deadline_s
    while time.monotonic() < until and not (word in text and "--help" in text):
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                text += os.read(descriptor, 65536).decode("utf-8", "replace")
            except OSError:
                break
    return text


@pytest.mark.parametrize("command", ["--help", "serve --help", "list --help", "call --help", "--version"])
def test_help_and_version(zimfo_server: Command, command: str):
    ran = zimfo_server(*command.split())

    assert ran.code == 0
    assert "zimfo-server" in ran.out


def test_help_needs_neither_mcp_nor_libzim():
    script = (
        "import sys\n"
        "from zimfo_server.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'mcp', 'libzim', 'numpy', 'selectolax', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, env=environment())

    assert done.returncode == 0, done.stderr
