"""Loops over whole road graphs, compiled by numba. Import it through `compiled.kernel()` only.

All arrays are contiguous and writable, in the types of the signatures; coordinates are degrees times 10^7, other angles
degrees, lengths metres, times seconds. The edges of node i are `first[i]` to `first[i + 1] - 1`; an edge with infinite
seconds cannot be used. Sizes and indices are checked by whoever reads the archive.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from zimfo_shared.sphere import EARTH_RADIUS_M

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound=np.generic)
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Integer = int | np.int64

RADIANS = math.pi / 180
E7_RADIANS = RADIANS * 1e-7
E7_METRES = E7_RADIANS * EARTH_RADIUS_M  # of latitude
E7_TURN = 3_600_000_000

DONE, STOPPED, CAPPED = 0, 1, 2
NEW, OPEN, SETTLED = 0, 1, 2

_STOP_EVERY = 4096  # settled nodes between two looks at the stop flag: a few milliseconds
_HEAP_START = 1024
_TWIN_SCAN = 64  # edges of a junction looked through; real ones have ten, and a hostile one must not cost its square
_STRETCH = 1.01  # how far a plane can differ from the sphere within the reach of a snap, plus the rounding of lengths
_ROUNDING_M = 1.0


def _compiled(signature: str) -> Callable[[F], F]:
    return cast(Callable[[F], F], numba.njit(signature, nogil=True, cache=True))


def _helper(function: F) -> F:
    return cast(F, numba.njit(nogil=True, cache=True)(function))


@_helper
def _grown(array: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return an array of twice the length that begins with `array`."""
    longer = np.empty(2 * len(array), array.dtype)
    for index in range(len(array)):
        longer[index] = array[index]
    return longer


@_helper
def _arc_m(lat: Ints, lon: Ints, node: Integer, phi: float, lam: float) -> float:
    """Return the great-circle distance of a node from a position in radians, as `geo.haversine_m` does."""
    own = lat[node] * E7_RADIANS
    half_lat = math.sin((own - phi) / 2)
    half_lon = math.sin((lon[node] * E7_RADIANS - lam) / 2)
    chord = half_lat * half_lat + math.cos(own) * math.cos(phi) * half_lon * half_lon
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


@_compiled("(uint32[::1], uint32[::1], uint32[::1], int32[::1], int32[::1])")
def lengths(first: Words, target: Words, decimetres: Words, lat: Ints, lon: Ints) -> Singles:
    """Return the length of every edge: as stored, but never less than the straight line between its nodes."""
    metres = np.empty(len(target), np.float32)
    for node in range(len(lat)):
        phi, lam = lat[node] * E7_RADIANS, lon[node] * E7_RADIANS
        for edge in range(np.int64(first[node]), np.int64(first[node + 1])):
            metres[edge] = max(decimetres[edge] / 10.0, _arc_m(lat, lon, np.int64(target[edge]), phi, lam))
    return metres


@_compiled("(int64[::1], int64[::1], uint32[::1], uint32[::1], int32[::1], int32[::1])")
def lengths_of(edges: Longs, sources: Longs, target: Words, decimetres: Words, lat: Ints, lon: Ints) -> Floats:
    """Return the lengths of some edges, as `lengths` does, in double precision."""
    metres = np.empty(len(edges), np.float64)
    for index in range(len(edges)):
        edge, node = edges[index], sources[index]
        phi, lam = lat[node] * E7_RADIANS, lon[node] * E7_RADIANS
        metres[index] = max(decimetres[edge] / 10.0, _arc_m(lat, lon, np.int64(target[edge]), phi, lam))
    return metres


@_helper
def _needs_reversal(
    edge: Integer, node: Integer, first: Words, target: Words, seconds: Singles, backward: Singles
) -> bool:
    """Return whether no edge in the opposite direction is as quick as travelling this edge backward."""
    if not backward[edge] < math.inf:
        return False
    start = np.int64(first[target[edge]])
    end = min(np.int64(first[target[edge] + 1]), start + _TWIN_SCAN)
    for other in range(start, end):
        if np.int64(target[other]) == node and seconds[other] <= backward[edge]:
            return False
    return True


