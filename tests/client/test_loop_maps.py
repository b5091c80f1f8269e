"""Map questions in a conversation with a model: what the host decides, and which coordinates reach the server."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.client.test_loop import Scripted, call
from tests.client.test_places_direct import HERE, ROUTE, STATUS, WHERE, near, place

from zimfo_client.agent.loop import ModelConversation
from zimfo_client.agent.turn import Grounding, Intents
from zimfo_client.engine.base import Engine
from zimfo_client.profile import get_profile
from zimfo_client.results import ToolResult
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.contract import Output
from zimfo_shared.wire import Location


class Maps:
    """A tool host whose server is a table of payloads; keeps every call with the location sent beside it."""

    def __init__(self, **payloads: Output) -> None:
        self.payloads = payloads
        self.calls: list[tuple[str, dict[str, Any], Location | None]] = []
        self.tools = [
            {"name": name, "description": contract.description, "inputSchema": contract.input_schema()}
            for name, contract in CATALOGUE.items()
        ]

    async def call(self, name: str, arguments: Mapping[str, Any], location: Location | None = None) -> ToolResult:
        self.calls.append((name, dict(arguments), location))
        found = self.payloads.get(name)
        payload = found.payload() if found else None
        return ToolResult(name, dict(arguments), "{}" if found else "Nothing is known.", payload, 1.0)


@pytest.fixture
def maps() -> Maps:
    return Maps(
        near_places=near(place("The Pub", 120, 35.9012, 14.5034)),
        near_named_place=near(place("The Pub", 120, 35.9012, 14.5034)),
        what_is_here=WHERE,
        route_from_places=ROUTE,
        route_status=STATUS,
    )


@pytest.fixture
def scripted(smol: Engine) -> Scripted:
    return Scripted(smol, get_profile("chatml"))


@pytest.fixture
def converse(maps: Maps, scripted: Scripted) -> Callable[..., ModelConversation]:
    def make(intents: Intents = Intents.MISTRAINED, profile: str = "chatml") -> ModelConversation:
        return ModelConversation(
            maps, scripted, get_profile(profile), model="scripted", intents=intents, location=HERE,  # type: ignore[arg-type]
            grounding=Grounding.OFF,
        )  # fmt: skip

    return make


async def test_invented_coordinates_do_not_reach_the_server(converse, maps: Maps, scripted: Scripted):
    scripted.replies = [call("near_places", kind="bar", lat=37.7749, lon=-122.4194), "The Pub."]
    answer = await converse().ask("Where could we have a beer tonight, do you think?")

    name, arguments, location = maps.calls[0]
    assert (name, arguments["lat"], arguments["lon"], location) == ("near_places", 35.9, 14.5, HERE)
    assert '"results": [{"name": "The Pub"' in scripted.prompts[1]
    assert answer.text == "The Pub."
    assert [source.archive for source in answer.sources] == ["malta"]


async def test_coordinates_of_a_result_or_of_the_person_are_kept(converse, maps: Maps, scripted: Scripted):
    conversation = converse()
    scripted.replies = [
        call("near_named_place", place="Valletta"), "The Pub.", call("near_places", lat=35.9012, lon=14.5034), "It.",
        call("near_places", lat=36.05, lon=14.25), "That.",
    ]  # fmt: skip
    await conversation.ask("Could we have a beer in Valletta tonight, do you think?")
    await conversation.ask("And what would be beside that pub, do you think?")
    await conversation.ask("And would there be anything beside 36.05, 14.25 perhaps?")

    assert [call[1].get("lat") for call in maps.calls] == [None, 35.9012, 36.05]


async def test_an_invented_destination_is_refused_before_it_is_sent(converse, maps: Maps, scripted: Scripted):
    scripted.replies = [call("route_from_places", destination="37.77,-122.42"), "I cannot say."]
    await converse().ask("We would like to see the old harbour, so which road is it?")

    assert maps.calls == []
    assert "Call route_from_places again with the name of the place" in scripted.prompts[1]


async def test_ways_are_answered_without_the_model_and_stay_in_the_transcript(converse, maps, scripted: Scripted):
    conversation = converse()
    route = await conversation.ask("Directions from Valletta to Mosta")
    left = await conversation.ask("How much longer?")
    scripted.replies = ["Yes."]
    await conversation.ask("And is that a pleasant drive, would you say?")

    assert route.text.startswith("Valletta to Mosta by car")
    assert (route.stopped, left.stopped) == ("direct", "direct")
    assert [source.archive for source in left.sources] == ["malta"]
    assert '{"name": "route_from_places", "arguments": {"origin": "Valletta"' in scripted.prompts[0]
    assert '{"summary": "Valletta to Mosta: 8.1 km' in scripted.prompts[0]


async def test_where_the_person_is_is_looked_up_by_the_host_and_phrased_by_the_model(converse, maps, scripted):
    scripted.replies = ["You are in Floriana, Malta."]
    answer = await converse().ask("Where am I?")

    assert answer.text == "You are in Floriana, Malta."
    assert maps.calls[0][:2] == ("what_is_here", {"lat": 35.9, "lon": 14.5})


async def test_a_small_model_leaves_lists_of_places_as_they_are(converse, maps: Maps, scripted: Scripted):
    answer = await converse(Intents.ALL).ask("Bars near Valletta")

    assert scripted.prompts == []
    assert "1. The Pub (bar), 120 m north" in answer.text


@pytest.mark.parametrize("profile", ["chatml", "lfm2.5-zimfo"])
async def test_the_location_is_written_once_and_never_into_the_fold(converse, scripted: Scripted, profile: str):
    conversation = converse(profile=profile)
    scripted.replies = ["One.", "Two."]
    await conversation.ask("What comes first, would you say?")
    await conversation.ask("What comes second, would you say?")

    fold, _, turn = scripted.prompts[0].partition("What comes first")[0].rpartition("currentLocation: ")
    assert turn.startswith("lat=35.9 lon=14.5\n\n")
    assert "lat=35.9" not in fold
    assert scripted.prompts[1].count("lat=35.9") == 1
    if profile == "chatml":
        assert fold.endswith("<|im_start|>user\n")
