"""Runs the commands: starts the tool server, opens a conversation, puts questions to it."""

import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import click

from zimfo_client.agent.conversation import Conversation, DirectConversation
from zimfo_client.errors import ClientError
from zimfo_client.host import open_host
from zimfo_client.local_model import LocalModel
from zimfo_client.options import MAX_QUESTION_CHARS, AskOptions
from zimfo_client.show import call_line, show_answer, show_json
from zimfo_client.transcript import well_formed

PROMPT = "> "
HELP = "Commands: /undo forgets the last question, /retry answers it anew, /quit leaves."


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
    if anyio.run(lambda: _talk(options, jsonl=jsonl)):
        raise SystemExit(1)


async def _talk(options: AskOptions, *, jsonl: bool) -> bool:
    """Hold a conversation; returns whether a question of a pipe failed, which its other end must learn."""
    person = sys.stdin.isatty() and not jsonl
    failed = False
    async with _conversation(options, quiet=jsonl) as conversation:
        if person:
            click.echo(HELP, err=True)
        while (line := await _line(person=person)) is not None:
            text = well_formed(line).strip()
            if text in ("/quit", "/exit"):
                break
            if text:
                failed = not await _turn(conversation, text, jsonl=jsonl) or failed
    return failed and not person


async def _turn(conversation: Conversation, text: str, *, jsonl: bool) -> bool:
    """Carry out one line; returns whether that was possible."""
    try:
        if text == "/undo":
            click.echo("Forgotten." if conversation.undo() else "There is nothing to undo.", err=True)
            return True
        if text.startswith("/") and text != "/retry":
            click.echo(f"Unknown command {text.split()[0]}. {HELP}", err=True)
            return True
        answer = await (conversation.retry() if text == "/retry" else conversation.ask(text))
        if answer is None:
            click.echo("There is nothing to retry.", err=True)
        elif jsonl:
            show_json(answer)
        else:
            show_answer(answer)
    except ClientError as error:
        click.echo(f"Error: {error}", err=True)
        if jsonl:
            # Whoever reads the pipe waits for a line to each question.
            click.echo(json.dumps({"question": text, "error": str(error)}, ensure_ascii=False))
        return False
    return True


async def _line(*, person: bool) -> str | None:
    """Read a line in a thread, so that the session with the server goes on; None at the end of input."""
    if person:
        click.echo(PROMPT, nl=False, err=True)
    line = await anyio.to_thread.run_sync(sys.stdin.readline, MAX_QUESTION_CHARS, abandon_on_cancel=True)
    return line or None


@asynccontextmanager
async def _conversation(options: AskOptions, *, quiet: bool) -> AsyncIterator[Conversation]:
    """Open a conversation as the options say; what the server has to tell is shown at the end.

    The model is looked for before the server starts, so that a wrong name is answered at once.
    """
    model = None if options.direct else LocalModel.find(options)
    async with open_host(options.server, options.archives) as host:
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
