"""What the service adds to the tools: which are listed, whose location counts, which archive `zim` means."""

import os
import signal
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from zimfo_server.library.discover import discover
from zimfo_server.service import Connection, Service
from zimfo_shared.catalogue import ARTICLE_TOOLS, CATALOGUE, PLACE_TOOLS
from zimfo_shared.wire import Location

VALLETTA = Location(lat=35.8985, lon=14.5133)
MOSTA = Location(lat=35.9079, lon=14.4241)


@pytest.fixture
def malta(shared_data: Path, route_search: None) -> Path:
    return shared_data / "streetzim" / "malta-v4-head.zim"


@asynccontextmanager
async def started(*files: Path, all_tools: bool = False) -> AsyncIterator[Service]:
    service = Service(discover(files), all_tools=all_tools)
    try:
        await service.start()
        yield service
    finally:
        await service.stop()


async def test_map_tools_are_listed_when_there_is_a_map(malta: Path, shared_zim: Callable[[str], Path]):
    encyclopedia = shared_zim("wikipedia_en_100_mini_2022-10")
    async with started(encyclopedia) as articles, started(encyclopedia, malta) as both:
        assert list(await articles.listing()) == [contract.name for contract in ARTICLE_TOOLS]
        assert list(await both.listing()) == list(CATALOGUE)


async def test_routing_tools_need_a_map_with_roads(make_map: Callable[..., Path]):
    async with started(make_map("roadless", [{"n": "Quay", "t": "poi", "s": "cafe", "a": 1.5, "o": 2.5}])) as service:
        listed = list(await service.listing())
        reply = await service.call("route_from_places", {"origin": "a", "destination": "b"}, connection=Connection())

    assert listed == [contract.name for contract in (*ARTICLE_TOOLS, *PLACE_TOOLS)]
    assert reply.is_error
    assert "No map archive with roads" in reply.text


async def test_all_tools_lists_everything(shared_zim: Callable[[str], Path]):
    async with started(shared_zim("wikipedia_en_100_mini_2022-10"), all_tools=True) as service:
        assert list(await service.listing()) == list(CATALOGUE)
        reply = await service.call("near_places", {"place": "India"}, connection=Connection())

    assert reply.is_error
    assert "map" in reply.text


async def test_the_location_of_the_call_comes_before_that_of_the_connection(malta: Path):
    async with started(malta) as service:
        unknown = await service.call("what_is_here", {}, connection=Connection())
        usual = await service.call("what_is_here", {}, connection=Connection(MOSTA))
        moved = await service.call("what_is_here", {}, connection=Connection(MOSTA), location=VALLETTA)

    assert unknown.is_error
    assert "lat" in unknown.text
    assert usual.payload is not None
    assert usual.payload["settlement"] == "Il-Mosta"
    assert moved.payload is not None
    assert moved.payload["settlement"] == "Valletta"


async def test_a_place_tool_is_not_pinned_to_an_encyclopedia(malta: Path, shared_zim: Callable[[str], Path]):
    async with started(malta, shared_zim("wikipedia_en_100_mini_2022-10")) as service:
        arguments = {"place": "Valletta", "zim": "wikipedia_en_100_mini_2022-10"}
        reply = await service.call("near_places", arguments, connection=Connection())

    assert reply.payload is not None
    assert reply.payload["zims"] == ["malta-v4-head"]
    assert "is no map" in reply.payload["note"]


async def test_a_journey_belongs_to_its_connection(malta: Path):
    travelling, resting = Connection(), Connection()
    async with started(malta) as service:
        route = await service.call(
            "route_from_places", {"origin": "Valletta", "destination": "Mosta"}, connection=travelling
        )
        status = await service.call("route_status", {}, connection=travelling, location=VALLETTA)
        none = await service.call("route_status", {}, connection=resting, location=VALLETTA)

    assert route.payload is not None
    assert status.payload is not None
    assert status.payload["total_steps"] >= len(route.payload["steps"])
    assert 0 < status.payload["remaining_m"] <= route.payload["distance_m"]
    assert none.is_error
    assert "route_from_places" in none.text


async def test_only_the_newest_routes_stay_readable(malta: Path):
    connection = Connection()
    async with started(malta) as service:
        uris = []
        for number in range(34):
            ends = {"origin": "Valletta", "destination": f"35.{850 + number},14.45"}
            reply = await service.call("route_from_places", ends, connection=connection)
            assert reply.payload is not None, reply.text
            uris.append(reply.payload["geometry"])

    assert len(set(uris)) == 34
    assert [connection.journeys.geojson(uri) is not None for uri in uris] == [False] * 2 + [True] * 32


QUAY = [
    {"n": "Quay Cafe", "t": "poi", "s": "cafe", "a": 1.5, "o": 2.5},
    {"n": "Quayside", "t": "place", "s": "town", "a": 1.501, "o": 2.501},
]


async def test_a_map_whose_roads_have_an_unknown_version_still_has_its_places(make_map: Callable[..., Path]):
    newer = struct.pack("<4s7I", b"SZRG", 99, 0, 0, 0, 0, 0, 0)
    async with started(make_map("quays", QUAY, {"routing-data/graph.bin": newer})) as service:
        route = await service.call(
            "route_from_places", {"origin": "Quay Cafe", "destination": "Quayside"}, connection=Connection()
        )
        places = await service.call("near_places", {"place": "Quayside", "kinds": ["cafe"]}, connection=Connection())

    assert route.is_error
    assert "version 99" in route.text
    assert "place tools" in route.text
    assert places.payload is not None
    assert [place["name"] for place in places.payload["results"]] == ["Quay Cafe"]


async def test_a_router_that_dies_leaves_the_places_alone(malta: Path):
    ends = {"origin": "Valletta", "destination": "Mosta"}
    async with started(malta) as service:
        assert not (await service.call("route_from_places", ends, connection=Connection())).is_error
        process = service._pool._workers["router"]._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        again = await service.call("route_from_places", ends, connection=Connection())
        here = await service.call("what_is_here", {}, connection=Connection(VALLETTA))

    assert not again.is_error
    assert not here.is_error


async def test_a_route_that_takes_too_long_sets_no_archive_aside(malta: Path):
    ends = {"origin": "Valletta", "destination": "Mosta"}
    async with started(malta) as service:
        assert not (await service.call("route_from_places", ends, connection=Connection())).is_error
        router = service._pool._workers["router"]
        assert router._process is not None
        os.kill(router._process.pid, signal.SIGSTOP)
        service._pool._deadline_s = 1.0
        late = await service.call("route_from_places", ends, connection=Connection())
        service._pool._deadline_s = None
        again = await service.call("route_from_places", ends, connection=Connection())

    assert late.is_error
    assert "Try the call again" in late.text
    assert not again.is_error
    assert all(record.usable for record in router.records)


async def test_a_map_whose_file_is_gone_is_named(malta: Path, tmp_path: Path):
    copy = tmp_path / "island.zim"
    copy.write_bytes(malta.read_bytes())
    async with started(copy) as service:
        copy.unlink()
        reply = await service.call("near_places", {"place": "Valletta"}, connection=Connection())

    assert reply.is_error
    assert "'island' (its file is gone)" in reply.text
