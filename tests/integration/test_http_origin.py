"""A library from a server: fetched once, verified, and at hand when the server is gone."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Codi, add_server
from support.libraries import HELLO, OTHER_KEY, PUBLIC_KEY, manifest, publish, signed, wasm
from support.server import Server, body, serving


@pytest.fixture
def site(tmp_path: Path) -> Path:
    publish(tmp_path / "site", signed())
    return tmp_path / "site"


@pytest.fixture
def server(site: Path, home: Path) -> Iterator[Server]:
    with serving(site) as running:
        add_server(home, running.origin, PUBLIC_KEY, ["demo"])
        yield running


def test_it_is_fetched_once_and_then_no_request_is_made(server: Server, codi: Codi) -> None:
    assert codi("demo.run").stdout == b"hello\n"
    assert server.requests == ["/api/v1/commands/demo.run", "/api/v1/libraries/demo"]
    assert codi("demo.run").stdout == b"hello\n"
    assert codi("run", "--offline", "demo.run").stdout == b"hello\n"
    assert len(server.requests) == 2


@pytest.mark.attack("A2", "D10")
def test_an_older_release_is_77_also_after_the_cache_was_deleted(
    server: Server, site: Path, home: Path, codi: Codi
) -> None:
    folder = home / ".local/share/coditect/codi"
    assert codi("text.count").status == 0
    assert not (folder / "state.db").exists()
    publish(site, signed(sequence=5))
    assert codi("demo.run").status == 0
    for name in ("state.db", "audit.log"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    for path in folder.glob("cache.db*"):
        path.unlink()
    publish(site, signed(manifest(version="0.9.0"), sequence=4))
    result = codi("demo.run")
    assert (result.status, result.stdout) == (77, b"")
    assert "E_ROLLBACK" in result.stderr
    for path in folder.glob("state.db-*"):
        path.unlink()
    (folder / "state.db").write_bytes(b"no database" * 500)
    result = codi("demo.run")
    assert (result.status, result.stdout) == (74, b"")
    assert "E_STATE_DAMAGED" in result.stderr
    assert codi("text.count").status == 0


def test_it_runs_after_its_server_is_gone(site: Path, home: Path, codi: Codi) -> None:
    with serving(site) as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        assert codi("demo.run").status == 0
    assert codi("demo.run").stdout == b"hello\n"


def test_offline_and_not_cached_is_69_and_opens_no_socket(server: Server, codi: Codi) -> None:
    result = codi("run", "--offline", "demo.run")
    assert result.status == 69
    assert "E_OFFLINE" in result.stderr
    assert server.requests == []


def test_a_server_that_is_away_is_69(home: Path, codi: Codi) -> None:
    add_server(home, "http://127.0.0.1:9", PUBLIC_KEY, ["demo"])
    result = codi("demo.run")
    assert result.status == 69
    assert "E_NETWORK" in result.stderr


def test_every_byte_of_the_delivered_document_counts(server: Server, site: Path, codi: Codi, home: Path) -> None:
    path = site / "api/v1/libraries/demo"
    good = path.read_bytes()
    for at in range(20, len(good), len(good) // 8):
        if good[at : at + 1].isspace():
            continue
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        result = codi("demo.run")
        assert result.status == 77, (at, result)
        assert result.stdout == b""
        assert "(E_" in result.stderr
    with sqlite3.connect(home / ".local/share/coditect/codi/cache.db") as cache:
        assert cache.execute("SELECT count(*) FROM command_libraries WHERE id LIKE 'http%'").fetchone() == (0,)
        assert cache.execute("SELECT count(*) FROM command_index").fetchone() == (0,)
    cache.close()
    path.write_bytes(good)
    assert codi("demo.run").status == 0


def test_a_library_of_another_key_is_refused(server: Server, site: Path, codi: Codi) -> None:
    publish(site, signed(key=OTHER_KEY))
    result = codi("demo.run")
    assert result.status == 77
    assert "E_SIGNATURE" in result.stderr


def test_a_module_may_travel_apart_and_is_held_to_its_digest(server: Server, site: Path, codi: Codi) -> None:
    document = json.loads((site / "api/v1/libraries/demo").read_bytes())
    del document["wasm_module"]["data"]
    (site / "api/v1/libraries/demo").write_text(json.dumps(document))
    blob = site / "api/v1/blobs/sha256" / document["library"]["wasm_sha256"]
    blob.parent.mkdir(parents=True)
    blob.write_bytes(wasm(HELLO)[:-1] + b"\0")
    refused = codi("demo.run")
    assert refused.status == 77
    assert "E_WASM_HASH" in refused.stderr
    blob.write_bytes(wasm(HELLO))
    assert codi("demo.run").stdout == b"hello\n"


@pytest.mark.parametrize(
    ("status", "expected"), [(301, 76), (302, 76), (401, 77), (403, 77), (404, 66), (429, 69), (500, 69), (503, 69)]
)
def test_each_answer_of_a_server_has_its_status(status: int, expected: int, server: Server, codi: Codi) -> None:
    server.answers["/api/v1/libraries/demo"] = body(b"", status, Location="http://127.0.0.1:9/")
    assert codi("demo.run").status == expected


def test_an_encoded_body_is_refused(server: Server, codi: Codi) -> None:
    server.answers["/api/v1/libraries/demo"] = body(b"x" * 100, Content_Encoding="zstd")
    assert codi("demo.run").status == 76


def test_the_signature_header_must_agree(server: Server, site: Path, codi: Codi) -> None:
    document = (site / "api/v1/libraries/demo").read_bytes()
    server.answers["/api/v1/libraries/demo"] = body(document, X_Library_Signature="00" * 64)
    result = codi("demo.run")
    assert result.status == 77
    assert "E_HEADER" in result.stderr


def test_a_bundled_command_cannot_be_taken_over(server: Server, site: Path, home: Path, codi: Codi) -> None:
    group = {"description": "", "subcommands": manifest()["commands"]["demo"]["subcommands"]}
    group["subcommands"]["count"] = group["subcommands"]["run"]
    publish(site, signed(manifest(commands={"text": group, "demo": manifest()["commands"]["demo"]})))
    codi("demo.run")
    assert b"words" in codi("text.count", stdin=b"a").stdout
    assert codi("demo:text.count").stdout == b"hello\n"


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty"])
def test_a_corrupt_cache_is_moved_aside_and_the_run_goes_on(
    damage: str, server: Server, codi: Codi, home: Path
) -> None:
    codi("demo.run")
    folder = home / ".local/share/coditect/codi"
    with sqlite3.connect(folder / "cache.db") as cache:
        cache.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache.close()
    for suffix in ("-wal", "-shm"):
        (folder / f"cache.db{suffix}").unlink(missing_ok=True)
    data = (folder / "cache.db").read_bytes()
    broken = {"garbage": b"not a database" * 1000, "truncated": data[: len(data) // 2], "empty": b""}[damage]
    (folder / "cache.db").write_bytes(broken)
    result = codi("demo.run")
    assert result.stdout == b"hello\n"
    assert result.status == 0
    assert codi("demo.run").stderr == ""
    if damage != "empty":
        assert "moved to" in result.stderr
        assert len([path for path in folder.iterdir() if "corrupt" in path.name]) >= 1


def test_a_locked_cache_is_waited_for_and_the_run_goes_on(server: Server, codi: Codi, home: Path) -> None:
    codi("demo.run")
    cache = sqlite3.connect(home / ".local/share/coditect/codi/cache.db", isolation_level=None)
    cache.execute("PRAGMA locking_mode=EXCLUSIVE")
    cache.execute("BEGIN EXCLUSIVE")
    try:
        result = codi("demo.run")
    finally:
        cache.close()
    assert result.stdout == b"hello\n"


@pytest.mark.parametrize("name", ["modules", "cache.db"])
def test_a_changed_artefact_or_row_never_runs(name: str, server: Server, codi: Codi, home: Path) -> None:
    codi("demo.run")
    folder = home / ".local/share/coditect/codi"
    if name == "modules":
        (artefact,) = (folder / "modules").glob("*.bin")
        data = bytearray(artefact.read_bytes())
        data[len(data) // 2] ^= 1
        artefact.write_bytes(data)
    else:
        with sqlite3.connect(folder / "cache.db") as cache:
            (row,) = cache.execute("SELECT library_json FROM command_libraries WHERE id LIKE 'http%'").fetchone()
            changed = row[:-5] + bytes([row[-5] ^ 1]) + row[-4:]
            cache.execute("UPDATE command_libraries SET library_json = ? WHERE id LIKE 'http%'", (changed,))
        cache.close()
    result = codi("demo.run")
    assert result.stdout == b"hello\n"
    assert codi("demo.run").stderr == ""
