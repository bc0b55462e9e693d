"""Core modules, in WebAssembly text."""

from __future__ import annotations

from typing import Any

from support.libraries import manifest, subcommand, wasm

_EMIT = '(import "codi" "emit" (func $emit (param i32 i32 i32)))'
_ASK = """(import "codi" "{name}" (func $ask (param i32 i32) (result i32)))
 (import "codi" "take" (func $take (param i32)))"""
_ALLOC = """(memory (export "memory") 20)
 (global $next (mut i32) (i32.const 4096))
 (func $alloc (export "codi_alloc") (param $size i32) (result i32)
  (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $size))))"""


def core(body: str, imports: str = _EMIT, data: bytes = b"") -> bytes:
    """A core module whose function `main` has this body; `$at` and `$size` are the invocation's."""
    escaped = "".join(f"\\{byte:02x}" for byte in data)
    return wasm(f"""(module {imports} {_ALLOC} (data (i32.const 0) "{escaped}")
 (func (export "main") (param $at i32) (param $size i32) (result i32) (local $n i32) (local $p i32) {body}))""")


def asking(name: str, question: bytes) -> bytes:
    """A core module that emits the answer to one question, or ends with status 9 when there is none."""
    return core(
        f"""(local.set $n (call $ask (i32.const 0) (i32.const {len(question)})))
 (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (i32.const 9))))
 (local.set $p (call $alloc (local.get $n))) (call $take (local.get $p))
 (call $emit (i32.const 1) (local.get $p) (local.get $n)) (i32.const 0)""",
        _EMIT + _ASK.format(name=name),
        question,
    )


def core_manifest(*permissions: str, **handler: Any) -> dict[str, Any]:
    """The manifest of a library whose one command, `demo.run`, is the function `main` of a core module."""
    texts = {"name": "text", "type": "string", "description": ""}
    command = subcommand(options=[texts], handler={"type": "wasm", "function": "main", **handler})
    return manifest(
        library={"permissions": list(permissions)},
        commands={"demo": {"description": "", "subcommands": {"run": command}}},
        wasm_module={"format": "core", "exports": ["memory", "codi_alloc", "main"]},
    )
