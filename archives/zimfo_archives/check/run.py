"""Checks a map archive."""

from pathlib import Path

from libzim.reader import Archive

from zimfo_archives.check.about import (
    CONFIG,
    META,
    check_config,
    check_container,
    check_counts,
    check_flags,
    check_meta,
)
from zimfo_archives.check.categories import check_categories, check_wikidata
from zimfo_archives.check.cells import INDEX, check_cells
from zimfo_archives.check.entries import Entries
from zimfo_archives.check.graph import GRAPH, GRAPH_CHUNKS, JSON_GRAPH, Counts, check_single
from zimfo_archives.check.report import CheckReport, Findings
from zimfo_archives.check.search import Known, check_search
from zimfo_archives.errors import NotAMapError
from zimfo_archives.metadata import Progress, phase

# One of these makes an archive a map (§1.1).
_SIGNALS = (INDEX, GRAPH, GRAPH_CHUNKS, JSON_GRAPH, META, CONFIG, "search-data/manifest.json")
_STEPS = 4


def check_archive(path: Path, *, progress: Progress | None = None) -> CheckReport:
    """Compare an archive with the format. Raises NotAMapError for what is no ZIM archive, or none of a map."""
    try:
        archive = Archive(path)
    except RuntimeError as error:
        raise NotAMapError(f"{path} cannot be opened as a ZIM archive: {' '.join(str(error).split())}") from error
    findings = Findings()
    entries = Entries(archive, findings)
    if not any(map(entries.has, _SIGNALS)):
        raise NotAMapError(f"{path} is no map archive: it has neither places nor roads nor {CONFIG}")
    step = phase(progress, "Checking") or (lambda done, total: None)
    step(0, _STEPS)
    check_container(archive, findings)
    config, box = check_config(entries, findings)
    meta, other_box = check_meta(entries, findings)
    box = box or other_box
    step(1, _STEPS)
    known, keys = Known(), ""
    if entries.has("search-data/manifest.json"):
        known, keys = check_search(entries, findings, box)
    step(2, _STEPS)
    if entries.has("category-index/manifest.json"):
        check_categories(entries, findings, known, box)
    check_wikidata(entries, findings)
    step(3, _STEPS)
    counts, layouts = check_single(entries, findings)
    in_cells = check_cells(entries, findings)
    if in_cells is not None:
        layouts.append("cells")
        counts = in_cells if counts == Counts() else counts
    check_flags(config, meta, layouts, findings)
    check_counts(meta, known, counts, findings)
    step(_STEPS, _STEPS)
    return CheckReport(
        path=path,
        layouts=tuple(layouts),
        nodes=counts.nodes,
        edges=counts.edges,
        geometries=counts.geometries,
        records=len(known),
        keys=keys,
        findings=findings.all(),
    )
