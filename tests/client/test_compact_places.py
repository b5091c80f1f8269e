"""Map results as a model reads them: the shapes of the corpus, sizes that fit, totals that stay true."""

import json
from typing import Any

import pytest

from zimfo_client.agent.compact import MAX_RAW_CHARS, compact
from zimfo_client.agent.compact_places import MAX_CHARS, MAX_ROWS, MAX_STEPS
from zimfo_client.results import ToolResult
from zimfo_shared.places import (
    CategoryCount,
    NearOutput,
    Place,
    Point,
    StoriesOutput,
    Story,
    Suggestion,
    WhatIsHereOutput,
)
from zimfo_shared.routes import RouteOutput, RouteStatusOutput, Step


def read(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    return compact(ToolResult(name, {}, "", payload, 1.0), "Which?")


def near(places: list[Place], **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "origin": Point(lat=35.9, lon=14.5),
        "radius_km": 1.0,
        "total_in_radius": len(places),
        "by_category": [CategoryCount(category="bar", count=len(places))] if places else [],
        "results_shown": len(places),
        "results": places,
        "zims": ["malta"],
        **more,
    }
    return NearOutput(**values).payload()


def bar(number: int, name: str = "Bar") -> Place:
    return Place(name=f"{name} {number}", type="poi", subtype="bar", lat=35.912345, lon=14.5, distance_m=10 * number)


def story(number: int) -> Story:
    return Story(
        place_name=f"Fort {number}", wiki_title=f"Fort {number}", wiki_tag="en:Fort", zim="wiki", path=f"Fort_{number}",
        lat=35.9, lon=14.5, distance_m=number, excerpt="It was built by knights. " * 40, has_more_sections=True,
    )  # fmt: skip


def route(steps: int) -> dict[str, Any]:
    step = Step(instruction="Turn left onto Triq il-Kbira", maneuver="turn_left", road="Triq il-Kbira",
                distance_m=120, duration_s=9, lat=35.9, lon=14.4)  # fmt: skip
    return RouteOutput(
        summary="8.1 km, 14 min, mostly Triq il-Kbira", zim="malta", mode="drive", origin=Point(lat=35.9, lon=14.5),
        destination=Point(lat=35.91, lon=14.42), origin_resolved="Valletta", destination_resolved="Mosta",
        distance_m=8100, distance_km=8.1, duration_s=840, duration_min=14.0, roads=[], steps=[step] * steps,
        geometry="zimfo://route/1",
    ).payload()  # fmt: skip


@pytest.mark.parametrize("tool", ["near_places", "near_named_place"])
def test_places_have_the_keys_of_the_corpus_in_their_order(tool: str):
    counts = [CategoryCount(category="bar", count=30), CategoryCount(category="pub", count=10)]
    found = read(tool, near([bar(1), bar(2)], total_in_radius=40, by_category=counts))

    assert json.dumps(found) == json.dumps(
        {
            "results": [
                {"name": "Bar 1", "type": "poi", "subtype": "bar", "lat": 35.9123, "lon": 14.5, "distance_m": 10},
                {"name": "Bar 2", "type": "poi", "subtype": "bar", "lat": 35.9123, "lon": 14.5, "distance_m": 20},
            ],
            "total_in_radius": 40,
            "by_category": {"bar": 30, "pub": 10},
        }
    )


def test_many_places_are_cut_to_a_size_and_the_total_stays():
    counts = [CategoryCount(category=f"a_rather_long_category_{number}", count=number + 1) for number in range(60)]
    found = read("near_places", near([bar(n, "É" * 300) for n in range(50)], total_in_radius=500, by_category=counts))

    assert len(json.dumps(found, ensure_ascii=False)) <= MAX_CHARS
    assert 1 <= len(found["results"]) <= MAX_ROWS
    assert found["total_in_radius"] == 500
    assert next(iter(found["by_category"])) == "a_rather_long_category_59"


def test_an_empty_list_says_what_to_try():
    suggestion = Suggestion(tool="near_places", arguments={"radius_km": 5}, reason="3 bars within 5 km.")
    found = read("near_places", near([], suggested_next=[suggestion], note="Nothing here."))

    assert found == {
        "results": [], "total_in_radius": 0, "by_category": {}, "note": "Nothing here.",
        "suggested_next": {"tool": "near_places", "arguments": {"radius_km": 5}},
    }  # fmt: skip


def test_stories_are_rows_with_their_article():
    payload = StoriesOutput(
        origin=Point(lat=35.9, lon=14.5), radius_km=2.0, count=10, stories=[story(n) for n in range(10)]
    ).payload()
    found = read("nearby_stories", payload)

    assert list(found) == ["results", "total_in_radius"]
    assert list(found["results"][0]) == ["name", "wiki", "excerpt", "wiki_path", "lat", "lon"]
    assert found["total_in_radius"] == 10
    assert found["results"][0]["excerpt"].endswith("knights.")
    assert len(json.dumps(found)) <= MAX_CHARS


def test_where_the_person_is_is_one_line():
    payload = WhatIsHereOutput(
        lat=35.9, lon=14.5, nearest_named_place="Floriana", settlement="Floriana", region="Malta", distance_m=40,
        place_lat=35.9, place_lon=14.5, zim="malta",
    ).payload()  # fmt: skip

    assert read("what_is_here", payload) == {"place": "Floriana, Malta"}


def test_a_route_is_a_summary_with_its_first_steps():
    short, long = read("route_from_places", route(2)), read("route_from_places", route(40))

    assert short == {
        "summary": "Valletta to Mosta: 8.1 km, 14 min, mostly Triq il-Kbira",
        "steps": [{"instruction": "Turn left onto Triq il-Kbira", "distance_m": 120, "duration_s": 9}] * 2,
    }
    assert len(long["steps"]) <= MAX_STEPS
    assert long["total_steps"] == 40
    assert len(json.dumps(long)) <= MAX_CHARS


def test_the_status_says_what_is_left():
    payload = RouteStatusOutput(
        destination_name="Mosta", remaining_m=2400, remaining_km=2.4, remaining_s=300, remaining_minutes=5.0,
        progress_pct=70.0, next_step="Turn right", total_steps=9, off_route_m=340,
    ).payload()  # fmt: skip

    assert read("route_status", payload) == {
        "summary": "2.4 km and 5 min left to Mosta, 340 m off the route", "next_step": "Turn right",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "payload"),
    [("near_places", {"results": [{"title": "x"}] * 5_000}), ("what_is_here", {"place": "Nowhere"}),
     ("route_from_places", {"steps": 3}), ("nearby_stories", {"stories": [None]}), ("route_status", {}),
     ("near_named_place", {"results": [], "by_category": [1], "total_in_radius": 0})],
)  # fmt: skip
def test_a_foreign_result_of_the_same_tool_is_shown_as_it_is(tool: str, payload: dict[str, Any]):
    found = read(tool, payload)

    assert set(found) <= set(payload)
    assert len(json.dumps(found)) < 2 * MAX_RAW_CHARS


def test_a_refusal_is_an_error():
    found = compact(ToolResult("near_places", {}, "No place is called Xyzzy.", None, 1.0), "Bars?")

    assert found == {"error": "No place is called Xyzzy."}
