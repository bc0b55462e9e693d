"""One connection, bounded: uvicorn's parser with a limit on a request's head, and clocks for what a peer can delay.

What is refused here has not become a request, so it is answered here, and the connection is closed.
"""

from __future__ import annotations

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from codi_tui.limits import (
    SERVER_CONNECTIONS_MAX,
    SERVER_EXCHANGE_SECONDS,
    SERVER_HEAD_BYTES,
    SERVER_HEAD_SECONDS,
)


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose peer may send no endless head, and may not take for ever."""

    _clock: asyncio.TimerHandle | None = None
    _head_bytes: int | None = 0
    """Bytes of the head that is being received; None while there is none."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wind(SERVER_HEAD_SECONDS)
        if len(self.connections) > SERVER_CONNECTIONS_MAX:
            self._refuse(503, "busy", "too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > SERVER_HEAD_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_bytes is None:
            self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > SERVER_HEAD_BYTES:
            self._refuse_head()
            return
        self._wind(SERVER_EXCHANGE_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wind(SERVER_EXCHANGE_SECONDS if self.cycle and not self.cycle.response_complete else SERVER_HEAD_SECONDS)

    def handle_websocket_upgrade(self) -> None:
        self._stop()
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            self._refuse(400, "bad_request", "this is not HTTP")

    def _refuse_head(self) -> None:
        self._refuse(431, "head_too_large", f"a request's line and headers have at most {SERVER_HEAD_BYTES} bytes")

    def _refuse(self, status: int, error: str, message: str) -> None:
        body = json.dumps({"error": error, "message": message}).encode()
        head = (
            STATUS_LINE[status] + b"content-type: application/json\r\nconnection: close\r\n"
            b"content-length: " + str(len(body)).encode() + b"\r\n\r\n"
        )
        self.transport.write(head + body)
        self.transport.close()

    def _late(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
        elif self._head_bytes is None:
            self.transport.close()  # answered already; what still comes is the rest of its request
        else:
            self._refuse(408, "timeout", f"no whole request came within {SERVER_HEAD_SECONDS:g} s")

    def _wind(self, seconds: float) -> None:
        self._stop()
        self._clock = self.loop.call_later(seconds, self._late)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
