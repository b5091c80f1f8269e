"""An invented encyclopedia of any size: articles with sections, links, coordinates and redirects, made one by one."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import overload

import numpy as np

from zimfo_archives.headings import COORDINATES_ID, slug
from zimfo_archives.illustration import SIZE, draw_illustration
from zimfo_archives.job import Entry, Job, Redirect, Stream
from zimfo_archives.links import relative_link
from zimfo_archives.metadata import SCRAPER, Progress, phase
from zimfo_archives.sources import zim_path
from zimfo_archives.synth.chance import below, check
from zimfo_archives.synth.names import word
from zimfo_archives.synth.prose import Prose, written
from zimfo_archives.template import MAIN_PATH, STYLE, STYLE_PATH, document
from zimfo_archives.usage import peak_rss_bytes
from zimfo_archives.writer import check_target, write_archive

MAX_SIZE = 5_000_000  # about as many as the largest Wikipedia has, bar one

# A date of today would make every day's archive another one.
_DATE = "2026-01-01"
_LANGUAGE = "eng"
_LISTED = 500  # articles on the main page: a list of millions opens nowhere
# Articles by which the size of all is told before they are made, and what is added because others may be longer.
_SAMPLE, _MARGIN = 200, 1.3
_ARTICLES_PER_REDIRECT = 4
_WORDS = (300, 1_500)
_SECTIONS = (3, 8)
_LINKS_PER_SECTION = (1, 4)
# The numbers of the words of titles, apart from those of families and towns, and of given names among them.
_TITLE_WORDS, _GIVEN_WORDS = 400_000, 300

_HEADINGS = """
    History Geography Etymology Background Description Career Legacy Culture Economy Climate Demographics Education
    Transport Architecture Administration Religion Politics Reception Development Distribution Ecology Taxonomy
    Behaviour Uses Production Structure Applications Criticism Awards Works Influences Tourism Sports Media
