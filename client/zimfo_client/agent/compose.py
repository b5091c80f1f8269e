"""Answers put together from results by rule, without a model: plain text that quotes the archive."""

import json
import re

from zimfo_client.results import Source
from zimfo_client.text import opening, shorten
from zimfo_shared.articles import (
    CompareOutput,
    NarrateOutput,
    OverviewOutput,
    SearchOutput,
    SectionOutput,
)

_TITLE_ARGUMENT = re.compile(r'\(title="((?:[^"\\]|\\.)*)"')
_WHAT_TO_CALL = re.compile(r"(?:,? and none is similar)?\.? ?(?:Did you mean|Search for it|Choose one|Try [^:]*):$")

OVERVIEW_CHARS = 900  # a screenful: what the lead says first
SECTION_CHARS = 1_200
SIDE_CHARS = 500  # of each side of a comparison
RELATIONS_CHARS = 700
SNIPPET_CHARS = 160
MAX_LISTED = 8  # hits or section names in an answer; a person picks from a short list


def overview(found: OverviewOutput, chars: int = OVERVIEW_CHARS) -> str:
    """Return what the article says first, in at most so many characters."""
    for section in found.sections:
        if section.text.strip():
            return opening(section.text, chars)
    names = ", ".join(item.title for item in found.available_sections[:MAX_LISTED])
    return f"The article {found.title} has these sections: {names}."


def section(found: SectionOutput) -> str:
    """Return the beginning of a section."""
    return opening(found.text, SECTION_CHARS)


def comparison(found: CompareOutput) -> str:
    """Return what each article says first, or what the article on their relations says."""
    if found.sections is not None:
        parts = [opening(part.text, RELATIONS_CHARS) for part in found.sections[:2] if part.text.strip()]
        return "\n\n".join(parts)
    sides: list[str] = []
    for article in found.articles or []:
        texts = [part.text for part in article.sections or [] if part.text.strip()]
        said = opening(texts[0], SIDE_CHARS) if texts else refusal(article.error or "Nothing was found.")
        sides.append(f"{article.title}: {said}")
    return "\n\n".join(sides)


def heading(aspect: str) -> str:
    """Return what a part of an answer is about, as a line of its own."""
    return f"{aspect[:1].upper()}{aspect[1:].rstrip(' .?!')}:"


def hits(found: SearchOutput) -> str:
    """Return the titles that a search found, each with its snippet."""
    shown = found.hits[:MAX_LISTED]
    lines = [f"- {hit.title}: {shorten(hit.snippet, SNIPPET_CHARS)}".rstrip(": ") for hit in shown]
    more = f"\n({found.count - len(shown)} more)" if found.count > len(shown) else ""
    return "\n".join(lines) + more


def narration(pages: list[NarrateOutput]) -> str:
    """Return the whole article."""
    return "\n\n".join(page.text for page in pages)


def refusal(text: str) -> str:
    """Return a tool's guidance, which is written for models, as a person reads it: the reason and the titles."""
    reason = text.splitlines()[0] if text else ""
    reason = _WHAT_TO_CALL.sub("", reason).strip().rstrip(".") + "."
    titles = suggested_titles(text)
    if not titles:
        return reason
    return f"{reason} There is: {'; '.join(titles)}."


def suggested_titles(text: str) -> list[str]:
    """Return the article titles that a tool's guidance names, best first."""
    return list(dict.fromkeys(json.loads(f'"{title}"') for title in _TITLE_ARGUMENT.findall(text)))


def hit_sources(found: SearchOutput) -> list[Source]:
    """Return the listed hits as sources: in a list of articles, they are what is quoted."""
    return [Source(archive=hit.zim, title=hit.title, path=hit.path) for hit in found.hits[:MAX_LISTED]]