@_compiled("(uint32[::1], uint32[::1], float32[::1], float32[::1])")
def reversals(first: Words, target: Words, seconds: Singles, backward: Singles) -> tuple[Words, Words, Words]:
    """Return the edges to add for travelling backward, ordered by the node that they then leave.

    `backward` (E,) is the time of each edge against its direction. The result: offsets (N + 1), the node where each
    leads, and the edge that each reverses. Where a real edge is as quick, none is added.
    """
    nodes = len(first) - 1
    offsets = np.zeros(nodes + 1, np.uint32)
    for node in range(nodes):
        for edge in range(np.int64(first[node]), np.int64(first[node + 1])):
            if _needs_reversal(edge, node, first, target, seconds, backward):
                offsets[target[edge] + 1] += 1
    for node in range(nodes):
        offsets[node + 1] += offsets[node]
    count = np.int64(offsets[nodes])
    leads, reverses = np.empty(count, np.uint32), np.empty(count, np.uint32)
    free = offsets.copy()
    for node in range(nodes):
        for edge in range(np.int64(first[node]), np.int64(first[node + 1])):
            if _needs_reversal(edge, node, first, target, seconds, backward):
                slot = np.int64(free[target[edge]])
                free[target[edge]] += 1
                leads[slot], reverses[slot] = node, edge
    return offsets, leads, reverses


@_helper
def _root(parent: Ints, node: Integer) -> Integer:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = np.int64(parent[node])
    return node


@_compiled("(uint32[::1], uint32[::1], float32[::1])")
def components(first: Words, target: Words, seconds: Singles) -> Ints:
    """Return a number per node (N,) that two nodes share when usable edges link them, whatever their direction."""
    parent = np.empty(len(first) - 1, np.int32)
    for node in range(len(parent)):
        parent[node] = node
    for node in range(len(parent)):
        for edge in range(np.int64(first[node]), np.int64(first[node + 1])):
            if seconds[edge] < math.inf:
                a, b = _root(parent, node), _root(parent, np.int64(target[edge]))
                # The lower number stays the root, so that the result does not depend on the order of edges.
                parent[max(a, b)] = min(a, b)
    for node in range(len(parent)):
        parent[node] = _root(parent, node)
    return parent


@_helper
def _planar_m(lat: Ints, lon: Ints, node: Integer, here_lat: float, here_lon: float, shrink: float) -> float:
    """Return a node's distance on the plane that touches the earth at a position (degrees times 10^7)."""
    east = lon[node] - here_lon
    east -= E7_TURN * math.floor(east / E7_TURN + 0.5)
    return math.hypot(lat[node] - here_lat, east * shrink) * E7_METRES


