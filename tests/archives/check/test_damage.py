"""Every kind of damage of places, metadata and a road graph in one file is told, and nothing else is."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from tests.archives.check.damage import (
    BROWSE,
    CONFIG,
    GRAPH,
    META,
    SEARCH,
    Change,
    Files,
    as_json,
    as_version,
    cut,
    edited,
    graph_word,
    of_all,
    open_ended,
    put,
    removed,
    with_buckets,
    with_first_keys,
    with_items,
    with_page,
    word,
)

from zimfo_archives.check.report import MAX_SHOWN


def cafes(**change: object) -> Change:
    """A change of what the manifest says of the cafes."""
    return edited(BROWSE, lambda manifest: manifest["chips"]["cafes"].update(change))


def box_as_object(files: Files) -> None:
    """Write the bounding box as some readers expect it."""
    keys = ("minLon", "minLat", "maxLon", "maxLat")
    edited(META, lambda meta: meta.update(bbox=dict(zip(keys, meta["bbox"], strict=True))))(files)


def other_bucket(files: Files) -> None:
    """Put the only cafe into the bucket where it does not belong."""
    path = next(path for path in files if path.startswith("category-index/chip-cafes-"))
    other = "1" if path.endswith("0.json") else "0"
    files[f"category-index/chip-cafes-{other}.json"] = files.pop(path)
    cafes(sub_chunks=[other])(files)


def unpadded(files: Files) -> None:
    """Add a byte to the geometries of the graph."""
    n, e, g, size = np.frombuffer(files[GRAPH], "<u4", 4, 8).tolist()
    end = 32 + 8 * n + 4 * (n + 1) + 20 * e + 4 * (g + 1) + size
    word(GRAPH, 20, size + 1)(files)
    files[GRAPH] = files[GRAPH][:end] + b"\0" + files[GRAPH][end:]


def not_utf8(files: Files) -> None:
    """Put a byte that begins nothing into the only name of a road."""
    files[GRAPH] = files[GRAPH].replace(b"Main Street", b"Main\xffStreet")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (removed(CONFIG), "map-config.json: is missing"),
        (put(CONFIG, b"{"), "map-config.json: is not JSON"),
        (put(CONFIG, b"[" * 100_000), "map-config.json: is not JSON"),
        (put(CONFIG, b"\xff"), "map-config.json: is not UTF-8"),
        (put(CONFIG, b"[]"), "map-config.json: holds a list of 0 instead of an object"),
        (put(CONFIG, b"null"), "map-config.json: holds nothing instead of an object"),
        (edited(CONFIG, lambda c: c.update(center=[1])), "center is not [longitude, latitude]"),
        (edited(CONFIG, lambda c: c.update(zoom="3")), "zoom is no number"),
        (edited(CONFIG, lambda c: c.update(maxZoom=99)), "maxZoom is 99, which is not between 0 and 24"),
        (edited(CONFIG, lambda c: c.update(buildDate=2026)), "buildDate is no text"),
        (edited(META, lambda m: m["counts"].update(wikiCrossRefs="")), "wikiCrossRefs is no count"),
        (cafes(bytes=-1), "label or bytes of cafes is not what it should be"),
        (edited(CONFIG, lambda c: c.update(bounds=[0, 0, 1])), "the bounding box is not four numbers"),
        (edited(CONFIG, lambda c: c.update(bounds=[0, 60, 1, 50])), "the bounding box is not on the earth"),
        (edited(META, lambda m: m["counts"]["byType"].update(poi=0)), "counts 0 records of poi"),
        (edited(META, lambda m: m.update(counts=3)), "counts is not an object"),
        (removed(GRAPH), ("map-config.json: hasRouting says", "streetzim-meta.json: hasRouting says")),
        (edited(SEARCH, lambda m: m.update(total=7)), "total is 7; there are 3 distinct records"),
        (edited(SEARCH, lambda m: m["chunks"].update(ol=9)), "search-data/ol.json: has 1 records; the manifest says 9"),
        (edited(SEARCH, lambda m: m["chunks"].update(zz=1)), "search-data/zz.json: is missing"),
        (edited(SEARCH, lambda m: m.update(chunks=[])), "chunks is not an object of counts"),
        (edited(SEARCH, lambda m: m.update(sub_chunks={"ol": ["ol-1"]})), ("ol is split and not", "ol is split into")),
        (edited(SEARCH, lambda m: m.update(sub_chunks={"xx": ["xx-1"]})), "split into xx-1, which is no file"),
        (removed(SEARCH), "search-data/manifest.json: is missing"),
        (removed("search-data/ca.json"), "search-data/ca.json: is missing"),
        (put("search-data/ca.json", b"{}"), "search-data/ca.json: is not an array of records"),
        (put("search-data/ca.json", b"["), "search-data/ca.json: is not an array of records"),
        (put("search-data/ca.json", b"[] []"), "text goes on after the array"),
        (put("search-data/ca.json", b"[3]"), "holds 3 instead of a record"),
        (
            put("search-data/ca.json", b"[]"),
            ("ca.json: has 0 records; the manifest says 1", "ca.json: 1 record is missing there, such as 'Old Cafe'"),
        ),
        (edited("search-data/ca.json", lambda rows: rows[0].pop("n") and None), "a record has no name"),
        (edited("search-data/ca.json", lambda rows: rows[0].pop("t") and None), "has no type and subtype"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(a="37")), "'Old Cafe' is at '37'"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(o=181)), "'Old Cafe' is at 37.105, 181"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(a=-37.1)), "is not in the map's region"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(w=3)), "w of 'Old Cafe' is no text"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(alt_names="x")), "is no list of texts"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(n="Xyz")), "'Xyz' does not belong there, but in xy"),
        (edited(BROWSE, lambda m: m["categories"].update(poi=4)), "poi.json: has 1 records; the manifest says 4"),
        (edited(BROWSE, lambda m: m.update(categories=3)), "categories is not an object of counts"),
        (edited(BROWSE, lambda m: m["categories"].update(peak=1)), "category-index/peak.json: is listed"),
        (edited("category-index/poi.json", lambda rows: rows[0].update(t="park")), "is of the type 'park'"),
        (edited("category-index/poi.json", lambda rows: rows[0].update(n="New")), "'New' is not in the search data"),
        (cafes(count=5), "cafes has 1 records; the manifest says 5"),
        (cafes(sub_chunks=["0"]), "the buckets of cafes"),
        (removed("category-index/chip-cafes.json"), "category-index/chip-cafes.json: is missing"),
        (put(GRAPH, b"SZRX" + bytes(28)), "does not begin with SZRG"),
        (put(GRAPH, b""), "does not begin with SZRG"),
        (word(GRAPH, 4, 6), "has the unknown version 6"),
        (word(GRAPH, 8, 0xFFFFFFFF), "what its header counts takes"),
        (cut(GRAPH), "what its header counts takes"),
        (graph_word("nodes", 0, 0x7FFFFFFF), ("node 0 lies at 214.7", "2 edges are shorter")),
        (graph_word("first", 1, 0x7FFFFFFF), "the edges of the nodes do not run from 0 in order"),
        (graph_word("edges", 0, 99), "an edge names node 99"),
        (graph_word("edges", 1, 5000), "1 edges have no speed"),
        (graph_word("edges", 1, 30 << 24), "shorter than a straight line"),
        (graph_word("edges", 2, 77), "an edge names geometry 77"),
        (graph_word("edges", 3, 55), "an edge names name 55"),
        (graph_word("offsets", 1, 0x7FFFFFFF), "the offsets of the geometries"),
        (graph_word("offsets", 1, 5), "geometry 0 has 5 bytes, which is no position"),
        (graph_word("shapes", 0, 0x7FFFFFFF), "geometry 0 has a point at"),
        (open_ended, "ends within a number"),
        (graph_word("names", 1, 3), "name 0 is not empty"),
        (edited(META, lambda m: m["counts"].update(total=2)), "counts 2 records; there are 3"),
        (edited(META, lambda m: m["counts"]["byType"].update(peak=2)), "counts 2 records of peak; there are 0"),
        (edited(META, lambda m: m["counts"].update(addresses=[])), "counts a list of 0 addresses"),
        (edited(META, lambda m: m["counts"].update(wikidataEntries=4)), "counts 4 items of Wikidata; there are 0"),
        (edited(META, lambda m: m["routingGraph"].update(nodes=1)), "routingGraph counts 1 nodes; single has"),
        (edited(META, lambda m: m.update(routingGraph=1)), "routingGraph is 1 instead of an object"),
        (edited(META, lambda m: m.update(hasAddresses=True)), "hasAddresses says that there are addresses"),
        (edited(META, lambda m: m.update(hasWikidata=True)), "hasWikidata says that there are items of Wikidata"),
        (edited(META, lambda m: m.update(hasRouting="yes")), "hasRouting is 'yes' instead of true or false"),
        (edited(META, lambda m: m.update(bbox={"minLon": 1})), "the bounding box is not four numbers"),
        (edited(CONFIG, lambda c: c.update(bounds=[0, 0, 10**400, 1])), "the bounding box is not four numbers"),
        (edited(SEARCH, lambda m: m.update(total=[[]])), "total is a list of 1; there are 3 distinct records"),
        (edited(SEARCH, lambda m: m.update(sub_chunks={"xx": [[1]]})), "sub_chunks is not an object of lists of names"),
        (edited(SEARCH, lambda m: m["chunks"].update({"\ud800": 1})), "\\ud800.json: is missing"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(a=float("nan"))), "'Old Cafe' is at nan"),
        (edited("search-data/ca.json", lambda rows: rows[0].update(o=10**30)), "a number of more than 18 digits"),
        (edited(BROWSE, lambda m: m.update(categories=[[1]])), "categories is not an object of counts"),
        (edited(BROWSE, lambda m: m.update(total=0)), "total is 0; there are 3 distinct records"),
        (edited(BROWSE, lambda m: m.update(chips=[])), "chips is not an object of objects"),
        (
            of_all(put("category-index/poi.json", b"[]"), edited(BROWSE, lambda m: m["categories"].update(poi=0))),
            "poi.json: lacks 1 records of the search data",
        ),
        (of_all(with_buckets, cafes(sub_chunks=["2"])), "the buckets of cafes are not listed"),
        (of_all(with_buckets, cafes(n_sub_buckets=3)), "the buckets of cafes are not listed"),
        (of_all(with_buckets, other_bucket), "'Old Cafe' belongs in another bucket"),
        (of_all(with_items, removed("wikidata/12.json")), "wikidata/12.json: is missing"),
        (of_all(with_items, put("wikidata/12.json", b'{"Q999": {}}')), "'Q999' does not belong there"),
        (of_all(with_items, put("wikidata/12.json", b'{"Q12": 1}')), "Q12 is 1 instead of an object"),
        (of_all(with_items, put("wikidata/12.json", b"{}")), "has 0 items; the manifest says 1"),
        (of_all(with_items, edited("wikidata/manifest.json", lambda m: m.update(total=3))), "total is 3; there are 2"),
        (of_all(with_page, put("search/little-town-1.html", b"<h1>x</h1>")), "no link with the position"),
        (
            of_all(with_page, put("search/x-1.html", b'<h1>x</h1><a href="../index.html#map=3/91/0">')),
            "its place is at 91.0, 0.0",
        ),
        (graph_word("edges", 1, 30 << 24 | 0xFFFFFF), "1 edges are longer than any road: one has 1,678 km"),
        (unpadded, "they are not padded to a multiple of 4"),
        (not_utf8, "name 1 is not UTF-8"),
        (of_all(as_version(2), graph_word("edges", 1, 0xFFFFFFFF)), "1 edges are longer than any road"),
        (of_all(as_version(2), graph_word("edges", 2, 30 << 24 | 77)), "an edge names geometry 77"),
        (of_all(as_version(3), graph_word("edges", 0, 99)), "an edge names node 99"),
    ],
)  # fmt: skip
def test_damage_is_told(errors: Callable[..., list[str]], change: Change, told: str | tuple[str, ...]):
    expected = (told,) if isinstance(told, str) else told
    found = errors(change)
    assert len(found) == len(expected), found
    for text, line in zip(expected, found, strict=True):
        assert text in line


@pytest.mark.parametrize(
    "change",
    [
        as_json,
        as_version(2),
        as_version(3),
        with_items,
        with_buckets,
        with_page,
        with_first_keys,
        edited(
            META, lambda m: m.update(bbox=dict(zip(("minLon", "minLat", "maxLon", "maxLat"), m["bbox"], strict=True)))
        ),
        of_all(removed(META), edited(CONFIG, lambda c: c.pop("bounds") and None)),
        edited(CONFIG, lambda c: c.update(bounds=[179, 37, -121, 38])),  # across the antimeridian
    ],
)
def test_what_the_format_allows_is_no_error(errors: Callable[..., list[str]], change: Change):
    assert errors(change) == []


def test_findings_of_one_kind_are_cut_short(errors: Callable[..., list[str]]):
    def many(files: Files) -> None:
        files["search-data/ca.json"] = json.dumps([{"n": ""}] * 50).encode()

    found = [line for line in errors(many) if "without a name" in line or "has no name" in line]
    assert len(found) == MAX_SHOWN + 1
    assert "45 more" in found[-1]


def test_a_record_that_is_missing_in_one_of_its_files_is_told(errors: Callable[..., list[str]]):
    def lost(files: Files) -> None:
        files["search-data/to.json"] = b"[]"
        edited(SEARCH, lambda manifest: manifest["chunks"].update(to=0))(files)

    assert errors(lost) == ["error: search-data/to.json: 1 record is missing there, such as 'Little Town'"]


def test_files_of_several_generations_of_keys_are_told(errors: Callable[..., list[str]]):
    def both(files: Files) -> None:
        files.update({path: b"[]" for path in files if path.startswith("category-index/") and path != BROWSE})
        edited(BROWSE, lambda manifest: manifest.update(categories={}, chips={}, total=2))(files)
        del files[META]
        rows = [[{"n": name, "t": "poi", "s": "", "a": 37.1, "o": -121.9}] for name in ("Ærø", "東京")]
        files["search-data/_r.json"], files["search-data/u6771.json"] = (json.dumps(each).encode() for each in rows)
        files[SEARCH] = json.dumps({"total": 2, "chunks": {"_r": 1, "u6771": 1}}).encode()

    (found,) = errors(both)
    assert "the names of the files follow no single rule" in found
