"""`codi.http`: where a module's requests may go, what they may say, and how much comes back (attacks C and H)."""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from codi_tui.execute import http_address, http_broker, http_exchange
from codi_tui.execute.http_address import is_public
from codi_tui.execute.http_broker import HttpBroker
from codi_tui.model.url import parse_url
from support.certificates import localhost
from support.core import asking, core_manifest
from support.libraries import manifest, wasm
from support.sandbox import Bench, refusal, said
from support.web import Web, answer, web

METADATA = "169.254.169.254"


@pytest.fixture
def plain() -> Iterator[Web]:
    with web(answer(X_Served="yes")) as running:
        yield running


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    server, client = localhost(tmp_path)
    monkeypatch.setattr(http_exchange, "client_context", lambda: client)
    with web(answer(), server) as running:
        yield running


@pytest.fixture
def unresolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are looked up, none of which is found."""
    names: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> Any:
        names.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(http_address.socket, "getaddrinfo", resolve)
    return names


def ask(
    url: str, *permissions: str, method: str = "GET", headers: Any = (), body: bytes = b"", **broker: Any
) -> tuple[dict[str, Any], bytes]:
    """One request: what came back, and its body."""
    head = json.dumps({"method": method, "url": url, "headers": list(headers)}).encode()
    made = HttpBroker(permissions, broker.pop("wall_seconds", 10.0), **broker)
    line, _, rest = made.ask(head + b"\n" + body).partition(b"\n")
    return json.loads(line), rest


def code(url: str, *permissions: str, **others: Any) -> str:
    said_, _ = ask(url, *permissions, **others)
    found: str = said_["error"]["code"]
    return found


class TestExchange:
    def test_a_request_and_its_answer(self, secure: Web) -> None:
        secure.respond = answer(201, b"\0body", X_Made="1", Set_Cookie="a=b", Connection="close")
        head, body = ask(
            f"{secure.origin}/a?b=c#d", secure.permission, method="POST", headers=[["X-Key", "k"]], body=b"sent\xff"
        )
        assert (head["status"], head["url"], body) == (201, f"{secure.origin}/a?b=c", b"\0body")
        names = {name.lower() for name, _ in head["headers"]}
        assert {"x-made", "set-cookie"} <= names
        assert not names & {"connection", "content-length", "transfer-encoding"}
        (sent,) = secure.requests
        assert (sent.method, sent.path, sent.body) == ("POST", "/a?b=c", b"sent\xff")
        assert {("X-Key", "k"), ("Accept-Encoding", "identity"), ("User-Agent", "codi")} <= set(sent.headers)

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_every_method(self, plain: Web, method: str) -> None:
        assert ask(plain.origin, plain.permission, method=method)[0]["status"] == 200
        assert plain.requests[0].method == method

    @pytest.mark.attack("H8")
    def test_the_environment_changes_nothing(self, secure: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        assert ask(secure.origin, secure.permission)[0]["status"] == 200
        monkeypatch.undo()
        assert code(secure.origin, secure.permission) == "E_NETWORK", "certifi does not know the test's authority"

    def test_a_message_that_is_no_request(self) -> None:
        broker = HttpBroker(["net:localhost:1"], 5.0)
        url = "https://localhost:1/"
        messages: list[Any] = [5, [], {}, {"url": 5}, {"url": url, "proxy": "x"}, {"url": url, "method": "CONNECT"}]
        messages += [{"url": url, "headers": item} for item in ({}, ["x"], [["a"]], [["a", 5]], [["a", "b"]] * 65)]
        messages += [{"url": url, "headers": [["x" * 100, "y" * 8_000]] * 60}, {"url": url, "method": "get"}]
        for message in [*(json.dumps(item).encode() for item in messages), b"", b"{", b"\xff", b'{"url":1.5e999}']:
            assert json.loads(broker.ask(message))["error"]["code"] == "E_PROTOCOL", message

    @pytest.mark.parametrize(
        "header",
        [
            *(["Host", "other"], ["host", "other"], ["Content-Length", "5"], ["Transfer-Encoding", "chunked"]),
            *(["Connection", "upgrade"], ["Upgrade", "h2c"], ["Proxy-Authorization", "x"], ["Expect", "100-continue"]),
            *(["Accept-Encoding", "zstd"], ["TE", "trailers"], ["a b", "c"], ["", "c"], ["a", "b\r\nc: d"]),
            *(["a", "b\n"], ["a\r\nb", "c"], ["a", "b\0"], ["é", "c"], ["a", "é"], ["a:", "b"]),
        ],
    )
    def test_a_header_that_is_codis_or_none(self, plain: Web, header: list[str]) -> None:
        assert code(plain.origin, plain.permission, headers=[header]) == "E_PROTOCOL"
        assert plain.requests == []


TRICKS = [
    *("https://user@api.example.com/", "https://api.example.com@evil.example/", "https://api.example.com:443@evil/"),
    *("https://api.example.com\\@evil.example/", "https:api.example.com/", "https:///api.example.com/"),
    *(
        "//api.example.com/",
        "https://api.example.com:0/",
        "https://api.example.com:70000/",
        "https://api.example.com:/",
    ),
    *(
        "https://api.example.com:+443/",
        "https://api.example.com:0443/",
        "https://api.example.com./",
        "https://.example.com/",
    ),
    *("https://api..example.com/", "https://api.example.com%2eevil.example/", "https://%61pi.example.com/"),
    *(
        "https://аpi.example.com/",
        "https://api.example。com/",
        "https://api.example.com\t.evil/",
        " https://api.example.com/",
    ),
    *(
        "https://api.example.com/\r\nHost: evil",
        "https://api.example.com/a b",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
    ),
    *("https://0x7f.1/", "https://2130706433/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1.:1/"),
    *(
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "javascript:1",
        "",
        "https://",
        f"https://api.example.com/{'x' * 9000}",
    ),
]


class TestWhere:
    @pytest.mark.attack("H1")
    @pytest.mark.parametrize("url", TRICKS)
    def test_a_url_that_could_be_read_in_two_ways_is_refused_without_a_look_up(
        self, unresolved: list[str], url: str
    ) -> None:
        assert code(url, "net:api.example.com", "net:evil.example") == "E_PROTOCOL"
        assert unresolved == []

    @pytest.mark.attack("H1")
    @pytest.mark.parametrize(
        "url",
        [
            *(
                "https://other.example.com/",
                "https://api.example.com:8443/",
                "https://example.com/",
                "https://a.b.example.org/",
            ),
            *("https://api.example.com.evil.example/", "https://evil-api.example.com/", "http://api.example.com:8080/"),
        ],
    )
    def test_a_host_or_port_that_was_not_granted_is_not_even_looked_up(self, unresolved: list[str], url: str) -> None:
        assert code(url, "net:api.example.com", "net:*.example.org", "ws:other.example.com") == "E_PERMISSION"
        assert unresolved == []

    @pytest.mark.attack("C4")
    @pytest.mark.parametrize("permission", ["net:api.example.com:80", "net:10.0.0.1:80", "net:*.example.com:80"])
    def test_plain_http_is_for_loopback_that_the_permission_names(self, unresolved: list[str], permission: str) -> None:
        host = permission.split(":")[1].replace("*", "api")
        assert code(f"http://{host}/", permission) == "E_HOST"
        assert unresolved == []

    def test_a_host_in_capitals_is_the_same_host(self, unresolved: list[str]) -> None:
        assert str(parse_url("HTTPS://API.example.COM/Path")) == "https://api.example.com/Path"
        assert code("https://API.Example.com", "net:api.example.com") == "E_NETWORK"
        assert unresolved == ["api.example.com"]

    @pytest.mark.attack("H2")
    @pytest.mark.parametrize(
        "address",
        [
            *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", METADATA, "100.64.0.1", "0.0.0.0"),
            *("168.63.129.16", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::"),
            *("fe80::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"),
            *("64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1", "2001:db8::1", "64:ff9b:1::1", "100::1"),
        ],
    )
    def test_a_name_that_is_not_on_the_public_internet_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
        monkeypatch.setattr(http_address.socket, "getaddrinfo", lambda *_, **__: found)
        for permission in ("net:api.example.com", "net:*.example.com"):
            assert code("https://api.example.com/", permission, f"net:{METADATA}") == "E_HOST"

    def test_public_addresses_are_public(self) -> None:
        for text in ("93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"):
            assert is_public(ipaddress.ip_address(text)), text

    @pytest.mark.attack("H2")
    def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(
        self, secure: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def rebinding(host: str, port: int, **_: object) -> Any:
            asked.append(host)
            address = "127.0.0.1" if len(asked) == 1 else METADATA
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        connected: list[Any] = []
        real = socket.create_connection
        monkeypatch.setattr(http_address.socket, "getaddrinfo", rebinding)
        monkeypatch.setattr(http_address, "is_public", lambda _: True)

        def connect(address: Any, *rest: Any, **others: Any) -> socket.socket:
            connected.append(address)
            monkeypatch.setattr(http_address.socket, "getaddrinfo", _real_getaddrinfo)  # create_connection's own
            return real(address, *rest, **others)

        monkeypatch.setattr(socket, "create_connection", connect)
        head, _ = ask(f"https://api.example.com:{secure.port}/", f"net:api.example.com:{secure.port}")
        assert (asked, connected) == (["api.example.com"], [("127.0.0.1", secure.port)])
        assert "certificate" in head["error"]["message"], "the name is what TLS verifies, not the address"
        assert secure.requests == []

    def test_localhost_is_loopback_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
        monkeypatch.setattr(http_address.socket, "getaddrinfo", lambda *_, **__: found)
        assert code("https://localhost/", "net:localhost") == "E_HOST"

    def test_an_address_that_the_permission_names_is_allowed(self, plain: Web) -> None:
        url = f"http://127.0.0.1:{plain.port}/"
        assert ask(url, f"net:127.0.0.1:{plain.port}")[0]["status"] == 200
        assert code(url, plain.permission) == "E_PERMISSION"

    def test_offline_is_a_promise(self, plain: Web) -> None:
        assert code(plain.origin, plain.permission, offline=True) == "E_OFFLINE"
        assert plain.requests == []


_real_getaddrinfo = socket.getaddrinfo


class TestRedirects:
    @pytest.mark.attack("C1", "H2")
    def test_each_hop_is_checked_again(self, plain: Web) -> None:
        with web(answer()) as other:
            for location, wanted in (
                (f"http://127.0.0.1:{other.port}/", "E_PERMISSION"),
                (f"http://{METADATA}/latest/meta-data/", "E_PERMISSION"),
                ("file:///etc/passwd", "E_REDIRECT"),
                ("https://user@localhost/", "E_REDIRECT"),
            ):
                plain.respond = answer(302, Location=location)
                assert code(f"http://127.0.0.1:{plain.port}/", f"net:127.0.0.1:{plain.port}") == wanted
            assert other.requests == []

    def test_a_name_that_is_granted_and_private_is_refused_at_a_hop_too(
        self, plain: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def resolve(host: str, *rest: Any, **others: Any) -> Any:
            return _real_getaddrinfo("127.0.0.1", *rest, **others)

        monkeypatch.setattr(http_address.socket, "getaddrinfo", resolve)
        plain.respond = answer(302, Location="https://api.example.com/")
        assert code(plain.origin, plain.permission, "net:api.example.com") == "E_HOST"

    @pytest.mark.attack("C4")
    def test_https_is_not_left(self, plain: Web, secure: Web) -> None:
        secure.respond = answer(302, Location=f"{plain.origin}/")
        assert code(secure.origin, secure.permission, plain.permission) == "E_REDIRECT"
        assert plain.requests == []

    @pytest.mark.attack("C1")
    def test_credentials_do_not_go_to_another_origin(self, plain: Web) -> None:
        headers = [["Authorization", "Bearer c"], ["Cookie", "c"], ["X-Api-Key", "c"], ["Accept", "text/plain"]]
        with web(answer()) as other:
            plain.respond = answer(302, Location=f"{other.origin}/next")
            assert ask(plain.origin, plain.permission, other.permission, headers=headers)[0]["url"].endswith("/next")
            sent = {name.lower() for name, _ in other.requests[0].headers}
        assert not sent & {"authorization", "cookie", "x-api-key"}
        assert "accept" in sent

    def test_within_an_origin_they_do(self, plain: Web) -> None:
        def respond(handler: BaseHTTPRequestHandler) -> None:
            answer(*((302, b"") if handler.path == "/" else (200,)), Location="next")(handler)

        plain.respond = respond
        assert ask(f"{plain.origin}/", plain.permission, headers=[["X-Key", "k"]])[0]["status"] == 200
        assert [("X-Key", "k") in sent.headers for sent in plain.requests] == [True, True]

    @pytest.mark.parametrize(("status", "method", "body"), [(303, "GET", b""), (301, "GET", b""), (307, "POST", b"b")])
    def test_what_follows_a_post(self, plain: Web, status: int, method: str, body: bytes) -> None:
        def respond(handler: BaseHTTPRequestHandler) -> None:
            answer(*((status, b"") if handler.path == "/" else (200,)), Location="/next")(handler)

        plain.respond = respond
        ask(f"{plain.origin}/", plain.permission, method="POST", body=b"b")
        assert (plain.requests[1].method, plain.requests[1].body) == (method, body)

    def test_what_was_sent_goes_to_no_other_origin(self, plain: Web) -> None:
        with web(answer()) as other:
            plain.respond = answer(307, Location=f"{other.origin}/")
            found = code(plain.origin, plain.permission, other.permission, method="POST", body=b"b")
            assert (found, other.requests) == ("E_REDIRECT", [])

    def test_their_number_is_bounded(self, plain: Web) -> None:
        plain.respond = answer(302, Location="/again")
        assert code(plain.origin, plain.permission) == "E_REDIRECT"
        assert len(plain.requests) == 6


class TestBounds:
    @pytest.mark.attack("C2")
    def test_a_body_is_bounded_and_never_decoded(self, plain: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_exchange, "HTTP_RESPONSE_MAX_BYTES", 100_000)
        plain.respond = answer(body=b"x" * 100_001)
        assert code(plain.origin, plain.permission) == "E_TOO_LARGE"
        plain.respond = answer(body=b"\x1f\x8b not gzip", Content_Encoding="gzip")
        assert ask(plain.origin, plain.permission)[1] == b"\x1f\x8b not gzip"

    @pytest.mark.attack("C3", "H3")
    @pytest.mark.parametrize("part", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\n"])
    def test_a_server_that_drips_is_left_at_the_deadline(self, part: bytes) -> None:
        with dripping(part) as port:
            began = time.monotonic()
            assert code(f"http://localhost:{port}/", f"net:localhost:{port}", wall_seconds=0.5) == "E_NETWORK"
            assert time.monotonic() - began < 3

    def test_a_server_that_hangs_up_or_talks_nonsense(self, plain: Web) -> None:
        plain.respond = lambda handler: handler.wfile.write(b"nonsense\r\n\r\n") and None
        assert code(plain.origin, plain.permission) == "E_NETWORK"
        plain.respond = lambda handler: None
        assert code(plain.origin, plain.permission) == "E_NETWORK"

    def test_one_request_has_a_deadline_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http_broker, "HTTP_SECONDS", 0.3)
        with dripping(b"") as port:
            assert code(f"http://localhost:{port}/", f"net:localhost:{port}") == "E_NETWORK"


def dripping(part: bytes) -> Any:
    """A server that sends something, then a byte at a time, for some seconds."""
    import contextlib

    @contextlib.contextmanager
    def running() -> Iterator[int]:
        over = threading.Event()

        def serve() -> None:
            with contextlib.suppress(OSError):
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65_536)
                    peer.sendall(part)
                    for _ in range(120):  # six seconds
                        if over.wait(0.05):
                            return
                        peer.sendall(b"x")

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            try:
                yield listener.getsockname()[1]
            finally:
                over.set()
                thread.join()

    return running()


class TestModules:
    """Through real modules."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return Bench(tmp_path, tmp_path / "modules")

    def test_a_core_module_asks_and_is_answered(self, bench: Bench, plain: Web) -> None:
        module = asking("http", json.dumps({"url": plain.origin}).encode())
        out = said(bench.run(core_manifest(plain.permission), module=module, granted=[plain.permission]))
        head, _, body = out.partition("\n")
        assert (json.loads(head)["status"], body) == (200, "ok")
        bench.offline = True
        offline = said(bench.run(core_manifest(plain.permission), module=module, granted=[plain.permission]))
        assert json.loads(offline)["error"]["code"] == "E_OFFLINE"

    def test_without_a_grant_nothing_runs(self, bench: Bench, plain: Web) -> None:
        module = asking("http", json.dumps({"url": plain.origin}).encode())
        for source, granted in ((core_manifest(plain.permission), []), (core_manifest(), [plain.permission])):
            assert refusal(bench.run(source, module=module, granted=granted))["code"] == "E_PERMISSION"
        assert plain.requests == []

    def test_a_wasi_command_asks_in_the_same_way(self, bench: Bench, plain: Web) -> None:
        question = json.dumps({"url": f"{plain.origin}/wasi"}).encode()
        module = wasm(f"""(module (import "codi" "http" (func $ask (param i32 i32) (result i32)))
         (import "codi" "take" (func $take (param i32))) (memory (export "memory") 2)
         (data (i32.const 0) "{"".join(f"{chr(92)}{byte:02x}" for byte in question)}")
         (func (export "_start") (drop (call $ask (i32.const 0) (i32.const {len(question)}))) (call $take (i32.const 9000))))""")
        said(
            bench.run(manifest(library={"permissions": [plain.permission]}), module=module, granted=[plain.permission])
        )
        assert [sent.path for sent in plain.requests] == ["/wasi"]

    @pytest.mark.attack("E2")
    def test_a_guest_that_waits_is_stopped_at_its_limit(self, bench: Bench) -> None:
        with dripping(b"") as port:
            permission = f"net:localhost:{port}"
            module = asking("http", json.dumps({"url": f"http://localhost:{port}/"}).encode())
            source = core_manifest(permission, limits={"wall_seconds": 1})
            began = time.monotonic()
            events = bench.run(source, module=module, granted=[permission])
            assert time.monotonic() - began < 4
        assert events[-1].type in ("failed", "completed")
