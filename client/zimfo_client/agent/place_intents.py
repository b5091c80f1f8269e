"""Questions about places: which are near, where the person is, stories, and words about the last list.

"X near Y" asks for places only when X is a kind of place: "history of jazz in New Orleans" is none
(zimfo-behaviour §5.2).
"""

import re
from dataclasses import replace
from typing import Final

from zimfo_client.agent.shape import HERE, Intent, Shape
from zimfo_shared.kind_words import kinds_in
from zimfo_shared.own_place import is_own_place

MAX_PLACE_WORDS = 10  # of a place name with its region; more is a clause
KM_PER: Final = {"m": 0.001, "k": 1.0, "mi": 1.609344, "f": 0.0003048, "y": 0.0009144}

_HERE: Final = re.compile(
    r"(?:tell me )?where (?:am i|i am|are we|we are)(?: exactly| right)?(?: now| currently| located)?"
    r"|(?:what(?:'s| is)|which is) (?:here|this place|my (?:current )?(?:location|position|address)|this area called)"
    r"|(?:what|which) (?:place|town|city|village|street|neighbou?rhood|area|district|suburb|region) "
    r"(?:is this|am i in|are we in|is it)"
    r"|(?:what(?:'s| is)) this (?:neighbou?rhood|area|town|city|village|district)(?: called)?"
    r"|tell me (?:more )?about (?:where (?:i am|we are)|my (?:current )?(?:location|surroundings))",
    re.IGNORECASE,
)
_AROUND: Final = re.compile(
    r"what(?:'s| is| is there| can i (?:see|find|do|visit))? (?:all )?(?:there )?"
    r"(?:around|near|close to|about)(?: me| us| here| this place| where i am)"
    r"|what(?:'s| is| is there)(?: there)? (?:around|nearby|close by)(?: here)?"
    r"|what(?:'s| is| is there)(?: there)? in (?:this|the|my) (?:area|neighbou?rhood|vicinity)"
    r"|(?:what|which) places are (?:around here|near(?:by| me| here)|around me|close by)"
    r"|(?:show|tell) (?:me )?what(?:'s| is) (?:around(?: me| here)?|nearby|near me|here)"
    r"|what do (?:you|we|i) see(?: here| around (?:me|us|here))?|what can (?:i|we) see (?:from )?here"
    r"|describe (?:my|the|our) (?:surroundings|area)|look around",
    re.IGNORECASE,
)

_QUALITY: Final = (
    r"(?:interesting|fun|good|local|cool|amusing|curious|famous|historic(?:al)?|short|surprising|great|nice)"
)
_NOUN: Final = r"(?:stories|story|facts?|trivia|tales?|legends?|history|anecdotes?|tidbits)"
_STORIES: Final = re.compile(
    rf"(?:(?:can you )?(?:tell|give|show|read) (?:me|us) |any |are there (?:any )?|is there (?:any )?|what are |"
    rf"do you (?:know|have) |share |got |what(?:'s| is) )?(?:some |any |a |an |the |a few )*"
    rf"(?:{_QUALITY}(?: and |, | ))*{_NOUN}"
    rf"(?: (?:about|of|on) (?:(?:the )?(?:places?|things?|sights?)|what(?:'s| is)|where))?"
    rf"(?: (?P<rel>near|nearby|close to|around|from|about|in|of|at|behind|here)(?: (?P<p>.+))?)?",
    re.IGNORECASE,
)
_INTERESTING: Final = re.compile(
    r"(?:(?:tell|show) (?:me|us) |is there |what(?:'s| is) )?(?:something |anything |there )*"
    r"(?:interesting|fun|curious|cool)(?: to know)? (?P<rel>right here|here|near|nearby|around|about|in)"
    r"(?: (?P<p>.+))?|"
    r"what happened (?P<rel2>around|near|here)(?: (?P<p2>.+))?",
    re.IGNORECASE,
)

