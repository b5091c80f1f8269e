"""The question shapes that are recognised without a model, and what a recognised question says."""

from dataclasses import dataclass
from enum import StrEnum

from zimfo_shared.routes import Mode


class Shape(StrEnum):
    """What sort of question it is."""

    GREETING = "greeting"
    NARRATE = "narrate"
    COMPARE = "compare"
    SEARCH = "search"
    OVERVIEW = "overview"
    ASPECT = "aspect"
    PLACES = "places"
    HERE = "here"
    ROUTE = "route"
    STATUS = "status"
    STORIES = "stories"
    CLOSEST = "closest"
    PICK = "pick"
    MORE = "more"
    QUESTION = "question"


MAP_SHAPES = frozenset(
    {
        Shape.PLACES,
        Shape.HERE,
        Shape.ROUTE,
        Shape.STATUS,
        Shape.STORIES,
        Shape.CLOSEST,
        Shape.PICK,
        Shape.MORE,
    }
)
HERE = "here"  # the place of a question that means where the person is


@dataclass(frozen=True)
class Intent:
    """A recognised shape; `subjects` are the titles, words or places that the question names.

    Of a question about places: `kinds` as the person wrote them, `radius_km` where a distance is named, `inside` for
    "in X" instead of "near X", `nearest` when only the nearest counts, `around` when the surroundings (of a list: a
    wider area) are asked for, `mode` of travel, `unsupported` names a means of travel that has no routes. `weak` marks
    a shape that an article may answer instead ("how far is the Moon").
    """

    shape: Shape
    subjects: tuple[str, ...] = ()
    aspect: str = ""
    kinds: tuple[str, ...] = ()
    radius_km: float | None = None
    inside: bool = False
    nearest: bool = False
    around: bool = False
    mode: Mode | None = None
    unsupported: str = ""
    weak: bool = False
