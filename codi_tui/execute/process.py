"""WorkerExecutor: runs WASM handlers in worker processes, from an event loop.

Back-pressure is the pipe: a consumer that stops reading stops the guest. Closing the event stream kills the worker and
all that it started, whatever the guest is doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from codi_tui.errors import HandlerError, LimitError
from codi_tui.execute import frames
from codi_tui.execute.artefacts import ArtefactStore
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.module import engine
from codi_tui.execute.pipe import PipeReader
from codi_tui.execute.staging import remove_runs_of
from codi_tui.execute.worker_events import decode_event
from codi_tui.limits import COMPONENT_COMPILE_SECONDS
from codi_tui.model.events import RunEvent
from codi_tui.model.manifest import HandlerDefinition

if TYPE_CHECKING:
    from codi_tui.execute.wasm import ModuleSource
    from codi_tui.trust import Permissions

_GRACE_SECONDS = 2.0


class WorkerExecutor:
    """Each run in a process group of its own (POSIX)."""

    def __init__(
        self,
        modules_folder: str,
        runs_folder: str,
        load_module: ModuleSource,
        *,
        own_folders: Sequence[str] = (),
        environment: Callable[[Permissions], dict[str, str]] = lambda _: {},
        offline: bool = False,
    ) -> None:
        """
        Args:
            modules_folder, runs_folder, load_module, own_folders, environment, offline: as for `WasmSandbox`.
        """
        self._own_folders = own_folders
        self._environment = environment
        self._offline = offline
        self._modules_folder = modules_folder
        self._runs_folder = runs_folder
        self._load_module = load_module

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        module = await self._module(invocation)
        worker = await self._start()
        try:
            await worker.order(self._request(invocation, handler), invocation.library.message, module)
            worker.feed(invocation.stdin)
            seconds = invocation.limits(handler).wall_seconds + _GRACE_SECONDS
            if module:
                seconds += COMPONENT_COMPILE_SECONDS
            async with contextlib.aclosing(worker.events(seconds)) as events:
                async for event in events:
                    yield event
        finally:
            await worker.end(self._runs_folder)

    async def _start(self) -> _Worker:
        """A worker. One that is not wanted any more before it has started is ended: it would be nobody's."""
        starting = asyncio.ensure_future(_Worker.start())
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                await (await starting).end(self._runs_folder)
            raise

    async def _module(self, invocation: Invocation) -> bytes:
        """The module's bytes when the worker has to compile them, else nothing."""
        digest, described = invocation.library.module_digest, invocation.library.manifest.wasm_module
        if digest is None or described is None:
            return b""
        store = ArtefactStore(self._modules_folder, engine(described.format).identity)
        if await asyncio.to_thread(store.load, digest) is not None:
            return b""
        return (await self._load_module(invocation.library)).data

    def _request(self, invocation: Invocation, handler: HandlerDefinition) -> dict[str, Any]:
        library = invocation.library
        return {
            "origin": library.origin,
            "library": library.name,
            "digest": library.digest,
            "signature": library.signature,
            "public_keys": [key.public_key.hex() for key in library.keys],
            "threshold": library.threshold,
            "verified_at": library.verified_at,
            "v0": "type" not in library.manifest.document,
            "command": invocation.definition.path,
            "fallbacks": _depth(invocation.definition.handler, handler),
            "arguments": invocation.arguments,
            "granted": list(invocation.permissions),
            "wall_seconds": invocation.wall_seconds,
            "output_bytes": invocation.output_bytes,
            "environment": self._granted_environment(invocation.permissions),
            "offline": self._offline,
            "own_folders": list(self._own_folders),
            "modules_folder": self._modules_folder,
            "runs_folder": self._runs_folder,
        }

    def _granted_environment(self, permissions: Permissions) -> dict[str, str]:
        """Read here: the worker is given what was granted, and no way to the rest."""
        granted = any(right.startswith(("env:", "secret:")) for right in permissions)
        return self._environment(permissions) if granted else {}


