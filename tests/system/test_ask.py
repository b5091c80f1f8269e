"""`zimfo ask` and `zimfo chat` as a person runs them, on real archives and with the real model."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Ran

Command = Callable[..., Ran]

KEYS = {"question", "answer", "model", "tool_calls", "sources", "steps", "usage", "timing", "stopped"}


def test_a_direct_answer_quotes_and_cites_the_article(zimfo: Command, shared_data: Path):
    archive = shared_data / "zim" / "wikipedia_en_ray_charles_maxi_2019-08.zim"

    ran = zimfo("ask", "--direct", "--json", "Tell me about Ray Charles.", "--archives", str(archive))

    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert set(answer) == KEYS
    assert [call["name"] for call in answer["tool_calls"]] == ["article_overview"]
    assert answer["tool_calls"][0]["ok"] is True
    assert "singer" in answer["answer"]
    assert "1930" in answer["answer"]
    [source] = answer["sources"]
    assert (source["archive"], source["title"]) == (archive.stem, "Ray Charles")
    assert source["path"]
    assert answer["usage"] == {"prompt_tokens": 0, "evaluated_tokens": 0, "completion_tokens": 0}


@pytest.mark.parametrize(
    ("question", "tool", "said", "title"),
    [
        ("Tell me about Marie Curie.", "article_overview", "radium", "Marie Curie"),
        ("Why is the sky blue?", "article_overview", "wavelength", None),
        ("How were gravitational waves first detected?", "article_overview", "2015", None),
        ("Compare Elon Musk and Jeff Bezos", "compare_articles", "Amazon", "Elon Musk"),
        ("US and Iran relations", "compare_articles", "1979", "Iran–United States relations"),
        ("Read me the article about the HP Garage", "narrate_article", "Addison Avenue", "HP Garage"),
        ("Search for malaria", "search", "Malaria", "Malaria"),
        ("What are the symptoms of hypothermia?", "article_overview", "shiver", "Hypothermia"),
        ("What does the article on malaria say about prevention?", "get_article_section", "net", "Malaria"),
    ],
)
def test_every_shape_gets_a_sourced_answer_without_a_model(
    zimfo: Command, question: str, tool: str, said: str, title: str | None
):
    ran = zimfo("ask", "--direct", "--json", question)

    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert tool in [call["name"] for call in answer["tool_calls"]]
    assert said.lower() in answer["answer"].lower()
    assert answer["sources"]
    assert title is None or title in [source["title"] for source in answer["sources"]]


def test_what_the_archives_do_not_cover_is_said_to_be_so(zimfo: Command):
    ran = zimfo("ask", "--direct", "--json", "Who won the ice hockey final in Gothenburg in 2031?")

    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert "do not cover" in answer["answer"]
    assert answer["sources"] == []


def test_text_output_keeps_calls_on_stderr_and_sources_on_stdout(zimfo: Command):
    ran = zimfo("ask", "--direct", "Tell me about LIGO.")

    assert ran.code == 0
    assert "→ article_overview" in ran.err
    assert "→" not in ran.out
    assert "[1] LIGO (encyclopedia)" in ran.out


def test_a_terminal_that_knows_only_ascii_gets_an_answer(zimfo: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    ran = zimfo("ask", "--direct", "US and Iran relations")

    assert ran.code == 0, ran.err
    assert "1979" in ran.out


def test_a_question_is_read_from_standard_input(zimfo: Command):
    ran = zimfo("ask", "--direct", "--json", "-", stdin="Tell me about Malaria.\n")

    assert json.loads(ran.out)["question"] == "Tell me about Malaria."


def test_the_embedded_model_answers_with_call_and_sources(zimfo: Command):
    ran = zimfo("ask", "--json", "--seed", "1", "--model", "embedded", "Tell me about LIGO.")

    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert answer["model"] == "embedded"
    assert [call["name"] for call in answer["tool_calls"]] == ["article_overview"]
    assert "LIGO" in answer["answer"]
    assert answer["sources"][0]["title"] == "LIGO"
    [step] = answer["steps"]
    assert step["prompt"] == step["evaluated"] > 100
    assert step["completion"] > 0
    assert step["cached"] == answer["usage"]["cached_tokens"] == 0
    assert 1 << 20 < answer["usage"]["state_bytes"] < answer["usage"]["peak_rss_bytes"]
    assert answer["timing"]["first_token_ms"] > 0 < answer["timing"]["tokens_per_s"]


def test_a_second_process_does_not_read_the_tools_again(zimfo: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZIMFO_STATES_MB", "128")
    ask = ("ask", "--json", "--seed", "1", "--model", "embedded", "--profile", "chatml")  # which names the tools
    cold, warm, moved = (
        json.loads(zimfo(*ask, *more).out)
        for more in (["Tell me about LIGO."], ["Who was Marie Curie?"], ["Tell me about LIGO.", "--location", "1,2"])
    )
    assert cold["usage"]["cached_tokens"] == 0
    assert warm["usage"]["cached_tokens"] == moved["usage"]["cached_tokens"] > 500
    [step] = warm["steps"]
    assert step["prompt"] == step["cached"] + step["evaluated"]
    assert warm["timing"]["first_token_ms"] < cold["timing"]["first_token_ms"]


@pytest.mark.parametrize("options", [["--intents"], ["--no-intents", "--allow-prior", "--profile", "chatml"]])
def test_a_conversation_evaluates_only_what_is_new(zimfo: Command, options: list[str]):
    questions = "Tell me about LIGO.\nWho was Marie Curie?\nCompare copper and zinc\n"

    ran = zimfo("chat", "--jsonl", "--seed", "1", "--model", "embedded", *options, stdin=questions)

    assert ran.code == 0, ran.err
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert [answer["question"] for answer in answers] == questions.splitlines()
    steps = [step for answer in answers for step in answer["steps"]]
    assert len(steps) >= 2
    for before, after in zip(steps, steps[1:], strict=False):
        assert after["evaluated"] == after["prompt"] - before["prompt"] - before["completion"]
        assert after["cached"] == before["prompt"] + before["completion"] - 1  # the last one sampled is run with these
    for answer in answers:
        assert answer["usage"]["evaluated_tokens"] == sum(step["evaluated"] for step in answer["steps"])


def test_undo_and_retry_on_a_pipe(zimfo: Command):
    ran = zimfo(
        "chat", "--direct", "--jsonl", stdin="Tell me about LIGO.\n/retry\n/undo\n/undo\n/nonsense\n/quit\nnever\n"
    )

    assert ran.code == 0, ran.err
    assert [json.loads(line)["question"] for line in ran.out.splitlines()] == ["Tell me about LIGO."] * 2
    assert "Forgotten." in ran.err
    assert "nothing to undo" in ran.err
    assert "Unknown command /nonsense" in ran.err


def test_a_follow_up_is_about_what_was_read(zimfo: Command):
    ran = zimfo("chat", "--direct", "--jsonl", stdin="Tell me about Marie Curie.\nWhere was she born?\n")

    answer = json.loads(ran.out.splitlines()[1])
    assert "Warsaw" in answer["answer"]
    assert answer["sources"][0]["title"] == "Marie Curie"


def test_trace_shows_the_prompt_and_the_raw_reply_on_stderr(zimfo: Command):
    ran = zimfo("ask", "--trace", "--model", "embedded", "--seed", "1", "Tell me about LIGO.")

    assert "<|im_start|>user" in ran.err
    assert "[TOOL_RESPONSE]" in ran.err
    assert "tokens of prompt: 0 held" in ran.err
    assert "<|im_start|>" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--archives", "/nowhere/x.zim"), "there is no such file"),
        (("--server", "no-such-command-at-all"), "was not found"),
        (("--server", f"{sys.executable} -c 'raise SystemExit(3)'"), "cannot be started"),
        (("--server", f"{sys.executable} -c 'print(5)'"), "cannot be started"),
        (("--server", "x", "--archives", "y"), "--archives is for"),
        (("--location", "north"), "LAT,LON"),
        (("--location", "95,0"), "LAT,LON"),
    ],
)
def test_bad_options_get_one_clear_message(zimfo: Command, arguments: tuple[str, ...], said: str):
    ran = zimfo("ask", "--direct", "Tell me about LIGO.", *arguments)

    assert ran.code != 0
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(("content", "said"), [(b"I am text.", "GGUF"), (b"", "GGUF"), (b"GGUF\x03\0\0\0", "GGUF")])
def test_a_model_file_that_is_none_gets_one_clear_message(zimfo: Command, tmp_path: Path, content: bytes, said: str):
    file = tmp_path / "model.gguf"
    file.write_bytes(content)

    ran = zimfo("ask", "--model", str(file), "Tell me about LIGO.")

    assert ran.code != 0
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_an_unknown_model_is_answered_with_the_known_ones(zimfo: Command):
    ran = zimfo("ask", "--model", "gigantic", "Tell me about LIGO.")

    assert ran.code != 0
    assert "embedded" in ran.err
    assert "Traceback" not in ran.err


def test_an_empty_folder_of_archives_is_said_to_be_so(zimfo: Command, tmp_path: Path):
    ran = zimfo("ask", "--direct", "Tell me about LIGO.", "--archives", str(tmp_path))

    assert ran.code != 0
    assert "No archive" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "command", [["--help"], ["ask", "--help"], ["chat", "--help"], ["models", "--help"], ["--version"]]
)
def test_help_and_version(zimfo: Command, command: list[str]):
    ran = zimfo(*command)

    assert ran.code == 0
    assert "zimfo" in ran.out
