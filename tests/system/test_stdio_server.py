"""The five tools through a real MCP client, in both protocol eras, on real archives."""

import json
from pathlib import Path

import anyio
import jsonschema
import pytest
from mcp import MCPError

from tests.system.conftest import session, text_of
from zimfo_shared.catalogue import CATALOGUE

ARCHIVES = [
    ("wikipedia_en_ray_charles_maxi_2019-08.zim", "Ray Charles", ("Ray Charles", "Ray (film)"), "singer"),
    ("wikipedia_en_ray_charles_2015-06.zim", "Ray Charles", ("Ray Charles", "Ray (film)"), "1930"),  # no index
    ("wikipedia_en_100_mini_2022-10.zim", "India", ("India", "Canada"), "Asia"),
    ("wikibooks_af_all_maxi_2023-06.zim", "Duits", ("Duits", "HTML"), "Duits"),
    (
        "devdocs_en_sqlite_2025-04.zim",
        "SQLite As An Application File Format",
        ("VACUUM", "ANALYZE"),
        "SQL",
    ),
]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_listing_is_the_contracts(mode: str):
    async with session(mode=mode) as client:
        listed = (await client.list_tools()).tools

    assert [tool.name for tool in listed] == list(CATALOGUE)  # the demo archives hold a map
    for tool, contract in zip(listed, CATALOGUE.values(), strict=True):
        assert tool.input_schema == contract.input_schema()
        assert tool.output_schema == contract.output_schema()
        assert tool.title
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.open_world_hint is False


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(("archive", "title", "pair", "word"), ARCHIVES, ids=lambda value: str(value)[:24])
async def test_five_tools_on_a_real_archive(
    shared_data: Path, mode: str, archive: str, title: str, pair: tuple[str, str], word: str
):
    async with session(shared_data / "zim" / archive, mode=mode) as client:
        found = await client.call_tool("search", {"query": title})
        hits = found.structured_content["hits"]
        best = hits[0]
        read = {"title": best["title"], "path": best["path"]}
        overview = await client.call_tool("article_overview", read)
        outline = overview.structured_content["available_sections"]
        section = await client.call_tool("get_article_section", {**read, "section": outline[-1]["title"]})
        narrated = await client.call_tool("narrate_article", read)
        compared = await client.call_tool("compare_articles", {"titles": list(pair)})
        schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}

    results = (found, overview, section, narrated, compared)
    assert not any(result.is_error for result in results), [text_of(result)[:80] for result in results]
    assert [side["title"] for side in compared.structured_content["articles"]] == list(pair)
    assert all(side["sections"] for side in compared.structured_content["articles"])
    assert hits[0]["title"] == title
    assert word in narrated.structured_content["text"]
    assert section.structured_content["text"]
    for name, result in {
        "search": found, "article_overview": overview, "get_article_section": section, "narrate_article": narrated,
        "compare_articles": compared,
    }.items():  # fmt: skip
        jsonschema.validate(result.structured_content, schemas[name])
        assert json.loads(text_of(result)) == result.structured_content
        assert str(shared_data) not in text_of(result)


async def test_an_unknown_tool_is_a_protocol_error_that_lists_the_tools():
    async with session() as client:
        with pytest.raises(MCPError, match=r"Unknown tool: fly\. Tools: search, article_overview"):
            await client.call_tool("fly", {})


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [("search", {"query": "x", "bogus": 1}, "unknown argument 'bogus'. Valid arguments: query, limit, kind, zim"),
     ("search", {"query": "word " * 5000}, "too long"),
     ("search", {}, "missing"),
     ("article_overview", {"title": ""}, "empty"),
     ("compare_articles", {"titles": ["one"]}, "2 to 4"),
     ("compare_articles", {"titles": list("abcdefghi")}, "got 9"),
     ("get_article_section", {"title": "Sunset", "section": "Zzzz qqqq"}, "Sunset"),
     ("article_overview", {"title": "Xyzzy Plugh Qwertz"}, "search")],
)  # fmt: skip
async def test_a_call_that_cannot_be_answered_gets_guidance(tool: str, arguments: dict[str, object], said: str):
    async with session() as client:
        result = await client.call_tool(tool, arguments)

    assert result.is_error
    assert said in text_of(result)
    assert result.structured_content is None
    assert len(text_of(result)) < 1_500


async def test_an_unknown_zim_is_dropped_and_said_to_be():
    async with session() as client:
        result = await client.call_tool("article_overview", {"title": "Sunset", "zim": "wikipediapedia_en 2025.zim"})
        known = await client.call_tool("article_overview", {"title": "Sunset", "zim": "ENCYCLOPEDIA.zim"})

    assert "No archive is called 'wikipediapedia_en 2025.zim'" in result.structured_content["note"]
    assert known.structured_content["zim"] == "encyclopedia"
    assert "note" not in known.structured_content


async def test_calls_made_at_once_are_all_answered():
    async with session() as client:
        titles = ["Sunset", "Malaria", "LIGO", "Iran"] * 5
        answers: dict[int, str] = {}

        async def overview(number: int) -> None:
            result = await client.call_tool("article_overview", {"title": titles[number]})
            answers[number] = result.structured_content["title"]

        async with anyio.create_task_group() as tasks:
            for number in range(len(titles)):
                tasks.start_soon(overview, number)

    assert [answers[number] for number in range(len(titles))] == titles
