"""The quickest way between nodes of a network."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.routing.compiled import kernel
from zimfo_server.atlas.routing.network import Network
from zimfo_server.errors import NoRouteError
from zimfo_shared.sphere import haversine_m

MAX_SETTLED = 20_000_000  # nodes: half a minute and 500 MB, more than any country has; no question is worth more
PRECISION = 1e-6  # of an estimate: edges have single precision, and the estimate must not exceed their sum

_ADVICE = "Ask for the way in stages, from town to town."


class Deadline:
    """A context that is over after some seconds: searches then stop, from whatever thread they run in."""

    def __init__(self, seconds: float) -> None:
        self.stop = np.zeros(1, np.uint8)
        """What the search looks at: not 0 when time is up."""
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def check(self) -> None:
        """Raise `NoRouteError` when time is up."""
        if self.stop[0]:
            raise NoRouteError(f"The search for a route took too long and was stopped. {_ADVICE}")

    def _expire(self) -> None:
        self.stop[0] = 1


@dataclass(frozen=True)
class Terminal:
    """A node where a search may start or end, and the seconds between it and the end of the journey."""

    node: int
    seconds: float


@dataclass(frozen=True)
class Found:
    """The quickest way: its seconds with those of both terminals, its edges, and which terminals it joins."""

    seconds: float
    edges: npt.NDArray[np.int64]
    """(n,) in travelled order."""
    backward: npt.NDArray[np.bool_]
    """(n,) whether each is travelled against its direction."""
    start: int
    goal: int


@dataclass(frozen=True)
class Outcome:
    """What a search found; None when there is nothing, or nothing quicker than `below`."""

    found: Found | None
    unknown: npt.NDArray[np.int64]
    """Stubs that a quicker way may lead through; empty: `found` is proven.

    But for one kind of way: on foot, against a one-way road that comes from beyond the part of the graph that is read.
    """


def search(
    network: Network,
    starts: Sequence[Terminal],
    goals: Sequence[Terminal],
    aim: tuple[float, float],
    deadline: Deadline,
    *,
    below: float = float("inf"),
    max_settled: int = MAX_SETTLED,
) -> Outcome:
    """Return the quickest way from any of `starts` to any of `goals` that takes less than `below` seconds.

    A* with an estimate that never exceeds the rest of the way: the straight line to `aim` (degrees) at the best speed
    of the mode. Every edge takes at least as long as its straight line, so the estimate is admissible and consistent,
    and stays so for goals off `aim` when what they lack is taken off. Raises `NoRouteError` at the deadline and after
    `max_settled` nodes.
    """
    pace = network.pace * (1 - PRECISION)
    slack = max(
        (pace * haversine_m(*network.graph.position(goal.node), *aim) - goal.seconds for goal in goals), default=0.0
    )
    count = network.graph.node_count
    # Only the pages of nodes that the search comes to are ever touched.
    state, cost, parent = np.zeros(count, np.uint8), np.empty(count), np.empty(count, np.int64)
    module = kernel()
    status, goal, seconds, through_stub = module.search(
        network.first,
        network.target,
        network.seconds,
        network.back_first,
        network.back_target,
        network.back_seconds,
        network.lat,
        network.lon,
        network.stub,
        np.array([start.node for start in starts], np.int64),
        np.array([start.seconds for start in starts], np.float64),
        np.array([goal.node for goal in goals], np.int64),
        np.array([goal.seconds for goal in goals], np.float64),
        *aim,
        pace,
        max(0.0, slack),
        below,
        max_settled,
        deadline.stop,
        state,
        cost,
        parent,
    )
    if status == module.STOPPED:
        deadline.check()
    if status == module.CAPPED:
        raise NoRouteError(f"These places are too far apart to search every road between them. {_ADVICE}")
    unknown = np.empty(0, np.int64)
    if through_stub < seconds:
        unknown = np.flatnonzero((state == module.SETTLED) & network.stub)
    if goal < 0:
        return Outcome(None, unknown)
    edges, backward, start = module.traced(network.first, network.target, network.back_edge, parent, goals[goal].node)
    return Outcome(Found(seconds, edges[::-1].copy(), backward[::-1].copy(), start, goal), unknown)


def shortest(network: Network, start: int, goal: int, deadline: Deadline) -> Found | None:
    """Return the quickest way between two nodes of a whole graph, None when there is none; see `search`."""
    aim = network.graph.position(goal)
    return search(network, [Terminal(start, 0.0)], [Terminal(goal, 0.0)], aim, deadline).found
