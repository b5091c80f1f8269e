"""Downloads, from a server in this process that speaks the hub's protocol."""

import hashlib
import shutil
import struct
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from huggingface_hub.utils import close_session
from tests.client.fake_hub import FakeHub, running

from zimfo_client.errors import PullError
from zimfo_client.models import find_model, models_folder
from zimfo_client.models.known import KNOWN, Licence, known_by_file
from zimfo_client.models.licences import is_accepted, licences_path
from zimfo_client.models.partial import partials
from zimfo_client.models.pull import Wanted, pull, pull_corpus

REPOSITORY = "somebody/some-model-GGUF"
NAME = "some-model.Q4_K_M.gguf"
MODEL = b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(range(256)) * 2_000
SPEC = f"{REPOSITORY}/{NAME}"
KNOWN_MODEL = KNOWN[0]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, data_home: Path) -> Iterator[FakeHub]:
    monkeypatch.setattr("zimfo_client.models.download.PAUSE_S", 0.0)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with running(FakeHub(repositories={REPOSITORY: {NAME: MODEL}})) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
        close_session()


def _agree(_licence: Licence) -> bool:
    return True


def _never(_licence: Licence) -> bool:
    raise AssertionError("nothing is to be asked")


def _pull(spec: str = SPEC) -> Path:
    return pull(Wanted.of(spec), _never).path


