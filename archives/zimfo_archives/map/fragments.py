"""Leaves out pieces of road that are joined to nothing: routes from there lead nowhere."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from zimfo_archives.map.graph import GEOMETRY, MAX_DECIMETRES, NAME, NO_GEOMETRY, PACKED, TARGET, Graph, firsts

# What is smaller in both ways is a footway in a courtyard or a service road that somebody forgot to join. An island
# with a kilometre of road is none: people live there. Of edges, that has two: one in each direction.
SMALL_NODES = 10
SMALL_M = 2_000.0


@dataclass(frozen=True, slots=True)
class Fragments:
    """What was left out."""

    fragments: int
    nodes: int
    edges: int
    metres: int  # of edges


def drop_fragments(graph: Graph) -> tuple[Graph, Fragments]:
    """Return the graph without its small parts that no road joins to the rest; the largest part is always kept."""
    if not len(graph.nodes):
        return graph, Fragments(0, 0, 0, 0)
    sources, targets = graph.sources(), graph.edges[:, TARGET].astype(np.int64)
    joined = coo_array((np.ones(len(sources), dtype=bool), (sources, targets)), shape=(len(graph.nodes),) * 2)
    count, part_of = connected_components(joined, directed=False)
    nodes = np.bincount(part_of, minlength=count)
    length = (graph.edges[:, PACKED] & MAX_DECIMETRES) / 10
    metres = np.bincount(part_of[sources], weights=length, minlength=count)
    small = (nodes < SMALL_NODES) & (metres < SMALL_M)
    small[np.argmax(nodes)] = False
    lost_nodes, lost_edges = small[part_of], small[part_of[sources]]
    told = Fragments(int(small.sum()), int(lost_nodes.sum()), int(lost_edges.sum()), round(length[lost_edges].sum()))
    return (_without(graph, lost_nodes, lost_edges) if told.fragments else graph), told


def _without(graph: Graph, nodes: npt.NDArray[np.bool_], edges: npt.NDArray[np.bool_]) -> Graph:
    number = np.cumsum(~nodes) - 1
    kept = graph.edges[~edges]
    kept[:, TARGET] = number[kept[:, TARGET]]
    starts = graph.starts.astype(np.int64)
    shaped = kept[:, GEOMETRY] != NO_GEOMETRY
    shapes, kept[shaped, GEOMETRY] = np.unique(kept[shaped, GEOMETRY], return_inverse=True)
    sizes = np.diff(starts)[shapes]
    names = np.union1d(kept[:, NAME], [0])
    kept[:, NAME] = np.searchsorted(names, kept[:, NAME])
    return replace(
        graph,
        nodes=graph.nodes[~nodes],
        first=firsts(number[graph.sources()[~edges]], int((~nodes).sum())),
        edges=kept,
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32),
        shapes=b"".join(graph.shapes[starts[shape] : starts[shape + 1]] for shape in shapes.tolist()),
        names=tuple(graph.names[name] for name in names.tolist()),
    )
