"""The demo map: its hand-made source is sound and true to the world, and the packaged archive is built from it."""

import datetime
import math
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from libzim.reader import Archive
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from tests.archives.map_decoder import DecodedGraph, Position, all_rows, content, decode, json_of, paths

import zimfo_archives.demo
from zimfo_archives.map.build import MapOptions, build_streets
from zimfo_archives.sources import read_sources

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "archives/sources/maps/peninsula.osm"
DEMO = Path(zimfo_archives.demo.__file__).with_name("peninsula.zim")

CLASS, FOOT_NO, ONE_WAY, ROUNDABOUT = 0x1F, 1 << 5, 1 << 7, 1 << 8
MOTORWAY, STEPS = 1, 20
CAR_CLASSES = range(16)

Tagged = list[tuple[dict[str, str], float, float]]


@pytest.fixture(scope="module")
def tree() -> ElementTree.Element:
    return ElementTree.parse(SOURCE).getroot()


@pytest.fixture(scope="module")
def archive() -> Archive:
    return Archive(DEMO)


@pytest.fixture(scope="module")
def graph(archive: Archive) -> DecodedGraph:
    return decode(content(archive, "routing-data/graph.bin"))


@pytest.fixture(scope="module")
def tagged(archive: Archive) -> Tagged:
    return [(row, row["a"], row["o"]) for row in all_rows(archive)]


