"""Commands that run on the library server: many at once, a line that is cut, and the server's memory over time.

Usage: python benchmarks/remote.py [many|cuts|memory] [NUMBER]     (default: many, then cuts)

many    NUMBER (200) runs of four tokens at once, each with a guest of its own, all of them held open until the last has
        begun; every byte of every one is compared.
cuts    one run through a real proxy that is cut at NUMBER (50) random moments: the same bytes, both ways.
memory  runs without a pause for NUMBER (600) seconds, some of them cancelled or left; prints the server's memory.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from codi_tui.execute.run_protocol import encode_stdin
from codi_tui.model.events import RunEvent
from support.far import COUNTED, Line, Peer, far_run, output, peer, publish_all, until, workers_of
from support.library_server import LibraryServer, trust_file
from support.remote import pieces

TOKENS = 4
GROWTH = 1.1
"""The server's memory at the end, against what it was after a tenth of the time."""


def main() -> int:
    """Print the figures; 1 when something was lost, or the memory grew."""
    Peer.patience_seconds = 300
    wanted = sys.argv[1:2] or ["many", "cuts"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = LibraryServer(
            folder / "data", "--runs", "400", *trust_file(folder), limits={"RUN_WALL_SECONDS": 900.0}
        )
        try:
            publish_all(server, "hello", "echo", "count", "sleep")
            return max(asyncio.run(_DONE[what](server, _number(what))) for what in wanted)
        finally:
            server.stop()


def _number(what: str) -> int:
    return int(sys.argv[2]) if len(sys.argv) > 2 else {"many": 200, "cuts": 50, "memory": 600}[what]


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same in every run


async def many(server: LibraryServer, count: int) -> int:
    """So many runs at once."""
    tokens = [server.token("run:*") for _ in range(TOKENS)]
    begun, all_begun = 0, asyncio.Event()

    async def one(number: int) -> bool:
        nonlocal begun
        sent = _chance(number).randbytes(100_000)
        async with peer(server, tokens[number % TOKENS]) as client:
            await client.ask("echo")
            await client.event()
            await client.socket.send(encode_stdin(0, sent[:50_000]))
            events = [await _next(client)]
            begun += 1
            if begun == count:
                all_begun.set()
            await all_begun.wait()
            await client.socket.send(encode_stdin(50_000, sent[50_000:]))
            await client.say("stdin", offset=100_000, end=True)
            events += await client.events()
            return output(events) == sent and [event.seq for event in events] == list(range(2, len(events) + 2))

    began = time.monotonic()
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(workers_of(server)))
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    whole = sum(await asyncio.gather(*(one(number) for number in range(count))))
    watching.cancel()
    seconds = time.monotonic() - began
    print(f"many    {whole} of {count} runs whole, {most} guests at once, {seconds:.1f} s; server {memory(server)} MiB")
    return 0 if whole == count else 1


async def _next(client: Peer) -> RunEvent:
    while True:
        event = await client.event()
        if isinstance(event, RunEvent):
            return event


async def cuts(server: LibraryServer, count: int) -> int:
    """One run, cut so often."""
    chance = _chance(count)
    sent = chance.randbytes(8_000_000)
    line = Line(server, server.token("run:*"), chance.sample(range(1_000, 15_900_000), count))
    began = time.monotonic()
    async with line.open() as origin:
        got = output([event async for event in far_run(origin, "echo", pieces(sent))])
    whole = got == sent and not line.cuts
    print(
        f"cuts    {line.connections - 1} cuts, {'the same' if whole else 'other'} {len(got)} bytes, {time.monotonic() - began:.1f} s"
    )
    return 0 if whole else 1


async def memory_over_time(server: LibraryServer, seconds: int) -> int:
    """Runs without a pause."""
    tokens = [server.token("run:*") for _ in range(TOKENS)]
    end = time.monotonic() + seconds
    runs = 0

    async def keep_running(number: int) -> None:
        nonlocal runs
        chance = _chance(number)
        while time.monotonic() < end:
            async with peer(server, tokens[number % TOKENS]) as client:
                what = chance.choice(["hello", "count", "count", "cancel", "leave"])
                await client.ask(what if what in ("hello", "count") else "sleep")
                if what == "count":
                    await _take_all(client)
                elif what == "hello":
                    await client.events()
                else:
                    await client.event()
                    if what == "cancel":
                        await client.say("cancel")
                        await client.closed()
                    else:
                        await client.socket.close(1000)
            runs += 1

    async def watch() -> list[float]:
        seen = []
        while time.monotonic() < end:
            await asyncio.sleep(seconds / 20)
            seen.append(memory(server))
            print(
                f"memory  {seconds - max(0.0, end - time.monotonic()):5.0f} s  {seen[-1]} MiB  {runs} runs", flush=True
            )
        return seen

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(keep_running(number) for number in range(4)))
    seen = await watching
    early, late = statistics.median(seen[2:7]), statistics.median(seen[-5:])
    await until(lambda: workers_of(server) == [])
    files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    print(f"memory  {early} MiB early, {late} MiB late, {runs} runs in {seconds} s, {files} descriptors left")
    return 0 if late <= early * GROWTH else 1


async def _take_all(client: Peer) -> None:
    """Take what `count` writes, acknowledging as a client has to."""
    got = b""
    while True:
        event = await client.event()
        got += event.data
        if event.type == "completed":
            break
        if event.seq % 16 == 0:
            await client.say("ack", seq=event.seq)
    if got != COUNTED:
        raise SystemExit("something was lost")


def memory(server: LibraryServer) -> float:
    """The server's own resident memory, MiB."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


_DONE = {"many": many, "cuts": cuts, "memory": memory_over_time}

if __name__ == "__main__":
    sys.exit(main())
