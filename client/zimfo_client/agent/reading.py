"""Finds the article that answers a question, among those read before and those that a search finds, and quotes it."""

import re
from dataclasses import dataclass, replace
from typing import Any

from zimfo_client.agent import compose
from zimfo_client.agent.focus import Focus
from zimfo_client.agent.passages import ENOUGH_COVERAGE, Passage, Question, best_passage
from zimfo_client.agent.places_direct import Call, Direct, Payload, fetched
from zimfo_client.agent.shape import Shape
from zimfo_client.agent.slips import LONE_TYPO_LETTERS, is_typo_of
from zimfo_client.languages import language_of, subject_words
from zimfo_client.results import Source, ToolResult, merged, sources_of
from zimfo_client.text import content_stems, fold, opening, shorten, words
from zimfo_shared.articles import (
    MAX_QUERY,
    NOTHING_FOUND,
    OverviewOutput,
    SearchOutput,
    SectionOutput,
    SectionText,
)

SEARCH_LIMIT = 8  # hits to choose from; the right article is seldom further down
MAX_READ = 4  # articles read for one question: each costs a call, and the fifth was never the one
ALL_SECTIONS = 10  # as many sections with text as an overview gives
FOCUS_BONUS = 0.35  # of rank, for the article just read when a question points back to it
TITLE_BONUS = 0.3  # of rank, for a title that holds the question: of two that do, the fuller one is meant
FOCUS_COVERAGE = 0.3  # enough for such a question: it leaves out what was said before
ONWARD_COVERAGE = 0.75  # enough when a question only begins as one that goes on ("And who …?")
NAMED_COVERAGE = 0.4  # enough when the question names the article and something of the rest is there
RELATED_SHARE = 0.5  # of a title's words named: up to there an article is about something else
FOLLOW_UP_WORDS = 14  # a question of fewer words may mean the article just read
MAX_DEEPENED = 2  # articles read on for a follow-up, section by section
MAX_DEEPENED_SECTIONS = 8  # of each: a call takes some milliseconds
AGE_COST = 0.1  # of rank, for every article that was read later
MAX_RESPELT = 3  # words of a question that are looked at for slips: each costs a call
MAX_WORD = 40  # letters of a word that may be one of a title; what is longer was not typed by anybody
READ_ON = 2  # sections that an explanation stands on
SIDE_CHARS = 600  # of each section of an explanation
NOT_COVERED = "The archives do not cover this."
NOT_IN_WORDS = "The archives do not cover this in so many words."

_PRONOUNS = frozenset("it its he his him she her hers they their them this that these those there one ones".split())
_CONTINUES = frozenset("and so but then also ok okay wait more".split())
_CLARIFIES = frozenset("but wait".split())  # what was just said is not clear; "so" often goes on to something else
# Titles of sections that tell how the subject of an article comes about or works.
_TELLS_HOW = re.compile(
    r"\b(?:how|principles?|mechanisms?|process|causes?|working|operation|function|stages?|reactions?|physics|chemistry|theory|"
    r"explanation|transmission|pathophysiology|course)\b",
    re.IGNORECASE,
)
_TELLS_OF_PAST = re.compile(r"\b(?:history|discovery|etymology|name|background|legacy)\b", re.IGNORECASE)
_ASKS = frozenset("what why how who when where which".split())


@dataclass(frozen=True)
class _Candidate:
    """An article that may answer; `share` (0 to 1) is how much of its title the question names."""

    zim: str
    path: str
    title: str
    share: float
    focus: bool = False

    @property
    def enough(self) -> float:
        """The coverage from which its passage counts as an answer."""
        if self.focus:
            return FOCUS_COVERAGE
        return NAMED_COVERAGE if self.share >= 1.0 else ENOUGH_COVERAGE


@dataclass(frozen=True)
class _Reading:
    """An article that was read, and the passage found in it; `titled` is how much of the question its title holds."""

    candidate: _Candidate
    article: OverviewOutput
    result: ToolResult
    passage: Passage | None
    titled: float

    @property
    def coverage(self) -> float:
        """How much of the question the passage answers."""
        return self.passage.coverage if self.passage else 0.0

    @property
    def rank(self) -> float:
        """How well it fits, among the articles read."""
        bonus = FOCUS_BONUS if self.candidate.focus else 0.3 * self.candidate.share
        score = min(self.passage.score, 10) / 100 if self.passage else 0.0
        return max(self.coverage, self.titled) + TITLE_BONUS * self.titled + bonus + score


