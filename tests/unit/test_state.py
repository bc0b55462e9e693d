"""The state database: private, on both storages, whole after any crash (attacks D1, D6, D7, D8), and the audit trail."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.files import Layout
from codi_tui.cache.sqlite import LibraryData
from codi_tui.errors import CodiError, StateError, TrustError
from codi_tui.limits import AUDIT_LINE_BYTES, QUARANTINE_ROW_BYTES, QUARANTINE_ROWS
from codi_tui.operations.core import drive
from codi_tui.state.audit import AuditLog
from codi_tui.state.chain import GENESIS, line_hash
from codi_tui.state.database import STATE, StateDatabase
from codi_tui.state.documents import DocumentStore
from codi_tui.state.marks import MarkStore
from codi_tui.state.quarantine import Quarantine
from support.caches import STORAGES, Way, row
from support.libraries import manifest, signed
from support.roots import trust
from support.simulator import DOWN, Bench, Simulator
from support.trust import ISSUED, NOW, ORIGIN, admit

PROGRAM = Path(__file__).parents[1] / "support/contender.py"


@pytest.fixture(params=STORAGES)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    way = Way(request.param)
    yield way
    way.close()


class Opened:
    """A state database that the test closes."""

    def __init__(self, way: Way, path: Path) -> None:
        self.way = way
        self.database = StateDatabase(str(path), way.connect)
        self.marks = MarkStore(self.database)
        way._stack.callback(lambda: way.run(self.database.close()))

    def advance(self, sequence: int, version: str = "1.0.0", **options: Any) -> Any:
        library = admit(signed(manifest(version=version), sequence=sequence, issued_at=ISSUED))
        members = {"now": NOW, "fetched": True, "checked_at": NOW, **options}
        return self.way.run(self.marks.advance(library, **members))


@pytest.fixture
def opened(way: Way, tmp_path: Path) -> Opened:
    return Opened(way, tmp_path / "data/codi/state.db")


def code_of(operation: Any) -> str:
    with pytest.raises(CodiError) as caught:
        operation()
    return caught.value.code


class TestDatabase:
    @pytest.mark.attack("D6")
    def test_it_is_private_whatever_the_umask(self, opened: Opened) -> None:
        before = os.umask(0)
        try:
            opened.advance(1)
        finally:
            os.umask(before)
        path = Path(opened.database.path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    @pytest.mark.attack("D6")
    def test_a_link_in_its_place_is_refused(self, opened: Opened, tmp_path: Path) -> None:
        path = Path(opened.database.path)
        path.parent.mkdir(parents=True)
        path.symlink_to(tmp_path / "elsewhere")
        assert code_of(lambda: opened.advance(1)) == "E_STATE_PERMS"
        assert not (tmp_path / "elsewhere").exists()

    @pytest.mark.attack("D5")
    @pytest.mark.parametrize("sql", ["CREATE VIEW sneaky AS SELECT 1", "DROP TABLE marks"])
    def test_other_tables_than_ours_are_damage_and_stay(self, opened: Opened, sql: str) -> None:
        opened.advance(1)
        opened.way.run(opened.database.read(sql))
        opened.way.run(opened.database.close())
        before = Path(opened.database.path).read_bytes()
        error_code = code_of(lambda: opened.advance(2))
        assert error_code == "E_STATE_DAMAGED"
        assert Path(opened.database.path).read_bytes() == before
        assert [path.name for path in Path(opened.database.path).parent.glob("*corrupt*")] == []

    def test_it_is_not_opened_before_it_is_needed(self, opened: Opened) -> None:
        assert not opened.database.exists

    def test_the_tables_for_grants_are_there(self, opened: Opened) -> None:
        names = [
            name for (name,) in opened.way.run(opened.database.read("SELECT name FROM pragma_table_info('grants')"))
        ]
        assert names == ["origin", "library", "rule", "permission", "granted_at"]
        names = [
            name for (name,) in opened.way.run(opened.database.read("SELECT name FROM pragma_table_info('approvals')"))
        ]
        assert names == ["origin", "library", "rule", "digest", "surface", "approved_at"]

    def test_its_errors_are_not_the_cache_s(self) -> None:
        assert isinstance(STATE.error("x"), StateError)


async def test_two_tasks_that_need_it_at_once_open_it_once(tmp_path: Path) -> None:
    opened: list[Any] = []

    async def connect(path: str, layout: Layout = STATE) -> Any:
        opened.append(await AsyncStorage.open(path, layout))
        return opened[-1]

    database = StateDatabase(str(tmp_path / "codi/state.db"), connect)
    await asyncio.gather(database.read("SELECT 1"), database.read("SELECT 1"))
    await database.close()
    assert len(opened) == 2
    with pytest.raises(ValueError, match=r"closed|no active"):
        await opened[0].read("SELECT 1")
    with pytest.raises(ValueError, match=r"closed|no active"):
        await opened[1].read("SELECT 1")


async def test_a_library_of_a_server_is_remembered_on_an_event_loop(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Simulator(signed(issued_at=ISSUED)), remembers=True)
    database = StateDatabase(str(bench.state_path), AsyncStorage.open)
    loader = bench.loader()
    assert loader._trust is not None
    loader._trust._database = database
    loader._trust.marks, loader._trust.documents = MarkStore(database), DocumentStore(database)
    await asyncio.gather(*(loader.load_command("demo.run") for _ in range(3)))
    await database.close()
    assert bench.marks() == {"demo": 1}
    bench.close()


class TestMarks:
    def test_a_mark_rises_and_never_falls(self, opened: Opened) -> None:
        assert opened.advance(5) is True
        assert opened.advance(5) is False
        assert opened.advance(6, "1.0.1") is True
        with pytest.raises(TrustError) as caught:
            opened.advance(5)
        assert caught.value.code == "E_ROLLBACK"
        with pytest.raises(TrustError) as caught:
            opened.advance(6, "1.0.2")
        assert caught.value.code == "E_EQUIVOCATION"
        ((_, record),) = opened.way.run(opened.marks.marks()).items()
        assert (record.mark.sequence, record.mark.version) == (6, "1.0.1")

    def test_a_refused_advance_writes_nothing(self, opened: Opened) -> None:
        opened.advance(5)
        with pytest.raises(TrustError):
            opened.advance(4, "0.9.0", now=NOW + 10**6)
        assert opened.way.run(opened.marks.latest()) == NOW
        assert len(opened.way.run(opened.database.read("SELECT * FROM history"))) == 1

    def test_the_clock_is_of_what_was_verified_or_fetched(self, opened: Opened) -> None:
        assert opened.way.run(opened.marks.latest()) == 0
        opened.advance(1, fetched=False, now=NOW + 99)
        assert opened.way.run(opened.marks.latest()) == NOW - 60 * 60
        opened.advance(1, fetched=True, now=NOW + 99)
        assert opened.way.run(opened.marks.latest()) == NOW + 99


class TestDocuments:
    def test_what_was_stored_is_read_back_verified(self, opened: Opened) -> None:
        from codi_tui.trust.document import pin, root_fingerprint

        document = pin(trust(), origin=ORIGIN, fingerprint=root_fingerprint(trust()))
        store = DocumentStore(opened.database)
        assert opened.way.run(store.get(ORIGIN)) is None
        assert opened.way.run(store.put(document, None, NOW)) == (True, [])
        assert opened.way.run(store.put(document, None, NOW)) == (False, [])
        stored = opened.way.run(store.get(ORIGIN))
        assert stored.restored().digest == document.digest
        opened.way.run(store.checked(ORIGIN, NOW + 5))
        assert opened.way.run(store.get(ORIGIN)).checked_at == NOW + 5
        assert opened.way.run(store.remove(ORIGIN))
        assert not opened.way.run(store.remove(ORIGIN))

    @pytest.mark.parametrize(
        "change",
        ["message = x'00'", "message = 5", "signatures = '['", "signatures = '[]'", "digest = 'x'", "message = 'text'"],
    )
    def test_what_was_changed_is_damage(self, opened: Opened, change: str) -> None:
        from codi_tui.trust.document import pin, root_fingerprint

        document = pin(trust(), origin=ORIGIN, fingerprint=root_fingerprint(trust()))
        store = DocumentStore(opened.database)
        opened.way.run(store.put(document, None, NOW))
        opened.way.run(opened.database.read(f"UPDATE trust_documents SET {change}"))
        stored = opened.way.run(store.get(ORIGIN))
        assert code_of(stored.restored) == "E_STATE_DAMAGED"


class TestQuarantine:
    def test_it_is_bounded_and_takes_columns_of_any_type(self, opened: Opened) -> None:
        quarantine = Quarantine(opened.database)
        for number in range(QUARANTINE_ROWS + 3):
            opened.way.run(quarantine.take(row(version=str(number)), "E_DIGEST", NOW))
        odd: Any = LibraryData("a/b", None, 5, None, 0, None, 0, b"\xff")  # type: ignore[arg-type]
        opened.way.run(quarantine.take(odd, "E_ZSTD", NOW))
        opened.way.run(quarantine.take(row(json=b"x" * (QUARANTINE_ROW_BYTES + 1)), "E_ZSTD", NOW))
        rows = opened.way.run(
            opened.database.read("SELECT id, code, length(library_json) FROM quarantine ORDER BY number DESC")
        )
        assert len(rows) == QUARANTINE_ROWS
        assert rows[0][1:] == ("E_ZSTD", QUARANTINE_ROW_BYTES)
        assert rows[1][0] == "a/b"


class TestAudit:
    @pytest.fixture
    def log(self, tmp_path: Path) -> AuditLog:
        return AuditLog(str(tmp_path / "data/audit.log"), lambda: NOW)

    def lines(self, log: AuditLog) -> list[Any]:
        return [json.loads(line) for line in Path(log.path).read_text().splitlines()]

    def test_a_line_for_each_event(self, log: AuditLog) -> None:
        log.append("mark", origin=ORIGIN, note=None)
        log.refused(TrustError("no\nline", code="E_X", facts={"digest": "a"}), origin=ORIGIN, library="demo")
        first, _ = Path(log.path).read_bytes().splitlines(keepends=True)
        assert self.lines(log) == [
            {"seq": 1, "prev": GENESIS, "time": "2026-11-22T00:00:00Z", "event": "mark", "origin": ORIGIN},
            {"seq": 2, "prev": line_hash(first), "time": "2026-11-22T00:00:00Z", "event": "refused", "code": "E_X", "origin": ORIGIN, "library": "demo",
             "message": "no\nline", "digest": "a"},
        ]  # fmt: skip

    def test_it_is_private_and_never_shortened(self, log: AuditLog) -> None:
        before = os.umask(0)
        try:
            log.append("a")
            Path(log.path).chmod(0o644)
            log.append("b")
        finally:
            os.umask(before)
        assert stat.S_IMODE(Path(log.path).stat().st_mode) == 0o600
        assert len(self.lines(log)) == 2

    def test_a_long_line_stays_one_line_of_json(self, log: AuditLog) -> None:
        log.append("refused", message="x\n" * 10_000, gone=["y" * 100] * 1_000)
        (line,) = self.lines(log)
        assert line["shortened"]
        assert Path(log.path).stat().st_size < AUDIT_LINE_BYTES

    def test_a_folder_or_file_of_somebody_else_is_refused(self, log: AuditLog, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        Path(log.path).parent.symlink_to(tmp_path / "elsewhere")
        assert code_of(lambda: log.append("a")) == "E_STATE_PERMS"
        Path(log.path).parent.unlink()
        Path(log.path).parent.mkdir()
        os.mkfifo(log.path)
        reader = os.open(log.path, os.O_RDONLY | os.O_NONBLOCK)
        assert code_of(lambda: log.append("a")) == "E_STATE_PERMS"
        assert os.read(reader, 10) == b""
        os.close(reader)
        assert code_of(lambda: log.append("a")) == "E_STATE_PERMS"

    def test_a_link_or_a_device_in_its_place_is_refused(self, log: AuditLog, tmp_path: Path) -> None:
        log.append("a")
        for make in (lambda path: path.symlink_to(tmp_path / "elsewhere"), lambda path: path.mkdir()):
            Path(log.path).unlink()
            make(Path(log.path))
            with pytest.raises(StateError):
                log.append("b")
            if Path(log.path).is_dir() and not Path(log.path).is_symlink():
                Path(log.path).rmdir()
                Path(log.path).touch()
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.attack("D1")
class TestPoisonedCache:
    @pytest.mark.parametrize("column", ["library_json", "metadata", "hash"])
    def test_every_flipped_byte_of_a_stored_row_is_refused(self, tmp_path: Path, column: str) -> None:
        server = Simulator(signed(issued_at=ISSUED))
        bench = Bench(tmp_path, server, remembers=True)
        bench.load()
        bench.offline = True
        ((good,),) = bench.rows(f"SELECT CAST({column} AS BLOB) FROM command_libraries")
        cache = bench.cache()
        ((*whole,),) = bench.rows("SELECT * FROM command_libraries")
        index = bench.rows("SELECT * FROM command_index")
        codes = []
        for at in range(len(good)):
            flipped = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
            value = flipped if column == "library_json" else flipped.decode(errors="replace")
            bench_write(bench, cache, "BEGIN")
            _restore(bench, cache, whole, index)
            bench_write(bench, cache, f"UPDATE command_libraries SET {column} = ?", (value,))
            bench_write(bench, cache, "COMMIT")
            codes.append(run_or_code(bench, cache))
        refused = [
            code for code in codes if code is not None
        ]  # others were in what nobody goes by, as the source's tag
        assert bench.refusals() == refused
        assert bench.marks() == {"demo": 1}
        assert len(refused) > len(good) // 3
        assert bench.state("SELECT count(*) <= ? FROM quarantine", (QUARANTINE_ROWS,)) == [(1,)]
        bench.close()

    def test_a_poisoned_row_is_kept_as_evidence_and_fetched_again(self, tmp_path: Path) -> None:
        server = Simulator(signed(issued_at=ISSUED))
        bench = Bench(tmp_path, server, remembers=True)
        bench.load()
        bench.change("UPDATE command_libraries SET hash = 'x'")
        server.error = DOWN
        with pytest.raises(TrustError):
            bench.load()
        server.error = None
        assert not bench.load().library.cached
        assert bench.state("SELECT id, hash, code FROM quarantine") == [(f"{ORIGIN}/demo", "x", "E_DIGEST")]
        assert bench.refusals() == ["E_DIGEST"]
        bench.close()


ORIGINAL = admit(signed(issued_at=ISSUED))


def run_or_code(bench: Bench, cache: Any) -> str | None:
    """None when the original came out, as it was signed; else the code of the refusal."""
    try:
        loaded = drive(bench.loader(cache).load_command("demo.run")).library
    except CodiError as error:
        return error.code
    assert loaded.message == ORIGINAL.message
    return None


def bench_write(bench: Bench, cache: Any, sql: str, parameters: Any = ()) -> None:
    drive(cache._storage.read(sql, parameters))


def _restore(bench: Bench, cache: Any, whole: list[Any], index: list[Any]) -> None:
    bench_write(bench, cache, "INSERT OR REPLACE INTO command_libraries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", whole)
    for entry in index:
        bench_write(bench, cache, "INSERT OR REPLACE INTO command_index VALUES (?, ?, ?)", entry)


def contender(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A process that publishes and loads, in a folder that it shares with others."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.attack("D7")
def test_eight_processes_load_and_update_at_once(tmp_path: Path) -> None:
    processes = [contender(tmp_path, "100", str(number)) for number in range(8)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [(process.returncode, stderr) for process, (_, stderr) in zip(processes, outputs, strict=True)] == [
        (0, "")
    ] * 8
    for stdout, _ in outputs:
        sequences = [int(line) for line in stdout.split()]
        assert len(sequences) == 100
        assert sequences == sorted(sequences)
    bench = Bench(tmp_path, remembers=True)
    assert set(bench.refusals()) <= {"E_ROLLBACK"}  # a copy that was older than the mark another had just set
    marks = [line["sequence"] for line in bench.audit() if line["event"] == "mark"]
    assert bench.marks() == {"demo": max(marks)}
    assert sorted(set(marks)) == sorted(marks)
    bench.close()


@pytest.mark.attack("D8")
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    chance, seen = random.Random(8), 0
    nurse = contender(tmp_path, "0", "0")
    assert nurse.stdin is not None
    assert nurse.stdout is not None
    for _ in range(50):
        nurse.stdin.write("go\n")
        nurse.stdin.flush()
        pid = int(nurse.stdout.readline())
        time.sleep(chance.uniform(0.005, 0.08))
        os.kill(pid, signal.SIGKILL)
        assert nurse.stdout.readline() == "dead\n"
        seen = _check_whole(tmp_path, seen)
    nurse.communicate(timeout=10)
    assert nurse.returncode == 0
    assert seen > 1


def _check_whole(folder: Path, before: int) -> int:
    """Whatever a process was doing: the databases open, the mark never falls, and it is that of a real release."""
    bench = Bench(folder, remembers=True)
    try:
        assert bench.state("PRAGMA integrity_check") == [("ok",)]
        assert bench.rows("PRAGMA integrity_check") == [("ok",)]
        marks = bench.state("SELECT sequence, digest FROM marks")
        for sequence, digest in marks:
            assert sequence >= before
            assert bench.state("SELECT count(*) FROM history WHERE digest = ?", (digest,)) == [(1,)]
        for (version,) in bench.rows("SELECT version FROM command_libraries"):
            assert int(version.split(".")[1]) <= marks[0][0]
        return int(marks[0][0]) if marks else before
    finally:
        bench.close()
