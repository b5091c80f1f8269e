"""Builds a map archive from a file of OpenStreetMap data, and reports what was done."""

import datetime
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zimfo_archives.map.archive import About, map_job
from zimfo_archives.map.bounds import bounds_of
from zimfo_archives.map.extract import Bounds
from zimfo_archives.map.fragments import Fragments, drop_fragments
from zimfo_archives.map.gazetteer import records_of
from zimfo_archives.map.graph import Graph, build_graph
from zimfo_archives.map.layouts import Layout
from zimfo_archives.map.osm import read_extract
from zimfo_archives.map.records import Record
from zimfo_archives.map.roads import Speeds
from zimfo_archives.map.search import SearchIndex
from zimfo_archives.map.tally import Fate
from zimfo_archives.metadata import Progress, check_texts, phase
from zimfo_archives.usage import peak_rss_bytes
from zimfo_archives.writer import check_target, write_archive


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOptions:
    """What the archive says about itself and how it is laid out; None stands for a default made from the rest."""

    title: str | None = None
    description: str | None = None
    language: str = "eng"
    creator: str = "OpenStreetMap contributors"
    publisher: str = "Unknown"
    license: str = "Map data: ODbL (OpenStreetMap)"
    name: str | None = None
    date: datetime.date | None = None
    layout: Layout = "single"
    speeds: Speeds = "maxspeed"


@dataclass(frozen=True, slots=True)
class MapContents:
    """What an archive holds, and at what cost it was written."""

    path: Path
    layout: Layout
    records: dict[str, int]  # by type; a long street has several
    nodes: int
    edges: int
    geometries: int
    bounds: Bounds | None  # west, south, east, north in degrees
    bytes: int
    seconds: float
    peak_rss_bytes: int | None  # of this process and the one that writes, together at most

    @property
    def streets(self) -> int:
        """Records of streets."""
        return self.records.get("street", 0)

    @property
    def addresses(self) -> int:
        """Records of addresses."""
        return self.records.get("addr", 0)

    @property
    def places(self) -> int:
        """Records of everything else."""
        return sum(self.records.values()) - self.streets - self.addresses


@dataclass(frozen=True, slots=True)
class MapReport:
    """What was built from a file, and what became of the objects in it."""

    contents: MapContents
    objects: dict[str, Fate]  # by what they have: "address", "name:fr", "wikipedia:it", "wikidata"
    missing_nodes: int  # road points that the source names and does not hold: roads end there
    ferries: int  # ways, which the road graph has not
    closed_roads: int  # ways that nobody may use
    fragments: Fragments  # small pieces of road that are joined to nothing
    stages: dict[str, float]  # seconds


def build_streets(source: Path, target: Path, options: MapOptions, *, progress: Progress | None = None) -> MapReport:
    """Build the archive; raises an ArchivesError, in which case an archive already there is untouched."""
    started = time.monotonic()
    check_options(target, options)
    extract = read_extract(source, speeds=options.speeds, progress=phase(progress, "Reading map"))
    read = time.monotonic()
    step = phase(progress, "Joining roads") or (lambda done, total: None)
    step(0, 1)
    graph, fragments = drop_fragments(build_graph(extract.lines, extract.roads))
    step(1, 1)
    joined = time.monotonic()
    step = phase(progress, "Sorting places") or (lambda done, total: None)
    step(0, 1)
    records = records_of(extract)
    step(1, 1)
    bounds = bounds_of(extract, graph, records)
    objects, missing, ferries, closed = (
        extract.tally.fates(),
        extract.missing_nodes,
        extract.ferries,
        extract.closed_roads,
    )
    del extract  # half of all memory, before the other half is needed
    sorted_ = time.monotonic()
    contents = write_map(graph, records, bounds, target, options, progress=progress, started=started)
    stages = {
        "read": read - started,
        "roads": joined - read,
        "places": sorted_ - joined,
        "write": time.monotonic() - sorted_,
    }
    return MapReport(contents, objects, missing, ferries, closed, fragments, stages)


def check_options(target: Path, options: MapOptions) -> None:
    """Refuse what can be refused at once, before minutes of work; raises TargetError or OptionError."""
    check_target(target)
    names = ("title", "description", "language", "creator", "publisher", "license", "name")
    check_texts({name: getattr(options, name) for name in names})


def write_map(
    graph: Graph,
    records: Iterable[Record],
    bounds: Bounds | None,
    target: Path,
    options: MapOptions,
    *,
    progress: Progress | None,
    started: float,
) -> MapContents:
    """Write an archive of roads and of records, which come by type; `started` is on the monotonic clock.

    Raises an ArchivesError, in which case an archive already there is untouched.
    """
    index = SearchIndex()
    for record in records:
        index.add(record)
    counts = index.by_type
    written = write_archive(
        map_job(graph, index, bounds, _about(target, options, counts, len(graph.edges)), options.layout),
        target,
        progress=phase(progress, "Writing archive"),
    )
    own_peak = peak_rss_bytes()
    return MapContents(
        path=written.path,
        layout=options.layout,
        records=dict(sorted(counts.items())),
        nodes=len(graph.nodes),
        edges=len(graph.edges),
        geometries=graph.geometries,
        bounds=bounds,
        bytes=written.bytes,
        seconds=time.monotonic() - started,
        peak_rss_bytes=None if own_peak is None else own_peak + (written.child_peak_rss_bytes or 0),
    )


def _about(target: Path, options: MapOptions, counts: Counter[str], edges: int) -> About:
    places = counts.total() - counts["street"] - counts["addr"]
    return About(
        title=options.title or _words(target.stem),
        description=options.description or f"{places:,} places and {edges:,} pieces of road",
        language=options.language,
        creator=options.creator,
        publisher=options.publisher,
        license=options.license,
        name=options.name or target.stem,
        date=options.date or datetime.date.today(),
    )


def _words(stem: str) -> str:
    words = " ".join(re.split(r"[\s_-]+", stem)).strip() or "Map"
    return words[:1].upper() + words[1:]
