"""Single steps of a model in a conversation: decode, parse, show what may be shown, note what is too long to keep."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from zimfo_client.agent.answer import StepUsage
from zimfo_client.agent.compact import compact
from zimfo_client.agent.dialogue import Dialogue
from zimfo_client.agent.digest import NOTE_IT, NOTE_TOKENS, as_result, long_section
from zimfo_client.agent.turn import Turn, Watcher
from zimfo_client.calls import CallGate, ParsedReply, parse_calls
from zimfo_client.engine.base import Engine, Generation, SamplingSettings
from zimfo_client.engine.worker import agenerate
from zimfo_client.profile import Profile
from zimfo_client.results import ToolResult
from zimfo_client.transcript import Segment

KEPT_STEPS: Final = 1_000  # model steps that `stats` looks back on


class Stepper:
    """Runs one model over one dialogue. `tools` are the names of what it may call, each with its arguments."""

    def __init__(
        self,
        engine: Engine,
        profile: Profile,
        sampling: SamplingSettings,
        tools: Mapping[str, Collection[str]],
        dialogue: Dialogue,
        watch: Watcher,
    ) -> None:
        self._engine, self._profile, self._sampling = engine, profile, sampling
        self._tools = {name: list(arguments) for name, arguments in tools.items()}
        self._dialogue, self._watch = dialogue, watch
        self.generations: deque[Generation] = deque(maxlen=KEPT_STEPS)

    async def generate(self, turn: Turn, gate: CallGate | None = None, *, max_tokens: int | None = None) -> Generation:
        """Run one model step; with a gate, prose is shown as it is decoded."""
        sampling = replace(self._sampling, max_tokens=max_tokens) if max_tokens else self._sampling
        self._dialogue.add(self._profile.answer_open())

        def on_text(text: str) -> None:
            assert gate is not None
            self.show(turn, gate.feed(text))

        generation = await agenerate(
            self._engine,
            self._dialogue.transcript,
            sampling,
            on_text=on_text if gate and self._watch.on_text else None,
            on_prefill=self._watch.on_prefill,
        )
        turn.generations.append(generation)
        self.generations.append(generation)
        turn.steps.append(
            StepUsage(
                generation.prompt_tokens,
                generation.evaluated_tokens,
                generation.completion_tokens,
                generation.cached_tokens,
            )
        )
        return generation

    def gate(self) -> CallGate:
        """Return what lets prose through and holds calls back."""
        return CallGate(self._tools, reasoning=self._profile.reasoning, wrapper=self._profile.wrapper)

    def parsed(self, generation: Generation) -> ParsedReply:
        """Return the calls and the prose of a step."""
        profile = self._profile
        return parse_calls(generation.text, self._tools, reasoning=profile.reasoning, wrapper=profile.wrapper)

    def show(self, turn: Turn, text: str) -> None:
        """Show a piece of an answer."""
        if text and self._watch.on_text:
            turn.shown = True
            self._watch.on_text(text)

    async def noted(self, turn: Turn, result: ToolResult) -> tuple[str, dict[str, Any]]:
        """Return a result as it stands in the prompt: of a long section, what the model notes when it reads that alone.

        What was read for the note is taken back, so that the prompt holds one section at a time.
        """
        compacted = compacted_result(result, turn.question)
        read = long_section(result, turn.question)
        if read is None or not self._dialogue.holds(read):
            return compacted
        place = self._dialogue.place()
        self._dialogue.transcript.anchor()

        def rendered(results: Sequence[tuple[str, str]]) -> list[Segment]:
            return self._profile.tool_results([(name, text + NOTE_IT) for name, text in results])

        self._dialogue.add_results([(result.name, read)], rendered)
        generation = await self.generate(turn, max_tokens=NOTE_TOKENS)
        self._dialogue.take_back(place)
        reply = self.parsed(generation)
        note = None if reply.calls else as_result(reply.text, read, turn.question)
        return (result.name, note) if note is not None else compacted


def compacted_result(result: ToolResult, question: str) -> tuple[str, dict[str, Any]]:
    """Return a result's name and what of it stands in the prompt."""
    return result.name, compact(result, question)
