"""Loading, in a started process: from the cache, and the first time from a loopback server.

Usage: python benchmarks/load.py [ROUNDS]     (default 300 cached loads, and a tenth as many first loads)

cached load   verify and load a signed manifest of 30 kB from the cache, with mark and clock; and what its parts take alone
first load    fetch, verify, store, compile in a child, run in a worker process: to the run's end, in a fresh home
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loopback import ALLOW, make_home, serve

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.storage import BlockingStorage
from codi_tui.cache.zstd import compress, decompress
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.library.http import HttpTransport
from codi_tui.limits import DOCUMENT_MAX_BYTES
from codi_tui.operations.core import Core, assemble, drive
from codi_tui.trust import CommandLibrary, Permissions
from codi_tui.trust.envelope import open_message
from codi_tui.trust.signature import verify_ed25519

CACHED_MS = 1.0
"""The design's bound, for a manifest of 30 kB."""
MANIFEST_BYTES = 30_000
FIRST_MS = 250.0


def main() -> int:
    """Print the figures; returns 1 when a bound does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        message, cached, parts = cached_load(folder, rounds)
        server = serve(folder)
        first = statistics.median(
            asyncio.run(first_load(make_home(folder, server.server_port))) for _ in range(max(3, rounds // 10))
        )
        server.shutdown()
    print(f"cached load  {cached:7.2f} ms   ({len(message) / 1000:.1f} kB manifest; bound {CACHED_MS} ms)")
    for what, took in parts.items():
        print(f"  {what:<11}{took:7.2f} ms")
    print(f"first load   {first:7.1f} ms   (bound {FIRST_MS:g} ms)")
    return 1 if cached > CACHED_MS or first > FIRST_MS else 0


def cached_load(folder: Path, rounds: int) -> tuple[bytes, float, dict[str, float]]:
    """The message that is loaded, the median milliseconds of one load, and of its parts when each is done alone."""
    site = Path(tempfile.mkdtemp(dir=folder))
    server = serve(site, MANIFEST_BYTES)
    use(make_home(site, server.server_port))
    asyncio.run(fetch())
    server.shutdown()
    core: Core = drive(assemble(connect=BlockingStorage.open, transport=HttpTransport, notice=print))
    library = load(core)
    if not library.cached:
        raise SystemExit("it was not loaded from the cache")
    message, packed = library.message, compress(library.message)
    signature = bytes.fromhex(str(library.signature))
    parts: dict[str, Callable[[], object]] = {
        "all of it": lambda: load(core),
        "unpack": lambda: decompress(packed, DOCUMENT_MAX_BYTES),
        "signature": lambda: verify_ed25519(library.public_key, message, signature),
        "parse": lambda: open_message(message),
        "digest": lambda: hashlib.sha256(message).hexdigest(),
    }
    samples: dict[str, list[float]] = {what: [] for what in parts}
    for _ in range(rounds):
        for what, part in parts.items():
            samples[what].append(milliseconds(part))
    medians = {what: statistics.median(sample) for what, sample in samples.items()}
    whole = medians.pop("all of it")
    return message, whole, {**medians, "the rest": whole - sum(medians.values())}


async def fetch() -> None:
    """Fill the cache from the server."""
    core = await assemble(connect=AsyncStorage.open, transport=HttpTransport, notice=print)
    await core.loader.load_command("bench.count")
    await core.close()


def use(home: Path) -> None:
    """Make a folder this process's home."""
    os.environ |= {"HOME": str(home), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}


def load(core: Core) -> CommandLibrary:
    """One load."""
    library: CommandLibrary = drive(core.loader.load_command("bench.count")).library
    return library


def milliseconds(work: Callable[[], object]) -> float:
    """What some work takes."""
    start = time.perf_counter()
    work()
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
