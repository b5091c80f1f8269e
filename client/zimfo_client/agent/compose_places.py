"""Answers about places and ways put together from results by rule: plain text, distances as people say them."""

import re

from zimfo_client.agent.slips import is_typo_of
from zimfo_client.text import opening
from zimfo_shared.kind_words import KIND_NOUNS, LOOSE_NOUNS
from zimfo_shared.places import NearOutput, Place, StoriesOutput, WhatIsHereOutput, singular
from zimfo_shared.routes import RouteOutput, RouteStatusOutput, Step
from zimfo_shared.units import distance_text, duration_text

PAGE = 10  # places in a list: a screenful, and the rest comes with "more"
MAX_CATEGORIES = 6  # that are counted where no kind was asked for
MAX_STEPS = 25  # of a route: an hour's drive; further ones come with the journey
EXCERPT_CHARS = 400  # of a story
SUMMARY_CHARS = 500  # of the article on where the person is
_GENERIC = frozenset(("amenity", "poi", "tourism", "leisure", "historic", "place", "shop"))  # say nothing of a place
AWAY = ("about ", "less than ")  # how the server begins what stands at some distance
HERE_M = 150  # up to here a named place is where one is, not what is near

_CALLER = re.compile(r"^(?:\w+_\w+|origin|destination): ")
_FOR_MODELS = re.compile(r"[;,] (?:if the person has not said where, ask|or (?:tell|ask) the person\b[^.]*)")
_ADVICE_TO_MODELS = ("Call ", "Tell the person")
_SIMILAR = re.compile(r"Similar names: ([^\n]*?)\.(?= |$)")
_KIND_BEHIND = re.compile(r"\s*\([^()]*\)$")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def refusal(text: str) -> str:
    """Return a map tool's guidance, which is written for models, as a person reads it: without talk of calls."""
    said = _FOR_MODELS.sub("", _CALLER.sub("", text.strip()))
    sentences = [one.replace("Call again with", "Try", 1) for one in _SENTENCE_END.split(said)]
    kept = " ".join(one for one in sentences if not one.startswith(_ADVICE_TO_MODELS))
    return kept[:1].upper() + kept[1:] if kept else text.strip()


def similar_name(text: str, place: str) -> str | None:
    """Return the name of a map that a tool's guidance offers in the place of a misspelt one, if it is a mere slip."""
    offered = _SIMILAR.search(text)
    names = [_KIND_BEHIND.sub("", name).strip() for name in offered[1].split(";")] if offered else []
    return next((name for name in names if is_typo_of(place, name)), None)


def label(kinds: tuple[str, ...]) -> str:
    """Return the kinds of a question as a plural ("pharmacy" → "pharmacies"); places for none."""
    return " and ".join(_plural(kind) for kind in kinds) or "places"


def near(found: NearOutput, what: str, around: str, *, nearest: bool) -> str:
    """Return how many places there are, and the nearest of them; `around` names the centre."""
    radius = distance_text(found.radius_km * 1000)
    if not found.total_in_radius:
        return _with_note(f"No {what} within {radius} of {around}.", found.note)
    count = found.total_in_radius
    head = f"{count} {what if count > 1 else _singular(what)} within {radius} of {around}"
    if nearest and found.results:
        head = f"The nearest is {line(found.results[0])}. {head}"
        rows = listing(found.results[1:PAGE], 2)
    else:
        rows = listing(found.results[:PAGE], 1)
    counts = "" if what != "places" else _categories(found)
    beginning = f"{head}{counts}" + (":" if rows else ".")
    left = found.total_in_radius - min(PAGE, len(found.results))
    more = f"\n({left} more)" if left > 0 else ""
    return _with_note(beginning + (f"\n{rows}" if rows else "") + more, found.note)


def listing(places: list[Place], first: int) -> str:
    """Return places as numbered lines, so that "the second one" can be said of them."""
    return "\n".join(f"{number}. {line(place)}" for number, place in enumerate(places, first))


def line(place: Place) -> str:
    """Return a place in one line: name, kind, distance and direction, address."""
    kind = (place.subtype or place.type).replace("_", " ")
    said = kind.lower() in place.name.lower() or kind in _GENERIC
    named = place.name if said else f"{place.name} ({kind})"
    away = ""
    if place.distance_m is not None:
        away = f", {distance_text(place.distance_m)}" + (f" {place.direction}" if place.direction else "")
    where = place.address or place.location
    return named + away + (f", {where}" if where else "")


