"""What a traveller has to do at a junction: judged from bearings, names and classes of all ways out of it.

Turns are degrees clockwise from straight on: negative is left, positive is right, -180 to 180.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.geo import east_of
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.routing.labels import Label
from zimfo_server.atlas.routing.roads import (
    CYCLEWAY,
    FOOTWAY,
    LINKS,
    MOTORWAY,
    PATH,
    PEDESTRIAN,
    SERVICE,
    STEPS,
    TRACK,
    TRUNK,
    Leg,
    Legs,
)
from zimfo_shared.routes import Mode

LOOK_M = 25.0  # bearings are taken over this length: beyond the kerbs of a junction, before the next bend
SHORT_M = 8.0  # a shorter edge is part of the junction, its bearing says nothing: the next edge is looked along too
MAX_WAYS = 64  # out of one junction; real ones have up to 12, damaged data may have millions
METRES_PER_DEGREE = 111_195.0  # of latitude, on the sphere of geo.py

STRAIGHT, SLIGHT, TURN, SHARP = 25.0, 50.0, 125.0, 170.0  # upper ends of the words, degrees
CLEAR = 30.0  # degrees: a way out that bends so much more than another is not mistaken for it
FORK = 60.0  # degrees: both ways of a fork lead on within it

_MINOR = frozenset({SERVICE, TRACK, PATH, FOOTWAY, CYCLEWAY, PEDESTRIAN, STEPS})
FAST = frozenset({MOTORWAY, TRUNK})


@dataclass(frozen=True)
class Way:
    """A way out of a junction. Its turn is measured when it is asked for: most ways prove to be minor without."""

    label: Label
    road_class: int
    speed: int
    measure: Callable[[], float]

    @cached_property
    def turn(self) -> float:
        """Degrees clockwise from straight on."""
        return self.measure()

    def minor_to(self, other: "Way", mode: Mode) -> bool:
        """Return whether nobody who follows `other` takes this way by mistake: a drive or an exit beside a road."""
        if any(self.road_class in group and other.road_class not in group for group in (_MINOR, LINKS)):
            return True
        return mode == "drive" and 2 * self.speed <= other.speed


def turn_between(before: float, after: float) -> float:
    """Return the turn from one bearing to another, both in degrees clockwise from north."""
    return (after - before + 180) % 360 - 180


def turn_word(turn: float) -> str:
    """Return the machine word of a turn: "straight", "slight-left", "turn-right", "sharp-left", "uturn"."""
    side = "left" if turn < 0 else "right"
    size = abs(turn)
    if size < STRAIGHT:
        return "straight"
    if size < SLIGHT:
        return f"slight-{side}"
    if size <= TURN:
        return f"turn-{side}"
    return f"sharp-{side}" if size <= SHARP else "uturn"


def bearing_along(lines: Sequence[npt.NDArray[np.float64]]) -> float | None:
    """Return the bearing from the first point to the point 25 m along the lines, which continue one another.

    Lines after the first are looked at while what precedes them is shorter than 8 m. None for lines without length.
    """
    walked = 0.0
    start = at = (float(lines[0][0, 0]), float(lines[0][0, 1]))
    scale = math.cos(math.radians(start[0]))
    for line in lines:
        if walked >= SHORT_M:
            break
        for lat, lon in line.tolist():
            turned = east_of(at[1], lon)
            north, east = lat - at[0], turned * scale
            metres = math.hypot(north, east) * METRES_PER_DEGREE
            if walked + metres >= LOOK_M:
                share = (LOOK_M - walked) / metres
                at = (at[0] + north * share, at[1] + turned * share)
                return _bearing(start, at, scale)
            walked += metres
            at = (lat, lon)
    return _bearing(start, at, scale) if walked > 0 else None


def _bearing(start: tuple[float, float], end: tuple[float, float], scale: float) -> float:
    return math.degrees(math.atan2((end[1] - start[1]) * scale, end[0] - start[0])) % 360


class Junctions:
    """The junctions of a route.

    `usable` (E,) tells which edges of the graph the mode may use.
    """

    def __init__(self, graph: RoadGraph, legs: Sequence[Leg], reader: Legs, usable: npt.NDArray[np.bool_]) -> None:
        self._graph = graph
        self._legs = legs
        self._reader = reader
        self._usable = usable
        self._headings: dict[int, float | None] = {}

    def leaving(self, node: int) -> list[int]:
        """Return the usable edges that leave a node, at most 64."""
        first, last = int(self._graph.first[node]), int(self._graph.first[node + 1])
        return [edge for edge in range(first, min(last, first + MAX_WAYS)) if self._usable[edge]]

    def heading_out(self, index: int) -> float | None:
        """Return the bearing in which leg `index` sets out; None where the rest of the route has no length."""
        return bearing_along([leg.travelled.points for leg in self._legs[index : index + 3]])

    def heading_in(self, index: int) -> float | None:
        """Return the bearing in which leg `index` ends."""
        if index in self._headings:
            return self._headings[index]
        before = self._legs[max(0, index - 2) : index + 1]
        back = bearing_along([leg.travelled.points[::-1] for leg in reversed(before)])
        self._headings[index] = None if back is None else (back + 180) % 360
        return self._headings[index]

    def turn(self, before: int, after: int) -> float:
        """Return the turn from the end of one leg to the start of another; 0 where one of them has no length."""
        heading, onward = self.heading_in(before), self.heading_out(after)
        return 0.0 if heading is None or onward is None else turn_between(heading, onward)

    def reverses(self, index: int) -> bool:
        """Return whether leg `index` goes back along the leg before it."""
        return self._twins(self._legs[index].travelled.edge, index)

    def others(self, index: int) -> list[Way]:
        """Return the other ways out of the junction where leg `index` begins, but for the way back."""
        taken = self._legs[index].travelled.edge
        edges = [
            edge for edge in self.leaving(self._legs[index].node) if edge != taken and not self._twins(edge, index)
        ]
        heading = self.heading_in(index - 1) if edges else None
        if heading is None:
            return []
        return [self._way(edge, heading) for edge in edges]

    def taken(self, index: int, turn: float) -> Way:
        """Return the way that the route takes into leg `index`."""
        leg = self._legs[index]
        return Way(leg.label, leg.road_class, leg.speed, lambda: turn)

    def _twins(self, edge: int, index: int) -> bool:
        """Return whether `edge`, which leaves the start of leg `index`, is the leg before it in the other direction."""
        before = self._legs[index - 1]
        graph, there = self._graph, before.travelled.edge
        return (
            int(graph.target[edge]) == before.node
            and not before.travelled.backward
            and graph.decimetres[edge] == graph.decimetres[there]
        ) or (before.travelled.backward and edge == there)

    def _way(self, edge: int, heading: float) -> Way:
        def turn() -> float:
            onward = bearing_along([self._graph.line(edge)])
            return 0.0 if onward is None else turn_between(heading, onward)

        return Way(self._reader.label(edge), self._reader.road_class(edge), int(self._graph.speed[edge]), turn)


def decide(before: Leg, taken: Way, others: Sequence[Way], mode: Mode) -> str | None:
    """Return the machine word of what to do at a junction, None where the traveller simply goes on.

    `others` are all other ways out. A new name alone is none of this function's business.
    """
    rivals = [way for way in others if not way.minor_to(taken, mode)]
    if not _doubtful(before, taken, rivals):
        return None
    fork = [way for way in rivals if abs(way.turn) < FORK] if abs(taken.turn) < FORK else []
    if not fork:
        return turn_word(taken.turn)
    bends_off = abs(taken.turn) >= STRAIGHT and any(abs(way.turn) < STRAIGHT / 2 for way in fork)
    if bends_off and not before.link and before.road_class not in FAST:
        return turn_word(taken.turn)
    if all(taken.turn < way.turn for way in fork):
        return "keep-left"
    if all(taken.turn > way.turn for way in fork):
        return "keep-right"
    return "straight"


def _doubtful(before: Leg, taken: Way, rivals: Sequence[Way]) -> bool:
    """Return whether a traveller who is told nothing might take one of the rivals."""
    size = abs(taken.turn)
    if before.label.same(taken.label) and size < SLIGHT:
        split = any(way.label.same(before.label) and abs(way.turn) < FORK for way in rivals)
        return split or (size > STRAIGHT and any(abs(way.turn) < size - STRAIGHT for way in rivals))
    straighter = any(abs(way.turn) < size + (CLEAR if size >= STRAIGHT else 0) for way in rivals)
    if before.label.same(taken.label):
        return straighter
    if any(way.label.same(before.label) for way in rivals):
        return True
    return straighter or any(abs(way.turn - taken.turn) < FORK and abs(way.turn) < size + CLEAR for way in rivals)
