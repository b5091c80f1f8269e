"""Maps for the tests of places: real ones of the shared data, and small ones with given records."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_server.atlas.maps import Atlas, MapArchive
from zimfo_server.atlas.places.index import PlaceIndex
from zimfo_server.library.library import Library

LibraryOf = Callable[..., Library]
MakeMap = Callable[..., Path]

_opened: dict[str, MapArchive] = {}


@pytest.fixture
def shared_map(shared_data: Path) -> Callable[[str], Path]:
    """Path of a real map archive by its stem."""

    def find(name: str) -> Path:
        file = shared_data / "streetzim" / f"{name}.zim"
        if not file.exists():
            pytest.skip(f"the shared data has no {name}")
        return file

    return find


@pytest.fixture
def map_of(shared_map: Callable[[str], Path], library_of: LibraryOf) -> Callable[[str], MapArchive]:
    """A real map archive, opened once for all tests."""

    def opened(name: str) -> MapArchive:
        if name not in _opened:
            _opened[name] = Atlas(library_of(shared_map(name))).maps()[0]
        return _opened[name]

    return opened


@pytest.fixture
def index_of(map_of: Callable[[str], MapArchive]) -> Callable[[str], PlaceIndex]:
    """The place index of a real map archive."""
    return lambda name: map_of(name).places


@pytest.fixture
def small_index(make_map: MakeMap, library_of: LibraryOf) -> Callable[..., PlaceIndex]:
    """The index of a map with records given as (name, type, subtype), some 20 m apart."""

    def built(*records: tuple[str, str, str]) -> PlaceIndex:
        rows = [
            {"n": name, "t": type_, "s": subtype, "a": 45.5 + number / 5_000, "o": 9.5}
            for number, (name, type_, subtype) in enumerate(records)
        ]
        return Atlas(library_of(make_map("Small", rows, bounds=(9, 45, 10, 46)))).maps()[0].places

    return built
