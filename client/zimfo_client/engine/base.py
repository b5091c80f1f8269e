"""What every engine offers: settings, one result type and the protocol. Imports no engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from zimfo_client.calls.grammar import CallGrammar
from zimfo_client.errors import ContextFullError, EngineError
from zimfo_client.transcript import Transcript

MAX_RESERVE = 1_024  # tokens kept free for a reply: the longest answer in the fine-tune's corpus has about 200
RESERVE_SHARE = 4  # ... but never more than this fraction of a small context

Stopped = Literal["end", "stop", "length", "cancelled", "context"]
OnText = Callable[[str], None]
OnPrefill = Callable[[int, int], None]
OnProgress = Callable[[float], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class SamplingSettings:
    """How tokens are chosen. `temperature` 0 is greedy, `seed` None is the engine's, `max_tokens` bounds a reply.

    Once a call is begun, `calls` decides what it may be, and its end ends the reply; None leaves calls free.
    """

    temperature: float = 0.3
    top_p: float = 0.9
    top_k: int = 40
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int = MAX_RESERVE
    stop: tuple[str, ...] = ()
    calls: CallGrammar | None = None

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError("max_tokens must be at least 1")


@dataclass(frozen=True)
class EngineSettings:
    """How a model is loaded. `n_ctx` tokens (0 = as trained), `n_threads` 0 = chosen, `n_gpu_layers` -1 = all.

    `kv_type_k` and `kv_type_v` are names of ggml types (`f16`, `q8_0` …); `flash_attention` None lets llama.cpp choose.
    `adapter` is the path of a LoRA adapter in GGUF format, "" for none.
    """

    n_ctx: int = 0
    n_threads: int = 0
    n_gpu_layers: int = -1
    n_batch: int = 512
    flash_attention: bool | None = None
    kv_type_k: str = "f16"
    kv_type_v: str = "f16"
    use_mmap: bool = True
    seed: int = 0
    adapter: str = ""


@dataclass(frozen=True)
class EngineOverrides:
    """What a person set by hand; None keeps what the profile says."""

    n_ctx: int | None = None
    n_threads: int | None = None
    n_gpu_layers: int | None = None
    flash_attention: bool | None = None
    kv_type_k: str | None = None
    kv_type_v: str | None = None
    use_mmap: bool | None = None
    seed: int | None = None


@dataclass(frozen=True)
class EngineInfo:
    """What is running: description, context in tokens, parameters, weights in bytes, and whether state can be cut.

    What a server does not tell of its model is 0.
    """

    description: str
    n_ctx: int
    n_ctx_train: int = 0
    n_params: int = 0
    size_bytes: int = 0
    n_threads: int = 0
    recurrent: bool = False


@dataclass(frozen=True)
class Generation:
    """One reply. `text` is without the stop marker, `tokens` are all that were sampled, times are milliseconds.

    `evaluated_tokens` are the prompt tokens that had to be run; tokens that the model had sampled before and that were
    run for the first time (such as the end of its last turn) are not among them. `cached_tokens` were held when it
    began, in memory or on disk; `state_bytes` is what the engine holds now, checkpoints included.
    """

    text: str
    tokens: tuple[int, ...]
    stopped: Stopped
    prompt_tokens: int
    evaluated_tokens: int
    completion_tokens: int
    prefill_ms: float
    decode_ms: float
    first_token_ms: float | None
    cached_tokens: int = 0
    state_bytes: int = 0


class Engine(Protocol):
    """A model that continues transcripts. Also the tokenizer of its transcripts."""

    @property
    def info(self) -> EngineInfo:
        """What is running."""

    @property
    def bos(self) -> int | None:
        """The token that every sequence begins with, if the model wants one."""

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of `text`, none of them special unless it is trusted."""

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, special ones included."""

    def generate(
        self,
        transcript: Transcript,
        sampling: SamplingSettings,
        *,
        on_text: OnText | None = None,
        on_prefill: OnPrefill | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Generation:
        """Continue `transcript` by one reply, whose tokens are appended to it.

        `on_text` gets text that is safe to show, `on_prefill` the prompt tokens done and to do. Raises
        `ContextFullError` before anything is run, `EngineError` when decoding fails.
        """

    def close(self) -> None:
        """Free the model; safe to call twice."""


def reply_reserve(n_ctx: int, max_tokens: int) -> int:
    """Return the tokens to keep free for a reply in a context of `n_ctx` tokens."""
    return min(MAX_RESERVE, n_ctx // RESERVE_SHARE, max_tokens)


def require_room(transcript: Transcript, n_ctx: int, max_tokens: int) -> None:
    """Refuse a transcript that leaves no room for a reply, or that is empty.

    Raises `ContextFullError` and `EngineError`.
    """
    if not len(transcript):
        raise EngineError("There is nothing to continue: the transcript is empty.")
    needed = len(transcript) + reply_reserve(n_ctx, max_tokens)
    if needed > n_ctx:
        raise ContextFullError(needed, n_ctx)


def never() -> bool:
    """Say that nobody wants to stop."""
    return False
