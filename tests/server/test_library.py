"""Finding and classifying archive files, on real ones."""

import shutil
from pathlib import Path

import platformdirs
import pytest

from zimfo_server.errors import ArchiveSetAsideError, NothingToServeError
from zimfo_server.library import cache
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.discover import discover, library_sources, user_archives
from zimfo_server.library.library import Library
from zimfo_shared.demo import demo_archives


def test_the_demo_archives_are_found_when_nothing_else_is_there():
    sources = library_sources([])

    assert sources == demo_archives()
    records = Library.classified(discover(sources)).records
    assert sorted(records) == ["encyclopedia", "peninsula"]
    encyclopedia, peninsula = records["encyclopedia"], records["peninsula"]
    assert encyclopedia.has_fulltext
    assert encyclopedia.has_title_index
    assert encyclopedia.article_count >= 25
    assert (peninsula.kind, peninsula.has_graph) == ("streetzim", True)


def test_the_persons_own_folder_comes_before_the_demo():
    folder = user_archives()
    folder.mkdir(parents=True)
    shutil.copy(demo_archives()[0], folder / "mine.zim")

    assert [record.name for record in discover(library_sources([]))] == ["mine"]


def test_the_environment_names_several_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZIMFO_ARCHIVES", f"{tmp_path}/a:{tmp_path}/b")

    assert library_sources([]) == [tmp_path / "a", tmp_path / "b"]


def test_a_folder_without_archives_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(NothingToServeError, match=str(tmp_path)):
        discover([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [("text.zim", b"I am a text file.", "is not a ZIM archive"), ("empty.zim", b"", "is not a ZIM archive")],
)
def test_a_file_that_is_no_archive_is_reported_beside_good_ones(
    tmp_path: Path, name: str, content: bytes, problem: str
):
    (tmp_path / name).write_bytes(content)
    shutil.copy(demo_archives()[0], tmp_path / "good.zim")

    records = {record.name: record for record in discover([tmp_path])}

    assert problem in records[Path(name).stem].problem
    assert records["good"].usable


def test_a_missing_file_is_reported(tmp_path: Path):
    [record] = discover([tmp_path / "nowhere.zim"])

    assert record.problem == "there is no such file"


def test_a_truncated_archive_is_reported_with_both_sizes(tmp_path: Path):
    whole = demo_archives()[0].read_bytes()
    (tmp_path / "cut.zim").write_bytes(whole[:-1000])

    [record] = discover([tmp_path])

    assert record.problem.startswith(f"truncated: {len(whole) - 1000:,} of {len(whole):,} bytes")


def test_equal_stems_get_different_names(tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(demo_archives()[0], tmp_path / folder / "same.zim")

    assert [record.name for record in discover([tmp_path])] == ["same", "same-2"]


def test_a_split_archive_is_one_archive(shared_data: Path):
    [record] = discover([shared_data / "zim" / "split_ray_charles"])

    assert record.usable
    assert record.size == 1_476_042
    [archive] = Library.classified([record]).archives()
    assert archive.page("A/Ray_Charles.html") is not None


def test_a_missing_part_is_named(shared_data: Path, tmp_path: Path):
    for part in (shared_data / "zim" / "split_ray_charles").iterdir():
        if not part.name.endswith("zimad"):
            shutil.copy(part, tmp_path / part.name)

    [record] = discover([tmp_path])

    assert "part wikipedia_en_ray_charles_2015-06.zimad is missing" in record.problem


def test_classification_is_remembered_until_the_file_changes(tmp_path: Path):
    file = tmp_path / "x.zim"
    shutil.copy(demo_archives()[0], file)
    first = Library.classified(discover([file])).records["x"]

    assert cache.remembered(discover([file])[0], cache.load()) == first
    file.touch()
    assert cache.remembered(discover([file])[0], cache.load()) is None


def test_a_damaged_cache_is_ignored():
    Library.classified(discover(demo_archives()))
    (platformdirs.user_cache_path("zimfo") / "archives.json").write_text("{ not json", encoding="utf-8")

    assert cache.load() == {}
    assert Library.classified(discover(demo_archives())).records["encyclopedia"].usable


@pytest.mark.parametrize(
    ("file", "kind", "pages"),
    [("wikipedia_en_100_mini_2022-10.zim", "wikipedia", 101), ("devdocs_en_sqlite_2025-04.zim", "generic", 528),
     ("wikibooks_af_all_maxi_2023-06.zim", "generic", 143)],
)  # fmt: skip
def test_kind_and_page_count(shared_data: Path, file: str, kind: str, pages: int):
    [record] = Library.classified(discover([shared_data / "zim" / file])).records.values()

    assert (record.kind, record.article_count) == (kind, pages)


@pytest.mark.parametrize("name", ["andorra-v4-head", "helsinki-json-fe5d023", "malta-spatial-szci2-s10"])
def test_maps_of_every_layout_are_maps_with_a_graph(shared_data: Path, name: str):
    [record] = Library.classified(discover([shared_data / "streetzim" / f"{name}.zim"])).records.values()

    assert (record.kind, record.has_graph) == ("streetzim", True)


def test_an_archive_with_a_wrong_checksum_is_set_aside_on_first_use(shared_data: Path):
    damaged = shared_data / "damaged" / "index" / "wikipedia_en_ray_charles_mini_2020-03__titleidx_5_20.zim"
    library = Library.classified(discover([damaged, *demo_archives()]))

    assert sorted(archive.record.name for archive in library.archives()) == ["encyclopedia", "peninsula"]
    assert "checksum" in (library.note() or "")
    with pytest.raises(ArchiveSetAsideError, match=r"titleidx_5_20.*checksum"):
        library.archives(damaged.stem)


def test_a_verified_archive_is_not_read_whole_again(monkeypatch: pytest.MonkeyPatch):
    first = Library.classified(discover(demo_archives()))
    first.archives()
    first.end_call()

    monkeypatch.setattr(OpenArchive, "verify", lambda _: pytest.fail("read again"))
    second = Library.classified(discover(demo_archives()))

    assert sorted(archive.record.name for archive in second.archives()) == ["encyclopedia", "peninsula"]


def test_a_call_does_not_spend_its_deadline_on_verification(shared_data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zimfo_server.library.library.VERIFY_BUDGET_S", 0.0)
    damaged = shared_data / "damaged" / "index" / "wikipedia_en_ray_charles_mini_2020-03__titleidx_5_93.zim"
    library = Library.classified(discover([damaged]))

    library.begin_call()
    assert [archive.record.name for archive in library.archives()] == [damaged.stem]
    monkeypatch.setattr("zimfo_server.library.library.VERIFY_BUDGET_S", 60.0)
    library.begin_call()
    assert library.archives() == []
