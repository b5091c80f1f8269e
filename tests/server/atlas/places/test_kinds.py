"""Kinds of places: what the words of calls mean, and which records of real maps they take."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_server.atlas.maps import Atlas
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.atlas.places.kinds import understand
from zimfo_server.atlas.places.vocabulary import CUISINES, KINDS
from zimfo_server.library.library import Library
from zimfo_shared.places import kind_names

IndexOf = Callable[[str], PlaceIndex]


def labels(*kinds: str) -> list[str]:
    selection = understand(kind_names(list(kinds)) or [])
    return [kind.label for kind in selection.kinds] if selection else []


def found(index: PlaceIndex, *kinds: str) -> set[str]:
    """Return the names of all records of a map that are of these kinds."""
    selection = understand(kind_names(list(kinds)) or [])
    assert selection
    rows = np.arange(index.count)
    return {index.name(int(row)) for row in rows[selection.match(index, rows) >= 0]}


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("EV charging stations", "charging_station"),
        ("Korean BBQ", "korean_bbq"),
        ("tattoo parlors", "tattoo"),
        ("places to eat", "restaurant"),
        ("petrol stations", "gas_station"),
        ("ER", "hospital"),
        ("drugstore", "pharmacy"),
        ("bookstores", "bookstore"),
        ("things to do", "things_to_do"),
        ("sights", "attraction"),
        ("best pizza places near me", "pizza"),
        ("Italian restaurants", "italian"),
        ("breweries", "brewery"),
        ("caffè", "cafe"),
        ("b&b", "bed_and_breakfast"),
        ("pharmacies open now", "pharmacy"),
        ("train_station", "train_station"),
    ],
)
def test_what_people_say_is_understood(asked: str, meant: str):
    selection = understand(kind_names([asked]) or [])

    assert selection
    assert [kind.label for kind in selection.kinds] == [meant]
    assert not selection.unknown


def test_bed_and_breakfast_is_one_kind_and_bars_and_cafes_are_two():
    assert kind_names("bed and breakfasts") == ["bed_and_breakfast"]
    assert kind_names("bars and cafés") == ["bar", "café"]


@pytest.mark.parametrize(
    ("plural", "singular_form"),
    [("buses", "bus"), ("movies", "movie"), ("campus", "campus"), ("tennis", "tennis"), ("galleries", "gallery")],
)
def test_plurals_of_all_shapes(plural: str, singular_form: str):
    assert kind_names(plural) == [singular_form]


def test_the_last_words_of_an_unknown_kind_say_what_it_is():
    selection = understand(["rooftop_bar"])

    assert selection
    assert selection.unknown == ("rooftop_bar",)
    assert selection.broader == ("bar",)


def test_every_name_of_the_vocabulary_leads_to_its_kind():
    for kind in KINDS:
        assert labels(kind.label) == [kind.label]
    for dish in CUISINES:
        assert labels(dish) == [dish]
        assert labels(f"{dish} restaurants") == [dish]


def test_names_of_the_vocabulary_are_unambiguous():
    claimed: dict[str, str] = {}
    for kind in KINDS:
        for name in (kind.label, *kind.also.split()):
            assert claimed.setdefault(str(kind_names([name])), kind.label) == kind.label


def test_pizza_is_not_every_restaurant(index_of: IndexOf):
    malta = index_of("malta-v4-head")
    pizza, restaurants = found(malta, "pizza"), found(malta, "restaurants")

    assert "Pizza Hut" in pizza
    assert "Guze Bistro" in restaurants - pizza
    assert len(pizza) * 3 < len(restaurants)


def test_all_kinds_of_a_call_are_honoured(index_of: IndexOf):
    malta = index_of("malta-v4-head")

    assert found(malta, "museum", "pharmacy") == found(malta, "museum") | found(malta, "pharmacy")
    assert found(malta, "museum")
    assert found(malta, "pharmacy")


def test_kinds_without_a_class_are_told_by_name(index_of: IndexOf):
    helsinki = index_of("helsinki-v4-head")

    assert {"Vanha kirkko", "Helsingin tuomiokirkko"} <= found(helsinki, "churches")
    assert {"Yliopiston apteekki", "Kluuvin Apteekki"} <= found(helsinki, "drugstores")
    assert {"Suomalainen kirjakauppa", "Akateeminen Kirjakauppa"} <= found(helsinki, "bookstores")
    assert "Kansalliskirjasto" in found(helsinki, "libraries") - found(helsinki, "bookstores")


def test_museums_hide_under_other_classes(index_of: IndexOf):
    assert "Comics Museum" in found(index_of("andorra-v4-head"), "museums")
    assert "Amos Anderson taidemuseo" in found(index_of("helsinki-v4-head"), "museums")
    assert "Boutique musée océanographie" not in found(index_of("monaco-v4-head"), "museums")


def test_statues_are_no_galleries(index_of: IndexOf):
    helsinki = index_of("helsinki-v4-head")
    galleries, statues = found(helsinki, "art galleries"), found(helsinki, "statues")

    assert {"Galerie Forsblom", "Zetterberg Gallery"} <= galleries
    assert {"Aleksis Kiven muistopatsas", "Havis Amanda"} <= statues
    assert not galleries & statues


def test_bakeries_and_bottle_shops_are_no_bars_or_cafes(index_of: IndexOf):
    malta = index_of("malta-v4-head")
    bars_and_cafes = found(malta, "bars", "cafes")

    assert "Golden Harvest Bakery" in found(malta, "bakeries") - bars_and_cafes
    assert not bars_and_cafes & (found(malta, "liquor stores") - found(malta, "bar"))


@pytest.mark.parametrize(
    ("name", "subtype", "kind"),
    [
        ("Heritage Park Dental", "amenity", "museum"),
        ("Heritage Park Dental", "amenity", "park"),
        ("Museum Parking", "amenity", "museum"),
        ("Hair Bar", "shop", "bar"),
        ("Sushi Bar Kyoto", "amenity", "bar"),
        ("Barbarossa", "amenity", "bar"),
        ("Museumsquartier Apartments", "shop", "museum"),
        ("Trattoria da Gino", "amenity", "pizza"),
        ("Grand Gallery Hotel", "lodging", "gallery"),
        ("Golden Crust Bakery", "bakery", "cafe"),
        ("Corner Wines", "liquor_store", "bar"),
    ],
)
def test_what_only_sounds_like_a_kind_is_none(
    small_index: Callable[..., PlaceIndex], name: str, subtype: str, kind: str
):
    index = small_index((name, "poi", subtype))

    assert found(index, kind) == set()


@pytest.mark.parametrize(
    ("name", "subtype", "kind"),
    [
        ("Da Gino", "pizza_restaurant", "restaurants"),
        ("Da Gino", "pizza_restaurant", "pizza"),
        ("Seoul Garden", "korean_restaurant", "Korean BBQ"),
        ("Volt", "ev_charging_station", "EV charging stations"),
        ("Minna Space", "art_gallery", "art galleries"),
        ("City Books", "bookstore", "bookstores"),
        ("Riverside", "trail", "hiking trails"),
        ("Zeppelin Field", "amenity", "zeppelin"),
        ("Anything", "zeppelin_hangar", "zeppelins"),
        ("The Rooftop", "bar", "rooftop bars"),
    ],
)
def test_overture_categories_and_words_of_names_are_found(
    small_index: Callable[..., PlaceIndex], name: str, subtype: str, kind: str
):
    assert found(small_index((name, "poi", subtype)), kind) == {name}


def test_an_overture_category_is_finer_than_the_class(
    make_map: Callable[..., Path], library_of: Callable[..., Library]
):
    rows = [
        {"n": "Da Gino", "t": "poi", "s": "restaurant", "cat": "italian_restaurant"},
        {"n": "Uno", "t": "poi", "s": "restaurant", "cat": "pizza_restaurant"},
        {"n": "Corner", "t": "poi", "s": "bar", "cat": "liquor_store"},
        {"n": "Golden Crust", "t": "poi", "s": "cafe", "cat": "bakery"},
        {"n": "Doc", "t": "poi", "s": "amenity", "cat": "pharmacy"},
    ]
    placed = [{**row, "a": 45.5, "o": 9.5 + number / 1_000} for number, row in enumerate(rows)]
    index = Atlas(library_of(make_map("Small", placed, bounds=(9, 45, 10, 46)))).maps()[0].places

    assert found(index, "restaurants") == {"Da Gino", "Uno"}
    assert found(index, "Italian restaurants") == {"Da Gino"}
    assert found(index, "pizza") == {"Uno"}
    assert found(index, "bars") == found(index, "cafes") == set()
    assert found(index, "bakeries") == {"Golden Crust"}
    assert found(index, "liquor stores") == {"Corner"}
    assert found(index, "pharmacies") == {"Doc"}


def test_streets_and_addresses_only_when_asked_for(index_of: IndexOf):
    monaco = index_of("monaco-v4-head")

    assert "3 Avenue des Spélugues, Monaco" in found(monaco, "addresses")
    assert "Monaco" in found(monaco, "city")
    assert not found(monaco, "streets") & found(monaco, "city")


def test_a_map_without_a_class_for_a_kind_says_so(index_of: IndexOf):
    malta, helsinki = index_of("malta-v4-head"), index_of("helsinki-v4-head")
    pharmacies, bars, galleries = understand(["pharmacy"]), understand(["bar"]), understand(["gallery"])
    assert pharmacies
    assert bars
    assert galleries

    assert "kinds=['amenity'" in pharmacies.remarks(malta)[0]
    assert bars.remarks(malta) == []
    assert "art_gallery" in galleries.remarks(helsinki)[0]


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_is_a_kind_or_none(kinds: list[str]):
    selection = understand(kind_names(kinds) or [])

    assert selection is None or 1 <= len(selection.kinds) <= 10
