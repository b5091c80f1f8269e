"""Directions: a route as the steps that a traveller needs to be told.

A walk along the legs of the route asks at every junction what is to be done (manoeuvres.py); roundabouts, ramps and
slip roads take several legs at once. Left and right come from geometry alone, so they hold on either side of the road.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.geo import bearing, wind
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.routing.labels import UNNAMED, Label, clean
from zimfo_server.atlas.routing.manoeuvres import (
    FAST,
    FORK,
    SHARP,
    SLIGHT,
    STRAIGHT,
    TURN,
    Junctions,
    bearing_along,
    decide,
    turn_between,
    turn_word,
)
from zimfo_server.atlas.routing.path import Path
from zimfo_server.atlas.routing.rings import Rings
from zimfo_server.atlas.routing.roads import MOTORWAY, STEPS, Leg, Legs, bridged
from zimfo_shared.routes import Mode, Step
from zimfo_shared.sphere import haversine_m

BORROW_M = 100.0  # an unnamed piece up to this long is announced by the name of the road that it leads to
SLIP_M = 150.0  # a longer link is a road of its own, with an instruction at either end
RAMP_LEGS = 100  # edges looked ahead for the road that a ramp leads to; a large interchange has about 30
BRIEF_M = 50.0  # a road travelled for less is no help to name: the next instruction follows at once
JOINT_M = 12.0  # two turns so close are one turn of a junction that is mapped with two nodes
CARRIAGEWAYS_M = 30.0  # between the two halves of a dual carriageway
BESIDE_M = 8.0  # a destination nearer to the line than the width of a road lies on neither side of it
ASIDE_M = 200.0  # and one so far off is not beside the road

_TURNS = ("slight-", "turn-", "sharp-")
_TEXTS = {
    "continue": "Continue",
    "straight": "Continue straight",
    "uturn": "Make a U-turn",
    "keep-left": "Keep left",
    "keep-right": "Keep right",
    "merge": "Merge",
    "take-ramp": "Take the ramp",
    "take-exit": "Take the exit",
    "exit-roundabout": "Leave the roundabout",
    "steps": "Take the steps",
    **{f"slight-{side}": f"Turn slightly {side}" for side in ("left", "right")},
    **{f"turn-{side}": f"Turn {side}" for side in ("left", "right")},
    **{f"sharp-{side}": f"Turn sharply {side}" for side in ("left", "right")},
}


@dataclass
class _Manoeuvre:
    """What is to be done at the start of leg `at`; the road is that on which the traveller then is."""

    at: int
    word: str
    road: Label
    turn: float = 0.0
    exit: int = 0
    kind: str = "road"
    stays: bool = False


def steps(
    graph: RoadGraph,
    path: Path,
    *,
    usable: npt.NDArray[np.bool_],
    mode: Mode,
    destination_name: str,
    origin_name: str = "",
    destination: tuple[float, float] | None = None,
) -> list[Step]:
    """Return the instructions for a route; the first departs, the last arrives.

    `usable` (E,) tells which edges the mode may use: the ways that a traveller could take by mistake, and the exits of
    a roundabout. `destination` is (lat, lon) in degrees of the place itself, which may lie beside the road. Distances
    and durations of the steps add up to those of the path, rounded to whole metres and seconds.
    """
    reader = Legs(graph)
    legs = bridged(reader.of(path), rings=False)
    junctions = Junctions(graph, legs, reader, usable)
    manoeuvres = _Walk(legs, junctions, Rings(graph, junctions.leaving), mode).manoeuvres()
    return _written(path, legs, _joined(legs, manoeuvres), destination_name, origin_name, destination)


class _Walk:
    """Goes along the legs once and notes the manoeuvres."""

    def __init__(self, legs: Sequence[Leg], junctions: Junctions, rings: Rings, mode: Mode) -> None:
        self._legs = legs
        self._junctions = junctions
        self._rings = rings
        self._mode = mode
        self._noted = [_Manoeuvre(0, "depart", legs[0].label, kind=legs[0].kind)]
        self._since = 0.0  # metres since the last manoeuvre

    def manoeuvres(self) -> list[_Manoeuvre]:
        """Return all manoeuvres but the arrival."""
        legs = self._legs
        if legs[0].roundabout:
            index = self._pass_ring(0)
        else:
            self._since = legs[0].metres
            index = 1
        while index < len(legs):
            if legs[index].roundabout:
                index = self._pass_ring(index)
            elif legs[index].link and not legs[index - 1].link:
                index = self._leave_by_link(index)
            else:
                self._junction(index)
                index = self._on(index, index + 1)
        return self._noted

    def _on(self, start: int, end: int) -> int:
        self._since += sum(leg.metres for leg in self._legs[start:end])
        return end

    def _note(self, manoeuvre: _Manoeuvre) -> None:
        self._noted.append(manoeuvre)
        self._since = 0.0

    def _pass_ring(self, start: int) -> int:
        """Note a roundabout entered at `start`, where the route may also begin; return the next leg to look at."""
        legs = self._legs
        end = next((index for index in range(start, len(legs)) if not legs[index].roundabout), len(legs))
        if end == len(legs):
            if start:
                self._note(_Manoeuvre(start, "roundabout", legs[start].label))
            return self._on(start, end)
        road = self._road_ahead(end)
        if start:
            number = self._rings.exit_number(legs[start:end], legs[end].node, with_traffic=self._mode != "walk")
            self._note(_Manoeuvre(start, "roundabout", road, exit=number))
        else:
            self._on(start, end)
            self._note(_Manoeuvre(end, "exit-roundabout", road))
        return self._on(start if start else end, end + 1)

    def _leave_by_link(self, start: int) -> int:
        """Note a ramp, an exit or a slip road that begins at `start`; return the next leg to look at."""
        legs = self._legs
        end = next((index for index in range(start, len(legs)) if not legs[index].link), len(legs))
        metres = sum(leg.metres for leg in legs[start:end])
        before, after = legs[start - 1], legs[min(end, len(legs) - 1)]
        others = self._junctions.others(start)
        turn = self._junctions.turn(start - 1, start)
        fast = any(
            leg.road_class == MOTORWAY or (leg.road_class in FAST and metres > SLIP_M) for leg in (before, after)
        )
        if fast and self._mode != "walk":
            word = "take-exit" if before.road_class in FAST else "take-ramp"
            self._note(_Manoeuvre(start, word, self._road_ahead(start), turn))
            return self._on(start, start + 1)
        alone = metres > SLIP_M or end == len(legs) or after.roundabout
        if alone or (abs(self._junctions.turn(end - 1, end)) >= SLIGHT and self._junctions.others(end)):
            self._junction(start)
            return self._on(start, start + 1)
        # A slip road belongs to its junction: one instruction, for the turn that junction and slip road make together.
        total = self._junctions.turn(start - 1, end)
        word = turn_word(total)
        if word == "straight" and others and not after.label.same(before.label):
            ahead = [way.turn for way in others if abs(way.turn) < FORK]
            if ahead:
                word = "keep-left" if turn < min(ahead) else "keep-right" if turn > max(ahead) else "straight"
        if word != "straight" or not after.label.same(before.label):
            if others:
                self._note(_Manoeuvre(start, word, after.label, total, kind=after.kind))
            else:
                self._rename(start, after, total)
        return self._on(start, end + 1)

    def _junction(self, index: int) -> None:
        """Note what is to be done where leg `index` begins, if anything."""
        legs = self._legs
        before, after = legs[index - 1], legs[index]
        if self._junctions.reverses(index):
            self._note(_Manoeuvre(index, "uturn", after.label, 180.0, kind=after.kind))
            return
        if after.road_class == STEPS and before.road_class != STEPS and self._mode != "drive":
            if not self._between_flights(index):
                self._note(_Manoeuvre(index, "steps", after.label, kind=after.kind))
            return
        others = self._junctions.others(index)
        last = self._noted[-1]
        crossing = last.stays and self._since <= CARRIAGEWAYS_M
        if not others and after.label.same(before.label) and not crossing:
            return
        turn = self._junctions.turn(index - 1, index)
        if crossing and last.turn * turn > 0 and abs(last.turn + turn) > TURN and after.label.same(last.road):
            # From one half of a dual carriageway over to the other, which may leave no choice of its own.
            last.word, last.stays = "uturn", False
            return
        ramp = before.link or not before.road_class  # layouts without classes do not tell ramps apart
        if ramp and self._mode != "walk" and after.road_class in FAST and abs(turn) < FORK and not others:
            self._note(_Manoeuvre(index, "merge", self._road_ahead(index), turn))
            return
        word = decide(before, self._junctions.taken(index, turn), others, self._mode)
        if word == "uturn" and not after.label.same(before.label):
            word = "sharp-left" if turn < 0 else "sharp-right"  # a hairpin into another road
        if word:
            road = self._road_ahead(index) if after.link else after.label
            stays = before.label.same(after.label)
            self._note(_Manoeuvre(index, word, road, turn, kind=after.kind, stays=stays))
        else:
            self._rename(index, after, turn)

    def _rename(self, index: int, after: Leg, turn: float) -> None:
        """Note the name of leg `index` where it is new: in the last manoeuvre if that had none to give and is near."""
        last = self._noted[-1]
        if not after.label or after.label.same(last.road):
            return
        if not last.road and self._since <= BORROW_M:
            last.road = after.label
        else:
            self._note(_Manoeuvre(index, turn_word(turn) if abs(turn) >= SLIGHT else "continue", after.label, turn))

    def _road_ahead(self, index: int) -> Label:
        """Return the label of leg `index`, or, where ramps and short unnamed pieces begin, of the road they lead to."""
        unnamed = 0.0
        for leg in self._legs[index : index + RAMP_LEGS]:
            if leg.label and not leg.roundabout:
                return leg.label
            if not (leg.link or leg.roundabout):
                unnamed += leg.metres
                if unnamed > BORROW_M:
                    break
        return UNNAMED

    def _between_flights(self, index: int) -> bool:
        """Return whether leg `index` goes on with the steps that the last instruction told of, after a landing."""
        metres = 0.0
        for leg in reversed(self._legs[self._noted[-1].at : index]):
            if leg.road_class == STEPS:
                return self._noted[-1].word == "steps"
            metres += leg.metres
            if metres > BRIEF_M:
                break
        return False


def _joined(legs: Sequence[Leg], manoeuvres: Sequence[_Manoeuvre]) -> list[_Manoeuvre]:
    """Return the manoeuvres without those that the next one makes pointless, and with double turns as one."""
    result = [manoeuvres[0]]
    for this in manoeuvres[1:]:
        last = result[-1]
        between = sum(leg.metres for leg in legs[last.at : this.at])
        if last.word == "continue" and between < BRIEF_M:
            this.stays = False  # nobody was told to be on that road
            result[-1] = this
        elif not _join(last, this, between, legs[last.at - 1].label):
            result.append(this)
    return result


def _join(last: _Manoeuvre, this: _Manoeuvre, between: float, before: Label) -> bool:
    """Make two manoeuvres on the way from road `before`, some metres apart, one if they are; return whether."""
    if between > JOINT_M:
        return False
    total = last.turn + this.turn
    if last.word.startswith(_TURNS) and this.word.startswith(_TURNS):
        last.word = turn_word(max(-SHARP, min(SHARP, total)))
    elif not (this.word.startswith("keep-") and last.word.endswith(this.word.removeprefix("keep"))):
        return False
    last.road, last.turn, last.kind = this.road, total, this.kind
    last.stays = before.same(this.road)
    return True


def _written(
    path: Path,
    legs: Sequence[Leg],
    manoeuvres: Sequence[_Manoeuvre],
    destination_name: str,
    origin_name: str,
    destination: tuple[float, float] | None,
) -> list[Step]:
    """Return contract steps. Sums are rounded, not steps, so that the steps add up to the rounded total."""
    result: list[Step] = []
    metres = seconds = 0.0
    ends = [manoeuvre.at for manoeuvre in manoeuvres[1:]] + [len(legs)]
    for manoeuvre, end in zip(manoeuvres, ends, strict=True):
        part = legs[manoeuvre.at : end]
        reached = metres + sum(leg.metres for leg in part), seconds + sum(leg.travelled.seconds for leg in part)
        if end == len(legs):
            reached = path.metres, path.seconds  # the same but for the last bits, which can turn the rounding
        lat, lon = part[0].travelled.points[0].tolist()
        text = _departure(legs, manoeuvre.road, origin_name) if manoeuvre.word == "depart" else _text(manoeuvre)
        result.append(
            Step(
                instruction=text,
                maneuver=manoeuvre.word,
                road=manoeuvre.road.text,
                distance_m=round(reached[0]) - round(metres),
                duration_s=round(reached[1]) - round(seconds),
                lat=round(lat, 6),
                lon=round(lon, 6),
            )
        )
        metres, seconds = reached
    lat, lon = legs[-1].travelled.points[-1].tolist()
    arrival = f"Arrive at {clean(destination_name) or 'your destination'}{_side(legs, destination)}"
    road = result[-1].road
    result.append(
        Step(
            instruction=arrival,
            maneuver="arrive",
            road=road,
            distance_m=0,
            duration_s=0,
            lat=round(lat, 6),
            lon=round(lon, 6),
        )
    )
    return result


def _departure(legs: Sequence[Leg], road: Label, origin_name: str) -> str:
    heading = bearing_along([leg.travelled.points for leg in legs[:3]])
    words = [f"From {clean(origin_name)}," if origin_name else "", "head" if origin_name else "Head"]
    if heading is None:
        words[1] = "start" if origin_name else "Start"
    else:
        words.append(wind(heading))
    words.append(f"on {road.spoken}" if road else "")
    return " ".join(filter(None, words))


def _text(manoeuvre: _Manoeuvre) -> str:
    road = manoeuvre.road.spoken
    if manoeuvre.word == "roundabout":
        text = f"At the roundabout, take exit {manoeuvre.exit}" if manoeuvre.exit else "Enter the roundabout"
        return f"{text} onto {road}" if road and manoeuvre.exit else text
    text = _TEXTS[manoeuvre.word]
    if road and manoeuvre.word in ("uturn", "steps"):
        return f"{text} on {road}"
    if road:
        return f"{text} to stay on {road}" if manoeuvre.stays else f"{text} onto {road}"
    if manoeuvre.kind in ("road", "ramp", "steps", "roundabout") or manoeuvre.word in ("take-ramp", "take-exit"):
        return text
    return f"{text} onto the {manoeuvre.kind}"


def _side(legs: Sequence[Leg], destination: tuple[float, float] | None) -> str:
    """Return ", on the left" or ", on the right" for a destination beside the end of the route, else nothing."""
    if destination is None:
        return ""
    heading = bearing_along([leg.travelled.points[::-1] for leg in reversed(legs[-3:])])
    lat, lon = legs[-1].travelled.points[-1].tolist()
    if heading is None or not BESIDE_M <= haversine_m(lat, lon, *destination) <= ASIDE_M:
        return ""
    turn = turn_between(heading + 180, bearing(lat, lon, *destination))
    if not STRAIGHT <= abs(turn) <= 180 - STRAIGHT:
        return ""
    return ", on the left" if turn < 0 else ", on the right"
