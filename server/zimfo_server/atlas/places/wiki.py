"""Articles of places, only through the Wikipedia tags of their records.

A name is never searched: a restaurant called Taverna once got the article on the Taverna software
(zimfo-behaviour §2.7). Tags are raw OpenStreetMap values (streetzim-format.md §5.3).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from zimfo_server.articles import store
from zimfo_server.articles.clean import is_disambiguation, one_line, strip_citations, strip_title, trim_sentences
from zimfo_server.library.archive import OpenArchive

STORY_CHARS = 800  # zimfo-behaviour §2.7
ROW_CHARS = 300  # beside a row of a list: what the place is, no more
MAX_TAG_CHARS = 1_000  # a value of OpenStreetMap has at most 255 characters; percent escapes make three of one
MAX_TAGS = 5  # parts of one value that are looked up

_LANGUAGE = re.compile(r"([a-z]{2,3}(?:-[a-z]+)*)\s*:\s*(.+)", re.IGNORECASE | re.DOTALL)
# Languages whose two letters (tags) are not the first two of their three letters (archives); ISO 639.
_THREE_LETTERS = {
    "cs": "ces", "es": "spa", "et": "est", "ga": "gle", "he": "heb", "hr": "hrv", "is": "isl", "ja": "jpn", "lb": "ltz",
    "lv": "lav", "mt": "mlt", "nb": "nob", "pl": "pol", "pt": "por", "sk": "slk", "sl": "slv", "sq": "sqi", "sr": "srp",
    "sv": "swe", "tr": "tur", "bs": "bos", "gl": "glg", "ka": "kat", "mk": "mkd", "ms": "msa", "sw": "swa", "zh": "zho",
}  # fmt: skip


@dataclass(frozen=True)
class Tag:
    """One value of a Wikipedia tag: `text` as written, the language (may be empty) and the title."""

    text: str
    language: str
    title: str


@dataclass(frozen=True)
class Linked:
    """The page of an archive that a tag names."""

    archive: OpenArchive
    path: str
    title: str
    tag: Tag


def tags_of(value: str) -> list[Tag]:
    """Return the article names in a raw tag (`en:A;de:B`); addresses of web pages are none."""
    tags: list[Tag] = []
    for part in value[:MAX_TAG_CHARS].split(";"):
        text = part.strip()
        if not text or "://" in text:
            continue
        found = _LANGUAGE.fullmatch(text)
        language, title = (found[1].lower(), found[2]) if found else ("", text)
        title = " ".join(unquote(title).replace("_", " ").split()).split("#", 1)[0].strip()
        if title:
            tags.append(Tag(text, language, title))
    return tags[:MAX_TAGS]


def find_article(archives: Sequence[OpenArchive], value: str) -> Linked | None:
    """Return the page that a raw tag names, exactly or by a redirect, in its own language if possible."""
    tags = tags_of(value)
    own = [(tag, archive) for tag in tags for archive in archives if _speaks(archive, tag.language)]
    others = [(tag, archive) for tag in tags for archive in archives if not _speaks(archive, tag.language)]
    for tag, archive in [*own, *others]:
        for path in _paths(tag.title):
            if (found := archive.probe(path)) and archive.is_html(found.path):
                return Linked(archive, found.path, found.title, tag)
    return None


def excerpt(linked: Linked, limit: int = ROW_CHARS) -> str:
    """Return the beginning of a page in about `limit` characters, empty for a page that only lists others."""
    lead = store.lead_text(linked.archive, linked.path)
    if not lead or is_disambiguation(linked.title, lead):
        return ""
    return trim_sentences(one_line(strip_title(strip_citations(lead), linked.title)), limit)


def _speaks(archive: OpenArchive, language: str) -> bool:
    """Return whether a tag's language is the archive's; a tag without one is in any."""
    if not language:
        return True
    short = language.partition("-")[0]
    spoken = [part.strip().lower() for part in archive.record.language.split(",")]
    wanted = _THREE_LETTERS.get(short, short)
    regular = len(short) == 2 and short not in _THREE_LETTERS
    return any(part in (short, wanted) or (regular and part[:2] == short) for part in spoken)


def _paths(title: str) -> list[str]:
    """Return where archives hold a title, without guessing at another case: only a first letter is always upper."""
    written = dict.fromkeys((title, title[:1].upper() + title[1:]))
    names = [form for spelled in written for form in (spelled.replace(" ", "_"), spelled)]
    return list(dict.fromkeys(path for name in names for path in (name, f"A/{name}", f"{name}.html", f"A/{name}.html")))
