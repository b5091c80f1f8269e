"""Ctrl-C while an answer is written stops that answer, and not the conversation."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import anyio

TWICE_S: Final = 1.0  # a second Ctrl-C this soon after the first means the conversation


class Interrupts:
    """Lets Ctrl-C end what runs inside `stoppable`; `leaving` says that a second one came soon after it."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self.leaving = False

    @contextmanager
    def stoppable(self) -> Iterator[anyio.CancelScope]:
        """Cancel what runs inside on Ctrl-C; `cancelled_caught` of the scope then says so. For the main thread."""
        loop, scope = asyncio.get_running_loop(), anyio.CancelScope()

        def stop(_number: int, _frame: FrameType | None) -> None:
            now = time.monotonic()
            self.leaving = now - self._last < TWICE_S
            self._last = now
            loop.call_soon_threadsafe(scope.cancel)

        before = signal.signal(signal.SIGINT, stop)
        try:
            with scope:
                yield scope
        finally:
            signal.signal(signal.SIGINT, before)
