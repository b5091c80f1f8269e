"""What a point is called: neighbourhood, settlement, region, or how far it is from the next named thing."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places.here import Here, distance_in_words, what_is_at
from zimfo_server.library.library import Library

MapOf = Callable[[str], MapArchive]
MakeMap = Callable[..., Path]
LibraryOf = Callable[..., Library]


def place(name: str, rank: str, lat: float, lon: float = 9.5) -> Mapping[str, Any]:
    return {"n": name, "t": "place", "s": rank, "a": lat, "o": lon}


@pytest.fixture
def at(make_map: MakeMap, library_of: LibraryOf) -> Callable[..., Here | None]:
    """What 45.5, 9.5 is called on a map of the region Lombardy with these records."""

    numbers = itertools.count()

    def seen(*records: Mapping[str, Any]) -> Here | None:
        region = {"streetzim-meta.json": b'{"name": "Lombardy"}'}
        file = make_map(f"map{next(numbers)}", records, region, bounds=(9, 45, 10, 46))
        return what_is_at(Atlas(library_of(file)).maps()[0], 45.5, 9.5)

    return seen


@pytest.mark.parametrize(
    ("name", "point", "words"),
    [
        ("milan-v4-head", (45.4642, 9.19), "Milano"),
        ("malta-v4-head", (35.8989, 14.5146), "Valletta, Malta"),
        ("malta-v4-head", (36.045, 14.24), "Ir-Rabat (Victoria), Malta"),
        ("malta-v4-head", (35.957, 14.362), "Il-Mellieħa, Malta"),
        ("andorra-v4-head", (42.5075, 1.5218), "Centre històric, Andorra la Vella"),
        ("monaco-v4-head", (43.7384, 7.4246), "Monte-Carlo, Monaco"),
        ("helsinki-v4-head", (60.17, 24.94), "Keskusta, Helsinki"),
    ],
)
def test_points_of_real_maps_are_called_as_people_call_them(
    map_of: MapOf, name: str, point: tuple[float, float], words: str
):
    here = what_is_at(map_of(name), *point)

    assert here
    assert here.words == words


def test_the_rank_decides_how_far_a_place_reaches(at: Callable[..., Here | None]):
    city, village = place("Milano", "city", 45.565), place("Vignate", "village", 45.49)
    here, without = at(city, village), at(city)

    assert here
    assert here.settlement
    assert here.settlement.name == "Vignate"
    assert without
    assert without.settlement
    assert without.settlement.name == "Milano"


def test_outside_of_every_settlement_the_distance_is_said(at: Callable[..., Here | None]):
    here = at(place("Milano", "city", 45.60))

    assert here
    assert here.settlement is None
    assert here.words.startswith("about 11 km south of Milano")


def test_a_suburb_belongs_to_the_settlement_around_it(at: Callable[..., Here | None]):
    here = at(place("Isola", "suburb", 45.505), place("Milano", "city", 45.55))

    assert here
    assert here.words == "Isola, Milano"
    assert here.larger == "Milano"
    assert 500 < here.place.metres < 600


def test_outside_of_every_settlement_the_distance_is_told(at: Callable[..., Here | None]):
    here = at(place("Encamp", "village", 45.455))

    assert here
    assert here.words == "about 5 km north of Encamp, Lombardy"
    assert here.settlement is None
    assert here.larger == "Lombardy"


def test_something_right_beside_comes_before_a_far_settlement(at: Callable[..., Here | None]):
    peak = {"n": "Monte Rosso", "t": "peak", "s": "peak", "a": 45.497, "o": 9.5}
    here = at(place("Encamp", "village", 45.455), peak)

    assert here
    assert here.words == "about 350 m north of Monte Rosso, about 5 km north of Encamp"


def test_an_island_is_named_where_it_is_nearer_than_the_mainland(at: Callable[..., Here | None]):
    here = at(place("Isola Bella", "island", 45.505), place("Stresa", "village", 45.525))

    assert here
    assert here.region == "Isola Bella"


def test_an_address_and_what_stands_there_only_from_close_by(at: Callable[..., Here | None]):
    close = {"n": "5 Via Dante, Milano", "t": "addr", "s": "", "a": 45.5002, "o": 9.5}
    far = {"n": "99 Via Dante, Milano", "t": "addr", "s": "", "a": 45.51, "o": 9.5}
    cafe = {"n": "Café Luna", "t": "poi", "s": "cafe", "a": 45.5001, "o": 9.5}
    here, farther = at(place("Milano", "city", 45.52), close, cafe), at(place("Milano", "city", 45.52), far)

    assert here
    assert here.address
    assert here.address.record.name == "5 Via Dante, Milano"
    assert here.standing_at
    assert here.standing_at.record.name == "Café Luna"
    assert farther
    assert farther.address is None
    assert farther.standing_at is None


def test_a_map_without_names_knows_nothing(at: Callable[..., Here | None]):
    assert at({"n": "Via Dante", "t": "street", "s": "minor", "a": 45.5, "o": 9.5}) is None


@pytest.mark.parametrize(
    ("metres", "words"),
    [
        (0, "less than 50 m"),
        (320, "about 300 m"),
        (949, "about 950 m"),
        (1_000, "about 1 km"),
        (3_240, "about 3.2 km"),
        (16_900, "about 17 km"),
    ],
)
def test_distances_are_said_as_people_say_them(metres: float, words: str):
    assert distance_in_words(metres) == words


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(lat=st.floats(42.42, 42.67), lon=st.floats(1.4, 1.8))
def test_every_point_of_a_map_has_a_name_and_an_honest_distance(map_of: MapOf, lat: float, lon: float):
    here = what_is_at(map_of("andorra-v4-head"), lat, lon)

    assert here
    assert here.words.startswith(here.place.record.name) or " of " + here.place.record.name in here.words
    assert ("about" in here.words) == (
        here.settlement is None and (here.neighbourhood is None or "about" in here.words)
    )
    assert here.place.metres < 20_000
