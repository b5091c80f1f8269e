"""The archives that a worker serves: opened on first use, set aside when they prove to be damaged."""

import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from zimfo_server.errors import ArchiveSetAsideError
from zimfo_server.library import cache
from zimfo_server.library.archive import OpenArchive
from zimfo_server.library.classify import classify
from zimfo_server.library.record import ArchiveRecord
from zimfo_shared.articles import ArchiveKind

VERIFY_LIMIT_MB = 64  # up to this size a checksum is verified before first use, which takes about 0.1 s
VERIFY_BUDGET_S = 4.0  # of one call spent on that: a first search over hundreds of archives must stay in its deadline


def _verify_limit_bytes() -> int:
    """Return the largest file to verify; ZIMFO_VERIFY_MB changes it, 0 turns it off (slow disks)."""
    given = os.environ.get("ZIMFO_VERIFY_MB", "")
    return (int(given) if given.isdigit() else VERIFY_LIMIT_MB) * 2**20


def _unheard(_name: str) -> None:
    """Announce to nobody: for tests and tools that run in one process."""


class Library:
    """Archives by name, in load order."""

    def __init__(self, records: Iterable[ArchiveRecord], announce: Callable[[str], None] = _unheard) -> None:
        self.records = {record.name: record for record in records}
        self._announce = announce
        self._open: dict[str, OpenArchive] = {}
        self._verified = cache.load_verified(self.records.values())
        self._newly_verified = False
        self._verify_until = math.inf

    @classmethod
    def classified(cls, records: Iterable[ArchiveRecord], announce: Callable[[str], None] = _unheard) -> "Library":
        """Return a library of discovered files, each classified now or remembered from an earlier run."""
        known = cache.load()
        complete: list[ArchiveRecord] = []
        fresh = False
        for record in records:
            found = record if not record.usable else cache.remembered(record, known)
            if found is None:
                announce(record.name)
                found, fresh = classify(record), True
            complete.append(found)
        if fresh:
            cache.store(complete)
        return cls(complete, announce)

    def begin_call(self) -> None:
        """Start the clock of one call's verifications. Archives beyond it are read unverified and verified later."""
        self._verify_until = time.monotonic() + VERIFY_BUDGET_S

    def end_call(self) -> None:
        """Remember what was verified, for the next run."""
        if self._newly_verified:
            cache.store_verified(self.records[name] for name in self._verified)
            self._newly_verified = False

    def archives(self, zim: str | None = None, *, kind: ArchiveKind | None = None) -> list[OpenArchive]:
        """Return the open archives in load order, or just the one called `zim`, or those of one kind.

        Raises `ArchiveSetAsideError` when the named archive cannot be used; in a list, such archives are left out.
        """
        if zim is not None:
            return [self._opened(self.records[zim])]
        opened: list[OpenArchive] = []
        for record in [record for record in self.records.values() if kind in (None, record.kind)]:
            try:
                opened.append(self._opened(record))
            except ArchiveSetAsideError as error:
                if record.usable:
                    self._set_aside(record, error.reason)
        return opened

    def verify(self, name: str) -> bool:
        """Return whether an archive matches its checksum; reads all of it. An unusable archive does not."""
        try:
            return self.records[name].usable and OpenArchive(self.records[name], self._announce).verify()
        except ArchiveSetAsideError:
            return False

    def note(self) -> str | None:
        """Return a line naming the archives that failed while they were used, None when there is none.

        Files that were no archives to begin with are the concern of the person who started the server.
        """
        left_out = [record for record in self.records.values() if not record.usable and record.uuid]
        if not left_out:
            return None
        names = ", ".join(f"'{record.name}' ({record.problem})" for record in left_out)
        return f"Left out: {names}."

    def _opened(self, record: ArchiveRecord) -> OpenArchive:
        if not record.usable:
            raise ArchiveSetAsideError(record.name, record.problem)
        if record.name not in self._open:
            if not Path(record.file).exists():
                raise ArchiveSetAsideError(record.name, "its file is gone")
            self._open[record.name] = OpenArchive(record, self._announce)
        archive = self._open[record.name]
        if record.name not in self._verified and self._is_to_be_verified(record):
            if not archive.verify():
                problem = "it is damaged: its bytes do not match its checksum; download it again"
                self._set_aside(record, problem)
                raise ArchiveSetAsideError(record.name, problem)
            self._verified.add(record.name)
            self._newly_verified = True
        return archive

    def _is_to_be_verified(self, record: ArchiveRecord) -> bool:
        return record.size <= _verify_limit_bytes() and time.monotonic() < self._verify_until

    def _set_aside(self, record: ArchiveRecord, problem: str) -> None:
        self._open.pop(record.name, None)
        self.records[record.name] = dataclasses.replace(record, problem=problem)
