"""From a title or a path to an article, without drifting to another subject.

Exact names come first, in every archive; then what only differs in form, if it is the only such; all else is offered as
choices. zimfo-behaviour §2.4 is the base, §1.5 has the swap of stubs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from zimfo_server.articles import names, spellings, store
from zimfo_server.articles.clean import is_disambiguation
from zimfo_server.articles.guidance import MAX_CHOICES, Asked, call, choices, short
from zimfo_server.articles.model import Article
from zimfo_server.articles.names import Likeness
from zimfo_server.articles.sections import find_section
from zimfo_server.articles.shelf import Shelf
from zimfo_server.errors import GuidanceError
from zimfo_server.library.archive import Candidate, OpenArchive
from zimfo_shared.sounds import spelled_otherwise

SUGGESTIONS = 20  # asked of a title index; the right one is seldom further down
FULL_TEXT_HITS = 5  # full text is only a help for guesses here
MAX_WEIGHED = 8  # archives whose articles of the same title are read to find the fullest
MAX_GUESSED_ARCHIVES = 40  # archives searched for similar titles: some 10 ms each
MAX_LINKS_TRIED = 60  # links of a disambiguation page that are looked up
MIN_GUESS_SIMILARITY = 0.7  # of titles that share no word with the request
CLEARLY_BETTER = 0.03  # similarity by which one of several close titles must lead
SAME_LENGTH = 0.7  # of the longest article of a title: between editions of one wiki, newer beats longer
STUB_CHARS = 500
STUB_FACTOR = 4
MIN_FULL_CHARS = 2_000  # a stub is swapped for an article longer than this and than STUB_FACTOR stubs


@dataclass(frozen=True)
class Match:
    """A page of an archive that may be the article."""

    archive: OpenArchive
    candidate: Candidate

    @property
    def title(self) -> str:
        """The title of the page, redirects followed."""
        return self.candidate.title


@dataclass(frozen=True)
class Found:
    """The article of a request; `note` says so when it is not titled as asked."""

    archive: OpenArchive
    article: Article
    note: str | None = None


def find_article(shelf: Shelf, asked: Asked) -> Found:
    """Return the article that `asked` names.

    Raises `GuidanceError` with choices when there is none, when the name is ambiguous or the page is empty;
    `ArchiveSetAsideError` when the archive it names is unusable.
    """
    archives = shelf.archives
    if asked.path:
        if found := _by_path(archives, asked.path):
            return found
        if not asked.title:
            asked = replace(asked, title=names.readable(asked.path))
    for wanted in _readings(asked.title):
        if found := _exactly(archives, wanted, asked):
            return found
    wanted = names.without_language(asked.title)
    guesses = similar_titles(archives, wanted)
    if found := _in_another_form(guesses, wanted):
        return _checked(found, asked)
    if shelf.zim:
        others = [match for match in exact_matches(shelf.all_archives(), wanted) if match.archive not in archives]
        guesses = [*others, *guesses]
    raise _miss(asked, guesses)


def exact_matches(archives: Iterable[OpenArchive], title: str) -> list[Match]:
    """Return the page titled exactly so (but for case, accents and punctuation) of each archive that has one."""
    matches = (_exact_match(archive, title) for archive in archives)
    return [match for match in matches if match]


def similar_titles(archives: Sequence[OpenArchive], text: str) -> list[Match]:
    """Return pages whose titles resemble `text` or share a word with it, most similar first."""
    found: dict[tuple[str, str], Match] = {}
    for archive in archives[:MAX_GUESSED_ARCHIVES]:
        proposed = [hit for part in _parts(text) for hit in archive.suggest(part, SUGGESTIONS)]
        proposed += archive.search(" ".join(names.words(text)), FULL_TEXT_HITS)
        for candidate in proposed:
            key = (archive.record.name, candidate.path)
            if key not in found and _resembles(text, candidate) and archive.is_html(candidate.path):
                found[key] = Match(archive, candidate)
    return sorted(found.values(), key=lambda match: -_similarity(text, match.candidate))


def _readings(title: str) -> list[str]:
    """Return what a title may mean: itself, without quotes, language prefix or anchor, the parts of `en:A;de:B`."""
    parts = [title]
    if ";" in title and names.without_language(title) != title:
        parts += title.split(";")
    parts += [part.strip().strip("\"'“”«»") for part in list(parts)]
    parts += [names.without_language(part) for part in list(parts)]
    parts += [part.split("#", 1)[0] for part in list(parts)]
    return [part for part in dict.fromkeys(part.strip() for part in parts) if part]


def _parts(text: str) -> list[str]:
    """Return what to ask a title index for so that it also finds misspelt and longer titles: words and beginnings."""
    core = names.words(text)[:6]
    joined = " ".join(core)
    parts = [text, joined, joined[: max(len(joined) * 3 // 4, 3)]]
    parts += [word for word in sorted(core, key=len, reverse=True)[:3] if len(word) > 2]
    beginnings = [word for word in core[:3] if len(word) >= names.MIN_TYPO_WORD]
    if beginnings:
        beginnings += spelled_otherwise(max(core, key=len))
    parts += [word[: max(3, len(word) * 2 // 3)] for word in beginnings]
    return list(dict.fromkeys(part for part in parts if part.strip()))


def _resembles(text: str, candidate: Candidate) -> bool:
    return names.shares_a_word(text, candidate.title) or _similarity(text, candidate) >= MIN_GUESS_SIMILARITY


def _similarity(text: str, candidate: Candidate) -> float:
    spelled = (candidate.title, names.base_title(candidate.title), candidate.asked)
    # Of "X" and "X (film)" the shorter comes first.
    return max(names.similarity(text, title) for title in spelled) + names.similarity(text, candidate.title) / 100


def _by_path(archives: Sequence[OpenArchive], path: str) -> Found | None:
    for archive in archives:
        for form in spellings.path_spellings(path):
            if archive.probe(form) and (article := store.load(archive, form)):
                return Found(archive, article)
    return None


def _exactly(archives: Sequence[OpenArchive], wanted: str, asked: Asked) -> Found | None:
    matches = exact_matches(archives, wanted)
    found = _fullest(_in_language(matches, asked.title))
    return _checked(_instead_of_stub(found, archives), asked) if found else None


def _exact_match(archive: OpenArchive, title: str) -> Match | None:
    for path in spellings.title_paths(title):
        if (candidate := archive.probe(path)) and archive.is_html(candidate.path):
            return Match(archive, candidate)
    for candidate in archive.suggest(title, SUGGESTIONS):
        if Likeness.SAME in _likenesses(title, candidate) and archive.is_html(candidate.path):
            return Match(archive, candidate)
    return None


def _in_language(matches: list[Match], title: str) -> list[Match]:
    """Return the matches in one language: that of a prefix such as `de:`, else that of the first archive."""
    if not matches:
        return []
    prefix = title.partition(":")[0] if names.without_language(title) != title else ""
    records = [match.archive.record for match in matches]
    if prefix:
        spoken = [
            match
            for match, record in zip(matches, records, strict=True)
            if f"_{prefix}_" in record.name or record.language[:2] == prefix[:2]
        ]
        if spoken:
            return spoken
    return [match for match, record in zip(matches, records, strict=True) if record.language == records[0].language]


def _fullest(matches: Sequence[Match]) -> Found | None:
    """Return the fullest article: no disambiguation page if possible, the newest of those of much the same length."""
    read = ((match, store.load(match.archive, match.candidate.path)) for match in matches[:MAX_WEIGHED])
    found = [Found(match.archive, article) for match, article in read if article]
    found = [one for one in found if not _only_lists(one.article)] or found
    longest = max((one.article.length for one in found), default=0)
    full = [one for one in found if one.article.length >= SAME_LENGTH * longest]
    # The first of equals, which is load order.
    return max(full, key=lambda one: one.archive.record.date, default=None)


def _only_lists(article: Article) -> bool:
    return is_disambiguation(article.title, article.lead.text)


def _instead_of_stub(found: Found, archives: Sequence[OpenArchive]) -> Found:
    """Return a much fuller article of the same title, if the one found is a stub."""
    stub = found.article
    if stub.length >= STUB_CHARS or _only_lists(stub):
        return found
    same = (Likeness.SAME, Likeness.SAME_BASE)
    alike = [m for m in similar_titles(archives, stub.title) if names.likeness(stub.title, m.title) in same]
    itself = (found.archive, stub.path)
    fuller = _fullest([match for match in alike if (match.archive, match.candidate.path) != itself])
    enough = max(MIN_FULL_CHARS, STUB_FACTOR * stub.length)
    if not fuller or _only_lists(fuller.article) or fuller.article.length <= enough:
        return found
    if fuller.article.title == stub.title:
        return fuller
    return Found(fuller.archive, fuller.article, _showing(fuller.article.title, stub.title))


def _in_another_form(guesses: Sequence[Match], wanted: str) -> Found | None:
    """Return the article whose title is `wanted` in another form, if only one is."""
    for level in (Likeness.SAME, Likeness.SAME_BASE, Likeness.CLOSE):
        alike = [match for match in guesses if level in _likenesses(wanted, match.candidate)]
        titles = sorted({match.title for match in alike}, key=lambda title: -names.similarity(wanted, title))
        if level is Likeness.CLOSE and len(titles) > 1:
            first, second = (names.similarity(wanted, title) for title in titles[:2])
            if first - second >= CLEARLY_BETTER:
                titles = titles[:1]
        if len(titles) > 1:
            return None
        if titles and (found := _fullest([match for match in alike if match.title == titles[0]])):
            note = None if level is Likeness.SAME else _showing(found.article.title, wanted)
            return Found(found.archive, found.article, note)
    return None


def _likenesses(wanted: str, candidate: Candidate) -> tuple[Likeness, Likeness]:
    return names.likeness(wanted, candidate.title), names.likeness(wanted, candidate.asked)


def _showing(title: str, wanted: str) -> str:
    return f"Showing '{title}' for '{short(wanted)}'."


def _checked(found: Found, asked: Asked) -> Found:
    if not _only_lists(found.article):
        return found
    archive, article = found.archive, found.article
    tried = (archive.probe(link.path) for link in article.links[:MAX_LINKS_TRIED])
    linked = {candidate.path: Match(archive, candidate) for candidate in tried if candidate}
    wanted = names.base_title(article.title)
    naming = [match for match in linked.values() if names.shares_a_word(wanted, match.title)]
    offered = _callable_choices(naming or list(linked.values()), asked)
    offered = offered or [call("search", query=wanted)]
    raise choices(f'"{article.title}" can mean several articles. Choose one:', offered)


def _miss(asked: Asked, guesses: Sequence[Match]) -> GuidanceError:
    where = f" in archive '{asked.zim}'" if asked.zim else ""
    if offered := _callable_choices(guesses, asked):
        return choices(f'No article is titled "{asked.name}"{where}. Did you mean:', offered)
    wanted = names.without_language(asked.title) or asked.path
    return choices(
        f'No article is titled "{asked.name}"{where}, and none is similar. Search for it:',
        [call("search", query=short(wanted))],
    )


def _callable_choices(matches: Iterable[Match], asked: Asked) -> list[str]:
    """Return calls that will be answered: their articles exist, have text, and have the section that was asked for."""
    offered: dict[str, str] = {}
    for match in matches:
        if len(offered) == MAX_CHOICES:
            break
        if match.title in offered or not match.archive.is_html(match.candidate.path):
            continue
        article = store.load(match.archive, match.candidate.path)
        if article is None or _only_lists(article):
            continue
        direct = _exact_match(match.archive, match.title)
        leads_there = direct is not None and direct.candidate.path == match.candidate.path
        offered[match.title] = asked.instead(
            match.title,
            match.archive.record.name,
            path=None if leads_there else match.candidate.path,
            section=_kept_section(asked, article),
        )
    return list(offered.values())


def _kept_section(asked: Asked, article: Article) -> str | None:
    return asked.section if asked.section and find_section(article, asked.section) else None
