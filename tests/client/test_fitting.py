"""How large a context is where memory is short."""

from pathlib import Path

import pytest

from zimfo_client.config import config_path
from zimfo_client.engine import read_gguf, settings_for
from zimfo_client.fitting import SMALLEST_CONTEXT, free_memory, overrides_here
from zimfo_client.models.memory import estimate_memory
from zimfo_client.profile import Profile


def test_a_context_is_the_profiles_where_there_is_room(smol_path: Path, chatml: Profile) -> None:
    info = read_gguf(smol_path)
    assert overrides_here(info, chatml, 1 << 40).n_ctx == 8_192
    assert overrides_here(info, chatml, None).n_ctx == 8_192


def test_a_context_is_cut_to_what_the_model_was_trained_on(smol_path: Path, fine_tune: Profile) -> None:
    assert fine_tune.context.n_ctx == 32_768
    assert overrides_here(read_gguf(smol_path), fine_tune, None).n_ctx == 8_192


def test_a_context_is_halved_until_it_fits(hybrid_path: Path, fine_tune: Profile) -> None:
    info = read_gguf(hybrid_path)
    whole = estimate_memory(info, settings_for(fine_tune)).total
    found = [overrides_here(info, fine_tune, free).n_ctx for free in (whole, whole - 1, 0)]
    assert found == [32_768, 16_384, SMALLEST_CONTEXT]


def test_a_context_that_the_person_chose_is_left_alone(hybrid_path: Path, fine_tune: Profile) -> None:
    config_path().parent.mkdir(parents=True, exist_ok=True)
    config_path().write_text("[engine]\ncontext = 20000\nthreads = 2\n")
    found = overrides_here(read_gguf(hybrid_path), fine_tune, 0)
    assert (found.n_ctx, found.n_threads) == (20_000, 2)


def test_free_memory_is_told_where_the_system_tells_it() -> None:
    free = free_memory()
    if free is None:
        pytest.skip("the system does not say")
    assert 1 << 20 < free < 1 << 50
