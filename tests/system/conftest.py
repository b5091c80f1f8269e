"""Whole processes: the server behind real pipes, the commands as a person runs them."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from tests.server.conftest import make_map, make_zim  # noqa: F401 - fixtures here as well

RUN_DEADLINE_S = 90
SESSION_DEADLINE_S = 60


@dataclass
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """The environment of the test, with its own user folders."""
    return dict(os.environ)


def run(module: str, *arguments: str, stdin: str | None = None) -> Ran:
    """Run `python -m module` as a command."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=RUN_DEADLINE_S,
        env=environment(),
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def zimfo() -> Callable[..., Ran]:
    """The command `zimfo`."""
    return lambda *arguments, **options: run("zimfo_client", *arguments, **options)


@pytest.fixture
def zimfo_server() -> Callable[..., Ran]:
    """The command `zimfo-server`."""
    return lambda *arguments, **options: run("zimfo_server", *arguments, **options)


@asynccontextmanager
async def session(*sources: str | Path, mode: str = "auto") -> AsyncIterator[Client]:
    """A real MCP client of a real server process over stdio."""
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "zimfo_server", *map(str, sources)], env=environment()
    )
    with open(os.devnull, "w", encoding="utf-8") as log, anyio.fail_after(SESSION_DEADLINE_S):
        async with Client(stdio_client(parameters, errlog=log), mode=mode) as client:
            yield client


def text_of(result: Any) -> str:
    """The text block of a tool result."""
    return "\n".join(block.text for block in result.content)
