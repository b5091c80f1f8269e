import datetime
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from libzim.reader import Archive
from libzim.search import Query, Searcher
from libzim.suggestion import SuggestionSearcher

from zimfo_archives.errors import OptionError, SourcesError
from zimfo_archives.illustration import draw_illustration
from zimfo_archives.wiki import WikiOptions, build_wiki

Build = Callable[..., Archive]


def html(archive: Archive, path: str) -> str:
    return bytes(archive.get_entry_by_path(path).get_item().content).decode()


def found(archive: Archive, words: str) -> list[str]:
    return list(Searcher(archive).search(Query().set_query(words)).getResults(0, 10))


def suggested(archive: Archive, words: str) -> list[str]:
    return list(SuggestionSearcher(archive).suggest(words).getResults(0, 10))


def test_the_archive_is_sound_and_holds_what_it_should(wiki: Path, build: Build) -> None:
    archive = build()
    assert archive.check()
    assert archive.has_new_namespace_scheme
    paths = {archive._get_entry_by_id(number).path for number in range(archive.entry_count)}
    assert paths == {
        "AC/DC_effect", "Azure", "Blue", "Category:optics", "Category:physics", "Rayleigh_law", "Rayleigh_scattering",
        "_zimfo/style.css", "mainPage",
    }  # fmt: skip
    # Articles, with the redirects that stand in the title index beside them.
    assert archive.article_count == 5


def test_pages_are_whole_html_documents(wiki: Path, build: Build) -> None:
    page = html(build(), "Rayleigh_scattering")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n')
    for part in [
        "<title>Rayleigh scattering</title>",
        '<meta name="keywords" content="physics, optics">',
        '<meta name="geo.position" content="37.44;-122.14">',
        '<link rel="stylesheet" href="_zimfo/style.css">',
        '<h1 id="rayleigh-scattering">Rayleigh scattering</h1>\n<div id="coordinates">',
        '>Coordinates: <span class="geo">37.44; -122.14</span></div>\n',
        '<a href="Blue#the-colour">blue</a>',
        '<h2 id="how-much">How much?</h2>',
        '<td style="text-align:right">16</td>',
    ]:
        assert part in page
    assert page.count("<h1") == 1


def test_a_page_without_extras_has_none(wiki: Path, build: Build) -> None:
    page = html(build(), "Blue")
    assert '<html lang="en">' in page
    assert "<h1>Blue</h1>\n<p>A hue." in page
    assert "keywords" not in page
    assert "coordinates" not in page


@pytest.mark.parametrize(
    ("language", "attributes"),
    [
        ("ar", 'lang="ar" dir="rtl"'),
        ("fa-IR", 'lang="fa-IR" dir="rtl"'),
        ("az-Arab", 'lang="az-Arab" dir="rtl"'),
        ("ur-Latn", 'lang="ur-Latn"'),
        ("de", 'lang="de"'),
    ],
)
def test_languages_written_to_the_left_are_shown_so(
    sources: Path, write: Callable[[str, str], Path], build: Build, language: str, attributes: str
) -> None:
    write("a.md", f"---\ntitle: A\nlanguage: {language}\n---\n")
    write("b.md", "---\ntitle: B\ntags: [c]\n---\n")
    archive = build(language="heb")
    assert f"<html {attributes}>" in html(archive, "A")
    for path in ["B", "Category:c", "mainPage"]:
        assert '<html lang="he" dir="rtl">' in html(archive, path)


def test_titles_are_escaped(sources: Path, article: Callable[..., Path], build: Build) -> None:
    article("a.md", "", "'R&D <b>'")
    page = html(build(), "R&D_<b>")
    assert "<title>R&amp;D &lt;b&gt;</title>" in page
    assert "<h1>R&amp;D &lt;b&gt;</h1>" in page


def test_pages_deep_in_the_archive_find_their_style(sources: Path, article: Callable[..., Path], build: Build) -> None:
    article("a.md", "[b](b.md)", "AC/DC")
    article("b.md", "[a](a.md)", "B")
    archive = build()
    assert 'href="../_zimfo/style.css"' in html(archive, "AC/DC")
    assert '<a href="../B">' in html(archive, "AC/DC")
    assert '<a href="AC/DC">' in html(archive, "B")


def test_redirects_lead_to_their_page(wiki: Path, build: Build) -> None:
    archive = build()
    for path, title in [("Rayleigh_law", "Rayleigh law"), ("AC/DC_effect", "AC/DC effect")]:
        entry = archive.get_entry_by_path(path)
        assert (entry.is_redirect, entry.title) == (True, title)
        assert entry.get_redirect_entry().path == "Rayleigh_scattering"
        assert archive.get_entry_by_title(title).path == path


