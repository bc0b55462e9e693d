"""Build the WebAssembly modules of the libraries from their C sources.

Every ``libraries/<name>/src`` with C files, together with ``libraries/common``, becomes
``libraries/<name>/build/module.wasm``, byte for byte the same on every machine. ``--check`` also compares each module with the one
inside ``libraries/sealed/<name>.json`` and exits with 1 if any differs.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

LIBRARIES = Path(__file__).resolve().parent.parent / "libraries"
COMMON = LIBRARIES / "common"
ZIG_VERSION = "0.17.1"
FLAGS = (
    "--target=wasm32-wasi",
    "-std=gnu17",
    "-Os",
    "-msimd128",
    "-mbulk-memory",
    "-g0",
    "-s",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wl,-z,stack-size=262144",
    "-I../../common",
)
EXIT_DIFFERS = 1
EXIT_UNAVAILABLE = 69


class BuildError(Exception):
    """A module cannot be built; the message says why."""


def run_zig(arguments: Sequence[str], folder: Path, cache: Path) -> str:
    """Run the compiler in a folder and return what it prints."""
    caches = {
        "ZIG_LOCAL_CACHE_DIR": str(cache / "local"),
        "ZIG_GLOBAL_CACHE_DIR": os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(cache / "global")),
    }
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *arguments],
        cwd=folder,
        env={**os.environ, **caches},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(done.stderr.strip())
    return done.stdout.strip()


def has_compiler(cache: Path) -> bool:
    """Tell whether the pinned compiler is installed."""
    try:
        return run_zig(["version"], LIBRARIES, cache) == ZIG_VERSION
    except BuildError:
        return False


def build(library: Path, cache: Path) -> bytes:
    """Compile one library; relative, sorted names keep the machine out of the module."""
    source = library / "src"
    module = library / "build" / "module.wasm"
    module.parent.mkdir(exist_ok=True)
    names = sorted(os.path.relpath(path, source) for folder in (source, COMMON) for path in folder.glob("*.c"))
    output = os.path.relpath(module, source)
    run_zig(["cc", *FLAGS, "-o", output, *names], source, cache)
    module.chmod(0o644)
    return module.read_bytes()


def sealed_module(name: str) -> bytes | None:
    """Return the module inside a sealed library, or None without one."""
    sealed = LIBRARIES / "sealed" / f"{name}.json"
    if not sealed.is_file():
        return None
    return base64.b64decode(json.loads(sealed.read_bytes())["wasm_module"]["data"])


def difference(name: str, module: bytes) -> str | None:
    """Say how a module differs from the sealed one, or None if it does not."""
    sealed = sealed_module(name)
    if sealed is None:
        return f"{name}: there is no libraries/sealed/{name}.json to compare with"
    if sealed != module:
        return f"{name}: the sealed module is not the one that its sources give"
    return None


def build_all(check: bool, cache: Path) -> int:
    """Build every library that has C sources and return the exit status."""
    status = 0
    for library in sorted(source.parent for source in LIBRARIES.glob("*/src")):
        if not any((library / "src").glob("*.c")):
            continue
        module = build(library, cache)
        problem = difference(library.name, module) if check else None
        print(problem or f"{library.name}: {len(module)} bytes")
        if problem:
            status = EXIT_DIFFERS
    return status


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Build the WebAssembly modules of libraries.")
    parser.add_argument("--check", action="store_true", help="compare with the sealed modules")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        if not has_compiler(cache):
            print(f"Install the compiler first: pip install ziglang=={ZIG_VERSION}", file=sys.stderr)
            return EXIT_UNAVAILABLE
        try:
            return build_all(check, cache)
        except BuildError as error:
            print(error, file=sys.stderr)
            return EXIT_DIFFERS


if __name__ == "__main__":
    sys.exit(main())
