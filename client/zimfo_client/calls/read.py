"""Reading the call at an opening."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zimfo_client.calls import decode
from zimfo_client.calls.names import resolve
from zimfo_client.calls.scan import Kind, Opening, Scanner
from zimfo_client.calls.shapes import RawCall, calls_in

Tools = Mapping[str, Sequence[str]]

_SPACE: Final = re.compile(r"\s*")
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
_NATIVE: Final = re.compile(r"\s*(?:\[\s*)?(?:call:\s*)?[^\W\d][\w.-]*\s*[({]")
_NOTHING_MORE: Final = re.compile(r"[ \t.;]*(?:\n|\Z)")


@dataclass(frozen=True)
class ToolCall:
    """A call to make. `known` is False for a name that no tool has; `repaired` says that something was put right."""

    name: str
    arguments: dict[str, Any]
    repaired: bool = False
    known: bool = True


@dataclass(frozen=True)
class Outcome:
    """What stands at an opening: calls, or text up to `end`; `pending` when more text may decide otherwise."""

    end: int
    calls: list[ToolCall] = field(default_factory=list)
    pending: bool = False


def read_call(text: str, opening: Opening, tools: Tools, scanner: Scanner, *, streaming: bool) -> Outcome:
    """Read what begins at `opening`. While streaming, only what is closed counts; the rest is pending."""
    if streaming and opening.body >= len(text):
        return Outcome(len(text), pending=True)
    match opening.kind:
        case Kind.TAGGED | Kind.FENCE:
            return _read_wrapped(text, opening, tools, scanner, streaming=streaming)
        case Kind.OBJECT:
            return _read_object(text, opening, tools, streaming=streaming)
        case _:
            return _read_python(text, opening, tools, streaming=streaming)


def _read_wrapped(text: str, opening: Opening, tools: Tools, scanner: Scanner, *, streaming: bool) -> Outcome:
    may_hold_call = opening.kind is Kind.TAGGED or opening.guarded
    place = _SPACE.match(text, opening.body).end()  # type: ignore[union-attr]  # matches everywhere
    if may_hold_call:
        values: list[Any] = []
        while (found := decode.strict_at(text, place) if text[place : place + 1] in ("{", "[") else None) is not None:
            values.append(found[0])
            place = _SPACE.match(text, found[1]).end()  # type: ignore[union-attr]  # matches everywhere
            if len(values) >= decode.MAX_VALUES:
                break
        calls = _calls(values, tools, repaired=False, guarded=opening.guarded)
        if calls:
            closer = next((closer for closer in opening.closers if text.startswith(closer, place)), None)
            if closer:
                return Outcome(place + len(closer), calls)
            return Outcome(len(text), pending=True) if streaming else Outcome(place, calls)
        if (native := _read_native(text, place, opening, tools)) is not None:
            return native
    stop, end = _closed_at(text, opening, scanner)
    if streaming and (stop is None or _is_in_text(text[place : min(stop, place + decode.MAX_BODY)])):
        return Outcome(len(text), pending=True)
    if may_hold_call:
        body = text[opening.body : end if stop is None else stop]
        values = decode.lenient(body, clipped=stop is None)
        calls = _calls(values, tools, repaired=not _is_native(text, place), guarded=opening.guarded)
        if calls:
            return Outcome(end, calls)
    return Outcome(end)


def _is_in_text(body: str) -> bool:
    """Say whether a JSON body stops inside of a text, so that what closes it there may be part of that text."""
    return body[:1] in ("{", "[") and _ESCAPED.sub("", body).count('"') % 2 == 1


def _read_native(text: str, place: int, opening: Opening, tools: Tools) -> Outcome | None:
    """Read a call in Python or Gemma notation up to the closer right behind it, whatever its texts contain."""
    found = decode.lenient_at(text, place, clipped=True) if _is_native(text, place) else None
    if found is None:
        return None
    end = _SPACE.match(text, found[1]).end()  # type: ignore[union-attr]  # matches everywhere
    closer = next((closer for closer in opening.closers if text.startswith(closer, end)), None)
    calls = _calls([found[0]], tools, repaired=False, guarded=opening.guarded) if closer else []
    return Outcome(end + len(closer or ""), calls) if calls else None


def _closed_at(text: str, opening: Opening, scanner: Scanner) -> tuple[int | None, int]:
    """Return where the body stops (None when nothing closes it) and where what follows begins."""
    markers = [closer for closer in opening.closers if len(closer) > 1]
    found = [(place, len(closer)) for closer in markers if (place := text.find(closer, opening.body)) >= 0]
    limit = min(found)[0] if found else len(text)
    # Another wrapper ends this one too: a closer behind it is not ours.
    following = scanner.find(text, opening.body)
    if following and following.kind is Kind.TAGGED and following.start < limit:
        return None, following.start
    if found:
        place, length = min(found)
        return place, place + length
    if ">" in opening.closers and (place := text.rfind(">", opening.body)) >= 0 and text[place - 1] in "}])":
        return place, place + 1
    return None, len(text)


def _read_object(text: str, opening: Opening, tools: Tools, *, streaming: bool) -> Outcome:
    found = decode.strict_at(text, opening.start)
    repaired = found is None
    if found is None:
        if streaming and len(text) - opening.start < decode.MAX_BODY:
            return Outcome(len(text), pending=True)
        found = decode.lenient_at(text, opening.start, clipped=True)
    if found is None:
        return Outcome(opening.start + 1)
    value, end = found
    calls = _calls([value], tools, repaired=repaired, guarded=True)
    return _unwrapped(text, end, calls, streaming=streaming)


def _read_python(text: str, opening: Opening, tools: Tools, *, streaming: bool) -> Outcome:
    found = decode.lenient_at(text, opening.start, clipped=True)
    if found is None:
        if streaming and len(text) - opening.start < decode.MAX_BODY:
            return Outcome(len(text), pending=True)
        return Outcome(opening.start + 1)
    value, end = found
    calls = _calls([value], tools, repaired=False, guarded=True)
    if calls and not _NOTHING_MORE.match(text, end):
        return Outcome(end)  # a sentence that speaks of the tool
    return _unwrapped(text, end, calls, streaming=streaming)


def _unwrapped(text: str, end: int, calls: list[ToolCall], *, streaming: bool) -> Outcome:
    if calls and streaming:
        return Outcome(len(text), pending=True)  # nothing says yet that it ends here
    return Outcome(end, calls)


def _is_native(text: str, place: int) -> bool:
    """Say whether a body is in a notation other than JSON, for which the tolerant reader is no repair."""
    return _NATIVE.match(text, place) is not None


def _calls(values: list[Any], tools: Tools, *, repaired: bool, guarded: bool) -> list[ToolCall]:
    calls: list[ToolCall] = []
    for raw in calls_in(values):
        name = resolve(raw.name, tools)
        if name is None and (guarded or (raw.bare and not tools)):
            continue
        if guarded and raw.bare:
            continue
        arguments, changed = _named(raw, tools.get(name, ()) if name else ())
        mended = repaired or raw.repaired or changed or (name is not None and name != raw.name)
        calls.append(ToolCall(name or raw.name, arguments, repaired=mended, known=name is not None))
    return calls


def _named(raw: RawCall, declared: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Return arguments by name, nulls left out, and whether they had another shape."""
    if isinstance(raw.arguments, list):
        return _without_nulls(_by_position(raw.arguments, declared)), True
    arguments = raw.arguments
    inner = arguments.get("properties")
    if (
        isinstance(inner, Mapping)
        and "properties" not in declared
        and set(arguments) <= {"properties", "type", "required"}
    ):
        return _without_nulls(inner), True
    return _without_nulls(arguments), False


def _by_position(values: list[Any], declared: Sequence[str]) -> dict[str, Any]:
    if len(values) == 1 and isinstance(values[0], Mapping):
        return dict(values[0])
    # Orders have no types. The list arguments of all known tools are plurals, and such a tool's values are its list.
    if declared and declared[0].endswith("s") and values and not isinstance(values[0], list):
        return {declared[0]: values}
    return dict(zip(declared, values, strict=False))


def _without_nulls(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in arguments.items() if value is not None}
