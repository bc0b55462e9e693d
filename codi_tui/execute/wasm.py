"""WasmSandbox: runs a module as a WASI command, with nothing but what the invocation confers.

The guest runs on a thread of this process; this thread reads what it writes, watches the clock and its memory, and says
what happens. A guest that is stopped at a limit is still running when `run` ends: the process is its wall, so whoever
drives this must end the process then (`codi run` and the worker both do, with `os._exit`).
"""

from __future__ import annotations

import _thread
import json
import os
import select
import time

from codi_tui.errors import CodiError, HandlerError, LimitError, ModuleError, ProtocolError
from codi_tui.execute.engine import TRAP_STACK_OVERFLOW, EngineError, WasiCommand
from codi_tui.execute.module import engine
from codi_tui.execute.staging import Staging
from codi_tui.limits import EVENT_OUTPUT_BYTES, RUN_TABLE_ELEMENTS, THREAD_STACK_BYTES
from codi_tui.model.events import RunEvent, whole_characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
    from typing import Literal, NoReturn

    from codi_tui.execute.artefact import Artefact
    from codi_tui.execute.artefacts import ArtefactStore
    from codi_tui.execute.guest_events import GuestEvents
    from codi_tui.execute.invocation import Invocation, Limits
    from codi_tui.model.manifest import HandlerDefinition
    from codi_tui.trust import CommandLibrary, Permissions, VerifiedModule

    ModuleSource = Callable[[CommandLibrary], Awaitable[VerifiedModule]]

_WASI = "wasi_snapshot_preview1."
_PERMISSION_OF_IMPORT = {"random_get": "random", "clock_time_get": "clock", "clock_res_get": "clock"}
_WATCH_SECONDS = 0.005
"""How often the guest's memory is looked at; what it can take meanwhile is what it can touch in that time."""
_POLL_SECONDS = 0.05
"""How often the main thread looks at the limits when nothing is written."""
_GRACE_SECONDS = 0.25
"""How long the main thread may take to act on a broken limit before the process is ended over its head."""


def _leave(_: LimitError) -> NoReturn:
    os._exit(75)


