"""A conversation with a model: render, decode, parse, call, compact, answer.

The transcript only grows. Whatever the host decides instead of the model (a call for a recognised question shape, an
article read aloud) is written into it as if the model had done so.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from pydantic import ValidationError

from zimfo_client.agent.answer import Answer, Recorder
from zimfo_client.agent.compact import compact
from zimfo_client.agent.copied import as_asked
from zimfo_client.agent.dialogue import Dialogue
from zimfo_client.agent.direct import TOOLS, DirectAnswerer
from zimfo_client.agent.focus import Focus
from zimfo_client.agent.grounding import strays, unsupported
from zimfo_client.agent.intents import recognise
from zimfo_client.agent.location import settled
from zimfo_client.agent.passages import Question
from zimfo_client.agent.places_direct import Direct
from zimfo_client.agent.reading import ArticleReader
from zimfo_client.agent.shape import MAP_SHAPES, Shape
from zimfo_client.agent.stepping import Stepper, compacted_result
from zimfo_client.agent.turn import HINTED_FRUITLESS, Evidence, Grounding, Intents, Turn, Watcher
from zimfo_client.calls import CallGate, ParsedReply, ToolCall
from zimfo_client.engine.base import Engine
from zimfo_client.errors import ClientError
from zimfo_client.fold import fold_tools, grammar_for
from zimfo_client.host import ToolHost
from zimfo_client.languages import NAMES, language_of
from zimfo_client.metrics import engine_times, engine_usage, stats_lines, step_line
from zimfo_client.profile import Profile
from zimfo_client.results import ToolResult, merged, sources_of
from zimfo_client.text import content_stems
from zimfo_client.transcript import Mark, Segment
from zimfo_shared.articles import OverviewOutput
from zimfo_shared.wire import Location

MAX_ROUNDS: Final = 6  # rounds of calls in a turn; the corpus never needs more than two
MAX_CALLS: Final = 4  # calls taken from one reply; more is a model that has lost its way
KEPT_EVIDENCE: Final = 50  # exchanges whose results an answer may stand on
FORCED_ANSWER: Final = "No more tool calls are possible. Answer now, in one to three sentences, from the results."
# Behind a result that the host fetched for a model too small to know what to do with one.
PHRASE_IT: Final = "\nAnswer the question in one or two sentences, using only the text above."
ENOUGH_TRIED: Final = "Nothing was found several times. Say that the archives do not cover this, and stop looking."
NO_ANSWER: Final = "The model gave no answer. Ask again, or try --direct."
DROPPED: Final = "The conversation no longer fits the model's context; earlier turns were dropped."
ACKNOWLEDGED_CHARS: Final = 300  # of an article read aloud that stay in the transcript; the person has the rest
NOT_FOUND: Final = "(Not found in the archives: {what}.)"
MAX_MARKED: Final = 6  # numbers and names that such a mark lists


# What tuned models get wrong (zimfo-behaviour §0.6) and what needs no model at all.
_MISTRAINED: Final = frozenset({Shape.NARRATE, Shape.ROUTE, Shape.STATUS, Shape.HERE, Shape.STORIES})
# Composed answers that a model could only spoil: whole articles, step by step directions.
_AS_COMPOSED: Final = frozenset({Shape.NARRATE, Shape.ROUTE, Shape.STATUS})
_COMPOSED_FOR_SMALL: Final = _AS_COMPOSED | MAP_SHAPES | {Shape.COMPARE, Shape.SEARCH}


class ModelConversation:
    """A conversation of one model with one tool server; see `Conversation`."""

    def __init__(
        self,
        host: ToolHost,
        engine: Engine,
        profile: Profile,
        *,
        model: str,
        intents: Intents,
        location: Location | None = None,
        seed: int | None = None,
        grammar: bool = True,
        grounding: Grounding = Grounding.STRICT,
        raw: bool = False,
        watcher: Watcher | None = None,
    ) -> None:
        """Begin a conversation. `raw` carries out what the model writes as it is: no repair from context."""
        self._host = host
        self._engine = engine
        self._profile = profile
        self._model = model
        self._intents = intents
        self._location = location
        self._sampling = profile.sampling_settings(seed=seed)
        if grammar:
            self._sampling = replace(self._sampling, calls=grammar_for(host.tools, profile))
        self._grounding, self._raw = grounding, raw
        self._evidence: list[Evidence] = []  # of each exchange
        self._watch = watcher or Watcher()
        self._unanswered: str | None = None
        self._tools = {tool["name"]: list(tool["inputSchema"].get("properties", {})) for tool in host.tools}
        self._focus = Focus()
        self._dialogue = Dialogue(
            engine,
            profile,
            fold_tools(host.tools, profile),
            location=location,
            max_tokens=self._sampling.max_tokens,
            ahead=[*profile.instruction(FORCED_ANSWER), *profile.answer_open()],
            on_dropped=lambda: self._notice(DROPPED),
        )
        self._steps = Stepper(engine, profile, self._sampling, self._tools, self._dialogue, self._watch)

    async def ask(self, question: str) -> Answer:
        """Answer a question. Raises a `ClientError` when none can be given; the conversation is then as before."""
        focus, evidence = self._focus.copy(), list(self._evidence)
        try:
            answer = await self._turn(question)
        except BaseException:
            self._dialogue.abandon()
            self._focus, self._evidence = focus, evidence
            self._unanswered = question
            raise
        self._dialogue.settle(focus)
        self._unanswered = None
        return answer

    def undo(self) -> bool:
        """Forget the last question and its answer."""
        self._unanswered = None
        exchange = self._dialogue.undo()
        if exchange is None:
            return False
        self._focus = exchange.focus
        del self._evidence[-1:]
        return True

    async def retry(self) -> Answer | None:
        """Answer the last question anew, be it one that was not answered."""
        if self._unanswered is not None:
            return await self.ask(self._unanswered)
        if not self._dialogue.exchanges:
            return None
        question = self._dialogue.exchanges[-1].question
        self.undo()
        return await self.ask(question)

    def stats(self) -> list[str]:
        """Return what the conversation has cost so far."""
        held, n_ctx = len(self._dialogue.transcript), self._engine.info.n_ctx
        return [f"Context: {held} of {n_ctx} tokens", *stats_lines(self._steps.generations)]

    def close(self) -> None:
        """Free the model."""
        self._engine.close()

    async def _turn(self, question: str) -> Answer:
        turn = Turn(question, Recorder(self._host, self._location, self._watch.on_call))
        self._dialogue.begin(question)
        self._focus.points.hear(question)
        text = await self._decided(turn)
        if text is None:
            text = await self._loop(turn)
        self._evidence = [*self._evidence, turn.evidence()][-KEPT_EVIDENCE:]
        if self._watch.on_trace:
            self._watch.on_trace(self._dialogue.text())
            for generation in turn.generations:
                self._watch.on_trace(step_line(generation))
        return Answer(
            question=question,
            text=text,
            model=self._model,
            tool_calls=turn.recorder.calls,
            sources=turn.sources,
            steps=turn.steps,
            timing=turn.recorder.timing(**engine_times(turn.generations)),
            usage=engine_usage(turn.generations),
            stopped=turn.stopped,
            shown=turn.shown,
        )

    async def _decided(self, turn: Turn) -> str | None:
        """Answer a shape that is not left to the model; None when the model is to decide."""
        if self._intents is Intents.NONE or not self._tools.keys() >= TOOLS:
            return None
        shape = recognise(turn.question).shape
        if self._intents is Intents.MISTRAINED and shape not in _MISTRAINED:
            return None
        answerer = self._answerer(turn, deepen=True)
        if self._profile.composed and shape is Shape.QUESTION:
            # No rule tells what is asked, and the model may: unless the conversation has the answer already.
            direct = await answerer.from_context(turn.question)
            return await self._carried_over(turn, direct) if direct is not None else None
        return await self._carried_over(turn, await answerer.answer(turn.question))

    async def _carried_over(self, turn: Turn, direct: Direct, *, called: bool = False) -> str:
        """Take a composed answer into the transcript, and let the model put it into words where it may.

        `called` says that the model has written the call there itself.
        """
        turn.sources = direct.sources
        # A model too small to choose tools also spoils a list of places: it mixes up names and distances.
        small = self._intents is Intents.ALL or self._profile.composed
        composed = _COMPOSED_FOR_SMALL if small else _AS_COMPOSED
        plain = not direct.found or direct.key is None or direct.shape in composed
        plain = plain or (self._profile.composed and Question(turn.question).wants_account)
        read = [direct.key, *direct.further] if direct.key is not None else []
        for number, result in enumerate(read):
            if number or not called:
                self._dialogue.add(self._profile.host_call(result.name, result.arguments))
            alone = plain or self._profile.composed
            shown = compacted_result(result, turn.question) if alone else await self._steps.noted(turn, result)
            word = "" if alone or number < len(read) - 1 else _phrase_it(turn.question)
            closed = self._dialogue.is_closed()

            def rendered(
                results: Sequence[tuple[str, str]], word: str = word, *, closed: bool = closed
            ) -> list[Segment]:
                return self._profile.tool_results([(name, text + word) for name, text in results], closed=closed)

            self._dialogue.add_results([shown], rendered)
        if plain:
            # Nothing to phrase: a refusal, a greeting, or the article itself.
            self._dialogue.add(self._profile.host_answer(direct.text[:ACKNOWLEDGED_CHARS]))
            turn.stopped = "direct"
            return direct.text
        return await self._phrased(turn, direct)

    async def _phrased(self, turn: Turn, direct: Direct) -> str:
        """Let the model put a result into words; where these stray from it, the composed answer stands."""
        generation = await self._steps.generate(turn)
        assert direct.key is not None
        text = self._steps.parsed(generation).text.strip().strip('"')
        read = " ".join(_as_json(result, turn.question) for result in [direct.key, *direct.further])
        if not text or strays(text, f"{read} {turn.question}"):
            return direct.text
        return text if self._measures_up(turn, text, direct) else direct.text

    def _measures_up(self, turn: Turn, text: str, direct: Direct) -> bool:
        """Whether what a model says answers the question as well as what the host has composed, and in its words."""
        if not self._profile.composed:
            return True
        asked, title = Question(turn.question), " ".join(source.title for source in direct.sources)
        if asked.wants_account or direct.shape in _COMPOSED_FOR_SMALL or strays(text, f"{direct.text} {title}"):
            return False
        return asked.fit(text, title) >= asked.fit(direct.text, title)

    async def _loop(self, turn: Turn) -> str:
        """Let the model call tools until it answers, or until it must."""
        made: set[str] = set()
        for _ in range(MAX_ROUNDS):
            if turn.is_spent():
                break
            # Prose that no result stands behind is not shown before it is known what becomes of it.
            composes = self._profile.composed and not self._raw
            gate = self._steps.gate() if self._may_show(turn) and not composes else None
            before = self._dialogue.place()
            generation = await self._steps.generate(turn, gate)
            reply = self._steps.parsed(generation)
            if composes:
                composed = await self._composed(turn, reply, before)
                if composed is not None:
                    return composed
            if not reply.calls:
                turn.stopped = generation.stopped
                unsaid = gate is None or not (reply.text.strip() or self._raw)
                if unsaid and (instead := await self._looked_up(turn, reply.text)) is not None:
                    self._dialogue.answer_instead(before, instead[:ACKNOWLEDGED_CHARS])
                    return instead
                return self._finished(turn, gate or self._steps.gate(), reply.text)
            results = [await self._carried_out(turn, call, made) for call in reply.calls[:MAX_CALLS]]
            rendered = partial(self._profile.tool_results, closed=self._dialogue.is_closed())
            compacted = [compacted_result(result, turn.question) for result in results]
            if turn.fruitless >= HINTED_FRUITLESS:
                compacted[-1][1]["hint"] = ENOUGH_TRIED
            self._dialogue.add_results(compacted, rendered)
            await self._read_on(turn, results)
        self._dialogue.add(self._profile.instruction(FORCED_ANSWER, closed=True))
        gate = self._steps.gate()
        generation = await self._steps.generate(turn, gate)
        turn.stopped = "cap"
        return self._finished(turn, gate, self._steps.parsed(generation).text)

    async def _composed(self, turn: Turn, reply: ParsedReply, before: tuple[Mark, int]) -> str | None:
        """Answer as the call of a `composed` model asks to, or as well as its words without one; None to go on."""
        if not self._tools.keys() >= TOOLS:
            return None
        answerer = self._answerer(turn, deepen=True)
        read = " ".join(one.text for one in self._all_read(turn))
        if reply.calls:
            call = as_asked(reply.calls[0], turn.question, read)
            direct = await answerer.looked_up(call, turn.question)
            if direct is None:
                return None
            # A call that led to another one gives way to that; as a rule it is the one that was made.
            made = direct.key is not None and direct.key.name == call.name
            if not made:
                self._dialogue.take_back(before)
            return await self._carried_over(turn, direct, called=made)
        direct = await answerer.from_context(turn.question)
        if direct is None:
            return None
        turn.sources, turn.stopped = direct.sources, "direct"
        if strays(reply.text, read) is None and self._measures_up(turn, reply.text, direct):
            return reply.text.strip()
        self._dialogue.answer_instead(before, direct.text[:ACKNOWLEDGED_CHARS])
        return direct.text

    async def _read_on(self, turn: Turn, results: Sequence[ToolResult]) -> None:
        """Where something is to be explained and only an overview was read, read on in the model's place."""
        trusted = self._intents is Intents.NONE or self._raw
        if trusted or not self._tools.keys() >= TOOLS or not Question(turn.question).explains:
            return
        if any(call.ok and call.name == "get_article_section" for call in turn.recorder.calls):
            return
        read = [result for result in results if result.ok and result.name == "article_overview"]
        if len(read) != 1:
            return
        try:
            article = OverviewOutput.model_validate(read[0].payload)
        except ValidationError:
            return  # a foreign server's article, in a form of its own
        reader = ArticleReader(turn.recorder.call, self._focus, deepen=True)
        for result in await reader.read_on(turn.question, article):
            self._dialogue.add(self._profile.host_call(result.name, result.arguments))
            self._dialogue.add_results([await self._steps.noted(turn, result)], self._profile.tool_results)
            turn.sources = merged([*turn.sources, *sources_of(result)])

    def _answerer(self, turn: Turn, *, deepen: bool = False) -> DirectAnswerer:
        return DirectAnswerer(
            turn.recorder.call, self._focus, tools=self._tools, location=self._location, deepen=deepen
        )

    def _all_read(self, turn: Turn) -> list[Evidence]:
        return [*self._evidence, turn.evidence()]

    def _may_show(self, turn: Turn) -> bool:
        """Whether what the model says now may be shown as it is decoded."""
        return self._grounding is not Grounding.STRICT or any(one.has_results for one in self._all_read(turn))

    async def _looked_up(self, turn: Turn, text: str) -> str | None:
        """Return what the archives say, where a model said nothing, or answered without having looked anything up."""
        if (text.strip() and not content_stems(text)) or not self._tools.keys() >= TOOLS:
            return None
        if recognise(turn.question).shape is Shape.GREETING:
            return None
        direct = await self._answerer(turn).answer(turn.question)
        turn.sources, turn.stopped = direct.sources, "direct"
        return direct.text

    async def _carried_out(self, turn: Turn, call: ToolCall, made: set[str]) -> ToolResult:
        """Make a call of the model's; whatever goes wrong is a result that tells it so."""
        key = json.dumps([call.name, call.arguments], sort_keys=True, ensure_ascii=False)
        if key in made and not self._raw:
            return _refused(call, "This call was made already. Answer from its result.")
        made.add(key)
        if call.name not in self._tools:
            return _refused(call, f"There is no tool {call.name[:60]}. Tools: {', '.join(self._tools)}.")
        try:
            arguments = call.arguments
            if not self._raw:
                arguments = settled(call.name, arguments, self._location, self._focus.points)
            result = await turn.recorder.call(call.name, arguments)
        except ClientError as error:
            result = _refused(call, str(error))
            turn.recorder.note(result)
        turn.judge(result)
        self._focus.see(result)
        turn.sources = merged([*turn.sources, *sources_of(result)])
        return result

    def _finished(self, turn: Turn, gate: CallGate, text: str) -> str:
        self._steps.show(turn, gate.finish())
        if mark := self._mark(turn, text):
            text = f"{text.strip()}\n{mark}"
            if turn.shown:
                self._steps.show(turn, f"\n{mark}")
        if turn.shown and self._watch.on_text:
            self._watch.on_text("\n")
        return text.strip() or NO_ANSWER

    def _mark(self, turn: Turn, text: str) -> str:
        """Return a line that names what no result of the conversation holds, "" when all of it is found."""
        if self._grounding is Grounding.OFF or not text.strip():
            return ""
        evidence = [one.text for one in self._all_read(turn)]
        if self._location is not None:
            evidence.append(f"{self._location.lat} {self._location.lon}")
        missing = unsupported(text, "\n".join(evidence))
        return NOT_FOUND.format(what=", ".join(missing[:MAX_MARKED])) if missing else ""

    def _notice(self, text: str) -> None:
        if self._watch.on_notice:
            self._watch.on_notice(text)


def _phrase_it(question: str) -> str:
    language = NAMES.get(language_of(question))
    return f"{PHRASE_IT} Answer in {language}." if language else PHRASE_IT


def _as_json(result: ToolResult, question: str) -> str:
    return json.dumps(compact(result, question), ensure_ascii=False)


def _refused(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call.name, call.arguments, text, None, 0.0)
