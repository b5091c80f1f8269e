"""The estimate of memory, against what llama.cpp reports and what is published about the fine-tune."""

import logging
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from gguf import GGUFWriter
from tests.client import tiny_models

from zimfo_client.engine import EngineSettings, read_gguf
from zimfo_client.models import MemoryEstimate, estimate_memory

# llama.cpp's names for the buffers, in lines such as `CPU KV buffer size = 180.00 MiB`.
_REPORTED = re.compile(r"(model|KV|RS|compute) buffer size =\s+([\d.]+) MiB")
_MIB = 1 << 20


def _reported(path: Path, settings: EngineSettings, caplog: pytest.LogCaptureFixture) -> Counter[str]:
    """Load a model and return the bytes that llama.cpp says it took, by buffer."""
    llama = pytest.importorskip("zimfo_client.engine.llama", reason="llama-cpp-python is not installed")
    with caplog.at_level(logging.DEBUG, "zimfo_client"):
        llama.LlamaEngine(path, settings).close()
    found: Counter[str] = Counter()
    for line in caplog.messages:
        for buffer, size in _REPORTED.findall(line):
            found[buffer] += int(float(size) * _MIB)
    assert found["model"], "llama.cpp has changed its log"
    return found


def _by_buffer(estimate: MemoryEstimate) -> dict[str, int]:
    return {
        "model": estimate.weights,
        "KV": estimate.kv_cache,
        "RS": estimate.recurrent_state,
        "compute": estimate.compute_buffer,
    }


@pytest.mark.parametrize(
    "settings",
    [
        EngineSettings(n_ctx=2_048, n_threads=1),
        EngineSettings(n_ctx=4_096, n_threads=1, kv_type_k="q8_0", kv_type_v="q8_0", flash_attention=True),
        EngineSettings(n_ctx=2_000, n_threads=1, n_batch=128, flash_attention=False),
    ],
    ids=["plain", "quantised", "without flash attention"],
)
def test_the_estimate_for_the_embedded_model_is_what_llama_cpp_takes(
    smol_path: Path, caplog: pytest.LogCaptureFixture, settings: EngineSettings
) -> None:
    estimate = estimate_memory(read_gguf(smol_path), settings)
    reported = _reported(smol_path, settings, caplog)
    for buffer, size in _by_buffer(estimate).items():
        assert size == pytest.approx(reported[buffer], rel=0.1), buffer
    assert estimate.total == pytest.approx(reported.total(), rel=0.05)


@pytest.mark.parametrize("kind", ["hybrid", "recurrent", "plain"])
def test_the_estimate_holds_for_every_kind_of_layer(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    path = request.getfixturevalue(f"{kind}_path")
    settings = EngineSettings(n_ctx=4_096, n_threads=1)
    estimate = estimate_memory(read_gguf(path), settings)
    reported = _reported(path, settings, caplog)
    assert (estimate.kv_cache > 0, estimate.recurrent_state > 0) == (kind != "recurrent", kind != "plain")
    for buffer, size in _by_buffer(estimate).items():
        # llama.cpp prints hundredths of a MiB, of which a state of a few kB is less than one.
        assert size == pytest.approx(reported[buffer], rel=0.1, abs=0.005 * _MIB), buffer


def test_a_split_model_is_estimated_and_loaded_as_a_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_gguf(tiny_models.write_plain(tmp_path / "whole.gguf"))
    monkeypatch.setattr(tiny_models, "GGUFWriter", partial(GGUFWriter, split_max_tensors=8))
    tiny_models.write_plain(tmp_path / "split.gguf")
    info = read_gguf(tmp_path / "split-00001-of-00003.gguf")
    assert [part.name for part in info.parts] == [f"split-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    assert (info.n_tensors, info.n_params) == (whole.n_tensors, whole.n_params)
    settings = EngineSettings(n_ctx=1_024, n_threads=1)
    reported = _reported(info.path, settings, caplog)
    assert estimate_memory(info, settings).weights == pytest.approx(reported["model"], rel=0.1)


@pytest.fixture
def fine_tune_header(tmp_path: Path) -> Path:
    """A header with the published fine-tune's dimensions and no tensors."""
    path = tmp_path / "lfm2.5-8b-a1b-ft.gguf"
    layers, attention = 24, (2, 6, 10, 14, 18, 21)
    writer = GGUFWriter(path, "lfm2moe")
    writer.add_context_length(128_000)
    writer.add_embedding_length(2_048)
    writer.add_block_count(layers)
    writer.add_vocab_size(65_536)
    writer.add_head_count(32)
    writer.add_head_count_kv([8 if layer in attention else 0 for layer in range(layers)])
    writer.add_feed_forward_length(7_168)
    writer.add_expert_count(32)
    writer.add_expert_used_count(4)
    writer.add_expert_feed_forward_length(1_792)
    writer.add_shortconv_l_cache(3)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_only_layers_with_attention_count_in_the_fine_tunes_cache(fine_tune_header: Path) -> None:
    info = read_gguf(fine_tune_header)
    settings = EngineSettings(n_ctx=32_768, kv_type_k="q8_0", kv_type_v="q8_0", flash_attention=True)
    estimate = estimate_memory(info, settings)
    assert estimate.kv_cache == pytest.approx(226e6, rel=0.1)  # as published
    assert estimate.recurrent_state == 18 * 2_048 * 2 * 4  # two columns of each of the other layers, in floats
    # Measured with llama.cpp 0.3.36 on a file of these dimensions: 204.00, 0.28 and 136.00 MiB.
    assert estimate.kv_cache == 204 * _MIB
    assert estimate.compute_buffer == 136 * _MIB


def test_the_context_is_never_larger_than_the_trained_one(smol_path: Path) -> None:
    info = read_gguf(smol_path)
    assert estimate_memory(info, EngineSettings(n_ctx=0)) == estimate_memory(info, EngineSettings(n_ctx=1_000_000))
    assert estimate_memory(info, EngineSettings(n_ctx=0)).n_ctx == 8_192


def test_an_adapter_takes_memory_as_weights_do(smol_path: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.gguf"
    adapter.write_bytes(bytes(3_000))
    info = read_gguf(smol_path)
    adapted = estimate_memory(info, EngineSettings(adapter=str(adapter)))
    assert adapted.total == estimate_memory(info, EngineSettings()).total + 3_000


def test_one_layer_of_several_has_attention_where_the_header_gives_an_interval(tmp_path: Path) -> None:
    path = tmp_path / "interval.gguf"
    writer = GGUFWriter(path, "qwen3next")
    writer.add_context_length(4_096)
    writer.add_embedding_length(64)
    writer.add_block_count(8)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_uint32("qwen3next.full_attention_interval", 4)
    writer.add_ssm_conv_kernel(4)
    writer.add_ssm_inner_size(128)
    writer.add_ssm_state_size(16)
    writer.add_ssm_group_count(2)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    estimate = estimate_memory(read_gguf(path), EngineSettings())
    assert estimate.kv_cache == 4_096 * 2 * (2 * 2 * 16) * 2
    assert estimate.recurrent_state == 6 * (3 * (128 + 2 * 2 * 16) + 128 * 16) * 4


def test_a_header_that_says_nothing_takes_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "silent.gguf"
    path.write_bytes(b"GGUF\x03" + bytes(19))
    estimate = estimate_memory(read_gguf(path), EngineSettings(n_ctx=2_048))
    assert (estimate.total, estimate.n_ctx) == (0, 2_048)
