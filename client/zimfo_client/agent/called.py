"""What a call of a model's asks for, as a question shape, so that the host can compose the answer.

A model that is too small to write from results can still tell which tool a question wants, and what of.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from zimfo_client.agent.intents import recognise
from zimfo_client.agent.journey_intents import MY_LOCATION
from zimfo_client.agent.shape import HERE, Intent, Shape
from zimfo_client.calls import ToolCall
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.errors import BadArgumentsError
from zimfo_shared.own_place import is_own_place

_INSIDE: Final = re.compile(r"\b(?:in|within|inside|downtown)\b", re.IGNORECASE)
_NEAREST: Final = re.compile(r"\b(?:nearest|closest)\b", re.IGNORECASE)


def intent_of(call: ToolCall, question: str) -> Intent | None:
    """Return what a call asks for; None for a tool that is none of ours, and for arguments that it does not take."""
    contract, shape = CATALOGUE.get(call.name), _SHAPES.get(call.name)
    if contract is None or shape is None:
        return None
    try:
        given = contract.input.parse(call.name, dict(call.arguments)).model_dump(exclude_unset=True)
    except BadArgumentsError:
        return None
    return shape(given, question)


def _search(given: Mapping[str, Any], question: str) -> Intent:
    # A list of articles only where one is asked for; else the articles are to answer the question.
    shape = Shape.SEARCH if recognise(question).shape is Shape.SEARCH else Shape.QUESTION
    return Intent(shape, (given["query"],))


def _overview(given: Mapping[str, Any], _question: str) -> Intent:
    return Intent(Shape.OVERVIEW, (given["title"],))


def _section(given: Mapping[str, Any], _question: str) -> Intent:
    return Intent(Shape.ASPECT, (given["title"],), aspect=given["section"])


def _compare(given: Mapping[str, Any], _question: str) -> Intent:
    return Intent(Shape.COMPARE, tuple(given["titles"]), aspect=given.get("section") or "")


def _narrate(given: Mapping[str, Any], _question: str) -> Intent:
    return Intent(Shape.NARRATE, (given["title"],))


def _near(given: Mapping[str, Any], question: str) -> Intent:
    kinds = tuple(kind.replace("_", " ") for kind in given.get("kinds") or ())
    place = given.get("place") or HERE
    place = HERE if is_own_place(place) else place
    if not kinds and place == HERE:
        return Intent(Shape.HERE, around=True)
    return Intent(
        Shape.PLACES,
        (kinds[0] if kinds else "places", place),
        kinds=kinds,
        radius_km=given.get("radius_km"),
        inside=place != HERE and bool(_INSIDE.search(question)),
        nearest=bool(_NEAREST.search(question)),
    )


def _stories(given: Mapping[str, Any], _question: str) -> Intent:
    place = given.get("place") or HERE
    return Intent(Shape.STORIES, (HERE if is_own_place(place) else place,))


def _here(_given: Mapping[str, Any], _question: str) -> Intent:
    return Intent(Shape.HERE)


def _route(given: Mapping[str, Any], _question: str) -> Intent:
    origin = given.get("origin") or MY_LOCATION
    origin = MY_LOCATION if is_own_place(origin) else origin
    return Intent(Shape.ROUTE, (origin, given["destination"]), mode=given.get("mode"))


def _status(_given: Mapping[str, Any], _question: str) -> Intent:
    return Intent(Shape.STATUS)


_SHAPES: Final[dict[str, Callable[[Mapping[str, Any], str], Intent]]] = {
    "search": _search,
    "article_overview": _overview,
    "get_article_section": _section,
    "compare_articles": _compare,
    "narrate_article": _narrate,
    "near_places": _near,
    "near_named_place": _near,
    "nearby_stories": _stories,
    "what_is_here": _here,
    "route_from_places": _route,
    "route_status": _status,
}
