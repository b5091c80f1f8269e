"""Questions about a way: directions, distances, and how far the journey has come (zimfo-behaviour §5.2)."""

import re
from typing import Final

from zimfo_client.agent.shape import HERE, Intent, Shape
from zimfo_shared.own_place import is_own_place
from zimfo_shared.routes import Mode

MY_LOCATION: Final = "my location"
MAX_BARE_WORDS: Final = 10  # of two place names and "to"; more is a sentence

_MODES: Final[tuple[tuple[Mode, str], ...]] = (
    ("walk", r"on foot|by foot|by walking|walking|afoot"),
    ("bicycle", r"by (?:bike|bicycle|cycle)|on (?:a |my )?(?:bike|bicycle)|cycling|biking|by cycling"),
    ("drive", r"by car|driving|by driving|in (?:a|my|the) car|by road"),
)
_NO_ROUTES: Final = r"by (?P<means>train|bus|tram|metro|subway|plane|air|boat|ferry|ship|rail|public transport|transit)"
_VERBS: Final[dict[str, Mode]] = {
    "walk": "walk", "walking": "walk", "hike": "walk", "run": "walk", "stroll": "walk", "foot": "walk",
    "bike": "bicycle", "biking": "bicycle", "cycle": "bicycle", "cycling": "bicycle", "bicycle": "bicycle",
    "drive": "drive", "driving": "drive", "car": "drive",
}  # fmt: skip
_MOVE: Final = r"(?:get|go|drive|walk|cycle|bike|bicycle|hike|run|ride|travel|come|head)"

_SHOW: Final = r"(?:give|show|get|find|tell|plan|calculate|i need|i want|send)(?: me| us)?"

# A place is asked for behind these.
_ROUTES: Final = (
    rf"(?:{_SHOW} )?(?:the |a |an |some )?(?:(?:quickest|fastest|shortest|best|easiest|quick|short) )?"
    r"(?:(?:driving|walking|cycling|biking|bike|bicycle|car|foot) )?"
    r"(?:directions?|route)(?: for (?:driving|walking|cycling))? "
    rf"|{_SHOW} (?:the |a )(?:way|path) "
    r"|(?:navigate|guide|take|bring|drive|walk|lead|get|show|bike|cycle|hike|ride|run|direct|head|go)(?: me| us)?"
    r"(?: the way)? "
    rf"|how (?:do|can|could|should|would|might) (?:i|we|you|one) (?:best |quickly )?{_MOVE} "
    rf"|how to {_MOVE} "
    rf"|(?:i|we) (?:want|need|have|would like) to {_MOVE} "
    rf"|(?:let's|let us) {_MOVE} "
    r"|(?:what(?:'s| is) )?(?:the )?(?:quickest|fastest|shortest|easiest) (?:way|route) (?:to (?:get|go) )?"
    r"|what(?:'s| is) the best (?:way|route) (?:to (?:get|go) )?"
    r"|(?:which|what) way (?:is it )?"
    r"|(?:driving|walking|cycling|biking) "
)
# The same shape for a distance; an article may know that as well ("how far is the Moon").
_DISTANCES: Final = (
    r"how far (?:away )?(?:is it |is the (?:drive|walk|way|trip) |do (?:i|we) have to (?:go|drive|walk) )?"
    rf"|how (?:long|much time) (?:does|do|would|will) it take(?: me| us)? to {_MOVE} "
    r"|how (?:long|much time) (?:does|would|will) it take(?: me| us)? (?=from )"
    r"|how (?:long|many (?:minutes|hours|kilomet(?:er|re)s|km|miles))"
    rf"(?: is it| is the (?:drive|walk|ride|trip|way|route)| to {_MOVE}| of a (?:drive|walk))? "
    r"|(?:what(?:'s| is) )?(?:the )?(?:driving |walking |travel |cycling )?(?:distance|time) "
)
_FROM_TO: Final = r"from (?P<a>.+?) (?:to|until|towards?) (?P<b>.+)"
_TO_FROM: Final = r"(?:to|towards?|for|into) (?P<b>.+?)(?: (?:starting )?from (?P<a>.+))?"
_THERE: Final = r"(?P<b>there)(?: from (?P<a>.+))?"
_FAR_PLACE: Final = re.compile(
    r"how far (?:away )?(?:is|are) (?P<b>.+?)(?: away)?(?: (?:away )?from (?P<a>.+))?", re.IGNORECASE
)
_BETWEEN: Final = re.compile(
    r"(?:how far is it |(?:what(?:'s| is) )?(?:the )?(?:(?:driving |walking |travel )?(?:distance|time)|"
    r"(?:best |fastest |shortest )?(?:route|way)) )between (?P<a>.+?) and (?P<b>.+)",
    re.IGNORECASE,
)
_NO_PLACE: Final = re.compile(
    r"(?:(?:do|make|become|be|sleep|understand|learn|cook|win|solve|know|explain)\b.*|"
    r"(?:work|bed|sleep|school by|god|hell|heaven|war|rid of|know|the point|jail)\b.*)",
    re.IGNORECASE,
)