class WasmSandbox:
    """Runs `wasi-command` modules in this process."""

    def __init__(
        self,
        artefacts: ArtefactStore,
        load_module: ModuleSource,
        runs_folder: str,
        overdue: Callable[[LimitError], NoReturn] = _leave,
    ) -> None:
        """
        Args:
            artefacts: where compiled modules are kept.
            load_module: gives a library's verified module, when it has to be compiled.
            runs_folder: where the files of path arguments are staged.
            overdue: called, on another thread, when a run is beyond a limit and whoever takes its events stands still;
                it ends the process.
        """
        self._overdue = overdue
        self._artefacts = artefacts
        self._load_module = load_module
        self._runs_folder = runs_folder

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        artefact = await self._artefact(invocation.library)
        check_imports(artefact.imports, invocation.permissions)
        limits = invocation.limits(handler)
        with Staging(self._runs_folder, limits.wall_seconds) as staging:
            arguments = staging.confer(invocation.definition, invocation.arguments)
            guest = self._start(artefact, invocation, handler, arguments, staging.folders, limits)
            for event in guest.events(_reader(handler)):
                yield event

    async def _artefact(self, library: CommandLibrary) -> Artefact:
        """The library's compiled module: kept from an earlier run, or compiled now and kept."""
        if library.module_digest is None or library.manifest.wasm_module is None:
            raise ModuleError("the library has no module", library=library.name)
        if library.manifest.wasm_module.format != "wasi-command":
            raise ModuleError(
                f"this codi does not run modules of format {library.manifest.wasm_module.format}",
                code="E_UNSUPPORTED",
                library=library.name,
            )
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
        folders: dict[bytes, bytes],
        limits: Limits,
    ) -> _Guest:
        document = json.dumps({"arguments": arguments, "command": invocation.definition.path}, ensure_ascii=False)
        stdout, stdout_writer = os.pipe()
        stderr, stderr_writer = os.pipe()
        try:
            command = WasiCommand(
                engine().deserialize(artefact.code),
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
        return _Guest(command, {stdout: "stdout", stderr: "stderr"}, limits, self._overdue)


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


class _Guest:
    """A running guest: its thread, its watchdog, its two pipes, its limits."""

    def __init__(
        self,
        command: WasiCommand,
        pipes: dict[int, Literal["stdout", "stderr"]],
        limits: Limits,
        overdue: Callable[[LimitError], NoReturn],
    ) -> None:
        self._command = command
        self._pipes = pipes
        self._limits = limits
        self._overdue = overdue
        self._deadline = time.monotonic() + limits.wall_seconds
        self._left_bytes = limits.output_bytes
        self._split: dict[int, bytes] = {}
        self._memory_bytes = 0
        self._outcome: int | EngineError = EngineError("the guest's thread ended without a word")
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        previous = _thread.stack_size(THREAD_STACK_BYTES)
        _thread.start_new_thread(self._run, ())
        _thread.stack_size(previous)
        _thread.start_new_thread(self._watch, ())

    def _watch(self) -> None:
        """Look at clock and memory whatever the main thread does; end the process when it does not react."""
        while not self._ended.acquire(timeout=_WATCH_SECONDS):
            error = self._broken_limit()
            if error is not None:
                if not self._ended.acquire(timeout=_GRACE_SECONDS):
                    self._overdue(error)
                return

    def _run(self) -> None:
        try:
            self._outcome = self._command.run()
        except EngineError as error:
            self._outcome = error
        finally:
            self._memory_bytes = self._command.memory_bytes()
            self._command.close()

    def events(self, reader: GuestEvents | None) -> Iterator[RunEvent]:
        """Everything the guest writes, read by `reader` if there is one, then how it ended."""
        try:
            yield from self._output() if reader is None else reader.read(self._output())
            ending = self._ending()
            if reader is not None:
                yield from reader.end()
        except (LimitError, ProtocolError) as error:
            yield RunEvent.failed(error)  # the watchdog stays: whoever is told may stand still as well
            return
        except CodiError as error:
            ending = RunEvent.failed(error)
        self._ended.release()
        yield ending

    def _output(self) -> Iterator[RunEvent]:
        poll = select.poll()
        for descriptor in self._pipes:
            poll.register(descriptor, select.POLLIN)
        while self._pipes:
            for descriptor, _ in poll.poll(_POLL_SECONDS * 1000):
                data = os.read(descriptor, EVENT_OUTPUT_BYTES - len(self._split.get(descriptor, b"")))
                yield from self._cut(descriptor, data)
                if not data:
                    poll.unregister(descriptor)
                    os.close(descriptor)
                    del self._pipes[descriptor]
            error = self._broken_limit() if self._pipes else None
            if error is not None:
                raise error

    def _cut(self, descriptor: int, data: bytes) -> Iterator[RunEvent]:
        """Output in events that split no character, up to the limit exactly; no data is the end of the stream."""
        over = len(data) > self._left_bytes
        kept = self._split.pop(descriptor, b"") + data[: self._left_bytes]
        self._left_bytes -= min(len(data), self._left_bytes)
        if data and not over:
            end = whole_characters(kept)
            self._split[descriptor] = kept[end:]
            kept = kept[:end]
        if kept:
            yield RunEvent.output(self._pipes[descriptor], kept)
        if over:
            raise LimitError(
                f"stopped: it wrote more than {self._limits.output_bytes} bytes of output", code="E_WASM_OUTPUT"
            )

    def _broken_limit(self) -> LimitError | None:
        if time.monotonic() > self._deadline:
            return LimitError(
                f"stopped: it ran longer than {self._limits.wall_seconds:g} s",
                code="E_WASM_TIME",
                hint="a longer limit: codi run --timeout SECONDS …",
            )
        if max(self._memory_bytes, self._command.memory_bytes()) > self._limits.memory_bytes:
            return self._memory_error()
        return None

    def _memory_error(self) -> LimitError:
        return LimitError(
            f"stopped: it took more than {self._limits.memory_bytes >> 20} MiB of memory", code="E_WASM_MEMORY"
        )

    def _ending(self) -> RunEvent:
        """How the guest ended; asked once its pipes are closed, which its thread does last.

        Raises:
            LimitError, ModuleError, HandlerError: it did not come to its own end.
        """
        if self._memory_bytes > self._limits.memory_bytes:
            raise self._memory_error()
        outcome = self._outcome
        if not isinstance(outcome, EngineError):
            return RunEvent.completed(outcome)
        if outcome.trap == TRAP_STACK_OVERFLOW:
            raise LimitError("stopped: it used up its stack", code="E_WASM_STACK")
        if outcome.trap is not None:
            raise HandlerError(f"the command crashed: {_reason(outcome)}", code="E_WASM_TRAP")
        if "exceeds memory limits" in str(outcome):
            raise self._memory_error()
        if "exceeds table limits" in str(outcome) or "resource limit exceeded" in str(outcome):
            raise LimitError("stopped: it asks for more tables than a command may have", code="E_WASM_TABLES")
        raise ModuleError(f"the module cannot be started: {_reason(outcome)}")


def _reason(error: EngineError) -> str:
    """The line of the engine's report that says what went wrong: the last, below the guest's own frames."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rpartition("wasm trap: ")[2][:200] if lines else "unknown"
