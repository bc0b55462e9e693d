"""Attacks on the cache and the disk (table D): what other tests leave open, each at its acceptance line."""

from __future__ import annotations

import hashlib
import os
import resource
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import zstandard

from codi_tui.cache import compress, decompress
from codi_tui.errors import CacheError, CodiError
from codi_tui.limits import MIB
from codi_tui.operations.core import drive
from conftest import CODI, Codi, add_server
from support.libraries import HELLO, LOOP, OTHER_KEY, PUBLIC_KEY, manifest, publish, signed, wasm
from support.server import serving
from support.simulator import Bench, Simulator
from support.trust import ISSUED, document, sign_anything

# D2: between the check and the use

TRIES = 10_000


class Keeping:
    """A cache whose refused rows stay, so that the race goes on."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    async def forget_library(self, *_: object, **__: object) -> None:
        pass


class Swapper:
    """Another process: swaps a library's row and its module for hostile ones and back, as fast as it can."""

    def __init__(self, path: Path, table: str, good: tuple[object, ...], bad: list[tuple[object, ...]]) -> None:
        self._path, self._table = path, table
        self._rows = [good, *bad]
        self._over = threading.Event()
        self.swaps = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        connection.execute("PRAGMA synchronous = OFF")
        marks = ", ".join("?" * len(self._rows[0]))
        while not self._over.is_set():
            row = self._rows[self.swaps % len(self._rows)]
            connection.execute(f"INSERT OR REPLACE INTO {self._table} VALUES ({marks})", row)
            self.swaps += 1
        connection.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, Simulator(signed(issued_at=ISSUED)))
    bench.load()
    yield bench
    bench.close()


@pytest.mark.attack("D2")
def test_a_row_swapped_at_any_time_is_never_loaded_unverified(bench: Bench) -> None:
    (good,) = bench.rows("SELECT * FROM command_libraries")
    digest = hashlib.sha256(decompress(good[2], MIB)).hexdigest()
    changed = decompress(good[2], MIB).replace(b"A library", b"A LIBRARY")
    other = sign_anything(document(manifest(library={"description": "evil"})), OTHER_KEY)
    bad = [
        (*good[:2], compress(changed), *good[3:]),
        (*good[:2], compress(changed), *good[3:7], hashlib.sha256(changed).hexdigest()),
        (*good[:2], compress(other), *good[3:]),
        (*good[:2], b"\x28\xb5\x2f\xfd", *good[3:]),
    ]
    cache: Any = Keeping(bench.cache())
    outcomes = {"loaded": 0, "refused": 0}
    bench.offline = True
    with Swapper(bench.path, "command_libraries", good, bad) as swapper:
        for _ in range(TRIES):
            try:
                library = drive(bench.loader(cache).load_command("demo.run")).library
            except CodiError:
                outcomes["refused"] += 1
            else:
                outcomes["loaded"] += 1
                assert library.digest == digest
                assert library.manifest.library.description == "A library"
    assert swapper.swaps > 100
    assert min(outcomes.values()) > 10, outcomes


@pytest.mark.attack("D2")
def test_a_module_swapped_at_any_time_is_never_handed_out_unverified(bench: Bench) -> None:
    (good,) = bench.rows("SELECT * FROM modules")
    evil = wasm(LOOP)
    at = next(index for index, value in enumerate(good) if isinstance(value, bytes))
    bad = [(*good[:at], compress(evil), *good[at + 1 :]), (*good[:at], b"x", *good[at + 1 :])]
    cache: Any = Keeping(bench.cache())
    loader = bench.loader(cache)
    library = drive(loader.load_command("demo.run")).library
    bench.offline = True
    outcomes = {"loaded": 0, "refused": 0}
    with Swapper(bench.path, "modules", good, bad) as swapper:
        for _ in range(TRIES):
            library.module = None
            try:
                module = drive(bench.loader(cache).load_module(library))
            except CodiError:
                outcomes["refused"] += 1
            else:
                outcomes["loaded"] += 1
                assert module.data == wasm(HELLO)
    assert swapper.swaps > 100
    assert min(outcomes.values()) > 10, outcomes


