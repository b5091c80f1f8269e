"""Answers about places and ways from tool results; the server stands behind `call`, with payloads of the contracts."""

from collections.abc import Callable
from typing import Any

import pytest

from zimfo_client.agent import compose_places
from zimfo_client.agent.direct import DirectAnswerer
from zimfo_client.agent.focus import Focus
from zimfo_client.agent.places_direct import EMPTY_LIST, NO_JOURNEY, NO_MAP, NO_ROADS, SAY_WHERE, WHICH_PLACE, Direct
from zimfo_client.agent.shape import Shape
from zimfo_client.results import ToolResult
from zimfo_shared.catalogue import ARTICLE_TOOLS, CATALOGUE, PLACE_TOOLS
from zimfo_shared.contract import Output
from zimfo_shared.places import (
    CategoryCount,
    NearOutput,
    Place,
    Point,
    StoriesOutput,
    Story,
    WhatIsHereOutput,
)
from zimfo_shared.routes import RouteOutput, RouteStatusOutput, Step
from zimfo_shared.sphere import haversine_m
from zimfo_shared.wire import Location

HERE = Location(lat=35.9, lon=14.5)
Reply = Output | str | dict[str, Any]


class Server:
    """Answers calls with what a test gives it, a refusal where that is a text; keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Callable[[dict[str, Any]], Reply]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        CATALOGUE[name].input.parse(name, arguments)
        self.calls.append((name, dict(arguments)))
        reply = self.replies.get(name, f"{name} knows nothing.")
        if callable(reply):
            reply = reply(arguments)
        if isinstance(reply, str):
            return ToolResult(name, arguments, reply, None, 1.0)
        payload = reply.payload() if isinstance(reply, Output) else reply
        return ToolResult(name, arguments, str(payload), payload, 1.0)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def ask(server: Server) -> Callable[..., Any]:
    """Ask one question of a conversation that goes on."""
    focus = Focus()

    async def asked(question: str, *, tools: Any = tuple(CATALOGUE), location: Location | None = HERE) -> Direct:
        return await DirectAnswerer(server, focus, tools=tools, location=location).answer(question)

    return asked


def place(name: str, metres: int, lat: float = 35.9, lon: float = 14.5, **more: Any) -> Place:
    return Place(name=name, type="poi", subtype="bar", lat=lat, lon=lon, distance_m=metres, direction="north", **more)


def near(*places: Place, total: int | None = None, radius_km: float = 1.0, **more: Any) -> NearOutput:
    count = len(places) if total is None else total
    values: dict[str, Any] = {
        "origin": Point(lat=35.9, lon=14.5), "radius_km": radius_km, "total_in_radius": count,
        "by_category": [CategoryCount(category="bar", count=count)] if count else [],
        "results_shown": len(places), "results": list(places), "zims": ["malta"], **more,
    }  # fmt: skip
    return NearOutput(**values)


def settlement(name: str, lat: float = 35.9, lon: float = 14.5) -> Place:
    return Place(name=name, type="place", subtype="city", lat=lat, lon=lon)


ROUTE = RouteOutput(
    summary="8.1 km, 14 min, mostly Triq Marina", zim="malta", mode="drive", origin=Point(lat=35.9, lon=14.5),
    destination=Point(lat=35.91, lon=14.42), origin_resolved="Valletta", destination_resolved="Mosta", distance_m=8100,
    distance_km=8.1, duration_s=840, duration_min=14.0, roads=[], geometry="zimfo://route/1",
    steps=[
        Step(instruction="Head west on Triq Marina", maneuver="depart", road="Triq Marina", distance_m=8100,
             duration_s=840, lat=35.9, lon=14.5),
        Step(instruction="Arrive at Mosta", maneuver="arrive", road="", distance_m=0, duration_s=0, lat=35.9, lon=14.4),
    ],
)  # fmt: skip
STATUS = RouteStatusOutput(
    destination_name="Mosta", remaining_m=2400, remaining_km=2.4, remaining_s=300, remaining_minutes=5.0,
    progress_pct=70.0, next_step="Turn right onto Triq il-Kbira", total_steps=9,
)  # fmt: skip
WHERE = WhatIsHereOutput(
    lat=35.9, lon=14.5, nearest_named_place="Floriana, Malta", settlement="Floriana", region="Malta", distance_m=40,
    place_lat=35.9, place_lon=14.5, zim="malta",
)  # fmt: skip


async def test_places_are_listed_with_their_number_and_the_map(server: Server, ask):
    server.replies["near_named_place"] = near(
        place("The Pub", 120, address="Triq l-Ifran"), place("Cantina", 340), total=12, resolved=settlement("Valletta")
    )
    answer = await ask("Bars near Valletta")

    assert answer.text == (
        "12 bars within 1 km of Valletta:\n"
        "1. The Pub (bar), 120 m north, Triq l-Ifran\n2. Cantina (bar), 340 m north\n(10 more)"
    )
    assert [source.label() for source in answer.sources] == ["Places around Valletta (malta)"]
    name, arguments = server.calls[0]
    assert (name, arguments["place"], arguments["kinds"]) == ("near_named_place", "Valletta", ["bar"])


async def test_around_the_person_the_location_is_sent(server: Server, ask):
    server.replies["near_places"] = near(place("The Pub", 120))
    answer = await ask("is there a bar nearby?")

    assert answer.text.startswith("1 bar within 1 km of you:\n1. The Pub")
    assert server.calls[0][1]["lat"] == 35.9


async def test_an_empty_circle_is_widened_and_said_to_be(server: Server, ask):
    server.replies["near_places"] = lambda arguments: (
        near(place("Far", 4_000), radius_km=arguments["radius_km"])
        if arguments["radius_km"] > 4
        else near(radius_km=arguments["radius_km"])
    )
    answer = await ask("nearest pharmacy")

    assert [arguments["radius_km"] for _, arguments in server.calls] == [1.0, 5.0]
    assert answer.text.startswith("The nearest is Far (bar), 4 km north. 1 pharmacy within 5 km of you")


async def test_a_radius_that_was_asked_for_is_kept(server: Server, ask):
    server.replies["near_named_place"] = near(radius_km=0.5)
    answer = await ask("bars within 500 m of Mosta")

    assert len(server.calls) == 1
    assert answer.text == "No bars within 500 m of Mosta."
    assert answer.found


async def test_what_the_server_cannot_answer_is_said_in_its_words(server: Server, ask):
    server.replies["near_named_place"] = "No place is called Xyzzy. Send another name."
    answer = await ask("Bars near Xyzzy")

    assert (answer.text, answer.found, answer.sources) == ("No place is called Xyzzy. Send another name.", False, [])


async def test_an_unknown_location_is_asked_for(server: Server, ask):
    server.replies["near_places"] = "The person's location is not known."
    answer = await ask("coffee near me", location=None)

    assert answer.text == f"The person's location is not known.\n{SAY_WHERE}"
    assert "lat" not in server.calls[0][1]


async def test_where_the_person_is_and_what_is_around(server: Server, ask):
    server.replies["what_is_here"] = WHERE
    server.replies["near_places"] = near(place("The Pub", 120), radius_km=0.5)
    here, around = await ask("Where am I?"), await ask("What's around me?")

    assert here.text == "You are in Floriana, Malta."
    assert around.text.startswith("You are in Floriana, Malta.\n1 place within 500 m of you (1 bar):\n1. The Pub (bar)")
    assert [source.archive for source in around.sources] == ["malta", "malta"]


async def test_a_distant_name_is_not_where_the_person_is(server: Server, ask):
    outside = {"nearest_named_place": "about 2.3 km west of Floriana, Malta", "settlement": None, "distance_m": 2_300}
    server.replies["what_is_here"] = WHERE.model_copy(update=outside)

    assert (await ask("Where am I?")).text == "You are about 2.3 km west of Floriana, Malta."


async def test_a_route_is_told_step_by_step_and_its_status_keeps_the_source(server: Server, ask):
    server.replies["route_from_places"] = ROUTE
    server.replies["route_status"] = STATUS
    route, status = await ask("Directions from Valletta to Mosta"), await ask("How much longer?")

    assert route.text == (
        "Valletta to Mosta by car: 8.1 km, 14 min, mostly Triq Marina.\n"
        "1. Head west on Triq Marina (8.1 km)\n2. Arrive at Mosta"
    )
    assert status.text == "2.4 km and 5 min to Mosta (70 % done). Next: Turn right onto Triq il-Kbira."
    assert [source.label() for source in status.sources] == ["Route from Valletta to Mosta (malta)"]
    assert server.calls[0] == ("route_from_places", {"origin": "Valletta", "destination": "Mosta"})


async def test_the_mode_of_travel_is_sent(server: Server, ask):
    server.replies["route_from_places"] = ROUTE.model_copy(update={"mode": "bicycle"})
    answer = await ask("how do I get to Mosta by bike?")

    assert server.calls[0][1] == {"origin": "my location", "destination": "Mosta", "mode": "bicycle"}
    assert "by bicycle" in answer.text


async def test_there_is_no_route_by_train(server: Server, ask):
    answer = await ask("how do I get to Mosta by train?")

    assert not answer.found
    assert "none by train" in answer.text
    assert server.calls == []


async def test_without_a_journey_there_is_no_status(server: Server, ask):
    assert (await ask("Are we there yet?")).text == NO_JOURNEY


async def test_a_list_can_be_pointed_into(server: Server, ask):
    server.replies["near_named_place"] = near(
        place("One", 10, 35.9, 14.50), place("Two", 20, 35.9, 14.51, phone="+356 123"), place("Three", 30, 35.9, 14.52)
    )
    server.replies["route_from_places"] = ROUTE
    await ask("Bars near Valletta")
    picked = await ask("tell me about the second one")
    route = await ask("directions to the last one")
    there = await ask("how do I get there on foot?")

    assert picked.text == "Two (bar), 20 m north. Phone +356 123. Position 35.90000,14.51000."
    assert server.calls[1] == (
        "route_from_places", {"origin": "my location", "destination": "35.900000,14.520000"},
    )  # fmt: skip
    assert route.text.startswith("Valletta to Three by car")
    assert server.calls[2][1] == {**server.calls[1][1], "mode": "walk"}
    assert there.found


async def test_a_place_that_was_pointed_at_keeps_its_name_on_the_way(server: Server, ask):
    server.replies["near_places"] = near(place("Remedy", 200, 35.91, 14.51))
    arrive = ROUTE.steps[1].model_copy(update={"instruction": "Arrive at 35.9100, 14.5100, on the left"})
    server.replies["route_from_places"] = ROUTE.model_copy(
        update={"destination_resolved": "35.9100, 14.5100", "steps": [ROUTE.steps[0], arrive]}
    )
    server.replies["route_status"] = STATUS.model_copy(update={"destination_name": "35.9100, 14.5100"})
    await ask("nearest pharmacy")
    route, status = await ask("directions to it"), await ask("how much longer?")

    assert route.text.endswith("2. Arrive at Remedy, on the left")
    assert [source.title for source in route.sources] == ["Route from Valletta to Remedy"]
    assert " to Remedy (70 % done)" in status.text


@pytest.mark.parametrize("question", ["directions to it", "take me to the fifth one", "how do I get there?"])
async def test_a_pointer_without_a_list_is_asked_back(server: Server, ask, question: str):
    answer = await ask(question)

    assert (answer.text, answer.found, server.calls) == (WHICH_PLACE, False, [])


async def test_how_far_it_is_without_a_list_means_the_journey(server: Server, ask):
    server.replies["route_status"] = STATUS

    assert (await ask("How far is it?")).shape is Shape.STATUS


async def test_the_closest_of_a_list_is_measured(server: Server, ask):
    server.replies["near_named_place"] = near(
        place("West", 10, 35.9, 14.50), place("East", 900, 35.9, 14.52), total=40, resolved=settlement("Valletta")
    )
    await ask("Bars near Valletta")
    nearest = await ask("Which is the closest?")
    server.replies["near_named_place"] = near(
        origin=Point(lat=35.9, lon=14.521), resolved=settlement("Lighthouse", 35.9, 14.521)
    )
    answer = await ask("which is closest to the lighthouse?")

    assert nearest.text == "The closest is West (bar), 10 m north."
    away = round(haversine_m(35.9, 14.52, 35.9, 14.521))
    assert answer.text == (
        f"Of the 2 of 40 bars, East is closest to Lighthouse: {away} m in a straight line. Next: West (1.9 km)."
    )
    assert [source.title for source in answer.sources] == ["Places around Valletta", "Places around Lighthouse"]


async def test_more_goes_on_with_the_list_and_then_widens_it(server: Server, ask):
    bars = [place(f"Bar {number}", number * 10) for number in range(1, 13)]
    server.replies["near_named_place"] = lambda arguments: near(*bars, radius_km=arguments["radius_km"])
    await ask("Bars near Valletta")
    more, wider = await ask("more"), await ask("more")

    assert more.text == "11. Bar 11, 110 m north\n12. Bar 12, 120 m north"
    assert wider.text.startswith("12 bars within 2 km of Valletta")
    assert [arguments["radius_km"] for _, arguments in server.calls] == [1.0, 2.0]


async def test_an_empty_list_cannot_be_pointed_into(server: Server, ask):
    server.replies["near_named_place"] = near()
    await ask("bars within 1 km of Valletta")

    assert (await ask("tell me about the first one")).text == EMPTY_LIST


async def test_the_nearest_of_a_kind_is_an_end_of_a_way(server: Server, ask):
    server.replies["near_places"] = near(place("Remedy", 200, 35.91, 14.51))
    server.replies["route_from_places"] = ROUTE
    answer = await ask("take me to the nearest pharmacy")

    assert server.calls[-1][1] == {"origin": "my location", "destination": "35.910000,14.510000"}
    assert answer.text.startswith("Valletta to Remedy by car")


async def test_stories_are_told_with_their_articles_as_sources(server: Server, ask):
    story = Story(
        place_name="Fort St Elmo", wiki_title="Fort Saint Elmo", wiki_tag="en:Fort Saint Elmo", zim="wiki", path="Elmo",
        lat=35.9, lon=14.5, distance_m=420, direction="east", excerpt="A star fort. It fell in 1565.",
        has_more_sections=True,
    )  # fmt: skip
    server.replies["nearby_stories"] = StoriesOutput(
        origin=Point(lat=35.9, lon=14.5), radius_km=2.0, count=1, stories=[story]
    )
    answer = await ask("Any interesting stories around here?")

    assert answer.text == "1. Fort St Elmo – Fort Saint Elmo (420 m east): A star fort. It fell in 1565."
    assert [source.label() for source in answer.sources] == ["Fort Saint Elmo (wiki)"]

    await ask("tell me more about the first one")
    await ask("more")
    assert server.calls[1] == ("article_overview", {"title": "Fort Saint Elmo", "path": "Elmo", "zim": "wiki"})
    assert server.calls[2][1] == {"lat": 35.9, "lon": 14.5, "radius_km": 4.0, "max_stories": 10}


async def test_no_stories_is_no_answer(server: Server, ask):
    server.replies["nearby_stories"] = StoriesOutput(
        origin=Point(lat=35.9, lon=14.5), radius_km=2.0, count=0, stories=[], note="Widen the radius."
    )
    answer = await ask("fun facts near Mdina")

    assert (answer.text, answer.found) == ("No stories within 2 km of Mdina.\nWiden the radius.", False)


async def test_facts_about_something_else_are_looked_for_in_articles(server: Server, ask):
    await ask("fun facts about octopuses")

    assert [name for name, _ in server.calls][:3] == ["nearby_stories", "article_overview", "search"]


@pytest.mark.parametrize(
    "question", ["Bars near Valletta", "Where am I?", "Directions from Mosta to Rabat", "next turn"]
)
async def test_without_map_tools_the_answer_says_so(server: Server, ask, question: str):
    answer = await ask(question, tools=[contract.name for contract in ARTICLE_TOOLS])

    assert (answer.text, answer.found) == (NO_MAP, False)
    assert server.calls == []


async def test_without_road_graphs_the_answer_says_so(server: Server, ask):
    answer = await ask("Directions from Mosta to Rabat", tools=[tool.name for tool in (*ARTICLE_TOOLS, *PLACE_TOOLS)])

    assert (answer.text, answer.found) == (NO_ROADS, False)


async def test_a_foreign_result_is_passed_on_as_it_is(server: Server, ask):
    server.replies["what_is_here"] = {"place": "Floriana, Malta"}
    answer = await ask("Where am I?")

    assert answer.found
    assert "Floriana, Malta" in answer.text


async def test_a_copy_of_the_focus_is_not_changed_by_what_follows(server: Server):
    focus = Focus()
    server.replies["near_named_place"] = near(*[place(f"Bar {number}", number) for number in range(20)])
    answerer = DirectAnswerer(server, focus, tools=tuple(CATALOGUE), location=None)
    await answerer.answer("Bars near Valletta")
    before = focus.copy()
    await answerer.answer("more")
    await answerer.answer("the second one")

    assert (before.listed.shown, before.listed.chosen) == (10, None)
    assert focus.listed.shown == 20


@pytest.mark.parametrize(
    ("guidance", "read"),
    [
        ("origin: No place 'Moon'. Call again with another spelling.", "No place 'Moon'. Try another spelling."),
        ("near_places: it is not known where. Ask about a town, or tell the person that this is not covered.",
         "It is not known where. Ask about a town."),
        ("A way on foot (2 km). Call route_from_places with mode 'walk' for it.", "A way on foot (2 km)."),
        ("Call again.", "Call again."),
    ],
)  # fmt: skip
def test_a_refusal_is_read_without_talk_of_calls(guidance: str, read: str):
    assert compose_places.refusal(guidance) == read
