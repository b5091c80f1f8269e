"""Single questions and the calls that answer them, made of phrasings and entities."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from zimfo_training.dialogue import Conversation, Turn
from zimfo_training.entities import Entities, is_held_out
from zimfo_training.leakage import normalised
from zimfo_training.noise import as_named, as_typed
from zimfo_training.phrasings import loaded

LANGUAGES: Final = ("en", "de", "fr", "es")
# How often a shape is asked for, by the data set's size: what is mistaken easily, often.
WEIGHTS: Final = {
    "overview": 17, "fact": 19, "section": 9, "compare": 7, "narrate": 6, "search": 6, "clause": 4, "near": 14,
    "near_within": 1.5, "near_any": 3, "here_near": 9, "here_need": 3, "here_any": 2.5, "here": 5, "stories": 5,
    "here_stories": 4, "route": 7, "walk": 2, "bike": 2, "route_here": 6.5, "walk_here": 1.5, "status": 6,
    "greeting": 1.5, "thanks": 1.5, "about_me": 1, "out_of_scope": 7,
}  # fmt: skip
ELSEWHERE_SHARE: Final = 0.25  # of the questions that are not in English
KINDS_ELSEWHERE_SHARE: Final = 0.45  # of those with a kind of place, whose words have to be learned one by one
_WITH_KINDS: Final = ("near", "here_near")
PATTERN_WEIGHT: Final = 3
MAX_DRAWS: Final = 20  # of a phrasing until one is met that is not held out
_CHOICE: Final = re.compile(r"\(([^()]*\|[^()]*)\)")  # the innermost first
# Articles before a subject, which are no part of its title.
_ARTICLES: Final = {
    "en": ("the ", "a "),
    "de": ("der ", "die ", "das ", "den "),
    "fr": ("le ", "la ", "l'", "les "),
    "es": ("el ", "la ", "los "),
}
_ARTICLE_SHARE: Final = {"en": 0.12, "de": 0.25, "fr": 0.35, "es": 0.25}


class Questions:
    """Makes questions; with `held_out`, of phrasings and entities that are held out, else of none that are."""

    def __init__(self, entities: Entities, dice: random.Random, *, held_out: bool) -> None:
        self._dice = dice
        self.held_out = held_out
        self._phrasings = {language: loaded(language) for language in LANGUAGES}
        for language, shapes in loaded("patterns").items():
            for shape, patterns in shapes.items():
                # A pattern stands for many phrasings, so it is taken more often than one of them.
                self._phrasings[language].setdefault(shape, []).extend(patterns * PATTERN_WEIGHT)
        self._slots = loaded("slots")
        self._kept_out = frozenset() if held_out else self._held_out_phrasings()
        self.subjects = self._of_this_side(entities.subjects)
        self.places = self._of_this_side(entities.places)

    def _of_this_side(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if is_held_out(name) is self.held_out]

    def _held_out_phrasings(self) -> frozenset[str]:
        """Return all that patterns which are held out stand for: other patterns may come to the same words."""
        listed = {one for shapes in self._phrasings.values() for key in shapes if key in WEIGHTS for one in shapes[key]}
        return frozenset(normalised(made) for one in listed if is_held_out(one, salt="phrasing") for made in every(one))

    def single(self) -> Conversation:
        """Return a question with its call, or with an answer that needs none.

        What is held out has phrasings of its own: where all of a short list are learned from, another shape is taken.
        """
        while True:
            shape, language = self._drawn()
            if not self.held_out or self._own_phrasings(shape, language):
                return self.of_shape(shape, language)

    def _drawn(self) -> tuple[str, str]:
        shape = self._dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        language = "en"
        if self._dice.random() < (KINDS_ELSEWHERE_SHARE if shape in _WITH_KINDS else ELSEWHERE_SHARE):
            other = self._dice.choice(LANGUAGES[1:])
            language = other if shape in self._phrasings[other] else "en"
        return shape, language

    def of_shape(self, shape: str, language: str = "en") -> Conversation:
        """Return a question of one shape."""
        phrasing = self.phrasing(shape, language)
        question, name, arguments = self._filled(shape, language, phrasing)
        reply = (
            Turn("call", name=name, arguments=arguments)
            if name
            else Turn("answer", self._dice.choice(self._phrasings["en"]["replies"][shape]))
        )
        return Conversation((Turn("question", question), reply), shape, language, self.held_out)

    def phrasing(self, shape: str, language: str = "en") -> str:
        """Return a phrasing of this side of the data; where all of a short list are on the other one, any."""
        listed = self._own_phrasings(shape, language) or self._phrasings[language][shape]
        for _ in range(MAX_DRAWS):
            if normalised(made := chosen(self._dice.choice(listed), self._dice)) not in self._kept_out:
                break
        return as_typed(made, self._dice, english=language == "en")

    def _own_phrasings(self, shape: str, language: str) -> list[str]:
        listed = self._phrasings[language][shape]
        return [one for one in listed if is_held_out(one, salt="phrasing") is self.held_out]

    def subject(self) -> str:
        """Return a subject as somebody types it."""
        return as_named(self._dice.choice(self.subjects), self._dice)

    def place(self) -> str:
        """Return a place as somebody types it."""
        return as_named(self._dice.choice(self.places), self._dice)

    def _kind(self, language: str) -> tuple[str, str, str]:
        """Return a kind in the singular and the plural as typed, and as it is called for."""
        if language != "en":
            typed, meant = self._dice.choice(self._slots["words_elsewhere"][language])
            return typed, typed, meant
        one, many = self._dice.choice(self._slots["kinds"])
        return one, many, one.lower()

    def _section_name(self, language: str) -> str:
        slots = self._slots
        name: str = self._dice.choice(slots["sections"] if language == "en" else slots["sections_elsewhere"][language])
        return name.capitalize() if self._dice.random() < 0.15 else name

    def _filled(self, shape: str, language: str, phrasing: str) -> tuple[str, str, dict[str, Any]]:
        """Return a question, the tool that answers it ("" for none) and its arguments."""
        maker: Callable[[str, str], tuple[str, str, dict[str, Any]]] = getattr(self, f"_{shape}", self._without_call)
        return maker(phrasing, language)

    def _without_call(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        return phrasing, "", {}

    def _overview(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        subject = self.subject()
        article = ""
        if phrasing != "{t}" and self._dice.random() < _ARTICLE_SHARE[language]:
            article = self._dice.choice(_ARTICLES[language])
        return phrasing.format(t=article + subject), "article_overview", {"title": subject}

    _fact = _overview

    def _section(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        subject, section = self.subject(), self._section_name(language)
        return phrasing.format(t=subject, s=section), "get_article_section", {"title": subject, "section": section}

    def _compare(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        first, second = self.subject(), self.subject()
        return phrasing.format(t=first, u=second), "compare_articles", {"titles": [first, second]}

    def _narrate(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        subject = self.subject()
        article = "the " if self._dice.random() < 0.1 and subject[:1].isupper() else ""
        return phrasing.format(t=article + subject), "narrate_article", {"title": subject}

    def _search(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        query = (
            self.subject()
            if self._dice.random() < 0.75
            else f"{self.subject()} {self._dice.choice(['and', 'in'])} {self.subject()}"
        )
        return phrasing.format(t=query), "search", {"query": query}

    def _clause(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        # Half of the clauses are put together of an entity and what may be said of it, so that there are enough.
        mixed = self._dice.random() < 0.5
        clauses = [one for one in self._slots["clauses"] if is_held_out(one[1]) is self.held_out] or self._slots[
            "clauses"
        ]
        asked, told = self._dice.choice(clauses)
        if mixed:
            word = self._dice.choice(self._slots["conditions"])
            subject = self.subject().lower()
            asked, told = f"is {subject} {word}", f"{subject} is {word}"
        query = asked.partition(" ")[2] if phrasing.startswith(("Why {", "why {", "So why {")) else told
        shown = asked if query != told else told
        return phrasing.format(c=shown), "search", {"query": query}

    def _near(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        one, many, meant = self._kind(language)
        place = self.place()
        return phrasing.format(k=many, k1=one, p=place), "near_named_place", {"place": place, "kinds": [meant]}

    def _near_within(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        one, many, meant = self._kind(language)
        place, km = self.place(), self._dice.choice(self._slots["numbers"])
        question = phrasing.format(k=many, k1=one, p=place, n=km)
        return question, "near_named_place", {"place": place, "kinds": [meant], "radius_km": km}

    def _near_any(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        place = self.place()
        return phrasing.format(p=place), "near_named_place", {"place": place}

    def _here_near(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        one, many, meant = self._kind(language)
        return phrasing.format(k=many, k1=one), "near_places", {"kinds": [meant]}

    def _here_need(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        wanted, meant = self._dice.choice(self._slots["needs"])
        return phrasing.format(w=wanted), "near_places", {"kinds": [meant]}

    def _here_any(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        return phrasing, "near_places", {}

    def _here(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        return phrasing, "what_is_here", {}

    def _stories(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        place = self.place()
        return phrasing.format(p=place), "nearby_stories", {"place": place}

    def _here_stories(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        return phrasing, "nearby_stories", {}

    def _route(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        origin, destination = self.place(), self.place()
        return (
            phrasing.format(p=origin, q=destination),
            "route_from_places",
            {"origin": origin, "destination": destination},
        )

    def _walk(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        question, name, arguments = self._route(phrasing, language)
        return question, name, {**arguments, "mode": "walk"}

    def _bike(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        question, name, arguments = self._route(phrasing, language)
        return question, name, {**arguments, "mode": "bicycle"}

    def _route_here(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        destination = self.place()
        return phrasing.format(q=destination), "route_from_places", {"destination": destination}

    def _walk_here(self, phrasing: str, language: str) -> tuple[str, str, dict[str, Any]]:
        question, name, arguments = self._route_here(phrasing, language)
        return question, name, {**arguments, "mode": "walk"}

    def _status(self, phrasing: str, _language: str) -> tuple[str, str, dict[str, Any]]:
        return phrasing, "route_status", {}


def chosen(pattern: str, dice: random.Random) -> str:
    """Return a phrasing with each of its choices, "(one|another)", made."""
    while (found := _CHOICE.search(pattern)) is not None:
        pattern = pattern[: found.start()] + dice.choice(found[1].split("|")) + pattern[found.end() :]
    return pattern


def every(pattern: str) -> Iterator[str]:
    """Yield all phrasings that a pattern stands for."""
    if (found := _CHOICE.search(pattern)) is None:
        yield pattern
        return
    for one in found[1].split("|"):
        yield from every(pattern[: found.start()] + one + pattern[found.end() :])


def many(questions: Questions, count: int) -> Iterator[Conversation]:
    """Yield as many single questions, each text once."""
    seen: set[str] = set()
    for _ in range(count * 3):
        if len(seen) >= count:
            return
        made = questions.single()
        if (text := made.turns[0].text) not in seen:
            seen.add(text)
            yield made
