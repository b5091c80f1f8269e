"""The fold: a tool listing of any MCP server as the text block that opens a prompt.

Names, types and descriptions come from a server that may be foreign, so whatever could speak as the host is broken up.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zimfo_client.calls.grammar import CallGrammar, call_grammar
from zimfo_client.neutral import broken_up
from zimfo_client.profile import Profile
from zimfo_client.profiles.notation import FoldFormat, fill

MAX_DESCRIPTION = 320  # characters; the longest of the fine-tune's corpus has 239
MAX_NAME = 80  # characters of a tool's or an argument's name; MCP asks for at most 64
MAX_ARGUMENTS = 40  # of one tool
MAX_CHOICES = 6  # of an enumeration that is written out
MAX_CHOICE = 24  # characters of a value in it
MAX_LISTED = 20  # of an enumeration in a schema
MAX_DEPTH = 4  # of references and unions that are followed to name a type

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_DIRECTIONS: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # would let a line read other than it is

Tool = Mapping[str, Any]


def fold_tools(listing: Sequence[Tool], profile: Profile) -> str:
    """Return the block for a listing of `name`, `description`, `inputSchema`; empty when there is no tool to show.

    A trained surface selects, orders and decides the arguments; otherwise every tool is shown as listed.
    """
    if profile.chat_template is not None and listing:
        from zimfo_client.profiles.template import template_block  # jinja, which only this needs

        return template_block(listing, profile)
    trained = {tool.name: tool.line for tool in profile.surface or ()}
    if profile.fold.tools == "none" and any(tool["name"] in trained for tool in listing):
        return profile.fold.intro
    form, markers = profile.fold, profile.markers()
    shown = [
        trained.get(tool["name"]) or _tool_text(tool, arguments, form, markers)
        for tool, arguments in shown_tools(listing, profile)
    ]
    if form.tools == "none":
        shown = ["", *shown]  # the intro is a whole prompt, and tools of another server begin behind it
    return form.intro + form.between.join(shown) + form.outro if any(shown) else ""


def shown_tools(listing: Sequence[Tool], profile: Profile) -> list[tuple[Tool, list[str]]]:
    """Return the tools that a prompt shows, in order, each with its arguments as `name*:type`.

    A server that has none of the trained tools is shown as it lists itself: a foreign one.
    """
    listed = {tool["name"]: tool for tool in listing}
    trained = [(listed[tool.name], list(tool.arguments)) for tool in profile.surface or () if tool.name in listed]
    return trained or [(tool, schema_arguments(tool.get("inputSchema"))) for tool in listing]


def grammar_for(listing: Sequence[Tool], profile: Profile) -> CallGrammar | None:
    """Return the grammar of the calls that a prompt shows, in the profile's format.

    None when it shows none, when the profile wants none, and for formats that no grammar is made for.
    """
    if not profile.grammar or not profile.call.has_grammar:
        return None
    return call_grammar(
        shown_tools(listing, profile), profile.call, reasoning=profile.reasoning, forbidden=profile.stop
    )


def schema_arguments(schema: object) -> list[str]:
    """Return the arguments of a JSON schema as `name*:type`, `*` for required ones, in the schema's order."""
    if not isinstance(schema, Mapping) or not isinstance(properties := schema.get("properties"), Mapping):
        return []
    required = schema.get("required")
    needed = set(required) if isinstance(required, list) and all(isinstance(name, str) for name in required) else set()
    return [
        f"{name}{'*' if name in needed else ''}:{type_name(declared, schema)}"
        for name, declared in list(properties.items())[:MAX_ARGUMENTS]
    ]


def type_name(declared: object, root: Mapping[str, Any], depth: int = 0) -> str:
    """Return a short name for the type that a schema declares; `any` where it declares none."""
    if not isinstance(declared, Mapping) or depth > MAX_DEPTH:
        return "any"
    if isinstance(reference := declared.get("$ref"), str):
        return type_name(_resolved(reference, root), root, depth + 1)
    choices = declared.get("enum")
    if isinstance(choices, list) and 0 < len(choices) <= MAX_CHOICES and all(map(_is_short, choices)):
        return "|".join(choices)
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(options := declared.get(key), list):
            return _union([type_name(option, root, depth + 1) for option in options])
    kind = declared.get("type")
    if isinstance(kind, list):
        return _union([str(one) for one in kind])
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in declared else "array" if "items" in declared else "any"


