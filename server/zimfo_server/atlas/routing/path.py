"""A found route as the sequence of edges that it travels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class PathEdge:
    """One edge as travelled, cut where the route starts or ends on it."""

    edge: int
    """Index in the graph."""
    backward: bool
    """Travelled against the edge's direction: on foot along a one-way road."""
    points: npt.NDArray[np.float64]
    """(n, 2) degrees, [lat, lon], in travelled order, both ends included; n >= 2."""
    metres: float
    seconds: float


@dataclass(frozen=True)
class Path:
    """A route through one graph; `edges` is never empty. A route of no length has one edge of 0 m."""

    edges: tuple[PathEdge, ...]

    @property
    def metres(self) -> float:
        """Length of the route in metres."""
        return sum(edge.metres for edge in self.edges)

    @property
    def seconds(self) -> float:
        """Travel time in seconds."""
        return sum(edge.seconds for edge in self.edges)

    def polyline(self) -> npt.NDArray[np.float64]:
        """Return the route's line: (n, 2) degrees, [lat, lon], without repeated points at the joints."""
        parts = [self.edges[0].points[:1], *(edge.points[1:] for edge in self.edges)]
        return np.concatenate(parts)
