"""The road graph as JSON, the layout of the first builds (streetzim-format.md 2.1): no names, no classes."""

from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.checks import (
    E7,
    check_links,
    check_positions,
    check_shapes,
    damaged,
    parse_json,
)
from zimfo_server.atlas.graph.model import RoadGraph
from zimfo_server.atlas.graph.tables import NoNames, PointLists

# Reading takes nine times the size of the JSON. Two million edges, as around a large city, are some 70 MB of it; only
# the builds of three days have this layout.
MAX_JSON_BYTES = 128 * 2**20

_WORD = 0xFFFFFFFF


def read_json_graph(data: memoryview, archive: str) -> RoadGraph:
    """Read `graph.json`; raises `MapUnreadableError` when it is too large or does not fit together."""
    values = parse_json(data, MAX_JSON_BYTES, archive, "graph.json")
    try:
        nodes = _numbers(values["nodes"], (len(values["nodes"]),)).reshape(-1, 2)
        first, edges = _rows(values["adj"], 4)
        offsets, points = _rows(values["geom"], 2)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise damaged(archive, "graph.json") from error

    positions = np.rint(nodes * E7)
    check_positions(positions[:, 0], positions[:, 1], archive, "node table")
    check_positions(points[:, 1] * E7, points[:, 0] * E7, archive, "geometry table")
    if len(first) != len(nodes) + 1:
        raise damaged(archive, "offsets of the nodes")
    target, speed, shape = _whole(edges[:, 0], archive), _whole(edges[:, 2], archive), _whole(edges[:, 3] + 1, archive)
    decimetres = _whole(np.rint(edges[:, 1] * 10), archive)
    if len(speed) and speed.max() > np.iinfo(np.uint8).max:
        raise damaged(archive, "speed of an edge")
    check_links(target, len(nodes), archive)
    shape -= np.uint32(1)  # "none" is -1, which wraps to NO_SHAPE
    check_shapes(shape, len(offsets) - 1, archive)
    lat, lon = np.ascontiguousarray(positions.T.astype(np.int32))
    return RoadGraph(
        layout="JSON",
        lat=lat,
        lon=lon,
        first=first.astype(np.uint32),
        target=target,
        decimetres=decimetres,
        speed=speed.astype(np.uint8),
        name=np.zeros(len(edges), np.uint32),
        shape=shape,
        access=None,
        names=NoNames(),
        shapes=PointLists(offsets, points[:, ::-1]),
    )


def _rows(lists: Any, width: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return where each of the lists of rows starts and ends (n + 1), and all their rows as one array (rows, width)."""
    if not isinstance(lists, list) or not all(isinstance(rows, list) for rows in lists):
        raise TypeError("no list of lists")
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in lists], dtype=np.int64)])
    return offsets, _numbers(list(chain.from_iterable(lists)), (int(offsets[-1]), width))


def _numbers(values: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return nested lists as an array of `shape`; raise ValueError when they have another one or hold no number."""
    array = np.array(values, np.float64)
    if array.size == 0 and 0 in shape:
        return np.empty(shape)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError("no table of numbers")
    return array


def _whole(values: npt.NDArray[np.float64], archive: str) -> npt.NDArray[np.uint32]:
    """Return numbers as u32; raise when one is broken, negative or too large."""
    if len(values) and not (values.min() >= 0 and values.max() <= _WORD and (values == np.rint(values)).all()):
        raise damaged(archive, "graph.json")
    return values.astype(np.uint32)
