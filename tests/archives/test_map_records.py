import json
import math
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_archives.map.extract import Extract
from zimfo_archives.map.gazetteer import records_of
from zimfo_archives.map.osm import read_extract
from zimfo_archives.map.records import Record
from zimfo_archives.map.search import SearchIndex, chunk_key, chunk_keys
from zimfo_archives.map.shapes import E7
from zimfo_archives.map.streets import LINE_SPACING_M, spread
from zimfo_archives.map.tags import kind_of, river_kind

Records = Callable[..., list[Record]]


Tagged = tuple[float, float, dict[str, str]]
Line = tuple[list[tuple[float, float]], dict[str, str]]


@pytest.fixture
def extract(tmp_path: Path) -> Callable[..., Extract]:
    """Write an OpenStreetMap file of nodes and of lines, and read it."""

    def extract(*objects: Tagged, lines: Sequence[Line] = ()) -> Extract:
        parts, numbers = [], count(1)

        def tagged(tags: dict[str, str]) -> str:
            return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())

        def node(lat: float, lon: float, tags: dict[str, str]) -> int:
            number = next(numbers)
            parts.append(f'<node id="{number}" lat="{lat:.7f}" lon="{lon:.7f}">{tagged(tags)}</node>')
            return number

        for lat, lon, tags in objects:
            node(lat, lon, tags)
        refs = [("".join(f'<nd ref="{node(*at, {})}"/>' for at in positions), tags) for positions, tags in lines]
        parts += [f'<way id="{number}">{nodes}{tagged(tags)}</way>' for number, (nodes, tags) in enumerate(refs, 1)]
        file = tmp_path / "x.osm"
        file.write_text(f'<osm version="0.6">{"".join(parts)}</osm>', encoding="utf-8")
        return read_extract(file)

    return extract


@pytest.fixture
def records(extract: Callable[..., Extract]) -> Records:
    """Return the records of an OpenStreetMap file of nodes and of lines."""
    return lambda *objects, lines=(): records_of(extract(*objects, lines=lines))


def street(name: str, positions: list[tuple[float, float]], **tags: str) -> Line:
    return positions, {"highway": "residential", "name": name, **tags}


# The vectors of streetzim-format.md §3.3, generation G3.
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Washington National Cathedral", "ca na wa"),
        ("45 Brīvības gatve, Rīga", "45 br ga ri"),
        ("Q Street", "q_ st"),
        ("O'Neil Café", "ca ne o_"),
        ("São Paulo", "pa sa"),
        ("東京駅", "u6771"),
        ("ガスト", "u30ab"),
        ("서울역", "u1109"),
        ("Ко́невец", "u43a u43d"),
        ("Ærø", "ue6"),
        ("Łódź", "u142"),
        ("½ Moon Bay", "1_ ba mo"),
        ("नई दिल्ली", "u928"),
        ("إيران", "u627"),
        ("𠮷野家", "u20bb7"),
        ("ＮＨＫ", "nh"),
        ('"Mosterei"', "_m mo"),
        ("Route 5", "ro"),
        ("İzmir", "iz"),
        ("Đà Nẵng", "na u111"),
    ],
)
def test_records_stand_in_the_files_of_the_format(name: str, keys: str):
    assert sorted(chunk_keys(name)) == keys.split()


@given(st.text(max_size=30))
def test_every_key_is_one_of_the_format(text: str):
    key = chunk_key(text)
    assert (
        key.startswith("u") and int(key[1:], 16) > 0x7F
        if len(key) != 2
        else set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    )


