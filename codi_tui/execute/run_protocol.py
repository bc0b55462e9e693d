"""The messages of codi.run.v1, without I/O: a run on a server (docs/run-protocol.md).

What comes from a peer is untrusted. Decoding checks every member that is kept and keeps no other; whatever does not hold
is a `ProtocolError`, and nothing else is raised. Sequence and state are the session's affair.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from codi_tui.errors import DocumentError, ProtocolError
from codi_tui.limits import EVENT_OUTPUT_BYTES, JSON_MAX_INTEGER, RUN_MESSAGE_MAX_BYTES, RUN_TEXT_MAX_CHARACTERS
from codi_tui.model.events import RunEvent
from codi_tui.trust.canonical import loads_strict

SUBPROTOCOL = "codi.run.v1"

CLOSE_NORMAL, CLOSE_AWAY, CLOSE_PROTOCOL, CLOSE_POLICY, CLOSE_FAULT = 1000, 1001, 1002, 1008, 1011
CLOSE_RESTART, CLOSE_LATER = 1012, 1013
"""Close codes of RFC 6455, section 7.4.1, and of IANA's registry that it asks for."""
CLOSE_UNAUTHENTICATED, CLOSE_FORBIDDEN, CLOSE_UNKNOWN = 4401, 4403, 4404
"""Close codes of this protocol (RFC 6455, section 7.4.2): who are you, you may not, there is no such command or run."""

RUN_CODES = frozenset(
    {
        "E_HANDLER",
        "E_INPUT",
        "E_LIMIT",
        "E_UNAVAILABLE",
        "E_WASM_COMPILE",
        "E_WASM_CPU",
        "E_WASM_EVENTS",
        "E_WASM_MEMORY",
        "E_WASM_OUTPUT",
        "E_WASM_STACK",
        "E_WASM_TABLES",
        "E_WASM_TIME",
        "E_WASM_TRAP",
    }
)
"""How a run may fail on a server. A refusal over trust or permissions is this machine's to make: it is not among them."""

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_STREAMS: dict[int, Literal["stdout", "stderr"]] = {_STDOUT: "stdout", _STDERR: "stderr"}
_NUMBERS = {name: number for number, name in _STREAMS.items()}
_HEADER_BYTES = 9


class Resumed(NamedTuple):
    """The server has the run, and what it has of its stdin."""

    run_id: str
    stdin_bytes: int


class StdinReceived(NamedTuple):
    """How much of stdin the server has."""

    stdin_bytes: int


class Request(NamedTuple):
    """A client's message: `run`, `resume`, `ack`, `cancel` or `stdin`, with its checked members."""

    type: str
    members: dict[str, Any]


def encode(message_type: str, **members: Any) -> str:
    """A text message.

    Raises:
        ValueError: a member has no JSON form.
    """
    return json.dumps({"type": message_type, **members}, allow_nan=False)


def encode_stdin(offset: int, data: bytes) -> bytes:
    """A part of stdin, as a binary message; the end of stdin is the text message `stdin{offset, end}`."""
    return bytes((_STDIN,)) + offset.to_bytes(8, "big") + data


def encode_event(event: RunEvent) -> str | bytes:
    """An event as a server sends it: output as a binary message, all else as text."""
    if event.type == "output":
        return bytes((_NUMBERS[event.fields["stream"]],)) + event.seq.to_bytes(8, "big") + event.data
    return json.dumps(event.to_wire(), allow_nan=False)


def decode_reply(message: str | bytes) -> RunEvent | Resumed | StdinReceived:
    """A server's message.

    Raises:
        ProtocolError: it is none of the protocol's.
    """
    if isinstance(message, bytes):
        number, seq, data = _binary(message)
        if number not in _STREAMS:
            raise ProtocolError("the server sent a binary message of no known stream")
        return RunEvent("output", {"stream": _STREAMS[number]}, data, _whole(1)(seq, "seq"))
    document = _document(message)
    name = document.get("type")
    if name == "resumed":
        return Resumed(**_members(document, {"run_id": _RUN_ID, "stdin_bytes": _COUNT}))
    if name == "stdin_received":
        return StdinReceived(**_members(document, {"stdin_bytes": _COUNT}))
    seq = _whole(1)(document.get("seq"), "seq")
    if name == "output":
        stream = _one_of("stdout", "stderr")(document.get("stream"), "stream")
        return RunEvent("output", {"stream": stream}, _data(document), seq)
    if not isinstance(name, str) or name not in _EVENTS:
        raise ProtocolError(f"the server sent a message of unknown type {_shown(name)}")
    if name == "result" and "value" not in document:
        raise ProtocolError("a result has no value")
    return RunEvent(name, _members(document, _EVENTS[name]), seq=seq)  # type: ignore[arg-type]


def decode_request(message: str | bytes) -> Request:
    """A client's message.

    Raises:
        ProtocolError: it is none of the protocol's.
    """
    if isinstance(message, bytes):
        number, offset, data = _binary(message)
        if number != _STDIN:
            raise ProtocolError("the client sent a binary message that is not stdin")
        return Request("stdin", {"offset": _COUNT(offset, "offset"), "data": data, "end": False})
    document = _document(message)
    name = document.get("type")
    if name == "stdin":
        end = document.get("end") is True
        offset = _COUNT(document.get("offset"), "offset")
        return Request("stdin", {"offset": offset, "data": b"" if end else _data(document), "end": end})
    if not isinstance(name, str) or name not in _REQUESTS:
        raise ProtocolError(f"the client sent a message of unknown type {_shown(name)}")
    return Request(name, _members(document, _REQUESTS[name]))


