"""The headings of a page: their anchors, the one that repeats the title, and the table of contents."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from zimfo_archives.errors import Problem
from zimfo_archives.markup import raw_html
from zimfo_archives.sources import Page

if TYPE_CHECKING:
    from markdown_it.token import Token

# The id of the element around a page's coordinates, as in Wikipedia's pages.
COORDINATES_ID = "coordinates"
# Fewer sections are seen at a glance; Wikipedia draws the line at the same number.
MIN_CONTENTS = 4
_CONTENTS_TAGS = ("h2", "h3")


def slug(heading: str) -> str:
    """Return the anchor of a heading, made as GitHub makes it: what people who write Markdown expect."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") or "section"


class Headings:
    """Gives the headings of one page their ids, and takes out the one that repeats the title."""

    def __init__(self, page: Page, problems: list[Problem]) -> None:
        self._page = page
        self._problems = problems
        # Taken already by an element around the body; two equal ids would be invalid HTML.
        self._used = {COORDINATES_ID} if page.coordinates is not None else set[str]()
        self._numbers: dict[str, int] = {}
        self.ids: set[str] = set()
        self.title_id: str | None = None

    def mark(self, tokens: "list[Token]") -> "list[Token]":
        """Return the tokens of a page without the heading that repeats its title, with a table of contents if long."""
        kept: list[Token] = []
        contents: list[tuple[str, str, str]] = []
        first: int | None = None
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type != "heading_open":
                kept.append(token)
                index += 1
                continue
            text = plain_text(tokens[index + 1].children or [])
            identity = self._identity(text)
            if token.tag == "h1":
                self._check_title(token, text)
                self.title_id = self.title_id or identity
                index += 3  # the opening, its text, the closing
                continue
            token.attrSet("id", identity)
            if token.level == 0:
                first = len(kept) if first is None else first
                if token.tag in _CONTENTS_TAGS:
                    contents.append((token.tag, identity, text))
            kept.append(token)
            index += 1
        if first is not None and len(contents) >= MIN_CONTENTS:
            kept.insert(first, raw_html(_contents_html(contents), is_block=True))
        return kept

    def _identity(self, text: str) -> str:
        base = identity = slug(text)
        # Counted from where the last equal heading stopped: a page may hold thousands.
        number = self._numbers.get(base, 0)
        while identity in self._used:
            number += 1
            identity = f"{base}-{number}"
        self._numbers[base] = number
        self._used.add(identity)
        self.ids.add(identity)
        return identity

    def _check_title(self, token: "Token", text: str) -> None:
        line = self._page.body_line + (token.map[0] if token.map else 0)
        if self.title_id is not None or token.level > 0:
            message = "a second heading of the first level; use ## for sections"
        elif text != self._page.title:
            message = f"the first heading {text!r} is not the title {self._page.title!r}; use ## for sections"
        else:
            return
        self._problems.append(Problem(self._page.file, line, message))


def plain_text(tokens: "Sequence[Token]") -> str:
    """Return the text of a paragraph without its markup."""
    pieces = {"softbreak": " ", "hardbreak": " "}
    texts = (pieces.get(token.type, token.content) for token in tokens)
    return " ".join("".join(texts).split())


def unindexed(html: str) -> str:
    """Return HTML that the full-text index, and zimfo's server, are told to overlook."""
    return f"<!--htdig_noindex-->\n{html}\n<!--/htdig_noindex-->\n"


def _contents_html(contents: list[tuple[str, str, str]]) -> str:
    return unindexed("\n".join(_contents_lines(contents)))


def _contents_lines(contents: list[tuple[str, str, str]]) -> Iterator[str]:
    yield '<nav class="toc">\n<details>\n<summary>Contents</summary>\n<ul>'
    for tag, identity, text in contents:
        yield f'<li class="toc-{tag}"><a href="#{quote(identity, safe="")}">{escape(text)}</a></li>'
    yield "</ul>\n</details>\n</nav>"
