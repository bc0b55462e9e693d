"""One run on a server: begun once, taken up again when the connection drops, told to stop when nobody wants it any more.

Nothing is lost and nothing comes twice: `seq` rises by one from 1 over all connections, and stdin is kept until the
server has it (docs/run-protocol.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar
from urllib.parse import urlsplit

from codi_tui.errors import CodiError, FetchError, GrantError, InputError, LimitError, ProtocolError, UnavailableError
from codi_tui.execute.connection import Connection, ConnectionDropped, Way, open_connection
from codi_tui.execute.invocation import Invocation, Limits
from codi_tui.execute.run_output import OutputLimit
from codi_tui.execute.run_protocol import (
    CLOSE_FORBIDDEN,
    CLOSE_UNAUTHENTICATED,
    CLOSE_UNKNOWN,
    Resumed,
    StdinReceived,
    decode_reply,
    encode,
)
from codi_tui.execute.run_stdin import StdinWindow
from codi_tui.limits import RUN_ACK_BYTES, RUN_ACK_EVENTS, RUN_MESSAGE_MAX_BYTES, RUN_RECONNECT_SECONDS
from codi_tui.model.events import RunEvent

_T = TypeVar("_T")

_TRY_AGAIN_LATER = 1013
_RESUMABLE = (None, 1001, 1005, 1006, 1011, 1012, _TRY_AGAIN_LATER, 1014)
"""Endings after which a run is taken up again (RFC 6455, section 7.4.1): none given, going away, restart, error."""
_FIRST_DELAY_SECONDS, _LAST_DELAY_SECONDS = 0.05, 2.0


class RunSession:
    """A run on a server, once. Whatever happens, nothing of it is left open when `events` ends."""

    def __init__(self, way: Way, invocation: Invocation, limits: Limits) -> None:
        self._way = way
        self._host = urlsplit(way.url).netloc
        self._invocation = invocation
        self._limits = limits
        self._run_id = os.urandom(16).hex()  # whoever knows it can take the run up: it is shown to nobody
        self._connection: Connection | None = None
        self._deadline = 0.0
        self._seq = 0
        self._acknowledged = 0
        self._unacknowledged_bytes = 0
        self._lost_at: float | None = None
        self._resuming = False
        self._ended = False
        self._broken = False
        self._stdin = StdinWindow()
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._fault: Exception | None = None

    async def events(self) -> AsyncGenerator[RunEvent, None]:
        """Everything the server says, ending with `completed` or `failed`. Closing it cancels the run.

        Raises:
            UnavailableError: the server cannot be reached, or does not have the command; nothing began.
            GrantError, TrustError: it refuses this user, or is not who it should be.
            ProtocolError: it broke the protocol.
            LimitError: `E_LIMIT`, the run took too long or wrote too much.
            FetchError: `E_NETWORK`, the connection was lost for good.
            InputError: stdin cannot be read, or the arguments are too large.
        """
        request = self._request()
        output = OutputLimit(self._limits.output_bytes)
        self._deadline = asyncio.get_running_loop().time() + self._limits.wall_seconds
        try:
            self._connection = await self._within_limit(open_connection(self._way))
            await self._within_limit(self._begin(request))
            while not self._ended:
                event = await self._within_limit(self._next_event())
                self._ended = event.type in ("completed", "failed")
                for shown in output.take(event):
                    yield shown
        except ProtocolError:
            self._broken = True
            raise
        finally:
            await asyncio.shield(asyncio.ensure_future(self._leave()))

    def _request(self) -> str:
        library = self._invocation.library
        request = encode(
            "run",
            run_id=self._run_id,
            library=library.name,
            version=library.version,
            digest=library.digest,
            command=self._invocation.definition.path,
            arguments=self._invocation.arguments,
        )
        if len(request) > RUN_MESSAGE_MAX_BYTES:
            raise InputError(f"the arguments are larger than the {RUN_MESSAGE_MAX_BYTES} bytes that a server takes")
        return request

    async def _within_limit(self, work: Awaitable[_T]) -> _T:
        """Raises LimitError when the run's time is up."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await work
        except TimeoutError:
            raise LimitError(
                f"stopped: it ran longer than {self._limits.wall_seconds:g} s",
                hint="a longer limit: codi run --timeout SECONDS …",
            ) from None

    async def _begin(self, request: str) -> None:
        """Ask for the run. A connection that drops now is found by whoever receives next."""
        assert self._connection is not None
        with contextlib.suppress(ConnectionDropped):
            await self._connection.send(request)
        self._sender = asyncio.ensure_future(self._send(self._connection))

    async def _next_event(self) -> RunEvent:
        self._acknowledge_events()
        while True:
            item = await self._receive()
            if isinstance(item, Resumed):
                raise ProtocolError(f"{self._host} resumes a run that was not interrupted")
            if not isinstance(item, RunEvent):
                self._stdin.acknowledge(item.stdin_bytes)
                self._wake.set()
                continue
            self._check_order(item)
            if item.type != "started":
                return item
            self._check_started(item)
            self._reader = asyncio.ensure_future(self._read_stdin())

    async def _receive(self) -> RunEvent | Resumed | StdinReceived:
        assert self._connection is not None
        while self._fault is None:
            try:
                return decode_reply(await self._connection.receive())
            except ConnectionDropped as drop:
                if self._fault is None:
                    await self._take_up_again(drop)
        raise self._fault

    def _check_order(self, event: RunEvent) -> None:
        if event.seq != self._seq + 1:
            kind = "again" if event.seq <= self._seq else "too early"
            raise ProtocolError(f"{self._host} sent event {event.seq} {kind}: {self._seq + 1} was next")
        if (event.type == "started") != (event.seq == 1):
            raise ProtocolError(f"{self._host} sent {event.type} as event {event.seq}")
        self._seq = event.seq
        self._unacknowledged_bytes += len(event.data)
        self._lost_at = None

    def _check_started(self, event: RunEvent) -> None:
        asked = {"run_id": self._run_id, "digest": self._invocation.library.digest}
        if event.fields != asked:
            raise ProtocolError(f"{self._host} started something else than it was asked to")

    def _acknowledge_events(self) -> None:
        """Called when all events so far have been taken; lets the server forget them."""
        if self._seq - self._acknowledged >= RUN_ACK_EVENTS or self._unacknowledged_bytes >= RUN_ACK_BYTES:
            self._acknowledged = self._seq
            self._unacknowledged_bytes = 0
            self._wake.set()

    async def _send(self, connection: Connection) -> None:
        """Send acknowledgements and stdin, beside receiving: neither side may wait for the other to read."""
        sent = 0
        with contextlib.suppress(ConnectionDropped, ProtocolError):  # who receives meets the same, and decides
            while True:
                if self._acknowledged > sent:
                    sent = self._acknowledged
                    await connection.send(encode("ack", seq=sent))
                elif (message := self._stdin.next_message()) is not None:
                    await connection.send(message)
                else:
                    self._wake.clear()
                    await self._wake.wait()

    async def _read_stdin(self) -> None:
        """Read stdin from when the run has started: until then a fallback may still want it."""
        try:
            async for _ in self._stdin.read(self._invocation.stdin):
                self._wake.set()
        except Exception as error:  # noqa: BLE001 - raised in the run, by `_receive`
            reason = getattr(error, "strerror", None) or type(error).__name__
            self._fault = error if isinstance(error, CodiError) else InputError(f"cannot read stdin: {reason}")
            if self._connection is not None:
                self._connection.abort()

    async def _take_up_again(self, drop: ConnectionDropped) -> None:
        """Connect again and go on behind the last event, or raise why that cannot be."""
        now = asyncio.get_running_loop().time
        self._refuse(drop)
        self._lost_at = self._lost_at or now()
        delay = _FIRST_DELAY_SECONDS
        self._resuming = True
        while True:
            await self._disconnect()
            if now() - self._lost_at > RUN_RECONNECT_SECONDS:
                raise FetchError(
                    f"the connection to {self._host} was lost while the command ran, and did not come back "
                    f"within {RUN_RECONNECT_SECONDS:g} s",
                    hint="what the command did until then is done; look before you run it again",
                )
            await asyncio.sleep(delay * random.uniform(0.5, 1))  # noqa: S311 - spreads clients, guards nothing
            delay = min(2 * delay, _LAST_DELAY_SECONDS)
            try:
                self._connection = await open_connection(self._way)
                await self._resume(self._connection)
                return
            except UnavailableError:
                continue
            except ConnectionDropped as again:
                self._refuse(again)

    async def _resume(self, connection: Connection) -> None:
        await connection.send(encode("resume", run_id=self._run_id, after=self._seq))
        reply = decode_reply(await connection.receive())
        if not isinstance(reply, Resumed) or reply.run_id != self._run_id:
            raise ProtocolError(f"{self._host} answers something else than it was asked")
        self._stdin.rewind(reply.stdin_bytes)
        self._sender = asyncio.ensure_future(self._send(connection))

    def _refuse(self, drop: ConnectionDropped) -> None:
        """Raise what a close code means when the run cannot go on after it."""
        said = f"; the server says: {drop.reason}" if drop.reason else ""
        nothing_began = self._seq == 0 and not self._resuming
        if nothing_began and drop.code in (CLOSE_UNKNOWN, _TRY_AGAIN_LATER):
            raise UnavailableError(f"{self._host} does not run {self._invocation.definition.path} now{said}")
        if drop.code == CLOSE_UNKNOWN:
            raise FetchError(f"{self._host} no longer knows the run{said}")
        if drop.code in (CLOSE_UNAUTHENTICATED, CLOSE_FORBIDDEN):
            raise GrantError(f"{self._host} refuses to run this for you{said}")
        if drop.code not in _RESUMABLE:
            raise ProtocolError(f"{self._host} closed the connection before the run ended ({drop.code}){said}")

    async def _disconnect(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
            self._sender = None
        if self._connection is not None:
            self._connection.abort()
            await self._connection.close()
            self._connection = None

    async def _leave(self) -> None:
        """Cancel what is not over, and leave no task, no connection and no half-read stdin behind."""
        tasks = [task for task in (self._reader, self._sender) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connection is not None:
            if self._ended or self._broken:
                await self._connection.close(blame=self._broken)
            else:
                await self._connection.leave(encode("cancel"))
        if (close := getattr(self._invocation.stdin, "aclose", None)) is not None and self._reader is not None:
            await close()
