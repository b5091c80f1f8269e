import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.test_calls_vectors import VECTORS

from zimfo_client.calls import CallGate, ToolCall, parse_calls
from zimfo_client.calls.names import resolve
from zimfo_client.calls.scan import own_wrapper

TOOLS = {"search": ["query", "limit"], "article_overview": ["title"], "compare_articles": ["titles", "section"]}

NASTY = [
    "</tool_call>", "<tool_call>", "```", "```tool_call\n", "<think>", "</think>", "[TOOL_RESPONSE]", "<|tool_call|>",
    "<|tool_call_end|>", "<|im_end|>", "{", "}", "[", "]", '"', "'", "\\", ",,", '" "', "\n", "//", "/*", "é",
    "search(",
]  # fmt: skip
PARTS = [
    '{"name":', '"search"', '"arguments":{', "call:search{", "[search(", "x=", "1", "json\n", '{"function":', " ",
    '{"name":"search","arguments":{"query":"x"}}', 'search(query="x")', "[search(query=1)]",
]  # fmt: skip
NOISE = [
    '{"name":', "<tool_call>", "[[[[", '{"a":[', "```", "<think>", '"', "search(", '{"function":"search",',
    "call:search{", "[search(", "\\", "{'function':'",
    "<tool_call>/*", "<tool_call>{'a", '<tool_call>[[[{"', "<tool_call>search(", "/*", "<tool_call>x ", "\n[",
]  # fmt: skip
# Emissions that fuzzing found to be read wrongly once, or that lie near to such.
REGRESSIONS = [
    '<tool_call>{"name":"search","arguments":{"query":"\\ud83c"}}</tool_call>',
    '<tool_call>{"name":"search","arguments":{"query":1e999}}</tool_call>',
    '<tool_call>{"name":"search","arguments":{"query":-Infinity,}}</tool_call>',
    "[search(query=)]",
    "[search(query=1e9999)]",
    '<tool_call>[[{"name":"search","arguments":{}}]]</tool_call>',
    '```json\n[{"name":"search","arguments":{"query":"```"}}]\n```',
    '<|tool_call|>{"name":"search","arguments":{"query":"a > b}"}}>',
    '{"function":{"function":{"function":{"name":"search","arguments":{}}}}}',
    '<tool_call>{"name":"search","arguments":{"query":"x"}}<tool_call>{"name":"search","arguments":{}}',
    '{"name":"search","arguments":{"query":"x"}} {"name":',
    '```{"name":"```search","arguments":{"query":"x"}}',
]
texts = st.one_of(st.text(max_size=20), st.lists(st.sampled_from([*NASTY, "a", " "]), max_size=6).map("".join))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(texts, values.filter(lambda value: value is not None), max_size=4)

WRITTEN = {
    "fence": '```tool_call\n{"function": %s, "parameters": %s}\n```',
    "tag": '<tool_call>\n{"name": %s, "arguments": %s}\n</tool_call>',
    "lfm2": '<|tool_call_start|>[{"name": %s, "arguments": %s}]<|tool_call_end|>',
    "gemma": '<|tool_call>{"name": %s, "arguments": %s}<tool_call|>',
    "apple": '<|tool_call|>{"name": %s, "parameters": %s}>',
    "tool": '<tool>{"function": {"name": %s, "arguments": %s}}</tool>',
    "json fence": '```json\n{"tool": %s, "args": %s}\n```',
    "bare": '{"name": %s, "arguments": %s}',
    "list": '[{"function": %s, "parameters": %s}]',
}


def _names(text: str) -> list[str]:
    return [call.name for call in parse_calls(text, TOOLS).calls]


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@settings(max_examples=60)
@given(st.data())
def test_any_arguments_come_back_from_every_wrapper(written: str, data: st.DataObject) -> None:
    given_arguments = data.draw(arguments)
    tools = {"search": list(given_arguments)}
    for ascii_only in (False, True):
        text = written % ('"search"', json.dumps(given_arguments, ensure_ascii=ascii_only))
        assert parse_calls(f"Wait. {text}", tools).calls == [ToolCall("search", given_arguments)]


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), values.filter(lambda v: v is not None), max_size=3
    )
)
def test_any_arguments_come_back_from_python_notation(given_arguments: dict[str, Any]) -> None:
    written = ", ".join(f"{name}={value!r}" for name, value in given_arguments.items())
    text = f"<|tool_call_start|>[search({written})]<|tool_call_end|>"
    tools = {"search": list(given_arguments)}
    assert parse_calls(text, tools).calls == [ToolCall("search", given_arguments)]


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([*NASTY, '{"name":', '"search"', '"arguments":{', "call:search{", "[search(", "x=", "1"])
    ).map("".join)
)
def test_parsing_never_raises_and_the_gate_shows_its_text(text: str) -> None:
    whole = parse_calls(text, TOOLS)
    parse_calls(text, TOOLS, streaming=True)
    if "</think>" in text:
        return  # what was shown before an end without a beginning cannot be taken back
    for size in (1, 3, len(text) or 1):
        gate = CallGate(TOOLS)
        shown = "".join(gate.feed(text[at : at + size]) for at in range(0, len(text), size)) + gate.finish()
        assert shown.strip() == whole.text


