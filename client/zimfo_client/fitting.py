"""The settings that a model is loaded with on this machine: the profile's, the person's, and what memory allows."""

from dataclasses import replace
from typing import Final

from zimfo_client.config import load_config
from zimfo_client.engine import EngineOverrides, EngineSettings, GgufInfo, settings_for
from zimfo_client.models.memory import estimate_memory
from zimfo_client.profile import Profile

SMALLEST_CONTEXT: Final = 4_096  # tokens; in fewer there is hardly room for the tools, a question and its results


def overrides_here(info: GgufInfo, profile: Profile, free: int | None) -> EngineOverrides:
    """Return what replaces the profile's settings for a model with `free` bytes of memory (None: not known).

    A context that the person has not chosen is halved until the model fits. Raises `ConfigError` and `EngineError` for
    settings that cannot be used.
    """
    chosen = load_config().engine
    settings = settings_for(profile, chosen)
    context = estimate_memory(info, settings).n_ctx
    if chosen.n_ctx is None and free is not None:
        while context >= 2 * SMALLEST_CONTEXT and _needed(info, settings, context) > free:
            context //= 2
    return replace(chosen, n_ctx=context)


def free_memory() -> int | None:
    """Return the bytes that a program may still take, None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _needed(info: GgufInfo, settings: EngineSettings, context: int) -> int:
    return estimate_memory(info, replace(settings, n_ctx=context)).total
