import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_archives.errors import SourcesError
from zimfo_archives.headings import slug
from zimfo_archives.links import relative_link
from zimfo_archives.pages import render_pages
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
        ("[x](a.pdf)", "there is no such file"),
        ("[x](notes.docx)", "files of this kind are not packed; PNG"),
        ("[x](/)", "relative path"),
        ("[x](../../../../../../../../../..)", "that folder has no page index.md or README.md"),
        ("[x](empty/)", "that folder has no page index.md or README.md"),
        (f"[x]({'a/' * 5000}b.md)", "no such file"),
        ("[x](my page.md)", "its address has spaces"),
        ('![*x*](my image.png "title")', "its address has spaces"),
        ("[[Gone]]", "no page has this title, redirect or file name"),
        ("[[a#Gone]]", "a.md has no heading with the anchor #gone"),
        ("[[gone.png]]", "there is no such file"),
        ("[x](/a.md)", "relative path"),
        ("[x](a.md?q)", "relative path"),
        ("[x](//host/a.md)", "relative path"),
        ("[x](javascript:alert)", "relative path"),
        ("[x](data:text/html,a)", "relative path"),
        ("[x](//[x:])", "not a valid address"),
        ("[x]()", "it is empty"),
        ("[x](#gone)", "a.md has no heading with the anchor #gone"),
        ("[x](a.md#Early_life)", "did you mean #early-life?"),
    ],
)
def test_a_broken_link_is_named_with_its_line(sources: Path, article: Article, link: str, reason: str) -> None:
    (sources.parent / "outside.md").write_text("")
    (sources / "notes.docx").write_text("")
    (sources / "empty").mkdir()
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


def test_wiki_links_find_titles_redirects_and_files(sources: Path, write: Callable[[str, str], Path]) -> None:
    links = ["Sky", "sky", "Azure|the *sky*", "deep/blue", "blue.md", "blue#The colour", "#Here", "Sky#More#The colour"]
    write("a.md", "---\ntitle: A\n---\n" + "\n".join(f"[[{link}]]" for link in links) + "\n\n## Here\n")
    write("deep/blue.md", "---\ntitle: Sky\nredirects: [Azure]\n---\n## The colour\n")
    html = html_of(sources)[0]
    assert html.splitlines()[:8] == [
        '<p><a href="Sky">Sky</a>',
        '<a href="Sky">sky</a>',
        '<a href="Sky">the *sky*</a>',
        '<a href="Sky">deep/blue</a>',
        '<a href="Sky">blue.md</a>',
        '<a href="Sky#the-colour">blue &gt; The colour</a>',
        '<a href="#here">Here</a>',
        '<a href="Sky#the-colour">Sky &gt; More &gt; The colour</a></p>',
    ]


def test_wiki_links_find_titles_that_hold_signs_of_links(sources: Path, article: Article) -> None:
    article("a.md", "[[C#]] [[C#|see]] [[cafe\u0301]]", "A")
    article("c.md", "", "'C#'")
    article("d.md", "", "caf\u00e9")
    assert (
        html_of(sources)[0]
        == '<p><a href="C%23">C#</a> <a href="C%23">see</a> <a href="caf%C3%A9">cafe\u0301</a></p>\n'
    )


def test_wiki_links_work_in_tables_and_not_in_code(sources: Path, article: Article) -> None:
    article("a.md", "| h |\n|---|\n| [[b\\|bee]] |\n\n`[[gone]]` \\[[gone]]\n\n    [[gone]]\n", "A")
    article("b.md", "")
    html = html_of(sources)[0]
    assert '<td><a href="b">bee</a></td>' in html
    assert html.count("[[gone]]") == 3


def test_brackets_that_are_no_link_stay(sources: Path, article: Article) -> None:
    text = "f[1](a b) [x](see page.) `[x](my page.md)` [x] (my page.md)"
    article("a.md", text)
    assert html_of(sources) == [f"<p>{text.replace('`[', '<code>[').replace(')`', ')</code>')}</p>\n"]


