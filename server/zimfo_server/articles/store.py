"""Parsed articles of open archives, the recent ones kept."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from zimfo_server.articles.html import parse_article, parse_lead
from zimfo_server.articles.model import Article
from zimfo_server.library.archive import OpenArchive

CACHED_ARTICLES = 64  # a conversation moves among few articles; a large one takes about 1 MB parsed
CACHED_LEADS = 1_024  # what searches show; a few kB each
MAX_FORWARDS = 3  # pages that forward by <meta refresh>, one after another

_Value = TypeVar("_Value")


class Recent(Generic[_Value]):
    """A least-recently-used cache: `get` makes what is missing."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, _Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return the value of `key`, made by `make` unless it is there."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = self._kept[key] = make()
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value


_articles: Recent[Article | None] = Recent(CACHED_ARTICLES)
_leads: Recent[str] = Recent(CACHED_LEADS)


def load(archive: OpenArchive, path: str) -> Article | None:
    """Return the article at `path`, redirects and forwarding pages followed; None when there is no page with text.

    Raises `ArchiveSetAsideError` when the archive is damaged there.
    """
    return _articles.get(_key(archive, path), lambda: _load(archive, path))


def lead_text(archive: OpenArchive, path: str) -> str:
    """Return the first text of the page at `path`, empty when there is none; cheaper than `load`."""
    return _leads.get(_key(archive, path), lambda: _lead(archive, path))


def _key(archive: OpenArchive, path: str) -> Hashable:
    return archive.record.uuid, archive.record.file, path


def _load(archive: OpenArchive, path: str) -> Article | None:
    for _ in range(MAX_FORWARDS + 1):
        if not archive.is_html(path) or (page := archive.page(path)) is None:
            return None
        article = parse_article(page)
        if article.refresh and article.refresh != page.path:
            path = article.refresh
            continue
        return None if article.is_empty else article
    return None


def _lead(archive: OpenArchive, path: str) -> str:
    page = archive.page(path) if archive.is_html(path) else None
    return parse_lead(page) if page else ""
