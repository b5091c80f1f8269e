"""The five article tools, as a worker calls them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zimfo_server.articles import store
from zimfo_server.articles.shelf import Shelf
from zimfo_server.errors import ArchiveSetAsideError, GuidanceError
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.library import Library
from zimfo_server.tools.articles import TOOLS
from zimfo_shared.catalogue import CATALOGUE

LibraryOf = Callable[..., Library]
MakeZim = Callable[..., Path]
SharedZim = Callable[[str], Path]

MAXI = "wikipedia_en_ray_charles_maxi_2019-08"


def call(library: Library, tool: str, **arguments: Any) -> dict[str, Any]:
    output = TOOLS[tool](library, CATALOGUE[tool].input.parse(tool, arguments))
    assert isinstance(output, CATALOGUE[tool].output)
    return output.payload()


def refusal(library: Library, tool: str, **arguments: Any) -> str:
    with pytest.raises(GuidanceError) as caught:
        call(library, tool, **arguments)
    return str(caught.value)


def test_an_overview_has_lead_sections_and_outline(shared_zim: SharedZim, library_of: LibraryOf):
    overview = call(library_of(shared_zim(MAXI)), "article_overview", title="Ray Charles")

    assert overview["zim"] == MAXI
    assert overview["sections"][0]["title"] == ""
    assert overview["sections"][0]["text"].startswith("Ray Charles Robinson (September 23, 1930 – June 10, 2004)")
    assert len(overview["sections"]) == 5
    assert overview["section_count"] == len(overview["available_sections"]) == 19
    assert {"title": "Death", "level": 2, "bytes": 1345} in overview["available_sections"]
    assert "References" not in json.dumps(overview["available_sections"])
    long = next(section for section in overview["sections"] if section.get("truncated"))
    assert len(long["text"]) <= 3_000
    assert long["text"].endswith((".", '."', ".)"))
    assert long["bytes"] > len(long["text"].encode())
    for leak in ("Background information", "Birth name", "Years active", "[2]", "[edit]", "Retrieved"):
        assert leak not in json.dumps(overview, ensure_ascii=False)


def test_fewer_sections_can_be_asked_for(shared_zim: SharedZim, library_of: LibraryOf):
    overview = call(library_of(shared_zim(MAXI)), "article_overview", title="Ray Charles", max_sections=1)

    assert [section["title"] for section in overview["sections"]] == [""]


@pytest.mark.parametrize(
    ("name", "title", "section", "starts"),
    [
        (MAXI, "Ray Charles", "Death", "In 2003, Charles had successful hip replacement surgery"),
        ("wikipedia_en_ray_charles_2015-06", "ray charles", "death", "In 2003, Charles had successful hip"),
        ("wikipedia_en_100_mini_2022-10", "Oxygen", "lead", "Oxygen is the chemical element with the symbol O and"),
        ("devdocs_en_sqlite_2025-04", "SELECT", "The LIMIT clause", "The LIMIT clause is used to place an upper bound"),
        ("zimtools_wikibooks_be_all_nopic_2017-02", "Дапаможнік па C++", "", "C++ — мова праграмаваньня"),
        ("split_ray_charles/wikipedia_en_ray_charles_2015-06.zimaa", "Ray Charles", "", "Ray Charles Robinson (S"),
        ("encodings/noTitleListingV0/small", "main", "", "Test ZIM file"),
    ],
)
def test_a_section_of_every_kind_of_archive(
    shared_zim: SharedZim, library_of: LibraryOf, name: str, title: str, section: str, starts: str
):
    found = call(library_of(shared_zim(name)), "get_article_section", title=title, section=section)

    assert found["text"].startswith(starts)
    assert found["bytes"] == len(found["text"].encode())
    assert "page" not in found


def test_a_fuzzy_section_says_what_was_asked(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim(MAXI))
    found = call(library, "get_article_section", title="Ray Charles", section="the deaths")

    assert (found["section"], found["requested_section"]) == ("Death", "the deaths")
    assert "requested_section" not in call(library, "get_article_section", title="Ray Charles", section="death")


def test_an_h2_section_includes_its_h3(shared_zim: SharedZim, library_of: LibraryOf):
    found = call(library_of(shared_zim(MAXI)), "get_article_section", title="Ray Charles", section="Personal life")

    assert "\n\nOther interests\n\nCharles enjoyed playing chess" in found["text"]


def test_a_missing_section_offers_the_outline(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim(MAXI))
    message = refusal(library, "get_article_section", title="Ray Charles", section="Quarks")
    lines = [line for line in message.splitlines() if line.startswith("- ")]

    assert len(lines) == 6
    section = json.loads(lines[0].split("section=")[1].split(", zim=")[0])
    assert call(library, "get_article_section", title="Ray Charles", section=section)["section"] == section


def test_long_sections_come_in_pages(make_zim: MakeZim, library_of: LibraryOf):
    text = "".join(f"<p>Paragraph {n}. {'It goes on and on. ' * 20}</p>" for n in range(150))
    library = library_of(make_zim("z", {"Blue": f"<p>A hue.</p><h2>All</h2>{text}"}))
    pages = [call(library, "get_article_section", title="Blue", section="All", page=n) for n in (1, 2, 3)]

    assert [page["page"] for page in pages] == [1, 2, 3]
    assert pages[0]["pages"] == 3
    assert all(len(page["text"]) <= 24_000 for page in pages)
    assert "\n\n".join(page["text"] for page in pages).startswith("Paragraph 0.")
    assert pages[0]["bytes"] == len("\n\n".join(page["text"] for page in pages).encode())
    assert refusal(library, "get_article_section", title="Blue", section="All", page=4) == (
        '"Blue" has no page 4 here. There are pages 1 to 3:\n'
        '- get_article_section(title="Blue", section="All", page=3, zim="z")'
    )


def test_a_comparison_keeps_the_order_and_reports_what_failed(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim(MAXI))
    compared = call(library, "compare_articles", titles=["Zxqwv", "Ray Charles", "Hit the Road Jack"])

    assert compared["section_mode"] == "overview"
    assert compared["count"] == 3
    assert [article["title"] for article in compared["articles"]] == ["Zxqwv", "Ray Charles", "Hit the Road Jack"]
    assert "No article is titled" in compared["articles"][0]["error"]
    assert len(compared["articles"][1]["sections"]) == 3
    assert all(len(section["text"]) <= 2_500 for section in compared["articles"][1]["sections"])


def test_a_comparison_of_one_section(shared_zim: SharedZim, library_of: LibraryOf):
    compared = call(
        library_of(shared_zim(MAXI)), "compare_articles", titles=["What'd I Say", "Hit the Road Jack"], section="charts"
    )

    assert (compared["section_mode"], compared["aligned_section"]) == ("aligned", "charts")
    assert "has no section" in compared["articles"][0].get("error", "") or compared["articles"][0]["sections"]
    assert compared["articles"][1]["sections"][0]["title"] == "Charts"


def test_a_comparison_of_nothing_is_refused(shared_zim: SharedZim, library_of: LibraryOf):
    message = refusal(library_of(shared_zim(MAXI)), "compare_articles", titles=["Zxqwv", "Qqqxx"])

    assert message.startswith("None of the articles could be compared.")


def test_two_countries_get_their_relations_article(make_zim: MakeZim, library_of: LibraryOf):
    pages = {
        "France–Germany relations": "<p>France and Germany are neighbours.</p><h2>History</h2><p>France, Germany.</p>",
        "France": "<p>France is a country.</p>",
        "Germany": "<p>Germany is a country.</p>",
    }
    library = library_of(make_zim("z", pages))
    compared = call(library, "compare_articles", titles="Germany vs France")

    assert compared["strategy"] == "dedicated_relations_article"
    assert compared["resolved_title"] == "France–Germany relations"
    assert compared["requested"] == ["Germany", "France"]
    assert [section["title"] for section in compared["sections"]] == ["", "History"]
    aligned = call(library, "compare_articles", titles=["Germany", "France"], section="lead")
    assert [article["title"] for article in aligned["articles"]] == ["Germany", "France"]


def test_a_choice_in_a_comparison_keeps_the_other_titles(make_zim: MakeZim, library_of: LibraryOf):
    body = "<p>It is a thing of nature.</p>" * 40
    library = library_of(make_zim("z", {"Blue whale": body, "Zebra": body}))
    compared = call(library, "compare_articles", titles=["whale", "Zebra"])

    assert '- compare_articles(titles=["Blue whale", "Zebra"])' in compared["articles"][0]["error"]


def test_narration_is_the_whole_article(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim(MAXI))
    spoken = call(library, "narrate_article", title="Ray Charles")

    assert spoken["text"].startswith("Ray Charles.\n\nRay Charles Robinson (September")
    assert "\n\nDeath. In 2003" in spoken["text"]
    assert (spoken["pass_through"], spoken["page"], spoken["pages"]) == (True, 1, 1)
    assert spoken["bytes"] == len(spoken["text"].encode())
    assert "There is only page 1:" in refusal(library, "narrate_article", title="Ray Charles", page=2)


def test_search_returns_hits_of_all_archives(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(*(shared_zim(name) for name in ("wikipedia_en_100_mini_2022-10", MAXI)))
    found = call(library, "search", query="Ray Charles", limit=5)

    assert found["hits"][0]["title"] == "Ray Charles"
    assert found["count"] == len(found["hits"]) == 5
    assert "Newport" not in found["hits"][0]["title"]


def test_a_large_reference_page_is_quick(shared_zim: SharedZim, library_of: LibraryOf):
    library = library_of(shared_zim("devdocs_en_sqlite_2025-04"))
    started = time.perf_counter()

    assert call(library, "article_overview", title="SELECT")["section_count"] == 18
    assert time.perf_counter() - started < 5


def test_articles_are_parsed_once(shared_zim: SharedZim, library_of: LibraryOf):
    [archive] = library_of(shared_zim(MAXI)).archives()

    assert store.load(archive, "A/Ray_Charles") is store.load(archive, "A/Ray_Charles")


def test_maps_are_left_alone(make_zim: MakeZim, library_of: LibraryOf):
    library = library_of(make_zim("streetzim-x", {"Viewer": "<p>Turn on JavaScript to see the map.</p>"}))

    assert "No archive with articles can be used. None is loaded." in refusal(library, "search", query="map")
    assert call(library, "article_overview", title="Viewer", zim="streetzim-x")["title"] == "Viewer"


def test_an_archive_that_fails_while_it_is_read_is_left_out(
    make_zim: MakeZim, library_of: LibraryOf, monkeypatch: pytest.MonkeyPatch
):
    good = make_zim("good", {"Blue": "<p>Blue is a hue.</p>"})
    library = library_of(make_zim("bad", {"Blue": "<p>Blue is a bad hue.</p>"}), good)
    whole = OpenArchive.probe

    def probe(self: OpenArchive, path: str) -> Any:
        if self.record.name == "bad":
            raise ArchiveSetAsideError("bad", "part of the file is damaged")
        return whole(self, path)

    monkeypatch.setattr(OpenArchive, "probe", probe)
    overview = call(library, "article_overview", title="Blue")

    assert overview["zim"] == "good"
    assert overview["note"] == "Archive 'bad' is damaged and was left out."
    with pytest.raises(ArchiveSetAsideError):
        call(library, "article_overview", title="Blue", zim="bad")
    assert Shelf(library, None).note is None
