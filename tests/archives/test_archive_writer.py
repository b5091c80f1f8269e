import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from libzim.reader import Archive

from zimfo_archives import writer
from zimfo_archives.errors import Problem, SourcesError, TargetError, WriteError
from zimfo_archives.illustration import draw_illustration
from zimfo_archives.job import Entry, Job, Redirect, Stream
from zimfo_archives.writer import check_target, write_archive


def job(*, entries: int = 3, words: int = 50, redirects: tuple[Redirect, ...] = ()) -> Job:
    def entry(number: int) -> Entry:
        # Hexadecimal noise, because a file size limit must be reached in spite of compression.
        text = " ".join(os.urandom(8).hex() for _ in range(words))
        return Entry(f"e{number}", f"Entry {number}", "text/html", f"<p>{text}</p>".encode(), True, True)

    return Job(
        language="eng",
        main_path="e0",
        metadata={"Title": "Test"},
        illustration=draw_illustration(),
        illustration_size=48,
        entries=[entry(number) for number in range(entries)],
        redirects=redirects,
    )


def child(code: str) -> tuple[str, ...]:
    """A child that does as told instead of, or before, its work."""
    return (
        sys.executable,
        "-c",
        f"import os, signal, sys, time\nfrom zimfo_archives import writer_child as child\n{code}",
    )


