"""What one question has led to so far, who is told of it, and how far the model is trusted with it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from zimfo_client.agent.answer import OnCall, Recorder, StepUsage
from zimfo_client.engine.base import Generation, OnPrefill
from zimfo_client.results import Source, ToolResult

MAX_TURN_SECONDS: Final = 600.0  # after which no further call is begun: nobody waits longer for one answer
MAX_TURN_TOKENS: Final = 4_096  # sampled in one turn; an answer and six calls need a tenth of it
MAX_TURN_CALLS: Final = 16  # of tools in one turn, the host's own among them
HINTED_FRUITLESS: Final = 3  # calls in a row without a finding, from which on the model is told to stop looking
MAX_FRUITLESS: Final = 5  # such calls after which it has to answer


class Grounding(Enum):
    """What happens to words of a model that no result holds."""

    OFF = "off"
    MARKED = "marked"  # what is not found is named behind the answer
    STRICT = "strict"  # besides, an answer without any result gives way to what the archives say


class Intents(Enum):
    """Which recognised question shapes the host decides without the model."""

    NONE = "none"
    MISTRAINED = "mistrained"
    ALL = "all"


@dataclass
class Watcher:
    """Who is told what while a turn runs; every member may be left as it is."""

    on_text: Callable[[str], None] | None = None
    on_call: OnCall | None = None
    on_prefill: OnPrefill | None = None
    on_notice: Callable[[str], None] | None = None
    on_trace: Callable[[str], None] | None = None


@dataclass
class Turn:
    """What one question has led to so far."""

    question: str
    recorder: Recorder
    steps: list[StepUsage] = field(default_factory=list)
    generations: list[Generation] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    stopped: str = "end"
    shown: bool = False
    fruitless: int = 0  # calls in a row that found nothing
    began: float = field(default_factory=time.monotonic)

    def is_spent(self) -> bool:
        """Whether the turn has had all the time, tokens and calls that it may have, so that it has to be answered."""
        return (
            time.monotonic() - self.began >= MAX_TURN_SECONDS
            or sum(step.completion for step in self.steps) >= MAX_TURN_TOKENS
            or len(self.recorder.calls) >= MAX_TURN_CALLS
            or self.fruitless >= MAX_FRUITLESS
        )

    def judge(self, result: ToolResult) -> None:
        """Count a call that has found nothing; one that has found something ends the row."""
        lists = [value for value in (result.payload or {}).values() if isinstance(value, list)]
        found = result.ok and (not lists or any(lists))
        self.fruitless = 0 if found else self.fruitless + 1

    def evidence(self) -> "Evidence":
        """Return what was asked and found."""
        found = [call.text for call in self.recorder.calls if call.ok]
        return Evidence("\n".join([self.question, *found]), bool(found))


@dataclass(frozen=True)
class Evidence:
    """What an answer may stand on: a question, and the results that were found for it, if any."""

    text: str
    has_results: bool
