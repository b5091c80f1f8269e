import contextlib
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_client.engine.gguf_file import read_gguf
from zimfo_client.engine.gguf_split import PartName, model_name
from zimfo_client.engine.gguf_types import FILE_TYPES, TENSOR_TYPES, file_type_name
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
    assert info.lengths["tokenizer.ggml.tokens"] == 49_152
    assert (info.n_params, info.weights_bytes, info.parts) == (134_515_008, 96_576_768, (smol_path,))
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "is no file" in _refusal(tmp_path / "pipe.gguf")


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
        (_gguf(n_pairs=1, pairs=_pair("a", 9, struct.pack("<IQ", 0, 1 << 40))), "claims 1099511627776 elements"),
        (_gguf(n_tensors=1 << 60), "claims 1152921504606846976 tensors"),
        (_gguf(n_tensors=1, tensors=_tensor("t", 64, 8, 0), data=bytes(67)), "truncated"),
        (_gguf(n_tensors=1, tensors=_tensor("t", 1 << 62, 0, 0), data=bytes(68)), "truncated"),
        (_gguf(n_tensors=1, tensors=_tensor("t", 64, 8, 32), data=bytes(68)), "truncated"),
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


def test_quantisations_have_the_names_of_the_gguf_package() -> None:
    constants = pytest.importorskip("gguf.constants", reason="the gguf package is not installed")
    theirs = {int(kind): kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in constants.LlamaFileType}
    assert {kind: theirs[kind] for kind in FILE_TYPES} == dict(FILE_TYPES)
    assert file_type_name(22) == "IQ3_XS"
    assert file_type_name(999) == "type 999"


def _part(folder: Path, number: int, count: int, *, says: tuple[int, int] | None = None, tensors: int = 0) -> Path:
    """Write one part of a split model named `big`, whose header says (number from 0, count) and claims `tensors`."""
    number_said, count_said = says or (number - 1, count)
    pairs = _pair("split.no", 2, struct.pack("<H", number_said)) + _pair(
        "split.count", 2, struct.pack("<H", count_said)
    )
    pairs += _pair("split.tensors.count", 5, struct.pack("<i", tensors))
    path = folder / f"big-{number:05}-of-{count:05}.gguf"
    tensor = _tensor(f"t{number}", 64, 8, 0)
    path.write_bytes(_gguf(n_pairs=3, pairs=pairs, n_tensors=1, tensors=tensor, data=bytes(68)))
    return path


def test_a_split_model_is_read_as_a_whole_by_its_first_part(tmp_path: Path) -> None:
    parts = tuple(_part(tmp_path, number, 3, tensors=3) for number in (1, 2, 3))
    info = read_gguf(parts[0])
    assert (info.path, info.parts) == (parts[0], parts)
    assert (info.n_tensors, info.n_params) == (3, 3 * 64)
    assert info.size_bytes == sum(part.stat().st_size for part in parts)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    first = _part(tmp_path, 1, 4, tensors=4)
    _part(tmp_path, 3, 4)
    refusal = _refusal(first)
    assert "big is incomplete, 2 of its 4 parts are missing" in refusal
    assert "big-00002-of-00004.gguf, big-00004-of-00004.gguf" in refusal
    many = _refusal(_part(tmp_path, 1, 900))
    assert "899 of its 900 parts are missing: big-00002-of-00900.gguf" in many
    assert "big-00006-of-00900.gguf …" in many


def test_a_later_part_names_the_first(tmp_path: Path) -> None:
    assert "is part 2 of a split model. Name its first: big-00001-of-00002.gguf" in _refusal(_part(tmp_path, 2, 2))


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    first = _part(tmp_path, 1, 2, tensors=2)
    _part(tmp_path, 2, 2, says=(0, 2))
    assert "big-00002-of-00002.gguf is not part 2 of 2: its header says 1 of 2" in _refusal(first)
    first = _part(tmp_path, 1, 2, tensors=7)
    _part(tmp_path, 2, 2)
    assert "have 2 tensors and the first says 7" in _refusal(first)


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    first = _part(tmp_path, 1, 2, tensors=2)
    second = _part(tmp_path, 2, 2)
    second.write_bytes(second.read_bytes()[:-1])
    assert "big-00002-of-00002.gguf is no usable GGUF model: it is truncated" in _refusal(first)


def test_a_part_under_another_name_is_told_what_llama_cpp_needs(tmp_path: Path) -> None:
    renamed = _part(tmp_path, 1, 2, tensors=2).rename(tmp_path / "renamed.gguf")
    assert "NAME-00001-of-00002.gguf" in _refusal(renamed)


def test_names_of_parts_say_the_model_and_its_other_parts() -> None:
    part = PartName.of("my-model-Q4-00002-of-00003.gguf")
    assert part == PartName("my-model-Q4", 2, 3)
    assert part.siblings()[2] == "my-model-Q4-00003-of-00003.gguf"
    assert PartName.of("my-00004-of-00003.gguf") is None
    assert PartName.of("my-0001-of-0003.gguf") is None
    assert [model_name(name) for name in ("a.b.gguf", "a-00001-of-00002.gguf")] == ["a.b", "a"]