def details(place: Place) -> str:
    """Return everything a map says of a place."""
    facts = [
        f"Phone {place.phone}" if place.phone else "",
        place.website or "",
        f"Position {place.lat:.5f},{place.lon:.5f}",
    ]
    return f"{line(place)}. " + ". ".join(fact for fact in facts if fact) + "."


def here(found: WhatIsHereOutput) -> str:
    """Return where the person is, in the map's words: "Mission District, San Francisco", "about 3 km north of X"."""
    name = found.nearest_named_place
    if found.neighbourhood or found.settlement:
        text = f"You are in {name}."
    elif found.distance_m <= HERE_M:
        text = f"You are at {name}."
    elif name.startswith(AWAY):
        text = f"You are {name}."
    else:
        text = f"The nearest named place is {name}, {distance_text(found.distance_m)} away."
    if found.wiki_summary:
        text += "\n" + opening(found.wiki_summary, SUMMARY_CHARS)
    return _with_note(text, found.note)


def route(found: RouteOutput) -> str:
    """Return a route: ends, distance and time, then the steps."""
    how = {"drive": "by car", "walk": "on foot", "bicycle": "by bicycle"}[found.mode]
    head = f"{found.origin_resolved} to {found.destination_resolved} {how}: {found.summary.rstrip('.')}."
    head = head[0].upper() + head[1:]
    steps = [f"{number}. {_step(step)}" for number, step in enumerate(found.steps[:MAX_STEPS], 1)]
    left = len(found.steps) - MAX_STEPS
    if left > 0:
        steps.append(f"({left} more step{'s' if left > 1 else ''})")
    return _with_note("\n".join([head, *steps]), found.note)


def status(found: RouteStatusOutput) -> str:
    """Return what is left of a journey, and what comes next."""
    done = f" ({found.progress_pct:.0f} % done)" if found.progress_pct >= 1 else ""
    parts = [
        f"{distance_text(found.remaining_m)} and {duration_text(found.remaining_s)} to {found.destination_name}{done}."
    ]
    if found.off_route_m:
        parts.append(f"You are {distance_text(found.off_route_m)} off the route.")
    if found.current_step:
        parts.append(f"Now: {found.current_step.rstrip('.')}.")
    if found.next_step:
        parts.append(f"Next: {found.next_step.rstrip('.')}.")
    return _with_note(" ".join(parts), found.note)


def stories(found: StoriesOutput, around: str) -> str:
    """Return stories in order of distance, each with the beginning of its article."""
    if not found.stories:
        return _with_note(f"No stories within {distance_text(found.radius_km * 1000)} of {around}.", found.note)
    told = []
    for number, story in enumerate(found.stories, 1):
        away = distance_text(story.distance_m) + (f" {story.direction}" if story.direction else "")
        title = "" if story.wiki_title.casefold() == story.place_name.casefold() else f" – {story.wiki_title}"
        told.append(f"{number}. {story.place_name}{title} ({away}): {opening(story.excerpt, EXCERPT_CHARS)}")
    return _with_note("\n\n".join(told), found.note)


def _step(step: Step) -> str:
    text = step.instruction.rstrip(".")
    return f"{text} ({distance_text(step.distance_m)})" if step.distance_m > 0 else text


def _categories(found: NearOutput) -> str:
    counts = [f"{item.count} {item.category.replace('_', ' ')}" for item in found.by_category[:MAX_CATEGORIES]]
    more = len(found.by_category) - len(counts)
    return f" ({', '.join(counts)}{f' and {more} other kinds' if more > 0 else ''})" if counts else ""


def _with_note(text: str, note: str | None) -> str:
    return f"{text}\n{note}" if note else text


def _plural(kind: str) -> str:
    """Return a kind in the plural, in lower case where only the question's beginning made it a capital."""
    first, *others = kind.split()
    if singular(first.lower()) in KIND_NOUNS and first[1:].islower():
        kind = " ".join([first.lower(), *others])
    head = kind.split()[-1]
    if singular(head.lower()) in LOOSE_NOUNS:
        return f"{kind} places"
    if singular(head.lower()) != head.lower() or head.endswith("s"):
        return kind
    if head.endswith("y") and head[-2:-1] not in "aeiou":
        return f"{kind[:-1]}ies"
    return f"{kind}es" if head.endswith(("ch", "sh", "x", "z")) else f"{kind}s"


def _singular(what: str) -> str:
    *before, head = what.split()
    return " ".join([*before, singular(head)]) if " and " not in what else f"place ({what})"
