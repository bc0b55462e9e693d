"""Wasmtime's C API for components, in addition to what `c_api` declares."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_bool, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

from codi_tui.execute.c_api import SIGNATURES, Api, Bytes


class ComponentInstance(ctypes.Structure):
    _fields_ = (("store_id", c_uint64), ("private", c_uint32))


class ComponentFunction(ctypes.Structure):
    _fields_ = (("store_id", c_uint64), ("private1", c_uint32), ("private2", c_uint32), ("private3", c_void_p))


class ComponentValue(ctypes.Structure):
    """A `wasmtime_component_val_t`; of the union, what a `result` has first."""

    _fields_ = (("kind", c_uint8), ("pad", c_uint8 * 7), ("is_ok", c_bool), ("rest", c_uint64 * 2))


class ComponentItem(ctypes.Structure):
    """A `wasmtime_component_item_t`."""

    _fields_ = (("kind", c_uint8), ("of", c_void_p), ("rest", c_uint64))


ITEM_INSTANCE, ITEM_FUNCTION = 1, 3
VALUE_RESULT = 19


class ComponentApi(Api):
    """The C functions for modules and those for components."""

    signatures = SIGNATURES | {
        "wasmtime_component_new": (c_void_p, (c_void_p, c_char_p, c_size_t, POINTER(c_void_p))),
        "wasmtime_component_deserialize": (c_void_p, (c_void_p, c_char_p, c_size_t, POINTER(c_void_p))),
        "wasmtime_component_serialize": (c_void_p, (c_void_p, POINTER(Bytes))),
        "wasmtime_component_delete": (None, (c_void_p,)),
        "wasmtime_component_type": (c_void_p, (c_void_p,)),
        "wasmtime_component_type_delete": (None, (c_void_p,)),
        "wasmtime_component_type_import_count": (c_size_t, (c_void_p, c_void_p)),
        "wasmtime_component_type_import_nth": (
            c_bool,
            (c_void_p, c_void_p, c_size_t, POINTER(c_void_p), POINTER(c_size_t), POINTER(c_void_p)),
        ),
        "wasmtime_component_instance_type_export_count": (c_size_t, (c_void_p, c_void_p)),
        "wasmtime_component_instance_type_export_nth": (
            c_bool,
            (c_void_p, c_void_p, c_size_t, POINTER(c_void_p), POINTER(c_size_t), POINTER(c_void_p)),
        ),
        "wasmtime_component_extern_type": (None, (c_void_p, POINTER(ComponentItem))),
        "wasmtime_component_extern_delete": (None, (c_void_p,)),
        "wasmtime_component_item_delete": (None, (POINTER(ComponentItem),)),
        "wasmtime_component_linker_new": (c_void_p, (c_void_p,)),
        "wasmtime_component_linker_add_wasip2": (c_void_p, (c_void_p,)),
        "wasmtime_component_linker_instantiate": (c_void_p, (c_void_p, c_void_p, c_void_p, POINTER(ComponentInstance))),
        "wasmtime_component_linker_delete": (None, (c_void_p,)),
        "wasmtime_component_instance_get_export_index": (
            c_void_p,
            (POINTER(ComponentInstance), c_void_p, c_void_p, c_char_p, c_size_t),
        ),
        "wasmtime_component_instance_get_func": (
            c_bool,
            (POINTER(ComponentInstance), c_void_p, c_void_p, POINTER(ComponentFunction)),
        ),
        "wasmtime_component_export_index_delete": (None, (c_void_p,)),
        "wasmtime_component_func_call": (
            c_void_p,
            (POINTER(ComponentFunction), c_void_p, c_void_p, c_size_t, POINTER(ComponentValue), c_size_t),
        ),
        "wasmtime_error_exit_status": (c_bool, (c_void_p, POINTER(c_int))),
    }
