"""What a person has settled once, in `config.toml` of the user's configuration folder.

The file holds `location = "LAT,LON"`, in degrees, `units`, and the table `[engine]`: how models are loaded on this
machine.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import platformdirs

from zimfo_client.engine.base import EngineOverrides
from zimfo_client.engine.loading import KV_TYPES
from zimfo_client.errors import ConfigError
from zimfo_shared.units import IMPERIAL, METRIC
from zimfo_shared.wire import Location

MAX_CONFIG_BYTES: Final = 64 * 1024  # a page of settings; anything larger is another file
MAX_CONTEXT: Final = 1 << 20  # tokens; no model was trained on more
MAX_THREADS: Final = 1_024  # more than any processor has
MAX_LAYERS: Final = 10_000  # of a model
EXAMPLE: Final = 'location = "37.44,-122.14"'


@dataclass(frozen=True)
class Config:
    """A person's settings; `location` is where they are unless `--location` says otherwise.

    `units` are those of `zimfo_shared.units`, None for those of the locale.
    """

    location: Location | None = None
    units: str | None = None
    engine: EngineOverrides = field(default_factory=EngineOverrides)


@dataclass(frozen=True)
class _Whole:
    """A setting that is a whole number."""

    name: str
    least: int
    most: int

    def read(self, value: object) -> int | None:
        return value if type(value) is int and self.least <= value <= self.most else None

    def __str__(self) -> str:
        return f"a whole number from {self.least} to {self.most}"


@dataclass(frozen=True)
class _Choice:
    """A setting that is one of several values."""

    name: str
    values: tuple[object, ...]

    def read(self, value: object) -> object:
        return value if any(value is one or (value == one and type(value) is str) for one in self.values) else None

    def __str__(self) -> str:
        return "one of: " + ", ".join(str(value).lower() for value in self.values)


# The keys of `[engine]`, each with the field of `EngineOverrides` that it sets.
_ENGINE: Final[Mapping[str, _Whole | _Choice]] = {
    "context": _Whole("n_ctx", 256, MAX_CONTEXT),
    "threads": _Whole("n_threads", 1, MAX_THREADS),
    "gpu_layers": _Whole("n_gpu_layers", -1, MAX_LAYERS),
    "flash_attention": _Choice("flash_attention", (True, False)),
    "kv_type_k": _Choice("kv_type_k", tuple(KV_TYPES)),
    "kv_type_v": _Choice("kv_type_v", tuple(KV_TYPES)),
    "mmap": _Choice("use_mmap", (True, False)),
}


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
    _refuse_unknown(settings, ("location", "units", "engine"), path)
    units = settings.get("units")
    if units not in (None, METRIC, IMPERIAL):
        raise ConfigError(f"{path}: units is not one of: {METRIC}, {IMPERIAL}.")
    return Config(
        _location(settings["location"], path) if "location" in settings else None,
        units,
        _engine(settings.get("engine", {}), path),
    )


def _refuse_unknown(found: dict[str, Any], known: Iterable[str], path: Path) -> None:
    if unknown := sorted(found.keys() - set(known)):
        raise ConfigError(f"{path} has an unknown setting '{unknown[0]}'. There is: {', '.join(known)}.")


def _engine(table: object, path: Path) -> EngineOverrides:
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: engine is no table. Write for example: [engine] and below it: context = 8192")
    _refuse_unknown(table, _ENGINE, path)
    values: dict[str, Any] = {}
    for key, value in table.items():
        values[_ENGINE[key].name] = read = _ENGINE[key].read(value)
        if read is None:
            raise ConfigError(f"{path}: {key} is not {_ENGINE[key]}.")
    return EngineOverrides(**values)


def _location(value: object, path: Path) -> Location:
    try:
        return Location.of_text(str(value))
    except ValueError:
        raise ConfigError(f"{path}: location is not LAT,LON in degrees. Write for example: {EXAMPLE}") from None
