"""`zimfo profile learn`: from a training corpus to the profile that renders it byte for byte.

The file is read three times and never held: first turns give the block, replies and results their formats, and then
every row is rendered through the profile and compared with what it is.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from zimfo_client.errors import CorpusError
from zimfo_client.profile import Profile
from zimfo_client.profiles.corpus import Message, Row, read_rows
from zimfo_client.profiles.notation import Learned, ResponseMarker, SurfaceTool, Turns
from zimfo_client.profiles.opening import Opening, learn_opening, location_pattern
from zimfo_client.profiles.trained_tools import tools_in
from zimfo_client.profiles.turn_formats import Formats, as_usual, seen_call
from zimfo_client.transcript import Segment

LEAST_COVERAGE: Final = 0.99  # of rows: below this the corpus has another format than the one that was recognised
MAX_FIRST_TURNS: Final = 5_000  # that are compared to find the block; more rows are held against it afterwards
MAX_FIRST_CHARS: Final = 50_000_000  # that are held for it; the first turns of the public corpus have 2,300 each
KEPT_FAILURES: Final = 5  # rows that are named


@dataclass(frozen=True)
class Lesson:
    """A learned profile, and the first rows that it does not reproduce, each with the reason."""

    profile: Profile
    failures: tuple[str, ...]

    @property
    def learned(self) -> Learned:
        """Rows, coverage and fold of the profile."""
        assert self.profile.learned is not None
        return self.profile.learned

    def report(self) -> dict[str, Any]:
        """Return what was learned, as JSON values; `coverage` is the share of rows reproduced byte for byte."""
        form = self.profile.call
        return {
            "block_md5": self.learned.block_md5,
            "rows": self.learned.rows,
            "coverage": self.learned.coverage,
            "tools": [tool.name for tool in self.profile.surface or ()],
            "response_marker": self.profile.response.marker,
            "call_format": form.model_dump(mode="json"),
        }

    def require(self, least: float) -> None:
        """Raise `CorpusError` when less than `least` of the rows are reproduced."""
        if self.learned.coverage < least:
            first = f" First of the others: {self.failures[0]}." if self.failures else ""
            raise CorpusError(
                f"{self.learned.corpus}: {_percent(self.learned.coverage)} of {self.learned.rows} rows are reproduced "
                f"byte for byte, {_percent(least)} are needed.{first} Take a corpus of one format, or lower "
                "--min-coverage."
            )


@dataclass
class _Openings:
    firsts: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    systems: int = 0
    rows: int = 0
    problem: str = ""


def learn_profile(
    corpus: Path, base: Profile, *, name: str = "", marker: ResponseMarker | None = None, share: float = LEAST_COVERAGE
) -> Lesson:
    """Return the profile of a corpus; `base` gives the turn markers, the sampling and what no corpus shows.

    The name is that of `base` unless `name` is given; `marker` replaces the opening of results that the corpus shows;
    the block is what at least `share` of the rows begin with. Raises `CorpusError` for a corpus without rows, without
    a common block, without tools in it, or without calls.
    """
    opening = _opening(corpus, share)
    tools = tools_in(opening.block)
    if tools is None:
        raise CorpusError(f"{corpus.name}: no tools were recognised in the text that its rows begin with.")
    arguments = {tool.name: tool.names for tool in tools.surface}
    formats = Formats()
    for row in read_rows(corpus):
        formats.note(row, arguments)
    call, response = formats.call_format(), formats.response_format()
    if call is None or response is None:
        raise CorpusError(f"{corpus.name}: its rows hold no tool call that is followed by a result.")
    # Without the line a location is shown as the base shows it: a corpus without positions forbids none.
    located = {"location_line": opening.location_line, "location_digits": opening.location_digits}
    profile = base.model_copy(
        update={
            "name": name or base.name,
            "question_label": opening.label,
            "separator": opening.separator,
            **(located if opening.location_line else {}),
            "turns": _turns(base.turns, formats.result_role(), corpus, in_system=opening.in_system),
            "fold": tools.fold,
            "call": call,
            "response": response,
            "stop": _stops(base, response.plain),
            "surface": tools.surface,
        }
    )
    rows, reproduced, failures = rows_reproduced(corpus, profile)
    learned = Learned(
        corpus=corpus.name,
        rows=rows,
        coverage=reproduced / rows,
        block_md5=block_md5(opening.block),
        result_sizes=formats.result_sizes(),
    )
    profile = profile.model_copy(update={"learned": learned})
    return Lesson(profile.with_response_marker(marker) if marker else profile, failures)


def block_of(profile: Profile) -> str:
    """Return the fold of a learned profile with all of its tools: the block of the corpus."""
    lines = [tool.line or "" for tool in profile.surface or ()]
    return profile.fold.intro + profile.fold.between.join(lines) + profile.fold.outro


def block_md5(block: str) -> str:
    """Return the MD5 of a block without blank lines at its end."""
    return hashlib.md5(block.rstrip("\n").encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def same_surface(surface: tuple[SurfaceTool, ...] | None, other: tuple[SurfaceTool, ...] | None) -> bool:
    """Say whether two surfaces show the same tools."""
    return {tool.name for tool in surface or ()} == {tool.name for tool in other or ()}


def render_row(profile: Profile, messages: tuple[Message, ...], block: str) -> str:
    """Return the prompt text of a row, every call and result taken apart and rendered anew from its values.

    Raises `ValueError` with what does not fit.
    """
    return "".join(segment.text for segment in _segments(profile, messages, block))


def _opening(corpus: Path, share: float) -> Opening:
    seen, held = _Openings(), 0
    for row in islice(read_rows(corpus), MAX_FIRST_TURNS):
        if not row.messages:
            seen.problem = seen.problem or f"line {row.line} has {row.problem}"
            continue
        held += len(row.messages[0].content)
        if held > MAX_FIRST_CHARS and seen.rows:
            break
        seen.rows += 1
        seen.systems += row.has_system
        seen.firsts.append(row.messages[0].content)
        if row.has_system:
            seen.questions.append(row.messages[1].content if len(row.messages) > 1 else "")
    if not seen.rows:
        reason = f" ({seen.problem})" if seen.problem else ""
        raise CorpusError(f'{corpus.name} holds no rows of the form {{"messages": [...]}}{reason}.')
    in_system = seen.systems * 2 > seen.rows
    opening = learn_opening(seen.firsts, seen.questions if in_system else [], share)
    if opening is None:
        raise CorpusError(f"{corpus.name}: its rows do not begin with the same text, so there is no block to learn.")
    return opening


def _turns(base: Turns, result_role: str, corpus: Path, *, in_system: bool) -> Turns:
    """Return the base's markers with those turns that the corpus has."""
    changes: dict[str, str] = {}
    if not in_system:
        changes |= {"system_open": "", "system_close": ""}
    elif not base.system_open:
        changes |= {"system_open": _as_role(base, "system", corpus), "system_close": base.user_close}
    if result_role == "user":
        changes |= {"tool_open": "", "tool_close": ""}
    elif not base.tool_open:
        changes |= {"tool_open": _as_role(base, result_role, corpus), "tool_close": base.user_close}
    return base.model_copy(update=changes)