def _binary(message: bytes) -> tuple[int, int, bytes]:
    """`{stream, 1 byte}{seq or offset, 8 bytes big-endian}{1 to EVENT_OUTPUT_BYTES bytes}`."""
    data = message[_HEADER_BYTES:]
    if not 0 < len(data) <= EVENT_OUTPUT_BYTES:
        raise ProtocolError(f"a binary message holds {len(message)} bytes")
    return message[0], int.from_bytes(message[1:_HEADER_BYTES], "big"), data


def _document(message: str) -> dict[str, Any]:
    if len(message) > RUN_MESSAGE_MAX_BYTES:
        raise ProtocolError(f"a message is larger than {RUN_MESSAGE_MAX_BYTES} bytes")
    try:
        document = loads_strict(message.encode())
    except (DocumentError, UnicodeEncodeError) as error:
        raise ProtocolError(f"a message is not what it should be: {str(error)[:200]}") from None
    if not isinstance(document, dict):
        raise ProtocolError("a message is not a JSON object")
    return document


def _data(document: dict[str, Any]) -> bytes:
    """The bytes of `text` or `base64`, exactly one of which is there."""
    text, encoded = document.get("text"), document.get("base64")
    try:
        if isinstance(text, str) and encoded is None:
            data = text.encode()
        elif isinstance(encoded, str) and text is None:
            data = b64decode(encoded, validate=True)
        else:
            raise ProtocolError("output has either text or base64")
    except ValueError:
        raise ProtocolError("output is not text or base64") from None
    if not 0 < len(data) <= EVENT_OUTPUT_BYTES:
        raise ProtocolError(f"an output message holds {len(data)} bytes")
    return data


_Check = Callable[[object, str], Any]


def _members(document: dict[str, Any], checks: dict[str, _Check]) -> dict[str, Any]:
    """The members that are known, checked; a missing one is checked as null. All others are dropped."""
    return {name: check(document.get(name), name) for name, check in checks.items()}


def _whole(minimum: int, maximum: int = JSON_MAX_INTEGER) -> _Check:
    def check(value: object, name: str) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise ProtocolError(f"{name} is not a whole number from {minimum} to {maximum}")
        return value

    return check


def _matching(pattern: str) -> _Check:
    expression = re.compile(pattern, re.ASCII)

    def check(value: object, name: str) -> str:
        if not isinstance(value, str) or not expression.fullmatch(value):
            raise ProtocolError(f"{name} is not what it should be: {_shown(value)}")
        return value

    return check


def _one_of(*choices: str) -> _Check:
    def check(value: object, name: str) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ProtocolError(f"{name} is not one of {', '.join(choices)}")
        return value

    return check


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ProtocolError(f"{name} is not text")
    return value[:RUN_TEXT_MAX_CHARACTERS]


def _text_or_null(value: object, name: str) -> str | None:
    return None if value is None else _text(value, name)


def _amount(value: object, name: str) -> int | float:
    if type(value) not in (int, float) or not 0 <= value <= JSON_MAX_INTEGER:  # type: ignore[operator]
        raise ProtocolError(f"{name} is not a number from 0")
    return value  # type: ignore[return-value]


def _amount_or_null(value: object, name: str) -> int | float | None:
    return None if value is None else _amount(value, name)


def _anything(value: object, _: str) -> Any:
    return value


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProtocolError(f"{name} is not an object")
    return value


def _error(value: object, name: str) -> dict[str, Any]:
    """An error document; a code that a run cannot end with becomes `E_HANDLER`."""
    error = _members(_object(value, name), {"code": _text, "message": _text, "hint": _text_or_null})
    return {**error, "code": error["code"] if error["code"] in RUN_CODES else "E_HANDLER", "library": None}


def _shown(value: object) -> str:
    return repr(value if not isinstance(value, str) else value[:40])[:60]


_COUNT = _whole(0)
_RUN_ID = _matching(r"[0-9a-f]{32}")
_DIGEST = _matching(r"[0-9a-f]{64}")
_EVENTS: dict[str, dict[str, _Check]] = {
    "started": {"run_id": _RUN_ID, "digest": _DIGEST},
    "progress": {"done": _amount, "total": _amount_or_null, "message": _text_or_null},
    "log": {"level": _one_of("info", "warning", "error"), "message": _text},
    "result": {"value": _anything},
    "completed": {"exit_status": _whole(0, 255)},
    "failed": {"error": _error},
}
_REQUESTS: dict[str, dict[str, _Check]] = {
    "run": {
        "run_id": _RUN_ID,
        "library": _matching(r"[a-z][a-z0-9-]{0,62}"),
        "version": _matching(r"[0-9A-Za-z.+-]{1,160}"),
        "digest": _DIGEST,
        "command": _matching(r"[a-z0-9_.-]{1,200}"),
        "arguments": _object,
    },
    "resume": {"run_id": _RUN_ID, "after": _COUNT},
    "ack": {"seq": _COUNT},
    "cancel": {},
}
