"""Engines: from a model file to replies. llama.cpp is imported only when a model is loaded."""

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zimfo_client.engine.base import (
    Engine,
    EngineInfo,
    EngineOverrides,
    EngineSettings,
    Generation,
    OnProgress,
    SamplingSettings,
)
from zimfo_client.engine.gguf_file import GgufInfo, read_gguf
from zimfo_client.engine.worker import agenerate
from zimfo_client.errors import ExtraMissingError

if TYPE_CHECKING:
    from zimfo_client.profile import Profile

__all__ = [
    "Engine",
    "EngineInfo",
    "EngineOverrides",
    "EngineSettings",
    "Generation",
    "GgufInfo",
    "SamplingSettings",
    "agenerate",
    "load_engine",
    "read_gguf",
    "settings_for",
]

# How often llama.cpp's threads look for work before they sleep. OpenMP's own 300,000 assume that every processor is
# ours: with one of two taken by another program, decoding fell from 105 tokens a second to 2. With this: 90 and 25.
_SPINS: Final = "2000"


def settings_for(profile: "Profile", overrides: EngineOverrides | None = None) -> EngineSettings:
    """Return the profile's engine settings with what a person set by hand in their place."""
    given = asdict(overrides or EngineOverrides())
    return replace(profile.engine_settings(), **{name: value for name, value in given.items() if value is not None})


def load_engine(
    path: Path,
    profile: "Profile",
    overrides: EngineOverrides | None = None,
    on_progress: OnProgress | None = None,
) -> Engine:
    """Check a GGUF file and load it; `on_progress` gets fractions from 0 to 1.

    Raises `ModelInvalidError`, `ExtraMissingError` without llama.cpp, and `EngineError` when llama.cpp refuses.
    """
    read_gguf(path)
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)  # read when the native library is loaded
    try:
        from zimfo_client.engine.llama import LlamaEngine  # loads the native library
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "llama_cpp":
            raise
        raise ExtraMissingError("Running a model") from None
    return LlamaEngine(path, settings_for(profile, overrides), on_progress=on_progress)
