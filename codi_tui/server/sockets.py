"""One WebSocket, bounded: uvicorn's protocol with limits on what a peer can send past all back-pressure.

A message stops the reading until it was taken. Pings and fragments do not: each is answered, or kept, at once.
"""

from __future__ import annotations

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from codi_tui.limits import (
    RUN_CONTROL_FRAMES_MAX,
    RUN_SILENCE_SECONDS,
    SERVER_RUN_CLOSE_SECONDS,
    SERVER_RUN_FRAGMENTS,
)

_SLICE_BYTES = 4096


class BoundedSocket(WebSocketsSansIOProtocol):
    """A connection that is left when its peer floods, and that does not linger when its peer does not read."""

    _pings = 0
    _window_ends = 0.0

    def data_received(self, data: bytes) -> None:
        """Take in by the slice: a read full of empty frames would become a hundred times its size at once."""
        for start in range(0, len(data), _SLICE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _SLICE_BYTES])

    def handle_ping(self) -> None:
        now = self.loop.time()
        if now > self._window_ends:
            self._window_ends, self._pings = now + RUN_SILENCE_SECONDS, 0
        self._pings += 1
        if self._pings > RUN_CONTROL_FRAMES_MAX:
            self.transport.abort()
        else:
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= SERVER_RUN_FRAGMENTS:
            self.transport.abort()
        else:
            super().handle_cont(event)

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # by a refusal: uvicorn would take it for a fault

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self.loop.call_later(SERVER_RUN_CLOSE_SECONDS, self.transport.abort)
