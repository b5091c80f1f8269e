"""Several tool servers as one: real processes, their names, approval, and files that cannot be used."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner
from tests.client.test_loop import Scripted, call

from zimfo_client.agent.loop import ModelConversation
from zimfo_client.agent.turn import Intents
from zimfo_client.approval import approval
from zimfo_client.cli import main
from zimfo_client.engine import Engine
from zimfo_client.errors import ConfigError, ServerUnavailableError, ToolCallError
from zimfo_client.profile import get_profile
from zimfo_client.servers import open_hosts, read_servers

SERVER = """
import sys
from mcp.server import MCPServer
from mcp.types import ToolAnnotations
server = MCPServer("notes")

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def search(query: str) -> str:
    "Find a note."
    return f"{sys.argv[1]}: {query}"

@server.tool()
def write(text: str) -> str:
    "Write a note."
    return f"written {text}"

server.run()
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file of two servers with the same tools, one switched off and one that is not started here."""
    (tmp_path / "notes.py").write_text(SERVER, encoding="utf-8")
    server = {"command": sys.executable, "args": [str(tmp_path / "notes.py")]}
    servers: dict[str, Any] = {
        "my notes": {**server, "args": [*server["args"], "mine"], "env": {"X": "1"}},
        "yours": {**server, "args": [*server["args"], "yours"]},
        "off": {"command": "never-started", "disabled": True},
        "far": {"type": "http", "url": "https://example.org/mcp"},
    }
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers, "other": 1}), encoding="utf-8")
    return path


async def test_tools_of_several_servers_have_names_of_their_own_and_reach_their_server(config: Path):
    asked: list[str] = []

    async def approve(name: str, arguments: Mapping[str, Any]) -> bool:
        asked.append(name)
        return name == "write"

    with anyio.fail_after(60):
        async with open_hosts(read_servers(config), approve) as hosts:
            names = [tool["name"] for tool in hosts.tools]
            own = await hosts.call("search", {"query": "malaria"})
            mine = await hosts.call("my_notes_search", {"query": "a"})
            yours = await hosts.call("yours_search", {"query": "b"})
            written = await hosts.call("write", {"text": "c"})
            with pytest.raises(ToolCallError, match="yours_write may change things and was not approved"):
                await hosts.call("yours_write", {"text": "d"})
            with pytest.raises(ToolCallError, match="There is no tool nix"):
                await hosts.call("nix", {})

    assert names[-4:] == ["my_notes_search", "write", "yours_search", "yours_write"]
    assert len(set(names)) == len(names) == 15
    assert own.payload is not None
    assert own.payload["hits"]
    assert (mine.name, mine.payload) == ("my_notes_search", {"result": "mine: a"})
    assert yours.payload == {"result": "yours: b"}
    assert written.payload == {"result": "written c"}
    assert asked == ["write", "yours_write"]


async def test_a_server_that_cannot_be_started_is_named(config: Path):
    text = config.read_text("utf-8").replace(json.dumps(sys.executable), '"no-such-command"', 1)
    config.write_text(text, "utf-8")
    with pytest.raises(ServerUnavailableError, match=r"my notes: .*'no-such-command' was not found"):
        async with open_hosts(read_servers(config), approval(())):
            pass


async def test_without_a_person_only_what_was_allowed_is_called(capsys: pytest.CaptureFixture[str]):
    assert await approval(("all",))("write", {})
    assert await approval(("write",))("write", {})
    assert not await approval(("other",))("write", {"text": "x"})
    assert "Allow it with --allow write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{", "is no JSON"),
        ("[1]", 'has no object "mcpServers"'),
        ('{"mcpServers": {}}', "names no server"),
        ('{"mcpServers": {"a": 3}}', '"a" has no "command"'),
        ('{"mcpServers": {"a": {"command": " "}}}', '"a" has no "command"'),
        ('{"mcpServers": {"a": {"command": "x", "args": "y"}}}', 'needs "args" as a list of texts'),
        ('{"mcpServers": {"a": {"command": "x", "env": {"y": 1}}}}', 'needs "env" as an object of texts'),
        ('{"mcpServers": {"a": {"command": "x", "cwd": 1}}}', 'needs "cwd" as a text'),
        (json.dumps({"mcpServers": {str(n): {"command": "x"} for n in range(33)}}), "at most 32"),
        (" " * (1 << 20) + "{}", "too large"),
    ],
)
def test_a_file_that_is_no_list_of_servers_says_why(tmp_path: Path, data: str, reason: str):
    path = tmp_path / "mcp.json"
    path.write_text(data, "utf-8")
    with pytest.raises(ConfigError, match=reason):
        read_servers(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_servers(tmp_path)


def test_the_tools_of_a_foreign_server_are_folded_for_a_profile_that_was_trained_on_others(config: Path):
    command = f"{sys.executable} {config.parent / 'notes.py'} mine"
    done = CliRunner().invoke(main, ["tools", "--fold", "chatml", "--server", command])
    assert done.exit_code == 0, done.output
    assert "- search(query*:string) — Find a note.\n- write(text*:string) — Write a note.\n" in done.stdout
    assert "2 of 2 tools" in done.stderr
    own = CliRunner().invoke(main, ["tools", "--fold", "lfm2.5-zimfo", "--json"])
    report = json.loads(own.stdout)
    assert len(report["tools"]) == 9
    assert 300 < report["tokens"] < 900
    both = CliRunner().invoke(main, ["tools", "--mcp-config", str(config), "--json"])
    assert len(json.loads(both.stdout)["tools"]) == 15
    assert "far is left out" in both.stderr
    assert CliRunner().invoke(main, ["tools", "--server", "x", "--mcp-config", "y"]).exit_code == 2


async def test_a_model_drives_foreign_tools_and_is_told_what_was_not_approved(config: Path, smol: Engine):
    profile = get_profile("chatml")
    scripted = Scripted(smol, profile)
    scripted.replies = [
        call("yours_search", query="a"),
        call("yours_write", text="b"),
        call("write", text="c"),
        "Done.",
    ]
    async with open_hosts(read_servers(config), approval(("write",))) as hosts:
        conversation = ModelConversation(hosts, scripted, profile, model="scripted", intents=Intents.NONE)
        answer = await conversation.ask("Write it down.")

    assert [(made.name, made.ok) for made in answer.tool_calls] == [
        ("yours_search", True), ("yours_write", False), ("write", True),
    ]  # fmt: skip
    assert "yours: a" in scripted.prompts[1]
    assert "yours_write may change things and was not approved" in scripted.prompts[2]
    assert "written c" in scripted.prompts[3]
    assert answer.text == "Done."
