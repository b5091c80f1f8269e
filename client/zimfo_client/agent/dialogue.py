"""The turns of a conversation in its transcript, and the room that the model's context leaves for them.

Tokens are counted, never guessed. When there is no room for what comes next and for a reply to it, the oldest exchanges
go; the first one, which holds the tools, goes last, and of it the tools stay. What is kept stays as it was tokenised,
and the engine runs again what follows the gap and nothing else. A result that fits in no other way is shortened.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from zimfo_client.agent.focus import Focus
from zimfo_client.engine.base import Engine, reply_reserve
from zimfo_client.profile import Profile
from zimfo_client.transcript import Mark, Segment, Transcript
from zimfo_shared.wire import Location

# Characters of each text in a result, and entries of each list, that are tried until it fits.
SHORTER: Final = ((800, 8), (400, 6), (200, 4), (100, 3), (50, 2), (25, 1))
# The share of a full context that stays: were it all that fits, every later turn would wait for all to be run again.
KEPT_SHARE: Final = 0.5
TOO_LONG: Final = {"error": "The result is too long for what is left of the context. Answer from what you have."}

Result = tuple[str, dict[str, Any]]
Render = Callable[[Sequence[tuple[str, str]]], list[Segment]]


@dataclass(frozen=True)
class Exchange:
    """A question that was answered: where it begins, and what the conversation was about before it."""

    question: str
    start: Mark
    focus: Focus


class Dialogue:
    """The exchanges of one conversation. One is begun, added to, and then settled or abandoned."""

    def __init__(
        self,
        engine: Engine,
        profile: Profile,
        fold: str,
        *,
        location: Location | None,
        max_tokens: int,
        ahead: Sequence[Segment],
        on_dropped: Callable[[], None],
    ) -> None:
        """`max_tokens` bounds a reply, `ahead` is what may have to follow a result, `on_dropped` tells the person."""
        self.transcript = Transcript(engine)
        self.exchanges: list[Exchange] = []
        self._engine, self._profile, self._fold = engine, profile, fold
        self._location = (location.lat, location.lon) if location else None
        self._ahead = sum(len(engine.tokenize(part.text, trusted=part.trusted)) for part in ahead)
        self._limit = engine.info.n_ctx - reply_reserve(engine.info.n_ctx, max_tokens)
        self._on_dropped = on_dropped
        self._tools = Mark(0, 0)  # the end of what every conversation begins with
        self._question = ""
        self._start = self._asked = Mark(0, 0)  # of the exchange under way, and behind its question

    def begin(self, question: str) -> None:
        """Begin an exchange, with an anchor before what is particular to it: behind the tools, before the question."""
        self._question, self._start = question, self.transcript.mark()
        if self._start.tokens:
            self.transcript.anchor()
            self.transcript.append(self._profile.follow_up(question))
        else:
            tools, rest = self._opening(question)
            self.transcript.append(tools)
            self.transcript.anchor()
            self._tools = self.transcript.mark()
            self.transcript.append(rest)
        self._asked = self.transcript.mark()
        self._make_room()

    def add(self, segments: Sequence[Segment]) -> None:
        """Add to the exchange."""
        self.transcript.append(segments)
        self._make_room()

    def add_results(self, results: Sequence[Result], render: Render) -> None:
        """Add results, which `render` makes of names and JSON, shortened where there is no room for all of them."""
        mark = self.transcript.mark()
        self.transcript.append(render([(name, _json(payload)) for name, payload in results]))
        mark = mark.moved(self._make_room())
        for chars, entries in SHORTER:
            if self._fits():
                return
            self.transcript.rewind(mark)
            shorter = [(name, _json(shortened(payload, chars, entries))) for name, payload in results]
            self.transcript.append(render(shorter))
        if not self._fits():
            self.transcript.rewind(mark)
            self.transcript.append(render([(name, _json(TOO_LONG)) for name, _ in results]))

    def holds(self, payload: dict[str, Any]) -> bool:
        """Say whether there is room for a result without dropping or shortening anything."""
        needed = len(self._engine.tokenize(_json(payload), trusted=False))
        return len(self.transcript) + needed + 2 * self._ahead <= self._limit

    def place(self) -> tuple[Mark, int]:
        """Return where the exchange has come to, for `answer_instead` and `take_back`."""
        return self.transcript.mark(), len(self.exchanges)

    def answer_instead(self, place: tuple[Mark, int], text: str) -> None:
        """Put an answer of the host's in the place of what the model said since."""
        if self.take_back(place):
            self.add(self._profile.host_answer(text))

    def take_back(self, place: tuple[Mark, int]) -> bool:
        """Forget what was said since; false where older exchanges were dropped meanwhile, and the place has moved."""
        mark, exchanges = place
        if exchanges != len(self.exchanges):
            return False
        self.transcript.rewind(mark)
        return True

    def settle(self, focus: Focus) -> None:
        """End the exchange with its marker, so that any other one may follow; `focus` is what was before it."""
        if not self.is_closed():
            self.transcript.append([Segment("assistant", self._profile.turns.assistant_close, trusted=True)])
        self.exchanges.append(Exchange(self._question, self._start, focus))

    def abandon(self) -> None:
        """Forget the exchange that was begun."""
        self.transcript.rewind(self._start)

    def undo(self) -> Exchange | None:
        """Forget the last exchange and return it; None when there is none."""
        if not self.exchanges:
            return None
        last = self.exchanges.pop()
        self.transcript.rewind(last.start)
        return last

    def text(self) -> str:
        """Return the exchange under way as text, for people."""
        return self.transcript.text(self._start)

    def is_closed(self) -> bool:
        """Say whether the last reply ended with its end-of-turn marker."""
        return self.transcript.ends_with(self._profile.turns.assistant_close)

    def _opening(self, question: str) -> tuple[list[Segment], list[Segment]]:
        """Return the first turn in two parts, the first of which is the same for every question and every place."""
        opening = self._profile.opening(self._fold, question, self._location)
        another = self._profile.opening(self._fold, "", None if self._location else (0.0, 0.0))
        pairs = zip(opening, another, strict=False)
        shared = next((number for number, (one, other) in enumerate(pairs) if one != other), 0)
        return opening[:shared], opening[shared:]

    def _fits(self) -> bool:
        return len(self.transcript) + self._ahead <= self._limit

    def _make_room(self) -> Mark:
        """Drop exchanges if there is no room, until there is plenty; return by how much the end has moved."""
        before = self.transcript.mark()
        if not self._fits():
            while len(self.exchanges) > 1 and len(self.transcript) > KEPT_SHARE * self._limit:
                self._drop_oldest()
            if self.exchanges and not self._fits():
                self._drop_oldest()
        after = self.transcript.mark()
        if after != before:
            self._on_dropped()
        return Mark(after.tokens - before.tokens, after.pieces - before.pieces)

    def _drop_oldest(self) -> None:
        """Drop the oldest exchange but the first, or of the first all but the tools, behind which this one then is."""
        if len(self.exchanges) == 1:
            self.exchanges.clear()
            _, rest = self._opening(self._question)
            self._asked = self._asked.moved(self.transcript.replace(self._tools, self._asked, rest))
            self._start = Mark(0, 0)
            return
        gone = self.exchanges.pop(1)
        later = self.exchanges[1:]
        by = self.transcript.replace(gone.start, later[0].start if later else self._start)
        self.exchanges[1:] = [replace(exchange, start=exchange.start.moved(by)) for exchange in later]
        self._start, self._asked = self._start.moved(by), self._asked.moved(by)


def shortened(value: Any, chars: int, entries: int) -> Any:
    """Return JSON with its texts cut to `chars` characters and its lists to `entries` entries."""
    if isinstance(value, str):
        return value if len(value) <= chars else value[:chars].rstrip() + "…"
    if isinstance(value, list):
        return [shortened(item, chars, entries) for item in value[:entries]]
    if isinstance(value, dict):
        return {key: shortened(item, chars, entries) for key, item in value.items()}
    return value


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False)
