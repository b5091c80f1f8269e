"""Lines of standard input beside an event loop, read so that a program can end while it waits for one."""

import asyncio
import contextlib
import sys
import threading
from typing import TextIO


class Lines:
    """Lines of standard input of at most `limit` characters; what is longer comes in pieces."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # A file of our own: the interpreter would wait for a lock of `sys.stdin` that the reading thread holds.
        self._file: TextIO = open(0, encoding=sys.stdin.encoding, errors=sys.stdin.errors, closefd=False)  # noqa: SIM115

    async def next(self) -> str | None:
        """Return the next line; None at the end of input."""
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str] = loop.create_future()

        def answer(text: str, error: Exception | None) -> None:
            if line.done():  # nobody waits any more
                return
            if error is None:
                line.set_result(text)
            else:
                line.set_exception(error)

        def read(file: TextIO, limit: int) -> None:
            text, error = "", None
            try:
                text = file.readline(limit)
            except Exception as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the program has ended
                loop.call_soon_threadsafe(answer, text, error)

        # A thread of anyio's would keep the program from ending until the person types a line.
        threading.Thread(target=read, args=(self._file, self._limit), daemon=True, name="zimfo-stdin").start()
        return await line or None
