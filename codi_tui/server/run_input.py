"""The stdin of a run on its way from its client to the guest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from codi_tui.errors import ProtocolError
from codi_tui.limits import EVENT_OUTPUT_BYTES, RUN_STDIN_WINDOW_BYTES

_ACKNOWLEDGE_BYTES = RUN_STDIN_WINDOW_BYTES // 4


class StdinBuffer:
    """What has come and the guest has not taken; with what is unacknowledged, at most `RUN_STDIN_WINDOW_BYTES`.

    Only what the guest has taken is acknowledged: so the client reads no faster than the guest.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        """
        Args:
            changed: called when there is something to acknowledge.
        """
        self._kept = bytearray()
        self._taken = 0
        self._acknowledged = 0
        self._ended = False
        self._changed = changed
        self._more = asyncio.Event()

    def add(self, offset: int, data: bytes, *, end: bool) -> None:
        """Take a part in.

        Raises:
            ProtocolError: it is not the next part, or more than the client may send.
        """
        received = self._taken + len(self._kept)
        if offset != received or (self._ended and not end):
            raise ProtocolError(f"stdin at {offset}, where {received} was next")
        if received + len(data) - self._acknowledged > RUN_STDIN_WINDOW_BYTES:
            raise ProtocolError("more of stdin than was asked for")
        self._kept += data
        self._ended = self._ended or end
        self._more.set()

    async def read(self) -> AsyncIterator[bytes]:
        """The guest's side, to the end."""
        while True:
            if self._kept:
                data = bytes(self._kept[:EVENT_OUTPUT_BYTES])
                del self._kept[: len(data)]
                self._taken += len(data)
                yield data
                self._changed()
            elif self._ended:
                return
            else:
                self._more.clear()
                await self._more.wait()

    def to_acknowledge(self) -> int | None:
        """How much the guest has taken, when that is to be said now."""
        news = self._taken - self._acknowledged
        if news <= 0 or (news < _ACKNOWLEDGE_BYTES and self._kept):
            return None
        self._acknowledged = self._taken
        return self._taken

    def rewind(self) -> int:
        """On a new connection: how much of it there is. What the guest has not taken comes again."""
        if not self._ended:
            self._kept.clear()
        self._acknowledged = self._taken + len(self._kept)
        return self._acknowledged
