"""SqliteCache over both storages: the same tests, driven without an event loop and on asyncio."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.sqlite import SqliteCache
from codi_tui.cache.storage import BlockingStorage
from codi_tui.errors import CacheError
from codi_tui.operations.core import drive
from codi_tui.runtime import RuntimeMode
from support.caches import STORAGES, Way, row


@pytest.fixture(params=STORAGES)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    way = Way(request.param)
    yield way
    way.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "codi/cache.db"


@pytest.fixture
def cache(way: Way, path: Path) -> SqliteCache:
    return way.open(path)


def test_what_is_stored_comes_back(way: Way, cache: SqliteCache, path: Path) -> None:
    data = row(metadata='{"a":"é"}', loaded_at=7, expires_at=9, size_bytes=11, hash="f" * 64)
    assert way.run(cache.store_library(data, {"demo.run": "Runs"}, ("d" * 64, b"\0module"))) == []
    for reader in (cache, way.open(path)):
        found = way.run(reader.get_library("https://a/demo"))
        assert [getattr(found, name) for name in found.__slots__] == [getattr(data, name) for name in data.__slots__]
        assert way.run(reader.get_module("d" * 64)) == b"\0module"
        assert way.run(reader.find_command("demo.run")) == "https://a/demo"
        assert way.run(reader.list_commands()) == [("demo.run", "https://a/demo", "Runs")]


def test_what_is_not_there_is_none(way: Way, cache: SqliteCache) -> None:
    assert way.run(cache.get_library("https://a/demo")) is None
    assert way.run(cache.get_library("https://a/demo", "1.0.0")) is None
    assert way.run(cache.get_module("d" * 64)) is None
    assert way.run(cache.find_command("demo.run")) is None
    assert way.run(cache.list_commands()) == []
    assert way.run(cache.list_libraries()) == []
    way.run(cache.forget_library("https://a/demo", "1.0.0"))


def test_the_highest_version_is_by_semver_and_not_by_text(way: Way, cache: SqliteCache) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.0", "1.10.0-rc.1"):
        way.run(cache.store_library(row(version=version), {}))
    assert way.run(cache.get_library("https://a/demo")).version == "1.10.0"
    assert way.run(cache.get_library("https://a/demo", "1.2.0")).version == "1.2.0"
    assert way.run(cache.get_library("https://a/demo", "9.0.0")) is None


def test_a_version_that_is_not_semver_is_no_crash(way: Way, cache: SqliteCache) -> None:
    for version in ("1.0.0", "x"):
        way.run(cache.store_library(row(version=version), {}))
    try:
        assert way.run(cache.get_library("https://a/demo")).version == "1.0.0"
    except CacheError:
        pass


def test_two_origins_never_overwrite_each_other(way: Way, cache: SqliteCache) -> None:
    way.run(cache.store_library(row(origin="https://a", hash="a"), {}))
    way.run(cache.store_library(row(origin="https://b", hash="b"), {}))
    assert [item.hash for item in way.run(cache.list_libraries())] == ["a", "b"]
    assert way.run(cache.get_library("https://a/demo")).hash == "a"


def test_storing_a_version_again_replaces_it(way: Way, cache: SqliteCache) -> None:
    for digest in ("a", "b"):
        way.run(cache.store_library(row(hash=digest), {}, ("d", digest.encode())))
    assert [item.hash for item in way.run(cache.list_libraries())] == ["b"]
    assert way.run(cache.get_module("d")) == b"b"


def test_the_first_owner_keeps_the_short_name(way: Way, cache: SqliteCache) -> None:
    assert way.run(cache.store_library(row("one"), {"demo.run": "One", "demo.one": "1"})) == []
    assert way.run(cache.store_library(row("two"), {"demo.run": "Two", "demo.two": "2"})) == ["demo.run"]
    assert way.run(cache.store_library(row("two", "2.0.0"), {"demo.run": "Two", "demo.two": "2"})) == ["demo.run"]
    assert way.run(cache.find_command("demo.run")) == "https://a/one"
    assert way.run(cache.find_command("demo.two")) == "https://a/two"
    assert way.run(cache.store_library(row("one", "2.0.0"), {"demo.run": "One"})) == []
    assert way.run(cache.find_command("demo.run")) == "https://a/one"


def test_a_name_that_its_owner_gave_up_is_free(way: Way, cache: SqliteCache) -> None:
    way.run(cache.store_library(row("one"), {"demo.run": "One"}))
    way.run(cache.store_library(row("one", "2.0.0"), {"demo.other": "One"}))
    assert way.run(cache.find_command("demo.run")) is None
    assert way.run(cache.store_library(row("two"), {"demo.run": "Two"})) == []


def test_forgetting_the_last_version_frees_its_names(way: Way, cache: SqliteCache) -> None:
    for version in ("1.0.0", "2.0.0"):
        way.run(cache.store_library(row(version=version), {"demo.run": "Runs"}))
    way.run(cache.store_library(row("other"), {"other.run": "Runs"}))
    way.run(cache.forget_library("https://a/demo", "2.0.0"))
    assert way.run(cache.find_command("demo.run")) == "https://a/demo"
    assert way.run(cache.get_library("https://a/demo")).version == "1.0.0"
    way.run(cache.forget_library("https://a/demo", "1.0.0"))
    assert way.run(cache.find_command("demo.run")) is None
    assert way.run(cache.find_command("other.run")) == "https://a/other"


def test_a_store_is_all_or_nothing(way: Way, cache: SqliteCache) -> None:
    way.run(cache.store_library(row(), {"demo.run": "Runs"}))
    with pytest.raises(CacheError):
        way.run(cache.store_library(row("two"), {"two.run": "Two", "two.bad": None}, ("d", b"x")))  # type: ignore[dict-item]
    assert way.run(cache.find_command("two.run")) is None
    assert way.run(cache.get_library("https://a/two")) is None
    assert way.run(cache.get_module("d")) is None
    way.run(cache.store_library(row("two"), {"two.run": "Two"}))


def test_an_operation_that_fails_leaves_no_open_transaction(way: Way, cache: SqliteCache) -> None:
    class BrokenError(Exception):
        pass

    async def operation(transaction: object) -> None:
        await transaction.execute("DELETE FROM command_libraries")  # type: ignore[attr-defined]
        raise BrokenError

    way.run(cache.store_library(row(), {}))
    with pytest.raises(BrokenError):
        way.run(cache._storage.write(operation))
    assert way.run(cache.get_library("https://a/demo")) is not None
    way.run(cache.store_library(row("two"), {}))


def test_a_damaged_module_is_an_error_of_the_cache(way: Way, cache: SqliteCache) -> None:
    async def operation(transaction: object) -> None:
        await transaction.execute("INSERT INTO modules VALUES ('d', x'00', 1)")  # type: ignore[attr-defined]

    way.run(cache._storage.write(operation))
    with pytest.raises(CacheError) as caught:
        way.run(cache.get_module("d"))
    assert caught.value.code == "E_ZSTD"


def test_errors_other_than_damage_are_passed_on(way: Way, cache: SqliteCache) -> None:
    with pytest.raises(CacheError) as caught:
        way.run(cache._read("SELECT * FROM nothing"))
    assert caught.value.code == "E_CACHE"
    assert way.notices == []


def test_an_error_that_is_not_damage_at_the_start_is_passed_on(way: Way, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheError) as caught:
        way.open(tmp_path / "file/x/cache.db")
    assert caught.value.code == "E_CACHE"


def test_the_path_is_that_of_the_runtime_mode(home: Path) -> None:
    cache: SqliteCache = drive(SqliteCache.init(RuntimeMode.LOCAL))
    drive(cache.close())
    assert cache.path == RuntimeMode.LOCAL.cache_path()
    assert Path(cache.path).is_relative_to(home)
    assert Path(cache.path).exists()


async def test_a_cancelled_write_is_finished_and_leaves_no_open_transaction(path: Path) -> None:
    storage = await AsyncStorage.open(str(path))
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def operation(transaction: object) -> None:
        begun.set()
        await go_on.wait()
        await transaction.execute("INSERT INTO modules VALUES ('d', x'00', 1)")  # type: ignore[attr-defined]
        done.set()

    writer = asyncio.create_task(storage.write(operation))
    await begun.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    go_on.set()
    await done.wait()
    cache = SqliteCache(storage, str(path), AsyncStorage.open, lambda _: None)
    await cache.store_library(row(), {})
    assert await storage.read("SELECT digest FROM modules") == [("d",)]
    await cache.close()


async def test_reads_go_on_while_a_write_is_open(path: Path) -> None:
    storage = await AsyncStorage.open(str(path))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def operation(transaction: object) -> None:
        begun.set()
        await go_on.wait()

    writer = asyncio.create_task(storage.write(operation))
    await begun.wait()
    assert await storage.read("SELECT count(*) FROM modules") == [(0,)]
    go_on.set()
    await writer
    await storage.close()


def test_the_blocking_storage_never_suspends(path: Path) -> None:
    storage = drive(BlockingStorage.open(str(path)))
    assert drive(storage.read("SELECT 1")) == [(1,)]
    drive(storage.close())


def test_a_coroutine_that_suspends_is_a_fault_and_not_a_hang() -> None:
    async def suspends() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="no event loop"):
        drive(suspends())


def test_threads_write_at_once_without_an_error(path: Path) -> None:
    errors: list[BaseException] = []

    def write(number: int) -> None:
        way = Way("blocking")
        try:
            cache = way.open(path)
            for turn in range(10):
                way.run(cache.store_library(row(f"t{number}", f"1.{turn}.0"), {f"t{number}.run": "x"}))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            way.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    way = Way("blocking")
    assert len(way.run(way.open(path).list_libraries())) == 40
    way.close()


WRITER = """
import asyncio, sys
from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.sqlite import SqliteCache
from codi_tui.cache.storage import BlockingStorage
from codi_tui.operations.core import drive
from codi_tui.runtime import RuntimeMode
from support.caches import row
path, number = sys.argv[1], int(sys.argv[2])

async def work(connect):
    cache = await SqliteCache.init(RuntimeMode.LOCAL, path=path, connect=connect)
    for turn in range(20):
        await cache.store_library(row(f"p{number}", f"1.{turn}.0"), {"shared.run": "x", f"p{number}.run": "x"})
        assert await cache.get_library(f"https://a/p{number}", f"1.{turn}.0")
    await cache.close()

if number % 2:
    asyncio.run(work(AsyncStorage.open))
else:
    drive(work(BlockingStorage.open))
"""


def test_eight_processes_write_at_once_without_an_error(path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.append({tests!r})\n{WRITER}", str(path), str(number)],
            stderr=subprocess.PIPE,
        )
        for number in range(8)
    ]
    errors = [writer.communicate(timeout=120)[1].decode() for writer in writers]
    assert errors == [""] * 8
    way = Way("blocking")
    cache = way.open(path)
    assert len(way.run(cache.list_libraries())) == 160
    assert len(way.run(cache.list_commands())) == 9
    way.close()
