"""Checks a map archive."""

from pathlib import Path

from libzim.reader import Archive

from zimfo_archives.check.about import (
    CONFIG,
    META,
    check_boxes,
    check_config,
    check_counts,
    check_flags,
    check_graph_counts,
    check_meta,
    check_metadata,
)
from zimfo_archives.check.categories import BROWSE, check_categories, check_wikidata
from zimfo_archives.check.cells import INDEX, check_cells
from zimfo_archives.check.container import checksum_fails
from zimfo_archives.check.entries import Entries
from zimfo_archives.check.graph import GRAPH, GRAPH_CHUNKS, Counts, check_single
from zimfo_archives.check.json_graph import JSON_GRAPH, check_json
from zimfo_archives.check.members import Known
from zimfo_archives.check.pages import check_pages
from zimfo_archives.check.report import CheckReport, Findings
from zimfo_archives.check.search import MANIFEST, check_search
from zimfo_archives.errors import NotAMapError
from zimfo_archives.metadata import Progress, phase

# One of these makes an archive a map (§1.1).
_SIGNALS = (INDEX, GRAPH, GRAPH_CHUNKS, JSON_GRAPH, META, CONFIG, MANIFEST)
_KIND = "streetzim"
# Of the stages that are not told by their files.
_STAGES = ("Checking the file", "Checking the roads", "Checking the categories")


def check_archive(path: Path, *, progress: Progress | None = None) -> CheckReport:
    """Compare an archive with the format.

    Of a file that differs from its own checksum nothing else is read. Raises NotAMapError for what is no ZIM archive,
    or none of a map.
    """
    file, roads, categories = (phase(progress, label) or (lambda done, total: None) for label in _STAGES)
    file(0, 1)
    findings = Findings()
    try:
        if checksum_fails(path):
            findings.error(
                "checksum", "archive", "the checksum does not hold: the file was changed, or not copied whole"
            )
            return _report(path, {}, Counts(), Known(), "", findings)
        archive = Archive(path)
    except (OSError, RuntimeError) as error:
        raise NotAMapError(f"{path} cannot be opened as a ZIM archive: {' '.join(str(error).split())}") from error
    entries = Entries(archive, findings)
    if not any(map(entries.has, _SIGNALS)):
        raise NotAMapError(f"{path} is no map archive: it has neither places nor roads nor {CONFIG}")
    if not archive.check():
        findings.error("checksum", "archive", "libzim finds the structure of the file damaged")
    check_metadata(archive, findings)
    config, box = check_config(entries, findings)
    meta, meta_box = check_meta(entries, findings)
    box = check_boxes(box, meta_box, findings)
    file(1, 1)
    roads(0, 1)
    layouts = check_single(entries, findings)
    if entries.has(JSON_GRAPH):
        layouts["json"] = check_json(entries, findings)
    if entries.has(INDEX):
        layouts["cells"] = check_cells(entries, findings)
    counts = _agreed(layouts, findings)
    roads(1, 1)
    known, keys = Known(), ""
    if entries.has(MANIFEST) or entries.has(BROWSE):  # which holds nothing that the search data has not
        step = phase(progress, "Checking the places") or (lambda done, total: None)
        known, keys = check_search(entries, findings, box, step)
    categories(0, 1)
    if entries.has(BROWSE):
        check_categories(entries, findings, known, box)
    items = check_wikidata(entries, findings)
    check_pages(entries, findings, box)
    check_flags(entries, config, meta, layouts, known, findings)
    check_counts(meta, known, items, findings)
    check_graph_counts(meta, {layout: found for layout, found in layouts.items() if found is not None}, findings)
    categories(1, 1)
    return _report(path, layouts, counts, known, keys, findings)


def _agreed(layouts: dict[str, Counts | None], findings: Findings) -> Counts:
    """Return the counts of the road graph; all layouts that could be read must have as many nodes and edges."""
    read = [(layout, counts) for layout, counts in layouts.items() if counts is not None]
    if not read:
        return Counts()
    first, counts = read[0]
    for layout, other in read[1:]:
        if (other.nodes, other.edges) != (counts.nodes, counts.edges):
            told = f"{other.nodes:,} nodes and {other.edges:,} edges, {first} has {counts.nodes:,} and {counts.edges:,}"
            findings.error("layouts", "archive", f"the layouts of the road graph differ: {layout} has {told}")
    return counts


def _report(
    path: Path, layouts: dict[str, Counts | None], counts: Counts, known: Known, keys: str, findings: Findings
) -> CheckReport:
    return CheckReport(
        path=path,
        kind=_KIND,
        layouts=tuple(layouts),
        nodes=counts.nodes,
        edges=counts.edges,
        geometries=counts.geometries,
        records=len(known),
        keys=keys,
        findings=findings.all(),
    )
