"""What the report counts of a map, held against counts taken from the extract itself."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import osmium
import pytest
from libzim.reader import Archive
from tests.archives.map_decoder import all_rows

from zimfo_archives.map.build import MapOptions, MapReport, build_streets

Build = Callable[[str], tuple[MapReport, list[dict]]]


@pytest.fixture(scope="module")
def built(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build an extract once; returns the report and all records."""

    @cache
    def build(name: str) -> tuple[MapReport, list[dict]]:
        target = tmp_path_factory.mktemp("maps") / f"{name}.zim"
        report = build_streets(shared_data / "osm" / f"{name}.osm.pbf", target, MapOptions())
        return report, all_rows(Archive(target))

    return build


def counted(file: Path, things: Callable[[dict[str, str]], list[str]]) -> Counter[str]:
    """Count what objects of all kinds have."""
    found = Counter[str]()
    for item in osmium.FileProcessor(file):
        found.update(things({tag.k: tag.v for tag in item.tags}))
    return found


@pytest.mark.parametrize("name", ["liechtenstein_spatialbench", "andorra_valhalla_docker", "monaco_planetiler"])
def test_nothing_is_lost_without_a_word(built: Build, name: str):
    report, _ = built(name)
    for thing, fate in report.objects.items():
        assert fate.found == fate.kept + fate.merged + sum(fate.skipped.values()), thing


def test_every_address_of_liechtenstein_survives(shared_data: Path, built: Build):
    def address(tags: dict[str, str]) -> list[str]:
        along = "addr:street" in tags or "addr:place" in tags
        return ["address"] if "addr:housenumber" in tags and along else []

    source = shared_data / "osm" / "liechtenstein_spatialbench.osm.pbf"
    report, rows = built("liechtenstein_spatialbench")
    fate = report.objects["address"]
    assert fate.found == counted(source, address)["address"] == 12_507
    assert fate.skipped == {}
    assert fate.kept == sum(row["t"] == "addr" for row in rows) == report.contents.addresses
    written = {row["n"] for row in rows if row["t"] == "addr"}
    for item in osmium.FileProcessor(source):
        tags = {tag.k: tag.v for tag in item.tags}
        if address(tags):
            name = f"{tags['addr:housenumber']} {tags.get('addr:street') or tags['addr:place']}"
            city = tags.get("addr:city")
            assert " ".join((f"{name}, {city}" if city else name).split()) in written


@pytest.mark.parametrize("language", ["ca", "es", "fr", "en"])
def test_the_languages_of_andorra_survive(shared_data: Path, built: Build, language: str):
    key = f"name:{language}"
    source = shared_data / "osm" / "andorra_valhalla_docker.osm.pbf"
    report, rows = built("andorra_valhalla_docker")
    fate = report.objects[key]
    assert fate.found == counted(source, lambda tags: [key] if key in tags else [])[key]
    assert fate.kept + fate.merged >= 0.7 * fate.found
    names = {name for row in rows for name in (row["n"], *row.get("alt_names", []))}
    there = [
        " ".join(item.tags[key].split()) in names
        for item in osmium.FileProcessor(source, osmium.osm.NODE | osmium.osm.WAY)
        if key in item.tags and "name" in item.tags
    ]
    assert sum(there) >= 0.97 * len(there) > 0


@pytest.mark.long
def test_the_links_to_the_italian_encyclopedia_survive_in_milan(shared_data: Path, built: Build):
    def linked(tags: dict[str, str]) -> list[str]:
        return ["it"] if tags.get("wikipedia", "").startswith("it:") or "wikipedia:it" in tags else []

    source = shared_data / "osm" / "milan_italy_small.osm.pbf"
    report, rows = built("milan_italy_small")
    fate = report.objects["wikipedia:it"]
    assert fate.found == counted(source, linked)["it"]
    assert fate.kept + fate.merged >= 0.85 * fate.found
    written = {link for row in rows for link in row.get("w", "").split(";")}
    there = []
    for item in osmium.FileProcessor(source, osmium.osm.NODE | osmium.osm.WAY):
        if linked({tag.k: tag.v for tag in item.tags}):
            told = item.tags.get("wikipedia") or f"it:{item.tags['wikipedia:it']}"
            there.append(all(link.strip() in written for link in told.split(";")))
    assert sum(there) >= 0.98 * len(there) > 0


def test_what_was_skipped_is_said_with_the_reason(built: Build):
    report, _ = built("monaco_planetiler")
    reasons = {reason for fate in report.objects.values() for reason in fate.skipped}
    assert "its boundary is not whole in the file" in reasons  # of France
    assert all(reason == reason.strip() and reason for reason in reasons)
