"""The Markdown that people write: CommonMark with tables, footnotes, definitions, tasks, struck words, [[wiki links]].

Where a link leads is judged in `links`; here it is only recognised.
"""

import re
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_def

# A list counts twice, so this is twenty lists within each other.
MAX_NESTING = 40
# Brackets within brackets, in a line; the time for a line of nothing else grows with it (4 s per 100,000 at 60).
MAX_BRACKETS = 8
# A title has 255 bytes, and the words shown instead seldom more; longer ones are brackets that are no link.
MAX_WIKI_LINK = 600
_CONTAINERS = frozenset(("list_item_open", "blockquote_open", "dd_open"))
_SPACED = re.compile(r"""\]\(\s*([^()<>"]*[^()<>"\s]\.\w{2,8})(?:\s+"[^"]*")?\s*\)""")
_HEADING_SIGN = re.compile(r"(?<=\S)#(?=\S)")  # and not that of C#
_WITHIN_NOTE = "zimfo_within_note"
_TASK = re.compile(r"\[([ xX])\]\s")


class Parser(MarkdownIt):
    """Parses pages into tokens and renders these."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.enable(["table", "strikethrough"])
        self.use(footnote_plugin).use(deflist_plugin)
        self.block.ruler.at("footnote_def", _footnote, {"alt": ["paragraph", "reference"]})
        self.inline.ruler.before("link", "wiki_link", _wiki_link)
        # The parser has one limit for both.
        self.core.ruler.before("block", "nesting_of_lists", _limit(MAX_NESTING))
        self.core.ruler.before("inline", "nesting_of_brackets", _limit(MAX_BRACKETS))
        for name, rule in _RENDER_RULES.items():
            self.add_render_rule(name, rule)

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's own name
        """Accept every link: the parser would turn others into text without a word; `links` judges them."""
        return True


def first_line_too_deep(tokens: Sequence[Token]) -> int | None:
    """Return the line, counted from 0, of the first list or quote too deep to be parsed: its text would be lost."""
    for token in tokens:
        if token.type in _CONTAINERS and token.level >= MAX_NESTING - 1:
            return token.map[0] if token.map else 0
    return None


def lost_notes(body: str, env: EnvType) -> list[tuple[str, int]]:
    """Return the footnotes that no text refers to, as `[^label]` and its line counted from 0: they are not rendered."""
    labels = [label[1:] for label, number in env.get("footnotes", {}).get("refs", {}).items() if number < 0]
    if not labels:
        return []
    lines = {line.lstrip(" >").partition(":")[0]: number for number, line in enumerate(body.split("\n"))}
    return [(f"[^{label}]", lines.get(f"[^{label}]", 0)) for label in labels]


def spaced_addresses(text: str) -> list[str]:
    """Return the file names with spaces in `[a](my page.md)`, which Markdown takes for text."""
    return [name for name in _SPACED.findall(text) if len(name.split()) > 1]


def mark_task(paragraph: Token, item: Token) -> None:
    """Turn the brackets a list item begins with into a box, ticked or not."""
    children = paragraph.children or []
    found = _TASK.match(children[0].content) if children and children[0].type == "text" else None
    if found is None:
        return
    checked = " checked" if found[1] != " " else ""
    children[0].content = children[0].content[found.end() :]
    children.insert(0, raw_html(f'<input type="checkbox" disabled{checked}> '))
    item.attrJoin("class", "task")


def raw_html(html: str, *, is_block: bool = False) -> Token:
    """Return a token that is rendered as this HTML, within a paragraph or beside it."""
    return Token("html_block" if is_block else "html_inline", "", 0, content=html)


def _limit(levels: int) -> Callable[[StateCore], None]:
    def rule(state: StateCore) -> None:
        state.md.options.maxNesting = levels

    return rule


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    # The plugin mixes up the ends of notes within notes.
    if silent or state.env.get(_WITHIN_NOTE):
        return silent and footnote_def(state, start, end, silent)
    state.env[_WITHIN_NOTE] = True
    try:
        return footnote_def(state, start, end, silent)
    finally:
        state.env[_WITHIN_NOTE] = False


def _wiki_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    source, start = state.src, state.pos
    is_embed = source.startswith("![[", start)
    if not is_embed and not source.startswith("[[", start):
        return False
    inner = start + (3 if is_embed else 2)
    end = source.find("]]", inner, min(state.posMax, inner + MAX_WIKI_LINK))
    content = source[inner:end] if end > inner else ""
    # `[[1]](page.md)` is an ordinary link with brackets in its text.
    if not content.strip() or any(char in content for char in "[]\n") or source.startswith("(", end + 2):
        return False
    if not silent:
        # Within a table the stroke has to be escaped; outside of one, some write it so all the same.
        target, _, label = content.replace("\\|", "|").partition("|")
        token = state.push("wiki_embed" if is_embed else "wiki_link", "", 0)
        token.content = " ".join((label.strip() or _HEADING_SIGN.sub(" > ", target.strip().lstrip("#"))).split())
        token.meta = {"target": target.strip(), "label": label.strip()}
    state.pos = end + 2
    return True


_Rule = Callable[[RendererProtocol, Sequence[Token], int, OptionsDict, EnvType], str]


def _footnote_ref(
    renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    # No heading's anchor holds a colon, so the two can never be equal.
    number, again = tokens[index].meta["id"] + 1, _again(tokens[index])
    return f'<sup class="footnote-ref reference"><a href="#fn:{number}" id="fnref:{number}{again}">[{number}]</a></sup>'


def _footnote_open(
    renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<li id="fn:{tokens[index].meta["id"] + 1}">'


def _footnote_anchor(
    renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    number, again = tokens[index].meta["id"] + 1, _again(tokens[index])
    # The selector behind the arrow keeps telephones from drawing it as an image.
    return f' <a href="#fnref:{number}{again}" class="footnote-backref">\u21a9\ufe0e</a>'


def _again(token: Token) -> str:
    """Return what tells the second and later references to a footnote from the first."""
    return f":{token.meta['subId']}" if token.meta.get("subId", 0) > 0 else ""


def _text(text: str) -> _Rule:
    def rule(
        renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
    ) -> str:
        return text

    return rule


_RENDER_RULES: dict[str, _Rule] = {
    "footnote_ref": _footnote_ref,
    "footnote_open": _footnote_open,
    "footnote_anchor": _footnote_anchor,
    # Wikipedia's class for the same, by which zimfo's server knows that it is no part of the text.
    "footnote_block_open": _text('<section class="footnotes references">\n<ol>\n'),
    "footnote_block_close": _text("</ol>\n</section>\n"),
    # A box around a table scrolls it sideways where the screen is narrow.
    "table_open": _text('<div class="scroll">\n<table>\n'),
    "table_close": _text("</table>\n</div>\n"),
}
