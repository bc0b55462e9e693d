"""Hostile clients of remote runs: each is let go, or waits, and another's run goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from codi_tui.execute.run_protocol import encode_stdin
from codi_tui.limits import RUN_CONTROL_FRAMES_MAX, RUN_MESSAGE_MAX_BYTES, RUN_STDIN_WINDOW_BYTES
from support.far import Peer, output, peer, publish_all, until, workers_of
from support.library_server import LibraryServer, trust_file

LIMITS = {
    "SERVER_RUN_LINGER_SECONDS": 1.0,
    "SERVER_RUN_FIRST_SECONDS": 0.5,
    "SERVER_RUN_SOCKETS": 12,
    "SERVER_RUNS_WAITING": 4,
    "SERVER_RUNS_WAITING_BYTES": 100_000,
    "SERVER_RUN_FRAGMENTS": 50,
    "RUN_WALL_SECONDS": 2.0,
}


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """A server of little patience, with four places; whatever happened to it, others' runs go on, and nothing was a fault."""
    folder = tmp_path_factory.mktemp("far")
    running = LibraryServer(folder / "data", "--runs", "4", *trust_file(folder), limits=LIMITS)
    publish_all(running, "hello", "echo", "sleep", "flood")
    yield running
    assert asyncio.run(hello(running)) == b"hello\n"
    assert running.stop() == 0
    errors = {line["message"] for line in running.log if line["severity"] == "ERROR"}
    assert errors <= {"Invalid UTF-8 sequence received from client."}, "uvicorn's word for it"


async def hello(far: LibraryServer) -> bytes:
    """Somebody else's run."""
    async with peer(far, far.token("run:hello")) as client:
        await client.ask("hello")
        return output(await client.events())


@pytest.fixture(scope="module")
def token(far: LibraryServer) -> str:
    return far.token("run:*")


@pytest.fixture(autouse=True)
async def nothing_left(far: LibraryServer) -> AsyncIterator[None]:
    yield
    await until(lambda: workers_of(far) == [], seconds=5)


async def refused(peers: list[Peer], count: int) -> set[tuple[int | None, str | None]]:
    """Cancel all runs but those that were refused, so many; how these were."""
    closing = {asyncio.create_task(client.closed()): client for client in peers}
    done: set[asyncio.Task[tuple[int | None, str | None]]] = set()
    while len(done) < count:
        done, _ = await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        await asyncio.sleep(0.01)
    for task, client in closing.items():
        if task not in done:
            await client.say("cancel")
            assert (await task)[0] == 1000
    assert len(done) == count
    return {task.result() for task in done}


