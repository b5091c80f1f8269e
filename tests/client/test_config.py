"""The person's settings, and what is said of a file that cannot be used."""

import re
from pathlib import Path

import pytest

from zimfo_client.config import MAX_CONFIG_BYTES, Config, config_path, load_config
from zimfo_client.engine import EngineOverrides
from zimfo_client.errors import ConfigError
from zimfo_client.options import AskOptions
from zimfo_shared.units import units
from zimfo_shared.wire import Location

OPTIONS = {
    "model": None, "profile": None, "server": None, "mcp_config": None, "allow": (),
    "archives": (), "location": None, "seed": None, "intents": True,
    "grammar": True, "grounding": True, "allow_prior": False, "raw": False, "direct": True,
    "trace": False,
}  # fmt: skip


def written(data: str | bytes) -> Path:
    path = config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_without_a_file_nothing_is_set():
    assert load_config() == Config()


def test_how_models_are_loaded_is_read():
    written('[engine]\ncontext = 4096\nthreads = 3\ngpu_layers = 0\nflash_attention = true\nkv_type_k = "q8_0"\n')
    assert load_config().engine == EngineOverrides(
        n_ctx=4_096, n_threads=3, n_gpu_layers=0, flash_attention=True, kv_type_k="q8_0"
    )
    written("[engine]\nmmap = false\n")
    assert load_config().engine == EngineOverrides(use_mmap=False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("context = 100", "context is not a whole number from 256 to 1048576"),
        ("context = true", "context is not a whole number"),
        ("context = 4096.0", "context is not a whole number"),
        ("threads = 0", "threads is not a whole number from 1"),
        ("flash_attention = 1", "flash_attention is not one of: true, false"),
        ('mmap = "yes"', "mmap is not one of: true, false"),
        ('kv_type_v = "q9"', "kv_type_v is not one of: f32, f16"),
        ("kv_type_v = [1]", "kv_type_v is not one of: f32, f16"),
        ("speed = 1", "unknown setting 'speed'. There is: context, threads"),
    ],
)
def test_an_engine_setting_that_makes_no_sense_is_an_error(line: str, reason: str):
    path = written(f"[engine]\n{line}\n")
    with pytest.raises(ConfigError, match=re.escape(reason)) as caught:
        load_config()
    assert str(path) in str(caught.value)


def test_the_engine_must_be_a_table():
    written("engine = 3\n")
    with pytest.raises(ConfigError, match="engine is no table"):
        load_config()


def test_the_location_is_read_and_an_option_goes_before_it():
    written('# where I live\nlocation = "35.9, 14.5"\n')

    assert load_config().location == Location(lat=35.9, lon=14.5)
    assert AskOptions.of(OPTIONS).location == Location(lat=35.9, lon=14.5)
    given = Location(lat=1.0, lon=2.0)
    assert AskOptions.of({**OPTIONS, "location": given}).location == given


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("location = ", "is no TOML file"),
        (b"\xff\xfe\x00", "is no TOML file"),
        ('location = "Valletta"', r'location is not LAT,LON in degrees. Write for example: location = "'),
        ('location = "95,14"', "location is not LAT,LON"),
        ('location = "nan,14"', "location is not LAT,LON"),
        ('location = "1,2,3"', "location is not LAT,LON"),
        ("location = 35.9", "location is not LAT,LON"),
        ("location = [35.9, 14.5]", "location is not LAT,LON"),
        ('locaton = "35.9,14.5"', "unknown setting 'locaton'. There is: location."),
        ("#" * (MAX_CONFIG_BYTES + 1), "too large"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(data: str | bytes, said: str):
    written(data)

    with pytest.raises(ConfigError, match=said):
        load_config()


def test_a_folder_in_place_of_the_file_is_an_error():
    config_path().mkdir(parents=True)

    with pytest.raises(ConfigError, match="cannot be read"):
        load_config()


def test_units_are_those_of_the_file_where_nothing_else_says_so(monkeypatch: pytest.MonkeyPatch):
    written('units = "imperial"\n')
    monkeypatch.delenv("ZIMFO_UNITS")
    AskOptions.of(OPTIONS)
    assert units() == "imperial"
    monkeypatch.setenv("ZIMFO_UNITS", "metric")
    AskOptions.of(OPTIONS)
    assert units() == "metric"

    written('units = "furlongs"\n')
    with pytest.raises(ConfigError, match="units is not one of: metric, imperial"):
        load_config()
