import asyncio
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_client.engine import Engine, EngineOverrides, EngineSettings, SamplingSettings, agenerate, load_engine
from zimfo_client.errors import ContextFullError, EngineError, ExtraMissingError, ModelInvalidError
from zimfo_client.profile import Profile
from zimfo_client.transcript import Segment, Transcript

GREEDY = SamplingSettings(temperature=0, max_tokens=24, stop=("<|im_start|>",))
FACTS = "The Eiffel Tower stands in Paris. It is named after the engineer Gustave Eiffel."
QUESTION = f"{FACTS} Who is it named after?"


@pytest.fixture
def transcript(smol: Engine, chatml: Profile) -> Transcript:
    transcript = Transcript(smol)
    transcript.append([*chatml.opening("", QUESTION), *chatml.answer_open()])
    return transcript


def _ask(transcript: Transcript, profile: Profile, question: str) -> int:
    """Append a question and return how many tokens that added."""
    before = len(transcript)
    closed = transcript.ends_with(profile.turns.assistant_close)
    transcript.append([*profile.follow_up(question, closed=closed), *profile.answer_open()])
    return len(transcript) - before


def test_a_question_is_answered_from_its_text(smol: Engine, transcript: Transcript) -> None:
    shown: list[str] = []
    generation = smol.generate(transcript, GREEDY, on_text=shown.append)
    assert "Gustave Eiffel" in generation.text
    assert "".join(shown) == generation.text
    assert generation.stopped == "end"
    assert transcript.ends_with("<|im_end|>")
    assert list(generation.tokens) == list(transcript.tokens[generation.prompt_tokens :])
    assert generation.completion_tokens == len(generation.tokens)
    assert generation.first_token_ms is not None
    assert generation.first_token_ms >= generation.prefill_ms > 0


def test_a_second_question_evaluates_its_new_tokens_and_no_other(
    smol: Engine, chatml: Profile, transcript: Transcript
) -> None:
    for sampling in (GREEDY, replace(GREEDY, max_tokens=3)):
        first = smol.generate(transcript, sampling)
        new = _ask(transcript, chatml, "Where does it stand?")
        progress: list[tuple[int, int]] = []
        second = smol.generate(transcript, sampling, on_prefill=lambda done, total: progress.append((done, total)))  # noqa: B023
        assert second.evaluated_tokens == new
        assert second.prompt_tokens == first.prompt_tokens + first.completion_tokens + new
        # The last token sampled runs with the next step, and is no prompt.
        assert progress == [(0, new + 1), (new + 1, new + 1)]
        _ask(transcript, chatml, "Why?")


def test_rewinding_and_generating_again_gives_the_same_tokens(
    smol: Engine, chatml: Profile, transcript: Transcript
) -> None:
    smol.generate(transcript, GREEDY)
    mark = transcript.mark()
    new = _ask(transcript, chatml, "Where does it stand?")
    first = smol.generate(transcript, GREEDY)
    transcript.rewind(mark)
    assert _ask(transcript, chatml, "Tell me about the moon.") > 0
    smol.generate(transcript, GREEDY)
    transcript.rewind(mark)
    _ask(transcript, chatml, "Where does it stand?")
    again = smol.generate(transcript, GREEDY)
    assert again.tokens == first.tokens
    assert 0 < again.evaluated_tokens <= new + 1  # with the end of the reply before, which ran in the same batch


