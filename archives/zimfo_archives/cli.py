"""The command `zimfo-archives`: the result on stdout, everything else on stderr.

The builders are imported where they are used, so that `--help` needs neither libzim nor the optional packages and
answers at once.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zimfo_archives.errors import ArchivesError, MissingPackageError

if TYPE_CHECKING:
    from zimfo_archives.check.report import CheckReport
    from zimfo_archives.map.build import MapContents, MapReport
    from zimfo_archives.wiki import Report

# Modules of the optional packages, and the names pip knows these by.
_OPTIONAL = {
    "yaml": "pyyaml",
    "markdown_it": "markdown-it-py",
    "mdit_py_plugins": "mdit-py-plugins",
    "osmium": "osmium",
    "shapely": "shapely",
    "scipy": "scipy",
    "numpy": "numpy",
}

_Command = Callable[..., None]


def _about_options(
    *, title: str, description: str, creator: str, who_creator_is: str
) -> Callable[[_Command], _Command]:
    """Return a decorator for the options of what an archive says about itself; title and description say defaults."""
    date_type = click.DateTime(["%Y-%m-%d"])
    options = [
        click.option(
            "-o", "--output", required=True, type=click.Path(path_type=Path), help="The archive to write, X.zim."
        ),
        click.option("--title", help=f"Title of the archive.  [default: {title}]"),
        click.option("--description", help=f"What is in it, at most 80 characters.  [default: {description}]"),
        click.option("--language", default="eng", show_default=True, help="Language as a code of ISO 639-3."),
        click.option("--creator", default=creator, show_default=True, help=who_creator_is),
        click.option("--publisher", default="Unknown", show_default=True, help="Who made the archive."),
        click.option("--name", help="Name for machines, the same for all editions.  [default: the output's name]"),
        click.option("--date", type=date_type, metavar="YYYY-MM-DD", help="Date.  [default: today]"),
    ]

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_layout_option = click.option(
    "--layout",
    type=click.Choice(["single", "split", "chunked", "cells"]),
    default="single",
    show_default=True,
    help="How the road graph is stored: in one file; shapes of roads apart; in parts as well; by squares of the map.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zimfo", prog_name="zimfo-archives")
def main() -> None:
    """Build ZIM archives for zimfo and for every other reader of ZIM files."""


@main.command("build-wiki")
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_about_options(
    title="from the output's name",
    description="the number of articles",
    creator="Unknown",
    who_creator_is="Who wrote the content.",
)
@click.option(
    "--illustration",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PNG of 48x48 pixels.  [default: an open book]",
)
@click.option(
    "--allow-broken-links", is_flag=True, help="Turn broken links, images and footnotes into text and report them."
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def build_wiki(
    *,
    sources: tuple[Path, ...],
    output: Path,
    date: datetime | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Build an encyclopedia from SOURCES: Markdown files, or folders of them.

    Each file begins with front matter: a line `---`, then `title: Rayleigh scattering` and, if wanted, `redirects`,
    `tags`, `categories`, `coordinates` and `language`, then a line `---`. Images and documents that pages link to are
    packed, and `[[Title]]` is a link too. An existing archive is replaced when the new one is complete, and not before.
    """
    with _errors_for_people():
        from zimfo_archives.wiki import WikiOptions
        from zimfo_archives.wiki import build_wiki as build

        wiki_options = WikiOptions(date=date.date() if date is not None else None, **options)
        with _bars() as progress:
            report = build(sources, output, wiki_options, progress=progress)
    for link in report.broken_links:
        click.echo(f"Warning: {link.as_problem()}", err=True)
    click.echo(json.dumps(_as_dict(report), ensure_ascii=False) if as_json else _summary(report))