""".split()
# What articles are about: a sort of thing, the pattern of its titles, and whether it lies somewhere.
_SUBJECTS = (
    ("town", "{0}", True),
    ("writer", "{1} {0}", False),
    ("river", "{0} river", True),
    ("scientist", "{1} {0}", False),
    ("mountain", "Mount {0}", True),
    ("species of moss", "{0} moss", False),
    ("theory of numbers", "{0} theorem", False),
    ("battle", "Battle of {0}", True),
    ("village", "{0}", True),
    ("instrument", "{0} (instrument)", False),
)


@dataclass(frozen=True, slots=True)
class SynthReport:
    """What was made, and at what cost."""

    path: Path
    articles: int
    redirects: int
    bytes: int
    seconds: float
    peak_rss_bytes: int | None  # of this process and the one that writes, together at most


def synth_wiki(target: Path, size: int, seed: int, *, progress: Progress | None = None) -> SynthReport:
    """Write an encyclopedia of `size` articles.

    Raises an ArchivesError, in which case an archive already there is untouched.
    """
    started = time.monotonic()
    check_target(target)
    written_archive = write_archive(wiki_job(size, seed), target, progress=phase(progress, "Writing archive"))
    own_peak = peak_rss_bytes()
    return SynthReport(
        path=written_archive.path,
        articles=size,
        redirects=size // _ARTICLES_PER_REDIRECT,
        bytes=written_archive.bytes,
        seconds=time.monotonic() - started,
        peak_rss_bytes=None if own_peak is None else own_peak + (written_archive.child_peak_rss_bytes or 0),
    )


def wiki_job(size: int, seed: int) -> Job:
    """Return the archive of `size` articles, which are made while it is read; raises OptionError for bad numbers."""
    check(size, seed, MAX_SIZE, "articles")
    articles = _Articles(size, seed)
    own = [
        Entry(MAIN_PATH, _TITLE, "text/html", _main_page(articles).encode(), front=False, indexed=False),
        Entry(STYLE_PATH, "", "text/css", STYLE.encode(), front=False, indexed=False),
    ]

    def entries() -> Iterator[Entry]:
        yield from own
        yield from (articles.entry(number) for number in range(size))

    sample = [len(articles.entry(number).content) for number in range(min(size, _SAMPLE))]
    content_bytes = sum(len(entry.content) for entry in own) + int(sum(sample) / len(sample) * size * _MARGIN)
    return Job(
        language=_LANGUAGE,
        main_path=MAIN_PATH,
        metadata={
            "Title": _TITLE,
            "Description": _description(size),
            "Language": _LANGUAGE,
            "Name": f"synthetic_{size}_{seed}",
            "Creator": SCRAPER,
            "Publisher": "Unknown",
            "Date": _DATE,
            "Scraper": SCRAPER,
        },
        illustration=draw_illustration(),
        illustration_size=SIZE,
        entries=Stream(entries, count=len(own) + size, content_bytes=content_bytes),
        redirects=_Redirects(articles),
    )


_TITLE = "Synthetic encyclopedia"


def _description(size: int) -> str:
    return f"{size:,} invented article{'s' if size != 1 else ''}"


class _Articles:
    """Makes every article from its number alone."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self._seed = seed
        self._prose = Prose()

    def title(self, number: int, script: str = "Latn") -> str:
        """Return the title of an article, which no other has."""
        (_, pattern, _), given = _about(self._seed, number)
        return pattern.format(word(_TITLE_WORDS + number, script), word(given, script))

    def entry(self, number: int) -> Entry:
        """Return an article."""
        title = self.title(number)
        path = zim_path(title)
        (sort, _, lies_somewhere), _ = _about(self._seed, number)
        random = np.random.Generator(np.random.PCG64([self._seed, number]))
        head = []
        body = [f"<h1>{escape(title)}</h1>"]
        if lies_somewhere:
            # Away from the poles, where people live.
            latitude, longitude = random.uniform(-55, 70), random.uniform(-180, 180)
            head.append(f'<meta name="geo.position" content="{latitude:.5f};{longitude:.5f}">')
            span = f'<span class="geo">{latitude:.5f}; {longitude:.5f}</span>'
            body.append(f'<div id="{COORDINATES_ID}">Coordinates: {span}</div>')
        body.append(f"<p>{escape(title)} is a {sort} of the year {random.integers(1200, 2000)}.</p>")
        body += self._sections(random, path, number)
        html = document(path=path, title=title, language="en", head=head, body="\n".join(body))
        return Entry(path, title, "text/html", html.encode(), front=True, indexed=True)

    def _sections(self, random: np.random.Generator, path: str, number: int) -> Iterator[str]:
        # Most articles are short.
        low, high = _WORDS
        words = low + int((high - low) * random.random() ** 2)
        fewest, most = _SECTIONS
        count = int(random.integers(fewest, most + 1))
        headings = random.permutation(len(_HEADINGS))[:count].tolist()
        yield self._paragraph(random, path, number, words // (count + 1))
        for position, heading in enumerate(headings):
            # After the first, some sections are parts of the one before.
            level = 3 if position and random.random() < 0.25 else 2
            yield f'<h{level} id="{slug(_HEADINGS[heading])}">{_HEADINGS[heading]}</h{level}>'
            yield self._paragraph(random, path, number, words // (count + 1))

    def _paragraph(self, random: np.random.Generator, path: str, number: int, words: int) -> str:
        sentences = self._prose.sentences(random, words)
        low, high = _LINKS_PER_SECTION
        for share in random.random(random.integers(low, high + 1)).tolist():
            # A few articles are linked from everywhere.
            target = int(self.size**share) - 1
            if target != number:
                name = self.title(target)
                link = f'<a href="{escape(relative_link(path, zim_path(name)))}">{escape(name)}</a>'
                sentences[int(random.integers(len(sentences)))].append(link)
        return f"<p>{' '.join(map(written, sentences))}</p>"


# Most links lead to the same few articles.
@lru_cache(maxsize=65_536)
def _about(seed: int, number: int) -> tuple[tuple[str, str, bool], int]:
    """Return the subject of an article, and the number of the given name of a person."""
    drawn = int(below(len(_SUBJECTS) * _GIVEN_WORDS, seed, "about", number)[0])
    return _SUBJECTS[drawn % len(_SUBJECTS)], drawn // len(_SUBJECTS)


class _Redirects(Sequence[Redirect]):
    """One article of each four has its title in another alphabet too."""

    def __init__(self, articles: _Articles) -> None:
        self._articles = articles

    def __len__(self) -> int:
        return self._articles.size // _ARTICLES_PER_REDIRECT

    @overload
    def __getitem__(self, index: int) -> Redirect: ...
    @overload
    def __getitem__(self, index: slice) -> list[Redirect]: ...
    def __getitem__(self, index: int | slice) -> Redirect | list[Redirect]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index] * _ARTICLES_PER_REDIRECT
        title = self._articles.title(number, "Cyrl")
        return Redirect(zim_path(title), title, zim_path(self._articles.title(number)))


def _main_page(articles: _Articles) -> str:
    titles = sorted(articles.title(number) for number in range(min(articles.size, _LISTED)))
    items = (f'<li><a href="{escape(relative_link(MAIN_PATH, zim_path(t)))}">{escape(t)}</a></li>' for t in titles)
    told = f"{_description(articles.size)}, for tests of programs: nothing in them is true."
    listed = "\n".join(items)
    body = f'<h1>{_TITLE}</h1>\n<p>{told}</p>\n<ul class="titles">\n{listed}\n</ul>'
    return document(path=MAIN_PATH, title=_TITLE, language="en", head=[], body=body)
