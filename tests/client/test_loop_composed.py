"""A model of which only the calls are trusted: the host answers as they ask, and its words have to measure up."""

import json
from collections.abc import Callable

import pytest
from tests.client.test_loop import Scripted

from zimfo_client.agent.loop import ModelConversation
from zimfo_client.agent.turn import Grounding, Intents
from zimfo_client.engine.base import Engine
from zimfo_client.host import ToolHost
from zimfo_client.profile import get_profile
from zimfo_shared.wire import Location

HERE = Location(lat=37.5055, lon=-122.2605)


def call(name: str, **arguments: object) -> str:
    return f"```tool_call\n{json.dumps({'function': name, 'parameters': arguments})}\n```"


@pytest.fixture
def scripted(smol: Engine) -> Scripted:
    return Scripted(smol, get_profile("embedded"))


@pytest.fixture
def converse(host: ToolHost, scripted: Scripted) -> Callable[..., ModelConversation]:
    def make(intents: Intents = Intents.NONE, **options: object) -> ModelConversation:
        settings = {"model": "scripted", "location": HERE, "grounding": Grounding.STRICT, **options}
        return ModelConversation(host, scripted, get_profile("embedded"), intents=intents, **settings)

    return make


async def test_the_prompt_names_no_tool_and_no_place(converse, scripted: Scripted):
    scripted.replies = [call("what_is_here")]
    answer = await converse().ask("Which town is this, by the way?")

    assert "near_named_place" not in scripted.prompts[0]
    assert "37.5" not in scripted.prompts[0]
    assert "San Carlos" in answer.text
    assert [made.name for made in answer.tool_calls] == ["what_is_here"]
    assert len(answer.steps) == 1


async def test_a_call_tells_the_article_and_the_host_what_it_says_of_the_rest(converse, scripted: Scripted):
    scripted.replies = [call("article_overview", title="ada lovelace"), "She was born in 1815 in London."]
    answer = await converse().ask("In which year was Ada Lovelace born?")

    assert "1815" in answer.text
    assert answer.tool_calls[0].name == "article_overview"
    assert {source.title for source in answer.sources} == {"Ada Lovelace"}
    assert '{"title": "Ada Lovelace", "lead": ' in scripted.prompts[1]


@pytest.mark.parametrize(
    "said", ["She was born in 1799.", "Ada Lovelace was a mathematician.", "", call("search", query="Lovelace")]
)
async def test_words_that_stray_or_say_less_give_way(converse, scripted: Scripted, said: str):
    scripted.replies = [call("article_overview", title="Ada Lovelace"), said]
    answer = await converse().ask("In which year was Ada Lovelace born?")

    assert "1815" in answer.text
    assert "1799" not in answer.text
    assert "tool_call" not in answer.text


async def test_a_follow_up_needs_no_call_and_has_its_source(converse, scripted: Scripted):
    conversation = converse()
    scripted.replies = [call("article_overview", title="Malaria"), "Malaria is a disease.", "I do not know."]
    await conversation.ask("Tell me about malaria")
    answer = await conversation.ask("And what are its symptoms?")

    assert "fever" in answer.text.lower()
    assert [(source.title, source.section) for source in answer.sources][:1] == [("Malaria", "Symptoms")]
    assert not {"search", "article_overview"} & {made.name for made in answer.tool_calls}


async def test_what_was_read_already_is_not_called_for_again(converse, scripted: Scripted):
    conversation = converse()
    again = call("article_overview", title="Malaria")
    scripted.replies = [again, "Malaria is a disease.", again, "Fever."]
    await conversation.ask("Tell me about malaria")
    answer = await conversation.ask("What are its symptoms?")

    assert not {"search", "article_overview"} & {made.name for made in answer.tool_calls}
    assert "fever" in answer.text.lower()


async def test_a_call_that_finds_nothing_gives_way_to_a_search(converse, scripted: Scripted):
    scripted.replies = [call("near_named_place", place="Ada Lovelace", kinds=["birthplace"]), "1815."]
    answer = await converse().ask("In which year was Ada Lovelace born?")

    assert "1815" in answer.text
    assert {source.title for source in answer.sources} == {"Ada Lovelace"}


async def test_what_no_archive_holds_is_said_to_be_missing(converse, scripted: Scripted):
    scripted.replies = [call("article_overview", title="Zebra")]
    answer = await converse().ask("What do zebras eat?")

    assert "do not cover" in answer.text
    assert answer.sources == []


async def test_lists_and_ways_are_composed_from_the_whole_result(converse, scripted: Scripted):
    conversation = converse()
    scripted.replies = [
        call("near_named_place", place="San Carlos", kinds=["bar"]), call("route_from_places", destination="Palo Alto"),
        call("route_status"),
    ]  # fmt: skip
    bars = await conversation.ask("Is there a bar in San Carlos?")
    way = await conversation.ask("How would one get to Palo Alto?")
    left = await conversation.ask("And how much of that is left?")

    assert "1. " in bars.text
    assert "by car: " in way.text
    assert " to Palo Alto" in left.text
    assert [len(answer.steps) for answer in (bars, way, left)] == [1, 1, 1]


async def test_rules_decide_what_they_recognise_and_the_model_the_rest(converse, scripted: Scripted):
    conversation = converse(Intents.ALL)
    scripted.replies = [call("article_overview", title="Golden Gate Bridge"), "It is orange."]
    recognised = await conversation.ask("Where am I?")
    other = await conversation.ask("Of what colour is the Golden Gate Bridge?")

    assert recognised.steps == []
    assert "orange" in other.text
    assert len(scripted.prompts) == 2


async def test_raw_leaves_everything_to_the_model(converse, scripted: Scripted):
    scripted.replies = [call("article_overview", title="Ada Lovelace"), "She was born in 1799."]
    answer = await converse(raw=True, grounding=Grounding.OFF).ask("In which year was Ada Lovelace born?")

    assert answer.text == "She was born in 1799."
