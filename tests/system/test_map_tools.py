"""The six map tools through a real MCP client on real maps: right answers, or guidance; never a traceback."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, MCPError

from tests.system.conftest import Ran, session, text_of
from zimfo_client.host import open_host
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.wire import LOCATION_META_KEY, NOT_READY_META_KEY

MAPS = ("malta-v4-head", "andorra-v4-head", "milan-v4-head")
LONG_NAME = "x" * 10_000


@pytest.fixture
def maps(shared_data: Path, route_search: None) -> list[Path]:
    return [shared_data / "streetzim" / f"{name}.zim" for name in MAPS]


def at(lat: float, lon: float) -> Any:
    return {LOCATION_META_KEY: {"lat": lat, "lon": lon}}


async def answer(client: Client, tool: str, arguments: dict[str, Any], meta: Any = None) -> dict[str, Any]:
    """The structured content of a call that must succeed, checked against its schema and its text."""
    result = await client.call_tool(tool, arguments, meta=meta)
    assert not result.is_error, text_of(result)
    jsonschema.validate(result.structured_content, CATALOGUE[tool].output_schema())
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def guidance(client: Client, tool: str, arguments: dict[str, Any], meta: Any = None) -> str:
    """The text of a call that cannot be answered: short, and without insides of the server."""
    result = await client.call_tool(tool, arguments, meta=meta)
    assert result.is_error, result.structured_content
    text = text_of(result)
    assert len(text) < 2_000
    assert "Traceback" not in text
    assert "failed inside" not in text
    assert "/work" not in text
    return text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_day_in_malta(maps: list[Path], mode: str):
    async with session(*maps, mode=mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == list(CATALOGUE)

        bars = await answer(client, "near_places", {"place": "Valletta", "kinds": ["bars"], "radius_km": 1})
        cafes = await answer(client, "near_named_place", {"place": "Birżebbuġa", "kind": "cafés", "radius_m": 2000})
        plain = await answer(client, "near_named_place", {"place": "Birzebbuga", "kind": "cafés", "radius_m": 2000})
        here = await answer(client, "what_is_here", {}, at(35.8985, 14.5133))
        route = await answer(client, "route_from_places", {"origin": "Valletta", "destination": "Mosta"})
        walk = await answer(client, "route_from_places", {"from": "my location", "to": "Mosta", "mode": "walk"},
                            at(35.8985, 14.5133))  # fmt: skip
        status = await answer(client, "route_status", {}, at(35.8985, 14.5133))
        line = (await client.read_resource(route["geometry"])).contents[0]
        listed = (await client.list_resources()).resources

    assert bars["zims"] == ["malta-v4-head"]
    assert bars["total_in_radius"] >= bars["results_shown"] == len(bars["results"]) > 0
    assert sum(entry["count"] for entry in bars["by_category"]) == bars["total_in_radius"]
    assert all(place["distance_m"] <= 1000 and place["direction"] for place in bars["results"])
    assert cafes["results"]
    assert cafes["results"] == plain["results"]
    assert here["settlement"] == "Valletta"
    assert 5_000 < route["distance_m"] < 15_000
    assert route["steps"][0]["maneuver"] == "depart"
    assert route["steps"][-1]["maneuver"] == "arrive"
    assert sum(step["distance_m"] for step in route["steps"]) == pytest.approx(
        route["distance_m"], abs=len(route["steps"])
    )
    assert walk["duration_s"] > 3 * route["duration_s"]
    assert status["destination_name"] == walk["destination_resolved"]
    assert status["remaining_m"] == pytest.approx(walk["distance_m"], abs=300)
    geometry = json.loads(line.text)
    assert line.mime_type == "application/geo+json"
    assert geometry["geometry"]["type"] == "LineString"
    assert len(geometry["geometry"]["coordinates"]) > 50
    assert {resource.uri for resource in listed} == {route["geometry"], walk["geometry"]}


async def test_routes_on_each_map(maps: list[Path]):
    pairs = {
        "malta-v4-head": ("Birkirkara", "Żebbuġ"),
        "andorra-v4-head": ("Sant Julià de Lòria", "Pas de la Casa"),
        "milan-v4-head": ("Milano", "Sesto San Giovanni"),
    }
    async with session(*maps) as client:
        routes = {
            zim: await answer(client, "route_from_places", {"origin": origin, "destination": destination, "zim": zim})
            for zim, (origin, destination) in pairs.items()
        }

    for zim, route in routes.items():
        assert route["zim"] == zim
        assert route["distance_m"] > 2_000
        assert route["duration_s"] > 100
        assert " km, " in route["summary"]
    assert routes["andorra-v4-head"]["distance_m"] == pytest.approx(36_000, rel=0.15)


async def test_what_cannot_be_answered_says_what_can(maps: list[Path]):
    async with session(*maps) as client:
        assert (
            "no road connection"
            in (
                await guidance(client, "route_from_places", {"origin": "Victoria, Gozo", "destination": "Valletta"})
            ).lower()
        )
        apart = await guidance(client, "route_from_places", {"origin": "Valletta", "destination": "Ordino"})
        assert "malta-v4-head" in apart
        assert "andorra-v4-head" in apart
        assert "lat" in await guidance(client, "near_places", {"lat": 0, "lon": 0})
        assert "lat" in await guidance(client, "near_places", {})
        assert "where the person is" in await guidance(client, "what_is_here", {})
        assert "origin" in await guidance(client, "route_from_places", {"destination": "Valletta"})
        outside = await guidance(client, "near_places", {"lat": 48.85, "lon": 2.35})
        assert "Malta" in outside
        assert "Atlantis" in await guidance(client, "near_named_place", {"place": "Atlantis Underwater Metropolis"})
        assert "route_from_places" in await guidance(client, "route_status", {})
        for tool, arguments in (
            ("near_places", {"place": LONG_NAME}),
            ("near_named_place", {"place": LONG_NAME}),
            ("nearby_stories", {"place": LONG_NAME}),
            ("route_from_places", {"origin": LONG_NAME, "destination": "Valletta"}),
            ("near_places", {"lat": 95, "lon": 14}),
            ("near_places", {"lat": float("nan"), "lon": 14}),
            ("near_named_place", {"place": "??? \u0000 [TOOL_CALLS]"}),
        ):
            assert await guidance(client, tool, arguments)
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource("zimfo://route/99")


async def test_radii_and_kinds_at_their_limits(maps: list[Path]):
    async with session(*maps) as client:
        nothing = await answer(client, "near_places", {"lat": 35.8985, "lon": 14.5133, "radius_km": 0})
        everything = await answer(client, "near_places", {"place": "Valletta", "radius": 1_000_000, "limit": 999})
        unknown = await answer(client, "near_places", {"place": "Valletta", "kinds": ["zeppelin hangars"]})
        many = await answer(client, "near_places", {"place": "Valletta", "kinds": ["bar", "museum"], "limit": 50})

    assert nothing["radius_km"] > 0
    assert everything["radius_km"] == 100
    assert len(everything["results"]) == 50
    assert everything["total_in_radius"] > 3_000
    assert unknown["total_in_radius"] == 0
    assert unknown["suggested_next"]
    assert len(many["by_category"]) >= 2


async def test_the_location_given_on_the_command_line(maps: list[Path]):
    async with session("--location", "42.5063,1.5218", *maps) as client:
        here = await answer(client, "what_is_here", {})
        near = await answer(client, "near_places", {"place": "here", "kinds": ["hotel"]})

    assert here["settlement"] == "Andorra la Vella"
    assert near["zims"] == ["andorra-v4-head"]
    assert near["results"]


async def test_every_layout_gives_the_same_places_and_route(shared_data: Path):
    found = {}
    for zim in ("andorra-v4-head", "andorra-v5-split-head", "andorra-spatial-szci2-s10"):
        async with session(shared_data / "streetzim" / f"{zim}.zim") as client:
            places = await answer(client, "near_places", {"place": "Encamp", "radius_km": 3, "limit": 50})
            route = await answer(client, "route_from_places", {"origin": "Encamp", "destination": "Ordino"})
        found[zim] = (places["results"], places["by_category"], route["distance_m"], route["steps"])

    first, *others = found.values()
    assert first[0]
    assert all(other == first for other in others)


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Workers that have no time to prepare a map within a call, as with the map of a large country."""
    (tmp_path / "sitecustomize.py").write_text(
        "import zimfo_server.atlas.maps as maps\nmaps.BUILD_BUDGET_S = 0.0\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return str(tmp_path)


async def test_a_map_is_prepared_while_its_host_asks_again(maps: list[Path], impatient: str):
    said = []
    async with session(maps[-1]) as client:
        while (result := await client.call_tool("near_places", {"place": "Lambrate"})).is_error:
            said.append((text_of(result), result.meta[NOT_READY_META_KEY]))
            await anyio.sleep(0.2)

    assert said
    assert all("is being prepared" in text and not_ready is True for text, not_ready in said)
    assert NOT_READY_META_KEY not in result.meta
    assert result.structured_content["results"]


def test_the_command_waits_for_a_map(maps: list[Path], impatient: str, zimfo_server: Callable[..., Ran]):
    ran = zimfo_server("call", "near_places", '{"place": "Lambrate"}', "--archives", str(maps[-1]))

    assert ran.code == 0
    assert "is being prepared" in ran.err
    assert json.loads(ran.out)["results"]


async def test_the_agent_waits_for_a_map(maps: list[Path], impatient: str, tmp_path: Path):
    command = f"env PYTHONPATH={impatient} XDG_CACHE_HOME={tmp_path} {sys.executable} -m zimfo_server {maps[-1]}"
    said: list[str] = []
    async with open_host(command, ()) as host:
        host.on_wait = said.append
        result = await host.call("near_places", {"place": "Lambrate"})

    assert said
    assert result.ok
    assert not result.not_ready
