"""The output pane: how fast it takes lines in, and what a key costs meanwhile.

Usage: python benchmarks/pane.py [MILLIONS]     (default 4 million lines of 60 bytes; needs textual)

buffer     chunks straight into an OutputBuffer with a spool on disk
guest      a WASM guest that writes 60 kB at a time in a worker process, through its pipe, into the pane of a running headless app; keys are pressed
           all the while, and timed to the frame that shows their effect
singly     the same, a write for each line, a 40th of the lines
RichLog    Textual's own widget, a line at a time, for the ratio
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, ClassVar

from nacl.signing import SigningKey
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Label, RichLog
from wasmtime import wat2wasm

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.model.events import RunEvent
from codi_tui.model.times import timestamp
from codi_tui.operations.core import drive
from codi_tui.operations.spool import Spool
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.trust import CommandLibrary, Keyring, Permissions, SecurityValidator, TrustedKey, VerifiedModule
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.pump import pump
from codi_tui.ui.widgets.output import OutputPane

LINES_BOUND = 500_000
"""The design's, a second, through a worker's pipe."""
KEY_BOUND_MS = 50.0
LINE = b"2026-11-22T12:05:01Z info request served in 12 ms, code 200\n"
CHUNK_LINES = 1024
ORIGIN = "https://bench.example.com"


def main() -> int:
    """Print the figures; returns 1 when a bound does not hold."""
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    chunks = int(millions * 1e6 / CHUNK_LINES)
    with tempfile.TemporaryDirectory() as folder:
        before = resident()
        rate, keys, lost = asyncio.run(stream(folder, chunks, CHUNK_LINES))
        most = resident()
        singly, singly_keys, singly_lost = asyncio.run(stream(folder, chunks * CHUNK_LINES // 40, 1))
        alone = fill_buffer(folder, chunks)
    rich_log = asyncio.run(fill_rich_log(10_000))
    print(f"RichLog  {rich_log:12,.0f} lines/s")
    print(f"buffer   {alone:12,.0f} lines/s   {alone / rich_log:,.0f}x RichLog")
    print(f"guest    {rate:12,.0f} lines/s   {rate / rich_log:,.0f}x RichLog, bound {LINES_BOUND:,}; {lost} lines lost")
    print(f"         {key_text(keys)}, bound {KEY_BOUND_MS:g} ms")
    print(f"         {most:.0f} MB resident at most, {before:.0f} before")
    print(f"singly   {singly:12,.0f} lines/s   a write for each line; {singly_lost} lines lost")
    print(f"         {key_text(singly_keys)}")
    return int(rate < LINES_BOUND or p99(keys) > KEY_BOUND_MS or lost + singly_lost > 0)


def key_text(keys: list[float]) -> str:
    """What the keys cost."""
    return f"{len(keys)} keys: p50 {statistics.median(keys):.1f} ms, p99 {p99(keys):.1f} ms"


def p99(values: list[float]) -> float:
    """What 99 of 100 do not exceed."""
    return statistics.quantiles(values, n=100)[-1]


def fill_buffer(folder: str, chunks: int) -> float:
    """Lines a second into a buffer by itself."""
    buffer, chunk = OutputBuffer(Spool(folder)), LINE * CHUNK_LINES
    start = time.perf_counter()
    for _ in range(chunks):
        buffer.feed(chunk)
    took = time.perf_counter() - start
    buffer.close()
    return chunks * CHUNK_LINES / took


class Bench(App[None]):
    """A pane and its foot, and a key that says when it was seen."""

    BINDINGS: ClassVar[list[BindingType]] = [("x", "echo", "Echo")]

    def __init__(self) -> None:
        super().__init__()
        self.echo = asyncio.Event()
        self.presses = 0

    def compose(self) -> ComposeResult:
        """The pane, and what its foot says."""
        yield OutputPane()
        yield Label(Content(""), id="foot")
        yield Label(Content(""), id="echo")

    def on_mount(self) -> None:
        """Keys go through the pane, as a user's would."""
        self.query_one(OutputPane).focus()

    def on_output_pane_foot_changed(self, message: OutputPane.FootChanged) -> None:
        """The foot is painted, as it will be."""
        self.query_one("#foot", Label).update(Content(message.text))

    def action_echo(self) -> None:
        """Show that the key came."""
        self.presses += 1
        self.query_one("#echo", Label).update(Content(f"{self.presses}"))
        self.call_after_refresh(self.echo.set)


