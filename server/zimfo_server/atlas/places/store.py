"""The file of a place index in the person's cache: columns one after another, read by mapping it into memory.

    8 bytes   "ZFPLACES"
    u32 u32   number of the format, length of the header (little-endian, as everything)
    u32       CRC-32 of the header
    header    JSON: {"of": key of the archive, "columns": {name: [offset, values, CRC-32]}, "facts": {…}}
    columns   from the next multiple of 8 on, at their offsets from there

A file that does not fit this, or belongs to another archive, counts as absent and is made again.
"""

import contextlib
import json
import mmap
import os
import re
import struct
import tempfile
import weakref
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

FORMAT = 1  # raise when the columns, their meaning or the folding of names change
MAX_HEADER_BYTES = 2**20  # real ones have 3 kB
VERIFY_BYTES = 64 * 2**20  # up to this size checksums are compared before use, which takes some 50 ms
CACHE_BYTES = 8 * 2**30  # of all indexes together; past that the ones not used for longest go

_MAGIC = b"ZFPLACES"
_HEAD = struct.Struct("<8sIII")


class Scratch:
    """Bytes that grow at the end: in a nameless file, or in memory where no file can be made."""

    def __init__(self, folder: Path | None) -> None:
        self.size = 0
        self._file: IO[bytes]
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (lives as long as the object)
        except OSError:
            self._file = BytesIO()
        weakref.finalize(self, self._file.close)

    def append(self, data: bytes) -> None:
        """Add bytes. Raises `OSError` when the disk is full."""
        self._file.write(data)
        self.size += len(data)

    def values(self, dtype: str) -> NDArray[Any]:
        """Return all bytes as an array, mapped where they are in a file."""
        if not self.size:
            return np.zeros(0, dtype)
        if isinstance(self._file, BytesIO):
            return np.frombuffer(self._file.getvalue(), dtype)
        self._file.flush()
        return np.frombuffer(mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ), dtype)


Columns = Mapping[str, NDArray[Any]]
"""Arrays of one dimension by name."""


@dataclass(frozen=True)
class Stored:
    """The columns of an index, and facts about it as JSON values."""

    columns: Columns
    facts: Mapping[str, Any]


def folder() -> Path | None:
    """Return the folder for indexes, made if need be; None when there can be none."""
    path = platformdirs.user_cache_path("zimfo") / "places"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return path


def load(key: str, dtypes: Mapping[str, str]) -> Stored | None:
    """Return the index stored under `key` with exactly the columns of `dtypes`; None when there is no sound one."""
    where = folder()
    if where is None or not key:
        return None
    file = where / _file_name(key)
    try:
        with file.open("rb") as stream:
            buffer = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        found = _parse(buffer, key, dtypes)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, struct.error):
        return None
    if found is not None:
        with contextlib.suppress(OSError):
            os.utime(file)
    return found


def save(key: str, columns: Columns, facts: Mapping[str, Any]) -> Stored:
    """Return the index as mapped from a new file; a folder that cannot be written costs the same work next time."""
    where = folder()
    if where is not None and key:
        with contextlib.suppress(OSError):
            _write(where, key, columns, facts)
            if found := load(key, {name: column.dtype.str for name, column in columns.items()}):
                return found
    return Stored(columns, facts)


def _write(where: Path, key: str, columns: Columns, facts: Mapping[str, Any]) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=where, prefix=_file_name(key))
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _write_columns(stream, key, columns, facts)
        Path(temporary).replace(where / _file_name(key))
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    _prune(where)


def _write_columns(stream: IO[bytes], key: str, columns: Columns, facts: Mapping[str, Any]) -> None:
    table: dict[str, tuple[int, int, int]] = {}
    offset = 0
    for name, column in columns.items():
        table[name] = (offset, len(column), zlib.crc32(_bytes(column)))
        offset = _aligned(offset + column.nbytes)
    text = json.dumps({"of": key, "columns": table, "facts": facts}).encode()
    stream.write(_HEAD.pack(_MAGIC, FORMAT, len(text), zlib.crc32(text)) + text)
    stream.write(b"\0" * (_aligned(stream.tell()) - stream.tell()))
    for column in columns.values():
        stream.write(_bytes(column))
        stream.write(b"\0" * (_aligned(column.nbytes) - column.nbytes))


def _parse(buffer: mmap.mmap, key: str, dtypes: Mapping[str, str]) -> Stored | None:
    magic, number, length, checksum = _HEAD.unpack_from(buffer)
    if magic != _MAGIC or number != FORMAT or length > MAX_HEADER_BYTES:
        return None
    text = buffer[_HEAD.size : _HEAD.size + length]
    if zlib.crc32(text) != checksum:
        return None
    header = json.loads(text)
    if header["of"] != key or set(header["columns"]) != set(dtypes):
        return None
    base = _aligned(_HEAD.size + length)
    columns: dict[str, NDArray[Any]] = {}
    for name, dtype in dtypes.items():
        offset, count, expected = header["columns"][name]
        # frombuffer raises ValueError for what lies outside of the file.
        columns[name] = np.frombuffer(buffer, dtype, count, base + offset) if count else np.zeros(0, dtype)
        if len(buffer) <= VERIFY_BYTES and zlib.crc32(_bytes(columns[name])) != expected:
            return None
    return Stored(columns, dict(header["facts"]))


def _bytes(column: NDArray[Any]) -> memoryview:
    return column.view(np.uint8).data


def _aligned(offset: int) -> int:
    return -(-offset // 8) * 8


def _file_name(key: str) -> str:
    return re.sub(r"[^\w-]", "_", key)[:100] + ".places"


def _prune(where: Path) -> None:
    """Delete the files that were not used for longest, and what broken-off runs left, past `CACHE_BYTES`."""
    with contextlib.suppress(OSError):
        files: Sequence[tuple[float, int, Path]] = sorted(
            (file.stat().st_mtime, file.stat().st_size, file) for file in where.iterdir() if file.is_file()
        )
        excess = sum(size for _, size, _ in files) - CACHE_BYTES
        for _, size, file in files:
            if excess <= 0:
                break
            file.unlink(missing_ok=True)
            excess -= size
