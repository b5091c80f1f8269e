"""The entries and metadata of a map archive (streetzim-format.md §1.3 to §1.6): everything but vector tiles."""

import datetime
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from zimfo_archives.illustration import SIZE, draw_illustration
from zimfo_archives.job import Entry, Job
from zimfo_archives.map.graph import VERSION, Graph
from zimfo_archives.map.osm import E7, Extract
from zimfo_archives.map.records import Record
from zimfo_archives.map.search import categories, category_manifest, chunks, rows, search_manifest
from zimfo_archives.metadata import SCRAPER
from zimfo_archives.template import STYLE, STYLE_PATH, document, short_language

MAIN_PATH = "index.html"
GRAPH_PATH = "routing-data/graph.bin"

MAX_ZOOM = 14  # of the format: its tiles end there

Bounds = tuple[float, float, float, float]  # min lon, min lat, max lon, max lat in degrees


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


def map_job(extract: Extract, graph: Graph, records: Sequence[Record], about: About) -> Job:
    """Return the archive of these records and roads; of a graph without edges, it has none."""
    bounds = bounds_of(extract, records)
    searched, by_type = chunks(records), categories(records)
    total = len(records)
    contents: dict[str, object] = {
        "map-config.json": _config(about, bounds, graph),
        "streetzim-meta.json": _meta(about, bounds, graph, records),
        "search-data/manifest.json": search_manifest(total, searched),
        "category-index/manifest.json": category_manifest(total, by_type),
        **{f"search-data/{key}.json": rows(found) for key, found in searched.items()},
        **{f"category-index/{name}.json": rows(found) for name, found in by_type.items()},
    }
    entries = [
        _entry(MAIN_PATH, "text/html", _main_page(about, bounds, graph, records).encode(), title=about.title),
        _entry(STYLE_PATH, "text/css", STYLE.encode()),
        *(_entry(path, "application/json", _json(content)) for path, content in contents.items()),
    ]
    if len(graph.edges):
        entries.append(_entry(GRAPH_PATH, "application/octet-stream", graph.encode()))
    return Job(
        language=about.language,
        main_path=MAIN_PATH,
        metadata=_metadata(about),
        illustration=draw_illustration(),
        illustration_size=SIZE,
        entries=entries,
        redirects=(),
    )


def bounds_of(extract: Extract, records: Iterable[Record]) -> Bounds:
    """Return the region that the file says it covers; if it says nothing, what its roads and places cover."""
    if extract.bounds is not None:
        return extract.bounds
    lats, lons = [r.lat for r in records], [r.lon for r in records]
    if extract.roads:
        lines = extract.lines
        lats += [min(lines.lat) / E7, max(lines.lat) / E7]
        lons += [min(lines.lon) / E7, max(lines.lon) / E7]
    return min(lons), min(lats), max(lons), max(lats)


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


def _config(about: About, bounds: Bounds, graph: Graph) -> dict[str, object]:
    west, south, east, north = bounds
    # The zoom at which the whole region fits on a screen of about two tiles.
    span = max(east - west, north - south, 360 / 2**MAX_ZOOM)
    config: dict[str, object] = {
        "name": about.title,
        "center": [(west + east) / 2, (south + north) / 2],
        "zoom": max(0, min(MAX_ZOOM, math.floor(math.log2(2 * 360 / span)))),
        "minZoom": 0,
        "maxZoom": MAX_ZOOM,
        "buildDate": f"{about.date:%Y/%m}",
        "bounds": list(bounds),
    }
    # Flags are there only when they are true.
    return config | ({"hasRouting": True} if len(graph.edges) else {})


def _meta(about: About, bounds: Bounds, graph: Graph, records: Sequence[Record]) -> dict[str, object]:
    by_type = Counter(record.type for record in records)
    meta: dict[str, object] = {
        "name": about.title,
        "buildDate": about.date.isoformat(),
        "hasRouting": bool(len(graph.edges)),
        "hasSatellite": False,
        "hasTerrain": False,
        "hasWikidata": False,
        "hasOvertureAddresses": False,
        "hasAddresses": by_type["addr"] > 0,
        "counts": {
            "total": len(records),
            "addresses": by_type["addr"],
            "byType": dict(sorted(by_type.items())),
            "wikiCrossRefs": sum(bool(record.wikipedia) for record in records),
            "wikidataEntries": 0,
        },
        "bbox": list(bounds),
    }
    counts = {"version": VERSION, "nodes": len(graph.nodes), "edges": len(graph.edges), "geoms": len(graph.geometries)}
    return meta | ({"routingGraph": counts} if len(graph.edges) else {})


def _main_page(about: About, bounds: Bounds, graph: Graph, records: Sequence[Record]) -> str:
    by_type = Counter(record.type for record in records)
    settlements = sorted({r.name for r in records if r.type == "place" and r.subtype in ("city", "town", "village")})
    west, south, east, north = bounds
    facts = {
        "Region": f"latitude {south:.4f} to {north:.4f}, longitude {west:.4f} to {east:.4f}",
        "Places": f"{len(records) - by_type['addr'] - by_type['street']:,}",
        "Streets": f"{len({r.name for r in records if r.type == 'street'}):,}",
        "Addresses": f"{by_type['addr']:,}",
        "Road graph": f"{len(graph.nodes):,} junctions and ends, {len(graph.edges):,} edges",
        "By": about.creator,
        "Licence": about.license,
    }
    body = [
        f"<h1>{escape(about.title)}</h1>",
        f"<p>{escape(about.description)}</p>",
        "<p>This archive holds the places and roads of a map for programs that search it and plan routes.</p>",
        "<table>",
        *(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items()),
        "</table>",
        *(
            ["<h2>Settlements</h2>", "<ul>", *(f"<li>{escape(s)}</li>" for s in settlements), "</ul>"]
            * bool(settlements)
        ),
    ]
    language = short_language(about.language)
    return document(path=MAIN_PATH, title=about.title, language=language, head=[], body="\n".join(body))


def _entry(path: str, mimetype: str, content: bytes, *, title: str = "") -> Entry:
    # As in the original, only the main page is for people; words of records are not for a full-text index.
    return Entry(path, title, mimetype, content, front=path == MAIN_PATH, indexed=False)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
