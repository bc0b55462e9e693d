"""The events of a run on their way to its client: encoded once, kept until they are acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from codi_tui.errors import LimitError, ProtocolError
from codi_tui.execute.run_protocol import encode_event
from codi_tui.limits import RUN_MESSAGE_MAX_BYTES, SERVER_RUN_EVENT_BYTES, SERVER_RUN_EVENTS
from codi_tui.model.events import RunEvent


class EventBuffer:
    """At most `SERVER_RUN_EVENTS` events and about `SERVER_RUN_EVENT_BYTES`; whoever adds to a full one waits.

    Attributes:
        last: the number of the newest event; 0 before the first.
        ended: whether that is the run's last one.
        acknowledged: the client has everything up to this one.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        """
        Args:
            changed: called when there is something to send.
        """
        self.last = 0
        self.ended = False
        self.acknowledged = 0
        self._sent = 0
        self._kept: dict[int, str | bytes] = {}
        self._bytes = 0
        self._changed = changed
        self._room = asyncio.Event()
        self._room.set()

    async def put(self, event: RunEvent) -> None:
        """Add an event, when there is room.

        Raises:
            LimitError: `E_LIMIT`, it is larger than a message may be.
        """
        await self._room.wait()
        self._add(event)

    def end(self, event: RunEvent) -> None:
        """Add the last event, room or not."""
        self._add(event)
        self.ended = True

    def _add(self, event: RunEvent) -> None:
        event.seq = self.last + 1
        message = encode_event(event)
        if len(message) > RUN_MESSAGE_MAX_BYTES:
            raise LimitError(f"stopped: it gave a result of more than {RUN_MESSAGE_MAX_BYTES} bytes")
        self.last = event.seq
        self._kept[event.seq] = message
        self._bytes += len(message)
        self._make_room()
        self._changed()

    def after(self, seq: int) -> str | bytes | None:
        """The event behind one, to be sent now; None while there is none."""
        message = self._kept.get(seq + 1)
        if message is not None:
            self._sent = max(self._sent, seq + 1)
        return message

    def acknowledge(self, seq: int) -> None:
        """Forget what the client has.

        Raises:
            ProtocolError: it cannot have that, or had more before.
        """
        if not self.acknowledged <= seq <= self._sent:
            raise ProtocolError(f"event {seq} is acknowledged, which cannot be")
        for number in range(self.acknowledged + 1, seq + 1):
            self._bytes -= len(self._kept.pop(number))
        self.acknowledged = seq
        self._make_room()

    def is_sent(self) -> bool:
        """Whether the last event was sent, on whichever connection."""
        return self.ended and self._sent == self.last

    def _make_room(self) -> None:
        if len(self._kept) < SERVER_RUN_EVENTS and self._bytes < SERVER_RUN_EVENT_BYTES:
            self._room.set()
        else:
            self._room.clear()
