"""Directions on hand-made junctions, and what must hold of any walk through the real graphs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path as File

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_server.atlas.graph.load import open_graph
from zimfo_server.atlas.graph.model import CLASS_MASK, DEGREES, NO_SHAPE, ONE_WAY, ROUNDABOUT, RoadGraph
from zimfo_server.atlas.routing.directions import steps
from zimfo_server.atlas.routing.labels import MAX_NAME, label
from zimfo_server.atlas.routing.path import Path, PathEdge
from zimfo_server.atlas.routing.roads import stretches
from zimfo_server.atlas.routing.summary import summary
from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover
from zimfo_server.library.library import Library
from zimfo_shared.routes import Mode, Road, Step
from zimfo_shared.units import distance_text, duration_text

MOTORWAY, LINK, TRUNK, SECONDARY, SECONDARY_LINK, RESIDENTIAL, SERVICE, FOOTWAY, STAIRS = 1, 2, 3, 7, 8, 11, 14, 17, 20
SPEEDS = {MOTORWAY: 100, LINK: 60, TRUNK: 80, SECONDARY: 50, SECONDARY_LINK: 35, SERVICE: 20, FOOTWAY: 5, STAIRS: 3}
LAT, LON = 45.0, 9.0
NORTH_M = 111_195.0
EAST_M = NORTH_M * math.cos(math.radians(LAT))


class NamesOf(list[str]):
    def text(self, index: int) -> str:
        return self[index]


class ShapesOf(list[list[tuple[float, float]]]):
    def points(self, index: int) -> np.ndarray:
        return np.array(self[index])


def degrees(x: float, y: float) -> tuple[float, float]:
    return LAT + y / NORTH_M, LON + x / EAST_M


@dataclass
class Town:
    """A graph drawn by hand: nodes at (x, y) metres to the east and north of a point, roads through named nodes."""

    nodes: dict[str, tuple[float, float]]
    edges: list[tuple[str, str, str, int, int, list[tuple[float, float]]]] = field(default_factory=list)

    def road(
        self,
        through: str,
        name: str = "",
        road_class: int = RESIDENTIAL,
        *,
        one_way: bool = False,
        ring: bool = False,
        via: Sequence[tuple[float, float]] = (),
    ) -> "Town":
        """Add a road through nodes named by one letter each; `via` bends its last piece."""
        bits = (ONE_WAY if one_way else 0) | (ROUNDABOUT if ring else 0)
        for a, b in pairwise(through):
            shape = list(via) if b == through[-1] else []
            self.edges.append((a, b, name, road_class, bits, shape))
            if not one_way:
                self.edges.append((b, a, name, road_class, bits, shape[::-1]))
        return self

    def graph(self, *, classes: bool = True) -> RoadGraph:
        order = list(self.nodes)
        rows = sorted(self.edges, key=lambda edge: order.index(edge[0]))
        names, shapes = NamesOf([""]), ShapesOf()
        for row in rows:
            if row[2] not in names:
                names.append(row[2])
        at = [degrees(*self.nodes[node]) for node in order]
        shape_of = []
        for row in rows:
            if row[5]:
                shapes.append([degrees(*point) for point in row[5]])
            shape_of.append(len(shapes) - 1 if row[5] else NO_SHAPE)
        lengths = [
            sum(math.dist(a, b) for a, b in pairwise([self.nodes[row[0]], *row[5], self.nodes[row[1]]])) for row in rows
        ]
        sources = [order.index(row[0]) for row in rows]
        return RoadGraph(
            layout="by hand",
            lat=np.array([round(lat / DEGREES) for lat, _ in at], dtype=np.int32),
            lon=np.array([round(lon / DEGREES) for _, lon in at], dtype=np.int32),
            first=np.searchsorted(sources, range(len(order) + 1)).astype(np.uint32),
            target=np.array([order.index(row[1]) for row in rows], dtype=np.uint32),
            decimetres=np.array([round(10 * length) for length in lengths], dtype=np.uint32),
            speed=np.array([SPEEDS.get(row[3], 30) for row in rows], dtype=np.uint8),
            name=np.array([names.index(row[2]) for row in rows], dtype=np.uint32),
            shape=np.array(shape_of, dtype=np.uint32),
            access=np.array([row[3] | row[4] for row in rows], dtype=np.uint16) if classes else None,
            names=names,
            shapes=shapes,
        )

    def told(self, through: str, mode: Mode = "drive", *, classes: bool = True, **options: object) -> list[Step]:
        """Return the steps of the way through the named nodes."""
        graph = self.graph(classes=classes)
        order = list(self.nodes)
        edges = []
        for a, b in pairwise(through):
            backward = not any(row[:2] == (a, b) for row in self.edges)
            source, target = (b, a) if backward else (a, b)
            first, last = graph.first[order.index(source)], graph.first[order.index(source) + 1]
            edge = next(edge for edge in range(first, last) if graph.target[edge] == order.index(target))
            edges.append(travelled(graph, edge, backward=backward))
        usable = graph.speed > 5 if mode == "drive" else np.ones(graph.edge_count, dtype=np.bool_)
        options = {"destination_name": "Town Hall", **options}
        return steps(graph, Path(tuple(edges)), usable=usable, mode=mode, **options)  # type: ignore[arg-type]


def travelled(graph: RoadGraph, edge: int, *, backward: bool = False) -> PathEdge:
    points = graph.line(edge)
    metres = float(graph.decimetres[edge]) / 10
    seconds = metres * 3.6 / max(1, float(graph.speed[edge]))
    return PathEdge(edge, backward, points[::-1] if backward else points, metres, seconds)


def crossing(*, north: str = "Main Street", east: str = "Side Street") -> Town:
    """Two streets that cross at `o`; `s` is the southern end."""
    town = Town({"s": (0, -200), "o": (0, 0), "n": (0, 200), "w": (-200, 0), "e": (200, 0)})
    return town.road("son", north).road("woe", east)


def words(told: Sequence[Step]) -> list[str]:
    return [step.maneuver for step in told]


def texts(told: Sequence[Step]) -> list[str]:
    return [step.instruction for step in told]


@pytest.mark.parametrize(
    ("to", "word", "text"),
    [
        ("w", "turn-left", "Turn left onto Side Street"),
        ("e", "turn-right", "Turn right onto Side Street"),
    ],
)
def test_a_turn_at_a_crossing(to: str, word: str, text: str) -> None:
    told = crossing().told(f"so{to}")
    assert words(told) == ["depart", word, "arrive"]
    assert texts(told) == ["Head north on Main Street", text, "Arrive at Town Hall"]
    assert [(step.distance_m, step.road) for step in told] == [
        (200, "Main Street"),
        (200, "Side Street"),
        (0, "Side Street"),
    ]
    assert (told[1].lat, told[1].lon) == (LAT, LON)


def test_straight_over_a_crossing_needs_no_step() -> None:
    assert words(crossing().told("son")) == ["depart", "arrive"]


def test_the_end_of_a_road_is_told() -> None:
    town = Town({"s": (0, -200), "o": (0, 0), "w": (-200, 0), "e": (200, 0)}).road("so").road("woe")
    assert texts(town.told("soe"))[1] == "Turn right"
    assert texts(town.told("sow"))[1] == "Turn left"


@pytest.mark.parametrize(
    ("end", "word"),
    [
        ((70, 150), "slight-right"),
        ((150, -120), "sharp-right"),
        ((-70, 150), "slight-left"),
        ((-150, -120), "sharp-left"),
    ],
)
def test_how_far_a_turn_bends(end: tuple[float, float], word: str) -> None:
    town = crossing()
    town.nodes["x"] = end
    assert words(town.road("ox", "Mill Lane").told("sox")) == ["depart", word, "arrive"]


def test_a_bend_without_another_way_is_no_turn() -> None:
    town = Town({"a": (0, -200), "b": (0, 0), "c": (200, 0), "d": (200, 200)}).road("abcd", "Bent Street")
    assert words(town.told("abcd")) == ["depart", "arrive"]


def test_a_road_that_bends_off_at_a_crossing_is_stayed_on_by_a_turn() -> None:
    town = crossing(north="")
    town.edges.clear()
    town.road("soe", "Main Street").road("on", "North Lane").road("ow", "West Lane")
    told = town.told("soe")
    assert texts(told)[1] == "Turn right to stay on Main Street"
    assert texts(town.told("son"))[1] == "Continue straight onto North Lane"


def test_a_drive_beside_the_road_makes_no_fork() -> None:
    town = Town({"a": (0, -200), "b": (0, 0), "c": (10, 200), "d": (60, 150)})
    town.road("abc", "", SECONDARY).road("bd", "", SERVICE)
    assert words(town.told("abc")) == ["depart", "arrive"]
    assert words(town.told("abd")) == ["depart", "keep-right", "arrive"]


def test_a_new_name_is_told_and_a_short_other_name_is_not() -> None:
    town = Town({"a": (0, -300), "b": (0, 0), "c": (0, 30), "d": (0, 300), "e": (0, 600)})
    town.road("ab", "Old Street").road("bc", "Bridge").road("cd", "Old Street").road("de", "New Street")
    assert texts(town.told("abcde"))[1:-1] == ["Continue onto New Street"]


def test_a_spelling_and_a_number_are_no_new_name() -> None:
    town = Town({"a": (0, -300), "b": (0, 0), "c": (0, 300), "d": (0, 600), "e": (0, 900)})
    town.road("ab", "Corso Libertà (SS9)").road("bc", "SS9;E35").road("cd", "corso liberta (SS9)").road("de", "Via B")
    assert texts(town.told("abcde"))[1:-1] == ["Continue onto Via B"]


def test_an_unnamed_piece_borrows_the_name_of_the_road_behind_it() -> None:
    town = crossing(east="")
    town.nodes["f"] = (500, 0)
    town.edges = [edge for edge in town.edges if {edge[0], edge[1]} != {"o", "e"}]
    town.nodes["e"] = (60, 0)
    town.road("oe").road("ef", "Harbour Road")
    told = town.told("soef")
    assert texts(told)[1:-1] == ["Turn right onto Harbour Road"]
    assert told[1].distance_m == 500


def fork(*, road_class: int = RESIDENTIAL) -> Town:
    town = Town({"a": (0, -300), "b": (0, 0), "l": (-80, 200), "r": (80, 200), "m": (0, 250)})
    return town.road("ab", "Trunk", road_class).road("bl", "Left Way", road_class).road("br", "Right Way", road_class)


def test_a_fork() -> None:
    assert texts(fork().told("abl"))[1] == "Keep left onto Left Way"
    assert texts(fork().told("abr"))[1] == "Keep right onto Right Way"
    assert words(fork().road("bm", "Middle Way").told("abm")) == ["depart", "straight", "arrive"]


def test_a_fork_is_none_where_the_other_way_is_closed() -> None:
    town = Town({"a": (0, -300), "b": (0, 0), "l": (-80, 200), "r": (80, 200)})
    town.road("ab", "Trunk").road("bl", "Left Way").road("rb", "Right Way", one_way=True)
    assert texts(town.told("abl"))[1] == "Continue onto Left Way"


def interchange() -> Town:
    """The A1 runs north; from High Street a ramp `o-p-q` joins it at `q`, and an exit `x-y-z` leads off further on."""
    nodes = {"s": (0, -300), "o": (0, 0), "n": (0, 300), "p": (150, 60), "q": (400, 300)}
    nodes |= {"m": (400, -500), "x": (400, 900), "t": (400, 1500), "y": (450, 1100), "z": (600, 1200), "u": (600, 1500)}
    town = Town(nodes).road("son", "High Street", SECONDARY).road("mqxt", "A1;E35", MOTORWAY, one_way=True)
    town.road("opq", "", LINK, one_way=True, via=[(400, 150)]).road("xyz", "", LINK, one_way=True)
    return town.road("zu", "Hill Road", SECONDARY)


def test_a_ramp_a_merge_and_an_exit() -> None:
    told = interchange().told("sopqxyzu")
    assert words(told) == ["depart", "take-ramp", "merge", "take-exit", "arrive"]
    assert texts(told)[1:4] == ["Take the ramp onto A1 / E35", "Merge onto A1 / E35", "Take the exit onto Hill Road"]


def test_an_exit_passed_on_the_motorway_is_no_step() -> None:
    assert words(interchange().told("mqxt")) == ["depart", "arrive"]


def test_motorways_of_layouts_without_classes_are_known_by_their_speed() -> None:
    told = interchange().told("sopqxyzu", classes=False)
    assert words(told)[0] == "depart"
    assert "Merge onto A1 / E35" in texts(told)
    assert all(texts(told))


def test_a_slip_road_is_one_turn() -> None:
    town = Town({"s": (0, -300), "b": (0, -40), "o": (0, 0), "n": (0, 300), "c": (40, 0), "e": (300, 0)})
    town.road("sbon", "Main Street", SECONDARY).road("oce", "Cross Street", SECONDARY)
    town.road("bc", "", SECONDARY_LINK, one_way=True, via=[(12, -12)])
    told = town.told("sbce")
    assert texts(told)[1:-1] == ["Turn right onto Cross Street"]


def roundabout(*, one_way: bool, clockwise: bool = False) -> Town:
    """A ring of four arms: `s` south, `e` east, `n` north, `w` west; its nodes are capitals."""
    nodes = {"S": (0, -20), "E": (20, 0), "N": (0, 20), "W": (-20, 0)}
    town = Town(nodes | {"s": (0, -200), "e": (200, 0), "n": (0, 200), "w": (-200, 0)})
    for arm, name in (("s", "South Road"), ("e", "East Road"), ("n", "North Road"), ("w", "West Road")):
        town.road(arm + arm.upper(), name)
    corners = {"E": [(14, -14)], "N": [(14, 14)], "W": [(-14, 14)], "S": [(-14, -14)]}
    for a, b in pairwise("SENWS"):
        if clockwise:
            town.road(b + a, "", one_way=one_way, ring=True, via=corners[b])
        else:
            town.road(a + b, "", one_way=one_way, ring=True, via=corners[b])
    return town


@pytest.mark.parametrize("one_way", [True, False])
@pytest.mark.parametrize(
    ("way", "text"),
    [
        ("sSEe", "At the roundabout, take exit 1 onto East Road"),
        ("sSENn", "At the roundabout, take exit 2 onto North Road"),
        ("sSENWw", "At the roundabout, take exit 3 onto West Road"),
    ],
)
def test_exits_of_a_roundabout_are_counted(way: str, text: str, one_way: bool) -> None:
    told = roundabout(one_way=one_way).told(way)
    assert words(told) == ["depart", "roundabout", "arrive"]
    assert texts(told)[1] == text
    assert told[1].distance_m == pytest.approx(180 + 40 * (len(way) - 3) * 0.77, abs=5)


def test_exits_closed_to_the_mode_do_not_count() -> None:
    town = roundabout(one_way=True)
    town.edges = [edge for edge in town.edges if edge[:2] != ("E", "e")]
    assert "take exit 1 onto North Road" in texts(town.told("sSENn"))[1]
    town.road("Ee", "", FOOTWAY)
    assert "take exit 1 onto North Road" in texts(town.told("sSENn"))[1]
    assert "take exit 2 onto North Road" in texts(town.told("sSENn", "walk"))[1]


def test_a_ring_stored_both_ways_is_counted_with_the_traffic() -> None:
    town = roundabout(one_way=False)
    assert "take exit 1 onto West Road" in texts(town.told("sSWw"))[1]  # nothing tells how traffic runs
    other = {letter: (x + 1_000, y) for letter, (x, y) in zip("abcd", list(town.nodes.values())[:4], strict=True)}
    town.nodes |= other
    town.road("abcda", "", one_way=True, ring=True)  # elsewhere on the map, counter-clockwise
    assert "take exit 3 onto West Road" in texts(town.told("sSWw"))[1]
    assert "take exit 1 onto East Road" in texts(town.told("sSEe"))[1]
    assert "take exit 1 onto West Road" in texts(town.told("sSWw", "walk"))[1]


def test_where_traffic_runs_clockwise() -> None:
    town = roundabout(one_way=True, clockwise=True)
    assert "take exit 1 onto West Road" in texts(town.told("sSWw"))[1]


def test_a_route_that_starts_or_ends_on_a_roundabout() -> None:
    town = roundabout(one_way=True)
    assert words(town.told("SENn")) == ["depart", "exit-roundabout", "arrive"]
    assert texts(town.told("SENn"))[1] == "Leave the roundabout onto North Road"
    assert texts(town.told("sSE"))[1] == "Enter the roundabout"


def test_a_u_turn_at_a_node_and_over_a_dual_carriageway() -> None:
    assert texts(crossing().told("sos"))[1] == "Make a U-turn on Main Street"
    town = Town({"a": (0, 0), "b": (0, 300), "c": (0, 600), "d": (-15, 600), "e": (-15, 300), "f": (-15, 0)})
    town.road("abc", "Ring Road", SECONDARY, one_way=True).road("def", "Ring Road", SECONDARY, one_way=True)
    told = town.road("be", "", SECONDARY).told("abef")
    assert words(told) == ["depart", "uturn", "arrive"]


def test_on_foot_steps_and_paths_are_named() -> None:
    town = crossing()
    town.nodes |= {"x": (-30, 30), "y": (-30, 60), "z": (-30, 200)}
    town.road("ox", "", FOOTWAY).road("xy", "", STAIRS).road("yz", "", FOOTWAY)
    told = town.told("soxyz", "walk")
    assert texts(told)[1:3] == ["Turn slightly left onto the footpath", "Take the steps"]
    assert [step.maneuver for step in told[1:3]] == ["slight-left", "steps"]


def test_on_foot_against_a_one_way_street() -> None:
    town = Town({"s": (0, -200), "o": (0, 0), "n": (0, 200), "e": (200, 0)})
    town.road("so", "Main Street").road("on", "Main Street").road("eo", "One Way Street", one_way=True)
    told = town.told("soe", "walk")
    assert texts(told)[1] == "Turn right onto One Way Street"
    assert words(town.told("eos"[::-1], "walk")) == ["depart", "turn-right", "arrive"]


@pytest.mark.parametrize(
    ("place", "side"), [((30, 195), "on the right"), ((-30, 195), "on the left"), ((2, 200), ""), ((0, 240), "")]
)
def test_the_side_of_the_destination(place: tuple[float, float], side: str) -> None:
    arrival = texts(crossing().told("son", destination=degrees(*place)))[-1]
    assert arrival == ("Arrive at Town Hall" + (f", {side}" if side else ""))


def test_names_of_both_ends() -> None:
    told = crossing().told("son", origin_name="Old\nMill", destination_name="")
    assert texts(told) == ["From Old Mill, head north on Main Street", "Arrive at your destination"]


def test_a_route_of_no_length() -> None:
    graph = crossing().graph()
    point = np.array([graph.position(1), graph.position(1)])
    told = steps(
        graph,
        Path((PathEdge(0, False, point, 0.0, 0.0),)),
        usable=np.ones(graph.edge_count, dtype=np.bool_),
        mode="walk",
        destination_name="here",
    )
    assert texts(told) == ["Start on Main Street", "Arrive at here"]


def test_labels_are_read_cleanly() -> None:
    assert label("A1;E35; A1").text == "A1 / E35"
    assert label("Autostrada  del Sole (A1;E35)").text == "Autostrada del Sole (A1 / E35)"
    assert label("A1 (A1)").text == "A1"
    assert label("134").spoken == "road 134"
    assert label("x\x00\u202ey").text == "x y"
    assert len(label("long " * 1_000).text) <= MAX_NAME
    assert not label("  ")
    assert not label("").same(label(""))
    assert not label("Via A (SP1)").same(label("Via B (SP1)"))
    assert label("Via A (SP1)").same(label("SP1"))


def road(name: str, metres: int) -> Road:
    return Road(name=name, distance_m=metres, duration_s=metres)


@pytest.mark.parametrize(
    ("roads", "text"),
    [
        ([road("A1", 60_000), road("Via Roma", 44_000)], "104 km, 1 h 32 min, mostly A1 and Via Roma"),
        ([road("A1", 90_000), road("Via Roma", 14_000)], "104 km, 1 h 32 min, mostly A1"),
        ([road("unnamed road", 90_000), road("Via Roma", 14_000)], "104 km, 1 h 32 min"),
        (
            [road("Sole (A1)", 30_000), road("A1 / E35", 20_000), road("B", 54_000)],
            "104 km, 1 h 32 min, mostly B and A1",
        ),
        ([], "104 km, 1 h 32 min"),
    ],
)
def test_summary(roads: list[Road], text: str) -> None:
    assert summary(104_000, 5_520, roads) == text


@pytest.mark.parametrize(
    ("metres", "text"),
    [
        (0, "0 m"),
        (87.4, "87 m"),
        (352, "350 m"),
        (996, "1 km"),
        (3_449, "3.4 km"),
        (9_960, "10 km"),
        (103_600, "104 km"),
    ],
)
def test_distances_as_people_say_them(metres: float, text: str) -> None:
    assert distance_text(metres) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45, "45 s"), (59.7, "1 min"), (720, "12 min"), (3_599, "1 h"), (5_520, "1 h 32 min"), (90_000, "25 h")],
)
def test_times_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_road_goes_on_over_junctions_and_roundabouts() -> None:
    town = roundabout(one_way=True)
    town.edges = [(edge[0], edge[1], edge[2].replace("North", "South"), *edge[3:]) for edge in town.edges]
    graph = town.graph()
    order = list(town.nodes)
    path = []
    for a, b in pairwise("sSENn"):
        start = order.index(a)
        path.append(
            next(
                travelled(graph, edge)
                for edge in range(graph.first[start], graph.first[start + 1])
                if graph.target[edge] == order.index(b)
            )
        )
    found = stretches(graph, Path(tuple(path)))
    assert [stretch.name for stretch in found] == ["South Road"]
    assert found[0].distance_m == round(sum(edge.metres for edge in path))


@pytest.fixture(scope="session")
def real_graph(shared_data: File) -> Callable[[str], RoadGraph]:
    @cache
    def read(name: str) -> RoadGraph:
        file = shared_data / "streetzim" / f"{name}.zim"
        if not file.exists():
            pytest.skip(f"the shared data has no {name}")
        library = Library([classify(record) for record in discover([file])])
        return open_graph(library.archives()[0]).around([], 0)

    return read


def usable_in(graph: RoadGraph, mode: Mode) -> np.ndarray:
    assert graph.access is not None
    return (graph.access & CLASS_MASK) < 16 if mode == "drive" else np.ones(graph.edge_count, dtype=np.bool_)


def wander(graph: RoadGraph, usable: np.ndarray, start: int, choices: Sequence[int]) -> Path | None:
    """Return a walk that takes the given choices and turns back in dead ends only."""
    node, before = start % graph.node_count, -1
    path = []
    for choice in choices:
        edges = [edge for edge in range(graph.first[node], graph.first[node + 1]) if usable[edge]]
        onward = [edge for edge in edges if graph.target[edge] != before] or edges
        if not onward:
            break
        edge = onward[choice % len(onward)]
        path.append(travelled(graph, edge))
        node, before = int(graph.target[edge]), node
    return Path(tuple(path)) if path else None


@pytest.mark.parametrize("name", ["milan-v4-head", "malta-v4-head", "andorra-v4-head"])
@pytest.mark.parametrize("mode", ["drive", "walk"])
@given(data=st.data())
def test_any_walk_is_told_whole(
    real_graph: Callable[[str], RoadGraph], name: str, mode: Mode, data: st.DataObject
) -> None:
    graph = real_graph(name)
    usable = usable_in(graph, mode)
    start = data.draw(st.integers(0, graph.node_count - 1))
    path = wander(graph, usable, start, data.draw(st.lists(st.integers(0, 11), min_size=1, max_size=60)))
    if path is None:
        return
    told = steps(graph, path, usable=usable, mode=mode, destination_name="there")
    assert told[0].maneuver == "depart"
    assert told[-1].maneuver == "arrive"
    assert "depart" not in words(told[1:])
    assert all(step.instruction and step.distance_m >= 0 and step.duration_s >= 0 for step in told)
    assert sum(step.distance_m for step in told) == round(path.metres)
    assert sum(step.duration_s for step in told) == round(path.seconds)
    assert sum(road.distance_m for road in stretches(graph, path)) == round(path.metres)
    corners = {(round(lat, 6), round(lon, 6)) for lat, lon in path.polyline().tolist()}
    assert {(step.lat, step.lon) for step in told} <= corners
    assert len(told) <= len(path.edges) + 2


def test_following_roads_takes_far_fewer_steps_than_edges(real_graph: Callable[[str], RoadGraph]) -> None:
    graph = real_graph("milan-v4-head")
    usable = usable_in(graph, "drive")
    edges = told = 0
    for start in range(0, graph.node_count, graph.node_count // 200):
        path = straight_ahead(graph, usable, start)
        edges += len(path)
        told += len(steps(graph, Path(tuple(path)), usable=usable, mode="drive", destination_name="x")) if path else 0
    assert edges > 3_000
    assert told < edges / 3


def straight_ahead(graph: RoadGraph, usable: np.ndarray, node: int) -> list[PathEdge]:
    """Return a walk of up to 60 edges that prefers the name it is on and never comes back."""
    path: list[PathEdge] = []
    seen = {node}
    while len(path) < 60:
        edges = [edge for edge in range(graph.first[node], graph.first[node + 1]) if usable[edge]]
        edges = [edge for edge in edges if int(graph.target[edge]) not in seen]
        if not edges:
            break
        name = graph.name[path[-1].edge] if path else None
        edge = min(edges, key=lambda each: graph.name[each] != name)
        path.append(travelled(graph, edge))
        node = int(graph.target[edge])
        seen.add(node)
    return path
