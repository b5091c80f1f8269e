"""Which section a name means, and which ones an overview shows."""

import pytest

from zimfo_server.articles.guidance import Asked
from zimfo_server.articles.html import parse_article
from zimfo_server.articles.model import Article
from zimfo_server.articles.sections import find_section, is_equal_name, pick_overview, section_or_guidance
from zimfo_server.errors import GuidanceError
from zimfo_server.library.archive import Page


def article(*headings: str, lead: str = "<p>The lead.</p>") -> Article:
    body = "".join(f"<h{h[0]}>{h[2:]}</h{h[0]}><p>{h[2:]} text. {'More. ' * (len(h) * 3)}</p>" for h in headings)
    return parse_article(Page("z", "A/T", "T", "text/html", (lead + body).encode()))


BIOGRAPHY = article(
    "2 Early life", "2 Life and career", "3 Early years (1930–45)", "3 Later years", "2 Death", "2 Awards and honours"
)
MANUAL = article("1 1. Overview", "1 2. Simple Select Processing", "2 2.1. FROM clause", "1 3. LIMIT clause", lead="")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("", ""),
        ("lead", ""),
        ("Summary", ""),
        ("intro", ""),
        ("Introduction", ""),
        ("death", "Death"),
        ("Deaths", "Death"),
        ("Early", "Early life"),
        ("later", "Later years"),
        ("career", "Life and career"),
        ("awards & honors", "Awards and honours"),
        ("Death of the singer", "Death"),
        ("3", "Death"),
        ("3. Death", "Death"),
        ("Lif and carrer", "Life and career"),
    ],
)
def test_a_name_finds_its_section(name: str, title: str):
    section = find_section(BIOGRAPHY, name)

    assert section is not None
    assert section.title == title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("2", "2. Simple Select Processing"),
        ("2.1", "2.1. FROM clause"),
        ("limit clause", "3. LIMIT clause"),
        ("", "1. Overview"),
    ],
)
def test_numbered_sections(name: str, title: str):
    section = find_section(MANUAL, name)

    assert section is not None
    assert section.title == title


def test_an_own_introduction_is_not_the_lead():
    section = find_section(article("2 Introduction", "2 End"), "introduction")

    assert section is not None
    assert section.title == "Introduction"


def test_a_miss_lists_the_outline_as_calls_the_likeliest_first():
    asked = Asked("get_article_section", title="T", section="Deadly sins")
    with pytest.raises(GuidanceError) as caught:
        section_or_guidance(BIOGRAPHY, asked)
    lines = str(caught.value).splitlines()

    assert lines[0] == '"T" has no section "Deadly sins". Its sections:'
    assert len([line for line in lines if line.startswith("- get_article_section(title=")]) == 6
    assert all(section.title in str(caught.value) for section in BIOGRAPHY.sections)


def test_a_long_outline_stays_short():
    long = article(*(f"2 Part number {n}" for n in range(100)))
    with pytest.raises(GuidanceError) as caught:
        section_or_guidance(long, Asked("get_article_section", title="T", section="zzz"))

    assert len(str(caught.value).splitlines()) == 8
    assert "and 60 more" in str(caught.value)


def test_an_article_of_a_lead_only_says_so():
    with pytest.raises(
        GuidanceError, match=r'It has only a lead:\n- get_article_section\(title="T", section="", zim="z"\)'
    ):
        section_or_guidance(article(), Asked("get_article_section", title="T", section="History"))


def test_equal_names():
    death = find_section(BIOGRAPHY, "death")
    assert death is not None
    assert is_equal_name(death, "DEATH")
    assert not is_equal_name(death, "deaths")
    assert is_equal_name(BIOGRAPHY.lead, "intro")


def test_an_overview_is_lead_then_priorities_then_the_largest():
    page = article("2 Small", "2 A very large section with a long name", "2 Culture", "2 History of it", "2 Etymology")

    assert [s.title for s in pick_overview(page, 5)] == [
        "",
        "History of it",
        "Culture",
        "Etymology",
        "A very large section with a long name",
    ]
    assert [s.title for s in pick_overview(page, 1)] == [""]


def test_an_overview_never_shows_a_text_twice():
    page = article("2 Life", "3 History", "3 Rest of the life", "2 Other")

    assert [s.title for s in pick_overview(page, 10)] == ["", "History", "Other"]


def test_a_heading_around_everything_is_looked_into():
    page = article("2 Chapter one", "2 Chapter two", lead="<h1>T</h1><p>Lead.</p><h1>Book</h1>")

    assert [s.title for s in pick_overview(page, 5)] == ["", "Chapter one", "Chapter two"]
