"""The published listing: names, order, size, and schemas that a host can use."""

import json
from typing import Any

import jsonschema
import pytest

from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.contract import as_text

MAX_LISTING_TOKENS = 1_500  # design §3
CHARS_PER_TOKEN = 3.5  # of compact JSON schemas in current vocabularies; the real ratio is a little higher


def test_eleven_tools_in_a_fixed_order():
    assert list(CATALOGUE) == [
        "search", "article_overview", "get_article_section", "compare_articles", "narrate_article",
        "near_places", "near_named_place", "nearby_stories", "what_is_here", "route_from_places", "route_status",
    ]  # fmt: skip


def test_the_listing_stays_within_its_token_budget():
    listing = [
        {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema()}
        for tool in CATALOGUE.values()
    ]

    assert len(as_text({"tools": listing})) / CHARS_PER_TOKEN <= MAX_LISTING_TOKENS


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_input_schemas_are_closed_plain_and_canonical(name: str):
    schema = CATALOGUE[name].input_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == list(CATALOGUE[name].input.model_fields)
    assert not _keys(schema) & {"title", "anyOf", "$ref", "$defs", "default"} - set(schema["properties"])


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_output_schemas_are_objects_without_references(name: str):
    schema = CATALOGUE[name].output_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert "$ref" not in json.dumps(schema)


def _keys(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for value in node.values() for key in _keys(value)}
    if isinstance(node, list):
        return {key for value in node for key in _keys(value)}
    return set()
