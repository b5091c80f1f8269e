"""The commands `zimfo profile …`: how models are prompted, and learning that from a training corpus."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zimfo_client.guard import guarded

if TYPE_CHECKING:
    from zimfo_client.profiles.learn import Lesson


@click.group()
def profile() -> None:
    """How models are prompted: profiles are data, and can be learned from a training corpus."""


@profile.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array instead of text.")
def list_(*, as_json: bool) -> None:
    """List the profiles; a person's own go before shipped ones of the same name."""
    from zimfo_client.errors import ProfileError
    from zimfo_client.profile import get_profile, list_profiles, profiles_folder

    found = []
    for name in list_profiles():
        path = profiles_folder() / f"{name}.toml"
        own = path.is_file()
        try:
            summary = get_profile(name).summary
        except ProfileError as error:
            summary = str(error)
        found.append({"name": name, "summary": summary, "origin": "own" if own else "shipped"})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for entry in found:
        click.echo(f"{entry['name']}: {entry['summary']} ({entry['origin']})")
    click.echo(f"Your own profiles are in {profiles_folder()}", err=True)


@profile.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the profile NAME, or the one in a TOML file, as TOML."""

    def work() -> None:
        from zimfo_client.profile import find_profile
        from zimfo_client.profiles.store import profile_toml

        click.echo(profile_toml(find_profile(name)), nl=False)

    guarded(work)


@profile.command()
@click.argument("names", nargs=-1)
@click.option("--corpus", type=click.Path(path_type=Path), help="Also render this training corpus through the profile.")
def check(names: tuple[str, ...], corpus: Path | None) -> None:
    """Check profiles by NAME or TOML file, all without one; exit code 1 when one cannot be used as it is."""
    failed = False

    def work() -> None:
        nonlocal failed
        from zimfo_client.profile import list_profiles

        for name in names or list_profiles():
            found = _problems_of(name, corpus)
            failed = failed or bool(found)
            click.echo(f"{name}: good" if not found else "\n".join(f"{name}: {problem}" for problem in found))

    guarded(work)
    if failed:
        raise SystemExit(1)


@profile.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there, not to your profiles."
)
@click.option("--name", help="Its name.  [default: the base's, when the corpus has the base's tools]")
@click.option(
    "--base",
    default="lfm2.5-zimfo",
    show_default=True,
    metavar="NAME|FILE",
    help="Where turn markers and sampling come from.",
)
@click.option(
    "--response-marker", type=click.Choice(["plain", "named"]), help="How results open.  [default: as in the corpus]"
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 1),
    default=0.99,
    show_default=True,
    help="Refuse when a smaller share of rows is reproduced byte for byte.",
)
@click.option("--force", is_flag=True, help="Replace a file that was not learned.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def learn(
    *,
    corpus: Path,
    output: Path | None,
    name: str | None,
    base: str,
    response_marker: str | None,
    min_coverage: float,
    force: bool,
    as_json: bool,
) -> None:
    """Learn a profile from CORPUS, a file of `{"messages": [...]}` a line, and say how much of it is reproduced."""

    def work() -> None:
        from zimfo_client.profile import FINE_TUNE, find_profile, shipped_profile
        from zimfo_client.profiles.check import problems
        from zimfo_client.profiles.learn import learn_profile, same_surface
        from zimfo_client.profiles.store import own_path, profile_toml, save_profile

        # A damaged learned profile must not keep its replacement from being learned.
        origin = shipped_profile(base) if base == FINE_TUNE else find_profile(base)
        lesson = learn_profile(
            corpus,
            origin,
            marker="named" if response_marker == "named" else "plain" if response_marker else None,
            share=min(0.99, min_coverage),
        )
        _report(lesson, as_json=as_json)
        lesson.require(min_coverage)
        chosen = name or (origin.name if same_surface(lesson.profile.surface, origin.surface) else _slug(corpus))
        path = output or own_path(chosen)
        _require_replaceable(path, force=force)
        named = lesson.profile.model_copy(update={"name": chosen})
        for problem in problems(named):
            click.echo(f"Note: {problem}", err=True)
        save_profile(profile_toml(named, f"Learned by `zimfo profile learn` from {corpus.name}."), path)
        click.echo(f"Written to {path}", err=True)

    guarded(work)


def _problems_of(name: str, corpus: Path | None) -> list[str]:
    from zimfo_client.errors import ProfileError
    from zimfo_client.profile import find_profile
    from zimfo_client.profiles.check import problems
    from zimfo_client.profiles.learn import rows_reproduced

    try:
        found = find_profile(name)
    except ProfileError as error:
        return [str(error)]
    said = problems(found)
    if corpus is not None and not said:
        rows, reproduced, failures = rows_reproduced(corpus, found)
        if reproduced < rows:
            said.append(f"{reproduced} of {rows} rows of {corpus.name} are reproduced; {failures[0]}.")
    return said


def _report(lesson: "Lesson", *, as_json: bool) -> None:
    report = lesson.report()
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    form = report["call_format"]
    click.echo(f"rows: {report['rows']}, reproduced byte for byte: {100 * report['coverage']:.4g} %")
    click.echo(f"block: MD5 {report['block_md5']}")
    click.echo(f"tools: {', '.join(report['tools'])}")
    click.echo(f"question label: {lesson.profile.question_label!r}, location: {lesson.profile.location_line!r}")
    click.echo(f"calls: {form['notation']}, {form['open']!r} … {form['close']!r}")
    click.echo(f"results: {report['response_marker']}, {lesson.profile.response.plain!r}")
    for size in lesson.learned.result_sizes:
        click.echo(f"  {size.tool}: {size.results} results, median {size.median}, largest {size.largest} characters")
    for failure in lesson.failures:
        click.echo(f"not reproduced: {failure}")


def _require_replaceable(path: Path, *, force: bool) -> None:
    """Raise `ProfileError` for a file that somebody wrote by hand."""
    from zimfo_client.errors import ProfileError
    from zimfo_client.profile import read_profile

    if path.is_dir():
        raise ProfileError(f"{path} is a folder. Name the file to write with -o FILE.")
    if force or not path.exists():
        return
    try:
        learned = read_profile(path).learned is not None
    except ProfileError:
        learned = False
    if not learned:
        raise ProfileError(f"{path} exists and was not learned. Choose another with -o or --name, or add --force.")


def _slug(corpus: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", corpus.stem).strip("-._")[:64] or "learned"
