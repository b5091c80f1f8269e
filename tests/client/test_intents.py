"""Question shapes, and questions that must not be taken for them (zimfo-behaviour §5.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_client.agent.intents import Shape, recognise, split_aspect


@pytest.mark.parametrize(
    ("question", "shape", "subjects"),
    [
        ("Tell me about the Alhambra.", Shape.OVERVIEW, ("Alhambra",)),
        ("Could you please tell me about Ada Lovelace?", Shape.OVERVIEW, ("Ada Lovelace",)),
        ("who was Marie Curie", Shape.OVERVIEW, ("Marie Curie",)),
        ("What is the Magna Carta?", Shape.OVERVIEW, ("Magna Carta",)),
        ("give me an overview of plate tectonics", Shape.OVERVIEW, ("plate tectonics",)),
        ("scurvy", Shape.OVERVIEW, ("scurvy",)),
        ("Compare copper and zinc", Shape.COMPARE, ("copper", "zinc")),
        ("Compare Rome and Carthage — army and trade.", Shape.COMPARE, ("Rome", "Carthage")),
        ("compare north and south korea", Shape.COMPARE, ("north korea", "south korea")),
        ("How is tea different from coffee?", Shape.COMPARE, ("tea", "coffee")),
        ("What's the difference between a crow and a raven?", Shape.COMPARE, ("crow", "raven")),
        ("Beethoven vs. Mozart", Shape.COMPARE, ("Beethoven", "Mozart")),
        ("How have France and Germany gotten along historically?", Shape.COMPARE, ("France", "Germany")),
        ("US and Cuba relations", Shape.COMPARE, ("US", "Cuba")),
        ("Read me the article about Mount Etna", Shape.NARRATE, ("Mount Etna",)),
        ("Please read the full article on Mount Etna aloud.", Shape.NARRATE, ("Mount Etna",)),
        ("Read me the article about life in the deep sea", Shape.NARRATE, ("life in the deep sea",)),
        ("Search for volcanic glass", Shape.SEARCH, ("volcanic glass",)),
        ("Which articles mention obsidian?", Shape.SEARCH, ("obsidian",)),
        ("Where am I?", Shape.HERE, ()),
        ("What's around me?", Shape.HERE, ()),
        ("How much longer?", Shape.STATUS, ()),
        ("Directions from Rome to Ostia", Shape.ROUTE, ("Rome", "Ostia")),
        ("How do I get to the airport?", Shape.ROUTE, ("my location", "the airport")),
        ("Any interesting stories around here?", Shape.STORIES, ("here",)),
        ("Bars near Valletta", Shape.PLACES, ("Bars", "Valletta")),
        ("Hello!", Shape.GREETING, ()),
    ],
)
def test_a_shape_is_recognised_with_its_subjects(question: str, shape: Shape, subjects: tuple[str, ...]):
    intent = recognise(question)

    assert (intent.shape, intent.subjects) == (shape, subjects)


@pytest.mark.parametrize(
    "question",
    ["Why is grass green?", "When was Ray Charles born?", "What role did Danton play?", "Who got the prize for it?",
     "How did the empire fall?", "Explain how yeast works.", "What does it do?", "And what about that one?"],
)  # fmt: skip
def test_other_questions_are_left_to_reading(question: str):
    assert recognise(question).shape is Shape.QUESTION


@pytest.mark.parametrize(
    "question",
    ["history of jazz in New Orleans", "explain photosynthesis in plants", "dosage of aspirin in children",
     "Summarize the treaty at Versailles"],
)  # fmt: skip
def test_in_and_at_do_not_make_a_place_question(question: str):
    assert recognise(question).shape is not Shape.PLACES


def test_an_aspect_is_split_from_its_subject():
    assert split_aspect("early life of Ray Charles") == ("early life", "Ray Charles")
    assert split_aspect("photosynthesis") is None


@given(st.text(max_size=300))
def test_any_text_is_some_shape(text: str):
    assert recognise(text).shape in Shape
