"""The archives that a call reads articles from. One that fails in the middle of a call is left out of the next try."""

from collections.abc import Callable
from typing import TypeVar

from zimfo_server.errors import ArchiveSetAsideError, GuidanceError
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.library import Library

MAX_LEFT_OUT = 3  # damaged archives that one call puts up with; each costs a new try

_Result = TypeVar("_Result")


class Shelf:
    """Archives for articles: the one that the call names, else all but the maps."""

    def __init__(self, library: Library, zim: str | None) -> None:
        self.zim = zim
        self._library = library
        self._left_out: list[str] = []

    @property
    def archives(self) -> list[OpenArchive]:
        """The archives to read, in load order.

        Raises `GuidanceError` when there are none, `ArchiveSetAsideError` when the named one is unusable.
        """
        if self.zim is not None:
            return self._library.archives(self.zim)
        if not (archives := self.all_archives()):
            raise GuidanceError(f"No archive with articles can be used. {self.note or 'None is loaded.'}")
        return archives

    def all_archives(self) -> list[OpenArchive]:
        """Return every archive with articles, also when the call names one."""
        return [
            archive
            for archive in self._library.archives()
            if archive.record.kind != "streetzim" and archive.record.name not in self._left_out
        ]

    @property
    def note(self) -> str | None:
        """What to say of archives that were left out; None when there is nothing to say."""
        left_out = [f"Archive '{name}' is damaged and was left out." for name in self._left_out]
        return " ".join([*filter(None, [self._library.note()]), *left_out]) or None

    def read(self, answer: Callable[["Shelf"], _Result]) -> _Result:
        """Return `answer(self)`, tried again without an archive that proves to be damaged while it is read.

        Raises `ArchiveSetAsideError` when it is the archive that the call names, or when too many are damaged.
        """
        while True:
            try:
                return answer(self)
            except ArchiveSetAsideError as error:
                if error.name == self.zim or error.name in self._left_out or len(self._left_out) >= MAX_LEFT_OUT:
                    raise
                self._left_out.append(error.name)
