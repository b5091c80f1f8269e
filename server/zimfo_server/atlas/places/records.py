"""From the values of a chunk to one checked record (streetzim-format.md §3.1): short and long keys, Overture fields."""

import math
import re
from dataclasses import dataclass
from typing import Any

from zimfo_server.atlas.places.record import TYPES

MAX_NAME = 500  # characters of a text; the longest names of OpenStreetMap have 255
MAX_ALTERNATIVES = 400  # other names of one record: a country has names in three hundred languages

_TYPE_IDS = {name: number for number, name in enumerate(TYPES)}
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")  # controls, lone surrogates
_TEXTS = {  # fields of a record beside the columns, with their keys in archives
    "wiki": ("w", "wikipedia"),
    "wikidata": ("q", "wikidata"),
    "website": ("ws", "website"),
    "phone": ("p", "phone"),
    "brand": ("brand",),
    "category": ("cat",),
}
_OTHER_NAMES = ("alt_name", "alt_names", "alternative_names")
_RARE = frozenset((*_OTHER_NAMES, *(key for keys in _TEXTS.values() for key in keys)))


@dataclass(frozen=True)
class Row:
    """A checked record: position in degrees, `type_id` an index of `TYPES` or its length, `more` what few records have.

    `more` has the members of `PlaceRecord` that are not empty, and `type` if that is none of `TYPES`.
    """

    name: str
    type_id: int
    subtype: str
    lat: float
    lon: float
    location: str
    has_wiki: bool
    more: dict[str, Any]


def name_of(values: dict[str, Any]) -> str:
    """Return a record's name as written, empty when it has none."""
    name = values.get("n") or values.get("name")
    return name if isinstance(name, str) else ""


def parse(values: dict[str, Any]) -> Row | None:
    """Return a record; None when it has no name or no position, for which broken data has (0, 0)."""
    name = _text(values, "n", "name")
    lat, lon = _degrees(values, "a", "lat", 90.0), _degrees(values, "o", "lon", 180.0)
    if not name or lat is None or lon is None or (lat == 0 and lon == 0):
        return None
    written = _text(values, "t", "type")
    type_id = _TYPE_IDS.get(written, len(TYPES))
    more: dict[str, Any] = _details(values, name) if _RARE.intersection(values) else {}
    if type_id == len(TYPES):
        more["type"] = written
    return Row(
        name=name,
        type_id=type_id,
        subtype=_text(values, "s", "subtype"),
        lat=lat,
        lon=lon,
        location=_text(values, "l", "location"),
        has_wiki="wiki" in more,
        more=more,
    )


def _text(values: dict[str, Any], *keys: str) -> str:
    for key in keys:
        text = values.get(key)
        if text and isinstance(text, str):
            text = text[:MAX_NAME]
            return (text if text.isprintable() else _UNPRINTABLE.sub(" ", text)).strip()
    return ""


def _degrees(values: dict[str, Any], key: str, long_key: str, limit: float) -> float | None:
    number = values.get(key, values.get(long_key))
    if isinstance(number, bool) or not isinstance(number, int | float) or not -limit <= number <= limit:
        return None
    return float(number) if math.isfinite(number) else None


def _details(values: dict[str, Any], name: str) -> dict[str, Any]:
    details: dict[str, Any] = {field: text for field, keys in _TEXTS.items() if (text := _text(values, *keys))}
    if "://" in details.get("wiki", ""):  # one build wrote websites there (§5.3)
        details.setdefault("website", details.pop("wiki"))
    if names := _other_names(values, name):
        details["alternative_names"] = names
    return details


def _other_names(values: dict[str, Any], name: str) -> list[str]:
    given: list[str] = []
    for key in _OTHER_NAMES:
        found = values.get(key)
        if isinstance(found, str):
            given += found[: MAX_NAME * MAX_ALTERNATIVES].split(";")
        elif isinstance(found, list):
            given += [text for text in found[:MAX_ALTERNATIVES] if isinstance(text, str)]
    cleaned = (_UNPRINTABLE.sub(" ", text[:MAX_NAME]).strip() for text in given)
    return [text for text in dict.fromkeys(cleaned) if text and text != name][:MAX_ALTERNATIVES]
