"""What an article is once its HTML is read: a tree of sections, links, notes above the text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

LEAD_LEVEL = 0


@dataclass(frozen=True)
class Section:
    """A heading with the text below it; the lead has level 0 and no title."""

    title: str
    level: int
    own_text: str
    subsections: tuple["Section", ...] = ()

    @cached_property
    def text(self) -> str:
        """The section's text with that of its subsections, their titles as lines between."""
        parts = [self.own_text]
        for section in self.subsections:
            parts += [section.title, section.text]
        return "\n\n".join(part for part in parts if part)

    @cached_property
    def bytes(self) -> int:
        """Size of `text` in UTF-8 bytes."""
        return len(self.text.encode())

    @property
    def is_lead(self) -> bool:
        """Whether this is the text before the first heading."""
        return self.level == LEAD_LEVEL

    def walk(self) -> Iterator["Section"]:
        """Yield this section and everything below it, in reading order."""
        yield self
        for section in self.subsections:
            yield from section.walk()


@dataclass(frozen=True)
class Link:
    """A link to another entry of the same archive."""

    path: str
    text: str


@dataclass(frozen=True)
class Article:
    """A parsed page. `roots` are the lead (if it has text) and the sections of the highest level."""

    zim: str
    path: str
    title: str
    roots: tuple[Section, ...]
    links: tuple[Link, ...] = ()
    hatnotes: tuple[str, ...] = ()
    refresh: str | None = field(default=None)
    """Path that the page forwards to by `<meta http-equiv="refresh">`; such a page is a redirect in disguise."""

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections in reading order, the lead first when there is one."""
        return tuple(section for root in self.roots for section in root.walk())

    @property
    def lead(self) -> Section:
        """The lead; where a page starts with a heading, its first section."""
        return self.sections[0]

    @property
    def is_empty(self) -> bool:
        """Whether the page holds no text at all."""
        return not self.roots

    @cached_property
    def length(self) -> int:
        """Characters of text."""
        return sum(len(root.text) for root in self.roots)
