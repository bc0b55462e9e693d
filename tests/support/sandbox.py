"""The sandbox, and the probe: a program that tries what its words say."""

from __future__ import annotations

import functools
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.granted import guest_environment
from codi_tui.execute.wasm import WasmSandbox
from codi_tui.model.events import RunEvent
from codi_tui.trust import CommandLibrary, Keyring, SecurityValidator, VerifiedModule
from support.libraries import manifest, subcommand
from support.runs import loaded, run_events

NOT_PERMITTED = 63
"""WASI preview 1's EPERM."""
_FLAGS = ("--target=wasm32-freestanding", "-nostdlib", "-ffreestanding", "-fno-builtin", "-Os", "-s")


@functools.cache
def probe() -> bytes:
    """The probe, built from `probe.c`."""
    return compiled(Path(__file__).with_name("probe.c"))


def compiled(source: Path) -> bytes:
    """A module from C that needs no library."""
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "module.wasm"
        linked = ("-Wl,--no-entry", "-Wl,--export-memory", str(source), "-o", str(built))
        subprocess.run([sys.executable, "-m", "ziglang", "cc", *_FLAGS, *linked], check=True, capture_output=True)
        return built.read_bytes()


def probing(*permissions: str, parameters: Iterable[dict[str, Any]] = (), **handler: Any) -> dict[str, Any]:
    """The manifest of a library whose one command, `demo.run`, is the probe with its words as argv."""
    words = {"name": "words", "type": "string", "description": "", "multiple": True}
    handler = {"type": "wasm", "function": "probe", "argv": ["probe", "{words}"], **handler}
    command = subcommand(options=[words, *parameters], handler=handler)
    return manifest(
        library={"permissions": list(permissions)},
        commands={"demo": {"description": "", "subcommands": {"run": command}}},
    )


def in_child(call: Callable[[], Any]) -> Any:
    """What a call returns in a child: the walls that a run puts up round its process stay up."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "wb") as answer:
            try:
                pickle.dump(call(), answer)
            except BaseException as error:  # noqa: BLE001 - the parent raises it
                pickle.dump(error, answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        result = pickle.load(answer)
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


class Bench:
    """A sandbox with folders of its own, each run in a process of its own."""

    def __init__(self, folder: Path, modules: Path) -> None:
        self.data, self.settings = folder / "data", folder / "settings"
        self.secrets = self.settings / "secrets"
        for made in (self.data, self.settings):
            made.mkdir(exist_ok=True)
        self.modules = modules
        self.offline = False

    def run(
        self,
        source: dict[str, Any],
        arguments: dict[str, Any] | None = None,
        *,
        granted: Iterable[str] = (),
        module: bytes | None = None,
    ) -> list[RunEvent]:
        """Every event of one run."""
        data = probe() if module is None else module

        async def load_module(library: CommandLibrary) -> VerifiedModule:
            return SecurityValidator(Keyring({}), time.time).verify_module(library, data)

        sandbox = WasmSandbox(
            str(self.modules),
            load_module,
            str(self.data / "runs"),
            own_folders=(str(self.data), str(self.settings)),
            environment=lambda permissions: guest_environment(permissions, str(self.secrets)),
            offline=self.offline,
        )
        executor = DynamicExecutor({"wasm": sandbox})
        library = loaded(source, data)
        events: list[RunEvent] = in_child(lambda: run_events(executor, library, "demo.run", arguments, granted))
        runs = self.data / "runs"
        assert not runs.exists() or list(runs.iterdir()) == []
        return events

    def probe(self, *words: str, permissions: Iterable[str] = (), **others: Any) -> str:
        """What the probe says when all that is declared is granted."""
        source = probing(*permissions, parameters=others.pop("parameters", ()))
        return said(self.run(source, {"words": list(words), **others}, granted=permissions))


def said(events: list[RunEvent]) -> str:
    """The standard output of a run that came to its end."""
    assert events[-1].type == "completed", events[-1].fields
    return b"".join(
        event.data for event in events if event.type == "output" and event.fields["stream"] == "stdout"
    ).decode()


def refusal(events: list[RunEvent]) -> dict[str, Any]:
    """The error of a run that failed."""
    assert events[-1].type == "failed", events[-1].fields
    error: dict[str, Any] = events[-1].fields["error"]
    return error
