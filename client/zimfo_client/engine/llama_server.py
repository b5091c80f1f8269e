"""A model that llama.cpp's own server runs, with the same guarantees as in this process.

Prompts go over as token ids, and data is tokenised with special tokens off. What the server has of a prompt is not
computed again. A call is held to its grammar in two steps, because the server's own lazy grammars differ between its
releases: prose is decoded up to the call opener, and what follows it as a second completion under the grammar.
Endpoints and their fields: tools/server/README.md of llama.cpp.
"""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zimfo_client.engine.base import (
    EngineInfo,
    Generation,
    OnPrefill,
    OnText,
    SamplingSettings,
    ShouldStop,
    Stopped,
    never,
    require_room,
)
from zimfo_client.engine.endpoint import Endpoint
from zimfo_client.errors import EndpointError
from zimfo_client.transcript import Transcript, well_formed

PENALTY_WINDOW: Final = 64  # sampled tokens that a repeat penalty looks back on, llama.cpp's own default
MAX_KNOWN_TEXTS: Final = 256  # of a profile, whose tokens are kept; it has about twenty

# What a marker looks like. The server recognises markers that its model declares as plain tokens even where it is told
# not to, and does not say which these are; a token of text that only looks like one is harmless to take apart.
_MARKER: Final = re.compile(r"\s*(?:<[^<>]+>|\[/?[A-Z_]{2,}\])\s*")


