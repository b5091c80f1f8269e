"""The base model in PyTorch, read from its GGUF file, with low-rank adapters (LoRA, arXiv:2106.09685) on every matrix.

A GGUF file of the llama architecture holds the rows of `attn_q` and `attn_k` in such an order that the rotary embedding
turns neighbouring pairs (2i, 2i+1) instead of halves (i, i + d/2), as in the checkpoints of Hugging Face. The weights
are used here as the file holds them, with the rotation of pairs, so an adapter trained here fits the file as it is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import gguf
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from zimfo_training.dialogue import NOT_LEARNED

RANK: Final = 16
ALPHA: Final = 32.0
MATRICES: Final = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@dataclass(frozen=True)
class Shape:
    """The sizes of a llama model; `theta` is the base of its rotary embedding, `epsilon` that of its RMS norms."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    theta: float
    epsilon: float

    @property
    def head(self) -> int:
        """Width of an attention head."""
        return self.width // self.heads


class Adapted(nn.Module):
    """A frozen matrix (out × in) with a trained change of low rank: W + (alpha / rank) · B A."""

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.weight = nn.Buffer(weight)
        self.a = nn.Parameter(torch.empty(rank, inputs))
        self.b = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        """Return x times the changed matrix; x is (…, in)."""
        change = functional.linear(functional.linear(x, self.a.to(x.dtype)), self.b.to(x.dtype))
        return functional.linear(x, self.weight) + self.scale * change


class Norm(nn.Module):
    """RMS norm with a frozen weight."""

    def __init__(self, weight: Tensor, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Buffer(weight)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Return x normalised over its last dimension."""
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


Cache = list[tuple[Tensor, Tensor]]


class Layer(nn.Module):
    """One block: attention and a gated feed-forward network."""

    def __init__(self, shape: Shape, tensors: dict[str, Tensor], number: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.shape = shape
        self.attn_norm = Norm(tensors[f"blk.{number}.attn_norm.weight"], shape.epsilon)
        self.ffn_norm = Norm(tensors[f"blk.{number}.ffn_norm.weight"], shape.epsilon)
        self.matrices = nn.ModuleDict(
            {name: Adapted(tensors[f"blk.{number}.{name}.weight"], rank, alpha) for name in MATRICES}
        )

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], mask: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the block's output for x (batch, tokens, width), and the keys and values so far."""
        batch, tokens, _ = x.shape
        shape, apply = self.shape, self.matrices
        h = self.attn_norm(x)
        q = apply["attn_q"](h).view(batch, tokens, shape.heads, shape.head).transpose(1, 2)
        k = apply["attn_k"](h).view(batch, tokens, shape.kv_heads, shape.head).transpose(1, 2)
        v = apply["attn_v"](h).view(batch, tokens, shape.kv_heads, shape.head).transpose(1, 2)
        q, k = _rotated(q, rotation), _rotated(k, rotation)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        x = x + apply["attn_output"](attended.transpose(1, 2).reshape(batch, tokens, shape.width))
        h = self.ffn_norm(x)
        return x + apply["ffn_down"](functional.silu(apply["ffn_gate"](h)) * apply["ffn_up"](h)), (k, v)


class Model(nn.Module):
    """The whole model; only the adapters are parameters."""

    def __init__(self, path: Path, *, rank: int = RANK, alpha: float = ALPHA, dtype: torch.dtype = torch.float32):
        """Read a GGUF file of the llama architecture with tied embeddings. Raises `ValueError` for any other."""
        super().__init__()
        reader = gguf.GGUFReader(path)
        self.shape = _shape(reader)
        tensors = {
            tensor.name: torch.from_numpy(np.array(gguf.dequantize(tensor.data, tensor.tensor_type))).to(dtype)
            for tensor in reader.tensors
        }
        if "output.weight" in tensors:
            raise ValueError(f"{path.name} has an output matrix of its own; only tied embeddings are supported.")
        self.rank, self.alpha = rank, alpha
        self.embedding = nn.Buffer(tensors["token_embd.weight"])
        self.layers = nn.ModuleList(
            Layer(self.shape, tensors, number, rank, alpha) for number in range(self.shape.layers)
        )
        self.norm = Norm(tensors["output_norm.weight"], self.shape.epsilon)

    def hidden(self, tokens: Tensor, padding: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """Return what the last norm gives for tokens (batch, n), and the cache.

        `padding` (batch, all so far) is true for tokens that are there; a row may be padded on either side. Positions
        count what is there.
        """
        seen = padding.shape[1] - tokens.shape[1]
        positions = (padding.long().cumsum(1) - 1).clamp(min=0)
        x = functional.embedding(tokens, self.embedding)
        causal = torch.ones(tokens.shape[1], padding.shape[1], dtype=torch.bool).tril(seen)
        mask = causal & padding[:, None, None, :]
        mask = mask | torch.eye(tokens.shape[1], padding.shape[1], dtype=torch.bool).roll(seen, 1)  # no empty row
        rotation = self._rotation(positions[:, seen:], x.dtype)
        grown: Cache = []
        for number, layer in enumerate(self.layers):
            x, kept = layer(x, rotation, mask, cache[number] if cache else None)
            grown.append(kept)
        return self.norm(x), grown

    def logits(self, hidden: Tensor) -> Tensor:
        """Return logits (…, vocabulary) of hidden states (…, width)."""
        return functional.linear(hidden, self.embedding)

    def loss(self, tokens: Tensor, padding: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross entropy where targets (batch, n) are not `NOT_LEARNED`; the vocabulary's matrix is
        the largest of the model, so logits are made for those places alone."""
        hidden, _ = self.hidden(tokens, padding)
        wanted = targets != NOT_LEARNED
        return functional.cross_entropy(self.logits(hidden[wanted]).float(), targets[wanted])

    def adapters(self) -> Iterator[tuple[str, Adapted]]:
        """Yield the adapted matrices under their names in the GGUF file, without the suffix."""
        for number, layer in enumerate(self.layers):
            for name in MATRICES:
                yield f"blk.{number}.{name}", layer.matrices[name]

    def _rotation(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        half = torch.arange(0, self.shape.head, 2, dtype=torch.float32) / self.shape.head
        angles = positions[:, None, :, None].float() / self.shape.theta**half
        return angles.cos().to(dtype), angles.sin().to(dtype)


def _rotated(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn neighbouring pairs of the last dimension."""
    cos, sin = rotation
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def _shape(reader: gguf.GGUFReader) -> Shape:
    def value(key: str) -> float:
        field = reader.get_field(f"llama.{key}")
        if field is None:
            raise ValueError(f"The file has no llama.{key}: only models of the llama architecture can be trained.")
        return float(field.contents())

    return Shape(
        layers=int(value("block_count")),
        width=int(value("embedding_length")),
        heads=int(value("attention.head_count")),
        kv_heads=int(value("attention.head_count_kv")),
        theta=value("rope.freq_base"),
        epsilon=value("attention.layer_norm_rms_epsilon"),
    )
