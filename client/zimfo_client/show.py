"""How answers look on a terminal: the answer on stdout, everything about it on stderr."""

import json

import click

from zimfo_client.agent.answer import Answer
from zimfo_client.results import ToolResult

MAX_SHOWN_ARGUMENTS = 200  # characters of a call's arguments in the line that shows it


def show_answer(answer: Answer) -> None:
    """Print an answer and its sources."""
    if not answer.shown:
        click.echo(answer.text)
    if answer.sources:
        click.echo("\nSources:")
        for number, source in enumerate(answer.sources, 1):
            click.echo(f"[{number}] {source.label()}")


def show_json(answer: Answer) -> None:
    """Print an answer as one line of JSON."""
    click.echo(json.dumps(answer.to_json(), ensure_ascii=False))


def call_line(call: ToolResult) -> str:
    """Return a tool call as one line."""
    text = json.dumps(call.arguments, ensure_ascii=False)
    shown = text if len(text) <= MAX_SHOWN_ARGUMENTS else text[: MAX_SHOWN_ARGUMENTS - 1] + "…"
    return f"→ {call.name} {shown}" + ("" if call.ok else "  (refused)")
