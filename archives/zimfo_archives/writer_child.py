"""The process that writes an archive with libzim; run by `writer` as `python -m zimfo_archives.writer_child`.

libzim's Creator cannot be trusted with the process of the command: it prints to stdout from C, finishes its file even
when its `with` block is left by an exception, and waits for ever when a write fails. Here it may do all that.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from libzim.writer import Creator, Hint, IndexData, Item, StringProvider

from zimfo_archives.job import Message, leftovers, receive, remove_leftovers
from zimfo_archives.usage import peak_rss_bytes

# Often enough for a smooth progress bar, and for noticing soon that nobody listens any more.
BEAT_SECONDS = 0.25


class _NoIndex(IndexData):  # type: ignore[misc]
    """Keeps an entry out of the full-text index, where libzim puts all HTML that does not say otherwise."""

    def has_indexdata(self) -> bool:
        return False


class _Item(Item):  # type: ignore[misc]
    def __init__(self, message: Message, content: bytes) -> None:
        super().__init__()
        self._message = message
        self._content = content
        if not message["indexed"]:
            self.get_indexdata = _NoIndex

    def get_path(self) -> str:
        return str(self._message["path"])

    def get_title(self) -> str:
        return str(self._message["title"])

    def get_mimetype(self) -> str:
        return str(self._message["mimetype"])

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._content)

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: int(bool(self._message["front"]))}


class _Reporter:
    """The pipe to the parent, and a thread that tells over it how far the work is."""

    def __init__(self, descriptor: int) -> None:
        self.added = 0
        self.partial: Path | None = None
        self._descriptor = descriptor
        self._stopped = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def say(self, message: dict[str, object]) -> None:
        """Send one line; a single write, so that lines of two threads do not mix."""
        os.write(self._descriptor, json.dumps(message).encode() + b"\n")

    def stop(self) -> None:
        """Send no more beats."""
        self._stopped.set()

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            # Which of these counts as progress is for the parent to judge.
            size = _size(self.partial) if self.partial is not None else 0
            try:
                self.say({"kind": "beat", "added": self.added, "bytes": size, "cpu": time.process_time()})
            except OSError:
                # The parent is gone, and with it whoever would have cleaned up.
                abandon(self.partial)


def main() -> NoReturn:
    """Write the archive that comes in over stdin."""
    # The parent decides when to stop; the terminal sends Ctrl-C to both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reporter = _Reporter(os.dup(1))
    os.dup2(2, 1)
    try:
        write(sys.stdin.buffer, reporter)
        reporter.stop()
        reporter.say({"kind": "done", "peak_rss_bytes": peak_rss_bytes()})
    except EOFError:
        abandon(reporter.partial)
    except BaseException as error:
        reporter.stop()
        reporter.say({"kind": "error", "message": " ".join(str(error).split()) or type(error).__name__})
        leave(1)
    leave(0)


def write(stream: BinaryIO, reporter: _Reporter) -> None:
    """Read a job and write it; returns only when the archive is complete."""
    begin, _ = receive(stream)
    partial = Path(str(begin["partial"]))
    reporter.partial = partial
    # One worker, so that equal sources give an equal order of everything in the file.
    creator = Creator(partial).config_indexing(indexing=True, language=str(begin["language"])).config_nbworkers(1)
    creator.set_mainpath(str(begin["main_path"]))
    # No `with`: it would finish the file after an error too.
    creator.__enter__()
    while True:
        message, payload = receive(stream)
        if message["kind"] == "end":
            break
        _add(creator, message, payload)
        reporter.added += 1
    creator.__exit__(None, None, None)


def _add(creator: Creator, message: Message, payload: bytes) -> None:
    fields: dict[str, Any] = message
    match message["kind"]:
        case "entry":
            creator.add_item(_Item(message, payload))
        case "redirect":
            creator.add_redirection(fields["path"], fields["title"], fields["target"], {Hint.FRONT_ARTICLE: 1})
        case "metadata":
            creator.add_metadata(fields["name"], fields["value"])
        case "illustration":
            creator.add_illustration(fields["width"], payload)
        case unknown:
            raise ValueError(f"unknown message {unknown!r}")


def _size(partial: Path) -> int:
    total = 0
    for path in leftovers(partial):
        files = [path, *path.rglob("*")] if path.is_dir() else [path]
        for file in files:
            try:
                total += file.stat().st_size
            except OSError:  # libzim removed it meanwhile
                continue
    return total


def abandon(partial: Path | None) -> NoReturn:
    """Remove what was written and end the process."""
    if partial is not None:
        remove_leftovers(partial)
    leave(3)


def leave(code: int) -> NoReturn:
    """End the process at once: libzim's threads may never join after an error."""
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
