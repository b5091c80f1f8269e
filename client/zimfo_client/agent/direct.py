"""Answers a question without a model: recognises its shape, makes the calls, composes the answer from the results.

It is what `--direct` runs, what a model that is too small to choose tools leans on, and the baseline that a model
must beat.
"""

from collections.abc import Collection
from dataclasses import replace

from zimfo_client.agent import compose
from zimfo_client.agent.called import intent_of
from zimfo_client.agent.focus import Focus
from zimfo_client.agent.intents import recognise, split_aspect
from zimfo_client.agent.passages import ENOUGH_COVERAGE, Question, best_passage
from zimfo_client.agent.place_intents import follow_up
from zimfo_client.agent.places_direct import Call, Direct, PlaceAnswerer
from zimfo_client.agent.reading import ALL_SECTIONS, NOT_COVERED, ArticleReader, sourced
from zimfo_client.agent.shape import MAP_SHAPES, Intent, Shape
from zimfo_client.agent.slips import is_typo_of
from zimfo_client.calls import ToolCall
from zimfo_client.results import merged, sources_of
from zimfo_client.text import content_stems, words
from zimfo_shared.articles import CompareOutput, NarrateOutput, OverviewOutput, SearchOutput, SectionOutput
from zimfo_shared.wire import Location

MAX_NARRATED_PAGES = 25  # about a megabyte of text: longer than any encyclopedia article
TOOLS = frozenset({"search", "article_overview", "get_article_section", "compare_articles", "narrate_article"})
GREETING = "Hello. Ask me about anything in the loaded archives: a subject, a comparison, or an article to read aloud."


