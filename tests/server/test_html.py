"""From bytes of HTML to sections of clean text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zimfo_server.articles.html import MAX_NESTING, decode, parse_article, parse_lead
from zimfo_server.articles.model import Article
from zimfo_server.library.archive import Page


def read(html: str | bytes, title: str = "Title", path: str = "A/Title") -> Article:
    content = html.encode() if isinstance(html, str) else html
    return parse_article(Page(zim="z", path=path, title=title, mimetype="text/html", content=content))


def outline(article: Article) -> list[tuple[int, str]]:
    return [(section.level, section.title) for section in article.sections]


def everything(article: Article) -> str:
    return "\n\n".join(root.text for root in article.roots)


@pytest.mark.parametrize(
    "heading",
    [
        "<h2>History</h2>",
        '<div class="mw-heading mw-heading2"><h2 id="x">History</h2><span class="mw-editsection">[edit]</span></div>',
        "<section><h2><span>History</span></h2></section>",
        "<details open><summary class='section-heading'><h2>History</h2></summary></details>",
        "<h2>History <a class='headerlink' href='#h'>¶</a></h2>",
        "<h2><div>History</div>[edit]</h2>",
    ],
)
def test_headings_are_found_whatever_wraps_them(heading: str):
    article = read(f"<h1>Title</h1><p>Lead.</p>{heading}<p>Old.</p><h3>Early</h3><p>Older.</p><h2>Now</h2><p>New.</p>")

    assert outline(article) == [(0, ""), (2, "History"), (3, "Early"), (2, "Now")]
    assert article.sections[1].text == "Old.\n\nEarly\n\nOlder."
    assert article.sections[2].text == "Older."


def test_details_and_nested_sections_keep_their_text():
    html = """<section><p>Lead.</p></section><details><summary><h2>A</h2></summary><section><p>One.</p>
    <details><summary><h3>B</h3></summary><p>Two.</p></details></section></details>"""

    assert everything(read(html)) == "Lead.\n\nOne.\n\nB\n\nTwo."


def test_several_h1_are_chapters_and_the_title_is_none():
    article = read(
        "<h1>SELECT</h1><h1>1. Overview</h1><p>A.</p><h2>1.1. More</h2><p>B.</p><h1>2. End</h1><p>C.</p>", "SELECT"
    )

    assert outline(article) == [(1, "1. Overview"), (2, "1.1. More"), (1, "2. End")]


def test_what_is_no_text_does_not_leak():
    html = """<head><title>LEAK</title><style>LEAK</style></head><body><nav>LEAK</nav><div id="mw-navigation">LEAK</div>
    <div class="hatnote">For other uses, see LEAK.</div><table class="infobox vcard"><tr><td>LEAK<table><tr><td>LEAK
    </td></tr></table></td></tr></table><script>LEAK</script><p>Text
    <sup class="reference" id="cite_ref-1"><a>[1]</a></sup> here<span class="mw-ref"><a>[LEAK]</a></span>.
    <span style="display: none">LEAK</span>
    <noscript>LEAK</noscript></p>
    <figure>LEAK<figcaption>LEAK</figcaption></figure><div class="thumb tright">LEAK</div><svg><text>LEAK</text></svg>
    <span id="coordinates">Coordinates: LEAK</span><template>LEAK</template><div class="noprint">LEAK</div>
    <table class="wikitable"><tr><th>LEAK</th></tr></table><h2>Career<span class="mw-editsection">LEAK</span></h2>
    <p>More.</p><ol class="references"><li>LEAK</li></ol><h2>References</h2><p>LEAK</p><h3>Notes on it</h3><p>LEAK</p>
    <h2>External links</h2><ul><li>LEAK</li></ul><div class="navbox">LEAK</div>
    <div style="clear:both; border-top: dashed 2px #AAA">This article is issued from LEAK</div>
    <!--htdig_noindex--><p>LEAK</p><!--/htdig_noindex--><footer>LEAK</footer></body>"""
    article = read(html)

    assert "LEAK" not in everything(article)
    assert outline(article) == [(0, ""), (2, "Career")]
    assert article.lead.text == "Text here."
    assert article.hatnotes == ("For other uses, see LEAK.",)


def test_an_unmarked_hatnote_is_kept_apart():
    article = read("<p><i>For other uses, see Title (disambiguation).</i></p><p>Title is a thing.</p>")

    assert article.lead.text == "Title is a thing."
    assert article.hatnotes == ("For other uses, see Title (disambiguation).",)


def test_code_keeps_its_lines_and_brackets():
    article = read("<p>Use <code>a[1]</code> here [2].</p><pre>\nint main() {\n    return a[1];\n}\n</pre>")

    assert article.lead.text == "Use a[1] here.\n\nint main() {\n    return a[1];\n}"


def test_lists_have_one_item_per_line():
    article = read(
        "<ul><li>One</li><li><p>Two</p><ul><li>Inner</li></ul></li></ul><dl><dt>Term</dt><dd>Meaning</dd></dl>"
    )

    assert article.lead.text == "- One\n- Two\n  - Inner\n\nTerm\nMeaning"


def test_tables_of_data_become_rows_outside_the_lead():
    table = "<table class='wikitable'><tr><th>Year</th><th>Film</th></tr>{}</table>"
    rows = "<tr><td rowspan=2>1961</td><td>A</td></tr><tr><td>B</td></tr>"
    article = read("<p>Lead.</p>" + table.format(rows) + "<h2>Films</h2>" + table.format(rows))

    assert article.lead.text == "Lead."
    assert article.sections[1].text == "Year | Film\n1961 | A\n1961 | B"


def test_a_long_table_is_cut_and_says_so():
    rows = "".join(f"<tr><td>{n}</td><td>x</td></tr>" for n in range(500))
    text = read(f"<h2>T</h2><table class=wikitable>{rows}</table>").sections[0].text

    assert text.endswith("… (440 more rows)")


def test_layout_tables_are_read_as_text():
    article = read("<table><tr><td><h2>Books</h2><p>Many.</p></td><td><h2>Films</h2><p>Few.</p></td></tr></table>")

    assert [(s.title, s.text) for s in article.sections] == [("Books", "Many."), ("Films", "Few.")]


def test_a_formula_appears_once():
    formula = """<span class="mwe-math-element"><span style="display:none"><math alttext="{\\displaystyle v_{i}}">
    <mi>v</mi><annotation>{\\displaystyle v_{i}}</annotation></math></span><img alt="{\\displaystyle v_{i}}"></span>"""

    assert read(f"<p>Speed {formula} is.</p>").lead.text == "Speed v_{i} is."


def test_superscripts_stay_numbers_and_formulas_stay_on_a_line():
    html = """<p>10<sup>6</sup> m<sup>2</sup>, the 5<sup>th</sup>, O<span class="chemf">
    <span style="display:inline-block"><sup></sup><br><sub>2</sub></span></span>.</p>"""

    assert read(html).lead.text.replace(" 2", "2") == "10⁶ m², the 5th, O2."


def test_entities_spaces_and_breaks_are_clean():
    assert read("<p>A&#8211;B&nbsp;&amp;\n  C<br>D&#x200B;E&#xD800;</p>").lead.text == "A–B & C\nDE\ufffd"


def test_pronunciation_debris_is_removed():
    html = "<p>Ada (<span class='ext-phonos'>x</span>; born 1815) was ( ) a (<a>listen</a>) writer of main().</p>"

    assert read(html).lead.text == "Ada (born 1815) was a writer of main()."


def test_a_table_of_contents_without_a_class_is_dropped():
    toc = "<ul>" + "".join(f"<li><a href='#{n}'>Part {n}</a></li>" for n in range(5)) + "</ul>"

    assert read(f"{toc}<p>Text.</p>").lead.text == "Text."


def test_apparatus_is_dropped_in_other_languages():
    article = read(
        "<p>Text.</p><h2>Einzelnachweise</h2><p>x</p><h2>Зноскі</h2><p>x</p><h2>脚注</h2><p>x</p><h2>Werk</h2><p>y</p>"
    )

    assert outline(article) == [(0, ""), (2, "Werk")]


def test_a_page_of_headings_only_shows_them():
    assert read("<h2>One</h2><h3>Two</h3>").lead.text == "- One\n- Two"


@pytest.mark.parametrize(
    "html", ["", "   ", "<html></html>", "<frameset><frame></frameset>", "<!--", "<p></p>", "\x00"]
)
def test_a_page_without_text_is_empty(html: str):
    assert read(html).is_empty or read(html).lead.text == "\ufffd"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>Žluťoučký".encode(), "<p>Žluťoučký"),
        ("<p>é".encode("utf-8-sig"), "<p>é"),
        ('<meta charset="windows-1251"><p>Привет'.encode("cp1251"), '<meta charset="windows-1251"><p>Привет'),
        ('<meta charset="no-such"><p>é'.encode("latin-1"), '<meta charset="no-such"><p>\ufffd'),
        ('<meta charset="hex"><p>\xe9'.encode("latin-1"), '<meta charset="hex"><p>\ufffd'),
        ("<p>é".encode("utf-16"), "<p>é"),
    ],
)
def test_decoding(content: bytes, text: str):
    assert decode(content) == text


def test_links_are_paths_of_the_archive():
    html = """<a href="B_c%20d">B</a><a href="../I/x.png">I</a><a href="http://x.org">x</a><a href="#here">h</a>
    <a href="mailto:a@b">m</a><a href="//cdn/x">c</a><a href="E#part">E</a>
    <div class="navbox"><a href="N">N</a></div>"""

    assert [(link.path, link.text) for link in read(html).links] == [("A/B_c d", "B"), ("I/x.png", "I"), ("A/E", "E")]


def test_deep_nesting_does_not_take_minutes():
    started = time.perf_counter()
    article = read("<p>Start.</p>" + "<div>" * 200_000 + "x")

    assert time.perf_counter() - started < 3
    assert article.lead.text == "Start."
    assert MAX_NESTING > 256


def test_the_lead_alone_equals_the_lead_of_the_article():
    html = "<h1>Title</h1><p>One.</p><p>Two.</p><h2>A</h2><p>Three.</p><h2>B</h2><p>Four.</p>"
    page = Page("z", "A/Title", "Title", "text/html", html.encode())

    assert parse_lead(page) == "One.\n\nTwo."


FRAGMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            "<p> </p> <div> </div> <h1> <h2> </h2> <h3> </h3> <ul> <li> </ul> <table> <tr> <td> </table> <pre> </pre> "
            "<b> </b> <a> </a> <br> <sup> </sup> <details> <summary> <dl> <dt> <dd> <math> <svg> </svg> <section> "
            "<!--htdig_noindex--> <!--/htdig_noindex--> <!-- --> <template> <select> "
            "<button>show</button> &#0; &amp; [1]".split()
        ),
        st.just("<script>LEAK</script>"),
        st.just("<style>LEAK</style>"),
        st.just("<div class='infobox'>LEAK</div>"),
        st.text(max_size=12).filter(lambda text: "<" not in text and "LEAK" not in text),
    ),
    max_size=40,
).map("".join)


@given(FRAGMENTS)
@settings(max_examples=300, deadline=None)
def test_any_html_is_read_without_leaks(html: str):
    article = read(html.encode("utf-8", "replace"))
    text = everything(article)

    assert "LEAK" not in text
    assert not any("\ud800" <= char <= "\udfff" for char in text)
    for root in article.roots:
        for section in root.walk():
            assert section.text
            assert section.text.strip() in root.text or section.own_text in root.text
            assert all(child.level > section.level for child in section.subsections)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read(content: bytes):
    read(content)
