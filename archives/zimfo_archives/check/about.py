"""The container, and what the archive says of itself: metadata, map-config.json, streetzim-meta.json (§1)."""

from collections.abc import Mapping
from typing import Any

from libzim.reader import Archive

from zimfo_archives.check.entries import Entries, Row, is_count, is_number
from zimfo_archives.check.graph import Counts
from zimfo_archives.check.report import Findings
from zimfo_archives.check.search import Box, Known

CONFIG, META = "map-config.json", "streetzim-meta.json"

# Of the ZIM format; readers show them.
_METADATA = ("Title", "Description", "Language", "Creator", "Publisher", "Date")
_BOX_KEYS = (("minLon", "min_lon"), ("minLat", "min_lat"), ("maxLon", "max_lon"), ("maxLat", "max_lat"))


def check_container(archive: Archive, findings: Findings) -> None:
    """Check the checksum, the metadata and the main entry."""
    try:
        if not archive.check():
            findings.error("container", "archive", "the checksum does not hold: it was changed, or not copied whole")
    except RuntimeError as error:
        findings.error("container", "archive", f"the checksum cannot be computed: {error}")
    keys = set(archive.metadata_keys)
    for name in _METADATA:
        if name not in keys:
            findings.warning("metadata", "archive", f"has no metadata {name}")
    if not archive.has_main_entry:
        findings.warning("container", "archive", "has no main entry")


def check_config(entries: Entries, findings: Findings) -> tuple[Row, Box | None]:
    """Check map-config.json; returns it, and the bounding box."""
    config = entries.object(CONFIG)
    if config is None:
        return {}, None
    centre = config.get("center")
    if not isinstance(centre, list) or len(centre) != 2 or not all(map(is_number, centre)):
        findings.error("config", CONFIG, "center is not [longitude, latitude]")
    for name in ("zoom", "minZoom", "maxZoom"):
        if not is_number(config.get(name)):
            findings.error("config", CONFIG, f"{name} is no number")
    if not isinstance(config.get("name"), str):
        findings.error("config", CONFIG, "name is no text")
    bounds = config.get("bounds")
    return config, None if bounds is None else _box(bounds, CONFIG, findings)


def check_meta(entries: Entries, findings: Findings) -> tuple[Row | None, Box | None]:
    """Check streetzim-meta.json, which old archives lack; returns it, and the bounding box."""
    if not entries.has(META):
        return None, None
    meta = entries.object(META)
    if meta is None:
        return None, None
    counts = meta.get("counts", {})
    if not isinstance(counts, dict) or not isinstance(counts.get("byType", {}), dict):
        findings.error("meta", META, "counts is not an object with the counts by type")
        meta["counts"] = {}
    box = meta.get("bbox")
    return meta, None if box is None else _box(box, META, findings)


def check_counts(meta: Row | None, known: Known, graph: Counts, findings: Findings) -> None:
    """Compare what streetzim-meta.json counts with what is there."""
    if meta is None:
        return
    told = meta["counts"].get("byType", {}) if "counts" in meta else {}
    if told and dict(known.by_type) != told:
        # Full duplicates count there, and once here.
        less = [kind for kind, count in told.items() if not is_count(count) or count < known.by_type[kind]]
        kinds = less or [kind for kind in known.by_type if kind not in told]
        if kinds:
            told_count = told.get(kinds[0], 0)
            found = known.by_type[kinds[0]]
            findings.error("meta", META, f"counts {told_count} records of {kinds[0]}; there are {found:,}")
    routing = meta.get("routingGraph")
    if isinstance(routing, Mapping):
        for name, found in (("nodes", graph.nodes), ("edges", graph.edges)):
            if routing.get(name) != found:
                findings.warning("meta", META, f"counts {routing.get(name)} {name} of roads; there are {found:,}")


def check_flags(config: Row, meta: Row | None, layouts: list[str], findings: Findings) -> None:
    """Compare whether the archive says it has roads with whether it has."""
    for where, flags in ((CONFIG, config), (META, meta)):
        if flags is None or not flags:
            continue
        says = bool(flags.get("hasRouting", False))
        if says and not layouts:
            findings.error("flags", where, "says that there is a road graph, and there is none")
        if layouts and not says:
            findings.warning("flags", where, "does not say that there is a road graph")


def _box(value: Any, where: str, findings: Findings) -> Box | None:
    """Return the box of a list or of an object, in both of which it comes."""
    if isinstance(value, dict):
        value = [next((value[key] for key in keys if key in value), None) for keys in _BOX_KEYS]
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)):
        findings.error("bounding box", where, "the bounding box is not four numbers: west, south, east, north")
        return None
    west, south, east, north = map(float, value)
    if south > north or max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 180:
        findings.error("bounding box", where, f"the bounding box is not on the earth: {value}")
        return None
    return west, south, east, north
