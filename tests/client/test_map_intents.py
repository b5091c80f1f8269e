"""Questions for maps, and questions that must not be taken for them (zimfo-behaviour §5.2)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_client.agent.intents import recognise
from zimfo_client.agent.place_intents import follow_up, nth, referred
from zimfo_client.agent.shape import MAP_SHAPES, Intent, Shape


@pytest.mark.parametrize(
    ("question", "kinds", "place"),
    [
        ("Bars near Valletta", ("Bars",), "Valletta"),
        ("bars in Milan", ("bars",), "Milan"),
        ("coffee near me", ("coffee",), "here"),
        ("what restaurants are around here?", ("restaurants",), "here"),
        ("Nearest pharmacy", ("pharmacy",), "here"),
        ("where can I find a pharmacy?", ("pharmacy",), "here"),
        ("Is there a hospital nearby?", ("hospital",), "here"),
        ("any decent sushi in Sliema?", ("sushi",), "Sliema"),
        ("nearest pharmacy to the Duomo", ("pharmacy",), "the Duomo"),
        ("What is the closest bar to the ferry terminal?", ("bar",), "the ferry terminal"),
        ("museums and parks close to Mdina", ("museums", "parks"), "Mdina"),
        ("Could you find me a cheap hotel in Sliema please?", ("hotel",), "Sliema"),
        ("search for bakeries near me", ("bakeries",), "here"),
        ("places to eat around the station", ("restaurant",), "the station"),
        ("things to see in Mdina", ("attraction",), "Mdina"),
        ("which museums can I visit in Rabat", ("museums",), "Rabat"),
        ("bars around me that are open now", ("bars",), "here"),
        ("I need a pharmacy", ("pharmacy",), "here"),
        ("where are the toilets", ("toilets",), "here"),
        ("how many churches are near Mosta", ("churches",), "Mosta"),
        ("what's near the Duomo?", (), "the Duomo"),
        ("bars in San Ġwann, Malta", ("bars",), "San Ġwann, Malta"),
        ("cafés in this area", ("cafés",), "here"),
    ],
)
def test_questions_for_places_name_a_kind_and_a_place(question: str, kinds: tuple[str, ...], place: str):
    intent = recognise(question)

    assert (intent.shape, intent.kinds, intent.subjects[-1]) == (Shape.PLACES, kinds, place)


@pytest.mark.parametrize(
    ("question", "km"),
    [("bars within 2 km of Sliema", 2.0), ("cafés within 500 m", 0.5), ("hotels in a radius of 3 km of Rabat", 3.0),
     ("pubs within 1 mile of Rabat", 1.609344), ("bars near Rabat", None)],
)  # fmt: skip
def test_a_distance_is_the_radius(question: str, km: float | None):
    assert recognise(question).radius_km == km


@pytest.mark.parametrize(
    "question",
    ["history of jazz in New Orleans", "explain photosynthesis in plants", "dosage of ibuprofen in children",
     "coffee in Ethiopia", "role of banks in the war", "Summarize the treaty at Versailles",
     "Why do bars in Ireland close early?", "How did life in castles work?", "bank of the river near Cairo",
     "Read me the article about bars in Rome", "schools of thought in philosophy", "museum",
     "How much longer is the Nile than the Amazon?", "How long is the Nile?", "How do I get to sleep?",
     "How long did it take to build the castle?", "path to enlightenment", "When will the war end?",
     "What is the best way to learn Latin?", "Mosta to Rabat", "history of Malta", "What is the first amendment?",
     "compare bars in Rome and Athens", "What happened in 1815?", "What's next to a proton in a nucleus?"],
)  # fmt: skip
def test_other_questions_are_no_questions_for_maps(question: str):
    assert recognise(question).shape not in MAP_SHAPES


@pytest.mark.parametrize(
    ("question", "around"),
    [("Where am I?", False), ("tell me where I am", False), ("what town is this", False), ("What's around me?", True),
     ("what is nearby", True), ("What can I see around here?", True), ("show me what's around", True)],
)  # fmt: skip
def test_where_the_person_is_and_what_is_around(question: str, *, around: bool):
    intent = recognise(question)

    assert (intent.shape, intent.around) == (Shape.HERE, around)


@pytest.mark.parametrize(
    ("question", "ends", "mode"),
    [
        ("Directions from Mosta to Rabat", ("Mosta", "Rabat"), None),
        ("how do I get to Mosta?", ("my location", "Mosta"), None),
        ("How do I get to Mosta from Valletta", ("Valletta", "Mosta"), None),
        ("take me to the airport", ("my location", "the airport"), None),
        ("route to Mosta by bike", ("my location", "Mosta"), "bicycle"),
        ("walk from Mosta to Rabat", ("Mosta", "Rabat"), "walk"),
        ("Mosta to Rabat on foot", ("Mosta", "Rabat"), "walk"),
        ("walking directions to the harbour", ("my location", "the harbour"), "walk"),
        ("how far is Mosta from Valletta?", ("Valletta", "Mosta"), None),
        ("how long to drive to Sliema", ("my location", "Sliema"), "drive"),
        ("how long does it take to walk from Mosta to Rabat", ("Mosta", "Rabat"), "walk"),
        ("distance between Mosta and Rabat", ("Mosta", "Rabat"), None),
        ("drive from here to Mosta", ("my location", "Mosta"), "drive"),
        ("from Mosta to Rabat by car", ("Mosta", "Rabat"), "drive"),
        ("I want to go to Mdina", ("my location", "Mdina"), None),
        ("show me the way to Mdina on foot", ("my location", "Mdina"), "walk"),
    ],
)
def test_ways_have_two_ends_and_a_mode(question: str, ends: tuple[str, str], mode: str | None):
    intent = recognise(question)

    assert (intent.shape, intent.subjects, intent.mode) == (Shape.ROUTE, ends, mode)


def test_a_means_of_travel_without_routes_is_named():
    assert recognise("How do I get to the airport by train?").unsupported == "train"


@pytest.mark.parametrize(
    "question",
    ["How much longer?", "how much longer do we have to drive", "are we there yet?", "Next turn", "what's my next turn",
     "how far is it still", "How far is it to go?", "how much time is left", "Am I still on the route?", "my eta",
     "when do we arrive?", "did I miss my turn", "how long until we get there", "route status"],
)  # fmt: skip
def test_questions_on_the_journey(question: str):
    assert recognise(question).shape is Shape.STATUS


@pytest.mark.parametrize(
    ("question", "place", "weak"),
    [
        ("Any interesting stories around here?", "here", False),
        ("tell me an interesting story about this place", "here", False),
        ("Tell me some local legends from Gozo", "Gozo", False),
        ("fun facts near Mdina", "Mdina", False),
        ("what happened around here?", "here", False),
        ("is there anything interesting near the harbour", "the harbour", False),
        ("fun facts about octopuses", "octopuses", True),
    ],
)
def test_stories_have_a_place(question: str, place: str, *, weak: bool):
    intent = recognise(question)

    assert (intent.shape, intent.subjects, intent.weak) == (Shape.STORIES, (place,), weak)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Which is closest to the lighthouse?", Intent(Shape.CLOSEST, ("the lighthouse",))),
        ("and which one is the nearest?", Intent(Shape.CLOSEST, ("here",))),
        ("Tell me about the second one", Intent(Shape.PICK, ("second",))),
        ("what about number 3?", Intent(Shape.PICK, ("3",))),
        ("the last one", Intent(Shape.PICK, ("last",))),
        ("more", Intent(Shape.MORE)),
        ("show me more results", Intent(Shape.MORE)),
        ("further away", Intent(Shape.MORE, around=True)),
        ("within 3 km", Intent(Shape.MORE, radius_km=3.0)),
    ],
)
def test_words_on_the_last_list(text: str, intent: Intent):
    assert follow_up(text) == intent


@pytest.mark.parametrize("text", ["Bars near Valletta", "What is the first amendment?", "Number of bars", "hello", ""])
def test_other_words_do_not_go_on_with_a_list(text: str):
    assert follow_up(text) is None


def test_ordinals_and_pronouns_point_into_the_list():
    assert [nth(word) for word in ("first", "2nd", "11", "last", "0", "apple")] == [0, 1, 10, -1, None, None]
    assert [referred(text) for text in ("the first one", "number two", "it", "there", "Mosta")] == [
        0, 1, "chosen", "chosen", None,
    ]  # fmt: skip


@given(st.text(max_size=700))
def test_any_text_is_answered(text: str):
    assert recognise(text).shape in Shape
    follow_up(text)


def test_the_training_corpus_is_told_apart(corpus: Path):
    """What its authors asked maps (noisy labels) is for maps; what they asked articles is not."""
    asked: dict[str, str] = {}
    for file in sorted(corpus.glob("*.jsonl")):
        for row in file.read_text(encoding="utf-8").splitlines():
            question, reply = (message["content"] for message in json.loads(row)["messages"][:2])
            asked.setdefault(question.rpartition("User query:\n")[2].strip(), reply)

    def calling(*names: str) -> list[str]:
        return [question for question, reply in asked.items() if any(f'"{name}' in reply for name in names)]

    maps = calling("near", "what_is_here", "route_")
    articles = calling("article_overview", "compare_articles", "narrate_article")
    found = sum(recognise(question).shape in MAP_SHAPES for question in maps)

    assert len(maps) > 400
    assert len(articles) > 400
    assert found > 0.97 * len(maps)
    assert [question for question in articles if recognise(question).shape in MAP_SHAPES] == []


def test_a_pasted_page_is_not_taken_for_a_place():
    assert recognise("bars near " + "Mosta " * 3_000).shape not in MAP_SHAPES
    assert recognise("directions from " * 1_000 + "to").shape not in MAP_SHAPES
