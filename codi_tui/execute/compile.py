"""Compiling, in a child that can be killed: it cannot be interrupted, and a hostile module takes gigabytes (F11).

`main` is the child's: it reads a WebAssembly module on stdin and writes the artefact on stdout. `main_check` only checks.
"""

from __future__ import annotations

import sys

from codi_tui.errors import HandlerError, LimitError, ModuleError
from codi_tui.execute.artefact import Artefact
from codi_tui.execute.c_api import EngineError
from codi_tui.execute.engine import Engine
from codi_tui.limits import COMPILE_MEMORY_BYTES, COMPILE_SECONDS, MODULE_MAX_BYTES, VALIDATE_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.trust import VerifiedModule

_REFUSED = 65
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def compile_module(module: VerifiedModule) -> Artefact:
    """Compile a verified module within `COMPILE_SECONDS` and `COMPILE_MEMORY_BYTES`.

    Raises:
        ModuleError: `E_WASM_MODULE`, the engine refuses it.
        LimitError: `E_WASM_COMPILE`, it took too long or too much memory.
        HandlerError: `E_HANDLER`, the compiler itself failed.
    """
    import subprocess

    try:
        child = subprocess.run(
            [sys.executable, "-P", "-c", "from codi_tui.execute.compile import main; raise SystemExit(main())"],
            input=module.data,
            capture_output=True,
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LimitError(
            f"compiling the module took longer than {COMPILE_SECONDS:g} s", code="E_WASM_COMPILE"
        ) from None
    if child.returncode == _REFUSED:
        raise ModuleError(f"the module cannot be compiled: {child.stderr.decode(errors='replace').strip()[:200]}")
    if child.returncode > 0:
        said = child.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise HandlerError(f"the compiler failed and said: {said[-1][:200]}")
    if child.returncode < 0:
        raise LimitError(
            f"compiling the module failed within {COMPILE_MEMORY_BYTES >> 20} MiB (signal {-child.returncode})",
            code="E_WASM_COMPILE",
        )
    return Artefact.from_bytes(child.stdout)


def check_module(data: bytes) -> None:
    """Check a module's bytes in a child, for at most `VALIDATE_SECONDS`.

    Raises:
        ModuleError: `E_WASM_MODULE`, it is not valid, or cannot be checked within its limits.
    """
    import subprocess

    try:
        child = subprocess.run(
            [sys.executable, "-P", "-c", "from codi_tui.execute.compile import main_check as m; raise SystemExit(m())"],
            input=data,
            capture_output=True,
            timeout=VALIDATE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModuleError(f"checking the module took longer than {VALIDATE_SECONDS:g} s") from None
    except OSError as error:
        raise ModuleError(f"the module cannot be checked: {error.strerror}") from None
    if child.returncode != 0:
        said = child.stderr.decode(errors="replace").strip().splitlines() or [f"status {child.returncode}"]
        raise ModuleError(f"the module is not valid: {said[-1][:200]}")


def main_check() -> int:
    """Read a module, say nothing about a valid one."""
    _limit_this_process()
    try:
        engine, wasm = _behind_a_wall()
        engine.validate(wasm)
    except EngineError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return _REFUSED
    return 0


def main() -> int:
    """Read a module, write its artefact."""
    _limit_this_process()
    try:
        engine, wasm = _behind_a_wall()
        module = engine.compile(wasm)
    except EngineError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return _REFUSED
    sys.stdout.buffer.write(Artefact(module.imports(), module.serialize()).to_bytes())
    return 0


def _behind_a_wall() -> tuple[Engine, bytes]:
    """The engine and the module, in a process that from here on can do no more than compile and write its stdout."""
    from codi_tui.execute.wall import put_up_round_process

    engine, wasm = Engine(), sys.stdin.buffer.read(MODULE_MAX_BYTES)
    put_up_round_process(())
    return engine, wasm


def _limit_this_process() -> None:
    """Where the kernel offers it; the parent's clock holds everywhere."""
    try:
        import resource
    except ImportError:
        return
    for kind, limit in (
        (resource.RLIMIT_AS, COMPILE_MEMORY_BYTES),
        (resource.RLIMIT_CPU, int(COMPILE_SECONDS)),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (allowed, allowed))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)  # whoever waits for the artefact is gone
