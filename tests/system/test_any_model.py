"""The same question to any model with no change but `--model`: files, and what servers run."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import tiny_models
from tests.client.inference_server import Handler, Weights, served
from tests.system.conftest import Ran
from zimfo_client.models import embedded_model

Command = Callable[..., Ran]

QUESTION = "Which animal spreads malaria?"


@pytest.fixture(scope="module")
def smol_path() -> Path:
    found = embedded_model()
    assert found is not None
    return found.path


def ollama(handler: Handler, body: dict[str, Any]) -> None:
    """A server of messages whose model looks something up, and then says what it found."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        found = json.loads(last["content"])
        delta = {"content": f"As the archive says: {json.dumps(found, ensure_ascii=False)[:200]}"}
    else:
        function = {"name": "article_overview", "arguments": json.dumps({"title": "Malaria"})}
        delta = {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}
    handler.events(iter([{"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]}]), done=True)


def models(handler: Handler, _: dict[str, Any]) -> None:
    handler.json({"data": [{"id": "qwen3:4b"}]})


@pytest.fixture
def messages() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    with served({"/v1/models": models, "/v1/chat/completions": ollama}) as (address, seen):
        yield address, seen


def answered(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    answer: dict[str, Any] = json.loads(ran.out)
    assert answer["question"] == QUESTION
    assert answer["answer"]
    assert answer["usage"]["prompt_tokens"] > 0
    return answer


def test_model_files_answer(zimfo: Command, smol_path: Path, tmp_path: Path) -> None:
    hybrid = tiny_models.write_hybrid(tmp_path / "tiny-lfm2moe.gguf")
    assert answered(zimfo("ask", "--json", "--model", str(smol_path), QUESTION))["model"]
    # Its random weights know nothing: they may ask for nothing and say nothing, and the turn ends all the same.
    assert answered(zimfo("ask", "--json", "--model", str(hybrid), "--seed", "1", QUESTION))["model"] == hybrid.stem


def test_a_llama_server_answers(zimfo: Command, smol_path: Path) -> None:
    with served(Weights(smol_path, 4_096).routes) as (address, seen):
        answer = answered(zimfo("ask", "--json", "--model", address, QUESTION))
    assert answer["model"] == smol_path.stem
    prompts = [body["prompt"] for path, body in seen if path == "/completion"]
    assert prompts
    assert all(isinstance(token, int) for prompt in prompts for token in prompt)


def test_a_server_of_messages_answers_with_what_the_archives_say(
    zimfo: Command, messages: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    address, seen = messages
    ran = zimfo("ask", "--json", "--model", address, QUESTION)
    answer = answered(ran)
    assert answer["model"] == "qwen3:4b"
    assert [call["name"] for call in answer["tool_calls"]] == ["article_overview"]
    assert "mosquito" in answer["answer"]
    assert [source["title"] for source in answer["sources"]] == ["Malaria"]
    assert "cannot be checked here" in ran.err
    asked = [body for path, body in seen if path == "/v1/chat/completions"]
    assert len(asked[0]["tools"]) == 11
    assert asked[0]["messages"][1] == {"role": "user", "content": QUESTION}


def test_a_conversation_with_a_server_goes_on(
    zimfo: Command, messages: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    address, seen = messages
    ran = zimfo("chat", "--jsonl", "--model", address, stdin=f"{QUESTION}\nAnd who found that out?\n/undo\nWhere?\n")
    assert ran.code == 0, ran.err
    assert [json.loads(line)["question"] for line in ran.out.splitlines()] == [
        QUESTION, "And who found that out?", "Where?",
    ]  # fmt: skip
    roles = [message["role"] for message in seen[-1][1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user", "assistant", "tool"]


def test_doctor_looks_at_a_server_and_says_what_is_wrong_with_an_address(
    zimfo: Command, messages: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    ran = zimfo("doctor", "--json", "--model", messages[0])
    assert ran.code == 0, ran.out
    report = json.loads(ran.out)["model"]
    assert (report["model"], report["profile"]) == ("qwen3:4b", "chat-completions")
    for command in ("doctor", "ask"):
        ran = zimfo(command, "--model", "http://127.0.0.1:9", *(["?"] if command == "ask" else []))
        assert ran.code == 1
        assert "No inference server answers at http://127.0.0.1:9" in ran.out + ran.err
        assert "Traceback" not in ran.err
