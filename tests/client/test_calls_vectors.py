"""The test vectors of zimfo-behaviour §4.5 that are about parsing, by their numbers."""

from typing import Any

import pytest

from zimfo_client.calls import parse_calls

TOOLS = {
    "search": ["query", "limit", "kind", "zim"],
    "article_overview": ["title", "path", "zim", "max_sections"],
    "get_article_section": ["title", "section"],
    "compare_articles": ["titles", "section", "zim"],
    "narrate_article": ["title"],
    "near_places": ["lat", "lon", "place", "radius_km", "kinds", "limit"],
    "near_named_place": ["place", "radius_km", "kinds", "limit"],
    "nearby_stories": ["place", "lat", "lon"],
    "what_is_here": ["lat", "lon"],
    "route_from_places": ["origin", "destination"],
    "route_status": ["question"],
}
FENCE = "```tool_call\n{}\n```"
SF = ("near_named_place", {"place": "SF"})
NORTH_BEACH = ("near_named_place", {"place": "North Beach", "kinds": ["bar"]})
X = ("search", {"query": "x"})
KANGAROO = ("search", {"query": "kangaroo"})
KOREAS = ("compare_articles", {"titles": ["North Korea", "South Korea"]})
ROUTE = ("route_from_places", {"origin": "my location", "destination": "San Francisco"})

VECTORS: list[tuple[str, str, list[tuple[str, dict[str, Any]]]]] = [
    (
        "1",
        '<tool_call>{"name":"near_named_place","arguments":{"place":"SF","kinds":["bar"]}}</tool_call>',
        [("near_named_place", {"place": "SF", "kinds": ["bar"]})],
    ),
    (
        "2",
        '<tool_call>{"name": "near_named_place", "arguments": {"place": "North Beach", "kinds": ["bar"]}}\n</tool',
        [NORTH_BEACH],
    ),
    (
        "3",
        '<tool_call>{"name":"route_from_places","arguments":{"origin":"my location","destination":"San Francisco"}}',
        [ROUTE],
    ),
    (
        "4",
        '<tool_call>{"name": "near_named_place", "arguments": {"place": "North Beach"}',
        [("near_named_place", {"place": "North Beach"})],
    ),
    ("5", "<tool_call>this is not JSON at all {{{</tool_call>", []),
    ("7", '{"function":"near_named_place","arguments":{"place":"SF"}}', [SF]),
    ("8", '{"function":{"name":"near_named_place","arguments":{"place":"SF"}}}', [SF]),
    ("9", '{"type":"function","arguments":{"name":"search","arguments":{"query":"kangaroo"}}}', [KANGAROO]),
    (
        "10",
        FENCE.replace(
            "{}",
            '{"name": "route_from_places",,"arguments": {"destination": "San Francisco",,"origin": "my location"}}',
        ),
        [ROUTE],
    ),
    ("11", '{"name":"near_places","arguments":{"kinds": ["bar",]}}', [("near_places", {"kinds": ["bar"]})]),
    ("12", '{"name":"compare_articles","arguments":{"titles": ["North Korea", " "South Korea"]}}', [KOREAS]),
    ("13", '{"name": "compare_articles",,"arguments": {"titles": ["North Korea", " "South Korea"]}}', [KOREAS]),
    (
        "14",
        '{"name":"near_named_place","arguments":{""place":"north beach","kinds":["bar"],"radius_km":1}}',
        [("near_named_place", {"place": "north beach", "kinds": ["bar"], "radius_km": 1})],
    ),
    (
        "15",
        '{"name":"near_named_place","arguments":{""place":"North Beach", " "kinds":["museum"], " "radius_km":1}}',
        [("near_named_place", {"place": "North Beach", "kinds": ["museum"], "radius_km": 1})],
    ),
    ("16", '{"name":"search","arguments":{"query":"","kind":""}}', [("search", {"query": "", "kind": ""})]),
    (
        "16 mended",
        '{"name":"search","arguments":{"query":"","kind":"",}}',
        [("search", {"query": "", "kind": ""})],
    ),
    ("17", '{"name":"search","arguments":{"sep": " ", "q": "hello"}}', [("search", {"sep": " ", "q": "hello"})]),
    (
        "17 mended",
        '{"name":"search","arguments":{"sep": " ", "q": "hello",}}',
        [("search", {"sep": " ", "q": "hello"})],
    ),
    (
        "18",
        '<|tool_call|{"name":"near_named_place","arguments":{"place":"Adams Morgan"}}>',
        [("near_named_place", {"place": "Adams Morgan"})],
    ),
    ("19", '<|tool_call|{"name":"near_named_place","argum', []),
    ("20", '<tool_call>{"name":"list_libraries"}</tool_call>', [("list_libraries", {})]),
    ("21", "<tool_call>{name: search}</tool_call>", [("search", {})]),
    ("22", '{"arguments":{"place":"SF"}}', []),
    ("22 tagged", '<tool_call>{"arguments":{"place":"SF"}}</tool_call>', []),
    (
        "23",
        (
            '<tool_call>{"name":"search","arguments":{"query":"x"}}</tool_call>\n'
            '<tool_call>{"name":"search","arguments":{"query":"kangaroo"}}</tool_call>'
        ),
        [X, KANGAROO],
    ),
    ("24", '{"name":"search","arguments":{"query":"x","zim":null}}', [X]),
    ("25", "<|tool_call>call:list_libraries({}) -> OBJECT<tool_call|>", [("list_libraries", {})]),
    ("26", '<|tool_call>call:search({query:<|"|>kangaroo<|"|>}) -> OBJECT<tool_call|>', [KANGAROO]),
    ("27", '<|tool_call>call:search{query:<|"|>kangaroo<|"|>}', [KANGAROO]),
    ("28", '<|tool_call>call:search{q:<|"|>kan', []),
    ("29", "<|tool_call>call:missing brace", []),
    (
        "30",  # the archive is unknown to the server, which drops it with a note
        '{"name":"search","arguments":{"query":"x","zim":"wikipediapedia_en_all maxi 2025-10.zim"}}',
        [("search", {"query": "x", "zim": "wikipediapedia_en_all maxi 2025-10.zim"})],
    ),
    (
        "31 case",
        FENCE.replace("{}", '{"function": "compare_Articles", "parameters": {"titles": ["A", "B"]}}'),
        [("compare_articles", {"titles": ["A", "B"]})],
    ),
    ("31 space", FENCE.replace("{}", '{"function": "route_ status", "parameters": {}}'), [("route_status", {})]),
    (
        "32",
        '{"function":"article_overview","parameters":{"title":"Sky"}}',
        [("article_overview", {"title": "Sky"})],
    ),
    ("33", '```tool_call\n{"function":"search","parameters":{"query":"x"}}', [X]),
    ("34", '```tool_call\n{"function":"search","parameters":{"query":"x"}\n```', [X]),
    ("35", '```tool_call\n{"function":"search","parameters":{"query":"x",},}\n```', [X]),
    (
        "36",
        (
            '```tool_call\n{"function":"search","parameters":{"query":"x"}}\n'
            '{"function":"search","parameters":{"query":"kangaroo"}}\n```'
        ),
        [X, KANGAROO],
    ),
    ("37", '{"name":"search","arguments":{"query":"x"}}', [X]),
    ("38", '{"function": "what_is_here"}', [("what_is_here", {})]),
    (
        "39",
        'Let me look.\n```tool_call\n{"function":"search","parameters":{"query":"x"}}\n```\nIt says that …',
        [X],
    ),
    (
        "40",
        '{"function": "near_places", "parameters": {"kind":"bars","place":"Austin","radius_m":5000,"limit":12}}',
        [("near_places", {"kind": "bars", "place": "Austin", "radius_m": 5000, "limit": 12})],
    ),
    (
        "41",
        '{"function":"near_places","parameters":{"place":null,"lat":37.77,"lon":-122.42}}',
        [("near_places", {"lat": 37.77, "lon": -122.42})],
    ),
    (
        "42",
        '{"function":"near_places","parameters":{"name":"the Sunset","kind":"cafes","target_count":5}}',
        [("near_places", {"name": "the Sunset", "kind": "cafes", "target_count": 5})],
    ),
    (
        "43",
        '{"function":"compare_articles","parameters":{"titles":["A","B","C"]}}',
        [("compare_articles", {"titles": ["A", "B", "C"]})],
    ),
    (
        "44",
        '{"function":"near_places","parameters":{"place":"37.44124,-122.15530"}}',
        [("near_places", {"place": "37.44124,-122.15530"})],
    ),
    (
        "45",
        (
            '<think>maybe {"function":"search","parameters":{"query":"no"}}</think>```tool_call\n'
            '{"function":"search","parameters":{"query":"x"}}\n```'
        ),
        [X],
    ),
    (
        "46",
        '{"name":"article_overview","arguments":"{\\"title\\":\\"Sky\\"}"}',
        [("article_overview", {"title": "Sky"})],
    ),
    (
        "47",
        '{"function":"compare_articles","parameters":["Elon Musk","Jeff Bezos"]}',
        [("compare_articles", {"titles": ["Elon Musk", "Jeff Bezos"]})],
    ),
    (
        "48",
        "<|tool_call_start|>[article_overview(title='Solar panel')]<|tool_call_end|>",
        [("article_overview", {"title": "Solar panel"})],
    ),
    (
        "49",
        '<think>hm</think>[search(query="solar panel")]',
        [("search", {"query": "solar panel"})],
    ),
    ("50", FENCE[:-4].replace("{}", '{"function":"compare_articles","parameters":{"titles":["Tesla","Sp'), []),
    ("51", '[TOOL_RESPONSE]\n{"hits": []}\n```tool_call\n{"function":"search","parameters":{"query":"x"}}\n```', []),
]


