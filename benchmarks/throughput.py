"""From a guest to whoever reads: bytes a second, and how long the first of them take.

Usage: python benchmarks/throughput.py [MEGABYTES]     (default 512 to a pipe, a quarter of it to a terminal)

pipe        `codi run` of a guest that writes 64 KiB at a time, into a pipe that is read
head        as many bytes from `head -c`, into the same pipe or terminal, for the ratio
terminal    the same guest on a pseudo-terminal, plain text, sanitised
accents     the same with a letter beyond ASCII in each line
escapes     the same with an escape sequence in each line
latency     a guest that writes the time every 20 ms: from its write to its reader, the first and the rest

Ends with 1 when a bound does not hold: 200 MB/s to a pipe; to a terminal 50 MB/s, or four fifths of what `head` reaches
on a machine whose terminals are slower; 5 ms for the first byte.
"""

from __future__ import annotations

import os
import pty
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path

from homes import make_home, store

_WASI = '(import "wasi_snapshot_preview1" "{0}" (func ${0} (param {1}) (result i32)))'
_CHUNK = 64 * 1024
_PIPE_BOUND, _TERMINAL_BOUND, _FIRST_BOUND = 200.0, 50.0, 5.0
_LINES = {
    "plain": b"the quick brown fox jumps over the lazy dog, and over it again\n",
    "accents": "the quick brown fox jumps over the lazy d\N{LATIN SMALL LETTER O WITH DIAERESIS}g, and over it agai\n".encode(),
    "escapes": b"the quick \x1b[1mbrown fox\x1b[0m jumps over the lazy dog, and again\n",
}
CLOCK = f"""(module {_WASI.format("fd_write", "i32 i32 i32 i32")} {_WASI.format("poll_oneoff", "i32 i32 i32 i32")}
 {_WASI.format("clock_time_get", "i32 i64 i32")} (memory (export "memory") 1)
 (data (i32.const 0) "\\10\\00\\00\\00\\08\\00\\00\\00")
 (func (export "_start") (local $n i32)
  (loop $next
   (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 16)))
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 400)))
   (i32.store (i32.const 528) (i32.const 1)) (i64.store (i32.const 536) (i64.const 20000000))
   (drop (call $poll_oneoff (i32.const 512) (i32.const 600) (i32.const 1) (i32.const 700)))
   (local.set $n (i32.add (local.get $n) (i32.const 1)))
   (br_if $next (i32.lt_u (local.get $n) (i32.const 40))))))"""
"""Writes the time of day in nanoseconds, eight bytes, every 20 ms."""


def writer(line: bytes, total_bytes: int) -> str:
    """A guest that writes whole lines, a chunk at a time."""
    chunk = line * (_CHUNK // len(line))
    text = "".join(f"\\{byte:02x}" for byte in chunk)
    size = "".join(f"\\{byte:02x}" for byte in len(chunk).to_bytes(4, "little"))
    return f"""(module {_WASI.format("fd_write", "i32 i32 i32 i32")} (memory (export "memory") 2)
 (data (i32.const 0) "\\10\\00\\00\\00{size}") (data (i32.const 16) "{text}")
 (func (export "_start") (local $n i32)
  (loop $next
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
   (local.set $n (i32.add (local.get $n) (i32.const 1)))
   (br_if $next (i32.lt_u (local.get $n) (i32.const {total_bytes // len(chunk)}))))))"""


def read_all(descriptor: int) -> tuple[int, float]:
    """Bytes read to the end, and the seconds from the first to the last of them."""
    total, begun = 0, 0.0
    while True:
        try:
            data = os.read(descriptor, 1 << 20)
        except OSError:  # the terminal's other side is closed
            break
        if not data:
            break
        begun = begun or time.monotonic()
        total += len(data)
    return total, time.monotonic() - begun


def through_a_pipe(words: list[str], environment: dict[str, str]) -> float:
    """Megabytes a second."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        total, seconds = read_all(process.stdout.fileno())
    return total / seconds / 1e6


def through_a_terminal(words: list[str], environment: dict[str, str]) -> float:
    """Megabytes a second; the terminal is raw, so that the kernel adds nothing to them."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    process = subprocess.Popen(words, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL, env=environment)
    os.close(slave)
    total, seconds = read_all(master)
    os.close(master)
    process.wait()
    return total / seconds / 1e6


def latencies(words: list[str], environment: dict[str, str]) -> list[float]:
    """Milliseconds from each write of the clock to its reader."""
    found = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 8):
            found.append((time.time_ns() - int.from_bytes(data, "little")) / 1e6)
    return found


def main() -> int:
    """Measure, print, judge."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    codi = shutil.which("codi", path=os.path.dirname(sys.executable)) or "codi"
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder))
        store(home, "pipe", ["run"], writer(_LINES["plain"], megabytes * 1_000_000))
        for name, line in _LINES.items():
            store(home, name, ["run"], writer(line, megabytes * 250_000))
        store(home, "clock", ["run"], CLOCK, ["clock"])
        environment = {**os.environ, "HOME": str(home), "TERM": "xterm"}
        for name in ("pipe", *_LINES, "clock"):
            words = [codi, "run", "--timeout", "0.01", "--allow", "clock", f"{name}.run"]
            subprocess.run(words, capture_output=True, env=environment, check=False)
        pipe, raw, first, rest = [], [], [], []
        for _ in range(3):
            pipe.append(through_a_pipe([codi, "run", "pipe.run"], environment))
            raw.append(through_a_pipe(["head", "-c", str(megabytes * 1_000_000), "/dev/zero"], environment))
            found = latencies([codi, "run", "--allow", "clock", "clock.run"], environment)
            first.append(found[0])
            rest += found[1:]
        to_pipe = statistics.median(pipe)
        print(
            f"pipe      {to_pipe:7.0f} MB/s ({to_pipe / statistics.median(raw):.2f}x of head), bound {_PIPE_BOUND:.0f}"
        )
        rates: dict[str, list[float]] = {name: [] for name in _LINES}
        heads: list[float] = []
        for _ in range(3):
            heads.append(through_a_terminal(["head", "-c", str(megabytes * 250_000), "/dev/zero"], environment))
            for name, found_rates in rates.items():
                found_rates.append(through_a_terminal([codi, "run", f"{name}.run"], environment))
        head = statistics.median(heads)
        for name, found_rates in rates.items():
            rate = statistics.median(found_rates)
            bound = f", bound {_TERMINAL_BOUND:.0f}" if name == "plain" else ""
            print(f"terminal  {rate:7.0f} MB/s ({rate / head:.2f}x of head), {name}{bound}")
        to_terminal = statistics.median(rates["plain"])
        rest.sort()
        late = rest[int(len(rest) * 0.99)]
        print(
            f"latency   {statistics.median(first):7.1f} ms for the first bytes, bound {_FIRST_BOUND:.0f}; "
            f"then {statistics.median(rest):.1f}, p99 {late:.1f}"
        )
    held = to_pipe >= _PIPE_BOUND and to_terminal >= min(_TERMINAL_BOUND, 0.8 * head)
    held = held and statistics.median(first) <= _FIRST_BOUND
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
