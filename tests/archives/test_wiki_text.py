"""What zimfo's server makes of the pages that the builder writes: their text, and nothing of what stands around it."""

from collections.abc import Callable
from pathlib import Path

from libzim.reader import Archive

from zimfo_archives.illustration import draw_illustration
from zimfo_server.articles.html import parse_article
from zimfo_server.articles.model import Article
from zimfo_server.library.archive import Page

BODY = """\
# Blue

A *hue*[^1] of the [[Sky]].^[Seen by day.]

![The firmament](sky.png "The firmament at noon")

## Uses
See ![inline](sky.png) here.

- [x] flags
- [ ] seals

## Names
Azure
: A bright one

### In heraldry
| Name | Share |
|------|------:|
| Azure | 16 |

Said of ~~shields~~ banners.

## Optics
Why it is [so](sky.md#how).

[^1]: A note, with [a link](sky.md).
"""


def read(archive: Archive, path: str) -> Article:
    item = archive.get_entry_by_path(path).get_item()
    return parse_article(
        Page(zim="wiki", path=path, title=item.title, mimetype=item.mimetype, content=bytes(item.content))
    )


def test_an_article_is_read_without_what_stands_around_it(
    sources: Path, write: Callable[[str, str], Path], build: Callable[..., Archive]
) -> None:
    (sources / "sky.png").write_bytes(draw_illustration())
    write("blue.md", f"---\ntitle: Blue\ncategories: [Hues]\ncoordinates: [1, 2]\n---\n{BODY}")
    write("sky.md", "---\ntitle: Sky\ncategories: [Hues]\n---\n## How\n")
    article = read(build(), "Blue")
    texts = [(section.title, section.own_text) for section in article.roots]
    assert texts == [
        ("", "A hue of the Sky."),
        ("Uses", "See here.\n\n- flags\n- seals"),
        ("Names", "Azure\nA bright one"),
        ("Optics", "Why it is so."),
    ]
    [heraldry] = article.roots[2].subsections
    assert (heraldry.title, heraldry.own_text) == ("In heraldry", "Said of shields banners.")
    assert [(link.path, link.text) for link in article.links] == [("Sky", "Sky")]


def test_an_article_of_a_few_words_has_no_other_words(
    sources: Path, write: Callable[[str, str], Path], build: Callable[..., Archive]
) -> None:
    write("blue.md", "---\ntitle: Blue\ntags: [hues, optics]\n---\nA hue.\n")
    article = read(build(), "Blue")
    assert [section.text for section in article.roots] == ["A hue."]
    assert article.links == ()
