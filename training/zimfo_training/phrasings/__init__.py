"""Phrasings and the words that fill them, as tables; every file says what its keys mean."""

import tomllib
from importlib import resources
from typing import Any


def loaded(name: str) -> dict[str, Any]:
    """Return the table of a file by its name."""
    return tomllib.loads((resources.files("zimfo_training.phrasings") / f"{name}.toml").read_text("utf-8"))