# D4: bad frames


def frame(stated: int, blocks: int, *, window: int = 0x68, kind: int = 1, size: int = 128 * 1024) -> bytes:
    """A frame of blocks that each say they hold 128 KiB: run-length, raw, compressed or reserved."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0x80, window]) + struct.pack("<I", stated)
    return header + b"".join(
        struct.pack("<I", (size << 3) | kind << 1 | (at == blocks - 1))[:3] + b"\0" for at in range(blocks)
    )


GOOD = compress(b"hello " * 100)
BAD_FRAMES = {
    "a bomb that states its size": frame(1 << 30, 8_192),
    "a bomb that states too little": frame(300, 8_192),
    "a bomb that states too much": frame(0xFFFF_FFFF, 8_192),
    "a bomb that states nothing": zstandard.ZstdCompressor(write_content_size=False).compress(bytes(64 * MIB)),
    "13 bytes that ask for 2^64": b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8,
    "a window of 2 GiB": frame(128 * 1024, 1, window=0xA8),
    "cut short": GOOD[:-3],
    "two frames": GOOD + GOOD,
    "bytes behind it": GOOD + b"x",
    "a skippable frame before it": struct.pack("<II", 0x184D2A50, 0) + GOOD,
    "a reserved block": frame(128 * 1024, 1, kind=3),
    "a reserved bit": GOOD[:4] + bytes([GOOD[4] | 0x08]) + GOOD[5:],
    "another format": b"\x1f\x8b\x08\0" + bytes(20),
}
MEMORY = """
import sys, time
from codi_tui.cache import decompress
from codi_tui.errors import CacheError

def peak():
    return int(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])

data = sys.stdin.buffer.read()
before, taken = peak(), []
for _ in range(3):
    began = time.perf_counter()
    try:
        decompress(data, 1 << 20)
    except CacheError:
        taken.append(time.perf_counter() - began)
print(len(taken), (peak() - before) >> 10, int(min(taken) * 1000))
"""


@pytest.mark.attack("D4")
def test_thirteen_bad_frames_are_refused_at_once_in_little_memory() -> None:
    assert len(BAD_FRAMES) == 13
    for what, data in BAD_FRAMES.items():
        done = subprocess.run([sys.executable, "-c", MEMORY], input=data, capture_output=True, check=True, timeout=60)
        refused, mib, milliseconds = map(int, done.stdout.split())
        assert refused == 3, what
        assert mib < 16, what
        assert milliseconds < 50, what


# D5: a database of somebody else's making


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)"


@pytest.mark.attack("D5")
@pytest.mark.parametrize(
    "sql",
    [
        f"DROP TABLE modules; CREATE VIEW modules AS {ENDLESS} SELECT x AS digest, x AS data, x AS size_bytes FROM c",
        f"DROP TABLE command_index; CREATE VIEW command_index AS {ENDLESS} SELECT x AS command, x AS id FROM c",
        "CREATE TRIGGER t AFTER INSERT ON command_libraries BEGIN DELETE FROM command_index; END",
        "PRAGMA user_version = 999; CREATE TABLE sqlite_stat9 (x)",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
    ],
)
def test_a_hostile_schema_is_moved_aside_and_the_run_goes_on(sql: str, codi: Codi, home: Path) -> None:
    assert codi("run", "--output", "json", "text.count", stdin=b"x").status == 0
    path = home / ".local/share/coditect/codi/cache.db"
    with sqlite3.connect(path) as connection:
        try:
            connection.executescript(sql)
        except sqlite3.OperationalError:
            connection.executescript("CREATE TABLE other (x)")
    connection.close()
    began = time.monotonic()
    result = codi("run", "--output", "json", "text.count", stdin=b"x")
    assert (result.status, result.stdout[:9]) == (0, b'{"lines":')
    assert "moved to" in result.stderr
    assert len(list(path.parent.glob("cache.corrupt-*[0-9]"))) == 1
    assert time.monotonic() - began < 10


# D9: nowhere to write


@pytest.mark.attack("D9")
@pytest.mark.parametrize("kib", [8, 16, 64])
def test_a_quota_stops_no_run_and_leaves_no_half_row(kib: int, home: Path, tmp_path: Path) -> None:
    """Files may not grow beyond a few KiB; the engine itself needs 4 for a guest's memory."""
    publish(tmp_path / "site", signed())
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, ["demo"])
        for _ in range(2):
            done = subprocess.run(
                [CODI, "run", "--output", "json", "demo.run"],
                capture_output=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kib << 10, kib << 10)),
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # half a file of bytecode would stay
                timeout=60,
                check=False,
            )
            assert (done.returncode, done.stdout) == (0, b'"hello\\n"\n'), done.stderr
            assert len(done.stderr.splitlines()) <= 2, done.stderr  # one for the cache, one for the state
    database = home / ".local/share/coditect/codi/cache.db"
    rows = subprocess.run(
        [sys.executable, "-c", COUNT, str(database)], capture_output=True, text=True, check=True, timeout=60
    )
    assert rows.stdout.split() in (["none"], ["0", "0", "0"], ["1", "1", "1"])


