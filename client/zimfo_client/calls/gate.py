"""Showing a reply while it is written, without ever showing a call."""

from zimfo_client.calls.read import Tools, read_call
from zimfo_client.calls.scan import REASONING, Kind, Reasoning, Scanner

_MAY_CLOSE = frozenset(">`}])\n")  # only behind one of these can a pending call have become complete


class CallGate:
    """Lets prose through and holds back what may be a call, a reasoning span or an invented result.

    All that `feed` and `finish` return is together the text of `parse_calls`, but for white space at its ends.
    """

    def __init__(self, tools: Tools, *, reasoning: Reasoning = REASONING) -> None:
        self._tools = tools
        self._scanner = Scanner(tools, reasoning)
        self._held = ""
        self._thinking = ""  # the marker that ends the span
        self._after_thought = False
        self._pending = False
        self._shut = False

    def feed(self, text: str) -> str:
        """Return what may be shown of the text so far and was not returned before."""
        self._held += text
        if self._shut or (self._pending and _MAY_CLOSE.isdisjoint(text)):
            return ""
        return self._drain(final=False)

    def finish(self) -> str:
        """Return what was held back and turned out to be prose."""
        return "" if self._shut else self._drain(final=True)

    def _drain(self, *, final: bool) -> str:
        shown: list[str] = []
        self._pending = False
        while not self._shut and not self._pending:
            if self._thinking and not self._skip_thought():
                break
            if self._after_thought and not self._skip_space():
                break
            opening = self._scanner.find(self._held, 0)
            safe = len(self._held) if final else self._scanner.undecided(self._held)
            if opening is None or opening.start > safe:
                shown.append(self._take(safe))
                break
            shown.append(self._take(opening.start))
            size = opening.body - opening.start
            if opening.kind is Kind.RESULT:
                self._shut = True
            elif opening.kind is Kind.REASONING:
                self._take(size)
                self._thinking = opening.closers[0]
            elif opening.kind is Kind.REASONING_END:
                self._take(size)
                self._after_thought = True
            else:
                shown.append(self._pass_candidate(final=final))
        return "".join(shown)

    def _pass_candidate(self, *, final: bool) -> str:
        """Decide on the candidate that the held text begins with; return it if it is prose."""
        opening = self._scanner.find(self._held, 0)
        if opening is None:
            return ""
        outcome = read_call(self._held, opening, self._tools, self._scanner, streaming=not final)
        if outcome.pending:
            self._pending = True
        elif outcome.calls:
            self._shut = True  # what follows a call stands on a result that is not there yet
            self._held = ""
        else:
            return self._take(outcome.end)
        return ""

    def _skip_thought(self) -> bool:
        place = self._held.find(self._thinking)
        if place < 0:
            self._held = self._held[-(len(self._thinking) - 1) :]
            return False
        self._take(place + len(self._thinking))
        self._thinking = ""
        self._after_thought = True
        return True

    def _skip_space(self) -> bool:
        self._held = self._held.lstrip()
        self._after_thought = not self._held
        return bool(self._held)

    def _take(self, count: int) -> str:
        taken, self._held = self._held[:count], self._held[count:]
        return taken
