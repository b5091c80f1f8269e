"""Checkpoints: saved states to go back to, bounded in number and bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MAX_CHECKPOINTS: Final = 32  # the turns that a person may take back one after the other without waiting
MAX_BYTES: Final = 256 << 20  # a state of a recurrent 3B model has 24 MB, of the hybrid 8B one 0.3 MB


@dataclass(frozen=True)
class Checkpoint:
    """The state behind the first `tokens` tokens; a `passing` one is for an interrupted prompt and is replaced soon."""

    tokens: int
    data: Any
    size: int
    passing: bool


class Checkpoints:
    """Checkpoints of one sequence, each behind a prefix of the tokens that it holds."""

    def __init__(self, max_count: int = MAX_CHECKPOINTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_count, self._max_bytes = max_count, max_bytes
        self._kept: list[Checkpoint] = []

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def places(self) -> Sequence[int]:
        """The numbers of tokens that can be gone back to, ascending."""
        return [checkpoint.tokens for checkpoint in self._kept]

    @property
    def size(self) -> int:
        """What all of them take, in bytes."""
        return sum(checkpoint.size for checkpoint in self._kept)

    def add(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint in place of one behind as many tokens, and of a passing one.

        Where there are too many, the second one goes: the first is behind the tool listing, which is the dearest.
        """
        same = [one for one in self._kept if one.tokens == checkpoint.tokens]
        lasting = not checkpoint.passing or any(not one.passing for one in same)
        checkpoint = Checkpoint(checkpoint.tokens, checkpoint.data, checkpoint.size, passing=not lasting)
        self._kept = [one for one in self._kept if one not in same and not one.passing]
        self._kept = sorted([*self._kept, checkpoint], key=lambda one: one.tokens)
        while len(self._kept) > 2 and self._is_too_much():
            del self._kept[1]
        while self._kept and self._is_too_much():
            del self._kept[0]

    def nearest(self, tokens: int) -> Checkpoint | None:
        """Return the last checkpoint behind at most `tokens` tokens."""
        return next((one for one in reversed(self._kept) if one.tokens <= tokens), None)

    def forget_beyond(self, tokens: int) -> None:
        """Drop the checkpoints behind more than `tokens` tokens, which are no longer held."""
        self._kept = [one for one in self._kept if one.tokens <= tokens]

    def _is_too_much(self) -> bool:
        return len(self._kept) > self._max_count or self.size > self._max_bytes
