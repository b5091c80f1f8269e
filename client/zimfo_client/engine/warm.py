"""Warm start: the state behind the tool listing, kept on disk from one process to the next.

A file is named after everything that the state depends on, says so itself, and carries a checksum. One that differs in
anything is removed, and what it would have saved is computed anew. Writes are atomic, so that processes that run at the
same time only ever see whole files. Whatever the disk refuses is no error: a start is then a cold one.
"""

import contextlib
import hashlib
import json
import logging
import os
import tempfile
import time
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import platformdirs

DEFAULT_MB: Final = 512  # of states together; one behind the tools has 8 MB for the hybrid 8B model, 30 for SmolLM2
SIZE_VARIABLE: Final = "ZIMFO_STATES_MB"  # another size; 0 keeps no states
HEADER_BYTES: Final = 1 << 20  # of a model file that are part of its identity, besides size and time of change
MAX_FACTS_BYTES: Final = 1 << 16  # of what a file says about itself
STALE_SECONDS: Final = 3_600  # after which a file that is still being written was left behind by a crash

_MAGIC: Final = b"zimfo state 1\n"
_LENGTH: Final = 4  # bytes of the number that says how long the facts are

_log = logging.getLogger(__name__)


def model_identity(path: Path) -> dict[str, Any]:
    """Return what tells one model file from another. Raises `OSError`."""
    about = path.stat()
    with path.open("rb") as file:
        header = hashlib.sha256(file.read(HEADER_BYTES)).hexdigest()
    return {"size": about.st_size, "mtime_ns": about.st_mtime_ns, "header": header}


def states_folder() -> Path:
    """Return where states are kept, whether or not the folder exists."""
    return platformdirs.user_cache_path("zimfo") / "states"


class WarmStore:
    """The stored states of one model under one set of context parameters; `facts` are both, as JSON."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = json.loads(json.dumps(facts))

    def is_on(self) -> bool:
        """Say whether states are kept at all."""
        return _limit() > 0

    def load(self, tokens: Sequence[int]) -> bytes | None:
        """Return the state behind exactly these tokens, None where there is none that is whole."""
        if not self.is_on():
            return None
        path = self._path(tokens)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > _limit() + MAX_FACTS_BYTES:
                    raise ValueError("larger than any that is kept")
                state = self._checked(file.read(), tokens)
            os.utime(path)  # the least recently used goes first
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.info("a stored state cannot be read: %s", error)
            return None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _log.info("a stored state is discarded: %s", error)
            self.discard(tokens)
            return None
        return state

    def save(self, tokens: Sequence[int], state: bytes) -> None:
        """Keep the state behind these tokens, and remove those used least recently where there is not room for all."""
        limit = _limit()
        if len(state) > limit:
            return
        folder, words = states_folder(), array("i", tokens).tobytes()
        facts = {**self._facts, "tokens": len(tokens), "sha256": _digest(words, state)}
        head = json.dumps(facts).encode()
        part = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
                part = Path(file.name)
                for piece in (_MAGIC, len(head).to_bytes(_LENGTH, "little"), head, words, state):
                    file.write(piece)
            part.replace(self._path(tokens))
            part = None
            _evict(folder, limit)
        except OSError as error:
            _log.info("a state was not stored: %s", error)
        finally:
            if part is not None:
                with contextlib.suppress(OSError):
                    part.unlink()

    def discard(self, tokens: Sequence[int]) -> None:
        """Remove the state behind these tokens."""
        with contextlib.suppress(OSError):
            self._path(tokens).unlink()

    def _path(self, tokens: Sequence[int]) -> Path:
        name = hashlib.sha256(json.dumps(self._facts, sort_keys=True).encode() + array("i", tokens).tobytes())
        return states_folder() / f"{name.hexdigest()}.state"

    def _checked(self, data: bytes, tokens: Sequence[int]) -> bytes:
        start = len(_MAGIC) + _LENGTH
        size = int.from_bytes(data[len(_MAGIC) : start], "little")
        if not data.startswith(_MAGIC) or size > MAX_FACTS_BYTES:
            raise ValueError("it is none")
        facts = json.loads(data[start : start + size])
        words = array("i", tokens).tobytes()
        state = data[start + size + len(words) :]
        if facts.pop("sha256") != _digest(words, state) or facts.pop("tokens") != len(tokens) or facts != self._facts:
            raise ValueError("it differs from what it should be")
        if data[start + size : start + size + len(words)] != words:
            raise ValueError("it is of other tokens")
        return state


def _limit() -> int:
    """Return how many bytes states may take."""
    given = os.environ.get(SIZE_VARIABLE, "")
    return (int(given) if given.isdigit() else DEFAULT_MB) << 20


def _digest(*pieces: bytes) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _evict(folder: Path, limit: int) -> None:
    found = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            about = path.stat()
            if path.suffix == ".state":
                found.append((about.st_mtime_ns, about.st_size, path))
            elif path.suffix == ".part" and time.time() - about.st_mtime > STALE_SECONDS:
                path.unlink()
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            break
        with contextlib.suppress(OSError):  # a reader holds it, which some systems do not allow to be removed
            path.unlink()
            total -= size
