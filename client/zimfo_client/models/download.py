"""One file from the network to its place: resumed where it was broken off, checked, and only then given its name.

`hf_hub_download` begins anew in every process, compares sizes only, and keeps nothing of the last 10 MB before a break.
So only huggingface_hub's session, errors and progress bar are used.
"""

import errno
import io
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import click
import httpx2
from filelock import FileLock, Timeout
from huggingface_hub import constants
from huggingface_hub.utils import get_session, hf_raise_for_status, tqdm

from zimfo_client.errors import PullError
from zimfo_client.models.hub import AGAIN, RemoteFile, explained, one_line, request_headers
from zimfo_client.models.partial import partial_of, partial_path, partials
from zimfo_client.models.sizes import size_text

SPARED_BYTES: Final = 200_000_000  # left free: a full disk makes other programs fail, and ours
TRIES: Final = 4  # in a row that bring nothing new; a connection that breaks now and then may do so for ever
PAUSE_S: Final = 1.0  # before a try: what broke a connection often takes a moment to pass
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def require_space(folder: Path, needed: int) -> None:
    """Raise `PullError` when a file system has not `needed` bytes to give and some to spare."""
    free = shutil.disk_usage(folder).free
    if needed + SPARED_BYTES > free:
        raise PullError(
            f"There is no space for {size_text(needed)} in {folder}: {size_text(free)} are free, of which "
            f"{size_text(SPARED_BYTES)} are left to other programs. Make room and type the same command again."
        )


def fetch(remote: RemoteFile, place: Path) -> None:
    """Download a file to `place`, which is made in one step when size and checksum are right.

    What arrived before is continued. Raises `PullError`; except for a wrong checksum, what has arrived is kept.
    """
    partial = partial_path(place.name, remote.digest)
    with _written_to(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        with _alone(partial.parent, place.name):
            _drop_other_versions(partial)
            if partial.exists() and partial.stat().st_size > remote.size:
                partial.unlink()
            have = partial.stat().st_size if partial.exists() else 0
            require_space(partial.parent, remote.size - have)
            _transfer(remote.url, partial, limit=remote.size, expected=remote.size, shown=place.name)
            click.echo(f"Checking {place.name} …", err=True)
            if not remote.matches(partial):
                partial.unlink()
                raise PullError(
                    f"{place.name} arrived with a wrong checksum and was thrown away. Type the same command again; "
                    "if that does not help, the server's copy is damaged."
                )
            partial.replace(place)


def fetch_small(url: str, place: Path, limit: int) -> None:
    """Download a file of at most `limit` bytes that has no checksum. Raises `PullError`; nothing is kept then."""
    partial = place.with_name(place.name + ".part")
    with _written_to(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.unlink(missing_ok=True)
            _transfer(url, partial, limit=limit, expected=None, shown=place.name)
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)


class _Sink(io.BufferedWriter):
    """A file that grows up to `limit` bytes and stops before the disk is full."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(io.FileIO(path, "ab"))
        self._folder = path.parent
        self._limit = limit

    def write(self, data: Any) -> int:
        """Append; raises `PullError`."""
        if self.tell() + len(data) > self._limit:
            raise PullError(f"The server sends more than the {size_text(self._limit)} that the file may have.")
        if shutil.disk_usage(self._folder).free < len(data) + SPARED_BYTES:
            raise PullError(
                f"The disk of {self._folder} has become full but for the {size_text(SPARED_BYTES)} that are left to "
                f"other programs. Make room first. {AGAIN}"
            )
        return super().write(data)


def _transfer(url: str, partial: Path, *, limit: int, expected: int | None, shown: str) -> None:
    """Append to `partial` what is missing of a file. Raises `PullError`, `OSError`."""
    headers = {"Accept-Encoding": "identity"} if expected is None else request_headers()
    with (
        _Sink(partial, limit) as sink,
        explained(shown, _server(url)),
        tqdm(total=expected, initial=sink.tell(), unit="B", unit_scale=True, desc=shown, disable=None) as bar,  # type: ignore[no-untyped-call]
    ):
        tries = 0
        while sink.tell() != expected:
            before = sink.tell()
            problem = _continue(url, sink, headers, bar)
            if sink.tell() == expected or (problem is None and expected is None):
                break
            tries = 1 if sink.tell() > before else tries + 1
            if tries >= TRIES:
                raise _broken_off(shown, sink.tell(), expected, problem)
            time.sleep(PAUSE_S)
        sink.flush()
        os.fsync(sink.fileno())


def _continue(url: str, sink: _Sink, headers: dict[str, str], bar: Any) -> httpx2.TransportError | None:
    """Ask once for what is missing, append what comes, and return what broke the connection, if anything did.

    Raises `HfHubHTTPError` for a refusal, `PullError`, `OSError`.
    """
    have = sink.tell()
    wanted = {**headers, "Range": f"bytes={have}-"} if have else headers
    try:
        with get_session().stream("GET", url, headers=wanted, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT) as response:
            hf_raise_for_status(response)
            if have and response.status_code != httpx2.codes.PARTIAL_CONTENT:  # the whole file comes once more
                sink.seek(0)
                sink.truncate()
                bar.update(-have)
            for data in response.iter_bytes():
                sink.write(data)
                bar.update(len(data))
    except httpx2.TransportError as error:
        return error
    return None


def _broken_off(shown: str, have: int, expected: int | None, problem: httpx2.TransportError | None) -> Exception:
    if not have and problem is not None:
        return problem  # nothing ever came: the connection is told about, not the file
    reason = "the server ends the file too early" if problem is None else one_line(problem)
    whole = "" if expected is None else f" of {size_text(expected)}"
    return PullError(f"The download of {shown} broke off at {size_text(have)}{whole}: {reason}. {AGAIN}")


def _drop_other_versions(partial: Path) -> None:
    """Remove what is left of a version of the file that the server no longer has."""
    for other in partials():
        if other != partial and partial_of(other) == partial_of(partial):
            other.unlink(missing_ok=True)


def _server(url: str) -> str:
    """Return the address without the path: what a person can tell apart."""
    return str(httpx2.URL(url).copy_with(raw_path=b"/")).rstrip("/")


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Keep a second download of a file of this name out. Raises `PullError` when it is the second."""
    place = folder / f"{name}.lock"
    try:
        with FileLock(place, timeout=0):
            yield
            with suppress(OSError):  # where an open file cannot be removed, it stays
                place.unlink(missing_ok=True)
    except Timeout:
        raise PullError(f"Another zimfo is downloading {name} already.") from None


@contextmanager
def _written_to(path: Path) -> Iterator[None]:
    """Turn what a file system can refuse into a `PullError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise PullError(
                f"There is no space left in {path.parent}. Make room and type the same command again."
            ) from None
        raise PullError(f"{path.parent} cannot be written to: {error.strerror or error}.") from None
