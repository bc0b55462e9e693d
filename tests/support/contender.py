"""A process that loads a library again and again while others do the same, and now and then publishes a release.

Usage: python contender.py FOLDER TIMES NUMBER. Prints the sequence of each release that it loaded. With 0 TIMES it starts,
for each line that it reads, a process that works until it is killed, and says its number, and that it is dead.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from codi_tui.library.source import Delivery
from codi_tui.operations.core import drive
from support.libraries import manifest, signed
from support.simulator import Bench
from support.trust import ISSUED, ORIGIN, trusted

SOURCE = manifest()
del SOURCE["wasm_module"]


class Shared:
    """A server whose latest release is a number in a file."""

    local = False
    networked = True
    origin = ORIGIN

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sequence"
        with (folder / "publishing").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._path.exists():
                self._path.write_text("1")

    def publish(self) -> None:
        with (self._path.parent / "publishing").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new = self._path.with_suffix(".new")
            new.write_text(str(int(self._path.read_text()) + 1))
            new.replace(self._path)

    async def find_command(self, command: str) -> str:
        return "demo"

    async def fetch_library(self, name: str) -> Delivery:
        sequence = int(self._path.read_text())
        SOURCE["library"]["version"] = f"1.{sequence}.0"
        return Delivery(signed(SOURCE, sequence=sequence, issued_at=ISSUED))

    def current_tag(self, name: str) -> None:
        return None


def main() -> None:
    folder, times, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if times:
        work(folder, times, number)
        return
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            work(folder, 1_000_000, number)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("dead", flush=True)


def work(folder: Path, times: int, number: int) -> None:
    server = Shared(folder)
    bench = Bench(folder, server, keys={ORIGIN: [trusted()]}, remembers=True)  # type: ignore[arg-type]
    loader = bench.loader()
    for at in range(times):
        if at % 10 == number:
            server.publish()
            library = drive(loader._fetch(server, "demo"))  # type: ignore[arg-type]
        else:
            library = drive(loader.load_command("demo.run")).library
        os.write(1, f"{library.sequence}\n".encode())
    bench.close()


if __name__ == "__main__":
    main()
