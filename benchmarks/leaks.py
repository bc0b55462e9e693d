"""A parent that lives on, and what a great many runs leave in it: nothing, and its memory is as it was.

Usage: python benchmarks/leaks.py [RUNS]     (default 1000 one after another; 50 at once; a fifth of RUNS cancelled)

Ends with 1 when a descriptor, thread, process or file is left, or when memory grows by more than 4 MiB after the first
hundred runs. Linux.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from homes import make_home

from codi_tui.operations.executors import worker_executor
from support.cores import async_core, invocation
from support.leaks import at_once, cancelled, held, memory_kib, one_after_another

_GROWTH_KIB = 4 * 1024


async def measure(runs: int, temporary: str) -> bool:
    """Run, print, judge."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
    async with async_core() as core:
        executor = worker_executor(core)
        short = await invocation(core, "text.case", {"style": "upper"})
        endless = await invocation(core, "zone.stream")
        await at_once(executor, lambda: short, 50)
        await one_after_another(executor, lambda: short, 100)
        folders = (core.runs_folder, temporary)
        before, memory = held(*folders), memory_kib()
        print(f"{'':24}{before}, {memory / 1024:.1f} MiB")
        sound = True
        chance = random.Random(1)  # noqa: S311 - moments, no secrets
        for words, job in (
            (f"{runs} one after another", lambda: one_after_another(executor, lambda: short, runs)),
            ("50 at once", lambda: at_once(executor, lambda: short, 50)),
            (f"{runs // 5} cancelled", lambda: cancelled(executor, lambda: endless, runs // 5, chance, 1.0)),
        ):
            begun = time.monotonic()
            await job()
            after, grown = held(*folders), memory_kib() - memory
            sound = sound and after == before and grown < _GROWTH_KIB
            print(f"{words:24}{after}, {grown / 1024:+.1f} MiB, {time.monotonic() - begun:.0f} s", flush=True)
    return sound


def main() -> int:
    """In a home and a temporary folder of its own."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = str(make_home(Path(folder)))
        os.environ["TMPDIR"] = str(Path(folder, "temporary"))
        os.mkdir(os.environ["TMPDIR"])
        return 0 if asyncio.run(measure(runs, os.environ["TMPDIR"])) else 1


if __name__ == "__main__":
    sys.exit(main())
