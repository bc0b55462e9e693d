"""One run of a module as a WASI preview 1 command."""

from __future__ import annotations

import _thread
from ctypes import byref, c_char_p, c_void_p

from codi_tui.execute.c_api import (
    KIND_FUNC,
    KIND_MEMORY,
    WASM_I32,
    EngineError,
    Extern,
    HostFunction,
    Instance,
    Item,
    Pointers,
)
from codi_tui.limits import RUN_INSTANCES, RUN_MEMORIES, RUN_TABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.execute.engine import Module


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
        self._memory: Item | None = None
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
        self._store = api.wasmtime_store_new(self._engine.pointer, None, None)
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
        linker = api.wasmtime_linker_new(self._engine.pointer)
        try:
            self._engine.check(api.wasmtime_linker_define_wasi(linker))
            self._define_exit(linker)
            counts = (RUN_INSTANCES, RUN_TABLES, RUN_MEMORIES)
            api.wasmtime_store_limiter(self._store, self._memory_bytes, self._table_elements, *counts)
            instance, trap = Instance(), c_void_p()
            error = api.wasmtime_linker_instantiate(
                linker, self._context, self._module.pointer, byref(instance), byref(trap)
            )
            self._engine.check(error)
            self._engine.check_trap(trap)
            self._memory = self._export(instance, b"memory", KIND_MEMORY)
            # From here on growth is watched, not refused: a refused growth looks like any other failure of the guest.
            api.wasmtime_store_limiter(self._store, -1, self._table_elements, *counts)
            start = self._export(instance, b"_start", KIND_FUNC)
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

        self._leave = HostFunction(leave)
        parameters, results = Pointers(), Pointers()
        i32 = c_void_p(api.wasm_valtype_new(WASM_I32))
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
        self._module.delete()

    def _export(self, instance: Instance, name: bytes, kind: int) -> Item:
        item = Extern()
        found = self._api.wasmtime_instance_export_get(self._context, byref(instance), name, len(name), byref(item))
        if not found or item.kind != kind:
            raise EngineError(f"the module does not export {name.decode()}")
        exported: Item = item.of
        return exported


def _strings(values: list[bytes]) -> Any:
    return (c_char_p * len(values))(*values)
