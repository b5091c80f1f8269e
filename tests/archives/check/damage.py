"""Changes of the entries of a map archive, one thing at a time, and archives written from changed entries."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from libzim.writer import Creator, Hint, Item, StringProvider
from tests.archives.map_decoder import NO_GEOMETRY, decode

GRAPH = "routing-data/graph.bin"
CELLS = "routing-data/graph-cells-index.bin"
CELL = "routing-data/graph-cell-00000.bin"
SEARCH = "search-data/manifest.json"
BROWSE = "category-index/manifest.json"
META = "streetzim-meta.json"
CONFIG = "map-config.json"

Files = dict[str, bytes]
Change = Callable[[Files], None]


class _Item(Item):  # type: ignore[misc]
    def __init__(self, path: str, data: bytes) -> None:
        super().__init__()
        self._path, self._data = path, data

    def get_path(self) -> str:
        return self._path

    def get_title(self) -> str:
        return ""

    def get_mimetype(self) -> str:
        return "application/octet-stream"

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._data)

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: 0, Hint.COMPRESS: 0}


def write(files: Files, target: Path) -> None:
    """Write an archive of these entries."""
    with Creator(target).config_nbworkers(1) as creator:
        creator.set_mainpath("index.html")
        for name in ("Title", "Description", "Language", "Creator", "Publisher", "Date"):
            creator.add_metadata(name, "2026-01-01")
        for path, data in files.items():
            creator.add_item(_Item(path, data))


def of_all(*changes: Change) -> Change:
    """All of these changes, one after the other."""

    def change(files: Files) -> None:
        for each in changes:
            each(files)

    return change


def edited(path: str, edit: Callable[[Any], Any]) -> Change:
    """A change of an entry of JSON; the edit changes the value, or returns another."""

    def change(files: Files) -> None:
        value = json.loads(files[path])
        other = edit(value)
        files[path] = json.dumps(value if other is None else other).encode()

    return change


def word(path: str, at: int, value: int) -> Change:
    """A change of four bytes."""

    def change(files: Files) -> None:
        data = bytearray(files[path])
        data[at : at + 4] = struct.pack("<I", value)
        files[path] = bytes(data)

    return change


def graph_word(section: str, index: int, value: int) -> Change:
    """A change of a word in a section of graph.bin."""

    def change(files: Files) -> None:
        n, e, g, gb = np.frombuffer(files[GRAPH], "<u4", 4, 8).tolist()
        nodes = 32
        first = nodes + 8 * n
        edges = first + 4 * (n + 1)
        offsets = edges + 20 * e
        shapes = offsets + 4 * (g + 1)
        names = shapes + gb
        starts = {"nodes": nodes, "first": first, "edges": edges, "offsets": offsets, "shapes": shapes, "names": names}
        word(GRAPH, starts[section] + 4 * index, value)(files)

    return change


def open_ended(files: Files) -> None:
    """Let the last number of the last geometry go on."""
    n, e, g = np.frombuffer(files[GRAPH], "<u4", 3, 8).tolist()
    shapes = 32 + 8 * n + 4 * (n + 1) + 20 * e + 4 * (g + 1)
    end = int(np.frombuffer(files[GRAPH], "<u4", 1, shapes - 4)[0])
    data = bytearray(files[GRAPH])
    data[shapes + end - 1] |= 0x80
    files[GRAPH] = bytes(data)


def removed(path: str) -> Change:
    return lambda files: files.pop(path) and None


def cut(path: str, by: int = 1) -> Change:
    return lambda files: files.update({path: files[path][:-by]})


def put(path: str, data: bytes) -> Change:
    return lambda files: files.update({path: data})


def as_json(files: Files) -> None:
    """Turn graph.bin into graph.json of the first builds."""
    graph = decode(files.pop(GRAPH))
    lines: list[list[list[float]]] = []
    adjacency: list[list[list[float]]] = [[] for _ in graph.nodes]
    for (source, target), edge in zip(graph.links, graph.edges, strict=True):
        shape = -1
        if edge.points:
            shape = len(lines)
            lines.append([[lon / 1e7, lat / 1e7] for lat, lon in edge.points])
        adjacency[source].append([target, edge.decimetres / 10, edge.speed, shape])
    nodes = [degrees / 1e7 for node in graph.nodes for degrees in node]
    files["routing-data/graph.json"] = json.dumps({"nodes": nodes, "adj": adjacency, "geom": lines}).encode()
    _recount(files, len(lines))


def as_version(version: int) -> Change:
    """Turn graph.bin of version 4 into one of version 2 or 3, whose edges have four words."""

    def change(files: Files) -> None:
        data = files[GRAPH]
        n, e = struct.unpack_from("<II", data, 8)
        begin = 32 + 8 * n + 4 * (n + 1)
        words = np.frombuffer(data, "<u4", 5 * e, begin).reshape(-1, 5)[:, :4].copy()
        if version == 2:
            shapes = np.where(words[:, 2] == NO_GEOMETRY, 0xFFFFFF, words[:, 2])
            words[:, 2] = (words[:, 1] & 0xFF000000) | shapes
            words[:, 1] &= 0xFFFFFF
        head = data[:4] + struct.pack("<I", version) + data[8:begin]
        files[GRAPH] = head + words.tobytes() + data[begin + 20 * e :]

    return change


def sharded(files: Files, share: int = 2) -> None:
    """Turn an index of cells into version 2, with so many nodes in each shard."""
    data = files[CELLS]
    n = struct.unpack_from("<I", data, 8)[0]
    head = data[:4] + struct.pack("<I", 2) + data[8:32] + struct.pack("<II", -(-n // share), share)
    files[CELLS] = head + data[32 + 8 * n :]
    for number, begin in enumerate(range(0, n, share)):
        shard = data[32 + 8 * begin : 32 + 8 * min(begin + share, n)]
        files[f"routing-data/nodes-scaled-{number:03}.bin"] = shard


def with_items(files: Files) -> None:
    """Add two items of Wikidata."""
    files["wikidata/manifest.json"] = json.dumps({"total": 2, "chunks": {"12": 1, "50": 1}}).encode()
    files["wikidata/12.json"] = json.dumps({"Q1234": {"l": "Old Cafe"}}).encode()
    files["wikidata/50.json"] = json.dumps({"Q5": {"l": "human"}}).encode()
    edited(META, lambda meta: meta["counts"].update(wikidataEntries=2))(files)


def with_buckets(files: Files) -> None:
    """Split the cafes, of which there is one, into two buckets."""
    rows = files.pop("category-index/chip-cafes.json")
    bucket = 0x811C9DC5
    for byte in b"Old Cafe":
        bucket = (bucket ^ byte) * 0x01000193 % 2**32
    files[f"category-index/chip-cafes-{bucket % 2}.json"] = rows
    chip = {"sub_chunks": [str(bucket % 2)], "n_sub_buckets": 2}
    edited(BROWSE, lambda manifest: manifest["chips"]["cafes"].update(chip))(files)


def with_page(files: Files) -> None:
    """Add a page of the town."""
    link = '<a href="../index.html#dest=37.11000,-121.91000&amp;label=Little%20Town">Directions</a>'
    files["search/little-town-1.html"] = f"<h1>Little Town</h1>{link}".encode()


def with_first_keys(files: Files) -> None:
    """Keep each record in the file of the beginning of its name only, as the first builds did."""
    kept = {}
    for path in [path for path in files if path.startswith("search-data/") and path != SEARCH]:
        key = path.removeprefix("search-data/").removesuffix(".json")
        rows = [row for row in json.loads(files.pop(path)) if row["n"].lower()[:2] == key]
        if rows:
            kept[key] = len(rows)
            files[path] = json.dumps(rows).encode()
    files[SEARCH] = json.dumps({"total": sum(kept.values()), "chunks": kept}).encode()


def _recount(files: Files, geometries: int) -> None:
    edited(META, lambda meta: meta["routingGraph"].update(geoms=geometries))(files)
