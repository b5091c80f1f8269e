"""Models of random weights that a test writes in milliseconds: a plain, a hybrid and a recurrent one.

Their vocabulary has every byte, some longer pieces, and the special tokens of ChatML and of LFM2. What they say makes
no sense, but llama.cpp keeps their state as it keeps that of their large relatives.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import gguf
import numpy as np
from gguf import GGUFWriter, TokenType

CONTEXT: Final = 32_768  # tokens that the models say they were trained on
SPECIAL: Final = (
    "<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|tool_list_start|>",
    "<|tool_list_end|>", "<|tool_call_start|>", "<|tool_call_end|>", "<|tool_response_start|>",
    "<|tool_response_end|>", "<think>", "</think>",
)  # fmt: skip
# Words that become one token each; written as the tokenizer sees them, with Ġ for a space.
_WORDS: Final = (
    "Ġthe", "Ġtool", "Ġplace", "user", "assistant", "system", "tool", "_call", "name", "arguments", "function", "query",
    "title", "section", "``", '{"', '":', '",', "}}", "Ġis", "Ġto", "Ġof", "Ġa", "ĊĊ", "ing", "ation",
)  # fmt: skip
_WIDTH: Final = 64
_HEAD: Final = 32  # a block of a quantised cache has 32 numbers
_FEED_FORWARD: Final = 96


def write_hybrid(path: Path, seed: int = 1) -> Path:
    """Write an LFM2-MoE: 6 layers, 2 of them attention, 1 of them dense, 8 experts of which 2 are used."""
    heads = [0, 0, 1, 0, 1, 0]  # of keys and values; 0 is a short convolution
    experts, expert_width, reach = 8, 32, 3
    writer = _begun(path, "lfm2moe", len(heads))
    writer.add_head_count(_WIDTH // _HEAD)
    writer.add_head_count_kv(heads)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(1e6)
    writer.add_shortconv_l_cache(reach)
    writer.add_leading_dense_block_count(1)
    writer.add_expert_count(experts)
    writer.add_expert_used_count(2)
    writer.add_expert_feed_forward_length(expert_width)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    tensor, ones = _tensors(writer, seed)
    tensor("token_embd.weight", len(_pieces()), _WIDTH)
    ones("token_embd_norm.weight", _WIDTH)
    for layer, kv_heads in enumerate(heads):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight", _WIDTH)
        ones(block + "ffn_norm.weight", _WIDTH)
        if kv_heads:
            _attention(tensor, block, kv_heads)
            ones(block + "attn_q_norm.weight", _HEAD)
            ones(block + "attn_k_norm.weight", _HEAD)
        else:
            tensor(block + "shortconv.conv.weight", _WIDTH, reach)
            tensor(block + "shortconv.in_proj.weight", 3 * _WIDTH, _WIDTH)
            tensor(block + "shortconv.out_proj.weight", _WIDTH, _WIDTH)
        if layer == 0:
            _dense(tensor, block)
            continue
        tensor(block + "ffn_gate_inp.weight", experts, _WIDTH)
        tensor(block + "exp_probs_b.bias", experts)
        tensor(block + "ffn_gate_exps.weight", experts, expert_width, _WIDTH)
        tensor(block + "ffn_up_exps.weight", experts, expert_width, _WIDTH)
        tensor(block + "ffn_down_exps.weight", experts, _WIDTH, expert_width)
    return _written(writer, path)


def write_recurrent(path: Path, seed: int = 2) -> Path:
    """Write a Mamba of 3 layers."""
    layers, inner, state, reach, rank = 3, 2 * _WIDTH, 16, 4, 4
    writer = _begun(path, "mamba", layers)
    writer.add_head_count(0)
    writer.add_feed_forward_length(0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_ssm_conv_kernel(reach)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(state)
    writer.add_ssm_time_step_rank(rank)
    tensor, ones = _tensors(writer, seed)
    tensor("token_embd.weight", len(_pieces()), _WIDTH)
    ones("output_norm.weight", _WIDTH)
    for layer in range(layers):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight", _WIDTH)
        tensor(block + "ssm_in.weight", 2 * inner, _WIDTH)
        tensor(block + "ssm_conv1d.weight", inner, reach)
        tensor(block + "ssm_conv1d.bias", inner)
        tensor(block + "ssm_x.weight", rank + 2 * state, inner)
        tensor(block + "ssm_dt.weight", inner, rank)
        tensor(block + "ssm_dt.bias", inner)
        writer.add_tensor(block + "ssm_a", -np.tile(np.arange(1, state + 1, dtype=np.float32), (inner, 1)))
        ones(block + "ssm_d", inner)
        tensor(block + "ssm_out.weight", _WIDTH, inner)
    return _written(writer, path)


def write_plain(path: Path, seed: int = 3) -> Path:
    """Write a Llama of 2 layers."""
    layers = 2
    writer = _begun(path, "llama", layers)
    writer.add_head_count(_WIDTH // _HEAD)
    writer.add_head_count_kv(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_HEAD)
    tensor, ones = _tensors(writer, seed)
    tensor("token_embd.weight", len(_pieces()), _WIDTH)
    ones("output_norm.weight", _WIDTH)
    for layer in range(layers):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight", _WIDTH)
        ones(block + "ffn_norm.weight", _WIDTH)
        _attention(tensor, block, 1)
        _dense(tensor, block)
    return _written(writer, path)


def _begun(path: Path, architecture: str, layers: int) -> GGUFWriter:
    writer = GGUFWriter(path, architecture)
    writer.add_name(f"Tiny random {architecture}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(layers)
    writer.add_vocab_size(len(_pieces()))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("lfm2")
    writer.add_token_list(_pieces())
    plain = len(_pieces()) - len(SPECIAL)
    writer.add_token_types([TokenType.NORMAL] * plain + [TokenType.CONTROL] * len(SPECIAL))
    writer.add_token_merges([f"{left} {right}" for left, right in _merges()])
    writer.add_bos_token_id(_pieces().index("<|startoftext|>"))
    writer.add_eos_token_id(_pieces().index("<|im_end|>"))
    writer.add_pad_token_id(_pieces().index("<|pad|>"))
    writer.add_add_bos_token(True)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}")
    return writer


def _written(writer: GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(writer: GGUFWriter, seed: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return what adds a tensor of random numbers, by name and shape, and what adds a vector of ones."""
    random = np.random.default_rng(seed)

    def tensor(name: str, *shape: int, gain: float = 2.5) -> None:
        # Wide enough that every layer changes what the next token is.
        values = random.normal(0, gain * shape[-1] ** -0.5, shape).astype(np.float32)
        writer.add_tensor(name, values)

    def ones(name: str, size: int) -> None:
        writer.add_tensor(name, np.ones(size, np.float32))

    return tensor, ones