def neutralise(text: str, markers: Sequence[str], limit: int) -> str:
    """Return foreign text as one line of at most `limit` characters that holds no marker and no code fence."""
    text = _DIRECTIONS.sub("", text[: limit * 4])
    text = " ".join(_CONTROLS.sub(" ", text).split()).replace("```", "'''")
    text = broken_up(text, markers)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _tool_text(tool: Tool, arguments: Sequence[str], form: FoldFormat, markers: Sequence[str]) -> str:
    name = neutralise(str(tool.get("name", "")), markers, MAX_NAME)
    description = neutralise(str(tool.get("description") or ""), markers, MAX_DESCRIPTION)
    if form.tools == "schemas":
        shown = {"name": name, "description": description, "parameters": plain_schema(tool.get("inputSchema"), markers)}
        return fill(form.tool_line, {"tool": json.dumps(shown, ensure_ascii=False)})
    listed = ", ".join(neutralise(argument, markers, 2 * MAX_NAME) for argument in arguments)
    return fill(form.tool_line, {"name": name, "arguments": listed, "description": description}).rstrip(" —")


def _resolved(reference: str, root: Mapping[str, Any]) -> object:
    """Follow `#/a/b` within the schema; anything else is not followed."""
    found: object = root
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _union(names: Sequence[str]) -> str:
    kept = [name for name in dict.fromkeys(names) if name != "null"]
    return "|".join(kept) or "any"


def _is_short(choice: object) -> bool:
    return isinstance(choice, str) and 0 < len(choice) <= MAX_CHOICE and choice.isprintable()


def _are_plain(choices: Sequence[object]) -> bool:
    return all(isinstance(choice, str | int | float | bool | None) for choice in choices)


def plain_schema(schema: object, markers: Sequence[str]) -> dict[str, Any]:
    """Return an input schema as a prompt shows it: types, choices, descriptions, required names; texts neutralised."""
    root = schema if isinstance(schema, Mapping) else {}
    return {"type": "object", "properties": {}, **_plain(root, root, markers, 0)}


def _plain(declared: object, root: Mapping[str, Any], markers: Sequence[str], depth: int) -> dict[str, Any]:
    if isinstance(declared, Mapping) and isinstance(reference := declared.get("$ref"), str) and depth < MAX_DEPTH:
        return _plain(_resolved(reference, root), root, markers, depth + 1)
    if not isinstance(declared, Mapping) or depth > MAX_DEPTH:
        return {}
    shown: dict[str, Any] = {}
    if (kind := type_name({**declared, "enum": None}, root)) != "any":
        shown["type"] = neutralise(kind, markers, 2 * MAX_NAME)
    if isinstance(choices := declared.get("enum"), list) and 0 < len(choices) <= MAX_LISTED and _are_plain(choices):
        shown["enum"] = [neutralise(one, markers, MAX_NAME) if isinstance(one, str) else one for one in choices]
    if isinstance(text := declared.get("description"), str) and depth:
        shown["description"] = neutralise(text, markers, MAX_DESCRIPTION)
    if isinstance(properties := declared.get("properties"), Mapping):
        members = list(properties.items())[:MAX_ARGUMENTS]
        shown["properties"] = {
            neutralise(str(name), markers, MAX_NAME): _plain(member, root, markers, depth + 1)
            for name, member in members
        }
        if isinstance(required := declared.get("required"), list):
            needed = [neutralise(name, markers, MAX_NAME) for name in required if isinstance(name, str)]
            shown["required"] = [name for name in needed if name in shown["properties"]]
    if isinstance(items := declared.get("items"), Mapping):
        shown["items"] = _plain(items, root, markers, depth + 1)
    return shown
