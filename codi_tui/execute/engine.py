"""The module engine: Wasmtime's C API, called in the library that the wasmtime package carries.

The package's Python layer declares the whole API and costs ten times what this does to import, on every run. What is
here is what codi needs, and no more. Nothing in this module decides anything: limits and rights come from its caller.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_bool, c_char_p, c_int64, c_size_t, c_uint8, c_uint64, c_void_p

from codi_tui.limits import RUN_STACK_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONFIGURATION = f"1;stack={RUN_STACK_BYTES}"
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


class EngineError(Exception):
    """The engine refused, or the guest trapped.

    Attributes:
        trap: Wasmtime's trap code, or None when it is not a trap.
    """

    def __init__(self, message: str, *, trap: int | None = None) -> None:
        super().__init__(message)
        self.trap = trap


TRAP_STACK_OVERFLOW = 0


class _Bytes(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("data", c_void_p))


class _Pointers(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("data", POINTER(c_void_p)))


class _Instance(ctypes.Structure):
    _fields_ = (("store_id", c_uint64), ("private", c_size_t))


class _Item(ctypes.Structure):
    """Large enough for any `wasmtime_func_t` or `wasmtime_memory_t`, and aligned like them."""

    _fields_ = (("store_id", c_uint64), ("private1", c_uint64), ("private2", c_uint64))


class _Extern(ctypes.Structure):
    _fields_ = (("kind", c_uint8), ("of", _Item))


_KIND_FUNC, _KIND_MEMORY = 0, 3
_WASM_I32 = 0


class _Value(ctypes.Structure):
    """A `wasmtime_val_t`."""

    _fields_ = (("kind", c_uint8), ("of", c_uint64 * 3))


_HostFunction = ctypes.CFUNCTYPE(c_size_t, c_void_p, c_void_p, POINTER(_Value), c_size_t, c_void_p, c_size_t)
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


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wasm_config_new": (c_void_p, ()),
    "wasm_engine_new_with_config": (c_void_p, (c_void_p,)),
    "wasmtime_config_max_wasm_stack_set": (None, (c_void_p, c_size_t)),
    "wasmtime_config_parallel_compilation_set": (None, (c_void_p, c_bool)),
    "wasmtime_module_new": (c_void_p, (c_void_p, c_char_p, c_size_t, POINTER(c_void_p))),
    "wasmtime_module_validate": (c_void_p, (c_void_p, c_char_p, c_size_t)),
    "wasmtime_module_deserialize": (c_void_p, (c_void_p, c_char_p, c_size_t, POINTER(c_void_p))),
    "wasmtime_module_serialize": (c_void_p, (c_void_p, POINTER(_Bytes))),
    "wasmtime_module_imports": (None, (c_void_p, POINTER(_Pointers))),
    "wasmtime_module_exports": (None, (c_void_p, POINTER(_Pointers))),
    "wasmtime_module_delete": (None, (c_void_p,)),
    "wasm_importtype_module": (POINTER(_Bytes), (c_void_p,)),
    "wasm_importtype_name": (POINTER(_Bytes), (c_void_p,)),
    "wasm_exporttype_name": (POINTER(_Bytes), (c_void_p,)),
    "wasm_importtype_vec_delete": (None, (POINTER(_Pointers),)),
    "wasm_exporttype_vec_delete": (None, (POINTER(_Pointers),)),
    "wasmtime_linker_new": (c_void_p, (c_void_p,)),
    "wasmtime_linker_define_wasi": (c_void_p, (c_void_p,)),
    "wasmtime_linker_allow_shadowing": (None, (c_void_p, c_bool)),
    "wasmtime_linker_define_func": (
        c_void_p,
        (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p, _HostFunction, c_void_p, c_void_p),
    ),
    "wasm_valtype_new": (c_void_p, (c_uint8,)),
    "wasm_valtype_vec_new": (None, (POINTER(_Pointers), c_size_t, POINTER(c_void_p))),
    "wasm_functype_new": (c_void_p, (POINTER(_Pointers), POINTER(_Pointers))),
    "wasm_functype_delete": (None, (c_void_p,)),
    "wasmtime_trap_new": (c_size_t, (c_char_p, c_size_t)),
    "wasmtime_linker_delete": (None, (c_void_p,)),
    "wasmtime_linker_instantiate": (
        c_void_p,
        (c_void_p, c_void_p, c_void_p, POINTER(_Instance), POINTER(c_void_p)),
    ),
    "wasmtime_store_new": (c_void_p, (c_void_p, c_void_p, c_void_p)),
    "wasmtime_store_context": (c_void_p, (c_void_p,)),
    "wasmtime_store_limiter": (None, (c_void_p, c_int64, c_int64, c_int64, c_int64, c_int64)),
    "wasmtime_store_delete": (None, (c_void_p,)),
    "wasi_config_new": (c_void_p, ()),
    "wasi_config_set_argv": (c_bool, (c_void_p, c_size_t, POINTER(c_char_p))),
    "wasi_config_set_env": (c_bool, (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p))),
    "wasi_config_inherit_stdin": (None, (c_void_p,)),
    "wasi_config_set_stdout_file": (c_bool, (c_void_p, c_char_p)),
    "wasi_config_set_stderr_file": (c_bool, (c_void_p, c_char_p)),
    "wasi_config_preopen_dir": (c_bool, (c_void_p, c_char_p, c_char_p, c_bool)),
    "wasmtime_context_set_wasi": (c_void_p, (c_void_p, c_void_p)),
    "wasmtime_instance_export_get": (c_bool, (c_void_p, POINTER(_Instance), c_char_p, c_size_t, POINTER(_Extern))),
    "wasmtime_func_call": (
        c_void_p,
        (c_void_p, POINTER(_Item), c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_void_p)),
    ),
    "wasmtime_memory_data_size": (c_size_t, (c_void_p, POINTER(_Item))),
    "wasmtime_error_message": (None, (c_void_p, POINTER(_Bytes))),
    "wasmtime_error_delete": (None, (c_void_p,)),
    "wasm_trap_message": (None, (c_void_p, POINTER(_Bytes))),
    "wasm_trap_delete": (None, (c_void_p,)),
    "wasmtime_trap_code": (c_bool, (c_void_p, POINTER(c_uint8))),
    "wasm_byte_vec_delete": (None, (POINTER(_Bytes),)),
}


class _Api:
    """The C functions, each declared when it is first wanted."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)

    def __getattr__(self, name: str) -> Any:
        result, arguments = _SIGNATURES[name]
        function = getattr(self._library, name)
        function.restype, function.argtypes = result, arguments
        setattr(self, name, function)
        return function


