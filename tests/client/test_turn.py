"""A turn ends: by time, tokens, calls, or because nothing is found."""

import pytest

from zimfo_client.agent.answer import Recorder, StepUsage
from zimfo_client.agent.turn import MAX_FRUITLESS, MAX_TURN_CALLS, MAX_TURN_SECONDS, MAX_TURN_TOKENS, Turn
from zimfo_client.results import ToolResult

FOUND = ToolResult("search", {}, "", {"hits": [{"title": "Peat"}]}, 1.0)
EMPTY = ToolResult("search", {}, "", {"hits": []}, 1.0)
REFUSED = ToolResult("search", {}, "no", None, 1.0)


@pytest.fixture
def turn() -> Turn:
    return Turn("What is peat?", Recorder(None, None, None))  # type: ignore[arg-type]  # no call is made


def test_a_fresh_turn_may_go_on(turn: Turn):
    assert not turn.is_spent()


def test_time_tokens_and_calls_are_bounded(turn: Turn):
    turn.began -= MAX_TURN_SECONDS
    assert turn.is_spent()
    turn.began += MAX_TURN_SECONDS
    turn.steps.append(StepUsage(10, 10, MAX_TURN_TOKENS))
    assert turn.is_spent()
    turn.steps.clear()
    turn.recorder.calls += [FOUND] * MAX_TURN_CALLS
    assert turn.is_spent()


def test_a_row_of_fruitless_calls_ends_a_turn_and_a_finding_ends_the_row(turn: Turn):
    for _ in range(MAX_FRUITLESS - 1):
        turn.judge(EMPTY)
    turn.judge(FOUND)
    assert turn.fruitless == 0
    for result in (EMPTY, REFUSED) * MAX_FRUITLESS:
        turn.judge(result)
    assert turn.is_spent()
