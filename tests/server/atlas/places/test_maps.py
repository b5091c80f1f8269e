"""Maps of a library: their regions, what they cover, and places prepared in pieces."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_server.atlas import maps
from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places import store
from zimfo_server.atlas.places.gazetteer import geocode
from zimfo_server.errors import MapBeingPreparedError, MapUnreadableError
from zimfo_server.library.library import Library

LibraryOf = Callable[..., Library]
MakeMap = Callable[..., Path]
SharedMap = Callable[[str], Path]
OnlyMap = Callable[..., MapArchive]

RECORDS = [
    {"n": "Alpha", "t": "place", "s": "town", "a": 10.0, "o": 20.0},
    {"n": "Beta", "t": "poi", "s": "cafe", "a": 12.0, "o": 24.0},
    {"n": "Nowhere", "t": "poi", "s": "cafe", "a": 0, "o": 0},
]


@pytest.fixture
def only_map(make_map: MakeMap, library_of: LibraryOf) -> OnlyMap:
    """The map of an archive with `RECORDS` and the given metadata."""

    def made(name: str = "Region", *, config: object = None, meta: object = None, **entries: bytes) -> MapArchive:
        contents: dict[str, bytes] = dict(entries)
        for path, values in (("map-config.json", config), ("streetzim-meta.json", meta)):
            if values is not None:
                contents[path] = values if isinstance(values, bytes) else json.dumps(values).encode()
        return Atlas(library_of(make_map(name, RECORDS, contents))).maps()[0]

    return made


@pytest.mark.parametrize(
    ("name", "region", "bbox", "centre"),
    [
        ("helsinki-json-fe5d023", "Helsinki Centre", (60.1641, 24.9351, 60.1792, 24.9535), (60.17165, 24.9443)),
        ("malta-v4-head", "Malta", (35.77, 14.17, 36.1, 14.59), (35.935, 14.38)),
        ("milan-v4-head", "Milan", (45.38, 9.04, 45.56, 9.3), (45.47, 9.17)),
    ],
)
def test_region_of_real_maps(
    shared_map: SharedMap, library_of: LibraryOf, name: str, region: str, bbox: object, centre: object
):
    (found,) = Atlas(library_of(shared_map(name))).maps()

    assert found.info.name == region
    assert found.info.bbox == pytest.approx(bbox)
    assert found.info.centre == pytest.approx(centre)
    assert found.has_graph


def test_the_name_is_from_meta_then_config_then_title(only_map: OnlyMap):
    assert only_map("One", config={"name": "Config"}, meta={"name": " Meta\n"}).info.name == "Meta"
    assert only_map("Two", config={"name": "Config"}, meta={"name": 3}).info.name == "Config"
    assert only_map("Three", config={"name": ""}).info.name == "Three"


@pytest.mark.parametrize("box", [
    [19, 9, 25, 13],
    {"minLon": 19, "minLat": 9, "maxLon": 25, "maxLat": 13},
    {"min_lon": 19, "min_lat": 9, "max_lon": 25, "max_lat": 13},
])  # fmt: skip
def test_bounds_as_list_and_as_object(only_map: OnlyMap, box: object):
    info = only_map(config={}, meta={"bbox": box}).info

    assert info.bbox == (9, 19, 13, 25)
    assert info.centre == (11, 22)


@pytest.mark.parametrize(
    "box",
    [None, 5, "9,19,13,25", [1, 2, 3], ["a", 1, 2, 3], [float("nan"), 1, 2, 3], [0, 50, 1, 40], [0, 0, 0, 0],
     [0, 0, 999, 10], [True, False, True, True], {"minLon": 1}, [10**400, 1, 2, 3]],
)  # fmt: skip
def test_senseless_bounds_are_replaced_by_those_of_the_places(only_map: OnlyMap, box: object):
    found = only_map(config={"bounds": box, "center": [0, 0]}, meta={"bbox": box})
    assert found.info.bbox is None

    assert found.places.count == 2
    assert found.info.bbox == (10, 20, 12, 24)
    assert found.info.centre == (11, 22)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b" " * (maps.MAX_METADATA_BYTES + 1)]
)
def test_damaged_metadata_count_as_absent(only_map: OnlyMap, damage: bytes):
    info = only_map("Title", config=damage, meta=damage).info

    assert (info.name, info.bbox, info.centre) == ("Title", None, None)


def test_coverage_with_a_margin(only_map: OnlyMap):
    found = only_map(config={"bounds": [19, 9, 25, 13]})

    assert found.covers(10, 20, 0)
    assert not found.covers(13.1, 20, 0)
    assert found.covers(13.1, 20, 12_000)  # 0.1 degrees are 11.1 km
    assert not found.covers(13.1, 20, 10_000)
    assert not found.covers(10, 25.1, 10_000)
    assert found.covers(10, 25.1, 12_000)
    assert not found.covers(10, -20, 12_000)


def test_coverage_across_the_antimeridian(only_map: OnlyMap):
    found = only_map(config={"bounds": [177, -20, -178, -12]})

    assert found.covers(-17, 178, 0)
    assert found.covers(-17, -179, 0)
    assert found.covers(-17, 180, 0)
    assert not found.covers(-17, 176, 0)
    assert not found.covers(-17, -177, 0)
    assert found.covers(-17, 176.95, 10_000)
    assert found.info.centre == (-16, 179.5)


def test_coverage_at_the_poles_and_of_the_whole_earth(only_map: OnlyMap):
    assert only_map("Cap", config={"bounds": [10, 80, 20, 90]}).covers(90, -120, 100)
    whole = only_map("Earth", config={"bounds": [-180, -90, 180, 90]})
    assert all(whole.covers(lat, lon, 0) for lat in (-90, 0, 90) for lon in (-180, 0, 179.9, 180))


def test_coverage_without_bounds_is_that_of_the_places(only_map: OnlyMap):
    found = only_map(config={})

    assert found.covers(11, 22, 0)
    assert not found.covers(0, 0, 1_000)


def test_maps_in_load_order_and_by_name(make_map: MakeMap, make_zim: MakeMap, library_of: LibraryOf):
    atlas = Atlas(library_of(make_map("B", RECORDS), make_zim("Wiki", {"Page": "<p>x</p>"}), make_map("A", RECORDS)))

    assert [one.name for one in atlas.maps()] == ["B", "A"]
    assert [one.name for one in atlas.maps("A")] == ["A"]
    assert atlas.maps("Wiki") == atlas.maps("Nothing") == []
    assert atlas.maps()[0] is atlas.maps("B")[0]


def test_an_archive_set_aside_disappears(make_map: MakeMap, library_of: LibraryOf):
    library = library_of(make_map("A", RECORDS), make_map("B", RECORDS))
    atlas = Atlas(library)
    assert len(atlas.maps()) == 2
    Path(library.records["A"].file).unlink()
    library._set_aside(library.records["A"], "damaged")

    assert [one.name for one in atlas.maps()] == ["B"]


def many(count: int) -> list[dict[str, object]]:
    return [
        {"n": f"{chr(97 + number % 26)}{chr(97 + number // 26)} place", "t": "place", "s": "village",
         "a": 10 + number / 100, "o": 20} for number in range(count)
    ]  # fmt: skip


def test_preparing_stops_in_time_and_goes_on_with_the_next_call(
    make_map: MakeMap, library_of: LibraryOf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(maps, "BUILD_BUDGET_S", 0.0)
    (archive,) = Atlas(library_of(make_map("Big", many(60)))).maps()

    told = []
    for _ in range(200):
        try:
            index = archive.places
            break
        except MapBeingPreparedError as error:
            told.append(str(error))
    assert index.count == 60
    assert len(told) > 10
    assert "'Big' is being prepared" in told[0]
    assert "call again" in told[0].lower()
    assert told[0] != told[-1]  # the share that is done grows


def test_each_call_has_a_budget_of_its_own_for_all_its_maps(
    make_map: MakeMap, library_of: LibraryOf, monkeypatch: pytest.MonkeyPatch
):
    atlas = Atlas(library_of(make_map("One", RECORDS), make_map("Two", many(60))))
    one, two = atlas.maps()
    monkeypatch.setattr(maps, "BUILD_BUDGET_S", 0.0)
    atlas.begin_call()
    with pytest.raises(MapBeingPreparedError):
        _ = two.places
    monkeypatch.undo()
    with pytest.raises(MapBeingPreparedError):
        _ = one.places  # still the same call

    atlas.begin_call()
    assert one.places.count
    assert two.places.count == 60


def test_idle_work_finishes_what_a_call_began(
    make_map: MakeMap, library_of: LibraryOf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(maps, "BUILD_BUDGET_S", 0.0)
    atlas = Atlas(library_of(make_map("Big", many(60)), make_map("Unasked", many(5))))
    big, unasked = atlas.maps()
    assert not atlas.work_idle(0.0)
    with pytest.raises(MapBeingPreparedError):
        _ = big.places

    rounds = 0
    while atlas.work_idle(0.0):
        rounds += 1
    assert rounds > 10
    assert big.is_ready
    assert big.places.count == 60
    assert not unasked.is_ready


def test_a_name_is_not_looked_for_on_half_of_the_maps(
    make_map: MakeMap, library_of: LibraryOf, monkeypatch: pytest.MonkeyPatch
):
    small = make_map("Small", [{"n": "Alpha", "t": "place", "s": "town", "a": 1, "o": 1},
                               {"n": "Cafe Zed", "t": "poi", "s": "cafe", "a": 1, "o": 1}])  # fmt: skip
    atlas = Atlas(library_of(small, make_map("Big", many(60))))
    _ = atlas.maps()[0].places
    monkeypatch.setattr(maps, "BUILD_BUDGET_S", 0.0)
    atlas.work_idle(0.0)

    assert geocode(atlas, "Alpha", near=None, zim=None).best.zim == "Small"
    for uncertain in ("Cafe", "Zebra"):
        with pytest.raises(MapBeingPreparedError):
            geocode(atlas, uncertain, near=None, zim=None)


def test_an_unreadable_map_says_so_each_time_and_others_go_on(make_map: MakeMap, library_of: LibraryOf):
    broken = make_map("Broken", RECORDS, {"search-data/manifest.json": b'{"format": 9}'})
    atlas = Atlas(library_of(broken, make_map("Sound", RECORDS)))

    for _ in range(2):
        with pytest.raises(MapUnreadableError, match="'Broken'"):
            _ = atlas.maps()[0].places
    assert atlas.maps()[0].covers(10, 20, 0)
    assert geocode(atlas, "Alpha", near=None, zim=None).best.zim == "Sound"
    with pytest.raises(MapUnreadableError):
        geocode(atlas, "Alpha", near=None, zim="Broken")


def test_damage_is_noted(make_map: MakeMap, library_of: LibraryOf):
    (archive,) = Atlas(library_of(make_map("Torn", RECORDS, {"search-data/be.json": b"[{"}))).maps()

    assert archive.note is None
    assert archive.places.count == 1
    assert archive.note is not None
    assert "'Torn'" in archive.note


def test_a_prepared_map_is_ready_in_the_next_process(make_map: MakeMap, library_of: LibraryOf):
    file = make_map("Region", RECORDS)
    _ = Atlas(library_of(file)).maps()[0].places
    (again,) = Atlas(library_of(file)).maps()
    again.prepare(0.0)

    assert again.is_ready
    assert store.folder() is not None
    assert len(list((store.folder() or Path()).iterdir())) == 1
