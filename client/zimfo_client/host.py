"""One MCP session with a tool server over stdio: starts it, lists its tools, calls them, restarts it when it dies.

The session lives in a task of its own, because the SDK's client must be left in the task that entered it, while
calls come from wherever a turn is running and may be cancelled there.
"""

import contextlib
import json
import logging
import math
import os
import shlex
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

import anyio
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.types import CONNECTION_CLOSED, CallToolResult, RequestParamsMeta, TextContent

from zimfo_client.errors import ServerLostError, ServerUnavailableError, ToolCallError
from zimfo_client.results import ToolResult
from zimfo_shared.wire import LOCATION_META_KEY, NOT_READY_META_KEY, Location

START_DEADLINE_S = 30.0  # a cold start takes 1 s; a first look at hundreds of archives on a slow disk far longer
CALL_DEADLINE_S = 60.0  # twice the server's own longest deadline (it repeats a call once), and room to restart
PREPARE_DEADLINE_S = 1_200.0  # twice what the largest maps need on a laptop; a person sees how far it is
PREPARE_POLL_S = 2.0
MAX_LISTING_PAGES = 50  # of tools/list; a server that never ends its listing must not hold us
MAX_ERROR_LINES = 3  # of the server's stderr shown when it fails

# The SDK logs a server's nonsense with a traceback; what a person needs to know is in our own errors.
logging.getLogger("mcp").addHandler(logging.NullHandler())

_OWN_SERVER = (sys.executable, "-m", "zimfo_server")
# What our own server needs to find the person's archives, cache and language; foreign servers get the SDK's list.
_PASSED_PREFIXES = ("ZIMFO_", "XDG_", "LC_", "NUMBA_")
_PASSED_NAMES = ("LANG", "LANGUAGE", "LOCALAPPDATA", "APPDATA", "PROGRAMDATA", "USERPROFILE", "TEMP", "TMP", "TMPDIR")


@dataclass
class _Request:
    name: str
    arguments: dict[str, Any]
    meta: RequestParamsMeta | None
    done: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    result: CallToolResult | None = None
    error: Exception | None = None
    repeated: bool = False


class ToolHost:
    """The tools of one server. Made by `open_host`."""

    def __init__(self, parameters: StdioServerParameters, log: TextIO, *, repeats: bool) -> None:
        self._parameters = parameters
        self._log = log
        self._repeats = repeats
        self._send, self._requests = anyio.create_memory_object_stream[_Request](math.inf)
        self.tools: list[dict[str, Any]] = []
        self.on_wait: Callable[[str], None] = lambda _: None

    async def call(self, name: str, arguments: Mapping[str, Any], location: Location | None = None) -> ToolResult:
        """Call a tool. A refusal is a result; cancelling the caller cancels the tool.

        While the server prepares what it needs (a map, once), the call is made again, and `on_wait` is told why.
        Raises `ToolCallError` when the request itself was wrong, `ServerLostError` when the server died or hung.
        """
        give_up = anyio.current_time() + PREPARE_DEADLINE_S
        while True:
            result = await self._called(name, arguments, location)
            if not result.not_ready or anyio.current_time() >= give_up:
                return result
            self.on_wait(result.text)
            await anyio.sleep(PREPARE_POLL_S)

    async def _called(self, name: str, arguments: Mapping[str, Any], location: Location | None) -> ToolResult:
        meta = cast(RequestParamsMeta, {LOCATION_META_KEY: location.model_dump()}) if location else None
        # Lone surrogates, which a model's JSON can hold, would leave the SDK's writer without an answer.
        sent = json.loads(json.dumps(dict(arguments), ensure_ascii=False).encode("utf-8", "replace"))
        request = _Request(name, sent, meta)
        started = time.perf_counter()
        await self._send.send(request)
        try:
            with anyio.fail_after(CALL_DEADLINE_S):
                await request.done.wait()
        except TimeoutError:
            raise ServerLostError(f"{name} gave no answer within {CALL_DEADLINE_S:g} s. Try again.") from None
        finally:
            request.scope.cancel()
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return _tool_result(request, 1000 * (time.perf_counter() - started))

    async def aclose(self) -> None:
        """Take no more calls."""
        await self._send.aclose()

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        """Hold the session, and open a new one when the server is gone. Runs until cancelled."""
        async with self._requests as requests:
            left = await self._session(requests, None, task_status)
            while True:
                first = left or await requests.receive()
                try:
                    left = await self._session(requests, first, None)
                except ServerUnavailableError as error:
                    left = None
                    first.error = ServerLostError(f"The tool server died and did not start again. {error}")
                    first.done.set()

    async def _session(
        self,
        requests: MemoryObjectReceiveStream[_Request],
        first: _Request | None,
        task_status: TaskStatus[None] | None,
    ) -> _Request | None:
        """Serve requests over one connection; returns when it is lost, with the request to repeat if there is one.

        Raises `ServerUnavailableError`.
        """
        reason = ""
        started = False
        left: _Request | None = None
        # One scope around all of it: the SDK's client cannot be entered inside a scope that ends before it is left.
        with anyio.CancelScope(deadline=anyio.current_time() + START_DEADLINE_S) as starting:
            try:
                async with Client(
                    stdio_client(self._parameters, errlog=self._log), read_timeout_seconds=START_DEADLINE_S
                ) as client:
                    self.tools = await _listing(client)
                    starting.deadline = math.inf
                    started = True
                    if task_status is not None:
                        task_status.started()
                    left = await self._requests_answered(client, requests, first)
            except FileNotFoundError:
                reason = f"the command {self._parameters.command!r} was not found"
            except (MCPError, OSError, BaseExceptionGroup) as error:
                if not _is_failure(error):
                    raise
                if not started:
                    reason = self._last_words() or "it ended at once and said nothing"
        if started:  # what failed then was the farewell to a server that is gone
            return left
        if starting.cancelled_caught:
            reason = f"it gave no answer within {START_DEADLINE_S:g} s"
        raise ServerUnavailableError(f"The tool server cannot be started: {reason}.")

    async def _requests_answered(
        self, client: Client, requests: MemoryObjectReceiveStream[_Request], first: _Request | None
    ) -> _Request | None:
        """Answer requests until the connection is lost; returns the one to repeat over the next connection."""
        request = first
        while True:
            if request is None:
                request = await requests.receive()
            try:
                with request.scope:
                    request.result = await client.call_tool(
                        request.name, request.arguments, read_timeout_seconds=CALL_DEADLINE_S, meta=request.meta
                    )
            except MCPError as error:
                if error.code == CONNECTION_CLOSED:
                    return self._lost(request)
                request.error = ToolCallError(error.message)
            except (RuntimeError, ValueError) as error:  # content that breaks the server's schema; text that is none
                request.error = ToolCallError(f"{request.name} failed between client and server: {error}")
            request.done.set()
            request = None

    def _lost(self, request: _Request) -> _Request | None:
        """Return a request to repeat once: our own tools only read. Anything else fails with the connection."""
        if self._repeats and not request.repeated:
            request.repeated = True
            return request
        request.error = ServerLostError(f"The tool server died during {request.name}. {self._last_words()}".rstrip())
        request.done.set()
        return None

    def notices(self) -> list[str]:
        """Return what our own server told the person, such as archives that it cannot serve."""
        return [line for line in self._logged() if line.startswith("zimfo-server:")]

    def _last_words(self) -> str:
        return " ".join(self._logged()[-MAX_ERROR_LINES:]).removeprefix("Error: ").rstrip(".")

    def _logged(self) -> list[str]:
        """Return the lines that the server wrote to its stderr (through a descriptor of its own)."""
        with contextlib.suppress(OSError):
            text = Path(self._log.name).read_text(encoding="utf-8", errors="replace")
            return [line.strip() for line in text.splitlines() if line.strip()]
        return []


