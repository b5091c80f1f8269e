"""A thin reader over `libzim.reader.Archive`: pages, title suggestions, full-text search.

Runs in a worker process only: libzim holds the GIL while it reads, and damaged files can end or hang the process.
Every method therefore announces the archive before it touches it, so that the server knows which one to set aside.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from libzim.reader import Archive, Entry
from libzim.search import Query, Searcher
from libzim.suggestion import SuggestionSearcher

from zimfo_server.errors import ArchiveSetAsideError
from zimfo_server.library.record import ArchiveRecord

MAX_REDIRECTS = 10  # longer chains are loops; real archives need one, seldom two
MAX_ENTRY_BYTES = 32 * 2**20  # an article page stays under 5 MB; a larger entry is a file, and would fill the memory


@dataclass(frozen=True)
class Page:
    """An entry's content, redirects followed."""

    zim: str
    path: str
    title: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class Candidate:
    """An entry that a look-up proposes: target path and title; `asked` is the title of the redirect that led there."""

    path: str
    title: str
    asked: str


class OpenArchive:
    """One open archive. Methods raise `ArchiveSetAsideError` when the file turns out to be damaged."""

    def __init__(self, record: ArchiveRecord, announce: Callable[[str], None]) -> None:
        self.record = record
        self._announce = announce
        with self._reading():
            self._archive = Archive(Path(record.file))

    @property
    def name(self) -> str:
        """The archive's name, as the model knows it."""
        return self.record.name

    @cached_property
    def _suggestions(self) -> SuggestionSearcher:
        # Made on first use: in a large library most archives are never asked for a title.
        return SuggestionSearcher(self._archive)

    def verify(self) -> bool:
        """Return whether the file matches its own checksum; reads every byte of it."""
        with self._reading():
            return bool(self._archive.check())

    def page(self, path: str) -> Page | None:
        """Return the content of the entry at exactly `path`; None if there is none, or it leads nowhere."""
        with self._reading():
            asked = self._entry(path)
            target = asked and self._target(asked)
            if not asked or not target:
                return None
            item = target.get_item()
            return Page(
                zim=self.record.name,
                path=target.path,
                title=target.title,
                mimetype=item.mimetype,
                content=bytes(item.content[:MAX_ENTRY_BYTES]),
            )

    def probe(self, path: str) -> Candidate | None:
        """Return what `page` would return, without reading content."""
        with self._reading():
            return self._candidate(path)

    def has(self, path: str) -> bool:
        """Return whether there is an entry at exactly `path`."""
        with self._reading():
            return bool(self._archive.has_entry_by_path(path))

    def data(self, path: str) -> memoryview | None:
        """Return the bytes of the entry at exactly `path`, without a limit of size; None when there is none."""
        with self._reading():
            entry = self._entry(path)
            target = entry and self._target(entry)
            return target.get_item().content if target else None

    def mimetype(self, path: str) -> str:
        """Return the mime type without parameters (`text/html`), empty when there is no such entry."""
        with self._reading():
            entry = self._entry(path)
            target = entry and self._target(entry)
            return target.get_item().mimetype.split(";")[0].strip().lower() if target else ""

    def is_html(self, path: str) -> bool:
        """Return whether the entry is a page and no image, script or data file."""
        return self.mimetype(path) in ("text/html", "application/xhtml+xml")

    def suggest(self, text: str, limit: int) -> list[Candidate]:
        """Return entries whose titles fit `text`, best first.

        Archives without a title index know only case-sensitive prefixes, so those are asked in several cases.
        """
        with self._reading():
            if self.record.has_title_index:
                spellings = [text]
            else:
                spellings = [text, text[:1].upper() + text[1:], text.title(), text.lower(), text.capitalize()]
            paths: dict[str, None] = {}
            for spelling in dict.fromkeys(spellings):
                found = self._suggestions.suggest(spelling)
                paths.update(dict.fromkeys(found.getResults(0, limit)))
                # Some indexes know a title only as a whole, some archives have an empty one.
                if not paths and self._archive.has_entry_by_title(spelling):
                    paths[self._archive.get_entry_by_title(spelling).path] = None
            return self._candidates(paths)[:limit]

    def search(self, query: str, limit: int) -> list[Candidate]:
        """Return entries from the full-text index, best first; none when there is no such index."""
        if not self.record.has_fulltext:
            return []
        with self._reading():
            found = Searcher(self._archive).search(Query().set_query(query))
            return self._candidates(dict.fromkeys(found.getResults(0, limit)))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Announce the archive, and turn libzim's exceptions about its content into ours."""
        self._announce(self.record.name)
        try:
            yield
        except (RuntimeError, UnicodeError, OSError) as error:
            raise ArchiveSetAsideError(self.record.name, "part of the file is damaged") from error

    def _entry(self, path: str) -> Entry | None:
        try:
            return self._archive.get_entry_by_path(path)
        except KeyError:
            return None

    def _target(self, entry: Entry) -> Entry | None:
        for _ in range(MAX_REDIRECTS):
            if not entry.is_redirect:
                return entry
            try:
                entry = entry.get_redirect_entry()
            except (KeyError, RuntimeError):
                return None  # a dangling redirect is an absent page, not a damaged archive
        return None

    def _candidate(self, path: str) -> Candidate | None:
        entry = self._entry(path)
        target = entry and self._target(entry)
        return Candidate(target.path, target.title, entry.title) if entry and target else None

    def _candidates(self, paths: dict[str, None]) -> list[Candidate]:
        found = (self._candidate(path) for path in paths)
        unique: dict[str, Candidate] = {}
        for candidate in found:
            if candidate:
                unique.setdefault(candidate.path, candidate)
        return list(unique.values())
