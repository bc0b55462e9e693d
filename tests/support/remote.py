"""Commands that a server runs, invoked through the dispatcher as a front door does it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.websocket import WebSocketExecutor
from codi_tui.model.events import RunEvent
from codi_tui.model.manifest import HandlerDefinition
from codi_tui.trust import Permissions
from support.libraries import manifest, subcommand
from support.runs import loaded

ENDPOINT = "server:/run"
BEHAVIOURS = ("lines", "bulk", "echo", "drip", "stubborn", "silent", "every", "failing", "exit", "lie")
"""What `RunServer` does, by the last part of a command's name."""
COUNT = {"name": "count", "type": "integer", "description": "How many"}


class Fallback:
    """Stands in for a WASM handler, and counts how often it had to."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        self.runs += 1
        stdin = [data async for data in invocation.stdin] if invocation.stdin else []
        yield RunEvent.output("stdout", b"".join(stdin) or b"fallback")
        yield RunEvent.completed(0)


def library_source(
    endpoint: str = ENDPOINT,
    *,
    permissions: tuple[str, ...] = ("ws:server",),
    options: tuple[dict[str, Any], ...] = (COUNT,),
    **handler: Any,
) -> dict[str, Any]:
    """A manifest's source with one command for each of the server's behaviours."""
    definition = {"type": "websocket", "endpoint": endpoint, **handler}
    subcommands = {name: subcommand(handler=definition, options=list(options)) for name in BEHAVIOURS}
    return manifest(
        commands={"demo": {"description": "Group", "subcommands": subcommands}},
        library={"permissions": list(permissions)},
    )


class Remote:
    """A library whose commands run on a server."""

    def __init__(self, origin: str, *, origins: tuple[str, ...] = (), offline: bool = False, **source: Any) -> None:
        fallback = {"type": "wasm", "function": "f"}
        self.library = loaded(library_source(**{"fallback": fallback, **source}), origin=origin)
        self.fallback = Fallback()
        websocket = WebSocketExecutor(origins, offline=offline)
        self.executor = DynamicExecutor({"websocket": websocket, "wasm": self.fallback})

    def start(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        *,
        granted: tuple[str, ...] | None = None,
        stdin: AsyncIterator[bytes] | None = None,
        wall_seconds: float | None = 20,
    ) -> AsyncGenerator[RunEvent, None]:
        command = f"demo.{name}"
        definition = self.library.manifest.find(command)
        assert definition is not None
        may = self.library.manifest.library.permissions if granted is None else granted
        permissions = Permissions(self.library, command, may)
        return self.executor.execute(
            Invocation(self.library, definition, arguments or {}, permissions, wall_seconds, stdin)
        )

    async def run(self, name: str, arguments: dict[str, Any] | None = None, **members: Any) -> list[RunEvent]:
        return [event async for event in self.start(name, arguments, **members)]

    async def error(self, name: str, arguments: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """How a run failed; it must not have used its fallback."""
        events = await self.run(name, arguments, **{"wall_seconds": 5, **members})
        assert events[-1].type == "failed", events
        assert self.fallback.runs == 0
        error: dict[str, Any] = events[-1].fields["error"]
        return error


async def pieces(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    """A stdin of many pieces."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


@contextmanager
def nothing_left() -> Iterator[None]:
    """No descriptor, no task and no thread more behind the block than before it. Use it inside a running loop.

    The loop keeps its resolver's thread. The server lives in this process as well: it is given time to let go. This side is not, for its loop stands still.
    """

    def there() -> tuple[int, int, int]:
        threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
        return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), len(threads)

    before = there()

    def more() -> bool:
        return any(now > then for now, then in zip(there(), before, strict=True))

    yield
    deadline = time.monotonic() + 2
    while more() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not more(), (asyncio.all_tasks(), threading.enumerate())