def _refusal(spec: str = SPEC) -> str:
    """Pull in vain: nothing may have taken the model's name. The message is one line."""
    with pytest.raises(PullError) as caught:
        _pull(spec)
    assert not (models_folder() / spec.rpartition("/")[2]).exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_pulled_model_is_found_by_its_name(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    path = _pull()
    assert path == models_folder() / NAME
    assert path.read_bytes() == MODEL
    assert find_model("some-model.Q4_K_M", {}).path == path
    assert list((models_folder() / ".partial").iterdir()) == []
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"Its licence is stated at {hub.url}/{REPOSITORY}" in shown.err
    assert f"Downloading {NAME} (512 kB)" in shown.err


def test_a_model_that_is_here_is_not_downloaded_again(hub: FakeHub) -> None:
    _pull()
    asked = len(hub.asked("GET", NAME))
    assert _pull().read_bytes() == MODEL
    assert len(hub.asked("GET", NAME)) == asked


def test_another_file_of_that_name_is_left_alone(hub: FakeHub) -> None:
    models_folder().mkdir(parents=True)
    (models_folder() / NAME).write_bytes(b"GGUF of mine")
    with pytest.raises(PullError, match=r"another some-model.*zimfo models remove some-model\.Q4_K_M"):
        _pull()
    assert (models_folder() / NAME).read_bytes() == b"GGUF of mine"
    assert hub.asked("GET", NAME) == []


def test_a_connection_that_breaks_now_and_then_is_continued(hub: FakeHub) -> None:
    hub.breaks = [100_000, 50_000, 1, 200_000]
    assert _pull().read_bytes() == MODEL
    ranges = [request.headers.get("range") for request in hub.asked("GET", NAME) if "/content/" in request.path]
    assert ranges == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-", "bytes=350001-"]


def test_what_arrived_before_a_failure_is_continued_by_the_next_command(hub: FakeHub) -> None:
    hub.breaks = [100_000, -503]
    assert "failed to give some-model.Q4_K_M.gguf (503)" in _refusal()
    (partial,) = partials()
    assert partial.read_bytes() == MODEL[:100_000]
    hub.requests.clear()
    assert _pull().read_bytes() == MODEL
    assert hub.asked("GET", NAME)[-1].headers["range"] == "bytes=100000-"
    assert partials() == []


def test_a_connection_that_brings_nothing_any_more_ends_the_command(hub: FakeHub) -> None:
    hub.breaks = [300_000, 0, 0, 0, 0, 0, 0, 0]
    refusal = _refusal()
    assert "broke off at 300 kB of 512 kB" in refusal
    assert "The same command goes on where this one stopped" in refusal
    assert len(hub.breaks) == 4


def test_a_server_without_ranges_sends_everything_again(hub: FakeHub) -> None:
    hub.ranges = False
    hub.breaks = [100_000]
    assert _pull().read_bytes() == MODEL


def test_a_part_of_another_version_is_not_continued(hub: FakeHub) -> None:
    hub.breaks = [100_000, -503]
    _refusal()
    newer = MODEL[:-1] + b"!"
    hub.repositories[REPOSITORY][NAME] = newer
    assert _pull().read_bytes() == newer
    assert partials() == []


def test_a_wrong_checksum_keeps_nothing(hub: FakeHub) -> None:
    hub.digests[NAME] = hashlib.sha256(b"something else").hexdigest()
    assert "wrong checksum" in _refusal()
    assert partials() == []


def test_damage_in_what_arrived_before_is_noticed_and_mended_by_the_next_command(hub: FakeHub) -> None:
    hub.breaks = [100_000, -503]
    _refusal()
    (partial,) = partials()
    partial.write_bytes(b"X" + partial.read_bytes()[1:])
    assert "wrong checksum" in _refusal()
    assert _pull().read_bytes() == MODEL


def test_a_file_that_the_hub_keeps_in_git_is_held_to_its_git_checksum(hub: FakeHub) -> None:
    hub.digests[NAME] = hashlib.sha1(b"blob %d\0" % len(MODEL) + MODEL).hexdigest()
    assert _pull().read_bytes() == MODEL
    _pull().unlink()
    hub.digests[NAME] = hashlib.sha1(MODEL).hexdigest()
    assert "wrong checksum" in _refusal()


def test_a_file_without_a_checksum_is_not_downloaded(hub: FakeHub) -> None:
    hub.digests[NAME] = "some-weak-tag"
    assert "states no checksum" in _refusal()
    assert hub.asked("GET", NAME) == []


def test_a_server_that_sends_too_much_is_stopped(hub: FakeHub) -> None:
    hub.sizes[NAME] = 1_000
    assert "sends more than the 1 kB" in _refusal()


def test_a_file_larger_than_the_disk_is_not_begun(hub: FakeHub) -> None:
    hub.sizes[NAME] = 1 << 60
    refusal = _refusal()
    assert "There is no space for 1152921.50 TB" in refusal
    assert str(models_folder()) in refusal
    assert hub.asked("GET", NAME) == []


def test_a_disk_that_fills_up_on_the_way_keeps_what_arrived(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    free = 200_000_000 + 2 * len(MODEL)

    def filling(folder: Path) -> tuple[int, int, int]:
        arrived = sum(path.stat().st_size for path in partials())
        return usage(free, 0, free if arrived < 200_000 else 200_000_000)

    monkeypatch.setattr(shutil, "disk_usage", filling)
    assert "has become full but for the 200 MB that are left to other programs" in _refusal()
    (partial,) = partials()
    assert MODEL.startswith(partial.read_bytes())
    assert partial.stat().st_size >= 200_000


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, "EntryNotFound", f"There is no {NAME} of {REPOSITORY} at "),
        (404, "", f"There is no {NAME} of {REPOSITORY} at "),
        (404, "RevisionNotFound", "There is no"),
        (401, "RepoNotFound", "without a token (401), or there is no such repository"),
        (401, "", "set HF_TOKEN"),
        (403, "GatedRepo", "Accept its terms on its page, then set HF_TOKEN"),
        (403, "", "(403)"),
        (429, "", "too many requests"),
        (500, "", "failed to give"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(hub: FakeHub, status: int, code: str, reason: str) -> None:
    hub.refusals[NAME] = (status, code)
    assert reason in _refusal()


def test_a_repository_that_does_not_exist_is_told(hub: FakeHub) -> None:
    assert "there is no such repository" in _refusal("nobody/nothing/none.gguf")


def test_a_server_that_is_not_there_is_told(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 cannot be reached" in _refusal()


def test_the_token_goes_to_the_hub_and_not_to_where_it_sends_us(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_mine")
    _pull()
    for request in hub.requests:
        expected = None if "/content/" in request.path else "Bearer hf_of_mine"
        assert request.headers.get("authorization") == expected
    assert any("/content/" in request.path for request in hub.requests)


def test_every_part_of_a_split_model_is_pulled_whichever_is_named(hub: FakeHub) -> None:
    parts = {f"deep/big-{number:05}-of-00003.gguf": MODEL + bytes([number]) for number in (1, 2, 3)}
    hub.repositories[REPOSITORY] = parts
    found = pull(Wanted.of(f"{REPOSITORY}/deep/big-00002-of-00003.gguf"), _never)
    assert (found.name, found.path.name) == ("big", "big-00001-of-00003.gguf")
    assert {f"deep/{path.name}": path.read_bytes() for path in models_folder().glob("*.gguf")} == parts


def test_a_part_that_is_not_published_stops_all(hub: FakeHub) -> None:
    hub.repositories[REPOSITORY] = {"big-00001-of-00002.gguf": MODEL}
    assert "There is no big-00002-of-00002.gguf" in _refusal(f"{REPOSITORY}/big-00001-of-00002.gguf")
    assert hub.asked("GET", ".gguf") == []


def test_a_second_download_of_the_same_file_is_kept_out(hub: FakeHub) -> None:
    hub.breaks = [100_000, -503]
    _refusal()
    with FileLock(models_folder() / ".partial" / f"{NAME}.lock"):
        assert "Another zimfo is downloading" in _refusal()
    assert _pull().read_bytes() == MODEL


def test_a_file_that_is_no_model_is_kept_with_a_warning(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.repositories[REPOSITORY][NAME] = b"no model at all"
    assert _pull().read_bytes() == b"no model at all"
    assert "Warning: the file arrived as it was published, but some-model.Q4_K_M.gguf is no GGUF" in (
        capsys.readouterr().err
    )


def test_a_models_folder_that_is_a_file_is_told(hub: FakeHub) -> None:
    models_folder().parent.mkdir(parents=True)
    models_folder().touch()
    with pytest.raises(PullError, match="cannot be written to"):
        _pull()


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "nix",
        "a/b",
        "a/b/c",
        "a/b/../c.gguf",
        "a/b/.c.gguf",
        "/a/b/c.gguf",
        "../a/b/c.gguf",
        "a/b//c.gguf",
        "a/b/c.txt",
    ],
)
def test_what_names_no_model_is_refused_before_anything_is_asked(hub: FakeHub, spec: str) -> None:
    with pytest.raises(PullError, match=r"neither a known name \(lfm2\.5-zimfo\) nor of the form"):
        Wanted.of(spec)
    assert hub.requests == []


def test_a_known_name_stands_for_its_recommended_file(hub: FakeHub) -> None:
    assert Wanted.of("LFM2.5-zimfo") == Wanted(KNOWN_MODEL.repository, KNOWN_MODEL.files[0], KNOWN_MODEL)
    hub.repositories[KNOWN_MODEL.repository] = dict.fromkeys(KNOWN_MODEL.files, MODEL)
    found = pull(Wanted.of("lfm2.5-zimfo"), _agree)
    assert found.path.name == "lfm2.5-8b-a1b-ft.imx.IQ3_XS.gguf"
    assert find_model("lfm2.5-zimfo", {}).path == found.path
    # The other file of the same model is under the same licence, and found by the same name once it is the only one.
    other = pull(Wanted.of(f"{KNOWN_MODEL.repository}/{KNOWN_MODEL.files[1]}"), _never)
    assert find_model("lfm2.5-zimfo", {}).path == found.path
    found.path.unlink()
    assert find_model("lfm2.5-zimfo", {}).path == other.path
    assert known_by_file(KNOWN_MODEL.repository, KNOWN_MODEL.files[1]) is KNOWN_MODEL


def test_a_licence_is_asked_about_once(hub: FakeHub) -> None:
    hub.repositories[KNOWN_MODEL.repository] = dict.fromkeys(KNOWN_MODEL.files, MODEL)
    asked: list[str] = []

    def refuse(licence: Licence) -> bool:
        asked.append(licence.name)
        return False

    with pytest.raises(PullError, match=r"LFM Open License v1\.0 was not accepted, so nothing was downloaded"):
        pull(Wanted.of("lfm2.5-zimfo"), refuse)
    assert (asked, hub.requests, licences_path().exists()) == (["LFM Open License v1.0"], [], False)
    pull(Wanted.of("lfm2.5-zimfo"), _agree)
    assert is_accepted(KNOWN_MODEL.licence)
    pull(Wanted.of("lfm2.5-zimfo"), _never)


def test_a_damaged_note_of_licences_accepts_nothing(data_home: Path) -> None:
    data_home.mkdir()
    for damage in ("{", "[]", '"LFM Open License v1.0"'):
        licences_path().write_text(damage, encoding="utf-8")
        assert not is_accepted(KNOWN_MODEL.licence)


def test_the_corpus_comes_into_the_data_folder(hub: FakeHub, data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIMFO_CORPUS_ENDPOINT", hub.url + "/")
    monkeypatch.setenv("HF_TOKEN", "hf_of_mine")
    hub.plain["/jasontitus/mcpzim/main/tools/fine-tune/train_v2.jsonl"] = b'{"messages": []}\n'
    for _ in range(2):  # a newer one takes the place of the old
        place = pull_corpus(KNOWN_MODEL.corpus)
        assert place == data_home / "corpora" / "train_v2.jsonl"
        assert place.read_bytes() == b'{"messages": []}\n'
    assert all("authorization" not in request.headers for request in hub.requests)


def test_a_corpus_that_does_not_come_whole_leaves_nothing(
    hub: FakeHub, data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZIMFO_CORPUS_ENDPOINT", hub.url)
    with pytest.raises(PullError, match=r"There is no train_v2\.jsonl at http://127\.0\.0\.1"):
        pull_corpus(KNOWN_MODEL.corpus)
    hub.plain["/jasontitus/mcpzim/main/tools/fine-tune/train_v2.jsonl"] = b"x" * 1_000
    hub.breaks = [500, -503]
    with pytest.raises(PullError, match="failed to give"):
        pull_corpus(KNOWN_MODEL.corpus)
    monkeypatch.setattr("zimfo_client.models.pull.MAX_CORPUS_BYTES", 999)
    with pytest.raises(PullError, match="sends more than"):
        pull_corpus(KNOWN_MODEL.corpus)
    assert list((data_home / "corpora").iterdir()) == []
