"""The flow of a page: walks the elements of the body and writes down blocks of clean text, section by section.

The walk is a loop, not a recursion, so that the depth of a page cannot exhaust the stack.
"""

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from selectolax.lexbor import LexborNode

from zimfo_server.articles import chrome, tables
from zimfo_server.articles.clean import one_line, strip_citations, tidy_brackets

MAX_HEADINGS = 2_000  # the largest reference page seen has 600; later headings become lines of text
MAX_HEADING_CHARS = 300
MIN_CONTENTS = 3  # links within the page that make a list a table of contents
CONTENTS_SHARE = 0.85  # of the list's text, which else holds only numbers and bullets
MAX_ORNAMENT = 3  # characters of a paragraph that is only a bullet, an arrow or a large quotation mark
MAX_LABEL_CHARS = 80  # beside a button that unfolds a box
MAX_LINKS = 400  # disambiguation pages and navigation need the first ones only
MAX_LIST_DEPTH = 4  # deeper levels are written like the fourth

Kind = Literal["text", "item", "term", "row", "code"]

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption form h1 h2 h3 h4 h5 "
    "h6 header hgroup hr legend li main ol option p pre section summary table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset(("ul", "ol"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_TOGGLES = frozenset(("show", "hide", "expand", "collapse"))
_VERBATIM = frozenset(("pre", "listing", "xmp", "plaintext"))

