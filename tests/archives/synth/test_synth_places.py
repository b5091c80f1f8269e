"""Invented places lie along the road network of the same size, and are as many and as common as real ones."""

import subprocess
import sys
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from scipy.spatial import cKDTree

from zimfo_archives.errors import OptionError
from zimfo_archives.map.records import RANK, Record
from zimfo_archives.synth.network import road_network
from zimfo_archives.synth.places import place_records
from zimfo_archives.synth.region import MAX_SIZE, METRES_PER_DEGREE, MIDDLE

SIZE, SEED = 30_000, 7


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(place_records(SIZE, SEED))


def plane(lat: float, lon: float) -> tuple[float, float]:
    """Metres east and north of the middle of the region."""
    east = (lon - MIDDLE[1]) * METRES_PER_DEGREE * np.cos(np.radians(MIDDLE[0]))
    return east, (lat - MIDDLE[0]) * METRES_PER_DEGREE


@pytest.mark.parametrize("size", [1, 2, 3, 10, 77, 1_000, 4_321])
@pytest.mark.parametrize("seed", [0, 3])
def test_there_are_as_many_records_as_were_asked_for(size: int, seed: int):
    found = list(place_records(size, seed))
    assert len(found) == size
    assert found[0].type == "place"


@pytest.mark.parametrize(("size", "seed"), [(0, 1), (MAX_SIZE + 1, 1), (10, -1)])
def test_sizes_and_seeds_out_of_bounds_are_refused_at_once(size: int, seed: int):
    with pytest.raises(OptionError, match="must be from"):
        place_records(size, seed)


def test_records_come_in_the_order_of_their_types(records: list[Record]):
    ranks = [RANK[record.type] for record in records]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(RANK.values())


def test_the_same_numbers_give_the_same_records_and_others_give_others(records: list[Record]):
    assert list(place_records(SIZE, SEED)) == records
    assert list(place_records(SIZE, SEED + 1)) != records


def test_every_record_has_a_name_and_a_position(records: list[Record]):
    for record in records:
        assert len(record.name) >= 2
        assert 40 < record.lat < 57
        assert 60 < record.lon < 75


def test_records_belong_to_a_town_that_is_there(records: list[Record]):
    towns = {r.name for r in records if r.type == "place" and not r.label}
    assert towns
    assert {r.label for r in records} - {""} <= towns
    assert all(r.label for r in records if r.type not in ("place", "water"))


def test_streets_and_addresses_lie_along_the_roads_of_their_names(records: list[Record]):
    lines, roads = road_network(SIZE, SEED)
    points: dict[str, list[tuple[float, float]]] = {}
    for line, road in enumerate(roads):
        if road.name:
            points.setdefault(road.name, []).extend((lat / 1e7, lon / 1e7) for lat, lon in lines.positions(line))
    trees = {name: cKDTree([plane(*point) for point in found]) for name, found in points.items()}
    streets = [(r.name, r) for r in records if r.type == "street"]
    # The name of an address ends in that of the town, unless it counts the houses of a hamlet.
    houses = [r for r in records if r.type == "addr" and r.name.endswith(f", {r.label}")]
    addresses = [(r.name.removesuffix(f", {r.label}").partition(" ")[2], r) for r in houses]
    assert len(streets) > 0.1 * SIZE
    assert len(addresses) > 0.3 * SIZE
    for name, record in streets + addresses:
        # Half a block and the way from the middle of the street to the house.
        assert trees[name].query(plane(record.lat, record.lon))[0] < 110, record


def test_the_roads_of_a_named_town_are_near_it(records: list[Record]):
    lines, _ = road_network(SIZE, SEED)
    tree = cKDTree([plane(lat / 1e7, lon / 1e7) for lat, lon in zip(lines.lat, lines.lon, strict=True)])
    places = [r for r in records if r.type in ("place", "poi", "building", "park")]
    far = [r for r in places if tree.query(plane(r.lat, r.lon))[0] > 100]
    assert len(far) < 0.01 * len(places)


def test_no_address_is_there_twice(records: list[Record]):
    addresses = [r.name for r in records if r.type == "addr"]
    assert len(set(addresses)) == len(addresses)


def test_a_few_kinds_are_common_and_most_are_rare(records: list[Record]):
    kinds = Counter(r.subtype for r in records if r.type == "poi")
    counts = sorted(kinds.values(), reverse=True)
    assert len(kinds) > 90
    assert counts[0] > 20 * counts[len(counts) // 2]
    assert {"restaurant", "pharmacy", "fuel", "lodging", "cafe", "school", "bank", "hospital"} <= set(kinds)
    assert any(r.category.endswith("_restaurant") for r in records)


def test_chains_and_families_repeat_and_most_names_are_rare(records: list[Record]):
    names = Counter(r.name for r in records if r.type == "poi")
    counts = sorted(names.values(), reverse=True)
    assert counts[0] > 20
    assert counts[len(counts) // 2] == 1
    chains = Counter(r.brand for r in records if r.brand)
    assert max(chains.values()) > 20


def test_names_are_written_in_several_alphabets(records: list[Record]):
    towns = [r for r in records if r.type == "place" and not r.label]
    assert any(not r.name.isascii() for r in towns)
    assert sum(r.name.isascii() for r in towns) > len(towns) / 2
    # Whatever a town's alphabet is, it is found by Latin letters.
    assert all(any(name.isascii() for name in (r.name, *r.names)) for r in towns)
    first = "".join(name[0] for r in records for name in (r.name, *r.names))
    for alphabet in ("АБВГДКЛМНПРСТФЗ", "ΑΒΓΔΚΛΜΝΠΡΣΤΦΖ", "კლმნპრსტვზდფგ", "كلمنبرستڤزدفغ", "カキクラリルマミム"):
        assert set(first) & set(alphabet)


def test_some_have_more_to_tell(records: list[Record]):
    pois = [r for r in records if r.type == "poi"]
    for field in ("wikipedia", "wikidata", "phone", "website", "brand", "names"):
        assert 0.005 < sum(bool(getattr(r, field)) for r in pois) / len(pois) < 0.5
    items = [r.wikidata for r in records if r.wikidata]
    assert len(set(items)) == len(items)


def test_records_are_made_one_by_one():
    begun = list(islice(place_records(1_000_000, SEED), 10))
    assert {r.type for r in begun} == {"place"}


@pytest.mark.long
def test_a_million_records_need_little_memory():
    code = (
        "from zimfo_archives.synth.places import place_records; from zimfo_archives.usage import peak_rss_bytes;"
        "print(sum(1 for _ in place_records(1_000_000, 1)), peak_rss_bytes())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=110)
    count, peak = map(int, ran.stdout.split())
    assert count == 1_000_000
    assert peak < 250e6
