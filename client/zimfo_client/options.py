"""Options that several commands share, and their values as one object."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from zimfo_shared.commands import parse_location
from zimfo_shared.units import VARIABLE

if TYPE_CHECKING:
    from zimfo_shared.wire import Location

MAX_QUESTION_CHARS = 20_000  # that are read: beyond this it is a document, and no search takes it

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class AskOptions:
    """How questions are to be answered."""

    model: str | None
    profile: str | None
    server: str | None
    mcp_config: Path | None
    allow: tuple[str, ...]
    archives: tuple[str, ...]
    location: "Location | None"
    seed: int | None
    intents: bool
    grammar: bool
    grounding: bool
    allow_prior: bool
    raw: bool
    direct: bool
    trace: bool

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the options from click's values, the location from the person's settings where none is given.

        Raises `click.UsageError` for a contradiction, `ConfigError` for settings that cannot be used.
        """
        options = cls(**{item.name: values[item.name] for item in fields(cls)})
        if options.server and options.archives:
            raise click.UsageError("--archives is for zimfo's own server; name archives in the --server command.")
        if options.server and options.mcp_config:
            raise click.UsageError("--server and --mcp-config exclude each other.")
        if options.direct and (options.model or options.profile):
            raise click.UsageError("--direct uses no model; leave out --model and --profile.")
        from zimfo_client.config import load_config  # pydantic takes longer to import than --help may take

        config = load_config()
        if config.units:
            os.environ.setdefault(VARIABLE, config.units)  # for our server as well
        return options if options.location else replace(options, location=config.location)


_OPTIONS = (
    click.option(
        "--model",
        metavar="PATH|NAME|URL",
        help="A GGUF file, a name of `models list`, or the address of an inference server.",
    ),
    click.option(
        "--profile", metavar="NAME|FILE", help="How the model is prompted, see `profile list`.  [default: by the model]"
    ),
    click.option("--server", metavar="COMMAND", help="Start this MCP server instead of zimfo's own."),
    click.option(
        "--mcp-config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Start the servers of this mcpServers file beside zimfo's own.",
    ),
    click.option(
        "--allow",
        multiple=True,
        metavar="TOOL|all",
        help="Call this tool of another server without asking, though it may change things; repeatable.",
    ),
    click.option("--archives", multiple=True, metavar="PATH", help="Archive or folder of archives; repeatable."),
    click.option(
        "--location",
        callback=parse_location,
        metavar="LAT,LON",
        help="Where you are, in degrees; else `location` of config.toml.",
    ),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Make the model's choices repeatable."),
    click.option(
        "--intents/--no-intents", default=True, help="Recognise question shapes without the model.  [default: on]"
    ),
    click.option(
        "--grammar/--no-grammar", default=True, help="Hold the model's calls to what the tools take.  [default: on]"
    ),
    click.option(
        "--grounding/--no-grounding",
        default=True,
        help="Name numbers and names of an answer that the archives did not give.  [default: on]",
    ),
    click.option("--allow-prior", is_flag=True, help="Let the model answer without having looked anything up."),
    click.option("--raw", is_flag=True, help="The model alone: no intents, grammar, grounding or repair of arguments."),
    click.option("--direct", is_flag=True, help="Use no model: compose the answer from the archives."),
    click.option("--trace", is_flag=True, help="Show prompt and raw output on standard error."),
)


def ask_options(command: Command) -> Command:
    """Add the options of `AskOptions` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
