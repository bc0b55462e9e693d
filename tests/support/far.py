"""Commands that the real library server runs: libraries for it, codi's client of them, and a line that is cut."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.run_protocol import SUBPROTOCOL, decode_reply, encode
from codi_tui.execute.websocket import WebSocketExecutor
from codi_tui.model.events import RunEvent
from codi_tui.operations.core import drive
from codi_tui.trust import CommandLibrary, Keyring, Permissions, SecurityValidator, TrustedKey
from support.libraries import (
    FD_WRITE,
    FLOOD,
    HELLO,
    PUBLIC_KEY,
    SLEEP,
    STDIN_TO_STDOUT,
    manifest,
    signed,
    subcommand,
    wasm,
)
from support.library_server import LibraryServer, put

WORDS = {"name": "words", "type": "string", "description": "", "multiple": True}
FILE = {"name": "file", "type": "path", "description": "", "default": "-"}
COUNT_BLOCKS, BLOCK_BYTES = 400, 5000
COUNT = f"""(module {FD_WRITE} (memory (export "memory") 1)
 (func (export "_start") (local $n i32)
  (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const {BLOCK_BYTES}))
  (loop $next
   (memory.fill (i32.const 1024) (local.get $n) (i32.const {BLOCK_BYTES}))
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))
   (local.set $n (i32.add (local.get $n) (i32.const 1)))
   (br_if $next (i32.lt_u (local.get $n) (i32.const {COUNT_BLOCKS}))))))"""
COUNTED = b"".join(bytes((number % 256,)) * BLOCK_BYTES for number in range(COUNT_BLOCKS))
"""What the library `count` writes."""
PROBES = {"probe": (), "granted": ("secret:GRANTED", "secret:WITHHELD")}
"""Libraries whose guest is the probe, and what they declare."""
GUESTS = {"hello": HELLO, "echo": STDIN_TO_STDOUT, "flood": FLOOD, "sleep": SLEEP, "count": COUNT}


@functools.cache
def far_library(name: str) -> bytes:
    """A library whose one command, `NAME.run`, runs on its server, or here as a fallback."""
    from support.sandbox import probe

    wasm_handler: dict[str, Any] = {"type": "wasm", "function": "main", "output": "bytes"}
    if name in PROBES:
        wasm_handler |= {"argv": ["probe", "{words}"]}
    handler = {"type": "websocket", "endpoint": "server:/api/v1/run", "output": "bytes", "fallback": wasm_handler}
    source = manifest(
        name,
        library={"permissions": ["ws:server", *PROBES.get(name, ())]},
        commands={
            name: {
                "description": "",
                "subcommands": {
                    "run": subcommand(handler=handler, options=[WORDS, FILE]),
                    "here": subcommand(handler={"type": "local", "function": "agents.list"}),
                },
            }
        },
    )
    return signed(source, probe() if name in PROBES else wasm(GUESTS[name]))


def publish_all(server: LibraryServer, *names: str) -> None:
    """Publish the libraries of these names."""
    with server.client("publish:*") as client:
        for name in names:
            answer = put(client, far_library(name), name)
            assert answer.status_code == 201, answer.text


def verified(document: bytes, name: str, origin: str) -> CommandLibrary:
    """A library as codi has it that came from an origin."""
    keyring = Keyring({origin: [TrustedKey(PUBLIC_KEY.hex(), ["*"])]})
    library = drive(SecurityValidator(keyring, time.time).admit(document, origin=origin, name=name))
    assert isinstance(library, CommandLibrary)
    return library


async def far_run(
    origin: str, name: str, stdin: AsyncIterator[bytes] | None = None, **arguments: Any
) -> AsyncIterator[RunEvent]:
    """Run `NAME.run` with codi's own client."""
    library = verified(far_library(name), name, origin)
    definition = library.manifest.find(f"{name}.run")
    assert definition is not None
    permissions = Permissions(library, definition.path, ["ws:server"])
    executor = DynamicExecutor({"websocket": WebSocketExecutor()})
    async for event in executor.execute(Invocation(library, definition, arguments, permissions, 60, stdin)):
        yield event


class Line:
    """A real proxy before a server: it shows a token, and cuts connections.

    Attributes:
        cuts: after so many bytes, of both directions and all connections together, the connection is cut; each once.
        carried: how many bytes there were.
        connections: how many connections there were.
    """

    def __init__(self, server: LibraryServer, token: str, cuts: Iterable[int] = ()) -> None:
        self.cuts = sorted(cuts, reverse=True)
        self.carried = 0
        self.connections = 0
        self._port = int(server.origin.rpartition(":")[2])
        self._token = token

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            far_writer.write(head[:-2] + f"Authorization: Bearer {self._token}\r\n\r\n".encode())
            ways = [asyncio.create_task(self._carry(*way)) for way in ((reader, far_writer), (far_reader, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()
            far_writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            cut = self.cuts and self.carried + len(data) >= self.cuts[-1]
            if cut:
                data = data[: max(0, self.cuts.pop() - self.carried)]
            self.carried += len(data)
            writer.write(data)
            await writer.drain()
            if cut:
                return

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """The proxy for the block; gives its origin."""
        listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        finally:
            listener.close()


class Peer:
    """A client that says whatever a test wants it to."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def ask(self, name: str, run_id: str | None = None, **members: Any) -> str:
        """Ask for a run; returns its id."""
        run_id = run_id or os.urandom(16).hex()
        digest = verified(far_library(name), name, "https://x.example.com").digest
        request = {"library": name, "version": "1.0.0", "digest": digest, "command": f"{name}.run", "arguments": {}}
        await self.socket.send(encode("run", **{**request, "run_id": run_id, **members}))
        return run_id

    async def say(self, kind: str, **members: Any) -> None:
        await self.socket.send(encode(kind, **members))

    async def event(self) -> Any:
        """The next reply."""
        async with asyncio.timeout(20):
            return decode_reply(await self.socket.recv())

    async def events(self) -> list[RunEvent]:
        """All events to the last one."""
        events: list[RunEvent] = []
        while not events or events[-1].type not in ("completed", "failed"):
            reply = await self.event()
            events += [reply] if isinstance(reply, RunEvent) else []
        return events

    async def closed(self) -> tuple[int | None, str | None]:
        """How the server closes, whatever it sends before."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(20):
                async for _ in self.socket:
                    pass
        return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def peer(server: LibraryServer, token: str) -> AsyncIterator[Peer]:
    """A connection of a token's holder."""
    url = server.origin.replace("http", "ws", 1) + "/api/v1/run"
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(
        url,
        additional_headers=headers,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        ping_interval=None,
        close_timeout=1,
        max_size=4 << 20,
        proxy=None,
    ) as socket:
        yield Peer(socket)


def workers_of(server: LibraryServer) -> list[int]:
    """The processes that a server has started and that are still there."""
    pid = server.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


async def until(condition: Any, seconds: float = 10) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


def output(events: Iterable[RunEvent]) -> bytes:
    """What was written to stdout."""
    return b"".join(event.data for event in events if event.type == "output")
