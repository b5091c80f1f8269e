"""From positions to the nearest point of the network."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.atlas.routing.conftest import Streets
from tests.server.atlas.routing.draw import FOOTWAY, Edge, Place, at, both, drawn
from tests.server.atlas.routing.test_costs import MODES

from zimfo_server.atlas.graph.model import DEGREES
from zimfo_server.atlas.routing.costs import TravelMode
from zimfo_server.atlas.routing.line import distance_m, fractions, piece, project
from zimfo_server.atlas.routing.network import network
from zimfo_server.atlas.routing.search import Deadline
from zimfo_server.atlas.routing.snap import SNAP_LIMIT_M, Snap, alternatives, nearest, nearest_node, off_network

ROADS: list[Place] = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 1_000)]


def snapped(edges: list[Edge], east: float, north: float, mode: TravelMode = "drive") -> Snap | None:
    with Deadline(60) as deadline:
        return nearest(network(drawn(ROADS, edges), mode), at(east, north), deadline)


def test_the_nearest_edge_is_met_where_it_is_nearest_and_in_both_directions():
    snap = snapped(both(0, 1) + both(1, 2), 250, 30)
    assert snap is not None
    assert snap.metres == pytest.approx(30, abs=0.1)
    assert (snap.lat, snap.lon) == pytest.approx(at(250, 0), abs=1e-6)
    assert snap.node is None
    assert sorted((way.fraction, way.enters, way.leaves) for way in snap.ways) == [
        (pytest.approx(0.25, abs=1e-3), 0, 1),
        (pytest.approx(0.75, abs=1e-3), 1, 0),
    ]
    assert not any(way.backward for way in snap.ways)


def test_a_one_way_road_has_one_direction_but_two_on_foot():
    driven, walked = snapped([Edge(0, 1)], 250, 30), snapped([Edge(0, 1)], 250, 30, "walk")
    assert driven is not None
    assert walked is not None
    assert [way.leaves for way in driven.ways] == [1]
    assert [(way.leaves, way.backward) for way in walked.ways] == [(1, False), (0, True)]


def test_a_parallel_road_is_not_the_other_direction():
    snap = snapped([Edge(0, 1, via=[(500, 10)]), Edge(1, 0, via=[(500, -10)])], 500, 40)
    assert snap is not None
    assert [way.leaves for way in snap.ways] == [1]


def test_at_a_junction_every_road_of_it_will_do():
    snap = snapped(both(0, 1) + both(1, 2), 1_000.02, -20)
    assert snap is not None
    assert snap.node == 1


def test_roads_of_other_modes_are_passed_over():
    edges = both(0, 1, access=FOOTWAY, speed=5) + both(3, 2)
    driven, walked = snapped(edges, 500, 100), snapped(edges, 500, 100, "walk")
    assert driven is not None
    assert walked is not None
    assert driven.metres == pytest.approx(900, rel=1e-3)
    assert walked.metres == pytest.approx(100, rel=1e-3)


def test_a_bend_counts_not_the_straight_line_between_its_ends():
    snap = snapped([Edge(0, 1, via=[(0, 800), (1_000, 800)])], 500, 700)
    assert snap is not None
    assert snap.metres == pytest.approx(100, rel=1e-2)


def test_a_long_edge_is_found_far_from_its_ends():
    graph = drawn([(0, 0), (80_000, 0), (40_000, 3_000), (41_000, 3_000)], [Edge(0, 1), *both(2, 3)])
    with Deadline(60) as deadline:
        snap = nearest(network(graph, "drive"), at(40_000, 1_000), deadline)
    assert snap is not None
    assert snap.ways[0].enters == 0


@pytest.mark.parametrize(("north", "text"), [(SNAP_LIMIT_M + 2_000, "outside this map"), (SNAP_LIMIT_M - 500, None)])
def test_what_lies_too_far_off_is_said_to(north: float, text: str | None):
    roads = network(drawn(ROADS, both(0, 1)), "drive")
    position = at(500, north)
    with Deadline(60) as deadline:
        snap = nearest(roads, position, deadline)
    assert (snap is None) == (text is not None)
    if text:
        assert text in off_network(roads, position, "origin")
        assert "7 km" in off_network(roads, position, "origin")


def test_dead_nodes_and_empty_graphs_attract_nobody():
    graph = drawn([(0, 0), (1_000, 0), (500, 100)], both(0, 1))
    graph.lat[2] = graph.lon[2] = 0
    roads = network(graph, "drive")
    assert "outside this map" in off_network(roads, (0.0, 0.0), "destination")
    closed = network(drawn(ROADS, [Edge(0, 1, access=FOOTWAY, speed=5)]), "drive")
    with Deadline(60) as deadline:
        assert nearest(roads, (0.0, 0.0), deadline) is None
        assert nearest(closed, at(0, 0), deadline) is None
    assert "anywhere near" in off_network(closed, at(0, 0), "origin")


def test_alternatives_are_other_roads_close_by():
    places: list[Place] = [(0, 0), (100, 0), (0, 200), (100, 200), (0, 400), (100, 400)]
    roads = network(drawn(places, [*both(0, 1), *both(2, 3), *both(4, 5)]), "drive")
    with Deadline(60) as deadline:
        first = nearest(roads, at(50, -10), deadline)
        assert first is not None
        others = alternatives(roads, at(50, -10), first, deadline)
    assert [round(snap.metres) for snap in others] == [210]
    assert others[0].component != first.component
    assert roads.apart(first.component, others[0].component)


@given(st.floats(35.80, 36.08), st.floats(14.18, 14.57), st.sampled_from(MODES[1:]))
def test_no_edge_is_nearer_on_a_real_map(streets: Streets, lat: float, lon: float, mode: TravelMode):
    graph = streets("malta-v4-head").around([], 0)
    roads = _malta.setdefault(mode, network(graph, mode))
    with Deadline(60) as deadline:
        snap = nearest(roads, (lat, lon), deadline)
    ends = np.stack([graph.lat, graph.lon], axis=1) * DEGREES
    shrink = np.array([1, math.cos(math.radians(lat))])
    away = np.hypot(*((ends - (lat, lon)) * shrink).T) * 111_195
    bound = (away[roads.sources(np.arange(graph.edge_count))] + away[graph.target] - 1.01 * graph.decimetres / 10) / 2
    order = np.argsort(np.where(roads.usable, bound, np.inf))[:300].tolist()
    least = min(distance_m(graph.line(edge), lat, lon) for edge in order)
    if snap is None:
        assert least > SNAP_LIMIT_M
    else:
        assert snap.metres == pytest.approx(least, abs=1e-6)
        edge = snap.ways[0].edge
        line = piece(graph.line(edge), 0, snap.ways[0].fraction)
        assert line[-1] == pytest.approx((snap.lat, snap.lon), abs=1e-9)


_malta: dict = {}


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=6), st.data())
def test_pieces_of_a_line_fit_together(places: list[Place], data: st.DataObject):
    line = np.array([at(*place) for place in places])
    start, end = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    parts = [piece(line, 0, start), piece(line, start, end), piece(line, end, 1)]
    for before, after in zip(parts, parts[1:], strict=False):
        assert before[-1] == pytest.approx(after[0], abs=1e-12)
    assert parts[0][0] == pytest.approx(line[0])
    assert parts[-1][-1] == pytest.approx(line[-1])
    assert all(len(part) >= 2 for part in parts)
    ends = fractions(line)
    assert (np.diff(ends) >= 0).all()
    assert (ends[0], ends[-1]) == (0, pytest.approx(1))
    spot = project(line, *at(10, 20))
    assert spot.metres == pytest.approx(distance_m(line, *at(10, 20)))
    assert distance_m(line, spot.lat, spot.lon) < 1e-3


def test_lines_across_the_antimeridian_are_short():
    line = np.array([[10.0, 179.999], [10.0, -179.999]])
    assert distance_m(line, 10.0, 180.0) < 0.01
    assert distance_m(line, 10.001, -180.0) == pytest.approx(111.2, rel=1e-3)


def test_the_viewer_takes_the_nearest_node_in_degrees():
    graph = drawn([(0, 0), (100, 0), (0, 120), (0, 120)], both(0, 1))
    roads = network(graph, "viewer")
    assert nearest_node(roads, at(60, 0)) == 1
    assert nearest_node(roads, at(0, 119)) == 2
    between = ((graph.lat[1] * 9.0 + graph.lat[2]) * 1e-8, (graph.lon[1] * 9.0 + graph.lon[2]) * 1e-8)
    assert nearest_node(roads, between) == 1
