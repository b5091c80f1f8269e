"""A conversation about a real map, without a model: `zimfo chat --direct`, as a person types it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import MakeZim, make_zim  # noqa: F401 - the fixture
from tests.system.conftest import Ran

VALLETTA = "35.8985,14.5133"


@pytest.fixture
def malta(shared_data: Path, route_search: None) -> str:
    return str(shared_data / "streetzim" / "malta-v4-head.zim")


@pytest.fixture
def talk(zimfo: Callable[..., Ran], malta: str) -> Callable[..., list[dict[str, Any]]]:
    """Put questions to one conversation over the map of Malta; returns the answers as `--jsonl` prints them."""

    def talked(*questions: str, location: str | None = VALLETTA) -> list[dict[str, Any]]:
        place = ["--location", location] if location else []
        ran = zimfo("chat", "--direct", "--jsonl", "--archives", malta, *place, stdin="\n".join(questions) + "\n")
        assert ran.code == 0, ran.err
        return [json.loads(line) for line in ran.out.splitlines()]

    return talked


def archives(answer: dict[str, Any]) -> set[str]:
    return {source["archive"] for source in answer["sources"]}


def tools(answer: dict[str, Any]) -> list[str]:
    return [call["name"] for call in answer["tool_calls"]]


def test_a_person_asks_their_way_through_malta(talk: Callable[..., list[dict[str, Any]]]):
    bars, here, where, route, left = talk(
        "Bars near Valletta",
        "What's around me?",
        "Where am I?",
        "Directions from Valletta to Mosta",
        "How much longer?",
    )

    assert " bars within " in bars["answer"]
    assert "\n1. " in bars["answer"]
    assert tools(here) == ["what_is_here", "near_places"]
    assert "\n1. " in here["answer"]
    assert "Valletta" in where["answer"]
    assert route["answer"].startswith("Valletta to ")
    assert "\n1. " in route["answer"]
    assert " km" in route["answer"].splitlines()[0]
    assert tools(left) == ["route_status"]
    assert "Mosta" in left["answer"]
    for answer in (bars, here, where, route, left):
        assert archives(answer) == {"malta-v4-head"}
        assert all(call["ok"] for call in answer["tool_calls"])


def test_a_list_is_gone_on_with(talk: Callable[..., list[dict[str, Any]]]):
    listed, more, first, way, closest = talk(
        "restaurants in Sliema", "more", "tell me about the first one", "directions to the first one on foot",
        "which is closest to Valletta?",
    )  # fmt: skip
    name = listed["answer"].splitlines()[1].removeprefix("1. ").split(" (")[0].split(",")[0]

    assert more["answer"].startswith("11. ")
    assert more["tool_calls"] == []
    assert first["answer"].startswith(name)
    assert f" to {name}" in way["answer"].splitlines()[0]
    assert "on foot" in way["answer"].splitlines()[0]
    assert " is closest to " in closest["answer"]


def test_stories_come_with_the_articles_that_the_map_names(
    zimfo: Callable[..., Ran],
    malta: str,
    make_zim: MakeZim,  # noqa: F811 - the fixture
):
    # None of the shared encyclopedias has what Malta's records name, so a small one is made of their tags.
    text = "<p>HMS Maori was a destroyer of the Royal Navy. She was sunk at her moorings in 1942.</p>"
    encyclopedia = make_zim("encyclopedia", {"HMS Maori (F24)": text * 5, "Other": "<p>Another article.</p>"})
    ran = zimfo(
        "ask", "--direct", "--json", "--archives", malta, "--archives", str(encyclopedia), "--location", VALLETTA,
        "Any interesting stories around here?",
    )  # fmt: skip
    answer = json.loads(ran.out)

    assert tools(answer) == ["nearby_stories"]
    assert "She was sunk at her moorings in 1942." in answer["answer"]
    assert [(source["archive"], source["title"]) for source in answer["sources"]] == [
        ("encyclopedia", "HMS Maori (F24)"),
    ]  # fmt: skip


def test_without_an_encyclopedia_there_are_no_stories(talk: Callable[..., list[dict[str, Any]]]):
    (answer,) = talk("Any interesting stories around here?")

    assert tools(answer) == ["nearby_stories"]
    assert answer["answer"].strip()
    assert answer["sources"] == []


@pytest.mark.parametrize(
    ("question", "location"),
    [("Bars near Xyzzyplugh", VALLETTA), ("Directions from Valletta to Ulaanbaatar", VALLETTA),
     ("Directions from Victoria, Gozo to Valletta", VALLETTA), ("Where am I?", None), ("Where am I?", "64.1,-21.9"),
     ("coffee near me", None), ("Bars near " + "x" * 10_000, VALLETTA), ("How much longer?", VALLETTA)],
)  # fmt: skip
def test_what_the_map_cannot_answer_is_said(talk: Callable[..., list[dict[str, Any]]], question: str, location: Any):
    (answer,) = talk(question, location=location)

    assert answer["answer"].strip()
    assert answer["sources"] == []
    assert "Traceback" not in answer["answer"]
    assert "/work" not in answer["answer"]


def test_the_location_may_be_a_setting(talk: Callable[..., list[dict[str, Any]]]):
    from zimfo_client.config import config_path

    config_path().parent.mkdir(parents=True)
    config_path().write_text(f'location = "{VALLETTA}"\n', encoding="utf-8")
    (answer,) = talk("Where am I?", location=None)

    assert "Valletta" in answer["answer"]


def test_the_person_reads_an_answer_and_its_map(zimfo: Callable[..., Ran], malta: str):
    ran = zimfo("ask", "--direct", "--archives", malta, "Directions from Valletta to Mosta")

    assert ran.code == 0, ran.err
    assert "Sources:\n[1] Route from Valletta to " in ran.out
    assert "→ route_from_places" in ran.err
