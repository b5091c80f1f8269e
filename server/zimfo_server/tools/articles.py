"""The five article tools: `search`, `article_overview`, `get_article_section`, `compare_articles`, `narrate_article`.

Each takes the library and validated arguments and returns the contract's output. All raise `GuidanceError` with the
calls that would work, and `ArchiveSetAsideError` when the archive that the call names is damaged.
"""

from collections.abc import Callable, Sequence
from typing import Any

from zimfo_server.articles import narration, relations, sections, titles
from zimfo_server.articles.clean import paginate, trim_sentences
from zimfo_server.articles.guidance import Asked, call, choices
from zimfo_server.articles.model import Article, Section
from zimfo_server.articles.search import search_articles
from zimfo_server.articles.shelf import Shelf
from zimfo_server.errors import ArchiveSetAsideError, GuidanceError
from zimfo_server.library.library import Library
from zimfo_shared.articles import (
    ArticleInput,
    Compared,
    ComparedSection,
    CompareInput,
    CompareOutput,
    NarrateInput,
    NarrateOutput,
    OutlineItem,
    OverviewInput,
    OverviewOutput,
    SearchInput,
    SearchOutput,
    SectionInput,
    SectionOutput,
    SectionText,
)
from zimfo_shared.contract import Output

OVERVIEW_LEAD_CHARS = 6_000  # the longest leads of Wikipedia; most are whole
OVERVIEW_SECTION_CHARS = 3_000  # with the lead and nine more sections an overview stays near 30,000 characters
COMPARED_CHARS = 2_500  # four articles of three sections are 30,000 characters
COMPARED_SECTIONS = 3  # the lead and the two best
SECTION_PAGE_CHARS = 24_000  # about 6,000 tokens, which fits into every context that can use it
MAX_ERROR_CHARS = 1_500  # of one failed side of a comparison


def search(library: Library, arguments: SearchInput) -> SearchOutput:
    """Return the articles that answer a query best."""
    shelf = Shelf(library, arguments.zim)
    hits, note = shelf.read(lambda s: search_articles(s, arguments.query, arguments.limit, arguments.kind))
    return SearchOutput(query=arguments.query, count=len(hits), hits=hits, note=_notes(note, shelf.note))


def article_overview(library: Library, arguments: OverviewInput) -> OverviewOutput:
    """Return an article's lead, the sections most worth reading, and its outline."""
    shelf = Shelf(library, arguments.zim)
    found = shelf.read(lambda s: titles.find_article(s, _asked("article_overview", arguments)))
    article = found.article
    return OverviewOutput(
        zim=article.zim,
        path=article.path,
        title=article.title,
        section_count=len(article.sections),
        sections=[_overview_text(section) for section in sections.pick_overview(article, arguments.max_sections)],
        available_sections=[
            OutlineItem(title=section.title, level=section.level, bytes=section.bytes) for section in article.sections
        ],
        note=_notes(found.note, shelf.note),
    )


def get_article_section(library: Library, arguments: SectionInput) -> SectionOutput:
    """Return one section with its subsections, the lead when none is named; long ones in pages."""
    shelf = Shelf(library, arguments.zim)
    asked = _asked("get_article_section", arguments, section=arguments.section)
    found = shelf.read(lambda s: titles.find_article(s, asked))
    article = found.article
    section = sections.section_or_guidance(article, asked)
    pages = paginate(section.text, SECTION_PAGE_CHARS)
    _check_page(arguments.page, len(pages), asked, article, section.title)
    return SectionOutput(
        zim=article.zim,
        path=article.path,
        title=article.title,
        section=section.title,
        level=section.level,
        bytes=section.bytes,
        text=pages[arguments.page - 1],
        requested_section=None if sections.is_equal_name(section, arguments.section) else arguments.section,
        page=arguments.page if len(pages) > 1 else None,
        pages=len(pages) if len(pages) > 1 else None,
        note=_notes(found.note, shelf.note),
    )


def compare_articles(library: Library, arguments: CompareInput) -> CompareOutput:
    """Return two to four articles side by side, or the article on the relations of two."""
    shelf = Shelf(library, arguments.zim)
    return shelf.read(lambda s: _compare(s, arguments))


