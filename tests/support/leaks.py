"""What a process that lives on has open, and what runs leave in it. Linux."""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation


class Held(NamedTuple):
    """What this process holds now."""

    descriptors: int
    threads: int
    children: int
    files: int


def held(*folders: str) -> Held:
    """Descriptors, threads, child processes, and the files in some folders."""
    gc.collect()
    me = str(os.getpid())
    threads = os.listdir(f"/proc/{me}/task")
    children = sum(len(Path(f"/proc/{me}/task/{thread}/children").read_text().split()) for thread in threads)
    files = sum(len(os.listdir(folder)) for folder in folders if os.path.isdir(folder))
    return Held(len(os.listdir(f"/proc/{me}/fd")), len(threads), children, files)


def memory_kib() -> int:
    """Resident memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def finish(executor: DynamicExecutor, invocation: Invocation) -> str:
    """Take a run's events to the last, and return how it ended."""
    ended = ""
    async with aclosing(executor.execute(invocation)) as events:
        async for event in events:
            ended = event.type if event.type != "failed" else f"failed: {event.fields['error']}"
    return ended


async def one_after_another(executor: DynamicExecutor, made: Callable[[], Invocation], runs: int) -> None:
    for _ in range(runs):
        ended = await finish(executor, made())
        assert ended == "completed", ended


async def at_once(executor: DynamicExecutor, made: Callable[[], Invocation], runs: int) -> None:
    ended = set(await asyncio.gather(*(finish(executor, made()) for _ in range(runs))))
    assert ended == {"completed"}, ended


async def cancelled(
    executor: DynamicExecutor, made: Callable[[], Invocation], runs: int, chance: random.Random, seconds: float
) -> None:
    """Runs that are cancelled within some seconds, eight of them side by side."""

    async def one() -> None:
        run = asyncio.ensure_future(finish(executor, made()))
        await asyncio.sleep(chance.random() * seconds)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)

    for begun in range(0, runs, 8):
        await asyncio.gather(*(one() for _ in range(min(8, runs - begun))))
