"""What a server can do wrong: each has its sentence and status, and what is cached and still verifies goes on."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from codi_tui.model.times import timestamp
from conftest import CODI, Codi, Result, add_server, data_folder
from support.certificates import localhost
from support.libraries import OTHER_KEY, PUBLIC_KEY, manifest, publish, signed
from support.proxy import proxying
from support.server import Answer, Server, body, serving

HTML = b"<!doctype html><title>Welcome to the hotel</title>"
HOUR = 60 * 60
CLOCK = str(Path(__file__).parents[1] / "support/clock")


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Iterator[Server]:
    """A server with `demo`, which is cached, and `other`, which is not."""
    publish(tmp_path / "site", signed(), signed(manifest("other")))
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo", "other"])
        yield server


@pytest.fixture
def cached(site: Server, codi: Codi) -> Server:
    assert codi("demo.run").stdout == b"hello\n"
    return site


def raw(data: bytes) -> Answer:
    """Bytes on the wire, and then nothing."""

    def answer(handler: SimpleHTTPRequestHandler) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    return answer


FAULTS: dict[str, tuple[Answer, int, str, str]] = {
    "401": (body(b"", 401), 77, "E_LOGIN", "codi auth login"),
    "403": (body(b"", 403), 77, "E_PERMISSION", "ask its operator"),
    "404": (body(b"", 404), 66, "E_NOT_FOUND", "there is no command"),
    "410": (body(b"", 410), 66, "E_NOT_FOUND", "there is no command"),
    "429": (body(b"", 429, Retry_After="30"), 69, "E_HTTP", "try again in 30 s"),
    "429, and no time": (body(b"", 429, Retry_After="Sun, 06 Nov 1994 08:49:37 GMT"), 69, "E_HTTP", "try again later"),
    "500": (body(b"\x1b]0;evil\x07", 500), 69, "E_HTTP", "answered 500"),
    "503": (body(b"", 503, Retry_After="5"), 69, "E_HTTP", "try again in 5 s"),
    "a portal's redirect": (body(b"", 302, Location="http://login.hotel.example/"), 76, "E_REDIRECT", "log in"),
    "a portal's page": (body(HTML, Content_Type="text/html; charset=utf-8"), 69, "E_HTTP", "log in"),
    "a page that says it is JSON": (body(HTML, Content_Type="application/json"), 77, "E_JSON", ""),
    "cut in the body": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"), 69, "E_NETWORK", "broke off"),
    "cut in the headers": (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), 69, "E_NETWORK", "broke off"),
    "cut at once": (raw(b""), 69, "E_NETWORK", "broke off"),
    "no HTTP": (raw(b"220 mail.example ESMTP\r\n"), 69, "E_NETWORK", "broke off"),
    "another's signature": (body(signed(manifest("other"), key=OTHER_KEY)), 77, "E_SIGNATURE", ""),
    "from the future": (
        body(signed(manifest("other"), issued_at=timestamp(time.time() + HOUR))), 77, "E_CLOCK", "clock",
    ),
}  # fmt: skip
"""What is answered when `other` is asked for: its status, code, and a word of the sentence or of what to do."""


@pytest.mark.attack("C5")
def test_each_has_a_sentence_and_a_status_and_takes_nothing_away(cached: Server, codi: Codi) -> None:
    for name, (answer, status, code, says) in FAULTS.items():
        cached.answers["/api/v1/libraries/other"] = answer
        result = codi("other.run")
        assert (result.status, result.stdout) == (status, b""), (name, result)
        assert f"({code})" in result.stderr, (name, result)
        assert says in result.stderr, (name, result)
        assert "Traceback" not in result.stderr
        assert "\x1b" not in result.stderr
        assert len(result.stderr.splitlines()) <= 2, (name, result)
    asked = len(cached.requests)
    assert codi("demo.run").stdout == b"hello\n"
    assert len(cached.requests) == asked


def test_the_same_of_the_index(site: Server, codi: Codi) -> None:
    for name in ("401", "403", "429", "503", "a portal's page", "a portal's redirect", "cut in the body"):
        answer, status, code, _ = FAULTS[name]
        site.answers["/api/v1/commands/other.run"] = answer
        result = codi("other.run")
        assert (result.status, f"({code})" in result.stderr) == (status, True), (name, result)


def test_a_server_that_is_slow_or_gone_keeps_no_cached_command(cached: Server, codi: Codi, tmp_path: Path) -> None:
    quiet = threading.Event()
    cached.answers["/api/v1/libraries/other"] = lambda _: quiet.wait(40) and None
    waiting = subprocess.Popen([CODI, "other.run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert codi("demo.run").stdout == b"hello\n"
    cached.stop()
    assert codi("demo.run").stdout == b"hello\n"
    gone = codi("run", "third:third.run")
    assert (gone.status, "E_NETWORK" in gone.stderr) == (69, True)
    waiting.terminate()
    waiting.communicate()
    quiet.set()


def at(clock: int, *words: str) -> Result:
    """The real executable on a machine whose clock is so many seconds ahead."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [CLOCK, os.environ.get("PYTHONPATH")])),
        "SHIFTED_CLOCK": str(clock),
    }
    done = subprocess.run([CODI, *words], capture_output=True, check=False, timeout=60, env=environment)
    return Result(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture
def expiring(site: Server, codi: Codi, tmp_path: Path) -> Server:
    """`demo` is cached and expires in an hour, so that the server is asked for a newer one after that."""
    claims = {"expires_at": timestamp(time.time() + HOUR)}
    publish(tmp_path / "site", signed(manifest(library=claims), sequence=2))
    assert codi("demo.run").stdout == b"hello\n"
    return site


def kept_rows(home: Path) -> list[str]:
    with sqlite3.connect(data_folder(home) / "cache.db") as cache:
        rows = [row for (row,) in cache.execute("SELECT metadata FROM command_libraries WHERE id LIKE '%/demo'")]
    cache.close()
    return rows


@pytest.mark.attack("C5")
@pytest.mark.parametrize("status", [401, 404, 500])
def test_what_was_refused_for_now_is_not_forgotten(status: int, expiring: Server, codi: Codi, home: Path) -> None:
    expiring.answers["/api/v1/libraries/demo"] = body(b"", status)
    before = kept_rows(home)
    assert at(2 * HOUR, "demo.run").stdout == b""
    assert kept_rows(home) == before
    assert codi("demo.run").stdout == b"hello\n"


@pytest.mark.attack("C5")
def test_a_403_takes_the_cached_copy_away_until_the_server_gives_it_again(
    expiring: Server, codi: Codi, home: Path
) -> None:
    expiring.answers["/api/v1/libraries/demo"] = body(b'{"error": "insufficient_permissions"}', 403)
    assert "E_PERMISSION" in at(2 * HOUR, "demo.run").stderr
    (row,) = kept_rows(home)
    assert json.loads(row)["denied"] is True
    for words in (("demo.run",), ("run", "--offline", "demo.run"), ("demo:demo.run",)):
        refused = codi(*words)
        assert (refused.status, refused.stdout, "E_PERMISSION" in refused.stderr) == (77, b"", True)
    trail = (data_folder(home) / "audit.log").read_text().splitlines()
    assert "E_PERMISSION" in [json.loads(line).get("code") for line in trail]
    expiring.answers["/api/v1/libraries/demo"] = body(b"", 500)
    assert codi("demo.run").status == 77
    del expiring.answers["/api/v1/libraries/demo"]
    assert codi("demo.run").stdout == b"hello\n"
    assert codi("run", "--offline", "demo.run").stdout == b"hello\n"


@pytest.mark.attack("C6")
def test_a_name_that_is_a_path_leaves_no_request(cached: Server, codi: Codi) -> None:
    asked = len(cached.requests)
    for name in ("../x", "%2e%2e", "a/b", "nul%00", "a\\b", "/etc", "a?x=1", "a b", "\u0430", "a" * 64):
        assert codi("run", f"{name}:demo.run").status == 66
    assert codi("../../healthz.run").status == 66
    assert len(cached.requests) == asked


class TestTls:
    @pytest.fixture
    def serve(self, tmp_path: Path, home: Path) -> Callable[..., Server]:
        """A server behind TLS, whose authority only `ca_file` in the settings makes known."""

        def serve(*, proxy: str | None = None, ca_file: bool = True, until: bytes = b"491231235959Z") -> Server:
            publish(tmp_path / "tls", signed())
            context, _ = localhost(tmp_path, until)
            self.server = Server(tmp_path / "tls", context)
            path = home / ".config/coditect/codi/config.toml"
            path.unlink(missing_ok=True)
            add_server(home, self.server.origin, PUBLIC_KEY, ["demo"])
            with path.open("a") as file:
                file.write("[network]\n")
                file.write(f'ca_file = "{tmp_path / "server.pem"}"\n' if ca_file else "")
                file.write(f'proxy = "{proxy}"\n' if proxy else "")
            return self.server

        return serve

    @pytest.fixture(autouse=True)
    def _stop(self) -> Iterator[None]:
        self.server: Server | None = None
        yield
        if self.server is not None:
            self.server.stop()

    @pytest.mark.attack("H8")
    def test_a_private_authority_is_the_settings_affair(
        self, serve: Callable[..., Server], codi: Codi, tmp_path: Path
    ) -> None:
        serve(ca_file=False)
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            refused = codi("demo.run", **{name: str(tmp_path / "server.pem")})
            assert (refused.status, "E_TLS" in refused.stderr) == (77, True)
        assert self.server is not None
        assert self.server.requests == []
        self.server.stop()
        serve()
        assert codi("demo.run").stdout == b"hello\n"

    @pytest.mark.attack("H8")
    def test_a_proxy_is_the_settings_affair(self, serve: Callable[..., Server], codi: Codi, tmp_path: Path) -> None:
        with proxying() as other, proxying() as proxy:
            server = serve(proxy=proxy.url)
            names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy")
            environment = {**dict.fromkeys(names, other.url), "NO_PROXY": "*", "no_proxy": "localhost"}
            assert codi("demo.run", **environment).stdout == b"hello\n"
            host = server.origin.removeprefix("https://")
            assert {asked.splitlines()[0] for asked in proxy.asked} == {f"CONNECT {host} HTTP/1.1"}
            assert other.asked == []
            assert not any("authorization" in asked.lower() for asked in proxy.asked)
            proxy.refuses = b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n"
            refused = codi("nothing.here")
            assert (refused.status, "the proxy does not lead to" in refused.stderr) == (69, True)
        gone = codi("nothing.here")
        assert gone.status == 69

    def test_a_certificate_that_has_expired_says_that_the_clock_may_be_wrong(
        self, serve: Callable[..., Server], codi: Codi
    ) -> None:
        serve(until=b"210101000000Z")
        refused = codi("demo.run")
        assert (refused.status, "E_TLS" in refused.stderr, "clock" in refused.stderr) == (77, True, True)

    def test_a_ca_file_that_is_none_is_said(self, serve: Callable[..., Server], codi: Codi, tmp_path: Path) -> None:
        serve()
        for content in (b"no certificate", None):
            (tmp_path / "server.pem").unlink()
            if content is not None:
                (tmp_path / "server.pem").write_bytes(content)
            refused = codi("demo.run")
            assert (refused.status, "E_CONFIG" in refused.stderr) == (78, True)
