"""A run in a worker process, from an event loop: streamed, cancelled, killed; nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from codi_tui.operations.executors import worker_executor
from conftest import add_server
from support import libraries
from support.cores import async_core, invocation, one, stdout
from support.libraries import PUBLIC_KEY, manifest, publish, signed, wasm
from support.server import serving

MODULES = {
    "loop": libraries.LOOP,
    "sleep": libraries.SLEEP,
    "flood": libraries.FLOOD,
    "trap": libraries.TRAP,
    "cat": libraries.STDIN_TO_STDOUT,
    "hello": libraries.HELLO,
    "complain": libraries.printing(2, b"not well\n"),
}


@pytest.fixture(autouse=True)
def server(home: Path, tmp_path: Path) -> Iterator[None]:
    publish(tmp_path / "site", *(signed(manifest(name), wasm(text)) for name, text in MODULES.items()))
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, list(MODULES))
        yield


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def workers(parent: int | None = None) -> list[str]:
    """Process ids of living workers of a parent (this process), and of those that nobody looks after any more."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if not process.name.isdecimal() or b"codi_tui.execute.worker" not in (process / "cmdline").read_bytes():
                continue
            its_parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if its_parent in (1, parent or os.getpid()):
                found.append(process.name)
        except OSError:
            continue
    return found


def wait_for_a_worker(parent: int | None = None) -> None:
    deadline = time.monotonic() + 20
    while not workers(parent) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers(parent)


def wait_for_no_worker() -> None:
    deadline = time.monotonic() + 5
    while workers() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == []


async def test_a_run_streams_its_events_in_order() -> None:
    async with async_core() as core:
        run = await invocation(core, "text.case", {"style": "upper"}, stdin=one("é\n".encode()))
        events = [event async for event in worker_executor(core).execute(run)]
    assert [event.type for event in events] == ["started", "output", "completed"]
    assert [event.seq for event in events] == [1, 2, 3]
    assert stdout(events) == "É\n".encode()
    assert workers() == []


async def test_stdin_is_streamed_with_back_pressure() -> None:
    async def much() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 65536

    async with async_core() as core:
        run = await invocation(core, "cat.run", stdin=much())
        total = 0
        async for event in worker_executor(core).execute(run):
            total += len(event.data)
    assert total == 400 * 65536


async def test_a_file_argument_is_staged_and_removed(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a b c\n")
    async with async_core() as core:
        run = await invocation(core, "text.count", {"file": str(tmp_path / "notes")})
        events = [event async for event in worker_executor(core).execute(run)]
        assert b'"words":3' in stdout(events)
        assert os.listdir(core.runs_folder) == []


async def test_stderr_is_told_apart() -> None:
    async with async_core() as core:
        events = [event async for event in worker_executor(core).execute(await invocation(core, "complain.run"))]
    assert [event.fields["stream"] for event in events if event.type == "output"] == ["stderr"]


@pytest.mark.parametrize("name", ["loop", "sleep", "flood"])
async def test_closing_the_stream_kills_the_run_at_once(name: str) -> None:
    async with async_core() as core:
        executor = worker_executor(core)
        await drain(executor.execute(await invocation(core, "hello.run")))
        before = open_descriptors()
        events = executor.execute(await invocation(core, f"{name}.run"))
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        waiting.cancel()
        start = time.monotonic()
        await asyncio.gather(waiting, return_exceptions=True)
        await events.aclose()
        assert time.monotonic() - start < 1
        assert workers() == []
        assert open_descriptors() == before


async def test_cancelling_at_any_moment_leaves_nothing() -> None:
    async with async_core() as core:
        executor = worker_executor(core)
        await drain(executor.execute(await invocation(core, "loop.run", wall_seconds=0.3)))
        before = open_descriptors()
        for number in range(25):
            run = asyncio.ensure_future(drain(executor.execute(await invocation(core, "loop.run"))))
            await asyncio.sleep(number * 0.005)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
        await asyncio.to_thread(wait_for_no_worker)
        assert open_descriptors() == before


async def test_limits_and_crashes_end_in_failed_with_their_code() -> None:
    async with async_core() as core:
        executor = worker_executor(core)
        loop = await drain(executor.execute(await invocation(core, "loop.run", wall_seconds=0.5)))
        trap = await drain(executor.execute(await invocation(core, "trap.run")))
    assert loop[-1].fields["error"]["code"] == "E_WASM_TIME"
    assert trap[-1].fields["error"]["code"] == "E_WASM_TRAP"


async def test_a_worker_that_dies_ends_in_failed() -> None:
    async with async_core() as core:
        events = worker_executor(core).execute(await invocation(core, "sleep.run"))
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(wait_for_a_worker)
        for pid in workers():
            os.kill(int(pid), signal.SIGSEGV)
        event = await waiting
        assert event.type == "failed"
        assert event.fields["error"]["code"] == "E_HANDLER"
        await events.aclose()


async def test_the_worker_refuses_another_library_than_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from codi_tui.execute.process import WorkerExecutor

    original = WorkerExecutor._request
    for member, value, code in (
        ("digest", "0" * 64, "E_DIGEST"),
        ("signature", "0" * 128, "E_SIGNATURE"),
        ("public_keys", [PUBLIC_KEY.hex()[::-1]], "E_"),
        ("library", "other", "E_NAME_MISMATCH"),
    ):
        monkeypatch.setattr(WorkerExecutor, "_request", lambda *args, m=member, v=value: {**original(*args), m: v})
        async with async_core() as core:
            events = await drain(worker_executor(core).execute(await invocation(core, "hello.run")))
        assert events[-1].type == "failed"
        assert events[-1].fields["error"]["code"].startswith(code)
        assert stdout(events) == b""


async def test_many_runs_one_after_the_other_and_at_once_leave_nothing() -> None:
    async with async_core() as core:
        executor = worker_executor(core)
        await drain(executor.execute(await invocation(core, "hello.run")))
        before = open_descriptors()
        for _ in range(5):
            await drain(executor.execute(await invocation(core, "hello.run")))
        runs = [drain(executor.execute(await invocation(core, "hello.run"))) for _ in range(8)]
        assert [stdout(events) for events in await asyncio.gather(*runs)] == [b"hello\n"] * 8
        assert open_descriptors() == before
        assert workers() == []


def test_no_run_outlives_a_parent_that_is_killed() -> None:
    code = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from codi_tui.operations.executors import worker_executor; from support.cores import async_core, invocation
async def main():
    async with async_core() as core:
        async for event in worker_executor(core).execute(await invocation(core, "loop.run")):
            print(event.type, flush=True)
asyncio.run(main())
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parents[1])], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    wait_for_a_worker(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while workers() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == []


async def drain(events: object) -> list:  # type: ignore[type-arg]
    return [event async for event in events]  # type: ignore[attr-defined]