def test_the_manifest_counts_records_once_and_rows_everywhere():
    index = SearchIndex()
    index.add(Record("North Beach", "place", "suburb", 1, 2, names=("Playa",)))
    index.add(Record("Beach", "poi", "beach", 1, 2))
    entries = {entry.path: json.loads(entry.content) for entry in index.files().entries()}
    found = {
        path: [row["n"] for row in rows]
        for path, rows in entries.items()
        if path.startswith("search-data/") and "manifest" not in path
    }
    assert found == {
        "search-data/be.json": ["North Beach", "Beach"],
        "search-data/no.json": ["North Beach"],
        "search-data/pl.json": ["North Beach"],
    }
    assert entries["search-data/manifest.json"] == {"total": 2, "chunks": {"be": 2, "no": 1, "pl": 1}}


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ("place=city", ("place", "city")),
        ("place=neighbourhood", ("place", "neighbourhood")),
        ("aeroway=aerodrome aerodrome:type=international", ("airport", "international")),
        ("aeroway=aerodrome", ("airport", "other")),
        ("natural=peak", ("peak", "peak")),
        ("leisure=park", ("park", "park")),
        ("boundary=national_park", ("park", "national_park")),
        ("natural=water", ("water", "lake")),
        ("natural=water water=reservoir", ("water", "reservoir")),
        ("amenity=bar", ("poi", "bar")),
        ("amenity=cafe;bar", ("poi", "cafe")),
        ("tourism=hotel", ("poi", "lodging")),
        ("tourism=museum historic=yes building=yes", ("poi", "museum")),
        ("tourism=attraction man_made=tower", ("poi", "attraction")),
        ("tourism=attraction historic=castle", ("poi", "castle")),
        ("shop=supermarket", ("poi", "grocery")),
        ("shop=yes", ("poi", "shop")),
        ("amenity=university", ("poi", "college")),
        ("office=company", ("poi", "company")),
        ("railway=station", ("poi", "railway")),
        ("highway=bus_stop", ("poi", "bus")),
        ("building=yes", ("building", "")),
        ("building=hotel", ("building", "hotel")),
        ("railway=rail", ("poi", "rail")),
        ("natural=wood", ("area", "wood")),
        ("bridge=yes man_made=bridge", ("poi", "bridge")),
    ],
)
def test_tags_tell_the_kind_of_a_place(tags: str, kind: tuple[str, str]):
    assert kind_of(dict(tag.split("=") for tag in tags.split())) == kind


@pytest.mark.parametrize(
    "tags",
    ["", "building=no", "railway=no", "amenity=no", "shop=vacant", "oneway=yes", "access=private"],
)
def test_what_is_no_place_has_no_kind(tags: str):
    assert kind_of(dict(tag.split("=") for tag in tags.split())) is None


def test_only_running_water_is_a_line_of_water():
    assert river_kind({"waterway": "river"}) == ("water", "river")
    assert river_kind({"waterway": "dam"}) is None


def test_rows_have_the_short_keys_and_only_what_is_known(records: Records):
    found = records(
        (37.4, -122.1, {"name": "Carlos Club", "amenity": "bar", "phone": "+1 650", "contact:website": "https://x"}),
        (37.4, -122.2, {"name": "HP Garage", "tourism": "museum", "wikipedia": "en:HP Garage", "wikidata": "Q1"}),
    )
    assert [record.row() for record in found] == [
        {"n": "Carlos Club", "t": "poi", "s": "bar", "a": 37.4, "o": -122.1, "l": "", "p": "+1 650", "ws": "https://x"},
        {"n": "HP Garage", "t": "poi", "s": "museum", "a": 37.4, "o": -122.2, "l": "", "w": "en:HP Garage", "q": "Q1"},
    ]


def test_addresses_are_records_beside_the_place_that_has_them(records: Records):
    tags = {"addr:housenumber": "367", "addr:street": "Addison Avenue", "addr:city": "Palo Alto"}
    found = records((37.4, -122.1, {"name": "HP Garage", "tourism": "museum", **tags}))
    assert [(r.type, r.name, r.label) for r in found] == [
        ("poi", "HP Garage", "Palo Alto"),
        ("addr", "367 Addison Avenue, Palo Alto", "Palo Alto"),
    ]
    [square] = records((1, 2, {"addr:housenumber": "3", "addr:place": "Hamlet"}))
    assert (square.type, square.name) == ("addr", "3 Hamlet")
    assert records((1, 2, {"addr:housenumber": "3"}), (1, 2, {"addr:street": "Main Street"})) == []


def test_names_of_one_letter_cannot_be_found_and_are_left_out(records: Records):
    assert records((1, 2, {"name": "A", "amenity": "bar"})) == []


def test_records_are_in_the_order_of_the_format_and_unique(records: Records):
    bar = (1.0, 2.0, {"name": "Zebra", "amenity": "bar"})
    found = records(
        bar, bar, (1, 2, {"name": "Ada", "amenity": "pub"}), (1, 3, {"name": "Lake", "natural": "water"}),
        (9, 9, {"name": "Town", "place": "town"}),
    )  # fmt: skip
    assert [r.name for r in found] == ["Town", "Lake", "Ada", "Zebra"]


