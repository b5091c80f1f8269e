"""The search finds what an exhaustive one finds."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra
from tests.server.atlas.routing.conftest import Streets
from tests.server.atlas.routing.draw import FOOTWAY, RESIDENTIAL, STEPS, Edge, drawn
from tests.server.atlas.routing.test_costs import MAPS, MODES

from zimfo_server.atlas.graph.model import FOOT_NO, RoadGraph
from zimfo_server.atlas.routing import costs
from zimfo_server.atlas.routing.costs import TravelMode
from zimfo_server.atlas.routing.network import Network, network
from zimfo_server.atlas.routing.search import Deadline, Found, Terminal, search, shortest
from zimfo_server.errors import NoRouteError


def matrix(graph: RoadGraph, mode: TravelMode) -> csr_matrix:
    """The costs of a mode, with every edge that may be travelled backward in both directions."""
    sources = np.repeat(np.arange(graph.node_count), np.diff(graph.first))
    targets = graph.target.astype(np.int64)
    metres = costs.lengths(graph, mode)
    times = costs.seconds(metres, costs.speeds(graph, mode))
    backward = costs.backward_speeds(graph, mode)
    if backward is not None:
        sources, targets = np.concatenate([sources, targets]), np.concatenate([targets, sources])
        times = np.concatenate([times, costs.seconds(metres, backward)])
    usable = np.isfinite(times)
    order = np.lexsort((times[usable], targets[usable], sources[usable]))
    rows, columns, values = (array[usable][order] for array in (sources, targets, times.astype(float)))
    first = np.ones(len(rows), bool)
    first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)  # the quickest of parallel edges
    return coo_matrix((values[first], (rows[first], columns[first])), (graph.node_count,) * 2).tocsr()


def time_of(roads: Network, found: Found) -> float:
    """The sum over the edges of a result, which must be connected."""
    ends = np.stack([roads.sources(found.edges), roads.target[found.edges].astype(np.int64)], axis=1)
    ends[found.backward] = ends[found.backward][:, ::-1]
    assert (ends[1:, 0] == ends[:-1, 1]).all()
    times = np.where(found.backward, roads.backward_seconds(found.edges), roads.seconds[found.edges])
    return float(times.sum(dtype=float))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MAPS)
def test_five_hundred_pairs_equal_dijkstra(streets: Streets, name: str, mode: TravelMode):
    graph = streets(name).around([], 0)
    roads = network(graph, mode)
    random = np.random.default_rng(7)
    nodes = np.unique(graph.target[roads.usable])
    origins = random.choice(nodes, 25)
    reference: npt.NDArray[np.float64] = dijkstra(matrix(graph, mode), indices=origins)
    reached = 0
    with Deadline(60) as deadline:
        for row, origin in enumerate(origins.tolist()):
            for goal in random.choice(nodes, 20).tolist():
                found = shortest(roads, origin, goal, deadline)
                if found is None:
                    assert math.isinf(reference[row, goal])
                    continue
                reached += 1
                assert found.seconds == pytest.approx(reference[row, goal], rel=1e-6)
                assert time_of(roads, found) == pytest.approx(found.seconds, rel=1e-6)
    assert reached > 250


edges_of = st.builds(
    Edge,
    st.integers(0, 7),
    st.integers(0, 7),
    via=st.just(()),
    speed=st.sampled_from([0, 3, 5, 30, 100]),
    access=st.sampled_from([RESIDENTIAL, RESIDENTIAL | FOOT_NO, 1, FOOTWAY, STEPS]),
    metres=st.none() | st.floats(0, 3_000),
)
places_of = st.lists(st.tuples(st.floats(-1_000, 1_000), st.floats(-1_000, 1_000)), min_size=8, max_size=8)


@given(places_of, st.lists(edges_of, min_size=1, max_size=30), st.sampled_from(MODES), st.booleans())
def test_small_graphs_equal_dijkstra(places: list, edges: list[Edge], mode: TravelMode, classes: bool):
    graph = drawn(places, edges, classes=classes)
    roads = network(graph, mode)
    reference = dijkstra(matrix(graph, mode))
    with Deadline(60) as deadline:
        for start in range(8):
            for goal in range(8):
                found = shortest(roads, start, goal, deadline)
                assert (found.seconds if found else math.inf) == pytest.approx(reference[start, goal], rel=1e-6)
                if found:
                    assert time_of(roads, found) == pytest.approx(found.seconds, rel=1e-6)


@given(
    places_of,
    st.lists(edges_of, min_size=1, max_size=30),
    st.lists(st.builds(Terminal, st.integers(0, 7), st.floats(0, 100)), min_size=1, max_size=3),
    st.lists(st.builds(Terminal, st.integers(0, 7), st.floats(0, 100)), min_size=1, max_size=3),
    st.tuples(st.floats(44, 46), st.floats(8, 10)),
)
def test_the_best_pair_of_terminals_wins(
    places: list, edges: list[Edge], starts: list[Terminal], goals: list[Terminal], aim: tuple[float, float]
):
    graph = drawn(places, edges)
    roads = network(graph, "drive")
    times = dijkstra(matrix(graph, "drive"))
    best = min(a.seconds + times[a.node, b.node] + b.seconds for a in starts for b in goals)
    with Deadline(60) as deadline:
        found = search(roads, starts, goals, aim, deadline).found
        assert (found.seconds if found else math.inf) == pytest.approx(best, rel=1e-6)
        if found:
            ends = starts[found.start].seconds + goals[found.goal].seconds
            assert time_of(roads, found) + ends == pytest.approx(best, rel=1e-6)
            assert search(roads, starts, goals, aim, deadline, below=best * 0.99).found is None


@given(places_of, st.lists(edges_of, min_size=1, max_size=30), st.sampled_from(MODES[:2]), st.sets(st.integers(0, 7)))
def test_a_part_of_a_graph_knows_when_it_is_not_enough(
    places: list, edges: list[Edge], mode: TravelMode, beyond: set[int]
):
    """With the edges of some nodes unknown, a result that claims to be proven is that of the whole graph.

    Not so on foot, where an unknown one-way road may lead back beyond the part.
    """
    whole = drawn(places, edges)
    known = drawn(places, [edge for edge in edges if edge.source not in beyond])
    stub = np.array([node in beyond for node in range(8)])
    part = network(RoadGraph(**{**vars(known), "stub": stub}), mode)
    with Deadline(60) as deadline:
        for start, goal in ((0, 1), (2, 3), (4, 5)):
            outcome = search(part, [Terminal(start, 0)], [Terminal(goal, 0)], whole.position(goal), deadline)
            if not len(outcome.unknown):
                best = shortest(network(whole, mode), start, goal, deadline)
                assert (outcome.found is None) == (best is None)
                assert best is None or outcome.found.seconds == pytest.approx(best.seconds, rel=1e-6)
            assert set(outcome.unknown.tolist()) <= beyond


def test_a_search_stops_at_its_deadline_and_at_its_cap(streets: Streets):
    roads = network(streets("milan-v4-head").around([], 0), "viewer")
    ends = [Terminal(100, 0.0)], [Terminal(50_000, 0.0)]
    aim = roads.graph.position(50_000)
    with Deadline(60) as deadline:
        assert search(roads, *ends, aim, deadline).found
        with pytest.raises(NoRouteError, match="in stages"):
            search(roads, *ends, aim, deadline, max_settled=1_000)
        deadline.stop[0] = 1
        with pytest.raises(NoRouteError, match="too long"):
            search(roads, *ends, aim, deadline)


def test_a_deadline_expires_by_itself():
    with Deadline(0) as deadline:
        deadline._timer.join(10)
        with pytest.raises(NoRouteError, match="too long"):
            deadline.check()


def test_junctions_of_thousands_of_roads_cost_no_more_than_their_number():
    spokes = 20_000
    edges = [Edge(0, node) for node in range(1, spokes)] + [Edge(node, 0) for node in range(1, spokes)]
    graph = drawn([(0, 0)] + [(node % 97, node % 89) for node in range(1, spokes)], edges)
    roads = network(graph, "walk")
    assert len(roads.back_edge) <= 2 * spokes
    with Deadline(60) as deadline:
        found = shortest(roads, 1, spokes - 1, deadline)
    assert found is not None
    assert len(found.edges) == 2
