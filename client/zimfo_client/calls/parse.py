"""Reading a whole emission."""

from dataclasses import dataclass, field

from zimfo_client.calls.read import ToolCall, Tools, read_call
from zimfo_client.calls.scan import REASONING, Kind, Reasoning, Scanner, Wrapper

MAX_CANDIDATES = 32  # places looked at in one emission: bounds the time on noise; a reply has one or two
MAX_CALLS = 16  # taken from one emission


@dataclass(frozen=True)
class ParsedReply:
    """The calls of an emission in order, and its prose: what stands before the first call, without reasoning."""

    calls: list[ToolCall] = field(default_factory=list)
    text: str = ""


def parse_calls(
    text: str,
    tools: Tools,
    *,
    streaming: bool = False,
    reasoning: Reasoning = REASONING,
    wrapper: Wrapper | None = None,
) -> ParsedReply:
    """Return the calls in what a model wrote; `tools` maps each tool to its arguments in their declared order.

    `wrapper` are markers around calls beside those that are always known. What follows a call, or a result that the
    model invented, is dropped. A name that no tool has stays a call with `known` False when its wrapper means calls
    only. With `streaming`, only calls whose wrapper is closed count. Never raises.
    """
    scanner = Scanner(tools, reasoning, wrapper)
    calls: list[ToolCall] = []
    prose: list[str] = []
    place = shown = candidates = 0
    while candidates < MAX_CANDIDATES and len(calls) < MAX_CALLS and (opening := scanner.find(text, place)):
        if not calls:
            prose.append(text[shown : opening.start])
        shown = opening.start
        if opening.kind is Kind.RESULT:
            shown = len(text)
            break
        if opening.kind is Kind.REASONING:
            end = text.find(opening.closers[0], opening.body)
            place = len(text) if end < 0 else end + len(opening.closers[0])
            shown = _behind_space(text, place)
            continue
        if opening.kind is Kind.REASONING_END:
            # The prompt had opened the span: all of this was reasoning.
            calls.clear()
            prose.clear()
            place, shown = opening.body, _behind_space(text, opening.body)
            continue
        candidates += 1
        outcome = read_call(text, opening, tools, scanner, streaming=streaming)
        if outcome.pending:
            shown = len(text)
            break
        calls += outcome.calls
        place = outcome.end
        if outcome.calls:
            shown = place
    if not calls:
        prose.append(text[shown:])
    return ParsedReply(calls[:MAX_CALLS], "".join(prose).strip())


def _behind_space(text: str, place: int) -> int:
    return len(text) - len(text[place:].lstrip())
