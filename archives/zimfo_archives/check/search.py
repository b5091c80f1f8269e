"""Search data: manifest, files, and every record in every file that its name leads to (streetzim-format.md §3)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice

from libzim.reader import Archive

from zimfo_archives.check.entries import Entries, Row, is_count, is_number
from zimfo_archives.check.keys import GENERATIONS, Keys
from zimfo_archives.check.members import Known
from zimfo_archives.check.report import Findings, shown

FOLDER = "search-data/"
MANIFEST = f"{FOLDER}manifest.json"

TYPES = frozenset({"place", "poi", "street", "water", "park", "peak", "airport", "building", "area", "addr"})
# Short keys, and the long ones that some tools write.
_KEYS = {"n": "name", "t": "type", "s": "subtype", "a": "lat", "o": "lon"}
_TEXTS = ("l", "w", "q", "ws", "p", "brand", "wd", "cat", "source")
_LISTS = ("alt_names", "soc")
# Names of which the generation of keys is told, spread over all files.
_SAMPLED_ROWS = 50
# Of the sampled records that may fit another generation only before their files are taken to be of several.
_MIXED_SHARE = 0.05
MIXED = "mixed"
# Of the bounding box in degrees: things at a region's edge, large ones above all, lie outside of it by less than the
# first; what is farther away than the second is no thing of the region.
_MARGIN, _ELSEWHERE = 1.0, 5.0

Step = Callable[[int, int], None]
Box = tuple[float, float, float, float]  # west, south, east, north; west > east across the antimeridian


@dataclass(frozen=True, slots=True)
class Record:
    """What every record has."""

    name: str
    type: str
    subtype: str
    lat: float
    lon: float
    others: tuple[str, ...]  # alternative names

    @property
    def identity(self) -> int:
        """A number that tells records apart; full duplicates share it."""
        return hash((self.name, self.type, self.subtype, self.lat, self.lon))


def check_search(entries: Entries, findings: Findings, box: Box | None, step: Step) -> tuple[Known, str]:
    """Check the search data; returns the records and the generation of the keys."""
    known = Known()
    manifest = entries.object(MANIFEST)
    if manifest is None:
        return Known(flawed={""}), ""
    chunks = manifest.get("chunks")
    if not isinstance(chunks, dict) or not all(is_count(count) for count in chunks.values()):
        findings.error("manifest", MANIFEST, "chunks is not an object of counts")
        return Known(flawed={""}), ""
    _check_splits(manifest.get("sub_chunks", {}), chunks, findings)
    generation, keys_of = _generation(entries.archive, chunks)
    if generation == MIXED:
        findings.error("keys", MANIFEST, "the names of the files follow no single rule for the records in them")
    for number, (name, count) in enumerate(chunks.items()):
        step(number, len(chunks))
        _check_file(entries, name, count, keys_of, known, findings, box)
    step(len(chunks), len(chunks))
    if generation != MIXED:
        _check_missing(entries, chunks, known, findings)
    total = manifest.get("total")
    doubled = known.copies().total()
    if not is_count(total) or not (known.flawed or len(known) <= total <= doubled):
        findings.error("total", MANIFEST, f"total is {shown(total)}; there are {len(known):,} distinct records")
    return known, generation


def _check_file(
    entries: Entries, name: str, count: int, keys_of: Keys, known: Known, findings: Findings, box: Box | None
) -> None:
    file = f"{FOLDER}{name}.json"
    key = base_key(name)
    errors = findings.errors
    found = 0
    for row in entries.rows(file):
        found += 1
        record = record_of(row, file, findings, box)
        if record is None:
            continue
        own = keys_of(record.name)
        if key in own or any(key in keys_of(other) for other in record.others):
            known.add(record.identity, record.type, key, own)
        else:
            told = f"{record.name!r} does not belong there, but in {', '.join(sorted(own))}"
            findings.error("misplaced records", file, told)
    if findings.errors != errors:
        known.flawed.add(key)
    if found != count and not (key in known.flawed and found < count):
        findings.error("counts", file, f"has {found:,} records; the manifest says {count:,}")


def _check_missing(entries: Entries, chunks: Collection[str], known: Known, findings: Findings) -> None:
    """Tell of records that are missing in files, by one of their names."""
    for key, identities in known.missing().items():
        if key in known.flawed:
            continue
        file = f"{FOLDER}{key}.json"
        name = _name_of(next(iter(identities)), entries.archive, chunks)
        count = f"{len(identities):,} records are" if len(identities) > 1 else "1 record is"
        findings.error("missing records", file, f"{count} missing there, such as {name!r}")


def _name_of(identity: int, archive: Archive, chunks: Iterable[str]) -> str:
    quiet = Findings()
    for name in chunks:
        for row in Entries(archive, quiet).rows(f"{FOLDER}{name}.json"):
            record = record_of(row, name, quiet, None)
            if record is not None and record.identity == identity:
                return record.name
    return ""


def base_key(name: str) -> str:
    """Return the key that a file, or the file it was split off, belongs to."""
    return name.partition("-")[0]


def record_of(row: Row, where: str, findings: Findings, box: Box | None) -> Record | None:
    """Return the record of a row, None if something of it is missing, of a wrong type or not in the region."""
    values = {short: row.get(short, row.get(long)) for short, long in _KEYS.items()}
    name, kind, subtype, lat, lon = values.values()
    if not isinstance(name, str) or not name:
        findings.error("records without a name", where, "a record has no name")
        return None
    if not isinstance(kind, str) or not isinstance(subtype, str):
        findings.error("records without a type", where, f"{name!r} has no type and subtype")
        return None
    if kind not in TYPES:
        findings.warning("unknown types", where, f"{name!r} is of the unknown type {kind!r}")
    if lat is None or lon is None or not (is_number(lat) and is_number(lon)) or abs(lat) > 90 or abs(lon) > 180:
        findings.error("records without a position", where, f"{name!r} is at {shown(lat)}, {shown(lon)}")
        return None
    for key in _TEXTS:
        if not isinstance(row.get(key, ""), str):
            findings.error("wrong types", where, f"{key} of {name!r} is no text")
    for key in _LISTS:
        texts = row.get(key, [])
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            findings.error("wrong types", where, f"{key} of {name!r} is no list of texts")
            return None
    if box is not None and is_far(box, lat, lon, _ELSEWHERE):
        findings.error("records of elsewhere", where, f"{name!r} at {lat}, {lon} is not in the map's region")
        return None
    if box is not None and is_far(box, lat, lon):
        findings.warning("far records", where, f"{name!r} at {lat}, {lon} is far outside of the bounding box")
    return Record(name, kind, subtype, float(lat), float(lon), tuple(row.get("alt_names", [])))


def _check_splits(splits: object, chunks: Collection[str], findings: Findings) -> None:
    if not isinstance(splits, dict) or not all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in splits.values()
    ):
        findings.error("manifest", MANIFEST, "sub_chunks is not an object of lists of names")
        return
    ordered = sorted(chunks)
    for parent, names in splits.items():
        listed = frozenset(names)
        if parent in chunks:
            findings.error("splits", MANIFEST, f"{parent} is split and not split at once")
        for name in sorted(listed):
            if name not in chunks and name not in splits:
                findings.error("splits", MANIFEST, f"{parent} is split into {name}, which is no file")
        # "." follows "-": all names that begin with the parent and "-" stand between the two.
        children = ordered[bisect_left(ordered, f"{parent}-") : bisect_left(ordered, f"{parent}.")]
        unlisted = [name for name in children if name not in listed]
        if unlisted:
            # Of the generator's second level of splits; readers go by the names of files.
            count = f"{len(unlisted):,} of its files" if len(unlisted) > 1 else "one of its files"
            findings.warning("splits", MANIFEST, f"{parent} does not list {count}: {unlisted[0]}")


def _generation(archive: Archive, chunks: Iterable[str]) -> tuple[str, Keys]:
    """Return the generation of keys that fits most of the first names of each file, the newest of several."""
    entries = Entries(archive, Findings())  # a first look, of which nothing is told
    misfits: Counter[str] = Counter()
    several: Counter[str] = Counter()  # names that have more than one key
    files: dict[int, str] = {}
    spread = False
    sampled = strays = 0
    for name in chunks:
        key = base_key(name)
        for row in islice(entries.rows(f"{FOLDER}{name}.json"), _SAMPLED_ROWS):
            record = record_of(row, name, Findings(), None)
            if record is None:
                continue
            sampled += 1
            fitting = {
                generation
                for generation, keys_of in GENERATIONS.items()
                if any(key in keys_of(text) for text in (record.name, *record.others))
            }
            strays += not fitting
            misfits += Counter(GENERATIONS.keys() - fitting)
            spread |= files.setdefault(record.identity, key) != key
            for generation, keys_of in GENERATIONS.items():
                several[generation] += len(keys_of(record.name)) > 1
    if not spread:
        # Each record stands in one file: what has keys for all words would have it in several.
        misfits += several
    best = min(GENERATIONS, key=lambda generation: misfits[generation])
    if misfits[best] - strays > _MIXED_SHARE * sampled:
        return MIXED, lambda name: frozenset().union(*(keys_of(name) for keys_of in GENERATIONS.values()))
    return best, GENERATIONS[best]


def is_far(box: Box, lat: float, lon: float, margin: float = _MARGIN) -> bool:
    """Tell whether a position is farther outside of a box than things of its region are; `margin` in degrees."""
    west, south, east, north = box
    if not south - margin <= lat <= north + margin:
        return True
    width = (east - west) % 360 if west > east else east - west
    return (lon - west + margin) % 360 > width + 2 * margin
