"""An article as text for reading aloud."""

import re
from dataclasses import dataclass

from zimfo_server.articles.clean import paginate, strip_citations
from zimfo_server.articles.model import Article, Section

NARRATION_PAGE_CHARS = 40_000  # about 45 minutes of speech; a page stays well below what a host takes in one result

_BULLET = re.compile(r"^\s*- ", re.MULTILINE)
_ENDS_SPOKEN = (".", "!", "?", ":", "…", "。", "！", "？", "।", "؟")


@dataclass(frozen=True)
class Narration:
    """A whole article for speech: its pages, and the size of all of them in UTF-8 bytes."""

    pages: list[str]
    bytes: int


def narrate(article: Article) -> Narration:
    """Return the article in reading order: its title, the lead, then each section after its heading as a sentence."""
    parts = [_sentence(article.title)]
    parts += [part for section in article.sections for part in _spoken(section)]
    text = "\n\n".join(part for part in parts if part)
    return Narration(paginate(text, NARRATION_PAGE_CHARS), len(text.encode()))


def _spoken(section: Section) -> list[str]:
    text = _BULLET.sub("", strip_citations(section.own_text)).replace(" | ", ", ")
    if not section.title:
        return [text]
    heading = _sentence(section.title)
    return [f"{heading} {text}" if text else heading]


def _sentence(title: str) -> str:
    return title if title.endswith(_ENDS_SPOKEN) else f"{title}."
