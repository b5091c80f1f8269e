"""The client's session with a tool server: real servers, killed and misbehaving ones."""

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from zimfo_client.errors import ServerLostError, ServerUnavailableError, ToolCallError
from zimfo_client.host import open_host
from zimfo_shared.wire import Location

FOREIGN = """
import os, sys, anyio
from mcp.server import MCPServer
server = MCPServer("foreign")

@server.tool()
def add(a: int, b: int) -> int:
    "Add."
    return a + b

@server.tool()
def fall() -> str:
    "Die."
    sys.stderr.write("I am falling\\n")
    sys.stderr.flush()
    os._exit(3)

@server.tool()
def refuse() -> str:
    "Fail."
    raise ValueError("no")

@server.tool()
def environment() -> dict[str, str]:
    "The environment."
    return dict(os.environ)

server.run()
"""


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """The command line of somebody else's server."""
    script = tmp_path / "foreign.py"
    script.write_text(FOREIGN, encoding="utf-8")
    return f"{sys.executable} {script}"


def _server_pids() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


async def test_a_server_that_died_in_between_is_replaced_without_an_error():
    with anyio.fail_after(60):
        async with open_host() as host:
            before = await host.call("article_overview", {"title": "Sunset"})
            for pid in _server_pids():
                os.kill(pid, signal.SIGKILL)
            after = await host.call("article_overview", {"title": "Sunset"})

    assert after.payload == before.payload
    assert before.ok


async def test_a_refusal_is_a_result():
    async with open_host() as host:
        result = await host.call("article_overview", {"title": "Xyzzy Plugh"})

    assert not result.ok
    assert "Xyzzy Plugh" in result.text


async def test_an_unknown_tool_is_an_error_of_the_call_and_the_session_goes_on():
    async with open_host() as host:
        with pytest.raises(ToolCallError, match="Unknown tool: fly"):
            await host.call("fly", {})
        result = await host.call("article_overview", {"title": "Sunset"}, Location(lat=1, lon=2))

    assert result.ok


async def test_a_lone_surrogate_is_replaced():
    async with open_host() as host:
        result = await host.call("search", {"query": "sunset \ud800", "zim": None})

    assert result.ok
    assert result.arguments == {"query": "sunset ?", "zim": None}


async def test_a_cancelled_call_leaves_the_session_in_step():
    async with open_host() as host:
        with anyio.move_on_after(0.001):
            await host.call("search", {"query": "war"})

        assert (await host.call("article_overview", {"title": "Sunset"})).payload["title"] == "Sunset"


async def test_a_foreign_server_is_driven_and_gets_no_variables_of_ours(foreign: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZIMFO_SECRET", "x")
    async with open_host(foreign) as host:
        added = await host.call("add", {"a": 2, "b": 3})
        refused = await host.call("refuse", {})
        seen = await host.call("environment", {})

    assert [tool["name"] for tool in host.tools] == ["add", "fall", "refuse", "environment"]
    assert added.payload == {"result": 5}
    assert not refused.ok
    assert "ZIMFO_SECRET" not in seen.payload


async def test_a_foreign_server_that_dies_in_a_call_is_quoted_and_started_again(foreign: str):
    async with open_host(foreign) as host:
        with pytest.raises(ServerLostError, match=r"died during fall\. I am falling"):
            await host.call("fall", {})

        assert (await host.call("add", {"a": 1, "b": 1})).payload == {"result": 2}


@pytest.mark.parametrize(
    "command", ["no-such-command", f"{sys.executable} -c 'import sys; sys.exit(\"bad day\")'", "  "]
)
async def test_a_server_that_cannot_start_is_an_error(command: str):
    with anyio.fail_after(30), pytest.raises(ServerUnavailableError):
        async with open_host(command):
            pass
