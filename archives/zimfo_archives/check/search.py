"""Search data: manifest, files, and every record in every file that its name leads to (streetzim-format.md §3)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from zimfo_archives.check.entries import Entries, Row, is_count, is_number
from zimfo_archives.check.keys import GENERATIONS, Keys
from zimfo_archives.check.report import Findings

TYPES = frozenset({"place", "poi", "street", "water", "park", "peak", "airport", "building", "area", "addr"})
# Short keys, and the long ones that some tools write.
_KEYS = {"n": "name", "t": "type", "s": "subtype", "a": "lat", "o": "lon"}
_TEXTS = ("l", "w", "q", "ws", "p", "brand", "wd", "cat", "source")
_LISTS = ("alt_names", "soc")
# Names of which the generation of keys is told, spread over all files.
_SAMPLED_ROWS = 200
# Of the bounding box in degrees: records of a region's edge lie outside of it, things of another region farther.
_MARGIN = 1.0

Box = tuple[float, float, float, float]  # west, south, east, north; west > east across the antimeridian


@dataclass(slots=True)
class Known:
    """The records of the search data by their hash: in how many files each stands, and in how many it must."""

    stands: Counter[int] = field(default_factory=Counter)
    must: dict[int, int] = field(default_factory=dict)
    by_type: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.must)


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


def check_search(entries: Entries, findings: Findings, box: Box | None) -> tuple[Known, str]:
    """Check the search data; returns the records and the generation of the keys."""
    path = "search-data/manifest.json"
    known = Known()
    manifest = entries.object(path)
    if manifest is None:
        return known, ""
    chunks = manifest.get("chunks")
    if not isinstance(chunks, dict) or not all(is_count(count) for count in chunks.values()):
        findings.error("manifest", path, "chunks is not an object of counts")
        return known, ""
    _check_splits(manifest.get("sub_chunks", {}), chunks, path, findings)
    # A first look, of which nothing is told.
    generation = _generation(Entries(entries.archive, quiet := Findings()), chunks, quiet)
    keys_of = GENERATIONS[generation]
    for name, count in chunks.items():
        file = f"search-data/{name}.json"
        found = 0
        for row in entries.rows(file):
            found += 1
            record = record_of(row, file, findings, box)
            if record is not None:
                _place(record, base_key(name), file, keys_of, known, findings)
        if found != count and entries.has(file):
            findings.error("counts", file, f"has {found:,} records; the manifest says {count:,}")
    missing = sum(known.stands[identity] % must != 0 for identity, must in known.must.items())
    if missing:
        findings.error(
            "missing records", path, f"{missing:,} records do not stand in every file that their name leads to"
        )
    distinct = len(known)
    with_doubles = sum(-(-known.stands[identity] // must) for identity, must in known.must.items())
    total = manifest.get("total")
    if total not in (distinct, with_doubles):
        findings.error("total", path, f"total is {total}; there are {distinct:,} distinct records")
    return known, generation


def base_key(name: str) -> str:
    """Return the key that a file, or the file it was split off, belongs to."""
    return name.partition("-")[0]


def record_of(row: Row, where: str, findings: Findings, box: Box | None) -> Record | None:
    """Return the record of a row, None if something of it is missing or of a wrong type."""
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
        findings.error("records without a position", where, f"{name!r} is at {lat}, {lon}")
        return None
    for key in _TEXTS:
        if not isinstance(row.get(key, ""), str):
            findings.error("wrong types", where, f"{key} of {name!r} is no text")
    for key in _LISTS:
        texts = row.get(key, [])
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            findings.error("wrong types", where, f"{key} of {name!r} is no list of texts")
            return None
    if box is not None and not _within(box, lat, lon):
        findings.warning("far records", where, f"{name!r} at {lat}, {lon} is far outside of the bounding box")
    return Record(name, kind, subtype, float(lat), float(lon), tuple(row.get("alt_names", [])))


def _place(record: Record, key: str, file: str, keys_of: Keys, known: Known, findings: Findings) -> None:
    identity = record.identity
    own = keys_of(record.name)
    if identity not in known.must:
        known.must[identity] = len(own)
        known.by_type[record.type] += 1
    if key in own:
        known.stands[identity] += 1
    elif not any(key in keys_of(other) for other in record.others):
        findings.error("misplaced records", file, f"{record.name!r} does not belong there: {', '.join(sorted(own))}")


def _check_splits(splits: object, chunks: dict[str, int], path: str, findings: Findings) -> None:
    if not isinstance(splits, dict) or not all(isinstance(names, list) for names in splits.values()):
        findings.error("manifest", path, "sub_chunks is not an object of lists")
        return
    for parent, names in splits.items():
        if parent in chunks:
            findings.error("splits", path, f"{parent} is split and not split at once")
        absent = [name for name in names if name not in chunks and name not in splits]
        if absent:
            findings.error("splits", path, f"{parent} is split into {absent[0]}, which is no file")
        unlisted = [name for name in chunks if name.startswith(f"{parent}-") and name not in names]
        if unlisted:
            # Of the generator's second level of splits; readers go by the names of files.
            findings.warning("splits", path, f"{parent} does not list {unlisted[0]}")


def _generation(entries: Entries, chunks: Iterable[str], findings: Findings) -> str:
    """Return the generation of keys that fits most names, the newest of several."""
    misfits: Counter[str] = Counter(dict.fromkeys(GENERATIONS, 0))
    for name in chunks:
        for row in _first(entries, f"search-data/{name}.json"):
            record = record_of(row, name, findings, None)
            if record is not None:
                for generation, keys_of in GENERATIONS.items():
                    names = (record.name, *record.others)
                    misfits[generation] += not any(base_key(name) in keys_of(text) for text in names)
    return min(GENERATIONS, key=lambda generation: misfits[generation])


def _first(entries: Entries, path: str) -> Iterator[Row]:
    for number, row in enumerate(entries.rows(path) if entries.has(path) else ()):
        if number == _SAMPLED_ROWS:
            return
        yield row


def _within(box: Box, lat: float, lon: float) -> bool:
    west, south, east, north = box
    if not south - _MARGIN <= lat <= north + _MARGIN:
        return False
    width = (east - west) % 360 if west > east else east - west
    return (lon - west + _MARGIN) % 360 <= width + 2 * _MARGIN
