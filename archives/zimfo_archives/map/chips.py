"""The browsing categories of the category index, and which records stand in them (streetzim-format.md §3.6)."""

import re
from dataclasses import dataclass

from zimfo_archives.map.records import Record

_SIGHTS = frozenset({"tourism", "attraction"})


@dataclass(frozen=True, slots=True)
class Chip:
    """A category: records of the type whose subtype is one of these or reads like the pattern.

    With a type other than "poi", all records of it. `named` selects sights by words of their names.
    """

    label: str
    subtypes: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    named: re.Pattern[str] | None = None
    type: str = "poi"


def _chip(label: str, subtypes: str, pattern: str = "", named: str = "") -> Chip:
    return Chip(
        label,
        frozenset(subtypes.split()),
        re.compile(pattern) if pattern else None,
        re.compile(named, re.IGNORECASE) if named else None,
    )


CHIPS = {
    "restaurants": _chip("Restaurants", "restaurant fast_food food_court ice_cream", r"_restaurant$|^food_"),
    "cafes": _chip("Cafes", "cafe coffee_shop bakery tea_room ice_cream_parlor"),
    "bars": _chip(
        "Bars",
        "bar pub biergarten nightclub beer alcohol_shop wine_bar sports_bar cocktail_bar dive_bar beer_bar brewery"
        " wine_store liquor_store",
    ),
    "hotels": _chip("Hotels", "hotel motel hostel bed_and_breakfast lodging inn guest_house resort campsite"),
    "museums": _chip(
        "Museums",
        "museum art_gallery planetarium observatory",
        r"_museum$|_gallery$",
        r"\b(?:museum|gallery|exhibit|planetarium)",
    ),
    "landmarks": _chip(
        "Landmarks",
        "historic castle monument historical_landmark landmark_and_historical_building memorial",
        named=r"\b(?:landmark|monument|memorial|historic)",
    ),
    "parks": Chip("Parks", type="park"),
    "libraries": _chip("Libraries", "library public_library"),
    "health": _chip("Health", "hospital pharmacy clinic doctors dentist urgent_care_clinic veterinary"),
    "shops": _chip(
        "Shops",
        "shop supermarket mall marketplace department_store convenience grocery clothing_store jewelry_store",
        r"_store$|^store$",
    ),
    "fuel": _chip("Fuel", "fuel charging_station gas_station ev_charging_station"),
}


def is_in(chip: str, record: Record) -> bool:
    """Tell whether a record stands in the category."""
    rule = CHIPS[chip]
    if record.type != rule.type:
        return False
    if rule.type != "poi":
        return True
    return (
        record.subtype in rule.subtypes
        or bool(rule.pattern and rule.pattern.search(record.subtype))
        or bool(rule.named and record.subtype in _SIGHTS and rule.named.search(record.name))
    )
