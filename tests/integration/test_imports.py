"""What each front door imports, seen in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CODI

NEVER_ON_A_RUN = {"pydantic", "httpx", "asyncio", "textual", "rich", "platformdirs", "wasmtime", "nacl.bindings"}
NEVER_ON_A_RUN |= {"codi_tui.ui", "codi_tui.catalog.search", "codi_tui.operations.spool"}
FOR_OTHER_COMMANDS = {"codi_tui.execute.guest_events", "codi_tui.execute.agents", "codi_tui.cli.progress"}
FOR_OTHER_COMMANDS |= {"codi_tui.state.grants", "codi_tui.operations.grants", "codi_tui.model.permission"}
FOR_OTHER_COMMANDS |= {"codi_tui.cli.auth", "codi_tui.cli.flags", "codi_tui.cli.page", "codi_tui.cli.question"}
FOR_OTHER_COMMANDS |= {"codi_tui.operations.explain", "codi_tui.operations.trust", "codi_tui.trust.document"}
FOR_OTHER_COMMANDS |= {"codi_tui.cli.consent", "codi_tui.cli.config", "codi_tui.cli.log", "codi_tui.cli.session"}
FOR_OTHER_COMMANDS |= {"codi_tui.runs.output", "codi_tui.operations.sessions", "codi_tui.state.chain", "fcntl"}
NEVER_ON_HELP = NEVER_ON_A_RUN | {"json", "sqlite3", "zstandard", "nacl", "ctypes", "hashlib", "typing", "pathlib"}


def imported(*words: str) -> set[str]:
    """The modules that `codi WORDS` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", CODI, *words],
        input=b"one two\n",
        capture_output=True,
        check=True,
        env=dict(os.environ),
    )
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def packages(modules: set[str], names: set[str]) -> set[str]:
    return {name for name in names if any(module == name or module.startswith(f"{name}.") for module in modules)}


def baseline() -> set[str]:
    """What the interpreter, its site and a pip stub import by themselves."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", "import re"], capture_output=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}


@pytest.mark.parametrize("words", [["run", "text.count"], ["text.count"], ["run", "--output", "json", "text.count"]])
def test_a_cached_run_imports_none_of_the_heavy_packages(words: list[str]) -> None:
    imported("text.count")
    modules = imported(*words)
    assert "codi_tui.execute.engine" in modules
    assert packages(modules, NEVER_ON_A_RUN | FOR_OTHER_COMMANDS) == set()


@pytest.mark.parametrize("words", [[], ["help"], ["--version"]])
def test_help_imports_next_to_nothing(words: list[str]) -> None:
    modules = imported(*words) - baseline()
    assert packages(modules, NEVER_ON_HELP) == set()
    assert len(modules) <= 7, modules


def test_the_first_run_does_import_pydantic_so_the_test_above_can_fail() -> None:
    assert packages(imported("text.count"), {"pydantic"}) == {"pydantic"}


def test_the_package_itself_imports_nothing(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import codi_tui; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=tmp_path)
    assert done.stdout.split() == ["codi_tui"]


@pytest.mark.parametrize(
    "words", [["zsh", "--", "text.w"], ["bash", "--", "codi text.case lo"], ["fish", "--", "run", "--ou"]]
)
def test_the_tab_key_imports_nothing_heavy(words: list[str]) -> None:
    modules = imported("config", "completion", *words) - baseline()
    assert packages(modules, NEVER_ON_HELP) == set()
