"""Markdown to HTML: headings get anchors, links between files become links between entries, images are packed.

A link to another page's heading can only be judged once that page was rendered, and keeping all parsed pages would cost
some hundred bytes per word. So pages are rendered once with such links taken on trust, the anchors are checked
afterwards, and only a page with a wrong one is rendered again.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote

from markdown_it.token import Token

from zimfo_archives.errors import Problem, SourcesError
from zimfo_archives.files import BrokenTargetError, PackedFile
from zimfo_archives.headings import Headings
from zimfo_archives.links import Anchors, BrokenLink, Jump, Links, names_a_file
from zimfo_archives.markup import (
    MAX_NESTING,
    Parser,
    first_line_too_deep,
    lost_notes,
    mark_task,
    raw_html,
    spaced_addresses,
)
from zimfo_archives.sources import Page, in_file_order


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a page as HTML, and the id of its title where the Markdown wrote it as a heading."""

    packed: bytes  # all bodies wait for the last one to be checked, and are a quarter of their size meanwhile
    size: int  # of the HTML, in bytes
    title_id: str | None
    anchors: frozenset[str]
    jumps: tuple[Jump, ...]
    broken: tuple[BrokenLink, ...]

    @property
    def html(self) -> str:
        """The HTML."""
        return zlib.decompress(self.packed).decode()


@dataclass(frozen=True, slots=True)
class Rendered:
    """All bodies, in the order of the pages, the files they show or link to, and the links that became plain text."""

    bodies: tuple[Body, ...]
    files: tuple[PackedFile, ...]
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
        raise SourcesError(in_file_order(problems))
    return Rendered(tuple(bodies), renderer.links.files.packed, broken)


class _Renderer:
    def __init__(self, pages: Sequence[Page]) -> None:
        self.problems: list[Problem] = []
        self.links = Links(pages)
        self._parser = Parser()

    def render(self, page: Page, anchors: Anchors | None) -> Body:
        """Render one page; `anchors` of all pages if they are known already."""
        env: dict[str, object] = {}
        tokens = self._parser.parse(page.body, env)
        if (line := first_line_too_deep(tokens)) is not None:
            message = f"lists or quotes too deep within each other; at most {MAX_NESTING // 2} lists can be"
            self.problems.append(Problem(page.file, page.body_line + line, message))
        headings = Headings(page, self.problems)
        tokens = headings.mark(tokens)
        paragraphs = _Paragraphs(page, self.links, anchors)
        paragraphs.rewrite(tokens)
        broken = paragraphs.broken
        for target, line in lost_notes(page.body, env):
            reason = "no text refers to it"
            broken.append(BrokenLink(page.file, page.body_line + line, target, reason, what="footnote"))
        html = str(self._parser.renderer.render(tokens, self._parser.options, env)).encode()
        return Body(
            packed=zlib.compress(html, 1),
            size=len(html),
            title_id=headings.title_id,
            anchors=frozenset(headings.ids),
            jumps=tuple(paragraphs.jumps),
            broken=tuple(broken),
        )


