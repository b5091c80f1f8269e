"""Finding the passage that answers a question."""

import pytest

from zimfo_client.agent.passages import ENOUGH_COVERAGE, Question, best_passage
from zimfo_shared.articles import OverviewOutput


def article(title: str, **sections: str) -> OverviewOutput:
    """An overview with the given sections; `lead` is the lead."""
    parts = [
        {"title": "" if name == "lead" else name.replace("_", " "), "level": 2, "bytes": len(text), "text": text}
        for name, text in sections.items()
    ]
    return OverviewOutput.model_validate(
        {
            "zim": "z", "path": "p", "title": title, "section_count": len(parts), "sections": parts,
            "available_sections": [{key: part[key] for key in ("title", "level", "bytes")} for part in parts],
        }
    )  # fmt: skip


ETNA = article(
    "Mount Etna",
    lead="Mount Etna is an active volcano on the east coast of Sicily. It is the tallest volcano in Europe.",
    Geology="The mountain stands above the collision of two plates. Its height is 3,403 metres.",
    Eruptions="Records begin in 425 BC. In 1669 lava destroyed part of Catania. Nobody was killed in 1992, because "
    "barriers of earth turned the lava away from the town of Zafferana.",
)


@pytest.mark.parametrize(
    ("question", "section", "said"),
    [("How high is Mount Etna?", "Geology", "3,403"),
     ("Where is Mount Etna?", "", "Sicily"),
     ("What happened to Catania in 1669?", "Eruptions", "destroyed"),
     ("Why was nobody killed in Zafferana?", "Eruptions", "barriers"),
     ("When do the records of eruptions of Mount Etna begin?", "Eruptions", "425 BC")],
)  # fmt: skip
def test_the_sentence_that_answers_is_found(question: str, section: str, said: str):
    passage = best_passage(Question(question), ETNA)

    assert passage is not None
    assert passage.section == section
    assert said in passage.text
    assert passage.coverage >= ENOUGH_COVERAGE


def test_a_number_beside_what_is_counted_is_the_answer():
    town = article(
        "Catania",
        lead="Catania is a city on the coast of Sicily. It had 311,584 residents in 2020.",
        History="In 1693 about 12,000 died, two thirds of all the population, when an earthquake came.",
    )

    passage = best_passage(Question("What is the population of Catania?"), town)

    assert passage is not None
    assert "311,584" in passage.text


def test_a_question_about_something_else_finds_no_passage():
    assert best_passage(Question("Who composed Mount Etna symphonies?"), ETNA) is None


def test_a_name_that_the_article_never_mentions_rules_it_out():
    asked = Question("Did Mount Etna destroy Pompeii?")

    assert asked.misses_a_name("Mount Etna destroyed part of Catania.")
    assert not asked.misses_a_name("Mount Etna never reached Pompei.")


def test_a_number_must_occur_as_it_is():
    assert Question("What happened in 1670?").misses_a_name("In 1669 lava came.")
