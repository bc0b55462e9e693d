"""WasmSandbox: runs a module, as a WASI command or a core module, with nothing but what the invocation confers.

The guest runs on a thread of this process; this thread reads what it writes, watches the clock and its memory, and says
what happens. A guest that is stopped at a limit is still running when `run` ends: the process is its wall, so whoever
drives this must end the process then (`codi run` and the worker both do, with `os._exit`).
"""

from __future__ import annotations

import json
import os

from codi_tui.errors import CodiError, HandlerError, LimitError, ModuleError, UnavailableError
from codi_tui.execute.c_api import EngineError
from codi_tui.execute.guest import Guest, output_error
from codi_tui.execute.module import engine
from codi_tui.execute.staging import Staging
from codi_tui.limits import RUN_TABLE_ELEMENTS
from codi_tui.model.events import RunEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
    from typing import NoReturn

    from codi_tui.execute.artefact import Artefact
    from codi_tui.execute.artefacts import ArtefactStore
    from codi_tui.execute.guest_events import GuestEvents
    from codi_tui.execute.host import HostFunctions
    from codi_tui.execute.invocation import Invocation, Limits
    from codi_tui.execute.program import Program
    from codi_tui.model.manifest import HandlerDefinition
    from codi_tui.trust import CommandLibrary, Permissions, VerifiedModule

    ModuleSource = Callable[[CommandLibrary], Awaitable[VerifiedModule]]

_WASI = "wasi_snapshot_preview1."
_PERMISSION_OF_IMPORT = {"random_get": "random", "clock_time_get": "clock", "clock_res_get": "clock"}


def _leave(_: LimitError) -> NoReturn:
    os._exit(75)


