"""Reads the entries of an archive that may be damaged, hostile or not what its paths say."""

import json
import sys
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, TypeGuard

from libzim.reader import Archive

from zimfo_archives.check.report import Findings, shown

# Above the largest file that is known, the addresses of Texas with 1.7 GB: what is larger is not read.
MAX_TEXT_BYTES = 2_000_000_000
# Of the road graph. That of the United States has 8.6 GB, and is kept in cells instead.
MAX_BINARY_BYTES = 6_000_000_000

_DECODER = json.JSONDecoder()
_BLANKS = " \t\r\n"

Row = dict[str, Any]


class Entries:
    """The entries of an archive; whatever cannot be read becomes a finding and is None."""

    def __init__(self, archive: Archive, findings: Findings) -> None:
        self.archive = archive
        self._findings = findings

    def has(self, path: str) -> bool:
        """Tell whether there is an entry of this path."""
        try:
            return bool(self.archive.has_entry_by_path(path))
        except UnicodeEncodeError:  # half a character, out of an escape of JSON
            return False
        except RuntimeError as error:
            self._findings.error("damaged entries", path, f"cannot be looked up: {error}")
            return False

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths of all entries that begin like this; entries are sorted by their paths."""
        numbers = range(self.archive.entry_count)
        try:
            for number in numbers[bisect_left(numbers, folder, key=self._path) :]:
                path = self._path(number)
                if not path.startswith(folder):
                    return
                yield path
        except RuntimeError as error:
            self._findings.error("damaged entries", folder, f"cannot be listed: {error}")

    def _path(self, number: int) -> str:
        return str(self.archive._get_entry_by_id(number).path)

    def content(self, path: str, limit: int = MAX_BINARY_BYTES) -> memoryview | None:
        """Return the bytes of an entry, None if it is missing, too large or damaged."""
        if not self.has(path):
            self._findings.error("missing entries", path, "is missing")
            return None
        try:
            item = self.archive.get_entry_by_path(path).get_item()
            if item.size > limit:
                self._findings.error("too large", path, f"has {item.size:,} bytes; {limit:,} at most are read")
                return None
            content: memoryview = item.content
        except (RuntimeError, MemoryError) as error:
            self._findings.error("damaged entries", path, f"cannot be read: {error}")
            return None
        return content

    def text(self, path: str) -> str | None:
        """Return the text of an entry, None if it is missing or no text."""
        content = self.content(path, MAX_TEXT_BYTES)
        if content is None:
            return None
        try:
            return str(content, "utf-8")
        except UnicodeDecodeError as error:
            self._findings.error("files that are no text", path, f"is not UTF-8 at byte {error.start:,}")
            return None

    def json(self, path: str) -> Any:
        """Return the value of an entry of JSON, None if it is missing or none."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            self._findings.error("files that are not JSON", path, f"is not JSON: {error}")
            return None

    def object(self, path: str) -> Row | None:
        """Return the object in an entry of JSON, None if it is missing or something else."""
        errors = self._findings.errors
        value = self.json(path)
        if self._findings.errors != errors:
            return None
        if not isinstance(value, dict):
            self._findings.error("files without an object", path, f"holds {shown(value)} instead of an object")
            return None
        return value

    def rows(self, path: str) -> Iterator[Row]:
        """Yield the objects of an array, one at a time: a file may be larger than what its objects may take."""
        text = self.text(path)
        if text is None:
            return
        try:
            position = _after(text, 0, "[")
            if text[_skip(text, position)] == "]":
                position = _skip(text, position)
            else:
                while True:
                    row, position = _DECODER.raw_decode(text, _skip(text, position))
                    if isinstance(row, dict):
                        yield row
                    else:
                        self._findings.error(
                            "rows that are no records", path, f"holds {shown(row)} instead of a record"
                        )
                    position = _skip(text, position)
                    if text[position] != ",":
                        break
                    position += 1
            if text[_after(text, position, "]") :].strip(_BLANKS):
                raise ValueError("text goes on after the array")
        except (ValueError, IndexError, RecursionError) as error:
            self._findings.error("files without an array", path, f"is not an array of records: {error}")


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether a value of JSON is a count."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value of JSON is a number that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_position(value: object) -> bool:
    """Tell whether a value of JSON is [longitude, latitude] in degrees."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(map(is_number, value))
        and abs(value[0]) <= 180
        and abs(value[1]) <= 90
    )


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position


def _after(text: str, position: int, mark: str) -> int:
    position = _skip(text, position)
    if text[position] != mark:
        raise ValueError(f"{mark} is expected at character {position:,}")
    return position + 1
