from collections.abc import Callable
from pathlib import Path

import pytest
from libzim.reader import Archive
from libzim.search import Query, Searcher
from libzim.suggestion import SuggestionSearcher

from zimfo_archives.categories import group_pages
from zimfo_archives.errors import SourcesError
from zimfo_archives.sources import read_sources

Write = Callable[[str, str], Path]
Build = Callable[..., Archive]


@pytest.fixture
def member(write: Write) -> Callable[..., Path]:
    """Write an article that has this front matter beside its title."""

    def member(name: str, front: str, body: str = "Words.\n") -> Path:
        return write(name, f"---\ntitle: {Path(name).stem}\n{front}\n---\n{body}")

    return member


def html(archive: Archive, path: str) -> str:
    return bytes(archive.get_entry_by_path(path).get_item().content).decode()


def test_a_category_lists_its_articles_in_order(member: Callable[..., Path], build: Build) -> None:
    for name in ["b", "C", "a"]:
        member(f"{name}.md", "categories: [Old things]")
    archive = build()
    assert (
        html(archive, "Category:Old_things")
        .split("<body>\n")[1]
        .startswith(
            '<h1>Category:Old things</h1>\n<ul class="titles">\n<li><a href="a">a</a></li>\n'
            '<li><a href="b">b</a></li>\n'
            '<li><a href="C">C</a></li>\n</ul>\n'
        )
    )


def test_articles_link_to_their_categories_and_the_main_page_to_all(member: Callable[..., Path], build: Build) -> None:
    member("AC.md", "categories: [Zoo, 'R&D']")
    member("b.md", "categories: [zoo]")
    archive = build()
    links = '<a href="Category%3AZoo">Zoo</a> · <a href="Category%3AR%26D">R&amp;D</a>'
    assert f'<nav class="catlinks">Categories: {links}</nav>' in html(archive, "AC")
    assert (
        '<h2>Categories</h2>\n<p><a href="Category%3AR%26D">R&amp;D</a> (1) · <a href="Category%3AZoo">Zoo</a> (2)</p>'
    ) in html(archive, "mainPage")


def test_tags_are_categories_where_none_are_named(sources: Path, member: Callable[..., Path]) -> None:
    member("a.md", "tags: [physics]")
    member("b.md", "tags: [draft]\ncategories: [Physics, physics]")
    member("c.md", "tags: [draft]\ncategories: []")
    [category] = group_pages(read_sources([sources]))
    assert (category.name, [page.title for page in category.pages]) == ("Physics", ["a", "b"])


def test_categories_take_no_place_in_searches(member: Callable[..., Path], build: Build) -> None:
    member("a.md", "categories: [Volcanoes]", "## One\n## Two\n## Three\n## Four\n\nWords.\n")
    archive = build()

    def found(words: str) -> list[str]:
        return list(Searcher(archive).search(Query().set_query(words)).getResults(0, 10))

    assert found("volcanoes") == found("categories") == found("contents") == []
    assert found("words") == ["a"]
    assert list(SuggestionSearcher(archive).suggest("volcanoes").getResults(0, 10)) == []
    assert not archive.has_entry_by_title("Volcanoes")


def test_a_page_cannot_have_the_place_of_a_category(sources: Path, write: Write, member: Callable[..., Path]) -> None:
    first = member("a.md", "categories: [Zoo, Parks]")
    title = write("b.md", '---\ntitle: "Category:Zoo"\n---\n')
    alias = write("c.md", '---\ntitle: C\nredirects:\n- "Category:Parks"\n---\n')
    write("d.md", '---\ntitle: "Category:zoo"\n---\n')  # another path, which is free
    with pytest.raises(SourcesError) as caught:
        group_pages(read_sources([sources]))
    assert [str(problem) for problem in caught.value.problems] == [
        f"{title}:2: the title 'Category:Zoo' is that of a category's page; {first}:3 names the category",
        f"{alias}:4: the redirect 'Category:Parks' is that of a category's page; {first}:3 names the category",
    ]


@pytest.mark.parametrize("name", ["a/../b", "' a'", "7", "''"])
def test_a_category_that_can_have_no_page_is_refused(sources: Path, member: Callable[..., Path], name: str) -> None:
    file = member("a.md", f"categories: [{name}]")
    with pytest.raises(SourcesError, match="the category ") as caught:
        read_sources([sources])
    assert str(caught.value.problems[0]).startswith(f"{file}:3: ")
