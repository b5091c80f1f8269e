"""Articles of places, only through their Wikipedia tags; encyclopedias are built from a map's own tags."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places import stories, wiki
from zimfo_server.atlas.places.proximity import around
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.library import Library

MapOf = Callable[[str], MapArchive]
MakeZim = Callable[..., Path]
LibraryOf = Callable[..., Library]

MILAN = (45.4642, 9.19)


def article(title: str, text: str = "", sections: str = "") -> str:
    told = text or f"{title} is a place that is told about here at some length. It has been there for long.[1]"
    return f"<html><body><h1>{title}</h1><p>{told}</p>{sections}</body></html>"


@pytest.fixture
def encyclopedia(make_zim: MakeZim, library_of: LibraryOf) -> Callable[..., list[OpenArchive]]:
    """Open an encyclopedia of the given pages by title."""

    def opened(name: str = "wikipedia_it_test", *, language: str = "ita", **pages: str) -> list[OpenArchive]:
        return library_of(make_zim(name, pages, language=language)).archives()

    return opened


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("en:Lincoln Memorial", [("en", "Lincoln Memorial")]),
        ("en:Lincoln_Memorial", [("en", "Lincoln Memorial")]),
        ("it:Castello%20Sforzesco", [("it", "Castello Sforzesco")]),
        ("en:A;de:B", [("en", "A"), ("de", "B")]),
        ("Duomo di Milano", [("", "Duomo di Milano")]),
        ("zh-yue:香港", [("zh-yue", "香港")]),
        ("https://example.org/page", []),
        ("en:https://example.org", []),
        ("en:Rome#History", [("en", "Rome")]),
        (";; ;", []),
        ("en:", [("", "en:")]),
    ],
)
def test_raw_tags_are_taken_apart(value: str, expected: list[tuple[str, str]]):
    assert [(tag.language, tag.title) for tag in wiki.tags_of(value)] == expected


@given(st.text(max_size=300))
def test_any_tag_is_taken_apart(value: str):
    tags = wiki.tags_of(value)

    assert len(tags) <= wiki.MAX_TAGS
    assert all(tag.title and "://" not in tag.text for tag in tags)


def test_an_article_is_found_by_its_exact_title_or_a_redirect(make_zim: MakeZim, library_of: LibraryOf):
    file = make_zim("wiki", {"Milan Cathedral": article("Milan Cathedral")}, {"Duomo di Milano": "Milan Cathedral"})
    archives = library_of(file).archives()
    by_redirect, by_title = (wiki.find_article(archives, tag) for tag in ("en:Duomo di Milano", "milan Cathedral"))

    assert by_redirect
    assert by_redirect.title == "Milan Cathedral"
    assert by_title
    assert by_title.title == "Milan Cathedral"
    assert wiki.find_article(archives, "en:Milan") is None
    assert wiki.find_article(archives, "en:Cathedral") is None


def test_the_language_of_the_tag_is_preferred(make_zim: MakeZim, library_of: LibraryOf):
    english = make_zim("wiki_en", {"Roma": article("Roma", "Roma may be many things in English, as one reads.")})
    spanish = make_zim("wiki_es", {"Roma": article("Roma")}, language="spa")
    archives = library_of(english, spanish).archives()
    own, other = wiki.find_article(archives, "es:Roma"), wiki.find_article(archives, "fi:Roma")

    assert own
    assert own.archive.name == "wiki_es"
    assert other
    assert other.archive.name == "wiki_en"


def test_pages_that_only_list_others_are_no_excerpt(encyclopedia: Callable[..., list[OpenArchive]]):
    archives = encyclopedia(Mercury=article("Mercury", "Mercury may refer to: a planet, an element, a god."))
    linked = wiki.find_article(archives, "it:Mercury")

    assert linked
    assert wiki.excerpt(linked) == ""


def test_excerpts_lose_citations_and_end_with_a_sentence(encyclopedia: Callable[..., list[OpenArchive]]):
    text = "The castle stands in the middle of the town.[12] " * 40
    linked = wiki.find_article(encyclopedia(Castello=article("Castello", text)), "it:Castello")
    assert linked
    short, long = wiki.excerpt(linked), wiki.excerpt(linked, wiki.STORY_CHARS)

    assert short.endswith("town.")
    assert "[12]" not in short
    assert len(short) < len(long) <= wiki.STORY_CHARS + 200


def test_stories_of_a_real_map_are_in_order_of_distance_and_each_told_once(
    map_of: MapOf, make_zim: MakeZim, library_of: LibraryOf
):
    nearby = around([map_of("milan-v4-head")], *MILAN, 3_000, has_wiki=True, every_type=True)
    titles = {tag.title for n in range(nearby.count) for tag in wiki.tags_of(nearby.record(n).wiki)}
    sections = "<h2>History</h2><p>Long ago it was built.</p>"
    file = make_zim("wikipedia_it", {title: article(title, sections=sections) for title in titles}, language="ita")

    found = stories.tell(nearby, library_of(file).archives(), 10)

    assert len(found.told) == 10
    assert [told.metres for told in found.told] == sorted(told.metres for told in found.told)
    assert len({told.linked.path for told in found.told}) == 10
    assert all(told.has_more_sections and "[1]" not in told.excerpt for told in found.told)
    assert not found.missing


def test_stories_go_past_places_without_an_article(map_of: MapOf, make_zim: MakeZim, library_of: LibraryOf):
    nearby = around([map_of("milan-v4-head")], *MILAN, 3_000, has_wiki=True, every_type=True)
    last = wiki.tags_of(nearby.record(nearby.count - 1).wiki)[0].title
    archives = library_of(make_zim("wikipedia_it", {last: article(last)}, language="ita")).archives()

    found = stories.tell(nearby, archives, 4)

    assert [told.linked.title for told in found.told] == [last]
    assert found.missing
    assert last not in {record.name for record in found.missing}


def test_without_an_encyclopedia_every_tagged_place_is_missing(map_of: MapOf):
    nearby = around([map_of("malta-v4-head")], 35.9, 14.5, 10_000, has_wiki=True, every_type=True)
    found = stories.tell(nearby, [], 4)

    assert found.told == []
    assert len(found.missing) > 3
