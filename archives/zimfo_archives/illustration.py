"""The 48 by 48 picture every archive carries: checked when it is given, drawn when it is not."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from zimfo_archives.errors import OptionError

SIZE = 48
# Far more than any picture of this size needs; keeps a wrong file from being read whole.
MAX_BYTES = 1 << 20
_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PAPER, _COVER, _INK = b"\xff\xff\xff", b"\x1f\x5f\x8b", b"\x9a\xb8\xcc"


def read_illustration(file: Path) -> bytes:
    """Return the bytes of a PNG; raises OptionError unless it is a whole one of the right size."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise OptionError(f"the illustration {file} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES or not data.startswith(_SIGNATURE):
        raise OptionError(f"the illustration {file} is not a PNG of {SIZE}x{SIZE} pixels")
    try:
        chunks = list(_chunks(data))
        kind, header = chunks[0]
        width, height = struct.unpack(">II", header[:8])
    except (struct.error, IndexError, ValueError):
        raise OptionError(f"the illustration {file} is a damaged PNG") from None
    if kind != b"IHDR" or chunks[-1][0] != b"IEND" or all(kind != b"IDAT" for kind, _ in chunks):
        raise OptionError(f"the illustration {file} is a damaged PNG")
    if (width, height) != (SIZE, SIZE):
        raise OptionError(f"the illustration {file} is {width}x{height} pixels; it must be {SIZE}x{SIZE}")
    return data


def draw_illustration() -> bytes:
    """Return a PNG of an open book."""
    rows = b"".join(b"\0" + b"".join(_pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _pixel(x: int, y: int) -> bytes:
    column = min(x, SIZE - 1 - x)  # the book is the same left and right
    if column < 5 or not 10 <= y < 39 or column == SIZE // 2 - 1:
        return _COVER
    if 9 <= column < 20 and 14 <= y < 35 and y % 4 == 2:
        return _INK
    return _PAPER


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_SIGNATURE)
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        if zlib.crc32(kind + content) != checksum:
            raise ValueError(kind)
        yield kind, content
        if kind == b"IEND":
            return
        position += 12 + length
