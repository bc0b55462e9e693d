"""RunEvent: the one vocabulary of what happens in a run, from the sandbox to every front door.

`started{run_id, …}  output{stream, text | base64}  progress{done, total, message}  log{level, message}  result{value}
completed{exit_status, …}  failed{error{code, message, hint}}`, each with a `seq` that rises by one from 1.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    EventType = Literal["started", "output", "progress", "log", "result", "completed", "failed"]

    from codi_tui.errors import CodiError


class RunEvent:
    """One thing that happened in a run. An `output` event carries bytes in `data`, everything else its `fields`."""

    __slots__ = ("data", "fields", "seq", "type")

    def __init__(self, event_type: EventType, fields: dict[str, Any], data: bytes = b"", seq: int = 0) -> None:
        self.type = event_type
        self.fields = fields
        self.data = data
        self.seq = seq

    def __repr__(self) -> str:
        return f"RunEvent({self.seq}, {self.type!r}, {self.fields!r}, {len(self.data)} bytes)"

    @classmethod
    def started(cls, **fields: Any) -> RunEvent:
        return cls("started", fields)

    @classmethod
    def output(cls, stream: Literal["stdout", "stderr"], data: bytes) -> RunEvent:
        """At most `EVENT_OUTPUT_BYTES` of what the guest wrote to a stream."""
        return cls("output", {"stream": stream}, data)

    @classmethod
    def progress(cls, done: int, total: int | None = None, message: str | None = None) -> RunEvent:
        """How far the run is; `total` is None while nobody knows."""
        return cls("progress", {"done": done, "total": total, "message": message})

    @classmethod
    def log(cls, level: Literal["info", "warning", "error"], message: str) -> RunEvent:
        return cls("log", {"level": level, "message": message})

    @classmethod
    def result(cls, value: Any) -> RunEvent:
        return cls("result", {"value": value})

    @classmethod
    def completed(cls, exit_status: int, **fields: Any) -> RunEvent:
        """The handler came to its own end; `exit_status` is the guest's, unmapped."""
        return cls("completed", {"exit_status": exit_status, **fields})

    @classmethod
    def failed(cls, error: CodiError) -> RunEvent:
        return cls("failed", {"error": error_document(error)})

    def to_wire(self) -> dict[str, Any]:
        """The event as JSON has it. Output that is not UTF-8 travels as base64."""
        wire = {"seq": self.seq, "type": self.type, **self.fields}
        if self.type == "output":
            try:
                wire["text"] = self.data.decode()
            except UnicodeDecodeError:
                from base64 import b64encode

                wire["base64"] = b64encode(self.data).decode()
        return wire


def error_document(error: CodiError) -> dict[str, Any]:
    """An error as JSON has it, everywhere: `{code, message, hint, library}`."""
    return {"code": error.code, "message": error.message, "hint": error.hint, "library": error.library}


def whole_characters(data: bytes) -> int:
    """How many leading bytes end on a UTF-8 character's end; cutting there splits no character (RFC 3629)."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if 0xC2 <= byte <= 0xF4:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if back < needed else len(data)
        if byte < 0x80 or byte >= 0xC0:
            break
    return len(data)
