"""Which phrases ask for a kind of place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_shared.kind_words import KIND_NOUNS, LOOSE_NOUNS, PHRASES, kinds_in
from zimfo_shared.places import kind_names


@pytest.mark.parametrize(
    ("phrase", "kinds"),
    [
        ("bars", ("bars",)),
        ("some good cheap hotels", ("hotels",)),
        ("tattoo parlors", ("tattoo parlors",)),
        ("EV charging stations", ("EV charging stations",)),
        ("jazz bars and cafés", ("jazz bars", "cafés")),
        ("museums, galleries or churches", ("museums", "galleries", "churches")),
        ("places to eat", ("restaurant",)),
        ("things to see", ("attraction",)),
        ("ice cream shops", ("ice cream shops",)),
        ("swimming pool", ("swimming pool",)),
    ],
)
def test_a_kind_is_named_as_the_person_wrote_it(phrase: str, kinds: tuple[str, ...]):
    assert kinds_in(phrase) == kinds


@pytest.mark.parametrize(
    "phrase",
    ["history of jazz", "photosynthesis", "dosage of aspirin", "role of banks", "explain parks", "bars and politics",
     "why do bars", "", " ", "and", "the", "schools of thought", "the article about libraries",
     "one two three four five bars"],
)  # fmt: skip
def test_other_phrases_are_no_kind(phrase: str):
    assert kinds_in(phrase, loose=True) == ()


def test_substances_count_only_where_places_are_meant():
    assert kinds_in("coffee") == ()
    assert kinds_in("good coffee", loose=True) == ("coffee",)


def test_the_vocabulary_is_in_the_form_in_which_it_is_looked_up():
    for word in KIND_NOUNS:
        phrase = word.replace("_", " ")
        assert kinds_in(phrase) == (phrase,)
        assert kinds_in(f"small {phrase}") == (phrase,)
    assert not KIND_NOUNS & LOOSE_NOUNS
    for kind in PHRASES.values():
        assert kind_names([kind]) == [kind.replace(" ", "_")]


@given(st.text(max_size=200))
def test_any_text_is_answered_with_parts_of_it_or_a_known_kind(text: str):
    for kind in kinds_in(text, loose=True):
        assert kind in PHRASES.values() or kind.split()[-1] in text