@_compiled(
    "(uint32[::1], uint32[::1], float32[::1], uint32[::1], int32[::1], int32[::1], int64[::1], int64[::1], float64,"
    " float64, float64, float64)"
)
def edges_near(
    first: Words,
    target: Words,
    seconds: Singles,
    decimetres: Words,
    lat: Ints,
    lon: Ints,
    long_edges: Longs,
    long_sources: Longs,
    short_m: float,
    here_lat: float,
    here_lon: float,
    reach_m: float,
) -> tuple[Longs, Floats]:
    """Return usable edges that may come within `reach_m` of a position in degrees, and the least distance of each.

    A point of an edge between u and v of length L is at least (d(u) + d(v) - L) / 2 away, d being the distance from
    the position. No edge is missed: those longer than `short_m` are all given as `long_edges` with the nodes that they
    leave, and a shorter one in reach leaves a node within `reach_m` + `short_m`.
    """
    here_lat, here_lon = here_lat * 1e7, here_lon * 1e7
    shrink = math.cos(here_lat * E7_RADIANS)
    radius = reach_m + short_m * _STRETCH
    height = radius / E7_METRES
    edges, bounds = np.empty(_HEAP_START, np.int64), np.empty(_HEAP_START, np.float64)
    count = 0
    for node in range(len(lat)):
        if abs(lat[node] - here_lat) > height:
            continue
        own = _planar_m(lat, lon, node, here_lat, here_lon, shrink)
        if own > radius:
            continue
        for edge in range(np.int64(first[node]), np.int64(first[node + 1])):
            length = decimetres[edge] / 10.0
            if not seconds[edge] < math.inf or length > short_m:
                continue
            other = _planar_m(lat, lon, np.int64(target[edge]), here_lat, here_lon, shrink)
            bound = (own + other - length * _STRETCH - _ROUNDING_M) / 2
            if bound <= reach_m:
                if count == len(edges):
                    edges, bounds = _grown(edges), _grown(bounds)
                edges[count], bounds[count] = edge, max(0.0, bound)
                count += 1
    for index in range(len(long_edges)):
        edge = long_edges[index]
        own = _planar_m(lat, lon, long_sources[index], here_lat, here_lon, shrink)
        other = _planar_m(lat, lon, np.int64(target[edge]), here_lat, here_lon, shrink)
        bound = (own + other - decimetres[edge] / 10.0 * _STRETCH - _ROUNDING_M) / 2
        if bound <= reach_m:
            if count == len(edges):
                edges, bounds = _grown(edges), _grown(bounds)
            edges[count], bounds[count] = edge, max(0.0, bound)
            count += 1
    return edges[:count], bounds[:count]


