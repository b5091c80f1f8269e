"""What models send, and what the contracts make of it (zimfo-behaviour §1.3)."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_shared.articles import CompareInput, OverviewInput, SearchInput, SectionInput
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.errors import BadArgumentsError
from zimfo_shared.places import NearbyStoriesInput, NearNamedPlaceInput, NearPlacesInput, WhatIsHereInput, singular
from zimfo_shared.routes import RouteInput

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


def test_aliases_of_places_become_canonical():
    parsed = NearPlacesInput.parse(
        "near_places", {"kind": "tattoo parlors", "name": "Austin", "radius_meters": "5000", "target_count": 12}
    )

    assert parsed.kinds == ["tattoo_parlor"]
    assert parsed.place == "Austin"
    assert parsed.radius_km == 5.0
    assert parsed.limit == 12


@pytest.mark.parametrize(
    ("sent", "radius_km"),
    [({"radius_m": 500}, 0.5), ({"radius": 3000}, 3.0), ({"radius": 2}, 2.0), ({"radius_km": "5 km"}, 5.0),
     ({"radius_km": 0}, 0.05), ({"radius_km": 1e6}, 100.0), ({}, 1.0)],
)  # fmt: skip
def test_a_radius_in_any_unit_is_km_within_bounds(sent: dict[str, object], radius_km: float):
    assert NearNamedPlaceInput.parse("near_named_place", {"place": "x", **sent}).radius_km == radius_km


def test_a_limit_of_zero_means_the_default():
    assert NearPlacesInput.parse("near_places", {"target_count": 0}).limit == 10
    assert SearchInput.parse("search", {"query": "x", "limit": 0}).limit == 10
    assert SearchInput.parse("search", {"query": "x", "limit": 500}).limit == 50


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "1e999", "many", True, []])
def test_what_is_no_number_is_refused_or_clamped(value: object):
    for tool, name in (("article_overview", "max_sections"), ("near_places", "radius_km"), ("near_places", "lat")):
        with contextlib.suppress(BadArgumentsError):
            parsed = CATALOGUE[tool].input.parse(tool, {"title": "x", name: value} if tool[0] == "a" else {name: value})
            assert math.isfinite(getattr(parsed, name))


def test_null_means_absent():
    parsed = NearPlacesInput.parse("near_places", {"place": None, "lat": 37.77, "lon": -122.42})

    assert parsed.place == ""
    assert (parsed.lat, parsed.lon) == (37.77, -122.42)


def test_zero_zero_is_no_position():
    assert WhatIsHereInput.parse("what_is_here", {"lat": 0, "lon": 0.0}).lat is None


def test_kinds_are_split_singular_and_underscored():
    parsed = NearPlacesInput.parse("near_places", {"kinds": "EV charging stations, Bars and Breweries"})

    assert parsed.kinds == ["ev_charging_station", "bar", "brewery"]


@pytest.mark.parametrize(("plural", "one"), [("churches", "church"), ("bus", "bus"), ("pubs", "pub")])
def test_singular(plural: str, one: str):
    assert singular(plural) == one


@pytest.mark.parametrize(
    "sent",
    [{"titles": ["A b", "C"]}, {"titles": "A b vs. C"}, {"a": "A b", "b": "C"}, ["A b", "C"], [["A b", "C"]],
     {"title_a": "A b", "title_b": "C"}, {"articles": ["A b", " C ", None, ""]}],
)  # fmt: skip
def test_titles_arrive_in_many_shapes(sent: object):
    assert CompareInput.parse("compare_articles", sent).titles == ["A b", "C"]


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_or_too_many_titles_are_refused_with_the_bounds(count: int):
    with pytest.raises(BadArgumentsError, match=rf"needs 2 to 4 article titles, got {count}"):
        CompareInput.parse("compare_articles", {"titles": [f"t{n}" for n in range(count)]})


def test_an_unknown_argument_is_named_beside_the_valid_ones():
    with pytest.raises(BadArgumentsError, match=r"unknown argument 'tite'. Valid arguments: title, path, zim"):
        OverviewInput.parse("article_overview", {"tite": "Sun"})


def test_an_empty_title_is_refused():
    with pytest.raises(BadArgumentsError, match="empty"):
        OverviewInput.parse("article_overview", {"title": "  "})


def test_a_path_stands_for_a_title():
    assert SectionInput.parse("get_article_section", {"path": "A/Sun", "section": "x"}).path == "A/Sun"


def test_positional_arguments_follow_the_declared_order():
    parsed = SectionInput.parse("get_article_section", ["Sun", "Structure"])

    assert (parsed.title, parsed.section) == ("Sun", "Structure")


def test_a_query_of_five_thousand_words_is_refused_in_one_line():
    with pytest.raises(BadArgumentsError, match="too long") as caught:
        SearchInput.parse("search", {"query": "word " * 5000})

    assert len(str(caught.value)) < 200


def test_route_ends_have_other_names():
    parsed = RouteInput.parse("route_from_places", {"from": "current location", "to": "Valletta", "mode": "walking"})

    assert (parsed.origin, parsed.destination, parsed.mode) == ("current location", "Valletta", "walk")


def test_story_counts_have_their_own_range():
    assert NearbyStoriesInput.parse("nearby_stories", {"limit": 99}).max_stories == 10


@given(tool=st.sampled_from(sorted(CATALOGUE)), raw=JSON_VALUES)
def test_any_json_parses_or_is_refused_in_a_short_line(tool: str, raw: object):
    message = None
    try:
        CATALOGUE[tool].input.parse(tool, raw)
    except BadArgumentsError as error:
        message = str(error)

    assert message is None or (message.startswith(tool) and len(message) < 800)
