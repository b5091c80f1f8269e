"""The command `zimfo`. Imports of `mcp`, `llama_cpp` and `rich` wait until a command needs them."""

import sys
from typing import Any

import click

from zimfo_client.commands_calls import calls
from zimfo_client.commands_eval import compare, evaluate
from zimfo_client.commands_models import models
from zimfo_client.commands_profile import profile
from zimfo_client.commands_tools import tools
from zimfo_client.guard import guarded
from zimfo_client.options import MAX_QUESTION_CHARS, AskOptions, ask_options
from zimfo_shared.commands import DefaultGroup


@click.group(
    cls=DefaultGroup, default="ask", no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="zimfo", prog_name="zimfo")
def main() -> None:
    """Ask questions of offline archives.

    Without a command the arguments are a question: zimfo "What causes malaria?"
    """


@main.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@ask_options
def ask(question: tuple[str, ...], *, as_json: bool, **values: Any) -> None:
    """Answer one QUESTION from the archives, with sources; `-` reads it from standard input."""
    from zimfo_client.run import answer_once
    from zimfo_client.transcript import well_formed

    text = " ".join(question)
    if text == "-":
        text = sys.stdin.read(MAX_QUESTION_CHARS)
    text = well_formed(text).strip()
    if not text:
        raise click.UsageError("The question is empty.")
    guarded(lambda: answer_once(text, AskOptions.of(values), as_json=as_json))


@main.command()
@click.option("--jsonl", is_flag=True, help="Print one JSON object a question.")
@ask_options
def chat(*, jsonl: bool, **values: Any) -> None:
    """Talk: a line in, an answer out. On a pipe, one question a line.

    /undo forgets the last question, /retry answers it anew, /edit QUESTION asks another in its place, /stats tells
    tokens and times, /quit leaves. Ctrl-C stops an answer; twice, it leaves.
    """
    from zimfo_client.run import talk

    guarded(lambda: talk(AskOptions.of(values), jsonl=jsonl))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--model", metavar="PATH|NAME", help="A GGUF file, or a name of `models list`.")
@click.option("--archives", multiple=True, metavar="PATH", help="Archive or folder of archives; repeatable.")
def doctor(*, as_json: bool, model: str | None, archives: tuple[str, ...]) -> None:
    """Say what there is to answer with, what is missing, and what to do; exit code 1 when something is missing."""
    from zimfo_client.doctor import examine

    report = examine(model, archives)
    click.echo(report.to_json() if as_json else "\n".join(report.lines()))
    if report.problems:
        raise SystemExit(1)


main.add_command(models)
main.add_command(profile)
main.add_command(calls)
main.add_command(tools)
main.add_command(evaluate)
main.add_command(compare)
