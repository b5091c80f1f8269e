"""What every conversation can do, and the one that needs no model."""

from typing import Protocol

from zimfo_client.agent.answer import Answer, OnCall, Recorder
from zimfo_client.agent.direct import TOOLS, DirectAnswerer
from zimfo_client.agent.focus import Focus
from zimfo_client.errors import ServerUnavailableError
from zimfo_client.host import ToolHost
from zimfo_client.metrics import stats_lines
from zimfo_shared.wire import Location

DIRECT = "direct"


class Conversation(Protocol):
    """A conversation over one tool server."""

    async def ask(self, question: str) -> Answer:
        """Answer a question; raises a `ClientError` when no answer can be given."""
        ...

    def undo(self) -> bool:
        """Forget the last question and its answer; false when there is none."""
        ...

    async def retry(self) -> Answer | None:
        """Answer the last question anew; None when there is none."""
        ...

    def stats(self) -> list[str]:
        """Return what the conversation has cost so far, line by line."""
        ...

    def close(self) -> None:
        """Free what the conversation holds."""
        ...


class DirectConversation:
    """Answers composed from tool results, without a model. Raises `ServerUnavailableError` on a foreign server."""

    def __init__(self, host: ToolHost, location: Location | None = None, on_call: OnCall | None = None) -> None:
        self._host = host
        self._location = location
        self._on_call = on_call
        self._tools = {tool["name"] for tool in host.tools}
        if not self._tools >= TOOLS:
            raise ServerUnavailableError("--direct needs zimfo's own tools, and this server lacks them. Use a model.")
        self._turns: list[tuple[str, Focus]] = []
        self._focus = Focus()

    async def ask(self, question: str) -> Answer:
        """Answer a question from the archives."""
        before = self._focus.copy()
        recorder = Recorder(self._host, self._location, self._on_call)
        answerer = DirectAnswerer(recorder.call, self._focus, tools=self._tools, location=self._location)
        try:
            found = await answerer.answer(question)
        except BaseException:
            self._focus = before
            raise
        self._turns.append((question, before))
        return Answer(
            question=question,
            text=found.text,
            model=DIRECT,
            tool_calls=recorder.calls,
            sources=found.sources,
            timing=recorder.timing(),
            stopped=DIRECT,
        )

    def undo(self) -> bool:
        """Forget the last question and what it led to."""
        if not self._turns:
            return False
        _, self._focus = self._turns.pop()
        return True

    async def retry(self) -> Answer | None:
        """Answer the last question anew."""
        if not self._turns:
            return None
        question, _ = self._turns[-1]
        self.undo()
        return await self.ask(question)

    def stats(self) -> list[str]:
        """Return how much memory was held; no tokens are counted."""
        return [f"Questions: {len(self._turns)}, answered without a model", *stats_lines([])]

    def close(self) -> None:
        """Nothing is held."""
