"""Contracts of the five article tools. Output names follow zimfo-behaviour §1.4, server column."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from zimfo_shared.arguments import Input, clamp, text_list, whole_number
from zimfo_shared.contract import Contract, Output

MAX_QUERY = 1_000  # characters; longer queries are pasted documents, and Xapian's parser slows down with every term
MAX_TITLE = 300  # characters; the longest Wikipedia title has 255 bytes
MAX_PATH = 2_000  # characters; devdocs paths reach a few hundred
MAX_HITS = 50
DEFAULT_HITS = 10
MAX_SECTIONS = 10
DEFAULT_SECTIONS = 5
MIN_TITLES, MAX_TITLES = 2, 4
MAX_PAGE = 10_000

NOTHING_FOUND = "Nothing was found for"
"""How the guidance of a search begins that worked and found nothing; any other guidance means that it did not work."""

ArchiveKind = Literal["wikipedia", "mdwiki", "streetzim", "generic"]

_TITLE = "Article title"
_PATH = "Entry path from a hit; wins over title"
_ZIM = "Only this archive"
_TITLE_ALIASES = ("query", "article", "name", "article_title", "page_title", "topic", "subject")
_ZIM_ALIASES = ("archive", "zim_file", "file")


class ArticleInput(Input):
    """Input of a tool that reads one article, by `title` or by `path`."""

    ALIASES: ClassVar = {"title": _TITLE_ALIASES, "path": ("url",), "zim": _ZIM_ALIASES}

    title: str = Field(default="", max_length=MAX_TITLE, description=_TITLE)
    path: str = Field(default="", max_length=MAX_PATH, description=_PATH)
    zim: str | None = Field(default=None, max_length=MAX_TITLE, description=_ZIM)

    model_config = ConfigDict(json_schema_extra={"required": ["title"]})

    @model_validator(mode="after")
    def _names_an_article(self) -> "ArticleInput":
        if not self.title and not self.path:
            raise ValueError("'title' is empty. Send the title of an article, or search for one first.")
        return self


class SearchInput(Input):
    """Input of `search`."""

    ALIASES: ClassVar = {
        "query": ("q", "text", "keywords", "search", "search_query", "title", "topic"),
        "limit": ("count", "max_results", "target_count", "n", "top_k"),
        "kind": ("type", "category"),
        "zim": _ZIM_ALIASES,
    }

    query: str = Field(min_length=1, max_length=MAX_QUERY, description="Words to look for")
    limit: int = Field(default=DEFAULT_HITS, description=f"1-{MAX_HITS}, default {DEFAULT_HITS}")
    kind: ArchiveKind | None = Field(default=None)
    zim: str | None = Field(default=None, max_length=MAX_TITLE, description=_ZIM)

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Clamp the limit (0 means the default) and drop a kind that is none: a search must not fail over it."""
        if "limit" in arguments:
            limit = whole_number(arguments["limit"])
            arguments["limit"] = clamp(limit, 1, MAX_HITS) if limit != 0 else DEFAULT_HITS
        kind = arguments.get("kind")
        if isinstance(kind, str):
            kind = kind.strip().lower()
            arguments["kind"] = kind if kind in ("wikipedia", "mdwiki", "streetzim", "generic") else None
        return arguments


class OverviewInput(ArticleInput):
    """Input of `article_overview`."""

    max_sections: int = Field(
        default=DEFAULT_SECTIONS, description=f"Sections with text, 1-{MAX_SECTIONS}, default {DEFAULT_SECTIONS}"
    )

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Clamp the number of sections; 0 means the default."""
        if "max_sections" in arguments:
            wanted = whole_number(arguments["max_sections"])
            arguments["max_sections"] = clamp(wanted, 1, MAX_SECTIONS) if wanted != 0 else DEFAULT_SECTIONS
        return arguments


def _page_adjusted(arguments: dict[str, Any]) -> dict[str, Any]:
    if "page" in arguments:
        arguments["page"] = clamp(whole_number(arguments["page"]), 1, MAX_PAGE)
    return arguments


_PAGE = Field(default=1, description="Page of a long text, from 1")


class SectionInput(ArticleInput):
    """Input of `get_article_section`; no section means the lead."""

    ALIASES: ClassVar = {
        **ArticleInput.ALIASES,
        "section": ("section_title", "section_name", "heading", "sections"),
    }

    section: str = Field(default="", max_length=MAX_TITLE, description="Section name from the outline")
    page: int = _PAGE

    model_config = ConfigDict(json_schema_extra={"required": ["title", "section"]})

    @classmethod
    def from_positional(cls, values: list[object]) -> dict[str, Any]:
        """Name positional values `title`, `section`: the order in which models write them."""
        return dict(zip(("title", "section"), values, strict=False))

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Take the first of several section names and clamp the page."""
        if isinstance(section := arguments.get("section"), list):
            arguments["section"] = section[0] if section else ""
        return _page_adjusted(arguments)