class _Paragraphs:
    """Rewrites the links and images of a page, and collects what is to be said of them."""

    def __init__(self, page: Page, links: Links, anchors: Anchors | None) -> None:
        self.jumps: list[Jump] = []
        self.broken: list[BrokenLink] = []
        self._page = page
        self._links = links
        self._anchors = anchors
        self._line = page.body_line
        self._note_lines: dict[object, int] = {}

    def rewrite(self, tokens: list[Token]) -> None:
        """Rewrite all paragraphs in place."""
        for index, token in enumerate(tokens):
            if token.type == "footnote_open":
                # Notes come last; one within a line has no line of its own but that of its reference.
                self._line = self._note_lines.get(token.meta["id"], self._line)
            if token.type != "inline" or not token.children:
                continue
            self._line = self._page.body_line + token.map[0] if token.map else self._line
            if index > 1 and tokens[index - 1].type == "paragraph_open" and tokens[index - 2].type == "list_item_open":
                mark_task(token, tokens[index - 2])
            token.children = self._rewritten(token.children)
            if len(token.children) == 1 and token.children[0].type == "image" and not tokens[index - 1].hidden:
                _make_figure(tokens[index - 1], token, tokens[index + 1])

    def _rewritten(self, tokens: Sequence[Token]) -> list[Token]:
        """Return the tokens of a paragraph with its links rewritten, and the broken ones replaced by their text."""
        kept: list[Token] = []
        opened: list[bool] = []  # whether the links around are kept; the parser lets `<https://…>` stand within one
        for token in tokens:
            match token.type:
                case "text":
                    self._find_spaced(token.content)
                    kept.append(token)
                case "softbreak" | "hardbreak":
                    self._line += 1
                    kept.append(token)
                case "footnote_ref":
                    self._note_lines.setdefault(token.meta["id"], self._line)
                    kept.append(token)
                case "image":
                    kept.append(self._image(token, str(token.attrGet("src"))))
                case "wiki_embed":
                    kept.append(self._image(_embedded(token), None))
                case "wiki_link":
                    kept += self._wiki_link(token)
                case "link_open":
                    is_nested = any(opened)
                    opened.append(self._link(token) and not is_nested)
                    kept += [token] if opened[-1] else []
                case "link_close":
                    kept += [token] if opened.pop() else []
                case _:
                    kept.append(token)
        return kept

    def _find_spaced(self, text: str) -> None:
        for name in spaced_addresses(text):
            if names_a_file(name):
                self._report(name, BrokenTargetError("its address has spaces; write it between < and >"))

    def _link(self, token: Token) -> bool:
        """Rewrite the beginning of a link; return whether it leads anywhere."""
        href = str(token.attrGet("href"))
        try:
            token.attrSet("href", self._links.link(href, self._page, self._anchors, self.jumps))
        except BrokenTargetError as error:
            self._report(unquote(href), error)
            return False
        return True

    def _wiki_link(self, token: Token) -> list[Token]:
        text = Token("text", "", 0, content=token.content)
        wanted = token.meta["target"]
        try:
            href = self._links.wiki_link(wanted, self._page, self._anchors, self.jumps)
        except BrokenTargetError as error:
            self._report(wanted, error)
            return [text]
        return [Token("link_open", "a", 1, attrs={"href": href}), text, Token("link_close", "a", -1)]

    def _image(self, token: Token, source: str | None) -> Token:
        """Return an image with its place in the archive, or the words that stand for it."""
        wanted = source if source is not None else token.meta["target"]
        try:
            if source is not None:
                place = self._links.image(source, self._page)
            else:
                place = self._links.wiki_image(wanted, self._page)
        except BrokenTargetError as error:
            self._report(unquote(wanted) if source is not None else wanted, error, what="image")
            return Token("text", "", 0, content=token.content, level=token.level)
        token.attrs = {"src": place, **{name: value for name, value in token.attrs.items() if name != "src"}}
        token.attrSet("loading", "lazy")
        return token

    def _report(self, target: str, error: BrokenTargetError, what: str = "link to") -> None:
        self.broken.append(BrokenLink(self._page.file, self._line, target, str(error), what))


def _embedded(token: Token) -> Token:
    """Return `![[image.png|words]]` as an image; a number instead of words is its width."""
    label = str(token.meta["label"])
    width = label.partition("x")[0]
    is_size = width.isascii() and width.isdigit() and len(width) <= 4
    words = "" if is_size or not label else token.content
    attributes: dict[str, str | int | float] = {"src": "", "alt": ""}
    if is_size:
        attributes["width"] = width
    alt = [Token("text", "", 0, content=words)]
    return Token("image", "img", 0, attrs=attributes, children=alt, content=words, meta=token.meta)


def _make_figure(opening: Token, paragraph: Token, closing: Token) -> None:
    """Turn a paragraph that is nothing but an image into a figure, its title into the words below."""
    assert paragraph.children
    if opening.type != "paragraph_open":
        return
    opening.tag = closing.tag = "figure"
    if title := paragraph.children[0].attrs.pop("title", None):
        paragraph.children.append(raw_html(f"\n<figcaption>{escape(str(title))}</figcaption>\n"))
