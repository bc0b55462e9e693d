"""The lines of an `events` guest: what they may say, however they are cut, and that nothing else gets through."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from codi_tui.errors import LimitError, ProtocolError
from codi_tui.execute.guest_events import GuestEvents
from codi_tui.limits import (
    EVENT_LINE_BYTES,
    EVENT_MESSAGE_CHARACTERS,
    EVENT_OUTPUT_BYTES,
    RUN_EVENTS_BURST,
    RUN_EVENTS_PER_SECOND,
)
from codi_tui.model.events import RunEvent

LINES = (
    b'{"type":"progress","done":3,"total":10,"message":"half"}\n'
    b'{"type":"progress","done":4}\n'
    b'{"type":"log","level":"warning","message":"gr\xc3\xbcn"}\r\n'
    b'{"type":"output","text":"a\\u0000b\\n"}\n'
    b'{"type":"result","value":{"ratio":0.5,"big":12345678901234567890,"list":[null,true]}}\n'
)


def read(*chunks: bytes) -> list[RunEvent]:
    reader = GuestEvents()
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return [*events, *reader.end()]


def seen(events: list[RunEvent]) -> list[tuple[str, dict[str, Any], bytes]]:
    return [(event.type, event.fields, event.data) for event in events]


def test_each_line_is_one_event() -> None:
    assert seen(read(LINES)) == [
        ("progress", {"done": 3, "total": 10, "message": "half"}, b""),
        ("progress", {"done": 4, "total": None, "message": None}, b""),
        ("log", {"level": "warning", "message": "grün"}, b""),
        ("output", {"stream": "stdout"}, b"a\x00b\n"),
        ("result", {"value": {"ratio": 0.5, "big": 12345678901234567890, "list": [None, True]}}, b""),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_how_the_bytes_are_cut_makes_no_difference(size: int) -> None:
    chunks = [LINES[at : at + size] for at in range(0, len(LINES), size)]
    assert seen(read(*chunks)) == seen(read(LINES))


def test_the_last_line_needs_no_end() -> None:
    assert seen(read(LINES.rstrip())) == seen(read(LINES))
    assert read() == read(b"") == []


def test_a_long_text_comes_in_chunks_that_split_no_character() -> None:
    text = "xü日𝄞" * 30_000
    events = read(json.dumps({"type": "output", "text": text}, ensure_ascii=False).encode())
    assert len(events) > 1
    assert all(len(event.data) <= EVENT_OUTPUT_BYTES for event in events)
    assert "".join(event.data.decode() for event in events) == text


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"",
        b"null",
        b"[]",
        b'"progress"',
        b"{}",
        b"{",
        b'{"type":"started","run_id":"1"}',
        b'{"type":"completed","exit_status":0}',
        b'{"type":"failed","error":{"code":"E_SIGNATURE","message":"","hint":null}}',
        b'{"type":["log"],"level":"info","message":"a"}',
        b'{"type":null}',
        b'{"type":"log","level":"info","message":"a","seq":1}',
        b'{"type":"log","level":"info","message":"a","run_id":"x"}',
        b'{"type":"log","level":"fatal","message":"a"}',
        b'{"type":"log","level":["info"],"message":"a"}',
        b'{"type":"log","level":"info","message":1}',
        b'{"type":"log","level":"info"}',
        b'{"type":"progress"}',
        b'{"type":"progress","done":-1}',
        b'{"type":"progress","done":1.0}',
        b'{"type":"progress","done":true}',
        b'{"type":"progress","done":"1"}',
        b'{"type":"progress","done":11,"total":10}',
        b'{"type":"progress","done":9007199254740992}',
        b'{"type":"progress","done":1,"message":2}',
        b'{"type":"output","text":1}',
        b'{"type":"output","stream":"stderr","text":"a"}',
        b'{"type":"output","base64":"YQ=="}',
        b'{"type":"output","text":"\\ud800"}',
        b'{"type":"output","text":"\xff"}',
        b'{"type":"output","text":"a","text":"b"}',
        b'{"type":"output","text":"a"} {"type":"output","text":"b"}',
        b'\xef\xbb\xbf{"type":"output","text":"a"}',
        b'{"type":"result"}',
        b'{"type":"result","value":NaN}',
        b'{"type":"result","value":1e999}',
        b'{"type":"result","value":' + b"9" * 5000 + b"}",
        b'{"type":"result","value":' + b"[" * 60 + b"]" * 60 + b"}",
        b'{"type":"result","value":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":"log","level":"info","message":"' + b"x" * (EVENT_MESSAGE_CHARACTERS + 1) + b'"}',
    ],
    ids=lambda line: line[:50].decode(errors="replace"),
)
def test_a_line_that_is_no_event_ends_the_run(line: bytes) -> None:
    reader = GuestEvents()
    events: list[RunEvent] = []
    with pytest.raises(ProtocolError, match="line 2 of its output is no event") as refusal:
        events.extend(reader.feed(b'{"type":"output","text":"before"}\n' + line + b'\n{"type":"output","text":"no"}\n'))
    assert refusal.value.code == "E_PROTOCOL"
    assert refusal.value.message.isprintable()


def test_what_came_before_a_bad_line_was_said() -> None:
    events = GuestEvents().feed(LINES + b"oops\n")
    assert [next(events).type for _ in range(5)] == ["progress", "progress", "log", "output", "result"]
    with pytest.raises(ProtocolError):
        next(events)


def test_a_second_result_is_refused() -> None:
    with pytest.raises(ProtocolError, match="one result"):
        read(b'{"type":"result","value":1}\n{"type":"result","value":2}\n')


@pytest.mark.parametrize("size", [65536, EVENT_LINE_BYTES * 3])
def test_a_line_without_an_end_is_refused_before_it_is_held_whole(size: int) -> None:
    reader = GuestEvents()
    for _ in range(EVENT_LINE_BYTES // size):
        assert list(reader.feed(b"x" * size)) == []
    with pytest.raises(ProtocolError, match="longer than"):
        list(reader.feed(b"x" * size))


def test_a_line_of_exactly_the_limit_passes() -> None:
    frame = b'{"type":"result","value":""}'
    line = frame[:-2] + b"x" * (EVENT_LINE_BYTES - len(frame)) + frame[-2:]
    assert len(line) == EVENT_LINE_BYTES
    assert len(read(line + b"\n")) == 1
    with pytest.raises(ProtocolError):
        read(line[:-2] + b'x"}\n')


def test_only_stdout_is_read() -> None:
    given = [
        RunEvent.output("stderr", b"not JSON"),
        RunEvent.output("stdout", b'{"type":"output",'),
        RunEvent.log("info", "codi's own"),
        RunEvent.output("stdout", b'"text":"a"}\n'),
    ]
    events = list(GuestEvents().read(given))
    assert [(event.type, event.data) for event in events] == [("output", b"not JSON"), ("log", b""), ("output", b"a")]


def test_a_hundred_thousand_lines_take_a_few_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codi_tui.execute.guest_events.RUN_EVENTS_BURST", 100_000)
    line = b'{"type":"progress","done":3,"total":10,"message":"step"}\n'
    data = line * 1000
    reader = GuestEvents()
    begun = time.process_time()
    count = sum(1 for _ in range(100) for _ in reader.feed(data))
    assert count == 100_000
    assert time.process_time() - begun < 5


@pytest.mark.attack("E6")
def test_events_that_come_faster_than_the_rate_for_long_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr("codi_tui.execute.guest_events.time.monotonic", lambda: seconds)
    reader = GuestEvents()
    line = b'{"type":"progress","done":3}\n'
    assert sum(1 for _ in reader.feed(line * RUN_EVENTS_BURST)) == RUN_EVENTS_BURST
    with pytest.raises(LimitError) as caught:
        list(reader.feed(line))
    assert caught.value.code == "E_WASM_EVENTS"
    seconds += 1.0
    assert sum(1 for _ in reader.feed(line * RUN_EVENTS_PER_SECOND)) == RUN_EVENTS_PER_SECOND
    with pytest.raises(LimitError):
        list(reader.feed(line))
