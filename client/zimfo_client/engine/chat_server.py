"""A model behind `/v1/chat/completions`, where the server renders turns and tools: Ollama, LM Studio, vLLM.

The transcript stays the only path to the model; its turns are sent as messages, and the calls that come back are
written into it in the profile's notation. What the server makes of a text cannot be checked, so markers in data are
broken up: a weaker guarantee than token ids give. Such a server has no tokenizer for us, so what fits its context is
reckoned by characters, on the safe side.
"""

import json
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zimfo_client.calls import ParsedReply, ToolCall, parse_calls
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
from zimfo_client.neutral import broken_up
from zimfo_client.transcript import Transcript, well_formed

CHARS_A_TOKEN: Final = 3  # English has four, JSON three and a half
MAX_CALLS: Final = 16  # of one reply; their pieces come one by one, under numbers that the server chooses
INSTRUCTION: Final = (
    "You are a concise assistant that works offline. Encyclopedia articles and maps are open to you through tools. "
    "Use a tool instead of guessing, and answer only from what it returns."
)
_PIECES: Final = re.compile(rf"(?s).{{1,{CHARS_A_TOKEN}}}")

Message = dict[str, Any]


@dataclass(frozen=True)
class ChatNotation:
    """How a transcript for such a server is written: markers of turns, between results, and around calls.

    `markers` are all texts that data may not hold.
    """

    markers: tuple[str, ...]
    turns: tuple[str, ...]
    join: str
    call_open: str
    call_close: str


class ChatServerEngine:
    """Such a server's model as an `Engine`. Not for use by two threads at once: a second caller waits."""

    bos: int | None = None  # the server's own business

    def __init__(self, endpoint: Endpoint, model: str, n_ctx: int, notation: ChatNotation) -> None:
        """Name the server's model; `n_ctx` are the tokens that it is taken to hold. Sends nothing."""
        self._endpoint, self._model, self._notation = endpoint, model, notation
        self._lock = threading.Lock()
        self._texts: list[str] = []
        self._ids: dict[str, int] = {}
        self._info = EngineInfo(f"{model} at {endpoint.root}", n_ctx)

    @property
    def info(self) -> EngineInfo:
        """What is running; what the server does not tell is 0."""
        return self._info

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return numbers for pieces of `text`, as many as it has tokens at most."""
        return [self._id(piece) for piece in _PIECES.findall(text)]

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of such numbers."""
        return "".join(self._texts[token] for token in tokens)

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
        """Continue `transcript` by one reply; see `Engine.generate`. Raises `EndpointError` as well."""
        del on_prefill  # such a server does not tell
        with self._lock:
            require_room(transcript, self._info.n_ctx, sampling.max_tokens)
            reply = _Reply(on_text)
            body = self._request(transcript, sampling)
            ended = self._endpoint.stream("/v1/chat/completions", body, reply.take, should_stop or never)
            reply.show(reply.calls_text(self._notation))
            estimated, text = len(transcript), "".join(reply.shown)
            tokens = self.tokenize(text, trusted=False)
            for token in tokens:
                transcript.append_sampled(token)
            done = time.perf_counter()
            first = done if reply.first is None else reply.first
            prompt = reply.usage("prompt_tokens", estimated)
            cached = reply.cached(prompt)
            return Generation(
                text=text,
                tokens=tuple(tokens),
                stopped=reply.stopped if ended else "cancelled",
                prompt_tokens=prompt,
                evaluated_tokens=prompt - cached,
                completion_tokens=reply.usage("completion_tokens", len(tokens)),
                prefill_ms=(first - reply.started) * 1000,
                decode_ms=(done - first) * 1000,
                first_token_ms=None if reply.first is None else (reply.first - reply.started) * 1000,
                cached_tokens=cached,
            )

    def _request(self, transcript: Transcript, sampling: SamplingSettings) -> dict[str, Any]:
        turns = list(self._turns(transcript))
        tools = _tools(next((turn.text for turn in turns if turn.role == "system"), ""))
        body: dict[str, Any] = {
            "model": self._model,
            "messages": self._messages(turns, tools),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
        }
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if tools:
            body["tools"] = [{"type": "function", "function": tool} for tool in tools.values()]
        return body

    def _turns(self, transcript: Transcript) -> Iterable["_Turn"]:
        """Yield the turns of a transcript; what has no text yet, such as the reply that is asked for, is left out."""
        turn: _Turn | None = None
        pieces = transcript.pieces
        for number, piece in enumerate(pieces):
            role = "assistant" if piece.segment is None else piece.segment.role
            if turn is None or turn.role != role:
                if turn is not None and turn.parts:
                    yield turn
                turn = _Turn(role)
            if piece.segment is None:
                stop = pieces[number + 1].start if number + 1 < len(pieces) else len(transcript)
                turn.parts.append(self.detokenize(transcript.tokens[piece.start : stop]))
            elif not piece.segment.trusted:
                turn.parts.append(piece.segment.text)
            elif piece.segment.text != self._notation.join and (text := self._without_turns(piece.segment.text)):
                turn.parts.append(text)
        if turn is not None and turn.parts:
            yield turn

    def _without_turns(self, text: str) -> str:
        for marker in self._notation.turns:
            text = text.replace(marker, "")
        return text if text.strip() else ""

    def _messages(self, turns: Sequence["_Turn"], tools: Mapping[str, Mapping[str, Any]]) -> list[Message]:
        messages: list[Message] = [{"role": "system", "content": INSTRUCTION}]
        names = {name: list(tool["parameters"].get("properties", {})) for name, tool in tools.items()}
        waiting: list[str] = []  # the identifiers of calls whose results come next
        made = 0
        for turn, following in zip(turns, [*turns[1:], None], strict=True):
            if turn.role == "assistant":
                results = len(following.parts) if following is not None and following.role == "tool" else 0
                reply = parse_calls(turn.text, names) if results else ParsedReply(text=turn.text)
                calls = reply.calls[:results]
                waiting = [_call_id(made + number) for number in range(len(calls))]
                made += len(calls)
                messages.append(self._assistant(reply.text, dict(zip(waiting, calls, strict=True))))
            elif turn.role == "tool" and len(waiting) == len(turn.parts):
                messages += [
                    {"role": "tool", "tool_call_id": name, "content": self._data(part)}
                    for name, part in zip(waiting, turn.parts, strict=True)
                ]
            elif turn.role != "system":
                messages.append({"role": "user", "content": self._data(turn.text)})
        return messages

    def _assistant(self, text: str, calls: Mapping[str, ToolCall]) -> Message:
        message: Message = {"role": "assistant", "content": self._data(text)}
        if calls:
            message["tool_calls"] = [
                {
                    "id": name,
                    "type": "function",
                    "function": {
                        "name": call.name,
                        "arguments": self._data(json.dumps(call.arguments, ensure_ascii=False)),
                    },
                }
                for name, call in calls.items()
            ]
        return message

    def _data(self, text: str) -> str:
        return broken_up(well_formed(text).strip(), self._notation.markers)

    def _id(self, piece: str) -> int:
        if piece not in self._ids:
            self._ids[piece] = len(self._texts)
            self._texts.append(piece)
        return self._ids[piece]


