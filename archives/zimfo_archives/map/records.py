"""The records of the gazetteer as they are stored (streetzim-format.md §3.1), and what tags make of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from zimfo_archives.map.names import is_address, name_of, other_names, tracked, wikipedia_of
from zimfo_archives.map.tags import kind_of

# Readers rank by type, and expect the records of a file in this order; others follow, addresses last.
TYPE_ORDER = ("place", "airport", "peak", "park", "water", "poi", "street", "building", "area", "addr")
RANK = {name: number for number, name in enumerate(TYPE_ORDER)}

_CUISINE = re.compile(r"[a-z]+(?:_[a-z]+)*")
# "cuisine=regional" says nothing that a person looks for.
_NO_CUISINES = frozenset({"regional", "local", "international", "other", "various", "yes", "no"})


@dataclass(slots=True)
class Record:
    """One record of the search data. Of an object with a shape, the position is found when everything is read."""

    name: str
    type: str
    subtype: str
    lat: float = 0.0  # degrees
    lon: float = 0.0
    label: str = ""  # the municipality or settlement it belongs to
    names: tuple[str, ...] = ()  # other names, in all languages
    wikipedia: str = ""
    wikidata: str = ""
    phone: str = ""
    website: str = ""
    brand: str = ""
    category: str = ""  # more telling than the subtype: italian_restaurant
    population: int = 0  # of a settlement; 0: not told; for labels only
    tracked: tuple[str, ...] = ()  # what the tally counts of its object

    def row(self) -> dict[str, object]:
        """Return the record as it is stored, with short keys; what is not told is left out."""
        row: dict[str, object] = {
            "n": self.name,
            "t": self.type,
            "s": self.subtype,
            # Six places are a decimetre.
            "a": round(self.lat, 6),
            "o": round(self.lon, 6),
            "l": self.label,
        }
        told = {
            "w": self.wikipedia,
            "q": self.wikidata,
            "p": self.phone,
            "ws": self.website,
            "brand": self.brand,
            "cat": self.category,
            "alt_names": list(self.names),
        }
        return row | {key: value for key, value in told.items() if value}

    def take(self, other: "Record") -> None:
        """Add what another record of the same thing tells."""
        names = dict.fromkeys((*self.names, other.name, *other.names))
        names.pop(self.name, None)
        self.names = tuple(names)
        self.wikipedia = joined(self.wikipedia, other.wikipedia)
        self.wikidata = joined(self.wikidata, other.wikidata)
        for field in ("label", "phone", "website", "brand", "category"):
            setattr(self, field, getattr(self, field) or getattr(other, field))


def joined(some: str, more: str) -> str:
    """Return two lists of values separated by semicolons as one, each value once."""
    return ";".join(dict.fromkeys(part for text in (some, more) for part in text.split(";") if part))


def place_record(tags: Mapping[str, str]) -> Record | str:
    """Return the record of a place without its position, or why there is none."""
    kind = kind_of(tags)
    if kind is None:
        return NO_KIND
    name = name_of(tags)
    if not name:
        return NO_NAME
    return Record(
        name,
        *kind,
        label=tags.get("addr:city", "") if kind[0] != "place" else "",
        names=other_names(tags, name),
        wikipedia=wikipedia_of(tags),
        wikidata=tags.get("wikidata", ""),
        phone=tags.get("phone") or tags.get("contact:phone", ""),
        website=tags.get("website") or tags.get("contact:website", ""),
        brand=tags.get("brand", ""),
        category=_category(tags),
        population=_population(tags) if kind[0] == "place" else 0,
        tracked=tracked(tags),
    )


def address_record(tags: Mapping[str, str]) -> Record | None:
    """Return the record of an address without its position, None if the tags give none."""
    if not is_address(tags):
        return None
    number, city = tags["addr:housenumber"], tags.get("addr:city", "")
    street = tags.get("addr:street") or tags["addr:place"]
    # The number comes first in every country: §3.1.
    name = f"{number} {street}, {city}" if city else f"{number} {street}"
    return Record(name, "addr", "", label=city, tracked=(ADDRESS,))


# What the tally calls addresses, and why an object has no record.
ADDRESS = "address"
NO_NAME = "has no name"
NO_KIND = "no tag says what it is"

MAX_POPULATION = 50_000_000  # above any city's: a larger number is a slip


def _population(tags: Mapping[str, str]) -> int:
    told = tags.get("population", "").replace(",", "").replace(" ", "")
    number = int(told) if told.isascii() and told.isdigit() and len(told) < 12 else 0
    return number if number <= MAX_POPULATION else 0


def _category(tags: Mapping[str, str]) -> str:
    cuisine = tags.get("cuisine", "").partition(";")[0].strip().lower().replace(" ", "_")
    if tags.get("amenity") != "restaurant" or cuisine in _NO_CUISINES or not _CUISINE.fullmatch(cuisine):
        return ""
    return cuisine if cuisine.endswith("_restaurant") else f"{cuisine}_restaurant"
