"""One WebSocket connection to a server (RFC 6455), over the websockets package (ADR 0009), bounded in every direction.

No redirect is followed, no proxy is taken from the environment, nothing is compressed, and nothing is logged: the
package's debug log prints tokens and payloads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, ProxyError
from websockets.frames import CTRL_OPCODES, Close, CloseCode, Frame
from websockets.protocol import State
from websockets.typing import Subprotocol

from codi_tui.errors import CodiError, GrantError, ProtocolError, TrustError, UnavailableError
from codi_tui.execute.run_protocol import SUBPROTOCOL
from codi_tui.limits import (
    KIB,
    RUN_CLOSE_SECONDS,
    RUN_CONNECT_SECONDS,
    RUN_CONTROL_FRAMES_MAX,
    RUN_MESSAGE_MAX_BYTES,
    RUN_QUEUE_FRAMES,
    RUN_SILENCE_SECONDS,
)
from codi_tui.network import DIRECT, Network

_SILENT_LOGGER = logging.Logger("codi.run", logging.CRITICAL + 1)  # noqa: LOG001 - one that no configuration reaches
_SLICE_BYTES = 16 * KIB
_VIOLATIONS = (
    CloseCode.PROTOCOL_ERROR,
    CloseCode.UNSUPPORTED_DATA,
    CloseCode.INVALID_DATA,
    CloseCode.POLICY_VIOLATION,
    CloseCode.MESSAGE_TOO_BIG,
)
"""What this side closes with when the peer broke RFC 6455 or a limit."""
_ABSENT = (404, 410, 429, 501)


class ConnectionDropped(Exception):  # noqa: N818 - it is news, and the session decides whether it is an error
    """The connection is gone.

    Attributes:
        code: the close code that the server gave, or None when it gave none.
        reason: what it said about it.
    """

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class Connection:
    """An open connection that speaks `codi.run.v1`."""

    def __init__(self, socket: _BoundedConnection, host: str) -> None:
        self._socket = socket
        self._host = host

    async def send(self, message: str | bytes) -> None:
        """Send a message, waiting while the peer does not read.

        Raises:
            ConnectionDropped, ProtocolError: as `receive`.
        """
        try:
            await self._socket.send(message)
        except ConnectionClosed as closed:
            raise self._ending(closed) from None

    async def receive(self) -> str | bytes:
        """The next message; a peer that stays silent is pinged, and left when that brings no answer.

        Raises:
            ConnectionDropped: the connection is gone.
            ProtocolError: the peer broke RFC 6455, sent a message beyond `RUN_MESSAGE_MAX_BYTES`, or floods.
        """
        answer: Any = None
        try:
            while True:
                try:
                    async with asyncio.timeout(RUN_SILENCE_SECONDS):
                        return await self._socket.recv()
                except TimeoutError:
                    if answer is not None and not answer.done():
                        raise ConnectionDropped from None
                async with asyncio.timeout(RUN_SILENCE_SECONDS):
                    answer = await self._socket.ping()
        except ConnectionClosed as closed:
            raise self._ending(closed) from None
        except TimeoutError:  # not even the ping could be sent
            raise ConnectionDropped from None

    def abort(self) -> None:
        """Let go of the connection at once; `receive` then raises `ConnectionDropped`."""
        self._socket.transport.abort()

    async def close(self, *, blame: bool = False) -> None:
        """Say goodbye, or that the peer broke the protocol, within `RUN_CLOSE_SECONDS`, and be gone then in any case."""
        closing = asyncio.ensure_future(
            self._socket.close(CloseCode.PROTOCOL_ERROR if blame else CloseCode.NORMAL_CLOSURE)
        )
        if self._socket.state is not State.CLOSED:
            with contextlib.suppress(TimeoutError, ConnectionClosed):
                async with asyncio.timeout(RUN_CLOSE_SECONDS):
                    await self._read_to_the_end()
        await self._let_go()
        await asyncio.gather(closing, return_exceptions=True)

    async def leave(self, last_words: str) -> None:
        """Say something to which the peer answers by closing; be gone after `RUN_CLOSE_SECONDS` in any case.

        Closing here at once could make the peer miss it: its own sending then fails before it has read so far.
        """
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(RUN_CLOSE_SECONDS):
                await self._socket.send(last_words)
                await self._read_to_the_end()
        await self._let_go()

    async def _read_to_the_end(self) -> None:
        """Take what is still on its way, for the peer's close frame comes behind it."""
        while True:
            await self._socket.recv()

    async def _let_go(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()
        await asyncio.sleep(0)  # TLS lets go of its socket a turn later

    def _ending(self, closed: ConnectionClosed) -> Exception:
        if self._socket.flooded:
            return ProtocolError(f"{self._host} floods the connection with pings")
        ours = None if closed.rcvd_then_sent else closed.sent
        if ours is not None and ours.code in _VIOLATIONS:
            return ProtocolError(f"{self._host} broke the WebSocket protocol: {_said(ours)}")
        if closed.rcvd is None:
            return ConnectionDropped()
        return ConnectionDropped(closed.rcvd.code, closed.rcvd.reason[:200])


class Way:
    """How a server is reached.

    Attributes:
        url: where.
        network: by which authorities and proxy.
        shows_token: whether it is shown the token of its origin, if there is one.
    """

    __slots__ = ("network", "shows_token", "url")

    def __init__(self, url: str, network: Network = DIRECT, *, shows_token: bool = False) -> None:
        self.url = url
        self.network = network
        self.shows_token = shows_token


async def open_connection(way: Way) -> Connection:
    """Connect, and agree on the subprotocol.

    Raises:
        UnavailableError: there is nothing that answers, or it cannot now.
        GrantError: the server refuses this user.
        TrustError: `E_TLS`, the server's certificate does not hold.
        ProtocolError: `E_REDIRECT`; or it answers, and does not speak the protocol.
    """
    url, network = way.url, way.network
    host = urlsplit(url).netloc
    headers = await asyncio.to_thread(network.headers, url) if way.shows_token else {}
    try:
        socket = await _Connect(
            url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            proxy=network.proxy_for(url),
            additional_headers=headers,
            user_agent_header="codi",
            open_timeout=RUN_CONNECT_SECONDS,
            ping_interval=None,  # a reader that is slow would be taken for a dead peer: see `receive`
            close_timeout=RUN_CLOSE_SECONDS,
            max_size=RUN_MESSAGE_MAX_BYTES,
            max_queue=RUN_QUEUE_FRAMES,
            logger=_SILENT_LOGGER,
            create_connection=_BoundedConnection,
            ssl=network.tls(url),
        )
    except ssl.SSLCertVerificationError as error:
        await asyncio.sleep(0)  # as in `_let_go`
        raise TrustError(
            f"the certificate of {host} does not hold: {error.verify_message}",
            code="E_TLS",
            hint="whoever runs the server can mend that; do not go round it",
        ) from None
    except ProxyError as error:
        raise UnavailableError(f"the proxy does not lead to {host}: {str(error)[:200]}") from None
    except InvalidHandshake as error:
        raise _refusal(error, host) from None
    except (OSError, TimeoutError) as error:
        raise UnavailableError(f"cannot reach {host}: {_reason(error)}") from None
    connection = Connection(socket, host)  # type: ignore[arg-type]
    if socket.subprotocol != SUBPROTOCOL:
        await connection.close()
        raise ProtocolError(f"{host} does not speak {SUBPROTOCOL}")
    return connection


def _refusal(error: InvalidHandshake, host: str) -> CodiError:
    """What a handshake that failed means."""
    if isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError | OSError):
        return UnavailableError(f"cannot reach {host}: it hung up")
    if not isinstance(error, InvalidStatus):
        return ProtocolError(f"{host} does not speak {SUBPROTOCOL}: {str(error)[:200]}")
    status = error.response.status_code
    if status == 401:
        return GrantError(
            f"{host} wants a token, or no longer takes yours (401)", code="E_LOGIN", hint=f"codi auth login {host}"
        )
    if status == 403:
        return GrantError(f"{host} refuses to run this for you (status {status})")
    if status in _ABSENT or status >= 500:
        return UnavailableError(f"{host} does not run commands now (status {status})")
    if 300 <= status < 400:
        return ProtocolError(f"{host} sends elsewhere, which codi does not follow", code="E_REDIRECT")
    return ProtocolError(f"{host} does not speak {SUBPROTOCOL} (status {status})")


class _Connect(connect):
    """Follows no redirect: the permission is for the host that was named (trust facts F6)."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _BoundedConnection(ClientConnection):
    """Leaves a peer that floods: a ping is answered at once, past all back-pressure."""

    flooded = False
    _control_frames = 0
    _window_ends = 0.0

    def data_received(self, data: bytes) -> None:
        """Take in by the slice: a read full of empty frames would become a hundred times its size at once."""
        for start in range(0, len(data), _SLICE_BYTES):
            if self.flooded:
                return
            super().data_received(data[start : start + _SLICE_BYTES])

    def process_event(self, event: Any) -> None:
        super().process_event(event)
        if not isinstance(event, Frame) or event.opcode not in CTRL_OPCODES:
            return
        now = self.loop.time()
        if now > self._window_ends:
            self._window_ends = now + RUN_SILENCE_SECONDS
            self._control_frames = 0
        self._control_frames += 1
        if self._control_frames > RUN_CONTROL_FRAMES_MAX:
            self.flooded = True
            self.transport.abort()


def _said(close: Close) -> str:
    return f"{close.code} {close.reason[:200]}".strip()


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)[:200]
