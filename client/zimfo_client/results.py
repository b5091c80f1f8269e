"""What the client knows of a tool call that was made, and of the places that an answer rests on."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolResult:
    """One call with its answer: `payload` is the structured content (None: the tool refused), `ms` the time taken.

    A refusal is `not_ready` when the same call will be answered later.
    """

    name: str
    arguments: dict[str, Any]
    text: str
    payload: dict[str, Any] | None
    ms: float
    not_ready: bool = False

    @property
    def ok(self) -> bool:
        """Whether the tool found what it was asked for."""
        return self.payload is not None


@dataclass(frozen=True)
class Source:
    """Where a statement comes from; no section means the article as a whole or its lead.

    What a map says has no path: its title is what was looked up there.
    """

    archive: str
    title: str
    path: str
    section: str | None = None

    def label(self) -> str:
        """Return the source as a person reads it: `Title § Section (archive)`."""
        section = f" § {self.section}" if self.section else ""
        return f"{self.title}{section} ({self.archive})"


def sources_of(result: ToolResult) -> list[Source]:
    """Return the articles and maps that a result quotes, in order; search hits are pointers and quote nothing."""
    payload = result.payload or {}
    if result.name == "search" or not payload:
        return []
    if result.name in _MAP_SOURCES:
        return _MAP_SOURCES[result.name](payload)
    if "articles" in payload:
        return [_source(article) for article in payload["articles"] if "path" in article]
    if "path" in payload and "zim" in payload:
        return [_source(payload)]
    return []


def merged(sources: list[Source]) -> list[Source]:
    """Return each source once, in order."""
    return list(dict.fromkeys(sources))


def _source(found: dict[str, Any]) -> Source:
    title = found.get("resolved_title") or found.get("title", "")
    return Source(archive=found["zim"], title=title, path=found["path"], section=found.get("section") or None)


def _near_source(payload: dict[str, Any]) -> list[Source]:
    """Return each map that a list of places is from, with its centre."""
    resolved, origin = payload.get("resolved") or {}, payload.get("origin") or {}
    centre = resolved.get("name") or ", ".join(f"{origin[key]:.4f}" for key in ("lat", "lon") if key in origin)
    title = f"Places around {centre}" if centre else "Places"
    return [Source(archive=zim, title=title, path="") for zim in payload.get("zims", [])]


def _story_sources(payload: dict[str, Any]) -> list[Source]:
    return [_source({**story, "title": story["wiki_title"]}) for story in payload.get("stories", [])]


def _here_sources(payload: dict[str, Any]) -> list[Source]:
    """Return the map that knows the place, and the article that describes it."""
    sources = []
    if "zim" in payload:
        sources.append(Source(archive=payload["zim"], title=payload["nearest_named_place"], path=""))
    if payload.get("wiki_summary") and payload.get("wiki_zim"):
        sources.append(Source(archive=payload["wiki_zim"], title=payload.get("wiki_title", ""), path=""))
    return sources


def _route_sources(payload: dict[str, Any]) -> list[Source]:
    if "zim" not in payload:
        return []
    title = f"Route from {payload['origin_resolved']} to {payload['destination_resolved']}"
    return [Source(archive=payload["zim"], title=title, path="")]


_MAP_SOURCES = {
    "near_places": _near_source,
    "near_named_place": _near_source,
    "nearby_stories": _story_sources,
    "what_is_here": _here_sources,
    "route_from_places": _route_sources,
}
