"""The entries and metadata of a map archive (streetzim-format.md §1.3 to §1.6): everything but vector tiles."""

import datetime
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import chain

from zimfo_archives.illustration import SIZE, draw_illustration
from zimfo_archives.job import Entry, Job, Stream
from zimfo_archives.map.bounds import centre, span
from zimfo_archives.map.extract import Bounds
from zimfo_archives.map.graph import Graph
from zimfo_archives.map.layouts import Layout, graph_entries, graph_version
from zimfo_archives.map.search import SearchIndex, json_entry
from zimfo_archives.metadata import SCRAPER
from zimfo_archives.template import STYLE, STYLE_PATH, document, short_language

MAIN_PATH = "index.html"

MAX_ZOOM = 14  # of the format: its tiles end there


@dataclass(frozen=True, slots=True)
class About:
    """What the archive says about itself."""

    title: str  # the region's name as people say it
    description: str
    language: str  # ISO 639-3
    creator: str
    publisher: str
    license: str
    name: str  # for machines
    date: datetime.date


def map_job(graph: Graph, index: SearchIndex, bounds: Bounds | None, about: About, layout: Layout) -> Job:
    """Return the archive of these records and roads; of a graph without edges, it has none."""
    files = index.files()
    roads = list(graph_entries(graph, layout)) if len(graph.edges) else []
    head = [
        Entry(
            MAIN_PATH,
            about.title,
            "text/html",
            _main_page(about, bounds, graph, index).encode(),
            front=True,
            indexed=False,
        ),
        Entry(STYLE_PATH, "", "text/css", STYLE.encode(), front=False, indexed=False),
        json_entry("map-config.json", _json(_config(about, bounds, graph))),
        json_entry("streetzim-meta.json", _json(_meta(about, bounds, graph, index, layout))),
        *roads,
    ]

    def entries() -> Iterator[Entry]:
        return chain(head, files.entries())

    return Job(
        language=about.language,
        main_path=MAIN_PATH,
        metadata=_metadata(about),
        illustration=draw_illustration(),
        illustration_size=SIZE,
        entries=Stream(
            entries, len(head) + len(files), sum(len(entry.content) for entry in head) + files.content_bytes
        ),
        redirects=(),
    )


def _metadata(about: About) -> dict[str, str]:
    return {
        "Title": about.title,
        "Description": about.description,
        "Language": about.language,
        "Name": about.name,
        "Flavour": "nopic",  # of the original's content, there are no tiles
        "Creator": about.creator,
        "Publisher": about.publisher,
        "Date": about.date.isoformat(),
        "License": about.license,
        "Scraper": SCRAPER,
        "Tags": "maps;osm;offline;_pictures:no;_ftindex:no",
    }


def _config(about: About, bounds: Bounds | None, graph: Graph) -> dict[str, object]:
    config: dict[str, object] = {"name": about.title, "center": [0, 0], "zoom": 0}
    if bounds is not None:
        # The zoom at which the whole region fits on a screen of about two tiles.
        widest = max(*span(bounds), 360 / 2**MAX_ZOOM)
        config["center"] = list(centre(bounds))
        config["zoom"] = max(0, min(MAX_ZOOM, math.floor(math.log2(2 * 360 / widest))))
    config |= {"minZoom": 0, "maxZoom": MAX_ZOOM, "buildDate": f"{about.date:%Y/%m}"}
    # Flags are there only when they are true.
    return (
        config
        | ({"bounds": list(bounds)} if bounds is not None else {})
        | ({"hasRouting": True} if len(graph.edges) else {})
    )


def _meta(about: About, bounds: Bounds | None, graph: Graph, index: SearchIndex, layout: Layout) -> dict[str, object]:
    meta: dict[str, object] = {
        "name": about.title,
        "buildDate": about.date.isoformat(),
        "hasRouting": bool(len(graph.edges)),
        "hasSatellite": False,
        "hasTerrain": False,
        "hasWikidata": False,
        "hasOvertureAddresses": False,
        "hasAddresses": index.by_type["addr"] > 0,
        "counts": {
            "total": len(index),
            "addresses": index.by_type["addr"],
            "byType": dict(sorted(index.by_type.items())),
            "wikiCrossRefs": index.linked,
            "wikidataEntries": 0,
        },
    }
    counts = {
        "version": graph_version(layout),
        "nodes": len(graph.nodes),
        "edges": len(graph.edges),
        "geoms": graph.geometries,
    }
    return (
        meta
        | ({"bbox": list(bounds)} if bounds is not None else {})
        | ({"routingGraph": counts} if len(graph.edges) else {})
    )


def _main_page(about: About, bounds: Bounds | None, graph: Graph, index: SearchIndex) -> str:
    by_type = index.by_type
    facts = {
        "Region": _region(bounds),
        "Places": f"{len(index) - by_type['addr'] - by_type['street']:,}",
        "Streets": f"{len(index.street_names):,}",
        "Addresses": f"{by_type['addr']:,}",
        "Road graph": f"{len(graph.nodes):,} junctions and ends, {len(graph.edges):,} edges",
        "By": about.creator,
        "Licence": about.license,
    }
    listed = [f"<li>{escape(name)}</li>" for name in sorted(index.settlements)]
    body = [
        f"<h1>{escape(about.title)}</h1>",
        f"<p>{escape(about.description)}</p>",
        "<p>This archive holds the places and roads of a map for programs that search it and plan routes.</p>",
        "<table>",
        *(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items()),
        "</table>",
        *(["<h2>Settlements</h2>", "<ul>", *listed, "</ul>"] if listed else []),
    ]
    language = short_language(about.language)
    return document(path=MAIN_PATH, title=about.title, language=language, head=[], body="\n".join(body))


def _region(bounds: Bounds | None) -> str:
    if bounds is None:
        return "none: the map is empty"
    west, south, east, north = bounds
    return f"latitude {south:.4f} to {north:.4f}, longitude {west:.4f} to {east:.4f}"


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
