"""Several tool servers as one: those of a standard `mcpServers` file, beside zimfo's own or without it.

Foreign servers may do more than read, so a call of a tool that does not declare itself read-only needs approval.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from mcp import StdioServerParameters

from zimfo_client.approval import Approve, approval
from zimfo_client.errors import ConfigError, ServerUnavailableError, ToolCallError
from zimfo_client.host import ToolHost, open_host, open_server
from zimfo_client.options import AskOptions
from zimfo_client.results import ToolResult
from zimfo_shared.wire import Location

MAX_CONFIG_BYTES: Final = 1 << 20  # a page of servers; anything larger is another file
MAX_SERVERS: Final = 32  # each is a process of its own
_OWN_COMMAND: Final = "zimfo-server"


@dataclass(frozen=True)
class ServerEntry:
    """A server of the file, by the name that it has there; `url` is set for one that is not started here."""

    name: str
    parameters: StdioServerParameters | None
    url: str = ""


def read_servers(path: Path) -> list[ServerEntry]:
    """Return the servers of an `mcpServers` file that are not switched off. Raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path} is too large to be a list of servers.")
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON: {str(error)[:100]}.") from None
    listed = value.get("mcpServers") if isinstance(value, Mapping) else None
    if not isinstance(listed, Mapping):
        raise ConfigError(f'{path} has no object "mcpServers" with a server for each name.')
    if len(listed) > MAX_SERVERS:
        raise ConfigError(f"{path} names {len(listed)} servers; at most {MAX_SERVERS} are started at once.")
    entries = [_entry(path, name, server) for name, server in listed.items() if not _is_off(server)]
    if not entries:
        raise ConfigError(f"{path} names no server.")
    return entries


class ToolHosts(ToolHost):
    """The tools of several servers under names of which none is twice. Made by `open_hosts`.

    Used like any other host, though the sessions are those of the hosts that it holds.
    """

    def __init__(self, hosts: Mapping[str, ToolHost], own: ToolHost | None, approve: Approve) -> None:
        self._hosts = dict(hosts)
        self._own = own
        self._approve = approve
        self._routes: dict[str, tuple[ToolHost, str]] = {}
        self.tools = []
        self.on_wait = lambda _: None
        if own is not None:
            for tool in own.tools:
                self._offer(own, tool, tool["name"])
        for server, host in self._hosts.items():
            for tool in host.tools:
                self._offer(host, tool, self._free_name(server, tool["name"]))

    async def call(self, name: str, arguments: Mapping[str, Any], location: Location | None = None) -> ToolResult:
        """Call a tool of whichever server has it; see `ToolHost.call`. Raises `ToolCallError` for one not approved.

        The person's location goes to zimfo's own server alone.
        """
        if name not in self._routes:
            raise ToolCallError(f"There is no tool {name[:60]}.")
        host, real = self._routes[name]
        if host is not self._own and not _reads_only(self._tool(name)) and not await self._approve(name, arguments):
            raise ToolCallError(f"{name} may change things and was not approved. Go on without it.")
        host.on_wait = self.on_wait
        result = await host.call(real, arguments, location if host is self._own else None)
        return ToolResult(name, result.arguments, result.text, result.payload, result.ms, result.not_ready)

    def notices(self) -> list[str]:
        """Return what zimfo's own server told the person."""
        return self._own.notices() if self._own else []

    def _offer(self, host: ToolHost, tool: Mapping[str, Any], name: str) -> None:
        self.tools.append({**tool, "name": name})
        self._routes[name] = (host, tool["name"])

    def _free_name(self, server: str, name: str) -> str:
        """Return a tool's name, the server's before it where another server has the same one."""
        prefix = "".join(character if character.isalnum() or character in "_-" else "_" for character in server)
        free, number = name, 1
        while free in self._routes:
            free = f"{prefix}_{name}" if number == 1 else f"{prefix}{number}_{name}"
            number += 1
        return free

    def _tool(self, name: str) -> Mapping[str, Any]:
        return next(tool for tool in self.tools if tool["name"] == name)


@asynccontextmanager
async def open_tools(options: AskOptions) -> AsyncIterator[ToolHost]:
    """Start the servers that the options name, zimfo's own without any; end them on leaving.

    Raises `ConfigError` and `ServerUnavailableError`.
    """
    approve = approval(options.allow)
    if options.mcp_config is not None:
        async with open_hosts(read_servers(options.mcp_config), approve, options.archives) as hosts:
            yield hosts
    elif options.server is not None:
        async with open_host(options.server) as host:
            yield ToolHosts({"server": host}, None, approve)
    else:
        async with open_host(None, options.archives) as host:
            yield host


@asynccontextmanager
async def open_hosts(
    servers: list[ServerEntry], approve: Approve, archives: tuple[str, ...] = ()
) -> AsyncIterator[ToolHosts]:
    """Start servers, and zimfo's own over `archives` unless it is one of them; end them on leaving.

    Raises `ServerUnavailableError` with the name of the server that cannot be started.
    """
    async with AsyncExitStack() as stack:
        hosts: dict[str, ToolHost] = {}
        own = None
        if not any(map(_is_own, servers)):
            own = await stack.enter_async_context(open_host(None, archives))
        for entry in servers:
            if entry.parameters is None:
                click.echo(f"{entry.name} is left out: only servers that are started here are used.", err=True)
                continue
            try:
                host = await stack.enter_async_context(open_server(entry.parameters, repeats=_is_own(entry)))
            except ServerUnavailableError as error:
                raise ServerUnavailableError(f"{entry.name}: {error}") from None
            if own is None and _is_own(entry):
                own = host
            else:
                hosts[entry.name] = host
        yield ToolHosts(hosts, own, approve)


def _is_own(entry: ServerEntry) -> bool:
    return entry.parameters is not None and Path(entry.parameters.command).stem == _OWN_COMMAND


def _reads_only(tool: Mapping[str, Any]) -> bool:
    hints = tool.get("annotations")
    return isinstance(hints, Mapping) and hints.get("readOnlyHint") is True


def _is_off(server: object) -> bool:
    return isinstance(server, Mapping) and (server.get("disabled") is True or server.get("enabled") is False)


def _entry(path: Path, name: str, server: object) -> ServerEntry:
    if isinstance(server, Mapping) and isinstance(url := server.get("url"), str) and "command" not in server:
        return ServerEntry(name, None, url)
    command = server.get("command") if isinstance(server, Mapping) else None
    if not isinstance(server, Mapping) or not isinstance(command, str) or not command.strip():
        raise ConfigError(f'{path}: the server "{name}" has no "command".')
    arguments, environment = server.get("args", []), server.get("env") or {}
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise ConfigError(f'{path}: the server "{name}" needs "args" as a list of texts.')
    if not isinstance(environment, Mapping) or not all(isinstance(value, str) for value in environment.values()):
        raise ConfigError(f'{path}: the server "{name}" needs "env" as an object of texts.')
    folder = server.get("cwd")
    if folder is not None and not isinstance(folder, str):
        raise ConfigError(f'{path}: the server "{name}" needs "cwd" as a text.')
    parameters = StdioServerParameters(command=command, args=arguments, env=dict(environment) or None, cwd=folder)
    return ServerEntry(name, parameters)
