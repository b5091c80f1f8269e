"""Runs the commands: starts the tool server, opens a conversation, puts questions to it."""

import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import click

from zimfo_client.agent.conversation import Conversation, DirectConversation
from zimfo_client.answering import find_answering_model
from zimfo_client.errors import ClientError
from zimfo_client.interrupt import Interrupts
from zimfo_client.lines import Lines
from zimfo_client.options import MAX_QUESTION_CHARS, AskOptions
from zimfo_client.servers import open_tools
from zimfo_client.show import call_line, show_answer, show_json
from zimfo_client.transcript import well_formed

PROMPT = "> "
HELP = (
    "Commands: /undo forgets the last question, /retry answers it anew, /edit QUESTION asks another in its place, "
    "/stats tells tokens and times, /quit leaves. Ctrl-C stops an answer."
)
STOPPED = "Stopped. The question is forgotten; /retry asks it again."


def answer_once(question: str, options: AskOptions, *, as_json: bool) -> None:
    """Answer one question on stdout; raises `ClientError` when none can be given."""

    async def once() -> None:
        async with _conversation(options, quiet=as_json) as conversation:
            answer = await conversation.ask(question)
            if as_json:
                show_json(answer)
            else:
                show_answer(answer)

    anyio.run(once)


def talk(options: AskOptions, *, jsonl: bool) -> None:
    """Answer questions from standard input until it ends; an error is shown and the next question is taken."""
    interrupts = Interrupts()
    failed = anyio.run(lambda: _talk(options, interrupts, jsonl=jsonl))
    if interrupts.leaving:
        raise KeyboardInterrupt
    if failed:
        raise SystemExit(1)


async def _talk(options: AskOptions, interrupts: Interrupts, *, jsonl: bool) -> bool:
    """Hold a conversation; returns whether a question of a pipe failed, which its other end must learn."""
    person = sys.stdin.isatty() and not jsonl
    failed = False
    async with _conversation(options, quiet=jsonl) as conversation:
        if person:
            click.echo(HELP, err=True)
        lines = Lines(MAX_QUESTION_CHARS)
        while (line := await _line(lines, person=person)) is not None:
            text = well_formed(line).strip()
            if text in ("/quit", "/exit"):
                break
            if text:
                with interrupts.stoppable() as scope:
                    failed = not await _turn(conversation, text, jsonl=jsonl) or failed
                if interrupts.leaving:
                    break
                if scope.cancelled_caught:
                    failed = True
                    if not jsonl:
                        click.echo()  # ends the line that the answer had come to
                    _show_failure(text, STOPPED, jsonl=jsonl)
    return failed and not person


async def _turn(conversation: Conversation, text: str, *, jsonl: bool) -> bool:
    """Carry out one line; returns whether that was possible."""
    try:
        if text == "/undo":
            click.echo("Forgotten." if conversation.undo() else "There is nothing to undo.", err=True)
            return True
        if text == "/stats":
            click.echo("\n".join(conversation.stats()), err=True)
            return True
        command, _, rest = text.partition(" ")
        if text == "/retry":
            answer = await conversation.retry()
        elif command == "/edit" and rest.strip():
            conversation.undo()
            answer = await conversation.ask(rest.strip())
        elif text.startswith("/"):
            click.echo(f"Unknown command {command}. {HELP}", err=True)
            return True
        else:
            answer = await conversation.ask(text)
        if answer is None:
            click.echo("There is nothing to retry.", err=True)
        elif jsonl:
            show_json(answer)
        else:
            show_answer(answer)
    except ClientError as error:
        _show_failure(text, f"Error: {error}", jsonl=jsonl)
        return False
    return True


def _show_failure(question: str, what: str, *, jsonl: bool) -> None:
    click.echo(what, err=True)
    if jsonl:
        # Whoever reads the pipe waits for a line to each question.
        click.echo(json.dumps({"question": question, "error": what.removeprefix("Error: ")}, ensure_ascii=False))


async def _line(lines: Lines, *, person: bool) -> str | None:
    """Read a line while the session with the server goes on; None at the end of input."""
    if person:
        click.echo(PROMPT, nl=False, err=True)
    return await lines.next()


@asynccontextmanager
async def _conversation(options: AskOptions, *, quiet: bool) -> AsyncIterator[Conversation]:
    """Open a conversation as the options say; what the server has to tell is shown at the end.

    The model is looked for before the server starts, so that a wrong name is answered at once.
    """
    model = None if options.direct else find_answering_model(options)
    async with open_tools(options) as host:
        host.on_wait = lambda text: click.echo(text, err=True)
        conversation: Conversation
        if model is None:
            on_call = None if quiet else lambda call: click.echo(call_line(call), err=True)
            conversation = DirectConversation(host, options.location, on_call)
        else:
            conversation = await model.converse(host, quiet=quiet)
        with contextlib.closing(conversation):
            yield conversation
        for notice in host.notices():
            click.echo(notice, err=True)
