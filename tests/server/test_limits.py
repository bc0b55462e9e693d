"""Whoever is slow, large or many gets an answer and is let go; nobody else notices."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from codi_tui.limits import DOCUMENT_MAX_BYTES, SERVER_HEAD_BYTES
from support.library_server import LibraryServer, trust_file

LIMITS = {
    "SERVER_HEAD_SECONDS": 0.4,
    "SERVER_BODY_SECONDS": 0.4,
    "SERVER_EXCHANGE_SECONDS": 1.5,
    "SERVER_CONNECTIONS_MAX": 4,
}
CONNECTIONS = 4


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """A server of little patience."""
    folder = tmp_path_factory.mktemp("hasty")
    running = LibraryServer(folder / "data", *trust_file(folder), limits=LIMITS)
    yield running
    assert running.stop() == 0
    assert not [line for line in running.log if "trace" in line]


def connect(server: LibraryServer) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", int(server.origin.rpartition(":")[2])), timeout=5)
    connection.settimeout(5)
    return connection


def read(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """The whole answer of a server that closes behind it: its status, and its body as JSON."""
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    connection.close()
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)


def drip(connection: socket.socket, piece: bytes) -> None:
    """Send a piece again and again until the peer lets go."""
    deadline = time.monotonic() + 5
    connection.settimeout(0.05)
    while time.monotonic() < deadline:
        try:
            connection.sendall(piece)
            if connection.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    connection.settimeout(5)


@pytest.mark.parametrize("begin", ["", "GET / HTTP/1.1\r\n", "GET /"], ids=["nothing", "header", "line"])
def test_a_head_that_drips_is_let_go(hasty: LibraryServer, begin: str) -> None:
    connection = connect(hasty)
    connection.sendall(begin.encode())
    drip(connection, b"\r\n" if not begin else b"x")
    assert read(connection) == (408, {"error": "timeout", "message": "no whole request came within 0.4 s"})


def test_a_silent_connection_is_let_go(hasty: LibraryServer) -> None:
    assert read(connect(hasty))[0] == 408


def test_a_body_that_drips_is_let_go(hasty: LibraryServer) -> None:
    connection = connect(hasty)
    token = hasty.token("publish:*")
    connection.sendall(
        f"PUT /api/v1/libraries/demo/1.0.0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        "content-type: application/json\r\ncontent-length: 1000\r\n\r\n{".encode()
    )
    drip(connection, b" ")
    assert read(connection) == (408, {"error": "timeout", "message": "the release did not come within 0.4 s"})


LARGE = {
    "line": b"GET /" + b"x" * (SERVER_HEAD_BYTES + 10) + b" HTTP/1.1\r\n\r\n",
    "header": b"GET / HTTP/1.1\r\nx: " + b"y" * SERVER_HEAD_BYTES + b"\r\n\r\n",
    "headers": b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * (SERVER_HEAD_BYTES // 5) + b"\r\n",
    "endless": b"GET / HTTP/1.1\r\nendless: " + b"z" * (SERVER_HEAD_BYTES + 1),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_head_that_is_too_large_is_refused(hasty: LibraryServer, kind: str) -> None:
    connection = connect(hasty)
    connection.sendall(LARGE[kind])
    status, body = read(connection)
    assert (status, body["error"]) == (431, "head_too_large")


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"PUT / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"PUT / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"FOO / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_is_told_so(hasty: LibraryServer, text: bytes) -> None:
    connection = connect(hasty)
    connection.sendall(text)
    assert read(connection) == (400, {"error": "bad_request", "message": "this is not HTTP"})


def test_a_body_that_says_it_is_too_large_is_not_read(hasty: LibraryServer) -> None:
    connection = connect(hasty)
    connection.sendall(
        f"PUT /api/v1/libraries/demo/1.0.0 HTTP/1.1\r\nauthorization: Bearer {hasty.token('publish:*')}\r\n"
        f"content-type: application/json\r\ncontent-length: {DOCUMENT_MAX_BYTES + 1}\r\n\r\n".encode()
    )
    connection.settimeout(5)
    assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    connection.close()


def test_too_many_connections_are_told_so_and_those_that_are_there_are_served(hasty: LibraryServer) -> None:
    deadline = time.monotonic() + 5
    while True:
        held = [connect(hasty) for _ in range(CONNECTIONS)]
        extra = connect(hasty)
        status = read(extra)[0]
        held[0].sendall(b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n")
        served = read(held[0])[0]
        for connection in held[1:]:
            connection.close()
        if (status, served) == (503, 200) or time.monotonic() > deadline:
            break
    assert (status, served) == (503, 200)
