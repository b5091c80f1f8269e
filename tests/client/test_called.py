"""A model's call becomes the question shape that it asks for."""

import pytest

from zimfo_client.agent.called import intent_of
from zimfo_client.agent.journey_intents import MY_LOCATION
from zimfo_client.agent.shape import HERE, Intent, Shape
from zimfo_client.calls import ToolCall


@pytest.mark.parametrize(
    ("name", "arguments", "question", "intent"),
    [
        ("article_overview", {"title": "Peat"}, "What is peat?", Intent(Shape.OVERVIEW, ("Peat",))),
        ("narrate_article", {"title": "Peat"}, "Read peat", Intent(Shape.NARRATE, ("Peat",))),
        ("search", {"query": "peat"}, "Search for peat", Intent(Shape.SEARCH, ("peat",))),
        ("search", {"query": "bogs wet"}, "Why are bogs wet?", Intent(Shape.QUESTION, ("bogs wet",))),
        (
            "get_article_section",
            {"title": "Peat", "section": "uses"},
            "uses of peat",
            Intent(Shape.ASPECT, ("Peat",), aspect="uses"),
        ),
        ("compare_articles", {"titles": ["Peat", "Coal"]}, "peat vs coal", Intent(Shape.COMPARE, ("Peat", "Coal"))),
        (
            "near_places",
            {"kinds": ["bars"]},
            "nearest bar",
            Intent(Shape.PLACES, ("bar", HERE), kinds=("bar",), nearest=True),
        ),
        ("near_places", {}, "what is near?", Intent(Shape.HERE, around=True)),
        (
            "near_named_place",
            {"place": "here", "kinds": ["bar"]},
            "bars here",
            Intent(Shape.PLACES, ("bar", HERE), kinds=("bar",)),
        ),
        (
            "near_named_place",
            {"place": "Mosta", "kinds": ["car park"], "radius_km": 2},
            "car parks in Mosta",
            Intent(Shape.PLACES, ("car park", "Mosta"), kinds=("car park",), radius_km=2.0, inside=True),
        ),
        ("nearby_stories", {}, "stories", Intent(Shape.STORIES, (HERE,))),
        ("what_is_here", {}, "where?", Intent(Shape.HERE)),
        (
            "route_from_places",
            {"destination": "Mosta", "mode": "on foot"},
            "walk to Mosta",
            Intent(Shape.ROUTE, (MY_LOCATION, "Mosta"), mode="walk"),
        ),
        ("route_status", {}, "how long?", Intent(Shape.STATUS)),
    ],
)
def test_a_call_asks_for_a_shape(name: str, arguments: dict[str, object], question: str, intent: Intent):
    assert intent_of(ToolCall(name, arguments), question) == intent


@pytest.mark.parametrize(
    ("name", "arguments"), [("get_time", {}), ("compare_articles", {"titles": ["Peat"]}), ("article_overview", {})]
)
def test_a_call_that_cannot_be_made_asks_for_nothing(name: str, arguments: dict[str, object]):
    assert intent_of(ToolCall(name, arguments), "What time is it?") is None