def narrate_article(library: Library, arguments: NarrateInput) -> NarrateOutput:
    """Return a whole article as text to read aloud, in pages when it is long."""
    shelf = Shelf(library, arguments.zim)
    asked = _asked("narrate_article", arguments)
    found = shelf.read(lambda s: titles.find_article(s, asked))
    article = found.article
    spoken = narration.narrate(article)
    _check_page(arguments.page, len(spoken.pages), asked, article)
    return NarrateOutput(
        zim=article.zim,
        path=article.path,
        title=article.title,
        section_count=len(article.sections),
        bytes=spoken.bytes,
        text=spoken.pages[arguments.page - 1],
        page=arguments.page,
        pages=len(spoken.pages),
        note=_notes(found.note, shelf.note),
    )


TOOLS: dict[str, Callable[[Library, Any], Output]] = {
    "search": search,
    "article_overview": article_overview,
    "get_article_section": get_article_section,
    "compare_articles": compare_articles,
    "narrate_article": narrate_article,
}


def _asked(tool: str, arguments: ArticleInput, *, section: str | None = None) -> Asked:
    return Asked(tool, title=arguments.title, path=arguments.path, zim=arguments.zim, section=section)


def _notes(*notes: str | None) -> str | None:
    return " ".join(note for note in notes if note) or None


def _overview_text(section: Section) -> SectionText:
    limit = OVERVIEW_LEAD_CHARS if section.is_lead else OVERVIEW_SECTION_CHARS
    text = trim_sentences(section.text, limit, overshoot=0)
    return SectionText(
        title=section.title,
        level=section.level,
        bytes=section.bytes,
        text=text,
        truncated=True if text != section.text else None,
    )


def _check_page(page: int, pages: int, asked: Asked, article: Article, section: str | None = None) -> None:
    if page > pages:
        there_are = "There is only page 1" if pages == 1 else f"There are pages 1 to {pages}"
        last = call(
            asked.tool, title=article.title, section=section, page=pages if pages > 1 else None, zim=article.zim
        )
        raise choices(f'"{article.title}" has no page {page} here. {there_are}:', [last])


def _compare(shelf: Shelf, arguments: CompareInput) -> CompareOutput:
    wanted = arguments.titles
    if len(wanted) == 2 and not arguments.section and (article := relations.find_relations(shelf, *wanted)):
        return CompareOutput(
            requested=wanted,
            strategy="dedicated_relations_article",
            resolved_title=article.title,
            zim=article.zim,
            path=article.path,
            sections=[_compared_text(section) for section in relations.relation_sections(article, *wanted)],
            note=shelf.note,
        )
    compared, notes, errors = _sides(shelf, arguments)
    if len(errors) == len(wanted):
        raise GuidanceError("\n".join(["None of the articles could be compared.", *errors]))
    return CompareOutput(
        requested=wanted,
        section_mode="aligned" if arguments.section else "overview",
        aligned_section=arguments.section or None,
        count=len(compared),
        articles=compared,
        note=_notes(*notes, shelf.note),
    )


def _sides(shelf: Shelf, arguments: CompareInput) -> tuple[list[Compared], list[str], list[str]]:
    """Return the articles in the order asked for, with notes on their titles and the messages of those that failed."""
    compared: list[Compared] = []
    notes: list[str] = []
    errors: list[str] = []
    for position, title in enumerate(arguments.titles):
        asked = Asked(
            "compare_articles",
            title=title,
            zim=arguments.zim,
            section=arguments.section or None,
            titles=arguments.titles,
            position=position,
        )
        try:
            found = titles.find_article(shelf, asked)
            compared.append(_side(found.article, asked))
            notes += [found.note] if found.note else []
        except ArchiveSetAsideError:
            raise
        except GuidanceError as error:
            errors.append(str(error))
            compared.append(Compared(title=title, error=trim_sentences(str(error), MAX_ERROR_CHARS)))
    return compared, notes, errors


def _side(article: Article, asked: Asked) -> Compared:
    if asked.section:
        shown: Sequence[Section] = [sections.section_or_guidance(article, asked)]
    else:
        shown = sections.pick_overview(article, COMPARED_SECTIONS)
    texts = [_compared_text(section) for section in shown]
    return Compared(title=article.title, zim=article.zim, path=article.path, sections=texts)


def _compared_text(section: Section) -> ComparedSection:
    text = trim_sentences(section.text, COMPARED_CHARS, overshoot=0)
    return ComparedSection(
        title=section.title, text=text, bytes=section.bytes, truncated=True if text != section.text else None
    )
