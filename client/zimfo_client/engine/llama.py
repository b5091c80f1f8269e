"""llama.cpp in this process, through its low-level interface. The only module that imports `llama_cpp`.

The engine keeps a mirror of the tokens in its state. A new transcript keeps the common prefix, the rest of the state is
removed, and only what is new is evaluated.
"""

import contextlib
import ctypes
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import llama_cpp.llama_cpp as lib

from zimfo_client.engine.base import (
    EngineInfo,
    EngineSettings,
    Generation,
    OnPrefill,
    OnProgress,
    OnText,
    SamplingSettings,
    ShouldStop,
    Stopped,
    reply_reserve,
)
from zimfo_client.engine.constrained import CallConstraint
from zimfo_client.engine.streaming import TextStream
from zimfo_client.engine.vocab import Vocab
from zimfo_client.errors import ContextFullError, EngineError
from zimfo_client.transcript import Transcript

PENALTY_WINDOW = 64  # sampled tokens that a repeat penalty looks back on, llama.cpp's own default
MANY_CPUS = 4  # beyond this many logical processors half of them are assumed to be second threads of a core
KEPT_LOG_LINES = 5  # of llama.cpp's last errors, for messages

_BF16: Final = 30  # ggml's number for it; `llama_cpp` does not name this one
KV_TYPES: Final = {
    "f32": lib.GGML_TYPE_F32,
    "f16": lib.GGML_TYPE_F16,
    "bf16": _BF16,
    "q8_0": lib.GGML_TYPE_Q8_0,
    "q5_1": lib.GGML_TYPE_Q5_1,
    "q5_0": lib.GGML_TYPE_Q5_0,
    "q4_1": lib.GGML_TYPE_Q4_1,
    "q4_0": lib.GGML_TYPE_Q4_0,
}
_UNQUANTISED: Final = ("f32", "f16", "bf16")
_ABORTED: Final = 2  # llama_decode: the abort callback said so
_LOG_ERROR: Final = 4  # ggml's level for errors

_log = logging.getLogger(__name__)
_last_errors: deque[str] = deque(maxlen=KEPT_LOG_LINES)


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def _on_log(level: int, text: bytes, _user: ctypes.c_void_p) -> None:
    line = text.decode("utf-8", "replace").rstrip()
    if line.strip("."):  # progress dots are reported otherwise
        _log.debug("%s", line)
        if level == _LOG_ERROR:
            _last_errors.append(line)


# Before any other call, so that nothing of llama.cpp ever reaches the terminal.
lib.llama_log_set(_on_log, ctypes.c_void_p(0))
lib.llama_backend_init()


