"""Archives for the server's tests: real ones of the shared data, and small ones made on the spot."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from libzim.writer import Creator, Hint, Item, StringProvider

from zimfo_server.library.classify import classify
from zimfo_server.library.discover import discover
from zimfo_server.library.library import Library

SharedZim = Callable[[str], Path]
LibraryOf = Callable[..., Library]
MakeZim = Callable[..., Path]


class _Page(Item):
    def __init__(self, path: str, title: str, html: str | bytes, mimetype: str) -> None:
        super().__init__()
        self._values = (path, title, html, mimetype)

    def get_path(self) -> str:
        return self._values[0]

    def get_title(self) -> str:
        return self._values[1]

    def get_mimetype(self) -> str:
        return self._values[3]

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._values[2])

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: self._values[3].startswith("text/html")}


@pytest.fixture
def shared_zim(shared_data: Path) -> SharedZim:
    """Path of a real archive by its stem (or by its path below `zim/`)."""

    def find(name: str) -> Path:
        file = shared_data / "zim" / (name if name.endswith((".zim", ".zimaa")) else f"{name}.zim")
        if not file.exists():
            pytest.skip(f"the shared data has no {name}")
        return file

    return find


@pytest.fixture
def library_of() -> LibraryOf:
    """A library of the given files, in this order."""

    def open_library(*files: Path) -> Library:
        return Library([classify(record) for record in discover(files)])

    return open_library


@pytest.fixture
def make_zim(tmp_path: Path) -> MakeZim:
    """Write an archive: HTML by title or by `(path, title)`, redirects by title; returns its file."""

    def write(
        name: str,
        pages: Mapping[str | tuple[str, str], str],
        redirects: Mapping[str, str] | None = None,
        *,
        language: str = "eng",
        index: bool = True,
        date: str = "2024-01-01",
    ) -> Path:
        file = tmp_path / f"{name}.zim"
        with Creator(file).config_indexing(index, language) as creator:
            for key, html in pages.items():
                path, title = key if isinstance(key, tuple) else (key.replace(" ", "_"), key)
                creator.add_item(_Page(path, title, html, "text/html"))
            creator.add_item(_Page("style.css", "Style of everything", "p { color: red }", "text/css"))
            for title, target in (redirects or {}).items():
                creator.add_redirection(title.replace(" ", "_"), title, target.replace(" ", "_"), {})
            for key, value in {"Title": name, "Name": name, "Language": language, "Date": date}.items():
                creator.add_metadata(key, value)
        return file

    return write


@pytest.fixture
def make_map(tmp_path: Path) -> MakeZim:
    """Write a map archive: search records in one chunk of its own, and any other entries by path; returns its file."""

    def write(
        name: str,
        records: Sequence[Mapping[str, object]],
        entries: Mapping[str, bytes] | None = None,
        *,
        bounds: Sequence[float] | None = None,
    ) -> Path:
        chunks: dict[str, list[Mapping[str, object]]] = {}
        for record in records:
            chunks.setdefault(f"{record['n']}__"[:2].lower(), []).append(record)
        manifest = {"total": len(records), "chunks": {key: len(rows) for key, rows in chunks.items()}}
        config = {"name": name, **({"bounds": list(bounds)} if bounds else {})}
        contents: dict[str, bytes] = {
            "map-config.json": json.dumps(config).encode(),
            "search-data/manifest.json": json.dumps(manifest).encode(),
            **{f"search-data/{key}.json": json.dumps(rows).encode() for key, rows in chunks.items()},
            **(entries or {}),
        }
        file = tmp_path / f"{name}.zim"
        with Creator(file) as creator:
            for path, content in contents.items():
                creator.add_item(_Page(path, "", content, "application/json"))
            for key, value in {"Title": f"OSM - {name}", "Name": name, "Language": "eng", "Date": "2024-01-01"}.items():
                creator.add_metadata(key, value)
        return file

    return write
