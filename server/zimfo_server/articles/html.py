"""Bytes of a page → `Article`: decoding, parsing, and the tree of its sections."""

import codecs
import posixpath
import re
from collections.abc import Sequence
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser

from zimfo_server.articles import chrome
from zimfo_server.articles.clean import one_line, plain, strip_title
from zimfo_server.articles.flow import Flow, RawSection, blocks_text
from zimfo_server.articles.model import Article, Link, Section
from zimfo_server.library.archive import Page

MAX_HTML_BYTES = 8 * 2**20  # four times the largest page seen (1.7 MB, SQLite's SELECT); parses in about 0.3 s
MAX_LEAD_BYTES = 48 * 1024  # of a page parsed for its first text, which stands behind head and infobox
MAX_NESTING = 2_000  # the parser's time grows with the square of the depth: 0.05 s here, minutes at 100,000
MANY_ELEMENTS = 4_000  # a page with fewer opening tags cannot nest too deep to matter
MAX_TITLE_CHROME = 200  # characters above the page's title that are taken for navigation
MAX_REFRESH_BYTES = 4_096  # a page that only forwards is smaller
MAX_META_BYTES = 4_096  # where a charset declaration must stand, with room to spare over HTML's 1,024

_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_TAGS = re.compile(rb"<(/?)(?:div|section|ul|ol|dl|li|blockquote|article|details|center|table|td)\b", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def parse_article(page: Page) -> Article:
    """Return the article of an HTML page; a page without text has no sections. Never raises."""
    tree = _parse(page.content)
    flow = Flow()
    heading = _document_title(tree)
    if body := tree.body:
        flow.read(body)
    roots = _roots(flow.sections, (page.title, heading))
    return Article(
        zim=page.zim,
        path=page.path,
        title=page.title,
        roots=roots,
        links=_links(flow.links, page.path),
        hatnotes=tuple(flow.hatnotes),
        refresh=_refresh(tree, page) if len(page.content) <= MAX_REFRESH_BYTES else None,
    )


def parse_lead(page: Page) -> str:
    """Return the first text of a page: its lead, else its first section. Reads no further than that."""
    # A page that holds no text so early (a huge infobox stands before it) is parsed whole.
    for content in (page.content[:MAX_LEAD_BYTES], page.content):
        tree = _parse(content)
        flow = Flow(first_text_only=True)
        if body := tree.body:
            flow.read(body)
        roots = _roots(flow.sections, (page.title, _document_title(tree)))
        if roots and roots[0].text:
            return roots[0].text
    return ""


def decode(content: bytes) -> str:
    """Return `content` as text: UTF-8 if it is, else the declared charset, else UTF-8 with what is wrong replaced."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if declared := _CHARSET.search(content[:MAX_META_BYTES]):
        try:
            text = content.decode(declared.group(1).decode("ascii"), "replace")
            return text.encode("utf-8", "replace").decode("utf-8")  # some codecs yield lone surrogates
        except (LookupError, ValueError):
            pass  # an unknown charset, or a codec that is none for text
    return content.decode("utf-8", "replace")


def _parse(content: bytes) -> LexborHTMLParser:
    content = content[: _safe_length(content[:MAX_HTML_BYTES])]
    return LexborHTMLParser(decode(content))


def _safe_length(content: bytes) -> int:
    """Return how much of `content` nests no deeper than the parser copes with."""
    if content.count(b"<") < MANY_ELEMENTS:
        return len(content)
    depth = 0
    for tag in _TAGS.finditer(content):
        depth = max(depth - 1, 0) if tag.group(1) else depth + 1
        if depth > MAX_NESTING:
            return tag.start()
    return len(content)


def _document_title(tree: LexborHTMLParser) -> str:
    title = tree.head.css_first("title") if tree.head else None
    return one_line(title.text(deep=True)) if title else ""


def _refresh(tree: LexborHTMLParser, page: Page) -> str | None:
    for meta in tree.css("meta[http-equiv]"):
        if (meta.attributes.get("http-equiv") or "").lower() == "refresh":
            _, _, target = (meta.attributes.get("content") or "").partition("=")
            return _internal_path(target.strip().strip("'\""), page.path)
    return None


def _roots(raw: list[RawSection], names: Sequence[str]) -> tuple[Section, ...]:
    """Return the tree of a page's sections; sections of apparatus and without text are left out."""
    title = _take_out_page_title(raw, names)
    highest = min((section.level for section in raw[1:]), default=0)
    kept: list[RawSection] = []
    dropped_level = 0
    for section in raw:
        if dropped_level and section.level > dropped_level:
            continue
        dropped_level = 0
        if section.level and chrome.is_dropped_section(section.title, is_highest=section.level == highest):
            dropped_level = section.level
            continue
        kept.append(section)
    nothing_else = not any(section.blocks for section in kept)
    for section in kept:
        # A section that is nothing but a table keeps its rows; the lead only when all of the page is tables.
        if not section.blocks and (section.level or nothing_else):
            section.blocks.extend(section.tables)
    lead = Section("", 0, strip_title(blocks_text(kept[0].blocks), names[0])) if kept else Section("", 0, "")
    roots = tuple(section for section in (lead, *_nested(kept[1:])) if section.text)
    return roots or _title_only(title, kept)


def _nested(raw: list[RawSection]) -> tuple[Section, ...]:
    """Return `raw` as a forest: a section contains the following ones of deeper levels."""
    # Built from the end: whatever deeper sections wait when a heading comes are its own.
    waiting: list[Section] = []
    for section in reversed(raw):
        own: list[Section] = []
        while waiting and waiting[-1].level > section.level:
            own.append(waiting.pop())
        built = Section(section.title, section.level, blocks_text(section.blocks), tuple(own))
        if built.own_text or own:
            waiting.append(built)
    return tuple(reversed(waiting))


def _title_only(title: str, kept: Sequence[RawSection]) -> tuple[Section, ...]:
    """Return the lead of a page that has nothing but headings: those, or its title; none when it has not even that."""
    headings = "\n".join(f"- {section.title}" for section in kept if section.title)
    text = headings or (blocks_text(kept[0].blocks) if kept else "") or title
    return (Section("", 0, text),) if text else ()


def _take_out_page_title(raw: list[RawSection], names: Sequence[str]) -> str:
    """Merge the page's own title (its first heading) into the lead, drop navigation above it, and return the title."""
    if len(raw) < 2:
        return ""
    lead, first = raw[0], raw[1]
    repeats = any(_same_title(first, name) for name in names if name)
    is_only_h1 = first.level == 1 and not any(section.level == 1 for section in raw[2:])
    if not repeats and not is_only_h1:
        return ""
    above = sum(len(block.text) for block in lead.blocks)
    if above > MAX_TITLE_CHROME and first.level != 1:
        return ""
    lead.blocks = first.blocks if above <= MAX_TITLE_CHROME else lead.blocks + first.blocks
    lead.tables += first.tables
    del raw[1]
    return first.title


def _same_title(heading: RawSection, name: str) -> bool:
    one, other = plain(heading.title), plain(name)
    if one == other or heading.level > 1:
        return one == other
    return other.startswith(f"{one} ") or other.endswith(f" {one}") or one.startswith(f"{other} ")


def _links(found: list[tuple[str, str]], base: str) -> tuple[Link, ...]:
    links: dict[str, Link] = {}
    for href, text in found:
        path = _internal_path(href, base)
        if path and path != base:
            links.setdefault(path, Link(path, text))
    return tuple(links.values())


def _internal_path(href: str, base: str) -> str | None:
    """Return the path of the entry that `href` names on the page `base`; None for other places."""
    href = href.strip().split("#", 1)[0].split("?", 1)[0]
    if not href or href.startswith("//") or _SCHEME.match(href):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(href)))
    return path.lstrip("/").removeprefix("../") or None
