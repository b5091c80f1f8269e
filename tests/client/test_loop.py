"""The loop between model and tools: a real server, a real tokenizer and transcript; the model's words are given.

What a model samples cannot be ordered, so `Scripted` samples what a test tells it and leaves the rest to the engine.
"""

import json
from collections.abc import Callable

import pytest

from zimfo_client.agent.loop import (
    DROPPED,
    FORCED_ANSWER,
    MAX_ROUNDS,
    NO_ANSWER,
    ModelConversation,
)
from zimfo_client.agent.turn import Grounding, Intents, Watcher
from zimfo_client.engine import EngineOverrides, Generation, SamplingSettings, load_engine
from zimfo_client.engine.base import Engine, OnPrefill, OnText, ShouldStop
from zimfo_client.errors import ContextFullError, EngineError
from zimfo_client.host import ToolHost
from zimfo_client.profile import Profile, get_profile
from zimfo_client.transcript import Transcript


class Scripted:
    """An engine whose replies are given; tokenizer, vocabulary and end of turn are the real ones."""

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self._engine = engine
        self._end = profile.turns.assistant_close
        self.replies: list[str | Exception] = []
        self.prompts: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def generate(
        self,
        transcript: Transcript,
        sampling: SamplingSettings,
        *,
        on_text: OnText | None = None,
        on_prefill: OnPrefill | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Generation:
        before = len(transcript)
        self.prompts.append(transcript.text())
        reply = self.replies.pop(0) if self.replies else "Nothing more."
        if isinstance(reply, Exception):
            raise reply
        for token in self._engine.tokenize(reply + self._end, trusted=True):
            transcript.append_sampled(token)
        if on_text:
            on_text(reply)
        tokens = tuple(transcript.tokens[before:])
        return Generation(reply, tokens, "end", before, before, len(tokens), 1.0, 1.0, 1.0)


def call(name: str, **arguments: object) -> str:
    """A call as the profile's models write it."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


@pytest.fixture
def scripted(smol: Engine) -> Scripted:
    return Scripted(smol, get_profile("chatml"))


@pytest.fixture
def converse(host: ToolHost, scripted: Scripted) -> Callable[..., ModelConversation]:
    def make(**options: object) -> ModelConversation:
        settings = {
            "model": "scripted", "intents": Intents.MISTRAINED, "grounding": Grounding.OFF, **options,
        }  # fmt: skip
        return ModelConversation(host, scripted, get_profile("chatml"), **settings)

    return make


async def test_a_call_is_made_and_its_result_leads_to_the_answer(converse, scripted: Scripted):
    scripted.replies = [call("article_overview", title="Sunset"), "The Sun goes down."]
    shown: list[str] = []

    answer = await converse(watcher=Watcher(on_text=shown.append)).ask("What is a sunset?")

    assert answer.text == "The Sun goes down."
    assert [(made.name, made.ok) for made in answer.tool_calls] == [("article_overview", True)]
    assert [source.title for source in answer.sources] == ["Sunset"]
    assert '<tool_response>\n{"title": "Sunset", "lead": ' in scripted.prompts[1]
    assert "".join(shown) == "The Sun goes down.\n"
    assert answer.shown
    assert len(answer.steps) == 2


async def test_a_refusal_reaches_the_model_as_an_error(converse, scripted: Scripted):
    scripted.replies = [call("article_overview", title="Xyzzy Plugh"), "There is nothing."]

    answer = await converse().ask("Who is Xyzzy Plugh?")

    assert not answer.tool_calls[0].ok
    assert '{"error": "No article is titled' in scripted.prompts[1]
    assert answer.sources == []


async def test_the_same_call_is_made_once(converse, scripted: Scripted):
    again = call("article_overview", title="Sunset")
    scripted.replies = [again, again, "Done."]

    answer = await converse().ask("What is a sunset?")

    assert len(answer.tool_calls) == 1
    assert "This call was made already" in scripted.prompts[2]


async def test_an_unknown_tool_is_answered_with_the_known_ones(converse, scripted: Scripted):
    scripted.replies = [call("fly_to_the_moon", when="now"), "I cannot."]

    answer = await converse().ask("Fly me to the moon, will you not?")

    assert answer.tool_calls == []
    assert "There is no tool fly_to_the_moon. Tools: search, article_overview" in scripted.prompts[1]


async def test_endless_calls_end_in_a_forced_answer(converse, scripted: Scripted):
    scripted.replies = [call("search", query=f"sunset {number}") for number in range(MAX_ROUNDS)] + ["Enough."]

    answer = await converse().ask("What is there to find, in general terms?")

    assert answer.text == "Enough."
    assert answer.stopped == "cap"
    assert len(answer.tool_calls) == MAX_ROUNDS
    assert FORCED_ANSWER in scripted.prompts[-1]


async def test_where_a_model_says_nothing_the_archives_answer(converse, scripted: Scripted):
    scripted.replies = ["   "] * 2

    answer = await converse().ask("What causes malaria?")
    raw = await converse(raw=True).ask("What causes malaria?")

    assert "Plasmodium" in answer.text
    assert {source.title for source in answer.sources} == {"Malaria"}
    assert raw.text == NO_ANSWER


async def test_an_article_is_read_aloud_without_the_model(converse, scripted: Scripted):
    answer = await converse().ask("Read me the article about Sunset")

    assert scripted.prompts == []
    assert answer.steps == []
    assert len(answer.text) > 2_000
    assert [made.name for made in answer.tool_calls] == ["narrate_article"]


async def test_a_faithful_phrase_is_taken_and_a_stray_one_replaced(converse, scripted: Scripted):
    conversation = converse(intents=Intents.ALL)
    scripted.replies = ["Sunset is the daily disappearance of the Sun below the western horizon.", "It began in 1066."]

    faithful = await conversation.ask("Tell me about Sunset.")
    stray = await conversation.ask("Tell me about LIGO.")

    assert faithful.text == "Sunset is the daily disappearance of the Sun below the western horizon."
    assert "1066" not in stray.text
    assert "LIGO" in stray.text


async def test_undo_takes_back_the_last_turn_and_retry_repeats_it(converse, scripted: Scripted):
    conversation = converse()
    scripted.replies = ["One.", "Two.", "Three."]
    await conversation.ask("What comes first, would you say?")
    await conversation.ask("What comes second, would you say?")

    retried = await conversation.retry()
    undone = conversation.undo()

    assert retried is not None
    assert (retried.question, retried.text) == ("What comes second, would you say?", "Three.")
    assert scripted.prompts[2] == scripted.prompts[1]
    assert undone
    assert conversation.undo()
    assert not conversation.undo()
    assert await conversation.retry() is None


async def test_a_failed_turn_leaves_the_conversation_as_it_was(converse, scripted: Scripted):
    conversation = converse()
    scripted.replies = ["One.", EngineError("llama.cpp fell over"), "Two."]
    await conversation.ask("What comes first, would you say?")

    with pytest.raises(EngineError):
        await conversation.ask("And what is it that fails now?")
    await conversation.ask("And what is it that works now?")

    assert "fails now" not in scripted.prompts[2]
    assert "What comes first" in scripted.prompts[2]


async def test_a_full_context_drops_earlier_turns_and_says_so(host: ToolHost, smol_path):
    notices: list[str] = []
    profile = get_profile("chatml")
    engine = load_engine(smol_path, profile, EngineOverrides(n_ctx=1_280, seed=1))
    conversation = ModelConversation(
        host, engine, profile, model="embedded", intents=Intents.ALL, watcher=Watcher(on_notice=notices.append)
    )
    try:
        answers = [await conversation.ask(f"Tell me about {title}.") for title in ("Sunset", "LIGO", "Malaria")]
    finally:
        conversation.close()

    assert DROPPED in notices
    assert [answer.sources[0].title for answer in answers] == ["Sunset", "LIGO", "Malaria"]


async def test_a_question_that_can_never_fit_is_an_error(host: ToolHost, smol_path):
    profile = get_profile("chatml")
    engine = load_engine(smol_path, profile, EngineOverrides(n_ctx=512))
    conversation = ModelConversation(host, engine, profile, model="embedded", intents=Intents.NONE)
    try:
        with pytest.raises(ContextFullError):
            await conversation.ask("Why is that? " * 200)
    finally:
        conversation.close()


async def test_an_answer_without_a_look_gives_way_to_what_the_archives_say(converse, scripted: Scripted):
    shown: list[str] = []
    scripted.replies = ["Malaria is caused by bad air, as Hippocrates knew in 1234.", "Hello yourself!"]
    conversation = converse(grounding=Grounding.STRICT, watcher=Watcher(on_text=shown.append))

    answer = await conversation.ask("What causes malaria?")

    assert "Plasmodium" in answer.text
    assert "1234" not in answer.text + "".join(shown)
    assert {source.title for source in answer.sources} == {"Malaria"}
    assert "1234" not in conversation._dialogue.transcript.text()
    assert (await converse(grounding=Grounding.STRICT).ask("Hello!")).text == "Hello yourself!"


async def test_what_the_archives_do_not_hold_is_said_instead_of_what_a_model_remembers(converse, scripted: Scripted):
    prior = "Zebras eat grass, as David Attenborough says."
    scripted.replies = [prior, prior]

    strict = await converse(grounding=Grounding.STRICT).ask("What do zebras eat?")
    allowed = await converse(grounding=Grounding.MARKED).ask("What do zebras eat?")

    assert strict.text == "The archives do not cover this."
    assert allowed.text == f"{prior}\n(Not found in the archives: David, Attenborough.)"


async def test_a_number_that_no_result_holds_is_marked(converse, scripted: Scripted):
    look = call("article_overview", title="Golden Gate Bridge")
    shown: list[str] = []
    scripted.replies = [
        look,
        "It opened in 1937 and is 1234 metres long.",
        look,
        "It opened in 1937.",
        "In 1937, and 1999.",
    ]
    conversation = converse(grounding=Grounding.STRICT, watcher=Watcher(on_text=shown.append))

    assert (await conversation.ask("How long is it?")).text.endswith("\n(Not found in the archives: 1234.)")
    assert "".join(shown).endswith("(Not found in the archives: 1234.)\n")
    conversation.undo()
    assert (await conversation.ask("When did it open?")).text == "It opened in 1937."
    assert (await conversation.ask("And then?")).text.endswith("(Not found in the archives: 1999.)")


async def test_raw_carries_out_what_the_model_writes(converse, scripted: Scripted):
    again = call("article_overview", title="Sunset")
    scripted.replies = [again, again, "Done in 1234."]

    answer = await converse(raw=True).ask("What is a sunset?")

    assert len(answer.tool_calls) == 2
    assert answer.text == "Done in 1234."