def metres(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    return math.hypot(lat2 - lat1, (lon2 - lon1) * math.cos(math.radians(lat1))) * 111_195


def seconds(graph: DecodedGraph, classes: range) -> csr_matrix:
    """The fastest edge between any two nodes, for those who may use these classes of road."""
    fastest: dict[tuple[int, int], float] = {}
    for link, edge in zip(graph.links, graph.edges, strict=True):
        if edge.word & CLASS in classes:
            cost = edge.decimetres / 10 / (edge.speed / 3.6)
            fastest[link] = min(cost, fastest.get(link, math.inf))
    rows, columns = zip(*fastest, strict=True)
    n = len(graph.nodes)
    return csr_matrix((list(fastest.values()), (rows, columns)), shape=(n, n))


def nearest(graph: DecodedGraph, usable: set[int], lat: float, lon: float) -> tuple[int, float]:
    """The nearest of some nodes, and how many metres it is away."""
    away = {node: metres(lat, lon, graph.nodes[node][0] / 1e7, graph.nodes[node][1] / 1e7) for node in usable}
    node = min(away, key=lambda n: away[n])
    return node, away[node]


def drivable(graph: DecodedGraph) -> set[int]:
    links = zip(graph.links, graph.edges, strict=True)
    return {node for link, edge in links if edge.word & CLASS in CAR_CLASSES for node in link}


def test_the_source_is_sorted_and_whole(tree: ElementTree.Element):
    nodes = [int(node.attrib["id"]) for node in tree.iter("node")]
    ways = [int(way.attrib["id"]) for way in tree.iter("way")]
    assert nodes == sorted(set(nodes))
    assert ways == sorted(set(ways))
    named = {int(point.attrib["ref"]) for point in tree.iter("nd")}
    assert named <= set(nodes)
    # Points with no tags are there for a way.
    assert {int(node.attrib["id"]) for node in tree.iter("node") if not len(node)} <= named


def test_the_source_lies_within_its_bounds(tree: ElementTree.Element):
    [bounds] = tree.iter("bounds")
    low_lat, low_lon, high_lat, high_lon = (float(bounds.attrib[k]) for k in ("minlat", "minlon", "maxlat", "maxlon"))
    for node in tree.iter("node"):
        assert low_lat < float(node.attrib["lat"]) < high_lat, node.attrib
        assert low_lon < float(node.attrib["lon"]) < high_lon, node.attrib


def test_the_packaged_archive_is_built_from_the_source(archive: Archive, tmp_path: Path):
    about = {name: archive.get_metadata(name.title()).decode() for name in ("title", "description", "name", "license")}
    date = datetime.date.fromisoformat(archive.get_metadata("Date").decode())
    creator = archive.get_metadata("Creator").decode()
    again = Archive(
        build_streets(SOURCE, tmp_path / "x.zim", MapOptions(**about, creator=creator, date=date)).contents.path
    )
    assert paths(again) == paths(archive)
    assert [path for path in paths(archive) if content(again, path) != content(archive, path)] == []
    assert DEMO.stat().st_size < 500_000


def test_wiki_tags_name_articles_where_the_demo_encyclopedia_has_them(tagged: Tagged):
    pages = {page.title: page for page in read_sources([ROOT / "archives/sources/wiki"], reserved=())}
    bounds = (37.31, 37.84, -122.53, -122.04)
    for title, page in pages.items():
        if page.coordinates is None:
            continue
        lat, lon = page.coordinates
        if bounds[0] < lat < bounds[1] and bounds[2] < lon < bounds[3]:
            places = [place for place in tagged if place[0].get("w") == f"en:{title}"]
            # An article tells one position of a town, a map another.
            assert any(metres(lat, lon, a, o) < 2_000 for _, a, o in places), title
    linked = {row["w"].removeprefix("en:") for row, _, _ in tagged if "w" in row}
    assert len(linked & set(pages)) >= 10
    assert {"HP Garage", "Stanford University", "Palo Alto, California", "Hewlett-Packard"} <= linked & set(pages)
    assert all(
        row["w"].startswith("en:") and row["w"][3:].strip() == row["w"][3:] for row, _, _ in tagged if "w" in row
    )


def test_every_road_can_be_reached_from_every_other_by_car(graph: DecodedGraph):
    cars = seconds(graph, CAR_CLASSES)
    _, component = connected_components(cars, directed=True, connection="strong")
    assert len({int(component[node]) for node in drivable(graph)}) == 1


def test_every_settlement_is_near_a_road(graph: DecodedGraph, tagged: Tagged):
    settlements = {row["n"]: (lat, lon) for row, lat, lon in tagged if row["s"] in ("city", "town", "village")}
    assert {"San Francisco", "San Carlos", "Palo Alto", "Redwood City", "Mountain View", "Stanford"} <= set(settlements)
    roads = [edge for edge in graph.edges if edge.word & CLASS in CAR_CLASSES]
    corners = {(lat / 1e7, lon / 1e7) for edge in roads for lat, lon in (edge.source, *edge.points)}
    far = {name for name, here in settlements.items() if min(metres(*here, *corner) for corner in corners) > 1_000}
    # These lie in hills whose small roads are left out.
    assert far <= {"Portola Valley", "Hillsborough"}


@pytest.mark.parametrize(
    ("origin", "destination", "km", "minutes"),
    [
        ("San Francisco City Hall", "HP Garage", (48, 58), (28, 50)),
        ("San Carlos", "Palo Alto", (13, 19), (10, 20)),
        ("Coit Tower", "Ferry Building", (1.5, 3), (2, 8)),
        ("Filoli", "Stanford University", (12, 25), (8, 25)),
    ],
)
def test_routes_are_as_long_as_in_the_world(
    graph: DecodedGraph,
    tagged: Tagged,
    origin: str,
    destination: str,
    km: tuple[float, float],
    minutes: tuple[float, float],
):
    usable = drivable(graph)
    at = {row["n"]: (lat, lon) for row, lat, lon in tagged if row["t"] in ("place", "poi")}
    start, goal = (nearest(graph, usable, *at[name])[0] for name in (origin, destination))
    times, before = dijkstra(seconds(graph, CAR_CLASSES), indices=start, return_predecessors=True)
    shortest: dict[tuple[int, int], int] = {}
    for link, edge in zip(graph.links, graph.edges, strict=True):
        shortest[link] = min(edge.decimetres, shortest.get(link, edge.decimetres))
    length, node = 0.0, goal
    while node != start:
        length += shortest[int(before[node]), node] / 10_000
        node = int(before[node])
    assert km[0] < length < km[1]
    assert minutes[0] < times[goal] / 60 < minutes[1]


def test_those_who_walk_have_ways_of_their_own(graph: DecodedGraph):
    walked = [edge for edge in graph.edges if edge.word & CLASS not in CAR_CLASSES]
    assert {edge.label for edge in walked} >= {"Filbert Steps", "Golden Gate Promenade"}
    assert any(edge.word & CLASS == STEPS for edge in walked)


def test_no_road_leads_to_alcatraz(graph: DecodedGraph, tagged: Tagged):
    [(lat, lon)] = [(lat, lon) for row, lat, lon in tagged if row["n"] == "Alcatraz Island"]
    assert nearest(graph, drivable(graph), lat, lon)[1] > 1_500
    node, away = nearest(graph, set(range(len(graph.nodes))), lat, lon)
    assert away < 500
    _, component = connected_components(seconds(graph, range(21)), directed=False)
    sizes = Counter(component.tolist())
    assert sizes[int(component[node])] == 3 < max(sizes.values())


def test_motorways_are_one_way_and_closed_to_walkers(graph: DecodedGraph):
    motorways = [edge for edge in graph.edges if edge.word & CLASS == MOTORWAY]
    assert {edge.label for edge in motorways} >= {
        "Bayshore Freeway (US 101)", "Junipero Serra Freeway (I 280)", "Portola Freeway (I 380)",
    }  # fmt: skip
    assert all(edge.word & ONE_WAY and edge.word & FOOT_NO for edge in motorways)
    # Both carriageways: some edges head north, some south.
    north = [edge.target[0] > edge.source[0] for edge in motorways if "US 101" in edge.label]
    assert 0.3 < np.mean(north) < 0.7


def test_roundabouts_are_driven_counter_clockwise(graph: DecodedGraph):
    rings = [edge for edge in graph.edges if edge.word & ROUNDABOUT]
    assert len(rings) >= 6
    assert all(edge.word & ONE_WAY for edge in rings)
    corners: list[Position] = [p for edge in rings for p in (edge.source, *edge.points, edge.target)]
    for edge in rings:
        ring = {p for p in corners if max(abs(p[0] - edge.source[0]), abs(p[1] - edge.source[1])) < 8_000}
        middle = np.mean(sorted(ring), axis=0)
        line = [np.array(p) - middle for p in (edge.source, *edge.points, edge.target)]
        for a, b in zip(line, line[1:], strict=False):
            assert a[1] * b[0] - a[0] * b[1] > 0


@pytest.mark.parametrize(
    ("town", "kinds", "least"),
    [
        ("San Carlos", {"bar", "pub"}, 5),
        ("San Carlos", {"restaurant"}, 10),
        ("San Carlos", {"cafe"}, 3),
        ("San Francisco", {"restaurant"}, 15),
        ("San Francisco", {"bar", "pub"}, 10),
        ("Palo Alto", {"cafe"}, 5),
        ("Palo Alto", {"museum"}, 2),
    ],
)
def test_there_is_enough_to_find(tagged: Tagged, town: str, kinds: set[str], least: int):
    assert len({row["n"] for row, _, _ in tagged if row["s"] in kinds and row["l"] == town}) >= least


def test_the_map_says_honestly_where_it_comes_from(archive: Archive):
    assert archive.get_metadata("Creator") == b"The zimfo developers"
    assert b"OpenStreetMap" not in archive.get_metadata("Creator")
    assert "not from OpenStreetMap" in archive.get_metadata("License").decode()
    assert json_of(archive, "streetzim-meta.json")["name"] == "San Francisco Peninsula"