def _as_role(base: Turns, role: str, corpus: Path) -> str:
    if base.user_open.count("user") != 1:
        raise CorpusError(f"{corpus.name} has turns of the role '{role}'; choose a base that has them (--base).")
    return base.user_open.replace("user", role)


def _stops(base: Profile, plain: str) -> tuple[str, ...]:
    """Return the base's stop markers with the beginning of a result, which no model may write, in the place of its own.

    A marker that stands in calls as well, such as a fence, cannot stop a reply.
    """
    kept = [stop for stop in base.stop if not base.response.plain.startswith(stop)]
    head = plain.strip().partition("]")[0].partition("\n")[0]
    return (*kept, head) if len(head) > 3 and not head.startswith("```") else tuple(kept)


def rows_reproduced(corpus: Path, profile: Profile) -> tuple[int, int, tuple[str, ...]]:
    """Return the rows of a corpus, how many of them a learned profile renders byte for byte, and why the first fail.

    Raises `CorpusError`.
    """
    block, rows, reproduced = block_of(profile), 0, 0
    failures: list[str] = []
    for row in read_rows(corpus):
        rows += 1
        try:
            if row.problem:
                raise ValueError(row.problem)
            if render_row(profile, row.messages, block) != _expected(profile, row):
                raise ValueError("its text comes out differently")
            reproduced += 1
        except ValueError as error:
            if len(failures) < KEPT_FAILURES:
                failures.append(f"line {row.line}: {error}")
    return rows, reproduced, tuple(failures)


def _expected(profile: Profile, row: Row) -> str:
    """Return a row's own bytes between the turn markers of the profile."""
    turns = profile.turns
    shown = []
    for number, message in enumerate(row.messages):
        if message.is_reply:
            opened, closed = turns.assistant_open, turns.assistant_close
        elif number == 0 and row.has_system:
            opened, closed = turns.system_open, turns.system_close
        elif message.role == "user":
            opened, closed = turns.user_open, turns.user_close
        else:
            opened, closed = turns.tool_open, turns.tool_close
        shown.append(opened + message.content + closed)
    return turns.gap.join(shown)


def _segments(profile: Profile, messages: tuple[Message, ...], block: str) -> Iterator[Segment]:
    first, rest = messages[0], messages[1:]
    tools = {tool.name: tool.names for tool in profile.surface or ()}
    if profile.turns.system_open:
        if first.content != block or not rest:
            raise ValueError("its system turn is another")
        question, rest = rest[0].content, rest[1:]
    else:
        before = block + profile.separator
        if not first.content.startswith(before):
            raise ValueError("its first turn does not begin with the block")
        question = first.content[len(before) :]
    yield from _opened(profile, block, question)
    form = profile.response
    head = (form.named if form.marker == "named" else form.plain).partition("{name}")[0].strip()
    called = ""
    for message in rest:
        if message.is_reply:
            call = seen_call(message.content, tools)
            called = call.name if call else ""
            if call is None:
                yield from profile.host_answer(message.content)
            elif profile.call in call.forms:
                yield from profile.host_call(call.name, call.arguments)
            else:
                raise ValueError(f"its call of {call.name} has another format")
        elif called:
            yield from _result(profile, called, message.content)
            called = ""
        elif message.role == "user" and not (head and message.content.startswith(head)):
            yield from profile.follow_up(message.content)
        else:
            raise ValueError("a result follows no call that could be read")


def _opened(profile: Profile, block: str, rest: str) -> Iterator[Segment]:
    location = None
    if profile.location_line:
        here = location_pattern(profile.location_line, profile.separator).match(rest)
        if here:
            location, rest = (float(here["lat"]), float(here["lon"])), rest[here.end() :]
    if not rest.startswith(profile.question_label):
        raise ValueError("its question is introduced differently")
    yield from profile.opening(block, rest.removeprefix(profile.question_label), location)


def _result(profile: Profile, name: str, text: str) -> list[Segment]:
    form = profile.response
    opened = (form.named if form.marker == "named" else form.plain).replace("{name}", name)
    if not text.startswith(opened) or not text.endswith(form.close) or len(text) < len(opened) + len(form.close):
        raise ValueError(f"its result of {name} has another marker")
    return profile.tool_result(name, as_usual(text[len(opened) : len(text) - len(form.close)]))


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"
