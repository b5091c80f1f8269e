"""From a title to an article: probes, drift, ambiguity, stubs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_server.articles import names, spellings
from zimfo_server.articles.guidance import Asked
from zimfo_server.articles.names import Likeness
from zimfo_server.articles.shelf import Shelf
from zimfo_server.articles.titles import Found, find_article
from zimfo_server.errors import GuidanceError
from zimfo_server.library.library import Library
from zimfo_shared.demo import demo_archives

LibraryOf = Callable[..., Library]
MakeZim = Callable[..., Path]
SharedZim = Callable[[str], Path]


def page(title: str, words: int = 120) -> str:
    return f"<h1>{title}</h1><p>{title} is a thing. {'It is described here at length. ' * (words // 6)}</p>"


def find(library: Library, title: str, *, path: str = "", zim: str | None = None) -> Found:
    return Shelf(library, zim).read(
        lambda shelf: find_article(shelf, Asked("article_overview", title=title, path=path, zim=zim))
    )


def miss(library: Library, title: str, **arguments: str) -> str:
    with pytest.raises(GuidanceError) as caught:
        find(library, title, **arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "title", "expected"),
    [
        ("ray charles", "Ray Charles", Likeness.SAME),
        ("Fuhrerschein", "Führerschein", Likeness.SAME),
        ("Mercury", "Mercury (planet)", Likeness.SAME_BASE),
        ("Mercury (god)", "Mercury (planet)", Likeness.OTHER),
        ("Ray Charls", "Ray Charles", Likeness.CLOSE),
        ("Solar panels", "Solar panel", Likeness.CLOSE),
        ("Beatles", "The Beatles", Likeness.CLOSE),
        ("Modern Sounds in Country and Western", "Modern Sounds in Country and Western Music", Likeness.CLOSE),
        ("Ray", "Ray Charles at Newport", Likeness.OTHER),
        ("Ray Charles", "Ray Charles at Newport", Likeness.OTHER),
        ("Apollo 11", "Apollo 12", Likeness.OTHER),
        ("World War I", "World War II", Likeness.OTHER),
        ("Hyperparathyroidism", "Hypoparathyroidism", Likeness.OTHER),
        ("North Korea", "South Korea", Likeness.OTHER),
        ("Iran", "Iraq", Likeness.OTHER),
        ("C", "C++", Likeness.OTHER),
        ("C#", "C++", Likeness.OTHER),
    ],
)
def test_drift_check(wanted: str, title: str, expected: Likeness):
    assert names.likeness(wanted, title) is expected


def test_probed_paths_cover_old_and_new_schemes():
    paths = spellings.title_paths("world war ii")

    assert {"World_war_ii", "A/World_War_Ii", "A/World war ii.html", "world_war_ii"} <= set(paths)
    assert len(paths) <= spellings.MAX_PATHS


@pytest.mark.parametrize(
    "asked",
    [
        "Ray Charles",
        "ray charles",
        "RAY CHARLES",
        "Ray_Charles",
        "en:Ray Charles",
        "Ray%20Charles",
        '"Ray Charles"',
        "Ray Charles#Death",
        "en:Ray Charles;de:Ray Charles",
        " Ray  Charles ",
    ],
)
@pytest.mark.parametrize("name", ["wikipedia_en_ray_charles_maxi_2019-08", "wikipedia_en_ray_charles_2015-06"])
def test_spellings_of_a_title_lead_to_it(shared_zim: SharedZim, library_of: LibraryOf, name: str, asked: str):
    article = find(library_of(shared_zim(name)), asked).article

    assert article.title == "Ray Charles"
    assert article.path in ("A/Ray_Charles", "A/Ray_Charles.html")


@pytest.mark.parametrize(
    "path", ["A/Ray_Charles", "Ray_Charles", "/A/Ray_Charles", "A/Ray%5FCharles", "A/Ray_Charles#x"]
)
def test_spellings_of_a_path_lead_to_it(shared_zim: SharedZim, library_of: LibraryOf, path: str):
    library = library_of(shared_zim("wikipedia_en_ray_charles_maxi_2019-08"))

    assert find(library, "", path=path).article.path == "A/Ray_Charles"


def test_a_typo_is_read_with_a_note(shared_zim: SharedZim, library_of: LibraryOf):
    found = find(library_of(shared_zim("wikipedia_en_ray_charles_maxi_2019-08")), "Ray Charls")

    assert (found.article.title, found.note) == ("Ray Charles", "Showing 'Ray Charles' for 'Ray Charls'.")


@pytest.mark.parametrize(("heard", "title"), [("fotosynthesis", "Photosynthesis"), ("kolera", "Cholera")])
def test_a_beginning_spelled_by_ear_is_offered_as_it_is_spelled(library_of: LibraryOf, heard: str, title: str):
    library = library_of(*(path for path in demo_archives() if path.stem == "encyclopedia"))

    assert title in miss(library, heard)


def test_redirects_lead_to_their_target(shared_zim: SharedZim, library_of: LibraryOf):
    assert find(library_of(shared_zim("wikipedia_en_100_mini_2022-10")), "USA").article.title == "United States"


def test_a_title_that_is_no_path_is_found_through_the_title_index(shared_zim: SharedZim, library_of: LibraryOf):
    assert find(library_of(shared_zim("devdocs_en_sqlite_2025-04")), "select").article.path == "lang_select"


def test_other_scripts_and_cases(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim("zimtools_wikibooks_be_all_nopic_2017-02"))

    assert find(library, "дапаможнік па c++").article.title == "Дапаможнік па C++"


def test_choices_are_calls_that_work(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim("wikipedia_en_ray_charles_maxi_2019-08"))
    message = miss(library, "Songs of Ray Charles the Great")
    lines = [line for line in message.splitlines() if line.startswith("- ")]

    assert message.startswith('No article is titled "Songs of Ray Charles the Great". Did you mean:')
    assert 1 <= len(lines) <= 6
    for line in lines:
        title, zim = re.fullmatch(r'- article_overview\(title="(.+)", zim="(.+)"\)', line).groups()
        assert find(library, title, zim=zim).article.title == title


def test_nothing_similar_offers_a_search(shared_zim: SharedZim, library_of: LibraryOf):
    message = miss(library_of(shared_zim("wikipedia_en_100_mini_2022-10")), "Zxqwv")

    assert message.endswith('- search(query="Zxqwv")')


@pytest.mark.parametrize("title", ["empty.html", "c++"])
def test_an_empty_page_is_no_article(shared_zim: SharedZim, library_of: LibraryOf, title: str):
    assert "No article is titled" in miss(library_of(shared_zim("libkiwix_corner_cases")), title)


def test_sharp_in_a_title_is_no_anchor(shared_zim: SharedZim, library_of: LibraryOf):
    assert find(library_of(shared_zim("libkiwix_corner_cases")), "C#").article.path == "c#.html"


def test_loops_and_dangling_redirects_are_misses(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim("libkiwix_poor"))

    for path in ("A/redirect_loop.html", "redirect_loop.html", "loop", "non_existent.html"):
        assert "No article is titled" in miss(library, "", path=path)


def test_files_are_no_articles(make_zim: MakeZim, library_of: LibraryOf):
    assert "No article" in miss(library_of(make_zim("z", {"Blue": page("Blue")})), "", path="style.css")


def test_the_fuller_article_wins_then_load_order(make_zim: MakeZim, library_of: LibraryOf):
    mini = make_zim("a_mini", {"Blue": page("Blue", 100)})
    maxi = make_zim("b_maxi", {"Blue": page("Blue", 900)})
    same = make_zim("c_same", {"Blue": page("Blue", 900)})
    library = library_of(mini, maxi, same)

    assert find(library, "blue").article.zim == "b_maxi"
    assert find(library, "blue", zim="a_mini").article.zim == "a_mini"


def test_an_exact_title_beats_a_fuller_fuzzy_one(make_zim: MakeZim, library_of: LibraryOf):
    fuzzy = make_zim("a", {"Solar panel": page("Solar panel", 900)})
    exact = make_zim("b", {"Solar panels": page("Solar panels", 200)})

    assert find(library_of(fuzzy, exact), "Solar panels").article.zim == "b"


def test_a_stub_is_swapped_for_the_full_article(make_zim: MakeZim, library_of: LibraryOf):
    stub = "<p>Ada was a mathematician.</p>"
    file = make_zim("z", {"Ada": stub, "Ada (mathematician)": page("Ada", 900), "Bob": "<p>Bob was brief.</p>"})
    found = find(library_of(file), "Ada")

    assert found.article.title == "Ada (mathematician)"
    assert found.note == "Showing 'Ada (mathematician)' for 'Ada'."
    assert find(library_of(file), "Bob").article.title == "Bob"
    assert find(library_of(file), "", path="Ada").article.title == "Ada"


def test_a_disambiguation_page_becomes_choices(make_zim: MakeZim, library_of: LibraryOf):
    links = "".join(f'<li><a href="Mercury_({x})">Mercury ({x})</a></li>' for x in ("planet", "god", "element", "gone"))
    pages = {f"Mercury ({x})": page(f"Mercury {x}") for x in ("planet", "god", "element")}
    listing = f'<p>Mercury may refer to:</p><ul>{links}<li><a href="Other">Other</a></li></ul>'
    library = library_of(make_zim("z", {"Mercury": listing, "Other": page("Other"), **pages}))

    assert miss(library, "Mercury") == (
        '"Mercury" can mean several articles. Choose one:\n'
        '- article_overview(title="Mercury (planet)", zim="z")\n'
        '- article_overview(title="Mercury (god)", zim="z")\n'
        '- article_overview(title="Mercury (element)", zim="z")'
    )


def test_several_parenthesised_titles_are_ambiguous(make_zim: MakeZim, library_of: LibraryOf):
    file = make_zim("z", {title: page(title) for title in ("Mercury (planet)", "Mercury (god)")})
    one = make_zim("one", {"Venus (planet)": page("Venus (planet)")})

    assert "Did you mean" in miss(library_of(file), "Mercury")
    assert find(library_of(one), "Venus").note == "Showing 'Venus (planet)' for 'Venus'."


def test_an_article_of_another_archive_is_offered(make_zim: MakeZim, library_of: LibraryOf):
    library = library_of(make_zim("a", {"Blue": page("Blue")}), make_zim("b", {"Red": page("Red")}))

    assert miss(library, "Red", zim="a") == (
        'No article is titled "Red" in archive \'a\'. Did you mean:\n- article_overview(title="Red", zim="b")'
    )


def test_the_language_prefix_chooses_the_archive(make_zim: MakeZim, library_of: LibraryOf):
    english = make_zim("wikipedia_en_all", {"Berlin": page("Berlin", 200)}, language="eng")
    german = make_zim("wikipedia_de_all", {"Berlin": page("Berlin", 900)}, language="deu")
    library = library_of(english, german)

    assert find(library, "Berlin").article.zim == "wikipedia_en_all"
    assert find(library, "de:Berlin").article.zim == "wikipedia_de_all"


def test_a_page_that_forwards_is_followed(make_zim: MakeZim, library_of: LibraryOf):
    forward = '<html><head><meta http-equiv="refresh" content="0;url=Red_ochre"></head><body>Red ochre</body></html>'
    loop = '<meta http-equiv="refresh" content="0;url=Loop"><p>Loop text.</p>'
    file = make_zim("z", {"Ochre": forward, "Red ochre": page("Red ochre"), "Loop": loop})

    assert find(library_of(file), "Ochre").article.title == "Red ochre"
    assert find(library_of(file), "Loop").article.lead.text == "Loop text."


def test_a_language_like_beginning_may_be_the_title(make_zim: MakeZim, library_of: LibraryOf):
    assert find(library_of(make_zim("z", {"Re:Zero": page("Re:Zero")})), "Re:Zero").article.title == "Re:Zero"
