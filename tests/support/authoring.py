"""An author's folder without a toolchain: a small module from WebAssembly text, and `codi-registry` in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.libraries import manifest, printing, subcommand, wasm

HELLO = printing(1, b"hello\n")
EXAMPLE = {"description": "Say it", "command": "codi demo.run", "output": "hello\n"}


class Told(NamedTuple):
    """What a verb left."""

    status: int
    out: str
    err: str

    def facts(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out or self.err)
        return document


Registry = Callable[..., Told]


def in_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Registry:
    """`codi-registry`, without a process for each call."""
    from codi_tui.registry.main import main

    def run(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["codi-registry", *map(str, words)])
        capsys.readouterr()
        status = main()
        return Told(status, *capsys.readouterr())

    return run


def make_project(
    folder: Path,
    *,
    name: str = "demo",
    version: str = "1.0.0",
    module: str = HELLO,
    examples: list[dict[str, Any]] | None = None,
    permissions: list[str] | None = None,
    command: dict[str, Any] | None = None,
) -> Path:
    """A library's folder, built."""
    group = {"run": subcommand(examples=[EXAMPLE] if examples is None else examples, **(command or {}))}
    source = manifest(
        name,
        version,
        library={"permissions": permissions or []},
        commands={name: {"description": "Group", "subcommands": group}},
    )
    (folder / "build").mkdir(parents=True, exist_ok=True)
    (folder / "codi.json").write_text(json.dumps(source))
    (folder / "build/module.wasm").write_bytes(wasm(module))
    return folder
