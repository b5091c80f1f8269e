"""JSON schemas as GBNF rules for values that any model can finish: texts, digits and lists are bounded.

What a rule admits is valid under its schema, and often less than the schema allows. Not enforced, as no grammar can or
need: `pattern`, `format`, `multipleOf`, `uniqueItems` and a text that is longer than the bounds here; the tool refuses.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zimfo_client.calls import grammar_numbers as numbers

MAX_TEXT: Final = 240  # characters of a text; titles of articles have at most 255 bytes
MAX_ITEMS: Final = 8  # of a list
MAX_MEMBERS: Final = 8  # of an object whose members no schema names
MAX_CHOICES: Final = 500  # of an enumeration; a longer one would slow every step down
MAX_REPEATS: Final = 1_000  # of anything, whatever a schema demands; llama.cpp refuses more than 2,000
MAX_DEPTH: Final = 5  # of schemas in schemas; a schema may refer to itself
MAX_RULES: Final = 20_000  # of a grammar, thirty times what our own tools have; beyond it every value is a text
FREE_ORDER: Final = 8  # members up to which any order is admitted: the rules double with each one

PYTHON_WORDS: Final = {None: "None", True: "True", False: "False"}
_GENERAL: Final = {"type": ["string", "number", "boolean"]}
# A character of a text: anything but quote, backslash and controls; an escape that is no control and half of no pair.
_CHARACTER: Final = (
    r"""[^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" ("00" [2-9a-fA-F] [0-9a-fA-F] | "0" [1-9a-fA-F] [0-9a-fA-F]{2}"""
    r""" | [1-9a-cefA-CEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))"""
)

Schema = Mapping[str, Any]


def quoted(text: str) -> str:
    """Return `text` as a GBNF literal."""
    marked = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(marked.get(character, character) for character in text) + '"'


class Rules:
    """The rules of one grammar; equal ones are kept once. Values are JSON, or with `python` what Python calls them."""

    def __init__(self, *, python: bool = False) -> None:
        self._python = python
        self._names: dict[str, str] = {}
        self._lines: list[str] = []

    def add(self, hint: str, body: str) -> str:
        """Return the name of a rule with this body; `hint` begins the name of a new one."""
        name = self._names.get(body)
        if name is None:
            name = self._names[body] = f"{hint}-{len(self._names)}"
            self._lines.append(f"{name} ::= {body}")
        return name

    def text(self, root: str) -> str:
        """Return the grammar whose root has the body `root`."""
        return "\n".join([f"root ::= {root}", *self._lines]) + "\n"

    def value(self, declared: object, root: Schema, depth: int = 0) -> str:
        """Return the name of a rule for the values of a schema; `root` is where its references lead."""
        schema = resolved(declared, root)
        if depth > MAX_DEPTH or len(self._lines) > MAX_RULES:
            kind = schema.get("type")
            return self._typed(kind if kind in ("integer", "number", "boolean") else "string", schema, root, depth)
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if isinstance(choices, list) and 0 < len(choices) <= MAX_CHOICES:
            return self.add("one", " | ".join(quoted(self._written(choice)) for choice in choices))
        for key in ("anyOf", "oneOf"):
            if isinstance(options := schema.get(key), list) and options:
                return self._options(schema, key, options, root, depth)
        kinds = schema.get("type")
        if isinstance(kinds, str):
            return self._typed(kinds, schema, root, depth)
        if isinstance(kinds, list) and kinds:
            named = [kind for kind in kinds if isinstance(kind, str) and kind != "null"] or ["null"]
            return self.add("any", " | ".join(self._typed(kind, schema, root, depth) for kind in named))
        if "properties" in schema:
            return self._typed("object", schema, root, depth)
        if "items" in schema:
            return self._typed("array", schema, root, depth)
        return self.value(_GENERAL, root, depth + 1)

    def members(
        self,
        named: Sequence[tuple[str, object]],
        required: frozenset[str],
        root: Schema,
        depth: int,
        *,
        keywords: bool = False,
    ) -> str:
        """Return the name of a rule for an object with these members, the required ones never left out.

        With `keywords` they are a Python call's arguments, `name=value`, without what stands around them.
        """
        if depth >= MAX_DEPTH:
            named = [(name, declared) for name, declared in named if name in required]
        pairs = [
            (
                name in required,
                f"{quoted(f'{name}=' if keywords else _json(name) + ': ')} {self.value(declared, root, depth + 1)}",
            )
            for name, declared in named
        ]
        before, behind = ('""', '""') if keywords else ('"{"', '"}"')
        if not pairs:
            return self.add("object", f"{before} {behind}")
        known: dict[tuple[int, ...], str] = {}

        def choices(left: tuple[int, ...]) -> str:
            """Return the members that may come next, each with what may stand behind it."""
            if len(pairs) <= FREE_ORDER:
                steps = [(index, tuple(other for other in left if other != index)) for index in left]
            else:
                stop = next((place for place, index in enumerate(left, 1) if pairs[index][0]), len(left))
                steps = [(index, left[place:]) for place, index in enumerate(left[:stop], 1)]
            return " | ".join(f"{pairs[index][1]} {following(rest)}" for index, rest in steps)

        def following(left: tuple[int, ...]) -> str:
            if left and left not in known:
                more = choices(left)
                known[left] = self.add("rest", f'", " ({more})' if is_needed(left) else f'(", " ({more}))?')
            return known[left] if left else ""

        def is_needed(left: tuple[int, ...]) -> bool:
            return any(pairs[index][0] for index in left)

        every = tuple(range(len(pairs)))
        body = f"({choices(every)})" if is_needed(every) else f"({choices(every)})?"
        return self.add("object", f"{before} {body} {behind}")

    def _written(self, value: object) -> str:
        return PYTHON_WORDS[value] if self._python and (value is None or isinstance(value, bool)) else _json(value)

    def _options(self, schema: Schema, key: str, options: list[Any], root: Schema, depth: int) -> str:
        outer = {name: value for name, value in schema.items() if name != key}
        named = [option for option in (resolved(option, root) for option in options) if option.get("type") != "null"]
        if not named:
            return self._typed("null", {}, root, depth)
        return self.add(
            "any", " | ".join(self.value(_both(outer, option), root, depth + 1) for option in named[:MAX_CHOICES])
        )

    def _typed(self, kind: str, schema: Schema, root: Schema, depth: int) -> str:
        match kind:
            case "string":
                return self._text(schema)
            case "integer" | "number":
                written = numbers.integer if kind == "integer" else numbers.decimal
                return self.add("number", written(*_bounds(schema)))
            case "boolean":
                return self.add("boolean", " | ".join(quoted(self._written(value)) for value in (True, False)))
            case "null":
                return self.add("null", quoted(self._written(None)))
            case "array":
                return self._list(schema, root, depth)
            case "object":
                return self._object(schema, root, depth)
            case _:
                return self.value(_GENERAL, root, depth + 1)

    def _text(self, schema: Schema) -> str:
        least = _count(schema, "minLength", 1)
        most = min(_count(schema, "maxLength", MAX_TEXT), max(MAX_TEXT, least))
        if most < 1:
            return self.add("text", quoted('""'))
        character = self.add("character", _CHARACTER)
        return self.add("text", f'"\\"" {character}{{{min(least, most)},{most}}} "\\""')

    def _list(self, schema: Schema, root: Schema, depth: int) -> str:
        if isinstance(places := schema.get("prefixItems"), list) and places:
            return self.add("list", '"[" ' + ' ", " '.join(self.value(one, root, depth + 1) for one in places) + ' "]"')
        least = _count(schema, "minItems", 0)
        most = min(_count(schema, "maxItems", MAX_ITEMS), max(MAX_ITEMS, least))
        if most < 1:
            return self.add("list", '"[]"')
        item = self.value(schema.get("items", _GENERAL), root, depth + 1)
        # At least one: an empty list asks for nothing.
        more = f'(", " {item}){{{max(min(least, most) - 1, 0)},{most - 1}}}' if most > 1 else ""
        return self.add("list", f'"[" {item} {more} "]"')

    def _object(self, schema: Schema, root: Schema, depth: int) -> str:
        named = schema.get("properties")
        if isinstance(named, Mapping) and named:
            return self.members(list(named.items()), required_of(schema), root, depth)
        extra = schema.get("additionalProperties", True)
        if extra is False:
            return self.add("object", '"{}"')
        key = self._text({"maxLength": 40})
        pair = f'{key} ": " {self.value(extra if isinstance(extra, Mapping) else _GENERAL, root, depth + 1)}'
        return self.add("object", f'"{{" ({pair} (", " {pair}){{0,{MAX_MEMBERS - 1}}})? "}}"')


