"""What the client knows of a tool call that was made, and of the places that an answer rests on."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolResult:
    """One call with its answer: `payload` is the structured content (None: the tool refused), `ms` the time taken."""

    name: str
    arguments: dict[str, Any]
    text: str
    payload: dict[str, Any] | None
    ms: float

    @property
    def ok(self) -> bool:
        """Whether the tool found what it was asked for."""
        return self.payload is not None


@dataclass(frozen=True)
class Source:
    """Where a statement comes from; no section means the article as a whole or its lead."""

    archive: str
    title: str
    path: str
    section: str | None = None

    def label(self) -> str:
        """Return the source as a person reads it: `Title § Section (archive)`."""
        section = f" § {self.section}" if self.section else ""
        return f"{self.title}{section} ({self.archive})"


def sources_of(result: ToolResult) -> list[Source]:
    """Return the articles that a result quotes, in order; search hits are pointers and quote nothing."""
    payload = result.payload or {}
    if result.name == "search" or not payload:
        return []
    if "articles" in payload:
        return [_source(article) for article in payload["articles"] if "path" in article]
    if "stories" in payload:
        return [_source({**story, "title": story["wiki_title"]}) for story in payload["stories"]]
    if "path" in payload and "zim" in payload:
        return [_source(payload)]
    return []


def merged(sources: list[Source]) -> list[Source]:
    """Return each source once, in order."""
    return list(dict.fromkeys(sources))


def _source(found: dict[str, Any]) -> Source:
    title = found.get("resolved_title") or found.get("title", "")
    return Source(archive=found["zim"], title=title, path=found["path"], section=found.get("section") or None)
