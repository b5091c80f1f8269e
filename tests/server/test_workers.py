"""Worker processes that die, hang, or are cancelled: real processes, stopped and killed by signals."""

import json
import os
import signal
from collections.abc import AsyncIterator

import anyio
import pytest

from zimfo_server import frames
from zimfo_server.errors import GuidanceError, WorkerDiedError, WorkerTimeoutError
from zimfo_server.library.discover import discover
from zimfo_server.service import Connection, Service
from zimfo_server.workers.pool import WorkerPool
from zimfo_server.workers.process import WorkerProcess
from zimfo_shared.demo import demo_archives

SUNSET = {"title": "Sunset"}
DEADLINE_S = 10.0


@pytest.fixture
async def worker() -> AsyncIterator[WorkerProcess]:
    """A started reader over the demo archive."""
    process = WorkerProcess("reader", discover(demo_archives()))
    await process.start()
    yield process
    await process.stop()


def pid_of(process: WorkerProcess) -> int:
    assert process._process is not None
    return process._process.pid


async def test_a_killed_worker_fails_its_call_and_the_next_call_gets_a_new_one(worker: WorkerProcess):
    first = pid_of(worker)
    os.kill(first, signal.SIGSTOP)

    async def kill() -> None:
        os.kill(first, signal.SIGKILL)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill)
        with pytest.raises(WorkerDiedError):
            await worker.call("article_overview", SUNSET, DEADLINE_S)

    assert (await worker.call("article_overview", SUNSET, DEADLINE_S))["title"] == "Sunset"
    assert pid_of(worker) != first


async def test_a_worker_that_died_in_between_is_replaced_without_an_error(worker: WorkerProcess):
    assert worker._process is not None
    os.kill(pid_of(worker), signal.SIGKILL)
    await worker._process.wait()

    assert (await worker.call("article_overview", SUNSET, DEADLINE_S))["title"] == "Sunset"


async def test_a_hung_worker_is_killed_at_the_deadline(worker: WorkerProcess):
    first = pid_of(worker)
    os.kill(first, signal.SIGSTOP)

    with pytest.raises(WorkerTimeoutError, match=r"no answer within 0.3 s"):
        await worker.call("article_overview", SUNSET, 0.3)

    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert (await worker.call("article_overview", SUNSET, DEADLINE_S))["title"] == "Sunset"


async def test_cancelling_a_call_leaves_a_worker_in_step(worker: WorkerProcess):
    os.kill(pid_of(worker), signal.SIGSTOP)
    with anyio.move_on_after(0.2) as scope:
        await worker.call("article_overview", {"title": "Malaria"}, DEADLINE_S)

    assert scope.cancelled_caught
    assert (await worker.call("article_overview", SUNSET, DEADLINE_S))["title"] == "Sunset"


async def test_a_failure_outside_any_archive_asks_to_try_again():
    pool = WorkerPool(discover(demo_archives()), deadline_s=0.3)
    await pool.start()
    os.kill(pid_of(pool._workers["reader"]), signal.SIGSTOP)
    try:
        with pytest.raises(GuidanceError, match="Try the call again"):
            await pool.call("article_overview", SUNSET)
    finally:
        await pool.stop()


async def test_an_archive_set_aside_is_named_when_it_is_asked_for(tmp_path):
    copy = tmp_path / "copy.zim"
    copy.write_bytes(demo_archives()[0].read_bytes())
    service = Service(discover([copy, *demo_archives()]))
    await service.start()
    try:
        await service._pool._workers["reader"].set_aside("copy", "it is damaged")
        pinned = await service.call("article_overview", {**SUNSET, "zim": "copy"}, connection=Connection())
        free = await service.call("article_overview", SUNSET, connection=Connection())
    finally:
        await service.stop()

    assert pinned.is_error
    assert "Archive 'copy' cannot be used: it is damaged" in pinned.text
    assert free.payload is not None
    assert free.payload["zim"] == "encyclopedia"
    assert "copy" in free.payload["note"]


def test_frames_carry_any_text():
    message = {"text": "ä\ud800\x00" + "x" * 100_000}

    encoded = frames.encode(message)

    length = frames.frame_length(encoded[: frames.HEADER.size])
    body = encoded[frames.HEADER.size :]
    assert len(body) == length
    assert frames.decode(body)["text"].startswith("ä?\x00x")


@pytest.mark.parametrize("header", [b"\xff\xff\xff\xff", b"GET "])
def test_a_frame_of_absurd_length_is_refused(header: bytes):
    with pytest.raises(ValueError, match="over the limit"):
        frames.frame_length(header)


def test_a_frame_that_is_no_object_is_refused():
    with pytest.raises(ValueError, match="object"):
        frames.decode(json.dumps([1]).encode())
