"""Wasmtime's C API, called in the library that the wasmtime package carries.

The package's Python layer declares the whole API and costs ten times what this does to import, on every run. What is
here is what codi needs, and no more. Nothing in this module decides anything: limits and rights come from its caller.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, c_bool, c_char_p, c_int64, c_size_t, c_uint8, c_uint64, c_void_p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class EngineError(Exception):
    """The engine refused, or the guest trapped.

    Attributes:
        trap: Wasmtime's trap code, or None when it is not a trap.
    """

    def __init__(self, message: str, *, trap: int | None = None) -> None:
        super().__init__(message)
        self.trap = trap


TRAP_STACK_OVERFLOW = 0


class Bytes(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("data", c_void_p))


class Pointers(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("data", POINTER(c_void_p)))


class Instance(ctypes.Structure):
    _fields_ = (("store_id", c_uint64), ("private", c_size_t))


class Item(ctypes.Structure):
    """Large enough for any `wasmtime_func_t` or `wasmtime_memory_t`, and aligned like them."""

    _fields_ = (("store_id", c_uint64), ("private1", c_uint64), ("private2", c_uint64))


class Extern(ctypes.Structure):
    _fields_ = (("kind", c_uint8), ("of", Item))


KIND_FUNC, KIND_MEMORY = 0, 3
WASM_I32 = 0


class Value(ctypes.Structure):
    """A `wasmtime_val_t`."""

    _fields_ = (("kind", c_uint8), ("of", c_uint64 * 3))


HostFunction = ctypes.CFUNCTYPE(c_size_t, c_void_p, c_void_p, POINTER(Value), c_size_t, POINTER(Value), c_size_t)
"""`wasmtime_func_callback_t`; what it returns is a `wasm_trap_t`, or 0."""


def library_path() -> str:
    """The shared library inside the installed wasmtime package.

    Raises:
        EngineError: it is not installed, or not for this platform.
    """
    machine = {"AMD64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64"}.get(_machine(), _machine())
    name = {"linux": "_libwasmtime.so", "darwin": "_libwasmtime.dylib", "win32": "_wasmtime.dll"}.get(sys.platform, "")
    for folder in sys.path:
        path = os.path.join(folder, "wasmtime", f"{sys.platform}-{machine}", name)
        if name and os.path.isfile(path):
            return path
    raise EngineError(f"there is no WebAssembly engine for {sys.platform} on {machine}")


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    return os.environ.get("PROCESSOR_ARCHITECTURE", "")


SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wasm_config_new": (c_void_p, ()),
    "wasm_engine_new_with_config": (c_void_p, (c_void_p,)),
    "wasmtime_config_strategy_set": (None, (c_void_p, c_uint8)),
    "wasmtime_config_max_wasm_stack_set": (None, (c_void_p, c_size_t)),
    "wasmtime_config_parallel_compilation_set": (None, (c_void_p, c_bool)),
    "wasmtime_module_new": (c_void_p, (c_void_p, c_char_p, c_size_t, POINTER(c_void_p))),
    "wasmtime_module_validate": (c_void_p, (c_void_p, c_char_p, c_size_t)),
    "wasmtime_module_deserialize": (c_void_p, (c_void_p, c_char_p, c_size_t, POINTER(c_void_p))),
    "wasmtime_module_serialize": (c_void_p, (c_void_p, POINTER(Bytes))),
    "wasmtime_module_imports": (None, (c_void_p, POINTER(Pointers))),
    "wasmtime_module_exports": (None, (c_void_p, POINTER(Pointers))),
    "wasmtime_module_delete": (None, (c_void_p,)),
    "wasm_importtype_module": (POINTER(Bytes), (c_void_p,)),
    "wasm_importtype_name": (POINTER(Bytes), (c_void_p,)),
    "wasm_exporttype_name": (POINTER(Bytes), (c_void_p,)),
    "wasm_importtype_vec_delete": (None, (POINTER(Pointers),)),
    "wasm_exporttype_vec_delete": (None, (POINTER(Pointers),)),
    "wasmtime_linker_new": (c_void_p, (c_void_p,)),
    "wasmtime_linker_define_wasi": (c_void_p, (c_void_p,)),
    "wasmtime_linker_allow_shadowing": (None, (c_void_p, c_bool)),
    "wasmtime_linker_define_func": (
        c_void_p,
        (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p, HostFunction, c_void_p, c_void_p),
    ),
    "wasm_valtype_new": (c_void_p, (c_uint8,)),
    "wasm_valtype_vec_new": (None, (POINTER(Pointers), c_size_t, POINTER(c_void_p))),
    "wasm_functype_new": (c_void_p, (POINTER(Pointers), POINTER(Pointers))),
    "wasm_functype_delete": (None, (c_void_p,)),
    "wasmtime_trap_new": (c_size_t, (c_char_p, c_size_t)),
    "wasmtime_linker_delete": (None, (c_void_p,)),
    "wasmtime_linker_instantiate": (
        c_void_p,
        (c_void_p, c_void_p, c_void_p, POINTER(Instance), POINTER(c_void_p)),
    ),
    "wasmtime_store_new": (c_void_p, (c_void_p, c_void_p, c_void_p)),
    "wasmtime_store_context": (c_void_p, (c_void_p,)),
    "wasmtime_store_limiter": (None, (c_void_p, c_int64, c_int64, c_int64, c_int64, c_int64)),
    "wasmtime_store_delete": (None, (c_void_p,)),
    "wasi_config_new": (c_void_p, ()),
    "wasi_config_set_argv": (c_bool, (c_void_p, c_size_t, POINTER(c_char_p))),
    "wasi_config_set_env": (c_bool, (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p))),
    "wasi_config_inherit_stdin": (None, (c_void_p,)),
    "wasm_byte_vec_new": (None, (POINTER(Bytes), c_size_t, c_char_p)),
    "wasi_config_set_stdin_bytes": (None, (c_void_p, POINTER(Bytes))),
    "wasi_config_set_stdout_file": (c_bool, (c_void_p, c_char_p)),
    "wasi_config_set_stderr_file": (c_bool, (c_void_p, c_char_p)),
    "wasi_config_preopen_dir": (c_bool, (c_void_p, c_char_p, c_char_p, c_bool)),
    "wasmtime_context_set_wasi": (c_void_p, (c_void_p, c_void_p)),
    "wasmtime_instance_export_get": (c_bool, (c_void_p, POINTER(Instance), c_char_p, c_size_t, POINTER(Extern))),
    "wasmtime_func_call": (
        c_void_p,
        (c_void_p, POINTER(Item), c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_void_p)),
    ),
    "wasmtime_memory_data_size": (c_size_t, (c_void_p, c_void_p)),
    "wasmtime_memory_data": (c_void_p, (c_void_p, c_void_p)),
    "wasmtime_caller_export_get": (c_bool, (c_void_p, c_char_p, c_size_t, POINTER(Extern))),
    "wasmtime_caller_context": (c_void_p, (c_void_p,)),
    "wasmtime_error_message": (None, (c_void_p, POINTER(Bytes))),
    "wasmtime_error_delete": (None, (c_void_p,)),
    "wasm_trap_message": (None, (c_void_p, POINTER(Bytes))),
    "wasm_trap_delete": (None, (c_void_p,)),
    "wasmtime_trap_code": (c_bool, (c_void_p, POINTER(c_uint8))),
    "wasm_byte_vec_delete": (None, (POINTER(Bytes),)),
}


class Api:
    """The C functions, each declared when it is first wanted."""

    signatures = SIGNATURES

    def __init__(self, path: str) -> None:
        self.library = ctypes.CDLL(path)

    def __getattr__(self, name: str) -> Any:
        result, arguments = self.signatures[name]
        function = getattr(self.library, name)
        function.restype, function.argtypes = result, arguments
        setattr(self, name, function)
        return function
