"""The commands `zimfo eval` and `zimfo eval-compare`."""

import json
from pathlib import Path
from typing import Final

import click

from zimfo_client.guard import guarded

MAX_REPEAT: Final = 100
MAX_JOBS: Final = 16


@click.command("eval")
@click.option("--suite", default="grid", show_default=True, metavar="NAME|FILE", help="grid, field, or a TOML file.")
@click.option("--model", metavar="PATH|NAME|URL", help="As for `ask`.")
@click.option("--direct", is_flag=True, help="Use no model.")
@click.option("--archives", multiple=True, metavar="PATH", help="Archives to ask.  [default: the demo archives]")
@click.option("--repeat", type=click.IntRange(1, MAX_REPEAT), default=1, show_default=True, help="Runs; most decide.")
@click.option("--seed", type=click.IntRange(0, 2**31), help="Make runs repeatable; each has the next number.")
@click.option("--only", multiple=True, metavar="ID", help="This scenario alone; repeatable.")
@click.option("--jobs", type=click.IntRange(1, MAX_JOBS), default=1, show_default=True, help="Conversations at once.")
@click.option("--intents/--no-intents", default=True, help="As for `ask`.")
@click.option("--grammar/--no-grammar", default=True, help="As for `ask`.")
@click.option("--grounding/--no-grounding", default=True, help="As for `ask`.")
@click.option("--raw", is_flag=True, help="As for `ask`.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as JSON.")
@click.option("--markdown", "markdown_file", type=click.Path(dir_okay=False, path_type=Path), help="… as Markdown.")
def evaluate(
    *,
    suite: str,
    model: str | None,
    direct: bool,
    archives: tuple[str, ...],
    repeat: int,
    seed: int | None,
    only: tuple[str, ...],
    jobs: int,
    intents: bool,
    grammar: bool,
    grounding: bool,
    raw: bool,
    json_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Put the questions of a suite to the agent and judge its answers; exit code 1 when a scenario fails."""
    if direct and model:
        raise click.UsageError("--direct uses no model; leave out --model.")

    def work() -> None:
        import anyio

        from zimfo_client.evaluation import report
        from zimfo_client.evaluation.run import Plan, run_suite
        from zimfo_client.evaluation.suite import load_suite
        from zimfo_shared.demo import demo_archives

        chosen = load_suite(suite).only(only)
        options = ["--direct"] if direct else (["--model", model] if model else [])
        options += [part for path in archives or demo_archives() for part in ("--archives", str(path))]
        options += [] if intents else ["--no-intents"]
        options += [] if grammar else ["--no-grammar"]
        options += [] if grounding else ["--no-grounding"]
        options += ["--raw"] if raw else []
        done = iter(range(1, len(chosen.scenarios) + 1))

        def told(result: object) -> None:
            click.echo(f"{next(done)} of {len(chosen.scenarios)}", err=True)

        results = anyio.run(run_suite, chosen, Plan(options, repeat, seed, jobs, told))
        name = "direct" if direct else model or "default"
        click.echo("\n".join(report.table(results)))
        if json_file:
            text = json.dumps(report.as_json(chosen.name, name, results), ensure_ascii=False, indent=1)
            json_file.write_text(text + "\n", encoding="utf-8")
        if markdown_file:
            markdown_file.write_text(report.markdown(chosen.name, name, results), encoding="utf-8")
        if not all(result.passed for result in results):
            raise SystemExit(1)

    guarded(work)


@click.command("eval-compare")
@click.argument("first", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("second", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def compare(first: Path, second: Path) -> None:
    """Show two reports of `zimfo eval --json` side by side."""

    def work() -> None:
        from zimfo_client.evaluation.report import compared

        click.echo("\n".join(compared(first, second)))

    guarded(work)