class ArticleReader:
    """Reads articles over `call` for a question, with a memory of what was read before.

    With `deepen`, a passage found in a section is read as that section, so that a model gets the text around it.
    """

    def __init__(self, call: Call, focus: Focus, *, deepen: bool) -> None:
        self._call_tool = call
        self._focus = focus
        self._deepen = deepen

    async def read_about(self, question: str, *, subject: str = "") -> Direct:
        """Search, read the likeliest articles, and quote the passage that fits the question best.

        With a `subject` that has no article of its own, the answer says so before it quotes what mentions it. What the
        conversation has read already is not searched for again.
        """
        asked = Question(question)
        if known := await self.from_read(asked):
            return known
        answer = await self._searched(asked, subject)
        if not answer.found and (respelt := await self._respelt(asked)):
            other = await self._searched(Question(respelt), subject)
            answer = other if other.found else answer
        return answer

    async def _searched(self, asked: Question, subject: str) -> Direct:
        """Answer from the articles that a search finds."""
        query = shorten(subject_words(asked.text), MAX_QUERY)
        searched, hits = await self.call("search", {"query": query, "limit": SEARCH_LIMIT}, SearchOutput)
        if hits is None and not searched.text.startswith(NOTHING_FOUND):
            # The search did not work: that says nothing of what the archives cover.
            return Direct(compose.refusal(searched.text), Shape.QUESTION, found=False, key=searched)
        best: _Reading | None = None
        for candidate in self._candidates(asked, hits):
            reading = await self._reading(asked, candidate)
            if reading is not None and (best is None or reading.rank > best.rank):
                best = reading
            if best is not None and best.candidate.share >= 1.0 and best.coverage >= 1.0:
                break
        if best is None:
            return Direct(NOT_COVERED, Shape.QUESTION, found=False, key=searched)
        return await self._told(asked, best, subject) or Direct(NOT_COVERED, Shape.QUESTION, found=False, key=searched)

    async def of_article(self, question: str, title: str) -> Direct | None:
        """Answer from the article of a title that was named as the one to read; None when it is not there."""
        asked = Question(question)
        arguments = {"title": title, "max_sections": ALL_SECTIONS}
        result, article = await self.call("article_overview", arguments, OverviewOutput)
        if article is None:
            return None
        passage = None if asked.misses_a_name(_all_text(article)) else best_passage(asked, article)
        candidate = _Candidate(article.zim, article.path, article.title, 1.0)
        reading = _Reading(candidate, article, result, passage, asked.title_coverage(article.title))
        return await self._told(asked, reading, "")

    async def _told(self, asked: Question, best: "_Reading", subject: str) -> Direct | None:
        """Answer from the article that was read, None when it does not answer."""
        general = best.candidate.share >= 1.0 and asked.is_general(best.article.title)
        if general and asked.explains:
            return await self.explained(best.article, Shape.QUESTION, best.result)
        if best.passage is not None and best.coverage >= best.candidate.enough:
            answer = await self.quoted(asked, best.passage, best.article, best.result, Shape.QUESTION)
            if subject and best.candidate.share <= RELATED_SHARE:
                mention = f'There is no article on "{subject}". The article {best.article.title} mentions it: '
                return replace(answer, text=mention + answer.text)
            return answer
        if general:
            # The question names the article and nothing in particular: what the article says first is the answer.
            return sourced(compose.overview(best.article), Shape.QUESTION, best.result)
        if best.candidate.share >= 1.0:
            text = f"{NOT_IN_WORDS} The article {best.article.title} begins: {compose.overview(best.article)}"
            return replace(sourced(text, Shape.QUESTION, best.result), found=False)
        return None

    async def _respelt(self, asked: Question) -> str | None:
        """Return a question with words in it put as an article's title has them, None when none is misspelt."""
        text = subject_words(asked.text)
        unsure = [word for word in words(text) if LONE_TYPO_LETTERS <= len(word) <= MAX_WORD and content_stems(word)]
        respelt = text
        for word in sorted(dict.fromkeys(unsure), key=len, reverse=True)[:MAX_RESPELT]:
            result, found = await self.call("article_overview", {"title": word}, OverviewOutput)
            titles = [found.title] if found else compose.suggested_titles(result.text)
            if titles and fold(titles[0]) != word and is_typo_of(word, titles[0]):
                respelt = re.sub(rf"\b{re.escape(word)}\b", titles[0], fold(respelt))
        return respelt if respelt != text else None

    async def from_read(self, asked: Question) -> Direct | None:
        """Answer a follow-up from the articles read before; None when it is none, or when they do not answer it."""
        if not self._follows(asked):
            return None
        back, onward = self.points_back(asked), self.goes_on(asked)
        best: tuple[float, Passage, OverviewOutput] | None = None
        for age, (zim, path, _) in enumerate(self._focus.articles[:MAX_DEEPENED]):
            article = self._focus.read.get(zim, path)
            meant = back or (article is not None and bool(asked.title_coverage(article.title)))
            if article is None or not (meant or (onward and age == 0)):
                continue
            enough = FOCUS_COVERAGE if back else ENOUGH_COVERAGE if meant else ONWARD_COVERAGE
            passage = self._known_passage(asked, article)
            if passage is None or not passage.section or passage.coverage < ENOUGH_COVERAGE or not meant:
                # A lead says everything once and briefly: who asks on wants what the sections say.
                article = await self._deepened(article)
                body = self._known_passage(asked, article, body=True)
                if body is not None and (passage is None or body.fits_like(passage)):
                    passage = body
            if passage is None or passage.coverage < enough:
                continue
            if meant or asked.has_its_sort(passage.text):
                rank = passage.coverage + min(passage.score, 10) / 100 - AGE_COST * age
                if best is None or rank > best[0]:
                    best = rank, passage, article
        if best is None:
            return None
        _, passage, article = best
        return await self.quoted(asked, passage, article, None, Shape.QUESTION)

    def _known_passage(self, asked: Question, article: OverviewOutput, *, body: bool = False) -> Passage | None:
        if asked.misses_a_name(_all_text(article)):
            return None
        if body:
            article = article.model_copy(update={"sections": [s for s in article.sections if s.title]})
        return best_passage(asked, article)

    async def _deepened(self, article: OverviewOutput) -> OverviewOutput:
        """Read the sections of an article that were not read so far."""
        for name in self._focus.read.unread(article)[:MAX_DEEPENED_SECTIONS]:
            arguments = {"title": article.title, "section": name, "path": article.path, "zim": article.zim}
            await self.call("get_article_section", arguments, SectionOutput)
        return self._focus.read.get(article.zim, article.path) or article

    def _follows(self, asked: Question) -> bool:
        """Whether a question may be about what was read before: it is short, and asks or points back."""
        said = words(asked.text)
        if not self._focus.read.articles or not said or len(said) > FOLLOW_UP_WORDS:
            return False
        return self.goes_on(asked) or said[0] in _ASKS

    def points_back(self, asked: Question) -> bool:
        """Whether a question has a pronoun for what was said, or takes up that it was not clear."""
        said = words(asked.text)
        pointed = _PRONOUNS.intersection(said) or _CLARIFIES.intersection(said[:1])
        return bool(pointed) or asked.asks_of_both

    def goes_on(self, asked: Question) -> bool:
        """Whether a question points back or begins as one that goes on from what was said ("So why …?")."""
        return self.points_back(asked) or bool(_CONTINUES.intersection(words(asked.text)[:1]))

    async def _reading(self, asked: Question, candidate: "_Candidate") -> "_Reading | None":
        """Read one article; None when it cannot answer the question."""
        arguments = {
            "title": candidate.title, "path": candidate.path, "zim": candidate.zim, "max_sections": ALL_SECTIONS,
        }  # fmt: skip
        result, article = await self.call("article_overview", arguments, OverviewOutput)
        if article is None or asked.misses_a_name(_all_text(article)):
            return None
        passage = best_passage(asked, article)
        if passage is None and candidate.share < 1.0:
            return None
        return _Reading(candidate, article, result, passage, asked.title_coverage(article.title))

    def _candidates(self, asked: Question, hits: SearchOutput | None) -> list["_Candidate"]:
        """Return the articles to read, likeliest first."""
        found = [
            _Candidate(hit.zim, hit.path, hit.title, asked.title_share(hit.title))
            for hit in (hits.hits if hits else [])
        ]
        # Of titles that the question names whole, the longest is meant; else the search's order stands.
        ranked = sorted(found, key=lambda one: -asked.title_coverage(one.title) if one.share >= 1.0 else 1.0)
        spoken = {(hit.zim, hit.path): language_of(f"{hit.title} {hit.snippet}") for hit in (hits.hits if hits else [])}
        ranked.sort(key=lambda one: spoken[one.zim, one.path] != asked.language)
        if self._continues(asked, ranked):
            focus = [_Candidate(*entry, asked.title_share(entry[2]), focus=True) for entry in self._focus.articles[:2]]
            read = {(candidate.zim, candidate.path) for candidate in focus}
            ranked = focus + [candidate for candidate in ranked if (candidate.zim, candidate.path) not in read]
        return ranked[:MAX_READ]

    def _continues(self, asked: Question, ranked: list["_Candidate"]) -> bool:
        """Whether a question may be about the article read last: it names no other, or points back with a pronoun."""
        said = words(asked.text)
        if not self._focus.articles or not said or len(said) > FOLLOW_UP_WORDS:
            return False
        if any(candidate.share >= 1.0 for candidate in ranked):
            return False
        return self.goes_on(asked) or (said[0] in _ASKS and not asked.names)

    async def quoted(
        self, asked: Question, passage: Passage, article: OverviewOutput, read: ToolResult | None, shape: Shape
    ) -> Direct:
        """Answer with a passage; where something is to be explained, with that of another section as well."""
        passages = [passage]
        if asked.explains:
            second = best_passage(asked, article, besides={passage.section})
            if second is not None and second.coverage >= ENOUGH_COVERAGE:
                passages.append(second)
        results = [await self._as_section(one.section, article) for one in passages] if self._deepen else []
        further = [result for result in results if result is not None]
        return Direct(
            "\n\n".join(one.text for one in passages),
            shape,
            found=True,
            sources=[_source(article, one.section) for one in passages],
            key=further[0] if further else read,
            further=further[1:],
        )

    async def explained(self, article: OverviewOutput, shape: Shape, result: ToolResult) -> Direct:
        """Explain a subject as a whole: from what its article says first, and the section that tells how it works."""
        section = next(iter(_telling(article)), None)
        if section is None:
            return sourced(compose.overview(article), shape, result)
        second = await self._as_section(section.title, article) if self._deepen else None
        return Direct(
            f"{compose.overview(article, SIDE_CHARS)}\n\n{opening(section.text, SIDE_CHARS)}",
            shape,
            found=True,
            sources=[_source(article, ""), _source(article, section.title)],
            key=result,
            further=[second] if second is not None else [],
        )

    async def read_on(self, question: str, article: OverviewOutput) -> list[ToolResult]:
        """Read those sections of an article, besides its lead, that explain most of what is asked."""
        arguments = {
            "title": article.title, "path": article.path, "zim": article.zim, "max_sections": ALL_SECTIONS,
        }  # fmt: skip
        _, whole = await self.call("article_overview", arguments, OverviewOutput)
        whole = whole or article
        asked = Question(question)
        names: list[str] = []
        while len(names) < READ_ON and (passage := best_passage(asked, whole, besides={"", *names})):
            names.append(passage.section)
        names += [section.title for section in _telling(whole) if section.title not in names]
        read = [await self._as_section(name, whole) for name in names[:READ_ON]]
        return [result for result in read if result is not None]

    async def _as_section(self, name: str, article: OverviewOutput) -> ToolResult | None:
        """Read a section whole, as a call of its own; None for the lead, which every overview has."""
        if not name:
            return None
        arguments = {"title": article.title, "section": name, "path": article.path, "zim": article.zim}
        result, found = await self.call("get_article_section", arguments, SectionOutput)
        return result if found is not None else None

    async def call(
        self, name: str, arguments: dict[str, Any], model: type[Payload]
    ) -> tuple[ToolResult, Payload | None]:
        """Make a call and remember what it has read; the payload is None where it is none of ours."""
        result, found = await fetched(self._call_tool, name, arguments, model)
        self._focus.read.see(found)
        return result, found


def sourced(text: str, shape: Shape, result: ToolResult) -> Direct:
    """Return an answer with the sources of the result that it rests on."""
    return Direct(text, shape, found=True, sources=merged(sources_of(result)), key=result)


def _telling(article: OverviewOutput) -> list[SectionText]:
    """Return the sections that were read, besides the lead, those first that tell how something comes about."""

    def order(section: SectionText) -> int:
        return 0 if _TELLS_HOW.search(section.title) else 1 + bool(_TELLS_OF_PAST.search(section.title))

    return sorted((section for section in article.sections if section.title and section.text.strip()), key=order)


def _source(article: OverviewOutput, section: str) -> Source:
    return Source(archive=article.zim, title=article.title, path=article.path, section=section or None)


def _all_text(article: OverviewOutput) -> str:
    outline = " ".join(item.title for item in article.available_sections)
    return " ".join([article.title, outline, *(section.text for section in article.sections)])
