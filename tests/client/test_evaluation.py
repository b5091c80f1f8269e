import json
from pathlib import Path
from typing import Any

import pytest

from zimfo_client.errors import SuiteError
from zimfo_client.evaluation.judge import Verdict, judge
from zimfo_client.evaluation.report import as_json, compared, markdown, table
from zimfo_client.evaluation.run import Plan, ScenarioResult, TurnResult, run_suite
from zimfo_client.evaluation.suite import SUITES, Scenario, Suite, Turn, load_suite
from zimfo_shared.demo import demo_archives

SUITE = """
[[scenarios]]
id = "curie"
location = "37.5,-122.2"
[[scenarios.turns]]
ask = "Tell me about Marie Curie."
tools = ["article_overview"]
says = [["1867", "1934"], ["radium"]]
cites = ["Marie Curie"]
"""


def answer(text: str = "", *calls: tuple[str, dict[str, Any]], cites: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "answer": text,
        "tool_calls": [{"name": name, "arguments": arguments, "ok": True} for name, arguments in calls],
        "sources": [{"title": title} for title in cites],
    }


def problems(answer: dict[str, Any], **wanted: Any) -> str:
    return "; ".join(judge(Turn(ask="?", **wanted), answer).problems)


def test_the_suites_that_come_with_zimfo_are_sound():
    for name in SUITES:
        assert load_suite(name).name == name
    assert len(load_suite("grid").scenarios) == 13