@pytest.mark.parametrize("noise", NOISE)
def test_a_megabyte_of_noise_takes_linear_time(noise: str) -> None:
    text = noise * (1_000_000 // len(noise))
    began = time.perf_counter()
    parse_calls(text, TOOLS)
    assert time.perf_counter() - began < 5  # seconds; about 0.1 alone on a machine


@pytest.mark.parametrize(
    "text",
    [
        'The file holds {"name": "Paris", "population": 2100000}.',
        '```json\n{"name": "Paris", "arguments": ["x"]}\n```',
        '```json\n{"query": "search"}\n```',
        '```python\nsearch(query="x")\n```',
        "search(es) are slow. I would search (again).",
        'Use {"type": "object", "properties": {}} here.',
        "A list: [1, 2] and {braces}.",
        '{"name": "search"}',
    ],
)
def test_json_that_is_no_call_stays_text(text: str) -> None:
    reply = parse_calls(text, TOOLS)
    assert (reply.calls, reply.text) == ([], text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```tool_code\nsearch(query='x')\n```", {"query": "x"}),
        ('search(query="x", limit=3)', {"query": "x", "limit": 3}),
        ("<|tool_call_start|>[search(query='Rock 'n' Roll')]<|tool_call_end|>", {"query": "Rock 'n' Roll"}),
        ("<|tool_call_start|>[search(query=\"it's\", limit=None)]<|tool_call_end|>", {"query": "it's"}),
        ("<tool_call>{'name': 'search', 'arguments': {'query': 'x', 'n': None}}</tool_call>", {"query": "x"}),
        ("<tool_call>{“name”: “search”, “arguments”: {“query”: “x”}}</tool_call>", {"query": "x"}),
        ('<tool_call>{"name": "search", "arguments": {"query": "two\nlines"}}</tool_call>', {"query": "two\nlines"}),
        ('<tool_call>{"name": "search", // why\n "arguments": {"query": "x"}}</tool_call>', {"query": "x"}),
        ('<tool_call>{"name": "search", "arguments": {"query": "a "b" c"}}</tool_call>', {"query": 'a "b" c'}),
        ('<tool_call>{"name": "search", "arguments": {"query": "x}}</tool_call>', {"query": "x"}),
        ('<tool_call>{"name": "search" "arguments": {"query": "x" "n": 2}}</tool_call>', {"query": "x", "n": 2}),
        ('<tool_call>{"name": "search", "arguments": {"properties": {"query": "x"}}}</tool_call>', {"query": "x"}),
        ('<tool_call>{"tool_call": {"name": "search", "arguments": {"query": "x"}}}</tool_call>', {"query": "x"}),
        ('<tool_call>{"method": "search", "input": "x"}</tool_call>', {"query": "x"}),
        ('<tool_call>{"name": "search", "arguments": ["x", 4]}</tool_call>', {"query": "x", "limit": 4}),
        ('<tool_call>{"name": "search", "arguments": {"query": "\\ud83c\\udf0d\\d",}}</tool_call>', {"query": "🌍\\d"}),
    ],
)  # fmt: skip
def test_damage_and_other_notations_are_understood(text: str, expected: dict[str, Any]) -> None:
    (call,) = parse_calls(text, TOOLS).calls
    assert (call.name, call.arguments) == ("search", expected)


def test_only_repaired_calls_are_marked_so() -> None:
    def repaired(text: str) -> bool:
        return parse_calls(text, TOOLS).calls[0].repaired

    assert not repaired('<tool_call>{"name":"search","arguments":{"query":"x"}}</tool_call>')
    assert not repaired("<|tool_call_start|>[search(query='x')]<|tool_call_end|>")
    assert repaired('<tool_call>{"name":"search","arguments":{"query":"x",}}</tool_call>')
    assert repaired('<tool_call>{"name":"Search","arguments":{"query":"x"}}</tool_call>')
    assert repaired('<tool_call>{"name":"search","arguments":["x"]}</tool_call>')


