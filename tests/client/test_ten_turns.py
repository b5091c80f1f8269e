"""Ten turns with tool calls, over a real server: every token of the conversation is evaluated once."""

from pathlib import Path

import pytest

from zimfo_client.agent.loop import ModelConversation
from zimfo_client.agent.turn import Intents
from zimfo_client.engine import EngineSettings
from zimfo_client.host import open_host
from zimfo_client.profile import get_profile

llama = pytest.importorskip("zimfo_client.engine.llama", reason="llama-cpp-python is not installed")

QUESTIONS = (
    "Tell me about LIGO.", "Who was Marie Curie?", "Where was she born?", "Why is the sky blue?",
    "What are the symptoms of hypothermia?", "Search for malaria", "Compare copper and zinc",
    "What does the article on malaria say about prevention?", "Tell me about Sunset.", "Hello!",
)  # fmt: skip


async def tokens_run(path: Path, n_ctx: int) -> tuple[int, int, int]:
    """The tokens that were run in ten turns, those of the conversation that are in the state, and the calls made."""
    engine = llama.LlamaEngine(path, EngineSettings(n_ctx=n_ctx, n_threads=1))
    run, evaluate = [], engine._state.evaluate

    def counted(tokens: list[int]) -> bool:
        run.append(len(tokens))
        done: bool = evaluate(tokens)
        return done

    engine._state.evaluate = counted
    calls = 0
    async with open_host() as host:
        conversation = ModelConversation(host, engine, get_profile("chatml"), model="test", intents=Intents.ALL, seed=1)
        for question in QUESTIONS:
            calls += len((await conversation.ask(question)).tool_calls)
        tokens = conversation._dialogue.transcript.tokens
        held = len(engine._state.tokens)
        assert engine._state.tokens == tokens[:held]
        # What the host said last, in the model's place, and the end of a turn wait for the next question.
        assert len(conversation._dialogue.transcript.text()) > 4_000
        conversation.close()
    return sum(run), held, calls


@pytest.mark.parametrize("kind", ["hybrid", "recurrent", "plain"])
async def test_each_token_of_ten_turns_is_evaluated_once(request: pytest.FixtureRequest, kind: str) -> None:
    run, held, calls = await tokens_run(request.getfixturevalue(f"{kind}_path"), 32_768)
    assert run == held > 4_000
    assert calls >= 8


@pytest.mark.long
async def test_each_token_of_ten_turns_is_evaluated_once_by_a_real_model(smol_path: Path) -> None:
    run, held, calls = await tokens_run(smol_path, 8_192)
    assert run == held > 2_000
    assert calls >= 8
