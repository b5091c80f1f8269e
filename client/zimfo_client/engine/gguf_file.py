"""Reading a GGUF's header, to say what a model file is, and whether it is whole, before llama.cpp sees it.

Format: magic, version, counts, typed key-value pairs, tensor infos, padding, tensor data. Needs no package.
"""

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zimfo_client.errors import ModelInvalidError

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)  # 1 had 32-bit counts and is extinct

# A header beyond these is damaged or hostile: models of today stay below a tenth of each.
MAX_PAIRS = 65_536
MAX_TENSORS = 1_000_000
MAX_KEY_BYTES = 65_535  # the format's own limit
MAX_TEXT_BYTES = 64 << 20
MAX_NESTING = 4  # arrays in arrays
MAX_DIMENSIONS = 8
KEPT_ELEMENTS = 1_024  # longer arrays (the vocabulary) are skipped, not kept; per-layer settings are shorter

_DEFAULT_ALIGNMENT: Final = 32
_TEXT, _ARRAY, _BOOL = 8, 9, 7
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

# ggml tensor type -> (elements in a block, bytes of a block)
TENSOR_TYPES: Final[Mapping[int, tuple[int, int]]] = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 40),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
}

Value = str | int | float | bool | tuple["Value", ...]


@dataclass(frozen=True)
class GgufInfo:
    """What a GGUF says about itself; empty text and 0 where it is silent. `metadata` leaves long arrays out."""

    path: Path
    architecture: str
    name: str
    context_length: int
    chat_template: str
    n_tensors: int
    file_type: int
    size_bytes: int
    metadata: Mapping[str, Value]


def read_gguf(path: Path) -> GgufInfo:
    """Read and check the header of a model file.

    Raises `ModelInvalidError` for a folder, an unreadable file, something that is no GGUF, an unsupported version, a
    damaged header, and a file that is shorter than its tensors.
    """
    name = path.name or str(path)
    if path.is_dir():
        raise ModelInvalidError(f"{name} is a folder. Name the .gguf file in it.")
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


class _DamagedError(Exception):
    """The header does not make sense; the message completes a sentence."""


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

    def value(self, kind: int, depth: int = 0) -> Value | None:
        """Return a metadata value, or None for an array that is too long to keep."""
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            return self._array(depth)
        if kind not in _SCALARS:
            raise _DamagedError(f"its header holds a value of the unknown type {kind}")
        return self.unpack(_SCALARS[kind])

    def _array(self, depth: int) -> Value | None:
        if depth >= MAX_NESTING:
            raise _DamagedError("its header nests arrays too deeply")
        kind, count = self.u32(), self.u64()
        if kind in _SCALARS and count > KEPT_ELEMENTS:
            self.need(_SCALARS[kind].size * count)
            return None
        if count > self._size:
            raise _DamagedError(f"an array in its header claims {count} elements")
        if kind == _TEXT and count > KEPT_ELEMENTS:
            self._skip_texts(count)
            return None
        elements = [self.value(kind, depth + 1) for _ in range(count)]
        return tuple(element for element in elements if element is not None) if count <= KEPT_ELEMENTS else None

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
    for _ in range(n_pairs):
        key = reader.text(MAX_KEY_BYTES)
        value = reader.value(reader.u32())
        if value is not None:
            metadata[key] = value
    extent = _data_extent(reader, n_tensors)
    alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise _DamagedError(f"its alignment is {alignment!r}")
    needed = _rounded_up(reader.place, alignment) + extent if n_tensors else reader.place
    if needed > size:
        raise _DamagedError(f"it is truncated, {size:,} of {needed:,} bytes are there")
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
    )


def _data_extent(reader: _Reader, n_tensors: int) -> int:
    """Return the bytes from the beginning of tensor data to the end of the last tensor."""
    extent = 0
    for _ in range(n_tensors):
        reader.text(MAX_KEY_BYTES)
        dimensions = reader.u32()
        if dimensions > MAX_DIMENSIONS:
            raise _DamagedError(f"a tensor claims {dimensions} dimensions")
        elements = math.prod(reader.u64() for _ in range(dimensions))
        # A type newer than this table counts as one element: llama.cpp will judge it.
        block, block_bytes = TENSOR_TYPES.get(reader.u32(), (max(elements, 1), 1))
        extent = max(extent, reader.u64() + _rounded_up(elements, block) // block * block_bytes)
    return extent


def _rounded_up(count: int, unit: int) -> int:
    return -(-count // unit) * unit


def _text_of(metadata: Mapping[str, Value], key: str) -> str:
    value = metadata.get(key)
    return value if isinstance(value, str) else ""


def _number_of(metadata: Mapping[str, Value], key: str) -> int:
    value = metadata.get(key)
    return value if isinstance(value, int) else 0
