"""One region stored in different layouts gives equal answers: searches around points, and routes in every mode.

(Names are compared in places/test_gazetteer.py, graphs edge for edge in graph/test_layouts.py.)
"""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from zimfo_server.atlas.maps import Atlas
from zimfo_server.atlas.roads import Roads
from zimfo_server.errors import NoRouteError
from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover
from zimfo_server.library.library import Library
from zimfo_server.tools.places import near_places
from zimfo_server.tools.plan import End, Ends, PlanInput
from zimfo_server.tools.routes import plan_route
from zimfo_shared.contract import Output
from zimfo_shared.places import NearPlacesInput
from zimfo_shared.sphere import haversine_m

LAYOUTS = {
    "helsinki-v4-head": (
        "helsinki-v5-split-head", "helsinki-v5-split-chunked-head", "helsinki-v4-chunked-hotsplit-head",
        "helsinki-spatial-szci1-s1", "helsinki-spatial-szci1-s10", "helsinki-spatial-szci1-s100",
        "helsinki-spatial-szci2-s1", "helsinki-spatial-szci2-s10", "helsinki-spatial-szci2-s100",
        "helsinki-repack-split-head",
    ),
    "andorra-v4-head": ("andorra-v5-split-head", "andorra-spatial-szci2-s10"),
    "monaco-v4-head": ("monaco-chunkonly-48ce0a6",),
    "malta-v4-head": ("malta-spatial-szci2-s10", "malta-spatial-szci2-s10-4shards"),
}  # fmt: skip
SEARCHES, ROUTES = 50, 50
MAX_RADIUS_M = 1_500.0
KINDS = (None, ["cafe"], ["park", "museum"], ["street"], ["restaurant"])
MODES = ("drive", "walk", "bicycle")


@pytest.fixture
def library(shared_data: Path) -> Callable[[str], Library]:
    @cache
    def opened(name: str) -> Library:
        return Library([classify(record) for record in discover([shared_data / "streetzim" / f"{name}.zim"])])

    return opened


def comparable(output: Output) -> dict[str, object]:
    """An answer without the name of the archive that gave it."""
    return {key: value for key, value in output.payload().items() if key not in ("zim", "zims")}


def records(library: Library) -> set[tuple[str, str, float, float]]:
    places = Atlas(library).maps()[0].places
    rows = (places.record(row) for row in range(places.count))
    return {(one.name, one.type, one.lat, one.lon) for one in rows}


def points(library: Library, count: int) -> list[tuple[float, float]]:
    """Positions all over a map, the same for every layout: beside places drawn from all of its records."""
    places = Atlas(library).maps()[0].places
    drawn = random.Random(7)
    rows = [drawn.randrange(places.count) for _ in range(count)]
    return [
        (float(places.lat[row]) + drawn.gauss(0, 0.002), float(places.lon[row]) + drawn.gauss(0, 0.002)) for row in rows
    ]


@pytest.mark.parametrize("region", LAYOUTS)
def test_searches_around_points_agree(library: Callable[[str], Library], region: str):
    # Archives of two builds differ in a handful of records; a search that comes near one says nothing about layouts.
    own = records(library(region))
    different = set().union(*(own ^ records(library(name)) for name in LAYOUTS[region]))
    assert len(different) <= 10
    centres = [
        centre
        for centre in points(library(region), 4 * SEARCHES)
        if all(haversine_m(*centre, *one[2:]) > MAX_RADIUS_M + 100 for one in different)
    ]
    assert len(centres) >= SEARCHES
    centres = centres[:SEARCHES]
    answers = {}
    for name in (region, *LAYOUTS[region]):
        atlas = Atlas(library(name))
        answers[name] = [
            comparable(
                near_places(
                    atlas,
                    NearPlacesInput(
                        lat=lat,
                        lon=lon,
                        radius_km=MAX_RADIUS_M / 5_000 * (1 + number % 5),
                        kinds=KINDS[number % len(KINDS)],
                        limit=50,
                    ),
                    None,
                )
            )
            for number, (lat, lon) in enumerate(centres)
        ]

    assert sum(bool(answer["total_in_radius"]) for answer in answers[region]) > SEARCHES // 2
    for name in LAYOUTS[region]:
        assert answers[name] == answers[region], name


@pytest.mark.parametrize("region", LAYOUTS)
def test_routes_agree(library: Callable[[str], Library], region: str, route_search: None):
    ends = [End(lat=lat, lon=lon, name=f"{lat:.3f}") for lat, lon in points(library(region), 2 * ROUTES)]
    answers: dict[str, list[object]] = {}
    for name in (region, *LAYOUTS[region]):
        roads = Roads(library(name))
        answers[name] = []
        for number, (origin, destination) in enumerate(zip(ends[:ROUTES], ends[ROUTES:], strict=True)):
            candidate = Ends(zim=name, origin=origin, destination=destination)
            try:
                planned = plan_route(roads, PlanInput(candidates=[candidate], mode=MODES[number % len(MODES)]))
                answers[name].append((comparable(planned.route), planned.line))
            except NoRouteError as error:
                answers[name].append(str(error))

    assert sum(isinstance(answer, tuple) for answer in answers[region]) > ROUTES // 2
    for name in LAYOUTS[region]:
        assert answers[name] == answers[region], name
