"""What a guest whose output is `events` writes to stdout: JSON Lines, each one RunEvent of its own.

`{"type":"progress","done":3,"total":10,"message":"…"}  {"type":"log","level":"info","message":"…"}`
`{"type":"output","text":"…"}  {"type":"result","value":…}`

Nothing else can be said: how a run begins and ends, and its events' numbers, are codi's own. The reader does no I/O; the
first line that is not an event ends the run.
"""

from __future__ import annotations

import time

from codi_tui.errors import DocumentError, ProtocolError
from codi_tui.execute.overrun import too_many_events
from codi_tui.limits import (
    EVENT_LINE_BYTES,
    EVENT_MESSAGE_CHARACTERS,
    EVENT_OUTPUT_BYTES,
    JSON_MAX_INTEGER,
    RUN_EVENTS_BURST,
    RUN_EVENTS_PER_SECOND,
)
from codi_tui.model.events import RunEvent, whole_characters
from codi_tui.text import sanitize_line
from codi_tui.trust.canonical import loads_strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

_LEVELS = ("info", "warning", "error")
_MEMBERS = {
    "progress": ({"type", "done"}, {"type", "done", "total", "message"}),
    "log": ({"type", "level", "message"}, {"type", "level", "message"}),
    "output": ({"type", "text"}, {"type", "text"}),
    "result": ({"type", "value"}, {"type", "value"}),
}
"""Of each type: the members that an event must have, and those it may have."""


class GuestEvents:
    """Reads one guest's events from the bytes it writes, however they are cut."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held_bytes = 0
        self._line_number = 0
        self._has_result = False
        self._allowed_events: float = RUN_EVENTS_BURST
        self._allowed_at = time.monotonic()

    def read(self, events: Iterable[RunEvent]) -> Iterator[RunEvent]:
        """The guest's events in place of its stdout; everything else passes.

        Raises:
            ProtocolError, LimitError: as `feed`.
        """
        for event in events:
            if event.type == "output" and event.fields["stream"] == "stdout":
                yield from self.feed(event.data)
            else:
                yield event

    def feed(self, data: bytes) -> Iterator[RunEvent]:
        """The events that these bytes complete.

        Raises:
            ProtocolError: a line is no event, or too long.
            LimitError: `E_WASM_EVENTS`, they come too fast.
        """
        *lines, rest = data.split(b"\n")
        for line in lines:
            yield from self._line(self._whole(line))
        self._hold(rest)

    def end(self) -> Iterator[RunEvent]:
        """The last event, when no newline follows it; for a guest that came to its own end.

        Raises:
            ProtocolError: what is left is no event.
        """
        if self._held_bytes:
            yield from self._line(self._whole(b""))

    def _hold(self, data: bytes) -> None:
        self._held_bytes += len(data)
        if self._held_bytes > EVENT_LINE_BYTES:
            self._line_number += 1
            raise self._refused(f"it is longer than {EVENT_LINE_BYTES} bytes")
        if data:
            self._parts.append(data)

    def _whole(self, data: bytes) -> bytes:
        self._hold(data)
        line = b"".join(self._parts)
        self._parts = []
        self._held_bytes = 0
        return line

    def _count(self) -> None:
        """One event more. The time that whoever takes them stands still counts for the guest."""
        if self._allowed_events < 1:
            now = time.monotonic()
            self._allowed_events += (now - self._allowed_at) * RUN_EVENTS_PER_SECOND
            self._allowed_events = min(self._allowed_events, RUN_EVENTS_BURST)
            self._allowed_at = now
            if self._allowed_events < 1:
                raise too_many_events()
        self._allowed_events -= 1

    def _line(self, line: bytes) -> Iterator[RunEvent]:
        self._line_number += 1
        self._count()
        try:
            event = loads_strict(line)
        except DocumentError as error:
            raise self._refused(error.message) from None
        kind = event.get("type") if type(event) is dict else None
        if not isinstance(kind, str) or kind not in _MEMBERS:
            raise self._refused("its type must be progress, log, output or result")
        needed, allowed = _MEMBERS[kind]
        if not needed <= event.keys() <= allowed:
            raise self._refused(f"the members of {kind} are {', '.join(sorted(allowed))}")
        return _READERS[kind](self, event)

    def _progress(self, event: dict[str, Any]) -> Iterator[RunEvent]:
        done, total, message = event["done"], event.get("total"), event.get("message")
        if not _is_count(done) or (total is not None and not (_is_count(total) and done <= total)):
            raise self._refused("done and total must be whole numbers, done at most total")
        if message is not None:
            self._check_message(message)
        yield RunEvent.progress(done, total, message)

    def _log(self, event: dict[str, Any]) -> Iterator[RunEvent]:
        if event["level"] not in _LEVELS:
            raise self._refused("a level must be info, warning or error")
        self._check_message(event["message"])
        yield RunEvent.log(event["level"], event["message"])

    def _output(self, event: dict[str, Any]) -> Iterator[RunEvent]:
        if not isinstance(event["text"], str):
            raise self._refused("text must be text")
        data = event["text"].encode()
        while data:
            end = whole_characters(data[:EVENT_OUTPUT_BYTES])
            yield RunEvent.output("stdout", data[:end])
            data = data[end:]

    def _result(self, event: dict[str, Any]) -> Iterator[RunEvent]:
        if self._has_result:
            raise self._refused("a run has one result")
        self._has_result = True
        yield RunEvent.result(event["value"])

    def _check_message(self, message: object) -> None:
        if not isinstance(message, str) or len(message) > EVENT_MESSAGE_CHARACTERS:
            raise self._refused(f"a message must be text of at most {EVENT_MESSAGE_CHARACTERS} characters")

    def _refused(self, reason: str) -> ProtocolError:
        return ProtocolError(
            f"stopped: line {self._line_number} of its output is no event: {sanitize_line(reason, 200)}",
            hint="this is for the library's author to mend",
        )


_READERS: dict[str, Callable[[GuestEvents, dict[str, Any]], Iterator[RunEvent]]] = {
    "progress": GuestEvents._progress,
    "log": GuestEvents._log,
    "output": GuestEvents._output,
    "result": GuestEvents._result,
}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= JSON_MAX_INTEGER
