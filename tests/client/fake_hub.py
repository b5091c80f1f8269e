"""A server in the test process that speaks the part of the Hugging Face Hub's protocol that downloads use."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HELD_S = 30  # that a connection stands still at most, when a test fails before it says go on
POLL_S = 0.02  # how often the server looks whether it is to end


@dataclass(frozen=True)
class Request:
    """What was asked: method, host that was addressed, path, and the headers in small letters."""

    method: str
    host: str
    path: str
    headers: dict[str, str]


@dataclass
class FakeHub:
    """Repositories by `OWNER/NAME`, other files by path; what goes wrong is set by the test.

    `refusals` are a status and an error code of the hub by path of a file. `breaks` are for one request of content
    each: a number of bytes after which the connection is cut, or a negative status that is answered. While `held` is
    not set, the connection stands still before it is cut.
    """

    url: str = ""
    content_host: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    plain: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    ranges: bool = True
    held: threading.Event = field(default_factory=threading.Event)
    requests: list[Request] = field(default_factory=list)

    def asked(self, method: str, ending: str) -> list[Request]:
        """Return the requests of a method for paths with this ending."""
        return [one for one in self.requests if one.method == method and one.path.endswith(ending)]


@contextmanager
def running(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve a hub on a free port; content comes from another host name, as the real hub's does."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.held.set()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    hub.content_host = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,))
    thread.start()
    try:
        yield hub
    finally:
        hub.held.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def log_message(self, *_: Any) -> None:
        """Say nothing on stderr."""

    def do_HEAD(self) -> None:
        self._note()
        self._resolve()

    def do_GET(self) -> None:
        self._note()
        if self.path.startswith("/content/"):
            self._content(self._file(self.path.removeprefix("/content/")))
        elif unquote(self.path) in self.hub.plain:
            self._content(self.hub.plain[unquote(self.path)])
        else:
            self._resolve()

    def _note(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.requests.append(Request(self.command, headers.get("host", ""), self.path, headers))

    def _file(self, path: str) -> bytes:
        repository, _, file = unquote(path).partition("/resolve/main/")
        return self.hub.repositories.get(repository, {}).get(file, b"")

    def _resolve(self) -> None:
        """Send on to the content, with what the hub says about the file."""
        repository, resolve, file = unquote(self.path).strip("/").partition("/resolve/main/")
        refusal = self.hub.refusals.get(file) if resolve else (404, "")
        if refusal is None and repository not in self.hub.repositories:
            refusal = (401, "RepoNotFound")
        elif refusal is None and file not in self.hub.repositories[repository]:
            refusal = (404, "EntryNotFound")
        if refusal is not None:
            self._answer(refusal[0], {"X-Error-Code": refusal[1]})
            return
        data = self.hub.repositories[repository][file]
        digest = self.hub.digests.get(file, hashlib.sha256(data).hexdigest())
        self._answer(
            302,
            {
                "Location": f"{self.hub.content_host}/content{self.path}",
                "X-Linked-Etag": f'"{digest}"',
                "X-Linked-Size": str(self.hub.sizes.get(file, len(data))),
                "X-Repo-Commit": COMMIT,
            },
        )

    def _content(self, data: bytes) -> None:
        cut = self.hub.breaks.pop(0) if self.hub.breaks else None
        if cut is not None and cut < 0:
            self._answer(-cut, {})
            return
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if "Range" in self.headers else 0
        if not self.hub.ranges:
            start = 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:] if cut is None else data[start : start + cut])
        if cut is not None:
            self.wfile.flush()
            self.hub.held.wait(HELD_S)
            self.connection.shutdown(socket.SHUT_WR)

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()
