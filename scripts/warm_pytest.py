"""pytest in a fork of a process that has everything loaded but codi: a test starts in a tenth of a new process's time."""

from __future__ import annotations

import compileall
import importlib
import multiprocessing
import os
import py_compile
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import hypothesis
import pytest

COPIED = ("codi_tui", "tests", "libraries", "styles", "pyproject.toml")
LOADED = (
    "aiosqlite",
    "hypothesis.strategies",
    "httpx",
    "nacl.signing",
    "pydantic",
    "pytest_asyncio.plugin",
    "rfc8785",
    "sqlite3",
    "textual.pilot",
    "textual.widgets",
    "wasmtime",
    "websockets.asyncio.client",
    "websockets.asyncio.server",
)
HERE = Path(__file__).resolve().parent
ACCIDENT = 70


def enter_copy(root: Path, folder: str) -> None:
    """Give this process a copy of the tree of its own below `folder`, and load everything that is not codi's.

    What Python keeps of a compiled file is bound to the hash of its source: a file that is changed and changed back
    within a second is never taken for the other.
    """
    copy = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(root / name, copy / name)
    checked = py_compile.PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(copy / "codi_tui", quiet=1, invalidation_mode=checked)
    vectors = os.environ.get("CODI_VECTORS") or str(root.parent / "shared/vectors")
    if Path(vectors).is_dir():
        os.environ["CODI_VECTORS"] = vectors
    os.environ["PYTHONPATH"] = str(copy)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.mkdtemp(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT", folder))
    sys.path[:] = [str(copy), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]
    os.chdir(copy)
    for name in LOADED:
        importlib.import_module(name)


def run(tests: list[str], seconds: float) -> tuple[int | None, str, float]:
    """Returns pytest's exit status (None: not within `seconds`, and killed with all that it started), output and duration."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = multiprocessing.get_context("fork").Process(target=_pytest, args=(tests, output.fileno()))
        child.start()
        child.join(seconds)
        if child.exitcode is None:
            os.killpg(child.pid or 0, signal.SIGKILL)
            child.join()
            status = None
        else:
            status = child.exitcode
        output.seek(0)
        return status, output.read(), time.monotonic() - began


def _pytest(tests: list[str], output: int) -> None:
    """In the fork: leave with pytest's status, or with one that pytest has not."""
    status = ACCIDENT
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        _see_that_the_copy_is_imported()
        hypothesis.settings.register_profile("once", phases=set(hypothesis.Phase) - {hypothesis.Phase.shrink})
        hypothesis.settings.load_profile("once")
        status = int(
            pytest.main(
                [
                    "-x",
                    "-q",
                    "--assert=plain",
                    "-p",
                    "no:cacheprovider",
                    "-p",
                    "pytest_asyncio.plugin",
                    "-p",
                    "pytest_cov.plugin",
                    *tests,
                ]
            )
        )
    except BaseException:  # noqa: BLE001 - whatever it is, it is no finding
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)


def _see_that_the_copy_is_imported() -> None:
    assert "codi_tui" not in sys.modules, "codi was loaded before the check was taken out"
    import codi_tui

    assert Path(codi_tui.__file__ or "").resolve().is_relative_to(Path.cwd()), "the copy is not what is imported"
