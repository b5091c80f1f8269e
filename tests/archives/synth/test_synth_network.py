"""The road network is of the size that was asked for, looks like one, and is the same every time."""

import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from zimfo_archives.errors import OptionError
from zimfo_archives.map.extract import Lines
from zimfo_archives.map.graph import Graph, build_graph
from zimfo_archives.map.roads import Road, road_of
from zimfo_archives.synth.chance import MAX_SEED
from zimfo_archives.synth.lattice import lattice
from zimfo_archives.synth.network import road_network
from zimfo_archives.synth.region import MAX_SIZE, METRES_PER_DEGREE, MIDDLE, region_of

SIZE, SEED = 30_000, 7
CLASS, FOOT_NO, ONE_WAY, ROUNDABOUT = 0x1F, 1 << 5, 1 << 7, 1 << 8

Network = tuple[Lines, list[Road]]


def ordinal(highway: str) -> int:
    road = road_of({"highway": highway})
    assert road is not None
    return road.word & CLASS


FIRST_WITHOUT_CARS = ordinal("path")


@pytest.fixture(scope="module")
def network() -> Network:
    return road_network(SIZE, SEED)


@pytest.fixture(scope="module")
def graph(network: Network) -> Graph:
    return build_graph(*network)


def classes(graph: Graph) -> np.ndarray:
    return graph.edges[:, 4] & CLASS


def parts(graph: Graph, edges: np.ndarray, connection: str) -> np.ndarray:
    """The number of the part of the graph that each node is in."""
    joins = (graph.sources()[edges], graph.edges[edges, 0])
    shape = (len(graph.nodes),) * 2
    return connected_components(
        coo_array((np.ones(edges.sum()), joins), shape=shape), directed=connection == "strong", connection=connection
    )[1]


