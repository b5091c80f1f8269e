"""Reading a supervised tool-calling corpus: one JSON object a line, `{"messages": [{"role", "content"}, ...]}`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zimfo_client.errors import CorpusError

MAX_LINE_BYTES: Final = 4 << 20  # of one row; the longest of the public corpus has 8 kB
MAX_ROWS: Final = 1_000_000  # a hundred times the largest public tool-calling corpus

ASSISTANT_ROLES: Final = frozenset({"assistant", "model", "gpt"})
SYSTEM_ROLES: Final = frozenset({"system", "developer"})


@dataclass(frozen=True)
class Message:
    """One turn of a row."""

    role: str
    content: str

    @property
    def is_reply(self) -> bool:
        """Whether the model speaks."""
        return self.role in ASSISTANT_ROLES


@dataclass(frozen=True)
class Row:
    """One conversation; `line` is its number in the file, `problem` says why it has no messages."""

    line: int
    messages: tuple[Message, ...] = ()
    problem: str = ""

    @property
    def has_system(self) -> bool:
        """Whether the first turn is a system turn."""
        return bool(self.messages) and self.messages[0].role in SYSTEM_ROLES


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, unusable ones too; blank lines are skipped. Raises `CorpusError`."""
    try:
        with path.open("rb") as file:
            rows = 0
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), 1):
                if len(line) > MAX_LINE_BYTES:
                    raise CorpusError(f"{path.name}, line {number}: longer than a row can be. One JSON object a line.")
                if not line.strip():
                    continue
                rows += 1
                if rows > MAX_ROWS:
                    raise CorpusError(f"{path.name} has more than {MAX_ROWS:,} rows. Learn from a part of it.")
                yield _row(number, line)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}.") from None


def _row(number: int, line: bytes) -> Row:
    try:
        value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError):
        return Row(number, problem="no JSON")
    found = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(found, list) or not found:
        return Row(number, problem="no list 'messages'")
    messages = []
    for message in found:
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(role, str) or not isinstance(content, str) or not role:
            return Row(number, problem="a message without the texts 'role' and 'content'")
        messages.append(Message(role, content))
    return Row(number, tuple(messages))
