"""The state of llama.cpp's one sequence, with a mirror of the tokens in it.

Plain models can drop the end of their state. Recurrent and hybrid ones cannot: they go back to a checkpoint. All of
them are used alike; which one it is, the model is asked. All go back to where a batch ended: the numbers of a token
depend, in their last digits, on the batch that it was run in, and so what follows is exactly what it would have been.
"""

import ctypes
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from zimfo_client.engine.base import ShouldStop
from zimfo_client.engine.checkpoints import Checkpoint, Checkpoints
from zimfo_client.engine.loading import reason
from zimfo_client.errors import EngineError

_ABORTED: Final = 2  # llama_decode: the abort callback said so
_WHOLE: Final = 0  # llama_state_seq_*: everything that a sequence holds


class SequenceState:
    """What is evaluated. `tokens` mirrors it; every other member keeps both in step."""

    def __init__(self, lib: Any, model: Any, context: Any, n_batch: int) -> None:
        self._lib, self._context = lib, context
        self._memory = lib.llama_get_memory(context)
        self._batch: Any = lib.llama_batch_init(n_batch, 0, 1)
        self.recurrent: bool = lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model)
        self.tokens: list[int] = []
        self.checkpoints = Checkpoints()
        self._ends: list[int] = []  # the numbers of tokens behind each batch

    def close(self) -> None:
        """Free the batch; the context is the caller's."""
        self._lib.llama_batch_free(self._batch)
        self._forget_beyond(0)

    @property
    def size(self) -> int:
        """What the state and its checkpoints hold, in bytes."""
        return int(self._lib.llama_state_seq_get_size_ext(self._context, 0, _WHOLE)) + self.checkpoints.size

    def keep(self, *, passing: bool = False) -> None:
        """Make a checkpoint where a model needs one to come back here.

        A hybrid's holds what its recurrent layers know; its attention layers are cut when it is gone back to.
        """
        if self.recurrent and self.tokens:
            data, size = self._read(self._lib.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY)
            self.checkpoints.add(Checkpoint(len(self.tokens), data, size, passing))

    def rewind(self, count: int) -> int:
        """Go back to the first `count` tokens, or as near as can be; return how many there are then."""
        if count >= len(self.tokens):
            return len(self.tokens)
        return self._cut(count)

    def clear(self) -> None:
        """Forget everything."""
        self._forget_beyond(0)
        self._lib.llama_memory_clear(self._memory, False)  # noqa: FBT003  # ctypes

    def export(self) -> bytes:
        """Return the whole state, to be stored."""
        data, size = self._read(_WHOLE)
        return ctypes.string_at(data, size)

    def restore(self, tokens: Sequence[int], data: bytes) -> bool:
        """Put a stored state of `tokens` in place of this one; return False, and hold nothing, if it does not fit."""
        self.clear()
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        taken = self._lib.llama_state_seq_set_data_ext(self._context, buffer, len(data), 0, _WHOLE)
        if taken != len(data) or self._lib.llama_memory_seq_pos_max(self._memory, 0) != len(tokens) - 1:
            self.clear()
            return False
        self.tokens += tokens
        self._ends.append(len(tokens))
        return True

    def evaluate(self, tokens: Sequence[int]) -> bool:
        """Append at most one batch of tokens; return False when interrupted. Raises `EngineError`.

        After both, what was there before is there still, or as much of it as the last checkpoint holds.
        """
        batch, first = self._batch, len(self.tokens)
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = first + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = False
        batch.logits[len(tokens) - 1] = True
        code = self._lib.llama_decode(self._context, batch)
        if code == 0:
            self.tokens += tokens
            self._ends.append(len(self.tokens))
            return True
        self._cut(first)  # parts of the batch may be in the state
        if code == _ABORTED:
            return False
        raise EngineError(f"llama.cpp could not evaluate {len(tokens)} tokens (code {code}). {reason()}")

    def evaluate_stoppable(self, tokens: Sequence[int], should_stop: ShouldStop) -> bool:
        """Append a piece of prompt that `should_stop` may interrupt in the middle; return False when it did."""

        def interrupt(_user: ctypes.c_void_p) -> bool:
            return should_stop()

        # Asked once for every node of the graph: cheap for a piece of prompt, too dear for a single token.
        callback = self._lib.ggml_abort_callback(interrupt)
        self._lib.llama_set_abort_callback(self._context, callback, ctypes.c_void_p(0))
        try:
            return self.evaluate(tokens)
        finally:
            self._lib.llama_set_abort_callback(self._context, self._lib.ggml_abort_callback(), ctypes.c_void_p(0))

    def _cut(self, count: int) -> int:
        place = bisect_right(self._ends, count)
        kept = self._ends[place - 1] if place else 0
        if self.recurrent:
            checkpoint = self.checkpoints.nearest(kept)
            kept = checkpoint.tokens if checkpoint and self._put_back(checkpoint) else 0
        # In this order: a hybrid allows its attention layers to be cut once its recurrent ones are back.
        if not kept or not self._lib.llama_memory_seq_rm(self._memory, 0, kept, -1):
            self.clear()
            return 0
        self._forget_beyond(kept)
        return kept

    def _forget_beyond(self, count: int) -> None:
        del self.tokens[count:]
        del self._ends[bisect_right(self._ends, count) :]
        self.checkpoints.forget_beyond(count)

    def _put_back(self, checkpoint: Checkpoint) -> bool:
        flags = self._lib.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        taken = self._lib.llama_state_seq_set_data_ext(self._context, checkpoint.data, checkpoint.size, 0, flags)
        return bool(taken == checkpoint.size)

    def _read(self, flags: int) -> tuple[Any, int]:
        size = self._lib.llama_state_seq_get_size_ext(self._context, 0, flags)
        data = (ctypes.c_uint8 * size)()
        if self._lib.llama_state_seq_get_data_ext(self._context, data, size, 0, flags) != size:
            raise EngineError(f"llama.cpp could not save {size} bytes of its state. {reason()}")
        return data, size
