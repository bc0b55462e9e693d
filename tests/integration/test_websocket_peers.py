"""Servers that refuse, are not there, or lie: what leads to a fallback, what never does (attacks H1 to H5, H8)."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from codi_tui import tls
from codi_tui.execute import connection
from support.certificates import localhost
from support.cores import stdout
from support.remote import COUNT, Remote, nothing_left, pieces
from support.run_server import Lie, RunServer, failed, raw, running, said, started
from support.server import serving

PATIENCE_SECONDS = 3.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunServer]:
    with running(tmp_path) as server:
        yield server


async def falls_back(remote: Remote, name: str = "lines", **members: Any) -> str:
    """What is said when a fallback serves."""
    events = await remote.run(name, **members)
    assert [event.type for event in events] == ["started", "log", "output", "completed"], events
    assert remote.fallback.runs == 1
    message: str = events[1].fields["message"]
    assert message.endswith("; using the wasm fallback")
    return message


class TestUnavailable:
    @pytest.mark.parametrize("status", [404, 410, 429, 500, 501, 502, 503, 504])
    async def test_a_status_that_says_not_here_or_not_now(self, server: RunServer, status: int) -> None:
        with nothing_left():
            said_ = await falls_back(Remote(server.origin, endpoint=f"server:/status/{status}"))
        assert f"status {status}" in said_

    async def test_nobody_listens(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            assert "cannot reach 127.0.0.1" in await falls_back(Remote(f"http://127.0.0.1:{closed.getsockname()[1]}"))

    async def test_no_such_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def resolve(*_: object, **__: object) -> Any:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        assert "Name or service not known" in await falls_back(Remote("https://nowhere.example"))

    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Switch"])
    async def test_it_hangs_up(self, answer: bytes) -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listener:
            await falls_back(Remote(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"))

    @pytest.mark.attack("H3")
    async def test_it_never_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "RUN_CONNECT_SECONDS", 0.2)
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            began = time.monotonic()
            with nothing_left():
                await falls_back(Remote(f"http://127.0.0.1:{deaf.getsockname()[1]}"))
            assert time.monotonic() - began < 1

    async def test_it_does_not_have_the_command(self, server: RunServer) -> None:
        server.unknown = {"lines"}
        assert "the server says: no such command" in await falls_back(Remote(server.origin))

    async def test_the_fallback_gets_stdin_from_its_first_byte(self, server: RunServer) -> None:
        server.unknown = {"echo"}
        assert stdout(await Remote(server.origin).run("echo", stdin=pieces(b"all of it", 4))) == b"all of it"

    async def test_it_is_too_busy_to_begin(self, server: RunServer) -> None:
        server.lies["lie"] = lambda connection, _: connection.close(1013)
        await falls_back(Remote(server.origin), "lie")

    async def test_offline_no_socket_is_opened(self, server: RunServer) -> None:
        assert "codi is offline" in await falls_back(Remote(server.origin, offline=True))
        assert server.headers == []

    async def test_a_bundled_library_without_a_server(self) -> None:
        assert "no library server is connected" in await falls_back(Remote("bundled"))

    async def test_a_bundled_library_uses_the_current_server(self, server: RunServer) -> None:
        remote = Remote("bundled", origins=(server.origin, "https://second.example"))
        assert (await remote.run("lines"))[-1].type == "completed"
        assert remote.fallback.runs == 0

    async def test_a_server_s_library_uses_that_server_and_no_other(self, server: RunServer, tmp_path: Path) -> None:
        with running(tmp_path) as other:
            assert (await Remote(server.origin, origins=(other.origin,)).run("lines"))[-1].type == "completed"
            assert other.headers == []

    async def test_a_run_that_fails_there_has_run(self, server: RunServer) -> None:
        server.lies["lie"] = said(failed("E_UNAVAILABLE"))
        assert (await Remote(server.origin).error("lie"))["code"] == "E_UNAVAILABLE"


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (401, "E_LOGIN"),
            (403, "E_PERMISSION"),
            *((status, "E_REDIRECT") for status in (300, 301, 302, 303, 307, 308)),
            (200, "E_PROTOCOL"),
            (400, "E_PROTOCOL"),
            (426, "E_PROTOCOL"),
        ],
    )
    async def test_a_status_that_is_no_unavailability(self, server: RunServer, status: int, code: str) -> None:
        with nothing_left():
            error = await Remote(server.origin, endpoint=f"server:/status/{status}").error("lines")
        assert error["code"] == code
        assert len(server.headers) == 1

    @pytest.mark.parametrize("path", ["no-subprotocol", "other-subprotocol", "extension"])
    async def test_a_server_that_agrees_to_something_else(self, server: RunServer, path: str) -> None:
        with nothing_left():
            assert (await Remote(server.origin, endpoint=f"server:/{path}").error("lines"))["code"] == "E_PROTOCOL"
        assert server.heard == []

    async def test_something_that_is_no_web_server(self) -> None:
        async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example ESMTP\r\n\r\n" * 10)
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(babble, "127.0.0.1", 0) as listener:
            origin = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            assert (await Remote(origin).error("lines"))["code"] == "E_PROTOCOL"

    @pytest.mark.parametrize("code", [4401, 4403])
    async def test_a_server_that_will_not_for_this_user(self, server: RunServer, code: int) -> None:
        server.lies["lie"] = lambda connection, _: connection.close(code)
        assert (await Remote(server.origin).error("lie"))["code"] == "E_PERMISSION"

    @pytest.mark.attack("H1")
    async def test_without_the_permission_no_socket_is_opened(self, server: RunServer) -> None:
        error = await Remote(server.origin).error("lines", granted=())
        assert error["code"] == "E_PERMISSION"
        assert error["hint"] == "to grant it for one run: codi run --allow ws:server demo.lines"
        error = await Remote(server.origin, permissions=("clock",)).error("lines")
        assert error["hint"] == "only the library's author can declare it"
        assert server.headers == []

    @pytest.mark.attack("H1")
    @pytest.mark.parametrize(
        ("declared", "granted"),
        [("ws:a.example", "ws:b.example"), ("ws:a.example:443", "ws:a.example"), ("ws:server", "ws:server")],
    )
    async def test_a_host_s_permission_is_that_host_s(self, declared: str, granted: str) -> None:
        remote = Remote("https://a.example", endpoint="wss://a.example/run", permissions=(declared, granted))
        asked = [name for name in {declared, granted} if name.startswith("ws:b") or name == "ws:server"]
        error = await remote.error("lines", granted=tuple(asked))
        assert error["code"] == "E_PERMISSION"

    async def test_the_grant_command_has_the_spelling_that_is_declared(self) -> None:
        remote = Remote("https://a.example", endpoint="wss://a.example/run", permissions=("ws:a.example:443",))
        assert "--allow ws:a.example:443 demo" in (await remote.error("lines", granted=()))["hint"]

    async def test_a_path_cannot_travel(self, server: RunServer) -> None:
        path = {"name": "file", "type": "path", "description": "A file"}
        remote = Remote(server.origin, options=(path, {**path, "name": "files", "multiple": True}, COUNT))
        for arguments in ({"file": "/etc/passwd"}, {"files": ["-", "notes"]}):
            error = await remote.error("lines", arguments)
            assert (error["code"], error["hint"]) == ("E_INPUT", "give the file on standard input: … < FILE")
        assert server.headers == []
        assert (await remote.run("lines", {"file": "-", "files": ["-"]}))[-1].type == "completed"

    async def test_arguments_that_are_too_large_are_not_sent(self, server: RunServer) -> None:
        text = {"name": "text", "type": "string", "description": "Text"}
        error = await Remote(server.origin, options=(text,)).error("lines", {"text": "x" * (3 << 20)})
        assert error["code"] == "E_INPUT"
        assert server.headers == []

    async def test_nothing_is_sent_in_the_clear(self) -> None:
        remote = Remote("bundled", origins=("http://libraries.example.com",))
        assert (await remote.error("lines"))["code"] == "E_TLS"


class TestTls:
    @pytest.fixture
    def contexts(self, tmp_path: Path) -> Any:
        return localhost(tmp_path)

    def remote(self, server: RunServer, host: str = "localhost") -> Remote:
        endpoint = f"wss://{host}:{server.port}/run"
        return Remote("https://a.example", endpoint=endpoint, permissions=(f"ws:{host}:{server.port}",))

    async def test_an_authority_that_nobody_trusts_is_no_unavailability(
        self, tmp_path: Path, contexts: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        tls.client_context.cache_clear()
        with running(tmp_path, contexts[0]) as server, nothing_left():
            error = await self.remote(server).error("lines")
            assert error["code"] == "E_TLS"
            assert server.heard == []

    @pytest.mark.attack("H2")
    async def test_a_name_that_is_not_the_certificate_s_is_no_unavailability(
        self, tmp_path: Path, contexts: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tls, "client_context", lambda _: contexts[1])
        with running(tmp_path, contexts[0]) as server:
            assert (await self.remote(server, "127.0.0.1").error("lines"))["code"] == "E_TLS"

    async def test_a_run_over_tls(self, tmp_path: Path, contexts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tls, "client_context", lambda _: contexts[1])
        with running(tmp_path, contexts[0]) as server:
            server.cuts = {4}
            with nothing_left():
                assert (await self.remote(server).run("bulk", {"count": 20}))[-1].type == "completed"
            assert server.cuts == set()

    async def test_a_plain_server_behind_a_wss_endpoint(self, server: RunServer) -> None:
        await falls_back(self.remote(server))


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "wss_proxy"])
async def test_no_proxy_is_taken_from_the_environment(
    server: RunServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with serving(tmp_path) as proxy:
        monkeypatch.setenv(name, proxy.origin)
        assert (await Remote(server.origin).run("lines"))[-1].type == "completed"
        assert proxy.requests == []


async def test_the_handshake_says_no_more_than_it_has_to(server: RunServer) -> None:
    await Remote(server.origin).run("lines")
    (headers,) = server.headers
    assert headers["User-Agent"] == "codi"
    assert not {"authorization", "cookie", "origin", "sec-websocket-extensions"} & {name.lower() for name in headers}


@pytest.mark.attack("H7")
async def test_payloads_reach_no_log(server: RunServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    text = {"name": "text", "type": "string", "description": "Text", "secret": True}
    await Remote(server.origin, options=(text,)).run("every", {"text": "canary-7f3a"})
    assert "canary-7f3a" not in caplog.text


def event(seq: Any, event_type: str = "log", **members: Any) -> str:
    return json.dumps({"seq": seq, "type": event_type, "level": "info", "message": "m", **members})


def first(**members: Any) -> Lie:
    """A lie in the first event itself."""

    async def lie(connection: ServerConnection, request: dict[str, Any]) -> None:
        await connection.send(started(request, **members))
        await connection.wait_closed()

    return lie


def closing(code: int) -> Lie:
    async def lie(connection: ServerConnection, request: dict[str, Any]) -> None:
        await connection.send(started(request))
        await connection.close(code)

    return lie


def flooding(part: bytes) -> Lie:
    async def lie(connection: ServerConnection, request: dict[str, Any]) -> None:
        await connection.send(started(request))
        for _ in range(20):
            connection.transport.write(part * 1000)
            await asyncio.sleep(0)
        await connection.wait_closed()

    return lie


LIES: dict[str, Lie] = {
    "another seq at first": first(seq=2),
    "another event at first": first(type="completed", exit_status=0),
    "another run": first(run_id="0" * 32),
    "another library": first(digest="0" * 64),
    "started twice": said(event(2, "started", run_id="0" * 32, digest="0" * 64)),
    "a gap": said(event(3)),
    "a repetition": said(event(2), event(2)),
    "the past": said(event(2), event(3), event(1)),
    "a binary gap": said(b"\x01" + (3).to_bytes(8, "big") + b"x"),
    "a vast seq": said(b"\x01" + b"\x7f" * 8 + b"x"),
    "an unknown type": said(event(2, "exec")),
    "deep JSON": said('{"seq": 2, "type": "result", "value": ' + "[" * 100_000),
    "a member twice": said('{"seq": 2, "seq": 2, "type": "log", "level": "info", "message": "m"}'),
    "a million values": said('{"seq": 2, "type": "result", "value": [' + "0," * 900_000 + "0]}"),
    "binary garbage": said(bytes(range(256))),
    "an empty message": said(b""),
    "too much in one message": said(b"\x01" + (2).to_bytes(8, "big") + bytes(65_537)),
    "a huge message": said(bytes(3 << 20)),
    "a huge text": said("x" * (3 << 20)),
    "a frame of 2^62 bytes": raw(b"\x82\x7f" + (2**62).to_bytes(8, "big") + bytes(1000)),
    "text that is not UTF-8": raw(b"\x81\x02\xff\xfe"),
    "a compressed frame": raw(b"\xc1\x05hello"),
    "a reserved opcode": raw(b"\x83\x00"),
    "a masked frame": raw(b"\x81\x82\x00\x00\x00\x00{}"),
    "a continuation of nothing": raw(b"\x80\x00"),
    "a ping that is too long": raw(b"\x89\x7e\x00\xff" + bytes(255)),
    "pings without end": flooding(b"\x89\x00"),
    "pongs without end": flooding(b"\x8a\x00"),
    "fragments without end": raw(b"\x01\x00", b"\x00\x00" * 50_000),
    "resumed for nothing": said(json.dumps({"type": "resumed", "run_id": "0" * 32, "stdin_bytes": 0})),
    "stdin that was never sent": said(json.dumps({"type": "stdin_received", "stdin_bytes": 5})),
    "goodbye in the middle": closing(1000),
    "a close code of nobody": closing(4999),
    "a broken protocol of ours": closing(1002),
}


@pytest.mark.attack("H3")
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_lie_ends_the_run_and_nothing_else(server: RunServer, lie: Lie) -> None:
    server.lies["lie"] = lie
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with nothing_left():
        error = await Remote(server.origin).error("lie", wall_seconds=PATIENCE_SECONDS)
    assert error["code"] == "E_PROTOCOL", error
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


@pytest.mark.parametrize("code", ["E_SIGNATURE", "E_PERMISSION", "E_TLS", "E_DIGEST", "E_INTERNAL", "nonsense", ""])
async def test_a_server_cannot_fake_a_refusal_of_ours(server: RunServer, code: str) -> None:
    server.lies["lie"] = said(failed(code, library="other"))
    assert await Remote(server.origin).error("lie") == {
        "code": "E_HANDLER",
        "message": "the server says: trust me",
        "hint": "the server says: codi auth trust add",
        "library": None,
    }


@pytest.mark.attack("H3")
async def test_a_run_without_end_ends_at_its_limit(server: RunServer) -> None:
    server.lies["lie"] = said()
    assert (await Remote(server.origin).error("lie", wall_seconds=0.2))["code"] == "E_LIMIT"


@pytest.mark.attack("H3")
async def test_events_without_end_end_at_the_output_limit(server: RunServer) -> None:
    async def lie(connection: ServerConnection, request: dict[str, Any]) -> None:
        await connection.send(started(request))
        for seq in range(2, 10**9):
            await connection.send(event(seq, message="x" * 4000))

    server.lies["lie"] = lie
    remote = Remote(server.origin, limits={"output_bytes": 1_000_000})
    assert (await remote.error("lie"))["code"] == "E_LIMIT"


LIES_ON_RESUME: dict[str, Callable[[str, int], list[str | bytes]]] = {
    "another run": lambda _, __: [json.dumps({"type": "resumed", "run_id": "0" * 32, "stdin_bytes": 0})],
    "an event first": lambda _, after: [event(after + 1)],
    "a repetition": lambda run, after: [resumed(run, 0), event(after)],
    "a gap": lambda run, after: [resumed(run, 0), event(after + 2)],
    "stdin that was never sent": lambda run, _: [resumed(run, 10**6)],
}


def resumed(run_id: str, stdin_bytes: int) -> str:
    return json.dumps({"type": "resumed", "run_id": run_id, "stdin_bytes": stdin_bytes})


@pytest.mark.parametrize("messages", LIES_ON_RESUME.values(), ids=LIES_ON_RESUME.keys())
async def test_a_lie_when_a_run_is_taken_up_again(
    server: RunServer, messages: Callable[[str, int], list[str | bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lie(connection: ServerConnection, members: dict[str, Any]) -> None:
        for message in messages(members["run_id"], members["after"]):
            await connection.send(message)
        await connection.wait_closed()

    monkeypatch.setattr(server, "_resume", lie)
    server.cuts = {4}
    with nothing_left():
        assert (await Remote(server.origin).error("lines"))["code"] == "E_PROTOCOL"


@pytest.mark.parametrize(("status", "code"), [(403, "E_PERMISSION"), (302, "E_REDIRECT")])
async def test_a_refusal_when_a_run_is_taken_up_again_is_final(server: RunServer, status: int, code: str) -> None:
    server.later_status = status
    server.cuts = {4}
    assert (await Remote(server.origin).error("lines"))["code"] == code