@pytest.mark.parametrize(("text", "expected"), [vector[1:] for vector in VECTORS], ids=[v[0] for v in VECTORS])
def test_vector(text: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    reply = parse_calls(text, TOOLS)
    assert [(call.name, call.arguments) for call in reply.calls] == expected
    assert all(call.known == (call.name in TOOLS) for call in reply.calls)


@pytest.mark.parametrize(
    "text",
    [
        VECTORS[2][1],
        '<tool_call>{"name":"near_named_place","arguments":{"place":"SF"',  # 6
        '{"function":"near_named_place","arguments":{"place":"SF"}}',
        '```tool_call\n{"function":"search","parameters":{"query":"x"}}\n``',
    ],
)
def test_while_streaming_only_a_closed_wrapper_is_a_call(text: str) -> None:
    assert parse_calls(text, TOOLS, streaming=True).calls == []


def test_while_streaming_a_closed_call_counts() -> None:
    text = '<tool_call>{"name":"search","arguments":{"query":"x"}}</tool_call><tool_call>{"name'
    assert [call.name for call in parse_calls(text, TOOLS, streaming=True).calls] == ["search"]


def test_prose_before_a_call_stays_and_prose_after_it_is_dropped() -> None:
    text = 'Let me look.\n```tool_call\n{"function":"search","parameters":{"query":"x"}}\n```\nIt says that …'  # 39
    reply = parse_calls(text, TOOLS)
    assert (len(reply.calls), reply.text) == (1, "Let me look.")
