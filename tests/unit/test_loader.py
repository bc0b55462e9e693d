"""DynamicLoader: from the cache without a request, verified every time; refetched or refused when it does not hold."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.sqlite import SqliteCache
from codi_tui.cache.zstd import compress
from codi_tui.errors import (
    CacheError,
    CodiError,
    FetchError,
    GrantError,
    ModuleError,
    NotFoundError,
    ProtocolError,
    RefusedError,
    TrustError,
)
from codi_tui.loader import DynamicLoader
from codi_tui.model.times import timestamp
from codi_tui.operations.core import drive
from codi_tui.runtime import RuntimeMode
from codi_tui.trust import BUNDLED
from support.libraries import HELLO, LOOP, OTHER_KEY, manifest, printing, signed, subcommand, wasm
from support.simulator import DOWN, Bench, Simulator, directory
from support.trust import ISSUED, NOW, ORIGIN, sign_anything, trusted, v0

DEMO = signed(issued_at=ISSUED)
OTHER = "https://other.example.com"


@pytest.fixture
def server() -> Simulator:
    return Simulator(DEMO)


@pytest.fixture
def bench(tmp_path: Path, server: Simulator) -> Iterator[Bench]:
    bench = Bench(tmp_path, server)
    yield bench
    bench.close()


def library(name: str = "demo", version: str = "1.0.0", **members: Any) -> bytes:
    options = {key: members.pop(key) for key in ("key", "issued_at") if key in members}
    return signed(manifest(name, version, **members), **{"issued_at": ISSUED, **options})


def refusal(bench: Bench, command: str = "demo.run") -> CodiError:
    with pytest.raises(CodiError) as caught:
        bench.load(command)
    return caught.value


class TestCache:
    def test_the_first_load_fetches_and_the_next_makes_no_request(self, bench: Bench, server: Simulator) -> None:
        first = bench.load()
        assert server.requests == ["commands/demo.run", "libraries/demo"]
        assert not first.library.cached
        assert first.definition.path == "demo.run"
        server.requests.clear()
        server.error = DOWN
        second = bench.load()
        assert server.requests == []
        assert second.library.cached
        assert second.library.digest == first.library.digest
        assert bench.notices == []

    def test_the_module_of_a_cached_library_comes_from_the_cache(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        server.error = DOWN
        loader = bench.loader()
        resolved = drive(loader.load_command("demo.run"))
        assert resolved.library.module is None
        assert drive(loader.load_module(resolved.library)).data == wasm(HELLO)

    def test_the_module_of_a_fetched_library_is_at_hand(self, bench: Bench) -> None:
        loader = bench.loader()
        fetched = drive(loader.load_command("demo.run")).library
        assert drive(loader.load_module(fetched)) is fetched.module

    def test_a_cached_library_is_verified_as_of_now(self, bench: Bench, server: Simulator) -> None:
        server.publish(library(library={"expires_at": timestamp(NOW + 100)}))
        bench.load()
        bench.now = NOW + 100
        assert refusal(bench).code == "E_EXPIRED"
        assert len(bench.rows("SELECT id FROM command_libraries")) == 1
        bench.now = NOW + 99
        assert bench.load().library.cached

    def test_an_expired_copy_is_replaced_when_there_is_a_newer(self, bench: Bench, server: Simulator) -> None:
        server.publish(library(library={"expires_at": timestamp(NOW + 100)}))
        bench.load()
        bench.now = NOW + 200
        server.publish(library(version="1.0.1", library={"expires_at": timestamp(NOW + 300)}))
        assert bench.load().library.version == "1.0.1"
        assert bench.notices == ["demo: the cached copy was refused (E_EXPIRED); it was fetched again"]

    def test_a_clock_set_back_refuses_and_drops_nothing(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.now = NOW - 10**8
        server.error = DOWN
        assert refusal(bench).code == "E_CLOCK"
        bench.now = NOW
        assert bench.load().library.cached

    def test_a_key_that_is_no_longer_trusted_refuses_its_cached_library(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.keys = {ORIGIN: [trusted(key=OTHER_KEY)]}
        assert refusal(bench).code == "E_SIGNATURE"
        bench.offline = True
        assert isinstance(refusal(bench), FetchError | RefusedError)

    def test_a_row_of_an_older_schema_is_validated_again(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.load()
        monkeypatch.setattr("codi_tui.loader.SCHEMA_VERSION", 99)
        validated: list[object] = []
        monkeypatch.setattr("codi_tui.model.schema.validate_manifest", lambda value, **_: validated.append(value))
        assert bench.load().library.cached
        assert len(validated) == 1

    def test_a_row_of_an_older_schema_that_a_newer_one_refuses_is_replaced(self, bench: Bench) -> None:
        bench.load()
        bench.change("UPDATE command_libraries SET metadata = json_set(metadata, '$.schema', 0)")
        assert bench.load().library.cached

    def test_a_v0_library_is_kept_with_its_module_inside(self, tmp_path: Path) -> None:
        server = Simulator(sign_anything(v0()))
        bench = Bench(tmp_path, server, keys={ORIGIN: [trusted(accept_v0=True)]})
        bench.load()
        server.error = DOWN
        resolved = bench.load()
        assert resolved.library.module is not None
        assert resolved.library.module.data == wasm(HELLO)
        assert bench.rows("SELECT count(*) FROM modules") == [(0,)]
        bench.keys = {ORIGIN: [trusted()]}
        assert refusal(bench).code == "E_TYPE"
        bench.close()

    def test_without_a_cache_every_load_fetches(self, bench: Bench, server: Simulator) -> None:
        for _ in range(2):
            drive(bench.loader(cached=False).load_command("demo.run"))
        assert server.requests.count("libraries/demo") == 2

    async def test_the_same_loader_runs_on_an_event_loop(self, bench: Bench, server: Simulator) -> None:
        cache = await SqliteCache.init(RuntimeMode.LOCAL, path=str(bench.path), connect=AsyncStorage.open)
        try:
            assert not (await bench.loader(cache).load_command("demo.run")).library.cached
            server.error = DOWN
            loader = bench.loader(cache)
            cached = (await loader.load_command("demo.run")).library
            assert cached.cached
            assert (await loader.load_module(cached)).data == wasm(HELLO)
        finally:
            await cache.close()


ROW = "SELECT library_json, metadata FROM command_libraries"


def changed_metadata(**members: Any) -> str:
    return f"UPDATE command_libraries SET metadata = json_patch(metadata, '{json.dumps(members)}')"


TAMPERED = {
    "no frame": "UPDATE command_libraries SET library_json = x'00'",
    "another digest": "UPDATE command_libraries SET hash = replace(hash, substr(hash, 1, 1), 'x')",
    "another version": "UPDATE command_libraries SET version = '9.9.9'",
    "another signature": changed_metadata(signature="0" * 128),
    "no signature": changed_metadata(signature=None),
    "a signature that is a list": changed_metadata(signature=[]),
    "another key": changed_metadata(key_id="ed25519:0"),
    "a key that is a number": changed_metadata(key_id=5),
    "metadata that is no JSON": "UPDATE command_libraries SET metadata = '{'",
    "metadata that is a list": "UPDATE command_libraries SET metadata = '[]'",
    "metadata is bytes that are no text": "UPDATE command_libraries SET metadata = x'ff'",
    "empty metadata": "UPDATE command_libraries SET metadata = ''",
}

WRONG_TYPES = {
    "message is text": "UPDATE command_libraries SET library_json = 'text'",
    "message is a number": "UPDATE command_libraries SET library_json = 5",
    "metadata is deep": "UPDATE command_libraries SET metadata = replace(hex(zeroblob(50000)), '00', '[')",
    "version is no semver": "INSERT INTO command_libraries SELECT id, 'x', library_json, metadata, 1, 1, 1, hash FROM command_libraries",
    "metadata is text that is no UTF-8": "UPDATE command_libraries SET metadata = CAST(x'7bff7d' AS TEXT)",
}


class TestTampered:
    @pytest.mark.attack("D1")
    @pytest.mark.parametrize("name", TAMPERED)
    def test_a_tampered_row_is_dropped_and_fetched_again(self, bench: Bench, server: Simulator, name: str) -> None:
        bench.load()
        bench.change(TAMPERED[name])
        server.requests.clear()
        loaded = bench.load().library
        assert not loaded.cached
        assert server.requests == ["libraries/demo"]
        (notice,) = bench.notices
        assert notice.startswith("demo: the cached copy was refused (E_")
        server.requests.clear()
        assert bench.load().library.cached
        assert server.requests == []

    @pytest.mark.attack("D1")
    @pytest.mark.parametrize("name", TAMPERED)
    def test_a_tampered_row_is_refused_offline_and_dropped(self, bench: Bench, server: Simulator, name: str) -> None:
        bench.load()
        bench.change(TAMPERED[name])
        bench.offline = True
        server.requests.clear()
        assert refusal(bench).code in ("E_SIGNATURE", "E_DIGEST", "E_ZSTD")
        assert server.requests == []
        assert bench.rows("SELECT * FROM command_libraries") == []
        assert refusal(bench).code == "E_OFFLINE"

    @pytest.mark.parametrize("name", TAMPERED)
    def test_a_tampered_row_is_refused_while_its_server_is_down(
        self, bench: Bench, server: Simulator, name: str
    ) -> None:
        bench.load()
        bench.change(TAMPERED[name])
        server.error = DOWN
        assert refusal(bench).code in ("E_SIGNATURE", "E_DIGEST", "E_ZSTD")

    @pytest.mark.parametrize("name", WRONG_TYPES)
    def test_a_row_of_another_type_is_dropped_and_fetched_again(
        self, bench: Bench, server: Simulator, name: str
    ) -> None:
        bench.load()
        bench.change(WRONG_TYPES[name])
        assert bench.load().library.digest
        server.requests.clear()
        assert bench.load().library.cached
        assert server.requests == []

    @pytest.mark.attack("D1")
    def test_every_flipped_byte_of_a_stored_message_is_fetched_again(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        ((stored, _),) = bench.rows(ROW)
        cache = bench.cache()
        for at in range(len(stored)):
            server.requests.clear()
            flipped = stored[:at] + bytes([stored[at] ^ 0x10]) + stored[at + 1 :]
            drive(cache._storage.read("UPDATE command_libraries SET library_json = ?", (flipped,)))
            loaded = drive(bench.loader(cache).load_command("demo.run")).library
            assert loaded.cached == (server.requests == [])
            assert json.loads(loaded.message)["library"]["name"] == "demo"

    def test_another_library_s_row_under_this_name_is_refused(self, bench: Bench, server: Simulator) -> None:
        server.publish(library("other"))
        bench.load()
        bench.load("other.run")
        bench.change(
            "UPDATE command_libraries SET (library_json, metadata, hash) ="
            " (SELECT library_json, metadata, hash FROM command_libraries WHERE id LIKE '%/other') WHERE id LIKE '%/demo'"
        )
        bench.offline = True
        assert refusal(bench).code == "E_NAME_MISMATCH"

    def test_an_older_version_s_row_under_a_newer_number_is_refused(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.change("UPDATE command_libraries SET version = '2.0.0'")
        bench.offline = True
        assert refusal(bench).code == "E_DIGEST"

    def test_a_tampered_module_is_fetched_again(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        for data in (compress(wasm(LOOP)), b"", b"\0", compress(b"")):
            bench.change("UPDATE modules SET data = ?", (data,))
            loader = bench.loader()
            cached = drive(loader.load_command("demo.run")).library
            server.requests.clear()
            assert drive(loader.load_module(cached)).data == wasm(HELLO)
            assert server.requests == ["libraries/demo"]
        assert len(bench.notices) == 4
        assert all("module is damaged" in notice for notice in bench.notices)

    def test_a_missing_module_is_fetched_again(self, bench: Bench) -> None:
        bench.load()
        bench.change("DELETE FROM modules")
        loader = bench.loader()
        assert drive(loader.load_module(drive(loader.load_command("demo.run")).library)).data == wasm(HELLO)
        assert bench.rows("SELECT count(*) FROM modules") == [(1,)]

    @pytest.mark.parametrize(
        ("sql", "code"), [("UPDATE modules SET data = x'00'", "E_ZSTD"), ("DELETE FROM modules", "E_OFFLINE")]
    )
    def test_a_tampered_or_missing_module_is_refused_offline(
        self, bench: Bench, server: Simulator, sql: str, code: str
    ) -> None:
        bench.load()
        bench.change(sql)
        bench.offline = True
        server.requests.clear()
        loader = bench.loader()
        cached = drive(loader.load_command("demo.run")).library
        with pytest.raises(CodiError) as caught:
            drive(loader.load_module(cached))
        assert caught.value.code == code
        assert server.requests == []

    def test_a_library_that_changed_at_its_source_gives_no_other_module(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.change("DELETE FROM modules")
        loader = bench.loader()
        cached = drive(loader.load_command("demo.run")).library
        server.publish(signed(manifest("demo", "1.0.1"), wasm(LOOP), issued_at=ISSUED))
        with pytest.raises(TrustError, match="has changed") as caught:
            drive(loader.load_module(cached))
        assert caught.value.code == "E_WASM_HASH"

    def test_a_mistake_in_the_settings_costs_no_cached_copy(self, bench: Bench) -> None:
        bench.load()
        good = bench.keys
        bench.offline = True
        for keys in ({}, {ORIGIN: [trusted("other")]}):
            bench.keys = keys  # type: ignore[assignment]
            assert refusal(bench).code in ("E_NO_TRUST", "E_KEY_SCOPE")
        bench.keys = good
        assert bench.load().library.cached

    def test_an_index_that_points_elsewhere_does_not_hide_a_command(self, bench: Bench, server: Simulator) -> None:
        server.publish(library("other"))
        bench.load()
        bench.load("other.run")
        bench.change("UPDATE command_index SET id = ? WHERE command = 'demo.run'", (f"{ORIGIN}/other",))
        assert bench.load().library.name == "demo"


class TestOffline:
    def test_an_unknown_command_offline_is_not_asked_for(self, bench: Bench, server: Simulator) -> None:
        bench.offline = True
        error = refusal(bench)
        assert isinstance(error, FetchError)
        assert error.code == "E_OFFLINE"
        assert refusal(bench, "demo:demo.run").code == "E_OFFLINE"
        assert server.requests == []

    def test_a_local_source_is_read_offline(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path, directory(tmp_path / "bundled", DEMO))
        bench.offline = True
        assert bench.load().library.origin == BUNDLED
        bench.close()

    def test_offline_with_no_server_a_command_is_unknown(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path, directory(tmp_path / "bundled", DEMO))
        bench.offline = True
        assert isinstance(refusal(bench, "no.such"), NotFoundError)
        bench.close()

    def test_a_second_server_s_cached_library_by_its_full_name_needs_no_network(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path, Simulator(origin=OTHER), Simulator(DEMO))
        bench.load("demo:demo.run")
        bench.offline = True
        try:
            assert bench.load("demo:demo.run").library.cached
        finally:
            bench.close()

    def test_a_cached_library_by_its_full_name_makes_no_request(self, tmp_path: Path) -> None:
        first, second = Simulator(origin=OTHER), Simulator(DEMO)
        bench = Bench(tmp_path, first, second)
        bench.load("demo:demo.run")
        first.requests.clear()
        try:
            bench.load("demo:demo.run")
            assert first.requests == []
        finally:
            bench.close()


class TestSources:
    def test_an_unknown_command_is_not_found(self, bench: Bench) -> None:
        for command in ("no.such", "demo.no", "demo:demo.no", "none:demo.run"):
            assert isinstance(refusal(bench, command), NotFoundError)

    @pytest.mark.parametrize(
        "command", ["", "demo", "../x.y", "a/b.c", "DEMO.run", "demo.run\n", "x" * 10_000, "demo:x", "a.b?c"]
    )
    def test_what_is_no_command_sends_no_request(self, bench: Bench, server: Simulator, command: str) -> None:
        error = refusal(bench, command)
        assert isinstance(error, NotFoundError)
        assert len(error.message) < 120
        assert server.requests == []

    def test_the_next_server_is_asked_when_one_is_down(self, tmp_path: Path) -> None:
        first, second = Simulator(origin=OTHER), Simulator(DEMO)
        first.error = DOWN
        bench = Bench(tmp_path, first, second)
        assert bench.load().library.origin == ORIGIN
        bench.close()

    @pytest.mark.parametrize(
        "error", [GrantError("403"), ProtocolError("redirect", code="E_REDIRECT"), RefusedError("bad JSON")]
    )
    def test_the_next_server_is_asked_when_one_misbehaves(self, tmp_path: Path, error: CodiError) -> None:
        first, second = Simulator(origin=OTHER), Simulator(DEMO)
        first.error = error
        bench = Bench(tmp_path, first, second)
        try:
            assert bench.load().library.origin == ORIGIN
        finally:
            bench.close()

    def test_the_next_server_is_asked_for_a_full_name_when_one_is_down(self, tmp_path: Path) -> None:
        first, second = Simulator(origin=OTHER), Simulator(DEMO)
        first.error = DOWN
        bench = Bench(tmp_path, first, second)
        try:
            assert bench.load("demo:demo.run").library.origin == ORIGIN
        finally:
            bench.close()

    def test_when_nobody_has_it_the_server_that_was_down_is_named(self, tmp_path: Path) -> None:
        first, second = Simulator(origin=OTHER), Simulator(DEMO)
        first.error = FetchError("first")
        bench = Bench(tmp_path, first, second)
        assert refusal(bench, "no.such").message == "first"
        second.error = FetchError("second")
        assert refusal(bench, "no.such").message == "first"
        bench.close()

    def test_a_refused_library_of_the_first_server_is_not_replaced_by_the_second_s(self, tmp_path: Path) -> None:
        first, second = Simulator(library(key=OTHER_KEY), origin=OTHER), Simulator(DEMO)
        bench = Bench(tmp_path, first, second)
        assert refusal(bench).code == "E_SIGNATURE"
        assert bench.rows("SELECT * FROM command_libraries") == []
        bench.close()

    @pytest.mark.attack("A18")
    def test_a_bundled_command_wins_over_a_cached_and_a_served_one(self, tmp_path: Path) -> None:
        server = Simulator(DEMO)
        bench = Bench(tmp_path, server)
        bench.load()
        bundled = directory(tmp_path / "bundled", DEMO)
        bench.sources = [bundled, server]
        bench.keys = {**bench.keys, BUNDLED: [trusted()]}
        server.requests.clear()
        assert bench.load().library.origin == BUNDLED
        assert bench.load("demo:demo.run").library.origin == BUNDLED
        assert server.requests == []
        bench.close()

    def test_a_server_s_key_cannot_sign_for_the_bundled_origin(self, tmp_path: Path) -> None:
        bench = Bench(tmp_path, directory(tmp_path / "bundled", DEMO), keys={ORIGIN: [trusted()]})
        assert refusal(bench).code == "E_NO_TRUST"
        bench.close()

    @pytest.mark.attack("A18")
    def test_the_first_owner_keeps_the_short_name_and_it_is_said_once(self, tmp_path: Path) -> None:
        commands = {"demo": {"description": "Group", "subcommands": {"run": subcommand()}}}
        server = Simulator(DEMO, library("newcomer", commands=commands))
        bench = Bench(tmp_path, server)
        bench.load()
        assert bench.load("newcomer:demo.run").library.name == "newcomer"
        assert bench.notices == ["newcomer: demo.run belong to another library; write newcomer:demo.run"]
        assert bench.load("newcomer:demo.run").library.cached
        assert bench.load().library.name == "demo"
        assert len(bench.notices) == 1
        bench.close()

    def test_a_cached_library_of_an_origin_that_is_gone_does_not_run(self, bench: Bench) -> None:
        bench.load()
        bench.sources = []
        assert isinstance(refusal(bench), NotFoundError)
        assert isinstance(refusal(bench, "demo:demo.run"), NotFoundError)

    def test_an_origin_that_is_gone_does_not_keep_a_short_name(self, tmp_path: Path) -> None:
        gone, server = Simulator(DEMO, origin=OTHER), Simulator(DEMO)
        bench = Bench(tmp_path, gone)
        bench.load()
        bench.sources, bench.keys = [server], {ORIGIN: [trusted()]}
        bench.load()
        server.requests.clear()
        try:
            assert bench.load().library.cached
            assert server.requests == []
        finally:
            bench.close()

    def test_a_library_without_the_promised_command_is_not_found(self, tmp_path: Path) -> None:
        bundled = directory(tmp_path / "bundled", DEMO)
        (tmp_path / "bundled/index.json").write_text('{"commands":{"demo.other":{"library":"demo"}}}')
        bench = Bench(tmp_path, bundled)
        assert isinstance(refusal(bench, "demo.other"), NotFoundError)
        bench.close()

    def test_a_wanted_version_is_not_answered_with_another(self, bench: Bench, server: Simulator) -> None:
        server.publish(library(version="2.0.0"))
        with pytest.raises(CodiError):
            drive(bench.loader().load_library(server, "demo", "1.0.0"))

    def test_a_wanted_version_in_the_cache_is_loaded(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        server.publish(library(version="1.10.0"))
        bench.change("DELETE FROM command_index")
        drive(bench.loader()._fetch(server, "demo"))
        assert bench.load().library.version == "1.10.0"
        assert drive(bench.loader().load_library(server, "demo", "1.0.0")).version == "1.0.0"

    def test_a_library_that_is_not_bundled_is_found_behind_the_bundled_ones(self, tmp_path: Path) -> None:
        server = Simulator(DEMO)
        bench = Bench(tmp_path, directory(tmp_path / "bundled", library("other")), server)
        assert bench.load("demo:demo.run").library.origin == ORIGIN
        bench.close()

    def test_a_short_name_that_cannot_be_claimed_is_said_and_the_run_goes_on(self, tmp_path: Path) -> None:
        gone, server = Simulator(DEMO, origin=OTHER), Simulator(DEMO)
        bench = Bench(tmp_path, gone)
        bench.load()
        bench.sources, bench.keys = [server], {ORIGIN: [trusted()]}
        cache: Any = BrokenCache(bench.cache(), {"claim_command"})
        assert drive(bench.loader(cache).load_command("demo.run")).library.origin == ORIGIN
        assert "the cache: no claim_command; going on without it" in bench.notices
        bench.close()

    def test_who_wants_to_know_is_told_that_the_cache_took_a_library(self, bench: Bench, server: Simulator) -> None:
        told: list[object] = []

        async def stored(cache: object) -> None:
            told.append(cache)

        cache = bench.cache()
        validator = bench.loader(cache)._validator
        loader = DynamicLoader(cache, [server], validator, now=lambda: NOW, check_module=lambda *_: None, stored=stored)
        for _ in range(2):
            drive(loader.load_command("demo.run"))
        assert told == [cache]


class TestRefused:
    def test_nothing_of_a_refused_library_is_stored(self, bench: Bench, server: Simulator) -> None:
        for document in (
            b"{",
            library(key=OTHER_KEY),
            library(library={"expires_at": ISSUED}),
            DEMO.replace(b"Group", b"group"),
        ):
            server.documents["demo"] = document
            server.find_command = lambda command: _answer("demo")  # type: ignore[method-assign]
            assert isinstance(refusal(bench), RefusedError)
        for table in ("command_libraries", "modules", "command_index"):
            assert bench.rows(f"SELECT * FROM {table}") == []

    @pytest.mark.attack("B10")
    def test_a_wrong_header_refuses_the_library(self, bench: Bench, server: Simulator) -> None:
        server.header = "0" * 128
        assert refusal(bench).code == "E_HEADER"

    def test_a_module_that_is_none_is_not_stored(self, bench: Bench, server: Simulator) -> None:
        import base64
        import hashlib

        text = b"(module)"
        parsed = json.loads(DEMO)
        parsed["library"] |= {"wasm_sha256": hashlib.sha256(text).hexdigest(), "wasm_size": len(text)}
        parsed["wasm_module"]["data"] = base64.b64encode(text).decode()
        server.publish(sign_anything(parsed))
        assert isinstance(refusal(bench), ModuleError)
        assert bench.rows("SELECT * FROM modules") == []

    def test_a_module_that_travels_apart_is_fetched_and_checked(self, bench: Bench, server: Simulator) -> None:
        server.publish(DEMO, apart=True)
        resolved = bench.load()
        assert resolved.library.module is not None
        assert server.requests[-1].startswith("blobs/")
        assert bench.rows("SELECT count(*) FROM modules") == [(1,)]

    @pytest.mark.attack("A6")
    def test_another_module_that_travels_apart_is_refused(self, bench: Bench, server: Simulator) -> None:
        server.publish(DEMO, apart=True)
        (digest,) = server.blobs
        server.blobs[digest] = wasm(LOOP)
        assert refusal(bench).code == "E_WASM_HASH"
        assert bench.rows("SELECT * FROM command_libraries") == []

    def test_a_module_apart_without_a_size_is_refused(self, bench: Bench, server: Simulator) -> None:
        parsed = json.loads(DEMO)
        del parsed["library"]["wasm_size"], parsed["wasm_module"]["data"]
        server.publish(sign_anything(parsed))
        assert isinstance(refusal(bench), RefusedError)


async def _answer(value: str) -> str:
    return value


class TestDependencies:
    def test_dependencies_come_along_and_confer_nothing(self, tmp_path: Path) -> None:
        server = Simulator(
            library(library={"dependencies": ["helper@^1.2", "demo", "third"]}), library("helper"), library("third")
        )
        bench = Bench(tmp_path, server)
        resolved = bench.load()
        assert resolved.library.manifest.library.permissions == []
        server.error = DOWN
        for name in ("helper", "third"):
            assert bench.load(f"{name}.run").library.cached
        bench.close()

    def test_a_cycle_of_dependencies_ends(self, tmp_path: Path) -> None:
        server = Simulator(
            library(library={"dependencies": ["helper"]}), library("helper", library={"dependencies": ["demo"]})
        )
        bench = Bench(tmp_path, server)
        bench.load()
        assert server.requests.count("libraries/demo") == server.requests.count("libraries/helper") == 1
        bench.close()

    def test_a_dependency_that_cannot_be_had_is_said_and_the_run_goes_on(self, tmp_path: Path) -> None:
        server = Simulator(library(library={"dependencies": ["missing", "evil"]}), library("evil", key=OTHER_KEY))
        bench = Bench(tmp_path, server)
        assert bench.load().library.name == "demo"
        assert [notice.partition(",")[0] for notice in bench.notices] == ["demo names missing", "demo names evil"]
        assert len(bench.rows("SELECT id FROM command_libraries")) == 1
        bench.close()

    def test_a_long_chain_of_dependencies_is_bounded(self, tmp_path: Path) -> None:
        chain = [library(f"l{at}", library={"dependencies": [f"l{at + 1}"]}) for at in range(300)]
        server = Simulator(*chain)
        bench = Bench(tmp_path, server)
        try:
            assert bench.load("l0.run").library.name == "l0"
            assert len(server.requests) < 200
        finally:
            bench.close()


class BrokenCache:
    """A cache whose disk gives out: everything but what a test lets through raises."""

    def __init__(self, cache: SqliteCache, broken: set[str], code: str = "E_CACHE") -> None:
        self._cache = cache
        self._broken = broken
        self._code = code

    def __getattr__(self, name: str) -> Any:
        if name in self._broken:
            raise CacheError(f"the cache: no {name}", code=self._code)
        return getattr(self._cache, name)


class TestFailingCache:
    @pytest.mark.parametrize("broken", ["store_library", "get_library", "find_command"])
    def test_a_cache_that_fails_is_said_and_the_run_goes_on(self, bench: Bench, broken: str) -> None:
        cache: Any = BrokenCache(bench.cache(), {broken})
        resolved = drive(bench.loader(cache).load_command("demo.run"))
        assert resolved.library.name == "demo"
        assert bench.notices == [f"the cache: no {broken}; going on without it"]

    @pytest.mark.parametrize("broken", ["store_library", "get_library", "find_command"])
    def test_a_cache_that_is_not_safely_ours_is_refused(self, bench: Bench, broken: str) -> None:
        cache: Any = BrokenCache(bench.cache(), {broken}, "E_CACHE_PERMS")
        with pytest.raises(CacheError) as caught:
            drive(bench.loader(cache).load_command("demo.run"))
        assert caught.value.code == "E_CACHE_PERMS"

    def test_a_module_that_the_cache_cannot_give_is_fetched(self, bench: Bench) -> None:
        bench.load()
        cache: Any = BrokenCache(bench.cache(), {"get_module"})
        loader = bench.loader(cache)
        assert drive(loader.load_module(drive(loader.load_command("demo.run")).library)).data == wasm(HELLO)

    def test_a_refused_row_that_cannot_be_dropped_is_still_replaced(self, bench: Bench) -> None:
        bench.load()
        bench.change("UPDATE command_libraries SET hash = 'x'")
        cache: Any = BrokenCache(bench.cache(), {"forget_library"})
        assert not drive(bench.loader(cache).load_command("demo.run")).library.cached

    @pytest.mark.attack("D9")
    def test_a_full_disk_leaves_no_half_row(self, bench: Bench, server: Simulator) -> None:
        server.publish(signed(module=wasm(printing(1, os.urandom(60_000))), issued_at=ISSUED))
        cache = bench.cache()
        drive(cache._storage.read("PRAGMA max_page_count = 8"))
        resolved = drive(bench.loader(cache).load_command("demo.run"))
        assert resolved.library.name == "demo"
        assert bench.notices == ["the cache: database or disk is full; going on without it"]
        for table in ("command_libraries", "modules", "command_index"):
            assert bench.rows(f"SELECT * FROM {table}") == []

    def test_a_cache_that_was_damaged_meanwhile_is_begun_anew(self, bench: Bench, server: Simulator) -> None:
        bench.load()
        bench.close()
        with sqlite3.connect(bench.path) as connection:
            connection.execute("DROP TABLE modules")
        connection.close()
        server.requests.clear()
        assert not bench.load().library.cached
        assert server.requests == ["commands/demo.run", "libraries/demo"]


class TestDirectory:
    def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = directory(tmp_path / "bundled", DEMO)
        bench = Bench(tmp_path, source)
        assert not bench.load().library.cached
        assert bench.load().library.cached
        directory(tmp_path / "bundled", library(version="1.0.1"))
        os.utime(tmp_path / "bundled/demo.json", ns=(1, 1))
        loaded = bench.load().library
        assert (loaded.version, loaded.cached) == ("1.0.1", False)
        assert bench.load().library.cached
        bench.close()

    def test_a_library_that_was_removed_is_not_run_from_the_cache_of_an_index_that_names_it(
        self, tmp_path: Path
    ) -> None:
        bench = Bench(tmp_path, directory(tmp_path / "bundled", DEMO))
        bench.load()
        directory(tmp_path / "bundled", library("other"))
        (tmp_path / "bundled/demo.json").unlink()
        try:
            assert isinstance(refusal(bench), NotFoundError)
        finally:
            bench.close()

    def test_a_directory_that_went_back_a_version_is_cached_too(self, tmp_path: Path) -> None:
        source = directory(tmp_path / "bundled", library(version="2.0.0"))
        bench = Bench(tmp_path, source)
        bench.load()
        directory(tmp_path / "bundled", library(version="1.0.0"))
        try:
            assert bench.load().library.version == "1.0.0"
            assert bench.load().library.cached
        finally:
            bench.close()


def test_a_loader_says_nothing_unless_it_is_given_somebody_to_tell(tmp_path: Path, server: Simulator) -> None:
    bench = Bench(tmp_path, server)
    loader = DynamicLoader(
        None, [server], bench.loader(cached=False)._validator, now=lambda: NOW, check_module=lambda *_: None
    )
    assert drive(loader.load_command("demo.run")).library.name == "demo"
    loader._give_up_cache(CacheError("x"))