async def stream(folder: str, writes: int, lines: int) -> tuple[float, list[float], int]:
    """Lines a second from a guest, milliseconds of each key, and how many lines are missing."""
    app, buffer = Bench(), OutputBuffer(Spool(folder))
    async with app.run_test(size=(120, 40)):
        app.query_one(OutputPane).show(buffer)
        # The first run compiles the module.
        async with contextlib.aclosing(guest(folder, writes, lines)) as warm:
            await anext(warm)
            await anext(warm)
        gc.collect()
        gc.freeze()  # as the workspace does once it is painted; a full collection takes 50 ms otherwise
        start = time.perf_counter()
        run = asyncio.ensure_future(pump(guest(folder, writes, lines), lambda event: take(event, buffer)))
        keys = await press_until(run, app)
        took = time.perf_counter() - start
        await run
    lost = writes * lines - buffer.lines_whole + len(buffer.lost)
    if not buffer.outcome.startswith("exit 0"):
        raise SystemExit(f"the run failed: {buffer.outcome}")
    buffer.close()
    return buffer.lines_whole / took, keys, lost


async def press_until(run: asyncio.Future[None], app: Bench) -> list[float]:
    """Press keys until a run is over; milliseconds from each to its frame."""
    times = []
    while not run.done():
        app.echo.clear()
        start = time.perf_counter()
        app.post_message(events.Key("x", "x"))
        await app.echo.wait()
        times.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(0.01)
    return times


async def fill_rich_log(lines: int) -> float:
    """Lines a second into Textual's own widget."""

    class Log(App[None]):
        def compose(self) -> ComposeResult:
            yield RichLog(max_lines=10_000)

    app, line = Log(), LINE.decode().strip()
    async with app.run_test(size=(120, 40)) as pilot:
        log = app.query_one(RichLog)
        start = time.perf_counter()
        for _ in range(lines):
            log.write(line)
        await pilot.pause()
        return lines / (time.perf_counter() - start)


def guest(folder: str, writes: int, lines: int) -> AsyncGenerator[RunEvent, None]:
    """A run, in a worker process, of a module that writes lines."""
    module, key = printing(writes, lines), SigningKey.generate()
    source = {
        "type": "codi/library-manifest/v1",
        "library": {"name": "bench", "version": "1.0.0", "description": "", "permissions": [], "dependencies": []},
        "commands": {"bench": {"description": "", "subcommands": {"run": command()}}},
        "wasm_module": {"format": "wasi-command", "exports": ["_start", "memory"]},
    }
    public_key = bytes(key.verify_key)
    manifest = complete_manifest(source, module, public_key=public_key, sequence=1, issued_at=timestamp(time.time()))
    document = sign_manifest(manifest, module, key)
    validator = SecurityValidator(Keyring({ORIGIN: [TrustedKey(public_key.hex(), ["*"])]}), time.time)
    library: CommandLibrary = drive(validator.admit(document, origin=ORIGIN, name="bench"))

    async def load_module(library: CommandLibrary) -> VerifiedModule:
        return validator.verify_module(library, module)

    definition = library.manifest.find("bench.run")
    assert definition is not None
    invocation = Invocation(library, definition, {}, Permissions(library, "bench.run", []))
    worker = WorkerExecutor(str(Path(folder) / "modules"), str(Path(folder) / "runs"), load_module)
    return DynamicExecutor({"wasm": worker}).execute(invocation)


def take(event: RunEvent, buffer: OutputBuffer) -> None:
    """What a run of the workspace does with its output."""
    if event.type == "output":
        buffer.feed(event.data, event.fields["stream"])
    elif event.type == "completed":
        buffer.end("exit 0")


def command() -> dict[str, Any]:
    """The definition of the one command."""
    handler = {"type": "wasm", "function": "main", "output": "text"}
    return {"description": "", "arguments": [], "options": [], "handler": handler}


def printing(writes: int, lines: int) -> bytes:
    """A module that writes so many times, so many lines at once."""
    text = (LINE * lines).decode().replace("\n", "\\n")
    size = "".join(f"\\{byte:02x}" for byte in (len(LINE) * lines).to_bytes(4, "little"))
    return bytes(
        wat2wasm(f"""(module
 (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
 (memory (export "memory") 4)
 (data (i32.const 0) "\\08\\00\\00\\00{size}{text}")
 (func (export "_start") (local $n i32)
  (loop $next
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 200000)))
   (local.set $n (i32.add (local.get $n) (i32.const 1)))
   (br_if $next (i32.lt_u (local.get $n) (i32.const {writes}))))))""")
    )


def resident() -> float:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.exit(main())
