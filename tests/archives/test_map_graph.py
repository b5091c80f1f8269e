import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libzim.reader import Archive
from tests.archives.map_decoder import Edge, content, decode, decode_line

from zimfo_archives.map.extract import Lines
from zimfo_archives.map.fragments import drop_fragments
from zimfo_archives.map.graph import Graph, build_graph, encode_lines
from zimfo_archives.map.layouts import encode_graph
from zimfo_archives.map.osm import read_extract
from zimfo_archives.map.roads import Road, road_of

METRES_PER_DEGREE = 6_371_000 * np.pi / 180
positions = st.tuples(st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000))


def place(node: int) -> tuple[int, int]:
    """A position of its own for every node: on the equator, 0.001° apart."""
    return 0, node * 10_000


def graph_of(*ways: list[int], **tags: str) -> Graph:
    lines = Lines()
    for way in ways:
        lines.add([(node, place(node)) for node in way])
    road = road_of({"highway": "residential", **tags})
    assert road is not None
    return build_graph(lines, [road] * len(ways))


def links(graph: Graph) -> list[tuple[int, int]]:
    """Edges as pairs of the nodes that `place` laid out."""
    return sorted((edge.source[1] // 10_000, edge.target[1] // 10_000) for edge in decode(encode_graph(graph)).edges)


def encoded(*lines: list[tuple[int, int]]) -> list[bytes]:
    points = np.array([point for line in lines for point in line], dtype=np.int64)
    starts = np.cumsum([0, *map(len, lines)])
    blob, begins = encode_lines(points[:, 0], points[:, 1], starts)
    assert (begins[0], begins[-1]) == (0, len(blob))
    return [blob[low:high] for low, high in pairwise(begins.tolist())]


def test_the_example_of_the_format_is_encoded_to_its_bytes():
    [line] = encoded([(601_700_000, 249_400_000), (601_699_995, 249_400_010)])
    assert line == bytes.fromhex("c08add0e a036dd23 1409")


@given(st.lists(st.lists(positions, min_size=1, max_size=8), min_size=1, max_size=8))
def test_lines_survive_encoding(lines: list[list[tuple[int, int]]]):
    # Differences of more than half a turn do not occur: lines are cut at the antimeridian.
    near = [[(lat, lon // 2) for lat, lon in line] for line in lines]
    assert [decode_line(line) for line in encoded(*near)] == [tuple(line) for line in near]


def test_a_way_is_one_edge_each_way_with_what_lies_between():
    graph = decode(encode_graph(graph_of([1, 2, 3])))
    forward, backward = graph.edges
    assert (forward.source, forward.points, forward.target) == (place(1), (place(2),), place(3))
    assert (backward.source, backward.points, backward.target) == (place(3), (place(2),), place(1))
    assert forward.decimetres == pytest.approx(0.002 * METRES_PER_DEGREE * 10, abs=0.5)
    # The shape of a line of one point is the same in both directions, and stored once.
    assert graph.geometries == 1


def test_ways_are_split_where_others_meet_them():
    assert links(graph_of([1, 2, 3, 4], [5, 3, 6])) == [(1, 3), (3, 1), (3, 4), (3, 5), (3, 6), (4, 3), (5, 3), (6, 3)]
    # A way that ends in the middle of another splits it too; one that only ends where it ends does not.
    assert links(graph_of([1, 2, 3], [2, 9])) == [(1, 2), (2, 1), (2, 3), (2, 9), (3, 2), (9, 2)]


def test_loops_that_lead_nowhere_leave_no_trace():
    graph = decode(encode_graph(graph_of([1, 2, 3, 1])))
    assert (graph.nodes, graph.edges, graph.first) == ([], [], [0])
    # With a road at its far side, a loop is two ways around.
    assert links(graph_of([1, 2, 3, 1], [2, 9])) == [(1, 2), (1, 2), (2, 1), (2, 1), (2, 9), (9, 2)]


def test_a_way_that_crosses_itself_is_split_there():
    assert Counter(links(graph_of([1, 2, 3, 4, 2, 5]))) == Counter([(1, 2), (2, 1), (2, 5), (5, 2)])


@pytest.mark.parametrize(
    ("one_way", "expected"), [("yes", [(1, 2)]), ("-1", [(2, 1)]), ("no", [(1, 2), (2, 1)]), ("", [(1, 2), (2, 1)])]
)
def test_one_way_roads_have_one_edge(one_way: str, expected: list[tuple[int, int]]):
    assert links(graph_of([1, 2], oneway=one_way)) == expected


def test_the_edges_of_a_node_follow_each_other():
    graph = decode(encode_graph(graph_of([3, 1], [1, 2], [2, 3], [3, 4])))
    assert graph.first == sorted(graph.first)
    assert (graph.first[0], graph.first[-1]) == (0, len(graph.edges))
    assert [source for source, _ in graph.links] == sorted(source for source, _ in graph.links)
    # Nodes are in the order of their ids in OpenStreetMap.
    assert graph.nodes == [place(node) for node in (1, 2, 3, 4)]


def test_no_roads_are_an_empty_graph():
    graph = decode(encode_graph(build_graph(Lines(), [])))
    assert (graph.nodes, graph.edges, graph.names) == ([], [], [""])


@given(st.lists(st.lists(st.integers(1, 12), min_size=2, max_size=8), min_size=1, max_size=8))
def test_any_ways_make_a_sound_graph(ways: list[list[int]]):
    graph = graph_of(*ways)
    decoded = decode(encode_graph(graph))
    assert all(source != target for source, target in decoded.links)
    # Every edge can be travelled back on a two-way road, and every step of it is a step of a way.
    assert Counter(decoded.links) == Counter((target, source) for source, target in decoded.links)
    steps = {step for way in ways for a, b in zip(way, way[1:], strict=False) for step in [(a, b), (b, a)]}
    for edge in decoded.edges:
        line = [position[1] // 10_000 for position in (edge.source, *edge.points, edge.target)]
        assert all(step in steps for step in zip(line, line[1:], strict=False))
    # No node stands in the middle of an edge if it is the end of another.
    ends = set(decoded.nodes)
    shared = {place(node) for way in ways for node in (way[0], way[-1])}
    assert not any(point in shared for edge in decoded.edges for point in edge.points)
    assert ends >= {edge.source for edge in decoded.edges}


@pytest.mark.parametrize(
    ("tags", "word", "speed"),
    [
        ({"highway": "motorway", "oneway": "yes", "foot": "no", "bicycle": "no"}, 1 | 32 | 64 | 128, 100),
        ({"highway": "motorway_link", "oneway": "1"}, 2 | 128, 60),
        ({"highway": "primary", "oneway": "-1"}, 5, 60),
        ({"highway": "tertiary", "junction": "roundabout", "oneway": "true"}, 9 | 128 | 256, 40),
        ({"highway": "residential", "foot": "yes", "maxspeed": "50"}, 11, 30),
        ({"highway": "motorway", "access": "no"}, 1, 100),
        ({"highway": "steps", "bicycle": "no"}, 20 | 64, 3),
        ({"highway": "escape"}, 0, 30),
    ],
)
def test_roads_have_the_words_and_speeds_of_the_original(tags: dict[str, str], word: int, speed: int):
    road = road_of(tags, "streetzim")
    assert road is not None
    assert road.word == word
    assert {road.forward, road.backward} <= {speed, 0}
    assert speed in (road.forward, road.backward)


@pytest.mark.parametrize(
    ("tags", "forward", "backward"),
    [
        ({"highway": "primary", "maxspeed": "50"}, 50, 50),
        ({"highway": "primary", "maxspeed": "30 mph"}, 48, 48),
        ({"highway": "primary", "maxspeed": "50;70"}, 50, 50),
        ({"highway": "primary", "maxspeed": "50", "maxspeed:backward": "80"}, 50, 80),
        ({"highway": "primary", "maxspeed": "50", "oneway": "-1"}, 0, 50),
        ({"highway": "motorway", "maxspeed": "none"}, 130, 0),
        # What cannot be believed, or read, leaves the speed of the class.
        ({"highway": "primary", "maxspeed": "signals"}, 60, 60),
        ({"highway": "primary", "maxspeed": "0"}, 60, 60),
        ({"highway": "residential", "maxspeed": "999"}, 30, 30),
        ({"highway": "track", "maxspeed": "100"}, 30, 30),
        # Limits are for cars.
        ({"highway": "footway", "maxspeed": "50"}, 5, 5),
        ({"highway": "residential", "access": "private"}, 5, 5),
    ],
)
def test_speed_limits_are_taken_within_reason(tags: dict[str, str], forward: int, backward: int):
    road = road_of(tags)
    assert road is not None
    assert (road.forward, road.backward) == (forward, backward)


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"highway": "residential", "access": "no", "foot": "yes"}, 19 | 64),
        ({"highway": "residential", "motor_vehicle": "no"}, 18),
        ({"highway": "residential", "foot": "no"}, 11 | 32),
        ({"highway": "primary", "junction": "roundabout"}, 5 | 128 | 256),
        ({"highway": "motorway"}, 1 | 32 | 64 | 128),
    ],
)
def test_roads_are_what_people_may_do_on_them(tags: dict[str, str], word: int):
    road = road_of(tags)
    assert road is not None
    assert road.word == word


def test_a_road_that_nobody_may_use_is_none():
    assert road_of({"highway": "residential", "access": "no"}) is None


def test_roads_are_cut_at_the_antimeridian():
    lines = Lines()
    lons = (1_799_980_000, 1_799_990_000, -1_799_990_000, -1_799_980_000, -1_799_970_000)
    lines.add([(number, (0, lon)) for number, lon in enumerate(lons)])
    road = road_of({"highway": "residential"})
    assert road is not None
    graph = decode(encode_graph(build_graph(lines, [road])))
    eastward = [edge for edge in graph.edges if edge.source[1] in lons[:3] and edge.target[1] != lons[0]]
    assert [(edge.source[1], edge.points, edge.target[1]) for edge in eastward if edge.target[1] != lons[1]] == [
        (lons[1], (), lons[2]),
        (lons[2], ((0, lons[3]),), lons[4]),
    ]
    assert max(edge.decimetres for edge in graph.edges) < 0.003 * METRES_PER_DEGREE * 10


def test_small_pieces_that_are_joined_to_nothing_are_left_out():
    main, piece = list(range(12)), [100, 101, 102]
    whole = graph_of(main, [3, 20], piece)
    graph, told = drop_fragments(whole)
    assert (told.fragments, told.nodes, told.edges) == (1, 2, 2)
    assert told.metres == pytest.approx(2 * 0.002 * METRES_PER_DEGREE, abs=1)
    kept, alone = decode(encode_graph(graph)), decode(encode_graph(graph_of(main, [3, 20])))
    assert (kept.nodes, kept.edges, kept.geometries) == (alone.nodes, alone.edges, alone.geometries)
    # The last of all is kept, however small.
    assert len(drop_fragments(graph_of(piece))[0].edges) == 2


def test_an_island_with_roads_is_no_fragment():
    island = graph_of([1, 2], [50, 64])  # 1.6 km
    assert drop_fragments(island)[1].fragments == 0


@pytest.mark.parametrize("highway", ["", "construction", "proposed", "platform", "raceway"])
def test_what_nobody_travels_on_is_no_road(highway: str):
    assert road_of({"highway": highway, "name": "X"}) is None


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        ({}, ""),
        ({"name": "Market Street"}, "Market Street"),
        ({"ref": "US 101"}, "US 101"),
        ({"name": "El Camino Real", "ref": "CA 82"}, "El Camino Real (CA 82)"),
    ],
)
def test_roads_are_labelled_by_name_and_number(tags: dict[str, str], label: str):
    road = road_of({"highway": "primary", **tags})
    assert isinstance(road, Road)
    assert road.label == label


@pytest.mark.parametrize(
    ("extract", "original"),
    [
        ("monaco_planetiler", "monaco-v4-head"),
        ("andorra_valhalla_docker", "andorra-v4-head"),
        ("malta-latest", "malta-v4-head"),
    ],
)
def test_graphs_of_real_regions_equal_those_of_the_original_generator(shared_data: Path, extract: str, original: str):
    source = read_extract(shared_data / "osm" / f"{extract}.osm.pbf", speeds="streetzim")
    ours = decode(encode_graph(build_graph(source.lines, source.roads)))
    theirs = decode(content(Archive(shared_data / "streetzim" / f"{original}.zim"), "routing-data/graph.bin"))
    # Of loops that lead nowhere, the original leaves a node at (0, 0), a name and geometries that no edge uses.
    assert ours.nodes == [node for node in theirs.nodes if node != (0, 0)]
    assert [tidy(edge) for edge in ours.edges] == [tidy(edge) for edge in theirs.edges]


def tidy(edge: Edge) -> Edge:
    # One name of Malta has two blanks in a row, which the original keeps.
    label = re.sub(r"\s+", " ", edge.label)
    return Edge(edge.source, edge.target, edge.points, edge.decimetres, edge.speed, label, edge.word)
