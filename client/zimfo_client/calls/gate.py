"""Showing a reply while it is written, without ever showing a call."""

from zimfo_client.calls.read import Tools, read_call
from zimfo_client.calls.scan import REASONING, Kind, Reasoning, Scanner, Wrapper

_MAY_CLOSE = frozenset(">`}])\n")  # only behind one of these can a pending call have become complete


class CallGate:
    """Lets prose through and holds back what may be a call, a reasoning span or an invented result.

    All that `feed` and `finish` return is together the text of `parse_calls`, but for white space at its ends.
    """

    def __init__(self, tools: Tools, *, reasoning: Reasoning = REASONING, wrapper: Wrapper | None = None) -> None:
        self._tools = tools
        self._scanner = Scanner(tools, reasoning, wrapper)
        self._held = ""
        self._before = ""  # the character before what is held
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
            if (self._thinking and not self._skip_thought()) or (self._after_thought and not self._skip_space()):
                break
            window, first = self._before + self._held, len(self._before)
            opening = self._scanner.find(window, first)
            safe = len(window) if final else max(self._scanner.undecided(window), first)
            if opening is None or opening.start > safe:
                shown.append(self._take(safe - first))
                break
            shown.append(self._take(opening.start - first))
            if opening.kind is Kind.RESULT:
                self._shut = True
            elif opening.kind is Kind.REASONING:
                self._drop(opening.body - opening.start)
                self._thinking = opening.closers[0]
            elif opening.kind is Kind.REASONING_END:
                self._drop(opening.body - opening.start)
                self._after_thought = True
            else:
                outcome = read_call(window, opening, self._tools, self._scanner, streaming=not final)
                self._pending = outcome.pending
                self._shut = bool(outcome.calls)  # what follows a call stands on a result that is not there yet
                if not outcome.calls and not outcome.pending:
                    shown.append(self._take(outcome.end - opening.start))
        if self._shut:
            self._held = ""
        return "".join(shown)

    def _skip_thought(self) -> bool:
        place = self._held.find(self._thinking)
        if place < 0:
            self._held = self._held[-(len(self._thinking) - 1) :]
            return False
        self._drop(place + len(self._thinking))
        self._thinking = ""
        self._after_thought = True
        return True

    def _skip_space(self) -> bool:
        self._held = self._held.lstrip()
        self._after_thought = not self._held
        return bool(self._held)

    def _take(self, count: int) -> str:
        """Let the next characters through; the last of them tells whether a line begins behind it."""
        taken, self._held = self._held[:count], self._held[count:]
        self._before = taken[-1:] or self._before
        return taken

    def _drop(self, count: int) -> None:
        self._held = self._held[count:]
        self._before = ""  # behind a reasoning span a reply begins anew
