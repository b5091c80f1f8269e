"""Geometries of edges, which decode to positions on the earth, and names of roads (streetzim-format.md §2.4)."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from zimfo_archives.check.report import Findings
from zimfo_archives.map.shapes import E7

_HEAD = 8  # bytes of the first point
_MAX_VARINT = 5
# Bytes of lines that are decoded at a time: some 300 MB.
_BATCH = 2_000_000

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def check_offsets(offsets: Ints, size: int, slack: int, what: str, where: str, findings: Findings) -> bool:
    """Check offsets into a blob: from 0 in ascending order to its end, of which `slack` bytes may be padding."""
    if offsets[0] != 0 or (np.diff(offsets) < 0).any() or not size - slack <= offsets[-1] <= size:
        findings.error("offsets", where, f"the offsets of the {what} do not run from 0 in order to {size:,}")
        return False
    return True


def check_lines(offsets: Ints, blob: Bytes, where: str, findings: Findings) -> None:
    """Check that every line decodes, to positions on the earth; `offsets` were checked."""
    if not len(offsets) - 1:
        return
    cuts = np.searchsorted(offsets, np.arange(0, offsets[-1], _BATCH), side="right") - 1
    bounds = np.unique([*cuts.tolist(), len(offsets) - 1])
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        begin, end = int(offsets[low]), int(offsets[high])
        bad = _bad_line(offsets[low : high + 1] - begin, blob[begin:end])
        if bad is not None:
            number, problem = bad
            findings.error("geometries", where, f"geometry {low + number:,} {problem}")


def _bad_line(offsets: Ints, blob: Bytes) -> tuple[int, str] | None:
    """Return the number of the first line that is wrong, and how."""
    sizes = np.diff(offsets)
    if len(short := np.flatnonzero((sizes > 0) & (sizes < _HEAD))):
        return int(short[0]), f"has {sizes[short[0]]} bytes, which is no position"
    some = np.flatnonzero(sizes)
    starts = offsets[:-1][some]
    if not len(some):
        return None
    heads = blob[starts[:, None] + np.arange(_HEAD)].copy().view("<i4").reshape(-1, 2).astype(np.int64)
    head = np.zeros(len(blob), dtype=bool)
    head[starts[:, None] + np.arange(_HEAD)] = True
    body = np.flatnonzero(~head)
    last = blob[body] < 0x80  # of each number
    line_of = np.searchsorted(starts, body, side="right") - 1
    open_ended = np.append(line_of[1:] != line_of[:-1], True) & ~last if len(body) else np.zeros(0, dtype=bool)
    if open_ended.any():
        return int(some[line_of[np.argmax(open_ended)]]), "ends within a number"
    ends = np.flatnonzero(last)
    begins = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lengths = ends - begins + 1
    if (lengths > _MAX_VARINT).any():
        return int(some[line_of[begins[np.argmax(lengths > _MAX_VARINT)]]]), "has a number of more than five bytes"
    counts = np.bincount(line_of[ends], minlength=len(some))
    if (counts % 2).any():
        return int(some[np.argmax(counts % 2)]), "has a longitude without a latitude"
    place = np.arange(len(body)) - np.repeat(begins, lengths)
    parts = (blob[body].astype(np.int64) & 0x7F) << 7 * place
    values = np.add.reduceat(parts, begins) if len(begins) else parts
    deltas = (values >> 1 ^ -(values & 1)).reshape(-1, 2)
    steps = np.insert(deltas, np.cumsum(counts // 2) - counts // 2, heads, axis=0)
    firsts = np.cumsum(counts // 2 + 1) - (counts // 2 + 1)
    sums = np.cumsum(steps, axis=0)
    owner = np.repeat(np.arange(len(some)), counts // 2 + 1)
    positions = sums - (sums[firsts] - steps[firsts])[owner]
    outside = (np.abs(positions) > np.array([180 * E7, 90 * E7])).any(axis=1)
    if outside.any():
        lon, lat = positions[np.argmax(outside)] / E7
        return int(some[owner[np.argmax(outside)]]), f"has a point at {lat:.5f}, {lon:.5f}"
    return None


def check_names(offsets: Ints, blob: bytes, where: str, findings: Findings) -> None:
    """Check that names are text and that the first is empty; `offsets` were checked."""
    if len(offsets) > 1 and offsets[1] != 0:
        findings.error("names", where, "name 0 is not empty")
    starts = offsets[:-1]
    within = starts[starts < len(blob)]
    # Text as a whole whose names begin with whole characters is text name by name.
    if not (np.frombuffer(blob, np.uint8)[within] & 0xC0 == 0x80).any():
        try:
            blob.decode()
        except UnicodeDecodeError:
            pass
        else:
            return
    for number, (begin, end) in enumerate(pairwise(offsets.tolist())):
        try:
            blob[begin:end].decode()
        except UnicodeDecodeError:
            findings.error("names that are no text", where, f"name {number:,} is not UTF-8")
