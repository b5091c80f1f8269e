"""The articles that a conversation has read, with the text that was read of them: follow-ups are answered from it."""

from dataclasses import dataclass, field
from typing import Final, Self

from zimfo_shared.articles import ComparedSection, CompareOutput, Found, OverviewOutput, SectionOutput, SectionText

MAX_READ_ARTICLES: Final = 4  # a question that points back means one of the last few
MAX_READ_CHARS: Final = 400_000  # of an article; a longer one is kept as far as it was read until then

_Key = tuple[str, str]  # archive and path


@dataclass
class ReadArticles:
    """Articles as far as they were read, the one read last at the end."""

    articles: dict[_Key, OverviewOutput] = field(default_factory=dict)

    def copy(self) -> Self:
        """Return a copy that later reading does not change."""
        return type(self)(dict(self.articles))

    def see(self, found: object) -> None:
        """Remember what a call has read: an overview, a section, or both sides of a comparison."""
        if isinstance(found, OverviewOutput):
            self._add(found, found.sections, found)
        elif isinstance(found, SectionOutput):
            self._add(found, [_section(found.section, found.text)], None)
        elif isinstance(found, CompareOutput):
            for side in found.articles or []:
                if side.zim and side.path and side.sections:
                    self._add(Found(zim=side.zim, path=side.path, title=side.title), _sections(side.sections), None)
            if found.zim and found.path and found.sections:
                title = found.resolved_title or found.path
                self._add(Found(zim=found.zim, path=found.path, title=title), _sections(found.sections), None)

    def get(self, zim: str, path: str) -> OverviewOutput | None:
        """Return an article as far as it was read; None when nothing of it was."""
        return self.articles.get((zim, path))

    def unread(self, article: OverviewOutput) -> list[str]:
        """Return the titles of the sections of an article of which nothing was read."""
        read = {section.title for section in article.sections}
        return [item.title for item in article.available_sections if item.title and item.title not in read]

    def _add(self, at: Found, sections: list[SectionText], outline: OverviewOutput | None) -> None:
        key = (at.zim, at.path)
        known = self.articles.pop(key, None) or OverviewOutput(
            zim=at.zim, path=at.path, title=at.title, section_count=0, sections=[], available_sections=[]
        )
        kept = {section.title: section for section in known.sections}
        size = sum(len(section.text) for section in kept.values())
        for section in sections:
            # Of a section that was read again, the longer text stays: overviews cut it.
            before = len(kept[section.title].text) if section.title in kept else 0
            if before < len(section.text) <= MAX_READ_CHARS - size:
                kept[section.title] = section
                size += len(section.text) - before
        outlines = outline or known
        self.articles[key] = outlines.model_copy(update={"sections": list(kept.values())})
        while len(self.articles) > MAX_READ_ARTICLES:
            del self.articles[next(iter(self.articles))]


def _section(title: str, text: str) -> SectionText:
    return SectionText(title=title, level=2, bytes=len(text.encode()), text=text)


def _sections(parts: list[ComparedSection]) -> list[SectionText]:
    return [_section(part.title, part.text) for part in parts]
