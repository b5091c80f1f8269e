"""What model steps cost: tokens run and saved, times, memory. For `--json`, `--trace` and `/stats`."""

import sys
from collections.abc import Sequence
from typing import Any, Final

from zimfo_client.engine.base import Generation

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # type: ignore[assignment]

_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024  # bytes that `ru_maxrss` counts in
_MB: Final = 1 << 20


def peak_rss() -> int:
    """Return the most memory that this process has held, in bytes; 0 where the system does not say."""
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * _RSS_UNIT if resource else 0


def tokens_per_second(generations: Sequence[Generation]) -> float:
    """Return the rate of decoding over all steps; 0 before anything was decoded."""
    ms = sum(generation.decode_ms for generation in generations)
    return 1000 * sum(generation.completion_tokens for generation in generations) / ms if ms else 0.0


def engine_times(generations: Sequence[Generation]) -> dict[str, float]:
    """Return the times of all model steps together in ms, the first one's time to its first token, and the rate."""
    if not generations:
        return {}
    times = {
        "prefill_ms": sum(generation.prefill_ms for generation in generations),
        "decode_ms": sum(generation.decode_ms for generation in generations),
    }
    if (first := generations[0].first_token_ms) is not None:
        times["first_token_ms"] = first
    return {**times, "tokens_per_s": tokens_per_second(generations)}


def engine_usage(generations: Sequence[Generation]) -> dict[str, Any]:
    """Return the tokens that were held already, the bytes of the state now, and the peak of memory in bytes."""
    if not generations:
        return {}
    return {
        "cached_tokens": sum(generation.cached_tokens for generation in generations),
        "state_bytes": generations[-1].state_bytes,
        "peak_rss_bytes": peak_rss(),
    }


def step_line(generation: Generation) -> str:
    """Return what one model step cost as a line."""
    first = "" if generation.first_token_ms is None else f", first after {generation.first_token_ms:.0f} ms"
    return (
        f"[{generation.prompt_tokens} tokens of prompt: {generation.cached_tokens} held, "
        f"{generation.evaluated_tokens} evaluated; {generation.completion_tokens} sampled{first}, "
        f"{tokens_per_second([generation]):.1f} a second; state {generation.state_bytes / _MB:.1f} MB]"
    )


def stats_lines(generations: Sequence[Generation]) -> list[str]:
    """Return what model steps have cost together, for a person."""
    lines = []
    if generations:
        prompt, evaluated, cached, sampled = (
            sum(getattr(generation, name) for generation in generations)
            for name in ("prompt_tokens", "evaluated_tokens", "cached_tokens", "completion_tokens")
        )
        firsts = [generation.first_token_ms for generation in generations if generation.first_token_ms is not None]
        lines.append(f"Model steps: {len(generations)}")
        lines.append(f"Tokens: {prompt} of prompts, {evaluated} evaluated, {cached} held already, {sampled} sampled")
        if firsts:
            lines.append(f"First token after: {firsts[-1]:.0f} ms (median {sorted(firsts)[len(firsts) // 2]:.0f} ms)")
        lines.append(f"Decoding: {tokens_per_second(generations):.1f} tokens a second")
        lines.append(f"State: {generations[-1].state_bytes / _MB:.1f} MB")
    return [*lines, f"Most memory held: {peak_rss() / _MB:.0f} MB"]
