"""Nothing reaches for a network: every connection attempt of our processes would leave a mark."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Ran

TRAP = """
import pathlib, socket

def _refuse(self, address, *_):
    if self.family != getattr(socket, "AF_UNIX", None):
        with pathlib.Path({mark!r}).open("a") as mark:
            mark.write(repr(address) + "\\n")
    raise OSError("no network here")

socket.socket.connect = _refuse
socket.socket.connect_ex = _refuse
socket.getaddrinfo = lambda *a, **k: _refuse(socket.socket(), a)
"""


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that exists after a process tried to connect to anything."""
    file = tmp_path / "attempts"
    (tmp_path / "sitecustomize.py").write_text(TRAP.format(mark=str(file)), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return file


def test_the_trap_works(mark: Path):
    script = "import socket; socket.create_connection(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, timeout=30)

    assert mark.exists()


def test_the_server_and_its_worker_connect_to_nothing(zimfo_server: Callable[..., Ran], mark: Path):
    assert zimfo_server("call", "search", '{"query": "malaria"}').code == 0
    assert not mark.exists()


@pytest.mark.parametrize("arguments", [["--direct"], ["--model", "embedded"]])
def test_the_client_connects_to_nothing(zimfo: Callable[..., Ran], mark: Path, arguments: list[str]):
    assert zimfo("ask", "Tell me about malaria.", *arguments).code == 0
    assert not mark.exists()
