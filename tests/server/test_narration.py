"""Whole articles for speech."""

from zimfo_server.articles import narration
from zimfo_server.articles.html import parse_article
from zimfo_server.library.archive import Page


def narrate(html: str) -> narration.Narration:
    return narration.narrate(parse_article(Page("z", "A/Blue", "Blue", "text/html", html.encode())))


def test_headings_are_spoken_as_sentences():
    spoken = narrate(
        "<h1>Blue</h1><p>A hue.[1]</p><h2>Why?</h2><p>Light.</p><h3>More</h3><ul><li>One</li><li>Two</li></ul>"
    )

    assert spoken.pages == ["Blue.\n\nA hue.\n\nWhy? Light.\n\nMore. One\nTwo"]
    assert spoken.bytes == len(spoken.pages[0].encode())


def test_long_articles_come_in_pages_cut_between_paragraphs():
    paragraph = "This is a sentence of the paragraph. " * 20
    spoken = narrate("<p>A hue.</p>" + f"<p>{paragraph}</p>" * 150)

    assert len(spoken.pages) == 3
    assert all(len(page) <= narration.NARRATION_PAGE_CHARS and page.endswith("paragraph.") for page in spoken.pages)
    assert spoken.bytes > 100_000