def test_search_finds_words_of_articles_alone(wiki: Path, build: Build) -> None:
    archive = build()
    assert archive.has_fulltext_index
    assert found(archive, "firmament") == ["Rayleigh_scattering"]
    assert found(archive, "cerulean") == ["Blue"]
    assert found(archive, "physics") == ["Rayleigh_scattering"]  # a keyword of the page
    assert found(archive, "categories") == found(archive, "articles") == []
    assert set(found(archive, "scattering")) == {"Blue", "Rayleigh_scattering"}


def test_suggestions_find_titles_and_redirects_alone(wiki: Path, build: Build) -> None:
    archive = build(title="Encyclopedia")
    assert archive.has_title_index
    assert suggested(archive, "rayleigh scat") == ["Rayleigh_scattering"]
    assert suggested(archive, "rayleigh la") == ["Rayleigh_law"]
    assert suggested(archive, "azu") == ["Azure"]
    assert suggested(archive, "encyc") == []
    assert suggested(archive, "physics") == suggested(archive, "category") == []


def test_the_main_page_lists_all_articles_by_the_alphabet(
    sources: Path, article: Callable[..., Path], build: Build
) -> None:
    for name, title in [("1.md", "iPod"), ("2.md", "Zebra"), ("3.md", "Ada"), ("4.md", "Émile & Co")]:
        article(name, "", title)
    archive = build()
    assert archive.main_entry.get_redirect_entry().path == "mainPage"
    lines = html(archive, "mainPage").split("\n")
    assert [line for line in lines if line.startswith("<li>")] == [
        '<li><a href="Ada">Ada</a></li>',
        '<li><a href="iPod">iPod</a></li>',
        '<li><a href="Zebra">Zebra</a></li>',
        '<li><a href="%C3%89mile_%26_Co">Émile &amp; Co</a></li>',
    ]


def test_metadata_is_as_given(wiki: Path, build: Build, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(draw_illustration())
    archive = build(
        title="Physics",
        description="x" * 80,
        language="fra",
        creator="A",
        publisher="B",
        name="physics_fr",
        date=datetime.date(2024, 2, 29),
        illustration=picture,
    )
    values = {key: archive.get_metadata(key).decode() for key in archive.metadata_keys if "Illus" not in key}
    assert values == {
        "Counter": "text/css=1;text/html=5",
        "Title": "Physics",
        "Description": "x" * 80,
        "Language": "fra",
        "Creator": "A",
        "Publisher": "B",
        "Name": "physics_fr",
        "Date": "2024-02-29",
        "Scraper": f"zimfo-archives {version('zimfo')}",
        "Tags": "optics;physics",
    }
    assert bytes(archive.get_illustration_item(48).content) == picture.read_bytes()


def test_metadata_has_defaults(wiki: Path, build: Build) -> None:
    archive = build()
    assert archive.get_metadata("Title") == b"Out"
    assert archive.get_metadata("Name") == b"out"
    assert archive.get_metadata("Description") == b"2 articles"
    assert archive.get_metadata("Date").decode() == datetime.date.today().isoformat()
    assert archive.has_illustration(48)


def test_equal_sources_give_equal_entries(wiki: Path, tmp_path: Path) -> None:
    (wiki / "a.png").write_bytes(draw_illustration())
    (wiki / "b.txt").write_text("text")
    (wiki / "c.md").write_text("---\ntitle: C\ncategories: [Z, Y, X]\n---\n![a](a.png) [b](b.txt) [[Azure]]\n")
    contents = []
    for name in ["one", "two"]:
        (tmp_path / name).mkdir()
        options = WikiOptions(date=datetime.date(2024, 1, 1))
        archive = Archive(build_wiki([wiki], tmp_path / name / "a.zim", options).path)
        entries = [archive._get_entry_by_id(number) for number in range(archive.all_entry_count)]
        contents.append(
            [
                (entry.path, entry.title, entry.is_redirect, bytes(entry.get_item().content))
                for entry in entries
                if not entry.path.endswith("/xapian")  # carries ids of its own
            ]
        )
    assert contents[0] == contents[1]


def test_the_report_counts_what_was_built(wiki: Path, tmp_path: Path) -> None:
    report = build_wiki([wiki], tmp_path / "a.zim", WikiOptions())
    assert (report.articles, report.redirects, report.categories, report.broken_links) == (2, 3, 2, ())
    assert (report.images, report.files) == (0, 0)
    assert report.bytes == (tmp_path / "a.zim").stat().st_size
    assert report.seconds > 0
    assert report.peak_rss_bytes is None or report.peak_rss_bytes > 1 << 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "en"}, "three letters"),
        ({"description": "x" * 81}, "81 characters; 80 are allowed"),
        ({"title": " "}, "the title is empty"),
        ({"creator": "a\nb"}, "the creator is empty or"),
    ],
)
def test_options_the_archive_cannot_carry_are_refused(
    wiki: Path, build: Build, options: dict[str, str], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        build(**options)


def test_wrong_sources_leave_nothing_behind(wiki: Path, build: Build, tmp_path: Path) -> None:
    (wiki / "wrong.md").write_text("no front matter")
    with pytest.raises(SourcesError):
        build()
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]
