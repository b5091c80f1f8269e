"""Which edges a mode may use, and how long they take."""

import numpy as np
import pytest
from tests.server.atlas.routing.conftest import Streets
from tests.server.atlas.routing.draw import MOTORWAY, RESIDENTIAL, STEPS, Edge, drawn

from zimfo_server.atlas.graph.model import BICYCLE_NO, CLASS_MASK, FOOT_NO, RoadGraph
from zimfo_server.atlas.routing import costs
from zimfo_server.atlas.routing.costs import TravelMode

TRUNK, PATH, FOOTWAY, CYCLEWAY, PEDESTRIAN = 3, 16, 17, 18, 19
MODES: tuple[TravelMode, ...] = ("viewer", "drive", "walk", "bicycle")
MAPS = ("helsinki-v2-8c722af", "helsinki-json-fe5d023", "monaco-v4-head", "andorra-v4-head", "milan-v4-head")


def one(access: int, speed: int, *, classes: bool = True) -> RoadGraph:
    return drawn([(0, 0), (500, 0)], [Edge(0, 1, speed=speed, access=access)], classes=classes)


def seconds(graph: RoadGraph, mode: TravelMode) -> float:
    return float(costs.seconds(costs.lengths(graph, mode), costs.speeds(graph, mode))[0])


@pytest.mark.parametrize(
    ("access", "speed", "kmh"),
    [
        (RESIDENTIAL, 30, {"viewer": 30, "drive": 30, "walk": 5, "bicycle": 16}),
        (MOTORWAY, 100, {"viewer": 100, "drive": 100, "walk": 0, "bicycle": 0}),
        (TRUNK, 80, {"viewer": 80, "drive": 80, "walk": 5, "bicycle": 16}),
        (TRUNK | BICYCLE_NO, 80, {"drive": 80, "walk": 5, "bicycle": 0}),
        (RESIDENTIAL | FOOT_NO, 30, {"viewer": 30, "drive": 30, "walk": 0, "bicycle": 16}),
        (CYCLEWAY, 15, {"viewer": 15, "drive": 0, "walk": 5, "bicycle": 18}),
        (PATH, 5, {"viewer": 5, "drive": 0, "walk": 5, "bicycle": 10}),
        (FOOTWAY, 5, {"viewer": 5, "drive": 0, "walk": 5, "bicycle": 5}),
        (PEDESTRIAN, 5, {"viewer": 5, "drive": 0, "walk": 5, "bicycle": 5}),
        (STEPS, 3, {"viewer": 3, "drive": 0, "walk": 3, "bicycle": 3}),
        (RESIDENTIAL, 0, {"viewer": 0, "drive": 0, "walk": 5, "bicycle": 16}),
        (31, 30, {"viewer": 30, "drive": 30, "walk": 5, "bicycle": 16}),
    ],
)
def test_every_class_has_its_speed(access: int, speed: int, kmh: dict[TravelMode, int]):
    for mode, expected in kmh.items():
        time = 500 / (expected / 3.6) if expected else np.inf
        assert seconds(one(access, speed), mode) == pytest.approx(time, rel=1e-3), mode


@pytest.mark.parametrize(
    ("speed", "kmh"),
    [
        (100, {"viewer": 100, "drive": 100, "walk": 0, "bicycle": 0}),
        (50, {"drive": 50, "walk": 5, "bicycle": 16}),
        (15, {"drive": 15, "walk": 5, "bicycle": 16}),
        (5, {"viewer": 5, "drive": 0, "walk": 5, "bicycle": 5}),
        (3, {"viewer": 3, "drive": 0, "walk": 3, "bicycle": 3}),
        (0, {"viewer": 0, "drive": 0, "walk": 0, "bicycle": 0}),
    ],
)
def test_layouts_without_classes_are_read_by_speed(speed: int, kmh: dict[TravelMode, int]):
    for mode, expected in kmh.items():
        time = 500 / (expected / 3.6) if expected else np.inf
        assert seconds(one(0, speed, classes=False), mode) == pytest.approx(time, rel=1e-3), mode


def test_no_edge_is_shorter_than_the_straight_line_but_for_the_viewer():
    graph = drawn([(0, 0), (500, 0)], [Edge(0, 1, metres=120.0)])
    assert costs.lengths(graph, "viewer")[0] == pytest.approx(120)
    assert costs.lengths(graph, "drive")[0] == pytest.approx(500, rel=1e-3)


def test_one_way_roads_bind_only_those_who_ride():
    for access, backward in ((RESIDENTIAL, 5), (STEPS, 3), (RESIDENTIAL | FOOT_NO, 0), (MOTORWAY, 0)):
        graph = one(access, 30)
        assert costs.backward_speeds(graph, "drive") is None
        assert costs.backward_speeds(graph, "viewer") is None
        for mode in ("walk", "bicycle"):
            assert costs.backward_speeds(graph, mode) == pytest.approx([backward])


@pytest.mark.parametrize("name", MAPS)
def test_cars_keep_off_what_is_closed_to_them(streets: Streets, name: str):
    graph = streets(name).around([], 0)
    kmh = costs.speeds(graph, "drive")
    used = kmh > 0
    assert 0 < used.sum() < graph.edge_count
    assert (kmh[used] == graph.speed[used]).all()
    if graph.access is None:
        assert (graph.speed[used] > 5).all()
    else:
        assert not np.isin(graph.access[used] & CLASS_MASK, [16, 17, 18, 19, 20]).any()
