"""The stdin of a run on a server: read no faster than it is acknowledged, and kept until it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from codi_tui.errors import ProtocolError
from codi_tui.execute.run_protocol import encode, encode_stdin
from codi_tui.limits import EVENT_OUTPUT_BYTES, RUN_STDIN_WINDOW_BYTES


class StdinWindow:
    """What was read and is not acknowledged, at most `RUN_STDIN_WINDOW_BYTES`; offsets count from stdin's first byte."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._acknowledged = 0
        self._next = 0
        self._highest = 0
        self._ended = False
        self._end_sent = False
        self._room = asyncio.Event()
        self._room.set()

    async def read(self, stdin: AsyncIterator[bytes] | None) -> AsyncIterator[None]:
        """Take stdin in, to its end, while there is room; yields whenever there is something to send."""
        if stdin is not None:
            async for data in stdin:
                at = 0
                while at < len(data):
                    await self._room.wait()
                    part = data[at : at + RUN_STDIN_WINDOW_BYTES - len(self._kept)]
                    self._kept += part
                    at += len(part)
                    if len(self._kept) >= RUN_STDIN_WINDOW_BYTES:
                        self._room.clear()
                    yield
        self._ended = True
        yield

    def next_message(self) -> bytes | str | None:
        """What to send next, or None while there is nothing."""
        start = self._next - self._acknowledged
        if start < len(self._kept):
            data = bytes(self._kept[start : start + EVENT_OUTPUT_BYTES])
            message = encode_stdin(self._next, data)
            self._next += len(data)
            self._highest = max(self._highest, self._next)
            return message
        if self._ended and not self._end_sent:
            self._end_sent = True
            return encode("stdin", offset=self._next, end=True)
        return None

    def acknowledge(self, stdin_bytes: int) -> None:
        """Forget what the server has.

        Raises:
            ProtocolError: it has less than it said before, or more than it was sent.
        """
        if not self._acknowledged <= stdin_bytes <= self._highest:
            raise ProtocolError(f"the server acknowledges {stdin_bytes} bytes of stdin, which cannot be")
        del self._kept[: stdin_bytes - self._acknowledged]
        self._acknowledged = stdin_bytes
        self._next = max(self._next, stdin_bytes)
        self._room.set()

    def rewind(self, stdin_bytes: int) -> None:
        """On a new connection: send again what the server does not have. Raises as `acknowledge`."""
        self.acknowledge(stdin_bytes)
        self._next = stdin_bytes
        self._end_sent = False
