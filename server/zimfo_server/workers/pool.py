"""The workers behind the tools: which role answers what, and what happens when one fails."""

from typing import Any

import anyio

from zimfo_server.errors import GuidanceError, WorkerDiedError, WorkerError, WorkerTimeoutError
from zimfo_server.library.record import ArchiveRecord
from zimfo_server.workers.process import START_DEADLINE_S, WorkerProcess

READ_DEADLINE_S = 15.0  # reading and searching; the slowest honest call (a cold search over many archives) takes 3 s
SLOWEST_DISK_BYTES_S = 2 * 2**20  # of an old SD card; below that a whole archive cannot be verified in a day
MAX_RESTARTS = 200  # archives that may crash a worker one after another while a library is classified


class WorkerPool:
    """Starts workers on demand and repeats a failed call once without the archive that broke it."""

    def __init__(self, records: list[ArchiveRecord], deadline_s: float = READ_DEADLINE_S) -> None:
        self._reader = WorkerProcess("reader", records)
        self._deadline_s = deadline_s

    async def start(self) -> list[ArchiveRecord]:
        """Classify the archives; those that crash or hang the worker get a `problem`. Returns all records."""
        for _ in range(MAX_RESTARTS):
            try:
                return await self._reader.start()
            except WorkerError as error:
                if error.touched is None:
                    raise
                await self._reader.set_aside(error.touched, _problem(error))
        return self._reader.records

    @property
    def records(self) -> list[ArchiveRecord]:
        """What is known of the archives now."""
        return self._reader.records

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the payload of a tool; raises `GuidanceError` with a text for the model."""
        try:
            return await self._reader.call(tool, arguments, self._deadline_s)
        except WorkerError as error:
            if error.touched is not None:
                await self._reader.set_aside(error.touched, _problem(error))
            elif isinstance(error, WorkerTimeoutError):
                message = f"{tool} failed: {error}. Try the call again, or name one archive with 'zim'."
                raise GuidanceError(message) from None
            # A worker that died before it came to an archive was lost to something else; a new one can answer.
        try:
            return await self._reader.call(tool, arguments, self._deadline_s)
        except WorkerError as error:
            if error.touched is not None:
                await self._reader.set_aside(error.touched, _problem(error))
            where = f" while reading archive '{error.touched}'" if error.touched else ""
            raise GuidanceError(f"{tool} failed twice{where}: {error}. Name another archive with 'zim'.") from None

    async def verify(self, record: ArchiveRecord) -> str:
        """Return what is wrong with an archive after reading all of it, empty when nothing is."""
        if not record.usable:
            return record.problem
        deadline = START_DEADLINE_S + record.size / SLOWEST_DISK_BYTES_S
        try:
            return "" if await self._reader.verify(record.name, deadline) else "its bytes do not match its checksum"
        except WorkerError as error:
            return _problem(error)

    async def stop(self) -> None:
        """End all workers."""
        with anyio.CancelScope(shield=True):
            await self._reader.stop()


def _problem(error: WorkerError) -> str:
    if isinstance(error, WorkerDiedError):
        return "it is damaged: reading it crashed a worker process; download it again"
    return f"it is damaged or its disk is too slow: {error}"
