"""The HTML around the words: the page of an article, the main page, and their one style sheet."""

from collections.abc import Iterable
from html import escape

from zimfo_archives.pages import COORDINATES_ID, Body, relative_link
from zimfo_archives.sources import Page

MAIN_PATH = "mainPage"
STYLE_PATH = "_zimfo/style.css"
RESERVED_PATHS = (MAIN_PATH, STYLE_PATH)

STYLE = """\
body { margin: 0 auto; max-width: 46rem; padding: 1rem; font: 1rem/1.6 system-ui, sans-serif; color: #202122; }
h1, h2 { border-bottom: 1px solid #c8ccd1; font-family: Georgia, serif; font-weight: normal; }
table { border-collapse: collapse; }
th, td { border: 1px solid #a2a9b1; padding: 0.2rem 0.5rem; }
pre { overflow-x: auto; background: #f8f9fa; padding: 0.5rem; }
#coordinates { font-size: 0.85rem; color: #54595d; }
@media (prefers-color-scheme: dark) {
  body { background: #101418; color: #eaecf0; }
  a { color: #88a3e8; }
  pre { background: #202122; }
}
"""

# HTML wants the short code where a language has one, the archive's metadata the long one. Other languages keep the
# long code, which browsers accept.
_SHORT_LANGUAGES = {
    "ara": "ar", "ben": "bn", "ces": "cs", "dan": "da", "deu": "de", "ell": "el", "eng": "en", "fas": "fa", "fin": "fi",
    "fra": "fr", "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja", "kor": "ko", "nld": "nl",
    "nor": "no", "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk",
    "vie": "vi", "zho": "zh",
}  # fmt: skip


def short_language(language: str) -> str:
    """Return the code that HTML wants for a language of ISO 639-3."""
    return _SHORT_LANGUAGES.get(language, language)


def article_html(page: Page, body: Body, *, language: str) -> str:
    """Return the HTML page of an article; `language` is the archive's, used where the page names none."""
    head = []
    if page.tags:
        head.append(f'<meta name="keywords" content="{escape(", ".join(page.tags))}">')
    coordinates = ""
    if page.coordinates is not None:
        latitude, longitude = (_degrees(number) for number in page.coordinates)
        # libzim reads this form into its geographical index.
        head.append(f'<meta name="geo.position" content="{latitude};{longitude}">')
        span = f'<span class="geo">{latitude}; {longitude}</span>'
        coordinates = f'<div id="{COORDINATES_ID}">Coordinates: {span}</div>\n'
    identity = f' id="{escape(body.title_id)}"' if body.title_id else ""
    return document(
        path=page.path,
        title=page.title,
        language=page.language or short_language(language),
        head=head,
        body=f"<h1{identity}>{escape(page.title)}</h1>\n{coordinates}{body.html}",
    )


def main_page_html(pages: Iterable[Page], *, title: str, description: str, language: str) -> str:
    """Return the main page, which lists all articles in the order of the alphabet."""
    by_title = sorted(pages, key=lambda page: (page.title.casefold(), page.title))
    items = (f'<li><a href="{escape(relative_link(MAIN_PATH, p.path))}">{escape(p.title)}</a></li>\n' for p in by_title)
    return document(
        path=MAIN_PATH,
        title=title,
        language=short_language(language),
        head=[],
        body=f"<h1>{escape(title)}</h1>\n<p>{escape(description)}</p>\n<ul>\n{''.join(items)}</ul>\n",
    )


def document(*, path: str, title: str, language: str, head: list[str], body: str) -> str:
    """Return a whole HTML document for the entry `path`; `head` are lines of HTML, `body` is HTML."""
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{escape(language)}">',
        "<head>",
        '<meta charset="utf-8">',
        f"<title>{escape(title)}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        *head,
        f'<link rel="stylesheet" href="{escape(relative_link(path, STYLE_PATH))}">',
        "</head>",
        "<body>",
        body.rstrip("\n"),
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)


def _degrees(number: float) -> str:
    # Seven places are a centimetre; never an exponent, which readers of coordinates do not expect.
    text = f"{number:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
