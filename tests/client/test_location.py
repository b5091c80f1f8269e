"""What becomes of the coordinates that a model writes (zimfo-behaviour §5.6, "Ours, by tool name")."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_client.agent.location import KnownPoints, points_in, settled
from zimfo_client.errors import ToolCallError
from zimfo_shared.own_place import is_own_place
from zimfo_shared.wire import Location

HERE = Location(lat=35.9, lon=14.5)
AT_HERE = {"lat": 35.9, "lon": 14.5}
INVENTED = {"lat": 37.7749, "lon": -122.4194}
TEXT = "35.90000,14.50000"


@pytest.fixture
def known() -> KnownPoints:
    """A conversation in which the person named one position and a result another."""
    points = KnownPoints()
    points.hear("What is at 36.05, 14.25?")
    points.see({"results": [{"name": "Bar", "lat": 35.8421, "lon": 14.5432}], "total_in_radius": 1})
    return points


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("what_is_here", {}, AT_HERE),
        ("what_is_here", INVENTED, AT_HERE),
        ("what_is_here", {"latitude": "37.7749", "lng": "-122.4194"}, AT_HERE),
        ("what_is_here", {"lat": 36.05, "lon": 14.25}, {"lat": 36.05, "lon": 14.25}),
        ("what_is_here", {"lat": 35.8421, "lon": 14.5432}, AT_HERE),
        ("route_status", INVENTED, AT_HERE),
        ("near_places", {"kinds": ["bar"]}, {"kinds": ["bar"], **AT_HERE}),
        ("near_places", {"kinds": ["bar"], **INVENTED}, {"kinds": ["bar"], **AT_HERE}),
        ("near_places", {"lat": 0, "lon": 0}, AT_HERE),
        ("near_places", {"lat": 91, "lon": 14}, AT_HERE),
        ("near_places", {"lat": "north", "lon": None}, AT_HERE),
        ("near_places", {"place": "Mosta", **INVENTED}, {"place": "Mosta"}),
        ("near_places", {"city": "Mosta", **INVENTED}, {"place": "Mosta"}),
        ("near_places", {"place": "my area", **INVENTED}, AT_HERE),
        ("near_places", {"place": "here", "lat": 36.05, "lon": 14.25}, AT_HERE),
        ("near_places", {"lat": 36.05, "lon": 14.25}, {"lat": 36.05, "lon": 14.25}),
        ("near_places", {"lat": 35.842, "lon": 14.543}, {"lat": 35.842, "lon": 14.543}),
        ("near_places", {"place": "37.7749, -122.4194"}, AT_HERE),
        ("near_places", {"place": "36.05, 14.25"}, {"place": "36.05, 14.25"}),
        ("nearby_stories", INVENTED, AT_HERE),
        ("nearby_stories", {"place": "Gozo", **INVENTED}, {"place": "Gozo"}),
        ("near_named_place", {"place": "around here"}, {"place": TEXT}),
        ("near_named_place", {"place": "Mosta", **INVENTED}, {"place": "Mosta"}),
        ("route_from_places", {"destination": "Mosta"}, {"destination": "Mosta", "origin": TEXT}),
        ("route_from_places", {"from": "my location", "to": "Mosta"}, {"origin": TEXT, "destination": "Mosta"}),
        ("route_from_places", {"origin": "37.77,-122.42", "destination": "M"}, {"origin": TEXT, "destination": "M"}),
        ("route_from_places", {"origin": "Rabat", "destination": "here"}, {"origin": "Rabat", "destination": TEXT}),
        ("search", {"query": "here", "lat": 1}, {"query": "here", "lat": 1}),
        ("article_overview", {"title": "Here"}, {"title": "Here"}),
    ],
)
def test_every_tool_gets_the_position_that_it_may_have(
    known: KnownPoints, tool: str, arguments: dict[str, Any], expected: dict[str, Any]
):
    assert settled(tool, arguments, HERE, known) == expected


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("what_is_here", INVENTED, {}),
        ("near_places", {"kinds": ["bar"], **INVENTED}, {"kinds": ["bar"]}),
        ("nearby_stories", {"place": "here", **INVENTED}, {}),
        ("near_named_place", {"place": "here"}, {"place": "here"}),
        ("route_from_places", {"destination": "Mosta"}, {"destination": "Mosta", "origin": "my location"}),
    ],
)
def test_without_a_location_nothing_is_guessed(
    known: KnownPoints, tool: str, arguments: dict[str, Any], expected: dict[str, Any]
):
    assert settled(tool, arguments, None, known) == expected


def test_an_invented_destination_is_refused_with_what_to_send(known: KnownPoints):
    with pytest.raises(ToolCallError, match="name of the place as destination"):
        settled("route_from_places", {"origin": "Rabat", "destination": "37.77, -122.42"}, HERE, known)
    with pytest.raises(ToolCallError, match="name of the place as place"):
        settled("near_named_place", {"place": "37.77, -122.42"}, None, known)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("What is at 35.9, 14.5?", [(35.9, 14.5)]),
        ("from 35.9,14.5 to -1.25, 36.8", [(35.9, 14.5), (-1.25, 36.8)]),
        ("33.9° S, 18.4° E", [(-33.9, 18.4)]),
        ("lat=35 lon=14", [(35.0, 14.0)]),
        ("pages 3, 4 and 5", []),
        ("version 1.2.3, 4.5.6", []),
        ("", []),
    ],
)
def test_coordinates_are_read_from_a_text(text: str, points: list[tuple[float, float]]):
    assert points_in(text) == points


def test_own_places_are_known_in_any_writing():
    assert is_own_place("My  Current Location.")
    assert is_own_place("current_location")
    assert not is_own_place("Heredia")


def test_a_copy_does_not_learn(known: KnownPoints):
    copy = known.copy()
    known.see({"lat": 1.5, "lon": 1.5})

    assert (1.5, 1.5) in known.seen
    assert (1.5, 1.5) not in copy.seen


def test_a_huge_or_deep_result_is_looked_at_in_part():
    points = KnownPoints()
    points.see({"results": [{"lat": 1.0 + number / 1e5, "lon": 2.0} for number in range(50_000)]})
    deep: dict[str, Any] = {"lat": 3.0, "lon": 4.0}
    for _ in range(5_000):
        deep = {"inner": deep}
    points.see(deep)

    assert (3.0, 4.0) in points.seen
    assert len(points.seen) <= 2_000


@given(
    st.dictionaries(st.sampled_from(["lat", "lon", "place", "origin", "destination", "kinds"]),
                    st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=40), st.lists(st.floats()))),
    st.sampled_from(["what_is_here", "near_places", "nearby_stories", "route_status"]),
)  # fmt: skip
def test_no_argument_brings_an_unnamed_position_through(arguments: dict[str, Any], tool: str):
    result = settled(tool, arguments, HERE, KnownPoints())

    assert {key: result[key] for key in ("lat", "lon") if key in result} in (AT_HERE, {})