_WHITESPACE = re.compile(r"\s+")
# Invisible characters that break words apart or carry nothing; joiners that shape Indic and Persian text stay.
_INVISIBLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127, 173, 8203, 8288, 65279))
_RAISED = str.maketrans("0123456789+-−–()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁽⁾ⁿ")
_RAISABLE = re.compile(r"[0-9+−–-][0-9]*|n")
_TEX_WRAPPER = re.compile(r"^\{\\(?:displaystyle|textstyle|scriptstyle)\s*(.*)\}$", re.DOTALL)
_HEADING_TAIL = re.compile(r"(?:\s*(?:[¶§#🔗]|\[\s*edit\s*\]))+$", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """A paragraph, list item, term, table row or piece of code."""

    kind: Kind
    text: str


@dataclass
class RawSection:
    """A heading and the blocks up to the next one; rows of `tables` are kept apart: text is prose."""

    level: int
    title: str
    blocks: list[Block] = field(default_factory=list)
    tables: list[Block] = field(default_factory=list)


def blocks_text(blocks: list[Block]) -> str:
    """Return blocks as text: a blank line between paragraphs, none within a list, a table or under a term."""
    parts: list[str] = []
    previous: Kind | None = None
    for block in blocks:
        close = previous == "term" or (block.kind == previous and previous in ("item", "row"))
        if previous:
            parts.append("\n" if close else "\n\n")
        parts.append(block.text)
        previous = block.kind
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    tag: str
    is_block: bool = False
    is_code: bool = False
    joins_lines: bool = False


class Flow:
    """Reads one page. After `read`, `sections[0]` is the lead; `links` are `(href, text)`."""

    def __init__(self, *, first_text_only: bool = False) -> None:
        self.sections = [RawSection(0, "")]
        self.links: list[tuple[str, str]] = []
        self.hatnotes: list[str] = []
        self._first_text_only = first_text_only
        self._frames: list[_Frame] = []
        self._runs: list[tuple[bool, str]] = []
        self._items: list[bool] = []  # per open list item: whether its marker is still to be written
        self._heading = 0
        self._code = 0
        self._joining = 0
        self._verbatim: list[str] | None = None
        self._unindexed = False
        self._is_label = False
        self._link: tuple[str, int] | None = None

    def read(self, root: LexborNode) -> None:
        """Walk everything below `root`."""
        node: LexborNode | None = root.first_child
        depth = 0
        while node is not None:
            if self._enter(node):
                if (child := node.first_child) is not None:
                    node, depth = child, depth + 1
                    continue
                self._leave()
            if self._has_enough():
                break
            while (following := node.next) is None and depth:
                parent = node.parent
                if parent is None:
                    break
                node, depth = parent, depth - 1
                self._leave()
            node = following
        self._flush()

    @property
    def _in_lead(self) -> bool:
        """Whether no heading came yet but, perhaps, the page's title."""
        return len(self.sections) == 1 or (len(self.sections) == 2 and self.sections[1].level == 1)

    def _has_enough(self) -> bool:
        return self._first_text_only and len(self.sections) > 1 and any(s.blocks for s in self.sections[:-1])

    def _enter(self, node: LexborNode) -> bool:
        """Take in `node`; return whether to go below it (`_leave` then follows)."""
        tag = node.tag or ""
        if tag.startswith("-"):
            self._character_data(tag, node)
            return False
        if self._unindexed:
            return False
        attributes = node.attributes
        if formula := _formula(tag, attributes, node):
            self._runs.append((True, f"{formula}"))
            return False
        if tag == "br":
            self._line_break()
            return False
        if chrome.is_hatnote(attributes):
            self._keep_hatnote(node)
            return False
        if chrome.is_chrome(tag, attributes):
            # "expr: [show]" names a diagram or box that a button unfolds, not a paragraph.
            self._is_label |= tag == "button" and node.text(deep=True).strip().lower() in _TOGGLES
            return False
        if tag == "sup" and self._raised(node):
            return False
        if tag in _LISTS and not self._items and _is_contents(node):
            return False
        if tag == "table" and self._verbatim is None and not self._heading and not tables.is_layout(node, attributes):
            self._table(node)
            return False
        self._open(tag, attributes)
        return True

    def _open(self, tag: str, attributes: chrome.Attributes) -> None:
        is_block = tag in _BLOCKS
        is_code = tag in _CODE
        style = attributes.get("style") or ""
        joins_lines = "inline-block" in style or "chem" in (attributes.get("class") or "")
        if is_block:
            self._break_block()
        if tag in _HEADINGS and not self._heading and self._verbatim is None and len(self.sections) < MAX_HEADINGS:
            self._heading = _HEADINGS[tag]
            self._frames.append(_Frame(f"{tag}!", is_block=True))
            return
        if tag == "li":
            self._items.append(True)
        elif tag in _VERBATIM and self._verbatim is None and not self._heading:
            self._flush()
            self._verbatim = []
            self._frames.append(_Frame("pre!", is_block=True))
            return
        elif tag == "a" and (href := attributes.get("href")):
            self._link = (href, len(self._runs))
        self._code += is_code
        self._joining += joins_lines
        self._frames.append(_Frame(tag, is_block=is_block, is_code=is_code, joins_lines=joins_lines))

    def _leave(self) -> None:
        frame = self._frames.pop()
        if frame.tag == "pre!":
            self._end_verbatim()
            return
        if frame.tag == "a":
            self._end_link()
        if frame.is_block:
            if frame.tag.endswith("!"):
                self._end_heading()
            elif frame.tag == "dt" and not self._heading:
                self._flush("term")
            else:
                self._break_block()
        if frame.tag == "li":
            self._items.pop()
        self._code -= frame.is_code
        self._joining -= frame.joins_lines

    def _character_data(self, tag: str, node: LexborNode) -> None:
        if tag == "-text":
            if not self._unindexed and (text := node.text_content):
                text = text.translate(_INVISIBLE)
                if self._verbatim is not None:
                    self._verbatim.append(text)
                else:
                    self._runs.append((self._code > 0, _WHITESPACE.sub(" ", text)))
        elif tag == "-comment":
            # Kiwix marks what is no part of an article for the indexer of old.
            comment = (node.comment_content or "").strip()
            if comment in ("htdig_noindex", "/htdig_noindex"):
                self._unindexed = comment.startswith("h")

    def _line_break(self) -> None:
        if self._verbatim is not None:
            self._verbatim.append("\n")
        elif not self._joining:
            self._runs.append((False, " " if self._heading else "\n"))

    def _raised(self, node: LexborNode) -> bool:
        """Write a superscript number as one ("10⁶"), drop a bracketed note; False when it is ordinary text."""
        text = one_line(node.text(deep=True))
        if text.startswith("[") and text.endswith("]"):
            return True
        if self._verbatim is not None or not _RAISABLE.fullmatch(text):
            return False
        self._runs.append((self._code > 0, text.translate(_RAISED)))
        return True

    def _keep_hatnote(self, node: LexborNode) -> None:
        if self._in_lead:
            note = Flow()
            note.read(node)
            texts = [*note.hatnotes, *(block.text for section in note.sections for block in section.blocks)]
            self.hatnotes += [text[: chrome.MAX_HATNOTE] for text in texts]

    def _end_link(self) -> None:
        if self._link and len(self.links) < MAX_LINKS:
            href, start = self._link
            self.links.append((href, one_line("".join(text for _, text in self._runs[start:]))))
        self._link = None

    def _end_heading(self) -> None:
        title = _HEADING_TAIL.sub("", one_line(self._running_text()))[:MAX_HEADING_CHARS].strip()
        self._runs.clear()
        if title:
            self.sections.append(RawSection(self._heading, title))
        self._heading = 0

    def _end_verbatim(self) -> None:
        lines = "".join(self._verbatim or []).expandtabs(4).split("\n")
        text = "\n".join(line.rstrip() for line in lines).strip("\n")
        self._verbatim = None
        if text.strip():
            self.sections[-1].blocks.append(Block("code", text))

    def _break_block(self) -> None:
        if self._verbatim is not None:
            if self._verbatim and not self._verbatim[-1].endswith("\n"):
                self._verbatim.append("\n")
        elif self._heading:
            self._runs.append((False, " "))
        else:
            self._flush()

    def _running_text(self) -> str:
        parts: list[str] = []
        for is_code, run in groupby(self._runs, key=lambda item: item[0]):
            text = "".join(text for _, text in run)
            # Code keeps its brackets: `a[1]` is no citation.
            parts.append(text if is_code else strip_citations(text))
        return "".join(parts)

    def _flush(self, kind: Kind = "text") -> None:
        if not self._runs:
            return
        is_prose = not any(is_code for is_code, _ in self._runs)
        lines = [one_line(line) for line in self._running_text().split("\n")]
        self._runs.clear()
        self._link = None
        text = "\n".join(line for line in lines if line)
        if self._is_label and len(text) <= MAX_LABEL_CHARS:
            text = ""
        self._is_label = False
        if is_prose:
            text = tidy_brackets(text)
        if not text or (is_prose and len(text) <= MAX_ORNAMENT and not any(char.isalnum() for char in text)):
            return
        section = self.sections[-1]
        if chrome.is_boilerplate(text):
            return
        if not section.blocks and not self._items and chrome.reads_as_hatnote(text):
            if self._in_lead:
                self.hatnotes.append(text)
            return
        if self._items:
            kind = "item"
            indent = "  " * (min(len(self._items), MAX_LIST_DEPTH) - 1)
            marker = "- " if self._items[-1] else "  "
            self._items[-1] = False
            text = indent + marker + text.replace("\n", f"\n{indent}  ")
        section.blocks.append(Block(kind, text))

    def _table(self, table: LexborNode) -> None:
        self._flush()
        rows = tables.rows(table, _cell)
        self.sections[-1].tables.extend(Block("row", row) for row in rows)


def _formula(tag: str, attributes: chrome.Attributes, node: LexborNode) -> str:
    """Return a formula's TeX once, whichever of its copies (MathML, image, hidden text) the page holds."""
    classes = attributes.get("class") or ""
    if tag == "math" or "mwe-math-element" in classes or classes.split()[:1] == ["katex"]:
        annotation = node.css_first("annotation")
        math = node if tag == "math" else node.css_first("math")
        image = None if tag == "math" else node.css_first("img")
        tex = (
            (annotation.text(deep=True) if annotation else "")
            or ((math.attributes.get("alttext") or "") if math else "")
            or ((image.attributes.get("alt") or "") if image else "")
            or (math.text(deep=True) if math and math.css_first("script, style") is None else "")
        )
    elif tag == "img" and ("mwe-math" in classes or "tex" in classes.split()):
        tex = attributes.get("alt") or ""
    else:
        return ""
    tex = one_line(tex.translate(_INVISIBLE))
    unwrapped = _TEX_WRAPPER.match(tex)
    return unwrapped.group(1).strip() if unwrapped else tex


def _is_contents(node: LexborNode) -> bool:
    """Return whether a list only links to places on its own page: a table of contents without a class of its own."""
    links = node.css("a[href]")
    if len(links) < MIN_CONTENTS or not all((a.attributes.get("href") or "").startswith("#") for a in links):
        return False
    linked = sum(len(one_line(link.text(deep=True))) for link in links)
    return linked >= CONTENTS_SHARE * len(one_line(node.text(deep=True)))


def _cell(cell: LexborNode) -> str:
    if chrome.is_chrome(cell.tag or "", cell.attributes):
        return ""
    flow = Flow()
    flow.read(cell)
    texts = (block.text.removeprefix("- ") for section in flow.sections for block in section.blocks)
    text = one_line(", ".join(text.replace("\n", ", ") for text in texts))
    return text if len(text) <= tables.MAX_CELL_CHARS else text[: tables.MAX_CELL_CHARS - 1].rstrip() + "…"
