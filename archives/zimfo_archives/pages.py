"""Markdown to HTML: headings get anchors, links between files become links between entries.

A link to another page's heading can only be judged once that page was rendered, and keeping all parsed pages would cost
some hundred bytes per word. So pages are rendered once with such links taken on trust, the anchors are checked
afterwards, and only a page with a wrong one is rendered again.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from zimfo_archives.errors import Problem, SourcesError
from zimfo_archives.sources import SUFFIXES, Page

# A reader without a network can do nothing with these, but they name where a statement comes from.
EXTERNAL_SCHEMES = frozenset({"http", "https", "mailto"})
# The id of the element around a page's coordinates, as in Wikipedia's pages.
COORDINATES_ID = "coordinates"


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A link that leads nowhere."""

    file: Path
    line: int
    target: str
    reason: str

    def as_problem(self) -> Problem:
        """Return it as a problem of the sources."""
        return Problem(self.file, self.line, f"the link to {self.target!r} is broken: {self.reason}")


@dataclass(frozen=True, slots=True)
class _Jump:
    """A link to a heading, to be judged when all anchors are known."""

    key: Path
    anchor: str


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a page as HTML, and the id of its title where the Markdown wrote it as a heading."""

    html: str
    title_id: str | None
    anchors: frozenset[str]
    jumps: tuple[_Jump, ...]
    broken: tuple[BrokenLink, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """All bodies, in the order of the pages, and the links that became plain text."""

    bodies: tuple[Body, ...]
    broken: tuple[BrokenLink, ...]


def render_pages(
    pages: Sequence[Page], *, allow_broken_links: bool = False, progress: Callable[[int, int], None] | None = None
) -> Rendered:
    """Return the pages as HTML.

    Raises SourcesError for headings that compete with the title, and for broken links unless they are allowed.
    """
    renderer = _Renderer(pages)
    bodies: list[Body] = []
    for number, page in enumerate(pages, start=1):
        bodies.append(renderer.render(page, None))
        if progress is not None:
            progress(number, len(pages))
    anchors = {page.key: body.anchors for page, body in zip(pages, bodies, strict=True)}
    for index, (page, body) in enumerate(zip(pages, bodies, strict=True)):
        if any(jump.anchor not in anchors[jump.key] for jump in body.jumps):
            # Its other problems were reported the first time.
            reported = len(renderer.problems)
            bodies[index] = renderer.render(page, anchors)
            del renderer.problems[reported:]
    broken = tuple(link for body in bodies for link in body.broken)
    problems = list(renderer.problems)
    if not allow_broken_links:
        problems += [link.as_problem() for link in broken]
    if problems:
        raise SourcesError(sorted(problems, key=lambda problem: (str(problem.file), problem.line or 0)))
    return Rendered(tuple(bodies), broken)


def slug(heading: str) -> str:
    """Return the anchor of a heading, made as GitHub makes it: what people who write Markdown expect."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") or "section"


def relative_link(source: str, target: str, anchor: str = "") -> str:
    """Return the link from one path of the archive to another, percent-encoded."""
    # A colon is encoded too, or the first word of a title such as "Mars: an overview" would be a scheme.
    up = "../" * source.count("/")
    return up + quote(target, safe="/") + (f"#{quote(anchor, safe='')}" if anchor else "")


class _Parser(MarkdownIt):
    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.enable("table")

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's own name
        # The parser would turn links it refuses into text without a word; ours are judged in _Renderer._resolve.
        return True


