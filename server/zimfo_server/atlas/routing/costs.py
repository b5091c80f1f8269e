"""What travelling an edge costs in each mode, in seconds; infinite where the mode cannot use it.

Road classes are the ordinals of streetzim-format.md 2.3. Layouts without classes have the speed of the class, which
tells the ways of motorways and of pedestrians from the rest.
"""

from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.model import BICYCLE_NO, CLASS_MASK, FOOT_NO, RoadGraph
from zimfo_server.atlas.routing.compiled import kernel

TravelMode = Literal["drive", "walk", "bicycle", "viewer"]
"""`viewer` is the rule of the viewer in the archives (streetzim-format.md 4.2), for comparison: cars on any edge."""

Singles = npt.NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)
Edges = slice | npt.NDArray[np.int64]
ALL = slice(None)

WALK_KMH = 5.0
STEPS_KMH = 3.0  # on foot, with or without a bicycle to carry
BICYCLE_KMH = 16.0  # a person who rides to get somewhere, stops at junctions included
_RIDDEN_KMH = {15: 12.0, 16: 10.0, 18: 18.0}  # tracks and paths are rough, on a cycleway nothing is in the way
_PUSHED = (17, 19)  # footways and pedestrian streets: riding is forbidden on most, pushing never is

MOTORWAY, MOTORWAY_LINK, PATH, STEPS = 1, 2, 16, 20
CLASSES = CLASS_MASK + 1
MOTORWAY_KMH = 100  # without classes: motorways have this speed and nothing else does
FOOT_KMH = 5  # without classes: paths, footways and pedestrian streets have this speed, steps a lower one


def lengths(graph: RoadGraph, mode: TravelMode) -> Singles:
    """Return the length of every edge in metres (E,).

    The file rounds to 0.1 m, which can make an edge shorter than the straight line between its nodes. But for `viewer`
    the straight line counts then, so that no edge is quicker than the straight line at the best speed of the mode.
    """
    if mode == "viewer":
        return graph.decimetres.astype(np.float32) / np.float32(10)
    arrays = (graph.first, graph.target, graph.decimetres, graph.lat, graph.lon)
    found: Singles = kernel().lengths(*map(plain, arrays))
    return found


def speeds(graph: RoadGraph, mode: TravelMode, edges: Edges = ALL) -> Singles:
    """Return the speed along each of `edges` in km/h; 0 where the mode cannot use it."""
    kmh = graph.speed[edges]
    access = None if graph.access is None else graph.access[edges]
    if mode == "viewer":
        return kmh.astype(np.float32)
    if mode == "drive":
        return _driven(kmh, access)
    if access is None:
        return _by_speed(kmh, mode)
    road_class = access & CLASS_MASK
    table = np.full(CLASSES, WALK_KMH if mode == "walk" else BICYCLE_KMH, np.float32)
    if mode == "bicycle":
        table[list(_RIDDEN_KMH)] = list(_RIDDEN_KMH.values())
        table[list(_PUSHED)] = WALK_KMH
    table[STEPS] = STEPS_KMH
    # Trunk roads stay: in the mountains they are the only road, and where they are closed to bicycles a bit says so.
    table[[MOTORWAY, MOTORWAY_LINK]] = 0
    forbidden = FOOT_NO if mode == "walk" else BICYCLE_NO
    result: Singles = np.where(access & forbidden, np.float32(0), table[road_class])
    return result


def backward_speeds(graph: RoadGraph, mode: TravelMode, edges: Edges = ALL) -> Singles | None:
    """Return the speed against the direction of each of `edges` in km/h, 0 where that is not allowed; None: nowhere.

    One-way streets bind nobody on foot. A bicycle is pushed against the traffic wherever its rider may walk: a street
    of 50 m is then worth it, and where riding round the block is quicker the route does so.
    """
    if mode == "walk":
        return speeds(graph, mode, edges)
    if mode == "bicycle":
        return np.where(speeds(graph, mode, edges) > 0, speeds(graph, "walk", edges), np.float32(0))
    return None


def seconds(metres: Singles, kmh: Singles) -> Singles:
    """Return the travel times of edges, infinite where the speed is 0."""
    times = np.full(len(metres), np.inf, np.float32)
    np.divide(metres, kmh / np.float32(3.6), out=times, where=kmh > 0)
    return times


def plain(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return an array as the kernels need it: contiguous, aligned and writable; a copy only where it is not."""
    return np.require(array, requirements=("C", "A", "W"))


def _driven(kmh: npt.NDArray[np.uint8], access: npt.NDArray[np.uint16] | None) -> Singles:
    """Return the speeds of the file without those of ways that are closed to cars (all of which are slow)."""
    if access is None:
        closed = kmh <= FOOT_KMH
    else:
        road_class = access & CLASS_MASK
        closed = (road_class >= PATH) & (road_class <= STEPS)
    return np.where(closed, np.uint8(0), kmh).astype(np.float32)


def _by_speed(kmh: npt.NDArray[np.uint8], mode: TravelMode) -> Singles:
    """Return speeds in a layout without classes, where the speed for cars gives the class away."""
    table = np.full(256, WALK_KMH if mode == "walk" else BICYCLE_KMH, np.float32)
    if mode == "bicycle":
        table[FOOT_KMH] = WALK_KMH
    table[:FOOT_KMH] = STEPS_KMH
    table[0] = table[MOTORWAY_KMH:] = 0
    return table[kmh]
