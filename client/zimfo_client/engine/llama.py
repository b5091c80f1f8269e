"""llama.cpp in this process, through its low-level interface. The only module that imports `llama_cpp`.

A new transcript keeps what it has in common with the state from its beginning, or as much of that as the model can go
back to, and only what is new is evaluated.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import llama_cpp.llama_cpp as lib

from zimfo_client.engine import loading
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
    never,
    require_room,
)
from zimfo_client.engine.constrained import CallConstraint
from zimfo_client.engine.state import SequenceState
from zimfo_client.engine.streaming import TextStream
from zimfo_client.engine.vocab import Vocab
from zimfo_client.engine.warm import WarmStore, model_identity
from zimfo_client.errors import EngineError
from zimfo_client.transcript import Transcript

PENALTY_WINDOW = 64  # sampled tokens that a repeat penalty looks back on, llama.cpp's own default
ANCHOR_SLACK: Final = 4  # tokens; nearer than this before an anchor a checkpoint serves as well and costs no extra step

loading.begin(lib)


class LlamaEngine:
    """A GGUF model with one sequence. Not for use by two threads at once: a second caller waits for the first."""

    def __init__(self, path: Path, settings: EngineSettings, *, on_progress: OnProgress | None = None) -> None:
        """Load a model. Raises `EngineError`, and whatever `on_progress` raises."""
        self._lock = threading.Lock()
        self._model: Any = None
        self._context: Any = None
        self._state: SequenceState | None = None
        self._unsaved: tuple[list[int], bytes] | None = None
        self._seed = settings.seed
        try:
            self._model = loading.load_model(lib, path, settings, on_progress)
            self._vocab = Vocab(lib, self._model)
            n_threads = settings.n_threads or loading.default_threads()
            n_ctx_train: int = lib.llama_model_n_ctx_train(self._model)
            n_ctx = min(settings.n_ctx or n_ctx_train, n_ctx_train) if n_ctx_train > 0 else settings.n_ctx
            self._n_batch = min(settings.n_batch, n_ctx)
            self._context = loading.make_context(lib, self._model, settings, n_ctx, self._n_batch, n_threads)
            if settings.adapter:
                loading.attach_adapter(lib, self._model, self._context, Path(settings.adapter))
            self._state = SequenceState(lib, self._model, self._context, self._n_batch)
        except BaseException:
            self.close()
            raise
        self._warm = _warm_store(path, settings, n_ctx, self._n_batch)
        self._info = EngineInfo(
            description=loading.description(lib, self._model),
            n_ctx=min(n_ctx, lib.llama_n_ctx(self._context)),  # llama.cpp rounds up
            n_ctx_train=n_ctx_train,
            n_params=lib.llama_model_n_params(self._model),
            size_bytes=lib.llama_model_size(self._model),
            n_threads=n_threads,
            recurrent=self._state.recurrent,
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
            if self._state is not None:
                self._state.close()
            if self._context is not None:
                lib.llama_free(self._context)
            if self._model is not None:
                lib.llama_model_free(self._model)
            self._state = self._context = self._model = None

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
        should_stop = should_stop or never
        with self._lock:
            state = self._require_open()
            require_room(transcript, self._info.n_ctx, sampling.max_tokens)
            started = time.perf_counter()
            prompt_tokens = len(transcript)
            cached, evaluated = self._prefill(state, transcript, on_prefill, should_stop)
            prefilled = time.perf_counter()
            reply = _Reply(sampling.stop, on_text)
            stopped: Stopped = "cancelled"
            if len(state.tokens) == prompt_tokens:
                with self._sampler(sampling) as sampler, self._constraint(sampling, transcript) as calls:
                    stopped = self._decode_reply(state, transcript, sampling, sampler, calls, reply, should_stop)
            reply.finish()
            done = time.perf_counter()
            self._save_unsaved()
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
                cached_tokens=cached,
                state_bytes=state.size,
            )

    def _decode_reply(
        self,
        state: SequenceState,
        transcript: Transcript,
        sampling: SamplingSettings,
        sampler: Any,
        calls: CallConstraint | None,
        reply: "_Reply",
        should_stop: ShouldStop,
    ) -> Stopped:
        """Sample until something ends the reply; the last token sampled is left for the next prefill."""
        while not should_stop():
            token = self._sampled(sampler, calls, sampling.max_tokens - len(reply.tokens))
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
            state.evaluate([token])
        return "cancelled"

    def _sampled(self, sampler: Any, calls: CallConstraint | None, left: int) -> int:
        """Return the next token, under the grammar where there is one; `left` are the tokens that may still come."""
        if calls is not None:
            return calls.sample(self._context, sampler, left)
        token: int = lib.llama_sampler_sample(sampler, self._context, -1)
        return token

    def _prefill(
        self, state: SequenceState, transcript: Transcript, on_prefill: OnPrefill | None, should_stop: ShouldStop
    ) -> tuple[int, int]:
        """Bring the state to the end of the transcript, or less when stopped.

        Returns the tokens that were held already and the prompt tokens that were run.

        At least one token is always run: its logits are what the reply begins with.
        """
        tokens = transcript.tokens
        common = _common_prefix(state.tokens, tokens)
        # Only what is beyond all that was held can have been sampled and not have been run yet.
        unrun = common if common == len(state.tokens) else len(tokens)
        first = transcript.anchors[0] if transcript.anchors else 0
        kept = state.rewind(min(common, len(tokens) - 1))
        if kept < first < len(tokens):
            kept = self._warmed(state, tokens[:first], kept)
        total = len(tokens) - kept
        for start, stop, is_anchor in _pieces(kept, len(tokens), self._n_batch, transcript.anchors):
            if on_prefill is not None:
                on_prefill(start - kept, total)
            state.keep(passing=not is_anchor)
            if should_stop() or not state.evaluate_stoppable(tokens[start:stop], should_stop):
                break
            if stop == first and self._warm and self._warm.is_on():
                self._unsaved = list(tokens[:first]), state.export()
        reached = len(state.tokens)
        if on_prefill is not None:
            on_prefill(max(reached - kept, 0), total)
        # What was sampled before and is run for the first time is no prompt; what is run again is counted.
        return kept, max(reached - kept - transcript.sampled_between(unrun, reached), 0)

    def _warmed(self, state: SequenceState, tokens: Sequence[int], kept: int) -> int:
        """Take the state behind the tools from disk if it is there; return how many tokens are held."""
        stored = self._warm.load(tokens) if self._warm else None
        if stored is None:
            return kept
        if state.restore(tokens, stored):
            return len(tokens)
        assert self._warm is not None
        self._warm.discard(tokens)
        return 0

    def _save_unsaved(self) -> None:
        """Store the state behind the tools, when nobody waits for an answer any more."""
        if self._warm and self._unsaved:
            self._warm.save(*self._unsaved)
        self._unsaved = None

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

    def _require_open(self) -> SequenceState:
        if self._state is None:
            raise EngineError("The model was closed. Load it again.")
        return self._state


def _warm_store(path: Path, settings: EngineSettings, n_ctx: int, n_batch: int) -> WarmStore | None:
    """Return the store of states that depend on this model, these parameters and this library on this processor."""
    try:
        model = model_identity(path)
        adapter = model_identity(Path(settings.adapter)) if settings.adapter else None
    except OSError:
        return None
    parameters = {**asdict(settings), "n_ctx": n_ctx, "n_batch": n_batch, "seed": 0, "n_threads": 0}
    library = {
        "version": version("llama-cpp-python"),
        "system": lib.llama_print_system_info().decode("utf-8", "replace"),
    }
    return WarmStore({"model": model, "adapter": adapter, "context": parameters, "library": library})


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


def _common_prefix(old: Sequence[int], new: Sequence[int]) -> int:
    # One comparison in C settles the usual case, a transcript that only grew.
    if len(new) >= len(old) and list(new[: len(old)]) == old:
        return len(old)
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _pieces(start: int, end: int, n_batch: int, anchors: Sequence[int]) -> Iterator[tuple[int, int, bool]]:
    """Cut a prompt into batches that end at its anchors; yields (start, stop, whether the start is an anchor's).

    An anchor that is next to the start is served by the start.
    """
    ahead = [anchor for anchor in anchors if start <= anchor < end]
    is_anchor = bool(ahead) and ahead[0] <= start + ANCHOR_SLACK
    ahead = [anchor for anchor in ahead if anchor > start + ANCHOR_SLACK]
    while start < end:
        stop = min(start + n_batch, end, *ahead[:1])
        yield start, stop, is_anchor
        is_anchor = bool(ahead) and stop == ahead[0]
        ahead = ahead[1:] if is_anchor else ahead
        start = stop
