"""The road graph as one binary file: SZRG versions 2 to 5 (streetzim-format.md 2.2 to 2.5).

Node columns, offsets and targets are copied into arrays of their own: the search runs over them at random, where the
20-byte stride of the file and its arbitrary alignment would cost far more than the copy. Name and geometry indices,
which only the edges of a found route need, stay views of the archive's bytes.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zimfo_server.atlas.graph.checks import (
    Sections,
    check_links,
    check_offsets,
    check_positions,
    check_rows,
    check_shapes,
    damaged,
    header,
    unknown_version,
)
from zimfo_server.atlas.graph.model import NO_SHAPE, RoadGraph, Shapes
from zimfo_server.atlas.graph.tables import NameTable, NoShapes, ShapeTable

WORDS_PER_EDGE = {2: 4, 3: 4, 4: 5, 5: 5}
HEADER_BYTES = 32
COMPANION_HEADER_BYTES = 16
LOW_24 = np.uint32(0xFFFFFF)
ACCESS_MASK = 0x1FF  # the higher bits of a class/access word are reserved


def read_szrg(data: memoryview, archive: str, layout: str, companion: Callable[[], memoryview | None]) -> RoadGraph:
    """Read a road graph of version 2 to 5.

    `layout` becomes the graph's, with `{version}` filled in; `companion` returns the bytes of the geometries that
    version 5 keeps apart, None when the archive has none (then roads are straight lines).
    Raises `MapUnreadableError` for an unknown version and for anything that does not fit together.
    """
    version, nodes, edges, shapes, shape_bytes, names, name_bytes = header(data, b"SZRG", 7, archive, "header")
    stride = WORDS_PER_EDGE.get(version)
    if stride is None:
        raise unknown_version(archive, version)
    inline = version < 5
    size = HEADER_BYTES + 8 * nodes + 4 * (nodes + 1) + 4 * stride * edges + 4 * (names + 1) + name_bytes
    if inline:
        size += 4 * (shapes + 1) + shape_bytes
    if len(data) != size:
        raise damaged(archive, "its size does not fit its header")

    sections = Sections(data, HEADER_BYTES)
    lat, lon = np.ascontiguousarray(sections.pairs(nodes).T)
    check_positions(lat, lon, archive, "node table")
    first = sections.words(nodes + 1).copy()
    check_rows(first, edges, archive, "offsets of the nodes")
    words = sections.words(stride * edges).reshape(edges, stride)
    target = words[:, 0].copy()
    check_links(target, nodes, archive)
    table = _shape_table(sections, shapes, shape_bytes, archive) if inline else _companion(companion(), shapes, archive)
    name_offsets = sections.words(names + 1)
    check_offsets(name_offsets, name_bytes, archive, "name table")

    if version == 2:
        decimetres, speed = words[:, 1].copy(), (words[:, 2] >> 24).astype(np.uint8)
        shape = _narrow_shapes(words[:, 2], shapes)
    else:
        decimetres, speed = words[:, 1] & LOW_24, (words[:, 1] >> 24).astype(np.uint8)
        shape = words[:, 2]
    check_shapes(shape, shapes, archive)
    return RoadGraph(
        layout=layout.format(version=version),
        lat=lat,
        lon=lon,
        first=first,
        target=target,
        decimetres=decimetres,
        speed=speed,
        name=words[:, 3],
        shape=shape,
        access=access_bits(words[:, 4]) if stride == 5 else None,
        names=NameTable(name_offsets, sections.blob(name_bytes)),
        shapes=table,
    )


def access_bits(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
    """Return class/access words without their reserved bits."""
    return (words & ACCESS_MASK).astype(np.uint16)


def _shape_table(sections: Sections, count: int, size: int, archive: str) -> ShapeTable:
    offsets = sections.words(count + 1)
    check_offsets(offsets, size, archive, "geometry table")
    return ShapeTable(offsets, sections.blob(size), archive)


def _narrow_shapes(words: npt.NDArray[np.uint32], count: int) -> npt.NDArray[np.uint32]:
    """Return the geometry indices of version 2, which have 24 bits; none at all where those are too few.

    In a file with more geometries than 24 bits can count, any index may have lost its upper bits.
    """
    if count > LOW_24:
        return np.broadcast_to(np.uint32(NO_SHAPE), words.shape)
    shape = words & LOW_24
    shape[shape == LOW_24] = NO_SHAPE
    return shape


def _companion(data: memoryview | None, count: int, archive: str) -> Shapes:
    """Read an SZGM file; a count that differs from the graph's means that it belongs to another graph."""
    if data is None:
        return NoShapes()
    version, stored, size = header(data, b"SZGM", 3, archive, "header of the geometries")
    if version != 1:
        raise unknown_version(archive, version, "the geometry file of its road graph")
    if stored != count:
        raise damaged(archive, "geometries of another graph")
    if len(data) != COMPANION_HEADER_BYTES + 4 * (count + 1) + size:
        raise damaged(archive, "the size of the geometries does not fit their header")
    return _shape_table(Sections(data, COMPANION_HEADER_BYTES), count, size, archive)
