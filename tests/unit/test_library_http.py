"""The HTTP transport against a real loopback server (trust facts F3 to F5, attacks C1 to C3, H8)."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import zstandard

from codi_tui import tls
from codi_tui.errors import CodiError, DocumentError, FetchError, ProtocolError
from codi_tui.library.http import BlockingTransport, HttpTransport
from codi_tui.network import DIRECT
from codi_tui.operations.core import drive
from support.server import Server, body, serving

CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBZTCCARegAwIBAgIUXTYNHqO5r4NuQl/PPuz6ShhX91owBQYDK2VwMCcxJTAj
BgNVBAMMHGNvZGkgdGVzdCwgdHJ1c3RlZCBieSBub2JvZHkwIBcNMjYxMTIyMTEy
MTEzWhgPMjEyNjEwMjkxMTIxMTNaMCcxJTAjBgNVBAMMHGNvZGkgdGVzdCwgdHJ1
c3RlZCBieSBub2JvZHkwKjAFBgMrZXADIQDCi+DAjA0Tlg2MH3EBduBQM00QFvXt
buKqlih2/LRoJqNTMFEwHQYDVR0OBBYEFDeA2F7KnZJjidnpafgRoujU0aYSMB8G
A1UdIwQYMBaAFDeA2F7KnZJjidnpafgRoujU0aYSMA8GA1UdEwEB/wQFMAMBAf8w
BQYDK2VwA0EA9ghd7IPKuJRLiHJL5rWpVy36uj17MZmOkwkR7XK7ZwGXK20Uq8KU
BjtaoP3HKiu6R+gO8NRrw2lqdtEvJy4rAw==
-----END CERTIFICATE-----
"""
"""A certificate authority that nobody trusts; its key is gone."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


async def refused(url: str, limit_bytes: int = 1_000, deadline_seconds: float = 5) -> CodiError:
    with pytest.raises(CodiError) as caught:
        await HttpTransport(deadline_seconds=deadline_seconds).get(url, limit_bytes=limit_bytes)
    return caught.value


async def test_an_answer_comes_whole_with_its_headers(server: Server) -> None:
    server.answers["/x"] = body(b"hello", 404, ETag='"1"', X_Library_Signature="s")
    answer = await HttpTransport().get(f"{server.origin}/x", limit_bytes=5)
    assert (answer.status, answer.body) == (404, b"hello")
    assert (answer.headers["etag"], answer.headers["x-library-signature"]) == ('"1"', "s")


def test_without_an_event_loop_it_is_the_same_exchange(server: Server) -> None:
    server.answers["/x"] = body(b"hello")
    transport = BlockingTransport(HttpTransport())
    assert drive(transport.get(f"{server.origin}/x", limit_bytes=5)).body == b"hello"
    with pytest.raises(DocumentError) as caught:
        drive(transport.get(f"{server.origin}/x", limit_bytes=4))
    assert caught.value.code == "E_TOO_LARGE"


async def test_only_the_identity_encoding_is_asked_for(server: Server) -> None:
    seen: dict[str, str] = {}

    def answer(handler: SimpleHTTPRequestHandler) -> None:
        seen.update({name.lower(): value for name, value in handler.headers.items()})
        body(b"")(handler)

    server.answers["/x"] = answer
    await HttpTransport().get(f"{server.origin}/x", limit_bytes=5)
    assert seen["accept-encoding"] == "identity"
    assert not {"authorization", "cookie"} & set(seen)


@pytest.mark.attack("C2")
@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", gzip.compress(bytes(10_000_000))),
        ("zstd", zstandard.ZstdCompressor().compress(bytes(10_000_000))),
        ("deflate", b"x"),
        ("br", b"x"),
        ("identity, gzip", b"x"),
        ("GZIP", b"x"),
        ("unknown", b"x"),
    ],
)
async def test_an_encoded_body_is_refused_before_it_is_decoded(server: Server, encoding: str, data: bytes) -> None:
    server.answers["/x"] = body(data, Content_Encoding=encoding)
    error = await refused(f"{server.origin}/x", limit_bytes=1 << 20)
    assert isinstance(error, ProtocolError)
    assert error.code == "E_ENCODING"


@pytest.mark.attack("C1")
async def test_a_redirect_is_an_answer_and_is_not_followed(server: Server, tmp_path: Path) -> None:
    with serving(tmp_path) as second:
        for status in (301, 302, 303, 307, 308):
            server.answers["/x"] = body(b"", status, Location=f"{second.origin}/stolen")
            assert (await HttpTransport().get(f"{server.origin}/x", limit_bytes=5)).status == status
        assert second.requests == []
    assert server.requests == ["/x"] * 5


def endless(handler: SimpleHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        pass


@pytest.mark.attack("C2")
async def test_an_endless_body_stops_at_the_limit(server: Server) -> None:
    server.answers["/x"] = endless
    assert (await refused(f"{server.origin}/x", limit_bytes=1 << 20)).code == "E_TOO_LARGE"


async def test_the_limit_is_exact(server: Server) -> None:
    server.answers["/x"] = body(b"x" * 1_001)
    assert (await refused(f"{server.origin}/x", limit_bytes=1_000)).code == "E_TOO_LARGE"
    assert len((await HttpTransport().get(f"{server.origin}/x", limit_bytes=1_001)).body) == 1_001


def dripping(begin: bytes, stop: threading.Event) -> Callable[[SimpleHTTPRequestHandler], None]:
    def answer(handler: SimpleHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(begin)
            while not stop.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            pass

    return answer


@pytest.mark.attack("C3")
@pytest.mark.parametrize(
    "begin",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Header: ", b"HTTP/1.1 2", b""],
    ids=["body", "header", "status", "nothing"],
)
async def test_a_server_that_drips_is_left_at_the_deadline(server: Server, begin: bytes) -> None:
    stop = threading.Event()
    server.answers["/x"] = dripping(begin, stop)
    began = time.monotonic()
    error = await refused(f"{server.origin}/x", limit_bytes=1_000_000, deadline_seconds=0.3)
    stop.set()
    assert isinstance(error, FetchError)
    assert "within 0.3 s" in error.message
    assert time.monotonic() - began < 1.5


def test_a_drip_ends_at_the_deadline_without_an_event_loop_too(server: Server) -> None:
    stop = threading.Event()
    server.answers["/x"] = dripping(b"HTTP/1.1 200 OK\r\n\r\n", stop)
    began = time.monotonic()
    with pytest.raises(FetchError, match="within"):
        drive(BlockingTransport(HttpTransport(deadline_seconds=0.3)).get(f"{server.origin}/x", limit_bytes=10**6))
    stop.set()
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
    ],
)
async def test_a_broken_answer_is_a_failure_of_the_network(server: Server, raw: bytes) -> None:
    server.answers["/x"] = lambda handler: handler.wfile.write(raw) and None
    error = await refused(f"{server.origin}/x")
    assert isinstance(error, FetchError)
    assert "127.0.0.1" in error.message


async def test_an_unreachable_server_is_a_failure_of_the_network() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = await refused(f"http://127.0.0.1:{closed.getsockname()[1]}/x")
    assert isinstance(error, FetchError)
    assert error.code == "E_NETWORK"


async def test_a_port_that_cannot_be_is_a_failure_of_the_network() -> None:
    assert isinstance(await refused("http://127.0.0.1:99999/x"), FetchError)


async def test_a_plain_server_behind_an_https_address_is_a_failure_of_the_network(server: Server) -> None:
    error = await refused(server.origin.replace("http:", "https:"))
    assert isinstance(error, FetchError)


@pytest.mark.attack("H8")
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
async def test_no_proxy_is_taken_from_the_environment(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    server.answers["/x"] = body(b"hello")
    with serving(tmp_path) as proxy:
        monkeypatch.setenv(name, proxy.origin)
        assert (await HttpTransport().get(f"{server.origin}/x", limit_bytes=5)).body == b"hello"
        assert proxy.requests == []


async def test_no_password_is_taken_from_a_netrc_file(server: Server, home: Path) -> None:
    (home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    seen: list[str | None] = []

    def answer(handler: SimpleHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Authorization"))
        body(b"")(handler)

    server.answers["/x"] = answer
    await HttpTransport().get(f"{server.origin}/x", limit_bytes=5)
    assert seen == [None]


def test_no_certificate_authority_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = tls.client_context.__wrapped__()
    names = [dict(part[0] for part in item["subject"]).get("commonName") for item in context.get_ca_certs()]  # type: ignore[misc, call-overload]
    assert "codi test, trusted by nobody" not in names


def test_tls_verifies_names_and_certificates() -> None:
    import ssl

    context = DIRECT.tls("https://a.example/")
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert DIRECT.tls("http://127.0.0.1/") is None


def test_a_name_that_is_not_resolved_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver blocks a thread of the loop's executor, and the loop waits for that thread when it closes."""
    stop = threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        stop.wait(2)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    began = time.monotonic()
    with pytest.raises(FetchError):
        drive(BlockingTransport(HttpTransport(deadline_seconds=0.2)).get("http://slow.example/x", limit_bytes=5))
    took = time.monotonic() - began
    stop.set()
    assert took < 1
