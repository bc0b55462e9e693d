"""What a server's events become before anyone sees them: counted, cut at characters, and marked as the server's words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from codi_tui.errors import LimitError
from codi_tui.limits import EVENT_OUTPUT_BYTES
from codi_tui.model.events import RunEvent, whole_characters

_SAYS = "the server says: "


class OutputLimit:
    """Passes on up to a number of bytes, whichever events they are in."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._left_bytes = limit_bytes
        self._split: dict[str, bytes] = {}

    def take(self, event: RunEvent) -> Iterator[RunEvent]:
        """The event as it may be shown; output so that no event splits a character.

        Raises:
            LimitError: `E_LIMIT`, behind the last byte that is within the limit.
        """
        if event.type == "output":
            yield from self._output(event)
            return
        self._count(len(json.dumps(event.fields)))
        if event.type in ("completed", "failed"):
            yield from self._rest()
        yield _marked(event)

    def _output(self, event: RunEvent) -> Iterator[RunEvent]:
        stream = event.fields["stream"]
        within = event.data[: self._left_bytes]
        over = len(within) < len(event.data)
        data = self._split.pop(stream, b"") + within
        end = len(data) if over else whole_characters(data)
        if end < len(data):
            self._split[stream] = data[end:]
        for at in range(0, end, EVENT_OUTPUT_BYTES):
            yield RunEvent.output(stream, data[at : min(end, at + EVENT_OUTPUT_BYTES)])
        self._count(len(event.data))

    def _rest(self) -> Iterator[RunEvent]:
        """What was held back of a character that never became whole."""
        for stream, data in self._split.items():
            yield RunEvent("output", {"stream": stream}, data)
        self._split.clear()

    def _count(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            self._left_bytes = 0
            raise LimitError(f"stopped: it wrote more than {self._limit_bytes} bytes of output")


def _marked(event: RunEvent) -> RunEvent:
    """Words for people, said to be the server's: they could pass for codi's own."""
    if event.type == "log":
        event.fields["message"] = _SAYS + event.fields["message"]
    elif event.type == "failed":
        error = event.fields["error"]
        error["message"] = _SAYS + error["message"]
        error["hint"] = error["hint"] and _SAYS + error["hint"]
    return event
