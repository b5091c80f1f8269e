"""Finds archive files and gives each the name by which models know it. Reads no archive: only names and headers."""

import os
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs

from zimfo_server.errors import ArchiveUnusableError, NothingToServeError
from zimfo_server.library.record import ArchiveRecord
from zimfo_shared.demo import demo_archives

MAX_DEPTH = 3  # folders below a given one: deep enough for a sorted collection, no walk over a whole disk
MAX_ARCHIVES = 2_000  # a library of everything that Kiwix offers in one language stays below

_FIRST_PART = ".zimaa"
_HEADER = struct.Struct("<IHH16sIIQQQQIIQ")  # openZIM file format, "Header"; the last field is checksumPos
_MAGIC = 0x044D495A
_CHECKSUM_BYTES = 16


def library_sources(given: Iterable[str]) -> list[Path]:
    """Return the files and folders to serve: given, else ZIMFO_ARCHIVES, user data, checkout, demo; the first with any.

    Raises `NothingToServeError` when a given source does not exist or holds no archive.
    """
    explicit = [Path(text).expanduser() for text in given]
    if not explicit:
        listed = os.environ.get("ZIMFO_ARCHIVES", "")
        explicit = [Path(text).expanduser() for text in listed.split(os.pathsep) if text.strip()]
    if explicit:
        return explicit
    if any(_archive_files(user_archives())):
        return [user_archives()]
    # In a checkout the demo archives lie in a folder below; only what a person dropped beside it counts.
    dropped = list(_archive_files(Path(__file__).parents[3] / "archives", depth=MAX_DEPTH))
    if dropped:
        return dropped
    demo = demo_archives()
    if not demo:
        raise NothingToServeError("No archives given. Name a .zim file or a folder of them, or set ZIMFO_ARCHIVES.")
    return demo


def user_archives() -> Path:
    """Return the folder in which a person's own archives are found without being named."""
    return platformdirs.user_data_path("zimfo") / "archives"


def discover(sources: Iterable[Path]) -> list[ArchiveRecord]:
    """Return a record for every archive file in `sources`, sorted within each folder, with unique names.

    A file that is no whole ZIM has its `problem` set. Raises `NothingToServeError` when there is no file at all.
    """
    sources = list(sources)
    files: dict[Path, None] = {}
    for source in sources:
        if source.is_dir():
            files.update(dict.fromkeys(_archive_files(source)))
        else:
            files[source] = None
    if not files:
        shown = ", ".join(str(source) for source in sources)
        raise NothingToServeError(f"No archive (*.zim) in {shown}. Put one there or name another folder.")
    taken: set[str] = set()
    return [_record(file, taken) for file in list(files)[:MAX_ARCHIVES]]


def _archive_files(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if depth < MAX_DEPTH:
                yield from _archive_files(entry, depth + 1)
        elif entry.name.lower().endswith((".zim", _FIRST_PART)):
            yield entry


def _record(file: Path, taken: set[str]) -> ArchiveRecord:
    stem = re.sub(r"\.zim(aa)?$", "", file.name, flags=re.IGNORECASE)
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    try:
        size = _whole_size(file)
    except ArchiveUnusableError as error:
        return ArchiveRecord(name=name, file=str(file), problem=str(error))
    return ArchiveRecord(name=name, file=str(file.absolute()), size=size)


def _whole_size(file: Path) -> int:
    """Return the size in bytes of the archive, all parts together, if it is as long as its header says."""
    try:
        with file.open("rb") as stream:
            header = stream.read(_HEADER.size)
        parts = _parts(file)
        size = sum(part.stat().st_size for part in parts)
    except FileNotFoundError:
        raise ArchiveUnusableError("there is no such file") from None
    except OSError as error:
        raise ArchiveUnusableError(f"cannot be read ({error.strerror or error})") from None
    if len(header) < _HEADER.size or _HEADER.unpack(header)[0] != _MAGIC:
        raise ArchiveUnusableError("is not a ZIM archive")
    expected = _HEADER.unpack(header)[-1] + _CHECKSUM_BYTES
    if size < expected:
        missing = f"part {_next_part(parts[-1]).name} is missing" if len(parts) > 1 or _is_split(file) else "truncated"
        raise ArchiveUnusableError(f"{missing}: {size:,} of {expected:,} bytes are there; download it again")
    return size


def _is_split(file: Path) -> bool:
    return file.name.lower().endswith(_FIRST_PART)


def _parts(file: Path) -> list[Path]:
    if not _is_split(file):
        return [file]
    parts = [file]
    while (following := _next_part(parts[-1])).exists():
        parts.append(following)
    return parts


def _next_part(part: Path) -> Path:
    first, second = part.name[-2], part.name[-1]
    suffix = chr(ord(first) + 1) + "a" if second == "z" else first + chr(ord(second) + 1)
    return part.with_name(part.name[:-2] + suffix)