def _attention(tensor: Callable[..., None], block: str, kv_heads: int) -> None:
    # Sharper attention would make much of what a cache of 16 bits rounds.
    tensor(block + "attn_q.weight", _WIDTH, _WIDTH, gain=1.0)
    tensor(block + "attn_k.weight", kv_heads * _HEAD, _WIDTH, gain=1.0)
    tensor(block + "attn_v.weight", kv_heads * _HEAD, _WIDTH)
    tensor(block + "attn_output.weight", _WIDTH, _WIDTH)


def _dense(tensor: Callable[..., None], block: str) -> None:
    tensor(block + "ffn_gate.weight", _FEED_FORWARD, _WIDTH)
    tensor(block + "ffn_up.weight", _FEED_FORWARD, _WIDTH)
    tensor(block + "ffn_down.weight", _WIDTH, _FEED_FORWARD)


def _pieces() -> list[str]:
    """Return the vocabulary: every byte, what the merges make, the special tokens."""
    return [*dict.fromkeys([*_bytes(), *(left + right for left, right in _merges())]), *SPECIAL]


def _merges() -> list[tuple[str, str]]:
    """Return the pairs that make the words, each word from its left end."""
    pairs = ((word[:end], word[end]) for word in _WORDS for end in range(1, len(word)))
    return list(dict.fromkeys(pairs))


def _bytes() -> Iterator[str]:
    """Yield the characters that stand for the 256 bytes in vocabularies of this kind."""
    shifted = 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            yield chr(byte)
        else:
            yield chr(shifted)
            shifted += 1
