"""`zimfo profile check`: whether a profile holds together, beyond the types of its values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from zimfo_client.calls import CallGate, parse_calls
from zimfo_client.profile import Profile
from zimfo_client.profiles.learn import block_md5, block_of

# A call with what makes calls hard to read: quotes, brackets, fences, other scripts, values of every kind.
_TOOL: Final = "search"
_ARGUMENTS: Final[Mapping[str, Any]] = {
    "query": "a \"b\" 'c' ] ) } ``` \\ \n ü 字",
    "limit": 3,
    "near": [1.5, -2.0, None, True],
    "within": {"of": ["x"], "at": {}},
}


def problems(profile: Profile) -> list[str]:
    """Return what is wrong with a profile, a sentence each; nothing when it can be used."""
    return [*_calls(profile), *_markers(profile), *_surface(profile), *_learned(profile)]


def _calls(profile: Profile) -> Iterator[str]:
    rendered = profile.call.open + profile.call.write(_TOOL, _ARGUMENTS) + profile.call.close
    tools = {_TOOL: list(_ARGUMENTS)}
    read = parse_calls(rendered, tools, reasoning=profile.reasoning, wrapper=profile.wrapper).calls
    if [(call.name, call.arguments) for call in read] != [(_TOOL, _ARGUMENTS)]:
        yield "call: a call written in this format is not read back as it was; its markers are not recognised."
    gate = CallGate(tools, reasoning=profile.reasoning, wrapper=profile.wrapper)
    if gate.feed(rendered) + gate.finish():
        yield "call: a call written in this format would be shown to the person."
    plain = profile.call.open + profile.call.write(_TOOL, {}) + profile.call.close
    for stop in profile.stop:
        if stop and stop in plain:
            yield f"stop: {stop!r} stands in every call, so no call would be completed."


def _markers(profile: Profile) -> Iterator[str]:
    if "" in profile.stop:
        yield "stop: an empty marker would end every reply at once."
    if profile.turns.assistant_close not in profile.stop:
        yield "stop: the end of a reply (turns.assistant_close) is missing."
    if any(not opened or not closed or opened == closed for opened, closed in profile.reasoning):
        yield "reasoning: a span needs two different markers."
    if profile.response.marker == "named" and "{name}" not in profile.response.named:
        yield "response: marker is 'named', but response.named lacks {name}."


def _surface(profile: Profile) -> Iterator[str]:
    names = [tool.name for tool in profile.surface or ()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"surface: {name!r} is there more than once."


def _learned(profile: Profile) -> Iterator[str]:
    if profile.learned is None:
        return
    if block_md5(block_of(profile)) != profile.learned.block_md5:
        yield "learned: the fold is no longer the one that was learned (its MD5 differs)."
