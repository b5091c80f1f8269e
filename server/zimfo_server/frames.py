"""Messages between the server and its workers: JSON objects, each after its length in four bytes (big-endian)."""

import json
import struct
from typing import Any, BinaryIO

MAX_FRAME_BYTES = 64 * 2**20  # the largest page that a worker may read, twice over; anything longer is a broken pipe
HEADER = struct.Struct(">I")

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """Return `message` as one frame. Lone surrogates, which JSON text may hold, become replacement characters."""
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> Message:
    """Return the message of a frame's body; raises `ValueError` when it is no JSON object."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a frame must hold an object")
    return message


def frame_length(header: bytes) -> int:
    """Return the length of the body that follows `header`; raises `ValueError` beyond the limit."""
    (length,) = HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes is over the limit")
    return int(length)


def read_frame(stream: BinaryIO) -> Message | None:
    """Read the next message from a blocking stream; None at its end."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    length = frame_length(header)
    body = stream.read(length)
    return decode(body) if len(body) == length else None
