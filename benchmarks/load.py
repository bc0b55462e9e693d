"""Loading, in a started process: from the cache, and the first time from a loopback server.

Usage: python benchmarks/load.py [ROUNDS]     (default 300 cached loads, and a tenth as many first loads)

cached load   verify and load the bundled text-tools from the cache
first load    fetch, verify, store, compile in a child, run in a worker process: to the run's end, in a fresh home
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from loopback import ALLOW, make_home, serve

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.storage import BlockingStorage
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.library.http import HttpTransport
from codi_tui.operations.core import Core, assemble, drive
from codi_tui.trust import Permissions

CACHED_MS = 1.0
"""The design's bound, for a manifest of 30 KB."""
FIRST_MS = 250.0


def main() -> int:
    """Print the figures; returns 1 when a bound does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = serve(folder)
        use(make_home(folder, server.server_port))
        core: Core = drive(assemble(connect=BlockingStorage.open, transport=HttpTransport, notice=print))
        size = len(load(core))
        cached = statistics.median(timed_load(core) for _ in range(rounds))
        first = statistics.median(
            asyncio.run(first_load(make_home(folder, server.server_port))) for _ in range(max(3, rounds // 10))
        )
        server.shutdown()
    print(f"cached load  {cached:7.2f} ms   ({size / 1000:.1f} kB manifest; bound {CACHED_MS} ms for 30 kB)")
    print(f"first load   {first:7.1f} ms   (bound {FIRST_MS:g} ms)")
    return 1 if cached * 30_000 / size > CACHED_MS or first > FIRST_MS else 0


def use(home: Path) -> None:
    """Make a folder this process's home."""
    os.environ |= {"HOME": str(home), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}


def load(core: Core) -> bytes:
    """One load from the cache; returns the message."""
    message: bytes = drive(core.loader.load_command("text.count")).library.message
    return message


def timed_load(core: Core) -> float:
    """Milliseconds of one load from the cache."""
    start = time.perf_counter()
    load(core)
    return (time.perf_counter() - start) * 1000


async def first_load(home: Path) -> float:
    """Milliseconds from the command's name to its run's end, nothing cached or compiled."""
    use(home)
    start = time.perf_counter()
    core = await assemble(connect=AsyncStorage.open, transport=HttpTransport, notice=print)
    resolved = await core.loader.load_command("bench.count")
    permissions = Permissions(resolved.library, "bench.count", ALLOW)
    invocation = Invocation(resolved.library, resolved.definition, {}, permissions)
    executor = DynamicExecutor({"wasm": WorkerExecutor(core.modules_folder, core.runs_folder, core.loader.load_module)})
    events = [event async for event in executor.execute(invocation)]
    if events[-1].type != "completed":
        raise SystemExit(f"the run failed: {events[-1]}")
    took = (time.perf_counter() - start) * 1000
    await core.close()
    return took


if __name__ == "__main__":
    sys.exit(main())