# What stands before the kind in a question about places. Evaluating words show that places are meant.
_LEAD: Final = re.compile(
    r"(?P<open>(?:is|are) there|there (?:is|are)|where(?:'s| is| are)|"
    r"where (?:can|could|do|should|would) (?:i|we|you|one) (?:find|get|buy|have|see|visit|eat|drink|grab|go for)|"
    r"(?:find|show|list|get|give|recommend|suggest|fetch|name)(?: me| us)?|(?:look|search)(?:ing)? for|"
    r"(?:i am|i'm|we are|we're) (?:looking|searching) for|(?:i|we) (?:need|want|would like|could use)(?: to find)?|"
    r"i'd like|what(?:'s| is| are)(?= (?:the |some |a )?(?:best|nearest|closest|good|top|nice))|what(?: other)?|which|"
    r"do you know|got|know(?: of)?|how many(?=.+(?:near|around|within|nearby)))\s+",
    re.IGNORECASE,
)
_WORTH: Final = re.compile(
    r"\b(?:any|some|good|best|nice|great|decent|cheap|nearest|closest|nearby|local)\b", re.IGNORECASE
)
_NEAREST: Final = re.compile(r"\b(?:nearest|closest)\b", re.IGNORECASE)
_RELATION: Final = re.compile(
    r" (?P<rel>near to|nearby|near|close to|close by|around|next to|nearest to|closest to|beside|by|"
    r"in the (?:vicinity|area)(?: of)?|in and around|in|at|here|to|from|-)(?= |$)",
    re.IGNORECASE,
)
_JOIN: Final = re.compile(
    r"(?: (?:that )?(?:are|is)(?: there| located)?| there| can i (?:find|visit|see)| do you (?:have|know))?"
    r"(?: open)?(?: now| right now)?$",
    re.IGNORECASE,
)
_IN: Final = frozenset(("in", "at", "in and around", "-"))
_ONLY_NEAREST: Final = frozenset(("to", "from", "by"))  # "the nearest bar to Y"; else they join other phrases
_SURROUNDING: Final = re.compile(
    r"(?:what(?:'s| is| is there| can i (?:see|find|visit))|which places are|places|show me (?:what(?:'s| is)|places)|"
    r"anything|what places are)(?: there)? "
    r"(?:near(?: to)?|around|close to|in the (?:area|vicinity) of) (?P<p>.+)",
    re.IGNORECASE,
)
_DISTANCE: Final = re.compile(
    r"\s*\b(?:with)?in (?:a )?(?:radius of )?(?P<n>\d{1,6}(?:\.\d+)?)[ -]?"
    r"(?P<u>km|kilomet(?:er|re)s?|k|metres?|meters?|m|miles?|mi|feet|ft|yards?)\b"
    r"(?: radius)?(?: (?:of|from|around|to))?",
    re.IGNORECASE,
)
_TAIL: Final = re.compile(
    r"[ ,]+(?:please|right now|now|today|tonight|tomorrow|that (?:is|are) open.*|which (?:is|are) open.*|open now|"
    r"(?:that|which) (?:i|we) can .+|(?:can|could) you (?:find|recommend|suggest).*|"
    r"for (?:lunch|dinner|breakfast|tonight))$",
    re.IGNORECASE,
)

_ORDINALS: Final = {
    word: number
    for number, words in enumerate(
        ("first 1st one", "second 2nd two", "third 3rd three", "fourth 4th four", "fifth 5th five", "sixth 6th six",
         "seventh 7th seven", "eighth 8th eight", "ninth 9th nine", "tenth 10th ten")
    )
    for word in words.split()
}  # fmt: skip
_NTH: Final = (
    r"(?:the )?(?:(?P<word>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|"
    r"\d{1,2}(?:st|nd|rd|th))(?: (?:one|place|result|option|of (?:them|these|those)))?|"
    r"(?:number|no\.?|#|option) ?(?P<n>\d{1,2}|[a-z]{3,5}))"
)
_CHOSEN: Final = frozenset(("it", "there", "that", "this", "that one", "this one", "that place", "this place"))
_CLOSEST: Final = re.compile(
    r"(?:(?:and|so|ok|okay)[, ]+)?(?:which|what)(?: one| place)?(?: of (?:them|these|those|the \w+))?"
    r"(?:'s| is| are| would be)? (?:the )?(?:closest|nearest)(?: one)?(?: to (?P<p>.+))?"
    r"|(?:the )?(?:closest|nearest) (?:one|of them)(?: to (?P<p2>.+))?",
    re.IGNORECASE,
)
_PICK: Final = re.compile(
    rf"(?:(?:and|so|ok|okay)[, ]+)?(?:tell me (?:more )?about|what about|what is|what's|who is|more about|"
    rf"(?:details|information|more) (?:of|on|about)|show me|describe|where is|where's)? ?{_NTH}",
    re.IGNORECASE,
)
_MORE: Final = re.compile(
    r"(?:(?:show|give|list|tell)(?: me)? )?(?:some |a few |any )?more"
    r"(?: (?:results|places|of (?:them|these|those)|options|please))?"
    r"|(?:what|anything) else(?: is there)?|(?:any |the |what )?others?(?: ones)?(?: are there)?|next(?: page| ones)?",
    re.IGNORECASE,
)
_WIDER: Final = re.compile(
    r"(?:a bit |a little )?(?:further|farther)(?: away| out| afield)?"
    r"|(?:in |with )?(?:a )?(?:bigger|larger|wider|greater) (?:radius|area|circle|range)"
    r"|(?:search|look) (?:wider|further|farther|further away)|widen (?:it|the (?:search|radius))",
    re.IGNORECASE,
)


def places(text: str) -> Intent | None:
    """Return the intent of a question about places, the person's whereabouts or stories; None when it is none."""
    if _HERE.fullmatch(text):
        return Intent(Shape.HERE)
    if _AROUND.fullmatch(text):
        return Intent(Shape.HERE, around=True)
    return _stories(text) or _near(text)


