"""Answers without a model over a real server: what is found, what is not, and what is said of it."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from zimfo_client.agent.answer import Answer
from zimfo_client.agent.conversation import DirectConversation
from zimfo_client.agent.focus import Focus
from zimfo_client.agent.passages import Question
from zimfo_client.agent.reading import ArticleReader
from zimfo_client.agent.slips import is_typo_of
from zimfo_client.errors import ServerUnavailableError
from zimfo_client.host import open_host
from zimfo_shared.demo import demo_archives


@pytest.fixture
async def talk() -> AsyncIterator[DirectConversation]:
    """A conversation over the demo archive."""
    async with open_host() as host:
        yield DirectConversation(host)


def titles(answer: Answer) -> list[str]:
    return [source.title for source in answer.sources]


async def test_a_typo_in_a_title_is_seen_through(talk: DirectConversation):
    answer = await talk.ask("who was marie cury")

    assert titles(answer) == ["Marie Curie"]
    assert answer.text.startswith('(No article is titled "marie cury"; this is Marie Curie.) Marie Curie was')


@pytest.mark.parametrize(
    ("asked", "title", "typo"),
    [("marie cury", "Marie Curie", True), ("robespiere", "Robespierre", True), ("World War II", "World War I", False),
     ("Apollo 11", "Apollo 12", False), ("East Germany", "West Germany", False),
     ("Iran", "Iraq", False), ("Java", "Java Sea", False), ("fysiology", "Physiology", True),
     ("neumonia", "Pneumonia", True), ("kolera", "Cholera", True), ("number", "Lumber", False)],
)  # fmt: skip
def test_what_is_a_typo_and_what_another_subject(asked: str, title: str, *, typo: bool):
    assert is_typo_of(asked, title) is typo


async def test_a_foreign_server_is_refused_by_direct_answers(tmp_path: Path):
    script = tmp_path / "foreign.py"
    script.write_text("from mcp.server import MCPServer\nMCPServer('foreign').run()\n", encoding="utf-8")

    async with open_host(f"{sys.executable} {script}") as host:
        with pytest.raises(ServerUnavailableError, match="needs zimfo's own tools"):
            DirectConversation(host)


async def test_a_follow_up_is_answered_from_what_was_read(talk: DirectConversation):
    await talk.ask("Tell me about Marie Curie.")
    answer = await talk.ask("When did she die?")

    assert "1934" in answer.text
    assert titles(answer) == ["Marie Curie"]
    assert {call.name for call in answer.tool_calls} <= {"get_article_section"}

    again = await talk.ask("And where did she die?")

    assert again.tool_calls == []
    assert titles(again) == ["Marie Curie"]


async def test_a_question_that_goes_on_is_looked_for_in_the_article_just_read(talk: DirectConversation):
    await talk.ask("Tell me about cholera.")
    answer = await talk.ask("And where was the pump with the handle?")

    assert "Broad Street" in answer.text
    assert {call.name for call in answer.tool_calls} <= {"get_article_section"}

    other = await talk.ask("And who sang on A Night at the Opera?")

    assert set(titles(other)) <= {"Freddie Mercury"}


@pytest.mark.parametrize(
    ("asked", "back", "onward"),
    [("What sets the two apart?", True, True), ("Which cities did both hold?", True, True), ("???", False, False),
     ("How large are the two moons of Mars?", False, False), ("So why is iron red?", False, True)],
)  # fmt: skip
def test_what_points_back_and_what_goes_on(asked: str, *, back: bool, onward: bool):
    async def no_call(*_arguments: object) -> None:
        pytest.fail("words alone tell that")

    reader = ArticleReader(no_call, Focus(), deepen=False)

    assert (reader.points_back(Question(asked)), reader.goes_on(Question(asked))) == (back, onward)


async def test_another_subject_is_searched_for_after_an_article(talk: DirectConversation):
    await talk.ask("Tell me about Marie Curie.")
    answer = await talk.ask("What causes malaria?")

    assert set(titles(answer)) == {"Malaria"}


async def test_an_ambiguous_title_is_answered_with_its_meanings(talk: DirectConversation):
    answer = await talk.ask("mercury")

    assert "can mean several articles. There is: Mercury (planet); Mercury (element)" in answer.text
    assert answer.sources == []


async def test_a_subject_without_an_article_is_never_passed_off_as_one(talk: DirectConversation):
    answer = await talk.ask("Tell me about the Falcon 9.")

    assert answer.text.startswith('There is no article on "Falcon 9". The article ')
    assert "Falcon 9" in answer.text.partition(": ")[2]


@pytest.mark.parametrize("question", ["What is the capital of Mongolia?", "Who wrote Hamlet?", "Compare Foo and Bar"])
async def test_what_is_not_there_is_said_not_to_be(talk: DirectConversation, question: str):
    answer = await talk.ask(question)

    assert "The archives do not cover this." in answer.text
    assert answer.sources == []


async def test_one_side_of_a_comparison_may_be_missing(talk: DirectConversation):
    answer = await talk.ask("Compare Sunset and Ouagadougou")

    assert titles(answer) == ["Sunset"]
    assert 'No article is titled "Ouagadougou".' in answer.text
    assert "article_overview(" not in answer.text


async def test_a_comparison_goes_on_to_what_is_to_be_compared(talk: DirectConversation):
    answer = await talk.ask("Compare World War I and World War II: casualties")

    assert [(source.title, source.section) for source in answer.sources] == [
        ("World War I", None),
        ("World War II", None),
    ]
    assert "\n\nCasualties:\n\nWorld War I: " in answer.text
    assert answer.text.count("World War II: ") == 2
    assert answer.tool_calls[1].arguments["section"] == "casualties"


async def test_follow_ups_are_about_what_was_read(talk: DirectConversation):
    await talk.ask("Tell me about malaria")
    symptoms = await talk.ask("What are the symptoms?")
    treatment = await talk.ask("How is it treated?")

    assert [(source.title, source.section) for source in symptoms.sources] == [("Malaria", "Symptoms")]
    assert (treatment.sources[0].title, treatment.sources[0].section) == ("Malaria", "Treatment")


async def test_a_new_subject_is_no_follow_up(talk: DirectConversation):
    await talk.ask("Tell me about malaria")
    answer = await talk.ask("When was Ada Lovelace born?")

    assert titles(answer) == ["Ada Lovelace"]
    assert "1815" in answer.text


async def test_place_questions_say_that_a_map_is_missing():
    encyclopedia = next(file for file in demo_archives() if file.stem == "encyclopedia")
    async with open_host(archives=(str(encyclopedia),)) as host:
        answer = await DirectConversation(host).ask("Bars near the Ferry Building")

    assert "map" in answer.text
    assert answer.tool_calls == []


async def test_archives_that_cannot_be_read_are_not_said_to_cover_nothing(tmp_path: Path):
    archive = tmp_path / "unplugged.zim"
    archive.write_bytes(demo_archives()[0].read_bytes())
    async with open_host(archives=(str(archive),)) as host:
        assert (await host.call("search", {"query": "sunset"})).ok
        archive.unlink()
        for worker in _workers():
            os.kill(worker, signal.SIGKILL)
        answer = await DirectConversation(host).ask("When was Ada Lovelace born?")

    assert "unplugged' (its file is gone)" in answer.text
    assert "do not cover" not in answer.text


def _workers() -> list[int]:
    """The worker processes of the servers that this process started."""
    servers = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    found = [Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split() for pid in servers]
    return [int(pid) for pids in found for pid in pids]
