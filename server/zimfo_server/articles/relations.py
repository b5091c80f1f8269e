"""The article on the relations of two subjects ("France–Germany relations"), if an archive has one.

zimfo-behaviour §2.6, with a guard that one shared word cannot pass: London and Paris once led to an article on mayors.
"""

from collections.abc import Sequence

from zimfo_server.articles import names, store, titles
from zimfo_server.articles.clean import plain
from zimfo_server.articles.model import Article, Section
from zimfo_server.articles.shelf import Shelf
from zimfo_server.articles.store import Recent
from zimfo_server.library.archive import OpenArchive

MAX_RELATION_SECTIONS = 3
REMEMBERED_PAIRS = 256  # pairs known to have no such article; a probe costs some ms in each archive

_DASHES = ("–", "-", "—")

_missing: Recent[bool] = Recent(REMEMBERED_PAIRS)


def find_relations(shelf: Shelf, first: str, second: str) -> Article | None:
    """Return the article on the relations of `first` and `second`, None if there is none.

    Its title names both subjects by all of their significant words.
    """
    archives = shelf.archives
    key = (tuple(archive.record.uuid or archive.record.file for archive in archives), plain(first), plain(second))
    found: list[Article] = []

    def probe() -> bool:
        article = _probe(archives, first, second)
        found.extend([article] if article else [])
        return article is None

    if _missing.get(key, probe):
        return None
    # A pair that is known to have an article is probed again, which is quick: the article itself is cached.
    return found[0] if found else _probe(archives, first, second)


def relation_sections(article: Article, first: str, second: str) -> list[Section]:
    """Return the lead and up to three sections that mention both subjects, else one of them, else the first ones."""
    rest = [root for root in article.roots if not root.is_lead]
    ranked = sorted(rest, key=lambda section: -_mentions(section.text, first) - _mentions(section.text, second))
    chosen = {id(section) for section in ranked[:MAX_RELATION_SECTIONS]}
    lead = [article.lead] if article.lead.is_lead else []
    return [*lead, *(section for section in rest if id(section) in chosen)]


def candidate_titles(first: str, second: str) -> list[str]:
    """Return the titles under which wikis file relations: alphabetical order first, every dash, then "History of"."""
    one, other = sorted((first, second), key=plain)
    pairs = [(one, other), (other, one)]
    relations = [f"{a}{dash}{b} relations" for a, b in pairs for dash in _DASHES]
    between = [f"Relations between {a} and {b}" for a, b in pairs]
    return [*relations, *(f"History of {title}" for title in relations[:2]), *between]


def _probe(archives: Sequence[OpenArchive], first: str, second: str) -> Article | None:
    given = (_clean(first), _clean(second))
    proper = (_proper_name(archives, given[0]), _proper_name(archives, given[1]))
    for one, other in dict.fromkeys((given, proper)):
        for title in candidate_titles(one, other):
            for match in titles.exact_matches(archives, title):
                article = store.load(match.archive, match.candidate.path)
                if article and _is_about_both(article, match.candidate.asked, one, other):
                    return article
    return None


def _proper_name(archives: Sequence[OpenArchive], subject: str) -> str:
    """Return the title of the subject's own article, which its relations articles use ("USA" → "United States")."""
    matches = titles.exact_matches(archives, subject)
    return names.base_title(matches[0].title) if matches else subject


def _clean(subject: str) -> str:
    return " ".join(names.without_language(subject).replace("_", " ").split())


def _is_about_both(article: Article, asked: str, first: str, second: str) -> bool:
    if all(_mentions(article.title, subject) for subject in (first, second)):
        return True
    # A redirect ("USA–Iran relations") names both; then the article must at least speak of both.
    lead = article.lead.text
    return all(_mentions(asked, subject) and _mentions(lead, subject) for subject in (first, second))


def _mentions(text: str, subject: str) -> bool:
    """Return whether every significant word of `subject` is in `text`."""
    present = plain(text).split()
    return all(any(names.same_stem(word, other) for other in present) for word in names.words(subject))
