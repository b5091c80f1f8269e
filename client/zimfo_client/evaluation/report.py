"""What an evaluation found, as a table for people, as JSON for programs, and two of them side by side."""

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from zimfo_client.errors import SuiteError
from zimfo_client.evaluation.run import ScenarioResult, TurnResult

MAX_SHOWN_ANSWER: Final = 400  # characters of an answer in a report
MAX_REPORT_BYTES: Final = 64_000_000

_HEAD: Final = ("scenario", "pass", "tool", "facts", "cites", "calls", "prompt", "evaluated", "first s", "tok/s", "MB")


def as_json(suite: str, model: str, results: Sequence[ScenarioResult]) -> dict[str, Any]:
    """Return the report as one object."""
    return {
        "suite": suite,
        "model": model,
        "passed": sum(result.passed for result in results),
        "total": len(results),
        "scenarios": [
            {
                "id": result.id,
                "passed": result.passed,
                "runs": list(result.runs),
                "turns": [_turn(turn) for turn in result.turns],
            }
            for result in results
        ],
        "totals": _totals(results),
    }


def table(results: Sequence[ScenarioResult]) -> list[str]:
    """Return the report as lines of a table, with what was wrong below."""
    rows = [_HEAD, *(_row(result) for result in results), _sum(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return [*lines, *_problems(results)]


def markdown(suite: str, model: str, results: Sequence[ScenarioResult]) -> str:
    """Return the report as a section of Markdown."""
    lines = [f"## {suite}, {model}: {sum(r.passed for r in results)} of {len(results)}", ""]
    lines += [_line(_HEAD), "|---|" + "---:|" * (len(_HEAD) - 1)]
    lines += [_line(_row(result)) for result in results] + [_line(_sum(results)), ""]
    return "\n".join([*lines, *(f"* {text.strip()}" for text in _problems(results))]) + "\n"


def compared(first: Path, second: Path) -> list[str]:
    """Return two reports side by side, scenario by scenario. Raises `SuiteError`."""
    one, other = _read(first), _read(second)
    passed = [{scenario["id"]: scenario["passed"] for scenario in report["scenarios"]} for report in (one, other)]
    names = list(dict.fromkeys([*passed[0], *passed[1]]))
    width = max(len(name) for name in names)
    mark = {True: "pass", False: "fail", None: "-"}
    lines = [f"{'':{width}}  {one['model']:>12}  {other['model']:>12}"]
    for name in names:
        was, now = passed[0].get(name), passed[1].get(name)
        change = "" if was == now or was is None or now is None else ("  better" if now else "  worse")
        lines.append(f"{name:{width}}  {mark[was]:>12}  {mark[now]:>12}{change}")
    totals = [f"{report['passed']}/{report['total']}" for report in (one, other)]
    return [*lines, f"{'passed':{width}}  {totals[0]:>12}  {totals[1]:>12}"]


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_REPORT_BYTES:
            raise SuiteError(f"{path} is too large for a report of `zimfo eval --json`.")
        report = json.loads(path.read_text(encoding="utf-8"))
        for scenario in report["scenarios"]:
            if not isinstance(scenario["id"], str) or not isinstance(scenario["passed"], bool):
                raise TypeError
        if not report["scenarios"]:
            raise ValueError
        str(report["model"]), int(report["passed"]), int(report["total"])
    except OSError as error:
        raise SuiteError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SuiteError(f"{path} is no report of `zimfo eval --json`.") from error
    found: dict[str, Any] = report
    return found


def _turn(turn: TurnResult) -> dict[str, Any]:
    verdict = turn.verdict
    return {
        "ask": turn.ask,
        "answer": turn.text,
        "passed": verdict.passed,
        "tool": verdict.tool,
        "facts": verdict.facts,
        "citations": verdict.citations,
        "problems": list(verdict.problems),
        "calls": list(turn.calls),
        "prompt_tokens": turn.prompt_tokens,
        "evaluated_tokens": turn.evaluated_tokens,
        "completion_tokens": turn.completion_tokens,
        "seconds": round(turn.seconds, 3),
        "first_token_s": None if turn.first_token_s is None else round(turn.first_token_s, 3),
        "peak_rss_bytes": turn.peak_rss_bytes,
    }


def _totals(results: Sequence[ScenarioResult]) -> dict[str, Any]:
    turns = [turn for result in results for turn in result.turns]
    return {
        "turns": len(turns),
        "turns_passed": sum(turn.verdict.passed for turn in turns),
        **{name: _share(turns, name) for name in ("tool", "facts", "citations")},
        "calls": sum(len(turn.calls) for turn in turns),
        "prompt_tokens": sum(turn.prompt_tokens for turn in turns),
        "evaluated_tokens": sum(turn.evaluated_tokens for turn in turns),
        "completion_tokens": sum(turn.completion_tokens for turn in turns),
        "seconds": round(sum(turn.seconds for turn in turns), 3),
        "peak_rss_bytes": max((t.peak_rss_bytes for t in turns if t.peak_rss_bytes is not None), default=None),
    }


def _share(turns: Iterable[TurnResult], name: str) -> list[int]:
    """Return how many turns of how many that were judged by it passed."""
    judged = [verdict for turn in turns if (verdict := getattr(turn.verdict, name)) is not None]
    return [sum(judged), len(judged)]


def _row(result: ScenarioResult) -> tuple[str, ...]:
    return (result.id, f"{sum(result.runs)}/{len(result.runs)}", *_cells(result.turns))


def _sum(results: Sequence[ScenarioResult]) -> tuple[str, ...]:
    turns = [turn for result in results for turn in result.turns]
    return ("all", f"{sum(result.passed for result in results)}/{len(results)}", *_cells(turns))


def _cells(turns: Sequence[TurnResult]) -> tuple[str, ...]:
    decode = sum(turn.decode_s for turn in turns)
    return (
        *(_of(_share(turns, name)) for name in ("tool", "facts", "citations")),
        str(sum(len(turn.calls) for turn in turns)),
        str(sum(turn.prompt_tokens for turn in turns)),
        str(sum(turn.evaluated_tokens for turn in turns)),
        _median([turn.first_token_s for turn in turns if turn.first_token_s is not None]),
        f"{sum(turn.completion_tokens for turn in turns) / decode:.0f}" if decode else "-",
        _largest([turn.peak_rss_bytes for turn in turns if turn.peak_rss_bytes is not None]),
    )


def _of(share: list[int]) -> str:
    return f"{share[0]}/{share[1]}" if share[1] else "-"


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "-"


def _largest(values: list[int]) -> str:
    return f"{max(values) / 1e6:.0f}" if values else "-"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _problems(results: Sequence[ScenarioResult]) -> list[str]:
    shorten: Callable[[str], str] = lambda text: " ".join(text.split())[:MAX_SHOWN_ANSWER]  # noqa: E731
    return [
        f"{result.id}: “{turn.ask}” {'; '.join(turn.verdict.problems)}. Said: {shorten(turn.text)}"
        for result in results
        for turn in result.turns
        if not turn.verdict.passed
    ]