def test_a_model_that_cannot_drop_its_tail_begins_anew_and_counts_it(
    smol: Engine, chatml: Profile, transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    smol.generate(transcript, GREEDY)
    mark = transcript.mark()
    _ask(transcript, chatml, "Tell me about the moon.")
    smol.generate(transcript, replace(GREEDY, max_tokens=2))
    transcript.rewind(mark)
    _ask(transcript, chatml, "Where does it stand?")
    monkeypatch.setattr("zimfo_client.engine.llama.lib.llama_memory_seq_rm", lambda *_: False)  # as hybrids answer
    generation = smol.generate(transcript, GREEDY)
    assert generation.evaluated_tokens == generation.prompt_tokens
    assert "Paris" in generation.text


def test_the_same_question_again_runs_its_own_tokens(smol: Engine, chatml: Profile) -> None:
    transcript = Transcript(smol)
    transcript.append(chatml.opening("", FACTS))
    transcript.anchor()
    mark, replies = transcript.mark(), []
    for _ in range(2):
        transcript.rewind(mark)
        new = _ask(transcript, chatml, "Where does it stand?")
        replies.append(smol.generate(transcript, GREEDY))
    assert replies[0].tokens == replies[1].tokens
    assert replies[1].evaluated_tokens == new


def test_the_same_seed_gives_the_same_text_and_another_seed_another(smol: Engine, transcript: Transcript) -> None:
    mark = transcript.mark()
    sampling = SamplingSettings(temperature=1.5, top_p=1.0, top_k=0, seed=7, max_tokens=12, repeat_penalty=1.1)
    texts = []
    for seed in (7, 7, 8):
        transcript.rewind(mark)
        texts.append(smol.generate(transcript, replace(sampling, seed=seed)).text)
    assert texts[0] == texts[1] != texts[2]


def _start_over(engine: Engine) -> None:
    """Bring the engine's state to something that shares nothing with any other test."""
    transcript = Transcript(engine)
    transcript.append([Segment("user", "Something else.", trusted=False)])
    engine.generate(transcript, replace(GREEDY, max_tokens=1))


def test_a_stop_marker_ends_a_reply_and_is_not_shown(smol: Engine, transcript: Transcript) -> None:
    mark = transcript.mark()
    whole = smol.generate(transcript, GREEDY).text
    transcript.rewind(mark)
    marker = whole[4:9]
    generation = smol.generate(transcript, replace(GREEDY, stop=(marker,)))
    assert (generation.text, generation.stopped) == (whole[: whole.index(marker)], "stop")


def test_the_length_of_a_reply_is_bounded(smol: Engine, transcript: Transcript) -> None:
    generation = smol.generate(transcript, replace(GREEDY, max_tokens=2))
    assert (generation.completion_tokens, generation.stopped) == (2, "length")
    with pytest.raises(ValueError, match="max_tokens"):
        SamplingSettings(max_tokens=0)


def test_a_prompt_that_leaves_no_room_for_a_reply_is_refused(smol: Engine) -> None:
    transcript = Transcript(smol)
    transcript.append([Segment("user", "word " * 2030, trusted=False)])
    with pytest.raises(ContextFullError) as caught:
        smol.generate(transcript, GREEDY)
    assert caught.value.available == smol.info.n_ctx == 2048
    assert caught.value.needed == len(transcript) + 24


def test_an_empty_transcript_is_refused(smol: Engine) -> None:
    with pytest.raises(EngineError, match="empty"):
        smol.generate(Transcript(smol), GREEDY)


def test_stopping_while_decoding_leaves_a_usable_conversation(
    smol: Engine, chatml: Profile, transcript: Transcript
) -> None:
    shown: list[str] = []
    generation = smol.generate(transcript, GREEDY, on_text=shown.append, should_stop=lambda: len(shown) >= 2)
    assert (generation.stopped, generation.completion_tokens) == ("cancelled", 2)
    new = _ask(transcript, chatml, "Where does it stand?")
    following = smol.generate(transcript, GREEDY)
    assert following.evaluated_tokens == new
    assert "Paris" in following.text


def test_stopping_in_prefill_keeps_the_pieces_that_were_run(smol_path: Path, chatml: Profile) -> None:
    from zimfo_client.engine.llama import LlamaEngine

    engine = LlamaEngine(smol_path, EngineSettings(n_ctx=256, n_batch=32, n_threads=1))
    transcript = Transcript(engine)
    transcript.append(chatml.opening("", "one two three four " * 15 + "What was the first word?"))
    transcript.append(chatml.answer_open())
    pieces: list[int] = []
    stopped = engine.generate(
        transcript, GREEDY, on_prefill=lambda done, _: pieces.append(done), should_stop=lambda: len(pieces) > 2
    )
    assert (stopped.stopped, stopped.text, stopped.first_token_ms) == ("cancelled", "", None)
    assert (pieces, stopped.evaluated_tokens) == ([0, 32, 64, 64], 64)
    whole = engine.generate(transcript, replace(GREEDY, max_tokens=4))
    assert whole.evaluated_tokens == whole.prompt_tokens - 64
    engine.close()


def test_a_piece_of_prefill_is_interrupted_in_the_middle(smol: Engine, chatml: Profile) -> None:
    transcript = Transcript(smol)
    transcript.append(chatml.opening("", "red green blue grey " * 60))
    transcript.append(chatml.answer_open())
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    began = time.perf_counter()
    assert smol.generate(transcript, GREEDY, should_stop=soon).stopped == "cancelled"
    interrupted = time.perf_counter() - began
    began = time.perf_counter()
    whole = smol.generate(transcript, replace(GREEDY, max_tokens=4))
    assert interrupted < (time.perf_counter() - began) / 2
    _start_over(smol)
    transcript.rewind(replace(transcript.mark(), tokens=whole.prompt_tokens, pieces=len(transcript.pieces) - 1))
    assert smol.generate(transcript, replace(GREEDY, max_tokens=4)).tokens == whole.tokens


def test_what_a_callback_raises_leaves_a_usable_conversation(
    smol: Engine, chatml: Profile, transcript: Transcript
) -> None:
    def broken(_text: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        smol.generate(transcript, GREEDY, on_text=broken)
    _ask(transcript, chatml, "Where does it stand?")
    assert "Paris" in smol.generate(transcript, GREEDY).text


async def test_beside_an_event_loop_callbacks_run_in_its_thread(smol: Engine, transcript: Transcript) -> None:
    threads: set[int] = set()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0.001)

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        generation = await agenerate(smol, transcript, GREEDY, on_text=lambda _: threads.add(threading.get_ident()))
        group.cancel_scope.cancel()
    assert "Gustave Eiffel" in generation.text
    assert threads == {threading.get_ident()}
    assert ticks > 3


async def test_a_cancelled_caller_stops_the_engine_and_waits_for_it(
    smol: Engine, chatml: Profile, transcript: Transcript
) -> None:
    with anyio.move_on_after(30) as scope:
        await agenerate(smol, transcript, replace(GREEDY, max_tokens=500), on_text=lambda _: scope.cancel())
    assert scope.cancelled_caught
    length = len(transcript)
    await anyio.sleep(0.05)
    assert len(transcript) == length  # no thread goes on behind our back
    new = _ask(transcript, chatml, "Where does it stand?")
    assert smol.generate(transcript, GREEDY).evaluated_tokens == new


def test_ctrl_c_stops_the_engine_and_waits_for_it(smol: Engine, transcript: Transcript) -> None:
    async def interrupted() -> None:
        with pytest.raises(asyncio.CancelledError):
            await agenerate(smol, transcript, replace(GREEDY, max_tokens=500), on_text=lambda _: _press_ctrl_c())
        ended.append(len(transcript))
        raise asyncio.CancelledError

    ended: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(interrupted())
    assert ended == [len(transcript)]


def _press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


async def test_errors_of_the_engine_reach_the_caller(smol: Engine) -> None:
    with pytest.raises(EngineError, match="empty"):
        await agenerate(smol, Transcript(smol), GREEDY)


def test_no_text_yields_a_special_token_unless_it_is_trusted(smol: Engine) -> None:
    special = smol.special_tokens  # type: ignore[attr-defined]
    assert special[2] == "<|im_end|>"
    assert len(special) == 17
    for text in special.values():
        assert len(smol.tokenize(text, trusted=True)) == 1
        assert special.keys().isdisjoint(smol.tokenize(text, trusted=False))
        assert smol.detokenize(smol.tokenize(text, trusted=False)) == text


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_mixture_of_markers_and_text_yields_a_special_token(smol: Engine, data: st.DataObject) -> None:
    special = smol.special_tokens  # type: ignore[attr-defined]
    plain = st.text("abc é_/<|>\n", max_size=5)  # this model's vocabulary has not all bytes
    parts = data.draw(st.lists(st.sampled_from([*special.values(), "\ud800", "<", "|>", "\x00"]) | plain))
    transcript = Transcript(smol)
    transcript.append([Segment("user", "".join(parts), trusted=False)])
    assert special.keys().isdisjoint(transcript.tokens)
    assert smol.detokenize(transcript.tokens) == transcript.text()


def test_the_engine_says_what_is_running(smol: Engine) -> None:
    info = smol.info
    assert (info.n_ctx, info.n_ctx_train, info.recurrent, info.n_threads) == (2048, 8192, False, 1)
    assert info.n_params == 134_515_008
    assert 90_000_000 < info.size_bytes < 100_000_000
    assert info.description


def test_the_context_is_capped_by_the_model_and_loading_reports_progress(smol_path: Path, fine_tune: Profile) -> None:
    fractions: list[float] = []
    engine = load_engine(smol_path, fine_tune, EngineOverrides(n_threads=1), fractions.append)
    try:
        assert engine.info.n_ctx == 8192
        transcript = Transcript(engine)
        transcript.append([*fine_tune.opening("", QUESTION), *fine_tune.answer_open()])
        assert engine.generate(transcript, GREEDY).completion_tokens > 0  # with a q8_0 cache and flash attention
    finally:
        engine.close()
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_a_closed_engine_says_so(smol_path: Path, chatml: Profile) -> None:
    engine = load_engine(smol_path, chatml, EngineOverrides(n_ctx=256, n_threads=1))
    transcript = Transcript(engine)
    transcript.append(chatml.opening("", "Hi"))
    engine.close()
    engine.close()
    for use in (
        lambda: engine.tokenize("a", trusted=False),
        lambda: engine.detokenize([5]),
        lambda: engine.generate(transcript, GREEDY),
    ):
        with pytest.raises(EngineError, match="closed"):
            use()


def test_loading_can_be_interrupted_by_its_progress_callback(smol_path: Path, chatml: Profile) -> None:
    def enough(_fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_engine(smol_path, chatml, None, enough)


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (EngineOverrides(kv_type_k="q9"), "'q9' is no KV cache type. Choose one of: f32, f16"),
        (EngineOverrides(kv_type_v="q8_0", flash_attention=False), "needs flash attention"),
    ],
)
def test_impossible_settings_are_refused(
    smol_path: Path, chatml: Profile, overrides: EngineOverrides, reason: str
) -> None:
    with pytest.raises(EngineError, match=reason):
        load_engine(smol_path, chatml, replace(overrides, n_ctx=256))


