"""The article on the relations of two subjects."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_server.articles.relations import candidate_titles, find_relations, relation_sections
from zimfo_server.articles.shelf import Shelf
from zimfo_server.library.library import Library

LibraryOf = Callable[..., Library]
MakeZim = Callable[..., Path]

TEXT = """<p>{a} and {b} have had relations since 1900.</p><h2>History</h2><p>{a} met {b}.</p><h2>Trade</h2>
<p>Nothing.</p><h2>Culture</h2><p>{b} plays.</p><h2>Sport</h2><p>{a} and {b} run.</p>"""


@pytest.mark.parametrize(
    "title",
    ["France–Germany relations", "Germany-France relations", "History of France–Germany relations"],
)
def test_either_order_and_dash_is_found(make_zim: MakeZim, library_of: LibraryOf, title: str):
    library = library_of(make_zim("z", {title: TEXT.format(a="France", b="Germany")}))

    for pair in (("France", "Germany"), ("germany", "France")):
        article = find_relations(Shelf(library, None), *pair)
        assert article is not None
        assert article.title == title


def test_one_shared_word_is_not_enough(make_zim: MakeZim, library_of: LibraryOf):
    pages = {
        "United Kingdom–United States relations": TEXT.format(a="The United Kingdom", b="the United States"),
        "Mayors of London": "<p>London relations.</p>",
        "Foreign relations of Iran": "<p>Iran and Iraq.</p>",
    }
    shelf = Shelf(library_of(make_zim("z", pages)), None)

    assert find_relations(shelf, "United Arab Emirates", "United States") is None
    assert find_relations(shelf, "London", "Paris") is None
    assert find_relations(shelf, "Iran", "Iraq") is None
    assert find_relations(shelf, "London", "Paris") is None
    assert find_relations(shelf, "United States", "United Kingdom") is not None


def test_redirects_of_either_side_are_followed(make_zim: MakeZim, library_of: LibraryOf):
    title = "Iran–United States relations"
    pages = {title: TEXT.format(a="Iran", b="the United States"), "United States": "<p>A country.</p>" * 40}
    file = make_zim("z", pages, {"USA": "United States", "United States–Iran relations": title})
    article = find_relations(Shelf(library_of(file), None), "USA", "Iran")

    assert article is not None
    assert article.title == title


def test_the_sections_are_those_that_speak_of_both(make_zim: MakeZim, library_of: LibraryOf):
    library = library_of(make_zim("z", {"France–Germany relations": TEXT.format(a="France", b="Germany")}))
    article = find_relations(Shelf(library, None), "France", "Germany")

    assert article is not None
    shown = [section.title for section in relation_sections(article, "France", "Germany")]
    assert shown == ["", "History", "Culture", "Sport"]


def test_candidates_start_in_alphabetical_order():
    assert candidate_titles("Iran", "France")[0] == "France–Iran relations"
