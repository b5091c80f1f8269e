"""Requests to an inference server that the person named: JSON in, JSON or a stream of events out, all of it bounded.

No proxy, no redirect and no credentials of other programs are used: only the address that was given is spoken to.
"""

import json
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import anyio
import httpx2

from zimfo_client.errors import EndpointError

API_KEY: Final = "ZIMFO_API_KEY"  # the environment variable; keys of other programs are not sent anywhere
CONNECT_S: Final = 5  # a server on this machine or this network answers at once or is not there
ANSWER_S: Final = 60  # for a small question, put to a server that may be busy with somebody's prompt
SILENCE_S: Final = (
    600  # between two events; a prompt of 8,000 tokens at 15 a second, and no sign of life before its end
)
REPLY_S: Final = 3_600  # for one whole reply
POLL_S: Final = 0.05  # how often a running reply looks whether it is still wanted
MAX_ANSWER_BYTES: Final = 32 << 20  # of one JSON answer; tokens of the longest context with their texts take 10 MB
MAX_EVENT_BYTES: Final = 4 << 20  # of one event; the last one of a llama-server repeats its prompt
MAX_STREAM_BYTES: Final = 64 << 20  # of one reply; 1,024 tokens take 0.5 MB
MAX_REASON: Final = 300  # characters of what a server says went wrong

_ABSENT: Final = (httpx2.codes.NOT_FOUND, httpx2.codes.METHOD_NOT_ALLOWED, httpx2.codes.NOT_IMPLEMENTED)

OnEvent = Callable[[dict[str, Any]], bool]
ShouldStop = Callable[[], bool]


