"""Whole-process times as ratios to the floor, interleaved in one run, medians.

Usage: python benchmarks/startup.py [ROUNDS]     (default 21; run it with the Python of the environment that has codi)

floor         python -I -S -c pass
empty script  a console script of this environment that prints one line
codi help     the list of commands
tab key       what a shell asks: how `codi text.case s` can go on
cached run    a small command of a library that once came over HTTP, from the cache (no request is made)
bundled run   text.count on one line
first load    fetch from a loopback server, verify, store, compile, run, in a fresh home (every second round)
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loopback import ALLOW, make_home, serve

BIN = Path(sys.executable).parent
GRANTS = [word for permission in ALLOW for word in ("--allow", permission)]
TAB = ("config", "completion", "zsh", "--", "text.case", "s")
BOUNDS = {
    "codi help": ("empty script", 1.3),
    "tab key": ("empty script", 1.3),
    "cached run": ("floor", 9.0),
    "first load": ("floor", 45.0),
}


def main() -> int:
    """Print the table; returns 1 when a bound of the design does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as name:
        times = measure(Path(name), rounds)
    medians = {case: statistics.median(values) for case, values in times.items()}
    for case, median in medians.items():
        print(
            f"{case:13} {median:7.1f} ms   {median / medians['floor']:5.2f}x floor   (best {min(times[case]):.1f} ms)"
        )
    late = [case for case, (base, most) in BOUNDS.items() if medians[case] > most * medians[base]]
    for case, (base, most) in BOUNDS.items():
        print(
            f"{case}: {medians[case] / medians[base]:.2f}x {base}, bound {most}x{'  EXCEEDED' if case in late else ''}"
        )
    return 1 if late else 0


def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every case, a round after the other so that noise hits all alike."""
    server = serve(folder)
    home = make_home(folder, server.server_port)
    run(home, BIN / "codi", "run", *GRANTS, "bench.count")
    cases: dict[str, Callable[[], float]] = {
        "floor": lambda: timed(home, sys.executable, "-I", "-S", "-c", "pass"),
        "empty script": lambda: timed(home, sys.executable, empty_script(folder)),
        "codi help": lambda: timed(home, sys.executable, BIN / "codi", "help"),
        "tab key": lambda: timed(home, sys.executable, BIN / "codi", *TAB),
        "cached run": lambda: timed(home, sys.executable, BIN / "codi", "run", *GRANTS, "bench.count"),
        "bundled run": lambda: timed(home, sys.executable, BIN / "codi", "text.count"),
        "first load": lambda: first_load(folder, server.server_port),
    }
    times: dict[str, list[float]] = {case: [] for case in cases}
    for number in range(rounds + 1):
        for case, once in cases.items():
            if case == "first load" and number % 2:
                continue
            value = once()
            if number:
                times[case].append(value)
    server.shutdown()
    return times


def first_load(folder: Path, port: int) -> float:
    """One run in a home that has never seen the library."""
    home = make_home(folder, port)
    try:
        return timed(home, sys.executable, BIN / "codi", "run", *GRANTS, "bench.count")
    finally:
        shutil.rmtree(home)


def empty_script(folder: Path) -> Path:
    """A console script as pip wrote codi's, with a main that prints one line."""
    path = folder / "empty"
    if not path.exists():
        stub = (BIN / "codi").read_text()
        path.write_text(stub.replace("from codi_tui.entry import main", "def main():\n    print('codi')"))
    return path


def timed(home: Path, *words: object) -> float:
    """Milliseconds of one process, from its start to its end."""
    start = time.perf_counter()
    run(home, *words)
    return (time.perf_counter() - start) * 1000


def run(home: Path, *words: object) -> None:
    """Run a command on one line of input; a failure ends the benchmark."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run([str(word) for word in words], input=b"one two\n", capture_output=True, check=True, env=environment)


if __name__ == "__main__":
    sys.exit(main())
