"""What is known of an archive without reading its articles."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from zimfo_shared.articles import ArchiveKind


@dataclass(frozen=True)
class ArchiveRecord:
    """One archive of the library; `name` (the file's stem, made unique) is all that a model ever sees of `file`."""

    name: str
    file: str
    size: int = 0
    kind: ArchiveKind = "generic"
    title: str = ""
    description: str = ""
    language: str = ""
    date: str = ""
    creator: str = ""
    publisher: str = ""
    tags: list[str] = field(default_factory=list)
    uuid: str = ""
    entry_count: int = 0
    article_count: int = 0
    has_fulltext: bool = False
    has_title_index: bool = False
    has_graph: bool = False
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether the archive can be served."""
        return not self.problem

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the record that `to_dict` wrote; raises `TypeError` for another version's members."""
        return cls(**values)