def test_brackets_that_are_no_wiki_link_stay(sources: Path, article: Article) -> None:
    article("a.md", "[[1]](a.md) [[1,2],[3]] [[]] [[a\nb]]")
    assert html_of(sources) == ['<p><a href="a">[1]</a> [[1,2],[3]] [[]] [[a\nb]]</p>\n']


def test_a_wiki_link_to_one_of_several_pages_is_broken(sources: Path, article: Article) -> None:
    file = article("a.md", "[[same]]")
    article("x/same.md", "", "One")
    article("y/same.md", "", "Two")
    assert problems(sources) == [
        f"{file}:4: the link to 'same' is broken: it may be any of 'One', 'Two'; write the title exactly"
    ]


def test_links_do_not_nest(sources: Path, article: Article) -> None:
    article("a.md", "[see [[b]] here](b.md)")
    article("c.md", "[see <https://b.c> here](b.md) [<https://b.c>](gone.md)")
    article("b.md", "")
    assert html_of(sources, allow_broken_links=True)[0] == '<p>[see <a href="b">b</a> here](b.md)</p>\n'
    rendered = render_pages(read_sources([sources]), allow_broken_links=True)
    link = '<a href="https://b.c">https://b.c</a>'
    assert rendered.bodies[2].html == f'<p><a href="b">see https://b.c here</a> {link}</p>\n'


@pytest.mark.parametrize("link", ["sub", "sub/", "sub/index.md", "./sub/../sub", "sub/other/../index"])
def test_a_folder_stands_for_its_first_page(sources: Path, article: Article, link: str) -> None:
    article("a.md", f"[x]({link})")
    article("sub/index.md", "", "Sub")
    (sources / "sub/other").mkdir()
    assert html_of(sources)[1] == '<p><a href="Sub">x</a></p>\n'


def test_footnotes_stand_below_and_lead_back(sources: Path, article: Article) -> None:
    article("a.md", "One[^n], again[^n], two^[Inline [[a]].].\n\n[^n]: The [note](a.md).\n")
    [html] = html_of(sources)
    assert html.startswith(
        '<p>One<sup class="footnote-ref reference"><a href="#fn:1" id="fnref:1">[1]</a></sup>, '
        'again<sup class="footnote-ref reference"><a href="#fn:1" id="fnref:1:1">[1]</a></sup>, '
        'two<sup class="footnote-ref reference"><a href="#fn:2" id="fnref:2">[2]</a></sup>.</p>\n'
        '<section class="footnotes references">\n<ol>\n<li id="fn:1"><p>The <a href="a">note</a>. <a href="#fnref:1"'
    )
    assert '<li id="fn:2"><p>Inline <a href="a">a</a>. <a href="#fnref:2"' in html


def test_broken_links_in_footnotes_have_their_lines(sources: Path, article: Article) -> None:
    file = article("a.md", "x[^n]\n\ny^[An [x](1.md)]\n\n[^n]: A\n    [y](2.md)\n")
    assert [problem.split(": ")[0] for problem in problems(sources)] == [f"{file}:6", f"{file}:9"]


def test_a_footnote_without_reference_is_reported(sources: Path, article: Article) -> None:
    file = article("a.md", "One[^a].\n\n[^a]: Fine.\n\n> [^typo]: Lost.\n")
    assert problems(sources) == [f"{file}:8: the footnote '[^typo]' is broken: no text refers to it"]


def test_footnotes_within_others_do_not_confuse_their_ends(sources: Path, article: Article) -> None:
    article("a.md", "One[^1].\n\n[^1]: - [^2]: two words\n    - end\n")
    [html] = html_of(sources)
    assert "<li>[^2]: two words</li>\n<li>end</li>\n</ul>" in html
    assert html.count("<li") == html.count("</li>") == 3


def test_the_markdown_people_write_is_understood(sources: Path, article: Article) -> None:
    article("a.md", "~~old~~\n\n- [x] done\n- [ ] *to do*\n- [y] text\n\nTerm\n: Meaning\n")
    [html] = html_of(sources)
    assert "<s>old</s>" in html
    assert '<li class="task"><input type="checkbox" disabled checked> done</li>' in html
    assert '<li class="task"><input type="checkbox" disabled> <em>to do</em></li>' in html
    assert "<li>[y] text</li>" in html
    assert "<dl>\n<dt>Term</dt>\n<dd>Meaning</dd>\n</dl>" in html


