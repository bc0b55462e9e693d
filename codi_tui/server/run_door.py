"""`WS /api/v1/run`: codi.run.v1 (docs/run-protocol.md), one run on one connection at a time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from codi_tui.errors import NotFoundError, ProtocolError, UnavailableError
from codi_tui.execute.run_protocol import (
    CLOSE_AWAY,
    CLOSE_FORBIDDEN,
    CLOSE_LATER,
    CLOSE_NORMAL,
    CLOSE_POLICY,
    CLOSE_PROTOCOL,
    CLOSE_UNKNOWN,
    SUBPROTOCOL,
    Request,
    decode_request,
    encode,
)
from codi_tui.holdings.rights import RUN, Rights
from codi_tui.limits import SERVER_RUN_CLOSE_SECONDS, SERVER_RUN_FIRST_SECONDS
from codi_tui.server.answers import Refusal, answer, forbidden
from codi_tui.server.context import Context
from codi_tui.server.run import Run

_FOR_GOOD = frozenset({CLOSE_NORMAL, CLOSE_PROTOCOL, 1003, 1007, 1009})
"""A client that leaves with one of these does not come back."""
_REASON_BYTES = 120


class RunDoor:
    """The endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs = context.runs

    async def run(self, socket: WebSocket) -> None:
        """Shake hands, take the first message, and attend to the run that it asks for."""
        try:
            rights = self._admit(socket)
            with self._runs.socket(socket.scope["codi.token"]):
                await socket.accept(subprotocol=SUBPROTOCOL)
                with contextlib.suppress(WebSocketDisconnect):
                    await _close(socket, *await self._serve(socket, rights))
        except UnavailableError:
            await _deny(socket, Refusal(429, "busy", "this token has too many connections"))
        except Refusal as refusal:
            await _deny(socket, refusal)

    def _admit(self, socket: WebSocket) -> Rights:
        """Whoever may run something.

        Raises:
            Refusal: 401; 403; 400, it does not speak the protocol.
        """
        rights = self._context.caller(socket)
        if not rights.patterns(RUN):
            raise forbidden()
        if SUBPROTOCOL not in socket.scope["subprotocols"]:
            raise Refusal(400, "bad_request", f"this speaks {SUBPROTOCOL}")
        return rights

    async def _serve(self, socket: WebSocket, rights: Rights) -> tuple[int, str]:
        """The whole conversation; how to close it."""
        try:
            async with asyncio.timeout(SERVER_RUN_FIRST_SECONDS):
                message = await _receive(socket)
            if isinstance(message, int):
                return message, ""
            run, after = await self._find(socket, rights, decode_request(message), len(message))
            return await _attend(socket, run, after)
        except TimeoutError:
            return CLOSE_POLICY, "nothing was asked for"
        except ProtocolError as error:
            return CLOSE_PROTOCOL, error.message
        except NotFoundError as error:
            return CLOSE_UNKNOWN, error.message
        except UnavailableError as error:
            return CLOSE_LATER, error.message
        except Refusal as refusal:
            return CLOSE_FORBIDDEN, refusal.error

    async def _find(self, socket: WebSocket, rights: Rights, request: Request, size: int) -> tuple[Run, int]:
        """The run that a first message is about, and what the client has of it."""
        token = socket.scope["codi.token"]
        if request.type == "run":
            if not rights.allow(RUN, request.members["library"]):
                raise forbidden()
            return self._runs.begin(token, request.members, size), 0
        if request.type != "resume":
            raise ProtocolError("a connection begins with run or resume")
        run, after = self._runs.find(token, request.members["run_id"]), request.members["after"]
        run.let_go()
        run.events.acknowledge(after)
        await _send(socket, encode("resumed", run_id=request.members["run_id"], stdin_bytes=run.stdin.rewind()))
        return run, after


async def _attend(socket: WebSocket, run: Run, after: int) -> tuple[int, str]:
    """Send and listen until the connection or the run is over; how to close it."""
    listening = asyncio.create_task(_listen(socket, run))
    sending = asyncio.create_task(_tell(socket, run, after))
    run.hold(listening)
    try:
        await asyncio.wait({listening, run.life}, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            return run.closing
        if listening.cancelled():
            return CLOSE_AWAY, "taken up by another connection"
        code = listening.result()
        if code in _FOR_GOOD:
            await _dismiss(run, code)
        return code, ""
    except ProtocolError:
        run.end("broke_protocol", CLOSE_PROTOCOL)
        raise
    finally:
        listening.cancel()
        sending.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)
        run.release(listening)


async def _dismiss(run: Run, code: int) -> None:
    """Let a run go that its client has, or does not want; it is over when this returns."""
    if code == CLOSE_NORMAL and run.events.is_sent():
        run.taken.set()
    else:
        run.end("cancelled", CLOSE_NORMAL)
    await asyncio.wait({run.life})


async def _listen(socket: WebSocket, run: Run) -> int:
    """Take what the client says until it leaves, or cancels; with which close code.

    Raises:
        ProtocolError: it broke the protocol.
    """
    while not isinstance(message := await _receive(socket), int):
        kind, members = decode_request(message)
        if kind == "cancel":
            return CLOSE_NORMAL
        if kind == "ack":
            run.events.acknowledge(members["seq"])
            if run.events.ended and run.events.acknowledged == run.events.last:
                run.taken.set()
        elif kind == "stdin" and run.events.last:
            run.stdin.add(members["offset"], members["data"], end=members["end"])
        else:
            raise ProtocolError(f"{kind} does not belong here")
    return message


async def _tell(socket: WebSocket, run: Run, sent: int) -> None:
    """Send events and acknowledgements, as fast as the client takes them."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            if (taken := run.stdin.to_acknowledge()) is not None:
                await _send(socket, encode("stdin_received", stdin_bytes=taken))
            elif (message := run.events.after(sent)) is not None:
                await _send(socket, message)
                sent += 1
            else:
                run.wake.clear()
                await run.wake.wait()


async def _receive(socket: WebSocket) -> str | bytes | int:
    """The next message, or the code with which the client left."""
    event: Any = await socket.receive()
    if event["type"] == "websocket.disconnect":
        return int(event["code"])
    text, data = event.get("text"), event.get("bytes")
    return bytes(data) if text is None else str(text)


async def _send(socket: WebSocket, message: str | bytes) -> None:
    member = "bytes" if isinstance(message, bytes) else "text"
    await socket.send({"type": "websocket.send", member: message})


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Say goodbye, unless the peer has gone or does not read any more."""
    with contextlib.suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(SERVER_RUN_CLOSE_SECONDS):
            await socket.close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))


async def _deny(socket: WebSocket, refusal: Refusal) -> None:
    response: Response = answer(refusal.body(), refusal.status, refusal.headers)
    await socket.send_denial_response(response)
