"""The worker process: owns libzim, answers one call at a time, and dies with its server.

Started as `python -m zimfo_server.worker ROLE` with pipes on standard input and output; speaks `zimfo_server.frames`.

    server → worker   {"start": [record, …], "classify": bool}
    worker → server   {"touch": name}…  {"started": [record, …]}
    server → worker   {"call": tool, "arguments": {…}, "deadline_s": 15}
    worker → server   {"touch": name}…  {"result": {…}} or {"error": kind, "message": text}

    server → worker   {"verify": name}
    worker → server   {"touch": name}  {"verified": bool}

The word `touch` comes before each archive that is read, so that the server knows which one to set aside when this
process dies or hangs in libzim's native code.
"""

import ctypes
import faulthandler
import os
import signal
import sys
from typing import Any, BinaryIO

from zimfo_server import frames
from zimfo_server.errors import GuidanceError
from zimfo_server.library.library import Library
from zimfo_server.library.record import ArchiveRecord
from zimfo_server.tools import articles
from zimfo_shared.catalogue import CATALOGUE

ROLES = {"reader": articles.TOOLS}
"""Which tools each role answers."""

WATCHDOG_GRACE_S = 2.0  # past the deadline, by when a living server has already killed this process
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Worker:
    """Answers requests from `requests` on `replies`."""

    def __init__(self, role: str, requests: BinaryIO, replies: BinaryIO) -> None:
        self._tools = ROLES[role]
        self._requests = requests
        self._replies = replies
        self._library = Library([])
        self._touched = ""

    def run(self) -> None:
        """Answer until the server closes its end."""
        while (request := frames.read_frame(self._requests)) is not None:
            self._touched = ""
            if "start" in request:
                self._send(self._start(request))
            elif "verify" in request:
                self._send({"verified": self._library.verify(request["verify"])})
            else:
                # A call stuck in native code never sees end of input; the watchdog is C and needs no GIL.
                faulthandler.dump_traceback_later(request["deadline_s"] + WATCHDOG_GRACE_S, exit=True)
                self._library.begin_call()
                reply = self._answer(request["call"], request["arguments"])
                faulthandler.cancel_dump_traceback_later()
                self._send(reply)
                self._library.end_call()

    def _start(self, request: frames.Message) -> frames.Message:
        records = [ArchiveRecord.from_dict(values) for values in request["start"]]
        if request["classify"]:
            self._library = Library.classified(records, self._announce)
        else:
            self._library = Library(records, self._announce)
        return {"started": [record.to_dict() for record in self._library.records.values()]}

    def _answer(self, tool: str, arguments: dict[str, Any]) -> frames.Message:
        try:
            output = self._tools[tool](self._library, CATALOGUE[tool].input.model_validate(arguments))
            return {"result": output.payload()}
        except GuidanceError as error:
            return {"error": "guidance", "message": str(error)}
        except Exception:  # errors travel as data: whatever went wrong, the next call must find a worker
            sys.excepthook(*sys.exc_info())
            return {"error": "internal", "message": f"{tool} failed inside the server. Try another article or archive."}

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
