"""What all tests share: the real data beside the checkout, and folders that are not the person's own."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, so that a change fails for what it changed; `make test-long` explores.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

os.environ["ZIMFO_UNITS"] = "metric"  # whatever the locale of who runs the tests

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real archives: `ZIMFO_SHARED`/data, else ../shared/data; without it the test is skipped."""
    folder = Path(os.environ.get("ZIMFO_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data in {folder}; set ZIMFO_SHARED")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _kernels_kept(request: pytest.FixtureRequest) -> None:
    """Keep compiled kernels from one test to the next: every test has another folder for the person's caches."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(request.config.cache.mkdir("numba")))


@pytest.fixture(scope="session")
def route_search(_kernels_kept: None) -> None:
    """The compiled route search, for tests that put questions to a server and do not want to wait for the compiler."""
    from zimfo_server.atlas.routing.compiled import kernel

    kernel()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the archives, models and caches of whoever runs them."""
    base = tmp_path_factory.mktemp("user")
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(base / name.lower()))
    for name in ("ZIMFO_ARCHIVES", "ZIMFO_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZIMFO_STATES_MB", "0")  # tens of megabytes each; tests of warm starts ask for them
