"""Builds a map archive from a file of OpenStreetMap data, and reports what was done."""

import datetime
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from zimfo_archives.errors import ExtractError
from zimfo_archives.map.archive import About, map_job
from zimfo_archives.map.graph import build_graph
from zimfo_archives.map.osm import read_extract
from zimfo_archives.map.records import records_of
from zimfo_archives.metadata import Progress, check_texts, phase
from zimfo_archives.usage import peak_rss_bytes
from zimfo_archives.writer import check_target, write_archive

_STAGES = 3  # of the work before writing, told to the progress callback


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOptions:
    """What the archive says about itself; None stands for a default made from the rest."""

    title: str | None = None
    description: str | None = None
    language: str = "eng"
    creator: str = "OpenStreetMap contributors"
    publisher: str = "Unknown"
    license: str = "Map data: ODbL (OpenStreetMap)"
    name: str | None = None
    date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class MapReport:
    """What was built, and at what cost."""

    path: Path
    places: int  # records of all types but streets and addresses
    streets: int  # records: a long street has several
    addresses: int
    nodes: int
    edges: int
    missing_nodes: int  # road points that the source names and does not hold: roads end there
    bytes: int
    seconds: float
    peak_rss_bytes: int | None  # of this process and the one that writes, together at most


def build_streets(source: Path, target: Path, options: MapOptions, *, progress: Progress | None = None) -> MapReport:
    """Build the archive; raises an ArchivesError, in which case an archive already there is untouched."""
    started = time.monotonic()
    # What can be refused at once is refused before minutes of work.
    check_target(target)
    names = ("title", "description", "language", "creator", "publisher", "license", "name")
    check_texts({name: getattr(options, name) for name in names})

    reading = phase(progress, "Reading map") or (lambda done, total: None)
    extract = read_extract(source)
    reading(1, _STAGES)
    graph = build_graph(extract.lines, extract.roads)
    reading(2, _STAGES)
    records = records_of(extract)
    reading(_STAGES, _STAGES)
    if not records and not len(graph.edges):
        raise ExtractError(f"{source} holds neither roads nor places with names; there is nothing to build from")

    counts = Counter(record.type for record in records)
    places = len(records) - counts["street"] - counts["addr"]
    title = options.title or _words(target.stem)
    about = About(
        title=title,
        description=options.description or f"{places:,} places and {len(graph.edges):,} pieces of road",
        language=options.language,
        creator=options.creator,
        publisher=options.publisher,
        license=options.license,
        name=options.name or target.stem,
        date=options.date or datetime.date.today(),
    )
    written = write_archive(
        map_job(extract, graph, records, about), target, progress=phase(progress, "Writing archive")
    )
    own_peak = peak_rss_bytes()
    return MapReport(
        path=written.path,
        places=places,
        streets=counts["street"],
        addresses=counts["addr"],
        nodes=len(graph.nodes),
        edges=len(graph.edges),
        missing_nodes=extract.missing_nodes,
        bytes=written.bytes,
        seconds=time.monotonic() - started,
        peak_rss_bytes=None if own_peak is None else own_peak + (written.child_peak_rss_bytes or 0),
    )


def _words(stem: str) -> str:
    words = " ".join(re.split(r"[\s_-]+", stem)).strip() or "Map"
    return words[:1].upper() + words[1:]