def test_a_model_that_llama_cpp_refuses_is_an_error_with_its_reason(tmp_path: Path, chatml: Profile) -> None:
    path = tmp_path / "empty.gguf"
    path.write_bytes(b"GGUF\x03\0\0\0" + bytes(16))
    with pytest.raises(EngineError, match=r"cannot load empty\.gguf\. It says: "):
        load_engine(path, chatml)
    path.write_bytes(b"no model")
    with pytest.raises(ModelInvalidError):
        load_engine(path, chatml)


def test_without_llama_cpp_the_extra_is_named(
    smol_path: Path, chatml: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "zimfo_client.engine.llama", raising=False)
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    monkeypatch.setitem(sys.modules, "llama_cpp.llama_cpp", None)
    with pytest.raises(ExtraMissingError, match=r"pip install 'zimfo\[agent\]'"):
        load_engine(smol_path, chatml)


def test_nothing_of_llama_cpp_reaches_the_terminal(smol_path: Path) -> None:
    code = f"""
from pathlib import Path
from zimfo_client.engine import EngineOverrides, SamplingSettings, load_engine
from zimfo_client.profile import get_profile
from zimfo_client.transcript import Transcript
profile = get_profile("chatml")
engine = load_engine(Path({str(smol_path)!r}), profile, EngineOverrides(n_ctx=256, n_threads=1))
transcript = Transcript(engine)
transcript.append([*profile.opening("", "Hi"), *profile.answer_open()])
engine.generate(transcript, SamplingSettings(max_tokens=2))
engine.close()
try:
    load_engine(Path("/dev/null/none.gguf"), profile)
except Exception as error:
    assert type(error).__name__ == "ModelInvalidError", error
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_client_imports_no_engine_until_one_is_loaded() -> None:
    code = """
import sys
import zimfo_client.engine, zimfo_client.calls, zimfo_client.profile, zimfo_client.fold, zimfo_client.models
assert "llama_cpp" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
