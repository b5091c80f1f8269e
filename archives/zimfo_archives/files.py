"""Images and documents that go along with the pages: found, checked, and packed once each.

A file is read when a page first names it, for the check, and again when it is written, so that images of any number
need no memory.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from zimfo_archives.errors import Problem, SourcesError
from zimfo_archives.svg import svg_problem

FILES_FOLDER = "_zimfo/files"
# A photograph straight from a camera has 5 to 15 MB; more is none that a page should show.
MAX_IMAGE_BYTES = 20 << 20
# Scanned handbooks have up to some 50 MB; a file passes through memory whole.
MAX_DOCUMENT_BYTES = 100 << 20
# Of a digest of 64; half of them would do for all files there are.
DIGEST_CHARACTERS = 16
# Files that are looked at to find one by its name alone: a vault of notes has some thousands, a home folder millions.
MAX_LISTED = 100_000
_HEAD_BYTES = 1024  # where the mark of every kind stands


class BrokenTargetError(Exception):
    """Why a link or image leads nowhere; reported with its place in the page, and never shown as it is."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that can be packed; `problem` says of the whole content what is wrong, None if nothing is."""

    name: str
    mimetype: str
    problem: Callable[[bytes], str | None]
    is_image: bool = True

    @property
    def max_bytes(self) -> int:
        """The largest size of a file of this kind."""
        return MAX_IMAGE_BYTES if self.is_image else MAX_DOCUMENT_BYTES


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file that becomes an entry."""

    key: Path  # resolved
    path: str  # in the archive
    kind: Kind
    size: int  # in bytes
    digest: str

    def read(self) -> bytes:
        """Return the content; raises SourcesError if it is no longer what was checked."""
        try:
            data = self.key.read_bytes()
        except OSError as error:
            raise SourcesError([Problem(self.key, None, f"cannot be read: {error.strerror}")]) from error
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise SourcesError([Problem(self.key, None, "was changed while the archive was built; build again")])
        return data


class Files:
    """The files that pages name, within the folders of the sources."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = tuple(dict.fromkeys(roots))
        self._found: dict[Path, PackedFile | BrokenTargetError] = {}
        self._packed: dict[tuple[str, Kind], PackedFile] = {}
        self._names: dict[Path, dict[str, list[Path]]] = {}

    @property
    def packed(self) -> tuple[PackedFile, ...]:
        """All files so far, in the order of their paths in the archive."""
        return tuple(sorted(self._packed.values(), key=lambda file: file.path))

    def pack(self, key: Path) -> PackedFile:
        """Return the file at this resolved path; raises BrokenTargetError if it cannot be packed."""
        if key not in self._found:
            try:
                self._found[key] = self._checked(key)
            except BrokenTargetError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, BrokenTargetError):
            raise BrokenTargetError(str(found))
        return found

    def named(self, name: str, root: Path) -> Path | None:
        """Return the resolved path of the one file of this name below a folder, None if there is none.

        Raises BrokenTargetError if there are several.
        """
        if root not in self._names:
            self._names[root] = _names(root)
        found = self._names[root].get(name.casefold(), [])
        if len(found) > 1:
            raise BrokenTargetError(f"there are {len(found)} files of that name; write the path to one of them")
        return found[0] if found else None

    def _checked(self, key: Path) -> PackedFile:
        kind = kind_of(key.name)
        if kind is None:
            raise BrokenTargetError(f"files of this kind are not packed; {KINDS_IN_WORDS} are")
        if not any(key.is_relative_to(root) for root in self._roots):
            raise BrokenTargetError("that file lies outside of the folders of the sources; copy it there")
        data = _read(key, kind)
        if (problem := kind.problem(data)) is not None:
            raise BrokenTargetError(problem)
        digest = hashlib.sha256(data).hexdigest()
        if not key.name.isprintable():
            raise BrokenTargetError("its name has characters that cannot be printed")
        path = f"{FILES_FOLDER}/{digest[:DIGEST_CHARACTERS]}/{key.name}"
        return self._packed.setdefault((digest, kind), PackedFile(key, path, kind, len(data), digest))


