"""Where a journey stands: on the line, beside it, before it and at its end."""

import json
import math
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_server.atlas.routing.journey import ARRIVED_M, OFF_ROUTE_M, Journey, geojson, status, status_unlocated
from zimfo_shared.places import Point
from zimfo_shared.routes import RouteOutput, Step
from zimfo_shared.sphere import haversine_m

NORTH_M = 111_195.0
LAT, LON = 60.0, 25.0
EAST_M = NORTH_M * math.cos(math.radians(LAT))


def at(x: float, y: float) -> tuple[float, float]:
    """Return the position x metres to the east and y to the north of a point."""
    return LAT + y / NORTH_M, LON + x / EAST_M


def step(instruction: str, metres: int, seconds: int, place: tuple[float, float]) -> Step:
    return Step(
        instruction=instruction,
        maneuver="continue",
        road="",
        distance_m=metres,
        duration_s=seconds,
        lat=round(place[0], 6),
        lon=round(place[1], 6),
    )


@pytest.fixture
def journey() -> Journey:
    """1,000 m east at 10 m/s, then 500 m north at 5 m/s, over points 100 m apart."""
    line = [at(x, 0) for x in range(0, 1_001, 100)] + [at(1_000, y) for y in range(100, 501, 100)]
    steps = [
        step("Head east on A Street", 1_000, 100, at(0, 0)),
        step("Turn left onto B Street", 500, 100, at(1_000, 0)),
        step("Arrive at Home", 0, 0, at(1_000, 500)),
    ]
    return Journey("Work", "Home", "drive", 1_500, 200, line, steps)


def test_at_the_start_everything_remains(journey: Journey) -> None:
    found = status(journey, *at(0, 0))
    assert (found.remaining_m, found.remaining_s, found.progress_pct) == (1_500, 200, 0.0)
    assert (found.remaining_km, found.remaining_minutes) == (1.5, 3.3)
    assert found.current_step == "Head east on A Street"
    assert found.next_step == "In 1 km: Turn left onto B Street"
    assert found.total_steps == 3
    assert found.note is None


def test_between_two_points_of_the_line_and_beside_it(journey: Journey) -> None:
    found = status(journey, *at(650, -40))
    assert found.remaining_m == pytest.approx(850, abs=1)
    assert found.remaining_s == pytest.approx(135, abs=1)
    assert found.progress_pct == pytest.approx(43.3, abs=0.1)
    assert found.next_step == "In 350 m: Turn left onto B Street"
    assert found.off_route_m is None


def test_time_follows_the_pace_of_the_step(journey: Journey) -> None:
    found = status(journey, *at(1_000, 250))
    assert found.remaining_m == pytest.approx(250, abs=1)
    assert found.remaining_s == pytest.approx(50, abs=1)
    assert found.current_step == "Turn left onto B Street"
    assert found.next_step == "In 250 m: Arrive at Home"


def test_at_the_end_nothing_remains(journey: Journey) -> None:
    found = status(journey, *at(1_000, 500))
    assert (found.remaining_m, found.remaining_s, found.progress_pct) == (0, 0, 100.0)
    assert found.note == "You have arrived at Home."
    near = status(journey, *at(1_000, 500 - ARRIVED_M + 1))
    assert near.note == "You have arrived at Home."
    assert status(journey, *at(1_000, 500 - ARRIVED_M - 2)).note is None


def test_off_the_route(journey: Journey) -> None:
    assert status(journey, *at(500, OFF_ROUTE_M - 2)).off_route_m is None
    found = status(journey, *at(500, 300))
    assert found.off_route_m == pytest.approx(300, abs=2)
    assert found.current_step is None
    assert found.next_step is None
    assert found.note is not None
    assert "300 m" in found.note
    assert "route_from_places" in found.note


def test_before_the_route_and_past_its_end(journey: Journey) -> None:
    before = status(journey, *at(-400, 0))
    assert before.remaining_m == 1_500
    assert before.note == "The route begins 400 m to the east; the figures are those of the whole route."
    past = status(journey, *at(1_000, 900))
    assert past.remaining_m == 0
    assert past.off_route_m == pytest.approx(400, abs=2)
    assert past.note is not None
    assert past.note.startswith("The route ends 400 m from here")