def plane(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres east and north of the middle of the region."""
    north = (lat / 1e7 - MIDDLE[0]) * METRES_PER_DEGREE
    return (lon / 1e7 - MIDDLE[1]) * METRES_PER_DEGREE * np.cos(np.radians(MIDDLE[0])), north


@pytest.mark.parametrize("size", [2, 3, 5, 10, 33, 100, 1_000, 12_345])
@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_a_network_has_as_many_nodes_as_were_asked_for(size: int, seed: int):
    nodes = len(build_graph(*road_network(size, seed)).nodes)
    assert abs(nodes - size) <= max(1, 0.02 * size)


def test_the_least_network_is_one_road():
    graph = build_graph(*road_network(1, SEED))
    assert (len(graph.nodes), len(graph.edges)) == (2, 2)


@pytest.mark.parametrize(("size", "seed"), [(0, 1), (-1, 1), (MAX_SIZE + 1, 1), (10, -1), (10, MAX_SEED + 1)])
def test_sizes_and_seeds_out_of_bounds_are_refused(size: int, seed: int):
    with pytest.raises(OptionError, match="must be from"):
        road_network(size, seed)


def test_the_same_numbers_give_the_same_network_and_others_give_another(network: Network):
    lines, roads = road_network(SIZE, SEED)
    assert lines == network[0]
    assert roads == network[1]
    assert road_network(SIZE, SEED + 1)[0] != lines


def test_every_line_has_a_road_and_points_of_its_own(network: Network):
    lines, roads = network
    assert len(lines.starts) == len(roads) + 1
    assert min(np.diff(lines.starts)) >= 2
    assert lines.starts[-1] == len(lines.nodes) == len(lines.lat) == len(lines.lon)


def test_no_two_nodes_have_one_position_and_no_node_has_two(network: Network):
    lines, _ = network
    placed = set(zip(lines.nodes, lines.lat, lines.lon, strict=True))
    assert len(placed) == len({node for node, _, _ in placed}) == len({(lat, lon) for _, lat, lon in placed})


def test_roads_of_one_street_are_one_object(network: Network):
    distinct = {id(road) for road in network[1]}
    assert len(distinct) == len(set(network[1])) < len(network[1]) / 3


def test_junctions_are_those_of_real_towns(graph: Graph):
    # Milan and Liechtenstein: 2.8 and 2.5 on average; 12 and 20 % dead ends; 55 and 52 % of three roads.
    joins = np.unique(np.sort(np.stack([graph.sources(), graph.edges[:, 0]], axis=1), axis=1), axis=0)
    degree = np.bincount(joins.ravel(), minlength=len(graph.nodes))
    assert 2.4 < degree.mean() < 2.8
    shares = np.bincount(degree) / len(degree)
    assert 0.12 < shares[1] < 0.25
    assert shares[3] == max(shares)
    assert shares[5:].sum() < 0.04


def test_a_third_of_all_edges_are_not_straight(graph: Graph):
    assert 0.3 < (graph.edges[:, 2] != 0xFFFFFFFF).mean() < 0.55


def test_all_is_joined_but_for_some_fragments(graph: Graph):
    everything = np.ones(len(graph.edges), dtype=bool)
    sizes = np.bincount(parts(graph, everything, "weak"))
    assert len(sizes) == 1 + SIZE // 20_000
    assert sorted(sizes)[:-1] == [2] * (len(sizes) - 1)


def test_cars_get_everywhere_and_back(graph: Graph):
    cars = classes(graph) < FIRST_WITHOUT_CARS
    part = parts(graph, cars, "strong")
    driven = np.unique(np.concatenate([graph.sources()[cars], graph.edges[cars, 0]]))
    # Fragments of tracks are roads too.
    assert np.bincount(part[driven]).max() >= len(driven) - 2 * (SIZE // 20_000)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [1, 2, 10, 100, 1_500])
def test_small_networks_are_joined_too(size: int, seed: int):
    graph = build_graph(*road_network(size, seed))
    assert parts(graph, np.ones(len(graph.edges), dtype=bool), "weak").max() == 0
    cars = classes(graph) < FIRST_WITHOUT_CARS
    part = parts(graph, cars, "strong")
    assert len(np.unique(part[graph.sources()[cars]])) == 1


def test_the_more_important_a_road_the_less_there_is_of_it(graph: Graph):
    names = ["residential", "tertiary", "secondary", "primary", "motorway"]
    count = Counter(classes(graph).tolist())
    assert [(name, count[ordinal(name)]) for name in names] == sorted(
        ((name, count[ordinal(name)]) for name in names), key=lambda pair: -pair[1]
    )
    kinds = "motorway_link living_street unclassified service track path footway cycleway pedestrian steps".split()
    assert all(count[ordinal(name)] for name in [*names, *kinds])
    assert 0.4 < count[ordinal("residential")] / count.total() < 0.7
    assert count[ordinal("footway")] / count.total() > 0.05


def test_some_streets_are_one_way(network: Network, graph: Graph):
    one_way = (graph.edges[:, 4] & ONE_WAY) > 0
    assert 0.03 < one_way[classes(graph) == ordinal("residential")].mean() < 0.3
    # Nobody walks on a motorway, and both directions have one.
    motorway = classes(graph) == ordinal("motorway")
    assert one_way[motorway].all()
    assert (graph.edges[motorway, 4] & FOOT_NO).all()


def test_roundabouts_are_rings_driven_counterclockwise(network: Network):
    lines, roads = network
    rings = [line for line, road in enumerate(roads) if road.word & ROUNDABOUT]
    assert 0.0005 < len(rings) / SIZE < 0.01
    for line in rings:
        assert roads[line].word & ONE_WAY
        points = slice(lines.starts[line], lines.starts[line + 1])
        assert lines.nodes[points][0] == lines.nodes[points][-1]
        x, y = plane(np.array(lines.lat[points]), np.array(lines.lon[points]))
        area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(zip(x, y, strict=True))) / 2
        assert 200 < area < 2_000


def test_few_bridges_cross_the_rivers(graph: Graph):
    region = region_of(SIZE, SEED)
    towns = lattice(region)
    bank = region.bank(towns.x, towns.y)
    without_river = (bank[towns.tail] != bank[towns.head]).sum()
    x, y = plane(graph.nodes[:, 0].astype(float), graph.nodes[:, 1].astype(float))
    bank = region.bank(x, y)
    crossing = bank[graph.sources()] != bank[graph.edges[:, 0]]
    in_town = crossing & ((graph.edges[:, 1] & 0xFFFFFF) < 3_000)
    assert 1 <= in_town.sum() / 2 < 0.25 * without_river
    # Nothing stands in the water.
    beds = np.min([np.abs(x - river.x(y)) for river in region.rivers], axis=0)
    assert (beds > 25).mean() > 0.999


def test_towns_differ_in_size_after_zipf():
    region = region_of(1_000_000, SEED)
    ranks = np.arange(1, len(region.points) + 1)
    slope = np.polyfit(np.log(ranks), np.log(region.points), 1)[0]
    assert -1.1 < slope < -0.9
    kinds = Counter(region.kind(town) for town in range(len(region.points)))
    assert kinds["city"] < kinds["town"] < kinds["village"] < kinds["hamlet"]


@pytest.mark.parametrize("size", [100, 50_000])
def test_towns_do_not_overlap(size: int):
    region = region_of(size, SEED)
    gaps = np.hypot(region.x[:, None] - region.x, region.y[:, None] - region.y)
    np.fill_diagonal(gaps, np.inf)
    assert (gaps > region.radius[:, None] + region.radius).all()


def test_common_names_of_streets_are_those_of_many_towns(network: Network):
    lines, roads = network
    region = region_of(SIZE, SEED)
    towns: dict[str, set[int]] = {}
    for line, road in enumerate(roads):
        if road.name:
            begin = lines.starts[line]
            x, y = plane(np.array([float(lines.lat[begin])]), np.array([float(lines.lon[begin])]))
            town = int(np.argmin(np.hypot(region.x - x, region.y - y) / region.radius))
            towns.setdefault(road.name, set()).add(town)
    spread = sorted((len(found) for found in towns.values()), reverse=True)
    assert spread[0] > 0.3 * len(region.points)
    assert spread[len(spread) // 2] <= 2


@pytest.mark.long
def test_a_million_nodes_take_less_than_a_minute_and_a_gigabyte():
    code = (
        "from zimfo_archives.synth.network import road_network; from zimfo_archives.usage import peak_rss_bytes;"
        "import time; begun = time.monotonic(); roads = road_network(1_000_000, 1)[1];"
        "print(time.monotonic() - begun, peak_rss_bytes(), len(roads))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=110)
    seconds, peak, lines = map(float, ran.stdout.split())
    assert lines > 500_000
    assert seconds < 60
    assert peak < 1e9