class DirectAnswerer:
    """Answers a question over `call`, with a memory of what was read before.

    `tools` are those that the server lists, `location` is where the person is. With `deepen`, a passage found in a
    section is read as that section, so that a model gets the text around it.
    """

    def __init__(
        self,
        call: Call,
        focus: Focus,
        *,
        tools: Collection[str],
        location: Location | None = None,
        deepen: bool = False,
    ) -> None:
        self._focus = focus
        self._reader = ArticleReader(call, focus, deepen=deepen)
        self._places = PlaceAnswerer(call, focus, tools, location)

    async def answer(self, question: str) -> Direct:
        """Return an answer to any question; `found` is false when the archives do not cover it."""
        intent = self._of_list(question) or recognise(question)
        meant, self._focus.meanings = self._focus.meant(question), []
        if meant:
            intent = Intent(Shape.OVERVIEW, (meant,))
        if intent.shape is Shape.GREETING:
            return Direct(GREETING, intent.shape, found=True)
        return await self._answered(intent, question)

    async def looked_up(self, call: ToolCall, question: str) -> Direct | None:
        """Answer a question as a model's call asks to; None for a call that this cannot compose an answer of.

        What the conversation has read already is not called for again; where the call finds nothing, the question is
        answered as if there had been none.
        """
        intent = intent_of(call, question)
        if intent is None:
            return None
        read = intent.shape in (Shape.OVERVIEW, Shape.QUESTION) and (
            self._focus.has_read(intent.subjects[0]) or self._reader.goes_on(Question(question))
        )
        if read and (known := await self.from_context(question)) is not None:
            return known
        answer = await self._as_called(intent, question)
        ruled = recognise(question)
        if answer.found or ruled == intent or ruled.shape is intent.shape is Shape.QUESTION:
            return answer  # the rules would make the same calls again
        other = await self.answer(question)
        return other if other.found else answer

    async def _as_called(self, intent: Intent, question: str) -> Direct:
        title = intent.subjects[0] if intent.shape is Shape.OVERVIEW else ""
        if not title or Question(question).is_general(title):
            return await self._answered(intent, question)
        # The model has told the article from the question; the answer is what it says of the rest.
        answer = await self._reader.of_article(question, title)
        if answer is None:
            return Direct(NOT_COVERED, Shape.QUESTION, found=False)
        if answer.found:
            self._focus.note(answer.sources)
        return answer

    async def from_context(self, question: str) -> Direct | None:
        """Answer from what the conversation has read or listed before; None when it does not."""
        intent = self._of_list(question)
        answer = await self._mapped(intent, question) if intent else await self._reader.from_read(Question(question))
        if answer is None or not answer.found:
            return None
        self._focus.note(answer.sources)
        return answer

    def _of_list(self, question: str) -> Intent | None:
        """Return what a question asks about the last list of places."""
        return follow_up(question) if self._focus.listed.tool else None

    async def _answered(self, intent: Intent, question: str) -> Direct:
        answer = await (self._mapped if intent.shape in MAP_SHAPES else self._read)(intent, question)
        self._focus.note(answer.sources)
        return answer

    async def _mapped(self, intent: Intent, question: str) -> Direct:
        """Answer from the maps; what these do not know, and an article may, is looked for there before giving up."""
        answer = await self._places.answer(intent)
        if answer.found or not intent.weak:
            return answer
        if intent.shape is Shape.STORIES:
            read = await self._overview(Intent(Shape.OVERVIEW, intent.subjects), question)
        else:
            read = await self._reader.read_about(question)
        return read if read.found else answer

    async def _read(self, intent: Intent, question: str) -> Direct:
        """Answer from the articles."""
        answer: Direct | None = None
        match intent.shape:
            case Shape.NARRATE:
                answer = await self._narrate(intent)
            case Shape.COMPARE:
                answer = await self._compare(intent)
            case Shape.SEARCH:
                answer = await self._search(intent)
            case Shape.ASPECT:
                answer = await self._aspect(intent.subjects[0], intent.aspect, intent.shape)
            case Shape.OVERVIEW:
                answer = await self._overview(intent, question)
        return answer or await self._reader.read_about(question)

    async def _narrate(self, intent: Intent) -> Direct | None:
        result, page = await self._reader.call("narrate_article", {"title": intent.subjects[0]}, NarrateOutput)
        if page is None:
            return Direct(compose.refusal(result.text), intent.shape, found=False, key=result)
        pages = [page]
        for number in range(2, min(page.pages, MAX_NARRATED_PAGES) + 1):
            arguments = {"title": page.title, "path": page.path, "zim": page.zim, "page": number}
            _, following = await self._reader.call("narrate_article", arguments, NarrateOutput)
            if following is None:
                break
            pages.append(following)
        return sourced(compose.narration(pages), intent.shape, result)

    async def _compare(self, intent: Intent) -> Direct | None:
        result, found = await self._reader.call("compare_articles", {"titles": list(intent.subjects)}, CompareOutput)
        if found is None:
            missing = f"{NOT_COVERED} No article was found for {' or '.join(intent.subjects)}."
            return Direct(missing, intent.shape, found=False, key=result)
        answer = sourced(compose.comparison(found), intent.shape, result)
        if not intent.aspect or found.articles is None:
            return answer
        arguments = {"titles": list(intent.subjects), "section": intent.aspect}
        part, aligned = await self._reader.call("compare_articles", arguments, CompareOutput)
        if aligned is None:
            return answer
        sources = merged([*answer.sources, *sources_of(part)])
        text = f"{answer.text}\n\n{compose.heading(intent.aspect)}\n\n{compose.comparison(aligned)}"
        return replace(answer, text=text, sources=sources, further=[part])

    async def _search(self, intent: Intent) -> Direct | None:
        result, found = await self._reader.call("search", {"query": intent.subjects[0]}, SearchOutput)
        if found is None:
            return Direct(f"{NOT_COVERED} {compose.refusal(result.text)}", intent.shape, found=False, key=result)
        return Direct(compose.hits(found), intent.shape, found=True, sources=compose.hit_sources(found), key=result)

    async def _overview(self, intent: Intent, question: str) -> Direct:
        title = intent.subjects[0]
        result, found = await self._reader.call("article_overview", {"title": title}, OverviewOutput)
        if found is not None:
            if Question(question).explains:
                explained = await self._reader.explained(found, intent.shape, result)
                return replace(explained, text=_noted(found.note, explained.text))
            return sourced(_noted(found.note, compose.overview(found)), intent.shape, result)
        titles = compose.suggested_titles(result.text)
        if len(titles) > 1 and all(_is_meaning_of(other, title) for other in titles[:2]):
            self._focus.meanings = titles
            return Direct(compose.refusal(result.text), intent.shape, found=False, key=result)
        if titles and is_typo_of(title, titles[0]):
            result, found = await self._reader.call("article_overview", {"title": titles[0]}, OverviewOutput)
            if found is not None:
                instead = f'No article is titled "{title}"; this is {found.title}.'
                return sourced(_noted(instead, compose.overview(found)), intent.shape, result)
        if (parts := split_aspect(title)) and (answer := await self._aspect(parts[1], parts[0], Shape.ASPECT)):
            return answer
        if self._focus.articles:
            # "What are the symptoms?" after reading about a disease: a section of what was read last.
            about = self._focus.articles[0][2]
            if answer := await self._aspect(about, title, Shape.ASPECT, sections_only=True):
                return answer
        return await self._reader.read_about(question, subject=title)

    async def _aspect(self, title: str, aspect: str, shape: Shape, *, sections_only: bool = False) -> Direct | None:
        """Read the section of an article that is named like `aspect`, else the passage about it."""
        result, found = await self._reader.call(
            "article_overview", {"title": title, "max_sections": ALL_SECTIONS}, OverviewOutput
        )
        if found is None:
            return None
        name = _section_named(aspect, found)
        if name:
            arguments = {"title": found.title, "section": name, "path": found.path, "zim": found.zim}
            part, text = await self._reader.call("get_article_section", arguments, SectionOutput)
            if text is not None:
                return sourced(compose.section(text), shape, part)
        if sections_only:
            return None
        asked = Question(f"{aspect} {found.title}")
        passage = best_passage(asked, found)
        if passage is None or passage.coverage < ENOUGH_COVERAGE:
            return None
        return await self._reader.quoted(asked, passage, found, result, shape)


def _noted(note: str | None, text: str) -> str:
    """Put before an answer what the person must know of it, such as another title than the one asked for."""
    return f"({note}) {text}" if note else text


def _is_meaning_of(title: str, asked: str) -> bool:
    """Whether a suggested title is one meaning of an ambiguous one: it holds all of its words."""
    return set(words(asked)) <= set(words(title))


def _section_named(aspect: str, article: OverviewOutput) -> str | None:
    """Return the section whose title says all of what is asked for, the shortest of several."""
    asked = set(content_stems(aspect))
    fitting = [
        item.title
        for item in article.available_sections
        if item.title and asked and asked <= set(content_stems(item.title))
    ]
    return min(fitting, key=len) if fitting else None
