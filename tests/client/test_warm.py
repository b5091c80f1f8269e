"""Warm start: what was computed in one process is not computed in the next, and nothing else is ever taken for it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zimfo_client.engine import EngineSettings, SamplingSettings
from zimfo_client.engine.warm import MAX_FACTS_BYTES, WarmStore, states_folder
from zimfo_client.profile import Profile
from zimfo_client.transcript import Transcript

llama = pytest.importorskip("zimfo_client.engine.llama", reason="llama-cpp-python is not installed")

SETTINGS = EngineSettings(n_ctx=2_048, n_threads=1, n_batch=64)
GREEDY = SamplingSettings(temperature=0, max_tokens=64)
TOOLS = "There are tools: search(query), near_places(lat, lon), article_overview(title). " * 4
FACTS = {"model": {"size": 1}, "context": {"n_ctx": 2}}
TOKENS = list(range(100))
STATE = bytes(range(256)) * 4


@pytest.fixture(autouse=True)
def _states_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIMFO_STATES_MB", "64")


@contextmanager
def engine_of(path: Path, settings: EngineSettings = SETTINGS) -> Iterator[Any]:
    engine = llama.LlamaEngine(path, settings)
    try:
        yield engine
    finally:
        engine.close()


def asked(engine: Any, profile: Profile, question: str = "Who?", tools: str = TOOLS) -> Transcript:
    transcript = Transcript(engine)
    opening = profile.opening(tools, question)
    transcript.append(opening[:2])
    transcript.anchor()
    transcript.append([*opening[2:], *profile.answer_open()])
    return transcript


def evaluated(path: Path, profile: Profile, settings: EngineSettings = SETTINGS, tools: str = TOOLS) -> tuple[int, int]:
    """The tokens that a new engine evaluates, and those that the question has behind the tools."""
    with engine_of(path, settings) as engine:
        transcript = asked(engine, profile, tools=tools)
        new = len(transcript) - transcript.anchors[0]
        return engine.generate(transcript, replace(GREEDY, max_tokens=1)).evaluated_tokens, new


def stored() -> list[Path]:
    return sorted(states_folder().glob("*"))


def logits_of(engine: Any) -> np.ndarray:
    pointer = llama.lib.llama_get_logits_ith(engine._context, -1)
    return np.ctypeslib.as_array(pointer, (engine._vocab.n_tokens,)).copy()


@pytest.mark.parametrize("kind", ["hybrid", "recurrent", "plain"])
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_a_warm_start_evaluates_the_question_alone_and_says_exactly_the_same(
    request: pytest.FixtureRequest, chatml: Profile, kind: str, kv_type: str
) -> None:
    path = request.getfixturevalue(f"{kind}_path")
    settings = replace(SETTINGS, kv_type_k=kv_type, kv_type_v=kv_type)
    replies, logits = [], []
    for _ in range(2):
        with engine_of(path, settings) as engine:
            transcript = asked(engine, chatml)
            new = len(transcript) - transcript.anchors[0]
            engine.generate(transcript, replace(GREEDY, max_tokens=1))
            logits.append(logits_of(engine))
            replies.append(engine.generate(asked(engine, chatml), GREEDY))
            undone = asked(engine, chatml, "Where?")
            assert engine.generate(undone, GREEDY).evaluated_tokens == len(undone) - 64 - undone.anchors[0]
    assert np.array_equal(logits[0], logits[1])
    assert replies[0].tokens == replies[1].tokens
    assert evaluated(path, chatml, settings) == (new, new)


@pytest.mark.parametrize(
    "change",
    [
        {"n_ctx": 1_024},
        {"n_batch": 32},
        {"kv_type_k": "bf16"},
        {"flash_attention": False},
    ],
)  # fmt: skip
def test_another_context_starts_cold(plain_path: Path, chatml: Profile, change: dict[str, Any]) -> None:
    whole, new = evaluated(plain_path, chatml)
    assert whole > new
    assert evaluated(plain_path, chatml, replace(SETTINGS, **change)) == (whole, new)
    assert evaluated(plain_path, chatml) == (new, new)


def test_another_model_file_and_other_tools_start_cold(plain_path: Path, tmp_path: Path, chatml: Profile) -> None:
    copy = tmp_path / "model.gguf"
    copy.write_bytes(plain_path.read_bytes())
    whole, new = evaluated(copy, chatml)
    assert evaluated(copy, chatml) == (new, new)
    assert evaluated(copy, chatml, tools=TOOLS.replace("title", "topic"))[0] > new
    os.utime(copy, ns=(1, 1))
    assert evaluated(copy, chatml) == (whole, new)
    before = copy.stat()
    data = bytearray(copy.read_bytes())
    data[data.index(b"Tiny random")] ^= 1
    copy.write_bytes(data)
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert evaluated(copy, chatml) == (whole, new)


def damage(data: bytes) -> list[bytes]:
    flipped = []
    for place in (0, 14, 16, 20, len(data) // 3, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 0x55
        flipped.append(bytes(changed))
    return [*flipped, b"", data[:10], data[: len(data) // 2], data[:-1], data + b"\0", b"\0" * len(data)]


def test_a_damaged_file_is_removed_and_computed_anew(plain_path: Path, chatml: Profile) -> None:
    whole, new = evaluated(plain_path, chatml)
    [path] = stored()
    data = path.read_bytes()
    for damaged in damage(data):
        path.write_bytes(damaged)
        assert evaluated(plain_path, chatml) == (whole, new)
        assert path.read_bytes() == data


def test_a_state_that_llama_cpp_does_not_take_is_discarded(
    plain_path: Path, chatml: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, new = evaluated(plain_path, chatml)
    with engine_of(plain_path) as engine:
        transcript = asked(engine, chatml)
        tokens = transcript.tokens[: transcript.anchors[0]]
        engine._warm.save(tokens, engine._warm.load(tokens)[:-40])
    assert evaluated(plain_path, chatml) == (whole, new)
    assert evaluated(plain_path, chatml) == (new, new)


def test_states_are_private_to_the_person() -> None:
    WarmStore(FACTS).save(TOKENS, STATE)
    [path] = stored()
    assert (path.stat().st_mode & 0o077, path.parent.stat().st_mode & 0o077) == (0, 0)


def test_the_least_recently_used_states_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIMFO_STATES_MB", "1")
    store, state = WarmStore(FACTS), bytes(300_000)
    for number in range(3):
        store.save([number], state)
        os.utime(store._path([number]), (1_000 + number, 1_000 + number))
    assert store.load([0]) == state  # used, and so no longer the first to go
    store.save([3], state)
    assert [store.load([number]) is not None for number in range(4)] == [True, False, True, True]
    store.save([4], bytes(2_000_000))
    assert store.load([4]) is None


def test_what_a_crash_left_behind_is_cleared_away() -> None:
    store = WarmStore(FACTS)
    store.save(TOKENS, STATE)
    old, young = states_folder() / "old.part", states_folder() / "young.part"
    for path in (old, young):
        path.write_bytes(b"half a state")
    os.utime(old, (1_000, 1_000))
    store.save([1], STATE)
    assert (old.exists(), young.exists()) == (False, True)


def test_no_states_are_kept_when_their_size_is_nought(
    plain_path: Path, chatml: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZIMFO_STATES_MB", "0")
    assert evaluated(plain_path, chatml) == evaluated(plain_path, chatml)
    assert stored() == []


def test_a_folder_that_cannot_be_used_is_no_error(plain_path: Path, chatml: Profile) -> None:
    states_folder().parent.mkdir(parents=True)
    states_folder().write_text("no folder")
    assert evaluated(plain_path, chatml) == evaluated(plain_path, chatml)


def test_a_file_that_talks_nonsense_is_none() -> None:
    store = WarmStore(FACTS)
    store.save(TOKENS, STATE)
    [path] = stored()
    for facts in ([], "text", {"sha256": 1}, None, 10**400):
        head = json.dumps(facts).encode()
        path.write_bytes(b"zimfo state 1\n" + len(head).to_bytes(4, "little") + head + STATE)
        assert store.load(TOKENS) is None
        assert not path.exists()
    path.write_bytes(b"zimfo state 1\n" + (MAX_FACTS_BYTES - 1).to_bytes(4, "little") + b"[" * MAX_FACTS_BYTES)
    assert store.load(TOKENS) is None


ASK = """
import sys
from pathlib import Path
from tests.client.test_warm import SETTINGS, GREEDY, asked, engine_of
from zimfo_client.profile import get_profile
with engine_of(Path(sys.argv[1])) as engine:
    for number in range(20):
        transcript = asked(engine, get_profile("chatml"), tools=f"Tool {number % 3}. " * 30)
        print(engine.generate(transcript, GREEDY).text.encode())
