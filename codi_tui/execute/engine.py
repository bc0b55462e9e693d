"""The module engine: Wasmtime with codi's settings, and what it compiles."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_bool, c_uint8, c_void_p

from codi_tui.execute.c_api import Api, Bytes, EngineError, Pointers, library_path
from codi_tui.limits import RUN_STACK_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONFIGURATION = f"2;stack={RUN_STACK_BYTES}"
"""Names the settings of `Engine.__init__`; part of what a compiled artefact is bound to. Change it with them."""

_OFF = (
    "wasm_threads",
    "wasm_memory64",
    "wasm_multi_memory",
    "wasm_relaxed_simd",
    "wasm_tail_call",
    "wasm_function_references",
    "wasm_gc",
    "wasm_exceptions",
    "wasm_stack_switching",
    "wasm_custom_page_sizes",
    "wasm_wide_arithmetic",
    "wasm_component_model",
    "shared_memory",
)
"""Proposals that no command needs and that widen what a hostile module can reach."""

_CRANELIFT = 1
"""The one compiler; `wasmtime_strategy_t`."""


class Engine:
    """Wasmtime with codi's settings."""

    api_class = Api
    configuration = CONFIGURATION
    off: tuple[str, ...] = _OFF
    parallel = False

    def __init__(self) -> None:
        """Raises EngineError when there is no engine for this platform."""
        path = library_path()
        status = os.stat(path)
        self.identity = (
            f"{os.path.basename(os.path.dirname(path))};{status.st_size};{status.st_mtime_ns};{self.configuration}"
        )
        self.api = self.api_class(path)
        config = self.api.wasm_config_new()
        for feature in self.off:
            setting = getattr(self.api.library, f"wasmtime_config_{feature}_set")
            setting.restype, setting.argtypes = None, (c_void_p, c_bool)
            setting(config, False)
        self.api.wasmtime_config_strategy_set(config, _CRANELIFT)
        self.api.wasmtime_config_max_wasm_stack_set(config, RUN_STACK_BYTES)
        self.api.wasmtime_config_parallel_compilation_set(config, self.parallel)
        self.pointer = self.api.wasm_engine_new_with_config(config)

    def validate(self, wasm: bytes) -> None:
        """Raises EngineError unless bytes are a valid module of the proposals that are on."""
        self.check(self.api.wasmtime_module_validate(self.pointer, wasm, len(wasm)))

    def compile(self, wasm: bytes) -> Module:
        """Compile binary WebAssembly. It can take minutes and gigabytes: do it in a child that can be killed."""
        pointer = c_void_p()
        self.check(self.api.wasmtime_module_new(self.pointer, wasm, len(wasm), byref(pointer)))
        return Module(self, pointer)

    def deserialize(self, artefact: bytes) -> Module:
        """Load what `Module.serialize` gave. The bytes are native code and run as they are: authenticate them first."""
        pointer = c_void_p()
        self.check(self.api.wasmtime_module_deserialize(self.pointer, artefact, len(artefact), byref(pointer)))
        return Module(self, pointer)

    def check(self, error: int | None) -> None:
        """Raises EngineError for a `wasmtime_error_t`, and frees it."""
        if not error:
            return
        message = self._message(self.api.wasmtime_error_message, error)
        self.api.wasmtime_error_delete(error)
        raise EngineError(message)

    def check_trap(self, trap: c_void_p) -> None:
        """Raises EngineError for a `wasm_trap_t`, and frees it."""
        if not trap:
            return
        code = c_uint8()
        known = self.api.wasmtime_trap_code(trap, byref(code))
        message = self._message(self.api.wasm_trap_message, trap)
        self.api.wasm_trap_delete(trap)
        raise EngineError(message, trap=code.value if known else -1)

    def _message(self, read: Any, source: Any) -> str:
        text = Bytes()
        read(source, byref(text))
        message = ctypes.string_at(text.data, text.size).decode(errors="replace").rstrip("\0")
        self.api.wasm_byte_vec_delete(byref(text))
        return message


class Module:
    """A compiled module."""

    def __init__(self, engine: Engine, pointer: c_void_p) -> None:
        self.engine = engine
        self.pointer = pointer

    def serialize(self) -> bytes:
        api, artefact = self.engine.api, Bytes()
        self.engine.check(api.wasmtime_module_serialize(self.pointer, byref(artefact)))
        data = ctypes.string_at(artefact.data, artefact.size)
        api.wasm_byte_vec_delete(byref(artefact))
        return data

    def delete(self) -> None:
        """Free it; nothing of it may run any more."""
        self.engine.api.wasmtime_module_delete(self.pointer)

    def imports(self) -> list[str]:
        """Every import, as `module.name`."""
        api, items = self.engine.api, Pointers()
        api.wasmtime_module_imports(self.pointer, byref(items))
        names = [
            f"{_name(api.wasm_importtype_module(items.data[at]))}.{_name(api.wasm_importtype_name(items.data[at]))}"
            for at in range(items.size)
        ]
        api.wasm_importtype_vec_delete(byref(items))
        return names

    def exports(self) -> list[str]:
        api, items = self.engine.api, Pointers()
        api.wasmtime_module_exports(self.pointer, byref(items))
        names = [_name(api.wasm_exporttype_name(items.data[at])) for at in range(items.size)]
        api.wasm_exporttype_vec_delete(byref(items))
        return names


def _name(vector: Any) -> str:
    return ctypes.string_at(vector.contents.data, vector.contents.size).decode(errors="replace")
