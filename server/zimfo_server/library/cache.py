"""Remembers classified archives between runs, so that a library of hundreds is listed at once."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import platformdirs

from zimfo_server.library.record import ArchiveRecord

_VERSION = 1  # raise when `ArchiveRecord` or the classification changes


def _cache_file() -> Path:
    return platformdirs.user_cache_path("zimfo") / "archives.json"


def _key(record: ArchiveRecord) -> str:
    """What a file must still be for its record to hold: path, size in bytes, time of change."""
    return f"{record.file}|{record.size}|{Path(record.file).stat().st_mtime_ns}"


def load() -> dict[str, ArchiveRecord]:
    """Return the remembered records by key; none when there is no readable cache."""
    try:
        stored = json.loads(_cache_file().read_text(encoding="utf-8"))
        if stored["version"] != _VERSION:
            return {}
        return {key: ArchiveRecord.from_dict(values) for key, values in stored["records"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def remembered(record: ArchiveRecord, cache: dict[str, ArchiveRecord]) -> ArchiveRecord | None:
    """Return the full record of a discovered file if it was classified before under the same name."""
    try:
        found = cache.get(_key(record))
    except OSError:
        return None
    return found if found and found.name == record.name else None


def store(records: list[ArchiveRecord]) -> None:
    """Write the records of usable archives. A cache that cannot be written costs time later, nothing now."""
    with contextlib.suppress(OSError):
        entries = {_key(record): record.to_dict() for record in records if record.usable}
        text = json.dumps({"version": _VERSION, "records": entries}, ensure_ascii=False)
        target = _cache_file()
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).replace(target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