"""


def test_processes_at_the_same_time_do_not_disturb_each_other(plain_path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(plain_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said[0][1]
    assert said[0][0] == said[1][0] == said[2][0]
    assert [path.suffix for path in stored()] == [".state"] * 3


FIRST_TOKEN = """
import sys
from pathlib import Path
from tests.client.test_warm import GREEDY, asked, engine_of
from zimfo_client.engine import EngineSettings
from zimfo_client.profile import get_profile
with engine_of(Path(sys.argv[1]), EngineSettings(n_ctx=4_096)) as engine:
    text = "A tool that looks for places near a point and tells how far they are. " * int(sys.argv[2])
    transcript = asked(engine, get_profile("chatml"), "Who wrote Faust?", text)
    print(len(transcript), engine.generate(transcript, GREEDY).first_token_ms)
"""


@pytest.fixture
def first_token() -> Callable[[Path, int], tuple[int, float]]:
    """Tokens of the prompt and time to the first token in a new process, model loaded, in ms."""

    def measured(path: Path, repeats: int) -> tuple[int, float]:
        done = subprocess.run(
            [sys.executable, "-c", FIRST_TOKEN, str(path), str(repeats)], capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
        tokens, ms = done.stdout.split()
        return int(tokens), float(ms)

    return measured


def test_a_warm_start_of_1200_tokens_is_ten_times_shorter(
    smol_path: Path, first_token: Callable[[Path, int], tuple[int, float]]
) -> None:
    tokens, cold = first_token(smol_path, 75)
    warm = min(first_token(smol_path, 75)[1] for _ in range(2))
    assert 1_150 < tokens < 1_300
    assert cold / warm > 10
