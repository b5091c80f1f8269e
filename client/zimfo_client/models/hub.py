"""Files of a repository on the Hugging Face Hub, or on a mirror: where they are, how large, and their checksum.

Needs `huggingface_hub`, which reads HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE. Imported by `models pull` alone.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
)
from huggingface_hub.utils import build_hf_headers

from zimfo_client.errors import PullError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1: Final = re.compile(r"[0-9a-f]{40}")
_BLOCK: Final = 1 << 20  # bytes that are read at once for a checksum
AGAIN: Final = "The same command goes on where this one stopped."

# The library's own warnings are paragraphs; every failure is told in our words.
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


@dataclass(frozen=True)
class RemoteFile:
    """A file to download: its name here, its size in bytes, and its checksum as the hub states it.

    The checksum is a SHA-256, or for small files that the hub keeps in git, the SHA-1 of the git object.
    """

    name: str
    url: str
    size: int
    digest: str

    def matches(self, path: Path) -> bool:
        """Tell whether a file has this size and this checksum. Raises `OSError`."""
        if path.stat().st_size != self.size:
            return False
        found = hashlib.sha256()
        if len(self.digest) == hashlib.sha1(usedforsecurity=False).digest_size * 2:
            found = hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
        return found.hexdigest() == self.digest


def endpoint() -> str:
    """Return the address of the hub, with no slash at its end."""
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def request_headers() -> dict[str, str]:
    """Return what goes with every request to the hub: the token where there is one, and no compression."""
    return {**build_hf_headers(library_name="zimfo"), "Accept-Encoding": "identity"}


def locate(repository: str, file: str) -> RemoteFile:
    """Ask the hub for a file. Raises `PullError` when there is none, or no checksum to hold it to."""
    with explained(f"{file} of {repository}", endpoint()):
        url = hf_hub_url(repository, file, endpoint=endpoint())
        found = get_hf_file_metadata(url, endpoint=endpoint(), headers=request_headers())
    digest = (found.etag or "").lower()
    if not _SHA256.fullmatch(digest) and not _GIT_SHA1.fullmatch(digest):
        raise PullError(
            f"{endpoint()} states no checksum for {file}, so it could not be trusted. Use another endpoint."
        )
    if found.size is None:
        raise PullError(f"{endpoint()} does not say how large {file} is. Use another endpoint.")
    return RemoteFile(file.rpartition("/")[2], url, found.size, digest)


@contextmanager
def explained(what: str, server: str) -> Iterator[None]:
    """Turn what can go wrong with a request for `what` to a server's address into a `PullError` of one line."""
    try:
        yield
    except OfflineModeIsEnabled:
        raise PullError("HF_HUB_OFFLINE is set, so nothing is downloaded. Unset it to pull models.") from None
    except HFValidationError:
        raise PullError(
            f"There is no {what}: that cannot be the name of a repository. Write OWNER/NAME/FILE."
        ) from None
    except HfHubHTTPError as error:
        raise PullError(_refusal(what, server, error)) from None
    except FileMetadataError:
        raise PullError(f"{server} does not answer like the Hugging Face Hub. Is HF_ENDPOINT right?") from None
    except httpx2.TimeoutException:
        raise PullError(f"{server} did not answer in time. {AGAIN}") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = one_line(error)
        raise PullError(f"{server} cannot be reached for {what}: {reason}. {AGAIN}") from None


def one_line(error: Exception) -> str:
    """Return what an error of the network says, on one line and without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _refusal(what: str, server: str, error: HfHubHTTPError) -> str:
    code = error.response.status_code
    if isinstance(error, GatedRepoError) or code == httpx2.codes.FORBIDDEN:
        return (
            f"{server} does not give you {what} ({code}). Accept its terms on its page, "
            "then set HF_TOKEN to a token of your account."
        )
    if code == httpx2.codes.UNAUTHORIZED:
        return (
            f"{server} does not give {what} without a token ({code}), or there is no such repository. "
            "Check the name, or set HF_TOKEN."
        )
    if isinstance(error, RemoteEntryNotFoundError) or code == httpx2.codes.NOT_FOUND:
        return f"There is no {what} at {server} ({code}). Check the names of the repository and of the file."
    if code == httpx2.codes.TOO_MANY_REQUESTS:
        return f"{server} gets too many requests ({code}). Wait some minutes. {AGAIN}"
    return f"{server} failed to give {what} ({code}). Try again later. {AGAIN}"
