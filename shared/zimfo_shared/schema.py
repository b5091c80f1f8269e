"""JSON schemas as models read them: no generated titles, no `null` unions, no references.

Every byte of a tool listing is prompt for somebody, so pydantic's schema is reduced to what a caller needs.
"""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

# Limits that the contracts clamp or explain themselves; in a listing they would only cost tokens.
_UNPUBLISHED = frozenset({"title", "default", "maxLength", "minLength", "maxItems", "minItems"})


def published_input(model: type[BaseModel]) -> Schema:
    """Return the input schema of `model`: canonical names only, unknown arguments refused."""
    schema = _slim(model.model_json_schema(by_alias=False), {})
    schema.pop("description", None)
    schema["additionalProperties"] = False
    return schema


def published_output(model: type[BaseModel]) -> Schema:
    """Return the schema that structured content of `model` conforms to (absent means none, never `null`)."""
    schema = _slim(model.model_json_schema(by_alias=False, mode="serialization"), {})
    schema.pop("description", None)
    return schema


def _slim(node: Schema, definitions: Schema) -> Schema:
    definitions = node.get("$defs", definitions)
    if "$ref" in node:
        return _slim(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    if "anyOf" in node:
        branches = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
        if len(branches) == 1:
            rest = {key: value for key, value in node.items() if key != "anyOf"}
            return _slim({**branches[0], **rest}, definitions)
    slim: Schema = {}
    for key, value in node.items():
        if key in _UNPUBLISHED or key == "$defs":
            continue
        if key == "properties":
            slim[key] = {name: _slim(child, definitions) for name, child in value.items()}
        elif key == "items":
            slim[key] = _slim(value, definitions)
        elif key == "anyOf":
            slim[key] = [_slim(branch, definitions) for branch in value]
        else:
            slim[key] = value
    return slim
