"""What a call means, apart from any protocol: validates arguments, asks a worker, and words the answer.

The MCP server (`app`) and `zimfo-server call` are two doors to this one room.
"""

from dataclasses import dataclass
from typing import Any

import anyio

from zimfo_server.errors import GuidanceError, NothingToServeError
from zimfo_server.library.record import ArchiveRecord
from zimfo_server.workers.pool import WorkerPool
from zimfo_shared.arguments import Input
from zimfo_shared.catalogue import ARTICLE_TOOLS
from zimfo_shared.contract import Contract, as_text
from zimfo_shared.errors import BadArgumentsError


@dataclass(frozen=True)
class Reply:
    """A tool's answer: `payload` is the structured content, absent when `is_error`; `text` is complete by itself."""

    text: str
    payload: dict[str, Any] | None = None

    @property
    def is_error(self) -> bool:
        """Whether the text is guidance instead of a result."""
        return self.payload is None


class Service:
    """The tools over a set of discovered archives."""

    def __init__(self, records: list[ArchiveRecord]) -> None:
        self._pool = WorkerPool(records)
        self._ready = anyio.Event()
        self.contracts: dict[str, Contract] = {contract.name: contract for contract in ARTICLE_TOOLS}

    @property
    def records(self) -> list[ArchiveRecord]:
        """What is known of the archives now."""
        return self._pool.records

    async def start(self) -> list[ArchiveRecord]:
        """Start the workers and classify the archives. Raises `NothingToServeError` when none can be used."""
        self.require_usable()
        await self._pool.start()
        self.require_usable()
        self._ready.set()
        return self.records

    def require_usable(self) -> None:
        """Raise `NothingToServeError` when it is known that no archive can be used."""
        if not any(record.usable for record in self.records):
            reasons = "; ".join(f"{record.file}: {record.problem}" for record in self.records)
            raise NothingToServeError(f"None of the archives can be used. {reasons}")

    async def call(self, tool: str, arguments: object) -> Reply:
        """Answer one call of a tool that `contracts` lists."""
        await self._ready.wait()
        try:
            parsed = self.contracts[tool].input.parse(tool, arguments)
            values, note = self._pinned(parsed)
            payload = await self._pool.call(tool, values)
        except (BadArgumentsError, GuidanceError) as error:
            return Reply(str(error))
        if note:
            payload["note"] = f"{note} {payload.get('note', '')}".strip()
        return Reply(as_text(payload), payload)

    async def verify(self, record: ArchiveRecord) -> str:
        """Return what is wrong with an archive after reading all of it, empty when nothing is."""
        return await self._pool.verify(record)

    async def stop(self) -> None:
        """End the workers."""
        await self._pool.stop()

    def _pinned(self, parsed: Input) -> tuple[dict[str, Any], str | None]:
        """Return the arguments with `zim` as the archive's own name, or without it when no archive is called that.

        Models invent file names, so an unknown one is dropped and said to be. A near miss is never taken: `en` and
        `es`, `maxi` and `nopic` are different archives.
        """
        values = parsed.model_dump()
        asked = values.get("zim")
        if not asked:
            values["zim"] = None
            return values, None
        stem = asked.removesuffix(".zim")
        names = {record.name.casefold(): record.name for record in self.records}
        exact = next((record.name for record in self.records if record.name == stem), None)
        values["zim"] = exact or names.get(stem.casefold())
        if values["zim"]:
            return values, None
        return values, f"No archive is called '{asked}'; all archives were used."
