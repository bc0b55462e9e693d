"""What a worker says, read by its parent: a guest that got out of its sandbox may be the one who says it."""

from __future__ import annotations

import json
from typing import Any

from codi_tui.errors import ProtocolError
from codi_tui.execute import frames
from codi_tui.limits import EVENT_OUTPUT_BYTES
from codi_tui.model.events import RunEvent

_STREAMS = {frames.STDOUT: "stdout", frames.STDERR: "stderr"}
_TEXT, _TEXT_OR_NOTHING = (str,), (str, type(None))
_MEMBERS: dict[str, dict[str, tuple[type, ...]]] = {
    "progress": {"done": (int,), "total": (int, type(None)), "message": _TEXT_OR_NOTHING},
    "log": {"level": _TEXT, "message": _TEXT},
    "result": {"value": (object,)},
    "completed": {"exit_status": (int,)},
    "failed": {"error": (dict,)},
}
"""The members that each event has, and their types. It may have others; `started` is the parent's own."""
_OF_AN_ERROR = {"code": _TEXT, "message": _TEXT, "hint": _TEXT_OR_NOTHING, "library": _TEXT_OR_NOTHING}


def decode_event(kind: bytes, payload: bytes) -> RunEvent:
    """A worker's frame as the event that it is.

    Raises:
        ProtocolError: it is none.
    """
    if kind in _STREAMS:
        if len(payload) > EVENT_OUTPUT_BYTES:
            raise _refused()
        return RunEvent("output", {"stream": _STREAMS[kind]}, payload)
    try:
        name, fields = json.loads(payload)
    except (ValueError, TypeError, RecursionError):
        raise _refused() from None
    if kind != frames.EVENT or not isinstance(name, str) or name not in _MEMBERS or not _has(fields, _MEMBERS[name]):
        raise _refused()
    if name == "failed" and not _has(fields["error"], _OF_AN_ERROR):
        raise _refused()
    return RunEvent(name, fields)  # type: ignore[arg-type]


def _has(fields: Any, members: dict[str, tuple[type, ...]]) -> bool:
    return isinstance(fields, dict) and all(
        member in fields and isinstance(fields[member], types) for member, types in members.items()
    )


def _refused() -> ProtocolError:
    return ProtocolError("the worker said something that is no event of a run")
