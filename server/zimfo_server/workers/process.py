"""One worker process, seen from the server: started on demand, one exchange at a time, killed when it fails."""

import contextlib
import os
import subprocess
import sys
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from zimfo_server import frames
from zimfo_server.errors import GuidanceError, NotReadyError, WorkerDiedError, WorkerTimeoutError
from zimfo_server.library.record import ArchiveRecord
from zimfo_shared.wire import Location

# What a pipe to a dead process raises, and a frame that is none.
_BROKEN_PIPE = (
    anyio.IncompleteRead,
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    ValueError,
)

BLAME_SHARE = 0.5  # of a deadline that one archive must have held the worker to be set aside for it
START_DEADLINE_S = 30.0  # to import libzim, and then for each archive to be opened; on a slow disk that takes a second


class WorkerProcess:
    """A worker of one role over `records`, which the caller may change between calls (see `restart_with`)."""

    def __init__(self, role: str, records: list[ArchiveRecord], *, classified: bool = False) -> None:
        self.role = role
        self.records = records
        self._classified = classified
        self._process: Process | None = None
        self._replies: BufferedByteReceiveStream | None = None
        self._lock = anyio.Lock()
        self._touched: str | None = None

    async def start(self) -> list[ArchiveRecord]:
        """Start the process if it is not running; return the records, classified.

        Raises `WorkerDiedError` or `WorkerTimeoutError`.
        """
        async with self._lock:
            await self._running()
        return self.records

    async def call(
        self, tool: str, arguments: dict[str, Any], deadline_s: float, location: Location | None = None
    ) -> dict[str, Any]:
        """Run a tool and return its payload; the deadline counts from when the worker takes the call.

        `location` is where the person is.

        Raises `GuidanceError` for what the model should read (`NotReadyError` where the call should be made again),
        `WorkerDiedError`, `WorkerTimeoutError`.
        """
        async with self._lock:
            await self._running()
            request: frames.Message = {"call": tool, "arguments": arguments, "deadline_s": deadline_s}
            if location is not None:
                request["location"] = location.model_dump()
            reply = await self._exchange(request, deadline_s)
        if "error" in reply:
            raise (NotReadyError if reply["error"] == "not ready" else GuidanceError)(reply["message"])
        payload: dict[str, Any] = reply["result"]
        return payload

    async def verify(self, name: str, deadline_s: float) -> bool:
        """Return whether an archive matches its checksum; raises `WorkerDiedError`, `WorkerTimeoutError`."""
        async with self._lock:
            await self._running()
            reply = await self._exchange({"verify": name}, deadline_s)
        return bool(reply["verified"])

    async def set_aside(self, name: str, problem: str) -> None:
        """Go on without an archive: the next call starts a process that does not touch it."""
        async with self._lock:
            for index, record in enumerate(self.records):
                if record.name == name:
                    self.records[index] = ArchiveRecord.from_dict({**record.to_dict(), "problem": problem})
            await self._kill()

    async def stop(self) -> None:
        """End the process; a call in flight fails with `WorkerDiedError`."""
        await self._kill()

    async def _running(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        await self._kill()
        self._process = await anyio.open_process(
            [sys.executable, "-m", "zimfo_server.worker", self.role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        self._replies = BufferedByteReceiveStream(self._process.stdout)
        request = {"start": [record.to_dict() for record in self.records], "classify": not self._classified}
        reply = await self._exchange(request, START_DEADLINE_S, each_archive=True)
        self.records = [ArchiveRecord.from_dict(values) for values in reply["started"]]
        self._classified = True

    async def _exchange(
        self, request: frames.Message, deadline_s: float, *, each_archive: bool = False
    ) -> frames.Message:
        """Send a request and wait for its answer. However that fails, the process does not outlive it.

        With `each_archive` the deadline begins anew with every archive that the worker comes to.

        Cancellation kills the process too: that is the only way to stop native code, and keeps the pipe in step.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._touched, touched_at = None, anyio.current_time()
        try:
            with anyio.fail_after(deadline_s) as scope:
                await self._process.stdin.send(frames.encode(request))
                while True:
                    message = await self._receive()
                    if "touch" not in message:
                        return message
                    self._touched, touched_at = message["touch"], anyio.current_time()
                    if each_archive:
                        scope.deadline = touched_at + deadline_s
        except TimeoutError:
            await self._kill()
            # Of many archives read in turn, the last one is not to blame for the time that all took.
            held = anyio.current_time() - touched_at >= BLAME_SHARE * deadline_s
            raise WorkerTimeoutError(f"no answer within {deadline_s:g} s", self._touched if held else None) from None
        except _BROKEN_PIPE:
            await self._kill()
            raise WorkerDiedError("the worker process ended", self._touched) from None
        except anyio.get_cancelled_exc_class():
            await self._kill()
            raise

    async def _receive(self) -> frames.Message:
        assert self._replies is not None
        header = await self._replies.receive_exactly(frames.HEADER.size)
        return frames.decode(await self._replies.receive_exactly(frames.frame_length(header)))

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with anyio.CancelScope(shield=True):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.aclose()
