"""One place of the gazetteer, as a map archive's search data holds it (streetzim-format.md §3.1)."""

from dataclasses import dataclass

TYPES = ("place", "airport", "peak", "park", "water", "poi", "street", "building", "area", "addr")
"""Types of records, in the order in which equal matches are preferred. Unknown types count as the last of all."""


@dataclass(frozen=True)
class PlaceRecord:
    """A record; optional texts are empty when the archive has none."""

    name: str
    type: str
    subtype: str
    lat: float  # degrees
    lon: float
    location: str = ""  # a display hint, never an administrative containment (§5.1)
    wiki: str = ""  # raw OpenStreetMap value, may hold several ("en:X;de:Y")
    wikidata: str = ""
    website: str = ""
    phone: str = ""
    brand: str = ""
    category: str = ""  # Overture's, preferred over the subtype for display
    alternative_names: tuple[str, ...] = ()