def _depth(first: HandlerDefinition, wanted: HandlerDefinition) -> int:
    """How many fallbacks lie between a command's handler and the one that is to run."""
    depth, handler = 0, first
    while handler.document is not wanted.document and handler.fallback is not None:
        depth, handler = depth + 1, handler.fallback
    return depth


class _Worker:
    """A worker process and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process, control: int, events: int) -> None:
        self._process = process
        self._control = control
        self._events = PipeReader(events)
        self._ordering: asyncio.Future[None] | None = None
        self._complaint = asyncio.ensure_future(_tail(process.stderr))
        self._tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(_tail(process.stdout)), self._complaint]

    @classmethod
    async def start(cls) -> _Worker:
        control_read, control_write = os.pipe()
        events_read, events_write = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-c", "from codi_tui.execute.worker import main; main()", str(control_read), str(events_write)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(control_read, events_write),
                start_new_session=True,
            )
        except BaseException:
            os.close(control_write)
            os.close(events_read)
            raise
        finally:
            os.close(control_read)
            os.close(events_write)
        return cls(process, control_write, events_read)

    async def order(self, request: dict[str, Any], message: bytes, module: bytes) -> None:
        """Say what to run; the control pipe then stays open for as long as the run may last."""
        orders = (
            frames.encode(frames.REQUEST, json.dumps(request).encode()),
            frames.encode(frames.MESSAGE, message),
            frames.encode(frames.MODULE, module),
        )
        self._ordering = asyncio.ensure_future(asyncio.to_thread(frames.write, self._control, b"".join(orders)))
        with contextlib.suppress(BrokenPipeError):
            await asyncio.shield(self._ordering)

    def feed(self, stdin: AsyncIterator[bytes] | None) -> None:
        """Write the guest's stdin beside everything else."""
        self._tasks.append(asyncio.ensure_future(self._feed(stdin)))

    async def _feed(self, stdin: AsyncIterator[bytes] | None) -> None:
        assert self._process.stdin is not None
        try:
            if stdin is not None:
                async for data in stdin:
                    self._process.stdin.write(data)
                    await self._process.stdin.drain()
        except ConnectionError:
            pass  # the guest has read all that it wants
        finally:
            self._process.stdin.close()

    async def events(self, deadline_seconds: float) -> AsyncGenerator[RunEvent, None]:
        """Every event, ending with `completed` or `failed` whatever becomes of the worker."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_seconds
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    event = await self._next_event()
                yield event
                if event.type in ("completed", "failed"):
                    return
        except TimeoutError:
            yield RunEvent.failed(LimitError("stopped: the run did not end at its limit", code="E_WASM_TIME"))
        except EOFError:
            yield RunEvent.failed(HandlerError(f"the worker ended without a word{await self._last_words()}"))

    async def _next_event(self) -> RunEvent:
        kind, size = frames.decode_header(await self._events.read_exactly(frames.HEADER_BYTES))
        return decode_event(kind, await self._events.read_exactly(size))

    async def _last_words(self) -> str:
        """The worker's status and what it wrote to stderr last: the reason of its crash, if it had one to give."""
        status = await self._process.wait()
        words = (await self._complaint).decode(errors="replace").strip().splitlines()
        return f" (status {status}{': ' + words[-1][:200] if words else ''})"

    async def end(self, runs_folder: str) -> None:
        """Kill what is left of the run, wait for it, and remove what it could not."""
        _kill(self._process)
        for task in self._tasks:
            task.cancel()
        await asyncio.shield(asyncio.ensure_future(self._settle()))
        remove_runs_of(runs_folder, self._process.pid)

    async def _settle(self) -> None:
        """Wait for what is over. The control pipe is closed when no thread writes to it any more: its number is reused."""
        if self._ordering is not None:
            await asyncio.gather(self._ordering, return_exceptions=True)
        os.close(self._control)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._process.wait()
        self._events.close()


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a worker's whole group, unless it is over already."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


async def _tail(stream: asyncio.StreamReader | None) -> bytes:
    """Read a stream to its end and keep the last of it."""
    kept = b""
    while stream is not None and (data := await stream.read(4096)):
        kept = (kept + data)[-4096:]
    return kept
