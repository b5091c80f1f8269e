"""What a corpus shows of calls and results: which format each has, by the votes of its messages."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, Final

from zimfo_client.calls.decode import strict_at
from zimfo_client.calls.parse import parse_calls
from zimfo_client.calls.shapes import ARGUMENT_KEYS, NAME_KEYS
from zimfo_client.profiles.corpus import Message, Row
from zimfo_client.profiles.notation import CallFormat, JsonStyle, ResponseFormat, ResultSize

MAX_BEFORE: Final = 400  # characters in front of the JSON of a call or a result; markers have a dozen
MAX_BEHIND: Final = 80  # and behind it
_STYLES: Final = tuple(
    JsonStyle(item_separator=item, key_separator=key, ascii_only=ascii_only)
    for item, key in ((", ", ": "), (",", ":"), (",", ": "))
    for ascii_only in (False, True)
)


@dataclass(frozen=True)
class SeenCall:
    """A call in a reply: the formats that write it exactly so, and what it calls."""

    forms: tuple[CallFormat, ...]
    name: str
    arguments: Mapping[str, Any]


@dataclass
class Formats:
    """Counts what rows show; `note` takes them one by one."""

    calls: Counter[CallFormat] = field(default_factory=Counter)
    responses: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    styles: Counter[JsonStyle] = field(default_factory=Counter)
    sizes: dict[str, list[int]] = field(default_factory=dict)

    def note(self, row: Row, tools: Mapping[str, list[str]]) -> None:
        """Count the calls and results of a row."""
        for before, after in pairwise(row.messages):
            if not before.is_reply or after.is_reply or (call := seen_call(before.content, tools)) is None:
                continue
            # A short call fits several spacings; the one that fits most calls is the corpus's.
            self.calls.update(call.forms)
            self._note_result(after, call.name)

    def call_format(self) -> CallFormat | None:
        """Return the format of most calls."""
        return self.calls.most_common(1)[0][0] if self.calls else None

    def result_role(self) -> str:
        """Return the role of most results."""
        roles: Counter[str] = Counter()
        for (role, _, _), count in self.responses.items():
            roles[role] += count
        return roles.most_common(1)[0][0] if roles else "user"

    def response_format(self) -> ResponseFormat | None:
        """Return the format of most results; the opening that the corpus does not show is made from the other."""
        if not self.responses:
            return None
        (_, opened, close), _ = self.responses.most_common(1)[0]
        named = "{name}" in opened
        plain = re.sub(r"[ \t]*[\w-]*[=:]?[ \t]*[\"']?\{name\}[\"']?", "", opened, count=1) if named else opened
        other = re.sub(r"(?<=[^\s\]>])(?=[\]>]\s*\Z)", " name={name}", opened, count=1)
        return ResponseFormat(
            marker="named" if named else "plain",
            named=opened if named else other,
            plain=plain,
            close=close,
            join="\n\n",
            style=self.styles.most_common(1)[0][0] if self.styles else JsonStyle(),
        )

    def result_sizes(self) -> tuple[ResultSize, ...]:
        """Return how long results were, most frequent tools first."""
        ordered = sorted(self.sizes.items(), key=lambda entry: (-len(entry[1]), entry[0]))
        return tuple(
            ResultSize(tool=name, results=len(sizes), median=round(median(sizes)), largest=max(sizes))
            for name, sizes in ordered
        )

    def _note_result(self, message: Message, tool: str) -> None:
        found = next(_json_in(message.content), None)
        if found is None:
            return
        start, end, value = found
        text = message.content
        opened = re.sub(rf"(?<![\w-]){re.escape(tool)}(?![\w-])", "{name}", text[:start], count=1)
        self.responses[message.role, opened, text[end:]] += 1
        self.sizes.setdefault(tool, []).append(end - start)
        self.styles.update(_styles_of(text[start:end], value))


def seen_call(text: str, tools: Mapping[str, list[str]]) -> SeenCall | None:
    """Return the call that a reply makes; None when it makes none, or one that no format writes so."""
    for start, end, value in _json_in(text):
        if not isinstance(value, Mapping) or len(value) != 2:
            continue
        first, second = value
        turned = first in ARGUMENT_KEYS
        name_key, arguments_key = (second, first) if turned else (first, second)
        if name_key not in NAME_KEYS or arguments_key not in ARGUMENT_KEYS:
            continue
        name, arguments = value[name_key], value[arguments_key]
        styles = _styles_of(text[start:end], value)
        if isinstance(name, str) and isinstance(arguments, Mapping) and styles:
            form = CallFormat(
                open=text[:start],
                close=text[end:],
                name_key=name_key,
                arguments_key=arguments_key,
                arguments_first=turned,
            )
            return SeenCall(tuple(form.model_copy(update={"style": style}) for style in styles), name, arguments)
    return _python_call(text, tools)


def _python_call(text: str, tools: Mapping[str, list[str]]) -> SeenCall | None:
    calls = parse_calls(text, tools).calls
    if len(calls) != 1 or calls[0].repaired:
        return None
    call = calls[0]
    form = CallFormat(open="", close="", name_key="name", arguments_key="arguments", notation="python")
    before, written, behind = text.partition(form.write(call.name, call.arguments))
    if not written or len(before) > MAX_BEFORE or len(behind) > MAX_BEHIND:
        return None
    return SeenCall((form.model_copy(update={"open": before, "close": behind}),), call.name, call.arguments)


def _json_in(text: str) -> Iterator[tuple[int, int, Any]]:
    """Yield the JSON objects and lists that begin near the beginning of a text and reach near to its end."""
    for found in re.finditer(r"[\[{]", text[:MAX_BEFORE]):
        value = strict_at(text, found.start())
        if value is not None and len(text) - value[1] <= MAX_BEHIND:
            yield found.start(), value[1], value[0]


def _styles_of(written: str, value: object) -> list[JsonStyle]:
    """Return the known styles that write a value so."""
    return [style for style in _STYLES if style.write(value) == written]


def as_usual(text: str) -> str:
    """Return JSON as it is handed to a profile; text that is none as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
