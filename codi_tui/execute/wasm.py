"""WasmSandbox: runs a module of any of the formats, with nothing but what the invocation confers.

The guest runs on a thread of this process; this thread reads what it writes, watches the clock and its memory, and says
what happens. A guest that is stopped at a limit is still running when `run` ends: the process is its wall, so whoever
drives this must end the process then (`codi run` and the worker both do, with `os._exit`).
"""

from __future__ import annotations

import json
import os

from codi_tui.errors import CodiError, HandlerError, LimitError, ModuleError, UnavailableError
from codi_tui.execute import overrun
from codi_tui.execute.artefacts import ArtefactStore
from codi_tui.execute.c_api import EngineError
from codi_tui.execute.guest import Guest
from codi_tui.execute.module import engine
from codi_tui.execute.programs import make_program
from codi_tui.execute.staging import Staging
from codi_tui.limits import COMPILE_NOTICE_SECONDS
from codi_tui.model.events import RunEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
    from typing import NoReturn

    from codi_tui.execute.artefact import Artefact
    from codi_tui.execute.guest_events import GuestEvents
    from codi_tui.execute.host import HostFunctions
    from codi_tui.execute.invocation import Invocation, Limits
    from codi_tui.model.manifest import HandlerDefinition, WasmFormat
    from codi_tui.trust import CommandLibrary, Permissions, VerifiedModule

    ModuleSource = Callable[[CommandLibrary], Awaitable[VerifiedModule]]

_WASI = "wasi_snapshot_preview1."
_PERMISSION_OF_IMPORT = {"random_get": "random", "clock_time_get": "clock", "clock_res_get": "clock"}


def _leave(_: LimitError) -> NoReturn:
    os._exit(75)


class WasmSandbox:
    """Runs modules of each format in this process."""

    def __init__(
        self,
        modules_folder: str,
        load_module: ModuleSource,
        runs_folder: str,
        overdue: Callable[[LimitError], NoReturn] = _leave,
        *,
        own_process: bool = False,
        own_folders: Sequence[str] = (),
        environment: Callable[[Permissions], dict[str, str]] = lambda _: {},
        offline: bool = False,
    ) -> None:
        """
        Args:
            modules_folder: where compiled modules are kept.
            load_module: gives a library's verified module, when it has to be compiled.
            runs_folder: where the files that a run is given are staged.
            overdue: called, on another thread, when a run is beyond a limit and whoever takes its events stands still;
                it ends the process.
            own_process: whether this process is there for the run alone: once the guest runs, the process can open
                nothing that the run does not need, and whoever started it has to remove what was staged.
            own_folders: codi's own, which are conferred on no guest.
            environment: gives the variables and secrets that were granted; called when some were.
            offline: whether no socket may be opened.
        """
        self._own_process = own_process
        self._overdue = overdue
        self._modules_folder = modules_folder
        self._load_module = load_module
        self._runs_folder = runs_folder
        self._own_folders = own_folders
        self._environment = environment
        self._offline = offline

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        wasm_format, digest = _code_of(invocation.library, handler)
        artefacts = ArtefactStore(self._modules_folder, engine(wasm_format).identity)
        artefact = artefacts.load(digest)
        if artefact is None:
            from codi_tui.execute.compile import Compilation

            with Compilation(await self._load_module(invocation.library), wasm_format) as compilation:
                if not compilation.is_done_within(COMPILE_NOTICE_SECONDS):
                    yield RunEvent.progress(0, 1, f"compiling {invocation.library.name}, which is done once")
                artefact = compilation.artefact()
            _keep(artefacts, digest, artefact)
        if wasm_format == "component":
            from codi_tui.execute.component import check_component_imports

            check_component_imports(artefact.imports, invocation.permissions)
        else:
            check_imports(artefact.imports, invocation.permissions, wasm_format)
        limits, reader = invocation.limits(handler), _reader(handler)
        with Staging(self._runs_folder, limits.wall_seconds, self._own_folders) as staging:
            guest = self._start(wasm_format, artefact, invocation, handler, staging, limits)
            for event in guest.events(reader):
                if event.type == "completed" and staging.outputs:
                    for said in _settle(staging, event.fields["exit_status"], limits):
                        yield said
                yield event

    def _start(
        self,
        wasm_format: WasmFormat,
        artefact: Artefact,
        invocation: Invocation,
        handler: HandlerDefinition,
        staging: Staging,
        limits: Limits,
    ) -> Guest:
        self._confer_granted(invocation.permissions, staging)
        arguments = staging.confer(invocation.definition, invocation.arguments)
        environment = self._granted_environment(invocation.permissions)
        host = self._host(artefact.imports, invocation.permissions, environment, limits)
        document = json.dumps({"arguments": arguments, "command": invocation.definition.path}, ensure_ascii=False)
        stdout, stdout_writer = os.pipe()
        stderr, stderr_writer = os.pipe()
        try:
            program = make_program(
                wasm_format,
                artefact.code,
                invocation,
                handler,
                arguments=arguments,
                document=document.encode(errors="surrogateescape"),
                environment=environment,
                stdout=stdout_writer,
                stderr=stderr_writer,
                staging=staging,
                host=host,
                memory_bytes=limits.memory_bytes,
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
            program,
            {stdout: "stdout", stderr: "stderr"},
            limits,
            self._overdue,
            self._wall(staging, network="codi.http" in artefact.imports),
            staging.written_bytes if staging.outputs else None,
        )

    def _confer_granted(self, permissions: Permissions, staging: Staging) -> None:
        rights = list(permissions)
        if any(right.startswith("fs:") for right in rights):
            from codi_tui.execute.granted import confer_paths

            confer_paths(rights, staging, self._own_folders)

    def _wall(self, staging: Staging, *, network: bool) -> Callable[[], None] | None:
        """Put up the second wall, or say what the guest's thread has to call to do so.

        A thread that speaks to the network for the guest, and one that puts written files in their places afterwards,
        stand outside.
        """
        from codi_tui.execute import wall

        readable, writable = list(staging.folders.values()), list(staging.writable.values())
        if self._own_process and not network and not staging.outputs:
            wall.put_up_round_process(readable, writable)
            return None
        return lambda: wall.put_up_round_thread(readable, writable, network=network)

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


def _code_of(library: CommandLibrary, handler: HandlerDefinition) -> tuple[WasmFormat, str]:
    """The format that a library's manifest names, and its module's digest.

    Raises:
        ModuleError: it has none.
        UnavailableError: a core module does not have the function; a fallback may serve.
    """
    module = library.manifest.wasm_module
    if library.module_digest is None or module is None:
        raise ModuleError("the library has no module", library=library.name)
    if module.format == "core" and handler.function not in module.exports:
        raise UnavailableError(f"the module does not have {handler.function}", library=library.name)
    return module.format, library.module_digest


def _keep(artefacts: ArtefactStore, digest: str, artefact: Artefact) -> None:
    try:
        artefacts.save(digest, artefact)
    except CodiError:
        pass  # the next run compiles again, which is slow and not wrong


def _settle(staging: Staging, exit_status: int, limits: Limits) -> Iterator[RunEvent]:
    """Put what was written in its place, or say that it is not.

    Raises:
        InputError: `E_CREATE`.
        LimitError: `E_WASM_OUTPUT`, it is too much.
    """
    if exit_status == 0:
        if error := overrun.too_much_written(limits, staging.written_bytes()):
            raise error
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