class Engine:
    """Wasmtime with codi's settings."""

    def __init__(self) -> None:
        """Raises EngineError when there is no engine for this platform."""
        path = library_path()
        status = os.stat(path)
        self.identity = (
            f"{os.path.basename(os.path.dirname(path))};{status.st_size};{status.st_mtime_ns};{CONFIGURATION}"
        )
        self.api = _Api(path)
        config = self.api.wasm_config_new()
        for feature in _OFF:
            setting = getattr(self.api._library, f"wasmtime_config_{feature}_set")
            setting.restype, setting.argtypes = None, (c_void_p, c_bool)
            setting(config, False)
        self.api.wasmtime_config_max_wasm_stack_set(config, RUN_STACK_BYTES)
        self.api.wasmtime_config_parallel_compilation_set(config, False)
        self._pointer = self.api.wasm_engine_new_with_config(config)

    def validate(self, wasm: bytes) -> None:
        """Raises EngineError unless bytes are a valid module of the proposals that are on."""
        self.check(self.api.wasmtime_module_validate(self._pointer, wasm, len(wasm)))

    def compile(self, wasm: bytes) -> Module:
        """Compile binary WebAssembly. It can take minutes and gigabytes: do it in a child that can be killed."""
        pointer = c_void_p()
        self.check(self.api.wasmtime_module_new(self._pointer, wasm, len(wasm), byref(pointer)))
        return Module(self, pointer)

    def deserialize(self, artefact: bytes) -> Module:
        """Load what `Module.serialize` gave. The bytes are native code and run as they are: authenticate them first."""
        pointer = c_void_p()
        self.check(self.api.wasmtime_module_deserialize(self._pointer, artefact, len(artefact), byref(pointer)))
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
        text = _Bytes()
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
        api, artefact = self.engine.api, _Bytes()
        self.engine.check(api.wasmtime_module_serialize(self.pointer, byref(artefact)))
        data = ctypes.string_at(artefact.data, artefact.size)
        api.wasm_byte_vec_delete(byref(artefact))
        return data

    def imports(self) -> list[str]:
        """Every import, as `module.name`."""
        api, items = self.engine.api, _Pointers()
        api.wasmtime_module_imports(self.pointer, byref(items))
        names = [
            f"{_name(api.wasm_importtype_module(items.data[at]))}.{_name(api.wasm_importtype_name(items.data[at]))}"
            for at in range(items.size)
        ]
        api.wasm_importtype_vec_delete(byref(items))
        return names

    def exports(self) -> list[str]:
        api, items = self.engine.api, _Pointers()
        api.wasmtime_module_exports(self.pointer, byref(items))
        names = [_name(api.wasm_exporttype_name(items.data[at])) for at in range(items.size)]
        api.wasm_exporttype_vec_delete(byref(items))
        return names


def _name(vector: Any) -> str:
    return ctypes.string_at(vector.contents.data, vector.contents.size).decode(errors="replace")


