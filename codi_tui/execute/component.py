"""One run of a component as a `wasi:cli` command, and what a component may import (ADR 0015)."""

from __future__ import annotations

import os
from ctypes import byref, c_int

from codi_tui.errors import ModuleError
from codi_tui.execute.c_api import TRAP_STACK_OVERFLOW, EngineError
from codi_tui.execute.component_api import VALUE_RESULT, ComponentFunction, ComponentInstance, ComponentValue
from codi_tui.execute.wasi import WasiCommand
from codi_tui.limits import (
    RUN_COMPONENT_INSTANCES,
    RUN_COMPONENT_MEMORIES,
    RUN_COMPONENT_TABLES,
    RUN_HOST_MEMORY_BYTES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.trust import Permissions

_RUN = b"wasi:cli/run@0.2.0"
"""The engine takes any later 0.2 for it."""
_VERSION = "0.2."
_INTERFACES = {
    "wasi:cli": (
        "environment exit stdin stdout stderr terminal-input terminal-output terminal-stdin terminal-stdout terminal-stderr"
    ),
    "wasi:io": "error poll streams",
    "wasi:filesystem": "preopens types",
    "wasi:clocks": "monotonic-clock wall-clock",
    "wasi:random": "insecure insecure-seed random",
    "wasi:sockets": "instance-network ip-name-lookup network tcp tcp-create-socket udp udp-create-socket",
}
"""What a component may import. Of sockets, the engine permits no address and looks up no name."""
_TELL_TIME = ("now", "resolution")
_DATA_PAGES = 5
"""Which number of `/proc/self/statm`: what this process can write to and shares with nobody, in pages."""


def check_component_imports(imports: list[str], permissions: Permissions) -> None:
    """As `check_imports`, for what `Component.imports` gives.

    Raises:
        ModuleError: `E_WASM_IMPORT`.
        GrantError: `E_PERMISSION`.
    """
    for item in imports:
        interface, _, function = item.partition("#")
        name, _, version = interface.partition("@")
        package, _, member = name.partition("/")
        if not version.startswith(_VERSION) or member not in _INTERFACES.get(package, "").split():
            raise ModuleError(f"the component wants {interface}, which no command is given", code="E_WASM_IMPORT")
        if package == "wasi:clocks" and function in _TELL_TIME:
            permissions.require("clock")
        elif package == "wasi:random" and function:
            permissions.require("random")


class ComponentCommand(WasiCommand):
    """One run of a component, with exactly the rights that its arguments name."""

    def __init__(self, component: Any, **rights: Any) -> None:
        """As for a module."""
        super().__init__(component, **rights)
        self._statm = _open_statm()
        self._before_bytes = 0

    def run(self) -> int:
        """As for a module; what is called is `run` of `wasi:cli/run`."""
        api = self._api
        self._before_bytes = self._writable_bytes()
        linker = api.wasmtime_component_linker_new(self._engine.pointer)
        try:
            self._engine.check(api.wasmtime_component_linker_add_wasip2(linker))
            self._limit(self._memory_bytes)
            instance = ComponentInstance()
            self._check(
                api.wasmtime_component_linker_instantiate(linker, self._context, self._module.pointer, byref(instance))
            )
            if self._statm is not None:
                self._limit(-1)  # from here on growth is watched, as a module's is
            function, result = self._find_run(instance), ComponentValue()
            self._check(api.wasmtime_component_func_call(byref(function), self._context, None, 0, byref(result), 1))
            if result.kind != VALUE_RESULT:
                raise EngineError("its wasi:cli/run is of another type")
            return 0 if result.is_ok else 1
        except EngineError:
            if self._exit_status is None:
                raise
            return self._exit_status
        finally:
            api.wasmtime_component_linker_delete(linker)

    def memory_bytes(self) -> int:
        """What its process has made writable since the run began, beyond what the process itself may take."""
        with self._open:
            if not self._before_bytes:
                return 0
            return max(0, self._writable_bytes() - self._before_bytes - RUN_HOST_MEMORY_BYTES)

    def close(self) -> None:
        """As for a module."""
        with self._open:
            self._before_bytes = 0
            if self._statm is not None:
                os.close(self._statm)
                self._statm = None
        super().close()

    def _limit(self, memory_bytes: int) -> None:
        """Of each memory and each table, and how many of them."""
        counts = (RUN_COMPONENT_INSTANCES, RUN_COMPONENT_TABLES, RUN_COMPONENT_MEMORIES)
        self._api.wasmtime_store_limiter(self._store, memory_bytes, self._table_elements, *counts)

    def _find_run(self, instance: ComponentInstance) -> ComponentFunction:
        api, function, found = self._api, ComponentFunction(), None
        of = api.wasmtime_component_instance_get_export_index
        interface = of(byref(instance), self._context, None, _RUN, len(_RUN))
        if interface:
            found = of(byref(instance), self._context, interface, b"run", 3)
            api.wasmtime_component_export_index_delete(interface)
        if not found:
            raise EngineError("the component does not export wasi:cli/run")
        api.wasmtime_component_instance_get_func(byref(instance), self._context, found, byref(function))
        api.wasmtime_component_export_index_delete(found)
        return function

    def _check(self, error: int | None) -> None:
        """Keep the status of a guest that left by `exit`; tell a trap, which components report as an error."""
        status = c_int()
        if error and self._api.wasmtime_error_exit_status(error, byref(status)):
            self._exit_status = status.value
        try:
            self._engine.check(error)
        except EngineError as refusal:
            said = str(refusal)
            if "wasm trap: call stack exhausted" in said:
                raise EngineError(said, trap=TRAP_STACK_OVERFLOW) from None
            if "wasm trap: " in said:
                raise EngineError(said, trap=-1) from None
            raise

    def _writable_bytes(self) -> int:
        """0 where there is no telling."""
        if self._statm is None:
            return 0
        pages = int(os.pread(self._statm, 200, 0).split()[_DATA_PAGES])
        return pages * os.sysconf("SC_PAGE_SIZE")


def _open_statm() -> int | None:
    """Opened before the guest runs: later, this process may open nothing any more."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
