"""The workspace: the real executable on a real terminal of 120x40, at the end of a link.

Usage: python benchmarks/workspace.py [CASE …]     (start, wire, memory, many; default all; needs pyte)

start    from exec to the first painted workspace, as ratios to `python -c pass` and to a hello-world Textual app
wire     over SSH: bytes of a cursor move, of a stream of 100 lines a second; on a link of 125 kB/s, a key to its echo
         while a run streams 100 lines a second, and while one writes as fast as it can
memory   resident after three seconds: the first start on an empty cache, and later ones
many     10 000 commands of 1 000 libraries, and 100 000 of 10 000: keys while it starts, the palette, a filter
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from homes import LAST, fill, make_home
from link import Link, link

CODI = (Path(sys.executable).parent / "codi", "ui")
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
RATE = 125_000
UP, DOWN, END = "\x1b[A", "\x1b[B", "\x1b[F"
BOUNDS = {
    "first paint, x a hello app": 1.6,
    "list, a move, bytes": 600,
    "palette, a move, bytes": 600,
    "stream of 100 lines/s, kB/s": 60,
    "key while it streams, p95 ms": 100,
    "key while it floods, p95 ms": 100,
    "resident, MB": 55,
    "palette opens, x an empty index": 1.3,
    "key while 10000 are listed, p95 ms": 100,
    "key while 100000 are listed, p95 ms": 100,
}
HELLO = """
from textual.app import App
from textual.widgets import Static

class Hello(App):
    def compose(self):
        yield Static("hello")

Hello().run()
"""


def main() -> int:
    """Print the figures; returns 1 when a bound does not hold."""
    cases = {"start": start, "wire": wire, "memory": memory, "many": many}
    missed = False
    for name in sys.argv[1:] or cases:
        with tempfile.TemporaryDirectory() as folder:
            for what, figure in cases[name](Path(folder)).items():
                bound = BOUNDS.get(what)
                missed |= bound is not None and figure > bound
                said = "" if bound is None else f"   bound {bound:g}{'  EXCEEDED' if figure > bound else ''}"
                print(f"{what:38} {figure:9.2f}{said}", flush=True)
    return int(missed)


def start(folder: Path) -> dict[str, float]:
    """Whole starts, interleaved, medians."""
    home = make_home(folder)
    verified(home)
    (folder / "hello.py").write_text(HELLO)
    floor, hello, ours = [], [], []
    for _ in range(9):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        floor.append(time.perf_counter() - begun)
        hello.append(painted((sys.executable, folder / "hello.py"), home, "hello"))
        ours.append(painted(CODI, home, "1 Libraries"))
    middle = statistics.median
    return {
        "first paint, ms": middle(ours) * 1000,
        "first paint, x python -c pass": middle(ours) / middle(floor),
        "first paint, x a hello app": middle(ours) / middle(hello),
    }


def painted(words: tuple[object, ...], home: Path, text: str) -> float:
    """Seconds from exec until a text of the first frame has come."""
    with link(words, home) as running:
        return running.until(text)


def verified(home: Path) -> None:
    """One start, to the end of its verification."""
    with link(CODI, home) as running:
        running.until_shown("all verified")


def wire(folder: Path) -> dict[str, float]:
    """Bytes and echoes over SSH."""
    home = make_home(folder)
    verified(home)
    with link(CODI, home, **SSH) as running:
        running.until_shown("all verified")
        figures = {"list, a move, bytes": float(max(running.cost(DOWN) for _ in range(6)))}
        running.press("\x10")
        running.until_shown("Enter opens")
        figures["palette, a move, bytes"] = float(max(running.cost(DOWN) for _ in range(6)))
    with link(CODI, home, **SSH) as running:
        run(running, "zone.stream")
        before = running.received
        running.read(5)
        figures["stream of 100 lines/s, kB/s"] = (running.received - before) / 5000
    for what, command in (("streams", "zone.stream"), ("floods", "flood.run")):
        with link(CODI, home, rate=RATE, **SSH) as running:
            run(running, command)
            figures[f"key while it {what}, p95 ms"] = p95(echoes(running, 60))
    return figures


def run(running: Link, command: str) -> None:
    """Run a command, and go on once its output comes."""
    running.until_shown("all verified")
    for keys in ("\x10", command, "\r"):
        running.press(keys)
        running.read(0.7)
    running.press("\x1b[15~")
    running.until_shown("lines, all kept")
    running.read(1)


def echoes(running: Link, count: int) -> list[float]:
    """Milliseconds from a key in the library list to the row that it moves to."""
    running.press("1")
    running.read(0.3)
    running.press(END)
    running.read(0.5)
    times = []
    for number in range(count):
        times.append(running.echo(DOWN if number % 2 else UP, LAST[0]))
        running.read(0.07 + number % 7 / 100)  # at any moment between two frames
    return times


def memory(folder: Path) -> dict[str, float]:
    """Resident megabytes, the libraries verified."""
    home = folder / "empty"
    home.mkdir()
    figures = {}
    for what in ("first start, resident, MB", "resident, MB"):
        with link(CODI, home) as running:
            running.until_shown("all verified")
            running.read(3)
            figures[what] = running.resident()
    return figures


def many(folder: Path) -> dict[str, float]:
    """Caches of very many commands: keys while they are read and verified, then the palette and a filter."""
    figures, empty = {}, 0.0
    for size in (0, 10_000, 100_000):
        home = make_home(folder / str(size))
        verified(home)
        fill(home, size)
        with link(CODI, home) as running:
            running.until_shown("agent.list")
            times, end = [], time.perf_counter() + 8
            while time.perf_counter() < end:
                times.append(running.echo(DOWN if len(times) % 2 == 0 else UP, "agent-ops"))
                running.read(0.02)
            figures[f"key while {size} are listed, p95 ms"] = p95(times)
            figures[f"key while {size} are listed, most ms"] = max(times)
        opened = statistics.median(opening(home) for _ in range(3))
        empty = empty or opened
        figures[f"palette opens over {size}, ms"] = opened
    figures["palette opens, x an empty index"] = opened / empty
    return figures


def opening(home: Path) -> float:
    """Milliseconds until the palette shows its commands."""
    with link(CODI, home) as running:
        running.until_shown("agent.list")
        running.read(6)
        begun = time.perf_counter()
        running.press("\x10")
        running.until_shown("Enter opens")
        return (time.perf_counter() - begun) * 1000


def p95(values: list[float]) -> float:
    """What 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