@_helper
def _pushed(keys: Floats, nodes: Longs, size: int, key: float, node: Integer) -> None:
    """Add an entry to a binary heap of `size` entries with room for one more; the least key is at 0."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] <= key:
            break
        keys[at], nodes[at] = keys[above], nodes[above]
        at = above
    keys[at], nodes[at] = key, node


@_helper
def _popped(keys: Floats, nodes: Longs, size: int) -> None:
    """Remove the entry at 0 from a heap of `size` entries."""
    last = size - 1
    key, node = keys[last], nodes[last]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= last:
            break
        if below + 1 < last and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[at], nodes[at] = keys[below], nodes[below]
        at = below
    keys[at], nodes[at] = key, node


@_compiled(
    "(uint32[::1], uint32[::1], float32[::1], uint32[::1], uint32[::1], float32[::1], int32[::1], int32[::1],"
    " boolean[::1], int64[::1], float64[::1], int64[::1], float64[::1], float64, float64, float64, float64, float64,"
    " int64, uint8[::1], uint8[::1], float64[::1], int64[::1])"
)
def search(
    first: Words,
    target: Words,
    seconds: Singles,
    back_first: Words,
    back_target: Words,
    back_seconds: Singles,
    lat: Ints,
    lon: Ints,
    stub: Flags,
    starts: Longs,
    start_seconds: Floats,
    goals: Longs,
    goal_seconds: Floats,
    goal_lat: float,
    goal_lon: float,
    pace: float,
    slack: float,
    best: float,
    most: int,
    stop: Bytes,
    state: Bytes,
    cost: Floats,
    parent: Longs,
) -> tuple[int, int, float, float]:
    """A* from several start nodes to several goal nodes, each with seconds of its own; the least sum wins.

    `back_*` are the edges of `reversals`, empty when there are none; `stub` (N,) or empty marks nodes whose edges are
    not known. The remaining time of a node is estimated as `pace` (s/m) times its distance from the goal position
    (degrees) minus `slack` seconds. Only routes below `best` seconds count. The search ends unfinished after `most`
    settled nodes or when another thread sets `stop[0]`.

    `state` (N,) comes in as `NEW`; `cost` and `parent` (N,) are filled for nodes that are no longer so: the edge that
    leads to the node, E + k for edge k of `back_*`, or -1 - i at start i. Returns the status (`DONE`, `STOPPED`,
    `CAPPED`), the index of the goal (-1: none), its seconds, and the least estimate of a route through a stub.
    """
    phi, lam = goal_lat * RADIANS, goal_lon * RADIANS
    edge_count = len(target)
    keys, nodes = np.empty(_HEAP_START, np.float64), np.empty(_HEAP_START, np.int64)
    size = 0
    reached, through_stub = -1, math.inf
    for index in range(len(starts)):
        node = starts[index]
        if state[node] == NEW or start_seconds[index] < cost[node]:
            state[node], cost[node], parent[node] = OPEN, start_seconds[index], -1 - index
            if size == len(keys):
                keys, nodes = _grown(keys), _grown(nodes)
            estimate = max(0.0, pace * _arc_m(lat, lon, node, phi, lam) - slack)
            _pushed(keys, nodes, size, cost[node] + estimate, node)
            size += 1

    settled = 0
    while size > 0 and keys[0] < best:
        node, key = nodes[0], keys[0]
        _popped(keys, nodes, size)
        size -= 1
        if state[node] == SETTLED:
            continue
        state[node] = SETTLED
        settled += 1
        if settled % _STOP_EVERY == 0 and stop[0] != 0:
            return STOPPED, reached, best, through_stub
        if settled > most:
            return CAPPED, reached, best, through_stub
        own = cost[node]
        for index in range(len(goals)):
            if goals[index] == node and own + goal_seconds[index] < best:
                best, reached = own + goal_seconds[index], index
        if len(stub) > 0 and stub[node]:
            through_stub = min(through_stub, key)
            continue
        start, end = np.int64(first[node]), np.int64(first[node + 1])
        back, back_end = np.int64(0), np.int64(0)
        if len(back_target) > 0:
            back, back_end = np.int64(back_first[node]), np.int64(back_first[node + 1])
        for step in range(end - start + back_end - back):
            if step < end - start:
                came = start + step
                ahead, spent = np.int64(target[came]), own + seconds[came]
            else:
                extra = back + step - (end - start)
                came = edge_count + extra
                ahead, spent = np.int64(back_target[extra]), own + back_seconds[extra]
            # Also a settled node that turns out to be nearer is looked at again: optimality rests on nothing else.
            if spent < best and (state[ahead] == NEW or spent < cost[ahead]):
                estimate = spent + max(0.0, pace * _arc_m(lat, lon, ahead, phi, lam) - slack)
                if estimate < best:
                    state[ahead], cost[ahead], parent[ahead] = OPEN, spent, came
                    if size == len(keys):
                        keys, nodes = _grown(keys), _grown(nodes)
                    _pushed(keys, nodes, size, estimate, ahead)
                    size += 1
    return DONE, reached, best, through_stub


@_helper
def _source(first: Words, edge: Integer) -> int:
    """Return the node that an edge leaves: the last whose edges begin at it or before."""
    low, high = 0, len(first) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if np.int64(first[middle]) <= edge:
            low = middle
        else:
            high = middle
    return low


@_compiled("(uint32[::1], uint32[::1], uint32[::1], int64[::1], int64)")
def traced(first: Words, target: Words, back_edge: Words, parent: Longs, node: Integer) -> tuple[Longs, Flags, int]:
    """Return the edges that led `search` to a node: number, whether travelled backward; and the index of the start.

    The last edge comes first.
    """
    count = 0
    edges, backward = np.empty(_HEAP_START, np.int64), np.empty(_HEAP_START, np.bool_)
    while parent[node] >= 0:
        came = parent[node]
        if count == len(edges):
            edges, backward = _grown(edges), _grown(backward)
        backward[count] = came >= len(target)
        edge = np.int64(back_edge[came - len(target)]) if backward[count] else came
        edges[count] = edge
        count += 1
        node = np.int64(target[edge]) if backward[count - 1] else _source(first, edge)
    return edges[:count], backward[:count], -1 - parent[node]
