"""Running an engine, which blocks, beside an event loop."""

import threading

import anyio
from anyio import from_thread, to_thread

from zimfo_client.engine.base import Engine, Generation, OnPrefill, OnText, SamplingSettings
from zimfo_client.transcript import Transcript

POLL_SECONDS = 0.005  # how often a cancelled caller looks whether the thread has ended: well below one token


class _Job:
    """Whether the thread has begun and ended; a job that is cancelled before it began never begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._running = False

    def begin(self) -> bool:
        with self._lock:
            self._running = not self._cancelled
            return self._running

    def end(self) -> None:
        self._running = False

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    @property
    def running(self) -> bool:
        return self._running


async def agenerate(
    engine: Engine,
    transcript: Transcript,
    sampling: SamplingSettings,
    *,
    on_text: OnText | None = None,
    on_prefill: OnPrefill | None = None,
) -> Generation:
    """Run `engine.generate` in a worker thread; the callbacks run in the event loop's thread.

    A cancelled caller stops the engine and waits until its thread has ended: the transcript and the engine's state are
    consistent when the cancellation goes on, and the tokens sampled until then stand in the transcript. Raises what
    `generate` raises.
    """
    job = _Job()

    def show(text: str) -> None:
        if on_text is not None and not job.cancelled:
            from_thread.run_sync(on_text, text)

    def report(done: int, total: int) -> None:
        if on_prefill is not None and not job.cancelled:
            from_thread.run_sync(on_prefill, done, total)

    def run() -> Generation | None:
        if not job.begin():
            return None
        try:
            return engine.generate(
                transcript, sampling, on_text=show, on_prefill=report, should_stop=lambda: job.cancelled
            )
        finally:
            job.end()

    try:
        # Abandoning only lets the cancellation reach the handler below, which does wait for the thread. A shielded wait
        # would not do: the loop's own cancellation, which is what Ctrl-C becomes, ignores shields.
        generation = await to_thread.run_sync(run, abandon_on_cancel=True)
    except BaseException:
        job.cancel()
        await _ended(job)
        raise
    if generation is None:
        raise RuntimeError("a job that nobody cancelled did not run")
    return generation


async def _ended(job: _Job) -> None:
    while job.running:
        try:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(POLL_SECONDS)
        except anyio.get_cancelled_exc_class():
            continue  # cancelled again while waiting: the first cancellation is on its way already
