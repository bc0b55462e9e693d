"""The cache's folder and file: private, ours, of our shape, or moved aside (attacks D5, D6, F15)."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from codi_tui.cache import files
from codi_tui.cache.files import SCHEMA, move_aside, open_database, prepare_folder, replace_file, translated
from codi_tui.errors import CacheError
from support.caches import STORAGES, Way, row


@pytest.fixture(params=STORAGES)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    way = Way(request.param)
    yield way
    way.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data/coditect/codi/cache.db"


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0o022)
    yield lambda value: os.umask(value) and None
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def refused(path: Path) -> str:
    with pytest.raises(CacheError) as caught:
        open_database(str(path))
    return caught.value.code


@pytest.mark.attack("D6")
@pytest.mark.parametrize("mask", [0o022, 0o000, 0o077])
def test_folder_and_files_are_private_under_any_umask(
    way: Way, path: Path, umask: Callable[[int], None], mask: int
) -> None:
    umask(mask)
    cache = way.open(path)
    way.run(cache.store_library(row(), {}))
    assert mode(path.parent) == 0o700
    kept = {item.name: mode(item) for item in path.parent.iterdir()}
    assert set(kept) >= {"cache.db", "cache.db-wal", "cache.db-shm"}
    assert set(kept.values()) == {0o600}


@pytest.mark.attack("D6")
def test_a_folder_and_a_file_that_others_could_enter_are_closed(path: Path) -> None:
    open_database(str(path)).close()
    path.parent.chmod(0o777)
    path.chmod(0o666)
    open_database(str(path)).close()
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)


@pytest.mark.attack("D6")
def test_a_link_in_place_of_the_file_is_refused(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "victim"
    target.write_bytes(b"")
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    assert refused(path) == "E_CACHE_PERMS"
    assert target.read_bytes() == b""


@pytest.mark.attack("D6")
def test_a_dangling_link_in_place_of_the_file_is_refused_and_creates_nothing(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "nothing")
    assert refused(path) == "E_CACHE_PERMS"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.attack("D6")
def test_a_link_in_place_of_the_folder_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    path.parent.parent.mkdir(parents=True)
    path.parent.symlink_to(tmp_path / "elsewhere")
    assert refused(path) == "E_CACHE_PERMS"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    assert refused(path) == "E_CACHE_PERMS"


def test_a_pipe_in_place_of_the_file_is_refused_without_waiting(path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert refused(path) == "E_CACHE_PERMS"


def test_a_file_in_place_of_the_folder_is_refused(path: Path) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.write_bytes(b"")
    assert refused(path) == "E_CACHE_PERMS"


def test_a_path_that_cannot_be_is_an_error_of_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert refused(tmp_path / "file/folder/codi/cache.db") == "E_CACHE"


@pytest.mark.attack("D6")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_belongs_to_someone_else_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    open_database(str(path)).close()
    owners = {str(path.parent): os.geteuid(), str(path): os.geteuid()}
    owners[str(path.parent if what == "folder" else path)] += 1
    real = os.lstat

    def lstat(name: str) -> os.stat_result:
        status = list(real(name))
        status[stat.ST_UID] = owners.get(name, status[stat.ST_UID])
        return os.stat_result(status)

    monkeypatch.setattr(os, "lstat", lstat)
    assert refused(path) == "E_CACHE_PERMS"


@pytest.mark.attack("D6")
@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_a_file_given_to_another_user_is_refused(path: Path) -> None:
    open_database(str(path)).close()
    os.chown(path, 65534, 65534)
    assert refused(path) == "E_CACHE_PERMS"


def test_preparing_a_folder_that_is_there_changes_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x")
    prepare_folder(str(tmp_path))
    prepare_folder(str(tmp_path))
    assert (tmp_path / "kept").read_bytes() == b"x"


def test_two_that_make_the_folder_at_once_both_succeed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "codi"
    real = os.mkdir

    def mkdir(name: str, permissions: int = 0o777) -> None:
        real(name, permissions)
        raise FileExistsError(name)

    monkeypatch.setattr(os, "mkdir", mkdir)
    prepare_folder(str(folder))
    assert mode(folder) == 0o700


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(10_000))


def text(path: Path) -> None:
    path.write_bytes(b"SQLite format 4\0 not really")


def sql(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(statement)

    return change


def overwritten(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    data = bytearray(path.read_bytes())
    data[100:4096] = os.urandom(3996)
    path.write_bytes(data)


def cut(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    os.truncate(path, 4096 + 100)


DAMAGE = {
    "garbage": garbage,
    "text": text,
    "overwritten": overwritten,
    "cut": cut,
    "a table more": sql("CREATE TABLE extra (x)"),
    "a view": sql("CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c"),
    "a table turned into a view": sql("DROP TABLE modules; CREATE VIEW modules AS SELECT 1 AS digest, 2 AS data"),
    "a trigger": sql("CREATE TRIGGER t AFTER INSERT ON modules BEGIN DELETE FROM command_libraries; END"),
    "an index less": sql("DROP INDEX idx_library_loaded"),
    "another column": sql("ALTER TABLE modules ADD COLUMN extra"),
    "another application": sql("DROP TABLE modules; CREATE TABLE modules (digest, data, size_bytes)"),
    "an older shape": sql("DROP TABLE command_index"),
}


@pytest.mark.attack("D5")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_moved_aside_and_a_new_one_begun(way: Way, path: Path, damage: str) -> None:
    open_database(str(path)).close()
    DAMAGE[damage](path)
    before = path.read_bytes()
    cache = way.open(path)
    way.run(cache.store_library(row(), {"demo.run": "Runs"}))
    assert way.run(cache.find_command("demo.run")) == "https://a/demo"
    (aside,) = path.parent.glob("cache.corrupt-*[0-9]")
    assert aside.read_bytes() == before
    assert mode(aside) == 0o600
    assert way.notices == [f"the cache was damaged; it was moved to {aside} and a new one begun"]


@pytest.mark.attack("D5")
def test_a_cache_that_breaks_while_it_is_open_is_rebuilt(way: Way, path: Path) -> None:
    cache = way.open(path)
    way.run(cache.store_library(row(), {}))
    sql("PRAGMA wal_checkpoint(TRUNCATE)")(path)
    with path.open("r+b") as file:
        file.write(b"not a database any more" * 1_000)
    assert way.run(cache.get_library("https://a/demo")) is None
    way.run(cache.store_library(row(), {}))
    assert way.run(cache.get_library("https://a/demo")) is not None
    assert len(way.notices) == 1


def test_a_cache_that_breaks_before_a_write_is_rebuilt_and_written(way: Way, path: Path) -> None:
    cache = way.open(path)
    sql("PRAGMA wal_checkpoint(TRUNCATE)")(path)
    with path.open("r+b") as file:
        file.write(b"not a database any more" * 1_000)
    way.run(cache.store_library(row(), {}))
    assert way.run(cache.get_library("https://a/demo")) is not None
    assert len(way.notices) == 1


def test_moving_aside_a_cache_that_is_sound_again_moves_nothing(path: Path) -> None:
    open_database(str(path)).close()
    assert move_aside(str(path)) is None
    assert list(path.parent.glob("cache.corrupt-*")) == []


def test_moving_aside_takes_the_journal_along(path: Path) -> None:
    open_database(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("CREATE TABLE extra (x)")
        aside = move_aside(str(path))
        names = {item.name for item in path.parent.iterdir()}
    moved = Path(aside).name
    assert names == {"cache.db.lock", moved, f"{moved}-wal", f"{moved}-shm"}


def test_moving_aside_what_is_not_safely_ours_is_refused(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "x")
    with pytest.raises(CacheError) as caught:
        move_aside(str(path))
    assert caught.value.code == "E_CACHE_PERMS"


def test_a_cache_that_cannot_be_moved_aside_is_an_error_that_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(str(path)).close()
    garbage(path)

    def replace(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(CacheError, match="cannot be moved aside") as caught:
        move_aside(str(path))
    assert caught.value.code == "E_CACHE"


def test_a_cache_begun_while_the_old_one_is_moved_keeps_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Openers do not take the lock that movers take."""
    open_database(str(path)).close()
    garbage(path)
    real = os.replace
    newcomers: list[sqlite3.Connection] = []

    def replace(source: str, target: str) -> None:
        real(source, target)
        if not newcomers:
            newcomers.append(open_database(str(path)))
            newcomers[0].execute("INSERT INTO modules VALUES ('digest', x'00', 1)")

    monkeypatch.setattr(os, "replace", replace)
    move_aside(str(path))
    try:
        with closing(open_database(str(path))) as connection:
            assert connection.execute("SELECT count(*) FROM modules").fetchall() == [(1,)]
    finally:
        for newcomer in newcomers:
            newcomer.close()


