"""Compiling, in a child that can be killed: it cannot be interrupted, and a hostile module takes gigabytes (F11).

`main` is the child's: it reads a WebAssembly module on stdin and writes the artefact on stdout. `main_check` only checks.
Both find their limits in argv.
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
_PR_SET_PDEATHSIG, _SIGKILL, _SIGXCPU = 1, 9, 24
_AUTHOR = "this is for the library's author to mend: smaller functions"


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
            [*_child("main"), str(int(COMPILE_SECONDS) + 1), str(COMPILE_MEMORY_BYTES)],
            input=module.data,
            capture_output=True,
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_long() from None
    if child.returncode == _REFUSED:
        raise ModuleError(f"the module cannot be compiled: {child.stderr.decode(errors='replace').strip()[:200]}")
    if child.returncode > 0:
        said = child.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise HandlerError(f"the compiler failed and said: {said[-1][:200]}")
    if child.returncode == -_SIGXCPU:
        raise _too_long()
    if child.returncode < 0:
        raise LimitError(
            f"compiling the module takes more than {COMPILE_MEMORY_BYTES >> 20} MiB of memory "
            f"(signal {-child.returncode})",
            code="E_WASM_COMPILE",
            hint=_AUTHOR,
        )
    return Artefact.from_bytes(child.stdout)


def _too_long() -> LimitError:
    return LimitError(
        f"compiling the module took longer than {COMPILE_SECONDS:g} s", code="E_WASM_COMPILE", hint=_AUTHOR
    )


def _child(function: str) -> list[str]:
    return [sys.executable, "-P", "-c", f"from codi_tui.execute.compile import {function} as f; raise SystemExit(f())"]


def check_module(data: bytes) -> None:
    """Check a module's bytes in a child, for at most `VALIDATE_SECONDS`.

    Raises:
        ModuleError: `E_WASM_MODULE`, it is not valid, or cannot be checked within its limits.
    """
    import subprocess

    try:
        child = subprocess.run(
            [*_child("main_check"), str(int(VALIDATE_SECONDS) + 1), str(COMPILE_MEMORY_BYTES)],
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
        Engine().validate(sys.stdin.buffer.read(MODULE_MAX_BYTES))
    except EngineError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return _REFUSED
    return 0


def main() -> int:
    """Read a module, write its artefact."""
    _limit_this_process()
    try:
        module = Engine().compile(sys.stdin.buffer.read(MODULE_MAX_BYTES))
    except EngineError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return _REFUSED
    sys.stdout.buffer.write(Artefact(module.imports(), module.serialize()).to_bytes())
    return 0


def _limit_this_process() -> None:
    """To the seconds and bytes in argv, where the kernel offers it; the parent's clock holds everywhere."""
    seconds, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    try:
        import resource
    except ImportError:
        return
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (allowed, allowed))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)  # whoever waits for the artefact is gone
