"""How a command ends when something goes wrong: one line on stderr and an exit code."""

import sys
from collections.abc import Callable

import click


def guarded(work: Callable[[], None]) -> None:
    """Run `work`; every failure that is ours becomes one line on stderr and exit code 1."""
    from zimfo_client.errors import ClientError

    try:
        work()
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone; nothing is left to say
        raise SystemExit(1) from None
