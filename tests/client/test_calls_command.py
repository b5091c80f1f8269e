"""`zimfo calls -`: emissions in, calls out."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.test_calls_vectors import VECTORS

from zimfo_client.calls.canonical import canonical
from zimfo_client.cli import main
from zimfo_shared.catalogue import CATALOGUE


def _zimfo(lines: str | bytes, *options: str) -> Result:
    return CliRunner().invoke(main, ["calls", "-", *options], input=lines)


def _read(*emissions: str, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    done = _zimfo("".join(json.dumps(text) + "\n" for text in emissions), *options)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


# What a vector's arguments become beyond the reading of them (zimfo-behaviour §1.3).
NORMALISED = {
    "40": {"kinds": ["bars"], "place": "Austin", "radius_km": 5, "limit": 12},
    "42": {"place": "the Sunset", "kinds": ["cafes"], "limit": 5},
}


def test_every_vector_comes_out_as_a_line() -> None:
    for vector, reply in zip(VECTORS, _read(*(text for _, text, _ in VECTORS)), strict=True):
        number, _, expected = vector
        wanted = [(name, NORMALISED.get(number, arguments)) for name, arguments in expected]
        assert [(call["name"], call["arguments"]) for call in reply["calls"]] == wanted, number
        assert set(reply) == {"calls", "text"}
        assert all(set(call) == {"name", "arguments", "repaired"} for call in reply["calls"])


@pytest.mark.parametrize(
    ("text", "expected", "repaired"),
    [
        ('<tool_call>{"name":"search","arguments":{"query":"ka', None, False),
        (
            '{"name":"search","arguments":{"query":"x","zim":"wikipediapedia_en_all maxi 2025-10.zim"}}',
            {"query": "x", "zim": "wikipediapedia_en_all maxi 2025-10.zim"},
            False,
        ),
        ('{"name":"compare_articles","arguments":{"titles":["A","B","C"]}}', {"titles": ["A", "B", "C"]}, False),
        ('{"name":"article_overview","arguments":{"query":"Sky"}}', {"title": "Sky"}, False),
        ('{"name":"article_overview","arguments":{"query":"Sky",}}', {"title": "Sky"}, True),
    ],
)
def test_aliases_are_resolved_and_only_repaired_text_is_marked(
    text: str, expected: dict[str, Any] | None, repaired: bool
) -> None:
    (reply,) = _read(text)
    assert [(call["arguments"], call["repaired"]) for call in reply["calls"]] == (
        [] if expected is None else [(expected, repaired)]
    )


def test_every_call_of_the_corpus_is_read_unrepaired_and_valid(corpus: Path) -> None:
    replies = [
        message["content"]
        for file in sorted(corpus.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
        for message in json.loads(line)["messages"]
        if message["role"] == "assistant"
    ]
    seen = 0
    for text, reply in zip(replies, _read(*replies), strict=True):
        written = json.loads(text.split("\n")[1]) if text.startswith("```tool_call\n") else None
        assert [call["name"] for call in reply["calls"]] == ([written["function"]] if written else [])
        assert reply["text"] == ("" if written else text.strip())
        for call in reply["calls"]:
            seen += 1
            assert not call["repaired"]
            contract = CATALOGUE[call["name"]].input
            contract.parse(call["name"], call["arguments"])
            assert call["arguments"].keys() <= contract.model_fields.keys()
    assert seen > 3_000


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(CATALOGUE)),
    st.dictionaries(
        st.sampled_from(["query", "title", "titles", "place", "limit", "sep"]),
        st.text(max_size=5) | st.integers() | st.lists(st.text(max_size=3)),
    ),
)
def test_arguments_under_declared_names_are_never_changed(name: str, arguments: dict[str, Any]) -> None:
    declared = {key: value for key, value in arguments.items() if key in CATALOGUE[name].input.model_fields}
    assert canonical(name, declared) == declared
    assert canonical("another_tool", arguments) == arguments


def test_tools_of_another_listing_and_other_reasoning_markers_count(tmp_path: Path) -> None:
    listing = tmp_path / "tools.json"
    schema = {"properties": {"kind": {"type": "string"}}}
    listing.write_text(json.dumps({"tools": [{"name": "near_places", "inputSchema": schema}]}), "utf-8")
    text = '{"name":"near-places","arguments":["bars"]}'
    (reply,) = _read(text, options=("--tools", str(listing)))
    assert reply["calls"] == [{"name": "near_places", "arguments": {"kind": "bars"}, "repaired": True}]
    (thought,) = _read(f"<think>{text}</think>No.", options=("--profile", "gemma3"))
    assert len(thought["calls"]) == 1
    for data in ("{", "[1]", '{"tools": 3}'):
        listing.write_text(data, "utf-8")
        assert _zimfo("", "--tools", str(listing)).exit_code == 1


@pytest.mark.parametrize("line", ["nonsense", '{"a": 1}', "3", "[" * 5_000, b"\xff\xfe", '"open'])
def test_a_line_that_is_no_text_is_an_error_with_its_number(line: str | bytes) -> None:
    data = line.encode() if isinstance(line, str) else line
    done = _zimfo(b'"fine"\n\n' + data + b"\n")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"calls": [], "text": "fine"}
    assert "Line 3 is no JSON string" in done.stderr
    assert "Traceback" not in done.output


def test_text_that_is_no_unicode_is_written_all_the_same() -> None:
    (reply,) = _read("a \ud800 b")
    assert reply == {"calls": [], "text": "a ? b"}
