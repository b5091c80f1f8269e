"""The eleven tools in the order in which every listing shows them."""

from typing import Final

from zimfo_shared.articles import ARTICLE_OVERVIEW, COMPARE_ARTICLES, GET_ARTICLE_SECTION, NARRATE_ARTICLE, SEARCH
from zimfo_shared.contract import Contract
from zimfo_shared.places import NEAR_NAMED_PLACE, NEAR_PLACES, NEARBY_STORIES, WHAT_IS_HERE
from zimfo_shared.routes import ROUTE_FROM_PLACES, ROUTE_STATUS

ARTICLE_TOOLS: Final = (SEARCH, ARTICLE_OVERVIEW, GET_ARTICLE_SECTION, COMPARE_ARTICLES, NARRATE_ARTICLE)
PLACE_TOOLS: Final = (NEAR_PLACES, NEAR_NAMED_PLACE, NEARBY_STORIES, WHAT_IS_HERE)
ROUTE_TOOLS: Final = (ROUTE_FROM_PLACES, ROUTE_STATUS)

CATALOGUE: Final[dict[str, Contract]] = {
    contract.name: contract for contract in (*ARTICLE_TOOLS, *PLACE_TOOLS, *ROUTE_TOOLS)
}
