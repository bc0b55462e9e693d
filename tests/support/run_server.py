"""A library server that also runs commands: codi.run.v1 on the websockets package, real, small, and able to misbehave.

What a run does is chosen by the command's last part (`demo.lines` does `lines`). A run outlives its connection and is
taken up again from its buffer, as docs/run-protocol.md has it. `lies` maps a command's last part to what is sent instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from codi_tui.errors import ProtocolError
from codi_tui.execute.run_protocol import CLOSE_UNKNOWN, SUBPROTOCOL, decode_request, encode, encode_event
from codi_tui.model.events import RunEvent

Lie = Callable[[ServerConnection, dict[str, Any]], Awaitable[None]]


class Run:
    """One run: its events since the last acknowledged one, and its stdin."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.kept: dict[int, RunEvent] = {}
        self.seq = 0
        self.stdin = bytearray()
        self.taken = 0
        self.stdin_ended = False
        self.changed = asyncio.Condition()
        self.holder: ServerConnection | None = None
        self.task: asyncio.Task[None] | None = None

    async def emit(self, event: RunEvent) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.kept) < 256)
            self.seq += 1
            event.seq = self.seq
            self.kept[self.seq] = event
            self.changed.notify_all()

    async def event(self, seq: int) -> RunEvent:
        async with self.changed:
            await self.changed.wait_for(lambda: seq in self.kept)
            return self.kept[seq]

    async def read(self) -> bytes:
        """The next part of stdin; nothing at its end."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.stdin) > self.taken or self.stdin_ended)
            data = bytes(self.stdin[self.taken : self.taken + 65536])
            self.taken += len(data)
            return data


class RunServer:
    """A running server.

    Attributes:
        cuts: the connection is cut right behind these events, each once; 0 is before the first.
        stdin_cuts: it is cut when so many bytes of stdin have come, each once, before they are acknowledged.
        behaves: another behaviour than the command's last part says, by that part.
        unknown: commands that it says it does not have.
        forgets: it knows no run that is taken up again.
        later_status: how it answers every handshake but the first.
        heard: every request, by type, in order.
        faults: what a client did against the protocol.
    """

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        self.folder = folder
        self.cuts: set[int] = set()
        self.stdin_cuts: set[int] = set()
        self.unknown: set[str] = set()
        self.behaves: dict[str, str] = {}
        self.lies: dict[str, Lie] = {}
        self.heard: list[str] = []
        self.headers: list[Headers] = []
        self.faults: list[str] = []
        self.runs: dict[str, Run] = {}
        self.acknowledged = 0
        self.forgets = False
        self.later_status: int | None = None
        self._loop = asyncio.new_event_loop()
        self._tls = tls
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        scheme = "http" if tls is None else "https"
        self.origin = f"{scheme}://{'127.0.0.1' if tls is None else 'localhost'}:{self.port}"

    def _serve(self, ready: threading.Event) -> None:
        async def main() -> None:
            self._stop = asyncio.Event()
            server = await self._open()
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await self._stop.wait()
            server.close(close_connections=False)
            for connection in server.connections:
                connection.transport.abort()
            for run in self.runs.values():
                if run.task is not None:
                    run.task.cancel()
            await asyncio.sleep(0.01)

        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(main())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _open(self) -> Server:
        return await serve(
            self._handle,
            "127.0.0.1",
            0,
            ssl=self._tls,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            process_request=self._process_request,
            process_response=self._process_response,
            compression=None,
            ping_interval=None,
            max_size=4 << 20,
            logger=_SILENT,
        )

    def stop(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        self.headers.append(request.headers)
        path = request.path
        if self.later_status is not None and len(self.headers) > 1:
            path = f"/status/{self.later_status}"
        if path.startswith("/status/"):
            status = int(path.removeprefix("/status/"))
            headers = Headers({"Location": "/run", "Content-Length": "0"}) if 300 <= status < 400 else Headers()
            return Response(status, "No", headers, b"")
        if path.startswith("/api/") and path != "/api/v1/run":
            file = self.folder / path[1:]
            if not file.is_file():
                return connection.respond(http.HTTPStatus.NOT_FOUND, "")
            data = file.read_bytes()
            return Response(200, "OK", Headers({"Content-Length": str(len(data)), "Connection": "close"}), data)
        return None

    def _process_response(self, connection: ServerConnection, request: Request, response: Response) -> None:
        if request.path == "/no-subprotocol":
            del response.headers["Sec-WebSocket-Protocol"]
        elif request.path == "/other-subprotocol":
            del response.headers["Sec-WebSocket-Protocol"]
            response.headers["Sec-WebSocket-Protocol"] = "other"
        elif request.path == "/extension":
            response.headers["Sec-WebSocket-Extensions"] = "permessage-deflate"

    async def _handle(self, connection: ServerConnection) -> None:
        try:
            request = decode_request(await connection.recv())
            self.heard.append(request.type)
            if request.type == "run":
                await self._begin(connection, request.members)
            elif request.type == "resume":
                await self._resume(connection, request.members)
        except ConnectionClosed:
            pass
        except ProtocolError as error:
            self.faults.append(error.message)
            await connection.close(1002)

    async def _begin(self, connection: ServerConnection, request: dict[str, Any]) -> None:
        name = request["command"].rpartition(".")[2]
        name = self.behaves.get(name, name)
        if name in self.unknown:
            await connection.close(CLOSE_UNKNOWN, "no such command")
            return
        if name in self.lies:
            await self.lies[name](connection, request)
            return
        run = self.runs[request["run_id"]] = Run(request)
        run.task = asyncio.create_task(self._run(run, name))
        await self._attend(connection, run, 0)

    async def _resume(self, connection: ServerConnection, request: dict[str, Any]) -> None:
        run = self.runs.get(request["run_id"])
        if run is None or self.forgets:
            await connection.close(CLOSE_UNKNOWN)
            return
        await connection.send(encode("resumed", run_id=request["run_id"], stdin_bytes=len(run.stdin)))
        await self._attend(connection, run, request["after"])

    async def _attend(self, connection: ServerConnection, run: Run, after: int) -> None:
        run.holder = connection
        sending = asyncio.create_task(self._send(connection, run, after))
        try:
            while True:
                request = decode_request(await connection.recv())
                if not self.heard or self.heard[-1] != request.type:
                    self.heard.append(request.type)
                await self._take(connection, run, request.type, request.members)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _take(self, connection: ServerConnection, run: Run, kind: str, members: dict[str, Any]) -> None:
        async with run.changed:
            if kind == "ack":
                self.acknowledged = members["seq"]
                for seq in [seq for seq in run.kept if seq <= members["seq"]]:
                    del run.kept[seq]
            elif kind == "cancel" and run.task is not None:
                if not run.request["command"].endswith(".stubborn"):
                    run.task.cancel()
                    await connection.close()
            elif kind == "stdin":
                if members["offset"] != len(run.stdin):
                    raise ProtocolError(f"stdin at {members['offset']}, not {len(run.stdin)}")
                run.stdin += members["data"]
                run.stdin_ended = run.stdin_ended or members["end"]
            run.changed.notify_all()
        if kind == "stdin" and not members["end"]:
            for cut in sorted(cut for cut in self.stdin_cuts if cut <= len(run.stdin)):
                self.stdin_cuts.discard(cut)
                connection.transport.abort()
            await connection.send(encode("stdin_received", stdin_bytes=len(run.stdin)))

    async def _send(self, connection: ServerConnection, run: Run, after: int) -> None:
        sent = after
        while True:
            if sent in self.cuts:
                self.cuts.discard(sent)
                connection.transport.abort()
                return
            sent += 1
            await connection.send(encode_event(await run.event(sent)))

    async def _run(self, run: Run, name: str) -> None:
        request = run.request
        await run.emit(RunEvent.started(run_id=request["run_id"], digest=request["digest"]))
        count = int(request["arguments"].get("count", 10))
        if name == "lines":
            for number in range(count):
                await run.emit(RunEvent.output("stdout", f"line {number} é\n".encode()))
        elif name == "bulk":
            for number in range(count):
                await run.emit(RunEvent.output("stdout", bytes((number % 251,)) * 65536))
        elif name == "echo":
            while data := await run.read():
                await run.emit(RunEvent.output("stdout", data))
        elif name in ("drip", "stubborn"):
            while True:
                await run.emit(RunEvent.output("stdout", b"drip\n"))
                await asyncio.sleep(0.02)
        elif name == "silent":
            await asyncio.sleep(60)
        elif name == "every":
            await run.emit(RunEvent("progress", {"done": 1, "total": 2.5, "message": None}))
            await run.emit(RunEvent.log("warning", "careful"))
            await run.emit(RunEvent.output("stderr", b"aside\n"))
            await run.emit(RunEvent.result({"half": 0.5, "arguments": request["arguments"]}))
        elif name == "failing":
            error = {"code": "E_INPUT", "message": "no good", "hint": "try another"}
            await run.emit(RunEvent("failed", {"error": error}))
            return
        await run.emit(RunEvent.completed(count if name == "exit" else 0))


def said(*messages: str | bytes) -> Lie:
    """A lie: what is sent after an honest `started`."""

    async def lie(connection: ServerConnection, request: dict[str, Any]) -> None:
        await connection.send(started(request))
        for message in messages:
            await connection.send(message)
        await connection.wait_closed()

    return lie


def raw(*parts: bytes) -> Lie:
    """A lie below the protocol: bytes on the wire after an honest `started`."""

    async def lie(connection: ServerConnection, request: dict[str, Any]) -> None:
        await connection.send(started(request))
        for part in parts:
            connection.transport.write(part)
        await connection.wait_closed()

    return lie


def started(request: dict[str, Any], **members: Any) -> str:
    """An honest first event, but for what is given."""
    return json.dumps(
        {"seq": 1, "type": "started", "run_id": request["run_id"], "digest": request["digest"], **members}
    )


def failed(code: Any, seq: int = 2, **members: Any) -> str:
    """An event that says how a run failed, with a code and words of the server's choice."""
    error = {"code": code, "message": "trust me", "hint": "codi auth trust add", **members}
    return json.dumps({"seq": seq, "type": "failed", "error": error})


@contextmanager
def running(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[RunServer]:
    """A server for the block."""
    server = RunServer(folder, tls)
    try:
        yield server
    finally:
        server.stop()


def _silent() -> Any:
    import logging

    return logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001


_SILENT = _silent()
