"""Full-text and title search over all archives: variants of the query, merged ranks, passages for what is shown.

zimfo-behaviour §2.3 is the base. Its weakness, that the first archive fills the list, is met by merging ranks
(reciprocal rank fusion) with a quota for each archive.
"""

import itertools
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zimfo_server.articles import names, store, titles
from zimfo_server.articles.clean import one_line, plain, sentence_ends
from zimfo_server.articles.guidance import call, choices, short
from zimfo_server.articles.names import Likeness
from zimfo_server.articles.shelf import Shelf
from zimfo_server.library.archive import Candidate, OpenArchive
from zimfo_shared.articles import NOTHING_FOUND, ArchiveKind, Hit

MIN_OVERFETCH = 10
SEARCH_BUDGET_S = 6.0  # then the archives that were reached must do: hundreds on a cold disk would pass the deadline
ENOUGH_HITS = 3  # with fewer of the wanted kind, other archives are searched too
SNIPPET_CHARS = 220
MAX_TERMS = 24  # words of a query that are searched for; Xapian's time grows with each
MAX_SINGLE_WORDS = 4  # words searched one by one when all together find little
RANK_OFFSET = 60  # the customary constant of reciprocal rank fusion: the first ranks differ little
EXACT_BOOST = 1.0  # more than all ranks together can give
CORE_BOOST = 0.5  # the title is the query without its question words
TITLE_BOOST = 0.03  # times the share of query words in the title, about two first ranks
TITLE_WEIGHT = 0.6  # of a rank in the title index, against one in full text
WORD_WEIGHT = 0.3  # of a rank for a single word of the query

STOP_WORDS = frozenset(
    "a an the of in on at to for from by with about into over and or is are was were be been do does did has have had "
    "can could will would should may might what who whom whose which when where why how that this these those it its "
    "he she they him her them his their there i me my we us our you your tell give show explain describe find please "
    "much many some any as if then than".split()
)
NOISE = (
    "wikipedia:", "wikibooks:", "wiktionary:", "wikivoyage:", "wikiversity:", "user:", "user talk:", "talk:", "help:",
    "portal:", "category:", "template:", "file:", "image:", "special:", "mediawiki:", "module:", "draft:",
)  # fmt: skip

_TERM = re.compile(r"[^\W_]+(?:[+#]+|(?:['’.-][^\W_]+)*)")
_HISTORY = re.compile(r"\b(?:origins?|history)\s+of\s+(?:the\s+)?(.+)", re.IGNORECASE)
_ASIDE = re.compile(
    r"^(?:why|how|what)\s+(?:is|are|does|do|was|were)\s+(?:the\s+|an?\s+)?(.+?)"
    r"(?:\s+(?:so\s+)?(?:important|useful|significant|work|works|used\s+for))?\s*\?*$",
    re.IGNORECASE,
)


@dataclass
class _Scored:
    archive: OpenArchive
    candidate: Candidate
    score: float


def search_articles(shelf: Shelf, query: str, limit: int, kind: ArchiveKind | None) -> tuple[list[Hit], str | None]:
    """Return up to `limit` hits, best first, and a note when the wanted kind of archive had too few.

    Raises `GuidanceError` when nothing is found.
    """
    archives = shelf.archives
    wanted = [archive for archive in archives if kind in (None, archive.record.kind)]
    until = time.monotonic() + SEARCH_BUDGET_S
    scored = _merged(wanted, query, limit, until)
    note = None
    if kind and len(scored) < min(ENOUGH_HITS, limit):
        others = [archive for archive in archives if archive not in wanted]
        scored += _merged(others, query, limit - len(scored), until)
        note = f"Fewer than {ENOUGH_HITS} hits in {kind} archives, so all archives were searched."
    if len(archives) > 1 and time.monotonic() > until:
        note = "There was no time to search all archives. Name one with 'zim' to search it."
    shown = (_hit(found, query) for found in scored)
    # A page without text (a picture, an empty chapter) answers nothing and cannot be opened by the article tools.
    hits = list(itertools.islice((hit for hit in shown if hit.snippet), limit))
    if not hits:
        raise _nothing_found(shelf, query)
    return hits, note


