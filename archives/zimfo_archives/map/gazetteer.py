"""The gazetteer: all records of a map, each once, with what it belongs to."""

from zimfo_archives.map.extract import Extract
from zimfo_archives.map.labels import set_labels
from zimfo_archives.map.outlines import merge_boundaries
from zimfo_archives.map.records import RANK, Record
from zimfo_archives.map.streets import line_records


def records_of(extract: Extract) -> list[Record]:
    """Return all records, in the order of RANK, then by name and position; full duplicates only once."""
    merge_boundaries(extract)
    unique: dict[tuple[str, str, float, float], Record] = {}
    for record in (*extract.records, *line_records(extract)):
        key = (record.name, record.type, round(record.lat, 6), round(record.lon, 6))
        if (same := unique.get(key)) is None:
            unique[key] = record
            extract.tally.keep(record.tracked)
        else:
            same.take(record)
            extract.tally.merge(record.tracked)
    records = sorted(unique.values(), key=lambda r: (RANK[r.type], r.name, r.lat, r.lon, r.subtype))
    set_labels(records, extract.boundaries)
    return records
