"""Puts the questions of a suite to `zimfo chat`, each conversation in a process of its own, and judges the answers.

A process of its own makes its peak of memory its own, and a crash costs one conversation.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from zimfo_client.evaluation.judge import Verdict, judge
from zimfo_client.evaluation.suite import Scenario, Suite, Turn

# The published grid gives a whole scenario as long.
TURN_DEADLINE_S: Final = 600.0
END_DEADLINE_S: Final = 30.0  # to end after the last answer, before it is killed
MAX_LINE_BYTES: Final = 16_000_000  # of one answer with its calls; an article read aloud has a megabyte
SHOWN_STDERR: Final = 3  # lines of a process that ended early

_CHAT: Final = (sys.executable, "-m", "zimfo_client", "chat", "--jsonl")


@dataclass(frozen=True, slots=True)
class TurnResult:
    """A question with its answer and the verdict on it; of a turn that failed, the answer is the error."""

    ask: str
    text: str
    verdict: Verdict
    calls: tuple[str, ...] = ()
    prompt_tokens: int = 0
    evaluated_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    first_token_s: float | None = None
    decode_s: float = 0.0
    peak_rss_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """All runs of one scenario, and the turns of the one that is shown: the first that failed, else the first."""

    id: str
    runs: tuple[bool, ...]
    turns: tuple[TurnResult, ...]

    @property
    def passed(self) -> bool:
        """Whether more than half of the runs passed."""
        return 2 * sum(self.runs) > len(self.runs)


@dataclass(slots=True)
class Plan:
    """How a suite is run: the options of `zimfo chat`, and how often and how much at once."""

    options: Sequence[str] = ()
    repeat: int = 1
    seed: int | None = None
    jobs: int = 1
    told: Callable[[ScenarioResult], None] = field(default=lambda result: None)  # as each scenario is done


async def run_suite(suite: Suite, plan: Plan) -> list[ScenarioResult]:
    """Run all scenarios and return their results in the order of the suite."""
    results: dict[str, ScenarioResult] = {}
    limiter = anyio.CapacityLimiter(plan.jobs)

    async def run(scenario: Scenario) -> None:
        async with limiter:
            runs = [await _conversation(scenario, plan, number) for number in range(plan.repeat)]
        passed = tuple(all(turn.verdict.passed for turn in turns) for turns in runs)
        shown = runs[passed.index(False)] if False in passed else runs[0]
        result = results[scenario.id] = ScenarioResult(scenario.id, passed, tuple(shown))
        plan.told(result)

    async with anyio.create_task_group() as group:
        for scenario in suite.scenarios:
            group.start_soon(run, scenario)
    return [results[scenario.id] for scenario in suite.scenarios]


async def _conversation(scenario: Scenario, plan: Plan, number: int) -> list[TurnResult]:
    command = [*_CHAT, *plan.options]
    if plan.seed is not None:
        command += ["--seed", str(plan.seed + number)]
    if scenario.location:
        command.append(f"--location={scenario.location}")
    results: list[TurnResult] = []
    async with await anyio.open_process(command) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: PT018
        said: list[str] = []
        async with anyio.create_task_group() as group:
            group.start_soon(_keep, process, said)
            lines = BufferedByteReceiveStream(process.stdout)
            for turn in scenario.turns:
                failure = await _asked(process, lines, turn, results)
                if failure:
                    # What follows builds on what was not answered.
                    results.append(_failed(turn, failure))
                    break
            await process.stdin.aclose()
            with anyio.move_on_after(END_DEADLINE_S):
                await process.wait()
            if process.returncode is None:
                process.kill()
            group.cancel_scope.cancel()
    if said and results and results[-1].text == _ENDED:
        results[-1] = _failed(scenario.turns[len(results) - 1], " ".join(said[-SHOWN_STDERR:]))
    unasked = scenario.turns[len(results) :]
    return [*results, *(_failed(turn, "not asked: the turn before failed") for turn in unasked)]


_ENDED: Final = "the process ended without an answer"


async def _asked(
    process: Process, lines: BufferedByteReceiveStream, turn: Turn, results: list[TurnResult]
) -> str | None:
    """Put one question and add its result; returns what went wrong where there is no answer."""
    assert process.stdin is not None
    try:
        with anyio.fail_after(TURN_DEADLINE_S):
            await process.stdin.send(" ".join(turn.ask.split()).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await lines.receive_until(b"\n", MAX_LINE_BYTES))
    except TimeoutError:
        return f"no answer within {TURN_DEADLINE_S:g} s"
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead, anyio.EndOfStream):
        return _ENDED
    except (anyio.DelimiterNotFound, ValueError):
        return "the answer cannot be read"
    if "error" in answer:
        return str(answer["error"])
    usage, timing = answer["usage"], answer["timing"]
    first = timing.get("first_token_ms")
    results.append(
        TurnResult(
            ask=turn.ask,
            text=answer["answer"],
            verdict=judge(turn, answer),
            calls=tuple(call["name"] for call in answer["tool_calls"]),
            prompt_tokens=usage["prompt_tokens"],
            evaluated_tokens=usage["evaluated_tokens"],
            completion_tokens=usage["completion_tokens"],
            seconds=timing["total_ms"] / 1000,
            first_token_s=None if first is None else first / 1000,
            decode_s=timing.get("decode_ms", 0.0) / 1000,
            peak_rss_bytes=usage.get("peak_rss_bytes"),
        )
    )
    return None


def _failed(turn: Turn, reason: str) -> TurnResult:
    return TurnResult(turn.ask, reason, Verdict(None, None, None, (reason,)))


async def _keep(process: Process, said: list[str]) -> None:
    """Read what the process says besides, so that it never waits for a reader, and keep the end of it."""
    assert process.stderr is not None
    rest = b""
    async for chunk in process.stderr:
        *lines, rest = (rest + chunk).split(b"\n")
        said += [line.decode("utf-8", "replace").strip() for line in lines if line.strip()]
        del said[:-SHOWN_STDERR]
        rest = rest[-MAX_LINE_BYTES:]
