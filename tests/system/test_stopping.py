"""Ctrl-C in a conversation, as a person presses it: in a process of its own, with the real model."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from queue import Empty, Queue

import pytest

from tests.system.conftest import environment

WAIT_S = 60
STOP_S = 2.0  # until the word of it is out; the engine itself stops within a token or 500 ms of reading

pytestmark = pytest.mark.skipif(os.name == "nt", reason="another signal is sent there")


class Chat:
    """A running `zimfo chat`, with what it has written so far."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "zimfo_client", "chat", "--seed", "1", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(), "PYTHONUNBUFFERED": "1"},
        )
        self.threads: list[threading.Thread] = []
        self.out, self.err = self._followed(self.process.stdout), self._followed(self.process.stderr)

    def _followed(self, stream) -> "Queue[bytes]":  # type: ignore[no-untyped-def]
        queue: Queue[bytes] = Queue()

        def follow() -> None:
            while piece := os.read(stream.fileno(), 65_536):
                queue.put(piece)

        self.threads.append(threading.Thread(target=follow, daemon=True))
        self.threads[-1].start()
        return queue

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def interrupt(self) -> float:
        """Press Ctrl-C; returns how long it took until the stop was told, in seconds."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGINT)
        self.until(self.err, "Stopped.")
        return time.perf_counter() - began

    def until(self, queue: "Queue[bytes]", text: str) -> str:
        """Wait until `text` is written; returns what was written since it was last looked."""
        seen, deadline = "", time.monotonic() + WAIT_S
        while text not in seen:
            try:
                seen += queue.get(timeout=max(deadline - time.monotonic(), 0.01)).decode("utf-8", "replace")
            except Empty:
                pytest.fail(f"no {text!r} within {WAIT_S} s in {seen!r}; code {self.process.poll()}")
        return seen

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(WAIT_S)


@pytest.fixture
def chat(request: pytest.FixtureRequest) -> Iterator[Chat]:
    running = Chat(*request.param)
    with running.process:
        yield running
        running.process.kill()
        for thread in running.threads:
            thread.join()


@pytest.mark.parametrize(
    "chat", [("--model", "embedded", "--profile", "chatml", "--no-intents", "--allow-prior")], indirect=True
)
def test_ctrl_c_stops_reading_and_writing_and_the_conversation_goes_on(chat: Chat) -> None:
    chat.say("Tell me a long story of a ship, with all that happens to it.")
    chat.until(chat.err, "Reading")
    assert chat.interrupt() < STOP_S

    chat.say("/retry")
    while not chat.out.get(timeout=WAIT_S).strip():
        pass
    assert chat.interrupt() < STOP_S

    chat.say("/undo")
    chat.until(chat.err, "There is nothing to undo.")
    chat.say("/stats")
    assert "held already" not in chat.until(chat.err, "Most memory held")  # no step came to its end
    chat.say("Read me the article about the HP Garage")
    chat.say("/quit")
    chat.until(chat.out, "\n")
    assert chat.end() == 1  # on a pipe, whoever asked learns that a question failed


@pytest.mark.parametrize(
    "chat", [("--model", "embedded", "--profile", "chatml", "--no-intents", "--allow-prior", "--jsonl")], indirect=True
)
def test_a_stopped_question_of_a_pipe_gets_its_line_and_the_next_one_its_answer(chat: Chat) -> None:
    question = "Tell me a long story of a ship."
    chat.say(question)
    chat.until(chat.err, "Reading")
    chat.interrupt()
    assert "Stopped" in json.loads(chat.until(chat.out, "\n"))["error"]
    chat.say("Say yes.")
    answer = json.loads(chat.until(chat.out, "\n"))
    assert answer["question"] == "Say yes."
    assert answer["usage"]["cached_tokens"] >= 0
    assert answer["usage"]["peak_rss_bytes"] > answer["usage"]["state_bytes"] > 0
    assert answer["timing"]["tokens_per_s"] > 0


@pytest.mark.parametrize(
    "chat", [("--model", "embedded", "--profile", "chatml", "--no-intents", "--allow-prior")], indirect=True
)
def test_pressed_twice_it_ends_the_conversation(chat: Chat) -> None:
    chat.say("Tell me a long story of a ship.")
    chat.until(chat.err, "Reading")
    chat.process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    chat.process.send_signal(signal.SIGINT)
    assert chat.process.wait(WAIT_S) == 130


@pytest.mark.parametrize("chat", [("--direct",)], indirect=True)
def test_pressed_while_a_question_is_waited_for_it_ends_the_conversation(chat: Chat) -> None:
    chat.say("/undo")
    chat.until(chat.err, "nothing to undo")
    time.sleep(0.1)
    chat.process.send_signal(signal.SIGINT)
    assert chat.process.wait(WAIT_S) == 130
    assert "rror" not in "".join(piece.decode() for piece in chat.err.queue)


@pytest.mark.parametrize("chat", [("--direct",)], indirect=True)
def test_without_a_model_there_are_stats_and_edits_too(chat: Chat) -> None:
    chat.say("Tell me about LIGO.")
    chat.until(chat.out, "[1] LIGO")
    chat.say("/edit Tell me about malaria.")
    chat.until(chat.out, "[1] Malaria")
    chat.say("/stats")
    assert "Questions: 1," in chat.until(chat.err, "Most memory held")
    assert chat.end() == 0
