"""Names that a small model copied with a slip."""

import pytest

from zimfo_client.agent.copied import as_asked
from zimfo_client.calls import ToolCall


@pytest.mark.parametrize(
    ("question", "said", "asked"),
    [
        ("Please recite Gudrun Osvaldo for us", "Gudren Osvalda", "Gudrun Osvaldo"),
        ("wie weit ist es bis lönnrotinkatu?", "lonnratinkatu", "lönnrotinkatu"),
        ("Find pages on the Hanseatic League.", "Hanseattic League", "Hanseatic League"),
        ("How old is O'Farrell-Díaz & Sons?", "O'Ferrell-Díaz & Sons", "O'Farrell-Díaz & Sons"),
    ],
)
def test_a_name_that_is_all_but_in_the_question_is_put_back(question: str, said: str, asked: str) -> None:
    call = as_asked(ToolCall("article_overview", {"title": said}), question, "")
    assert call.arguments == {"title": asked}


@pytest.mark.parametrize(
    ("question", "said", "known"),
    [
        ("Who governed the Parisian quarters?", "Paris", ""),  # the question's word goes on from it
        ("What did the French eat in 1750?", "France", ""),  # not alike enough
        ("Tell me about Gudrun Osvaldo", "gudrun osvaldo", ""),  # the same but for case
        ("Take me to the second bakery", "Becker's Bakery", '{"results": [{"name": "Becker\'s Bakery"}]}'),
        ("Wie groß ist Kalifornien?", "California", ""),  # a translation begins otherwise
        ("", "Paris", ""),
        ("a " * 3_000, "Paris " * 13, ""),
    ],
)
def test_other_names_are_left_as_they_are(question: str, said: str, known: str) -> None:
    call = ToolCall("article_overview", {"title": said})
    assert as_asked(call, question, known) is call


def test_each_of_several_names_is_put_back_and_nothing_else() -> None:
    call = ToolCall("compare_articles", {"titles": ["Ulmich Society", "Tesla coil"], "section": "Histery", "limit": 3})
    mended = as_asked(call, "Compare the Ulmann Society with the Tesla coil: history", "")
    assert mended.arguments == {"titles": ["Ulmann Society", "Tesla coil"], "section": "Histery", "limit": 3}
