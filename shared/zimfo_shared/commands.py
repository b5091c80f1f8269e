"""What the commands of zimfo share: a group that runs a default command, and a position as an option."""

import io
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from zimfo_shared.wire import Location


def parse_location(_context: click.Context, _parameter: click.Parameter, value: str | None) -> "Location | None":
    """Return "LAT,LON" as a location; a click callback. Raises `click.BadParameter`."""
    if value is None:
        return None
    from zimfo_shared.wire import Location  # pydantic takes longer to import than --help may take

    try:
        return Location.of_text(value)
    except ValueError:
        raise click.BadParameter("write it as LAT,LON in degrees, for example 37.44,-122.14") from None


class DefaultGroup(click.Group):
    """A group whose command `default` runs when the first argument is neither a command nor an option of the group.

    Without arguments it shows its help, or runs the default command with `no_args_is_help=False`.
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = default

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, with characters that a terminal cannot show replaced instead of ending the program."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        return super().main(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command first where no command is named."""
        if not args and self.no_args_is_help:
            return super().parse_args(ctx, args)
        own_options = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if not args or (args[0] not in self.commands and args[0] not in own_options):
            args = [self._default, *args]
        return super().parse_args(ctx, args)
