"""Data that may not speak as the host: markers of models in it are broken up by a space."""

import re
from collections.abc import Sequence
from typing import Final

# What begins or ends a marker in the families of models that we know of.
_COMMON: Final = re.compile(
    r"<(?=[|｜])|<(?=/?(?:tool|think|start_of|end_of|function|s>|bos>|eos>))|(?<=[|｜])>|"
    r"\[(?=TOOL_|/?INST\]|/?SYSTEM_PROMPT\])|<(?=</?SYS>)",
    re.IGNORECASE,
)


def broken_up(text: str, markers: Sequence[str]) -> str:
    """Return `text` with a space inside of each of these markers and of those that are common among models."""
    for marker in markers:
        if len(marker) > 1:
            text = text.replace(marker, f"{marker[0]} {marker[1:]}")
    return _COMMON.sub(lambda found: f" {found[0]}" if found[0] == ">" else f"{found[0]} ", text)
