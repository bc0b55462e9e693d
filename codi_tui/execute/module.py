"""What a module is: the check on its bytes, and the one engine of this process."""

from __future__ import annotations

from codi_tui.errors import ModuleError
from codi_tui.limits import KIB, MODULE_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.execute.engine import Engine

_MAGIC = b"\0asm"
_MODULE = b"\x01\0\0\0"
_COMPONENT_LAYER = b"\x01\0"
_CHECKED_HERE_BYTES = 64 * KIB
"""The engine's check takes up to 10 µs a byte (branch tables to blocks of a thousand results) and cannot be stopped."""

_engine: Engine | None = None


def engine() -> Engine:
    """The engine of this process, made when it is first wanted.

    Raises:
        ModuleError: `E_ENGINE`, there is none for this platform.
    """
    global _engine  # noqa: PLW0603 - an engine costs memory, and one is enough
    if _engine is None:
        from codi_tui.execute.c_api import EngineError
        from codi_tui.execute.engine import Engine

        try:
            _engine = Engine()
        except (EngineError, OSError) as error:
            raise ModuleError(str(error), code="E_ENGINE", hint="reinstall codi on a supported platform") from None
    return _engine


def validate_module(data: bytes) -> None:
    """Refuse bytes that are not one valid binary WebAssembly module of the proposals that codi allows.

    The text format is refused (the engine would take it), and so is a component (trust facts F9). A module of which
    checking could take long is checked in a child process, for at most `VALIDATE_SECONDS`.

    Raises:
        ModuleError: `E_WASM_MODULE`; `E_UNSUPPORTED` for a component; `E_TOO_LARGE` beyond `MODULE_MAX_BYTES`;
            `E_ENGINE` where there is no engine for this platform. No other exception.
    """
    if not isinstance(data, bytes):
        raise ModuleError("a module comes as bytes")
    if len(data) > MODULE_MAX_BYTES:
        raise ModuleError(f"the module is larger than {MODULE_MAX_BYTES} bytes", code="E_TOO_LARGE")
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


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else "unknown"
