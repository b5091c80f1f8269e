"""Writes an archive so that it is either complete and in its place, or was never there.

The writing itself happens in a child process (see `writer_child` for why), under a hidden temporary name in the folder
of the target. This side feeds the child, watches that it makes progress, verifies what it wrote, moves it into place,
and removes what is left in every case: an error, Ctrl-C, a signal to terminate.
"""

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from libzim.reader import Archive

from zimfo_archives.errors import TargetError, WriteError
from zimfo_archives.job import Job, Message, messages, remove_leftovers, send

# -P: a file named json.py in the working folder must not become part of the command.
CHILD_COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "zimfo_archives.writer_child")
# libzim waits for ever when a write fails, which shows in nothing but this.
STALL_SECONDS = 60.0
# A child that computes uses a second of CPU in about a second; one that waits for ever, under 10 ms a second.
CPU_STEP_SECONDS = 1.0
# How long one wait for the child lasts: Windows hears Ctrl-C only between waits.
POLL_SECONDS = 0.5
# A killed process is gone at once unless the kernel is stuck in a device, for which nobody should wait long.
KILL_SECONDS = 10.0
# The archive, its full-text index beside it and again within it: each at most about the size of the content.
SPACE_FACTOR = 3
SPACE_MARGIN = 16 << 20
# libzim notices a full disk by waiting for ever: with less than this left, writing is stopped before it comes to that.
SPACE_RESERVE = 8 << 20
# The end of what a crashed child wrote to stderr is what tells the cause.
TAIL_LINES = 5

ZIM_MAGIC = b"ZIM\x04"
# A failed write looks like a wait for ever or like an "Unknown exception": libzim itself never names it.
_DISK_HINT = "is the disk full, or a quota or size limit reached?"

# What the threads tell: a message of the child, its end, or what went wrong while content was made.
Event = Message | BaseException | None
# Told how many of how many messages the child has worked off.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """The finished archive."""

    path: Path
    bytes: int
    child_peak_rss_bytes: int | None


def check_target(target: Path) -> Path:
    """Return the target with symbolic links resolved.

    Raises TargetError unless it may be written: something that is not a ZIM file is never replaced.
    """
    if target.suffix != ".zim":
        raise TargetError(f"the output {target} must have a name that ends in .zim")
    try:
        # Replacing a link itself would leave the archive it leads to as it was.
        resolved = target.resolve()
        if not resolved.parent.is_dir():
            raise TargetError(f"the folder of the output does not exist: {target.parent}; create it first")
        if not resolved.exists():
            return resolved
        if not resolved.is_file():
            raise TargetError(f"the output {target} exists and is not a file")
        with resolved.open("rb") as stream:
            magic = stream.read(len(ZIM_MAGIC))
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise TargetError(f"the output {target} cannot be used: {_reason(error)}") from error
    if magic != ZIM_MAGIC:
        raise TargetError(f"the output {target} exists and is not a ZIM file; choose another name or remove it")
    return resolved


def write_archive(job: Job, target: Path, *, progress: Progress | None = None) -> Written:
    """Write the job to the target, replacing an archive that is there.

    Raises TargetError if the target cannot be written at all, WriteError if the writing fails.
    """
    resolved = check_target(target)
    remove_abandoned(resolved)
    partial = resolved.with_name(f".{resolved.name}.{_host()}.{os.getpid()}.partial")
    with _cleaned_up(lambda: remove_leftovers(partial)):
        _check_folder(partial, target)
        _check_space(job, partial, target)
        peak = _run_child(job, partial, progress)
        _verify(job, partial)
        size = partial.stat().st_size
        check_target(target)  # it may have become something else meanwhile
        try:
            os.replace(partial, resolved)
        except OSError as error:
            raise TargetError(f"the output {target} cannot be replaced: {_reason(error)}") from error
    return Written(resolved, size, peak)


def remove_abandoned(target: Path) -> None:
    """Remove what killed processes of this machine left of earlier attempts to write the target.

    The name tells machine and process: of another machine that shares the folder, nothing is known and nothing removed.
    """
    pattern = re.compile(re.escape(f".{target.name}.{_host()}.") + r"(\d+)\.partial")
    with contextlib.suppress(OSError):
        names = {match[0]: int(match[1]) for path in target.parent.iterdir() if (match := pattern.match(path.name))}
        for name, process in names.items():
            if not _alive(process):
                remove_leftovers(target.with_name(name))


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40] or "host"