@main.command("build-streets")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_about_options(
    title="from the output's name",
    description="the number of places and roads",
    creator="OpenStreetMap contributors",
    who_creator_is="Who made the map data.",
)
@click.option("--license", default="Map data: ODbL (OpenStreetMap)", show_default=True, help="Licence of the map data.")
@_layout_option
@click.option(
    "--speeds",
    type=click.Choice(["maxspeed", "streetzim"]),
    default="maxspeed",
    show_default=True,
    help="Speed limits and access of each road, or one speed for each class of road as streetzim has it.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def build_streets(*, source: Path, output: Path, date: datetime | None, as_json: bool, **options: Any) -> None:
    """Build a map from SOURCE, a file of OpenStreetMap data: .osm, .osm.gz, .osm.bz2 or .osm.pbf.

    The map has the places, streets and addresses of the source for search, and its roads and paths for routing, without
    ferries and without small pieces of road that are joined to nothing. An existing archive is replaced when the new
    one is complete, and not before.
    """
    with _errors_for_people():
        from zimfo_archives.map.build import MapOptions
        from zimfo_archives.map.build import build_streets as build

        map_options = MapOptions(date=date.date() if date is not None else None, **options)
        with _bars() as progress:
            report = build(source, output, map_options, progress=progress)
    for warning in _map_warnings(report):
        click.echo(f"Warning: {warning}", err=True)
    click.echo(json.dumps(_map_dict(report), ensure_ascii=False) if as_json else _map_summary(report.contents))
    if not as_json:
        for line in _map_details(report):
            click.echo(line)


@main.group()
def synth() -> None:
    """Make invented archives of any size, for tests of how things scale; equal options give equal archives."""


def _synth_options(what: str) -> Callable[[_Command], _Command]:
    options = [
        click.option("--size", required=True, type=int, metavar="N", help=what),
        click.option(
            "--seed", default=1, show_default=True, type=int, metavar="S", help="Another number, another one."
        ),
        click.option(
            "-o", "--output", required=True, type=click.Path(path_type=Path), help="The archive to write, X.zim."
        ),
        click.option("--json", "as_json", is_flag=True, help="Report as JSON."),
    ]

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@synth.command("streets")
@_synth_options("About how many junctions and ends of roads, and how many places, streets and addresses.")
@_layout_option
def synth_streets(*, size: int, seed: int, output: Path, layout: Any, as_json: bool) -> None:
    """Make a map: towns with their streets, the roads between them, rivers, places and addresses."""
    with _errors_for_people():
        from zimfo_archives.synth.streets import synth_streets as build

        with _bars() as progress:
            contents = build(output, size, seed, layout=layout, progress=progress)
    click.echo(json.dumps(_contents_dict(contents), ensure_ascii=False) if as_json else _map_summary(contents))


@synth.command("wiki")
@_synth_options("How many articles.")
def synth_wiki(*, size: int, seed: int, output: Path, as_json: bool) -> None:
    """Make an encyclopedia: articles with sections, links, redirects and coordinates."""
    with _errors_for_people():
        from zimfo_archives.synth.articles import synth_wiki as build

        with _bars() as progress:
            report = build(output, size, seed, progress=progress)
    fields = {**asdict(report), "path": str(report.path), "seconds": round(report.seconds, 3)}
    parts = f"{_count(report.articles, 'article')}, {_count(report.redirects, 'redirect')}"
    summary = f"{report.path}: {parts}, {report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s"
    click.echo(json.dumps(fields, ensure_ascii=False) if as_json else summary)


@main.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def check(*, archive: Path, as_json: bool) -> None:
    """Compare ARCHIVE, a map of zimfo or of streetzim, with the format, byte for byte; exit code 1 for errors.

    Warnings are for what readers have to live with, such as known defects of older builders.
    """
    with _errors_for_people():
        from zimfo_archives.check.run import check_archive

        with _bars() as progress:
            report = check_archive(archive, progress=progress)
    if as_json:
        click.echo(json.dumps({**asdict(report), "path": str(report.path), "ok": report.ok}, ensure_ascii=False))
    else:
        for finding in report.findings:
            click.echo(str(finding))
        click.echo(_check_summary(report))
    if not report.ok:
        raise SystemExit(1)


@contextmanager
def _errors_for_people() -> Iterator[None]:
    try:
        yield
    except ArchivesError as error:
        raise click.ClickException(str(error)) from error
    except ImportError as error:
        # Ctrl-C while a native module is loaded comes as an error of the import.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise click.Abort from error
        package = _OPTIONAL.get((error.name or "").partition(".")[0])
        if not isinstance(error, ModuleNotFoundError) or package is None:
            raise
        raise click.ClickException(str(MissingPackageError(package))) from error


class _Bars:
    """A progress bar for each phase of the work, one after the other."""

    def __init__(self) -> None:
        self._label: str | None = None
        self._bar: Any = None
        self._done = 0

    def __call__(self, label: str, done: int, total: int) -> None:
        if label != self._label:
            self.close()
            self._label, self._done = label, 0
            self._bar = click.progressbar(length=total, label=label, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(done - self._done)
        self._done = done

    def close(self) -> None:
        """End the line of the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


@contextmanager
def _bars() -> Iterator[_Bars | None]:
    # In a log file, a bar would be a hundred lines of nothing.
    if not sys.stderr.isatty():
        yield None
        return
    bars = _Bars()
    try:
        yield bars
    finally:
        bars.close()


def _as_dict(report: "Report") -> dict[str, object]:
    return {
        "path": str(report.path),
        "articles": report.articles,
        "redirects": report.redirects,
        "categories": report.categories,
        "images": report.images,
        "files": report.files,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "peak_rss_bytes": report.peak_rss_bytes,
        "broken_links": [
            {
                "file": str(link.file),
                "line": link.line,
                "what": link.what.removesuffix(" to"),
                "target": link.target,
                "reason": link.reason,
            }
            for link in report.broken_links
        ],
    }


def _summary(report: "Report") -> str:
    parts = [_count(report.articles, "article"), _count(report.redirects, "redirect")]
    if report.categories:
        parts.append(_count(report.categories, "categor", "y", "ies"))
    parts += [_count(n, noun) for n, noun in ((report.images, "image"), (report.files, "file")) if n]
    if report.broken_links:
        parts.append(_count(len(report.broken_links), "broken link"))
    return f"{report.path}: {', '.join(parts)}, {report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s"


def _map_summary(contents: "MapContents") -> str:
    parts = [_count(contents.places, "place"), _count(contents.streets, "piece") + " of streets"]
    parts += [_count(contents.addresses, "address", many="es"), _count(contents.nodes, "junction")]
    parts += [_count(contents.edges, "edge")]
    return f"{contents.path}: {', '.join(parts)}, {contents.bytes / 1e6:.1f} MB in {contents.seconds:.1f} s"


def _check_summary(report: "CheckReport") -> str:
    parts = [_count(report.records, "record"), _count(report.nodes, "junction"), _count(report.edges, "edge")]
    parts += [f"layout {' and '.join(report.layouts)}" if report.layouts else "no road graph"]
    verdict = "as the format has it" if report.ok else "not as the format has it"
    return f"{report.path}: {', '.join(parts)}: {verdict}"


def _map_dict(report: "MapReport") -> dict[str, object]:
    stages = {name: round(took, 3) for name, took in report.stages.items()}
    rest = {name: value for name, value in asdict(report).items() if name not in ("contents", "stages")}
    return {**_contents_dict(report.contents), **rest, "stages": stages}


def _contents_dict(contents: "MapContents") -> dict[str, object]:
    counts = {name: getattr(contents, name) for name in ("places", "streets", "addresses")}
    changed = {"path": str(contents.path), "seconds": round(contents.seconds, 3)}
    return {**asdict(contents), **counts, **changed}


def _map_warnings(report: "MapReport") -> Iterator[str]:
    contents = report.contents
    if not contents.records and not contents.edges:
        yield "the source holds neither roads nor places with names; the map is empty"
    if report.missing_nodes:
        yield f"{report.missing_nodes:,} points of roads that the source names and does not hold; roads end there"


def _map_details(report: "MapReport") -> Iterator[str]:
    """Yield what was left out, as far as there is any."""
    fragments = report.fragments
    if fragments.fragments:
        pieces = _count(fragments.fragments, "piece")
        yield f"Left out: {pieces} of road joined to nothing, {fragments.metres:,} m in all"
    if report.ferries:
        yield f"Left out: {_count(report.ferries, 'ferry line')}"
    address = report.objects.get("address")
    if address is not None:
        for reason, count in address.skipped.items():
            yield f"Left out: {_count(count, 'address', 'es')}: {reason}"


def _count(number: int, noun: str, one: str = "", many: str = "s") -> str:
    return f"{number:,} {noun}{one if number == 1 else many}"
