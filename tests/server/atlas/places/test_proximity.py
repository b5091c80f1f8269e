"""What lies around a point: distances, default kinds, duplicates, counts, several maps."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.kinds import understand
from zimfo_server.atlas.places.proximity import Nearby, around
from zimfo_server.library.library import Library
from zimfo_shared.sphere import haversine_m

MapOf = Callable[[str], MapArchive]
MakeMap = Callable[..., Path]
LibraryOf = Callable[..., Library]

VALLETTA = (35.8989, 14.5146)


def names(nearby: Nearby) -> list[str]:
    return [nearby.record(position).name for position in range(nearby.count)]


def test_every_place_in_the_radius_nearest_first_and_no_other(map_of: MapOf):
    malta = map_of("malta-v4-head")
    nearby = around([malta], *VALLETTA, 500, every_type=True)

    index = malta.places
    metres = np.array([haversine_m(*VALLETTA, lat, lon) for lat, lon in zip(index.lat, index.lon, strict=True)])
    inside = {fold(index.name(int(row))) for row in np.flatnonzero(metres <= 500)}
    assert {fold(name) for name in names(nearby)} == inside
    assert list(nearby.metres) == sorted(nearby.metres)
    assert nearby.metres.max() <= 500


def test_streets_and_addresses_are_left_out_without_kinds(map_of: MapOf):
    nearby = around([map_of("monaco-v4-head")], 43.7384, 7.4246, 400)

    types = {nearby.record(position).type for position in range(nearby.count)}
    assert "poi" in types
    assert not types & {"street", "addr", "building"}


def test_categories_count_every_place_once(map_of: MapOf):
    nearby = around([map_of("helsinki-v4-head")], 60.17, 24.94, 800)
    counted = nearby.by_category()

    assert sum(count for _, count in counted) == nearby.count
    assert [count for _, count in counted] == sorted((count for _, count in counted), reverse=True)
    assert Counter(nearby.category(position) for position in range(nearby.count)) == dict(counted)


def test_a_class_that_says_nothing_is_counted_as_the_kind_asked_for(map_of: MapOf):
    nearby = around([map_of("malta-v4-head")], *VALLETTA, 3_000, understand(["pharmacy"]))

    assert nearby.by_category() == [("pharmacy", nearby.count)]


def test_the_same_map_twice_finds_each_place_once(map_of: MapOf):
    once = around([map_of("helsinki-v4-head")], 60.17, 24.94, 500)
    twice = around([map_of("helsinki-v4-head"), map_of("helsinki-v5-split-head")], 60.17, 24.94, 500)

    assert names(twice) == names(once)
    assert {twice.zim(position) for position in range(twice.count)} == {"helsinki-v4-head"}


def test_one_business_of_two_sources_is_one_place(make_map: MakeMap, library_of: LibraryOf):
    records = [
        {"n": "Café Luna", "t": "poi", "s": "cafe", "a": 45.5, "o": 9.5},
        {"n": "CAFE LUNA", "t": "poi", "s": "coffee_shop", "a": 45.5001, "o": 9.5},  # 11 m
        {"n": "Café Luna", "t": "poi", "s": "cafe", "a": 45.503, "o": 9.5},  # another branch
        {"n": "Café Luna", "t": "poi", "s": "bus", "a": 45.5, "o": 9.5001},  # the stop in front of it
    ]
    maps = Atlas(library_of(make_map("Small", records, bounds=(9, 45, 10, 46)))).maps()

    nearby = around(maps, 45.5, 9.5, 1_000)

    assert sorted(nearby.by_category()) == [("bus", 1), ("cafe", 2)]


def test_a_river_in_many_tiles_is_one_place(make_map: MakeMap, library_of: LibraryOf):
    records = [{"n": "Olona", "t": "water", "s": "river", "a": 45.5 + step / 200, "o": 9.5} for step in range(5)]
    maps = Atlas(library_of(make_map("Small", records, bounds=(9, 45, 10, 46)))).maps()

    assert around(maps, 45.5, 9.5, 5_000).count == 1


def test_only_places_with_an_article(map_of: MapOf):
    nearby = around([map_of("milan-v4-head")], 45.4642, 9.19, 2_000, has_wiki=True)

    assert nearby.count > 10
    assert all(nearby.record(position).wiki for position in range(nearby.count))


def test_no_maps_and_nothing_near_find_nothing(map_of: MapOf):
    assert around([], *VALLETTA, 1_000).count == 0
    assert around([map_of("malta-v4-head")], 35.8, 14.18, 50).by_category() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    lat=st.floats(35.80, 36.08),
    lon=st.floats(14.18, 14.58),
    radius=st.floats(50, 20_000),
    kinds=st.lists(st.sampled_from(["bar", "museum", "pharmacy", "church", "hotel", "park"]), min_size=1, max_size=3),
)
def test_kinds_only_ever_narrow_and_radii_widen(map_of: MapOf, lat: float, lon: float, radius: float, kinds: list[str]):
    malta = [map_of("malta-v4-head")]
    chosen = around(malta, lat, lon, radius, understand(kinds))
    wider = around(malta, lat, lon, radius * 1.5, understand(kinds))

    assert chosen.count <= around(malta, lat, lon, radius, every_type=True).count
    assert chosen.count <= wider.count
    assert names(wider)[: chosen.count] == names(chosen)


@pytest.mark.parametrize("kinds", [["restaurant"], ["restaurant", "bar"]])
def test_overture_rows_count_like_others(map_of: MapOf, kinds: list[str]):
    plain = around([map_of("helsinki-v4-head")], 60.17, 24.94, 1_000, understand(kinds))
    overture = around([map_of("helsinki-v4-overture-synthetic-head")], 60.17, 24.94, 1_000, understand(kinds))

    assert set(names(plain)) == set(names(overture))
