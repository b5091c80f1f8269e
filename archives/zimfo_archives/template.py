"""The HTML around the words: the pages of articles and categories, the main page, and their one style sheet."""

from collections.abc import Iterable, Sequence
from html import escape

from zimfo_archives.categories import Category, in_order
from zimfo_archives.headings import COORDINATES_ID, unindexed
from zimfo_archives.links import relative_link
from zimfo_archives.pages import Body
from zimfo_archives.sources import Page

MAIN_PATH = "mainPage"
STYLE_PATH = "_zimfo/style.css"
# The folder is kept for what the builder adds: the style sheet, images and other files.
RESERVED_PATHS = (MAIN_PATH, "_zimfo/")

# Kiwix shows pages in the browser of the system, which may be ten years old on a telephone: what such a one does not
# know must only look plainer. Sides are named start and end, for languages written from right to left.
STYLE = """\
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 46rem; padding: 1rem; font: 1rem/1.6 system-ui, sans-serif;
  color: #202122; background: #fff; overflow-wrap: break-word;
}
h1, h2 { border-bottom: 1px solid #c8ccd1; font-family: Georgia, serif; font-weight: normal; line-height: 1.3; }
h1 { font-size: 1.8rem; margin: 0 0 0.8rem; }
h2 { font-size: 1.4rem; margin: 1.8rem 0 0.6rem; }
h3, h4, h5, h6 { line-height: 1.3; margin: 1.4rem 0 0.4rem; }
:target { background: #fdf3c7; }
a { color: #3056a9; }
img { max-width: 100%; height: auto; }
figure { margin: 1.2rem 0; text-align: center; }
figcaption { font-size: 0.9rem; color: #54595d; }
blockquote { margin: 1rem 0; padding: 0 1rem; border-inline-start: 4px solid #c8ccd1; color: #54595d; }
pre { overflow-x: auto; background: #f4f5f7; padding: 0.7rem; border-radius: 3px; line-height: 1.4; }
code { font-family: ui-monospace, monospace; font-size: 0.92em; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; }
th, td { border: 1px solid #a2a9b1; padding: 0.25rem 0.6rem; text-align: start; vertical-align: top; }
th { background: #eaecf0; }
dt { font-weight: bold; }
dd { margin-inline-start: 1.5rem; }
li.task { list-style: none; }
li.task > input, li.task > p > input { margin-inline-start: -1.4em; }
#coordinates { font-size: 0.85rem; color: #54595d; }
.toc { margin: 1.2rem 0; padding: 0.5rem 0.9rem; border: 1px solid #c8ccd1; border-radius: 3px; font-size: 0.93rem; }
.toc summary { cursor: pointer; font-weight: bold; }
.toc ul { list-style: none; margin: 0.4rem 0 0.2rem; padding: 0; }
.toc-h3 { padding-inline-start: 1.4rem; }
.footnotes { margin-top: 2rem; border-top: 1px solid #c8ccd1; font-size: 0.88rem; }
.footnote-ref { line-height: 0; }
.footnote-backref { text-decoration: none; }
.catlinks { margin-top: 2rem; padding: 0.5rem 0.9rem; border: 1px solid #c8ccd1; font-size: 0.9rem; }
.titles { columns: 15rem; padding-inline-start: 1.2rem; }
@media (max-width: 30rem) {
  body { padding: 0.7rem; }
  h1 { font-size: 1.5rem; }
  h2 { font-size: 1.25rem; }
}
@media (prefers-color-scheme: dark) {
  body { color: #eaecf0; background: #101418; }
  h1, h2, blockquote, .toc, .footnotes, .catlinks { border-color: #404244; }
  a { color: #8cb0f5; }
  a:visited { color: #b9a5e8; }
  blockquote, figcaption, #coordinates { color: #a2a9b1; }
  pre, th { background: #202428; }
  th, td { border-color: #54595d; }
  :target { background: #4a3f10; }
  img { background: #eaecf0; }
}
@media print {
  body { max-width: none; padding: 0; color: #000; background: #fff; font-size: 11pt; }
  a { color: inherit; text-decoration: none; }
  .toc, .catlinks, .footnote-backref { display: none; }
  .scroll, pre { overflow: visible; white-space: pre-wrap; }
  h1, h2, h3, h4 { break-after: avoid; }
  figure, tr, pre { break-inside: avoid; }
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

_RIGHT_TO_LEFT = frozenset("ar ara ckb dv div fa fas he heb ks ps pus sd snd ug uig ur urd yi yid".split())
_RIGHT_TO_LEFT_SCRIPTS = frozenset("arab aran hebr syrc thaa nkoo adlm rohg".split())


def short_language(language: str) -> str:
    """Return the code that HTML wants for a language of ISO 639-3."""
    return _SHORT_LANGUAGES.get(language, language)


def is_right_to_left(language: str) -> bool:
    """Return whether a language, as a code with or without a script (`ar`, `az-Arab`), is written to the left."""
    parts = language.lower().split("-")
    scripts = [part for part in parts[1:] if len(part) == 4 and part.isalpha()]
    return scripts[0] in _RIGHT_TO_LEFT_SCRIPTS if scripts else parts[0] in _RIGHT_TO_LEFT


def article_html(page: Page, body: Body, *, language: str, categories: Sequence[Category] = ()) -> str:
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
        body=f"<h1{identity}>{escape(page.title)}</h1>\n{coordinates}{body.html}{_category_links(page, categories)}",
    )


def category_html(category: Category, *, language: str) -> str:
    """Return the HTML page of a category, which lists its articles."""
    return document(
        path=category.path,
        title=category.title,
        language=short_language(language),
        head=[],
        body=f"<h1>{escape(category.title)}</h1>\n{_titles(category.path, category.pages)}",
    )


def main_page_html(
    pages: Sequence[Page], categories: Sequence[Category], *, title: str, description: str, language: str
) -> str:
    """Return the main page, which lists all categories and all articles in the order of the alphabet."""
    lists = _titles(MAIN_PATH, in_order(pages))
    if categories:
        names = " · ".join(
            f"{_link(MAIN_PATH, category.path, category.name)} ({len(category.pages)})" for category in categories
        )
        lists = f"<h2>Categories</h2>\n<p>{names}</p>\n<h2>Articles</h2>\n{lists}"
    return document(
        path=MAIN_PATH,
        title=title,
        language=short_language(language),
        head=[],
        body=f"<h1>{escape(title)}</h1>\n<p>{escape(description)}</p>\n{lists}",
    )


def document(*, path: str, title: str, language: str, head: list[str], body: str) -> str:
    """Return a whole HTML document for the entry `path`; `head` are lines of HTML, `body` is HTML."""
    direction = ' dir="rtl"' if is_right_to_left(language) else ""
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{escape(language)}"{direction}>',
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


def _titles(source: str, pages: Iterable[Page]) -> str:
    items = (f"<li>{_link(source, page.path, page.title)}</li>\n" for page in pages)
    return f'<ul class="titles">\n{"".join(items)}</ul>\n'


def _category_links(page: Page, categories: Sequence[Category]) -> str:
    """Return the line below an article, in Wikipedia's class, by which zimfo's server knows that it is no text."""
    if not categories:
        return ""
    links = " · ".join(_link(page.path, category.path, category.name) for category in categories)
    return unindexed(f'<nav class="catlinks">Categories: {links}</nav>')


def _link(source: str, target: str, text: str) -> str:
    return f'<a href="{escape(relative_link(source, target))}">{escape(text)}</a>'


def _degrees(number: float) -> str:
    # Seven places are a centimetre; never an exponent, which readers of coordinates do not expect.
    text = f"{number:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
