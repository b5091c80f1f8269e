"""Everything that can go wrong while an archive is built. All of it is said to the person at the terminal.

ArchivesError
├── ExtractError          a file of map data cannot be read, or holds nothing to build from
├── MissingPackageError   an optional package is not installed
├── NotAMapError          a file to be checked is no archive of a map
├── OptionError           an option of the command cannot be used as it is
├── SourcesError          the sources are not fit to build from; carries every problem with its file and line
├── TargetError           the archive cannot be put where it was asked for
└── WriteError            writing began and did not succeed; the old archive, if any, is untouched
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# A folder of another project may hold thousands of files without front matter: the first ones say it all.
PROBLEMS_SHOWN = 50


class ArchivesError(Exception):
    """Base of all: a message in plain words, fit to be shown as it is."""


class ExtractError(ArchivesError):
    """A file of map data cannot be read, or holds nothing to build from; nothing was written."""


class MissingPackageError(ArchivesError):
    """An optional package is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(f"building archives needs the package {package}; type: pip install 'zimfo[archives]'")


class NotAMapError(ArchivesError):
    """A file to be checked is no ZIM archive, or none of a map."""


class OptionError(ArchivesError):
    """An option of the command cannot be used as it is."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the sources, and where."""

    file: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else str(self.file)
        return f"{place}: {self.message}"


class SourcesError(ArchivesError):
    """The sources are not fit to build from; nothing was written."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:PROBLEMS_SHOWN]]
        if len(self.problems) > PROBLEMS_SHOWN:
            lines.append(f"… and {len(self.problems) - PROBLEMS_SHOWN} more")
        count = len(self.problems)
        super().__init__("\n".join([f"{count} problem{'s' if count != 1 else ''} in the sources:", *lines]))


class TargetError(ArchivesError):
    """The archive cannot be put where it was asked for."""


class WriteError(ArchivesError):
    """Writing began and did not succeed."""