class WasiCommand:
    """One run of a module as a WASI preview 1 command, with exactly the rights that its arguments name."""

    def __init__(
        self,
        module: Module,
        *,
        argv: list[bytes],
        environment: dict[bytes, bytes],
        stdout_path: bytes,
        stderr_path: bytes,
        folders: dict[bytes, bytes],
        memory_bytes: int,
        table_elements: int,
    ) -> None:
        """
        Args:
            stdout_path, stderr_path: opened for writing here; pipes as `/dev/fd/N`.
            folders: guest path → host folder, read-only.
            memory_bytes: the most that instantiating may take; growth later is for the caller to watch.

        Raises:
            EngineError: a path cannot be opened.
        """
        self._module, self._engine, self._api = module, module.engine, module.engine.api
        self._memory_bytes, self._table_elements = memory_bytes, table_elements
        self._memory: _Item | None = None
        self._exit_status: int | None = None
        self._open = _thread.allocate_lock()
        api = self._api
        wasi = api.wasi_config_new()
        opened = api.wasi_config_set_argv(wasi, len(argv), _strings(argv)) and api.wasi_config_set_env(
            wasi, len(environment), _strings(list(environment)), _strings(list(environment.values()))
        )
        api.wasi_config_inherit_stdin(wasi)
        opened = opened and api.wasi_config_set_stdout_file(wasi, stdout_path)
        opened = opened and api.wasi_config_set_stderr_file(wasi, stderr_path)
        for guest, host in folders.items():
            opened = opened and api.wasi_config_preopen_dir(wasi, host, guest, False)
        if not opened:
            raise EngineError("the run's files cannot be opened")
        self._store = api.wasmtime_store_new(self._engine._pointer, None, None)
        self._context = api.wasmtime_store_context(self._store)
        self._engine.check(api.wasmtime_context_set_wasi(self._context, wasi))

    def run(self) -> int:
        """Instantiate the module and call `_start`; the calling thread is the guest's.

        Returns:
            The guest's exit status.

        Raises:
            EngineError: it trapped, or cannot be instantiated within its limits.
        """
        api = self._api
        linker = api.wasmtime_linker_new(self._engine._pointer)
        try:
            self._engine.check(api.wasmtime_linker_define_wasi(linker))
            self._define_exit(linker)
            api.wasmtime_store_limiter(self._store, self._memory_bytes, self._table_elements, 1, 4, 1)
            instance, trap = _Instance(), c_void_p()
            error = api.wasmtime_linker_instantiate(
                linker, self._context, self._module.pointer, byref(instance), byref(trap)
            )
            self._engine.check(error)
            self._engine.check_trap(trap)
            self._memory = self._export(instance, b"memory", _KIND_MEMORY)
            # From here on growth is watched, not refused: a refused growth looks like any other failure of the guest.
            api.wasmtime_store_limiter(self._store, -1, self._table_elements, 1, 4, 1)
            start = self._export(instance, b"_start", _KIND_FUNC)
            self._engine.check(api.wasmtime_func_call(self._context, byref(start), None, 0, None, 0, byref(trap)))
            self._engine.check_trap(trap)
        except EngineError:
            if self._exit_status is None:
                raise
        finally:
            api.wasmtime_linker_delete(linker)
        return self._exit_status or 0

    def _define_exit(self, linker: int) -> None:
        """Give the guest a `proc_exit` that keeps its status; the engine's own refuses those from 126."""
        api = self._api

        def leave(_environment: object, _caller: object, arguments: Any, *_: object) -> int:
            self._exit_status = arguments[0].of[0] & 0xFFFFFFFF
            return int(api.wasmtime_trap_new(b"exit", 4))

        self._leave = _HostFunction(leave)
        parameters, results = _Pointers(), _Pointers()
        i32 = c_void_p(api.wasm_valtype_new(_WASM_I32))
        api.wasm_valtype_vec_new(byref(parameters), 1, byref(i32))
        api.wasm_valtype_vec_new(byref(results), 0, None)
        signature = api.wasm_functype_new(byref(parameters), byref(results))
        api.wasmtime_linker_allow_shadowing(linker, True)
        name = (b"wasi_snapshot_preview1", 22, b"proc_exit", 9)
        self._engine.check(api.wasmtime_linker_define_func(linker, *name, signature, self._leave, None, None))
        api.wasm_functype_delete(signature)

    def memory_bytes(self) -> int:
        """The guest's memory now; may be asked from another thread while it runs."""
        with self._open:
            memory = self._memory
            return 0 if memory is None else int(self._api.wasmtime_memory_data_size(self._context, byref(memory)))

    def close(self) -> None:
        """Free the run and its module; the run's ends of the output pipes close with it."""
        with self._open:
            self._memory = None
        self._api.wasmtime_store_delete(self._store)
        self._api.wasmtime_module_delete(self._module.pointer)

    def _export(self, instance: _Instance, name: bytes, kind: int) -> _Item:
        item = _Extern()
        found = self._api.wasmtime_instance_export_get(self._context, byref(instance), name, len(name), byref(item))
        if not found or item.kind != kind:
            raise EngineError(f"the module does not export {name.decode()}")
        exported: _Item = item.of
        return exported


def _strings(values: list[bytes]) -> Any:
    return (c_char_p * len(values))(*values)
