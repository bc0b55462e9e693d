"""Libraries for tests: small modules from WebAssembly text, signed with a key of the test."""

from __future__ import annotations

import copy
import functools
import json
import time
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from codi_tui.model.times import timestamp
from codi_tui.registry.sign import complete_manifest, sign_manifest

SEED = b"\x07" * 32
KEY = SigningKey(SEED)
PUBLIC_KEY = bytes(KEY.verify_key)
OTHER_KEY = SigningKey(b"\x08" * 32)

WASI_IMPORT = '(import "wasi_snapshot_preview1" "{0}" (func ${0} (param {1}) (result i32)))'
FD_WRITE = WASI_IMPORT.format("fd_write", "i32 i32 i32 i32")
HELLO = f"""(module {FD_WRITE} (memory (export "memory") 1)
 (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
 (func (export "_start") (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"""
LOOP = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
TRAP = '(module (memory (export "memory") 1) (func (export "_start") unreachable))'
RECURSE = '(module (memory (export "memory") 1) (func $f (export "_start") (call $f)))'
GROW = """(module (memory (export "memory") 1) (func (export "_start")
 (loop (drop (memory.grow (i32.const 64))) (br 0))))"""
GROW_AT_ONCE = """(module (memory (export "memory") 1) (func (export "_start")
 (drop (memory.grow (i32.const 60000))) (i32.store (i32.const 0xE0000000) (i32.const 1)) unreachable))"""
LARGE_AT_START = '(module (memory (export "memory") 30000) (func (export "_start")))'
FLOOD = f"""(module {FD_WRITE} (memory (export "memory") 1)
 (data (i32.const 0) "\\08\\00\\00\\00\\00\\f0\\00\\00")
 (func (export "_start") (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))) (br 0))))"""
WRITE_THEN_GROW = f"""(module {FD_WRITE} (memory (export "memory") 1)
 (data (i32.const 0) "\\08\\00\\00\\00\\00\\f0\\00\\00")
 (func (export "_start") (local $n i32)
  (loop $write
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))
   (local.set $n (i32.add (local.get $n) (i32.const 1)))
   (br_if $write (i32.lt_u (local.get $n) (i32.const 2))))
  (loop $grow (drop (memory.grow (i32.const 16))) (br $grow))))"""
SLEEP = """(module
 (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
 (memory (export "memory") 1)
 (func (export "_start") (i64.store (i32.const 24) (i64.const 60000000000)) (i32.store (i32.const 16) (i32.const 1))
  (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))"""
RANDOM = f"""(module {WASI_IMPORT.format("random_get", "i32 i32")} (memory (export "memory") 1)
 (func (export "_start") (drop (call $random_get (i32.const 0) (i32.const 8)))))"""
FOREIGN = '(module (import "env" "system" (func (param i32))) (memory (export "memory") 1) (func (export "_start")))'
STDIN_TO_STDOUT = f"""(module {FD_WRITE}
 (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
 (memory (export "memory") 2)
 (func (export "_start") (local $n i32)
  (block $end (loop $next
   (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
   (br_if $end (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
   (local.set $n (i32.load (i32.const 16)))
   (br_if $end (i32.eqz (local.get $n)))
   (i32.store (i32.const 4) (local.get $n))
   (br_if $end (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
   (br $next)))))"""


def exit_with(status: int) -> str:
    """A module that ends with a status."""
    return f"""(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
 (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {status}))))"""


def printing(stream: int, text: bytes) -> str:
    """A module that writes bytes to a stream (1 or 2)."""
    escaped = "".join(f"\\{byte:02x}" for byte in text)
    size = "".join(f"\\{byte:02x}" for byte in len(text).to_bytes(4, "little"))
    return f"""(module {FD_WRITE} (memory (export "memory") 4)
 (data (i32.const 0) "\\08\\00\\00\\00{size}{escaped}")
 (func (export "_start") (drop (call $fd_write (i32.const {stream}) (i32.const 0) (i32.const 1) (i32.const 200000)))))"""


@functools.cache
def wasm(text: str) -> bytes:
    """A module's binary form."""
    from wasmtime import wat2wasm

    return bytes(wat2wasm(text))


def subcommand(**members: Any) -> dict[str, Any]:
    """A command's definition."""
    handler = {"type": "wasm", "function": "main", "output": "text"}
    return {"description": "A command", "arguments": [], "options": [], "handler": handler, **members}


def manifest(name: str = "demo", version: str = "1.0.0", **members: Any) -> dict[str, Any]:
    """A manifest's source with one command, `demo.run` (the group is named as the library)."""
    library = {"name": name, "version": version, "description": "A library", "permissions": [], "dependencies": []}
    return {
        "type": "codi/library-manifest/v1",
        "library": {**library, **members.pop("library", {})},
        "commands": members.pop("commands", {name: {"description": "Group", "subcommands": {"run": subcommand()}}}),
        "wasm_module": {"format": "wasi-command", "exports": ["_start", "memory"]},
        **members,
    }


def signed(
    source: dict[str, Any] | None = None,
    module: bytes | None = None,
    *,
    key: SigningKey = KEY,
    sequence: int = 1,
    issued_at: str | None = None,
) -> bytes:
    """A signed document."""
    source = manifest() if source is None else copy.deepcopy(source)
    if module is None and "wasm_module" in source:
        module = wasm(HELLO)
    complete = complete_manifest(
        source,
        module,
        public_key=bytes(key.verify_key),
        sequence=sequence,
        issued_at=issued_at or timestamp(time.time() - 60),
    )
    return sign_manifest(complete, module, key)


def publish(folder: Path, *documents: bytes) -> None:
    """Lay out signed documents as a library server's read path, which any static server can serve."""
    for document in documents:
        parsed = json.loads(document)
        name = parsed["library"]["name"]
        api = folder / "api/v1"
        (api / "libraries").mkdir(parents=True, exist_ok=True)
        (api / "commands").mkdir(exist_ok=True)
        (api / "libraries" / name).write_bytes(document)
        for group, command in parsed["commands"].items():
            for sub in command["subcommands"]:
                (api / "commands" / f"{group}.{sub}").write_text(json.dumps({"library": name}))
