"""Conversations of several turns over real archives: calls are made by the client's host, results are the server's."""

import json
import random
import re
from collections.abc import Mapping
from typing import Any, Final

from zimfo_client.agent.compact import compact
from zimfo_client.agent.compose_places import label
from zimfo_client.host import ToolHost
from zimfo_client.results import ToolResult
from zimfo_client.text import sentences, shorten
from zimfo_shared.wire import Location
from zimfo_training import answers
from zimfo_training.dialogue import Conversation, Turn
from zimfo_training.noise import as_named, as_typed, slipped
from zimfo_training.phrasings import loaded
from zimfo_training.questions import Questions

MAX_RESULT_CHARS: Final = 1_100  # of a result in training: longer ones cost time and teach nothing more
_PERSON: Final = re.compile(r"\((?:[^()]*\b)?\d{3,4}[^()]*\)|\bborn\b")
_PHRASINGS: Final = loaded("chains")


def _patterns(key: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((asked, re.compile(holds)) for asked, holds in _PHRASINGS[key])


_ASKED: Final = _patterns("asked")
_FACTS: Final = _patterns("facts")
_PERSON_FACTS: Final = _patterns("person_facts")


class Chains:
    """Makes conversations over one host; see `Questions` for what is held out."""

    def __init__(self, host: ToolHost, questions: Questions, dice: random.Random, titles: list[str]) -> None:
        self._host, self._questions, self._dice, self._titles = host, questions, dice, titles

    async def _result(
        self, name: str, arguments: Mapping[str, Any], question: str, location: Location | None = None
    ) -> tuple[ToolResult, dict[str, Any], Turn]:
        """Make a call; return it, its compact form, and that as a turn."""
        result = await self._host.call(name, arguments, location)
        said = _fitted(compact(result, question))
        return result, said, Turn("result", json.dumps(said, ensure_ascii=False), name=name)

    def _ask(self, shape: str, **slots: str) -> str:
        return self._questions.phrasing(shape).format(**slots)

    async def article(self) -> Conversation | None:
        """An article, what follows from it, and a section of it."""
        dice = self._dice
        title = dice.choice(self._titles)
        question = self._ask("overview", t=title)
        call = Turn("call", name="article_overview", arguments={"title": title})
        result, said, shown = await self._result("article_overview", call.arguments, question)
        if not result.ok or len(said.get("lead", "")) < 60:
            return None
        answer = answers.overview(said, dice)
        if dice.random() < 0.6:
            told = sentences(said["lead"])
            facts = [(asked, one) for asked, holds in _ASKED for one in told if holds.search(one)]
            if facts:
                asked, answer = dice.choice(facts)
                question = as_typed(asked, dice).format(t=as_named(title, dice))
        if not answers.stands(answer, shown.text, question):
            return None
        turns = [Turn("question", question), call, shown, Turn("answer", answer)]
        lead = said["lead"]
        if dice.random() < 0.7 and (follow := self._follow_up(lead)):
            turns += follow
        names = [name for name in said.get("available_sections", []) if 2 < len(name) < 40]
        if names and dice.random() < 0.75:
            turns += await self._section(title, dice.choice(names))
        if dice.random() < 0.3 and (follow := self._follow_up(_last_text(turns))):
            turns += follow
        if dice.random() < 0.25:
            turns += self._questions.single().turns
        return self._conversation(turns, "chain_article")

    def _follow_up(self, text: str) -> list[Turn]:
        """A question that the text before answers: no call."""
        dice = self._dice
        told = sentences(text)
        if not told:
            return []
        if dice.random() < 0.25:
            rest = told[1:] or told
            answer = answers.from_text(" ".join(rest), dice, leads=("",))
            return [Turn("question", dice.choice(_PHRASINGS["more"])), Turn("answer", answer)]
        person = bool(_PERSON.search(told[0])) and bool(re.search(r"\b(?:he|she|his|her)\b", text.lower()))
        pronoun = "she" if re.search(r"\bshe\b|\bher\b", text.lower()) else "he"
        facts = list(_PERSON_FACTS if person else _FACTS)
        dice.shuffle(facts)
        for asked, holds in facts:
            if (found := next((one for one in told if holds.search(one)), None)) is not None:
                question = asked.format(he=pronoun)
                if dice.random() < 0.3:
                    question = dice.choice(["So ", "And ", "Wait, ", "ok, "]) + question[0].lower() + question[1:]
                return [Turn("question", question), Turn("answer", found)]
        return []

    async def _section(self, title: str, name: str) -> list[Turn]:
        dice = self._dice
        typed = name.lower() if dice.random() < 0.7 else name
        question = dice.choice(_PHRASINGS["section_on"]).format(s=typed)
        call = Turn("call", name="get_article_section", arguments={"title": title, "section": name})
        result, said, shown = await self._result("get_article_section", call.arguments, question)
        answer = answers.section(said, dice)
        if not result.ok or not answers.stands(answer, shown.text, question):
            return []
        return [Turn("question", question), call, shown, Turn("answer", answer)]

    async def misspelt(self) -> Conversation | None:
        """A title that is not there: the tool offers another, and the second try takes it."""
        dice = self._dice
        title = dice.choice(self._titles)
        typed = slipped(title, dice)
        question = self._ask("overview", t=typed)
        first = Turn("call", name="article_overview", arguments={"title": typed}, learned=typed != title)
        failed, _, refused = await self._result("article_overview", first.arguments, question)
        if failed.ok or title not in failed.text:
            return None
        second = Turn("call", name="article_overview", arguments={"title": title})
        result, said, shown = await self._result("article_overview", second.arguments, question)
        answer = answers.overview(said, dice)
        if not result.ok or not answers.stands(answer, shown.text, question):
            return None
        turns = [Turn("question", question), first, refused, second, shown, Turn("answer", answer)]
        return self._conversation(turns, "chain_misspelt")

    async def missing(self) -> Conversation | None:
        """A subject that no archive has: after the search the answer says so."""
        dice = self._dice
        subject = self._questions.subject()
        turns: list[Turn] = []
        shape = dice.choice(["search", "overview", "fact"])
        question = self._ask(shape, t=subject)
        if shape != "search":
            call = Turn("call", name="article_overview", arguments={"title": subject})
            result, _, shown = await self._result(call.name, call.arguments, question)
            if result.ok or "none is similar" not in result.text:
                return None
            turns = [call, shown]
        call = Turn("call", name="search", arguments={"query": subject})
        result, _, shown = await self._result("search", call.arguments, question)
        if result.ok:
            return None
        answer = dice.choice(
            ["The archives do not cover this.", "The archives do not cover this.", "The archives have nothing on this."]
        )
        turns = [Turn("question", question), *turns, call, shown, Turn("answer", answer)]
        return self._conversation(turns, "chain_missing")

    async def search(self) -> Conversation | None:
        """A search, with what it finds."""
        dice = self._dice
        subject = dice.choice(self._titles)
        question = self._ask("search", t=subject)
        call = Turn("call", name="search", arguments={"query": subject})
        result, said, shown = await self._result("search", call.arguments, question)
        if not result.ok:
            return None
        turns = [Turn("question", question), call, shown, Turn("answer", answers.hits(said, dice))]
        return self._conversation(turns, "chain_search")

    async def compare(self) -> Conversation | None:
        """Two articles side by side."""
        dice = self._dice
        titles = dice.sample(self._titles, 2)
        question = self._ask("compare", t=titles[0], u=titles[1])
        call = Turn("call", name="compare_articles", arguments={"titles": titles})
        result, said, shown = await self._result("compare_articles", call.arguments, question)
        answer = answers.comparison(said, dice)
        if not result.ok or not answers.stands(answer, shown.text, question):
            return None
        turns = [Turn("question", question), call, shown, Turn("answer", answer)]
        if dice.random() < 0.6:
            side = dice.choice([side for side in said.values() if isinstance(side, dict) and "lead" in side])
            turns += self._follow_up(side["lead"])
        return self._conversation(turns, "chain_compare")

    async def places(self, around: str, location: Location) -> Conversation | None:
        """Places, the closest of them, and the way there."""
        dice, questions = self._dice, self._questions
        own = dice.random() < 0.4
        asked = questions.of_shape("here_near" if own else "near")
        call = asked.turns[1]
        kind = call.arguments["kinds"][0]
        question = asked.turns[0].text
        if not own:
            old = call.arguments["place"]
            question = question.replace(old, around)
            call = Turn("call", name=call.name, arguments={**call.arguments, "place": around})
        result, said, shown = await self._result(call.name, call.arguments, question, location)
        answer = answers.places(said, label((kind,)), "you" if own else around, dice)
        if not result.ok or not answers.stands(answer, shown.text, question):
            return None
        turns = [Turn("question", question), call, shown, Turn("answer", answer)]
        rows = said.get("results", [])
        if rows and dice.random() < 0.6:
            turns += [
                Turn("question", dice.choice(_PHRASINGS["closest"]).format(p=around)),
                Turn("answer", answers.closest(said, dice)),
            ]
        if rows and dice.random() < 0.6:
            turns += await self._way(rows, location)
        return self._conversation(turns, "chain_places")

    async def _way(self, rows: list[dict[str, Any]], location: Location) -> list[Turn]:
        dice = self._dice
        row = rows[0]
        question = dice.choice(_PHRASINGS["there"]).format(x=row["name"])
        arguments = {"destination": row["name"], **({"mode": "walk"} if " walk " in question else {})}
        result, said, shown = await self._result("route_from_places", arguments, question, location)
        answer = answers.route(said, dice)
        if not result.ok or not answers.stands(answer, shown.text, question):
            return []
        turns = [
            Turn("question", question),
            Turn("call", name="route_from_places", arguments=arguments),
            shown,
            Turn("answer", answer),
        ]
        if dice.random() < 0.6:
            question = self._questions.phrasing("status")
            result, said, shown = await self._result("route_status", {}, question, location)
            if result.ok:
                told = answers.status(said, dice)
                turns += [
                    Turn("question", question),
                    Turn("call", name="route_status", arguments={}),
                    shown,
                    Turn("answer", told),
                ]
        return turns

    async def here(self, location: Location) -> Conversation | None:
        """Where the person is, and what is told about it."""
        dice = self._dice
        question = self._questions.phrasing("here")
        result, said, shown = await self._result("what_is_here", {}, question, location)
        answer = answers.here(said, dice)
        if not result.ok or not answer:
            return None
        turns = [
            Turn("question", question),
            Turn("call", name="what_is_here", arguments={}),
            shown,
            Turn("answer", answer),
        ]
        question = self._questions.phrasing("here_stories")
        result, said, shown = await self._result("nearby_stories", {}, question, location)
        if result.ok and said.get("results") and dice.random() < 0.7:
            told = answers.stories(said, dice)
            turns += [
                Turn("question", question),
                Turn("call", name="nearby_stories", arguments={}),
                shown,
                Turn("answer", told),
            ]
        return self._conversation(turns, "chain_here")

    async def talk(self) -> Conversation | None:
        """A greeting before a question, thanks behind it."""
        opening = self._questions.of_shape(self._dice.choice(["greeting", "about_me", "thanks", "out_of_scope"]))
        return self._conversation([*opening.turns, *self._questions.single().turns], "chain_talk")

    def _conversation(self, turns: list[Turn], shape: str) -> Conversation:
        return Conversation(tuple(turns), shape, held_out=self._questions.held_out)


def _last_text(turns: list[Turn]) -> str:
    """Return the text of the last result."""
    shown = next((turn.text for turn in reversed(turns) if turn.role == "result"), "{}")
    said = json.loads(shown)
    return str(said.get("section_body") or said.get("lead") or "")


def _fitted(said: dict[str, Any]) -> dict[str, Any]:
    """Shorten a compact result as the client does where a context is short."""
    for limit in (700, 500, 350, 200):
        if len(json.dumps(said, ensure_ascii=False)) <= MAX_RESULT_CHARS:
            break
        said = {
            key: shorten(value, limit)
            if isinstance(value, str)
            else value[: max(3, limit // 100)]
            if isinstance(value, list)
            else value
            for key, value in said.items()
        }
    return said