class WasmSandbox:
    """Runs `wasi-command` and `core` modules in this process."""

    def __init__(
        self,
        artefacts: ArtefactStore,
        load_module: ModuleSource,
        runs_folder: str,
        overdue: Callable[[LimitError], NoReturn] = _leave,
        *,
        own_folders: Sequence[str] = (),
        environment: Callable[[Permissions], dict[str, str]] = lambda _: {},
        offline: bool = False,
    ) -> None:
        """
        Args:
            artefacts: where compiled modules are kept.
            load_module: gives a library's verified module, when it has to be compiled.
            runs_folder: where the files that a run is given are staged.
            overdue: called, on another thread, when a run is beyond a limit and whoever takes its events stands still;
                it ends the process.
            own_folders: codi's own, which are conferred on no guest.
            environment: gives the variables and secrets that were granted; called when some were.
            offline: whether no socket may be opened.
        """
        self._overdue = overdue
        self._artefacts = artefacts
        self._load_module = load_module
        self._runs_folder = runs_folder
        self._own_folders = own_folders
        self._environment = environment
        self._offline = offline

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        module_format = self._format(invocation.library, handler)
        artefact = await self._artefact(invocation.library)
        check_imports(artefact.imports, invocation.permissions, module_format)
        limits = invocation.limits(handler)
        with Staging(self._runs_folder, limits.wall_seconds, self._own_folders) as staging:
            rights = list(invocation.permissions)
            if any(right.startswith("fs:") for right in rights):
                from codi_tui.execute.granted import confer_paths

                confer_paths(rights, staging, self._own_folders)
            arguments = staging.confer(invocation.definition, invocation.arguments)
            guest = self._start(artefact, invocation, handler, arguments, staging, limits, core=module_format == "core")
            for event in guest.events(_reader(handler)):
                if event.type == "completed" and staging.outputs:
                    for said in _settle(staging, event.fields["exit_status"], limits):
                        yield said
                yield event

    def _format(self, library: CommandLibrary, handler: HandlerDefinition) -> str:
        """The format of the library's module.

        Raises:
            ModuleError: there is none, or codi does not run it.
            UnavailableError: a core module does not have the function; a fallback may serve.
        """
        module = library.manifest.wasm_module
        if library.module_digest is None or module is None:
            raise ModuleError("the library has no module", library=library.name)
        if module.format not in ("wasi-command", "core"):
            raise ModuleError(
                f"this codi does not run modules of format {module.format}", code="E_UNSUPPORTED", library=library.name
            )
        if module.format == "core" and handler.function not in module.exports:
            raise UnavailableError(f"the module does not have {handler.function}", library=library.name)
        return module.format

    async def _artefact(self, library: CommandLibrary) -> Artefact:
        """The library's compiled module: kept from an earlier run, or compiled now and kept."""
        assert library.module_digest is not None
        artefact = self._artefacts.load(library.module_digest)
        if artefact is not None:
            return artefact
        from codi_tui.execute.compile import compile_module

        artefact = compile_module(await self._load_module(library))
        try:
            self._artefacts.save(library.module_digest, artefact)
        except CodiError:
            pass  # the next run compiles again, which is slow and not wrong
        return artefact

    def _start(
        self,
        artefact: Artefact,
        invocation: Invocation,
        handler: HandlerDefinition,
        arguments: dict[str, object],
        staging: Staging,
        limits: Limits,
        *,
        core: bool,
    ) -> Guest:
        document = json.dumps({"arguments": arguments, "command": invocation.definition.path}, ensure_ascii=False)
        given = document.encode(errors="surrogateescape")
        environment = self._granted_environment(invocation.permissions)
        host = self._host(artefact.imports, invocation.permissions, environment, limits)
        stdout, stdout_writer = os.pipe()
        stderr, stderr_writer = os.pipe()
        program: Program
        try:
            bounds = {"memory_bytes": limits.memory_bytes, "table_elements": RUN_TABLE_ELEMENTS}
            module = engine().deserialize(artefact.code)
            if core:
                from codi_tui.execute.core_module import CoreModule

                streams = {"stdout": os.dup(stdout_writer), "stderr": os.dup(stderr_writer)}
                program = CoreModule(
                    module, function=str(handler.function), invocation=given, host=host, **streams, **bounds
                )
            else:
                from codi_tui.execute.wasi import WasiCommand

                argv, stdin = _given(invocation, handler, arguments)
                program = WasiCommand(
                    module,
                    argv=argv,
                    environment={**environment, b"CODI_INVOCATION": given},
                    stdin=stdin,
                    stdout_path=f"/dev/fd/{stdout_writer}".encode(),
                    stderr_path=f"/dev/fd/{stderr_writer}".encode(),
                    folders=staging.folders,
                    writable=staging.writable,
                    host=host,
                    **bounds,
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
        written = staging.written_bytes if staging.outputs else None
        return Guest(program, {stdout: "stdout", stderr: "stderr"}, limits, self._overdue, written)

    def _granted_environment(self, permissions: Permissions) -> dict[bytes, bytes]:
        if not any(right.startswith(("env:", "secret:")) for right in permissions):
            return {}
        return {name.encode(): value.encode() for name, value in self._environment(permissions).items()}

    def _host(
        self, imports: list[str], permissions: Permissions, environment: dict[bytes, bytes], limits: Limits
    ) -> HostFunctions | None:
        """What the module may ask of codi, or None when it asks nothing."""
        if not any(item.startswith("codi.") for item in imports):
            return None
        from codi_tui.execute.host import HostFunctions

        http = None
        if "codi.http" in imports:
            from codi_tui.execute.http_broker import HttpBroker

            http = HttpBroker(permissions, limits.wall_seconds, offline=self._offline).ask
        return HostFunctions(environment, http)


def _given(
    invocation: Invocation, handler: HandlerDefinition, arguments: dict[str, object]
) -> tuple[list[bytes], bytes | None]:
    """The program's argv, and its stdin when that is not the user's."""
    argv, stdin = [invocation.library.name, str(handler.function)], None
    if handler.argv is not None or handler.stdin is not None:
        from codi_tui.model.template import expand_argv, fill_stdin

        parameters = invocation.definition.parameters
        if handler.argv is not None:
            argv = expand_argv(handler.argv, parameters, arguments)
        if handler.stdin is not None:
            stdin = fill_stdin(handler.stdin, parameters, arguments)
    return [word.encode(errors="surrogateescape") for word in argv], stdin


def _settle(staging: Staging, exit_status: int, limits: Limits) -> Iterator[RunEvent]:
    """Put what was written in its place, or say that it is not.

    Raises:
        InputError: `E_CREATE`.
        LimitError: `E_WASM_OUTPUT`, it is too much.
    """
    if exit_status == 0:
        if staging.written_bytes() > limits.output_bytes:
            raise output_error(limits)
        staging.place()
        return
    for name in staging.unplaced():
        yield RunEvent.log("warning", f"it ended with status {exit_status}: {name} is left as it was")


def _reader(handler: HandlerDefinition) -> GuestEvents | None:
    """What reads the guest's stdout as events; no other run imports it."""
    if handler.output != "events":
        return None
    from codi_tui.execute.guest_events import GuestEvents

    return GuestEvents()


_CODI = {"wasi-command": ("http", "take"), "core": ("emit", "env", "http", "take")}
"""What a module of each format may import from `codi`."""


def check_imports(imports: list[str], permissions: Permissions, module_format: str = "wasi-command") -> None:
    """Refuse a module that imports what codi does not give, or what it may not have.

    Raises:
        ModuleError: `E_WASM_IMPORT`.
        GrantError: `E_PERMISSION`.
    """
    for item in imports:
        if item.startswith("codi.") and item[5:] in _CODI[module_format]:
            if item == "codi.http" and not any(right.startswith("net:") for right in permissions):
                permissions.require("net:HOST")
            continue
        name = item.removeprefix(_WASI)
        if module_format != "wasi-command" or name == item or name.startswith("sock_"):
            raise ModuleError(f"the module wants {item}, which no command is given", code="E_WASM_IMPORT")
        if name in _PERMISSION_OF_IMPORT:
            permissions.require(_PERMISSION_OF_IMPORT[name])
