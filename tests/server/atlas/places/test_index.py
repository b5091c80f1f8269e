"""The place index: equal records from every layout of search data, what damage does, the search around a point."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places import chunks, store
from zimfo_server.atlas.places.build import IndexBuilder
from zimfo_server.atlas.places.chunks import primary_keys
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.groups import FEATURES, SETTLEMENTS, STREETS
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.atlas.places.lines import EXACT, PART, PREFIX, WORD
from zimfo_server.atlas.places.record import TYPES, PlaceRecord
from zimfo_server.errors import MapUnreadableError
from zimfo_shared.sphere import haversine_m

MapOf = Callable[[str], MapArchive]
Row = dict[str, Any]

SAME_AS_HELSINKI_HEAD = (
    "helsinki-v4-chunked-hotsplit-head",
    "helsinki-v4-hotsplit2-head",
    "helsinki-repack-split-head",
    "helsinki-v5-split-head",
    "helsinki-v5-split-chunked-head",
    "helsinki-spatial-szci1-s1",
    "helsinki-spatial-szci1-s10",
    "helsinki-spatial-szci1-s100",
    "helsinki-spatial-szci2-s1",
    "helsinki-spatial-szci2-s10",
    "helsinki-spatial-szci2-s100",
)


class Stored:
    """Entries of an archive that exists in memory only."""

    name = "memory"

    def __init__(self, entries: Mapping[str, bytes]) -> None:
        self.entries = dict(entries)
        self.read: list[str] = []

    def has(self, path: str) -> bool:
        return path in self.entries

    def data(self, path: str) -> memoryview | None:
        self.read.append(path)
        return memoryview(self.entries[path]) if path in self.entries else None


def search_data(
    chunked: Mapping[str, list[Any] | bytes], *, total: int | None = None, sub_chunks: object = None
) -> Stored:
    counts = {key: len(rows) for key, rows in chunked.items()}
    manifest = {"total": sum(counts.values()) if total is None else total, "chunks": counts, "sub_chunks": sub_chunks}
    entries = {
        f"search-data/{key}.json": rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        for key, rows in chunked.items()
    }
    return Stored({"search-data/manifest.json": json.dumps(manifest).encode(), **entries})


def build(entries: Stored, key: str = "") -> PlaceIndex:
    builder = IndexBuilder(entries, key)
    while builder.index is None:
        builder.step()
    return builder.index


def row(name: str, lat: object = 45.0, lon: object = 9.0, type_: str = "poi", **more: object) -> Row:
    return {"n": name, "t": type_, "s": "cafe", "a": lat, "o": lon, "l": "", **more}


def names(index: PlaceIndex) -> list[str]:
    return sorted(index.name(number) for number in range(index.count))


def contents(index: PlaceIndex) -> list[PlaceRecord]:
    return [index.record(number) for number in range(index.count)]


def distinct_rows(archive: MapArchive) -> set[tuple[str, str, float, float]]:
    """The records of an archive, read in the simplest way; names without the white space at their ends."""
    manifest = json.loads(bytes(archive.archive.data("search-data/manifest.json") or b""))
    chunks_read = (archive.archive.data(f"search-data/{key}.json") or b"" for key in manifest["chunks"])
    rows = (found for chunk in chunks_read for found in json.loads(bytes(chunk)))
    return {(one["n"].replace("\xa0", " ").strip(), one["t"], float(one["a"]), float(one["o"])) for one in rows}


# --- Real archives -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["helsinki-json-fe5d023", "helsinki-v2-8c722af", "helsinki-v3-8311df3", "helsinki-v4-hotsplit2-head",
     "helsinki-repack-split-head", "monaco-hotsplit-emptyparent-head", "andorra-v4-head", "malta-v4-head",
     "milan-v4-head"],
)  # fmt: skip
def test_every_record_is_there_once(map_of: MapOf, name: str):
    archive = map_of(name)
    records = [archive.places.record(number) for number in range(archive.places.count)]

    found = [(one.name, one.type, one.lat, one.lon) for one in records]
    assert len(set(found)) == len(found)
    assert set(found) == distinct_rows(archive)
    assert archive.places.damaged_chunks == 0


@pytest.mark.parametrize("name", SAME_AS_HELSINKI_HEAD)
def test_layouts_of_one_build_have_the_same_index(map_of: MapOf, name: str):
    # The generator gives one street another class from run to run; everything else is equal, row by row.
    found, expected = contents(map_of(name).places), contents(map_of("helsinki-v4-head").places)

    assert [replace(one, subtype="") for one in found] == [replace(one, subtype="") for one in expected]
    assert sum(one.subtype != other.subtype for one, other in zip(found, expected, strict=True)) <= 1


@pytest.mark.parametrize("name", ["monaco-hotsplit-emptyparent-head", "monaco-chunkonly-48ce0a6"])
def test_split_and_older_builds_of_monaco_are_the_same(map_of: MapOf, name: str):
    assert contents(map_of(name).places) == contents(map_of("monaco-v4-head").places)


def test_columns_agree_with_records(map_of: MapOf):
    index = map_of("helsinki-v4-head").places

    for number in range(0, index.count, 37):
        record = index.record(number)
        assert (record.lat, record.lon) == (float(index.lat[number]), float(index.lon[number]))
        assert record.type == TYPES[index.type_ids[number]]
        assert record.subtype == index.subtypes[index.subtype_ids[number]]
        assert bool(record.wiki) == bool(index.has_wiki[number])
    assert index.has_wiki.sum() == 35  # records with a `w` in this build


# --- Layouts and keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first"),  # the first key of each generation in the table of streetzim-format.md §3.3
    [
        ("Washington National Cathedral", {"wa"}),
        ("45 Brīvības gatve, Rīga", {"45"}),
        ("O'Neil Café", {"o_"}),
        ("São Paulo", {"sã", "s_", "sa"}),
        ("東京駅", {"東京", "__", "u6771"}),
        ("서울역", {"서울", "__", "u1109"}),
        ("Ærø", {"ær", "_r", "ue6"}),
        ("Łódź", {"łó", "__", "_o", "u142"}),
        ("½ Moon Bay", {"½_", "__", "1_"}),
        ("ＮＨＫ", {"ｎｈ", "__", "nh"}),
        ('"Mosterei"', {"_m"}),
        ("İzmir", {"i_", "iz"}),
        ("Đà Nẵng", {"đà", "__", "_a", "u111"}),
    ],
)
def test_first_keys_of_every_generation(name: str, first: set[str]):
    assert first <= primary_keys(name[:2])


def test_a_record_is_taken_from_the_chunk_of_its_first_word_only():
    cafe = row("Caffè Verdi", w="it:Caffè Verdi")
    stored = search_data({"ca": [cafe], "ve": [cafe]}, total=1)

    assert names(build(stored)) == ["Caffè Verdi"]
    assert stored.read.count("search-data/ve.json") == 1


def test_unknown_keys_cost_a_second_reading_and_lose_nothing():
    stored = search_data({"000": [row("Alpha"), row("Beta")], "001": [row("Beta"), row("Gamma")]}, total=3)

    assert names(build(stored)) == ["Alpha", "Beta", "Gamma"]


def test_children_that_only_the_parents_list_names_are_read():
    stored = search_data({"al-0": [row("Alpha")]}, total=2, sub_chunks={"al": ["al-0", "al-1", "al-9", 7]})
    stored.entries["search-data/al-1.json"] = json.dumps([row("Alaska")]).encode()

    assert names(build(stored)) == ["Alaska", "Alpha"]


def test_records_of_a_large_chunk_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "PIECE_BYTES", 300)
    rows = [row(f'Al {number} }},{{ \\" [{"x" * (number % 7)}', 45 + number / 100) for number in range(100)]
    for text in (json.dumps(rows), json.dumps(rows, separators=(",", ":")), json.dumps(rows, indent=1)):
        index = build(search_data({"al": text.encode()}, total=100))

        assert names(index) == sorted(one["n"] for one in rows)
        assert index.damaged_chunks == 0


def test_a_large_chunk_that_breaks_off_keeps_what_came_before(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "PIECE_BYTES", 300)
    text = json.dumps([row(f"Al {number}", 45 + number / 100) for number in range(100)]).encode()
    index = build(search_data({"al": text[:3_000]}, total=100))

    assert 10 < index.count < 100
    assert index.damaged_chunks == 1


def test_long_keys_overture_fields_and_other_names():
    record = {
        "name": "Bar Uno", "type": "poi", "subtype": "bar", "lat": 45.0, "lon": 9.0, "location": "Milano",
        "wikipedia": "it:Bar Uno", "wikidata": "Q1", "website": "https://a.example", "phone": "+39 1", "brand": "Uno",
        "cat": "wine_bar", "alt_name": "Bar One; Bar 1",
    }  # fmt: skip
    found = build(search_data({"ba": [record]})).record(0)

    assert (found.name, found.type, found.subtype, found.location) == ("Bar Uno", "poi", "bar", "Milano")
    assert (found.wiki, found.wikidata, found.website, found.phone) == (
        "it:Bar Uno",
        "Q1",
        "https://a.example",
        "+39 1",
    )
    assert (found.brand, found.category, found.alternative_names) == ("Uno", "wine_bar", ("Bar One", "Bar 1"))


def test_a_website_in_the_place_of_a_wikipedia_tag_is_none():
    index = build(search_data({"ba": [row("Bar Uno", w="https://uno.example/")]}))

    assert index.record(0).website == "https://uno.example/"
    assert not index.record(0).wiki
    assert not index.has_wiki[0]


def test_unknown_types_keep_their_name_and_come_last():
    index = build(search_data({"ka": [row("Kabel", type_="powerline"), row("Kanal", type_="water")]}))

    assert [index.record(number).type for number in range(2)] == ["water", "powerline"]
    assert int(index.type_ids[1]) == len(TYPES)


# --- Damage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "position",
    [
        (0, 0),
        (None, 9),
        (45, "9"),
        (float("nan"), 9),
        (float("inf"), 9),
        (91, 9),
        (45, -180.5),
        (True, 9),
        (10**400, 9),
    ],
)
def test_records_without_a_position_on_earth_are_left_out(position: tuple[object, object]):
    index = build(search_data({"al": [row("Alpha", *position), row("Alaska")]}))

    assert names(index) == ["Alaska"]


def test_rows_that_are_no_records_are_left_out():
    rows = [
        None,
        1,
        "x",
        [],
        {},
        {"n": 5, "a": 1, "o": 1},
        {"n": " ", "a": 1, "o": 1},
        row("Alpha", s=None, l=3, w=[1]),
    ]
    index = build(search_data({"al": rows}, total=1))

    assert names(index) == ["Alpha"]
    assert index.record(0).location == ""


def test_line_feeds_and_controls_do_not_break_names():
    index = build(search_data({"al": [row("Al\npha\x00\ud800 one", type_="place", alt_name="A\nB")]}))

    assert names(index) == ["Al pha one"]
    assert index.lines[SETTLEMENTS].exact("al pha one", 10).tolist() == [0]
    assert index.lines[SETTLEMENTS].exact("a b", 10).tolist() == [0]


@pytest.mark.parametrize("damage", [b"", b"[{", b"{}", b'"al"', b"[" * 100_000, b"\xff\xfe"])
def test_a_damaged_chunk_is_left_out_and_counted(damage: bytes):
    index = build(search_data({"al": damage, "be": [row("Beta")]}, total=1))

    assert names(index) == ["Beta"]
    assert index.damaged_chunks == 1


def test_records_of_a_damaged_chunk_are_found_in_their_other_chunks():
    index = build(search_data({"al": b"[{", "be": [row("Beta"), row("Alpha Beta")]}, total=2))

    assert names(index) == ["Alpha Beta", "Beta"]


def test_an_absent_chunk_is_counted():
    stored = search_data({"al": [row("Alpha")], "be": []}, total=1)
    del stored.entries["search-data/be.json"]

    assert build(stored).damaged_chunks == 1


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{", b'{"chunks": ["al"]}', b'{"total": 3}', b"[" * 100_000])
def test_an_unknown_list_of_chunks_is_an_error(manifest: bytes):
    with pytest.raises(MapUnreadableError, match="memory"):
        build(Stored({"search-data/manifest.json": manifest}))


def test_a_list_of_chunks_beyond_the_limit_is_not_parsed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "MAX_MANIFEST_BYTES", 10)
    with pytest.raises(MapUnreadableError, match="too large"):
        build(search_data({"al": [row("Alpha")]}))


def test_a_chunk_beyond_the_limit_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "MAX_CHUNK_BYTES", 10)

    assert build(search_data({"al": [row("Alpha")]})).damaged_chunks == 1


def test_no_search_data_is_an_empty_index():
    index = build(Stored({}))

    assert index.count == 0
    assert index.bbox is None
    assert index.subtypes == [""]
    assert [part.tolist() for part in index.within(45, 9, 1e9)] == [[], []]
    assert index.lines[FEATURES].exact("x", 1).tolist() == []


def test_hostile_totals_do_not_matter():
    assert names(build(search_data({"al": [row("Alpha")]}, total=10**18))) == ["Alpha"]


# --- Cache ---------------------------------------------------------------------------------------------------------


def cache_file() -> Path:
    (file,) = (platformdirs.user_cache_path("zimfo") / "places").iterdir()
    return file


def test_an_index_is_read_from_the_cache_the_next_time():
    stored = search_data({"al": [row("Alpha", w="en:Alpha")], "be": [row("Beta", 46)]})
    first = build(stored, "key")
    stored.read.clear()
    second = build(stored, "key")

    assert stored.read == []
    assert contents(second) == contents(first)


@pytest.mark.parametrize("where", [0, 9, 14, 40, 700, -40])
def test_a_damaged_cache_is_made_again(where: int):
    stored = search_data({"al": [row("Alpha")], "be": [row("Beta", 46)]})
    expected = contents(build(stored, "key"))
    data = bytearray(cache_file().read_bytes())
    data[where] ^= 0xFF
    cache_file().write_bytes(data)
    stored.read.clear()

    assert contents(build(stored, "key")) == expected
    assert stored.read


@pytest.mark.parametrize("length", [0, 7, 100, 1_000])
def test_a_cut_cache_is_made_again(length: int):
    stored = search_data({"al": [row("Alpha")]})
    build(stored, "key")
    cache_file().write_bytes(cache_file().read_bytes()[:length])

    assert names(build(stored, "key")) == ["Alpha"]


def test_the_cache_of_another_archive_is_not_taken():
    build(search_data({"al": [row("Alpha")]}), "one")
    cache_file().rename(cache_file().with_name("two.places"))

    assert names(build(search_data({"be": [row("Beta")]}), "two")) == ["Beta"]


def test_a_cache_folder_that_cannot_be_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    stored = search_data({"al": [row("Alpha")]})

    assert names(build(stored, "key")) == names(build(stored, "key")) == ["Alpha"]


def test_caches_not_used_for_longest_go_first(monkeypatch: pytest.MonkeyPatch):
    build(search_data({"al": [row("Alpha")]}), "old")
    os.utime(cache_file(), (1, 1))
    monkeypatch.setattr(store, "CACHE_BYTES", cache_file().stat().st_size * 3 // 2)
    build(search_data({"be": [row("Beta")]}), "new")

    assert cache_file().name == "new.places"


# --- Around a point ------------------------------------------------------------------------------------------------

_positions = st.tuples(
    st.one_of(st.sampled_from([-90.0, 90.0, 89.999, -89.99, 0.0]), st.floats(-90, 90)),
    st.one_of(st.sampled_from([-180.0, 180.0, 179.999, -179.999, 0.0]), st.floats(-180, 180)),
)
_radii = st.one_of(st.sampled_from([0.0, 50.0, 1e3, 1e5, 1e6, 3e7]), st.floats(0, 2.1e7))


@given(places=st.lists(_positions, min_size=1, max_size=30, unique=True), centre=_positions, radius=_radii)
def test_within_equals_measuring_every_record(
    places: list[tuple[float, float]], centre: tuple[float, float], radius: float
):
    index = build(search_data({"al": [row(f"Al {number}", *place) for number, place in enumerate(places)]}))
    rows, metres = index.within(*centre, radius)

    expected = np.array([haversine_m(*centre, lat, lon) for lat, lon in zip(index.lat, index.lon, strict=True)])
    # 1 m of tolerance at the edge: near the antipode the formula itself is no better.
    assert (
        set(np.flatnonzero(expected < radius - 1)) <= set(rows.tolist()) <= set(np.flatnonzero(expected <= radius + 1))
    )
    assert metres == pytest.approx(expected[rows], abs=1)
    assert (np.diff(metres) >= -0.001).all()


def test_within_near_by_is_exact_to_a_millimetre(map_of: MapOf):
    index = map_of("malta-v4-head").places
    rows, metres = index.within(35.8989, 14.5146, 800)

    expected = [haversine_m(35.8989, 14.5146, index.lat[number], index.lon[number]) for number in rows]
    assert len(rows) > 100
    assert metres == pytest.approx(expected, abs=0.001)


def test_within_takes_only_the_rows_asked_for(map_of: MapOf):
    index = map_of("malta-v4-head").places
    wanted = index.type_ids == TYPES.index("place")
    rows, _ = index.within(35.8989, 14.5146, 5_000, wanted)

    everything, _ = index.within(35.8989, 14.5146, 5_000)
    assert rows.tolist() == [number for number in everything if wanted[number]]
    assert len(rows) > 3


# --- Names ---------------------------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str):
    folded = fold(text)

    assert fold(folded) == folded
    assert folded == " ".join(folded.split())
    assert fold(text.upper()) == fold(text.lower()) or not text.isascii()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Café", "cafe"), ("STRASSE", "Straße"), ("Ħamrun", "hamrun"), ("Łódź", "lodz"), ("Ærø", "aero"),
     ("St. Julian's", "st julians"), ("Monte-Carlo", "monte carlo"), ("İzmir", "izmir"), ("Ко́невец", "Коневец"),
     ("l’Aldosa", "L'ALDOSA"), ("ＮＨＫ", "nhk"), ("Đà Nẵng", "da nang")],
)  # fmt: skip
def test_spellings_that_fold_to_the_same(one: str, other: str):
    assert fold(one) == fold(other) != ""


@pytest.mark.parametrize("name", ["東京駅", "서울역", "Москва", "Αθήνα"])
def test_scripts_stay(name: str):
    assert fold(name)[0].casefold() not in "abcdefghijklmnopqrstuvwxyz"


def test_ways_of_matching_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    rows = ["Rosa", "Rosario", "Via Rosa", "Via Rosata", "Prosa"]
    index = build(search_data({"xx": [row(name, 45 + n, type_="place") for n, name in enumerate(rows)]}, total=5))
    found, ways = index.lines[SETTLEMENTS].containing("rosa", 100)

    by_name = {index.name(number): way for number, way in zip(found.tolist(), ways.tolist(), strict=True)}
    assert by_name == {"Rosa": EXACT, "Rosario": PREFIX, "Via Rosa": WORD, "Via Rosata": WORD, "Prosa": PART}


@pytest.mark.parametrize("block", [1, 3, 8, 64])
def test_matches_across_blocks_are_found(block: int, monkeypatch: pytest.MonkeyPatch):
    index = build(
        search_data({"xx": [row(f"Alpha {number}", 45 + number / 9, type_="street") for number in range(50)]})
    )
    monkeypatch.setattr("zimfo_server.atlas.places.lines.BLOCK_BYTES", block)
    lines = index.lines[STREETS]

    assert len(lines.containing("pha 1", 100)[0]) == 11
    assert [index.name(number) for number in lines.exact("alpha 17", 10)] == ["Alpha 17"]
    assert len(lines.containing("alpha", 7)[0]) == 7


def test_parts_of_bilingual_names_are_names():
    rows = [
        row("Helsinki / Helsingfors", type_="place"), row("Għawdex (Gozo)", 46, type_="place"),
        row("Biel - Bienne", 47, type_="place"), row("Bar - Tabacchi", 48), row("Kino / Cinema", 49),
    ]  # fmt: skip
    index = build(search_data({"xx": rows}))

    found = {
        name: [index.name(number) for number in index.lines[group].exact(name, 9)]
        for group in (SETTLEMENTS, FEATURES)
        for name in ("helsingfors", "gozo", "bienne", "tabacchi", "cinema")
        if len(index.lines[group].exact(name, 9))
    }
    assert found == {
        "helsingfors": ["Helsinki / Helsingfors"], "gozo": ["Għawdex (Gozo)"], "bienne": ["Biel - Bienne"],
        "cinema": ["Kino / Cinema"],
    }  # fmt: skip