def test_long_articles_have_a_table_of_contents(sources: Path, article: Article) -> None:
    article("a.md", "Lead.\n\n## A & *b*\n### C\n## D\n#### E\n> ## F\n\n## G\n")
    article("b.md", "## A\n## B\n## C\n")
    long, short = html_of(sources)
    before, _, rest = long.partition('<!--htdig_noindex-->\n<nav class="toc">')
    contents, _, after = rest.partition("</nav>\n<!--/htdig_noindex-->\n")
    assert before == "<p>Lead.</p>\n"
    assert [line for line in contents.splitlines() if line.startswith("<li")] == [
        '<li class="toc-h2"><a href="#a--b">A &amp; b</a></li>',
        '<li class="toc-h3"><a href="#c">C</a></li>',
        '<li class="toc-h2"><a href="#d">D</a></li>',
        '<li class="toc-h2"><a href="#g">G</a></li>',
    ]
    assert after.startswith('<h2 id="a--b">')
    assert "toc" not in short


def test_lists_too_deep_to_be_read_are_reported_and_not_cut(sources: Path, article: Article) -> None:
    fine = "".join(f"{'  ' * level}- level {level}\n" for level in range(19))
    article("fine.md", fine)
    assert "level 18" in html_of(sources)[0]
    file = article("deep.md", fine + f"{'  ' * 19}- lost\n{'  ' * 20}- lost\n")
    assert problems(sources) == [f"{file}:23: lists or quotes too deep within each other; at most 20 lists can be"]


@pytest.mark.parametrize("piece", ["[", "![", "[[a", "- [ ] a\n", "a|b\n-|-\n", "`", "> " * 15 + "\n", "*a ", "## a\n"])
def test_odd_text_costs_no_more_than_its_length(sources: Path, article: Article, piece: str) -> None:
    """Four times the text must not take sixteen times as long."""

    def seconds(count: int) -> float:
        article("a.md", piece * count)
        pages = read_sources([sources])
        started = time.process_time()
        render_pages(pages, allow_broken_links=True)
        return time.process_time() - started

    def best(count: int) -> float:  # of three: what else runs on a machine costs processor time as well
        return min(seconds(count) for _ in range(3))

    assert best(4_000) < 9 * max(best(1_000), 0.02)


PIECES = [
    "[[", "]]", "![[", "![", "[", "](", ")", "|", "a.md", "b#h", "x.png", "^[", "[^1]", "\n[^1]: ", "\n", "\n\n",
    "\n## ", "\n- ", "\n- [x] ", "\n> ", "\n: ", "~~", "*", "`", "```", "\n|-|\n", "<script>", "<a href=",
    "javascript:alert(1)", "data:text/html,x", "<https://e.org>", "\\", "&lt;", "&#0;", "    ", "h", '"t"', "%00",
    "../", "/", "A", "é",
]  # fmt: skip


VOID = frozenset(("img", "br", "hr", "input"))


class _Nesting(HTMLParser):
    """Follows the elements of a page; `wrong` is what no page may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str | None] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "style") or (tag == "a" and "a" in self.open):
            self.wrong.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.ids += [value] if name == "id" else []
            if name.startswith("on") or re.match(r"\s*(javascript|data|file):", value or "", re.IGNORECASE):
                self.wrong.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(f"/{tag}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40))
def test_whatever_is_written_the_page_is_well_formed_and_runs_nothing(sources: Path, pieces: list[str]) -> None:
    (sources / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (sources / "a.md").write_text(f"---\ntitle: a\n---\n{''.join(pieces)}", encoding="utf-8")
    (sources / "b.md").write_text("---\ntitle: b\nredirects: [A]\n---\n## h\n")
    try:
        [body, _] = render_pages(read_sources([sources]), allow_broken_links=True).bodies
    except SourcesError:  # such as a heading that competes with the title
        return
    nesting = _Nesting()
    nesting.feed(body.html)
    nesting.close()
    assert (nesting.wrong, nesting.open) == ([], [])
    assert len(nesting.ids) == len(set(nesting.ids))
