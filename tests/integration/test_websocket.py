"""Commands that a server runs, against a real one on loopback (docs/run-protocol.md)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from codi_tui.execute import run_session
from codi_tui.execute.run_protocol import SUBPROTOCOL
from codi_tui.limits import RUN_STDIN_WINDOW_BYTES
from support.cores import stdout
from support.remote import Remote, nothing_left, pieces
from support.run_server import RunServer, running


class Always(set[int]):
    """Holds whatever is looked for."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunServer]:
    with running(tmp_path) as server:
        yield server
        assert server.faults == []


async def test_events_are_streamed_and_numbered(server: RunServer) -> None:
    events = await Remote(server.origin).run("every", {"count": 3})
    kinds = ["started", "progress", "log", "output", "result", "completed"]
    assert [(event.seq, event.type) for event in events] == list(enumerate(kinds, 1))
    assert events[0].fields["command"] == "demo.every"
    assert events[1].fields == {"done": 1, "total": 2.5, "message": None}
    assert events[2].fields == {"level": "warning", "message": "the server says: careful"}
    assert (events[3].fields, events[3].data) == ({"stream": "stderr"}, b"aside\n")
    assert events[4].fields["value"] == {"half": 0.5, "arguments": {"count": 3}}
    assert events[5].fields == {"exit_status": 0}


async def test_the_first_output_comes_while_the_run_goes_on(server: RunServer) -> None:
    events = Remote(server.origin).start("drip")
    assert [(await anext(events)).type for _ in range(3)] == ["started", "output", "output"]
    await events.aclose()


async def test_the_server_is_told_exactly_what_to_run(server: RunServer) -> None:
    remote = Remote(server.origin)
    await remote.run("lines", {"count": 2})
    (run,) = server.runs.values()
    assert run.request == {
        "run_id": run.request["run_id"],
        "library": "demo",
        "version": "1.0.0",
        "digest": remote.library.digest,
        "command": "demo.lines",
        "arguments": {"count": 2},
    }


async def test_how_a_run_fails_there_is_how_it_fails_here(server: RunServer) -> None:
    error = await Remote(server.origin).error("failing")
    assert error == {
        "code": "E_INPUT",
        "message": "the server says: no good",
        "hint": "the server says: try another",
        "library": None,
    }


async def test_an_exit_status_is_passed_on(server: RunServer) -> None:
    assert (await Remote(server.origin).run("exit", {"count": 200}))[-1].fields == {"exit_status": 200}


async def test_bulk_output_is_whole_and_acknowledged(server: RunServer) -> None:
    events = await Remote(server.origin).run("bulk", {"count": 1000})
    assert stdout(events) == b"".join(bytes((number % 251,)) * 65536 for number in range(1000))
    assert server.acknowledged > 900


async def test_a_consumer_that_stops_stops_the_server(server: RunServer) -> None:
    events = Remote(server.origin).start("bulk", {"count": 5000})
    await anext(events)
    await anext(events)
    await asyncio.sleep(0.3)
    (run,) = server.runs.values()
    assert run.seq < 600
    await events.aclose()


