"""English words for kinds of places: what makes "X near Y" a question about places (zimfo-behaviour §2.9, §5.2).

The words follow the subtypes of OpenStreetMap and Overture that map archives hold, in the way people say them. They
only recognise a question; what a kind matches is decided by the server.
"""

import re
from typing import Final

from zimfo_shared.places import singular

MAX_KIND_WORDS = 4  # "24 hour vegan coffee shop" is about as long as a kind gets; longer is a sentence

# Head nouns that stand for places wherever they occur, in the singular.
KIND_NOUNS: Final = frozenset(
    """airport alley animal_shelter aquarium arcade arena atm attraction bakery bank bar barber barbershop basilica
    bathroom beach bicycle_shop bistro boatyard bookshop bookstore boulangerie boutique bowling_alley brasserie
    brewery brewpub bridge butcher bus_stop cafe cafeteria campground campsite car_park car_rental car_wash carpark
    casino castle cathedral cave cemetery chapel charger chemist church cinema clinic club cobbler college
    convent courthouse creperie deli delicatessen dentist diner distillery doctor dojo drugstore eatery embassy
    farm ferry_terminal fire_station fitness_centre florist food_court food_truck fort fortress fountain gallery
    garage garden gastropub gelateria golf_course greengrocer grocer grocery gym hairdresser harbor harbour
    hospital hostel hotel ice_rink inn jeweler jeweller kebab_shop kindergarten laundromat laundry library
    lighthouse liquor_store locksmith lodge lookout marina market memorial monastery monument mosque motel museum
    nightclub nursery observatory office optician osteria palace park parlor parlour patisserie pharmacy picnic_area
    pier pizzeria planetarium playground plaza police_station pool post_office prison pub racetrack resort
    restaurant restroom ruin salon sanctuary sauna school shop shrine sight spa square stadium station
    steakhouse store studio supermarket swimming_pool synagogue takeaway taqueria tavern taxi_rank tearoom temple
    terminal theater theatre toilet tower trattoria university venue vet veterinarian viewpoint vineyard waterfall
    wc winery zoo landmark accommodation lodging dispensary courier pawnbroker tailor trailhead trail
    kiosk newsagent sculpture statue mall campus creche daycare barbecue_area bnb guesthouse tennis_court
    basketball_court pickleball_court squash_court volleyball_court town_hall city_hall concert_hall music_hall
    taco_truck coworking_space sports_hall""".split()
)

# Words that also name a substance, a dish or a subject: a place only where the question is otherwise about places
# ("coffee near me", "where can I find sushi"), not in "coffee in Ethiopia".
LOOSE_NOUNS: Final = frozenset(
    """art bbq barbecue beer breakfast brunch burger burrito cash charging coffee curry dessert dinner drink espresso
    falafel food fuel gas gasoline gelato groceries ice_cream kebab lunch medicine noodle pasta petrol pizza
    ramen sandwich seafood shopping sushi taco tapas tea water_fountain wifi wine parking
    nightlife sightseeing camping lodgings refreshment snack""".split()
)

# Whole phrases whose last word is no kind, and the kind that they ask for.
PHRASES: Final[dict[str, str]] = {
    "place to eat": "restaurant",
    "place to dine": "restaurant",
    "somewhere to eat": "restaurant",
    "something to eat": "restaurant",
    "place to drink": "bar",
    "somewhere to drink": "bar",
    "place to stay": "hotel",
    "place to sleep": "hotel",
    "somewhere to stay": "hotel",
    "somewhere to sleep": "hotel",
    "place to park": "parking",
    "somewhere to park": "parking",
    "place to see": "attraction",
    "place to visit": "attraction",
    "thing to see": "attraction",
    "thing to do": "attraction",
    "place of worship": "place_of_worship",
    "something to see": "attraction",
    "something to do": "attraction",
    "hidden gem": "attraction",
    "point of interest": "attraction",
    "points of interest": "attraction",
    "bed and breakfast": "bed and breakfast",
}

# Heads that say nothing by themselves: in "pizza places" the kind is pizza.
_EMPTY_HEADS: Final = frozenset(("place", "spot", "joint", "shack"))

# What stands before a kind without being part of it.
PRAISE: Final = frozenset(
    """a an the any some all good great best better nice decent cheap affordable fancy popular famous top interesting
    open nearest closest nearby local other more few several many cool lovely cute cosy cozy fine favourite favorite
    excellent real really very most pretty quiet big small""".split()
)

# In front of a head noun these make a clause or another subject of it: "role of banks", "explain parks".
_NO_MODIFIERS: Final = frozenset(
    """of for about from to with without by on into is are was were be been do does did has have had can could will
    would should how why when who whom whose what which where that this these those than as if not explain
    describe compare contrast define summarize summarise read narrate recite tell say between during since before
    after history role origin cause effect article articles page pages entry entries story stories fact facts""".split()
)

_SPLIT: Final = re.compile(r"\s*[,;/&]\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+(?!breakfast)", re.IGNORECASE)


def kinds_in(phrase: str, *, loose: bool = False) -> tuple[str, ...]:
    """Return the kinds that a phrase asks for, as the person wrote them without praise; empty when it is no kind.

    "good jazz bars and cafés" → ("jazz bars", "cafés"). With `loose`, words such as "coffee" count too. Every part
    of an enumeration must be a kind: "bars and politics" is none.
    """
    found = [_kind(part, loose=loose) for part in _SPLIT.split(phrase.strip())]
    return tuple(kind for kind in found if kind) if found and all(found) else ()


def _kind(part: str, *, loose: bool) -> str:
    words = part.split()
    while len(words) > 1 and words[0].lower() in PRAISE:
        words = words[1:]
    if not 0 < len(words) <= MAX_KIND_WORDS:
        return ""
    folded = [word.lower().replace("é", "e").replace("’", "'").removesuffix("'s") for word in words]
    head = singular(folded[-1])
    for spelling in ([singular(folded[0]), *folded[1:]], [*folded[:-1], head]):
        if phrase := PHRASES.get(" ".join(spelling)):
            return phrase
    if _NO_MODIFIERS & set(folded):
        return ""
    if head in _EMPTY_HEADS and folded[-2:-1] and folded[-2] in LOOSE_NOUNS:
        return " ".join(words[:-1])
    nouns = KIND_NOUNS | LOOSE_NOUNS if loose else KIND_NOUNS
    named = {head, "_".join([*folded[:-1], head][-2:]), folded[-1]}
    return " ".join(words) if named & nouns else ""
