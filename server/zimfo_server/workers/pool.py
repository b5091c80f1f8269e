"""The workers behind the tools: which role answers what, and what happens when one fails."""

from typing import Any

import anyio

from zimfo_server.errors import GuidanceError, WorkerDiedError, WorkerError, WorkerTimeoutError
from zimfo_server.library.record import ArchiveRecord
from zimfo_server.workers.process import START_DEADLINE_S, WorkerProcess
from zimfo_shared.wire import Location

DEADLINES_S = {
    # Reading and searching; the slowest honest call (a cold search over many archives) takes 3 s.
    "reader": 15.0,
    # The first route of a new installation compiles the search (8 s or more), and the longest settle millions of nodes.
    # With the reader's time for the ends it stays below the minute after which hosts give up.
    "router": 42.0,
}
SLOW_BY_NATURE = frozenset({"router"})  # a route that takes too long is too long: the archive is not to blame
SLOWEST_DISK_BYTES_S = 2 * 2**20  # of an old SD card; below that a whole archive cannot be verified in a day
MAX_RESTARTS = 200  # archives that may crash a worker one after another while a library is classified


class WorkerPool:
    """Starts workers on demand and repeats a failed call once without the archive that broke it."""

    def __init__(self, records: list[ArchiveRecord], deadline_s: float | None = None) -> None:
        self._workers = {"reader": WorkerProcess("reader", records)}
        self._deadline_s = deadline_s

    async def start(self) -> list[ArchiveRecord]:
        """Classify the archives; those that crash or hang the worker get a `problem`. Returns all records."""
        reader = self._workers["reader"]
        for _ in range(MAX_RESTARTS):
            try:
                return await reader.start()
            except WorkerError as error:
                if error.touched is None:
                    raise
                await reader.set_aside(error.touched, _problem(error))
        return reader.records

    @property
    def records(self) -> list[ArchiveRecord]:
        """What is known of the archives now."""
        return self._workers["reader"].records

    async def call(
        self, tool: str, arguments: dict[str, Any], location: Location | None = None, *, role: str = "reader"
    ) -> dict[str, Any]:
        """Return the payload of a tool; raises `GuidanceError` with a text for the model.

        An archive that breaks a worker is set aside for that role only: a map whose road graph is damaged may still
        know its places.
        """
        worker = self._worker(role)
        deadline_s = self._deadline_s or DEADLINES_S[role]
        try:
            return await worker.call(tool, arguments, deadline_s, location)
        except WorkerError as error:
            late = isinstance(error, WorkerTimeoutError)
            if error.touched is not None and not (late and role in SLOW_BY_NATURE):
                await worker.set_aside(error.touched, _problem(error))
            elif late:
                message = f"{tool} failed: {error}. Try the call again, or name one archive with 'zim'."
                raise GuidanceError(message) from None
            # A worker that died before it came to an archive was lost to something else; a new one can answer.
        try:
            return await worker.call(tool, arguments, deadline_s, location)
        except WorkerError as error:
            if error.touched is not None:
                await worker.set_aside(error.touched, _problem(error))
            where = f" while reading archive '{error.touched}'" if error.touched else ""
            raise GuidanceError(f"{tool} failed twice{where}: {error}. Name another archive with 'zim'.") from None

    async def verify(self, record: ArchiveRecord) -> str:
        """Return what is wrong with an archive after reading all of it, empty when nothing is."""
        if not record.usable:
            return record.problem
        deadline = START_DEADLINE_S + record.size / SLOWEST_DISK_BYTES_S
        try:
            good = await self._workers["reader"].verify(record.name, deadline)
        except WorkerError as error:
            return _problem(error)
        return "" if good else "its bytes do not match its checksum"

    async def stop(self) -> None:
        """End all workers."""
        with anyio.CancelScope(shield=True):
            for worker in self._workers.values():
                await worker.stop()

    def _worker(self, role: str) -> WorkerProcess:
        """Return the worker of a role. All but the reader start with what the reader found out about the archives."""
        if role not in self._workers:
            self._workers[role] = WorkerProcess(role, list(self.records), classified=True)
        return self._workers[role]


def _problem(error: WorkerError) -> str:
    if isinstance(error, WorkerDiedError):
        return "it is damaged: reading it crashed a worker process; download it again"
    return f"it is damaged or its disk is too slow: {error}"