def follow_up(text: str) -> Intent | None:
    """Return the intent of words that only make sense after a list of places; None when they are none.

    CLOSEST has the place to measure from (`here` for none), PICK the ordinal as it was said, MORE a wider radius.
    """
    text = " ".join(text.split()).rstrip("?!. ")
    if found := _CLOSEST.fullmatch(text):
        return Intent(Shape.CLOSEST, (_place(found["p"] or found["p2"] or "") or HERE,))
    if (found := _PICK.fullmatch(text)) and nth(found["word"] or found["n"]) is not None:
        return Intent(Shape.PICK, (found["word"] or found["n"],))
    if _MORE.fullmatch(text):
        return Intent(Shape.MORE)
    if _WIDER.fullmatch(text):
        return Intent(Shape.MORE, around=True)
    if (found := _DISTANCE.fullmatch(text)) or (found := _DISTANCE.fullmatch(f"within {text}")):
        return Intent(Shape.MORE, radius_km=_km(found))
    return None


def nth(word: str) -> int | None:
    """Return the index that an ordinal names ("second" → 1, "last" → -1); None for any other word."""
    word = word.lower()
    if word == "last":
        return -1
    if found := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", word):
        return int(found[1]) - 1 if int(found[1]) > 0 else None
    return _ORDINALS.get(word)


def referred(text: str) -> int | str | None:
    """Return what a place in a question points at: an index of the last list, "chosen", or None for a plain name."""
    text = text.strip().lower()
    if text in _CHOSEN:
        return "chosen"
    found = re.fullmatch(_NTH, text, re.IGNORECASE)
    return nth(found["word"] or found["n"]) if found else None


def nearest_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds of "the nearest pharmacy" as the end of a way; empty for any other place."""
    return kinds_in(text, loose=True) if _NEAREST.search(text) else ()


def _stories(text: str) -> Intent | None:
    found = _STORIES.fullmatch(text)
    if found:
        relation, place = (found["rel"] or "").lower(), found["p"] or ""
        if not relation and not re.search(_QUALITY, text, re.IGNORECASE):
            return None
        of_a_place = relation in ("near", "nearby", "around", "here") or is_own_place(_place(place))
        if re.search(r"\bhistory\b", text, re.IGNORECASE) and not of_a_place:
            return None
    else:
        found = _INTERESTING.fullmatch(text)
        if not found:
            return None
        relation, place = (found["rel"] or found["rel2"]).lower(), found["p"] or found["p2"] or ""
    place = _place(place)
    own = not place or is_own_place(place)
    # "Facts about X" and "stories of X" may be about anything; near and from name a place.
    return Intent(Shape.STORIES, (HERE if own else place,), weak=not own and relation in ("about", "of", "in", "at"))


def _near(text: str) -> Intent | None:
    text = _TAIL.sub("", _TAIL.sub("", text))
    if (found := _SURROUNDING.fullmatch(text)) and (place := _place(found["p"])):
        return Intent(Shape.PLACES, ("", place), weak=True)
    radius_km = None
    if distance := _DISTANCE.search(text):
        radius_km = _km(distance)
        text = f"{text[: distance.start()]} near {text[distance.end() :].strip() or HERE}".strip()
    rest, opened = text, False
    if lead := _LEAD.match(text):
        rest, opened = text[lead.end() :], True
    nearest = bool(_NEAREST.search(rest))
    asks = opened or bool(_WORTH.search(rest))
    intent = _related(rest, asks=asks, nearest=nearest) or _bare(rest, asks=asks)
    return replace(intent, radius_km=radius_km, nearest=nearest) if intent else None


def _related(text: str, *, asks: bool, nearest: bool) -> Intent | None:
    """Return the intent of "X near Y", trying every word that may stand between the two."""
    for found in _RELATION.finditer(text):
        relation, place = found["rel"].lower(), _place(text[found.end() :])
        own = not place or is_own_place(place)
        inside = relation in _IN
        if (relation in _ONLY_NEAREST and not nearest) or (inside and not place):
            continue
        if len(place.split()) > MAX_PLACE_WORDS:
            continue
        kind = _JOIN.sub("", text[: found.start()])
        if kinds := kinds_in(kind, loose=asks or own or not inside):
            inside = inside and not own
            subjects = (kind, HERE if own else place)
            return Intent(Shape.PLACES, subjects, kinds=kinds, inside=inside, weak=inside and not asks)
    return None


def _bare(text: str, *, asks: bool) -> Intent | None:
    """Return the intent of a kind without a place ("nearest pharmacy"): around the person."""
    if not asks:
        return None
    kinds = kinds_in(text, loose=bool(_WORTH.search(text)))
    return Intent(Shape.PLACES, (text, HERE), kinds=kinds) if kinds else None


def _km(found: re.Match[str]) -> float:
    """Return a distance in km."""
    unit = found["u"].lower()
    key = "mi" if unit.startswith("mi") else unit[0]
    return float(found["n"]) * KM_PER[key]


def _place(text: str) -> str:
    text = _TAIL.sub("", text.strip(" \"'“”‘’.?!,"))
    return re.sub(r"^(?:of|from|to)\s+", "", text, flags=re.IGNORECASE).strip(" \"'“”‘’.?!,")
