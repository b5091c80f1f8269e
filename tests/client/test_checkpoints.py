"""Going back: whatever was asked, taken back, stopped or failed before, what follows is as if it had not been.

The models are a hybrid (LFM2-MoE), a recurrent (Mamba) and a plain one (Llama) of random weights, and SmolLM2.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_client.engine import EngineSettings, Generation, SamplingSettings
from zimfo_client.engine.checkpoints import Checkpoint, Checkpoints
from zimfo_client.errors import EngineError
from zimfo_client.profile import Profile
from zimfo_client.transcript import Mark, Transcript

llama = pytest.importorskip("zimfo_client.engine.llama", reason="llama-cpp-python is not installed")

KINDS = ("hybrid", "recurrent", "plain")
GREEDY = SamplingSettings(temperature=0, max_tokens=12)
LONG = SamplingSettings(temperature=0, max_tokens=64)
TOOLS = "There are tools: search(query), near_places(lat, lon). " * 4
WORDS = ("the sea", "a ship that sails", "mountains and rivers of Norway", "who", "tool", "place " * 20)


class Watched:
    """An engine, with a note of every batch that led to its state."""

    def __init__(self, path: Path, **options: Any) -> None:
        options = {"n_ctx": 2048, "n_threads": 1, "n_batch": 64, **options}
        self.engine = llama.LlamaEngine(path, EngineSettings(**options))
        self.batches: list[tuple[int, ...]] = []
        self.fails = False
        self.state = self.engine._state
        self._evaluate = self.state.evaluate
        self.state.evaluate = self._noted

    def _noted(self, tokens: Any) -> bool:
        held = len(self.state.tokens)
        while sum(map(len, self.batches)) > held:
            last = self.batches.pop()
            if (kept := held - sum(map(len, self.batches))) > 0:
                self.batches.append(last[:kept])
        if self.fails:
            self.fails = False
            self.state._cut(held)
            raise EngineError("llama.cpp fell over")
        done: bool = self._evaluate(tokens)
        if done:
            self.batches.append(tuple(tokens))
        return done

    def logits(self) -> np.ndarray:
        pointer = llama.lib.llama_get_logits_ith(self.engine._context, -1)
        return np.ctypeslib.as_array(pointer, (self.engine._vocab.n_tokens,)).copy()


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest) -> Iterator[dict[str, tuple[Watched, Watched]]]:
    """For each kind the engine that is tried, and another one that evaluates without interruption."""
    paths = {kind: request.getfixturevalue(f"{kind}_path") for kind in KINDS}
    pairs = {kind: (Watched(path), Watched(path)) for kind, path in paths.items()}
    yield pairs
    for pair in pairs.values():
        for watched in pair:
            watched.engine.close()


def opened(watched: Watched, profile: Profile, question: str = "Hello") -> Transcript:
    """A transcript that has the tools in it and an anchor behind them."""
    transcript = Transcript(watched.engine)
    first, *rest = profile.opening(TOOLS, question)
    transcript.append([first, *rest[:1]])
    transcript.anchor()
    transcript.append(rest[1:])
    return transcript


def asked(transcript: Transcript, profile: Profile, question: str) -> Mark:
    """Begin a turn as the loop does, and return where to go back to."""
    mark = transcript.mark()
    transcript.anchor()
    transcript.append([*profile.follow_up(question), *profile.answer_open()])
    return mark


Step = tuple[str, str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ask", "ask", "undo", "retry", "edit", "stop reading", "stop writing", "fail", "new", "overflow"]
        ),
        st.sampled_from(WORDS),
        st.integers(0, 9),
    ),
    max_size=9,
)


def carried_out(watched: Watched, profile: Profile, steps: list[Step]) -> Transcript:
    """Hold a conversation in which much is taken back."""
    engine = watched.engine
    transcript = opened(watched, profile)
    transcript.append(profile.answer_open())
    engine.generate(transcript, GREEDY)
    turns: list[tuple[Mark, str]] = []
    for kind, words, number in steps:
        question = f"{words} {number}?"
        if kind == "new":
            turns.clear()
            transcript = opened(watched, profile)
        elif kind == "overflow" and turns:
            (start, _), *later = turns
            by = transcript.replace(start, later[0][0] if later else transcript.mark())
            turns = [(one.moved(by), before) for one, before in later]
        elif kind in ("undo", "retry", "edit") and turns:
            mark, before = turns.pop()
            transcript.rewind(mark)
            if kind == "undo":
                continue
            question = before if kind == "retry" else question
        mark = asked(transcript, profile, question)
        if kind.startswith("stop"):
            count = 0

            def soon(limit: int = (number + 1) * (7 if kind == "stop reading" else 1)) -> bool:
                nonlocal count
                count += 1
                return count > limit

            engine.generate(transcript, GREEDY, should_stop=soon)
            transcript.rewind(mark)
        elif kind == "fail":
            watched.fails = True
            with pytest.raises(EngineError):
                engine.generate(transcript, GREEDY)
            transcript.rewind(mark)
        else:
            engine.generate(transcript, GREEDY)
            turns.append((mark, question))
    asked(transcript, profile, "And now?")
    return transcript


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_was_taken_back_leaves_no_trace(
    engines: dict[str, tuple[Watched, Watched]], chatml: Profile, kind: str, steps: list[Step]
) -> None:
    watched, other = engines[kind]
    transcript, logits = exactly_continued(watched, other, chatml, steps)
    prompt = len(transcript) - 1

    other.state.clear()
    for start in range(0, prompt, 50):
        other.state.evaluate(transcript.tokens[start : min(start + 50, prompt)])
    assert np.abs(logits - other.logits()).max() < 1e-2

    said = replies(watched, transcript, prompt).tokens
    other.state.clear()
    assert replies(other, transcript, prompt).tokens == said


def test_what_was_taken_back_leaves_no_trace_in_a_real_model(smol_path: Path, chatml: Profile) -> None:
    watched, other = Watched(smol_path, n_ctx=1_024), Watched(smol_path, n_ctx=1_024)
    steps = [
        ("ask", "the sea", 1), ("stop reading", "tool", 9), ("ask", "who", 2), ("undo", "", 0), ("retry", "", 0),
        ("ask", "tool", 3), ("stop writing", "who", 2), ("edit", "the sea", 4), ("fail", "who", 1), ("ask", "who", 5),
        ("overflow", "", 0),
    ]  # fmt: skip
    # In other batches quantised weights give other numbers, whoever evaluates them.
    transcript, _ = exactly_continued(watched, other, chatml, steps)
    prompt = len(transcript) - 1
    assert replies(watched, transcript, prompt).tokens == replies(other, transcript, prompt).tokens
    watched.engine.close()
    other.engine.close()


def exactly_continued(
    watched: Watched, other: Watched, profile: Profile, steps: list[Step]
) -> tuple[Transcript, np.ndarray]:
    """Compare what follows with an uninterrupted evaluation in the same batches; returns it, with one token more."""
    transcript = carried_out(watched, profile, steps)
    prompt = len(transcript)
    watched.engine.generate(transcript, SamplingSettings(temperature=0, max_tokens=1))
    logits = watched.logits()
    assert [token for batch in watched.batches for token in batch] == list(transcript.tokens[:prompt])

    other.state.clear()
    for batch in watched.batches:
        other.state.evaluate(batch)
    assert np.array_equal(logits, other.logits())
    return transcript, logits


def replies(watched: Watched, transcript: Transcript, prompt: int) -> Generation:
    """Sixty-four tokens behind the first `prompt` tokens."""
    for number, piece in enumerate(transcript.pieces):
        if piece.start >= prompt:
            transcript.rewind(Mark(prompt, number))
            break
    return watched.engine.generate(transcript, LONG)


@pytest.mark.parametrize("kind", KINDS)
def test_undo_retry_and_edit_evaluate_the_question_and_not_what_was_before(
    engines: dict[str, tuple[Watched, Watched]], chatml: Profile, kind: str
) -> None:
    watched, _ = engines[kind]
    transcript = opened(watched, chatml)
    transcript.append(chatml.answer_open())
    watched.engine.generate(transcript, GREEDY)
    mark = asked(transcript, chatml, "Who?")
    first = watched.engine.generate(transcript, GREEDY)
    for question in ("Who?", "Where?", "Who?"):
        transcript.rewind(mark)
        asked(transcript, chatml, question)
        new = len(transcript) - mark.tokens
        again = watched.engine.generate(transcript, GREEDY)
        assert new <= again.evaluated_tokens <= new + 1  # with the end of the turn before
    assert again.tokens == first.tokens


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_conversation_with_the_same_tools_evaluates_its_question_alone(
    engines: dict[str, tuple[Watched, Watched]], chatml: Profile, kind: str
) -> None:
    watched, _ = engines[kind]
    carried_out(watched, chatml, [("ask", "the sea", 1)] * 5)
    transcript = opened(watched, chatml, "Who walks on the moon?")
    [anchor] = transcript.anchors
    assert watched.engine.generate(transcript, GREEDY).evaluated_tokens == len(transcript) - 12 - anchor


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_that_is_interrupted_goes_on_where_it_was(
    engines: dict[str, tuple[Watched, Watched]], chatml: Profile, kind: str
) -> None:
    watched, _ = engines[kind]
    watched.state.clear()
    transcript = opened(watched, chatml)
    transcript.append(chatml.follow_up("one two three " * 40))
    done: list[int] = []
    watched.engine.generate(
        transcript, GREEDY, on_prefill=lambda reached, _: done.append(reached), should_stop=lambda: len(done) > 4
    )
    held = done[-1]
    assert 0 < held < len(transcript)
    whole = watched.engine.generate(transcript, GREEDY)
    assert whole.evaluated_tokens == whole.prompt_tokens - held


def test_a_hybrid_keeps_little_and_a_plain_model_nothing(
    engines: dict[str, tuple[Watched, Watched]], chatml: Profile
) -> None:
    kept = {}
    for kind in KINDS:
        watched, _ = engines[kind]
        watched.state.clear()
        carried_out(watched, chatml, [("ask", "the sea", 1)] * 3)
        checkpoints = watched.state.checkpoints
        kept[kind] = checkpoints.size // len(checkpoints) if len(checkpoints) else 0
        assert watched.state.size > checkpoints.size
    assert kept["plain"] == 0
    assert 0 < kept["hybrid"] < 4_096 < kept["recurrent"]


def test_checkpoints_are_bounded_and_keep_the_first_and_the_last() -> None:
    many = Checkpoints(max_count=4, max_bytes=1_000)
    for tokens in range(10, 100, 10):
        many.add(Checkpoint(tokens, b"", 100, passing=False))
    assert list(many.places) == [10, 70, 80, 90]
    few = Checkpoints(max_count=4, max_bytes=1_000)
    for tokens in (10, 20, 30, 40):
        few.add(Checkpoint(tokens, b"", 400, passing=False))
    assert list(few.places) == [10, 40]
    few.add(Checkpoint(50, b"", 2_000, passing=False))
    assert (len(few), few.size) == (0, 0)


def test_a_passing_checkpoint_is_replaced_and_a_lasting_one_is_not() -> None:
    checkpoints = Checkpoints()
    checkpoints.add(Checkpoint(10, b"", 1, passing=False))
    for tokens in (20, 30, 10):
        checkpoints.add(Checkpoint(tokens, b"", 1, passing=True))
    assert list(checkpoints.places) == [10]
    checkpoints.add(Checkpoint(40, b"", 1, passing=False))
    assert checkpoints.nearest(9) is None
    for tokens, expected in ((10, 10), (39, 10), (41, 40)):
        found = checkpoints.nearest(tokens)
        assert found is not None
        assert found.tokens == expected
    checkpoints.forget_beyond(39)
    assert list(checkpoints.places) == [10]
