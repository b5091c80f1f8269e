"""Road graphs for the tests of the search: real ones, and small ones drawn by hand (draw.py)."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from zimfo_server.atlas.graph.load import GraphSource, open_graph
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover

Streets = Callable[..., GraphSource]


@pytest.fixture(scope="session")
def streets(shared_data: Path) -> Streets:
    """The road graph of a real map by its stem; with `whole_edges=0` a spatial one is read in parts."""

    @cache
    def find(name: str, **options: int) -> GraphSource:
        file = shared_data / "streetzim" / f"{name}.zim"
        if not file.exists():
            pytest.skip(f"the shared data has no {name}")
        (record,) = discover([file])
        return open_graph(OpenArchive(classify(record), lambda _: None), **options)

    return find