class TestStdin:
    async def test_it_is_streamed_both_ways(self, server: RunServer) -> None:
        data = random.Random(1).randbytes(5_000_000)
        assert stdout(await Remote(server.origin).run("echo", stdin=pieces(data))) == data

    async def test_without_one_the_server_meets_its_end(self, server: RunServer) -> None:
        assert stdout(await Remote(server.origin).run("echo")) == b""

    async def test_it_is_read_no_faster_than_the_server_takes_it(
        self, server: RunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 65536
                yield bytes(65536)

        async def deaf(*_: object) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(server, "_take", deaf)
        with nothing_left():
            events = Remote(server.origin).start("drip", stdin=endless())
            for _ in range(10):
                await anext(events)
            assert read <= RUN_STDIN_WINDOW_BYTES + 65536
            await events.aclose()

    async def test_a_command_that_ends_without_reading_it_has_ended(self, server: RunServer) -> None:
        async def never() -> AsyncIterator[bytes]:
            await asyncio.sleep(60)
            yield b""

        with nothing_left():
            assert (await Remote(server.origin).run("lines", stdin=never()))[-1].type == "completed"

    async def test_one_that_cannot_be_read_ends_the_run(self, server: RunServer) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"x"
            raise OSError(5, "Input/output error")

        error = await Remote(server.origin).error("drip", stdin=broken())
        assert (error["code"], error["message"]) == ("E_INPUT", "cannot read stdin: Input/output error")
        await asyncio.sleep(0.05)


class TestResume:
    async def test_at_every_event_nothing_is_lost_or_repeated(self, server: RunServer) -> None:
        remote = Remote(server.origin)
        whole = stdout(await remote.run("lines", {"count": 20}))
        for cut in range(22):
            server.cuts = {cut}
            events = await remote.run("lines", {"count": 20})
            assert stdout(events) == whole, cut
            assert [event.seq for event in events] == list(range(1, 23))
            assert server.cuts == set()

    async def test_many_times_in_one_run(self, server: RunServer) -> None:
        whole = stdout(await Remote(server.origin).run("bulk", {"count": 300}))
        server.cuts = {0, 1, 2, 40, 63, 64, 65, 100, 199, 200, 280, 301}
        assert stdout(await Remote(server.origin).run("bulk", {"count": 300})) == whole
        assert server.cuts == set()
        assert server.heard.count("resume") == 12

    async def test_stdin_that_was_not_acknowledged_is_sent_again(self, server: RunServer) -> None:
        data = random.Random(2).randbytes(4_000_000)
        server.stdin_cuts = {1, 65_536, 500_000, 1_048_576, 1_500_000, 3_999_999}
        server.cuts = {5, 17}
        assert stdout(await Remote(server.origin).run("echo", stdin=pieces(data))) == data
        assert (server.stdin_cuts, server.cuts) == (set(), set())

    async def test_a_run_that_the_server_has_forgotten_is_lost(self, server: RunServer) -> None:
        server.forgets = True
        for cut in (0, 3):
            server.cuts = {cut}
            error = await Remote(server.origin).error("lines")
            assert error["code"] == "E_NETWORK"
            assert "no longer knows the run" in error["message"]

    async def test_a_server_that_stays_away_is_given_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run_session, "RUN_RECONNECT_SECONDS", 0.3)
        with running(tmp_path) as server:
            events = Remote(server.origin).start("drip")
            for _ in range(3):
                await anext(events)
            await asyncio.to_thread(server.stop)
            began = time.monotonic()
            rest = [event async for event in events]
        assert rest[-1].fields["error"]["code"] == "E_NETWORK"
        assert time.monotonic() - began < 2

    async def test_a_server_that_drops_every_connection_is_given_up(
        self, server: RunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run_session, "RUN_RECONNECT_SECONDS", 0.3)
        server.cuts = Always()
        assert (await Remote(server.origin).error("lines"))["code"] == "E_NETWORK"

    async def test_a_silent_peer_is_pinged_and_then_left(
        self, server: RunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The ping is answered by the package, so silence of the run alone is no reason."""
        monkeypatch.setattr("codi_tui.execute.connection.RUN_SILENCE_SECONDS", 0.05)
        assert (await Remote(server.origin).error("silent", wall_seconds=0.5))["code"] == "E_LIMIT"
        assert "resume" not in server.heard


class TestCancel:
    async def test_closing_the_events_tells_the_server_and_leaves_nothing(self, server: RunServer) -> None:
        with nothing_left():
            events = Remote(server.origin).start("drip", stdin=pieces(bytes(10**6)))
            await anext(events)
            await anext(events)
            began = time.monotonic()
            await events.aclose()
            assert time.monotonic() - began < 0.9
        assert server.heard[-1] == "cancel"

    @pytest.mark.parametrize("name", ["stubborn", "bulk"])
    async def test_a_server_that_goes_on_is_left(self, server: RunServer, name: str) -> None:
        with nothing_left():
            events = Remote(server.origin).start(name, {"count": 10**6})
            await anext(events)
            await anext(events)
            began = time.monotonic()
            await events.aclose()
            assert time.monotonic() - began < 2.5

    async def test_at_any_moment(self, server: RunServer) -> None:
        remote = Remote(server.origin)
        await remote.run("lines")
        with nothing_left():
            for number in range(25):
                server.cuts = {5}

                async def drain() -> None:
                    await remote.run("drip", stdin=pieces(bytes(10**6)))

                run = asyncio.ensure_future(drain())
                await asyncio.sleep(number * 0.004)
                run.cancel()
                await asyncio.gather(run, return_exceptions=True)
            await asyncio.sleep(0.05)
        server.faults.clear()

    async def test_many_at_once_leave_nothing(self, server: RunServer) -> None:
        remote = Remote(server.origin)
        with nothing_left():
            runs = await asyncio.gather(*(remote.run("lines", {"count": 20}) for _ in range(20)))
        assert len({stdout(events) for events in runs}) == 1


class TestLimits:
    async def test_of_time(self, server: RunServer) -> None:
        began = time.monotonic()
        error = await Remote(server.origin).error("silent", wall_seconds=0.3)
        assert (error["code"], error["message"]) == ("E_LIMIT", "stopped: it ran longer than 0.3 s")
        assert time.monotonic() - began < 2
        assert server.heard[-1] == "cancel"

    async def test_of_output(self, server: RunServer) -> None:
        remote = Remote(server.origin, limits={"output_bytes": 100_000})
        events = await remote.run("bulk", {"count": 10**6})
        assert len(stdout(events)) == 100_000
        assert events[-1].fields["error"]["code"] == "E_LIMIT"


async def test_a_peer_that_does_not_even_answer_a_ping_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that goes nowhere: no FIN, no RST, nothing. What it was asked is taken up elsewhere."""
    monkeypatch.setattr("codi_tui.execute.connection.RUN_SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(run_session, "RUN_RECONNECT_SECONDS", 0.2)
    asked: list[str | bytes] = []
    over = asyncio.Event()

    async def deaf(connection: ServerConnection) -> None:
        asked.append(await connection.recv())
        connection.transport.pause_reading()
        await over.wait()

    async with serve(deaf, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)], ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        began = time.monotonic()
        try:
            error = await Remote(f"http://127.0.0.1:{port}").error("lines", wall_seconds=2)
        finally:
            over.set()
            server.close(close_connections=False)
            for connection in server.connections:
                connection.transport.abort()
        assert error["code"] == "E_NETWORK"
        assert time.monotonic() - began < 2
    assert len(asked) > 1