@asynccontextmanager
async def open_host(command: str | None = None, archives: tuple[str, ...] = ()) -> AsyncIterator[ToolHost]:
    """Start our own server over `archives`, or the foreign one of a command line; end it on leaving.

    Raises `ServerUnavailableError`.
    """
    async with open_server(_parameters(command, archives), repeats=command is None) as host:
        yield host


@asynccontextmanager
async def open_server(parameters: StdioServerParameters, *, repeats: bool) -> AsyncIterator[ToolHost]:
    """Start a server; `repeats` says that its calls may be made twice. Raises `ServerUnavailableError`."""
    with (
        tempfile.TemporaryDirectory(prefix="zimfo-", ignore_cleanup_errors=True) as folder,
        Path(folder, "server.log").open("w", encoding="utf-8") as log,  # noqa: ASYNC230 - a child's stderr
    ):
        host = ToolHost(parameters, log, repeats=repeats)
        async with contextlib.aclosing(host), _unwrapped(), anyio.create_task_group() as tasks:
            await tasks.start(host.serve)
            try:
                yield host
            finally:
                tasks.cancel_scope.cancel()


@asynccontextmanager
async def _unwrapped() -> AsyncIterator[None]:
    """Raise the one error that a task group wrapped as itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from None


def _parameters(command: str | None, archives: tuple[str, ...]) -> StdioServerParameters:
    if command is None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(_PASSED_PREFIXES) or name in _PASSED_NAMES
        }
        return StdioServerParameters(command=_OWN_SERVER[0], args=[*_OWN_SERVER[1:], *archives], env=environment)
    words = shlex.split(command, posix=os.name != "nt")
    if not words:
        raise ServerUnavailableError("The server command is empty. Write it as on a command line.")
    return StdioServerParameters(command=words[0], args=words[1:])


async def _listing(client: Client) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(MAX_LISTING_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
        cursor = page.next_cursor
        if not cursor:
            break
    return tools


def _tool_result(request: _Request, ms: float) -> ToolResult:
    assert request.result is not None
    result = request.result
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    payload: dict[str, Any] | None = None
    if not result.is_error:
        payload = result.structured_content if isinstance(result.structured_content, dict) else _as_object(text)
    not_ready = result.is_error is True and bool((result.meta or {}).get(NOT_READY_META_KEY))
    return ToolResult(request.name, request.arguments, text, payload, ms, not_ready)


def _as_object(text: str) -> dict[str, Any]:
    """Return what a foreign server said in text alone, as an object."""
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(text)
        return value if isinstance(value, dict) else {"result": value}
    return {"text": text}


def _is_failure(error: BaseException) -> bool:
    """Whether all that a start raised are failures of the server, and no cancellation of ours."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_failure(inner) for inner in error.exceptions)
    return isinstance(error, Exception)