def keyword_core(query: str) -> str:
    """Return the words of `query` that carry meaning, lower-cased; the whole query if none does."""
    terms = [term.lower() for term in _TERM.findall(query)][:MAX_TERMS]
    return " ".join(term for term in terms if term not in STOP_WORDS) or " ".join(terms) or one_line(query)


def query_variants(query: str) -> list[str]:
    """Return what to search for, the query itself first; without Xapian's operators."""
    history = _HISTORY.search(query)
    subject = history.group(1) if history else ""
    aside = _ASIDE.match(query.strip())
    variants = [query, f"{subject} history" if subject else "", subject, aside.group(1) if aside else ""]
    cleaned = (" ".join(_TERM.findall(variant)[:MAX_TERMS]).lower() for variant in variants)
    return [variant for variant in dict.fromkeys([*cleaned, keyword_core(query)]) if variant]


def passage(text: str, query: str, limit: int = SNIPPET_CHARS) -> str:
    """Return one line of `text`, at most `limit` characters: its beginning, or where more of the query's words are."""
    text = one_line(text)
    if len(text) <= limit:
        return text
    wanted = keyword_core(query).split()
    starts = [0, *(end for end in sentence_ends(text) if end < len(text) - limit // 2)]
    best = max(starts, key=lambda start: _words_in(text[start : start + limit], wanted) - (start > 0) * 0.5)
    window = text[best:].lstrip()
    if len(window) <= limit:
        return window
    cut = window[: limit - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:–—-") + "…"


def _words_in(text: str, wanted: Iterable[str]) -> int:
    present = plain(text)
    return sum(plain(word) in present for word in wanted)


def _merged(archives: Sequence[OpenArchive], query: str, limit: int, until: float) -> list[_Scored]:
    """Return the hits of all archives, best first; among the first `limit`, none takes more than its share.

    Pages that hold only some of the words are looked for when hardly any page holds all.
    """
    if limit <= 0:
        return []
    found: list[list[_Scored]] = []
    for archive in archives:
        in_time = not found or time.monotonic() < until
        found.append(_scored(archive, query, limit) if in_time else [])
    if sum(map(len, found)) < min(ENOUGH_HITS, limit) and time.monotonic() < until:
        found = [_with_single_words(archive, query, hits) for archive, hits in zip(archives, found, strict=True)]
    answering = [sorted(hits, key=lambda hit: -hit.score) for hits in found if hits]
    if not answering:
        return []
    quota = -(-limit // len(answering))
    within = [hit for hits in answering for hit in hits[:quota]]
    beyond = [hit for hits in answering for hit in hits[quota:]]
    # Load order decides between equals: `sorted` is stable.
    within.sort(key=lambda hit: -hit.score)
    beyond.sort(key=lambda hit: -hit.score)
    shown = within[:limit] + beyond[: max(limit - len(within), 0)]
    rest = within[limit:] + beyond[max(limit - len(within), 0) :]
    return [*sorted(shown, key=lambda hit: -hit.score), *rest]


def _scored(archive: OpenArchive, query: str, limit: int) -> list[_Scored]:
    """Return the pages of one archive that hold all words of a variant of `query`, or are titled so, each once."""
    core = keyword_core(query)
    wanted = max(2 * limit, MIN_OVERFETCH)
    hits: dict[str, _Scored] = {}
    for title in dict.fromkeys((names.without_language(query.strip()), core)):
        _add(hits, archive, [match.candidate for match in titles.exact_matches([archive], title)], 1.0)
    for variant in query_variants(query):
        _add(hits, archive, archive.search(variant, wanted), 1.0)
    _add(hits, archive, archive.suggest(core, wanted), TITLE_WEIGHT)
    return _presentable(hits, query)


def _with_single_words(archive: OpenArchive, query: str, known: Iterable[_Scored]) -> list[_Scored]:
    """Return `known` and the pages that hold a part of the query, which rank below."""
    hits: dict[str, _Scored] = {}
    for part in _parts(keyword_core(query)):
        _add(hits, archive, archive.search(part, MIN_OVERFETCH), WORD_WEIGHT)
        titled = (c for c in archive.suggest(part, MIN_OVERFETCH) if names.shares_a_word(part, c.title))
        _add(hits, archive, titled, WORD_WEIGHT)
    known = list(known)
    paths = {hit.candidate.path for hit in known}
    return [*known, *(hit for hit in _presentable(hits, query) if hit.candidate.path not in paths)]


def _add(hits: dict[str, _Scored], archive: OpenArchive, candidates: Iterable[Candidate], weight: float) -> None:
    for rank, candidate in enumerate(candidates):
        hit = hits.setdefault(candidate.path, _Scored(archive, candidate, 0.0))
        hit.score += weight / (RANK_OFFSET + rank)


def _presentable(hits: dict[str, _Scored], query: str) -> list[_Scored]:
    """Return the hits that are articles, once each, with the bonus for their titles."""
    core = keyword_core(query)
    kept = [hit for hit in hits.values() if not _is_noise(hit.candidate) and hit.archive.is_html(hit.candidate.path)]
    for hit in kept:
        hit.score += _title_boost(hit.candidate, query, core)
    return _without_doubles(kept)


def _parts(core: str) -> list[str]:
    """Return pieces of a query to look for one by one: pairs of neighbours, then the longest words."""
    terms = core.split()
    pairs = [" ".join(pair) for pair in itertools.pairwise(terms)][:MAX_SINGLE_WORDS]
    singles = sorted((term for term in terms if len(term) > 1), key=len, reverse=True)[:MAX_SINGLE_WORDS]
    return [part for part in dict.fromkeys([*pairs, *singles]) if part != core]


def _is_noise(candidate: Candidate) -> bool:
    name = candidate.path.removeprefix("A/").replace("_", " ").replace("%3A", ":").lower()
    return name.startswith(NOISE) or candidate.title.lower().startswith(NOISE)


def _title_boost(candidate: Candidate, query: str, core: str) -> float:
    for title in (candidate.title, candidate.asked):
        if names.likeness(query, title) is Likeness.SAME:
            return EXACT_BOOST
        if names.likeness(core, title) is Likeness.SAME:
            return CORE_BOOST
    wanted, present = plain(core).split(), plain(candidate.title).split()
    shared = sum(any(names.same_stem(word, other) for other in present) for word in wanted)
    # Of two titles with the same words the shorter says more about the query.
    return TITLE_BOOST * shared / max(len(wanted), 1) + 0.1 * TITLE_BOOST * shared / max(len(present), 1)


def _without_doubles(hits: list[_Scored]) -> list[_Scored]:
    """Drop a page whose title belongs to another page of the archive, the one at the path of that name."""
    own_names = {plain(names.readable(hit.candidate.path)) for hit in hits}
    return [
        hit
        for hit in hits
        if (title := plain(hit.candidate.title)) not in own_names or plain(names.readable(hit.candidate.path)) == title
    ]


def _hit(found: _Scored, query: str) -> Hit:
    text = store.lead_text(found.archive, found.candidate.path)
    return Hit(
        zim=found.archive.record.name,
        kind=found.archive.record.kind,
        path=found.candidate.path,
        title=found.candidate.title,
        snippet=passage(text, query),
    )


def _nothing_found(shelf: Shelf, query: str) -> Exception:
    core = keyword_core(query)
    similar = titles.similar_titles(shelf.archives, core)
    others = list(dict.fromkeys(match.title for match in similar))
    where = f" in archive '{shelf.zim}'" if shelf.zim else ""
    intro = f'{NOTHING_FOUND} "{short(query)}"{where}.'
    if others:
        return choices(f"{intro} Did you mean:", [call("search", query=title) for title in others])
    words = sorted(core.split(), key=len, reverse=True)
    if len(words) > 1:
        return choices(f"{intro} Try fewer or other words:", [call("search", query=word) for word in words[:2]])
    return choices(f"{intro} Try another word for it, or a broader subject.", [])
