"""LibraryClient: what it asks, what it never asks, and what each answer means (attacks C1, C5, C6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codi_tui.errors import CodiError, DocumentError, FetchError, GrantError, NotFoundError, ProtocolError
from codi_tui.library.client import LibraryClient
from codi_tui.limits import DOCUMENT_MAX_BYTES, MODULE_MAX_BYTES, TRUST_MAX_BYTES
from codi_tui.operations.core import drive

ORIGIN = "https://a.example"


class Answer:
    def __init__(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Transport:
    """Answers every request alike and remembers them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[tuple[str, int]] = []

    async def get(self, url: str, *, limit_bytes: int) -> Answer:
        self.requests.append((url, limit_bytes))
        return self.answer


def client(answer: Answer) -> tuple[LibraryClient, Transport]:
    transport = Transport(answer)
    return LibraryClient(ORIGIN, transport), transport


def test_a_library_is_asked_for_by_its_name_within_its_limit() -> None:
    source, transport = client(Answer(200, b"document", etag='"1"', **{"x-library-signature": "s"}))
    delivery = drive(source.fetch_library("demo"))
    assert (delivery.document, delivery.tag, delivery.signature_header) == (b"document", '"1"', "s")
    assert transport.requests == [(f"{ORIGIN}/api/v1/libraries/demo", DOCUMENT_MAX_BYTES)]
    assert source.current_tag("demo") is None
    assert not source.local


def test_headers_that_were_not_sent_are_none() -> None:
    delivery = drive(client(Answer(200, b"x"))[0].fetch_library("demo"))
    assert (delivery.tag, delivery.signature_header) == (None, None)


def test_trust_documents_are_asked_for_by_version_or_the_latest() -> None:
    source, transport = client(Answer(200, b"document"))
    assert drive(source.fetch_trust()) == drive(source.fetch_trust(7)) == b"document"
    assert transport.requests == [
        (f"{ORIGIN}/api/v1/trust", TRUST_MAX_BYTES),
        (f"{ORIGIN}/api/v1/trust/7", TRUST_MAX_BYTES),
    ]
    with pytest.raises(NotFoundError):
        drive(client(Answer(404))[0].fetch_trust(8))


def test_a_module_is_asked_for_by_its_digest_within_its_signed_size() -> None:
    source, transport = client(Answer(200, b"module"))
    assert drive(source.fetch_module("d" * 64, 6)) == b"module"
    assert transport.requests == [(f"{ORIGIN}/api/v1/blobs/sha256/{'d' * 64}", 6)]


def test_a_module_beyond_the_limit_is_not_asked_for() -> None:
    source, transport = client(Answer())
    with pytest.raises(DocumentError) as caught:
        drive(source.fetch_module("d" * 64, MODULE_MAX_BYTES + 1))
    assert caught.value.code == "E_TOO_LARGE"
    assert transport.requests == []


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (301, ProtocolError, "E_REDIRECT"),
        (302, ProtocolError, "E_REDIRECT"),
        (304, ProtocolError, "E_REDIRECT"),
        (308, ProtocolError, "E_REDIRECT"),
        (401, GrantError, "E_LOGIN"),
        (403, GrantError, "E_PERMISSION"),
        (404, NotFoundError, "E_NOT_FOUND"),
        (410, NotFoundError, "E_NOT_FOUND"),
        (201, FetchError, "E_HTTP"),
        (204, FetchError, "E_HTTP"),
        (206, FetchError, "E_HTTP"),
        (400, FetchError, "E_HTTP"),
        (429, FetchError, "E_HTTP"),
        (500, FetchError, "E_HTTP"),
        (503, FetchError, "E_HTTP"),
        (599, FetchError, "E_HTTP"),
    ],
)
def test_every_other_status_is_an_error_of_its_kind(status: int, kind: type[CodiError], code: str) -> None:
    for ask in (lambda it: it.fetch_library("demo"), lambda it: it.fetch_module("d" * 64, 5)):
        with pytest.raises(kind) as caught:
            drive(ask(client(Answer(status, b"body that is not believed"))[0]))
        assert caught.value.code == code


NAME_TRICKS = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "%2e%2e",
    "a%2fb",
    "A",
    "nul ",
    "a?x",
    "a#x",
    "a\n",
    "a\r\nX: y",
    "a\0",
    "\u0430",
    "a" * 64,
    "a.json",
    "//evil",
    "@evil",
    "-a",
    "a b",
]


@pytest.mark.attack("C6")
@pytest.mark.parametrize("name", NAME_TRICKS)
def test_a_name_that_is_none_sends_no_request(name: str) -> None:
    source, transport = client(Answer(200, b"x"))
    with pytest.raises(NotFoundError):
        drive(source.fetch_library(name))
    assert transport.requests == []


@pytest.mark.attack("C6")
@pytest.mark.parametrize("trick", ["../x", "a.b/../../admin", "a.b?x=", "a.b#", "a.b\r\nX: y", "%2e%2e"])
def test_a_command_or_digest_that_is_none_sends_no_request(trick: str) -> None:
    for ask in (lambda it: it.find_command(trick), lambda it: it.fetch_module(trick, 5)):
        source, transport = client(Answer(404))
        try:
            drive(ask(source))
        except CodiError:
            pass
        assert transport.requests == []


@pytest.mark.parametrize("size", [None, "5", -1, [], 1.5])
def test_a_size_that_is_none_sends_no_request(size: Any) -> None:
    source, transport = client(Answer(200, b"x"))
    with pytest.raises(CodiError):
        drive(source.fetch_module("d" * 64, size))
    assert transport.requests == []


def test_a_command_s_owner_is_what_the_server_says_when_it_is_a_name() -> None:
    source, transport = client(Answer(200, b'{"library":"demo"}'))
    assert drive(source.find_command("demo.run")) == "demo"
    assert transport.requests[0][0] == f"{ORIGIN}/api/v1/commands/demo.run"
    assert transport.requests[0][1] <= 1 << 20


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        5,
        "demo",
        {"library": None},
        {"library": 5},
        {"library": "../x"},
        {"library": "Demo"},
        {"library": ["demo"]},
    ],
)
def test_an_owner_that_is_no_name_is_nobody(answer: object) -> None:
    assert drive(client(Answer(200, json.dumps(answer).encode()))[0].find_command("demo.run")) is None


def test_no_owner_is_nobody() -> None:
    for status in (404, 410):
        assert drive(client(Answer(status))[0].find_command("demo.run")) is None


@pytest.mark.parametrize("body", [b"", b"{", b'{"library":"a","library":"b"}', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(DocumentError):
        drive(client(Answer(200, body))[0].find_command("demo.run"))


def test_offline_mode_sends_nothing() -> None:
    source, transport = client(Answer(200, b"{}"))
    source.set_offline_mode(True)
    for ask in (source.fetch_library("demo"), source.find_command("demo.run"), source.fetch_module("d" * 64, 5)):
        with pytest.raises(FetchError) as caught:
            drive(ask)
        assert caught.value.code == "E_OFFLINE"
    assert transport.requests == []
    source.set_offline_mode(False)
    drive(source.fetch_library("demo"))
    assert len(transport.requests) == 1
