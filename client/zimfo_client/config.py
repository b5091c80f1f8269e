"""What a person has settled once, in `config.toml` of the user's configuration folder.

The file holds one key so far: `location = "LAT,LON"`, in degrees.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from zimfo_client.errors import ConfigError
from zimfo_shared.wire import Location

MAX_CONFIG_BYTES: Final = 64 * 1024  # a page of settings; anything larger is another file
EXAMPLE: Final = 'location = "37.44,-122.14"'


@dataclass(frozen=True)
class Config:
    """A person's settings; `location` is where they are unless `--location` says otherwise."""

    location: Location | None = None


def config_path() -> Path:
    """Return where the settings are, whether or not the file exists."""
    return platformdirs.user_config_path("zimfo") / "config.toml"


def load_config() -> Config:
    """Return the person's settings; none are set when there is no file. Raises `ConfigError`."""
    path = config_path()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path} is too large to be a configuration file.")
    try:
        settings = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}. Write for example: {EXAMPLE}") from None
    if unknown := sorted(settings.keys() - {"location"}):
        raise ConfigError(f"{path} has an unknown setting '{unknown[0]}'. There is: location.")
    return Config(_location(settings["location"], path) if "location" in settings else None)


def _location(value: object, path: Path) -> Location:
    try:
        return Location.of_text(str(value))
    except ValueError:
        raise ConfigError(f"{path}: location is not LAT,LON in degrees. Write for example: {EXAMPLE}") from None
