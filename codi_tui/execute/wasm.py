"""WasmSandbox: runs a module as a WASI command, with nothing but what the invocation confers.

The guest runs on a thread of this process; this thread reads what it writes, watches the clock and its memory, and says
what happens. A guest that is stopped at a limit is still running when `run` ends: the process is its wall, so whoever
drives this must end the process then (`codi run` and the worker both do, with `os._exit`).
"""

from __future__ import annotations

import json
import os

from codi_tui.errors import CodiError, HandlerError, LimitError, ModuleError
from codi_tui.execute.artefacts import ArtefactStore
from codi_tui.execute.c_api import EngineError
from codi_tui.execute.guest import Guest
from codi_tui.execute.module import engine
from codi_tui.execute.staging import Staging
from codi_tui.execute.wasi import WasiCommand
from codi_tui.limits import COMPILE_NOTICE_SECONDS, RUN_TABLE_ELEMENTS
from codi_tui.model.events import RunEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from typing import NoReturn

    from codi_tui.execute.artefact import Artefact
    from codi_tui.execute.guest_events import GuestEvents
    from codi_tui.execute.invocation import Invocation, Limits
    from codi_tui.model.manifest import HandlerDefinition, WasmFormat
    from codi_tui.trust import CommandLibrary, Permissions, VerifiedModule

    ModuleSource = Callable[[CommandLibrary], Awaitable[VerifiedModule]]

_WASI = "wasi_snapshot_preview1."
_PERMISSION_OF_IMPORT = {"random_get": "random", "clock_time_get": "clock", "clock_res_get": "clock"}


def _leave(_: LimitError) -> NoReturn:
    os._exit(75)


class WasmSandbox:
    """Runs `wasi-command` modules, and components, in this process."""

    def __init__(
        self,
        modules_folder: str,
        load_module: ModuleSource,
        runs_folder: str,
        overdue: Callable[[LimitError], NoReturn] = _leave,
        *,
        own_process: bool = False,
    ) -> None:
        """
        Args:
            modules_folder: where compiled modules are kept.
            load_module: gives a library's verified module, when it has to be compiled.
            runs_folder: where the files of path arguments are staged.
            overdue: called, on another thread, when a run is beyond a limit and whoever takes its events stands still;
                it ends the process.
            own_process: whether this process is there for the run alone: once the guest runs, the process can open
                nothing, and whoever started it has to remove what was staged.
        """
        self._own_process = own_process
        self._overdue = overdue
        self._modules_folder = modules_folder
        self._load_module = load_module
        self._runs_folder = runs_folder

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        wasm_format, digest = _code_of(invocation.library)
        artefacts = ArtefactStore(self._modules_folder, engine(wasm_format).identity)
        artefact = artefacts.load(digest)
        if artefact is None:
            from codi_tui.execute.compile import Compilation

            with Compilation(await self._load_module(invocation.library), wasm_format) as compilation:
                if not compilation.is_done_within(COMPILE_NOTICE_SECONDS):
                    yield RunEvent.progress(0, 1, f"compiling {invocation.library.name}, which is done once")
                artefact = compilation.artefact()
            _keep(artefacts, digest, artefact)
        _, check = _rules_of(wasm_format)
        check(artefact.imports, invocation.permissions)
        limits, reader = invocation.limits(handler), _reader(handler)
        with Staging(self._runs_folder, limits.wall_seconds) as staging:
            arguments = staging.confer(invocation.definition, invocation.arguments)
            guest = self._start(wasm_format, artefact, invocation, handler, arguments, staging.folders, limits)
            for event in guest.events(reader):
                yield event

    def _start(
        self,
        wasm_format: WasmFormat,
        artefact: Artefact,
        invocation: Invocation,
        handler: HandlerDefinition,
        arguments: dict[str, object],
        folders: dict[bytes, bytes],
        limits: Limits,
    ) -> Guest:
        document = json.dumps({"arguments": arguments, "command": invocation.definition.path}, ensure_ascii=False)
        stdout, stdout_writer = os.pipe()
        stderr, stderr_writer = os.pipe()
        try:
            command_class, _ = _rules_of(wasm_format)
            command = command_class(
                engine(wasm_format).deserialize(artefact.code),
                argv=[invocation.library.name.encode(), str(handler.function).encode()],
                environment={b"CODI_INVOCATION": document.encode(errors="surrogateescape")},
                stdout_path=f"/dev/fd/{stdout_writer}".encode(),
                stderr_path=f"/dev/fd/{stderr_writer}".encode(),
                folders=folders,
                memory_bytes=limits.memory_bytes,
                table_elements=RUN_TABLE_ELEMENTS,
            )
        except BaseException as error:
            os.close(stdout)
            os.close(stderr)
            if isinstance(error, EngineError):
                raise HandlerError(f"the run cannot be set up: {error}") from None
            raise
        finally:
            os.close(stdout_writer)
            os.close(stderr_writer)
        return Guest(
            command, {stdout: "stdout", stderr: "stderr"}, limits, self._overdue, self._wall(list(folders.values()))
        )

    def _wall(self, readable: list[bytes]) -> Callable[[], None] | None:
        """Put up the second wall, or say what the guest's thread has to call to do so."""
        from codi_tui.execute import wall

        if self._own_process:
            wall.put_up_round_process(readable)
            return None
        return lambda: wall.put_up_round_thread(readable)


def _code_of(library: CommandLibrary) -> tuple[WasmFormat, str]:
    """The format that a library's manifest names, and its module's digest.

    Raises:
        ModuleError: it has none, or `E_UNSUPPORTED`.
    """
    if library.module_digest is None or library.manifest.wasm_module is None:
        raise ModuleError("the library has no module", library=library.name)
    wasm_format = library.manifest.wasm_module.format
    if wasm_format not in ("wasi-command", "component"):
        raise ModuleError(
            f"this codi does not run modules of format {wasm_format}", code="E_UNSUPPORTED", library=library.name
        )
    return wasm_format, library.module_digest


def _keep(artefacts: ArtefactStore, digest: str, artefact: Artefact) -> None:
    try:
        artefacts.save(digest, artefact)
    except CodiError:
        pass  # the next run compiles again, which is slow and not wrong


def _rules_of(wasm_format: WasmFormat) -> tuple[type[WasiCommand], Callable[[list[str], Permissions], None]]:
    """What runs a format, and what checks its imports."""
    if wasm_format == "component":
        from codi_tui.execute.component import ComponentCommand, check_component_imports

        return ComponentCommand, check_component_imports
    return WasiCommand, check_imports


def _reader(handler: HandlerDefinition) -> GuestEvents | None:
    """What reads the guest's stdout as events; no other run imports it."""
    if handler.output != "events":
        return None
    from codi_tui.execute.guest_events import GuestEvents

    return GuestEvents()


def check_imports(imports: list[str], permissions: Permissions) -> None:
    """Refuse a module that imports what codi does not give, or what it may not have.

    Raises:
        ModuleError: `E_WASM_IMPORT`.
        GrantError: `E_PERMISSION`.
    """
    for item in imports:
        name = item.removeprefix(_WASI)
        if name == item or name.startswith("sock_"):
            raise ModuleError(f"the module wants {item}, which no command is given", code="E_WASM_IMPORT")
        if name in _PERMISSION_OF_IMPORT:
            permissions.require(_PERMISSION_OF_IMPORT[name])
