"""The person's settings, and what is said of a file that cannot be used."""

from pathlib import Path

import pytest

from zimfo_client.config import MAX_CONFIG_BYTES, Config, config_path, load_config
from zimfo_client.errors import ConfigError
from zimfo_client.options import AskOptions
from zimfo_shared.wire import Location

OPTIONS = {
    "model": None, "profile": None, "server": None, "mcp_config": None, "allow": (),
    "archives": (), "location": None, "seed": None, "intents": True,
    "grammar": True, "direct": True,
    "trace": False,
}  # fmt: skip


def written(data: str | bytes) -> Path:
    path = config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_without_a_file_nothing_is_set():
    assert load_config() == Config()


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
