"""What a person sees while waiting, all of it on stderr: loading, prefill, tool calls. Answers go to stdout."""

import sys
from collections.abc import Callable

import click

MIN_PREFILL = 256  # tokens; a shorter prompt is read before anybody could look


class Progress:
    """One line that is written over on a terminal; elsewhere one plain line a stage."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._stage = ""
        self._open = False

    def loading(self, model: str) -> Callable[[float], None]:
        """Return a callback for the loading of a model, which takes fractions from 0 to 1."""
        return lambda fraction: self._show(f"Loading {model}", fraction)

    def prefill(self, done: int, total: int) -> None:
        """Show how much of a prompt has been read, in tokens."""
        if total >= MIN_PREFILL:
            self._show(f"Reading {total} tokens", done / total)
        if done >= total:
            self.done()

    def text(self, text: str) -> None:
        """Write a piece of the answer to stdout."""
        self.done()
        click.echo(text, nl=False)

    def line(self, text: str) -> None:
        """Write a line to stderr."""
        self.done()
        click.echo(text, err=True)

    def done(self) -> None:
        """Take the progress line away."""
        if self._open:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._open = False
        self._stage = ""

    def _show(self, stage: str, fraction: float) -> None:
        if self._terminal:
            click.echo(f"\r\x1b[K{stage} … {fraction:.0%}", err=True, nl=False)
            self._open = True
        elif stage != self._stage:
            click.echo(f"{stage} …", err=True)
        self._stage = stage