async def test_a_flood_of_runs(far: LibraryServer, token: str) -> None:
    """Two run, four wait, the others are told to try later; whoever else comes has a place at once."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(peer(far, token)) for _ in range(8)]
        for client in peers:
            await client.ask("sleep")
            if client in peers[:2]:
                await client.event()
        assert await hello(far) == b"hello\n"
        assert await refused(peers, 2) == {(1013, "too much at once")}


async def test_a_flood_of_large_requests(far: LibraryServer, token: str) -> None:
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(peer(far, token)) for _ in range(4)]
        for client in peers[:2]:
            await client.ask("sleep")
            await client.event()
        for client in peers[2:]:
            await client.ask("sleep", arguments={"words": ["x" * 60_000]})
        assert await refused(peers, 1) == {(1013, "too much at once")}


async def test_a_flood_of_connections(far: LibraryServer, token: str) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(12):
            await stack.enter_async_context(peer(far, token))
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(peer(far, token))
        assert refused.value.response.status_code == 429


async def test_a_flood_of_stdin(far: LibraryServer, token: str) -> None:
    """More than the window, for a guest that reads nothing."""
    async with peer(far, token) as client:
        await client.ask("sleep")
        await client.event()
        with contextlib.suppress(ConnectionClosed):
            for offset in range(0, 4 * RUN_STDIN_WINDOW_BYTES, 65536):
                await client.socket.send(encode_stdin(offset, b"x" * 65536))
        assert (await client.closed())[0] == 1002


async def test_nothing_is_acknowledged(far: LibraryServer, token: str) -> None:
    """The guest stands still, and is ended at its limit; its place is free again when nobody takes what it left."""
    async with peer(far, token) as client:
        await client.ask("flood")
        events = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                events.append(await client.event())
        assert events[-1].fields["error"]["code"] == "E_WASM_TIME"
        assert client.socket.close_code == 4404


async def test_nothing_is_read(far: LibraryServer, token: str) -> None:
    """A peer whose window is shut: its run ends, and its connection does not stay."""
    async with peer(far, token) as client:
        await client.ask("flood")
        await client.event()
        client.socket.transport.pause_reading()
        await until(lambda: workers_of(far) == [], seconds=15)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "{",
        '{"type":"run"}',
        '{"type":"run","type":"resume"}',
        '{"type":"ack","seq":1}',
        '{"type":"cancel"}',
        '{"type":"resume","run_id":"' + "0" * 32 + '","after":-1}',
        "[" * 5000,
        b"\x01\0\0\0\0\0\0\0\0x",
        b"",
        encode_stdin(0, b"x"),
    ],
)
async def test_a_first_message_that_is_none(far: LibraryServer, token: str, message: str | bytes) -> None:
    async with peer(far, token) as client:
        await client.socket.send(message)
        assert (await client.closed())[0] == 1002


@pytest.mark.parametrize(
    "message",
    [
        "{",
        '{"type":"ack","seq":7}',
        '{"type":"run"}',
        '{"type":"resume","run_id":"' + "0" * 32 + '","after":0}',
        '{"type":"stdin","offset":5,"text":"x"}',
        b"\0",
    ],
)
async def test_a_later_message_that_is_none_ends_the_run(far: LibraryServer, token: str, message: str | bytes) -> None:
    async with peer(far, token) as client:
        await client.ask("sleep")
        await client.event()
        await client.socket.send(message)
        assert (await client.closed())[0] == 1002


async def test_a_message_that_is_too_large_or_not_text(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        with contextlib.suppress(ConnectionClosed):
            await client.socket.send("x" * (RUN_MESSAGE_MAX_BYTES + 1))
        assert (await client.closed())[0] in (1009, 1006), "the rest of it may be refused below WebSockets"
    async with peer(far, token) as client:
        client.socket.protocol.send_text(b"\xff")
        client.socket.transport.write(b"".join(client.socket.protocol.data_to_send()))
        assert (await client.closed())[0] == 1007


def write(client: Peer, *frames: Frame) -> None:
    data = b"".join(frame.serialize(mask=True) for frame in frames)
    client.socket.transport.write(data)


async def test_a_message_of_very_many_frames(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        write(client, Frame(Opcode.TEXT, b"{", fin=False), *[Frame(Opcode.CONT, b"", fin=False)] * 100)
        assert (await client.closed())[0] == 1006


async def test_a_flood_of_pings(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        await client.ask("sleep")
        write(client, *[Frame(Opcode.PING, b"x" * 125)] * (RUN_CONTROL_FRAMES_MAX + 1))
        assert (await client.closed())[0] == 1006


async def test_an_honest_ping_is_answered(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        await client.ask("sleep")
        await asyncio.wait_for(await client.socket.ping(), 5)
        await client.say("cancel")
        await client.closed()


async def test_nothing_is_asked_for(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        assert (await client.closed())[0] == 1008


async def test_another_s_run_is_not_there(far: LibraryServer, token: str) -> None:
    """Its id is not enough: it is another token's."""
    async with peer(far, token) as owner, peer(far, far.token("run:*")) as thief:
        run_id = await owner.ask("sleep")
        await owner.event()
        await thief.say("resume", run_id=run_id, after=0)
        assert (await thief.closed())[0] == 4404
        await until(lambda: len(workers_of(far)) == 1)
        await owner.say("cancel")
        assert (await owner.closed())[0] == 1000


async def test_a_run_is_begun_once(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as first, peer(far, token) as second:
        run_id = await first.ask("sleep", os.urandom(16).hex())
        await first.event()
        await second.ask("sleep", run_id)
        assert (await second.closed())[0] == 1002
        await first.say("cancel")
        assert (await first.closed())[0] == 1000


@pytest.mark.parametrize("after", [2, 50])
async def test_what_was_never_sent_is_not_taken_up_from(far: LibraryServer, token: str, after: int) -> None:
    async with peer(far, token) as first, peer(far, token) as second:
        run_id = await first.ask("sleep")
        await first.event()
        await second.say("resume", run_id=run_id, after=after)
        assert (await second.closed())[0] == 1002