def resolved(declared: object, root: Schema) -> dict[str, Any]:
    """Return a schema with its references within `root` followed and its `allOf` merged; {} for anything else."""
    schema: dict[str, Any] = dict(declared) if isinstance(declared, Mapping) else {}
    for _ in range(MAX_DEPTH):
        if not isinstance(reference := schema.get("$ref"), str):
            break
        found: object = root
        for step in reference.removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, Mapping) else None
        others = {name: value for name, value in schema.items() if name != "$ref"}
        schema = _both(others, found if isinstance(found, Mapping) else {})
    parts = schema.pop("allOf", None)
    for part in parts if isinstance(parts, list) else ():
        followed = part
        if isinstance(part, Mapping) and isinstance(part.get("$ref"), str):
            followed = resolved({"$ref": part["$ref"]}, root)
        schema = _both(schema, followed if isinstance(followed, Mapping) else {})
    return schema


def required_of(schema: Schema) -> frozenset[str]:
    """Return the names of an object's required members."""
    needed = schema.get("required")
    return frozenset(name for name in needed if isinstance(name, str)) if isinstance(needed, list) else frozenset()


def _both(outer: Schema, inner: Schema) -> dict[str, Any]:
    merged = {**outer, **inner}
    if "properties" in outer and "properties" in inner:
        merged["properties"] = {**outer["properties"], **inner["properties"]}
    if "required" in outer and "required" in inner:
        merged["required"] = [*outer["required"], *inner["required"]]
    return merged


def _bounds(schema: Schema) -> tuple[float | None, float | None]:
    """Return the least and the greatest value of a number; exclusive bounds move to the next whole number."""
    low, high = _number(schema, "minimum"), _number(schema, "maximum")
    above, below = _number(schema, "exclusiveMinimum"), _number(schema, "exclusiveMaximum")
    if above is not None and (low is None or above >= low):
        low = above // 1 + 1
    if below is not None and (high is None or below <= high):
        high = -(-below // 1) - 1
    return low, high


def _number(schema: Schema, key: str) -> float | None:
    found = schema.get(key)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _count(schema: Schema, key: str, otherwise: int) -> int:
    found = schema.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        return otherwise
    return min(found, MAX_REPEATS)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
