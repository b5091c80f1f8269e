"""The command `zimfo-server`. Imports of `mcp` and `libzim` wait until a command needs them."""

import importlib
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zimfo_shared.commands import DefaultGroup, parse_location

if TYPE_CHECKING:
    from zimfo_server.library.record import ArchiveRecord
    from zimfo_server.service import Service
    from zimfo_shared.wire import Location

Result = TypeVar("Result")

NOT_READY_POLL_S = 2.0  # between two looks at a map that is being prepared; a country takes minutes

_sources = click.argument("sources", nargs=-1, metavar="[ARCHIVE_OR_FOLDER]...")
_location = click.option(
    "--location",
    callback=parse_location,
    metavar="LAT,LON",
    help="Where the person is, in degrees, unless a call says otherwise.",
)


@click.group(
    cls=DefaultGroup, default="serve", no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="zimfo", prog_name="zimfo-server")
def main() -> None:
    """Serve offline archives (ZIM files) to language models over MCP.

    Without a command: serve over standard input and output, as an MCP host expects. Archives come from the
    arguments, else from ZIMFO_ARCHIVES, else from the folder that `zimfo-server list` names, else the demo archives.
    """


@main.command()
@_sources
@click.option("--all-tools", is_flag=True, help="List the map tools even when no map archive is loaded.")
@_location
def serve(sources: tuple[str, ...], *, all_tools: bool, location: "Location | None") -> None:
    """Serve archives over stdio (the default command)."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        _explain(sources)
        return
    _run(sources, lambda service: _serve(service, location), all_tools=all_tools)


async def _serve(service: "Service", location: "Location | None") -> None:
    """Serve until the host closes its end. Raises `NothingToServeError` as soon as it is known."""
    import anyio
    from anyio import to_thread

    service.require_usable()
    async with anyio.create_task_group() as tasks:
        # The reader starts before `mcp` is imported, which takes a second: it looks at the archives meanwhile.
        tasks.start_soon(_start, service)
        app = await to_thread.run_sync(importlib.import_module, "zimfo_server.app")
        await app.serve_stdio(service, location)
        tasks.cancel_scope.cancel()


async def _start(service: "Service") -> None:
    for record in await service.start():
        if not record.usable:
            click.echo(f"zimfo-server: not served: {record.file}: {record.problem}", err=True)


@main.command("list")
@_sources
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_archives(sources: tuple[str, ...], *, as_json: bool) -> None:
    """List archives: what they are and which cannot be served."""
    from zimfo_server.library.discover import user_archives

    records = _run(sources, _records)
    if as_json:
        click.echo(json.dumps([_public(record) for record in records], ensure_ascii=False, indent=2))
    else:
        for record in records:
            click.echo(_line(record))
        click.echo(f"Archives in {user_archives()} are found without being named.", err=True)
    if not any(record.usable for record in records):
        raise SystemExit(1)


async def _records(service: "Service") -> list["ArchiveRecord"]:
    from zimfo_server.errors import NothingToServeError

    try:
        return await service.start()
    except NothingToServeError:
        return service.records


@main.command()
@_sources
def check(sources: tuple[str, ...]) -> None:
    """Read archives whole and compare them with their checksums."""

    async def verified(service: "Service") -> int:
        damaged = 0
        records = await _records(service)
        for number, record in enumerate(records, 1):
            click.echo(f"{number} of {len(records)}: {record.name} ({record.size / 2**20:,.1f} MB) …", err=True)
            problem = await service.verify(record)
            click.echo(f"{record.name}: {f'DAMAGED: {problem}' if problem else 'good'}")
            damaged += bool(problem)
        return damaged

    if _run(sources, verified):
        raise SystemExit(1)


@main.command()
@click.argument("tool")
@click.argument("arguments", default="{}", metavar="[JSON]")
@click.option("--archives", "sources", multiple=True, metavar="PATH", help="Archive or folder; repeatable.")
@_location
def call(tool: str, arguments: str, sources: tuple[str, ...], *, location: "Location | None") -> None:
    """Call a tool once and print its result, for people without a host.

    Example: zimfo-server call article_overview '{"title": "Sunset"}'
    """
    try:
        values = json.loads(arguments)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f'{error}. Write JSON such as {{"title": "Sunset"}}.', param_hint="JSON") from None

    async def once(service: "Service") -> None:
        import anyio

        from zimfo_server.service import Connection
        from zimfo_shared.catalogue import CATALOGUE

        if tool not in CATALOGUE:
            raise click.BadParameter(f"no tool {tool!r}. Tools: {', '.join(CATALOGUE)}.", param_hint="TOOL")
        await service.start()
        connection = Connection(location)
        while (reply := await service.call(tool, values, connection=connection)).not_ready:
            click.echo(f"zimfo-server: {reply.text}", err=True)
            await anyio.sleep(NOT_READY_POLL_S)
        if reply.is_error:
            raise click.ClickException(reply.text)
        click.echo(json.dumps(reply.payload, ensure_ascii=False, indent=2))

    _run(sources, once)


def _run(
    sources: tuple[str, ...], work: "Callable[[Service], Awaitable[Result]]", *, all_tools: bool = False
) -> Result:
    """Run `work` over the archives of `sources`; every failure becomes one line on stderr and exit code 1."""
    import anyio

    from zimfo_server.errors import ServerError
    from zimfo_server.library.discover import discover, library_sources
    from zimfo_server.service import Service

    async def over_service() -> Result:
        service = Service(discover(library_sources(sources)), all_tools=all_tools)
        try:
            return await work(service)
        finally:
            await service.stop()

    try:
        return anyio.run(over_service)
    except ServerError as error:
        raise click.ClickException(str(error)) from None
    except BaseExceptionGroup as group:
        raise _single(group) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _single(group: BaseExceptionGroup) -> BaseException:
    """Return what a task group wrapped, as a message where it is one of ours."""
    from zimfo_server.errors import ServerError

    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return click.ClickException(str(error)) if isinstance(error, ServerError) else error


def _public(record: "ArchiveRecord") -> dict[str, Any]:
    return {**record.to_dict(), "usable": record.usable}


def _line(record: "ArchiveRecord") -> str:
    if not record.usable:
        return f"{record.name}: NOT SERVED: {record.problem}"
    indexes = " ".join(
        word for word, there in (("full-text", record.has_fulltext), ("titles", record.has_title_index)) if there
    )
    if record.kind == "streetzim":
        content = "map with roads" if record.has_graph else "map without roads"
    else:
        content = f"{record.article_count:,} pages, {indexes or 'no index'}"
    facts = (record.kind, record.title, record.language, content)
    return f"{record.name}: " + ", ".join(fact for fact in facts if fact)


def _explain(sources: tuple[str, ...]) -> None:
    command = shutil.which("zimfo-server") or str(Path(sys.argv[0]).absolute())
    arguments = [str(Path(source).absolute()) for source in sources]
    host = {"mcpServers": {"zimfo": {"command": command, "args": arguments}}}
    click.echo(
        "zimfo-server speaks the Model Context Protocol on standard input and output; a host starts it, not a person.\n"
        f"Put this into your host's configuration:\n\n{json.dumps(host, indent=2)}\n\n"
        "To look around without a host: zimfo-server list, zimfo-server call TOOL JSON, zimfo-server --help.\n"
        "To ask a question: zimfo ask 'What causes malaria?'",
        err=True,
    )