def kind_of(name: str) -> Kind | None:
    """Return the kind of file that a name promises by its ending, None if it is none that can be packed."""
    return _KINDS.get(os.path.splitext(name)[1].lower())


def _read(key: Path, kind: Kind) -> bytes:
    try:
        status = key.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BrokenTargetError("that is not a file")
        if status.st_size > kind.max_bytes:
            size, limit = status.st_size / (1 << 20), kind.max_bytes >> 20
            raise BrokenTargetError(f"the file has {size:.1f} MiB; {kind.name} files may have {limit} MiB")
        with key.open("rb") as stream:
            data = stream.read(kind.max_bytes)
    except FileNotFoundError:
        raise BrokenTargetError("there is no such file") from None
    except OSError as error:
        raise BrokenTargetError(f"the file cannot be read: {error.strerror}") from None
    if not data:
        raise BrokenTargetError("the file is empty")
    return data


def _names(root: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    listed = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if kind_of(name) is not None:
                found.setdefault(name.casefold(), []).append(Path(os.path.realpath(Path(folder, name))))
        listed += len(names) + 1
        if listed > MAX_LISTED:
            break
    return found


def _marked(name: str, is_marked: Callable[[bytes], bool]) -> Callable[[bytes], str | None]:
    """Return a check for content that is known by its first bytes."""

    def problem(data: bytes) -> str | None:
        if is_marked(data[:_HEAD_BYTES]):
            return None
        other = next((kind.name for kind, marked in _MARKED if marked(data[:_HEAD_BYTES])), None)
        what = f"it is {other}" if other is not None else "its content is something else"
        return f"the file is not {name} as its name says: {what}"

    return problem


def _is_avif(head: bytes) -> bool:
    # The box at the beginning lists brands of four letters: its own, a version, then those it is compatible with.
    brands = head[8 : min(int.from_bytes(head[:4], "big"), len(head))]
    return head[4:8] == b"ftyp" and any(brands[at : at + 4] in (b"avif", b"avis") for at in range(0, len(brands), 4))


def _is_epub(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04") and head[30:58] == b"mimetypeapplication/epub+zip"


def _text_problem(data: bytes) -> str | None:
    try:
        return "the file holds zero bytes and is no text" if "\0" in data.decode("utf-8") else None
    except UnicodeDecodeError:
        return "the file is not UTF-8 text; save it as UTF-8"


def _by_mark(name: str, mimetype: str, is_marked: Callable[[bytes], bool], *, is_image: bool = True) -> Kind:
    kind = Kind(name, mimetype, _marked(name, is_marked), is_image)
    _MARKED.append((kind, is_marked))
    return kind


_MARKED: list[tuple[Kind, Callable[[bytes], bool]]] = []
_JPEG = _by_mark("JPEG", "image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff"))
_KINDS = {
    ".png": _by_mark("PNG", "image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".gif": _by_mark("GIF", "image/gif", lambda head: head.startswith((b"GIF87a", b"GIF89a"))),
    ".webp": _by_mark("WebP", "image/webp", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    ".avif": _by_mark("AVIF", "image/avif", _is_avif),
    ".svg": Kind("SVG", "image/svg+xml", svg_problem),
    ".pdf": _by_mark("PDF", "application/pdf", lambda head: b"%PDF-" in head, is_image=False),
    ".epub": _by_mark("EPUB", "application/epub+zip", _is_epub, is_image=False),
    ".txt": Kind("text", "text/plain; charset=utf-8", _text_problem, is_image=False),
    ".csv": Kind("CSV", "text/csv; charset=utf-8", _text_problem, is_image=False),
}
KINDS_IN_WORDS = "PNG, JPEG, GIF, WebP, AVIF and SVG images, PDF, EPUB, TXT and CSV"