def test_places_belong_to_the_nearest_settlement_that_reaches_them(records: Records):
    city = (37.0, -122.0, {"name": "City", "place": "city", "population": "900,000"})
    town = (37.1, -122.0, {"name": "Town", "place": "town", "population": "9000"})
    cafes = {
        f"Cafe {km}": (37.0 + km / 111.2, -122.0, {"name": f"Cafe {km}", "amenity": "cafe"}) for km in (0, 9, 11, 60)
    }
    found = {record.name: record.label for record in records(city, town, *cafes.values())}
    # The town is ten times smaller across, and begins ten eleventh of the way.
    assert found == {"City": "", "Town": "City", "Cafe 0": "City", "Cafe 9": "City", "Cafe 11": "Town", "Cafe 60": ""}


@pytest.mark.parametrize("population", ["", "many", "-5", "0", "9" * 40, "١٢"])
def test_nonsense_for_a_population_is_not_taken(records: Records, population: str):
    town = (0.0, 0.0, {"name": "Town", "place": "town", "population": population})
    village = (0.0, 0.01, {"name": "Village", "place": "village", "population": "200"})
    [cafe] = [r for r in records(town, village, (0.0, 0.0099, {"name": "Cafe", "amenity": "cafe"})) if r.type == "poi"]
    assert cafe.label == "Village"


def test_labels_reach_across_the_antimeridian(records: Records):
    town = (-16.8, 179.99, {"name": "Taveuni", "place": "town"})
    [cafe] = [r for r in records(town, (-16.8, -179.99, {"name": "Cafe", "amenity": "cafe"})) if r.type == "poi"]
    assert cafe.label == "Taveuni"


def test_a_short_street_is_one_record_on_the_street(records: Records):
    # Two ways, 300 m, on both sides of every border that a grid of round degrees could have.
    west = street("Laurel Street", [(0.0, -0.001), (0.0, 0.0)])
    [found] = records(lines=[west, street("Laurel Street", [(0.0, 0.0), (0.0, 0.002)], ref="L 1")])
    assert (found.name, found.type, found.subtype) == ("Laurel Street", "street", "minor")
    assert found.lat == 0.0
    assert -0.001 <= found.lon <= 0.002


def test_a_long_street_is_found_all_along(records: Records):
    line = [(n * 0.005, 0.0) for n in range(80)]  # 44 km
    found = records(lines=[street("El Camino Real", line, highway="primary")])
    assert 15 <= len(found) <= 45
    assert {r.subtype for r in found} == {"primary"}
    for lat, _ in line:
        assert min(abs(lat - r.lat) for r in found) * 111_195 <= 2 * LINE_SPACING_M


def test_rivers_are_water(records: Records):
    line = [(0.0, 0.0), (0.01, 0.0)]
    creek = (line, {"name": "Creek", "waterway": "stream", "wikidata": "Q9"})
    [found] = records(lines=[creek, (line, {"waterway": "river"})])
    assert (found.name, found.type, found.subtype, found.wikidata) == ("Creek", "water", "stream", "Q9")


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-90 * E7, 90 * E7), st.integers(-180 * E7, 180 * E7)), min_size=1, max_size=6),
        min_size=1,
        max_size=6,
    )
)
def test_lines_are_represented_by_points_of_their_own_near_every_point(lines: list[list[tuple[int, int]]]):
    runs = [((f"Road {n % 2}", "street"), line) for n, line in enumerate(lines)]
    found = list(spread(runs))
    for key, stretch in found:
        own = {point for number in stretch.lines for point in lines[number]}
        assert set(stretch.positions) <= own
        assert all(runs[number][0] == key for number in stretch.lines)
    for key, line in runs:
        for point in line:
            near = (metres(*degrees(point), *degrees(p)) for k, s in found if k == key for p in s.positions)
            assert min(near) <= 2 * LINE_SPACING_M


def degrees(point: tuple[int, int]) -> tuple[float, float]:
    return point[0] / E7, point[1] / E7


def metres(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    phi1, phi2, theta = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    half = math.sin((phi2 - phi1) / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(theta / 2) ** 2
    return 2 * 6_371_000 * math.asin(min(1.0, math.sqrt(half)))
