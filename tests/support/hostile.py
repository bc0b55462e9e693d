"""Hostile modules, one or more for each row of attacks E, from WebAssembly text."""

from __future__ import annotations

from collections.abc import Sequence

from support import libraries

_START = '(memory (export "memory") 1)'
_PAGE_TOUCHED = """(i32.store (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 1))"""

LOOP_BEFORE_START = f'(module {_START} (func $f (loop (br 0))) (start $f) (func (export "_start")))'
GROW_AND_TOUCH = f"""(module {_START} (func (export "_start")
 (loop (drop (memory.grow (i32.const 1))) {_PAGE_TOUCHED} (br 0))))"""
MANY_MEMORIES = f"""(module {_START} {"(memory 200) " * 90} (func (export "_start")))"""
TABLE_AT_START = f'(module {_START} (table 20000 funcref) (func (export "_start")))'
MANY_TABLES = f'(module {_START} {"(table 9000 funcref) " * 50} (func (export "_start")))'
TABLE_GROWS = f"""(module {_START} (table $t 1 funcref) (func (export "_start")
 (if (i32.eq (table.grow $t (ref.null func) (i32.const 100000000)) (i32.const -1)) (then unreachable))))"""
RECURSE_IN_CIRCLES = f"""(module {_START} (type $f (func (param i64 i64 i64 i64) (result i64)))
 (table 2 2 funcref) (elem (i32.const 0) $a $b)
 (func $a (type $f) (i64.add (i64.const 1) (call_indirect (type $f)
  (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 1))))
 (func $b (type $f) (i64.add (i64.const 1) (call_indirect (type $f)
  (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 0))))
 (func (export "_start") (drop (call $a (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))))"""


def _escaped(data: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in data)


_EVENT = b'{"type":"progress","done":1}\n'
FLOOD_OF_EVENTS = f"""(module {libraries.FD_WRITE} (memory (export "memory") 1)
 (data (i32.const 0) "{_escaped(bytes([16, 0, 0, 0, len(_EVENT), 0, 0, 0, *bytes(8), *_EVENT]))}")
 (func (export "_start") (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))) (br 0))))"""
EVERYTHING_GIVEN = f"""(module {libraries.FD_WRITE}
 {
    "".join(
        libraries.WASI_IMPORT.format(name, "i32 i32")
        for name in ("environ_sizes_get", "environ_get", "args_sizes_get", "args_get")
    )
}
 (memory (export "memory") 4)
 (func (export "_start") (local $size i32)
  (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
  (drop (call $environ_get (i32.const 1024) (i32.const 65536)))
  (local.set $size (i32.load (i32.const 4)))
  (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
  (drop (call $args_get (i32.const 1024) (i32.add (i32.const 65536) (local.get $size))))
  (i32.store (i32.const 16) (i32.const 65536))
  (i32.store (i32.const 20) (i32.add (local.get $size) (i32.load (i32.const 4))))
  (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))))"""
"""Writes its whole environment, then its arguments."""

CREATE, DIRECTORY, TRUNCATE = 1, 2, 8
READ, WRITE = 1 << 1, 1 << 6
_PATHS, _ANSWERS = 4096, 1024


class Attempt:
    """One `path_open` below the first granted folder, or a `path_link` from it to `link_to`."""

    def __init__(self, path: str, oflags: int = 0, rights: int = READ, link_to: str | None = None) -> None:
        self.path = path
        self.oflags = oflags
        self.rights = rights
        self.link_to = link_to


def attempting(attempts: Sequence[Attempt]) -> str:
    """A module that makes each attempt and writes WASI's answers, a byte each: 0 is success."""
    data, calls, at = b"", [], _PATHS
    for number, attempt in enumerate(attempts):
        path, link = attempt.path.encode(), (attempt.link_to or "").encode()
        where = f"(i32.const {at}) (i32.const {len(path)})"
        to = f"(i32.const {at + len(path)}) (i32.const {len(link)})"
        if attempt.link_to is None:
            call = (
                f"(call $path_open (i32.const 3) (i32.const 1) {where} (i32.const {attempt.oflags})"
                f" (i64.const {attempt.rights}) (i64.const {attempt.rights}) (i32.const 0) (i32.const 512))"
            )
        else:
            call = f"(call $path_link (i32.const 3) (i32.const 1) {where} (i32.const 3) {to})"
        calls.append(f"(i32.store8 (i32.const {_ANSWERS + number}) {call})")
        data += path + link
        at += len(path) + len(link)
    return f"""(module {libraries.FD_WRITE}
 {libraries.WASI_IMPORT.format("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32")}
 {libraries.WASI_IMPORT.format("path_link", "i32 i32 i32 i32 i32 i32 i32")}
 (memory (export "memory") 1) (data (i32.const {_PATHS}) "{_escaped(data)}")
 (func (export "_start") {" ".join(calls)}
  (i32.store (i32.const 0) (i32.const {_ANSWERS})) (i32.store (i32.const 4) (i32.const {len(attempts)}))
  (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"""


REFUSED_PROPOSALS = {
    "threads": ("(module (memory 1 2 shared))", "threads"),
    "atomics": ("(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))", "threads"),
    "shared-everything": ("(module (type (shared (func))))", "shared"),
    "memory64": ("(module (memory i64 1))", "memory64"),
    "table64": ("(module (table i64 1 funcref))", "memory64"),
    "multi-memory": ("(module (memory 1) (memory 1))", "multiple memories"),
    "relaxed-simd": (
        "(module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
        "relaxed SIMD",
    ),
    "tail-call": ("(module (func $f (return_call $f)))", "tail calls"),
    "function-references": (
        "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
        "function references",
    ),
    "gc": ("(module (type (struct (field i32))))", "gc"),
    "gc-i31": ("(module (func (drop (ref.i31 (i32.const 0)))))", "gc"),
    "exceptions": ("(module (tag $e) (func (throw $e)))", "exceptions"),
    "stack-switching": ("(module (type $f (func)) (type $c (cont $f)))", "stack switching"),
    "custom-page-sizes": ("(module (memory 1 (pagesize 1)))", "custom page sizes"),
    "wide-arithmetic": (
        "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1))))",
        "wide arithmetic",
    ),
    "memory-control": ("(module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))", "memory control"),
}
"""A module of each proposal that is switched off, and a word of the reason."""
