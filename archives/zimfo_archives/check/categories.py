"""Category index and Wikidata (streetzim-format.md §3.6, §3.7)."""

import re

from zimfo_archives.check.entries import Entries, is_count
from zimfo_archives.check.report import Findings
from zimfo_archives.check.search import Box, Known, record_of
from zimfo_archives.map.search import fnv1a

# The original's repackager drops these and leaves them in the manifest.
_DROPPED = frozenset({"addr", "poi", "street"})
_MAX_BUCKETS = 256
_QID = re.compile(r"Q(\d+)")


def check_categories(entries: Entries, findings: Findings, known: Known, box: Box | None) -> None:
    """Check the category index against itself and against the records of the search data."""
    path = "category-index/manifest.json"
    manifest = entries.object(path)
    if manifest is None:
        return
    categories = manifest.get("categories")
    if isinstance(categories, list):
        categories = dict.fromkeys(categories)
    if not isinstance(categories, dict) or not all(n is None or is_count(n) for n in categories.values()):
        findings.error("manifest", path, "categories is not an object of counts")
        return
    listed: set[int] = set()
    for name, count in categories.items():
        listed |= _category(entries, findings, str(name), count, known, box)
    absent = [name for name in categories if not entries.has(f"category-index/{name}.json")]
    unlisted = len(known.must.keys() - listed)
    if unlisted and not absent and "addr" in categories:
        findings.error("missing records", path, f"{unlisted:,} records of the search data are in no category")
    _check_chips(entries, findings, manifest.get("chips", {}), known, box)


def _category(
    entries: Entries, findings: Findings, name: str, count: int | None, known: Known, box: Box | None
) -> set[int]:
    file = f"category-index/{name}.json"
    if not entries.has(file):
        note = findings.warning if name in _DROPPED else findings.error
        note("absent categories", file, "is listed in the manifest and missing")
        return set()
    found = 0
    listed: set[int] = set()
    for row in entries.rows(file):
        found += 1
        record = record_of(row, file, findings, box)
        if record is None:
            continue
        listed.add(record.identity)
        if record.type != name:
            findings.error("misplaced records", file, f"{record.name!r} is of the type {record.type}")
        if record.identity not in known.must:
            findings.error("missing records", file, f"{record.name!r} is not in the search data")
    if count is not None and found != count:
        findings.error("counts", file, f"has {found:,} records; the manifest says {count:,}")
    return listed


def _check_chips(entries: Entries, findings: Findings, chips: object, known: Known, box: Box | None) -> None:
    path = "category-index/manifest.json"
    if not isinstance(chips, dict) or not all(isinstance(chip, dict) for chip in chips.values()):
        findings.error("manifest", path, "chips is not an object of objects")
        return
    for name, chip in chips.items():
        buckets = chip.get("sub_chunks")
        total = chip.get("n_sub_buckets")
        if buckets is not None and (
            not isinstance(buckets, list) or not is_count(total) or not 1 <= total <= _MAX_BUCKETS
        ):
            findings.error("manifest", path, f"the buckets of {name} are not listed with their number")
            continue
        files = {f"category-index/chip-{name}-{bucket}.json": bucket for bucket in buckets or ()}
        files = files or {f"category-index/chip-{name}.json": None}
        found = 0
        for file, bucket in files.items():
            for row in entries.rows(file):
                found += 1
                record = record_of(row, file, findings, box)
                if record is None:
                    continue
                if record.identity not in known.must:
                    findings.error("missing records", file, f"{record.name!r} is not in the search data")
                if bucket is not None and f"{fnv1a(record.name) % total:x}".zfill(len(str(bucket))) != bucket:
                    findings.error("misplaced records", file, f"{record.name!r} belongs to another bucket")
        if found != chip.get("count"):
            findings.error("counts", path, f"{name} has {found:,} records; the manifest says {chip.get('count')}")


def check_wikidata(entries: Entries, findings: Findings) -> None:
    """Check what is told of Wikidata's items, if there is anything."""
    path = "wikidata/manifest.json"
    if not entries.has(path):
        return
    manifest = entries.object(path)
    if manifest is None:
        return
    chunks = manifest.get("chunks")
    if not isinstance(chunks, dict) or not all(is_count(count) for count in chunks.values()):
        findings.error("manifest", path, "chunks is not an object of counts")
        return
    total = 0
    for name, count in chunks.items():
        file = f"wikidata/{name}.json"
        items = entries.object(file)
        if items is None:
            continue
        total += len(items)
        if len(items) != count:
            findings.error("counts", file, f"has {len(items):,} items; the manifest says {count:,}")
        for item in items:
            number = _QID.fullmatch(item)
            if number is None or number[1].ljust(2, "0")[:2] != name:
                findings.error("misplaced items", file, f"{item} does not belong there")
    if manifest.get("total") != total:
        findings.error("total", path, f"total is {manifest.get('total')}; there are {total:,} items")
