"""Reading a GGUF's header, to say what a model file is, and whether it is whole, before llama.cpp sees it.

Format: magic, version, counts, typed key-value pairs, tensor infos, padding, tensor data. A split model is several such
files, of which the first has the settings and each its own tensors. Needs no package.
"""

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from zimfo_client.engine.gguf_split import PartName
from zimfo_client.engine.gguf_types import file_type_name, tensor_bytes
from zimfo_client.errors import ModelInvalidError

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)  # 1 had 32-bit counts and is extinct

# A header beyond these is damaged or hostile: models of today stay below a tenth of each.
MAX_PAIRS = 65_536
MAX_TENSORS = 1_000_000
MAX_KEY_BYTES = 65_535  # the format's own limit
MAX_TEXT_BYTES = 64 << 20
MAX_NESTING = 4  # arrays in arrays
MAX_DIMENSIONS = 4  # ggml's own limit
MAX_ELEMENTS = 16 << 20  # of an array; vocabularies have up to 300,000
KEPT_ELEMENTS = 1_024  # longer arrays (the vocabulary) are skipped, not kept; per-layer settings are shorter

MAX_NAMED = 5  # missing parts that a message names; a model may have hundreds

_SPLIT_NUMBER: Final = "split.no"  # from 0
_SPLIT_COUNT: Final = "split.count"
_SPLIT_TENSORS: Final = "split.tensors.count"
_DEFAULT_ALIGNMENT: Final = 32
_TEXT, _ARRAY = 8, 9
_SCALARS: Final[Mapping[int, struct.Struct]] = {
    kind: struct.Struct("<" + code)
    for kind, code in {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }.items()
}
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")

Value = str | int | float | bool | tuple["Value", ...]


@dataclass(frozen=True)
class GgufInfo:
    """What a GGUF says about itself; empty text and 0 where it is silent.

    `size_bytes` are the files', `weights_bytes` without their headers; `parts` are the files of a split model in order,
    else the one file. `metadata` leaves out long arrays, whose lengths are in `lengths`.
    """

    path: Path
    architecture: str
    name: str
    context_length: int
    chat_template: str
    n_tensors: int
    file_type: int
    size_bytes: int
    metadata: Mapping[str, Value]
    lengths: Mapping[str, int] = field(default_factory=dict)
    n_params: int = 0
    weights_bytes: int = 0
    parts: tuple[Path, ...] = ()

    @property
    def quantisation(self) -> str:
        """The name of what most weights are stored as, `not stated` where the header is silent."""
        return file_type_name(self.file_type) if "general.file_type" in self.metadata else "not stated"


def read_gguf(path: Path) -> GgufInfo:
    """Read and check the headers of a model: of one file, or of all parts of a split model named by its first part.

    Raises `ModelInvalidError` for a folder, an unreadable file, something that is no GGUF, an unsupported version, a
    damaged header, a file that is shorter than its tensors, a part that is not the first, and parts that are missing or
    belong to another model.
    """
    part = PartName.of(path)
    if part is not None and part.number > 1 and path.is_file():
        raise ModelInvalidError(
            f"{path.name} is part {part.number} of a split model. Name its first: {part.sibling(1)}"
        )
    first = _read_file(path)
    claimed = _number_of(first.metadata, _SPLIT_COUNT)
    if part is None or part.count == 1:
        if claimed > 1:
            raise ModelInvalidError(
                f"{path.name} is one of {claimed} parts of a split model, and llama.cpp finds the others by name only. "
                f"Give all their own names back: NAME-00001-of-{claimed:05}.gguf."
            )
        return first
    return _joined(first, part)


