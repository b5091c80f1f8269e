"""Shops, offices, sights and stops: their tags, as OpenStreetMap would have them."""

from functools import cache

import numpy as np

from zimfo_archives.synth.chance import draws, ranks
from zimfo_archives.synth.lattice import street_names
from zimfo_archives.synth.names import LANGUAGES, word
from zimfo_archives.synth.region import Region

# The more frequent come first; the last are drawn about a hundredth as often.
_KINDS = """
    amenity=restaurant highway=bus_stop amenity=cafe shop=supermarket amenity=place_of_worship amenity=school
    amenity=fast_food shop=convenience amenity=bank amenity=pharmacy shop=clothes tourism=hotel shop=hairdresser
    amenity=bar amenity=parking amenity=fuel leisure=playground amenity=kindergarten amenity=pub shop=bakery
    tourism=attraction amenity=post_office tourism=artwork amenity=atm amenity=doctors amenity=dentist
    shop=car_repair historic=memorial leisure=pitch amenity=clinic shop=beauty leisure=sports_centre shop=butcher
    tourism=guest_house tourism=viewpoint amenity=library shop=mobile_phone shop=furniture amenity=community_centre
    office=company railway=station shop=shoes amenity=hospital tourism=museum shop=optician shop=florist
    office=government leisure=fitness_centre shop=jewelry shop=doityourself amenity=police shop=bicycle
    amenity=charging_station shop=electronics amenity=townhall shop=car historic=monument amenity=theatre
    office=insurance office=estate_agent office=lawyer shop=books tourism=hostel tourism=camp_site
    amenity=fire_station amenity=social_facility shop=toys shop=hardware shop=greengrocer shop=alcohol
    amenity=veterinary amenity=bicycle_rental shop=chemist shop=gift amenity=ice_cream amenity=university
    shop=pet shop=sports historic=castle tourism=information amenity=nightclub amenity=cinema amenity=college
    amenity=marketplace amenity=arts_centre shop=kiosk shop=mall shop=department_store leisure=swimming_pool
    historic=ruins craft=carpenter healthcare=physiotherapist amenity=car_wash amenity=car_rental craft=brewery
    tourism=gallery shop=laundry shop=tailor shop=travel_agency shop=photo shop=music
    amenity=courthouse leisure=golf_course leisure=marina leisure=ice_rink tourism=zoo tourism=theme_park
    amenity=embassy craft=shoemaker craft=electrician man_made=lighthouse man_made=tower landuse=cemetery
    historic=archaeological_site historic=wayside_cross emergency=ambulance_station aeroway=heliport
    natural=beach natural=cave_entrance amenity=casino tourism=aquarium amenity=planetarium craft=winery
""".split()
_CUISINES = "regional pizza italian kebab chinese burger sushi indian thai mexican greek vegan".split()
# Kinds of which most belong to a chain, whose shops all have one name.
_CHAINED = frozenset(
    """
    amenity=fast_food shop=supermarket shop=convenience amenity=bank amenity=pharmacy amenity=fuel shop=clothes
    shop=shoes shop=electronics shop=doityourself shop=mobile_phone shop=optician amenity=charging_station amenity=atm
    shop=chemist shop=furniture amenity=car_rental shop=department_store
    """.split()
)
_CHAIN_SHARE = 0.6
_CHAINS = 40  # of each kind
_FAMILIES = 4_000
_NO_ITEM = 1_000_000_000  # Wikidata has no items of such numbers
_FANCIES = 1_000_000
_OTHER_SCRIPT = "Cyrl"  # the second alphabet of the land
# Of the others, some bear the name of a family, some that of their town or street, and some a fancy name.
_BY_FAMILY, _BY_PLACE = 0.45, 0.65
_TOLD = {"website": 0.2, "phone": 0.25, "wikidata": 0.02, "translated": 0.08}  # shares of those that tell so much
# Words by number, so that families, chains and fancies do not share theirs.
_FAMILY_WORDS, _CHAIN_WORDS, _FANCY_WORDS = 100_000, 110_000, 120_000


def poi_tags(region: Region, town: int, count: int) -> list[dict[str, str]]:
    """Return the tags of `count` places of a town."""
    number = np.arange(count)
    kinds = ranks(len(_KINDS), region.seed, "kind", town, number).tolist()
    chains = ranks(_CHAINS, region.seed, "chain", town, number).tolist()
    families = ranks(_FAMILIES, region.seed, "family", town, number).tolist()
    fancies = ranks(_FANCIES, region.seed, "fancy", town, number).tolist()
    cuisines = ranks(len(_CUISINES), region.seed, "cuisine", town, number).tolist()
    ways, places = (draws(region.seed, what, town, number).tolist() for what in ("way", "where"))
    told = {what: (draws(region.seed, what, town, number) < share).tolist() for what, share in _TOLD.items()}
    streets = [name for name in street_names(region, town)[1] if name] or [region.name(town)]
    script = region.script(town)
    made = []
    for n, kind_number in enumerate(kinds):
        kind = _KINDS[kind_number]
        thing = _thing(kind)
        tags = dict([kind.split("=")])
        if kind in _CHAINED and ways[n] < _CHAIN_SHARE:
            named, pattern = _CHAIN_WORDS + kind_number * _CHAINS + chains[n], "{0}"
            tags["brand"] = word(named, script)
        elif ways[n] < _BY_FAMILY:
            named, pattern = _FAMILY_WORDS + families[n], "{1} {0}"
        elif ways[n] < _BY_PLACE:
            named, pattern = 0, streets[int(places[n] * len(streets))] + " {1}"
        else:
            named, pattern = _FANCY_WORDS + fancies[n], "{0} {1}"
        tags["name"] = pattern.format(word(named, script), thing)
        if told["translated"][n]:
            other = _OTHER_SCRIPT if script == "Latn" else "Latn"
            tags[f"name:{LANGUAGES[other]}"] = pattern.format(word(named, other), thing)
        if told["website"][n]:
            tags["website"] = f"https://{word(named).lower()}.example/{town}/{n}"
        if told["phone"][n]:
            # 555-01xx: numbers that are kept for stories.
            tags["phone"] = f"+1 {200 + town % 700} 555 01{n % 100:02}"
        if told["wikidata"][n]:
            tags["wikidata"] = f"Q{_NO_ITEM + n * len(region.points) + town}"
            tags["wikipedia"] = f"en:{pattern.format(word(named), thing)}"
        if kind == "amenity=restaurant":
            tags["cuisine"] = _CUISINES[cuisines[n]]
        made.append(tags)
    return made


@cache
def _thing(kind: str) -> str:
    return kind.partition("=")[2].replace("_", " ").title()
