"""From what a model sent to a validated input.

Models rename arguments, send numbers as strings, lists as text, `null` for "nothing" and positional lists
(zimfo-behaviour §1.3 has the census). `Input` accepts all of that, refuses what it does not know, and says which
arguments exist.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from zimfo_shared.errors import BadArgumentsError

MAX_ECHO = 60  # characters of a bad value repeated in an error: enough to recognise it, no more prompt than that


class Input(BaseModel):
    """Base of every tool's input.

    `ALIASES` maps each canonical name to the other names it is accepted under. Subclasses override `adjust` for what
    is more than a renaming.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True, allow_inf_nan=False
    )

    ALIASES: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def adjust(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return `arguments` (canonical names, no nulls) in the types that the fields expect."""
        return arguments

    @classmethod
    def parse(cls, tool: str, raw: object) -> Self:
        """Validate what a caller sent for `tool`: an object, a positional list, or nothing.

        Raises `BadArgumentsError`.
        """
        arguments = cls.adjust(cls._renamed(tool, raw))
        try:
            return cls.model_validate(arguments)
        except ValidationError as error:
            raise BadArgumentsError(f"{tool}: {cls._explain(error)}") from None

    @classmethod
    def _renamed(cls, tool: str, raw: object) -> dict[str, Any]:
        names = list(cls.model_fields)
        if raw is None:
            return {}
        if isinstance(raw, list):
            raw = cls.from_positional(raw)
        if not isinstance(raw, Mapping):
            raise BadArgumentsError(f"{tool}: arguments must be an object with {_listed(names)}.")
        given = {_key(str(key)): value for key, value in raw.items() if value is not None}
        renamed: dict[str, Any] = {}
        for name, value in given.items():
            canonical = next((field for field, others in cls.ALIASES.items() if name in others), name)
            # Beside the canonical name an alias adds nothing that can be trusted more.
            if name in cls.model_fields:
                renamed[name] = value
            elif name == canonical or canonical not in given:
                renamed.setdefault(canonical, value)
        return renamed

    @classmethod
    def from_positional(cls, values: list[object]) -> dict[str, Any]:
        """Name the values of a positional list in the declared order."""
        return dict(zip(cls.model_fields, values, strict=False))

    @classmethod
    def _explain(cls, error: ValidationError) -> str:
        problems = error.errors(include_url=False)
        names = list(cls.model_fields)
        unknown = [str(p["loc"][0]) for p in problems if p["type"] == "extra_forbidden"]
        if unknown:
            shown = ", ".join(repr(_short(name)) for name in unknown[:3])
            return f"unknown argument {shown}. Valid arguments: {', '.join(names)}."
        return " ".join(cls._sentence(problem) for problem in problems[:3])

    @classmethod
    def _sentence(cls, problem: ErrorDetails) -> str:
        name = str(problem["loc"][0]) if problem["loc"] else ""
        if problem["type"] == "missing":
            return f"the argument {name!r} is missing. Valid arguments: {', '.join(cls.model_fields)}."
        if problem["type"] == "value_error":
            return f"{problem['ctx']['error']}"
        if problem["type"] == "string_too_long":
            limit = problem["ctx"]["max_length"]
            return f"{name!r} is too long (at most {limit} characters). Send only the words that matter."
        if problem["type"] == "string_too_short":
            return f"{name!r} is empty. Send the text to look for."
        message = problem["msg"][0].lower() + problem["msg"][1:]
        return f"{name!r}: {message} (got {_short(problem['input'])!r})."


def whole_number(value: object) -> object:
    """Return an int for `5`, `5.0`, `5.4`, `"5"` or `"about 5"`; anything else unchanged, for the field to refuse."""
    number = real_number(value)
    return round(number) if isinstance(number, float) and math.isfinite(number) else number


def real_number(value: object) -> object:
    """Return a float for a finite number or a text that holds one (`"5 km"`); anything else unchanged."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (found := re.search(r"[-+]?\d+(?:\.\d+)?", value[:MAX_ECHO])):
        value = found.group()
    if isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return value
        return number if math.isfinite(number) else value
    return value


def clamp(value: object, low: float, high: float) -> object:
    """Return a number moved into `low..high`; anything that is no number unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return min(max(value, low), high)


def text_list(value: object, *, separators: str) -> object:
    """Return a list of non-blank texts from a text, split at the regular expression `separators`, or from a list."""
    if isinstance(value, str):
        value = re.split(separators, value, flags=re.IGNORECASE)
    if isinstance(value, list | tuple | set):
        texts = (str(item).strip(" \t\n\"'") for item in value if item is not None)
        return [text for text in texts if text]
    return value


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def _listed(names: list[str]) -> str:
    return f"these names: {', '.join(names)}" if names else "no members"
