"""Category index and Wikidata (streetzim-format.md §3.6, §3.7)."""

import re
from collections import Counter

from zimfo_archives.check.entries import Entries, is_count
from zimfo_archives.check.members import Known
from zimfo_archives.check.report import Findings, shown
from zimfo_archives.check.search import Box, record_of
from zimfo_archives.map.search import fnv1a

# The original's repackager drops these and leaves them in the manifest.
_DROPPED = frozenset({"addr", "poi", "street"})
_MAX_BUCKETS = 256
BROWSE, WIKIDATA = "category-index/manifest.json", "wikidata/manifest.json"
_NO_SLUG, _SLUG_CHARACTERS = re.compile(r"[^a-z0-9_]"), 40
_QID = re.compile(r"Q([1-9][0-9]*)")


def check_categories(entries: Entries, findings: Findings, known: Known, box: Box | None) -> None:
    """Check the category index against itself and against the records of the search data."""
    path = BROWSE
    manifest = entries.object(path)
    if manifest is None:
        return
    categories = manifest.get("categories")
    if isinstance(categories, list) and all(isinstance(name, str) for name in categories):
        categories = dict.fromkeys(categories)  # without counts
    if not isinstance(categories, dict) or not all(n is None or is_count(n) for n in categories.values()):
        findings.error("manifest", path, "categories is not an object of counts")
        return
    total = manifest.get("total")
    if not is_count(total) or not (known.flawed or len(known) <= total <= known.copies().total()):
        findings.error("total", path, f"total is {shown(total)}; there are {len(known):,} distinct records")
    for name, count in categories.items():
        _check_category(entries, findings, name, count, known, box)
    for name, count in sorted(Counter(map(_slug, known.types.values())).items()):
        if name not in categories:
            # Our builder leaves out those that are too large for readers on phones.
            findings.warning("absent categories", path, f"does not list {name}, of which there are {count:,} records")
    _check_chips(entries, findings, manifest.get("chips", {}), known, box)


def _check_category(
    entries: Entries, findings: Findings, name: str, count: int | None, known: Known, box: Box | None
) -> None:
    file = f"category-index/{name}.json"
    if not entries.has(file):
        note = findings.warning if name in _DROPPED else findings.error
        note("absent categories", file, "is listed in the manifest and missing")
        return
    errors = findings.errors
    found = 0
    listed: set[int] = set()
    for row in entries.rows(file):
        found += 1
        record = record_of(row, file, findings, box)
        if record is None:
            continue
        if _slug(record.type) != name:
            findings.error("misplaced records", file, f"{record.name!r} is of the type {record.type!r}")
        elif record.identity not in known.types:
            if not known.flawed:
                findings.error("unknown records", file, f"{record.name!r} is not in the search data")
        else:
            listed.add(record.identity)
    if findings.errors != errors:
        return
    if count is not None and found != count:
        findings.error("counts", file, f"has {found:,} records; the manifest says {count:,}")
    missing = sum(_slug(kind) == name and identity not in listed for identity, kind in known.types.items())
    if missing:
        findings.error("missing records", file, f"lacks {missing:,} records of the search data")


def _slug(kind: str) -> str:
    return _NO_SLUG.sub("_", kind.lower())[:_SLUG_CHARACTERS]


def _check_chips(entries: Entries, findings: Findings, chips: object, known: Known, box: Box | None) -> None:
    path = BROWSE
    if not isinstance(chips, dict) or not all(isinstance(chip, dict) for chip in chips.values()):
        findings.error("manifest", path, "chips is not an object of objects")
        return
    for name, chip in chips.items():
        if not isinstance(chip.get("label", ""), str) or not is_count(chip.get("bytes", 0)):
            findings.error("manifest", path, f"label or bytes of {name} is not what it should be: a text, a count")
        buckets, total = chip.get("sub_chunks"), chip.get("n_sub_buckets")
        if buckets is None:
            files = {f"category-index/chip-{name}.json": -1}
        elif _are_buckets(buckets, total):
            files = {f"category-index/chip-{name}-{bucket}.json": int(bucket, 16) for bucket in buckets}
        else:
            findings.error("manifest", path, f"the buckets of {name} are not listed with their number")
            continue
        errors = findings.errors
        found = sum(_check_chip(entries, findings, file, (bucket, total), known, box) for file, bucket in files.items())
        count = chip.get("count")
        if found != count and (errors == findings.errors or not is_count(count)):
            findings.error("counts", path, f"{name} has {found:,} records; the manifest says {shown(count)}")


def _are_buckets(buckets: object, total: object) -> bool:
    """Tell whether these are names of buckets, as many as are at most: digits of one width, of a power of two."""
    if not isinstance(buckets, list) or not isinstance(total, int) or isinstance(total, bool):
        return False
    if not 1 <= total <= _MAX_BUCKETS or total & (total - 1):
        return False
    digits = re.compile(rf"[0-9a-f]{{{len(f'{total - 1:x}')}}}")
    return all(isinstance(name, str) and digits.fullmatch(name) and int(name, 16) < total for name in buckets)


def _check_chip(
    entries: Entries, findings: Findings, file: str, place: tuple[int, int], known: Known, box: Box | None
) -> int:
    """Check a file of a chip; `place` is its bucket, -1 for all, and their number. Returns the number of records."""
    bucket, total = place
    found = 0
    for row in entries.rows(file):
        found += 1
        record = record_of(row, file, findings, box)
        if record is None:
            continue
        if record.identity not in known.types:
            if not known.flawed:
                findings.error("unknown records", file, f"{record.name!r} is not in the search data")
        elif bucket >= 0 and fnv1a(record.name) % total != bucket:
            findings.error("misplaced records", file, f"{record.name!r} belongs in another bucket")
    return found


def check_wikidata(entries: Entries, findings: Findings) -> int | None:
    """Check what is told of Wikidata's items, if there is anything; returns how many there are, None if unknown."""
    path = WIKIDATA
    if not entries.has(path):
        return 0
    manifest = entries.object(path)
    if manifest is None:
        return None
    chunks = manifest.get("chunks")
    if not isinstance(chunks, dict) or not all(is_count(count) for count in chunks.values()):
        findings.error("manifest", path, "chunks is not an object of counts")
        return None
    errors = findings.errors
    total = 0
    for name, count in chunks.items():
        file = f"wikidata/{name}.json"
        items = entries.object(file)
        if items is None:
            continue
        total += len(items)
        if len(items) != count:
            findings.error("counts", file, f"has {len(items):,} items; the manifest says {count:,}")
        for item, told in items.items():
            number = _QID.fullmatch(item)
            if number is None or number[1].ljust(2, "0")[:2] != name:
                findings.error("misplaced items", file, f"{item!r} does not belong there")
            elif not isinstance(told, dict):
                findings.error("items without an object", file, f"{item} is {shown(told)} instead of an object")
    if findings.errors != errors:
        return None
    if manifest.get("total") != total:
        findings.error("total", path, f"total is {shown(manifest.get('total'))}; there are {total:,} items")
    return total
