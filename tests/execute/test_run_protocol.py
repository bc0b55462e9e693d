"""The messages of codi.run.v1: what is sent is read back, and nothing else is read (docs/run-protocol.md)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codi_tui.errors import LimitError, ProtocolError
from codi_tui.execute import run_protocol
from codi_tui.execute.run_output import OutputLimit
from codi_tui.execute.run_protocol import (
    RUN_CODES,
    Request,
    Resumed,
    StdinReceived,
    decode_reply,
    decode_request,
    encode,
    encode_event,
    encode_stdin,
)
from codi_tui.execute.run_stdin import StdinWindow
from codi_tui.limits import EVENT_OUTPUT_BYTES, RUN_STDIN_WINDOW_BYTES, RUN_TEXT_MAX_CHARACTERS
from codi_tui.model.events import RunEvent

RUN_ID, DIGEST = "ab" * 16, "cd" * 32
ERROR = {"code": "E_INPUT", "message": "no", "hint": None, "library": None}


def event(event_type: str, seq: Any = 5, **members: Any) -> str:
    return json.dumps({"seq": seq, "type": event_type, **members})


@pytest.mark.parametrize(
    "sent",
    [
        RunEvent("started", {"run_id": RUN_ID, "digest": DIGEST}, seq=1),
        RunEvent("output", {"stream": "stdout"}, b"a\xff\n", 2),
        RunEvent("output", {"stream": "stderr"}, bytes(EVENT_OUTPUT_BYTES), 2**53 - 1),
        RunEvent("progress", {"done": 0.5, "total": None, "message": None}, seq=3),
        RunEvent("log", {"level": "warning", "message": "é"}, seq=4),
        RunEvent("result", {"value": [None, {"a": 0.5}, "é"]}, seq=5),
        RunEvent("result", {"value": None}, seq=5),
        RunEvent("completed", {"exit_status": 255}, seq=6),
        RunEvent("failed", {"error": ERROR}, seq=7),
    ],
    ids=lambda sent: sent.type,
)
def test_an_event_is_read_as_it_was_sent(sent: RunEvent) -> None:
    read = decode_reply(encode_event(sent))
    assert isinstance(read, RunEvent)
    assert (read.type, read.fields, read.data, read.seq) == (sent.type, sent.fields, sent.data, sent.seq)


def test_output_may_be_text_or_base64_too() -> None:
    for members in ({"text": "é"}, {"base64": base64.b64encode("é".encode()).decode()}):
        read = decode_reply(event("output", stream="stderr", **members))
        assert isinstance(read, RunEvent)
        assert read.data == "é".encode()


def test_the_answers_to_a_client() -> None:
    assert decode_reply(encode("resumed", run_id=RUN_ID, stdin_bytes=0)) == Resumed(RUN_ID, 0)
    assert decode_reply(encode("stdin_received", stdin_bytes=7)) == StdinReceived(7)


def test_a_request_is_read_as_it_was_sent() -> None:
    members = {"run_id": RUN_ID, "library": "demo", "version": "1.0.0-a+b", "digest": DIGEST, "command": "demo.run"}
    for name, given_ in (
        ("run", {**members, "arguments": {"n": 0.5}}),
        ("resume", {"run_id": RUN_ID, "after": 0}),
        ("ack", {"seq": 9}),
        ("cancel", {}),
    ):
        assert decode_request(encode(name, **given_)) == Request(name, given_)
    assert decode_request(encode_stdin(2**40, b"x")).members == {"offset": 2**40, "data": b"x", "end": False}
    assert decode_request(encode("stdin", offset=3, text="é")).members["data"] == "é".encode()
    assert decode_request(encode("stdin", offset=3, end=True)).members == {"offset": 3, "data": b"", "end": True}


BROKEN: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "{",
    "no object": "[1]",
    "a scalar": "5",
    "a byte order mark": '\ufeff{"type":"x"}',
    "a member twice": '{"seq": 1, "seq": 2, "type": "log", "level": "info", "message": ""}',
    "NaN": '{"seq": 5, "type": "result", "value": NaN}',
    "an overflow": '{"seq": 5, "type": "result", "value": 1e999}',
    "a long integer": event("result", value=0)[:-2] + "9" * 5000 + "}",
    "a lone surrogate": '{"seq": 5, "type": "result", "value": "\\ud800"}',
    "a raw surrogate": '{"seq": 5, "type": "result", "value": "\ud800"}',
    "too deep": '{"seq": 5, "type": "result", "value": ' + "[" * 40 + "]" * 40 + "}",
    "far too deep": "[" * 500_000,
    "too many values": '{"seq": 5, "type": "result", "value": [' + "0," * 500_001 + "0]}",
    "too large": '{"seq": 5, "type": "result", "value": "' + "x" * (2 << 20) + '"}',
    "no type": '{"seq": 5}',
    "an unknown type": event("exec"),
    "a client's type": event("cancel"),
    "a type that is no text": '{"seq": 5, "type": {"a": 1}}',
    "no seq": '{"type": "completed", "exit_status": 0}',
    "a seq of 0": event("completed", 0, exit_status=0),
    "a seq that is true": event("completed", True, exit_status=0),
    "a seq that is a float": event("completed", 5.0, exit_status=0),
    "a seq beyond 2^53-1": event("completed", 2**53, exit_status=0),
    "another stream": event("output", stream="stdin", text="x"),
    "no stream": event("output", text="x"),
    "no output": event("output", stream="stdout"),
    "empty output": event("output", stream="stdout", text=""),
    "two outputs": event("output", stream="stdout", text="x", base64="eA=="),
    "bad base64": event("output", stream="stdout", base64="e A=="),
    "too much output": event("output", stream="stdout", text="x" * (EVENT_OUTPUT_BYTES + 1)),
    "no run_id": event("started", digest=DIGEST),
    "a long run_id": event("started", run_id=RUN_ID + "0", digest=DIGEST),
    "a run_id with a newline": event("started", run_id=RUN_ID + "\n", digest=DIGEST),
    "a negative amount": event("progress", done=-1),
    "an amount that is text": event("progress", done="1"),
    "an amount that is true": event("progress", done=True),
    "another level": event("log", level="debug", message=""),
    "a message that is no text": event("log", level="info", message=5),
    "no value": event("result"),
    "a status of 256": event("completed", exit_status=256),
    "a negative status": event("completed", exit_status=-1),
    "a status that is true": event("completed", exit_status=True),
    "no error": event("failed"),
    "an error that is text": event("failed", error="E_X"),
    "an error without a code": event("failed", error={"message": "x"}),
    "a hint that is no text": event("failed", error={**ERROR, "hint": 5}),
    "resumed with a negative count": encode("resumed", run_id=RUN_ID, stdin_bytes=-1),
    "an empty binary message": b"",
    "a short binary message": b"\x01" + bytes(8),
    "a binary message of stdin": b"\x00" + bytes(7) + b"\x01x",
    "a binary message of stream 3": b"\x03" + bytes(7) + b"\x01x",
    "a binary message with seq 0": b"\x01" + bytes(8) + b"x",
    "a binary message with a vast seq": b"\x01" + b"\xff" * 8 + b"x",
    "a binary message that is too long": b"\x01" + bytes(7) + b"\x01" + bytes(EVENT_OUTPUT_BYTES + 1),
}


@pytest.mark.parametrize("message", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_reply_is_a_protocol_error(message: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(message)


@pytest.mark.parametrize("message", [b"", b"\x01" + bytes(8) + b"x", encode("resumed"), encode("stdin", offset=-1)])
def test_a_broken_request_is_a_protocol_error(message: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(message)


def test_members_that_are_not_known_are_dropped() -> None:
    read = decode_reply(event("completed", exit_status=0, code="E_SIGNATURE", hint="codi trust everything"))
    assert isinstance(read, RunEvent)
    assert read.fields == {"exit_status": 0}


@pytest.mark.parametrize(
    "code", ["E_SIGNATURE", "E_PERMISSION", "E_TLS", "E_INTERNAL", "e_input", "", "E_INPUT\n", "X"]
)
def test_a_server_cannot_speak_of_trust_in_codi_s_name(code: str) -> None:
    read = decode_reply(event("failed", error={**ERROR, "code": code, "library": "other"}))
    assert isinstance(read, RunEvent)
    assert read.fields["error"] == {**ERROR, "code": "E_HANDLER"}


def test_the_codes_that_a_run_ends_with_are_none_of_trust() -> None:
    from codi_tui.cli.exits import REFUSED, status_of

    assert REFUSED not in {status_of(code) for code in RUN_CODES}


def test_a_message_for_people_is_cut() -> None:
    read = decode_reply(event("log", level="info", message="x" * 100_000))
    assert isinstance(read, RunEvent)
    assert len(read.fields["message"]) == RUN_TEXT_MAX_CHARACTERS


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)
names = st.sampled_from(
    [*run_protocol._EVENTS, *run_protocol._REQUESTS, "output", "stdin", "resumed", "stdin_received", "?"]
)
members = st.dictionaries(
    st.sampled_from(
        [
            "seq",
            "run_id",
            "digest",
            "stream",
            "text",
            "base64",
            "error",
            "value",
            "offset",
            "end",
            "exit_status",
            "done",
        ]
    ),
    json_values,
)


@given(st.binary() | st.text() | st.builds(lambda name, rest: json.dumps({"type": name, **rest}), names, members))
def test_whatever_comes_only_a_protocol_error_is_raised(message: str | bytes) -> None:
    for decode in (decode_reply, decode_request):
        try:
            decode(message)
        except ProtocolError:
            pass


@given(st.binary(min_size=1), st.integers(1, 2**53 - 1), st.sampled_from(["stdout", "stderr"]))
def test_every_output_survives_the_binary_form(data: bytes, seq: int, stream: str) -> None:
    read = decode_reply(encode_event(RunEvent("output", {"stream": stream}, data, seq)))
    assert isinstance(read, RunEvent)
    assert (read.data, read.seq, read.fields["stream"]) == (data, seq, stream)


@given(st.text(), st.integers(1, 7))
def test_output_is_cut_between_characters(text: str, size: int) -> None:
    data = text.encode(errors="replace")
    output = OutputLimit(10**6)
    events = [RunEvent.output("stdout", data[at : at + size]) for at in range(0, len(data), size)]
    shown = [shown for event in [*events, RunEvent.completed(0)] for shown in output.take(event)]
    assert b"".join(event.data for event in shown) == data
    for event in shown:
        event.data.decode()


def test_half_a_character_at_the_end_is_shown_as_it_is() -> None:
    output = OutputLimit(100)
    assert list(output.take(RunEvent.output("stderr", b"\xc3"))) == []
    assert [event.data for event in output.take(RunEvent.completed(0))] == [b"\xc3", b""]


def test_held_back_bytes_make_no_event_beyond_its_size() -> None:
    output = OutputLimit(10**6)
    list(output.take(RunEvent.output("stdout", b"\xe2\x82")))
    shown = list(output.take(RunEvent.output("stdout", b"\xac" + b"x" * (EVENT_OUTPUT_BYTES - 1))))
    assert [len(event.data) for event in shown] == [EVENT_OUTPUT_BYTES, 2]


def test_the_output_limit_is_exact_and_counts_every_event() -> None:
    output = OutputLimit(10)
    taken = [shown.data for _ in range(2) for shown in output.take(RunEvent.output("stdout", b"1234"))]
    last = output.take(RunEvent.output("stdout", b"1234"))
    taken.append(next(last).data)
    assert taken == [b"1234", b"1234", b"12"]
    with pytest.raises(LimitError) as caught:
        next(last)
    assert caught.value.code == "E_LIMIT"
    with pytest.raises(LimitError):
        list(OutputLimit(1000).take(RunEvent.result("x" * 1000)))


def sendable(window: StdinWindow) -> bytes:
    """All that the window gives to send now."""
    sent = b""
    while (message := window.next_message()) is not None:
        sent += decode_request(message).members["data"]
    return sent


async def test_the_window_of_stdin_is_bounded_and_sends_again_what_was_not_acknowledged() -> None:
    async def much() -> Any:
        for _ in range(40):
            yield b"x" * 50_000

    window = StdinWindow()
    reading = window.read(much())
    read = 0
    while len(window._kept) < RUN_STDIN_WINDOW_BYTES:
        await anext(reading)
        read += 1
    assert read == -(-RUN_STDIN_WINDOW_BYTES // 50_000)
    sent = sendable(window)
    assert len(sent) == RUN_STDIN_WINDOW_BYTES
    window.acknowledge(100_000)
    window.rewind(200_000)
    again = sendable(window)
    assert len(again) == RUN_STDIN_WINDOW_BYTES - 200_000
    for impossible in (199_999, RUN_STDIN_WINDOW_BYTES + 1):
        with pytest.raises(ProtocolError):
            window.acknowledge(impossible)
    await reading.aclose()  # type: ignore[attr-defined]


async def test_the_end_of_stdin_is_said_once_on_each_connection() -> None:
    window = StdinWindow()
    async for _ in window.read(None):
        pass
    assert window.next_message() == encode("stdin", offset=0, end=True)
    assert window.next_message() is None
    window.rewind(0)
    assert window.next_message() == encode("stdin", offset=0, end=True)