def test_the_notice_is_true_when_another_process_mended_the_cache(way: Way, path: Path) -> None:
    open_database(str(path)).close()
    tries: list[str] = []

    async def connect(name: str) -> object:
        tries.append(name)
        if len(tries) == 1:
            raise CacheError("damaged", code="E_CACHE_DAMAGED")
        return await way.connect(name)

    way.open(path, connect)
    assert all(f"moved to {path} " not in notice for notice in way.notices)


def test_errors_of_the_database_are_told_from_damage() -> None:
    error = sqlite3.OperationalError("database is locked")
    assert translated(error).code == "E_CACHE"
    error.sqlite_errorname = "SQLITE_CORRUPT_INDEX"
    assert translated(error).code == "E_CACHE_DAMAGED"


def test_a_locked_database_is_waited_for(way: Way, path: Path) -> None:
    cache = way.open(path)
    locker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    locker.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, lambda: locker.execute("COMMIT"))
    release.start()
    try:
        way.run(cache.store_library(row(), {}))
    finally:
        release.join()
        locker.close()
    assert way.run(cache.get_library("https://a/demo")) is not None


def test_a_database_that_stays_locked_is_an_error_and_no_damage(
    way: Way, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codi_tui.cache.files.CACHE_BUSY_SECONDS", 0.05)
    cache = way.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(CacheError, match="locked") as caught:
            way.run(cache.store_library(row(), {}))
        assert caught.value.code == "E_CACHE"
        assert way.run(cache.get_library("https://a/demo")) is None
    assert way.notices == []
    way.run(cache.store_library(row(), {}))


def test_the_record_s_table_is_there_to_the_letter(path: Path) -> None:
    with closing(open_database(str(path))) as connection:
        columns = connection.execute(
            "SELECT name, type, [notnull], pk FROM pragma_table_info('command_libraries')"
        ).fetchall()
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert columns == [
        ("id", "TEXT", 1, 1),
        ("version", "TEXT", 1, 2),
        ("library_json", "BLOB", 1, 0),
        ("metadata", "TEXT", 1, 0),
        ("loaded_at", "INTEGER", 1, 0),
        ("expires_at", "INTEGER", 0, 0),
        ("size_bytes", "INTEGER", 1, 0),
        ("hash", "TEXT", 1, 0),
    ]
    assert "CREATE INDEX idx_library_loaded ON command_libraries(loaded_at)" in SCHEMA


OPENER = (
    "import sys\nfrom codi_tui.cache.files import open_database\nsys.stdin.read()\nopen_database(sys.argv[1]).close()"
)


def test_processes_that_open_a_new_cache_at_once_all_succeed(path: Path) -> None:
    for number in range(3):
        database = path.with_name(f"cache{number}.db")
        openers = [
            subprocess.Popen(
                [sys.executable, "-c", OPENER, str(database)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
            )
            for _ in range(6)
        ]
        for opener in openers:
            assert opener.stdin is not None
            opener.stdin.close()
            opener.stdin = None
        errors = [opener.communicate(timeout=60)[1].decode() for opener in openers]
        assert errors == [""] * len(openers)


def test_threads_that_open_a_damaged_cache_at_once_move_it_once(path: Path) -> None:
    open_database(str(path)).close()
    garbage(path)
    ready = threading.Barrier(4)
    errors: list[BaseException] = []

    def opener() -> None:
        way = Way("blocking")
        ready.wait()
        try:
            way.open(path)
            way.close()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=opener) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(path.parent.glob("cache.corrupt-*[0-9]"))) == 1


def test_a_private_file_is_written_whole(tmp_path: Path, umask: Callable[[int], None]) -> None:
    umask(0)
    replace_file(str(tmp_path / "file"), b"first")
    replace_file(str(tmp_path / "file"), b"second")
    assert (tmp_path / "file").read_bytes() == b"second"
    assert mode(tmp_path / "file") == 0o600
    assert [item.name for item in tmp_path.glob("file*")] == ["file"]


def test_a_private_file_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"first")
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(tmp_path / "file"), b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert [item.name for item in tmp_path.glob("file*")] == ["file"]
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "none/file"), b"x")


def test_tables_that_another_process_began_otherwise_meanwhile_are_damage(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files._missing

    def missing(connection: sqlite3.Connection, layout: files.Layout) -> Sequence[str]:
        if connection.in_transaction:
            connection.execute("CREATE TABLE command_libraries (x)")
        return real(connection, layout)

    monkeypatch.setattr(files, "_missing", missing)
    assert refused(path) == "E_CACHE_DAMAGED"
    monkeypatch.undo()
    open_database(str(path)).close()
