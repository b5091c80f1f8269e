"""An invented encyclopedia is whole, is the same every time, and is made while it is written."""

import re
from collections import Counter
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

import pytest
from libzim.reader import Archive
from libzim.search import Query, Searcher
from selectolax.lexbor import LexborHTMLParser

from zimfo_archives.errors import OptionError, TargetError
from zimfo_archives.job import Entry, Job
from zimfo_archives.synth.articles import MAX_SIZE, synth_wiki, wiki_job

SIZE, SEED = 150, 5


@pytest.fixture(scope="module")
def job() -> Job:
    return wiki_job(SIZE, SEED)


@pytest.fixture(scope="module")
def articles(job: Job) -> list[Entry]:
    return [entry for entry in job.entries if entry.front]


def html(entry: Entry) -> str:
    return entry.content.decode()


@pytest.mark.parametrize("size", [1, 2, 10])
def test_small_archives_have_as_many_articles_as_were_asked_for(size: int, tmp_path: Path):
    report = synth_wiki(tmp_path / "x.zim", size, SEED)
    archive = Archive(report.path)
    assert archive.check()
    assert (report.articles, report.redirects) == (size, size // 4)
    # What is found by its title: redirects too.
    assert archive.article_count == size + size // 4
    assert report.bytes == report.path.stat().st_size
    assert archive.main_entry.get_item().path == "mainPage"


@pytest.mark.parametrize(("size", "seed"), [(0, 1), (MAX_SIZE + 1, 1), (1, -1)])
def test_sizes_and_seeds_out_of_bounds_are_refused(size: int, seed: int, tmp_path: Path):
    with pytest.raises(OptionError, match="must be from"):
        synth_wiki(tmp_path / "x.zim", size, seed)
    assert not list(tmp_path.iterdir())


def test_a_target_that_is_no_archive_is_refused(tmp_path: Path):
    with pytest.raises(TargetError):
        synth_wiki(tmp_path / "x.txt", 1, SEED)


def test_an_archive_is_found_in_and_the_same_every_time(tmp_path: Path):
    one, other = (Archive(synth_wiki(tmp_path / name, SIZE, SEED).path) for name in ("one.zim", "other.zim"))
    assert one.entry_count == other.entry_count == SIZE + SIZE // 4 + 2
    for number in range(one.entry_count):
        some, same = one._get_entry_by_id(number), other._get_entry_by_id(number)
        assert (some.path, some.title, some.is_redirect) == (same.path, same.title, same.is_redirect)
        assert bytes(some.get_item().content) == bytes(same.get_item().content)
    for name in ("Title", "Description", "Date", "Name", "Language"):
        assert one.get_metadata(name) == other.get_metadata(name)
    assert one.has_fulltext_index
    assert Searcher(one).search(Query().set_query("writer")).getEstimatedMatches() > 0


def test_other_seeds_give_other_articles(articles: list[Entry]):
    others = [entry.content for entry in wiki_job(SIZE, SEED + 1).entries if entry.front]
    assert not set(others) & {entry.content for entry in articles}


def test_titles_differ_and_so_do_those_of_redirects(job: Job, articles: list[Entry]):
    paths = [entry.path for entry in job.entries] + [redirect.path for redirect in job.redirects]
    assert len(set(paths)) == len(paths) == len(job.entries) + len(job.redirects)
    assert len(articles) == SIZE
    assert {redirect.target for redirect in job.redirects} <= {entry.path for entry in articles}
    assert job.redirects[-1] == list(job.redirects)[-1] == job.redirects[-2:][1]
    with pytest.raises(IndexError):
        job.redirects[len(job.redirects)]


def test_articles_have_sections_and_words(articles: list[Entry]):
    for entry in articles:
        tree = LexborHTMLParser(html(entry))
        assert tree.css_first("h1").text() == tree.css_first("title").text() == entry.title
        headings = tree.css("h2, h3")
        assert 3 <= len(headings) <= 8
        assert len({heading.attributes["id"] for heading in headings}) == len(headings)
        words = " ".join(paragraph.text() for paragraph in tree.css("p")).split()
        assert 270 <= len(words) <= 1_600
        assert all(paragraph.text().endswith(".") for paragraph in tree.css("p"))


def test_a_few_words_are_common_and_most_are_rare(articles: list[Entry]):
    text = " ".join(LexborHTMLParser(html(entry)).body.text() for entry in articles).lower()
    counts = [count for _, count in Counter(re.findall(r"\w+", text)).most_common()]
    # After Zipf, the hundredth is about a fortieth as common as the first.
    assert 15 < counts[0] / counts[99] < 80
    assert len(counts) > 10_000


def test_links_lead_to_articles_and_to_some_more_often(articles: list[Entry]):
    paths = {entry.path for entry in articles}
    linked: Counter[str] = Counter()
    for entry in articles:
        links = [unquote(a.attributes["href"] or "") for a in LexborHTMLParser(html(entry)).css("p a")]
        assert links
        assert set(links) <= paths - {entry.path}
        linked.update(links)
    assert max(linked.values()) > 5 * sorted(linked.values())[len(linked) // 2]


def test_some_articles_have_coordinates(articles: list[Entry]):
    placed = [entry for entry in articles if 'name="geo.position"' in html(entry)]
    assert 0.3 < len(placed) / SIZE < 0.7
    for entry in placed:
        tree = LexborHTMLParser(html(entry))
        position = tree.css_first("meta[name='geo.position']").attributes["content"] or ""
        latitude, longitude = map(float, position.split(";"))
        assert tree.css_first("#coordinates .geo").text() == position.replace(";", "; ")
        assert -90 <= latitude <= 90
        assert -180 <= longitude <= 180


def test_the_largest_archive_begins_at_once():
    job = wiki_job(MAX_SIZE, SEED)
    assert len(job.entries) == MAX_SIZE + 2
    assert len(job.redirects) == MAX_SIZE // 4
    assert len(list(islice(iter(job.entries), 20))) == 20
    assert job.content_bytes > 1_000 * MAX_SIZE


def test_no_less_room_is_asked_for_than_is_needed(job: Job):
    assert job.content_bytes >= sum(len(entry.content) for entry in job.entries)
