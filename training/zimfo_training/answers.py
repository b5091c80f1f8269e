"""Answers composed from results by rules: what they say stands in the result, word for word or number for number."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zimfo_client.agent.grounding import strays
from zimfo_client.text import sentences
from zimfo_shared.units import distance_text

MAX_ANSWER_SENTENCES: Final = 2
MAX_ANSWER_CHARS: Final = 420
_LEADS: Final = ("", "", "", "", "According to the article, ", "The archives say: ", "In short: ")
_SECTION_LEADS: Final = ("", "", "", "The article says: ", "From that section: ")


def from_text(text: str, dice: random.Random, *, leads: Sequence[str] = _LEADS, first: int = 0) -> str:
    """Return one or two sentences of a text, from the sentence `first` on."""
    told = sentences(text)[first:]
    said = told[:1]
    if len(told) > 1 and len(told[0]) + len(told[1]) < MAX_ANSWER_CHARS and dice.random() < 0.6:
        said = told[:MAX_ANSWER_SENTENCES]
    lead = dice.choice(leads)
    return lead + " ".join(said) if said else ""


def overview(result: Mapping[str, Any], dice: random.Random) -> str:
    """Answer from the lead of an article."""
    return from_text(str(result.get("lead", "")), dice)


def section(result: Mapping[str, Any], dice: random.Random) -> str:
    """Answer from a section."""
    return from_text(str(result.get("section_body", "")), dice, leads=_SECTION_LEADS)


def comparison(result: Mapping[str, Any], dice: random.Random) -> str:
    """Answer with a sentence on each side."""
    sides = [side for side in result.values() if isinstance(side, Mapping) and side.get("lead")]
    told = [next(iter(sentences(str(side["lead"]))), "") for side in sides]
    joint = dice.choice([" ", " ", "\n", " By contrast: "])
    return joint.join(told) if len(told) > 1 else ""


def places(result: Mapping[str, Any], kinds: str, around: str, dice: random.Random) -> str:
    """Answer with the nearest places of a list."""
    rows = result.get("results", [])
    total = result.get("total_in_radius", len(rows))
    if not rows:
        return dice.choice([f"I found no {kinds} near {around}.", f"There are no {kinds} near {around} on the map."])
    named = [_row(row, dice) for row in rows[: dice.randint(2, 4)]]
    head = dice.choice(
        [
            f"There are {total} {kinds} near {around}: ",
            f"I found {total} {kinds} near {around}. ",
            f"{total} {kinds} near {around}: ",
            "",
        ]
    )
    return head + (named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]) + "."


def closest(result: Mapping[str, Any], dice: random.Random) -> str:
    """Say which place of a list is the nearest."""
    rows = [row for row in result.get("results", []) if row.get("distance_m") is not None]
    if not rows:
        return ""
    row = min(rows, key=lambda one: one["distance_m"])
    return dice.choice(
        [
            f"The closest is {_row(row, dice)}.",
            f"{row['name']} is the nearest, {distance_text(row['distance_m'])} away.",
            f"That is {row['name']}.",
        ]
    )


def here(result: Mapping[str, Any], dice: random.Random) -> str:
    """Say where the person is."""
    place = result.get("place", "")
    return (
        dice.choice([f"You are in {place}.", f"You are at {place}.", f"This is {place}.", f"{place}."]) if place else ""
    )


def stories(result: Mapping[str, Any], dice: random.Random) -> str:
    """Tell one or two stories."""
    rows = result.get("results", [])[: dice.randint(1, 2)]
    told = [f"{row['name']}: {next(iter(sentences(row['excerpt'])), '')}" for row in rows]
    return "\n".join(told)


def route(result: Mapping[str, Any], dice: random.Random) -> str:
    """Answer with the summary of a route, and its first step now and then."""
    text = str(result.get("summary", ""))
    if not text:
        return ""
    steps = result.get("steps", [])
    text = text.rstrip(".") + "."
    if steps and dice.random() < 0.5:
        text += f" First: {steps[0]['instruction'].rstrip('.')}."
    return text


def status(result: Mapping[str, Any], dice: random.Random) -> str:
    """Say what is left of a journey."""
    text = f"{str(result.get('summary', '')).rstrip('.')}."
    if (following := result.get("next_step")) and dice.random() < 0.7:
        text += f" Next: {following.rstrip('.')}."
    return text if len(text) > 1 else ""


def hits(result: Mapping[str, Any], dice: random.Random) -> str:
    """Name the articles that a search found."""
    titles = [hit["title"] for hit in result.get("hits", [])]
    if not titles:
        return "The archives do not cover this."
    return (
        dice.choice(["I found these articles: ", "There is: ", "These articles mention it: "]) + ", ".join(titles) + "."
    )


def _row(row: Mapping[str, Any], dice: random.Random) -> str:
    away = row.get("distance_m")
    return f"{row['name']} ({distance_text(away)})" if away is not None and dice.random() < 0.6 else str(row["name"])


def stands(answer: str, result_json: str, question: str) -> bool:
    """Whether an answer says something, and nothing that its result does not hold: the check of the client."""
    return bool(answer) and (len(re.findall(r"\w+", answer)) < 3 or strays(answer, f"{result_json} {question}") is None)
