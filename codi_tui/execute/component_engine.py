"""The engine for components: a second configuration of Wasmtime, the only one in which the component model is on."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t, c_void_p

from codi_tui.execute.c_api import Bytes
from codi_tui.execute.component_api import ITEM_FUNCTION, ITEM_INSTANCE, ComponentApi, ComponentItem
from codi_tui.execute.engine import CONFIGURATION, Engine, Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


_ON = ("wasm_component_model", "wasm_multi_memory")
"""What passes a value from one component to another inside it has both their memories; all of them are counted."""


class ComponentEngine(Engine):
    """Wasmtime with codi's settings for components."""

    api_class = ComponentApi
    configuration = f"{CONFIGURATION};component"
    off = tuple(feature for feature in Engine.off if feature not in _ON)
    parallel = True

    def compile(self, wasm: bytes) -> Module:
        """As for a module; a component of megabytes is compiled on several cores."""
        return self._made(self.api.wasmtime_component_new, wasm)

    def deserialize(self, artefact: bytes) -> Module:
        """As for a module: authenticate the bytes first."""
        return self._made(self.api.wasmtime_component_deserialize, artefact)

    def _made(self, make: Any, data: bytes) -> Component:
        pointer = c_void_p()
        self.check(make(self.pointer, data, len(data), byref(pointer)))
        return Component(self, pointer)


class Component(Module):
    """A compiled component."""

    def serialize(self) -> bytes:
        api, artefact = self.engine.api, Bytes()
        self.engine.check(api.wasmtime_component_serialize(self.pointer, byref(artefact)))
        data = ctypes.string_at(artefact.data, artefact.size)
        api.wasm_byte_vec_delete(byref(artefact))
        return data

    def delete(self) -> None:
        """As for a module."""
        self.engine.api.wasmtime_component_delete(self.pointer)

    def imports(self) -> list[str]:
        """Every function, as `interface#function`, and by its name alone whatever else is imported, or offers none."""
        api, engine = self.engine.api, self.engine.pointer
        component_type = api.wasmtime_component_type(self.pointer)
        count = api.wasmtime_component_type_import_count(component_type, engine)
        names = []
        for name, item in self._items(api.wasmtime_component_type_import_nth, component_type, count):
            functions = self._functions(item) if item.kind == ITEM_INSTANCE else []
            names += [f"{name}#{function}" for function in functions] or [name]
            api.wasmtime_component_item_delete(byref(item))
        api.wasmtime_component_type_delete(component_type)
        return names

    def _functions(self, instance: ComponentItem) -> list[str]:
        api = self.engine.api
        count = api.wasmtime_component_instance_type_export_count(instance.of, self.engine.pointer)
        names = []
        for name, item in self._items(api.wasmtime_component_instance_type_export_nth, instance.of, count):
            if item.kind == ITEM_FUNCTION:
                names.append(name)
            api.wasmtime_component_item_delete(byref(item))
        return names

    def _items(self, nth: Any, of: Any, count: int) -> Iterator[tuple[str, ComponentItem]]:
        """Name and item of each; whoever takes an item deletes it."""
        for at in range(count):
            name, size, extern, item = c_void_p(), c_size_t(), c_void_p(), ComponentItem()
            nth(of, self.engine.pointer, at, byref(name), byref(size), byref(extern))
            self.engine.api.wasmtime_component_extern_type(extern, byref(item))
            self.engine.api.wasmtime_component_extern_delete(extern)
            yield ctypes.string_at(name, size.value).decode(errors="replace"), item
