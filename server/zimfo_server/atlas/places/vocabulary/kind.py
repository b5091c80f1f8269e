"""What a kind of place is: its words, and what map archives file it under."""

from dataclasses import dataclass

GENERIC = "amenity shop tourism attraction leisure historic landuse office poi none"
"""Subtypes that hide the real kind (streetzim-format.md §3.1); `none` is the empty subtype."""

FOOD = "restaurant *_restaurant fast_food food_court cafe amenity poi none"
"""Subtypes under which the cuisine is told by the name."""


@dataclass(frozen=True)
class Kind:
    """A kind of place. Every text but `remark` is a list of entries separated by spaces; `_` stands for a space.

    `also` are other names of the kind. `subtypes` are patterns (`*` matches anything) of subtypes, OpenMapTiles
    classes as well as Overture categories, the map's usual one first; `type/pattern` looks at records of another type
    than the features (`place`, `street`, `addr`). `names` are words of names, `*word` also as the end of a compound;
    they count under the subtypes `among`. `unless` are words of names that say that a place is something else.

    A subtype that is `mixed` holds other things too where any of its names has a word of `unless`; there only `names`
    tell. `remark` is said of maps without a class for just this kind.
    """

    label: str
    also: str = ""
    subtypes: str = ""
    names: str = ""
    among: str = GENERIC
    unless: str = ""
    mixed: str = ""
    remark: str = ""
