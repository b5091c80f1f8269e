"""The roads that a route travels, under the names that people know them by.

The classes are those of streetzim-format §2.3.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from zimfo_server.atlas.graph.model import CLASS_MASK, ROUNDABOUT, RoadGraph
from zimfo_server.atlas.routing.labels import Label, label
from zimfo_server.atlas.routing.path import Path, PathEdge
from zimfo_server.atlas.routing.summary import UNNAMED_PREFIX
from zimfo_shared.routes import Road

MOTORWAY, TRUNK, SERVICE, TRACK, PATH, FOOTWAY, CYCLEWAY, PEDESTRIAN, STEPS = 1, 3, 14, 15, 16, 17, 18, 19, 20
LINKS: Final = frozenset({2, 4, 6, 8, 10})
_KINDS: Final = {
    **dict.fromkeys(LINKS, "ramp"),
    TRACK: "track",
    PATH: "path",
    FOOTWAY: "footpath",
    CYCLEWAY: "cycle path",
    PEDESTRIAN: "pedestrian street",
    STEPS: "steps",
}
# Layouts without classes: the speeds that only one kind of road has. 5 km/h is a way for people on foot of some kind.
_CLASS_OF_SPEED: Final = {100: MOTORWAY, 80: TRUNK, 5: FOOTWAY, 3: STEPS}

INTERRUPTION_M = 50.0  # a junction between two parts of a road is shorter, a road of its own seldom is
INTERRUPTION_LEGS = 50  # edges; no junction has so many, edges of no length in damaged data may
RING_INTERRUPTION_M = 150.0  # half way round a large roundabout


@dataclass(frozen=True)
class Leg:
    """One edge of a route with what a person sees of it. `label` may come from the road that it interrupts."""

    travelled: PathEdge
    node: int
    """The node that it leaves; where the route starts within the edge, the one behind the start."""
    label: Label
    road_class: int
    """Ordinal of streetzim-format §2.3; guessed from the speed in layouts without classes, 0 where that cannot tell."""
    roundabout: bool
    speed: int
    """km/h"""

    @property
    def metres(self) -> float:
        """Length in metres."""
        return self.travelled.metres

    @property
    def link(self) -> bool:
        """Whether it is a ramp or a slip road."""
        return self.road_class in LINKS

    @property
    def kind(self) -> str:
        """What an unnamed stretch of it is called: "road", "ramp", "footpath"."""
        return "roundabout" if self.roundabout else _KINDS.get(self.road_class, "road")


class Legs:
    """Reads edges of a graph as legs; every name is parsed once."""

    def __init__(self, graph: RoadGraph) -> None:
        self._graph = graph
        self._labels: dict[int, Label] = {}

    def label(self, edge: int) -> Label:
        """Return the label of an edge."""
        index = int(self._graph.name[edge])
        if index not in self._labels:
            self._labels[index] = label(self._graph.names.text(index))
        return self._labels[index]

    def road_class(self, edge: int) -> int:
        """Return the class ordinal of an edge, see `Leg.road_class`."""
        if self._graph.access is None:
            return _CLASS_OF_SPEED.get(int(self._graph.speed[edge]), 0)
        return int(self._graph.access[edge]) & CLASS_MASK

    def roundabout(self, edge: int) -> bool:
        """Return whether an edge is part of a roundabout; never in layouts without classes."""
        return self._graph.access is not None and bool(int(self._graph.access[edge]) & ROUNDABOUT)

    def of(self, path: Path) -> list[Leg]:
        """Return the legs of a route, in travelled order."""
        edges = np.array([travelled.edge for travelled in path.edges])
        sources = np.searchsorted(self._graph.first, edges, side="right") - 1
        return [
            Leg(
                travelled=travelled,
                node=int(self._graph.target[travelled.edge]) if travelled.backward else source,
                label=self.label(travelled.edge),
                road_class=self.road_class(travelled.edge),
                roundabout=self.roundabout(travelled.edge),
                speed=int(self._graph.speed[travelled.edge]),
            )
            for travelled, source in zip(path.edges, sources.tolist(), strict=True)
        ]


def bridged(legs: Sequence[Leg], *, rings: bool) -> list[Leg]:
    """Return the legs with short interruptions of a road labelled as that road; `rings`: roundabouts count as such."""
    result = list(legs)
    index = 0
    while index < len(legs):
        resumed = _resumed(legs, index, rings=rings)
        if resumed > index + 1:
            result[index + 1 : resumed] = [replace(leg, label=legs[index].label) for leg in legs[index + 1 : resumed]]
        index = resumed
    return result


def _resumed(legs: Sequence[Leg], index: int, *, rings: bool) -> int:
    """Return the leg after `index` that resumes its road after no more than a short interruption; else the next leg."""
    metres = 0.0
    limit = INTERRUPTION_M
    if not legs[index].label:
        return index + 1
    for later in range(index + 1, min(len(legs), index + INTERRUPTION_LEGS)):
        if legs[later].label.same(legs[index].label):
            return later
        if legs[later].roundabout:
            if not rings:
                break
            limit = RING_INTERRUPTION_M
        metres += legs[later].metres
        if metres > limit:
            break
    return index + 1


@dataclass
class _Stretch:
    """Consecutive legs of one road."""

    label: Label
    kind: str
    metres: float = 0.0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.spellings: Counter[str] = Counter()

    def continues(self, label: Label, kind: str) -> bool:
        """Return whether a road of this label and kind is the same one going on."""
        return label.names == self.label.names and (bool(label) or kind == self.kind)

    def add(self, label: Label, metres: float, seconds: float) -> None:
        """Count a piece to this stretch."""
        self.metres += metres
        self.seconds += seconds
        if label:
            self.spellings[label.text] += max(1, round(metres))

    @property
    def name(self) -> str:
        return (
            max(self.spellings, key=lambda text: self.spellings[text]) if self.spellings else UNNAMED_PREFIX + self.kind
        )


def stretches(graph: RoadGraph, path: Path) -> list[Road]:
    """Return the roads of a route in travelled order; lengths and times add up to the route's, but for rounding.

    Consecutive edges of one name are one stretch, also over a junction or a roundabout on its way. Unnamed roads are
    told apart by kind ("unnamed ramp"). A stretch no longer than a junction that has no name, or only the number of the
    road before it, counts to that road.
    """
    found: list[_Stretch] = []
    for leg in bridged(Legs(graph).of(path), rings=True):
        if not (found and found[-1].continues(leg.label, leg.kind)):
            found.append(_Stretch(leg.label, leg.kind))
        found[-1].add(leg.label, leg.metres, leg.travelled.seconds)
    return _rounded(_without_crumbs(found), path)


def _without_crumbs(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    kept: list[_Stretch] = []
    for stretch in stretches:
        limit = RING_INTERRUPTION_M if stretch.kind == "roundabout" else INTERRUPTION_M
        crumb = stretch.metres <= limit and (not stretch.label or (kept and stretch.label.same(kept[-1].label)))
        if kept and (crumb or kept[-1].continues(stretch.label, stretch.kind)):
            kept[-1].add(stretch.label, stretch.metres, stretch.seconds)
        else:
            kept.append(stretch)
    return kept


def _rounded(stretches: Sequence[_Stretch], path: Path) -> list[Road]:
    """Return contract rows. Sums are rounded, not rows, so that the rows add up to the rounded total."""
    result: list[Road] = []
    metres = seconds = 0.0
    for stretch in stretches:
        ends = metres + stretch.metres, seconds + stretch.seconds
        if stretch is stretches[-1]:
            ends = path.metres, path.seconds  # the same but for the last bits, which can turn the rounding
        result.append(
            Road(
                name=stretch.name,
                distance_m=round(ends[0]) - round(metres),
                duration_s=round(ends[1]) - round(seconds),
            )
        )
        metres, seconds = ends
    return result
