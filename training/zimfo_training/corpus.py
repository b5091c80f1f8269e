"""The public corpus of the original project as single questions, with the calls that they should have had.

Its teacher model embellished titles, invented coordinates and took directions for searches; the questions themselves
are good. What a question asks for is told by its phrasing here, and its subject is taken as it is written.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from zimfo_shared.places import kind_names
from zimfo_training.dialogue import Conversation, Turn
from zimfo_training.entities import corpus_questions

HELD_OUT: Final = 500  # questions that nothing is learned from

_THE = r"(?:the )*"
_ARTICLE = r"(?: wiki(?:pedia)?)?(?: article| entry| page)?(?: to me| for me)?"
# What a phrasing asks for, in the order of trial; groups are arguments. `kind` goes into a list.
_RULES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    (r"(?:how do I get to|which way to|take me to|directions to|route to|(?:fastest|best|quickest) way to|navigate to|I want to drive to|drive to|walk to|get me to) (?P<destination>.+)", "route_from_places", {}),
    (r"how far (?:away )?is (?:it to )?(?P<destination>.+?)(?: from here)?", "route_from_places", {}),
    (r"(?:any|are there any|tell me|show me)?\s*(?:\w+ )?stories(?: from| around| near| about)?(?: nearby| here| this (?:spot|area|place)| me)*", "nearby_stories", {}),
    (r"what(?:'s| is) the (?:history|story) of this (?:area|place|neighborhood)", "nearby_stories", {}),
    (r"tell me (?:something|anything) (?:cool|interesting|fun) about (?:my location|this (?:area|place)|where I am)", "nearby_stories", {}),
    (r"(?:any )?(?:interesting|fun) (?:facts|things|history) (?:about|around|near) (?:here|this (?:area|place)|me)", "nearby_stories", {}),
    (r"(?:where am I|what(?:'s| is) (?:this|here|my location).*|(?:describe|tell me about) (?:where I am|this (?:area|place|neighborhood|spot))|what neighborhood.*)", "what_is_here", {}),
    (r"what wiki-linked places are nearby", "near_places", {}),
    (r"(?:show me )?what(?:'s| is) (?:near|around|close to) me|(?:show me )?what(?:'s| is) (?:nearby|around here)|famous landmarks around me|places near me", "near_places", {}),
    (r"(?:good |any )?(?P<kind>[\w' -]+?) (?:near|around|close to) me|(?:find |show me |any )?(?P<kind2>[\w' -]+?) nearby", "near_places", {}),
    (rf"(?:search (?:wikipedia |the archives? )?for|find wiki articles (?:about|on)|any wikipedia entries for|search for articles on|what wiki articles mention) (?:articles (?:on|about) )?{_THE}(?P<query>.+)", "search", {}),
    (rf"(?:read (?:out |aloud )?(?:me |to me )?(?:the )?(?:full |whole |entire )?(?:article (?:on|about) )?|narrate (?:the article on )?){_THE}(?P<title>.+?){_ARTICLE}", "narrate_article", {}),
    (rf"(?:play the full article on|give me the full wiki text on) {_THE}(?P<title>.+)", "narrate_article", {}),
    (rf"(?:compare|contrast) {_THE}(?P<a>.+?) (?:and|with|to|vs\.?) {_THE}(?P<b>.+)", "compare_articles", {}),
    (rf"(?:what's|what is) the difference between {_THE}(?P<a>.+?) and {_THE}(?P<b>.+)", "compare_articles", {}),
    (rf"how (?:is|are|does|do) {_THE}(?P<a>.+?) (?:different from|compare (?:to|with)|differ from) {_THE}(?P<b>.+)", "compare_articles", {}),
    (rf"{_THE}(?P<a>.+?) (?:vs\.?|versus) {_THE}(?P<b>.+)", "compare_articles", {}),
    (rf"{_THE}(?P<a>[\w' ]+?) or {_THE}(?P<b>[\w' ]+?) ?[-—,] ?which.*", "compare_articles", {}),
    (rf"how have {_THE}(?P<a>.+?) and {_THE}(?P<b>.+?) gotten along.*", "compare_articles", {}),
    (rf"what happened in {_THE}(?P<title>.+)", "article_overview", {}),
    (r"(?:(?:where can I find|show me|find me|find|list|any good|any|are there any|best|I'm looking for|looking for|what|where are the|good|recommend)(?: the| some| any)? )?(?P<kind>[\w' &-]+?)(?: are| that are)?(?: in| near| close to| around| -| by| at) (?P<place>(?:the )?[A-Z].*)", "near_named_place", {}),
    (r"what's (?:fun|around|there to do|good|interesting) (?:in|near|around) (?P<place>.+)", "near_named_place", {}),
    (rf"(?:tell me (?:about|the full story of)|teach me about|look up|summarize|explain|describe|what is|what's|what are|who was|who is|give me (?:a quick intro to|an overview of)|overview of|how does|how do) {_THE}(?P<title>.+?)(?: work| known for| for me)?", "article_overview", {}),
    (rf"history of {_THE}(?P<title>.+)", "get_article_section", {"section": "history"}),
)  # fmt: skip
_COMPILED: Final = [(re.compile(pattern, re.IGNORECASE), name, fixed) for pattern, name, fixed in _RULES]


def relabelled(question: str) -> tuple[str, dict[str, Any]] | None:
    """Return the call that a question of the corpus should have, None where its phrasing does not tell."""
    text = question.strip().rstrip("?.!")
    for pattern, name, fixed in _COMPILED:
        if (found := pattern.fullmatch(text)) is None:
            continue
        groups = {key: value.strip() for key, value in found.groupdict().items() if value}
        arguments: dict[str, Any] = dict(fixed)
        if "a" in groups:
            arguments["titles"] = [groups.pop("a"), groups.pop("b")]
        kind = groups.pop("kind", None) or groups.pop("kind2", None)
        for key in ("title", "query", "destination", "place"):
            if key in groups:
                arguments[key] = re.sub(r"^the ", "", groups[key]) if key == "title" else groups[key]
        if kind:
            named = kind_names([kind])
            arguments["kinds"] = [one.replace("_", " ") for one in named] if isinstance(named, list) else [kind]
        order = {
            key: arguments[key]
            for key in ("title", "section", "titles", "query", "place", "kinds", "destination")
            if key in arguments
        }
        return name, order
    return None


def questions(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each question of the corpus once, with its call, in an order that tells nothing."""
    distinct = sorted({" ".join(question.split()) for question in corpus_questions(folder)}, key=_scattered)
    for question in distinct:
        if (call := relabelled(question)) is not None:
            yield question, *call


def split(folder: Path) -> tuple[list[Conversation], list[Conversation]]:
    """Return what is learned from, and the `HELD_OUT` questions that are not."""
    made = [
        Conversation((Turn("question", question), Turn("call", name=name, arguments=arguments)), f"corpus_{name}")
        for question, name, arguments in questions(folder)
    ]
    return made[HELD_OUT:], made[:HELD_OUT]


def _scattered(text: str) -> str:
    return json.dumps([sum(text.encode()) * 7919 % 1009, text])
