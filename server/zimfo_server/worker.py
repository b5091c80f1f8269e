"""The worker process: owns libzim, answers one call at a time, and dies with its server.

Started as `python -m zimfo_server.worker ROLE` with pipes on standard input and output; speaks `zimfo_server.frames`.

    server → worker   {"start": [record, …], "classify": bool}
    worker → server   {"touch": name}…  {"started": [record, …]}
    server → worker   {"call": tool, "arguments": {…}, "deadline_s": 15, "location": {"lat": …, "lon": …}?}
    worker → server   {"touch": name}…  {"result": {…}} or {"error": kind, "message": text}

    server → worker   {"verify": name}
    worker → server   {"touch": name}  {"verified": bool}

The word `touch` comes before each archive that is read, so that the server knows which one to set aside when this
process dies or hangs in libzim's native code.
"""

import ctypes
import faulthandler
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from zimfo_server import frames
from zimfo_server.errors import GuidanceError, NotReadyError
from zimfo_server.library.library import Library
from zimfo_server.library.record import ArchiveRecord
from zimfo_server.roles import Reader, Role, Router
from zimfo_shared.wire import Location

ROLES: dict[str, Callable[[Library], Role]] = {"reader": Reader, "router": Router}
WATCHDOG_GRACE_S = 2.0  # past the deadline, by when a living server has already killed this process
IDLE_STEP_S = 0.5  # of work done while no request waits: as long as a request may have to wait for it
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Worker:
    """Answers requests from `requests` on `replies`."""

    def __init__(self, role: str, requests: BinaryIO, replies: BinaryIO) -> None:
        self._make_role = ROLES[role]
        self._requests = requests
        self._replies = replies
        self._use(Library([]))
        self._touched = ""

    def run(self) -> None:
        """Answer until the server closes its end."""
        while (request := self._next_request()) is not None:
            self._touched = ""
            if "start" in request:
                self._send(self._start(request))
            elif "verify" in request:
                self._send({"verified": self._library.verify(request["verify"])})
            else:
                # A call stuck in native code never sees end of input; the watchdog is C and needs no GIL.
                faulthandler.dump_traceback_later(request["deadline_s"] + WATCHDOG_GRACE_S, exit=True)
                self._library.begin_call()
                reply = self._answer(request)
                faulthandler.cancel_dump_traceback_later()
                self._send(reply)
                self._library.end_call()

    def _start(self, request: frames.Message) -> frames.Message:
        records = [ArchiveRecord.from_dict(values) for values in request["start"]]
        if request["classify"]:
            self._use(Library.classified(records, self._announce))
        else:
            self._use(Library(records, self._announce))
        return {"started": [record.to_dict() for record in self._library.records.values()]}

    def _use(self, library: Library) -> None:
        self._library = library
        self._role = self._make_role(library)

    def _next_request(self) -> frames.Message | None:
        """Wait for a request, and do unfinished work meanwhile; None at end of input."""
        while not self._is_waiting() and self._role.work_idle(IDLE_STEP_S):
            pass
        return frames.read_frame(self._requests)

    def _is_waiting(self) -> bool:
        """Whether a request can be read now. Each is answered before the next is sent, so no buffer holds one."""
        try:
            return bool(select.select([self._requests], [], [], 0)[0])
        except OSError:  # Windows cannot tell that of a pipe: there the work waits for the next call
            return True

    def _answer(self, request: frames.Message) -> frames.Message:
        tool, location = request["call"], request.get("location")
        try:
            where = Location.model_validate(location) if location else None
            return {"result": self._role.answer(tool, request["arguments"], where).payload()}
        except NotReadyError as error:
            return {"error": "not ready", "message": str(error)}
        except GuidanceError as error:
            return {"error": "guidance", "message": str(error)}
        except Exception:  # errors travel as data: whatever went wrong, the next call must find a worker
            sys.excepthook(*sys.exc_info())
            return {"error": "internal", "message": f"{tool} failed inside the server. Try another call or archive."}

    def _announce(self, archive: str) -> None:
        if archive != self._touched:
            self._touched = archive
            self._send({"touch": archive})

    def _send(self, message: frames.Message) -> None:
        self._replies.write(frames.encode(message))
        self._replies.flush()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes away from fd 0 and 1, because libzim prints to standard output from C."""
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return os.fdopen(requests, "rb"), os.fdopen(replies, "wb")


def _die_with_parent() -> None:
    """Ask Linux to end this process with the server, even in the middle of a native call."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve the role named on the command line until end of input."""
    _die_with_parent()
    # Ctrl-C in a terminal goes to the whole group; the server decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = _own_pipes()
    try:
        Worker(sys.argv[1], requests, replies).run()
    except BrokenPipeError:
        os._exit(0)  # the server is gone: nobody reads a last word


if __name__ == "__main__":
    main()
