"""Where in an emission a call, a reasoning span or an invented result may begin."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

Reasoning = tuple[tuple[str, str], ...]
Wrapper = tuple[str, str]

REASONING: Final[Reasoning] = (("<think>", "</think>"),)
MAX_NAME = 64  # characters of a tool name that is recognised without a wrapper; MCP's own limit


class Kind(Enum):
    """What may begin here."""

    TAGGED = auto()  # a wrapper that means a call and nothing else
    FENCE = auto()  # a code fence that may as well hold an example
    OBJECT = auto()  # a JSON object or list without a wrapper
    PYTHON = auto()  # `[name(...)]` or `name(...)` on a line of its own
    REASONING = auto()
    REASONING_END = auto()  # without a beginning: the prompt had opened the span
    RESULT = auto()  # the model invents a tool's answer


@dataclass(frozen=True)
class Opening:
    """A place where something may begin: `start` of its marker, `body` behind it, and what closes it."""

    kind: Kind
    start: int
    body: int
    closers: tuple[str, ...] = ()
    guarded: bool = False  # text unless it names a known tool


FENCE_END: Final = "```"
CALL_FENCE: Final = "tool_call"
CALL_LANGUAGES: Final = frozenset({"", "json", "tool", "tool_code", "tool_calls"})

# The longer of two markers with a common beginning comes first.
_TAGS: Final = {
    "<|tool_call_start|>": ("<|tool_call_end|>",),
    "<|tool_call|>": ("<|/tool_call|>", "<tool_call|>", "</tool_call>", ">"),
    "<|tool_call>": ("<tool_call|>", "<|/tool_call|>", "<|/tool_call>"),
    "<tool_call>": ("</tool_call>",),
    "<tool>": ("</tool>",),
}


def own_wrapper(opened: str, closed: str) -> Wrapper | None:
    """Return the markers of a call format where they are none that every emission is searched for."""
    # The brackets around calls in Python notation are part of what is wrapped.
    before, behind = opened.strip().removesuffix("["), closed.strip().removeprefix("]")
    return None if not before or not behind or before.startswith((*_TAGS, FENCE_END)) else (before, behind)


RESULT_MARKER: Final = "[TOOL_RESPONSE"
_OBJECT_KEYS: Final = "function|name|tool_calls?|tool|method|type|arguments|parameters|args|input"


class Scanner:
    """Finds openings for one set of reasoning markers and tools; `wrapper` is one more that means a call."""

    def __init__(self, tools: Iterable[str], reasoning: Reasoning = REASONING, wrapper: Wrapper | None = None) -> None:
        self._reasoning = dict(reasoning)
        self._tools = tuple(tools)
        self._tags = _TAGS if wrapper is None else {**_TAGS, wrapper[0]: (wrapper[1],)}
        self._literals = (*self._reasoning, *self._reasoning.values(), *self._tags, FENCE_END, RESULT_MARKER)
        self._longest = max(map(len, self._literals))
        self._pattern = _pattern(tuple(reasoning), self._tools, tuple(self._tags))

    def find(self, text: str, place: int) -> Opening | None:
        """Return the next opening at or behind `place`."""
        found = self._pattern.search(text, place)
        if not found:
            return None
        start, body = found.span()
        match found.lastgroup:
            case "tag":
                return Opening(Kind.TAGGED, start, body, self._tags[found[0]])
            case "fence":
                language = found[0].strip("`\r\n \t").lower()
                if language == CALL_FENCE:
                    return Opening(Kind.TAGGED, start, body, (FENCE_END,))
                return Opening(Kind.FENCE, start, body, (FENCE_END,), guarded=language in CALL_LANGUAGES)
            case "think":
                return Opening(Kind.REASONING, start, body, (self._reasoning[found[0]],))
            case "unthink":
                return Opening(Kind.REASONING_END, start, body)
            case "result":
                return Opening(Kind.RESULT, start, body)
            case "object":
                return Opening(Kind.OBJECT, start, start, guarded=True)
            case _:
                return Opening(Kind.PYTHON, start, start, guarded=True)

    def undecided(self, text: str) -> int:
        """Return where the end of a growing `text` begins that more text may turn into an opening; else its length."""
        cut = len(text)
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[-size:]
            if any(literal.startswith(tail) for literal in self._literals):
                cut -= size
                break
        tail_start = max(0, len(text) - 2 * MAX_NAME)
        tail = text[tail_start:]
        if found := _OBJECT_TAIL.search(tail):
            cut = min(cut, tail_start + found.start())
        if (found := _LINE_TAIL.search(tail)) and self._begins_a_tool(found["name"]):
            cut = min(cut, tail_start + found.start())
        return cut

    def _begins_a_tool(self, name: str) -> bool:
        return any(tool.startswith(name) for tool in self._tools)


_OBJECT_TAIL: Final = re.compile(r"[\[{][\s\[{]*[\"'“]{0,3}\w{0,12}[\"'”]?\s*\Z")
_LINE_TAIL: Final = re.compile(r"^[ \t]*(?:\[\s*)?(?P<name>[\w.-]*)[ \t]*\Z", re.MULTILINE)


@lru_cache(maxsize=32)
def _pattern(reasoning: Reasoning, tools: tuple[str, ...], tags: tuple[str, ...]) -> re.Pattern[str]:
    openers = "|".join(re.escape(opener) for opener, _ in reasoning)
    closers = "|".join(re.escape(closer) for _, closer in reasoning)
    tag = "|".join(map(re.escape, tags))
    names = "|".join(re.escape(tool) for tool in tools if len(tool) <= MAX_NAME)
    parts = [
        rf"(?P<tag>{tag})",
        r"(?P<fence>```[ \t]*[\w+-]*[ \t]*(?:\r?\n)?)",
        rf"(?P<result>{re.escape(RESULT_MARKER)})",
        rf"(?P<object>[\[{{][\s\[]{{0,8}}\{{?\s*[\"'“]{{0,3}}(?:{_OBJECT_KEYS})[\"'”]?\s*:)",
    ]
    if openers:
        parts += [rf"(?P<think>{openers})", rf"(?P<unthink>{closers})"]
    if names:
        thought = "".join(rf"|(?<={re.escape(closer)})" for _, closer in reasoning)
        parts.append(rf"(?P<python>(?:^{thought})[ \t]*(?:\[\s*)?(?:{names})[ \t]*\()")
    return re.compile("|".join(parts), re.MULTILINE)