def _alive(process: int) -> bool:
    if sys.platform == "win32":
        return True  # there, asking by signal would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def _cleaned_up(clean_up: Callable[[], None]) -> Iterator[None]:
    """Call `clean_up` at the end, come what may; a signal to terminate becomes an exit on the way there."""
    previous: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            # What was ignored stays ignored: that is how nohup works.
            if number is not None and (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None):
                previous[number] = handler
                if name != "SIGINT":  # is an exception already
                    signal.signal(number, _exit)
    try:
        yield
    finally:
        # A second Ctrl-C, by an impatient person, must not stop the cleaning.
        for number in previous:
            signal.signal(number, signal.SIG_IGN)
        try:
            clean_up()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _exit(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _check_folder(partial: Path, target: Path) -> None:
    """Create the temporary file for a moment: libzim would not say why it cannot."""
    remove_leftovers(partial)  # of a killed process that had the same number
    try:
        os.fsencode(partial).decode("utf-8")  # libzim takes no other names
        with partial.open("xb"):
            pass
        partial.unlink()
    except (OSError, UnicodeError) as error:
        raise TargetError(f"the output {target} cannot be written: {_reason(error)}") from error


def _check_space(job: Job, partial: Path, target: Path) -> None:
    needed = job.content_bytes * SPACE_FACTOR + SPACE_MARGIN
    free = shutil.disk_usage(partial.parent).free
    if free < needed:
        need = f"{needed / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free"
        raise TargetError(f"not enough space on the disk of {target.parent}: {need}")


def _run_child(job: Job, partial: Path, progress: Progress | None) -> int | None:
    """Have the child write the job; returns its peak memory once it has ended well."""
    try:
        process = subprocess.Popen(CHILD_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise WriteError(f"the process that writes the archive cannot be started: {_reason(error)}") from error
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: PT018
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    # Threads, because each of the three pipes blocks while the child is busy with another. They end with the child.
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, job, partial, events), daemon=True),
        threading.Thread(target=_listen, args=(process.stdout, events), daemon=True),
        threading.Thread(target=_keep_tail, args=(process.stderr, tail), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        done = _follow(events, job.parts, partial.parent, progress)
        code = process.wait(KILL_SECONDS) if done is not None else process.wait()
    except subprocess.TimeoutExpired:
        raise WriteError("the process that writes the archive does not end; nothing was replaced") from None
    finally:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(KILL_SECONDS)
        for thread in threads:
            if thread.ident is not None:
                thread.join(KILL_SECONDS)
        process.stdout.close()
        process.stderr.close()
    if done is None or code != 0:
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        said = "".join(f"\n  {line}" for line in tail)
        raise WriteError(f"the process that writes the archive ended early, {how}; nothing was replaced{said}")
    peak = done.get("peak_rss_bytes")
    return peak if isinstance(peak, int) else None


def _feed(stream: IO[bytes], job: Job, partial: Path, events: queue.SimpleQueue[Event]) -> None:
    # A child that ends early breaks the pipe; why it did is found out elsewhere.
    with contextlib.suppress(BrokenPipeError), stream:
        try:
            for message, payload in messages(job, partial):
                send(stream, message, payload)  # type: ignore[arg-type]
        except BrokenPipeError:
            raise
        except BaseException as error:
            # Content is made while it is sent: what goes wrong there is the caller's to hear.
            events.put(error)


def _listen(stream: IO[bytes], events: queue.SimpleQueue[Event]) -> None:
    with contextlib.suppress(ValueError):  # a line cut off by the child's end
        for line in stream:
            events.put(json.loads(line))
    events.put(None)


def _keep_tail(stream: IO[bytes], tail: deque[str]) -> None:
    for line in stream:
        tail.append(line.decode(errors="replace").rstrip())


def _follow(events: queue.SimpleQueue[Event], total: int, folder: Path, progress: Progress | None) -> Message | None:
    """Return the child's last message, None if it ended without one.

    Raises WriteError if it reports an error, makes no progress or is about to fill the disk of the folder, and whatever
    was raised where the content is made.
    """
    position: tuple[object, object] = (None, None)
    cpu = 0.0
    moved = time.monotonic()
    while True:
        try:
            event = events.get(timeout=POLL_SECONDS)
        except queue.Empty:
            event = {"kind": "nothing"}
        if isinstance(event, BaseException):
            raise event
        if event is None or event["kind"] == "done":
            return event
        if event["kind"] == "error":
            raise WriteError(f"libzim cannot write the archive: {event['message']}; {_DISK_HINT}")
        now = time.monotonic()
        if event["kind"] == "beat":
            added, used = event["added"], event["cpu"]
            assert isinstance(added, int) and isinstance(used, float)  # noqa: PT018
            if (added, event["bytes"]) != position or used - cpu >= CPU_STEP_SECONDS:
                position, cpu, moved = (added, event["bytes"]), used, now
            if progress is not None:
                progress(added, total)
            if shutil.disk_usage(folder).free < SPACE_RESERVE:
                raise WriteError("the disk is nearly full: writing was stopped and nothing was replaced; make space")
        if now - moved > STALL_SECONDS:
            raise WriteError(f"writing made no progress for {STALL_SECONDS:g} seconds and was stopped; {_DISK_HINT}")


def _verify(job: Job, partial: Path) -> None:
    """Read the archive back: its checksum must hold, and libzim drops without a word redirects it does not like."""
    try:
        archive = Archive(partial)
        sound = archive.check()
        found = archive.entry_count
    except RuntimeError as error:
        raise WriteError(f"the archive that was written cannot be read back: {_reason(error)}") from error
    expected = len(job.entries) + len(job.redirects)
    if not sound:
        raise WriteError("the archive that was written is damaged: its checksum does not hold; is the disk sound?")
    if found != expected:
        raise WriteError(f"the archive that was written has {found} entries instead of {expected}")
    # Before the name points to it, the content must be on the disk: a power cut must not leave an empty archive.
    with partial.open("rb+") as stream:
        os.fsync(stream.fileno())


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
