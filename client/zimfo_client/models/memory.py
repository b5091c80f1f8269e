"""What a model takes in memory once it is loaded, from its header alone.

Weights with those of an adapter, the cache of keys and values (in layers with attention), the state of recurrent
layers, and the buffer that llama.cpp computes in. Checked against what llama.cpp reports for plain, hybrid and
recurrent models.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zimfo_client.engine import EngineSettings, GgufInfo
from zimfo_client.errors import EngineError

# Bytes of one value in a cache, by the names of its types.
KV_BYTES: Final = {
    "f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32, "q4_1": 20 / 32,
    "q4_0": 18 / 32,
}  # fmt: skip
_FLOAT: Final = 4  # bytes of the numbers that states and intermediate results are made of
_HALF: Final = 2
_CELLS: Final = 256  # llama.cpp rounds a context up to a multiple
_ALIVE: Final = 2  # vectors of the model's width that live beside any other intermediate result
_MAMBA_WIDTHS: Final = 5  # the most that a Mamba layer holds at once, in vectors of its inner width


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes, by what they are for, at a context of `n_ctx` tokens."""

    n_ctx: int
    weights: int
    kv_cache: int
    recurrent_state: int
    compute_buffer: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv_cache + self.recurrent_state + self.compute_buffer


def estimate_memory(info: GgufInfo, settings: EngineSettings) -> MemoryEstimate:
    """Return what a model takes with these settings; parts that the header says nothing about count as 0.

    A context of 0 is the trained one, and a longer one than that is cut to it, as the engine does. Raises `EngineError`
    for a cache type that llama.cpp does not have.
    """
    for name in (settings.kv_type_k, settings.kv_type_v):
        if name not in KV_BYTES:
            raise EngineError(f"'{name}' is no KV cache type. Choose one of: {', '.join(KV_BYTES)}.")
    shape = _Shape.of(info)
    n_ctx = min(settings.n_ctx or info.context_length, info.context_length or settings.n_ctx)
    cells = -(-n_ctx // _CELLS) * _CELLS
    per_cell = shape.key_width * KV_BYTES[settings.kv_type_k] + shape.value_width * KV_BYTES[settings.kv_type_v]
    return MemoryEstimate(
        n_ctx=n_ctx,
        weights=info.weights_bytes + (Path(settings.adapter).stat().st_size if settings.adapter else 0),
        kv_cache=int(cells * sum(shape.kv_heads) * per_cell),
        recurrent_state=shape.recurrent_layers * shape.recurrent_values * _FLOAT,
        compute_buffer=shape.compute_bytes(
            cells, min(settings.n_batch, n_ctx), flash=settings.flash_attention is not False
        ),
    )


@dataclass(frozen=True)
class _Shape:
    """The dimensions that memory follows from: numbers of values, `kv_heads` by layer (0 = no attention)."""

    width: int
    vocabulary: int
    heads: int
    kv_heads: tuple[int, ...]
    key_width: int
    value_width: int
    feed_forward: int
    recurrent_layers: int
    recurrent_values: int
    inner_width: int
    inner_state: int

    @classmethod
    def of(cls, info: GgufInfo) -> "_Shape":
        header = _Header(info)
        width, heads = header.number("embedding_length"), header.number("attention.head_count")
        layers = header.number("block_count")
        kv_heads = header.each("attention.head_count_kv", layers) or header.each("attention.head_count", layers)
        if interval := header.number("full_attention_interval"):  # the other layers are recurrent
            kv_heads = tuple(n if layer % interval == interval - 1 else 0 for layer, n in enumerate(kv_heads))
        head = width // heads if heads else 0
        inner, state = header.number("ssm.inner_size"), header.number("ssm.state_size")
        values = _recurrent_values(header, width, inner, state)
        # Layers without attention are recurrent; where all have it although there is a state, each is both.
        without = sum(1 for count in kv_heads if count == 0)
        return cls(
            width=width,
            vocabulary=header.number("vocab_size") or header.length("tokenizer.ggml.tokens"),
            heads=heads,
            kv_heads=kv_heads,
            key_width=header.number("attention.key_length") or head,
            value_width=header.number("attention.value_length") or head,
            feed_forward=max(
                2 * header.number("feed_forward_length"),
                header.number("expert_used_count") * (2 * header.number("expert_feed_forward_length") + width)
                + header.number("expert_count"),
            ),
            recurrent_layers=(without or layers) if values else 0,
            recurrent_values=values,
            inner_width=inner,
            inner_state=state,
        )

    def compute_bytes(self, cells: int, batch: int, *, flash: bool) -> int:
        """Return the largest intermediate result of a batch: llama.cpp reuses one buffer for all of them."""
        attention = recurrence = 0
        mask = 0
        if kv_heads := max(self.kv_heads, default=0):
            mask = cells * batch * (_HALF if flash else _FLOAT)
            attention = (
                self.heads * (self.key_width + self.value_width)
                + kv_heads * (self.key_width + self.value_width)
                + (0 if flash else self.heads * cells)
            )
        if self.inner_width:
            recurrence = _MAMBA_WIDTHS * self.inner_width + 2 * self.inner_state
        rows = max(attention, recurrence, self.feed_forward)
        beside = _ALIVE * self.width
        return max(mask + (rows + beside) * batch * _FLOAT, (self.vocabulary + beside) * batch * _FLOAT)


def _recurrent_values(header: "_Header", width: int, inner: int, state: int) -> int:
    """Return the values that one recurrent layer keeps between tokens; 0 for a model without such layers."""
    if reach := header.number("shortconv.l_cache"):
        return width * (reach - 1)
    if head := header.number("wkv.head_size"):
        return width * (header.number("token_shift_count") or 2) + width * head
    reach = header.number("ssm.conv_kernel")
    kept = max(reach - 1, 0) * (inner + 2 * header.number("ssm.group_count") * state)
    return kept + inner * state


class _Header:
    """The numbers of a header, whose keys begin with the architecture's name; 0 for what is not there."""

    def __init__(self, info: GgufInfo) -> None:
        self._info = info

    def number(self, key: str) -> int:
        """Return a number; of a number by layer, the largest."""
        return max(self.each(key, 1), default=0)

    def each(self, key: str, layers: int) -> tuple[int, ...]:
        """Return a number for each layer; a header with one number means all of them."""
        found = self._info.metadata.get(f"{self._info.architecture}.{key}", 0)
        if isinstance(found, tuple):
            return tuple(int(one) for one in found if isinstance(one, int))
        return (int(found),) * layers if isinstance(found, int) and found > 0 else ()

    def length(self, key: str) -> int:
        """Return the length of an array that belongs to no architecture."""
        kept = self._info.metadata.get(key)
        return len(kept) if isinstance(kept, tuple) else self._info.lengths.get(key, 0)