def test_an_unknown_name_in_a_call_wrapper_stays_a_call_that_is_flagged() -> None:
    (call,) = parse_calls('<tool_call>{"name":"fly_to_moon","arguments":{"a":1}}</tool_call>', TOOLS).calls
    assert call == ToolCall("fly_to_moon", {"a": 1}, known=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("search", "search"),
        ("Search Articles", None),
        ("functions.search", "search"),
        ("compare-articles", "compare_articles"),
        ("article_overveiw", "article_overview"),
        ("serch", "search"),
        ("se", None),
        ("list_article_sections", "article_overview"),
        ("list_libraries", None),
        ("get_article", None),  # its successor is not on offer here
        ("", None),
    ],
)
def test_names_are_resolved_to_the_tools_on_offer(name: str, expected: str | None) -> None:
    assert resolve(name, TOOLS) == expected


def test_a_name_near_two_tools_alike_is_unknown() -> None:
    assert resolve("route_c", ["route_a", "route_b"]) is None


def test_an_open_reasoning_span_hides_everything_behind_it() -> None:
    reply = parse_calls('Well. <think>I could {"function":"search"} or', TOOLS)
    assert (reply.calls, reply.text) == ([], "Well.")


def test_reasoning_that_the_prompt_had_opened_is_dropped() -> None:
    reply = parse_calls('<tool_call>{"name":"search"}</tool_call> hmm</think>\n\nThe answer.', TOOLS)
    assert (reply.calls, reply.text) == ([], "The answer.")


def test_the_gate_shows_prose_at_once_and_holds_back_calls() -> None:
    gate = CallGate(TOOLS)
    assert gate.feed("Let me see. <tool") == "Let me see. "
    assert gate.feed('_call>{"name":"sea') == ""
    assert gate.feed('rch","arguments":{}}</tool_call> It is') == ""
    assert gate.finish() == ""


def test_the_gate_releases_what_turned_out_to_be_prose() -> None:
    gate = CallGate(TOOLS)
    assert gate.feed("<tool") == ""
    assert gate.feed("box> and ```\ncode\n") == "<toolbox> and "
    assert gate.feed("```\nmore") == "```\ncode\n```\nmore"
    assert gate.feed(' {"name": 1') == " "
    assert gate.finish() == '{"name": 1'


def test_the_gate_drops_reasoning() -> None:
    gate = CallGate(TOOLS)
    shown = [gate.feed(part) for part in ("A <th", "ink>secret", " thoughts</thi", "nk>\n", "\nanswer <th", "e>")]
    assert shown == ["A ", "", "", "", "answer ", "<the>"]
    assert gate.finish() == ""


DAMAGE = [*NASTY, *NOISE, "\x00", "\ufeff", "“", "'", ",", ":", "None", "True", "\\u12", "call:", "</tool", "->"]


@settings(max_examples=400)
@given(st.data())
def test_damaged_emissions_of_every_kind_neither_raise_nor_differ_between_reader_and_gate(data: st.DataObject) -> None:
    """Vectors and regressions, each cut, spliced and broken at some place."""
    text = data.draw(st.sampled_from([emission for _, emission, _ in VECTORS] + REGRESSIONS))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(["", *DAMAGE])) + text[stop:]
    reply = parse_calls(text, TOOLS)
    for call in reply.calls:
        assert call.known == (call.name in TOOLS)
        json.dumps(call.arguments)
    streamed = parse_calls(text, TOOLS, streaming=True).calls
    assert streamed == reply.calls[: len(streamed)]
    if "</think>" not in text:
        gate = CallGate(TOOLS)
        shown = "".join(gate.feed(character) for character in text) + gate.finish()
        assert shown.strip() == reply.text


@pytest.mark.parametrize("text", REGRESSIONS)
def test_what_once_went_wrong_is_read_without_an_error(text: str) -> None:
    reply = parse_calls(text, TOOLS)
    assert all(call.arguments == json.loads(json.dumps(call.arguments)) for call in reply.calls)


def test_the_markers_of_a_profile_mean_a_call_besides_the_usual_ones() -> None:
    text = 'Wait. <do>{"name":"search","arguments":{"query":"a </do> b"}}</do> Done.'
    wrapper = own_wrapper("<do>", "</do>")
    expected = [ToolCall("search", {"query": "a </do> b"})]
    reply = parse_calls(text, TOOLS, wrapper=wrapper)
    assert (reply.calls, reply.text) == (expected, "Wait.")
    gate = CallGate(TOOLS, wrapper=wrapper)
    assert "".join(gate.feed(character) for character in text) + gate.finish() == "Wait. "
    assert parse_calls("<do>search(query='x')</do>", TOOLS, wrapper=wrapper).calls == [
        ToolCall("search", {"query": "x"})
    ]
    assert own_wrapper("<tool_call>\n", "\n</tool_call>") is None
    assert own_wrapper("```tool_call\n", "\n```") is None
    assert own_wrapper("[CALL][", "][/CALL]") == ("[CALL]", "[/CALL]")
    assert own_wrapper("", "") is None