class LlamaServerEngine:
    """A llama-server's model as an `Engine`. Not for use by two threads at once: a second caller waits."""

    def __init__(self, endpoint: Endpoint, properties: Mapping[str, Any], name: str, markers: Sequence[str]) -> None:
        """Take a server's `/props`, and the texts that mean something to its model. Raises `EndpointError`."""
        self._endpoint = endpoint
        self._markers = list(markers)
        self._lock = threading.Lock()
        self._known: dict[str, list[int]] = {}
        self._info = EngineInfo(f"{name} at {endpoint.root}", context_of(properties))
        # The server says whether a sequence begins with BOS only by what it puts in front of one.
        bare, begun = self._asked("a", special=False), self._asked("a", special=False, begin=True)
        before = len(begun) - len(bare) if begun[-1:] == bare[-1:] else len(begun) - len(bare) - 1
        self._bos = begun[0][0] if before > 0 else None

    @property
    def info(self) -> EngineInfo:
        """What is running; what the server does not tell is 0."""
        return self._info

    @property
    def bos(self) -> int | None:
        """The token that every sequence begins with, if the model wants one."""
        return self._bos

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of `text`; untrusted text never yields a marker. Raises `EndpointError`."""
        if not text:
            return []
        if trusted:
            if text not in self._known and len(self._known) < MAX_KNOWN_TEXTS:
                self._known[text] = [token for token, _ in self._asked(text, special=True)]
            return list(self._known.get(text) or [token for token, _ in self._asked(text, special=True)])
        tokens: list[int] = []
        for token, piece in self._asked(text, special=False):
            if len(piece.strip()) > 1 and _MARKER.fullmatch(piece):
                tokens += self.tokenize(piece[:1], trusted=False) + self.tokenize(piece[1:], trusted=False)
            else:
                tokens.append(token)
        return tokens

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, special ones included. Raises `EndpointError`."""
        found = self._endpoint.post("/detokenize", {"tokens": list(tokens)})
        if not isinstance(found, dict) or not isinstance(text := found.get("content"), str):
            raise _unlike(self._endpoint)
        return text

    def close(self) -> None:
        """Close the connections; the server goes on."""
        self._endpoint.close()

    def generate(
        self,
        transcript: Transcript,
        sampling: SamplingSettings,
        *,
        on_text: OnText | None = None,
        on_prefill: OnPrefill | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Generation:
        """Continue `transcript` by one reply, whose tokens are appended to it; see `Engine.generate`.

        Raises `EndpointError` as well.
        """
        with self._lock:
            require_room(transcript, self._info.n_ctx, sampling.max_tokens)
            prompt_tokens = len(transcript)
            reply = _Reply(on_text, on_prefill, should_stop or never)
            stopped = self._decode(transcript, sampling, reply)
            return Generation(
                text="".join(reply.shown),
                tokens=tuple(transcript.tokens[prompt_tokens:]),
                stopped=stopped,
                prompt_tokens=prompt_tokens,
                evaluated_tokens=reply.evaluated,
                completion_tokens=len(transcript) - prompt_tokens,
                prefill_ms=reply.prefill_ms,
                decode_ms=reply.decode_ms,
                first_token_ms=reply.first_ms,
                cached_tokens=prompt_tokens - reply.evaluated,
            )

    def _decode(self, transcript: Transcript, sampling: SamplingSettings, reply: "_Reply") -> Stopped:
        """Decode prose, and the call that it comes to. Appends what was sampled."""
        calls, start = sampling.calls, len(transcript)
        opener = calls.opener if calls else ""
        prose = {"stop": [*sampling.stop, *([opener] if opener else [])]}
        while (left := sampling.max_tokens - (len(transcript) - start)) > 0:
            part = self._completed(transcript, sampling, reply, left, prose)
            if not opener or part.stopping_word != opener:
                return self._ended(transcript, part)
            reply.show(opener)
            _append(transcript, self._to_opener(part, opener))
            if calls and not _is_thought("".join(reply.shown).removesuffix(opener), calls.reasoning):
                left = sampling.max_tokens - (len(transcript) - start)
                if left <= 0:
                    break
                held = {"grammar": calls.gbnf, "stop": list(sampling.stop)}
                return self._ended(transcript, self._completed(transcript, sampling, reply, left, held))
        return "length"

    def _completed(
        self, transcript: Transcript, sampling: SamplingSettings, reply: "_Reply", left: int, extra: Mapping[str, Any]
    ) -> "_Part":
        """Run one completion behind the transcript, of at most `left` tokens."""
        part = _Part()
        body = {
            "prompt": list(transcript.tokens),
            "n_predict": left,
            "cache_prompt": True,
            "stream": True,
            "return_tokens": True,
            "return_progress": True,
            "preserved_tokens": self._markers,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": 0.0,
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": PENALTY_WINDOW,
            "seed": sampling.seed or 0,
            **extra,
        }
        part.cancelled = not self._endpoint.stream(
            "/completion", body, lambda event: reply.take(event, part), reply.should_stop
        )
        return part

    def _ended(self, transcript: Transcript, part: "_Part") -> Stopped:
        """Append the last part of a reply and return why it ended."""
        _append(transcript, self._as_sampled(part))
        if part.cancelled:
            return "cancelled"
        if part.truncated:
            return "context"
        reasons: dict[str, Stopped] = {"eos": "end", "word": "stop", "limit": "length"}
        return reasons.get(part.stop_type, "end")

    def _as_sampled(self, part: "_Part") -> list[int]:
        """Return a part's tokens. The stream leaves out some that hold half a character; then its text is tokenised."""
        if not part.tokens:
            return []
        rendered = self.detokenize(part.tokens)
        has_end = part.stop_type in ("eos", "word")
        exact = rendered == part.text or (has_end and rendered.startswith(part.text))
        return part.tokens if exact else self.tokenize(part.text, trusted=False)

    def _to_opener(self, part: "_Part", opener: str) -> list[int]:
        """Return a part's tokens up to the end of the opener, whose last token may have held more."""
        if self.detokenize(part.tokens) == part.text + opener:
            return part.tokens
        return self.tokenize(part.text, trusted=False) + self.tokenize(opener, trusted=True)

    def _asked(self, text: str, *, special: bool, begin: bool = False) -> list[tuple[int, str]]:
        """Return the server's tokens of `text` with their texts."""
        found = self._endpoint.post(
            "/tokenize",
            {"content": well_formed(text), "add_special": begin, "parse_special": special, "with_pieces": True},
        )
        try:
            return [(int(one["id"]), _piece(one["piece"])) for one in found["tokens"]]
        except (KeyError, TypeError, ValueError):
            raise _unlike(self._endpoint) from None


def context_of(properties: Mapping[str, Any]) -> int:
    """Return the tokens of one slot's context as `/props` tells them, 0 where it does not."""
    settings = properties.get("default_generation_settings")
    n_ctx = settings.get("n_ctx") if isinstance(settings, Mapping) else None
    return n_ctx if isinstance(n_ctx, int) and n_ctx > 0 else 0


@dataclass
class _Part:
    """What one completion has given: text without its stop marker, tokens with it."""

    text: str = ""
    tokens: list[int] = field(default_factory=list)
    stop_type: str = ""
    stopping_word: str = ""
    truncated: bool = False
    cancelled: bool = False


class _Reply:
    """One reply in the making: who is told of it, and what it has cost so far."""

    def __init__(self, on_text: OnText | None, on_prefill: OnPrefill | None, should_stop: ShouldStop) -> None:
        self.should_stop = should_stop
        self.shown: list[str] = []
        self.evaluated = 0
        self.prefill_ms = self.decode_ms = 0.0
        self.first_ms: float | None = None
        self._on_text, self._on_prefill = on_text, on_prefill
        self._started = time.perf_counter()

    def show(self, text: str) -> None:
        if text:
            self.shown.append(text)
            if self._on_text is not None:
                self._on_text(text)

    def take(self, event: Mapping[str, Any], part: _Part) -> bool:
        """Take one event of a completion; returns whether it was the last."""
        progress = event.get("prompt_progress")
        if isinstance(progress, Mapping) and self._on_prefill is not None:
            cached = _number(progress.get("cache"))
            self._on_prefill(
                max(int(_number(progress.get("processed")) - cached), 0),
                int(_number(progress.get("total")) - cached),
            )
        tokens, text = event.get("tokens"), event.get("content")
        if isinstance(tokens, list):
            part.tokens += [token for token in tokens if isinstance(token, int)]
            if part.tokens and self.first_ms is None:
                self.first_ms = (time.perf_counter() - self._started) * 1000
        if isinstance(text, str):
            part.text += well_formed(text)
            self.show(well_formed(text))
        if event.get("stop") is not True:
            return False
        part.stop_type = str(event.get("stop_type", ""))
        part.stopping_word = str(event.get("stopping_word", "")) if part.stop_type == "word" else ""
        part.truncated = event.get("truncated") is True
        timings = event.get("timings")
        if isinstance(timings, Mapping):
            self.evaluated += int(_number(timings.get("prompt_n")))
            self.prefill_ms += _number(timings.get("prompt_ms"))
            self.decode_ms += _number(timings.get("predicted_ms"))
        return True


def _append(transcript: Transcript, tokens: Sequence[int]) -> None:
    for token in tokens:
        transcript.append_sampled(token)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _piece(piece: Any) -> str:
    return piece if isinstance(piece, str) else bytes(piece).decode("utf-8", "replace")


def _is_thought(before: str, reasoning: Sequence[tuple[str, str]]) -> bool:
    """Whether a reasoning span is open: what is thought of calls is none."""
    return any(before.rfind(opens) > before.rfind(closes) for opens, closes in reasoning)


def _unlike(endpoint: Endpoint) -> EndpointError:
    return EndpointError(f"{endpoint.root} does not answer like a llama-server. Is the address right?")