def test_a_suite_is_read_from_a_file(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(SUITE, encoding="utf-8")
    suite = load_suite(str(file))
    assert (suite.name, [scenario.id for scenario in suite.scenarios]) == ("mine", ["curie"])
    assert suite.only(("curie",)) == suite
    with pytest.raises(SuiteError, match=r"has no scenario marie\. It has: curie"):
        suite.only(("marie",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[scenarios", "cannot be read as TOML"),
        ("", "scenarios: Field required"),
        ('[[scenarios]]\nid = "a"\nturns = []', "at least 1 item"),
        (SUITE.replace("ask", "question"), "Extra inputs are not permitted"),
        (SUITE + SUITE, "several scenarios are called curie"),
        (SUITE + 'arguments = { title = "(" }', "the pattern of the argument title cannot be read"),
        (SUITE.replace("37.5,-122.2", "here"), "should match pattern"),
    ],
)
def test_what_is_no_suite_is_told_in_one_line(tmp_path: Path, text: str, message: str):
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError) as error:
        load_suite(str(file))
    assert message in str(error.value)
    assert "\n" not in str(error.value).strip() or "TOML" in message


def test_a_missing_suite_is_answered_with_those_that_exist():
    with pytest.raises(SuiteError, match=r"There is no suite nothing.*grid"):
        load_suite("nothing")


def test_tools_are_judged_by_their_names_and_arguments():
    called = answer("", ("search", {"query": "Curie"}))
    assert problems(called, tools=["search", "article_overview"]) == ""
    assert problems(called, tools=["article_overview"]) == "calls none of: article_overview"
    assert problems(called, not_tools=["search"]) == "calls search"
    assert problems(called, not_tools=["*"]) == "calls search"
    assert problems(answer(), not_tools=["*"]) == ""
    assert problems(called, arguments={"query": "^curie$"}) == ""
    assert problems(called, arguments={"query": "einstein"}) == "no call has query like einstein"


def test_facts_are_judged_by_words_whatever_their_case_and_blanks():
    said = answer("In 1911 – at last – she got 1\N{NO-BREAK SPACE}000 grams of Radium.")
    assert problems(said, says=[["1903", "1911"], ["radium"], ["1 000 grams"], ["1911 - at"]]) == ""
    assert problems(said, says=[["polonium"]]) == "says none of: polonium"
    assert problems(said, says_any=["polonium", "radium"]) == ""
    assert problems(said, says_not=["RADIUM"]) == "says RADIUM"


def test_sources_are_judged_by_their_titles():
    said = answer("x", cites=("Marie_Curie",))
    assert problems(said, cites=["marie curie", "Radium"]) == ""
    assert problems(said, cites=["Radium"]) == "cites none of: Radium"


def test_what_the_archives_lack_has_to_be_declined():
    assert problems(answer("The archives do not cover this."), declines=True) == ""
    assert problems(answer("Das steht nicht in den Archiven."), declines=True) == ""
    assert "does not say that the archives lack it" in problems(answer("It is 42.", cites=("Deep",)), declines=True)


def turn(*problems: str, **values: Any) -> TurnResult:
    return TurnResult("Who?", "She.", Verdict(not problems, True, None, problems), **values)


def results() -> list[ScenarioResult]:
    good = turn(calls=("search",), prompt_tokens=10, evaluated_tokens=4, completion_tokens=20, decode_s=2.0)
    return [
        ScenarioResult("good", (True, True, False), (good, turn(first_token_s=0.25, peak_rss_bytes=2_000_000))),
        ScenarioResult("bad", (False, True), (turn("calls search"),)),
    ]


def test_most_runs_decide():
    assert [result.passed for result in results()] == [True, False]


def test_the_report_has_every_figure():
    report = as_json("grid", "direct", results())
    assert (report["passed"], report["total"]) == (1, 2)
    assert [scenario["id"] for scenario in report["scenarios"]] == ["good", "bad"]
    assert report["totals"]["tool"] == [2, 3]
    assert report["totals"]["citations"] == [0, 0]
    assert (report["totals"]["prompt_tokens"], report["totals"]["peak_rss_bytes"]) == (10, 2_000_000)
    lines = table(results())
    assert lines[1].split() == ["good", "2/3", "2/2", "2/2", "-", "1", "10", "4", "0.2", "10", "2"]
    assert lines[-1] == "bad: “Who?” calls search. Said: She."
    assert "| good | 2/3 |" in markdown("grid", "direct", results())


def test_two_reports_are_shown_side_by_side(tmp_path: Path):
    files = [tmp_path / name for name in ("a.json", "b.json")]
    for file, model in zip(files, ("direct", "small"), strict=True):
        file.write_text(json.dumps(as_json("grid", model, results())), encoding="utf-8")
    later = json.loads(files[1].read_text())
    later["scenarios"][1]["passed"] = True
    files[1].write_text(json.dumps(later), encoding="utf-8")
    lines = compared(*files)
    assert lines[2].split() == ["bad", "fail", "pass", "better"]


@pytest.mark.parametrize("text", ["", "[]", '{"scenarios": []}', '{"scenarios": [{"id": 1}]}'])
def test_what_is_no_report_is_told(tmp_path: Path, text: str):
    file = tmp_path / "a.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError, match="is no report"):
        compared(file, file)


async def test_a_conversation_runs_in_a_process_of_its_own():
    first = Turn(ask="Tell me about LIGO.", tools=["article_overview"], cites=["LIGO"])
    second = Turn(ask="hello", not_tools=["*"], says=[["never said"]])
    suite = Suite(name="x", scenarios=(Scenario(id="ligo", turns=(first, second)),))
    options = ["--direct", *(part for path in demo_archives() for part in ("--archives", str(path)))]
    [result] = await run_suite(suite, Plan(options))
    assert [turn.verdict.passed for turn in result.turns] == [True, False]
    assert result.turns[0].calls[0] == "article_overview"
    assert result.turns[0].seconds > 0


async def test_a_process_that_ends_early_is_a_failure_with_its_words():
    suite = Suite(name="x", scenarios=(Scenario(id="a", turns=(Turn(ask="Who?"), Turn(ask="Why?"))),))
    [result] = await run_suite(suite, Plan(["--model", "/nowhere/x.gguf"]))
    assert not result.passed
    assert "x.gguf" in result.turns[0].text
    assert result.turns[1].text.startswith("not asked")
