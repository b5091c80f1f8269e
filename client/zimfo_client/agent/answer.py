"""An answer with everything that led to it, and its JSON form for programs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from zimfo_client.host import ToolHost
from zimfo_client.results import Source, ToolResult
from zimfo_shared.wire import Location

OnCall = Callable[[ToolResult], None]


@dataclass(frozen=True)
class StepUsage:
    """One model step in tokens: the prompt, what of it was run, what was sampled, what of the prompt was held."""

    prompt: int
    evaluated: int
    completion: int
    cached: int = 0


@dataclass
class Answer:
    """What the person gets. `stopped` says how the turn ended: `end`, `length`, `cap`, `cancelled` or `direct`."""

    question: str
    text: str
    model: str
    tool_calls: list[ToolResult] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    steps: list[StepUsage] = field(default_factory=list)
    timing: dict[str, float] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    stopped: str = "end"
    shown: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the object that `--json` and `--jsonl` print; times in ms, lengths in tokens."""
        return {
            "question": self.question,
            "answer": self.text,
            "model": self.model,
            "tool_calls": [
                {"name": call.name, "arguments": call.arguments, "ok": call.ok, "ms": round(call.ms, 1)}
                for call in self.tool_calls
            ],
            "sources": [asdict(source) for source in self.sources],
            "steps": [asdict(step) for step in self.steps],
            "usage": {
                "prompt_tokens": sum(step.prompt for step in self.steps),
                "evaluated_tokens": sum(step.evaluated for step in self.steps),
                "completion_tokens": sum(step.completion for step in self.steps),
                **self.usage,
            },
            "timing": {name: round(value, 1) for name, value in self.timing.items()},
            "stopped": self.stopped,
        }


class Recorder:
    """Makes the calls of one turn and keeps them, for sources and for the report."""

    def __init__(self, host: ToolHost, location: Location | None, on_call: OnCall | None) -> None:
        self._host = host
        self._location = location
        self._on_call = on_call
        self._started = time.perf_counter()
        self.calls: list[ToolResult] = []

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Call a tool; raises what `ToolHost.call` raises."""
        result = await self._host.call(name, arguments, self._location)
        self.note(result)
        return result

    def note(self, result: ToolResult) -> None:
        """Keep a call that was made, and show it."""
        self.calls.append(result)
        if self._on_call:
            self._on_call(result)

    def timing(self, **model_ms: float) -> dict[str, float]:
        """Return the turn's times in ms: in all, in tools, and what the engine measured."""
        total = 1000 * (time.perf_counter() - self._started)
        return {"total_ms": total, "tools_ms": sum(call.ms for call in self.calls), **model_ms}
