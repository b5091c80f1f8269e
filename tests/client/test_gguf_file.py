import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_client.engine.gguf_file import TENSOR_TYPES, read_gguf
from zimfo_client.errors import ModelInvalidError


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def _gguf(
    *,
    version: int = 3,
    pairs: bytes = b"",
    n_pairs: int = 0,
    tensors: bytes = b"",
    n_tensors: int = 0,
    data: bytes = b"",
) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_pairs) + pairs + tensors
    return head + bytes(-len(head) % 32 if data else 0) + data


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _tensor(name: str, elements: int, kind: int, offset: int) -> bytes:
    return _text(name) + struct.pack("<IQIQ", 1, elements, kind, offset)


def _refusal(path: Path) -> str:
    with pytest.raises(ModelInvalidError) as caught:
        read_gguf(path)
    return str(caught.value)


def _written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    return path


def test_the_embedded_model_says_what_it_is(smol_path: Path) -> None:
    info = read_gguf(smol_path)
    assert (info.architecture, info.context_length, info.n_tensors, info.file_type) == ("llama", 8192, 272, 3)
    assert info.name.startswith("Smollm2 135M")
    assert "<|im_start|>" in info.chat_template
    assert info.metadata["llama.block_count"] == 30
    assert info.metadata["general.languages"] == ("en",)
    assert "tokenizer.ggml.tokens" not in info.metadata
    assert info.size_bytes == smol_path.stat().st_size


def test_a_truncated_model_is_refused_with_both_sizes(smol_path: Path, tmp_path: Path) -> None:
    with smol_path.open("rb") as file:
        path = _written(tmp_path, file.read(5_000_000))
    assert "truncated, 5,000,000 of 98,362,432 bytes" in _refusal(path)


@pytest.mark.parametrize("size", [4, 10, 23, 24, 40, 1000, 1_000_000])
def test_a_model_cut_inside_its_header_is_refused(smol_path: Path, tmp_path: Path, size: int) -> None:
    with smol_path.open("rb") as file:
        path = _written(tmp_path, file.read(size))
    assert f"truncated, the file ends inside its header ({size} bytes)" in _refusal(path)


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    assert "does not begin with 'GGUF'" in _refusal(_written(tmp_path, b"just some text\n"))
    assert "only 0 bytes" in _refusal(_written(tmp_path, b""))
    assert "is a folder" in _refusal(tmp_path)
    assert "cannot be read: No such file" in _refusal(tmp_path / "none.gguf")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_gguf(version=1), "version 1 is not supported"),
        (_gguf(version=99), "version 99 is not supported"),
        (_gguf(version=0x03000000), "big-endian"),
        (_gguf(n_pairs=1 << 40), "claims 0 tensors and 1099511627776 settings"),
        (_gguf(n_pairs=1, pairs=struct.pack("<Q", 1 << 60)), "claims 1152921504606846976 bytes"),
        (_gguf(n_pairs=1, pairs=_pair("a", 77, b"")), "unknown type 77"),
        (_gguf(n_pairs=1, pairs=_pair("a", 9, struct.pack("<IQ", 8, 1 << 50))), "claims 1125899906842624 elements"),
        (_gguf(n_pairs=1, pairs=_pair("a", 9, struct.pack("<IQ", 9, 1) * 6)), "nests arrays too deeply"),
        (_gguf(n_pairs=1, pairs=_pair("general.alignment", 4, struct.pack("<I", 0))), "alignment is 0"),
        (_gguf(n_tensors=1, tensors=_text("t") + struct.pack("<I", 99)), "claims 99 dimensions"),
        (_gguf(n_tensors=1, tensors=_tensor("t", 64, 8, 0), data=bytes(67)), "truncated"),
        (_gguf(n_tensors=1, tensors=_tensor("t", 64, 200, 1 << 50), data=bytes(68)), "truncated"),
    ],
)
def test_damaged_headers_are_refused_with_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    assert reason in _refusal(_written(tmp_path, data))


def test_a_whole_file_passes_to_the_byte(tmp_path: Path) -> None:
    pairs = _pair("general.architecture", 8, _text("tiny")) + _pair("tiny.context_length", 4, struct.pack("<I", 77))
    data = _gguf(n_pairs=2, pairs=pairs, n_tensors=1, tensors=_tensor("t", 64, 8, 0), data=bytes(68))
    info = read_gguf(_written(tmp_path, data))
    assert (info.architecture, info.context_length, info.name, info.chat_template) == ("tiny", 77, "", "")


@given(st.integers(0, 400), st.binary(min_size=1, max_size=12))
def test_damage_is_refused_or_survived(tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes) -> None:
    pairs = _pair("general.architecture", 8, _text("tiny")) + _pair("a", 9, struct.pack("<IQ", 8, 2) + _text("b") * 2)
    data = bytearray(_gguf(n_pairs=2, pairs=pairs, n_tensors=1, tensors=_tensor("t", 64, 8, 0), data=bytes(68)))
    data[at : at + len(junk)] = junk
    path = _written(tmp_path_factory.getbasetemp(), bytes(data))
    with contextlib.suppress(ModelInvalidError):
        read_gguf(path)


def test_tensor_sizes_are_those_of_the_gguf_package() -> None:
    constants = pytest.importorskip("gguf.constants", reason="the gguf package is not installed")
    theirs = {int(kind): size for kind, size in constants.GGML_QUANT_SIZES.items()}
    assert {kind: theirs[kind] for kind in TENSOR_TYPES} == dict(TENSOR_TYPES)
