"""The routes that the viewer in the archives computes, on every archive of its region.

The viewer's estimate is not admissible, so its routes may be slower than ours but never quicker.
"""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.server.atlas.routing.conftest import Streets

from zimfo_server.atlas.graph.load import GraphSource
from zimfo_server.atlas.graph.model import CLASS_MASK, DEGREES, ROUNDABOUT
from zimfo_server.atlas.routing.connect import connect_nodes
from zimfo_server.atlas.routing.network import Network, network
from zimfo_server.atlas.routing.path import Path as Route
from zimfo_server.atlas.routing.planner import plan
from zimfo_server.atlas.routing.search import Deadline
from zimfo_server.errors import NoRouteError

REFERENCES = {
    "helsinki": "golden-helsinki",
    **{region: f"golden-{region}-v4-head" for region in ("malta", "andorra", "monaco", "milan")},
}
RAMPS = (2, 4, 6, 8, 10)
Golden = list[dict[str, Any]]


def golden(shared_data: Path, region: str) -> Golden:
    file = shared_data / "streetzim" / "reference-routes" / f"{REFERENCES[region]}.json"
    routes: Golden = json.loads(file.read_text())
    return routes


def classed_archives(shared_data: Path, streets: Streets, region: str) -> list[GraphSource]:
    """The archives of a region with the same graph as its v4 one, classes included."""
    names = [file.stem for file in sorted((shared_data / "streetzim").glob(f"{region}-*.zim"))]
    sources = [streets(name) for name in names if "synthetic" not in name]
    return [source for source in sources if source.around([], 0).access is not None]


def between(roads: Network, start: int, goal: int) -> Route | None:
    with Deadline(60) as deadline:
        return connect_nodes(roads, start, goal, deadline).path


def named_roads(roads: Network, route: Route) -> list[tuple[str, float, int]]:
    """Name, metres and flags of each road of a route, as the viewer lists them."""
    graph = roads.graph
    assert graph.access is not None

    def kind(edge: Any) -> tuple[int, int]:
        access = int(graph.access[edge.edge])
        flags = bool(access & ROUNDABOUT) | 2 * ((access & CLASS_MASK) in RAMPS)
        return int(graph.name[edge.edge]), flags

    return [
        (graph.names.text(name), sum(edge.metres for edge in edges), flags)
        for (name, flags), edges in groupby(route.edges, key=kind)
    ]


@pytest.mark.parametrize("region", REFERENCES)
def test_never_slower_and_on_the_same_roads(shared_data: Path, streets: Streets, region: str):
    routes = golden(shared_data, region)
    archives = classed_archives(shared_data, streets, region)
    assert archives
    for source in archives:
        roads = network(source.around([], 0), "viewer")
        close, equal = [], 0
        for row in routes:
            found, expected = between(roads, row["a"], row["z"]), row["r"]
            assert (found is None) == (expected is None)
            if found is None:
                continue
            assert found.seconds <= expected["t"] * (1 + 1e-6)
            close.append(found.seconds >= expected["t"] * 0.995)
            if found.seconds < expected["t"] * (1 - 1e-6):
                continue
            equal += 1
            assert found.metres == pytest.approx(expected["d"], rel=1e-6)
            ends = [expected["c0"][::-1], expected["c1"][::-1]]
            assert found.polyline()[[0, -1]] == pytest.approx(np.array(ends), abs=1e-7)
            ours, theirs = named_roads(roads, found), expected["roads"]
            assert [road[::2] for road in ours] == [(name, flags) for name, _, flags in theirs]
            assert [road[1] for road in ours] == pytest.approx([metres for _, metres, _ in theirs], abs=0.06)
        assert np.mean(close) >= 0.99
        assert equal >= 0.95 * len(close)


def test_the_planner_routes_like_the_viewer(shared_data: Path, streets: Streets):
    """By positions instead of nodes: those of nodes lead to the nodes themselves."""
    source = streets("milan-v4-head")
    graph = source.around([], 0)
    for row in golden(shared_data, "milan")[:40]:
        ends = graph.position(row["a"]), graph.position(row["z"])
        if row["r"] is None:
            with pytest.raises(NoRouteError, match="no road connection"):
                plan(source, "viewer", *ends, deadline_s=60)
            continue
        found = plan(source, "viewer", *ends, deadline_s=60)
        assert found.path.seconds <= row["r"]["t"] * (1 + 1e-6)
        assert found.origin_snap_m == found.destination_snap_m == 0


def test_older_layouts_agree_with_each_other_and_nearly_with_newer_ones(shared_data: Path, streets: Streets):
    """Their graph is another one: rounded coordinates, and without the closed ways that some quick routes take."""
    newer, *older = (
        network(streets(name).around([], 0), "viewer")
        for name in ("helsinki-v4-head", "helsinki-v2-8c722af", "helsinki-json-fe5d023")
    )
    compared = near = 0
    totals = np.zeros(2)
    for row in golden(shared_data, "helsinki"):
        places = [newer.graph.position(row[end]) for end in "az"]
        times = []
        for roads in older:
            ends = [same_node(roads, place) for place in places]
            route = None if None in ends else between(roads, *ends)
            times.append(route.seconds if route else None)
        assert times[0] == (None if times[1] is None else pytest.approx(times[1], rel=1e-6))
        if times[0] is not None and row["r"] is not None:
            compared += 1
            near += times[0] == pytest.approx(row["r"]["t"], rel=0.05)
            totals += times[0], row["r"]["t"]
    assert compared > 300
    assert near > 0.85 * compared
    assert totals[0] == pytest.approx(totals[1], rel=0.05)


def same_node(roads: Network, place: tuple[float, float]) -> int | None:
    """The node of an older graph at a node of the newer one, None where it has none."""
    away = np.abs(np.stack([roads.lat, roads.lon]) * DEGREES - np.array(place)[:, None]).max(axis=0)
    nearest = int(np.argmin(away))
    return nearest if away[nearest] < 1e-6 else None