@dataclass
class _Turn:
    """A message in the making; of results each is a part of its own."""

    role: str
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)


class _Reply:
    """What has come of one reply."""

    def __init__(self, on_text: OnText | None) -> None:
        self.started = time.perf_counter()
        self.first: float | None = None
        self.shown: list[str] = []
        self.stopped: Stopped = "end"
        self._on_text = on_text
        self._calls: dict[int, dict[str, str]] = {}
        self._usage: Mapping[str, Any] = {}

    def show(self, text: str) -> None:
        if text := well_formed(text):
            self.shown.append(text)
            if self._on_text is not None:
                self._on_text(text)

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take one event; the empty one is the last."""
        if not event:
            return True
        if isinstance(usage := event.get("usage"), Mapping):
            self._usage = usage
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
        delta = choice.get("delta")
        if isinstance(delta, Mapping):
            self._take_delta(delta)
        if choice.get("finish_reason") == "length":
            self.stopped = "length"
        return False

    def _take_delta(self, delta: Mapping[str, Any]) -> None:
        text, calls = delta.get("content"), delta.get("tool_calls")
        if self.first is None and (text or calls):
            self.first = time.perf_counter()
        if isinstance(text, str):
            self.show(text)
        for call in calls if isinstance(calls, list) else []:
            function = call.get("function") if isinstance(call, Mapping) else None
            if not isinstance(function, Mapping):
                continue
            number = call.get("index")
            number = number if isinstance(number, int) else len(self._calls)
            if number not in self._calls and len(self._calls) >= MAX_CALLS:
                continue
            known = self._calls.setdefault(number, {"name": "", "arguments": ""})
            for key in known:
                if isinstance(piece := function.get(key), str):
                    known[key] += piece

    def calls_text(self, notation: ChatNotation) -> str:
        """Return the calls as a model of the profile would have written them."""
        written = (
            f'{{"name": {json.dumps(call["name"], ensure_ascii=False)}, "arguments": {call["arguments"] or "{}"}}}'
            for _, call in sorted(self._calls.items())
        )
        return "\n".join(f"{notation.call_open}{call}{notation.call_close}" for call in written)

    def usage(self, key: str, estimated: int) -> int:
        """Return a count of the server's, else our own."""
        count = self._usage.get(key)
        return count if isinstance(count, int) and count > 0 else estimated

    def cached(self, prompt: int) -> int:
        """Return the tokens of the prompt that the server had, 0 where it does not say."""
        details = self._usage.get("prompt_tokens_details")
        count = details.get("cached_tokens") if isinstance(details, Mapping) else None
        return min(count, prompt) if isinstance(count, int) and count > 0 else 0


def _tools(fold: str) -> dict[str, Mapping[str, Any]]:
    """Return the tools of a fold that has one in each line, by name."""
    tools = (json.loads(line) for line in fold.split("\n") if line.strip())
    return {tool["name"]: tool for tool in tools}


def _call_id(number: int) -> str:
    return f"call{number:05}"  # nine letters and digits, which some templates insist on
