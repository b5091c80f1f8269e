"""The tables of a profile that say how things are written: turns, the fold, calls and results."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from zimfo_client.calls.grammar_schema import PYTHON_WORDS

ResponseMarker = Literal["named", "plain"]

# What the reader of calls takes for the name in `name(argument="value")`; anything else is written as JSON.
_SIMPLE_NAME: Final = re.compile(r"[^\W\d][\w.-]*")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with each `{key}` replaced once; braces in values and unknown keys stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


class Block(str):
    """A rendered fold that goes up to the question; `pieces` say which of its text is a template's own, not data."""

    pieces: tuple[tuple[str, bool], ...]

    def __new__(cls, pieces: tuple[tuple[str, bool], ...]) -> Self:
        """Return the text of the pieces as one."""
        block = super().__new__(cls, "".join(text for text, _ in pieces))
        block.pieces = pieces
        return block


class Part(BaseModel):
    """A table of a profile: unknown keys are refused, so that a misspelt setting does not go unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class JsonStyle(Part):
    """How JSON is spaced and escaped; as it stands here in the corpus of the fine-tune: one line, raw UTF-8."""

    item_separator: str = ", "
    key_separator: str = ": "
    ascii_only: bool = False

    def write(self, value: object) -> str:
        """Return `value` as one line of JSON."""
        return json.dumps(value, ensure_ascii=self.ascii_only, separators=(self.item_separator, self.key_separator))

    def rewrite(self, text: str) -> str:
        """Return JSON in the usual style as JSON in this one; text that is none stays as it is."""
        if self == USUAL:
            return text
        try:
            return self.write(json.loads(text))
        except (ValueError, RecursionError):
            return text


USUAL: Final = JsonStyle()


class Turns(Part):
    """The markers around turns; `gap` stands between one turn's close and the next one's open.

    Without `system_open` the tools stand in the first user turn, without `tool_open` results come in user turns.
    """

    user_open: str
    user_close: str
    assistant_open: str
    assistant_close: str
    gap: str
    system_open: str = ""
    system_close: str = ""
    tool_open: str = ""
    tool_close: str = ""


class SurfaceTool(Part):
    """One tool as a model was trained to see it; arguments as they are shown, `name:type`, `*` for required.

    `line` is all of its text in the fold, where that was learned; else it is made of the listing's description.
    """

    name: str
    arguments: tuple[str, ...]
    line: str | None = None

    @property
    def names(self) -> list[str]:
        """The bare names of its arguments, in order."""
        return [argument.partition(":")[0].rstrip("*") for argument in self.arguments]


class ResultSize(Part):
    """How long a tool's results were in a corpus, in characters of JSON."""

    tool: str
    results: int
    median: int
    largest: int


class Learned(Part):
    """What a learned profile was learned from: rows, the share reproduced byte for byte, the MD5 of the fold."""

    corpus: str
    rows: int
    coverage: float
    block_md5: str
    result_sizes: tuple[ResultSize, ...] = ()


class FoldFormat(Part):
    """How a tool listing becomes text: `intro`, the tools with `between` them, `outro`, with nothing added.

    As `signatures` a tool is `tool_line`, which has `{name}`, `{arguments}` and `{description}`; as `schemas` it is a
    JSON object with its input schema, and `tool_line` has `{tool}` for it. With `none` a model knows the tools of the
    profile's surface by heart and is told of none; those of other servers it is told of as `signatures`.
    """

    intro: str
    tool_line: str
    outro: str
    between: str = "\n"
    tools: Literal["signatures", "schemas", "none"] = "signatures"


class CallFormat(Part):
    """How a call is written: `open`, the call, `close`.

    In the notation `json` a call is an object of `name_key` and `arguments_key`, in that order unless
    `arguments_first`; in the notation `python` it is `name(argument="value")`.
    """

    open: str
    close: str
    name_key: str
    arguments_key: str
    arguments_first: bool = False
    notation: Literal["json", "python"] = "json"
    style: JsonStyle = USUAL

    @property
    def has_grammar(self) -> bool:
        """Whether a grammar of calls is made for this: Python's notation, or JSON, name first and spaced as usual."""
        return self.notation == "python" or (self.style == USUAL and not self.arguments_first)

    def write(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Return a call without its `open` and `close`; any name and any JSON can be written and read back."""
        if self.notation == "python" and _SIMPLE_NAME.fullmatch(name):
            return f"{name}({_python_arguments(arguments)})"
        members = [(self.name_key, name), (self.arguments_key, dict(arguments))]
        return self.style.write(dict(reversed(members) if self.arguments_first else members))


class ResponseFormat(Part):
    """How results are written; `named` has `{name}`, `marker` chooses between the two openings."""

    marker: ResponseMarker
    named: str
    plain: str
    close: str
    join: str
    style: JsonStyle = USUAL


def _python_arguments(arguments: Mapping[str, Any]) -> str:
    if all(name.isidentifier() for name in arguments):
        return ", ".join(f"{name}={_python(value)}" for name, value in arguments.items())
    return _python(dict(arguments))


def _python(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_python(str(key))}: {_python(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_python, value)) + "]"
    if value is None or isinstance(value, bool):
        return PYTHON_WORDS[value]
    return json.dumps(value, ensure_ascii=False)  # a text or a number reads the same in both notations