def _read_file(path: Path) -> GgufInfo:
    name = path.name or str(path)
    if path.is_dir():
        raise ModelInvalidError(f"{name} is a folder. Name the .gguf file in it.")
    if path.exists() and not path.is_file():  # reading a pipe would wait for somebody to write
        raise ModelInvalidError(f"{name} is no file that a model can be in.")
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < len(MAGIC):
                raise ModelInvalidError(f"{name} is no GGUF model: it has only {size} bytes.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _parse(path, data, size)
    except OSError as error:
        raise ModelInvalidError(f"{name} cannot be read: {error.strerror or error}.") from None
    except _DamagedError as error:
        raise ModelInvalidError(
            f"{name} is no usable GGUF model: {error}. Download it again or choose another."
        ) from None


def _joined(first: GgufInfo, name: PartName) -> GgufInfo:
    """Return what the first part says, with the tensors and bytes of all. Raises `ModelInvalidError`."""
    paths = [first.path, *(first.path.with_name(sibling) for sibling in name.siblings()[1:])]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise ModelInvalidError(
            f"{name.name} is incomplete, {len(missing)} of its {name.count} parts are missing: "
            f"{', '.join(missing[:MAX_NAMED])}{' …' if len(missing) > MAX_NAMED else ''}. Put them beside the first."
        )
    parts = [first, *map(_read_file, paths[1:])]
    for number, part in enumerate(parts):
        says = (_number_of(part.metadata, _SPLIT_NUMBER), _number_of(part.metadata, _SPLIT_COUNT))
        if says != (number, name.count):
            raise ModelInvalidError(
                f"{part.path.name} is not part {number + 1} of {name.count}: its header says "
                f"{says[0] + 1} of {says[1]}. Download it again."
            )
    n_tensors = sum(part.n_tensors for part in parts)
    if (wanted := _number_of(first.metadata, _SPLIT_TENSORS)) not in (0, n_tensors):
        raise ModelInvalidError(
            f"The parts of {name.name} have {n_tensors} tensors and the first says {wanted}: "
            "they are not of one model. Download them again."
        )
    return replace(
        first,
        n_tensors=n_tensors,
        n_params=sum(part.n_params for part in parts),
        weights_bytes=sum(part.weights_bytes for part in parts),
        size_bytes=sum(part.size_bytes for part in parts),
        parts=tuple(paths),
    )


class _DamagedError(Exception):
    """The header does not make sense; the message completes a sentence."""


@dataclass(frozen=True)
class _Skipped:
    """An array that was stepped over."""

    count: int


class _Reader:
    def __init__(self, data: mmap.mmap, size: int) -> None:
        self._data = data
        self._size = size
        self.place = 0

    def need(self, count: int) -> int:
        """Step over `count` bytes and return where they began."""
        start = self.place
        if count > self._size - start:
            raise _DamagedError(f"it is truncated, the file ends inside its header ({self._size} bytes)")
        self.place = start + count
        return start

    def unpack(self, form: struct.Struct) -> int | float | bool:
        value: int | float | bool = form.unpack_from(self._data, self.need(form.size))[0]
        return value

    def u32(self) -> int:
        return int(self.unpack(_U32))

    def u64(self) -> int:
        return int(self.unpack(_U64))

    def text(self, limit: int = MAX_TEXT_BYTES) -> str:
        length = self.u64()
        if length > limit:
            raise _DamagedError(f"a text in its header claims {length} bytes")
        start = self.need(length)
        return self._data[start : start + length].decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> "Value | _Skipped":
        """Return a metadata value, or the length of an array that is too long to keep."""
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            return self._array(depth)
        if kind not in _SCALARS:
            raise _DamagedError(f"its header holds a value of the unknown type {kind}")
        return self.unpack(_SCALARS[kind])

    def _array(self, depth: int) -> "Value | _Skipped":
        if depth >= MAX_NESTING:
            raise _DamagedError("its header nests arrays too deeply")
        kind, count = self.u32(), self.u64()
        if count > MAX_ELEMENTS:
            raise _DamagedError(f"an array in its header claims {count} elements")
        if kind in _SCALARS and count > KEPT_ELEMENTS:
            self.need(_SCALARS[kind].size * count)
            return _Skipped(count)
        if kind == _TEXT and count > KEPT_ELEMENTS:
            self._skip_texts(count)
            return _Skipped(count)
        elements = [self.value(kind, depth + 1) for _ in range(count)]
        if count > KEPT_ELEMENTS:
            return _Skipped(count)
        return tuple(element for element in elements if not isinstance(element, _Skipped))

    def _skip_texts(self, count: int) -> None:
        """Step over a vocabulary: 100,000s of texts, so without a call for each."""
        place, size, length_at = self.place, self._size, _U64.unpack_from
        for _ in range(count):
            if place + 8 > size:
                break
            place += 8 + length_at(self._data, place)[0]
        self.need(place - self.place)


def _parse(path: Path, data: mmap.mmap, size: int) -> GgufInfo:
    if data[: len(MAGIC)] != MAGIC:
        raise ModelInvalidError(f"{path.name} is no GGUF model: it does not begin with 'GGUF'.")
    reader = _Reader(data, size)
    reader.need(len(MAGIC))
    version = reader.u32()
    if version not in VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        what = "it is big-endian" if swapped in VERSIONS else f"its format version {version} is not supported"
        raise _DamagedError(what)
    n_tensors, n_pairs = reader.u64(), reader.u64()
    if n_tensors > MAX_TENSORS or n_pairs > MAX_PAIRS:
        raise _DamagedError(f"its header claims {n_tensors} tensors and {n_pairs} settings")
    metadata: dict[str, Value] = {}
    lengths: dict[str, int] = {}
    for _ in range(n_pairs):
        key = reader.text(MAX_KEY_BYTES)
        value = reader.value(reader.u32())
        if isinstance(value, _Skipped):
            lengths[key] = value.count
        else:
            metadata[key] = value
    n_params, extent = _read_tensors(reader, n_tensors)
    alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise _DamagedError(f"its alignment is {alignment!r}")
    data_start = _rounded_up(reader.place, alignment) if n_tensors else size
    if data_start + extent > size:
        raise _DamagedError(f"it is truncated, {size:,} of {data_start + extent:,} bytes are there")
    architecture = _text_of(metadata, "general.architecture")
    return GgufInfo(
        path=path,
        architecture=architecture,
        name=_text_of(metadata, "general.name"),
        context_length=_number_of(metadata, f"{architecture}.context_length"),
        chat_template=_text_of(metadata, "tokenizer.chat_template"),
        n_tensors=n_tensors,
        file_type=_number_of(metadata, "general.file_type"),
        size_bytes=size,
        metadata=metadata,
        lengths=lengths,
        n_params=n_params,
        weights_bytes=size - data_start,
        parts=(path,),
    )


def _read_tensors(reader: _Reader, count: int) -> tuple[int, int]:
    """Return the elements of all tensors, and the bytes from the beginning of tensor data to the end of the last."""
    total = extent = 0
    for _ in range(count):
        reader.text(MAX_KEY_BYTES)
        dimensions = reader.u32()
        if dimensions > MAX_DIMENSIONS:
            raise _DamagedError(f"a tensor claims {dimensions} dimensions")
        elements = math.prod(reader.u64() for _ in range(dimensions))
        # A type newer than our table counts as one byte: llama.cpp will judge it.
        n_bytes = tensor_bytes(elements, reader.u32())
        extent = max(extent, reader.u64() + (1 if n_bytes is None else n_bytes))
        total += elements
    return total, extent


def _rounded_up(count: int, unit: int) -> int:
    return -(-count // unit) * unit


def _text_of(metadata: Mapping[str, Value], key: str) -> str:
    value = metadata.get(key)
    return value if isinstance(value, str) else ""


def _number_of(metadata: Mapping[str, Value], key: str) -> int:
    value = metadata.get(key)
    return value if isinstance(value, int) else 0
