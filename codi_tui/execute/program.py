"""One run of a module: its store, its limits, and the functions that the host gives it."""

from __future__ import annotations

import _thread
from ctypes import addressof, byref, c_void_p, memmove, string_at

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
    Value,
)
from codi_tui.limits import RUN_INSTANCES, RUN_MEMORIES, RUN_TABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codi_tui.execute.engine import Module

    HostCall = Callable[["GuestMemory", list[int]], int | None]


class GuestFault(Exception):  # noqa: N818 - it is the guest's, and becomes its trap
    """The guest called a host function in a way that ends it; the message is one phrase."""


class Program:
    """One run of a module. A subclass says how the module is linked and what is called."""

    def __init__(self, module: Module, *, memory_bytes: int, table_elements: int) -> None:
        """
        Args:
            memory_bytes: the most that instantiating may take; growth later is for the caller to watch.
        """
        self._module, self._engine, self._api = module, module.engine, module.engine.api
        self._memory_bytes, self._table_elements = memory_bytes, table_elements
        self._memory: Item | None = None
        self._exit_status: int | None = None
        self._fault: str | None = None
        self._open = _thread.allocate_lock()
        self._callbacks: list[Any] = []  # the engine calls them for as long as the store lives
        self._store = self._api.wasmtime_store_new(self._engine.pointer, None, None)
        self._context = self._api.wasmtime_store_context(self._store)

    def run(self) -> int:
        """Instantiate the module and call it; the calling thread is the guest's.

        Returns:
            The guest's exit status.

        Raises:
            EngineError: it trapped, or cannot be instantiated within its limits.
        """
        api = self._api
        linker = api.wasmtime_linker_new(self._engine.pointer)
        try:
            self._link(linker)
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
            return self._enter(instance)
        except EngineError:
            if self._exit_status is not None:
                return self._exit_status
            if self._fault is not None:
                raise EngineError(self._fault, trap=-1) from None
            raise
        finally:
            api.wasmtime_linker_delete(linker)

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

    def _link(self, linker: int) -> None:
        """Give the module what it may import."""
        raise NotImplementedError

    def _enter(self, instance: Instance) -> int:
        """Call the module; returns its exit status."""
        raise NotImplementedError

    def _define(self, linker: int, module: bytes, name: bytes, parameters: int, results: int, call: HostCall) -> None:
        """Give the guest a function of so many `i32` that returns none or one."""
        api = self._api

        def called(_: object, caller: int, arguments: Any, count: int, returned: Any, __: int) -> int:
            try:
                answer = call(GuestMemory(api, caller), [arguments[at].of[0] & 0xFFFFFFFF for at in range(count)])
                if results:
                    returned[0].kind, returned[0].of[0] = WASM_I32, (answer or 0) & 0xFFFFFFFF
            except GuestFault as fault:
                self._fault = str(fault)
            except BaseException as error:  # noqa: BLE001 - ctypes would print it and go on with the guest
                self._fault = f"codi failed: {type(error).__name__}"
            else:
                return 0
            return int(api.wasmtime_trap_new(b"ended by the host", 17))

        callback = HostFunction(called)
        self._callbacks.append(callback)
        signature = api.wasm_functype_new(byref(self._i32(parameters)), byref(self._i32(results)))
        error = api.wasmtime_linker_define_func(
            linker, module, len(module), name, len(name), signature, callback, None, None
        )
        api.wasm_functype_delete(signature)
        self._engine.check(error)

    def _i32(self, count: int) -> Pointers:
        types = (c_void_p * count)(*(self._api.wasm_valtype_new(WASM_I32) for _ in range(count)))
        vector = Pointers()
        self._api.wasm_valtype_vec_new(byref(vector), count, types)
        return vector

    def _call(self, instance: Instance, name: bytes, *arguments: int, results: int = 0) -> int:
        """Call an export of so many `i32`; returns its result, unsigned, or 0 when it has none."""
        function = self._export(instance, name, KIND_FUNC)
        given, returned = (Value * len(arguments))(), (Value * results)()
        for at, argument in enumerate(arguments):
            given[at].kind, given[at].of[0] = WASM_I32, argument
        trap = c_void_p()
        self._engine.check(
            self._api.wasmtime_func_call(
                self._context, byref(function), given, len(arguments), returned, results, byref(trap)
            )
        )
        self._engine.check_trap(trap)
        return returned[0].of[0] & 0xFFFFFFFF if results else 0

    def _export(self, instance: Instance, name: bytes, kind: int) -> Item:
        item = Extern()
        found = self._api.wasmtime_instance_export_get(self._context, byref(instance), name, len(name), byref(item))
        if not found or item.kind != kind:
            raise EngineError(f"the module does not export {name.decode()}")
        exported: Item = item.of
        return exported

    def _write(self, pointer: int, data: bytes) -> None:
        """Write into the guest's memory between two calls.

        Raises:
            GuestFault: it lies outside.
        """
        assert self._memory is not None
        size = self._api.wasmtime_memory_data_size(self._context, byref(self._memory))
        _within(pointer, len(data), size)
        memmove(self._api.wasmtime_memory_data(self._context, byref(self._memory)) + pointer, data, len(data))


class GuestMemory:
    """The memory of the guest that is calling the host; good for that call only."""

    def __init__(self, api: Any, caller: int) -> None:
        self._api = api
        self._caller = caller

    def read(self, pointer: int, size: int) -> bytes:
        """A copy of a part of it.

        Raises:
            GuestFault: the part lies outside, or there is no memory.
        """
        return string_at(self._at(pointer, size), size)

    def write(self, pointer: int, data: bytes) -> None:
        """As `read`."""
        memmove(self._at(pointer, len(data)), data, len(data))

    def _at(self, pointer: int, size: int) -> int:
        api, item = self._api, Extern()
        if not api.wasmtime_caller_export_get(self._caller, b"memory", 6, byref(item)) or item.kind != KIND_MEMORY:
            raise GuestFault("the module exports no memory")
        context, memory = api.wasmtime_caller_context(self._caller), addressof(item.of)
        _within(pointer, size, api.wasmtime_memory_data_size(context, memory))
        return int(api.wasmtime_memory_data(context, memory)) + pointer


def _within(pointer: int, size: int, memory_bytes: int) -> None:
    if pointer + size > memory_bytes:
        raise GuestFault("it gave the host an address outside its memory")
