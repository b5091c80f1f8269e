"""Reads map archives back, after streetzim-format.md §2.2 to §2.4 and on its own: it shares no code with the writer."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from libzim.reader import Archive

NO_GEOMETRY = 0xFFFFFFFF
Position = tuple[int, int]  # latitude and longitude in E7


@dataclass(frozen=True)
class Edge:
    """An edge with everything that its indices point to."""

    source: Position
    target: Position
    points: tuple[Position, ...]  # between the two
    decimetres: int
    speed: int
    label: str
    word: int


@dataclass(frozen=True)
class DecodedGraph:
    """A graph file taken apart; the edges are in the file's order."""

    version: int
    nodes: list[Position]
    first: list[int]
    edges: list[Edge]
    geometries: int
    names: list[str]
    links: list[tuple[int, int]]  # node numbers of each edge


def decode(data: bytes) -> DecodedGraph:
    """Take SZRG v4 apart; the sizes must add up to the length of the file."""
    assert data[:4] == b"SZRG"
    version, n, e, g, gb, m, nb = (int(number) for number in np.frombuffer(data, "<u4", 7, 4))
    assert version == 4
    assert len(data) == 32 + 8 * n + 4 * (n + 1) + 20 * e + 4 * (g + 1) + gb + 4 * (m + 1) + nb
    assert gb % 4 == 0
    position = 32

    def take(kind: str, count: int) -> Any:
        nonlocal position
        values = np.frombuffer(data, kind, count, position)
        position += values.nbytes
        return values

    nodes = [(int(lat), int(lon)) for lat, lon in take("<i4", 2 * n).reshape(-1, 2)]
    first = take("<u4", n + 1).tolist()
    words = take("<u4", 5 * e).reshape(-1, 5).tolist()
    shape_at, shapes = take("<u4", g + 1).tolist(), bytes(take("u1", gb))
    assert 0 <= gb - shape_at[-1] < 4
    name_at, blob = take("<u4", m + 1).tolist(), bytes(take("u1", nb))
    names = [blob[name_at[k] : name_at[k + 1]].decode() for k in range(m)]
    sources = np.repeat(np.arange(n), np.diff(first)).tolist()
    edges = []
    for source, (target, packed, shape, name, word) in zip(sources, words, strict=True):
        points = () if shape == NO_GEOMETRY else decode_line(shapes[shape_at[shape] : shape_at[shape + 1]])
        edges.append(Edge(nodes[source], nodes[target], points, packed & 0xFFFFFF, packed >> 24, names[name], word))
    links = [(source, row[0]) for source, row in zip(sources, words, strict=True)]
    return DecodedGraph(version, nodes, first, edges, g, names, links)


def decode_line(data: bytes) -> tuple[Position, ...]:
    """Decode one geometry: a first position with the longitude first, then differences as zigzag varints."""
    lon, lat = (int(number) for number in np.frombuffer(data, "<i4", 2))
    numbers, value, shift = [], 0, 0
    for byte in data[8:]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    assert shift == 0
    points = [(lat, lon)]
    for east, north in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + north, lon + east
        points.append((lat, lon))
    return tuple(points)


def content(archive: Archive, path: str) -> bytes:
    """Return the content of an entry."""
    return bytes(archive.get_entry_by_path(path).get_item().content)


def json_of(archive: Archive, path: str) -> Any:
    """Return an entry of JSON."""
    return json.loads(content(archive, path))


def paths(archive: Archive) -> set[str]:
    """Return the paths of all entries."""
    return {archive._get_entry_by_id(number).path for number in range(archive.entry_count)}


def all_rows(archive: Archive) -> list[dict[str, Any]]:
    """Return all records, from the category index."""
    types = json_of(archive, "category-index/manifest.json")["categories"]
    return [row for name in types for row in json_of(archive, f"category-index/{name}.json")]
