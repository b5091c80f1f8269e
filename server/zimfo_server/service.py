"""What a call means, apart from any protocol: validates arguments, asks a worker, and words the answer.

The MCP server (`app`) and `zimfo-server call` are two doors to this one room.
"""

from dataclasses import dataclass, field
from typing import Any

import anyio

from zimfo_server.errors import GuidanceError, NothingToServeError, NotReadyError
from zimfo_server.journeys import Journeys
from zimfo_server.library.record import ArchiveRecord
from zimfo_server.tools.plan import FIND_ENDS, PLAN_ROUTE, PlannedRoute
from zimfo_server.workers.pool import WorkerPool
from zimfo_shared.arguments import Input
from zimfo_shared.catalogue import ARTICLE_TOOLS, CATALOGUE, PLACE_TOOLS, ROUTE_TOOLS
from zimfo_shared.contract import Contract, as_text
from zimfo_shared.errors import BadArgumentsError
from zimfo_shared.routes import ROUTE_FROM_PLACES, RouteStatusInput
from zimfo_shared.wire import Location

LISTING_WAIT_S = 3.0  # hosts list the tools first of all, and give up on a server that takes much longer


@dataclass(frozen=True)
class Reply:
    """A tool's answer: `payload` is the structured content, absent when `is_error`; `text` is complete by itself.

    `resource` is the URI of a resource that belongs to the answer. `not_ready` guidance is only true for now.
    """

    text: str
    payload: dict[str, Any] | None = None
    resource: str | None = None
    not_ready: bool = False

    @property
    def is_error(self) -> bool:
        """Whether the text is guidance instead of a result."""
        return self.payload is None


@dataclass
class Connection:
    """What is remembered of one host: where the person is unless a call says otherwise, and the routes planned."""

    location: Location | None = None
    journeys: Journeys = field(default_factory=Journeys)


class Service:
    """The tools over a set of discovered archives."""

    def __init__(self, records: list[ArchiveRecord], *, all_tools: bool = False) -> None:
        self._pool = WorkerPool(records)
        self._ready = anyio.Event()
        self._all_tools = all_tools
        self._listed: dict[str, Contract] | None = None

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

    async def listing(self) -> dict[str, Contract]:
        """Return the tools that the archives can answer, by name; decided by the first call, never changed after.

        Archives that are not all known within `LISTING_WAIT_S` may hold maps, so then every tool is listed.
        """
        with anyio.move_on_after(LISTING_WAIT_S):
            await self._ready.wait()
        if self._listed is None:
            maps = [record for record in self.records if record.usable and record.kind == "streetzim"]
            everything = self._all_tools or not self._ready.is_set()
            self._listed = {
                contract.name: contract
                for contracts, there in (
                    (ARTICLE_TOOLS, True),
                    (PLACE_TOOLS, bool(maps)),
                    (ROUTE_TOOLS, any(record.has_graph for record in maps)),
                )
                for contract in contracts
                if there or everything
            }
        return self._listed

    async def call(
        self, tool: str, arguments: object, *, connection: Connection, location: Location | None = None
    ) -> Reply:
        """Answer one call of a tool of the catalogue; `location` is the person's, as the call itself gave it."""
        await self._ready.wait()
        here = location or connection.location
        try:
            parsed = CATALOGUE[tool].input.parse(tool, arguments)
            if isinstance(parsed, RouteStatusInput):
                given = parsed.lat is not None and parsed.lon is not None
                point = Location(lat=parsed.lat, lon=parsed.lon) if given else here
                return _reply(connection.journeys.status(point).payload())
            values, note = self._pinned(tool, parsed)
            if tool == ROUTE_FROM_PLACES.name:
                return await self._route(values, note, here, connection)
            return _reply(await self._pool.call(tool, values, here), note)
        except (BadArgumentsError, GuidanceError) as error:
            return Reply(str(error), not_ready=isinstance(error, NotReadyError))

    async def verify(self, record: ArchiveRecord) -> str:
        """Return what is wrong with an archive after reading all of it, empty when nothing is."""
        return await self._pool.verify(record)

    async def stop(self) -> None:
        """End the workers."""
        await self._pool.stop()

    async def _route(
        self, values: dict[str, Any], note: str | None, here: Location | None, connection: Connection
    ) -> Reply:
        """Let the reader find the ends and the router the way between them; the route becomes the last one."""
        if not any(record.usable and record.has_graph for record in self.records):
            raise GuidanceError("No map archive with roads is loaded, so no route can be planned.")
        ends = await self._pool.call(FIND_ENDS, values, here)
        asked = {"candidates": ends["candidates"], "mode": values["mode"]}
        planned = PlannedRoute.model_validate(await self._pool.call(PLAN_ROUTE, asked, role="router"))
        route = connection.journeys.begin(planned)
        notes = " ".join(text for text in (note, ends.get("note")) if text)
        return _reply(route.payload(), notes, resource=route.geometry)

    def _pinned(self, tool: str, parsed: Input) -> tuple[dict[str, Any], str | None]:
        """Return the arguments with `zim` as the archive's own name, or without it when no archive is called that.

        Models invent file names, so an unknown one is dropped and said to be. A near miss is never taken: `en` and
        `es`, `maxi` and `nopic` are different archives. Nor can an encyclopedia answer for places.
        """
        values = parsed.model_dump()
        asked = values.get("zim")
        values["zim"] = None
        if not asked:
            return values, None
        stem = asked.removesuffix(".zim")
        found = next((record for record in self.records if record.name == stem), None) or next(
            (record for record in self.records if record.name.casefold() == stem.casefold()), None
        )
        if found is None:
            return values, f"No archive is called '{asked}'; all archives were used."
        if found.kind != "streetzim" and CATALOGUE[tool] not in ARTICLE_TOOLS:
            return values, f"Archive '{found.name}' is no map; all maps were used."
        values["zim"] = found.name
        return values, None


def _reply(payload: dict[str, Any], note: str | None = None, resource: str | None = None) -> Reply:
    if note:
        payload["note"] = f"{note} {payload.get('note', '')}".strip()
    return Reply(as_text(payload), payload, resource)
