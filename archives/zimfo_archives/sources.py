"""Markdown files in, pages out: finding the files, reading them, and checking what they say about each other."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zimfo_archives import frontmatter
from zimfo_archives.errors import Problem, SourcesError

SUFFIXES = (".md", ".markdown")
# The longest novels have 3 MB of text, and no reader shows an article of that length well.
MAX_PAGE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Alias:
    """Another title of a page, and the line it was given on."""

    title: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file that is fit to become an article."""

    file: Path  # as the person named it, for messages
    key: Path  # resolved, so that links find it whichever way they are written
    root: Path  # the resolved folder of the sources it is part of
    title: str
    title_line: int
    path: str  # in the archive
    redirects: tuple[Alias, ...]
    categories: tuple[str, ...]
    categories_line: int
    tags: tuple[str, ...]
    coordinates: tuple[float, float] | None
    language: str | None
    body: str
    body_line: int  # the line of the file that `body` begins on


def zim_path(title: str) -> str:
    """Return the path of the article of this title, written as Wikipedia's archives write it."""
    return title.replace(" ", "_")


def read_sources(sources: Iterable[Path], *, reserved: Iterable[str] = ()) -> tuple[Page, ...]:
    """Return the pages of these files and folders in the order of their paths in the archive.

    `reserved` are paths that no page may take; one that ends in a slash stands for all below it. Raises SourcesError
    with every problem of every file.
    """
    problems: list[Problem] = []
    pages: list[Page] = []
    files = list(_files(sources, problems))
    for file, key, root in files:
        page = _read(file, key, root, problems)
        if page is not None:
            pages.append(page)
    _check_names(pages, tuple(reserved), problems)
    if not files and not problems:
        where = next(iter(sources), Path())
        problems.append(Problem(where, None, f"no Markdown files here; they end in {' or '.join(SUFFIXES)}"))
    if problems:
        raise SourcesError(in_file_order(problems))
    return tuple(sorted(pages, key=lambda page: page.path))


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in the order of their files and lines."""
    return sorted(problems, key=lambda problem: (str(problem.file), problem.line or 0))


def _files(sources: Iterable[Path], problems: list[Problem]) -> Iterator[tuple[Path, Path, Path]]:
    """Yield each Markdown file once, as named and resolved, with the folder it is part of, in a stable order."""
    seen: set[Path] = set()
    for source in sources:
        if source.is_dir():
            found = list(_walk(source, problems))
        elif source.suffix.lower() in SUFFIXES:
            found = [source]
        else:
            problems.append(Problem(source, None, f"neither a folder nor a file that ends in {' or '.join(SUFFIXES)}"))
            continue
        for file in found:
            key = Path(os.path.realpath(file))
            if key not in seen:
                seen.add(key)
                yield file, key, Path(os.path.realpath(source)) if source.is_dir() else key.parent


def _walk(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        problems.append(Problem(Path(error.filename or folder), None, f"cannot be read: {error.strerror}"))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        # Hidden folders are the business of editors and version control.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(root, name)


def _read(file: Path, key: Path, root: Path, problems: list[Problem]) -> Page | None:
    before = len(problems)

    def report(line: int | None, message: str) -> None:
        problems.append(Problem(file, line, message))

    text = _text(file, report)
    if text is None:
        return None
    parts = frontmatter.split(text)
    if parts is None:
        report(1, "no front matter: the file must begin with a line ---, then title: …, then a line ---")
        return None
    yaml, body, body_line = parts
    found = frontmatter.parse(yaml, report)
    if len(problems) > before:
        return None
    return Page(
        file=file,
        key=key,
        root=root,
        title=found.title,
        title_line=found.lines["title"],
        path=zim_path(found.title),
        redirects=tuple(Alias(title, zim_path(title), line) for title, line in found.redirects),
        # Many writers know tags alone; who means something else by them says so with categories.
        categories=tuple(dict.fromkeys(found.categories if "categories" in found.lines else found.tags)),
        categories_line=found.lines.get("categories", found.lines.get("tags", 1)),
        tags=tuple(dict.fromkeys(found.tags)),
        coordinates=found.coordinates,
        language=found.language,
        body=body,
        body_line=body_line,
    )


def _text(file: Path, report: Callable[[int | None, str], None]) -> str | None:
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            report(None, "is not a file that can be read")  # reading a pipe would wait for ever
            return None
        with file.open("rb") as stream:
            data = stream.read(MAX_PAGE_BYTES + 1)
    except OSError as error:
        report(1, f"cannot be read: {error.strerror}")
        return None
    if len(data) > MAX_PAGE_BYTES:
        size = max(status.st_size, len(data)) / (1 << 20)
        report(None, f"has {size:.1f} MiB; a page may have {MAX_PAGE_BYTES >> 20} MiB, split it into several")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        report(data.count(b"\n", 0, error.start) + 1, "not UTF-8 text; save the file as UTF-8")
        return None
    if (zero := text.find("\0")) >= 0:
        report(text.count("\n", 0, zero) + 1, "a zero byte, which no text holds; is the file damaged?")
        return None
    # Editors on Windows write a byte order mark and two characters per line break.
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _check_names(pages: list[Page], reserved: Sequence[str], problems: list[Problem]) -> None:
    """Report titles and redirects that would end up at the same path."""
    titles: dict[str, Page] = {}
    for page in pages:
        if _is_reserved(page.path, reserved):
            message = f"the title {page.title!r} is kept for the archive itself"
        elif (other := titles.get(page.path)) is not None:
            message = f"the title {page.title!r} is also that of {other.file}:{other.title_line}"
        else:
            titles[page.path] = page
            continue
        problems.append(Problem(page.file, page.title_line, message))
    redirects: dict[str, tuple[Page, Alias]] = {}
    for page in pages:
        for alias in page.redirects:
            if _is_reserved(alias.path, reserved):
                message = f"the redirect {alias.title!r} is kept for the archive itself"
            elif (holder := titles.get(alias.path)) is not None:
                message = f"the redirect {alias.title!r} is the title of {holder.file}:{holder.title_line}"
            elif (first := redirects.get(alias.path)) is not None:
                message = f"the redirect {alias.title!r} is also in {first[0].file}:{first[1].line}"
            else:
                redirects[alias.path] = (page, alias)
                continue
            problems.append(Problem(page.file, alias.line, message))


def _is_reserved(path: str, reserved: Sequence[str]) -> bool:
    return any(path == kept or (kept.endswith("/") and path.startswith(kept)) for kept in reserved)
