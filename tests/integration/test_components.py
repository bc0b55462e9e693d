"""Components: run as commands are, behind the same limits, with the same rights and no others."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.errors import ModuleError
from codi_tui.execute import validate_component, validate_module
from codi_tui.execute import wasm as running
from codi_tui.execute.artefact import Artefact
from codi_tui.execute.artefacts import ArtefactStore
from codi_tui.execute.compile import Compilation, compile_module
from codi_tui.execute.component import check_component_imports
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.module import engine
from codi_tui.execute.process import WorkerExecutor
from codi_tui.execute.wasm import WasmSandbox
from codi_tui.model.events import RunEvent
from codi_tui.operations.core import drive
from codi_tui.trust import CommandLibrary, Permissions, VerifiedModule
from conftest import Codi, add_server
from support import components, libraries
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand, wasm
from support.runs import loaded
from support.server import serving

STOPPED = {
    "flood": (components.FLOOD, "E_WASM_OUTPUT", "1048576 bytes"),
    "grow": (components.GROW, "E_WASM_MEMORY", "64 MiB"),
    "leap": (components.LEAP, "E_WASM_MEMORY", "64 MiB"),
    "large": (components.LARGE, "E_WASM_MEMORY", "64 MiB"),
    "recurse": (components.RECURSE, "E_WASM_STACK", "stack"),
    "tables": (components.TABLES, "E_WASM_TABLES", "tables"),
    "loop": (components.LOOP, "E_WASM_TIME", "1 s"),
    "sleep": (components.SLEEP, "E_WASM_TIME", "1 s"),
}
LIMITS = {"wall_seconds": 1, "memory_bytes": 64 << 20, "output_bytes": 1 << 20}


def source(name: str = "demo", *permissions: str, **limits: int) -> dict[str, object]:
    """A manifest with one command, of a component."""
    handler = {"type": "wasm", "function": "main", "output": "text", **({"limits": limits} if limits else {})}
    return manifest(
        name,
        commands={name: {"description": "", "subcommands": {"run": subcommand(handler=handler)}}},
        library={"permissions": list(permissions)},
        wasm_module={"format": "component", "exports": ["wasi:cli/run@0.2.0"]},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    stopped = (signed(source(name, **LIMITS), wasm(text)) for name, (text, _, _) in STOPPED.items())
    publish(folder, signed(source("hello"), wasm(components.HELLO)), *stopped)
    return folder


@pytest.fixture
def served(site: Path, home: Path) -> Iterator[None]:
    with serving(site) as server:
        add_server(home, server.origin, PUBLIC_KEY, ["hello", *STOPPED])
        yield


def outcome(text: str, folder: Path, *permissions: str) -> list[RunEvent]:
    """What a run of a component yields; in a process of its own, which is walled off."""
    return asyncio.run(run(loaded(source("demo", *permissions), wasm(text)), folder, *permissions))


async def run(library: CommandLibrary, folder: Path, *permissions: str) -> list[RunEvent]:
    worker = WorkerExecutor(str(folder / "modules"), str(folder / "runs"), module_of)
    executor = DynamicExecutor({"wasm": worker})
    return [event async for event in executor.execute(ready(library, *permissions))]


def ready(library: CommandLibrary, *permissions: str) -> Invocation:
    definition = library.manifest.find("demo.run")
    assert definition is not None
    return Invocation(library, definition, {}, Permissions(library, "demo.run", permissions))


async def module_of(library: CommandLibrary) -> VerifiedModule:
    assert library.module is not None
    return library.module


@pytest.mark.attack("E1", "E2", "E3", "E4", "E6")
@pytest.mark.parametrize("name", STOPPED)
def test_a_component_is_stopped_at_its_limit_which_is_named(name: str, served: None, codi: Codi) -> None:
    _, code, word = STOPPED[name]
    codi("run", "--timeout", "0.05", f"{name}.run")  # compiles it
    begun = time.monotonic()
    result = codi(f"{name}.run")
    assert time.monotonic() - begun < 2.5
    assert (result.status, code in result.stderr, word in result.stderr) == (75, True, True)
    assert codi("hello.run").stdout == b"hello\n"


def test_a_component_succeeds_fails_and_crashes_as_a_command_does(tmp_path: Path) -> None:
    assert [event.type for event in outcome(components.HELLO, tmp_path)] == ["started", "output", "completed"]
    assert outcome(components.HELLO, tmp_path)[1].data == b"hello\n"
    assert outcome(components.LINKED, tmp_path)[-1].fields["exit_status"] == 0
    assert outcome(components.FAIL, tmp_path)[-1].fields["exit_status"] == 1
    assert outcome(components.TRAP, tmp_path)[-1].fields["error"]["code"] == "E_WASM_TRAP"


@pytest.mark.parametrize("text", [components.NO_RUN, components.WRONG_RUN])
def test_a_component_that_is_no_command_is_refused(text: str, tmp_path: Path) -> None:
    error = outcome(text, tmp_path)[-1].fields["error"]
    assert error["code"] == "E_WASM_MODULE"
    assert "wasi:cli/run" in error["message"]


@pytest.mark.attack("E10")
@pytest.mark.parametrize("text", [components.FOREIGN, components.HTTP])
def test_an_interface_that_no_command_is_given_is_refused(text: str, tmp_path: Path) -> None:
    assert outcome(text, tmp_path)[-1].fields["error"]["code"] == "E_WASM_IMPORT"


@pytest.mark.parametrize(
    "item",
    [
        "wasi:cli/run@0.2.0#run",
        "wasi:cli/exit",
        "wasi:cli/exit@0.3.0#exit",
        "wasi:cli@0.2.0",
        "wasi:clocks/@0.2.0",
        "f",
    ],
)
def test_what_is_not_on_the_list_is_refused(item: str) -> None:
    with pytest.raises(ModuleError) as refusal:
        check_component_imports([item], Permissions(loaded(source(), wasm(components.HELLO)), "demo.run", []))
    assert refusal.value.code == "E_WASM_IMPORT"


@pytest.mark.attack("E10")
@pytest.mark.parametrize(("text", "permission"), [(components.RANDOM, "random"), (components.CLOCK, "clock")])
def test_time_and_randomness_are_permissions(text: str, permission: str, tmp_path: Path) -> None:
    assert outcome(text, tmp_path)[-1].fields["error"]["code"] == "E_PERMISSION"
    assert outcome(text, tmp_path, permission)[-1].fields == {"exit_status": 0}


def test_an_interface_that_is_imported_for_its_types_alone_asks_for_nothing(tmp_path: Path) -> None:
    assert outcome(components.TYPES_ALONE, tmp_path)[-1].type == "completed"


def test_a_socket_reaches_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert outcome(components.connecting(server.getsockname()[1]), tmp_path)[-1].fields == {"exit_status": 0}
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.attack("E8")
def test_a_module_is_no_component_and_a_component_no_module() -> None:
    module, component = wasm(libraries.HELLO), wasm(components.HELLO)
    validate_component(component)
    validate_module(module)
    for check, data, code in (
        (validate_component, module, "E_UNSUPPORTED"),
        (validate_module, component, "E_UNSUPPORTED"),
        (validate_component, components.HELLO.encode(), "E_WASM_MODULE"),
        (validate_component, b"", "E_WASM_MODULE"),
        (validate_component, component[:7], "E_WASM_MODULE"),
        (validate_component, None, "E_WASM_MODULE"),
    ):
        with pytest.raises(ModuleError) as refusal:
            check(data)  # type: ignore[arg-type]
        assert refusal.value.code == code


@pytest.mark.attack("E8")
def test_the_compiler_refuses_what_only_begins_as_a_component() -> None:
    module = loaded(source(), wasm(components.HELLO)).module
    assert module is not None
    module.data = module.data[:-3]
    with pytest.raises(ModuleError) as refusal:
        compile_module(module, "component")
    assert refusal.value.code == "E_WASM_MODULE"


@pytest.mark.parametrize("text", [components.HELLO, libraries.HELLO])
def test_what_is_published_under_the_other_format_is_refused(text: str) -> None:
    wrong = manifest() if text is components.HELLO else source()
    with pytest.raises(ModuleError) as refusal:
        signed(wrong, wasm(text))
    assert refusal.value.code == "E_UNSUPPORTED"


def test_no_artefact_passes_from_one_engine_to_the_other(tmp_path: Path) -> None:
    modules = ArtefactStore(str(tmp_path), engine("wasi-command").identity)
    of_components = ArtefactStore(str(tmp_path), engine("component").identity)
    modules.save("0" * 64, Artefact([], b"code"))
    assert modules.load("0" * 64) is not None
    assert of_components.load("0" * 64) is None


def test_a_compilation_that_nobody_waits_for_is_killed() -> None:
    module = loaded(source(), wasm(components.HELLO)).module
    assert module is not None
    with Compilation(module, "component") as compilation:
        assert not compilation.is_done_within(0.01)
    assert compilation._child.returncode == -signal.SIGKILL


def test_compiling_that_takes_a_while_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "COMPILE_NOTICE_SECONDS", 0.001)
    invocation = ready(loaded(source(), wasm(components.HELLO)))
    sandbox = WasmSandbox(str(tmp_path / "modules"), module_of, str(tmp_path / "runs"))

    async def first() -> RunEvent:
        events = sandbox.run(invocation, invocation.definition.handler)
        event = await anext(events)
        await events.aclose()
        return event

    event = drive(first())
    assert event.type == "progress"
    assert "compiling demo" in event.fields["message"]
