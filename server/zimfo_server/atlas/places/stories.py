"""Places around a point that have an article, with the article's beginning: each article once, nearest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from zimfo_server.articles import store
from zimfo_server.articles.model import Article
from zimfo_server.atlas.places import wiki
from zimfo_server.atlas.places.proximity import Nearby
from zimfo_server.atlas.places.record import PlaceRecord
from zimfo_server.library.archive import OpenArchive

MAX_TRIED = 100  # places of one search whose tags are looked up; some 0.2 ms each in a library of ten encyclopedias


@dataclass(frozen=True)
class Told:
    """A place, the page that its tag names, and the page's beginning."""

    record: PlaceRecord
    metres: float
    linked: wiki.Linked
    excerpt: str
    has_more_sections: bool


@dataclass(frozen=True)
class Stories:
    """The stories found; `missing` are tagged places, nearest first, whose articles no archive has."""

    told: Sequence[Told]
    missing: Sequence[PlaceRecord]


def tell(nearby: Nearby, archives: Sequence[OpenArchive], limit: int) -> Stories:
    """Return up to `limit` stories of the tagged places of `nearby`.

    Raises `ArchiveSetAsideError` when an encyclopedia proves to be damaged.
    """
    told: dict[tuple[str, str], Told] = {}
    missing: dict[str, PlaceRecord] = {}
    tried: set[str] = set()
    for position in range(nearby.count):
        if len(told) == limit or len(tried) == MAX_TRIED:
            break
        record = nearby.record(position)
        if record.wiki in tried or not wiki.tags_of(record.wiki):
            continue
        tried.add(record.wiki)
        linked = wiki.find_article(archives, record.wiki)
        article = store.load(linked.archive, linked.path) if linked else None
        if linked is None or article is None or not (text := wiki.excerpt(linked, wiki.STORY_CHARS)):
            missing.setdefault(record.wiki, record)
            continue
        key = (article.zim, article.path)
        if key not in told:
            metres = float(nearby.metres[position])
            told[key] = Told(record, metres, linked, text, _has_more(article))
    return Stories(list(told.values()), list(missing.values()))


def _has_more(article: Article) -> bool:
    return len(article.sections) > 1
