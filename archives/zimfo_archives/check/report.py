"""What a check found."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]

# Of findings of one kind: a file with a million records may have a million of them, and the first ones say it all.
MAX_SHOWN = 5
# Of a message or a path: names in a hostile file may have a million characters.
_MAX_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the format has it."""

    severity: Severity
    where: str  # the path of an entry, or "archive"
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that was found, and what was there to be checked."""

    path: Path
    kind: str  # streetzim, the only kind of map archives there is
    layouts: tuple[str, ...]  # of the road graph: json, single, split, chunked, cells
    nodes: int
    edges: int
    geometries: int
    records: int  # distinct ones of the search data
    keys: str  # generation of the search keys, G0 to G3 or mixed; "" without search data
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there was no error; warnings are for what readers have to live with."""
        return all(finding.severity != "error" for finding in self.findings)


@dataclass(slots=True)
class Findings:
    """Collects findings, of each kind the first ones."""

    found: list[Finding] = field(default_factory=list)
    errors: int = 0  # all of them, also those that are not shown
    _kinds: Counter[tuple[Severity, str]] = field(default_factory=Counter)

    def error(self, kind: str, where: str, message: str) -> None:
        """Note what readers fail on or answer wrongly from."""
        self.errors += 1
        self._note("error", kind, where, message)

    def warning(self, kind: str, where: str, message: str) -> None:
        """Note what departs from the format and does no harm."""
        self._note("warning", kind, where, message)

    def _note(self, severity: Severity, kind: str, where: str, message: str) -> None:
        self._kinds[severity, kind] += 1
        if self._kinds[severity, kind] <= MAX_SHOWN:
            self.found.append(Finding(severity, _printable(where), _printable(message)))

    def all(self) -> tuple[Finding, ...]:
        """Return the findings, and how many more there were of each kind."""
        more = [
            Finding(severity, "archive", f"and {count - MAX_SHOWN:,} more: {kind}")
            for (severity, kind), count in self._kinds.items()
            if count > MAX_SHOWN
        ]
        return (*self.found, *more)


def shown(value: object) -> str:
    """Return a value of JSON as a message shows it, whatever it is."""
    if isinstance(value, dict | list):
        # Its items may be nested deeper than Python follows.
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    return "nothing" if value is None else repr(value)


def _printable(text: str) -> str:
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[: _MAX_CHARACTERS - 1]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
