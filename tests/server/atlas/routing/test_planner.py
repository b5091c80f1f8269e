"""Routes between positions: on small graphs drawn for one question each, and on real maps."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.atlas.routing.conftest import Streets
from tests.server.atlas.routing.draw import FOOTWAY, Edge, Place, at, both, source_of
from tests.server.atlas.routing.test_costs import MODES

from zimfo_server.atlas.graph.load import GraphSource, WholeSource
from zimfo_server.atlas.graph.model import CLASS_MASK, RoadGraph
from zimfo_server.atlas.routing import planner
from zimfo_server.atlas.routing.costs import TravelMode
from zimfo_server.atlas.routing.planner import Plan
from zimfo_server.errors import NoRouteError

VALLETTA, VICTORIA = (35.8985, 14.5133), (36.0443, 14.2397)
SQUARE: list[Place] = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 1_000)]


def plan(source: GraphSource, mode: TravelMode, origin: tuple[float, float], destination: tuple[float, float]) -> Plan:
    found = planner.plan(source, mode, origin, destination, deadline_s=60)
    check(found)
    return found


def check(found: Plan) -> None:
    """What holds of any route: it is one line, along its own edges, and of their length."""
    for before, after in pairwise(found.path.edges):
        assert before.points[-1] == pytest.approx(after.points[0], abs=1e-7)
    for edge in found.path.edges:
        assert len(edge.points) >= 2
        assert np.isfinite(edge.points).all()
        assert edge.metres >= 0
        assert 0 <= edge.seconds < math.inf
        assert edge.backward or found.usable[edge.edge]


def along(found: Plan) -> list[tuple[int, int, bool]]:
    """The nodes between which each edge leads, and whether it is travelled backward."""
    edges = found.path.edges
    return [(found.graph.source(edge.edge), int(found.graph.target[edge.edge]), edge.backward) for edge in edges]


def test_a_route_is_cut_where_it_starts_and_ends():
    found = plan(source_of(SQUARE, [*both(0, 1), *both(1, 2)]), "drive", at(250, 10), at(1_010, 600))
    assert along(found) == [(0, 1, False), (1, 2, False)]
    assert found.path.metres == pytest.approx(1_350, rel=1e-3)
    assert found.path.seconds == pytest.approx(1_350 / (30 / 3.6), rel=1e-3)
    line = found.path.polyline()
    assert line == pytest.approx(np.array([at(250, 0), at(1_000, 0), at(1_000, 600)]), abs=1e-6)
    assert (found.origin_snap_m, found.destination_snap_m) == pytest.approx((10, 10), abs=0.1)
    assert found.note is None


@pytest.mark.parametrize(("start", "goal"), [(200, 700), (700, 200)])
def test_along_one_two_way_edge_either_way_is_direct(start: float, goal: float):
    found = plan(source_of(SQUARE, both(0, 1)), "drive", at(start, 5), at(goal, 5))
    assert len(found.path.edges) == 1
    assert found.path.metres == pytest.approx(500, rel=1e-3)
    assert found.path.polyline() == pytest.approx(np.array([at(start, 0), at(goal, 0)]), abs=1e-6)


def test_behind_on_a_one_way_road_means_round_the_block_or_back_on_foot():
    source = source_of(SQUARE, [Edge(0, 1), Edge(1, 2), Edge(2, 3), Edge(3, 0)])
    driven = plan(source, "drive", at(700, 5), at(200, 5))
    walked = plan(source, "walk", at(700, 5), at(200, 5))
    pushed = plan(source, "bicycle", at(700, 5), at(200, 5))
    assert [ends[:2] for ends in along(driven)] == [(0, 1), (1, 2), (2, 3), (3, 0), (0, 1)]
    assert driven.path.metres == pytest.approx(3_500, rel=1e-3)
    assert along(walked) == along(pushed) == [(0, 1, True)]
    assert walked.path.metres == pytest.approx(500, rel=1e-3)
    assert walked.path.polyline() == pytest.approx(np.array([at(700, 0), at(200, 0)]), abs=1e-6)
    assert pushed.path.seconds == pytest.approx(500 / (5 / 3.6), rel=1e-3)


def test_a_bicycle_is_ridden_round_the_block_when_that_is_quicker_than_pushing():
    source = source_of(SQUARE, [Edge(1, 0), *both(0, 3), *both(1, 2), *both(2, 3)])
    assert [ends[2] for ends in along(plan(source, "bicycle", at(5, 300), at(995, 300)))] == [False] * 3
    assert [ends[2] for ends in along(plan(source, "walk", at(5, 300), at(995, 300)))] == [False, True, False]


def test_on_foot_against_several_one_way_roads():
    source = source_of(SQUARE, [Edge(1, 0), Edge(2, 1)])
    found = plan(source, "walk", at(300, 0), at(1_000, 500))
    assert along(found) == [(1, 0, True), (2, 1, True)]
    assert found.path.metres == pytest.approx(1_200, rel=1e-3)
    with pytest.raises(NoRouteError, match=r"on foot \(1\.2 km, 14 min\).*mode 'walk'"):
        plan(source, "drive", at(300, 0), at(1_000, 500))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("east", [0.0, 400.0, 1_000.0])
def test_to_where_one_is_already_is_no_way_at_all(mode: TravelMode, east: float):
    found = plan(source_of(SQUARE, both(0, 1)), mode, at(east, 3), at(east, 3))
    assert len(found.path.edges) == 1
    assert found.path.metres == found.path.seconds == 0
    assert found.path.polyline().shape == (2, 2)


def test_from_a_junction_any_road_of_it_may_be_taken():
    source = source_of(SQUARE, [Edge(0, 1), Edge(0, 3), Edge(1, 2), Edge(3, 2)])
    for goal in (at(5, 500), at(500, -5)):
        found = plan(source, "drive", at(0, 0), goal)
        assert found.path.metres == pytest.approx(500, rel=1e-3)
    junctions = plan(source, "drive", at(0, 0), at(1_000, 1_000))
    assert len(junctions.path.edges) == 2
    assert junctions.path.metres == pytest.approx(2_000, rel=1e-3)


def test_a_stray_piece_of_road_is_passed_over_but_not_the_sea():
    places: list[Place] = [*SQUARE, (450, 100), (550, 100), (0, 6_000), (1_000, 6_000)]
    source = source_of(places, [*both(0, 1), *both(1, 2), *both(4, 5), *both(6, 7)])
    found = plan(source, "drive", at(500, 105), at(1_000, 900))
    assert found.origin_snap_m == pytest.approx(105, abs=1)
    with pytest.raises(NoRouteError, match="no road connection") as raised:
        plan(source, "drive", at(500, 105), at(500, 6_000))
    assert "foot" not in str(raised.value)


def test_a_one_way_road_out_of_the_map_is_no_start():
    places: list[Place] = [*SQUARE, (-2_000, 40)]
    source = source_of(places, [*both(0, 1), *both(1, 2), Edge(0, 4)])
    found = plan(source, "drive", at(-20, 40), at(1_000, 500))
    assert found.path.metres == pytest.approx(1_500, rel=0.03)


def test_the_last_part_on_foot_is_told():
    places: list[Place] = [*SQUARE, (1_000, 1_400)]
    edges = [*both(0, 1), *both(1, 2), *both(2, 4, access=FOOTWAY, speed=5)]
    source = source_of(places, edges)
    found = plan(source, "drive", at(100, 0), at(1_000, 1_320))
    assert found.destination_snap_m == pytest.approx(320, rel=1e-2)
    assert found.walk_start is None
    assert found.walk_end is not None
    assert found.walk_end.metres == pytest.approx(320, rel=1e-2)
    assert found.walk_end.polyline()[-1] == pytest.approx(at(1_000, 1_320), abs=1e-6)
    assert found.note == "The last 320 m (4 min) are on foot: the destination is not on a road for cars."
    back = plan(source, "drive", at(1_100, 1_320), at(100, 0))
    assert back.walk_start is not None
    assert back.walk_start.polyline()[-1] == pytest.approx(back.path.polyline()[0], abs=1e-6)
    assert "The first 320 m (4 min) are on foot, and 100 m off any path" in (back.note or "")
    assert plan(source, "walk", at(100, 0), at(1_000, 1_320)).note is None
    aside = plan(source, "walk", at(100, -300), at(1_000, 1_320))
    assert aside.note == "The origin is 300 m from the route in a straight line."


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize(
    ("position", "text"),
    [((0.0, 0.0), "outside this map"), (at(0, 9_000), "8 km"), ((math.nan, 9.0), "Name a place"), ((45, 1e9), "Name")],
)
def test_positions_off_the_map_are_told(mode: TravelMode, position: tuple[float, float], text: str):
    source = source_of(SQUARE, [*both(0, 1), *both(2, 3)])
    for ends in ((position, at(0, 0)), (at(0, 0), position)):
        with pytest.raises(NoRouteError, match=text):
            plan(source, mode, *ends)


def test_islands_are_not_connected(streets: Streets):
    source = streets("malta-v4-head")
    for mode in MODES:
        with pytest.raises(NoRouteError, match="no road connection"):
            plan(source, mode, VICTORIA, VALLETTA)
    assert plan(source, "drive", VALLETTA, (35.9092, 14.4256)).path.metres == pytest.approx(10_000, rel=0.3)


def test_a_network_goes_with_its_source(streets: Streets):
    graph = streets("helsinki-v4-head").around([], 0)
    source = WholeSource(graph)
    before = len(planner._networks._kept)
    plan(source, "drive", graph.position(10), graph.position(500))
    assert len(planner._networks._kept) == before + 1
    del source
    assert len(planner._networks._kept) == before


@pytest.mark.parametrize("name", ["milan-v4-head", "andorra-v4-head", "helsinki-v2-8c722af"])
def test_drives_keep_to_roads_for_cars(streets: Streets, name: str):
    source = streets(name)
    graph = source.around([], 0)
    random = np.random.default_rng(3)
    planned = 0
    for _ in range(60):
        origin, destination = (graph.position(int(node)) for node in random.integers(0, graph.node_count, 2))
        try:
            found = plan(source, "drive", origin, destination)
        except NoRouteError:
            continue
        planned += 1
        edges = np.array([edge.edge for edge in found.path.edges])
        assert not any(edge.backward for edge in found.path.edges)
        if graph.access is None:
            assert (graph.speed[edges] > 5).all()
        else:
            assert not np.isin(graph.access[edges] & CLASS_MASK, range(16, 21)).any()
        line = found.path.polyline()
        assert line[0] == pytest.approx(origin, abs=0.06)
    assert planned > 40


class Counting:
    """A source that counts how often a part was not enough."""

    def __init__(self, source: GraphSource) -> None:
        self._source = source
        self.layout = source.layout
        self.widenings = 0

    def around(self, positions: list[tuple[float, float]], margin_m: float) -> RoadGraph:
        return self._source.around(positions, margin_m)

    def widened(self, graph: RoadGraph, nodes: npt.NDArray[np.int64]) -> RoadGraph:
        self.widenings += 1
        return self._source.widened(graph, nodes)


@pytest.mark.parametrize(
    ("spatial", "single", "margin_m"),
    [
        ("malta-spatial-szci2-s10-4shards", "malta-v4-head", 1_500.0),
        ("andorra-spatial-szci2-s10", "andorra-v4-head", 1_500.0),
        ("helsinki-spatial-szci1-s100", "helsinki-v4-head", 300.0),
    ],
)
def test_parts_of_a_graph_give_the_routes_of_the_whole(
    streets: Streets, monkeypatch: pytest.MonkeyPatch, spatial: str, single: str, margin_m: float
):
    parts, whole = Counting(streets(spatial, whole_edges=0)), streets(single)
    graph = whole.around([], 0)
    monkeypatch.setattr(planner, "MARGIN_M", margin_m)
    random = np.random.default_rng(5)
    nodes = np.unique(graph.target)
    planned = 0
    for mode in MODES:
        for origin, destination in random.choice(nodes, (12, 2)).tolist():
            ends = graph.position(origin), graph.position(destination)
            try:
                expected = plan(whole, mode, *ends)
            except NoRouteError as error:
                with pytest.raises(NoRouteError, match=str(error)[:20]):
                    plan(parts, mode, *ends)
                continue
            planned += 1
            found = plan(parts, mode, *ends)
            assert found.path.seconds == pytest.approx(expected.path.seconds, rel=1e-6)
            assert found.path.metres == pytest.approx(expected.path.metres, rel=1e-6)
            assert found.path.polyline()[[0, -1]] == pytest.approx(expected.path.polyline()[[0, -1]], abs=1e-9)
    assert planned > 20
    assert parts.widenings


def reference(edges: list[tuple[int, int, float]], start: int, goal: int) -> float:
    """The least sum of lengths between two nodes of a small graph, by relaxing until nothing changes."""
    best = {start: 0.0}
    for _ in range(len(edges) + 1):
        for a, b, metres in edges:
            if best.get(a, math.inf) + metres < best.get(b, math.inf):
                best[b] = best[a] + metres
    return best.get(goal, math.inf)


grid = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from(["east", "north"]), st.sampled_from(["both", "there", "back"])),
    min_size=3,
    max_size=20,
    unique_by=lambda road: road[:2],
)


@given(grid, st.data())
def test_any_two_points_on_a_grid_are_joined_the_shortest_way(roads: list, data: st.DataObject):
    """Both ends lie within edges; the reference splits those edges into nodes of their own."""
    places: list[Place] = [(300.0 * (node % 3), 300.0 * (node // 3)) for node in range(9)]
    drawn_edges: list[Edge] = []
    for node, direction, ways in roads:
        other = node + (1 if direction == "east" else 3)
        if (direction == "east" and node % 3 == 2) or other > 8:
            continue
        drawn_edges += {"both": both(node, other), "there": [Edge(node, other)], "back": [Edge(other, node)]}[ways]
    if not drawn_edges:
        return
    mode = data.draw(st.sampled_from(["drive", "walk"]))
    ends = [(data.draw(st.sampled_from(drawn_edges)), data.draw(st.floats(0.05, 0.95))) for _ in range(2)]
    spots: list[Place] = []
    split: list[tuple[int, int, float]] = []
    for edge, part in ends:
        a, b = places[edge.source], places[edge.target]
        spots.append((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part))
    numbered = [*places, *spots]
    for edge in drawn_edges:
        a, b = places[edge.source], places[edge.target]
        inner = [
            9 + index
            for index, spot in enumerate(spots)
            if abs(math.dist(a, spot) + math.dist(spot, b) - math.dist(a, b)) < 1e-6
        ]
        chain = [edge.source, *sorted(inner, key=lambda node: math.dist(a, numbered[node])), edge.target]
        for before, after in pairwise(chain):
            metres = math.dist(numbered[before], numbered[after])
            split.append((before, after, metres))
            if mode == "walk":
                split.append((after, before, metres))
    expected = reference(split, 9, 10)
    source = source_of(places, drawn_edges)
    try:
        found = plan(source, mode, at(*spots[0]), at(*spots[1]))
    except NoRouteError:
        assert math.isinf(expected)
        return
    if math.isinf(expected):
        assert found.origin_snap_m + found.destination_snap_m > 1  # a road beside the nearest one
        return
    assert found.path.metres == pytest.approx(expected, rel=2e-3, abs=0.5)
    assert found.path.polyline()[[0, -1]] == pytest.approx(np.array([at(*spot) for spot in spots]), abs=1e-5)
