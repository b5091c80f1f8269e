"""The profile `template`: turns, tools, results and calls as a model's own chat template writes them.

The template is rendered with placeholders for what a conversation consists of, and what stands between them are the
markers of a profile. So a transcript only ever grows, also where a template would later write earlier turns
differently. Only the tools are rendered anew, for each listing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from zimfo_client.errors import ProfileError
from zimfo_client.fold import plain_schema, shown_tools
from zimfo_client.profile import Profile
from zimfo_client.profiles.jinja import ChatTemplate, Slots, within_deadline
from zimfo_client.profiles.notation import Block, CallFormat, ResponseFormat, Turns
from zimfo_client.profiles.turn_formats import seen_call

INSTRUCTION: Final = (
    "You are a concise assistant that works offline. Encyclopedia articles and maps are open to you through tools. "
    "Use a tool instead of guessing, and answer only from what it returns."
)
_PROBE: Final = "look_it_up"  # a tool's name, which templates may take apart or compare
_CALL_ID: Final = "call00001"  # nine letters and digits, which some templates insist on
_SHORTEST_STOP: Final = 3  # characters: anything shorter may be ordinary text

Message = dict[str, Any]


def template_profile(source: str, base: Profile, eos: str = "") -> Profile:
    """Return `base` with the markers of a chat template; `eos` is the text of the model's end token.

    Raises `ProfileError` for a template that shows no turns.
    """
    return within_deadline(lambda: _Probe(source, eos).profile(base))


def template_block(listing: Sequence[Mapping[str, Any]], profile: Profile) -> Block:
    """Return what a prompt with these tools begins with, up to the first question. Raises `ProfileError`."""

    def rendered() -> Block:
        assert profile.chat_template is not None
        slots = Slots()
        markers = profile.markers()
        tools = [
            {
                "type": "function",
                "function": {
                    "name": slots.put(str(tool["name"])),
                    "description": slots.put(str(tool.get("description") or "")),
                    "parameters": _slotted(plain_schema(tool.get("inputSchema"), markers), slots),
                },
            }
            for tool, _ in shown_tools(listing, profile)
        ]
        question = slots.put("\0question")
        # Where a template writes the end token, it is what replies end with.
        template = ChatTemplate(profile.chat_template, profile.turns.assistant_close)
        text = _first_turn(template, slots.put(INSTRUCTION), question, tools)
        return Block(slots.cut(text.partition(question)[0]))

    return within_deadline(rendered)


class _Probe:
    """Finds out how a template writes each part of a conversation."""

    def __init__(self, source: str, eos: str) -> None:
        self._source = source
        self._template = ChatTemplate(source, eos)
        slots = Slots()
        self._system, self._user, self._reply, self._next, self._first, self._second = map(
            slots.put, ("system", "user", "reply", "next", "first", "second")
        )

    def profile(self, base: Profile) -> Profile:
        asked = [_message("user", self._user), _message("assistant", self._reply)]
        whole = self._template.render([*asked, _message("user", self._next)])
        if not whole.count(self._user) == whole.count(self._reply) == whole.count(self._next) == 1:
            raise ProfileError("The model's chat template does not show each turn once. Choose another with --profile.")
        end = _common(_behind(whole, self._reply), self._template.render(asked).rpartition(self._reply)[2])
        close = end.rstrip()
        gap = end[len(close) :]
        user_open = _between(whole, self._reply, self._next).removeprefix(end)
        user_end = _behind(whole, self._next)
        if gap and not user_end.endswith(gap):
            gap, user_open = "", gap + user_open  # white space behind replies alone
        opened = _behind(self._template.render([*asked, _message("user", self._next)], reply=True), self._next)
        turns = {
            "user_open": user_open,
            "user_close": user_end.removesuffix(gap),
            "assistant_open": opened.removeprefix(user_end),
            "assistant_close": close,
            "gap": gap,
            **self._system_turn(user_open, gap),
        }
        if not close or not opened.startswith(user_end):
            raise ProfileError("The model's chat template does not end turns alike. Choose another with --profile.")
        results = self._results(asked, end, gap)
        response = base.response
        if results is not None:
            tool_open, tool_close, join = results
            turns |= {"tool_open": tool_open, "tool_close": tool_close}
            response = ResponseFormat(marker="plain", named="", plain="", close="", join=join)
        stops = (
            close,
            user_open.strip().partition("\n")[0],
            (turns.get("tool_open") or "").strip().rpartition("\n")[2],
        )
        return base.model_copy(
            update={
                "turns": Turns(**turns),
                "call": self._call(user_end, turns["assistant_open"], end) or base.call,
                "response": response,
                "stop": tuple(dict.fromkeys(stop for stop in stops if len(stop) > _SHORTEST_STOP or stop == close)),
                "reasoning": (("<think>", "</think>"),) if "<think>" in self._source else (),
                "chat_template": self._source if self._shows_tools() else None,
            }
        )

    def _system_turn(self, user_open: str, gap: str) -> dict[str, str]:
        """Return the markers of a system turn; none where a template has no turn of its own for it."""
        try:
            text = self._template.render([_message("system", self._system), _message("user", self._user)])
        except ProfileError:
            return {}
        if text.count(self._system) != 1 or text.count(self._user) != 1:
            return {}
        between = _between(text, self._system, self._user)
        if not between.endswith(gap + user_open) or between == gap + user_open:
            return {}
        return {
            "system_open": text.partition(self._system)[0],
            "system_close": between.removesuffix(gap + user_open),
        }

    def _results(self, asked: Sequence[Message], end: str, gap: str) -> tuple[str, str, str] | None:
        """Return what stands before, behind and between results; None where a template has no turns for them."""
        results = [
            {**_message("tool", slot), "name": _PROBE, "tool_call_id": _CALL_ID} for slot in (self._first, self._second)
        ]
        try:
            text = self._template.render([*asked, *results])
        except ProfileError:
            return None
        if text.count(self._first) != 1 or text.count(self._second) != 1 or self._reply not in text:
            return None
        before = _between(text, self._reply, self._first)
        behind = _behind(text, self._second)
        if not before.startswith(end) or not behind.endswith(gap):
            return None
        return (
            before.removeprefix(end),
            behind.removesuffix(gap),
            _between(text, self._first, self._second),
        )

    def _call(self, user_end: str, opened: str, end: str) -> CallFormat | None:
        """Return how the template writes a call; None where that is not recognised."""
        arguments = {"text": "x y", "number": 3}
        call = {"id": _CALL_ID, "type": "function", "function": {"name": _PROBE, "arguments": arguments}}
        message = {**_message("assistant", ""), "tool_calls": [call]}
        try:
            text = _behind(self._template.render([_message("user", self._user), message]), self._user)
        except ProfileError:
            return None
        text = text.removeprefix(user_end)
        start = text.rfind(opened) + len(opened) if opened and opened in text else 0
        written = text[start:].removesuffix(end)
        seen = seen_call(written, {_PROBE: list(arguments)})
        if seen and seen.arguments == arguments and seen.forms[0].open.strip():
            return seen.forms[0]
        # Python notation with other quotes: both are read, and ours is written.
        before, called, behind = written.partition(f"{_PROBE}(")
        if not called or not before.strip() or ")" not in behind:
            return None
        close = behind.rpartition(")")[2]
        return CallFormat(open=before, close=close, name_key="name", arguments_key="arguments", notation="python")

    def _shows_tools(self) -> bool:
        schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
        tool = {"type": "function", "function": {"name": _PROBE, "description": "", "parameters": schema}}
        try:
            return _PROBE in _first_turn(self._template, self._system, self._user, [tool]).partition(self._user)[0]
        except ProfileError:
            return False


def _first_turn(template: ChatTemplate, system: str, question: str, tools: Sequence[Mapping[str, Any]]) -> str:
    """Return a first turn with tools, without a system turn where the template refuses one."""
    asked = _message("user", question)
    try:
        text = template.render([_message("system", system), asked], tools)
    except ProfileError:
        text = template.render([asked], tools)
    if text.count(question) != 1:
        raise ProfileError("The model's chat template does not show the question once. Choose another with --profile.")
    return text


def _slotted(schema: Mapping[str, Any], slots: Slots) -> dict[str, Any]:
    """Return a schema with placeholders for its names, descriptions and choices; types are words of the format."""
    shown = dict(schema)
    if isinstance(text := shown.get("description"), str):
        shown["description"] = slots.put(text)
    if isinstance(choices := shown.get("enum"), list):
        shown["enum"] = [slots.put(choice) if isinstance(choice, str) else choice for choice in choices]
    if isinstance(properties := shown.get("properties"), Mapping):
        shown["properties"] = {slots.put(name): _slotted(member, slots) for name, member in properties.items()}
    if isinstance(required := shown.get("required"), list):
        shown["required"] = [slots.put(name) for name in required]
    if isinstance(items := shown.get("items"), Mapping):
        shown["items"] = _slotted(items, slots)
    return shown


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _between(text: str, first: str, second: str) -> str:
    return text.partition(first)[2].partition(second)[0]


def _behind(text: str, slot: str) -> str:
    return text.partition(slot)[2]


def _common(first: str, second: str) -> str:
    length = next((at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None)
    return first[: min(len(first), len(second)) if length is None else length]
