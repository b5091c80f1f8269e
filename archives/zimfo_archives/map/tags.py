"""What kind of place the tags of an object make it: type and subtype of its search record (streetzim-format.md §3.1).

Subtypes are the words that map styles of the OpenMapTiles schema use where such a word says as much as the tag; where
it says less ("shop", "amenity"), the tag's own value stays.
"""

from collections.abc import Mapping

_PLACES = frozenset(
    """
    continent country state province region county municipality city borough town suburb quarter neighbourhood village
    hamlet isolated_dwelling locality island islet square archipelago
    """.split()
)
SETTLEMENTS = frozenset({"city", "town", "village", "hamlet"})

_WATERS = {"natural": {"water", "bay", "strait", "spring", "hot_spring"}, "waterway": {"waterfall", "dam"}}
_RUNNING = frozenset({"river", "stream", "canal", "ditch", "drain", "tidal_channel", "wadi"})
_PARKS = {
    "leisure": {"park", "nature_reserve", "garden", "dog_park"},
    "boundary": {"national_park", "protected_area"},
}
_PEAKS = frozenset({"peak", "volcano", "hill"})
_AIRPORTS = frozenset({"international", "public", "regional", "military", "private"})

# Keys whose value names the kind of a place, the more telling before the less: a museum in a historic building is a
# museum. A value listed with a key is left to the keys after it.
_POI_KEYS: tuple[tuple[str, frozenset[str]], ...] = (
    ("amenity", frozenset()),
    ("shop", frozenset({"vacant"})),
    ("tourism", frozenset({"attraction", "information"})),
    ("leisure", frozenset()),
    ("healthcare", frozenset()),
    ("historic", frozenset()),
    ("tourism", frozenset()),
    ("office", frozenset()),
    ("craft", frozenset()),
    ("man_made", frozenset()),
    ("emergency", frozenset()),
)
# Of these keys, most values are no places.
_POI_TAGS = frozenset(
    {
        ("railway", "station"),
        ("railway", "halt"),
        ("railway", "tram_stop"),
        ("railway", "subway_entrance"),
        ("aeroway", "terminal"),
        ("aeroway", "heliport"),
        ("natural", "beach"),
        ("natural", "cave_entrance"),
        ("landuse", "cemetery"),
        ("highway", "bus_stop"),
    }
)
# Words of the schema that stand for several values of tags without hiding what people ask for.
_CLASSES = {
    "alcohol_shop": "shop=alcohol shop=beverages shop=wine",
    "art_gallery": "tourism=gallery amenity=arts_centre",
    "bus": "amenity=bus_station highway=bus_stop",
    "clothing_store": "shop=clothes",
    "college": "amenity=university amenity=college",
    "golf": "leisure=golf_course",
    "grocery": "shop=supermarket shop=greengrocer shop=deli",
    "harbor": "leisure=marina",
    "historic": "historic=building historic=district historic=house",
    "lodging": "tourism=hotel tourism=motel tourism=hostel tourism=guest_house tourism=chalet tourism=apartment",
    "post": "amenity=post_office",
    "railway": "railway=station railway=halt railway=tram_stop railway=subway_entrance",
    "school": "amenity=school amenity=kindergarten",
    "swimming": "leisure=swimming_pool",
    "town_hall": "amenity=townhall",
}
_CLASS_OF = {tuple(tag.split("=")): name for name, tags in _CLASSES.items() for tag in tags.split()}
# What else has a name on maps, by the key that says what it is; the more telling before the less. Lines of traffic come
# before the land around them, boundaries last. The type is that of an area where no one goes to "a landuse".
_OTHER_KEYS: tuple[tuple[str, str], ...] = (
    ("railway", "poi"),
    ("aerialway", "poi"),
    ("piste:type", "poi"),
    ("public_transport", "poi"),
    ("aeroway", "poi"),
    ("tourism", "poi"),
    ("waterway", "water"),
    ("natural", "area"),
    ("place", "area"),
    ("military", "area"),
    ("landuse", "area"),
    ("power", "poi"),
    ("telecom", "poi"),
    ("barrier", "poi"),
    ("sport", "poi"),
    ("club", "poi"),
    ("playground", "poi"),
    ("attraction", "poi"),
    ("advertising", "poi"),
    ("highway", "poi"),
    ("route", "poi"),
    ("bridge", "area"),
    ("tunnel", "area"),
    ("building:part", "building"),
    ("indoor", "area"),
    ("room", "area"),
    ("geological", "area"),
    ("site", "area"),
    ("area:highway", "area"),
    ("golf", "poi"),
    ("boundary", "area"),
    ("area", "area"),
)
_WATER_VALUES = frozenset({"reservoir", "basin", "salt_pond", "wetland", "glacier", "reef", "coastline"})
# Values that say no more than that the key applies.
_UNTOLD = frozenset({"yes", "true", "1"})
_NOT = frozenset({"no", "none", "false", "0"})


def kind_of(tags: Mapping[str, str]) -> tuple[str, str] | None:
    """Return type and subtype of the record of a named object; None for what is no place."""
    place = tags.get("place", "")
    if place in _PLACES:
        return "place", place
    if tags.get("aeroway") == "aerodrome":
        told = tags.get("aerodrome:type") or tags.get("aerodrome", "")
        return "airport", told if told in _AIRPORTS else "other"
    if tags.get("natural") in _PEAKS:
        return "peak", tags["natural"]
    for type_, groups in (("water", _WATERS), ("park", _PARKS)):
        for key, values in groups.items():
            if (value := tags.get(key, "")) in values:
                return type_, tags.get("water", "lake") if value == "water" else value
    return _poi(tags) or _other(tags)


def river_kind(tags: Mapping[str, str]) -> tuple[str, str] | None:
    """Return type and subtype of a named line of water; None for what is no line."""
    waterway = tags.get("waterway", "")
    return ("water", waterway) if waterway in _RUNNING else None


def _poi(tags: Mapping[str, str]) -> tuple[str, str] | None:
    for key, left_out in _POI_KEYS:
        # "cafe;bar": the first is what its editor thought of first.
        value = tags.get(key, "").partition(";")[0].strip()
        if value and value not in left_out and value not in _NOT:
            return "poi", key if value in _UNTOLD else _CLASS_OF.get((key, value), value)
    for key, value in tags.items():
        if (key, value) in _POI_TAGS:
            return "poi", _CLASS_OF.get((key, value), value)
    building = tags.get("building", "no")
    if building in _NOT:
        return None
    return "building", "" if building in _UNTOLD else building


def _other(tags: Mapping[str, str]) -> tuple[str, str] | None:
    for key, type_ in _OTHER_KEYS:
        value = tags.get(key, "").partition(";")[0].strip()
        if value and value not in _NOT:
            # "natural=reservoir" and the like are waters by whatever key.
            found = "water" if value in _WATER_VALUES else type_
            return found, key.replace(":", "_") if value in _UNTOLD else value
    return None
