"""The shapes in which models put a name and arguments into an object (zimfo-behaviour §4.3)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from zimfo_client.calls import decode

NAME_KEYS: Final = ("function", "name", "tool", "method")
ARGUMENT_KEYS: Final = ("arguments", "parameters", "args", "input")
MAX_NESTING = 4  # wrappers around a call; real ones have two


class RawCall(NamedTuple):
    """A call as it was written: arguments by name, by position, or not at all."""

    name: str
    arguments: Mapping[str, Any] | list[Any]
    bare: bool  # there was no member for arguments, so the object may be no call at all
    repaired: bool


def calls_in(value: object, depth: int = 0) -> Iterator[RawCall]:
    """Yield the calls that a decoded value holds, in order; none for a value that is something else."""
    if depth > MAX_NESTING:
        return
    if isinstance(value, list):
        for item in value:
            yield from calls_in(item, depth + 1)
    elif isinstance(value, Mapping):
        yield from _calls_in_object(value, depth)


def _calls_in_object(value: Mapping[str, Any], depth: int) -> Iterator[RawCall]:
    for wrapper in ("tool_call", "tool_calls"):
        if isinstance(value.get(wrapper), Mapping | list):
            yield from calls_in(value[wrapper], depth + 1)
            return
    arguments_key = next((key for key in ARGUMENT_KEYS if key in value), None)
    if isinstance(function := value.get("function"), Mapping):
        # {"function": {"name", "arguments"}}, with the arguments sometimes left beside it
        inner = dict(function)
        if arguments_key and not any(key in inner for key in ARGUMENT_KEYS):
            inner[arguments_key] = value[arguments_key]
        yield from calls_in(inner, depth + 1)
        return
    name = next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str) and value[key].strip()), None)
    inner_call = value.get(arguments_key) if arguments_key else None
    if name is None:
        if isinstance(inner_call, Mapping) and isinstance(inner_call.get("name"), str):
            yield from calls_in(inner_call, depth + 1)
        return
    arguments, repaired = _arguments(inner_call)
    bare = arguments_key is None and "function" not in value
    yield RawCall(name.strip(), arguments, bare, repaired)


def _arguments(value: object) -> tuple[Mapping[str, Any] | list[Any], bool]:
    """Return arguments and whether they had to be repaired."""
    if isinstance(value, str) and value.strip():
        decoded = decode.strict_text(value)
        if isinstance(decoded, Mapping | list):
            return decoded, False
        mended = decode.lenient(value, clipped=False)
        if mended and isinstance(mended[0], Mapping | list):
            return mended[0], True
        return [value], True
    if isinstance(value, Mapping):
        return value, False
    if isinstance(value, list):
        return value, True
    return {}, value not in (None, "")
