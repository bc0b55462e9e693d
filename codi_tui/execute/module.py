"""What a module is, and a component: the check on their bytes, and the engines of this process."""

from __future__ import annotations

from codi_tui.errors import ModuleError
from codi_tui.limits import KIB, MODULE_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.execute.engine import Engine
    from codi_tui.model.manifest import WasmFormat

_MAGIC = b"\0asm"
_MODULE = b"\x01\0\0\0"
_COMPONENT = b"\x0d\0\x01\0"
_COMPONENT_LAYER = _COMPONENT[2:]
_CHECKED_HERE_BYTES = 64 * KIB
"""The engine's check takes up to 10 µs a byte (branch tables to blocks of a thousand results) and cannot be stopped."""

_engines: dict[bool, Engine] = {}
"""An engine costs memory: one for components, one for all else, each made when it is first wanted."""


def engine(wasm_format: WasmFormat = "wasi-command") -> Engine:
    """This process's engine for a format.

    Raises:
        ModuleError: `E_ENGINE`, there is none for this platform.
    """
    of_components = wasm_format == "component"
    if of_components not in _engines:
        from codi_tui.execute.c_api import EngineError

        try:
            _engines[of_components] = new_engine(wasm_format)
        except (EngineError, OSError) as error:
            raise ModuleError(str(error), code="E_ENGINE", hint="reinstall codi on a supported platform") from None
    return _engines[of_components]


def new_engine(wasm_format: WasmFormat) -> Engine:
    """An engine for a format.

    Raises:
        EngineError, OSError: there is none for this platform.
    """
    if wasm_format == "component":
        from codi_tui.execute.component_engine import ComponentEngine

        return ComponentEngine()
    from codi_tui.execute.engine import Engine

    return Engine()


def validate_wasm(data: bytes, wasm_format: WasmFormat) -> None:
    """Refuse bytes that are not what the manifest says that they are.

    Raises:
        ModuleError: as `validate_module` and `validate_component`.
    """
    if wasm_format == "component":
        validate_component(data)
    else:
        validate_module(data)


def validate_component(data: bytes) -> None:
    """Refuse bytes that are no binary component.

    Only what they begin with is looked at: the engine checks a component while it compiles it, in a child process with
    limits, before anything of it runs.

    Raises:
        ModuleError: `E_WASM_MODULE`; `E_UNSUPPORTED` for a module; `E_TOO_LARGE` beyond `MODULE_MAX_BYTES`. No other
            exception.
    """
    _check_bytes(data)
    if data[:8] == _MAGIC + _MODULE:
        raise ModuleError("this is a module, not a component", code="E_UNSUPPORTED")
    if data[:8] != _MAGIC + _COMPONENT:
        raise ModuleError("this is not a binary WebAssembly component")


def validate_module(data: bytes) -> None:
    """Refuse bytes that are not one valid binary WebAssembly module of the proposals that codi allows.

    The text format is refused (the engine would take it), and so is a component (trust facts F9). A module of which
    checking could take long is checked in a child process, for at most `VALIDATE_SECONDS`.

    Raises:
        ModuleError: `E_WASM_MODULE`; `E_UNSUPPORTED` for a component; `E_TOO_LARGE` beyond `MODULE_MAX_BYTES`;
            `E_ENGINE` where there is no engine for this platform. No other exception.
    """
    _check_bytes(data)
    if data[:4] == _MAGIC and data[6:8] == _COMPONENT_LAYER:
        raise ModuleError("this is a component, not a module", code="E_UNSUPPORTED")
    if data[:8] != _MAGIC + _MODULE:
        raise ModuleError("the module is not binary WebAssembly")
    if len(data) > _CHECKED_HERE_BYTES:
        from codi_tui.execute.compile import check_module

        check_module(data)
        return
    from codi_tui.execute.c_api import EngineError

    try:
        engine().validate(data)
    except EngineError as error:
        raise ModuleError(f"the module is not valid: {_first_line(error)}") from None


def _check_bytes(data: bytes) -> None:
    if not isinstance(data, bytes):
        raise ModuleError("a module comes as bytes")
    if len(data) > MODULE_MAX_BYTES:
        raise ModuleError(f"the module is larger than {MODULE_MAX_BYTES} bytes", code="E_TOO_LARGE")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else "unknown"