class _Renderer:
    def __init__(self, pages: Sequence[Page]) -> None:
        self.problems: list[Problem] = []
        self._pages = {page.key: page for page in pages}
        self._parser = _Parser()

    def render(self, page: Page, anchors: Mapping[Path, frozenset[str]] | None) -> Body:
        """Render one page; `anchors` of all pages if they are known already."""
        env: dict[str, object] = {}
        tokens = self._parser.parse(page.body, env)
        headings = _Headings(page, self.problems)
        tokens = headings.mark(tokens)
        jumps: list[_Jump] = []
        broken: list[BrokenLink] = []
        for token in tokens:
            if token.type == "inline" and token.children:
                line = page.body_line + (token.map[0] if token.map else 0)
                token.children = self._link(token.children, page, line, anchors, jumps, broken)
        html: str = self._parser.renderer.render(tokens, self._parser.options, env)
        return Body(html, headings.title_id, frozenset(headings.ids), tuple(jumps), tuple(broken))

    def _link(
        self,
        tokens: Sequence[Token],
        page: Page,
        line: int,
        anchors: Mapping[Path, frozenset[str]] | None,
        jumps: list[_Jump],
        broken: list[BrokenLink],
    ) -> list[Token]:
        """Return the tokens of a paragraph with its links rewritten, and the broken ones replaced by their text."""
        kept: list[Token] = []
        dropped = False  # links do not nest, so one flag remembers whether the end of this one goes too
        for token in tokens:
            piece = token
            if token.type in ("softbreak", "hardbreak"):
                line += 1
            elif token.type == "image":
                target = unquote(str(token.attrGet("src")))
                broken.append(BrokenLink(page.file, line, target, "images are not packed; say it in words"))
                piece = Token("text", "", 0, content=token.content, level=token.level)
            elif token.type == "link_open":
                href = str(token.attrGet("href"))
                try:
                    token.attrSet("href", self._resolve(href, page, anchors, jumps))
                except _BrokenLinkError as error:
                    broken.append(BrokenLink(page.file, line, unquote(href), str(error)))
                    dropped = True
                    continue
            elif token.type == "link_close" and dropped:
                dropped = False
                continue
            kept.append(piece)
        return kept

    def _resolve(self, href: str, page: Page, anchors: Mapping[Path, frozenset[str]] | None, jumps: list[_Jump]) -> str:
        try:
            parts = urlsplit(href)
        except ValueError:
            raise _BrokenLinkError("not a valid address") from None
        if parts.scheme in EXTERNAL_SCHEMES:
            return href
        if parts.scheme or parts.netloc or parts.query or parts.path.startswith("/"):
            raise _BrokenLinkError("links lead to another Markdown file by a relative path, or to http(s) or mailto")
        path, anchor = unquote(parts.path), unquote(parts.fragment)
        if not path and not anchor:
            raise _BrokenLinkError("it is empty")
        target = self._target(path, page) if path else page
        if anchor:
            if anchors is not None and anchor not in anchors[target.key]:
                raise _BrokenLinkError(_no_heading(anchor, target, anchors[target.key]))
            jumps.append(_Jump(target.key, anchor))
        return relative_link(page.path, target.path, anchor) if path else f"#{quote(anchor, safe='')}"

    def _target(self, path: str, page: Page) -> Page:
        if Path(path).suffix.lower() not in SUFFIXES:
            raise _BrokenLinkError("only Markdown files are packed")
        try:
            key = Path(os.path.realpath(page.key.parent / path))
            exists = key.exists()
        except (ValueError, OSError):  # a zero byte, a name too long
            raise _BrokenLinkError("there is no such file") from None
        target = self._pages.get(key)
        if target is None:
            raise _BrokenLinkError("that file is not among the sources" if exists else "there is no such file")
        return target


class _BrokenLinkError(Exception):
    """Why a link is broken; never leaves this module."""


def _no_heading(anchor: str, target: Page, known: frozenset[str]) -> str:
    by_slug = slug(anchor.replace("_", " "))
    hint = f"; did you mean #{by_slug}?" if by_slug in known else ""
    return f"{target.file.name} has no heading with the anchor #{anchor}{hint}"


class _Headings:
    """Gives the headings of one page their ids, and takes out the one that repeats the title."""

    def __init__(self, page: Page, problems: list[Problem]) -> None:
        self._page = page
        self._problems = problems
        # Taken already by an element around the body; two equal ids would be invalid HTML.
        self._used = {COORDINATES_ID} if page.coordinates is not None else set[str]()
        self.ids: set[str] = set()
        self.title_id: str | None = None

    def mark(self, tokens: list[Token]) -> list[Token]:
        kept: list[Token] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type != "heading_open":
                kept.append(token)
                index += 1
                continue
            text = _plain(tokens[index + 1].children or [])
            identity = self._identity(text)
            if token.tag == "h1":
                self._check_title(token, text)
                self.title_id = self.title_id or identity
                index += 3  # the opening, its text, the closing
                continue
            token.attrSet("id", identity)
            kept.append(token)
            index += 1
        return kept

    def _identity(self, text: str) -> str:
        base = identity = slug(text)
        number = 0
        while identity in self._used:
            number += 1
            identity = f"{base}-{number}"
        self._used.add(identity)
        self.ids.add(identity)
        return identity

    def _check_title(self, token: Token, text: str) -> None:
        line = self._page.body_line + (token.map[0] if token.map else 0)
        if self.title_id is not None or token.level > 0:
            message = "a second heading of the first level; use ## for sections"
        elif text != self._page.title:
            message = f"the first heading {text!r} is not the title {self._page.title!r}; use ## for sections"
        else:
            return
        self._problems.append(Problem(self._page.file, line, message))


def _plain(tokens: Sequence[Token]) -> str:
    pieces = {"softbreak": " ", "hardbreak": " "}
    texts = (pieces.get(token.type, token.content) for token in tokens)
    return " ".join("".join(texts).split())
