"""Map results in the shapes of the training corpus, key by key in its order (zimfo-behaviour §1.4, §5.5)."""

import json
from collections.abc import Callable
from typing import Any, Final

from zimfo_client.text import opening, shorten
from zimfo_shared.units import distance_text, duration_text

MAX_CHARS: Final = 2_000  # of a result; the largest of the corpus has 3,621, the median one 750
MAX_ROWS: Final = 10  # the corpus: median 5, 90 % at most 17
MAX_CATEGORIES: Final = 12
MAX_STEPS: Final = 8
MAX_NAME_CHARS: Final = 80  # of a place, a road or an instruction: names come from an archive
MAX_EXCERPT_CHARS: Final = 300  # the corpus: one or two sentences a story
MAX_NOTE_CHARS: Final = 200
MAX_PLACE_CHARS: Final = 178  # the longest "place" of the corpus
DECIMALS: Final = 4  # of a degree, as in the corpus: 11 m

Payload = dict[str, Any]


def near(payload: Payload) -> Payload:
    """Return places: the nearest rows, the true total, counts by category as an object."""
    rows = [_row(place) for place in payload["results"][:MAX_ROWS]]
    counts = {str(item["category"])[:MAX_NAME_CHARS]: int(item["count"]) for item in payload["by_category"]}
    result = {
        "results": rows,
        "total_in_radius": payload["total_in_radius"],
        "by_category": dict(sorted(counts.items(), key=lambda item: -item[1])[:MAX_CATEGORIES]),
    }
    _add_note(result, payload)
    if not rows and (suggested := payload.get("suggested_next")):
        first = suggested[0]
        result["suggested_next"] = {"tool": first["tool"], "arguments": first["arguments"]}
    return _fitted(result, "results")


def stories(payload: Payload) -> Payload:
    """Return stories with the article that tells each."""
    rows = [
        {
            "name": _cut(story["place_name"]),
            "wiki": _cut(story["wiki_title"]),
            "excerpt": opening(story["excerpt"], MAX_EXCERPT_CHARS),
            "wiki_path": story["path"],
            "lat": round(story["lat"], DECIMALS),
            "lon": round(story["lon"], DECIMALS),
        }
        for story in payload["stories"]
    ]
    result: Payload = {"results": rows, "total_in_radius": payload["count"]}
    _add_note(result, payload)
    return _fitted(result, "results")


def what_is_here(payload: Payload) -> Payload:
    """Return where the person is as one line, smallest area first."""
    names = [payload["nearest_named_place"], *(payload.get(key) for key in ("neighbourhood", "settlement", "region"))]
    areas = dict.fromkeys(area for name in names if name for area in _cut(name).split(", "))
    return {"place": shorten(", ".join(areas), MAX_PLACE_CHARS)}


def route(payload: Payload) -> Payload:
    """Return a route as a summary and its first steps."""
    ends = f"{_cut(payload['origin_resolved'])} to {_cut(payload['destination_resolved'])}"
    steps = [
        {
            "instruction": _cut(step["instruction"]),
            "distance_m": step["distance_m"],
            "duration_s": step["duration_s"],
        }
        for step in payload["steps"]
    ]
    result: Payload = {"summary": f"{ends}: {shorten(payload['summary'], MAX_NOTE_CHARS)}", "steps": steps[:MAX_STEPS]}
    if len(steps) > MAX_STEPS:
        result["total_steps"] = len(steps)
    _add_note(result, payload)
    return _fitted(result, "steps")


def route_status(payload: Payload) -> Payload:
    """Return what is left of a journey, and the next step."""
    left = f"{distance_text(payload['remaining_m'])} and {duration_text(payload['remaining_s'])}"
    result: Payload = {"summary": f"{left} left to {_cut(payload['destination_name'])}"}
    if payload.get("off_route_m"):
        result["summary"] += f", {distance_text(payload['off_route_m'])} off the route"
    result["next_step"] = _cut(payload.get("next_step") or payload.get("current_step") or "")
    _add_note(result, payload)
    return result


SHAPES: Final[dict[str, Callable[[Payload], Payload]]] = {
    "near_places": near,
    "near_named_place": near,
    "nearby_stories": stories,
    "what_is_here": what_is_here,
    "route_from_places": route,
    "route_status": route_status,
}


def _row(place: Payload) -> Payload:
    row: Payload = {"name": _cut(place["name"]), "type": place["type"]}
    if place.get("subtype"):
        row["subtype"] = place["subtype"]
    row |= {"lat": round(place["lat"], DECIMALS), "lon": round(place["lon"], DECIMALS)}
    if place.get("distance_m") is not None:
        row["distance_m"] = place["distance_m"]
    return row


def _add_note(result: Payload, payload: Payload) -> None:
    """Say what the model must know of a result, such as another place than the one named; behind the trained keys."""
    if note := payload.get("note"):
        result["note"] = shorten(note, MAX_NOTE_CHARS)


def _fitted(result: Payload, rows: str) -> Payload:
    """Drop rows from the end until the result fits; one stays, and totals tell of the others."""
    while len(result[rows]) > 1 and len(json.dumps(result, ensure_ascii=False)) > MAX_CHARS:
        result[rows].pop()
    return result


def _cut(name: str) -> str:
    return shorten(name, MAX_NAME_CHARS)
