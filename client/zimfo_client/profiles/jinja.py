"""Rendering a model's own chat template, with placeholders where data stands.

A template comes from a model file, that is from anywhere: it runs in jinja's sandbox, with bounds on time and size.
What it renders is cut at the placeholders, so that its own text and the data in it can be tokenised apart.
"""

import datetime
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from zimfo_client.errors import ProfileError

MAX_TEMPLATE_CHARS: Final = 200_000  # the longest of well-known models has 15,000
MAX_RENDERED_CHARS: Final = 4_000_000  # a listing of hundreds of tools stays below a quarter of it
MAX_REPEAT: Final = 10_000  # of `text * n` in a template
RENDER_DEADLINE_S: Final = 10.0  # real templates take milliseconds

# Private-use characters: no template holds them, and none of jinja's filters changes them.
_SLOT: Final = re.compile("\ue000(\\d+)(j*)\ue001")

Done = TypeVar("Done")
Pieces = tuple[tuple[str, bool], ...]


class Slots:
    """Placeholders for data in one rendering; the same text has the same one, so that templates can compare."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._slots: dict[str, str] = {}

    def put(self, text: str) -> str:
        """Return the placeholder of a text."""
        if text not in self._slots:
            self._slots[text] = f"\ue000{len(self._texts)}\ue001"
            self._texts.append(text)
        return self._slots[text]

    def cut(self, rendered: str) -> Pieces:
        """Return rendered text as (text, whether it is the template's own), data put back for its placeholders."""
        pieces: list[tuple[str, bool]] = []
        place = 0
        for found in _SLOT.finditer(rendered):
            pieces.append((rendered[place : found.start()], True))
            text = self._texts[int(found[1])] if int(found[1]) < len(self._texts) else ""
            for _ in found[2]:  # inside of JSON, once or more
                text = json.dumps(text, ensure_ascii=False)[1:-1]
            pieces.append((text, False))
            place = found.end()
        pieces.append((rendered[place:], True))
        return tuple(piece for piece in pieces if piece[0])


class ChatTemplate:
    """A compiled chat template; `eos` is the text of the model's end token. Raises `ProfileError` when it is none."""

    def __init__(self, source: str, eos: str = "") -> None:
        if len(source) > MAX_TEMPLATE_CHARS:
            raise ProfileError("The model's chat template is too large to be one. Choose another with --profile.")
        if _SLOT.search(source):
            raise ProfileError("The model's chat template holds characters that it must not. Choose a --profile.")
        environment = _Environment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_IgnoredGeneration, loopcontrols], autoescape=False
        )
        environment.filters["tojson"] = _tojson
        environment.globals |= {"raise_exception": _raise, "strftime_now": _strftime_now}
        self._eos = eos
        try:
            self._template = environment.from_string(source)
        except (TemplateError, RecursionError) as error:
            raise _unusable(error) from None

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = (), *, reply: bool = False
    ) -> str:
        """Return the prompt of messages, up to where a reply begins if `reply`. Raises `ProfileError`.

        BOS is left out: whoever tokenises the prompt adds it.
        """
        values = {"messages": [dict(message) for message in messages], "add_generation_prompt": reply}
        values |= {"bos_token": "", "eos_token": self._eos, "tools": list(tools) or None}
        parts: list[str] = []
        size = 0
        try:
            for part in self._template.generate(**values):
                size += len(part)
                if size > MAX_RENDERED_CHARS:
                    raise ProfileError("The model's chat template renders without end. Choose another with --profile.")
                parts.append(part)
        except ProfileError:
            raise
        except Exception as error:  # whatever a foreign template does with our values
            raise _unusable(error) from None
        return "".join(parts)


def within_deadline(work: Callable[[], Done]) -> Done:
    """Return what `work` returns; a template that does not end raises `ProfileError` instead of holding us."""
    results: list[Done] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # raised again where it is waited for
            errors.append(error)

    thread = threading.Thread(target=run, name="chat template", daemon=True)
    thread.start()
    thread.join(RENDER_DEADLINE_S)
    if errors:
        raise errors[0]
    if not results:
        raise ProfileError(f"The model's chat template took longer than {RENDER_DEADLINE_S:g} s. Choose a --profile.")
    return results[0]


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, which also refuses to fill the memory."""

    intercepted_binops = frozenset(["*", "**"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        sides = (left, right)
        if operator == "**" or any(isinstance(side, int | float) and abs(side) > MAX_REPEAT for side in sides):
            raise SecurityError("a product is too large")
        return super().call_binop(context, operator, left, right)


class _IgnoredGeneration(Extension):
    """`{% generation %}` marks what is trained on; rendering passes over the tags."""

    tags = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return what stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _tojson(value: Any, indent: int | None = None, **_options: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _SLOT.sub("\ue000\\1\\2j\ue001", text)


def _raise(message: str = "") -> NoReturn:
    raise TemplateError(str(message))


def _strftime_now(form: str) -> str:
    return datetime.datetime.now().astimezone().strftime(form)


def _unusable(error: Exception) -> ProfileError:
    reason = str(error).strip().splitlines()
    said = reason[0][:200].rstrip(".") if reason else type(error).__name__
    return ProfileError(f"The model's chat template cannot be rendered: {said}. Choose another with --profile.")
