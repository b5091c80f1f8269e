"""Builds an encyclopedia: pages in, archive out, and a report of what was done."""

import datetime
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zimfo_archives.categories import Category, categories_by_page, group_pages
from zimfo_archives.illustration import SIZE, draw_illustration, read_illustration
from zimfo_archives.job import Entry, Job, Redirect, Stream
from zimfo_archives.links import BrokenLink
from zimfo_archives.metadata import SCRAPER, Progress, check_texts, phase
from zimfo_archives.pages import Rendered, render_pages
from zimfo_archives.sources import Page, read_sources
from zimfo_archives.template import (
    MAIN_PATH,
    RESERVED_PATHS,
    STYLE,
    STYLE_PATH,
    article_html,
    category_html,
    main_page_html,
)
from zimfo_archives.usage import peak_rss_bytes
from zimfo_archives.writer import check_target, write_archive

# The head of an article, its title, coordinates and categories: some hundred bytes, or more with many categories.
FRAME_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class WikiOptions:
    """What the archive says about itself; None stands for a default made from the rest."""

    title: str | None = None
    description: str | None = None
    language: str = "eng"
    creator: str = "Unknown"
    publisher: str = "Unknown"
    name: str | None = None
    date: datetime.date | None = None
    illustration: Path | None = None
    allow_broken_links: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What was built, and at what cost."""

    path: Path
    articles: int
    redirects: int
    categories: int
    images: int
    files: int  # that are no images: PDF and others
    bytes: int
    seconds: float
    peak_rss_bytes: int | None  # of this process and the one that writes, together at most
    broken_links: tuple[BrokenLink, ...]


def build_wiki(
    sources: Sequence[Path], target: Path, options: WikiOptions, *, progress: Progress | None = None
) -> Report:
    """Build the archive; raises an ArchivesError, in which case an archive already there is untouched."""
    started = time.monotonic()
    # What can be refused at once is refused before minutes of work.
    check_target(target)
    illustration = read_illustration(options.illustration) if options.illustration else draw_illustration()
    names = ("title", "description", "language", "creator", "publisher", "name")
    check_texts({name: getattr(options, name) for name in names})
    pages = read_sources(sources, reserved=RESERVED_PATHS)
    categories = group_pages(pages)
    rendered = render_pages(
        pages, allow_broken_links=options.allow_broken_links, progress=phase(progress, "Reading pages")
    )
    job = _job(pages, categories, rendered, target, options, illustration)
    written = write_archive(job, target, progress=phase(progress, "Writing archive"))
    own_peak = peak_rss_bytes()
    images = sum(file.kind.is_image for file in rendered.files)
    return Report(
        path=written.path,
        articles=len(pages),
        redirects=len(job.redirects),
        categories=len(categories),
        images=images,
        files=len(rendered.files) - images,
        bytes=written.bytes,
        seconds=time.monotonic() - started,
        peak_rss_bytes=None if own_peak is None else own_peak + (written.child_peak_rss_bytes or 0),
        broken_links=rendered.broken,
    )


def _job(
    pages: Sequence[Page],
    categories: Sequence[Category],
    rendered: Rendered,
    target: Path,
    options: WikiOptions,
    illustration: bytes,
) -> Job:
    words = " ".join(re.split(r"[\s_-]+", target.stem)).strip() or "Wiki"
    title = options.title or words[:1].upper() + words[1:]
    description = options.description or f"{len(pages)} article{'s' if len(pages) != 1 else ''}"
    language = options.language
    main_page = main_page_html(pages, categories, title=title, description=description, language=language)
    # None of these is an article: found by words of all articles, the main page would stand in every result.
    own = [
        _apart(MAIN_PATH, title, "text/html", main_page.encode()),
        _apart(STYLE_PATH, "", "text/css", STYLE.encode()),
    ]
    own += [
        _apart(category.path, category.title, "text/html", category_html(category, language=language).encode())
        for category in categories
    ]
    by_page = categories_by_page(categories)

    def entries() -> Iterator[Entry]:
        yield from own
        for page, body in zip(pages, rendered.bodies, strict=True):
            html = article_html(page, body, language=language, categories=by_page.get(page.path, ()))
            yield Entry(page.path, page.title, "text/html", html.encode(), front=True, indexed=True)
        for file in rendered.files:
            yield _apart(file.path, "", file.kind.mimetype, file.read())

    sizes = [len(entry.content) for entry in own]
    sizes += [body.size + FRAME_BYTES for body in rendered.bodies]
    sizes += [file.size for file in rendered.files]
    redirects = [Redirect(alias.path, alias.title, page.path) for page in pages for alias in page.redirects]
    metadata = {
        "Title": title,
        "Description": description,
        "Language": language,
        "Name": options.name or target.stem,
        "Creator": options.creator,
        "Publisher": options.publisher,
        "Date": (options.date or datetime.date.today()).isoformat(),
        "Scraper": SCRAPER,
    }
    tags = sorted({tag for page in pages for tag in page.tags})
    if tags:
        metadata["Tags"] = ";".join(tags)
    return Job(
        language=language,
        main_path=MAIN_PATH,
        metadata=metadata,
        illustration=illustration,
        illustration_size=SIZE,
        entries=Stream(entries, count=len(sizes), content_bytes=sum(sizes)),
        redirects=sorted(redirects, key=lambda redirect: redirect.path),
    )


def _apart(path: str, title: str, mimetype: str, content: bytes) -> Entry:
    """Return an entry that neither titles nor the full-text index know."""
    return Entry(path, title, mimetype, content, front=False, indexed=False)
