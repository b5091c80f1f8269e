"""The words for kinds of places, and what map archives file those kinds under.

Many maps file restaurants, banks, churches and car parks all as `amenity`, so kinds also have words that tell them by
name, in the languages of the larger map regions (zimfo-behaviour §2.9 has the lessons on matching too much).
"""

from zimfo_server.atlas.places.vocabulary.culture import CULTURE
from zimfo_server.atlas.places.vocabulary.food import CUISINES, EAT_AND_DRINK
from zimfo_server.atlas.places.vocabulary.kind import FOOD, GENERIC, Kind
from zimfo_server.atlas.places.vocabulary.outdoors import OUTDOORS
from zimfo_server.atlas.places.vocabulary.regions import TRANSPORT_AND_REGIONS
from zimfo_server.atlas.places.vocabulary.services import SERVICES
from zimfo_server.atlas.places.vocabulary.shops import SHOPPING

KINDS = (*EAT_AND_DRINK, *SHOPPING, *SERVICES, *CULTURE, *OUTDOORS, *TRANSPORT_AND_REGIONS)

__all__ = ["CUISINES", "FOOD", "GENERIC", "KINDS", "Kind"]
