"""Search in folded names: one line for each name, in a buffer that may be a mapped file."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

EXACT, PREFIX, WORD, PART = range(4)
"""How a name matches a text: it is the text, begins with it, has a word that does, or has it inside of a word."""

BLOCK_BYTES = 4 * 2**20  # searched at a time; a mapped file has no fast search, so blocks of it are copied


class Lines:
    """Folded names, each between line feeds, and the row of the record that each is a name of.

    `text` is uint8: "\\n" and then every line with its "\\n". `starts` (offsets of lines in `text`) and `rows` are
    uint32 of equal length. A record may have several lines.
    """

    def __init__(self, text: NDArray[np.uint8], starts: NDArray[np.uint32], rows: NDArray[np.uint32]) -> None:
        self._text = text
        self._starts = starts
        self._rows = rows

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._rows)

    def texts(self, limit_bytes: int) -> list[str]:
        """Return the texts of the first lines, as many as fit into some bytes."""
        if not self.count:
            return []
        end = len(self._text)
        if end > limit_bytes:
            end = int(self._starts[np.searchsorted(self._starts, np.uint32(limit_bytes)) - 1])
        return self._text[1 : end - 1].tobytes().decode("utf-8", "replace").split("\n")

    def row(self, number: int) -> int:
        """Return the row of a line's record."""
        return int(self._rows[number])

    def exact(self, folded: str, limit: int) -> NDArray[np.int64]:
        """Return the rows named exactly so, at most `limit`, in order."""
        if not folded or not self.count:
            return np.zeros(0, np.int64)
        offsets = [offset + 1 for offset in self._find(f"\n{folded}\n".encode(), limit)]
        return np.unique(self._rows[self._lines_at(offsets)].astype(np.int64))

    def containing(self, folded: str, limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows whose names contain the text, and how (`EXACT` … `PART`), each once with its best match.

        Of very many, the first `limit` of each way are looked at.
        """
        if not folded or not self.count:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        text = folded.encode()
        offsets = self._find(text, limit)
        if len(offsets) == limit:  # then better ones may follow
            better = [offset + 1 for lead in (b"\n", b" ") for offset in self._find(lead + text, limit)]
            offsets = sorted({*offsets, *better})
        places = np.array(offsets, np.int64)
        before, after = self._text[places - 1], self._text[places + len(text)]
        ways = np.where(before == ord("\n"), PREFIX, np.where(before == ord(" "), WORD, PART))
        ways[(ways == PREFIX) & (after == ord("\n"))] = EXACT
        rows = self._rows[self._lines_at(offsets)].astype(np.int64)
        order = np.lexsort((ways, rows))
        rows, ways = rows[order], ways[order]
        first = np.ones(len(rows), np.bool_)
        first[1:] = rows[1:] != rows[:-1]
        return rows[first], ways[first]

    def _lines_at(self, offsets: list[int]) -> NDArray[np.int64]:
        places = np.array(offsets, np.uint32)
        return np.searchsorted(self._starts, places, side="right") - 1

    def _find(self, pattern: bytes, limit: int) -> list[int]:
        """Return the offsets of the pattern in order, at most `limit`."""
        found: list[int] = []
        for base, block in self._blocks(len(pattern) - 1):
            offset = block.find(pattern)
            while offset >= 0:
                found.append(base + offset)
                if len(found) == limit:
                    return found
                offset = block.find(pattern, offset + 1)
        return found

    def _blocks(self, overlap: int) -> Iterator[tuple[int, bytes]]:
        for base in range(0, len(self._text), BLOCK_BYTES):
            yield base, self._text[base : base + BLOCK_BYTES + overlap].tobytes()