def test_on_the_other_side_of_the_world(journey: Journey) -> None:
    found = status(journey, -60.0, -155.0)
    assert found.off_route_m == pytest.approx(math.pi * 6_371_000, rel=0.01)


def test_without_a_position(journey: Journey) -> None:
    found = status_unlocated(journey)
    assert (found.remaining_m, found.remaining_s, found.progress_pct) == (1_500, 200, 0.0)
    assert found.current_step is None
    assert found.note is not None
    assert "unknown" in found.note


def test_where_the_line_passes_twice_the_earlier_pass_counts() -> None:
    line = [at(0, 0), at(1_000, 0), at(1_000, 400), at(500, 400), at(500, -400)]
    steps = [step("Head east", 2_700, 270, line[0]), step("Arrive at Home", 0, 0, line[-1])]
    crossing = Journey("Work", "Home", "walk", 2_700, 270, line, steps)
    assert status(crossing, *at(500, 3)).remaining_m == pytest.approx(2_200, abs=2)
    assert status(crossing, *at(500, -100)).remaining_m == pytest.approx(300, abs=2)
    # On a line of close points, the earlier pass is no excuse for an earlier point of the same pass.
    dense = [at(x, 0) for x in range(0, 1_001, 2)]
    straight = Journey("Work", "Home", "walk", 1_000, 100, dense, [step("Head", 1_000, 100, dense[0])])
    assert status(straight, *at(501, 0)).remaining_m == pytest.approx(499, abs=1)


def test_a_step_at_a_place_passed_twice_belongs_to_its_own_pass() -> None:
    line = [at(0, 0), at(500, 0), at(1_000, 0), at(1_000, 500), at(500, 500), at(500, 0), at(500, -500)]
    steps = [step("Head east", 2_500, 250, line[0]), step("Cross", 500, 50, line[5]), step("Arrive", 0, 0, line[6])]
    loop = Journey("Work", "Home", "drive", 3_000, 300, line, steps)
    assert loop.step_starts[1] == pytest.approx(2_500, abs=2)


def test_stated_lengths_count_where_the_line_is_shorter() -> None:
    """An archive may have lost the geometry of a winding road, never its length."""
    line = [at(0, 0), at(100, 0), at(1_100, 0)]
    steps = [step("Head", 900, 90, line[0]), step("Go on", 1_000, 100, line[1]), step("Arrive", 0, 0, line[2])]
    winding = Journey("Work", "Home", "drive", 1_900, 190, line, steps)
    assert status(winding, *line[1]).remaining_m == 1_000
    assert status(winding, *at(50, 0)).remaining_m == pytest.approx(1_450, abs=1)


def test_a_journey_of_no_length() -> None:
    steps = [step("Start", 0, 0, at(0, 0)), step("Arrive at Home", 0, 0, at(0, 0))]
    nowhere = Journey("Home", "Home", "walk", 0, 0, [at(0, 0), at(0, 0)], steps)
    found = status(nowhere, *at(0, 5))
    assert (found.remaining_m, found.progress_pct) == (0, 100.0)
    assert found.note == "You have arrived at Home."


def test_a_journey_needs_a_line_and_steps(journey: Journey) -> None:
    with pytest.raises(ValueError, match="line"):
        Journey("A", "B", "walk", 0, 0, [at(0, 0)], journey.steps)
    with pytest.raises(ValueError, match="step"):
        Journey("A", "B", "walk", 0, 0, journey.line, [])


def test_a_journey_of_a_planned_route(journey: Journey) -> None:
    route = RouteOutput(
        summary="",
        zim="map",
        mode="drive",
        origin=Point(lat=LAT, lon=LON),
        destination=Point(lat=LAT, lon=LON),
        origin_resolved="Work",
        destination_resolved="Home",
        distance_m=1_500,
        distance_km=1.5,
        duration_s=200,
        duration_min=3.3,
        roads=[],
        steps=list(journey.steps),
        geometry="",
    )
    made = Journey.of(route, journey.line)
    assert made == journey
    assert made.title == "Work to Home"