class Endpoint:
    """One inference server. `model` is the name behind `#` in its address, "" where none is given."""

    def __init__(self, address: str) -> None:
        """Take an address such as `http://127.0.0.1:8080#MODEL`; nothing is sent. Raises `EndpointError`."""
        try:
            url = httpx2.URL(address.strip())
        except httpx2.InvalidURL as error:
            raise EndpointError(f"{address[:MAX_REASON]} is no address: {error}.") from None
        if not url.host:
            raise EndpointError(f"{address[:MAX_REASON]} names no server. Write for example: http://127.0.0.1:8080")
        self.model = url.fragment
        if url.userinfo:
            raise EndpointError(f"Leave the password out of the address and put the server's key in {API_KEY}.")
        root = str(url.copy_with(fragment=None, query=None)).rstrip("/")
        self.root = root.removesuffix("/v1").rstrip("/")
        self.host = url.host
        key = os.environ.get(API_KEY)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    @property
    def is_this_machine(self) -> bool:
        """Whether questions stay on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def get(self, path: str) -> Any:
        """Return the JSON of `path`. Raises `EndpointError`."""
        return self._json("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        """Return the JSON that `path` answers to `body`. Raises `EndpointError`."""
        return self._json("POST", path, body)

    def has(self, path: str) -> Any | None:
        """Return the JSON of `path`, None when the server has no such thing. Raises `EndpointError` for the rest."""
        return self._json("GET", path, None, absent_is_none=True)

    def stream(self, path: str, body: object, on_event: OnEvent, should_stop: ShouldStop) -> bool:
        """Give each event of the reply to `on_event`, until that returns True or the server ends the reply.

        Returns False when `should_stop` ended it: the connection is then closed, which tells the server to stop.
        Raises `EndpointError`.
        """
        return anyio.run(self._streamed, path, body, on_event, should_stop)

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> httpx2.Client:
        return httpx2.Client(**self._options)

    @cached_property
    def _options(self) -> dict[str, Any]:
        # Certificates are read once, and not at all for a server that uses none.
        verify = ssl.create_default_context() if self.root.startswith("https:") else False
        timeout = httpx2.Timeout(ANSWER_S, connect=CONNECT_S)
        return {"headers": self._headers, "timeout": timeout, "trust_env": False, "verify": verify}

    def _json(self, method: str, path: str, body: object, *, absent_is_none: bool = False) -> Any:
        data = bytearray()
        with _explained(self.root), self._client.stream(method, self.root + path, json=body) as response:
            if absent_is_none and response.status_code in _ABSENT:
                return None
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise EndpointError(f"{self.root} sends more than {MAX_ANSWER_BYTES >> 20} MiB for an answer.")
        self._refuse_failure(response.status_code, bytes(data))
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise EndpointError(
                f"{self.root} does not answer like an inference server. Is the address right?"
            ) from None

    async def _streamed(self, path: str, body: object, on_event: OnEvent, should_stop: ShouldStop) -> bool:
        failure: Exception | None = None
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def watch() -> None:
                    while not should_stop():  # noqa: ASYNC110 - another thread decides
                        await anyio.sleep(POLL_S)
                    scope.cancel()

                tasks.start_soon(watch)
                try:
                    with _explained(self.root), anyio.fail_after(REPLY_S):
                        await self._take_events(path, body, on_event)
                except Exception as error:  # a task group would wrap it up
                    failure = error
                tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return not scope.cancelled_caught

    async def _take_events(self, path: str, body: object, on_event: OnEvent) -> None:
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
        async with (
            httpx2.AsyncClient(**{**self._options, "timeout": timeout}) as client,
            client.stream("POST", self.root + path, json=body) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                data = b""
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > MAX_STREAM_BYTES:
                        break
                self._refuse_failure(response.status_code, data)
            held, taken, events = b"", 0, 0
            async for chunk in response.aiter_bytes():
                taken += len(chunk)
                if taken > MAX_STREAM_BYTES or len(held) > MAX_EVENT_BYTES:
                    raise EndpointError(f"{self.root} does not end its reply. Ask again, or restart that server.")
                *lines, held = (held + chunk).split(b"\n")
                for line in lines:
                    event = self._event(line)
                    events += event is not None
                    if event is not None and on_event(event):
                        return
            if not events:
                raise EndpointError(f"{self.root} does not answer like an inference server. Is the address right?")
        raise EndpointError(f"{self.root} broke off its reply. Ask again; if it happens again, look at that server.")

    def _event(self, line: bytes) -> dict[str, Any] | None:
        """Return the JSON of a line of the event stream, None for lines without. Raises `EndpointError`."""
        field, _, data = line.strip().partition(b":")
        if field == b"error":  # llama-server's own way to tell of a failure in the middle of a reply
            self._refuse_failure(httpx2.codes.INTERNAL_SERVER_ERROR, b'{"error":' + data + b"}")
        data = data.strip()
        if field != b"data" or not data:
            return None
        if data == b"[DONE]":
            return {}
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise EndpointError(f"{self.root} sends what is no reply of an inference server.")
        if "error" in event:
            self._refuse_failure(httpx2.codes.INTERNAL_SERVER_ERROR, data)
        return event

    def _refuse_failure(self, code: int, data: bytes) -> None:
        if code == httpx2.codes.OK:
            return
        if code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise EndpointError(f"{self.root} wants a key ({code}). Put it in the environment as {API_KEY}.")
        if 300 <= code < 400:
            raise EndpointError(f"{self.root} sends its visitors elsewhere ({code}). Name the address itself.")
        raise EndpointError(f"{self.root} refused ({code}): {_reason(data)}")


@contextmanager
def _explained(root: str) -> Iterator[None]:
    """Turn what can go wrong on the way into an `EndpointError` of one line."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout):
        raise EndpointError(f"No inference server answers at {root}. Start it, or check the address.") from None
    except (httpx2.TimeoutException, TimeoutError):
        raise EndpointError(f"{root} did not answer in time. Ask again when it is less busy.") from None
    except (httpx2.HTTPError, OSError) as error:
        reason = _one_line(str(error)) or type(error).__name__
        raise EndpointError(f"The connection to {root} broke: {reason}. Ask again.") from None


def _reason(data: bytes) -> str:
    """Return what a server says of a failure, as one line of bounded length."""
    text = data[: 1 << 16].decode("utf-8", "replace")
    try:
        found = json.loads(data)
        while isinstance(found, dict):
            found = next((found[key] for key in ("error", "message", "detail") if key in found), "")
        text = str(found)
    except (ValueError, RecursionError):
        pass
    return _one_line(text)[:MAX_REASON] or "it gives no reason."


def _one_line(text: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