@pytest.mark.attack("D9")
def test_what_was_seen_before_is_known_on_a_full_disk_too(home: Path, tmp_path: Path) -> None:
    """The state is read where not even a reader's share of a write-ahead log could be made."""
    site = tmp_path / "site"
    publish(site, signed(manifest(version="1.0.1"), sequence=2))
    with serving(site) as running:
        add_server(home, running.origin, PUBLIC_KEY, ["demo"])

        def run(kib: int) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [CODI, "demo.run"],
                capture_output=True,
                text=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kib << 10, kib << 10)),
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # half a file of bytecode would stay
                timeout=60,
                check=False,
            )

        assert run(1 << 20).stdout == "hello\n"
        data = home / ".local/share/coditect/codi"
        for path in data.glob("cache.db*"):
            path.unlink()
        size = (data / "state.db").stat().st_size >> 10  # what is there can be written over, and nothing grows
        full = run(size)
        assert (full.returncode, full.stdout) == (0, "hello\n"), full.stderr
        publish(site, signed(sequence=1))
        older = run(size)
        assert older.returncode == 77, older.stderr
        assert "E_ROLLBACK" in older.stderr


COUNT = """
import sqlite3, sys
try:
    connection = sqlite3.connect(sys.argv[1])
    for table in ("command_libraries", "modules", "command_index"):
        print(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
except sqlite3.Error:
    print("none")
"""


@pytest.mark.attack("D9")
def test_a_data_folder_that_cannot_be_made_is_one_notice(codi: Codi, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", Path("/proc/1/none")):
        result = codi("run", "--output", "json", "text.count", stdin=b"x", XDG_DATA_HOME=str(folder))
        assert (result.status, result.stdout[:9]) == (0, b'{"lines":')
        assert len(result.stderr.splitlines()) == 1
        assert "going on without it" in result.stderr


COLUMN = "library_json"


@pytest.mark.attack("D4")
def test_a_bad_frame_in_the_cache_is_fetched_again_and_refused_offline(bench: Bench) -> None:
    bench.change(f"UPDATE command_libraries SET {COLUMN} = ?", [BAD_FRAMES["a bomb that states too little"]])
    assert not bench.load().library.cached
    bench.change(f"UPDATE command_libraries SET {COLUMN} = ?", [BAD_FRAMES["13 bytes that ask for 2^64"]])
    bench.offline = True
    with pytest.raises((CacheError, CodiError)):
        bench.load()


# D3: machine code that somebody changed


@pytest.mark.attack("D3")
def test_a_changed_artefact_is_compiled_again_from_the_verified_module(codi: Codi, home: Path) -> None:
    def count() -> bytes:
        result = codi("run", "--output", "json", "text.count", stdin=b"one two\n")
        assert (result.status, result.stderr) == (0, "")
        return result.stdout

    answer = count()
    (artefact,) = (home / ".local/share/coditect/codi/modules").glob("*.bin")
    good = artefact.read_bytes()
    for at in (0, 40, len(good) // 2, len(good) - 1):
        changed = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        artefact.write_bytes(changed)
        assert count() == answer
        assert artefact.read_bytes() != changed
