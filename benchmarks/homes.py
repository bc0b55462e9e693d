"""Home folders for the workspace's benchmarks: guests that write, and caches of any size. No server, no network."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey
from wasmtime import wat2wasm

from codi_tui.cache.sqlite import LibraryData, SqliteCache
from codi_tui.cache.storage import BlockingStorage
from codi_tui.cache.zstd import compress
from codi_tui.model.manifest import SCHEMA_VERSION
from codi_tui.model.times import timestamp
from codi_tui.operations.core import drive
from codi_tui.registry.sign import complete_manifest, sign_manifest
from codi_tui.runtime import RuntimeMode
from codi_tui.trust import Keyring, SecurityValidator, TrustedKey

ORIGIN = "https://bench.example.com"
DATABASE = ".local/share/coditect/codi/cache.db"
LAST = ("zone.yonder", "zone.zenith")
"""The last two commands of the list, whose names nothing else writes."""
_KEY = SigningKey(b"\x07" * 32)
_WASI = '(import "wasi_snapshot_preview1" "{0}" (func ${0} (param i32 i32 i32 i32) (result i32)))'
_SIZE = 72
STREAM = f"""(module {_WASI.format("fd_write")} {_WASI.format("poll_oneoff")} (memory (export "memory") 1)
 (data (i32.const 0) "\\08\\00\\00\\00\\{_SIZE:02x}\\00\\00\\00")
 (func (export "_start") (local $n i32) (local $seed i32) (local $at i32)
  (loop $next
   (local.set $at (i32.const {_SIZE + 6}))
   (loop $letter
    (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
    (i32.store8 (local.get $at)
     (i32.add (i32.const 65) (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 16)) (i32.const 26))))
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (br_if $letter (i32.gt_u (local.get $at) (i32.const 7))))
   (i32.store8 (i32.const {_SIZE + 7}) (i32.const 10))
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 400)))
   (i32.store (i32.const 528) (i32.const 1)) (i64.store (i32.const 536) (i64.const 10000000))
   (drop (call $poll_oneoff (i32.const 512) (i32.const 600) (i32.const 1) (i32.const 700)))
   (local.set $n (i32.add (local.get $n) (i32.const 1)))
   (br_if $next (i32.lt_u (local.get $n) (i32.const 30000))))))"""
"""A hundred lines a second, of which no two have their letters in the same places."""
FLOOD = STREAM.replace("(i64.const 10000000)", "(i64.const 0)").replace("(i32.const 30000)", "(i32.const -1)")
"""The same without a rest between them."""


def make_home(folder: Path) -> Path:
    """A home with two libraries of a server in its cache: `flood.run`, and `zone.stream` with the last two commands."""
    home = folder / "home"
    settings = home / ".config/coditect/codi"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(
        f'[[servers]]\nurl = "{ORIGIN}"\n[[servers.trusted_keys]]\n'
        f'public_key = "{bytes(_KEY.verify_key).hex()}"\nlibraries = ["*"]\n'
    )
    store(home, "flood", ["run"], FLOOD)
    store(home, "zone", ["stream", *(name.partition(".")[2] for name in LAST)], STREAM)
    return home


def store(home: Path, name: str, commands: list[str], module: str, permissions: Sequence[str] = ()) -> None:
    """Sign a library and put it into a home's cache, as if it had been fetched."""
    handler = {"type": "wasm", "function": "main", "output": "text"}
    command = {"description": f"A command of {name}", "arguments": [], "options": [], "handler": handler}
    data = bytes(wat2wasm(module))
    source: dict[str, Any] = {
        "type": "codi/library-manifest/v1",
        "library": {
            "name": name,
            "version": "1.0.0",
            "description": "",
            "permissions": list(permissions),
            "dependencies": [],
        },
        "commands": {name: {"description": "", "subcommands": dict.fromkeys(commands, command)}},
        "wasm_module": {"format": "wasi-command", "exports": ["_start", "memory"]},
    }
    public_key = bytes(_KEY.verify_key)
    complete = complete_manifest(source, data, public_key=public_key, sequence=1, issued_at=timestamp(time.time() - 60))
    validator = SecurityValidator(Keyring({ORIGIN: [TrustedKey(public_key.hex(), ["*"])]}), time.time)
    library = drive(validator.admit(sign_manifest(complete, data, _KEY), origin=ORIGIN, name=name))
    metadata = {
        "signature": library.signature,
        "key_id": library.key_id,
        "schema": SCHEMA_VERSION,
        "module": library.module_digest,
    }
    row = LibraryData(
        id=library.id,
        version=library.version,
        json=compress(library.message),
        metadata=json.dumps(metadata),
        loaded_at=int(time.time()),
        expires_at=None,
        size_bytes=len(library.message),
        hash=library.digest,
    )
    paths = {item.path: item.description for item in library.manifest.walk()}
    path = home / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def put() -> None:
        cache = await SqliteCache.init(RuntimeMode.LOCAL, path=str(path), connect=BlockingStorage.open)
        await cache.store_library(row, paths, (library.module_digest, data))
        await cache.close()

    asyncio.run(put())


def fill(home: Path, commands: int, each: int = 10) -> None:
    """Fill a home's cache with commands that do not exist, so many to a library.

    Their libraries' rows hold another library: to find that out costs what verifying a real one does.
    """
    database = sqlite3.connect(home / DATABASE)
    columns = database.execute("SELECT * FROM command_libraries WHERE id = ?", (f"{ORIGIN}/zone",)).fetchone()
    libraries = [f"{ORIGIN}/filled-{number:05}" for number in range(-(-commands // each))]
    rows = ((f"filled-{n // each:05}.do-{n % each}", libraries[n // each], f"Does {n}") for n in range(commands))
    with database:
        database.executemany(
            f"INSERT INTO command_libraries VALUES ({', '.join('?' * len(columns))})",
            ((library, *columns[1:]) for library in libraries),
        )
        database.executemany("INSERT INTO command_index VALUES (?, ?, ?)", rows)
    database.close()