class NarrateInput(ArticleInput):
    """Input of `narrate_article`."""

    page: int = _PAGE

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Clamp the page."""
        return _page_adjusted(arguments)


class CompareInput(Input):
    """Input of `compare_articles`."""

    ALIASES: ClassVar = {
        "titles": ("articles", "items", "topics", "subjects", "names"),
        "section": ("aspect",),
        "zim": _ZIM_ALIASES,
    }
    PAIRS: ClassVar = (("a", "b"), ("title_a", "title_b"), ("first", "second"), ("title1", "title2"))

    titles: list[str] = Field(description=f"{MIN_TITLES}-{MAX_TITLES} article titles")
    section: str | None = Field(default=None, max_length=MAX_TITLE, description="Compare this section only")
    zim: str | None = Field(default=None, max_length=MAX_TITLE, description=_ZIM)

    @classmethod
    def from_positional(cls, values: list[object]) -> dict[str, Any]:
        """A positional list is the list of titles, whether it is wrapped or bare."""
        return {"titles": values[0] if values and isinstance(values[0], list) else values}

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Gather `a` and `b`, and split a text such as "Musk vs Bezos"."""
        for pair in cls.PAIRS:
            given = [arguments.pop(name) for name in pair if name in arguments]
            if given:
                arguments.setdefault("titles", given)
        if "titles" in arguments:
            arguments["titles"] = text_list(
                arguments["titles"], separators=r"\s+(?:vs\.?|versus|and|with)\s+|\s*[;|]\s*"
            )
        return arguments

    @field_validator("titles")
    @classmethod
    def _count(cls, titles: list[str]) -> list[str]:
        if not MIN_TITLES <= len(titles) <= MAX_TITLES:
            raise ValueError(
                f"'titles' needs {MIN_TITLES} to {MAX_TITLES} article titles, got {len(titles)}. "
                + ("Use article_overview for one article." if len(titles) == 1 else "Compare fewer at a time.")
            )
        if too_long := [title for title in titles if len(title) > MAX_TITLE]:
            raise ValueError(f"a title is too long ({len(too_long[0])} characters, at most {MAX_TITLE}).")
        return titles


class Hit(BaseModel):
    """One article that a search found."""

    zim: str
    kind: ArchiveKind
    path: str
    title: str
    snippet: str


class SearchOutput(Output):
    """Hits, best first; `count` is the number of hits shown."""

    query: str
    count: int
    hits: list[Hit]
    note: str | None = None


class OutlineItem(BaseModel):
    """A section's place in the outline: heading level (0 is the lead, 2 is h2) and size of its text in bytes."""

    title: str
    level: int
    bytes: int


class SectionText(OutlineItem):
    """A section with its text; `truncated` when the text is a beginning."""

    text: str
    truncated: bool | None = None


class Found(Output):
    """Where a result comes from; every article result starts with these."""

    zim: str
    path: str
    title: str


class OverviewOutput(Found):
    """The lead, the sections most worth reading, and the whole outline."""

    section_count: int
    sections: list[SectionText]
    available_sections: list[OutlineItem]
    note: str | None = None


class SectionOutput(Found):
    """One section with the text of its subsections; `requested_section` when the name was matched, not equal."""

    section: str
    level: int
    bytes: int
    text: str
    requested_section: str | None = None
    page: int | None = None
    pages: int | None = None
    note: str | None = None


class ComparedSection(BaseModel):
    """A section of a compared article."""

    title: str
    text: str
    bytes: int
    truncated: bool | None = None


class Compared(BaseModel):
    """One side of a comparison, or the reason why it is missing."""

    title: str
    zim: str | None = None
    path: str | None = None
    sections: list[ComparedSection] | None = None
    error: str | None = None


class CompareOutput(Output):
    """Articles side by side, or the article on their relations (`strategy` = dedicated_relations_article)."""

    requested: list[str]
    section_mode: Literal["overview", "aligned"] | None = None
    aligned_section: str | None = None
    count: int | None = None
    articles: list[Compared] | None = None
    strategy: Literal["dedicated_relations_article"] | None = None
    resolved_title: str | None = None
    zim: str | None = None
    path: str | None = None
    sections: list[ComparedSection] | None = None
    note: str | None = None


class NarrateOutput(Found):
    """An article as text for reading aloud, in order; a long one comes in pages."""

    pass_through: Literal[True] = True
    section_count: int
    bytes: int
    text: str
    page: int
    pages: int
    note: str | None = None


SEARCH = Contract(
    "search",
    "Search archives",
    "Search all archives for words. Use when the article title is unknown.",
    SearchInput,
    SearchOutput,
)
ARTICLE_OVERVIEW = Contract(
    "article_overview",
    "Article overview",
    "Lead, main sections and outline of an article. First choice for 'tell me about X'.",
    OverviewInput,
    OverviewOutput,
)
GET_ARTICLE_SECTION = Contract(
    "get_article_section",
    "Article section",
    "Full text of one section of an article, named as in its outline.",
    SectionInput,
    SectionOutput,
)
COMPARE_ARTICLES = Contract(
    "compare_articles",
    "Compare articles",
    "Compare 2-4 articles, or read how two countries or people relate.",
    CompareInput,
    CompareOutput,
)
NARRATE_ARTICLE = Contract(
    "narrate_article",
    "Read article aloud",
    "Whole text of an article for reading aloud.",
    NarrateInput,
    NarrateOutput,
)
