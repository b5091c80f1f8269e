"""In which language a text is, and what of it is the subject."""

import pytest

from zimfo_client.languages import language_of, subject_words, without_article


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where does the river rise?", "en"),
        ("Wo entspringt der Fluss und wie lang ist er?", "de"),
        ("Pourquoi les feuilles sont-elles vertes ?", "fr"),
        ("¿Dónde nace el río y por qué es tan largo?", "es"),
        ("Perché il mare è salato e il lago no?", "it"),
        ("Los Angeles", "en"),
        ("photosynthesis", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_function_words(text: str, language: str):
    assert language_of(text) == language


def test_the_subject_is_what_is_left_without_function_words():
    assert subject_words("Was ist der Unterschied zwischen Nebel und Dunst?") == "Unterschied zwischen Nebel Dunst"
    assert subject_words("What is the difference?") == "What is the difference?"


@pytest.mark.parametrize(
    ("title", "language", "bare"),
    [
        ("la photosynthèse", "fr", "photosynthèse"),
        ("der Rhein", "de", "Rhein"),
        ("la", "fr", "la"),
        ("el Rin", "es", "Rin"),
    ],
)
def test_an_article_before_a_title_is_no_part_of_it(title: str, language: str, bare: str):
    assert without_article(title, language) == bare
