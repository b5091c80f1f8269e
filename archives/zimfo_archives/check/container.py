"""The file itself: its checksum, which is compared before libzim opens it."""

import hashlib
import struct
from pathlib import Path

_MAGIC = b"ZIM\x04"
_HEADER = 80
_CHECKSUM_AT = 72  # position in the header of the checksum's position
_CHECKSUM_BYTES = 16
_BLOCK = 1 << 22


def checksum_fails(path: Path) -> bool:
    """Tell whether a whole archive differs from its own checksum, with which it ends.

    False for what libzim refuses by itself or joins from parts. Damage of some kinds ends the process when libzim opens
    a file, which nothing can catch; so this is read without it. Raises OSError.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER)
        if len(header) < _HEADER or not header.startswith(_MAGIC):
            return False
        (position,) = struct.unpack_from("<Q", header, _CHECKSUM_AT)
        if position < _HEADER or position + _CHECKSUM_BYTES != path.stat().st_size:
            return False
        digest = hashlib.md5(header, usedforsecurity=False)
        left = position - _HEADER
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
        return digest.digest() != file.read(_CHECKSUM_BYTES)
