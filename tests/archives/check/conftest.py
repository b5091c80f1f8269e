"""A small map in each layout, and what is found in it once something of it is changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from libzim.reader import Archive
from tests.archives.check.damage import Change, Files, write
from tests.archives.map_decoder import content, paths

from zimfo_archives.check.run import check_archive
from zimfo_archives.map.build import MapOptions, build_streets
from zimfo_archives.map.layouts import LAYOUTS, Layout

TOWN = """<osm version="0.6"><bounds minlat="37.0" minlon="-122.0" maxlat="37.2" maxlon="-121.8"/>
{nodes}
<node id="90" lat="37.105" lon="-121.905"><tag k="name" v="Old Cafe"/><tag k="amenity" v="cafe"/></node>
<node id="91" lat="37.11" lon="-121.91"><tag k="name" v="Little Town"/><tag k="place" v="town"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><tag k="highway" v="primary"/>
<tag k="name" v="Main Street"/></way>
<way id="2"><nd ref="3"/><nd ref="5"/><nd ref="6"/><nd ref="7"/><tag k="highway" v="residential"/></way>
</osm>"""
NODES = "".join(f'<node id="{n}" lat="{37.1 + n / 1000:.4f}" lon="{-121.9 + n * n / 10000:.4f}"/>' for n in range(1, 8))


@pytest.fixture(scope="session")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[Layout, Files]:
    """The entries of a small map in each layout."""
    folder = tmp_path_factory.mktemp("maps")
    (folder / "town.osm").write_text(TOWN.format(nodes=NODES))
    found: dict[Layout, Files] = {}
    for layout in LAYOUTS:
        build_streets(folder / "town.osm", folder / f"{layout}.zim", MapOptions(layout=layout))
        archive = Archive(folder / f"{layout}.zim")
        found[layout] = {path: content(archive, path) for path in sorted(paths(archive))}
    return found


@pytest.fixture
def errors(maps: dict[Layout, Files], tmp_path: Path) -> Callable[..., list[str]]:
    """Change the entries of a map, and return the errors that are found in it."""

    def errors(change: Change, layout: Layout = "single") -> list[str]:
        files = dict(maps[layout])
        change(files)
        target = tmp_path / "map.zim"
        write(files, target)
        report = check_archive(target)
        found = [str(finding) for finding in report.findings if finding.severity == "error"]
        assert report.ok == (not found)
        return found

    return errors
