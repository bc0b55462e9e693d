"""Compiling, in a child that can be killed: it cannot be interrupted, and a hostile module takes gigabytes (F11).

`main` is the child's: it reads a WebAssembly module or component on stdin and writes the artefact on stdout.
`main_check` only checks a module. Both find the format and their limits in argv.
"""

from __future__ import annotations

import os
import sys

from codi_tui.errors import HandlerError, LimitError, ModuleError
from codi_tui.execute.artefact import Artefact
from codi_tui.execute.c_api import EngineError
from codi_tui.execute.engine import Engine
from codi_tui.execute.module import new_engine
from codi_tui.limits import (
    COMPILE_MEMORY_BYTES,
    COMPILE_SECONDS,
    COMPONENT_COMPILE_SECONDS,
    MODULE_MAX_BYTES,
    VALIDATE_SECONDS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from codi_tui.model.manifest import WasmFormat
    from codi_tui.trust import VerifiedModule

_THREADS = "4"
"""Of the compiler, for components; each takes memory of its own."""
_REFUSED = 65
_PR_SET_PDEATHSIG, _SIGKILL, _SIGXCPU = 1, 9, 24
_AUTHOR = "this is for the library's author to mend: smaller functions"


def compile_seconds(wasm_format: WasmFormat) -> float:
    """How long compiling may take."""
    return COMPONENT_COMPILE_SECONDS if wasm_format == "component" else COMPILE_SECONDS


class Compilation:
    """One verified module being compiled, within `compile_seconds` and `COMPILE_MEMORY_BYTES`.

    A context manager: what is left of it when its block ends is killed.
    """

    def __init__(self, module: VerifiedModule, wasm_format: WasmFormat) -> None:
        import subprocess
        import time

        self._wasm: bytes | None = module.data
        self._said: tuple[bytes, bytes] | None = None
        self._seconds = compile_seconds(wasm_format)
        self._deadline = time.monotonic() + self._seconds
        self._child = subprocess.Popen(
            _child("main", wasm_format, self._seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "RAYON_NUM_THREADS": _THREADS},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()

    def is_done_within(self, seconds: float) -> bool:
        """Wait for so long; then the child goes on."""
        return self._wait(seconds) is not None

    def artefact(self) -> Artefact:
        """Wait for the end.

        Raises:
            ModuleError: `E_WASM_MODULE`, the engine refuses it.
            LimitError: `E_WASM_COMPILE`, it took too long or too much memory.
            HandlerError: `E_HANDLER`, the compiler itself failed.
        """
        import time

        said = self._wait(max(0, self._deadline - time.monotonic()))
        if said is None:
            raise _too_long(self._seconds)
        stdout, stderr = said
        status = self._child.returncode
        if status == _REFUSED:
            raise ModuleError(f"the module cannot be compiled: {stderr.decode(errors='replace').strip()[:200]}")
        if status > 0:
            words = stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
            raise HandlerError(f"the compiler failed and said: {words[-1][:200]}")
        if status == -_SIGXCPU:
            raise _too_long(self._seconds)
        if status < 0:
            raise LimitError(
                f"compiling the module takes more than {COMPILE_MEMORY_BYTES >> 20} MiB of memory (signal {-status})",
                code="E_WASM_COMPILE",
                hint=_AUTHOR,
            )
        return Artefact.from_bytes(stdout)

    def _wait(self, seconds: float) -> tuple[bytes, bytes] | None:
        import subprocess

        wasm, self._wasm = self._wasm, None
        if self._said is None:
            try:
                self._said = self._child.communicate(wasm, timeout=seconds)
            except subprocess.TimeoutExpired:
                pass
        return self._said


def compile_module(module: VerifiedModule, wasm_format: WasmFormat = "wasi-command") -> Artefact:
    """Compile a verified module, however long it takes within the limits.

    Raises:
        ModuleError, LimitError, HandlerError: as `Compilation.artefact`.
    """
    with Compilation(module, wasm_format) as compilation:
        return compilation.artefact()


def _too_long(seconds: float) -> LimitError:
    return LimitError(f"compiling the module took longer than {seconds:g} s", code="E_WASM_COMPILE", hint=_AUTHOR)


def _child(function: str, wasm_format: WasmFormat, seconds: float) -> list[str]:
    call = f"from codi_tui.execute.compile import {function} as f; raise SystemExit(f())"
    return [sys.executable, "-P", "-c", call, wasm_format, str(int(seconds) + 1), str(COMPILE_MEMORY_BYTES)]


def check_module(data: bytes) -> None:
    """Check a module's bytes in a child, for at most `VALIDATE_SECONDS`.

    Raises:
        ModuleError: `E_WASM_MODULE`, it is not valid, or cannot be checked within its limits.
    """
    import subprocess

    try:
        child = subprocess.run(
            _child("main_check", "wasi-command", VALIDATE_SECONDS),
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
        engine, wasm = _behind_a_wall("wasi-command")
        engine.validate(wasm)
    except EngineError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return _REFUSED
    return 0


def main() -> int:
    """Read what argv names the format of, write its artefact."""
    wasm_format: Any = sys.argv[1]
    _limit_this_process()
    try:
        engine, wasm = _behind_a_wall(wasm_format)
        module = engine.compile(wasm)
    except EngineError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return _REFUSED
    sys.stdout.buffer.write(Artefact(module.imports(), module.serialize()).to_bytes())
    return 0


def _behind_a_wall(wasm_format: WasmFormat) -> tuple[Engine, bytes]:
    """The engine and the module, in a process that from here on can do no more than compile and write its stdout."""
    from codi_tui.execute.wall import put_up_round_process

    engine, wasm = new_engine(wasm_format), sys.stdin.buffer.read(MODULE_MAX_BYTES)
    put_up_round_process(())
    return engine, wasm


def _limit_this_process() -> None:
    """To the seconds and bytes in argv, where the kernel offers it; the parent's clock holds everywhere."""
    seconds, memory_bytes = int(sys.argv[2]), int(sys.argv[3])
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
