"""What an archive is made of, and how it travels to the process that writes it.

A message is one line of JSON, followed by as many raw bytes as its `size` says: content needs no encoding that way, be
it text or not. The child answers with lines of JSON alone.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the archive with its content."""

    path: str
    title: str
    mimetype: str
    content: bytes
    front: bool  # an article of its own, found by its title
    indexed: bool  # its words are in the full-text index


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another path and title of an entry; found by its title as well."""

    path: str
    title: str
    target: str


@dataclass(frozen=True, slots=True)
class Stream:
    """Entries that are made one after another while they are written, so that never all are in memory."""

    make: Callable[[], Iterator[Entry]]
    count: int
    content_bytes: int  # about, and rather too many than too few: the disk is measured by it

    def __iter__(self) -> Iterator[Entry]:
        return self.make()

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True, slots=True)
class Job:
    """A whole archive, ready to be written."""

    language: str
    main_path: str
    metadata: dict[str, str]
    illustration: bytes
    illustration_size: int
    entries: Sequence[Entry] | Stream
    redirects: Sequence[Redirect]

    @property
    def content_bytes(self) -> int:
        """All content added up, before compression."""
        if isinstance(self.entries, Stream):
            return self.entries.content_bytes
        return sum(len(entry.content) for entry in self.entries)

    @property
    def parts(self) -> int:
        """How many things are added to the archive: what `messages` yields between the first and the last."""
        return len(self.metadata) + 1 + len(self.entries) + len(self.redirects)


Message = dict[str, object]


def messages(job: Job, partial: Path) -> Iterator[tuple[Message, bytes]]:
    """Yield what the child must be told to write the job to `partial`, in order."""
    begin: Message = {"kind": "begin", "partial": str(partial), "language": job.language, "main_path": job.main_path}
    yield begin, b""
    for name, value in job.metadata.items():
        yield {"kind": "metadata", "name": name, "value": value}, b""
    yield {"kind": "illustration", "width": job.illustration_size}, job.illustration
    for entry in job.entries:
        fields = {name: getattr(entry, name) for name in ("path", "title", "mimetype", "front", "indexed")}
        yield {"kind": "entry", **fields}, entry.content
    for redirect in job.redirects:
        yield {"kind": "redirect", **asdict(redirect)}, b""
    # A stream that ends without this was cut off: the parent is gone.
    yield {"kind": "end"}, b""


def send(stream: BinaryIO, message: Message, payload: bytes) -> None:
    """Write one message."""
    stream.write(json.dumps({**message, "size": len(payload)}).encode() + b"\n")
    stream.write(payload)


def receive(stream: BinaryIO) -> tuple[Message, bytes]:
    """Read one message; raises EOFError where the stream ends."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    message: Message = json.loads(line)
    size = message["size"]
    assert isinstance(size, int)
    payload = stream.read(size)
    if len(payload) < size:
        raise EOFError
    return message, payload


def leftovers(partial: Path) -> list[Path]:
    """Return what lies on the disk of an unfinished archive: libzim adds suffixes of its own to the name."""
    try:
        return [path for path in partial.parent.iterdir() if path.name.startswith(partial.name)]
    except OSError:  # the folder itself is gone
        return []


def remove_leftovers(partial: Path) -> None:
    """Remove everything an unfinished archive left; what cannot be removed stays, without a word."""
    for path in leftovers(partial):
        try:
            path.unlink()
        except OSError:
            # The unfinished full-text index is a folder.
            shutil.rmtree(path, ignore_errors=True)
