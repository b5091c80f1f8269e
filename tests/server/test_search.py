"""Searching: variants, merging, titles, passages."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_server.articles import search
from zimfo_server.articles.shelf import Shelf
from zimfo_server.errors import GuidanceError
from zimfo_server.library.library import Library
from zimfo_shared.articles import Hit

LibraryOf = Callable[..., Library]
MakeZim = Callable[..., Path]
SharedZim = Callable[[str], Path]


def hits(library: Library, query: str, limit: int = 10, zim: str | None = None, kind=None) -> list[Hit]:  # type: ignore[no-untyped-def]
    found, _ = Shelf(library, zim).read(lambda shelf: search.search_articles(shelf, query, limit, kind))
    return found


def page(title: str, text: str) -> str:
    return f"<h1>{title}</h1><p>{title} is here. {text}</p>"


@pytest.mark.parametrize(
    ("query", "core"),
    [
        ("Who was Ray Charles?", "ray charles"),
        ("Tell me about the history of C++", "history c++"),
        ("what is it", "what is it"),
        ("Што такое Эспэранта", "што такое эспэранта"),
        ('"AND" OR -foo* (bar', "foo bar"),
        ("???", "???"),
    ],
)
def test_keyword_core(query: str, core: str):
    assert search.keyword_core(query) == core


def test_variants():
    assert search.query_variants("History of the Arabic language")[1:3] == [
        "arabic language history",
        "arabic language",
    ]
    assert "photosynthesis" in search.query_variants("Why is photosynthesis important?")
    assert "limit clause" in search.query_variants("how does the LIMIT clause work")
    assert all("*" not in variant and '"' not in variant for variant in search.query_variants('"a" b* -c'))


def test_a_long_query_has_few_terms():
    assert len(search.keyword_core("word " * 500).split()) <= search.MAX_TERMS


@pytest.mark.parametrize(
    ("name", "query", "first"),
    [
        ("wikipedia_en_ray_charles_maxi_2019-08", "Ray Charles", "Ray Charles"),
        ("wikipedia_en_ray_charles_maxi_2019-08", "ray charles", "Ray Charles"),
        ("wikipedia_en_ray_charles_maxi_2019-08", "Who was Ray Charles?", "Ray Charles"),
        ("wikipedia_en_ray_charles_2015-06", "who was ray charles", "Ray Charles"),
        ("wikipedia_en_100_mini_2022-10", "What is oxygen used for", "Oxygen"),
        ("devdocs_en_sqlite_2025-04", "window functions", "Window Functions"),
        ("wikibooks_af_all_maxi_2023-06", "Natuur en Skeikunde", "Hoërskool Natuur- en Skeikunde"),
        ("zimtools_wikibooks_be_all_nopic_2017-02", "Эспэранта", "Эспэранта"),
        ("libkiwix_example", "Wikibooks", "Wikibooks"),
        ("libkiwix_example", "freedombox", "FreedomBox for Communities/Offline Wikipedia - Wikibooks, open books"),
        ("android_characters_encoding", "demonstration", "characters éncoding.html"),
        ("encodings/withns/small", "test", "Test ZIM file"),
        ("encodings/nons/small", "test", "Test ZIM file"),
    ],
)
def test_the_first_hit(shared_zim: SharedZim, library_of: LibraryOf, name: str, query: str, first: str):
    found = hits(library_of(shared_zim(name)), query)

    assert found[0].title.startswith(first)
    assert len({(hit.zim, hit.path) for hit in found}) == len(found) <= 10
    assert all(0 < len(hit.snippet) <= search.SNIPPET_CHARS and "\n" not in hit.snippet for hit in found)


@pytest.mark.parametrize(
    "query", ['"AND" OR NOT', "a AND (b", "-word", "foo*", "NEAR/3", "title:x", "\\", "'", "C++ OR C#", "🥳"]
)
def test_operators_do_not_break_a_search(shared_zim: SharedZim, library_of: LibraryOf, query: str):
    with contextlib.suppress(GuidanceError):
        hits(library_of(shared_zim("wikipedia_en_100_mini_2022-10")), query)


def test_no_archive_starves(make_zim: MakeZim, library_of: LibraryOf):
    many = make_zim("a_many", {f"Blue {n}": page(f"Blue {n}", "The colour blue.") for n in range(30)})
    few = make_zim("b_few", {"Indigo": page("Indigo", "A dark blue."), "Cyan": page("Cyan", "A light blue.")})
    found = hits(library_of(many, few), "blue", 6)

    assert [hit.zim for hit in found].count("b_few") == 2
    assert len(found) == 6


def test_the_exact_title_is_first_in_whatever_archive(make_zim: MakeZim, library_of: LibraryOf):
    first = make_zim("a", {f"Blue whale {n}": page(f"Blue whale {n}", "blue blue blue") for n in range(20)})
    second = make_zim("b", {"Blue": page("Blue", "A colour.")}, {"Azure": "Blue"})

    assert hits(library_of(first, second), "BLUE")[0].title == "Blue"
    assert hits(library_of(first, second), "azure")[0].title == "Blue"


def test_noise_files_and_empty_pages_are_no_hits(make_zim: MakeZim, library_of: LibraryOf):
    pages = {"Help:Blue": page("Help:Blue", "blue"), "Blue": page("Blue", "blue"), "Blue picture": "<img src=blue>"}
    found = hits(library_of(make_zim("z", pages)), "blue")

    assert [hit.title for hit in found] == ["Blue"]


def test_the_kind_is_a_wish(make_zim: MakeZim, library_of: LibraryOf):
    medical = make_zim("mdwiki_en", {"Aspirin": page("Aspirin", "A drug.")})
    general = make_zim("wikipedia_en", {f"Aspirin {n}": page(f"Aspirin {n}", "A drug.") for n in range(5)})
    library = library_of(general, medical)
    found, note = search.search_articles(Shelf(library, None), "aspirin", 4, "mdwiki")

    assert found[0].zim == "mdwiki_en"
    assert len(found) == 4
    assert note == "Fewer than 3 hits in mdwiki archives, so all archives were searched."
    assert {hit.kind for hit in hits(library, "aspirin", 3, kind="wikipedia")} == {"wikipedia"}


def test_an_archive_without_full_text_answers_from_titles(make_zim: MakeZim, library_of: LibraryOf):
    library = library_of(make_zim("z", {"Blue whale": page("Blue whale", "An animal.")}, index=False))

    assert hits(library, "tell me about the blue whale")[0].title == "Blue whale"


def test_nothing_found_says_what_to_try(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim("wikipedia_en_100_mini_2022-10"))

    with pytest.raises(GuidanceError, match='Nothing was found for "zxqwv"'):
        hits(library, "zxqwv")
    with pytest.raises(GuidanceError, match=r'- search\(query="zxqwvabc"\)'):
        hits(library, "zxqwvabc qqqq")


def test_a_passage_shows_the_words_of_the_query():
    text = "It begins with something else altogether. " * 8 + "Here the zebra grazes. " + "It goes on. " * 30

    assert "zebra" in search.passage(text, "where does the zebra graze")
    assert search.passage("Short.", "x") == "Short."
    assert len(search.passage("x" * 999, "x")) <= search.SNIPPET_CHARS


def test_a_search_that_takes_too_long_says_which_archives_it_left_out(
    make_zim: MakeZim, library_of: LibraryOf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "SEARCH_BUDGET_S", 0.0)
    library = library_of(
        make_zim("first", {"One": page("One", "tiger")}), make_zim("second", {"Two": page("Two", "tiger")})
    )

    found, note = search.search_articles(Shelf(library, None), "tiger", 10, None)

    assert [hit.zim for hit in found] == ["first"]
    assert note is not None
    assert "no time to search all archives" in note
