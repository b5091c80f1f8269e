"""What the archive says of itself: metadata, map-config.json, streetzim-meta.json (§1)."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from libzim.reader import Archive

from zimfo_archives.check.categories import WIKIDATA
from zimfo_archives.check.entries import Entries, Row, is_count, is_number, is_position
from zimfo_archives.check.graph import Counts
from zimfo_archives.check.members import Known
from zimfo_archives.check.report import Findings, shown
from zimfo_archives.check.search import Box

CONFIG, META = "map-config.json", "streetzim-meta.json"

# Of the ZIM format; readers show them.
_METADATA = ("Title", "Description", "Language", "Creator", "Publisher", "Date")
_FLAGS = ("hasRouting", "hasSatellite", "hasTerrain", "hasWikidata", "hasAddresses", "hasOvertureAddresses")
_MAX_ZOOM = 24  # of the renderer; tiles end at 14
# Boxes that differ by less, in degrees, were rounded.
_SAME = 0.001
_BOX_KEYS = (("minLon", "min_lon"), ("minLat", "min_lat"), ("maxLon", "max_lon"), ("maxLat", "max_lat"))


def check_metadata(archive: Archive, findings: Findings) -> None:
    """Check the metadata and the main entry."""
    try:
        keys = set(archive.metadata_keys)
        for name in _METADATA:
            if name not in keys:
                findings.warning("metadata", "archive", f"has no metadata {name}")
            elif not archive.get_metadata(name).decode().strip():
                findings.warning("metadata", "archive", f"its metadata {name} is empty")
        if not archive.has_main_entry:
            findings.warning("main entry", "archive", "has no main entry")
        elif not archive.main_entry.get_item().size:
            findings.warning("main entry", "archive", "its main entry is empty")
    except UnicodeDecodeError:
        findings.error("metadata", "archive", f"its metadata {name} is not UTF-8")
    except (RuntimeError, KeyError) as error:
        findings.error("metadata", "archive", f"its metadata or main entry cannot be read: {error}")


def check_config(entries: Entries, findings: Findings) -> tuple[Row, Box | None]:
    """Check map-config.json; returns it, and the bounding box."""
    config = entries.object(CONFIG)
    if config is None:
        return {}, None
    centre = config.get("center")
    if not is_position(centre):
        findings.error("config", CONFIG, "center is not [longitude, latitude]")
    for name in ("zoom", "minZoom", "maxZoom"):
        zoom = config.get(name)
        if not is_number(zoom):
            findings.error("config", CONFIG, f"{name} is no number")
        elif not 0 <= zoom <= _MAX_ZOOM:
            findings.error("config", CONFIG, f"{name} is {shown(zoom)}, which is not between 0 and {_MAX_ZOOM}")
    if not isinstance(config.get("name"), str):
        findings.error("config", CONFIG, "name is no text")
    if not isinstance(config.get("buildDate", ""), str):
        findings.error("config", CONFIG, "buildDate is no text")
    _check_flag_types(config, CONFIG, findings)
    bounds = config.get("bounds")
    return config, None if bounds is None else _box(bounds, CONFIG, findings)


def check_meta(entries: Entries, findings: Findings) -> tuple[Row, Box | None]:
    """Check streetzim-meta.json, which old archives lack; returns it, and the bounding box."""
    meta = entries.object(META) if entries.has(META) else None
    if meta is None:
        return {}, None
    for name in ("name", "buildDate", "wikipediaLang"):
        if not isinstance(meta.get(name, ""), str):
            findings.error("meta", META, f"{name} is no text")
    _check_flag_types(meta, META, findings)
    box = meta.get("bbox")
    return meta, None if box is None else _box(box, META, findings)


def check_boxes(one: Box | None, other: Box | None, findings: Findings) -> Box | None:
    """Check that both bounding boxes are the same; returns the one that there is."""
    if one is not None and other is not None and max(abs(a - b) for a, b in zip(one, other, strict=True)) > _SAME:
        findings.warning("bounding box", META, f"bbox is {list(other)}; bounds of {CONFIG} is {list(one)}")
    return one or other


def check_counts(meta: Row, known: Known, items: int | None, findings: Findings) -> None:
    """Compare the numbers of records and items in streetzim-meta.json with what is there."""
    counts = meta.get("counts", {})
    told = counts.get("byType", {}) if isinstance(counts, dict) else None
    if not isinstance(told, dict):
        findings.error("meta", META, "counts is not an object with the counts by type")
        return
    copies = known.copies()
    distinct = Counter(known.types.values())
    if not known.flawed:
        if "total" in counts:
            _compare(counts["total"], len(known), copies.total(), "records", findings)
        if "byType" in counts:
            for kind in sorted({*told, *distinct}):
                _compare(told.get(kind, 0), distinct[kind], copies[kind], f"records of {kind}", findings)
        # Builds that took addresses from an earlier one count none.
        if counts.get("addresses", 0) != 0:
            _compare(counts["addresses"], distinct["addr"], copies["addr"], "addresses", findings)
    if not is_count(counts.get("wikiCrossRefs", 0)):
        findings.error("meta", META, "counts.wikiCrossRefs is no count")
    if items is not None and "wikidataEntries" in counts:
        _compare(counts["wikidataEntries"], items, items, "items of Wikidata", findings)


def _compare(told: object, least: int, most: int, what: str, findings: Findings) -> None:
    """Compare a count with how many there are; full duplicates may count once or each."""
    if not is_count(told) or not least <= told <= most:
        findings.error("counts of meta", META, f"counts {shown(told)} {what}; there are {least:,}")


def check_graph_counts(meta: Row, layouts: Mapping[str, Counts], findings: Findings) -> None:
    """Compare the numbers of the road graph in streetzim-meta.json with what each layout has."""
    routing = meta.get("routingGraph")
    if routing is None:
        return
    if not isinstance(routing, dict):
        findings.error("meta", META, f"routingGraph is {shown(routing)} instead of an object")
        return
    for layout, counts in layouts.items():
        told = {"nodes": counts.nodes, "edges": counts.edges}
        if layout != "cells":  # which share no geometries
            told["geoms"] = counts.geometries
        for name, found in told.items():
            if routing.get(name) != found:
                counted = f"routingGraph counts {shown(routing.get(name))} {name}"
                findings.error("counts of meta", META, f"{counted}; {layout} has {found:,}")


def check_flags(
    entries: Entries, config: Row, meta: Row, layouts: Collection[str], known: Known, findings: Findings
) -> None:
    """Compare what the archive says it has with what it has."""
    for where, flags in ((CONFIG, config), (META, meta)):
        if not flags:
            continue
        says = flags.get("hasRouting") is True
        if says and not layouts:
            findings.error("flags", where, "hasRouting says that there is a road graph, and there is none")
        if layouts and not says:
            findings.warning("flags", where, "hasRouting does not say that there is a road graph")
        if flags.get("hasWikidata") is True and not entries.has(WIKIDATA):
            findings.error("flags", where, "hasWikidata says that there are items of Wikidata, and there are none")
        if flags.get("hasAddresses") is True and not known.flawed and "addr" not in known.types.values():
            findings.error("flags", where, "hasAddresses says that there are addresses, and there are none")
        for flag, folder in (("hasSatellite", "satellite/"), ("hasTerrain", "terrain/")):
            if flags.get(flag) is True and next(entries.below(folder), None) is None:
                findings.warning("flags", where, f"{flag} says that there are images in {folder}, and there are none")


def _check_flag_types(flags: Row, where: str, findings: Findings) -> None:
    for name in _FLAGS:
        if not isinstance(flags.get(name, False), bool):
            findings.error("flags", where, f"{name} is {shown(flags[name])} instead of true or false")


def _box(value: Any, where: str, findings: Findings) -> Box | None:
    """Return the box of a list or of an object, in both of which it comes."""
    if isinstance(value, dict):
        value = [next((value[key] for key in keys if key in value), None) for keys in _BOX_KEYS]
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)):
        findings.error("bounding box", where, "the bounding box is not four numbers: west, south, east, north")
        return None
    west, south, east, north = map(float, value)
    if south > north or max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 180:
        findings.error("bounding box", where, f"the bounding box is not on the earth: {[west, south, east, north]}")
        return None
    return west, south, east, north
