"""Road graphs for the tests of their readers: real archives, and one small town in every layout."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.atlas.graph.encode import Sample, SampleEdge

from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover

OpenStreets = Callable[[str], OpenArchive]


@pytest.fixture(scope="session")
def open_streets(shared_data: Path) -> OpenStreets:
    """Open a map archive of the shared data by its stem."""

    def find(name: str) -> OpenArchive:
        file = shared_data / "streetzim" / f"{name}.zim"
        if not file.exists():
            pytest.skip(f"the shared data has no {name}")
        (record,) = discover([file])
        return OpenArchive(classify(record), lambda _: None)

    return find


@pytest.fixture
def town() -> Sample:
    """Four junctions and a dead node, in four cells of 0.1 degrees; of the shapes one is shared, one is empty."""
    return Sample(
        positions=[(601700000, 249400000), (601700500, 249410000), (0, 0), (-100, -900), (602900000, 249400007)],
        edges=[
            SampleEdge(0, 1, 1234, 50, 0, 1, 7),
            SampleEdge(0, 4, 0xFFFFFE, 100, -1, 2, 1 | 1 << 7),
            SampleEdge(1, 0, 1234, 50, 1, 1, 7 | 1 << 5),
            SampleEdge(3, 4, 20, 3, 2, 0, 20),
            SampleEdge(4, 0, 7, 5, 0, 3, 17 | 1 << 6 | 1 << 8),
            SampleEdge(4, 1, 1, 30, 3, 1, 11),
        ],
        shapes=[
            [(601700000, 249400000), (601699995, 249400010)],
            [(601700100, 249409000), (601700050, 249405000), (601700020, 249401000)],
            [(-100, -850)],
            [],
        ],
        names=["", "Hämeentie (45)", "E 75", "通り"],
    )
