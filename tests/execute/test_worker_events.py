"""What a worker may say to its parent, and what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codi_tui.errors import LimitError, ProtocolError
from codi_tui.execute import frames
from codi_tui.execute.worker_events import decode_event
from codi_tui.limits import EVENT_OUTPUT_BYTES
from codi_tui.model.events import RunEvent

SAID = (
    RunEvent.progress(1),
    RunEvent.progress(1, 2, "half"),
    RunEvent.log("info", "hello"),
    RunEvent.result({"a": [1, None]}),
    RunEvent.result(None),
    RunEvent.completed(3_000_000_000),
    RunEvent.failed(LimitError("stopped", code="E_WASM_TIME")),
)


def frame(*said: Any) -> tuple[bytes, bytes]:
    return frames.EVENT, json.dumps(said).encode()


@pytest.mark.parametrize("event", SAID, ids=repr)
def test_every_event_of_a_run_passes(event: RunEvent) -> None:
    decoded = decode_event(*frame(event.type, event.fields))
    assert (decoded.type, decoded.fields) == (event.type, event.fields)


def test_output_passes_as_it_is() -> None:
    decoded = decode_event(frames.STDERR, b"\xff\x00")
    assert (decoded.type, decoded.fields, decoded.data) == ("output", {"stream": "stderr"}, b"\xff\x00")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (frames.STDOUT, bytes(EVENT_OUTPUT_BYTES + 1)),
        (frames.EVENT, b""),
        (frames.EVENT, b"\xff"),
        (frames.EVENT, b"[" * 100_000),
        (frames.EVENT, b"5"),
        (frames.EVENT, b"{}"),
        (frames.REQUEST, frame("log", {"level": "info", "message": "x"})[1]),
        frame("log"),
        frame("log", {"level": "info", "message": "x"}, 1),
        frame(["log"], {"level": "info", "message": "x"}),
        frame("log", ["level", "message"]),
        frame("log", {"level": "info"}),
        frame("log", {"level": "info", "message": 5}),
        frame("progress", {"done": "1", "total": None, "message": None}),
        frame("completed", {}),
        frame("completed", {"exit_status": None}),
        frame("failed", {"error": None}),
        frame("failed", {"error": {"code": "E_X"}}),
        frame("started", {"run_id": "0", "command": "a.b", "library": "a", "version": "1.0.0", "digest": "0"}),
        frame("output", {"stream": "stdout"}),
    ],
)
def test_nothing_else_does(kind: bytes, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_event(kind, payload)