KILLED_AT_THE_END = """
die = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
child.Creator = type('Creator', (child.Creator,), {'__exit__': die})
child.main()
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A place for an archive, taken by an older one."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.zim").write_bytes(b"ZIM\x04 the old archive")
    return folder / "a.zim"


@pytest.fixture
def untouched(target: Path) -> Iterator[None]:
    """The older archive is still there after the test, alone."""
    yield
    assert target.read_bytes() == b"ZIM\x04 the old archive"
    assert os.listdir(target.parent) == ["a.zim"]


def test_an_older_archive_is_replaced_and_nothing_left(target: Path) -> None:
    written = write_archive(job(), target)
    assert Archive(target).entry_count == 3
    assert (written.path, written.bytes) == (target, target.stat().st_size)
    assert os.listdir(target.parent) == ["a.zim"]


def test_a_link_to_an_archive_stays_a_link(target: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.zim"
    link.symlink_to(target)
    assert write_archive(job(), link).path == target
    assert link.is_symlink()
    assert Archive(target).check()


def test_progress_reaches_the_parent(target: Path) -> None:
    told: list[tuple[int, int]] = []
    big = job(entries=250, words=200)
    write_archive(big, target, progress=lambda done, total: told.append((done, total)))
    assert told
    # Entries, one line of metadata, and the illustration.
    assert all(0 <= done <= total == 252 for done, total in told)


@pytest.mark.parametrize("name", ["a.txt", "missing/a.zim", "folder.zim", "other.zim", "circle.zim"])
def test_what_is_not_an_archive_is_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.zim").mkdir()
    (tmp_path / "other.zim").write_text("my thesis")
    (tmp_path / "circle.zim").symlink_to("circle.zim")
    with pytest.raises(TargetError, match=Path(name).parent.name or name):
        write_archive(job(), tmp_path / name)
    assert (tmp_path / "other.zim").read_text() == "my thesis"
    assert sorted(os.listdir(tmp_path)) == ["circle.zim", "folder.zim", "other.zim"]


def test_a_target_that_became_something_else_meanwhile_is_left_alone(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(_job: Job, _partial: Path) -> None:
        target.write_text("my thesis")

    monkeypatch.setattr(writer, "_verify", verify)
    with pytest.raises(TargetError, match="not a ZIM file"):
        write_archive(job(), target)
    assert target.read_text() == "my thesis"
    assert os.listdir(target.parent) == ["a.zim"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o555)
    if os.geteuid() == 0:
        folder = Path("/proc/self")  # root may write anywhere else
        if not folder.is_dir():
            pytest.skip("root, and no /proc")
    with pytest.raises(TargetError, match=r"the output .*a\.zim cannot be written: "):
        write_archive(job(), folder / "a.zim")


def test_a_name_libzim_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot be written"):
        write_archive(job(), tmp_path / os.fsdecode(b"\xff.zim"))
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("untouched")
def test_too_little_space_is_said_before_writing(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(TargetError, match="17 MB are needed and 1 MB are free"):
        write_archive(job(), target)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("code", "message"),
    [
        # Killed when all is written but the end, as by the system when memory runs out.
        (KILLED_AT_THE_END, "by signal 9"),
        ("sys.stderr.write('what a day\\n'); sys.exit(7)", "with code 7; nothing was replaced\n  what a day"),
        ("os._exit(0)", "with code 0"),
        ("child._add = lambda *a: 1 / 0\nchild.main()", "libzim cannot write the archive: division by zero"),
        ("child.write = lambda *a: None\nchild.main()", "cannot be read back|cannot read"),
    ],
)
def test_a_failing_child_changes_nothing(
    target: Path, monkeypatch: pytest.MonkeyPatch, code: str, message: str
) -> None:
    monkeypatch.setattr(writer, "CHILD_COMMAND", child(code))
    with pytest.raises(WriteError, match=message):
        write_archive(job(entries=50), target)


@pytest.mark.usefixtures("untouched")
def test_a_child_that_cannot_start_changes_nothing(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHILD_COMMAND", ("/nonexistent/python",))
    with pytest.raises(WriteError, match="cannot be started: No such file"):
        write_archive(job(), target)


@pytest.mark.usefixtures("untouched")
def test_a_child_that_waits_for_ever_is_stopped(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(writer, "CHILD_COMMAND", child("child._add = lambda *a: time.sleep(999)\nchild.main()"))
    with pytest.raises(WriteError, match=r"no progress for 1 seconds and was stopped; is the disk full"):
        write_archive(job(), target)


@pytest.mark.usefixtures("untouched")
def test_a_write_that_fails_ends_with_a_message(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "STALL_SECONDS", 1.5)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(WriteError, match="is the disk full"):  # libzim hangs or fails, as it happens
            write_archive(job(entries=100, words=300), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.usefixtures("untouched")
def test_redirects_that_lead_nowhere_are_not_lost_in_silence(target: Path) -> None:
    lost = (Redirect("r", "R", "gone"),)
    with pytest.raises(WriteError, match="has 3 entries instead of 4"):
        write_archive(job(redirects=lost), target)


@pytest.mark.usefixtures("untouched")
def test_an_archive_whose_checksum_does_not_hold_is_not_kept(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Damaged(Archive):
        def check(self) -> bool:
            return False

    monkeypatch.setattr(writer, "Archive", Damaged)
    with pytest.raises(WriteError, match="checksum does not hold"):
        write_archive(job(), target)


@pytest.mark.usefixtures("untouched")
def test_ctrl_c_leaves_nothing(target: Path) -> None:
    seen: list[str] = []

    def interrupt(_done: int, _total: int) -> None:
        seen.extend(os.listdir(target.parent))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_archive(job(entries=400, words=200), target, progress=interrupt)
    assert any(name.endswith(".partial.tmp") for name in seen)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 1)])
def test_a_real_signal_leaves_nothing(target: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    source = tmp_path / "a.md"
    source.write_text("---\ntitle: A\n---\n")
    # A child that begins to write and then waits for ever, and a progress bar that tells when it does.
    slow = child("child._add = lambda *a: time.sleep(999)\nchild.main()")
    command = (
        "import contextlib\n"
        "from zimfo_archives import cli, writer\n"
        f"writer.CHILD_COMMAND = {slow!r}\n"
        "cli._bars = lambda: contextlib.nullcontext(lambda *a: print(a[0], flush=True))\n"
        f"cli.main(['build-wiki', {str(source)!r}, '-o', {str(target)!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"Writing"):
                break
        assert len(os.listdir(target.parent)) > 1
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode == code


def test_the_child_cleans_up_when_the_parent_is_killed(target: Path, tmp_path: Path) -> None:
    slow = child("child._add = lambda *a: time.sleep(999)\nchild.main()")
    process = subprocess.Popen(slow, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    partial = target.with_name(".a.zim.1.partial")
    for number, (message, payload) in enumerate(writer.messages(job(), partial)):
        if number < 3:
            writer.send(process.stdin, message, payload)  # type: ignore[arg-type]
    process.stdin.flush()
    while b'"bytes": 0' in process.stdout.readline():
        pass
    # What a killed parent leaves to its child: pipes without another end.
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=20) == 3
    assert os.listdir(target.parent) == ["a.zim"]


def test_handlers_of_signals_are_as_before(target: Path) -> None:
    def handler(_number: int, _frame: object) -> None:
        raise AssertionError

    old = signal.signal(signal.SIGTERM, handler)
    try:
        write_archive(job(), target)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, old)


def test_leftovers_of_a_killed_process_with_our_number_are_removed(target: Path) -> None:
    prefix = f".a.zim.{writer._host()}.{os.getpid()}.partial"
    (target.parent / f"{prefix}.tmp").write_text("old")
    (target.parent / f"{prefix}_fulltext.idx.tmp").mkdir()
    (target.parent / f"{prefix}_fulltext.idx.tmp" / "glass").write_text("old")
    write_archive(job(), target)
    assert os.listdir(target.parent) == ["a.zim"]


def test_a_new_target_is_fine(tmp_path: Path) -> None:
    assert check_target(tmp_path / "new.zim") == (tmp_path / "new.zim").resolve()


def test_what_killed_processes_left_is_removed_and_nothing_of_living_ones(target: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    names = {
        "dead": f".a.zim.{writer._host()}.{process.pid}.partial.tmp",
        "living": f".a.zim.{writer._host()}.{os.getppid()}.partial",
        "elsewhere": f".a.zim.another-host.{process.pid}.partial",
        "another": f".b.zim.{writer._host()}.{process.pid}.partial",
    }
    for name in names.values():
        (target.parent / name).write_text("part of an archive")
    write_archive(job(), target)
    assert set(os.listdir(target.parent)) == {"a.zim", names["living"], names["elsewhere"], names["another"]}


@pytest.mark.usefixtures("untouched")
def test_what_goes_wrong_while_content_is_made_is_raised(target: Path) -> None:
    whole = job()

    def entries() -> Iterator[Entry]:
        yield from whole.entries
        raise SourcesError([Problem(Path("a.md"), 3, "is gone")])

    with pytest.raises(SourcesError, match=r"a\.md:3: is gone"):
        write_archive(replace(whole, entries=Stream(entries, 4, 1_000)), target)


@pytest.mark.usefixtures("untouched")
def test_writing_stops_before_the_disk_is_full(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([10 << 30])  # at the beginning; then somebody else fills the disk
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(left, 1 << 20)))
    with pytest.raises(WriteError, match="the disk is nearly full"):
        write_archive(job(entries=300, words=2_000), target)


def test_streamed_entries_are_like_others(target: Path) -> None:
    whole = job(entries=20)
    write_archive(replace(whole, entries=Stream(lambda: iter(whole.entries), 20, whole.content_bytes)), target)
    archive = Archive(target)
    assert all(bytes(archive.get_entry_by_path(e.path).get_item().content) == e.content for e in whole.entries)
