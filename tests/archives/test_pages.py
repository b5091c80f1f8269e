from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_archives.errors import SourcesError
from zimfo_archives.pages import relative_link, render_pages, slug
from zimfo_archives.sources import read_sources

Article = Callable[..., Path]


def html_of(folder: Path, *, allow_broken_links: bool = False) -> list[str]:
    pages = read_sources([folder])
    return [body.html for body in render_pages(pages, allow_broken_links=allow_broken_links).bodies]


def problems(folder: Path) -> list[str]:
    with pytest.raises(SourcesError) as caught:
        render_pages(read_sources([folder]))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("Early life", "early-life"), ("What's new?", "whats-new"), ("Über α", "über-α"), ("!", "section")],
)
def test_anchors_are_those_of_github(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_equal_headings_get_different_anchors(sources: Path, article: Article) -> None:
    article("a.md", "## X\n## X-1\n## X\n")
    [html] = html_of(sources)
    assert html == '<h2 id="x">X</h2>\n<h2 id="x-1">X-1</h2>\n<h2 id="x-2">X</h2>\n'


@pytest.mark.parametrize(
    ("source", "target", "link"),
    [
        ("A", "B", "B"),
        ("AC/DC", "B", "../B"),
        ("A", "Mars:_life?", "Mars%3A_life%3F"),
        ("A", "100%_#1", "100%25_%231"),
        ("A/B", "A/C", "../A/C"),
    ],
)
def test_links_are_relative_and_encoded(source: str, target: str, link: str) -> None:
    assert relative_link(source, target) == link


def test_links_between_files_become_links_between_entries(sources: Path, article: Article) -> None:
    article("x/a.md", "[b](../my%20b.md#the-end) [me](#here) [self](a.md)\n\n## Here\n", "A")
    article("my b.md", "[a](<x/a.md>)\n\n## The end\n", "'To be: or not?'")
    first, second = html_of(sources)
    assert '<a href="To_be%3A_or_not%3F#the-end">b</a> <a href="#here">me</a> <a href="A">self</a>' in first
    assert '<a href="A">a</a>' in second


def test_a_file_reached_through_a_symbolic_link_is_found(sources: Path, article: Article) -> None:
    article("real/a.md", "[b](b.md)", "A")
    article("real/b.md", "", "B")
    (sources / "alias").symlink_to(sources / "real")
    assert '<a href="B">' in html_of(sources / "alias")[0]


def test_links_to_the_world_stay(sources: Path, article: Article) -> None:
    article("a.md", "[w](https://example.org/a?b=c#d) <mailto:a@example.org>")
    [html] = html_of(sources)
    assert 'href="https://example.org/a?b=c#d"' in html
    assert 'href="mailto:a@example.org"' in html


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("[x](gone.md)", "there is no such file"),
        ("[x](../outside.md)", "not among the sources"),
        ("[x](a%00.md)", "no such file"),
        ("[x](a.pdf)", "only Markdown files"),
        ("[x](/a.md)", "relative path"),
        ("[x](a.md?q)", "relative path"),
        ("[x](//host/a.md)", "relative path"),
        ("[x](javascript:alert)", "relative path"),
        ("[x](data:text/html,a)", "relative path"),
        ("[x](//[x:])", "not a valid address"),
        ("[x]()", "it is empty"),
        ("[x](#gone)", "a.md has no heading with the anchor #gone"),
        ("[x](a.md#Early_life)", "did you mean #early-life?"),
        ("![x](x.png)", "images are not packed"),
    ],
)
def test_a_broken_link_is_named_with_its_line(sources: Path, article: Article, link: str, reason: str) -> None:
    (sources.parent / "outside.md").write_text("")
    file = article("a.md", f"## Early life\n\nfirst\n{link} last\n")
    [problem] = problems(sources)
    assert problem.startswith(f"{file}:7: the link to ")
    assert reason in problem


def test_allowed_broken_links_become_text_and_the_rest_stays(sources: Path, article: Article) -> None:
    article("a.md", "[*one*](gone.md) [two](b.md#gone) ![three](x.png) [four](b.md#there)")
    article("b.md", "## There\n")
    rendered = render_pages(read_sources([sources]), allow_broken_links=True)
    assert rendered.bodies[0].html == '<p><em>one</em> two three <a href="b#there">four</a></p>\n'
    assert [link.target for link in rendered.broken] == ["gone.md", "b.md#gone", "x.png"]


def test_links_in_tables_and_lists_are_found(sources: Path, article: Article) -> None:
    file = article("a.md", "| h |\n|---|\n| [x](1.md) |\n\n- a\n  [x](2.md)\n")
    assert [problem.split(": ")[0] for problem in problems(sources)] == [f"{file}:6", f"{file}:9"]


def test_raw_html_is_shown_and_not_run(sources: Path, article: Article) -> None:
    article("a.md", "<script>1</script>\n\na <b>c</b>")
    [html] = html_of(sources)
    assert html == "<p>&lt;script&gt;1&lt;/script&gt;</p>\n<p>a &lt;b&gt;c&lt;/b&gt;</p>\n"


def test_the_title_as_first_heading_is_dropped_but_can_be_linked(sources: Path, article: Article) -> None:
    article("a.md", "# A *b*\n\n[up](#a-b)\n", "A b")
    [html] = html_of(sources)
    assert html == '<p><a href="#a-b">up</a></p>\n'


@pytest.mark.parametrize(
    ("body", "line", "part"),
    [
        ("# Other\n", 4, "'Other' is not the title 'a'"),
        ("\nOther\n=====\n", 5, "is not the title"),
        ("# a\n\n# a\n", 6, "a second heading of the first level"),
        ("> # a\n", 4, "of the first level"),
    ],
)
def test_headings_that_compete_with_the_title_are_refused(
    sources: Path, article: Article, body: str, line: int, part: str
) -> None:
    file = article("a.md", body)
    [problem] = problems(sources)
    assert problem.startswith(f"{file}:{line}: ")
    assert part in problem


def test_a_page_rendered_twice_reports_its_problems_once(sources: Path, article: Article) -> None:
    article("a.md", "# Other\n\n[x](#gone)\n")
    assert len(problems(sources)) == 2


def test_no_id_stands_twice_on_a_page_with_coordinates(sources: Path, write: Callable[[str, str], Path]) -> None:
    write("a.md", "---\ntitle: A\ncoordinates: [1, 2]\n---\n## Coordinates\n")
    assert html_of(sources) == ['<h2 id="coordinates-1">Coordinates</h2>\n']