def default_threads() -> int:
    """Return how many threads serve decoding best: the processors we may use, less second threads of cores."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return usable // 2 if usable > MANY_CPUS else usable


class LlamaEngine:
    """A GGUF model with one sequence. Not for use by two threads at once: a second caller waits for the first."""

    def __init__(self, path: Path, settings: EngineSettings, *, on_progress: OnProgress | None = None) -> None:
        """Load a model. Raises `EngineError`, and whatever `on_progress` raises."""
        self._lock = threading.Lock()
        self._mirror: list[int] = []
        self._model: Any = None
        self._context: Any = None
        self._batch: Any = None
        self._seed = settings.seed
        try:
            self._model = _load_model(path, settings, on_progress)
            self._vocab = Vocab(lib, self._model)
            n_threads = settings.n_threads or default_threads()
            n_ctx_train: int = lib.llama_model_n_ctx_train(self._model)
            n_ctx = min(settings.n_ctx or n_ctx_train, n_ctx_train) if n_ctx_train > 0 else settings.n_ctx
            self._n_batch = min(settings.n_batch, n_ctx)
            self._context = _make_context(self._model, settings, n_ctx, self._n_batch, n_threads)
            self._memory = lib.llama_get_memory(self._context)
            self._batch = lib.llama_batch_init(self._n_batch, 0, 1)
        except BaseException:
            self.close()
            raise
        self._info = EngineInfo(
            description=_description(self._model),
            n_ctx=min(n_ctx, lib.llama_n_ctx(self._context)),  # llama.cpp rounds up
            n_ctx_train=n_ctx_train,
            n_params=lib.llama_model_n_params(self._model),
            size_bytes=lib.llama_model_size(self._model),
            n_threads=n_threads,
            recurrent=lib.llama_model_is_recurrent(self._model) or lib.llama_model_is_hybrid(self._model),
        )

    @property
    def info(self) -> EngineInfo:
        """What is running."""
        return self._info

    @property
    def bos(self) -> int | None:
        """The token that every sequence begins with, if the model wants one."""
        return self._vocab.bos

    @property
    def special_tokens(self) -> Mapping[int, str]:
        """The tokens that only trusted text may yield, with their texts."""
        self._require_open()
        return self._vocab.special

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of `text`; untrusted text never yields a special token. Raises `EngineError`."""
        self._require_open()
        return self._vocab.tokenize(text, trusted=trusted)

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, special ones included. Raises `EngineError` after `close`."""
        self._require_open()
        return self._vocab.detokenize(tokens)

    def close(self) -> None:
        """Free the model; waits for a running `generate`; safe to call twice."""
        with self._lock:
            if self._batch is not None:
                lib.llama_batch_free(self._batch)
            if self._context is not None:
                lib.llama_free(self._context)
            if self._model is not None:
                lib.llama_model_free(self._model)
            self._batch = self._context = self._model = None
            self._mirror.clear()

    def generate(
        self,
        transcript: Transcript,
        sampling: SamplingSettings,
        *,
        on_text: OnText | None = None,
        on_prefill: OnPrefill | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Generation:
        """Continue `transcript` by one reply, whose tokens are appended to it; see `Engine.generate`."""
        with self._lock:
            self._require_open()
            needed = len(transcript) + reply_reserve(self._info.n_ctx, sampling.max_tokens)
            if needed > self._info.n_ctx:
                raise ContextFullError(needed, self._info.n_ctx)
            if not len(transcript):
                raise EngineError("There is nothing to continue: the transcript is empty.")
            started = time.perf_counter()
            prompt_tokens = len(transcript)
            evaluated = self._prefill(transcript, on_prefill, should_stop or _never)
            prefilled = time.perf_counter()
            reply = _Reply(sampling.stop, on_text)
            stopped: Stopped = "cancelled"
            if len(self._mirror) == prompt_tokens:
                with self._sampler(sampling) as sampler, self._constraint(sampling, transcript) as calls:
                    stopped = self._decode_reply(transcript, sampling, sampler, calls, reply, should_stop or _never)
            reply.finish()
            done = time.perf_counter()
            return Generation(
                text="".join(reply.shown),
                tokens=tuple(reply.tokens),
                stopped=stopped,
                prompt_tokens=prompt_tokens,
                evaluated_tokens=evaluated,
                completion_tokens=len(reply.tokens),
                prefill_ms=(prefilled - started) * 1000,
                decode_ms=(done - prefilled) * 1000,
                first_token_ms=None if reply.first is None else (reply.first - started) * 1000,
            )

    def _decode_reply(
        self,
        transcript: Transcript,
        sampling: SamplingSettings,
        sampler: Any,
        calls: CallConstraint | None,
        reply: "_Reply",
        should_stop: ShouldStop,
    ) -> Stopped:
        """Sample until something ends the reply; the last token sampled is left for the next prefill."""
        while not should_stop():
            token: int
            if calls is None:
                token = lib.llama_sampler_sample(sampler, self._context, -1)
            else:
                token = calls.sample(self._context, sampler, sampling.max_tokens - len(reply.tokens))
            transcript.append_sampled(token)
            if self._vocab.is_end(token):
                reply.add(token, b"")
                return "end"
            reply.add(token, self._vocab.piece(token))
            if reply.stopped or (calls is not None and calls.finished):
                return "stop"
            if len(reply.tokens) >= sampling.max_tokens:
                return "length"
            if len(transcript) >= self._info.n_ctx:
                return "context"
            self._evaluate([token])
        return "cancelled"

    def _prefill(self, transcript: Transcript, on_prefill: OnPrefill | None, should_stop: ShouldStop) -> int:
        """Bring the state to the end of the transcript, or less when stopped; return the prompt tokens that were run.

        At least one token is always run: its logits are what the reply begins with.
        """
        tokens = transcript.tokens
        common = _common_prefix(self._mirror, tokens)
        kept = self._rewind_to(min(common, len(tokens) - 1))
        total = len(tokens) - kept
        for start in range(kept, len(tokens), self._n_batch):
            if on_prefill is not None:
                on_prefill(start - kept, total)
            if should_stop() or not self._evaluate_stoppable(tokens[start : start + self._n_batch], should_stop):
                break
        if on_prefill is not None:
            on_prefill(len(self._mirror) - kept if len(self._mirror) >= kept else 0, total)
        reached = len(self._mirror)
        # What was sampled before and is run for the first time is no prompt; what is run again is counted.
        return max(reached - kept - transcript.sampled_between(common, reached), 0)

    def _rewind_to(self, count: int) -> int:
        """Take the state back to its first `count` tokens, or as near as this model can; return how many it holds.

        Recurrent and hybrid models cannot drop the end of their state: they begin anew.
        """
        if count == len(self._mirror):
            return count
        if count and lib.llama_memory_seq_rm(self._memory, 0, count, -1):
            del self._mirror[count:]
            return count
        self._forget()
        return 0

    def _forget(self) -> None:
        self._mirror.clear()
        lib.llama_memory_clear(self._memory, False)  # noqa: FBT003  # ctypes

    def _evaluate_stoppable(self, tokens: Sequence[int], should_stop: ShouldStop) -> bool:
        """Run a piece of prompt that `should_stop` may interrupt in the middle; return False when it did."""

        def interrupt(_user: ctypes.c_void_p) -> bool:
            return should_stop()

        # Asked once for every node of the graph: cheap for a piece of prompt, too dear for a single token.
        callback = lib.ggml_abort_callback(interrupt)
        lib.llama_set_abort_callback(self._context, callback, ctypes.c_void_p(0))
        try:
            return self._evaluate(tokens)
        finally:
            lib.llama_set_abort_callback(self._context, lib.ggml_abort_callback(), ctypes.c_void_p(0))

    def _evaluate(self, tokens: Sequence[int]) -> bool:
        """Append at most one batch of tokens to the state; return False when interrupted. Raises `EngineError`."""
        batch, first = self._batch, len(self._mirror)
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = first + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = False
        batch.logits[len(tokens) - 1] = True
        code = lib.llama_decode(self._context, batch)
        if code == 0:
            self._mirror += tokens
            return True
        # Parts of the batch may be in the state; a plain model can drop them, others begin anew.
        if self._info.recurrent or not lib.llama_memory_seq_rm(self._memory, 0, first, -1):
            self._forget()
        if code == _ABORTED:
            return False
        self._forget()
        raise EngineError(f"llama.cpp could not evaluate {len(tokens)} tokens (code {code}). {_reason()}")

    @contextlib.contextmanager
    def _constraint(self, sampling: SamplingSettings, transcript: Transcript) -> Iterator[CallConstraint | None]:
        """What keeps the calls of one reply in order, if anything is to."""
        if sampling.calls is None:
            yield None
            return
        with contextlib.closing(CallConstraint(lib, self._vocab, sampling.calls)) as calls:
            calls.resume(transcript.tokens)
            yield calls

    @contextlib.contextmanager
    def _sampler(self, sampling: SamplingSettings) -> Iterator[Any]:
        """A sampler chain for one reply; the same settings and seed give the same choices."""
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        try:
            if sampling.repeat_penalty != 1.0:
                penalties = lib.llama_sampler_init_penalties(
                    self._vocab.n_tokens, PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0
                )
                lib.llama_sampler_chain_add(chain, penalties)
            if sampling.temperature <= 0:
                lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_greedy())
            else:
                seed = self._seed if sampling.seed is None else sampling.seed
                lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_top_k(sampling.top_k))
                lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_top_p(sampling.top_p, 1))
                lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_temp(sampling.temperature))
                lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_dist(seed & 0xFFFF_FFFF))
            yield chain
        finally:
            lib.llama_sampler_free(chain)

    def _require_open(self) -> None:
        if self._model is None:
            raise EngineError("The model was closed. Load it again.")


class _Reply:
    """What was sampled so far and what of it has been shown."""

    def __init__(self, stop: tuple[str, ...], on_text: OnText | None) -> None:
        self._stream = TextStream(stop)
        self._on_text = on_text
        self.tokens: list[int] = []
        self.shown: list[str] = []
        self.first: float | None = None

    @property
    def stopped(self) -> bool:
        return self._stream.stopped

    def add(self, token: int, piece: bytes) -> None:
        if self.first is None:
            self.first = time.perf_counter()
        self.tokens.append(token)
        self._show(self._stream.feed(piece))

    def finish(self) -> None:
        self._show(self._stream.finish())

    def _show(self, text: str) -> None:
        if text:
            self.shown.append(text)
            if self._on_text is not None:
                self._on_text(text)


def _never() -> bool:
    return False


def _common_prefix(old: Sequence[int], new: Sequence[int]) -> int:
    # One comparison in C settles the usual case, a transcript that only grew.
    if len(new) >= len(old) and list(new[: len(old)]) == old:
        return len(old)
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _load_model(path: Path, settings: EngineSettings, on_progress: OnProgress | None) -> Any:
    params = lib.llama_model_default_params()
    params.n_gpu_layers = settings.n_gpu_layers
    params.load_mode = lib.LLAMA_LOAD_MODE_MMAP if settings.use_mmap else lib.LLAMA_LOAD_MODE_NONE
    raised: list[BaseException] = []

    def progress(fraction: float, _user: ctypes.c_void_p) -> bool:
        if on_progress is not None:
            try:
                on_progress(fraction)
            except BaseException as error:  # carried over the C frames and raised below
                raised.append(error)
                return False
        return True

    params.progress_callback = lib.llama_progress_callback(progress)  # referenced by `params` until it is loaded
    _last_errors.clear()
    model = lib.llama_model_load_from_file(os.fsencode(path), params)
    if raised:
        if model is not None:
            lib.llama_model_free(model)
        raise raised[0]
    if model is None:
        raise EngineError(f"llama.cpp cannot load {path.name}. {_reason()}")
    return model


def _make_context(model: Any, settings: EngineSettings, n_ctx: int, n_batch: int, n_threads: int) -> Any:
    for name in (settings.kv_type_k, settings.kv_type_v):
        if name not in KV_TYPES:
            raise EngineError(f"'{name}' is no KV cache type. Choose one of: {', '.join(KV_TYPES)}.")
    if settings.flash_attention is False and settings.kv_type_v not in _UNQUANTISED:
        raise EngineError(f"A KV cache of type {settings.kv_type_v} needs flash attention. Turn it on or choose f16.")
    params = lib.llama_context_default_params()
    params.n_ctx = n_ctx
    params.n_batch = params.n_ubatch = n_batch
    params.n_threads = params.n_threads_batch = n_threads
    params.type_k = KV_TYPES[settings.kv_type_k]
    params.type_v = KV_TYPES[settings.kv_type_v]
    params.flash_attn_type = {
        None: lib.LLAMA_FLASH_ATTN_TYPE_AUTO,
        True: lib.LLAMA_FLASH_ATTN_TYPE_ENABLED,
        False: lib.LLAMA_FLASH_ATTN_TYPE_DISABLED,
    }[settings.flash_attention]
    _last_errors.clear()
    context = lib.llama_init_from_model(model, params)
    if context is None:
        raise EngineError(f"llama.cpp cannot make a context of {n_ctx} tokens. {_reason()} Try a smaller context.")
    return context


def _description(model: Any) -> str:
    buffer = ctypes.create_string_buffer(256)
    lib.llama_model_desc(model, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")


def _reason() -> str:
    return f"It says: {_last_errors[-1]}." if _last_errors else "It gives no reason."
