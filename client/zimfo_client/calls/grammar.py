"""The grammar of calls: what a model may write once it has begun one, as GBNF made from the tools on offer.

Lazy: prose is free. From a profile's call opener on, exact tool names, exact argument names and types, enumerations and
required arguments are all that can be sampled, up to the closing marker: one line of JSON as the corpus has it, or
a Python call. One reply makes one call; what the model wants besides, it asks for when it has the result.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zimfo_client.calls.grammar_schema import MAX_ITEMS, Rules, quoted, required_of, resolved

_LEAST_VALUE = 24  # bytes of the shortest value of a required argument, generously; enumerations may be longer


class CallSurface(Protocol):
    """What a grammar needs to know of a profile's call format."""

    @property
    def open(self) -> str:
        """The marker before a call, with the white space behind it."""

    @property
    def close(self) -> str:
        """The marker behind a call, with the white space before it."""

    @property
    def notation(self) -> str:
        """`json` or `python`."""

    @property
    def name_key(self) -> str:
        """The key of the tool's name."""

    @property
    def arguments_key(self) -> str:
        """The key of the arguments."""


@dataclass(frozen=True)
class CallGrammar:
    """Which calls are possible. `opener` begins one wherever it is sampled outside of `reasoning`.

    `gbnf` is what follows the opener, to the end of the closing marker `closer`; `shortest` are the bytes within which
    any call can be brought to its end; `forbidden` texts may not come about inside of a call.
    """

    opener: str
    closer: str
    gbnf: str
    shortest: int
    reasoning: tuple[tuple[str, str], ...] = ()
    forbidden: tuple[str, ...] = ()


def call_grammar(
    tools: Iterable[tuple[Mapping[str, Any], Sequence[str]]],
    surface: CallSurface,
    *,
    reasoning: tuple[tuple[str, str], ...] = (),
    forbidden: tuple[str, ...] = (),
) -> CallGrammar | None:
    """Return the grammar for tools of an MCP listing, each with its arguments as `name*:type`; None without tools.

    The arguments say which are shown and in what order; types and required arguments are those of the tool's schema.
    """
    opener = surface.open.rstrip()
    if not opener:
        return None  # nothing would tell a call from prose
    is_python = surface.notation == "python"
    rules, bodies, shortest = Rules(python=is_python), [], 0
    before = surface.open[len(opener) :] + ("" if is_python else f'{{"{surface.name_key}": ')
    for tool, arguments in tools:
        schema = resolved(tool.get("inputSchema"), tool.get("inputSchema") or {})
        declared = schema.get("properties")
        properties = declared if isinstance(declared, Mapping) else {}
        required = required_of(schema) & properties.keys()
        shown = [name for argument in arguments if (name := argument.split(":")[0].rstrip("*")) in properties]
        order = dict.fromkeys([*shown, *(name for name in properties if name in required)])
        keywords = is_python and all(name.isidentifier() for name in order)
        members = rules.members([(name, properties[name]) for name in order], required, schema, 0, keywords=keywords)
        name = f"{tool['name']}(" if is_python else f'"{tool["name"]}", "{surface.arguments_key}": '
        bodies.append(f"{quoted(name)} {members}" + (' ")"' if is_python else ""))
        least = sum(len(argument.encode()) + _LEAST_VALUE for argument in required)
        shortest = max(shortest, len(name.encode()) + least)
    if not bodies:
        return None
    root = f"{quoted(before)} ({' | '.join(bodies)}) {quoted(('' if is_python else '}') + surface.close)}"
    return CallGrammar(
        opener=opener,
        closer=surface.close,
        gbnf=rules.text(root),
        shortest=shortest + len(before) + len(surface.close) + MAX_ITEMS,
        reasoning=reasoning,
        forbidden=tuple(text for text in forbidden if text),
    )
