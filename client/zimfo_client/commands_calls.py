"""The command `zimfo calls`: what zimfo reads from a model's output, for people who train models."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import click

from zimfo_client.guard import guarded

MAX_LINE_BYTES: Final = 16 << 20  # of one emission: many times what the longest context holds
MAX_TOOLS_BYTES: Final = 16 << 20  # of a tool listing


@click.command()
@click.argument("source", type=click.File("rb"), metavar="FILE|-")
@click.option("--tools", type=click.Path(path_type=Path), help="A tool listing as JSON.  [default: zimfo's own tools]")
@click.option("--profile", metavar="NAME|FILE", help="Whose markers count besides the usual ones.")
def calls(source: IO[bytes], tools: Path | None, profile: str | None) -> None:
    """Read emissions, one JSON string a line, and write the calls in each as one line of JSON.

    The lines are `{"calls": [{"name", "arguments", "repaired"}], "text"}`.
    """

    def work() -> None:
        from zimfo_client.calls import parse_calls
        from zimfo_client.calls.canonical import canonical
        from zimfo_client.calls.scan import REASONING
        from zimfo_client.profile import find_profile
        from zimfo_client.transcript import well_formed

        known = _listed(tools) if tools else _own_tools()
        chosen = find_profile(profile) if profile else None
        reasoning, wrapper = (chosen.reasoning, chosen.wrapper) if chosen else (REASONING, None)
        for emission in _emissions(source):
            reply = parse_calls(emission, known, reasoning=reasoning, wrapper=wrapper)
            found = [
                {
                    "name": call.name,
                    "arguments": call.arguments if tools else canonical(call.name, call.arguments),
                    "repaired": call.repaired,
                }
                for call in reply.calls
            ]
            click.echo(well_formed(json.dumps({"calls": found, "text": reply.text}, ensure_ascii=False)))

    guarded(work)


def _emissions(source: IO[bytes]) -> Iterator[str]:
    """Yield the texts of a file, one JSON string a line. Raises `CorpusError`."""
    from zimfo_client.errors import CorpusError

    for number, line in enumerate(iter(lambda: source.readline(MAX_LINE_BYTES + 1), b""), 1):
        if len(line) > MAX_LINE_BYTES:
            raise CorpusError(f"Line {number} is longer than {MAX_LINE_BYTES:,} bytes.")
        if not line.strip():
            continue
        try:
            text = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            text = None
        if not isinstance(text, str):
            raise CorpusError(f'Line {number} is no JSON string. Write each emission as one, such as "Hello.\\n".')
        yield text


def _own_tools() -> dict[str, list[str]]:
    from zimfo_shared.catalogue import CATALOGUE

    return {name: list(contract.input.model_fields) for name, contract in CATALOGUE.items()}


def _listed(path: Path) -> dict[str, list[str]]:
    """Return the tools of a listing with their arguments in order. Raises `ConfigError`."""
    from zimfo_client.errors import ConfigError

    try:
        with path.open("rb") as file:
            value: Any = json.loads(file.read(MAX_TOOLS_BYTES))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{path} is no JSON. Write a list of tools with 'name' and 'inputSchema'.") from None
    listing = value.get("tools") if isinstance(value, Mapping) else value
    if not isinstance(listing, Sequence) or not all(isinstance(tool, Mapping) and "name" in tool for tool in listing):
        raise ConfigError(f"{path} is no list of tools with 'name' and 'inputSchema'.")
    return {str(tool["name"]): _arguments(tool.get("inputSchema") or tool.get("parameters")) for tool in listing}


def _arguments(schema: object) -> list[str]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return list(properties) if isinstance(properties, Mapping) else []