def test_geojson(journey: Journey) -> None:
    feature = json.loads(geojson(journey))
    assert feature["type"] == "Feature"
    assert feature["geometry"]["type"] == "LineString"
    assert feature["geometry"]["coordinates"][0] == [LON, LAT]
    assert len(feature["geometry"]["coordinates"]) == len(journey.line)
    assert feature["properties"]["distance_m"] == 1_500
    assert feature["properties"]["steps"][1]["instruction"] == "Turn left onto B Street"


@given(st.data())
def test_progress_never_falls_on_the_way(data: st.DataObject) -> None:
    """Along any line that always leads north, so that it never comes near itself again."""
    moves = data.draw(st.lists(st.tuples(st.integers(-300, 300), st.integers(60, 500)), min_size=2, max_size=40))
    line = [at(0, 0)]
    x = y = 0
    for dx, dy in moves:
        x, y = x + dx, y + dy
        line.append(at(x, y))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(moves) - 1), max_size=5)))
    steps = []
    for start, end in pairwise([0, *cuts, len(moves)]):
        metres = round(sum(haversine_m(*a, *b) for a, b in pairwise(line[start : end + 1])))
        steps.append(step("Go", metres, data.draw(st.integers(0, 10 * metres)), line[start]))
    steps.append(step("Arrive", 0, 0, line[-1]))
    total, seconds = sum(each.distance_m for each in steps), sum(each.duration_s for each in steps)
    journey = Journey("Work", "Home", "bicycle", total, seconds, line, steps)
    before = status(journey, *line[0])
    assert (before.remaining_m, before.remaining_s) == (total, seconds)
    for (lat1, lon1), (lat2, lon2) in pairwise(line):
        for share in (0.25, 0.5, 1.0):
            now = status(journey, lat1 + share * (lat2 - lat1), lon1 + share * (lon2 - lon1))
            assert now.remaining_m <= before.remaining_m
            assert now.remaining_s <= before.remaining_s
            assert now.progress_pct >= before.progress_pct
            before = now
    assert (before.remaining_m, before.remaining_s, before.progress_pct) == (0, 0, 100.0)


def test_the_parent_process_loads_no_arrays() -> None:
    code = "import sys, zimfo_server.atlas.routing.journey; print('numpy' in sys.modules, 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"] * 2


def test_a_journey_across_the_antimeridian():
    line = [(-16.8, 179.98), (-16.8, 179.995), (-16.8, -179.99), (-16.8, -179.98)]
    metres = round(sum(haversine_m(*a, *b) for a, b in pairwise(line)))
    step = Step(
        instruction="Head east", maneuver="depart", road="", distance_m=metres, duration_s=300, lat=-16.8, lon=179.98
    )
    end = step.model_copy(update={"maneuver": "arrive", "distance_m": 0, "duration_s": 0, "lon": -179.98})
    route = RouteOutput(
        summary="", zim="fiji", mode="drive", origin=Point(lat=-16.8, lon=179.98),
        destination=Point(lat=-16.8, lon=-179.98),
        origin_resolved="A", destination_resolved="B", distance_m=metres, distance_km=metres / 1000, duration_s=300,
        duration_min=5, roads=[], steps=[step, end], geometry="",
    )  # fmt: skip
    journey = Journey.of(route, line)

    for lon, share in ((179.98, 1.0), (180.0, 0.5), (-180.0, 0.5), (-179.99, 0.25)):
        found = status(journey, -16.8, lon)
        assert found.off_route_m is None
        assert found.remaining_m == pytest.approx(share * metres, abs=5)
    drawn = json.loads(geojson(journey))["geometry"]["coordinates"]
    assert [lon for lon, _ in drawn] == pytest.approx([lon for _, lon in line])
