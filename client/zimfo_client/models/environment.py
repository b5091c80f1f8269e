"""Checks of the variables that say where and as whom to download, made before a library reads them and stumbles."""

import os
from typing import Final
from urllib.parse import urlsplit

from zimfo_client.errors import PullError

CORPUS_ENDPOINT: Final = "ZIMFO_CORPUS_ENDPOINT"
_ENDPOINTS: Final = ("HF_ENDPOINT", CORPUS_ENDPOINT)
_TOKENS: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def require_usable() -> None:
    """Raise `PullError` for an address that is none, and for a token that no request can carry."""
    for name in _ENDPOINTS:
        if (value := os.environ.get(name)) and not _is_address(value):
            raise PullError(f"{name} is '{value}'. Write an address such as https://huggingface.co.")
    for name in _TOKENS:
        if not os.environ.get(name, "").isascii():
            raise PullError(f"{name} holds characters that no token has.")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
