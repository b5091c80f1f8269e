"""Thirty questions in a row over the encyclopedia and the map: sources, place and thread are kept to the end."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.system.conftest import Ran

HERE = "37.5055,-122.2605"  # San Carlos


@dataclass(frozen=True)
class Turn:
    """A question, words of which the answer has to say one, and the only titles that it may cite first."""

    ask: str
    says: tuple[str, ...]
    cites: str = ""


TURNS = (
    Turn("Hello!", ("hello",)),
    Turn("Where am I?", ("san carlos",)),
    Turn("Tell me about San Carlos.", ("good living", "san mateo county"), "San Carlos, California"),
    Turn("How many people live there?", ("30,722",), "San Carlos, California"),
    Turn("Bars near me", ("carlos club", "office bar")),
    Turn("Which is closest to Caltrain?", ("bar", "pub", "club")),
    Turn("Directions to the first one", ("min",)),
    Turn("How much longer?", ("now: ",)),
    Turn("What is Caltrain?", ("commuter",), "Caltrain"),
    Turn("How long is its route?", ("77 miles", "124"), "Caltrain"),
    Turn("Who was Marie Curie?", ("radioactivity",), "Marie Curie"),
    Turn("When was she born?", ("1867",), "Marie Curie"),
    Turn("Where did she die?", ("passy", "sanatorium", "france"), "Marie Curie"),
    Turn("What do zebras eat?", ("do not cover",)),
    Turn("Compare Elon Musk and Jeff Bezos", ("tesla", "amazon"), "Elon Musk"),
    Turn("Where am I?", ("san carlos",)),
    Turn("Museums in Palo Alto", ("museum",)),
    Turn("Directions from Palo Alto to San Francisco City Hall", ("min",)),
    Turn("Tell me about San Francisco City Hall.", ("beaux-arts",), "San Francisco City Hall"),
    Turn("How high is its dome?", ("307", "94"), "San Francisco City Hall"),
    Turn("What is hypothermia?", ("35 °c",), "Hypothermia"),
    Turn("What are its stages?", ("mild", "shiver", "severe"), "Hypothermia"),
    Turn("How can it be prevented?", ("cloth", "layer", "dry"), "Hypothermia"),
    Turn("Why is the sky blue?", ("scatter",)),
    Turn("So why are sunsets red then?", ("blue", "long wavelength", "path")),
    Turn("Search for Nobel Prize", ("curie", "gravitational")),
    Turn("Find a pharmacy near me", ("walgreens",)),
    Turn("Tell me some stories from Palo Alto", ("hewlett", "stanford", "garage")),
    Turn("Where am I?", ("san carlos",)),
    Turn("Thanks", ("hello", "welcome", "ask me")),
)


def test_thirty_turns_keep_sources_place_and_thread(zimfo: Callable[..., Ran]) -> None:
    assert len(TURNS) == 30
    questions = "".join(f"{turn.ask}\n" for turn in TURNS)
    ran = zimfo("chat", "--direct", "--jsonl", "--location", HERE, stdin=questions)
    assert ran.code == 0, ran.err
    answers: list[dict[str, Any]] = [json.loads(line) for line in ran.out.splitlines()]
    problems: list[str] = []
    assert [answer["question"] for answer in answers] == [turn.ask for turn in TURNS]
    for turn, answer in zip(TURNS, answers, strict=True):
        said, cited = answer["answer"].lower(), [source["title"] for source in answer["sources"]]
        problems += [f"{turn.ask}: {answer['answer']}"] if not any(word in said for word in turn.says) else []
        problems += [f"{turn.ask}: cites {cited}"] if turn.cites and cited[:1] != [turn.cites] else []
    assert not problems
