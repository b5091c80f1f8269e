"""Remembers between runs what archives are and which were verified, so that a library of hundreds is ready at once."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import platformdirs

from zimfo_server.library.record import ArchiveRecord

_VERSION = 2  # raise when `ArchiveRecord` or the classification changes


def load() -> dict[str, ArchiveRecord]:
    """Return the remembered records by key; none when there is no readable cache."""
    try:
        return {key: ArchiveRecord.from_dict(values) for key, values in _read("archives.json").items()}
    except (TypeError, AttributeError):
        return {}


def remembered(record: ArchiveRecord, cache: dict[str, ArchiveRecord]) -> ArchiveRecord | None:
    """Return the full record of a discovered file if it was classified before under the same name."""
    found = cache.get(_key(record))
    return found if found and found.name == record.name else None


def store(records: list[ArchiveRecord]) -> None:
    """Write the records of usable archives. A cache that cannot be written costs time later, nothing now."""
    _write("archives.json", {_key(record): record.to_dict() for record in records if record.usable})


def load_verified(records: Iterable[ArchiveRecord]) -> set[str]:
    """Return the names of those records whose files matched their checksums when they were last read whole."""
    known = _read("verified.json")
    return {record.name for record in records if _key(record) in known}


def store_verified(records: Iterable[ArchiveRecord]) -> None:
    """Write which files matched their checksums."""
    _write("verified.json", {_key(record): True for record in records})


def _key(record: ArchiveRecord) -> str:
    """What a file must still be for a memory of it to hold: path, size in bytes, time of change."""
    try:
        changed = Path(record.file).stat().st_mtime_ns
    except OSError:
        changed = 0
    return f"{record.file}|{record.size}|{changed}"


def _read(name: str) -> dict[str, Any]:
    try:
        stored = json.loads((platformdirs.user_cache_path("zimfo") / name).read_text(encoding="utf-8"))
        return dict(stored["entries"]) if stored["version"] == _VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(name: str, entries: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        text = json.dumps({"version": _VERSION, "entries": entries}, ensure_ascii=False)
        target = platformdirs.user_cache_path("zimfo") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).replace(target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