_UNITS: Final = r"many (?:km|miles|minutes|hours)"
_LEFT_OF_IT: Final = r"(?: (?:is|are|is it|is there|do (?:i|we) have|have (?:i|we) got))?(?: still)?"
_STATUS: Final = re.compile(
    "|".join(
        (
            r"how much (?:longer|further|farther)(?: (?:is it|is left|to go|now|is there|(?:until|till|before) .+))?",
            r"how much (?:longer|further|farther) (?:do (?:i|we)|will (?:it|this|we|i)) .+",
            r"how much (?:longer|further) (?:is|does) (?:the|this|our|my) (?:trip|drive|ride|journey|walk|route)\b.*",
            r"are we (?:nearly |almost |close to being )?there(?: yet| soon)?",
            rf"how (?:far|long|much|{_UNITS}|much time|much distance){_LEFT_OF_IT} (?:left|to go|remaining|still)",
            r"how far (?:is it|do (?:i|we) have)(?: still| yet)(?: to go| left)?",
            r"how (?:far|long) (?:do (?:i|we) )(?:still )?have (?:left )?to (?:go|drive|walk)",
            r"how long (?:is it )?(?:until|till|before) (?:we|i)(?: will|'ll)? (?:arrive|get there|am there|are there)",
            r"how far (?:have|did) (?:we|i) (?:come|go|gone|get|got)(?: so far)?",
            r"(?:what(?:'s| is) )?(?:my |the |our )?next (?:turn|step|instruction|man(?:oeu|eu)ver?e?|direction|exit)",
            r"(?:where|when|which way) (?:do|should|must) (?:i|we) (?:turn|go)(?: next| now)?",
            r"what(?:'s| is) next(?: on (?:the|my) (?:route|way))?",
            r"when (?:do|will|are|should) (?:we|i) (?:arriv(?:e|ing)|(?:get|getting|be) there)",
            r"(?:what(?:'s| is) )?(?:my |the |our )?(?:eta|arrival time|remaining (?:time|distance|way))",
            r"(?:what(?:'s| is) )?(?:the )?(?:time|distance) (?:remaining|left)",
            r"(?:am i|are we) (?:still )?(?:on|off) (?:(?:the|my|our|right|planned) )*(?:route|track|course|way|road)",
            r"(?:did|have) (?:i|we) miss(?:ed)? (?:my|the|our|a) (?:turn|exit)",
            r"(?:show (?:me )?)?(?:the |my |our )?(?:route|trip|journey) (?:status|progress)",
            r"where are we on (?:the|our|my) (?:route|way|trip)",
            r"how(?:'s| is) (?:the|my|our) (?:trip|journey|route|progress)(?: going)?",
        )
    ),
    re.IGNORECASE,
)


def journey(text: str) -> Intent | None:
    """Return the intent of a question about a way or the journey under way; None when it is neither."""
    if _STATUS.fullmatch(text):
        return Intent(Shape.STATUS)
    stripped, mode, means = _without_mode(text)
    for opening, weak in ((_ROUTES, False), (_DISTANCES, True)):
        for ends in (_FROM_TO, _TO_FROM, _THERE):
            if found := re.fullmatch(f"(?:{opening}){ends}", stripped, re.IGNORECASE):
                return _route(found, mode or _mode_of(stripped, found.start("b")), means, weak=weak)
    for distance in (_BETWEEN, _FAR_PLACE):
        if found := distance.fullmatch(stripped):
            return _route(found, mode, means, weak=True)
    between = re.fullmatch(r"(?P<r>route |directions )?(?:from )?(?P<a>.+?) to (?P<b>.+)", stripped, re.IGNORECASE)
    if (found := between) and (mode or means or found["r"]):
        # Without a verb only the means of travel tells "Mosta to Rabat on foot" from any other phrase with "to".
        return _route(found, mode, means, weak=False) if len(stripped.split()) <= MAX_BARE_WORDS else None
    return None


def _route(found: re.Match[str], mode: Mode | None, means: str, *, weak: bool) -> Intent | None:
    origin, destination = _place(found["a"] or MY_LOCATION), _place(found["b"])
    if not destination or _NO_PLACE.fullmatch(destination):
        return None
    if is_own_place(origin):
        origin = MY_LOCATION
    destination = MY_LOCATION if is_own_place(destination) and destination.lower() != HERE else destination
    return Intent(Shape.ROUTE, (origin, destination), mode=mode, unsupported=means, weak=weak)


def _without_mode(text: str) -> tuple[str, Mode | None, str]:
    """Return a question without the means of travel behind or inside of it, and what that is."""
    if found := re.search(rf"\s+{_NO_ROUTES}\b", text, re.IGNORECASE):
        return (text[: found.start()] + text[found.end() :]).strip(), None, found["means"].lower()
    for mode, words in _MODES:
        if found := re.search(rf"\s+(?:{words})(?=$|[ ,]+(?:from|to)\b)", text, re.IGNORECASE):
            return (text[: found.start()] + text[found.end() :]).strip(), mode, ""
    return text, None, ""


def _mode_of(text: str, end: int) -> Mode | None:
    """Return the means of travel that the verb before the destination names."""
    said = re.findall(r"[a-z]+", text[:end].lower().split(" from ")[0])
    return next((_VERBS[word] for word in said if word in _VERBS), None)


def _place(text: str) -> str:
    """Return a place as it was named, without what follows it."""
    text = re.sub(
        r"\s*(?:,\s*)?(?:please|thanks|right now|now|today|tonight|tomorrow|from here|away|on the map)$", "",
        text.strip(" \"'“”‘’.?!,"), flags=re.IGNORECASE,
    )  # fmt: skip
    return text.strip(" \"'“”‘’.?!,")
