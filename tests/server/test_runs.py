"""Commands that run on the library server, by codi's own client and by one that says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from support.far import (
    COUNTED,
    Line,
    far_run,
    output,
    peer,
    publish_all,
    until,
    workers_of,
)
from support.library_server import LibraryServer, trust_file
from support.remote import pieces

CANARY = "canary-31c7"
LIMITS = {"SERVER_RUN_LINGER_SECONDS": 1.5, "SERVER_RUN_FIRST_SECONDS": 1.0}
NAMES = ("hello", "echo", "flood", "sleep", "count", "probe", "granted")


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """A server with four places, so two for one token; `probe` is granted one of the two secrets that it declares."""
    folder = tmp_path_factory.mktemp("far")
    secrets = folder / "data/server/secrets"
    secrets.mkdir(parents=True, mode=0o700)
    for name in ("GRANTED", "WITHHELD"):
        (secrets / name).touch(0o600)
        (secrets / name).write_text(f"{CANARY}-{name}")
    words = ["--runs", "4", "--grant", "granted=secret:GRANTED", *trust_file(folder)]
    running = LibraryServer(folder / "data", *words, limits=LIMITS, SECRET_OF_THE_SERVER=CANARY)
    publish_all(running, *NAMES)
    yield running
    assert running.stop() == 0
    assert not [line for line in running.log if line["severity"] == "ERROR"], running.log


@pytest.fixture(scope="module")
def token(far: LibraryServer) -> str:
    return far.token("run:*")


async def test_a_command_runs_and_streams_and_reads_stdin(far: LibraryServer, token: str) -> None:
    async with Line(far, token).open() as origin:
        events = [event async for event in far_run(origin, "hello")]
        assert [event.type for event in events] == ["started", "output", "completed"]
        assert (output(events), events[-1].fields) == (b"hello\n", {"exit_status": 0})
        sent = random.Random(1).randbytes(3_000_000)
        events = [event async for event in far_run(origin, "echo", pieces(sent))]
        assert output(events) == sent
    await until(lambda: workers_of(far) == [])


@pytest.mark.parametrize("seed", range(2))
async def test_a_line_that_is_cut_loses_and_repeats_nothing(far: LibraryServer, token: str, seed: int) -> None:
    """The short form of benchmarks/remote.py, which cuts at 50 random moments."""
    chance = random.Random(seed)
    sent = chance.randbytes(1_500_000)
    line = Line(far, token, chance.sample(range(1_000, 2_900_000), 8))
    async with line.open() as origin:
        events = [event async for event in far_run(origin, "echo", pieces(sent))]
    assert output(events) == sent
    assert (line.cuts, line.connections) == ([], 9)


async def test_a_run_is_taken_up_again_where_it_was(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as first:
        run_id = await first.ask("count")
        events = [await first.event() for _ in range(5)]
        first.socket.transport.abort()
    async with peer(far, token) as second:
        await second.say("resume", run_id=run_id, after=3)
        assert (await second.event()).stdin_bytes == 0
        events = events[:3] + await second.events()
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert output(events) == COUNTED
        await second.say("ack", seq=len(events))
        assert await second.closed() == (1000, "")
    async with peer(far, token) as third:
        await third.say("resume", run_id=run_id, after=0)
        assert (await third.closed())[0] == 4404, "what was taken is forgotten"


async def test_a_new_connection_replaces_the_one_before(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as first, peer(far, token) as second:
        run_id = await first.ask("sleep")
        await first.event()
        await second.say("resume", run_id=run_id, after=1)
        assert (await first.closed())[0] == 1001
        await second.event()
        await second.say("cancel")
        assert (await second.closed())[0] == 1000


@pytest.mark.parametrize("name", ["sleep", "flood"])
async def test_a_cancelled_guest_is_gone(far: LibraryServer, token: str, name: str) -> None:
    async with peer(far, token) as client:
        await client.ask(name)
        await client.event()
        await until(lambda: len(workers_of(far)) == 1)
        await client.say("cancel")
        assert (await client.closed())[0] == 1000
        await until(lambda: workers_of(far) == [], seconds=2)


async def test_a_run_that_nobody_takes_up_is_ended_and_forgotten(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        run_id = await client.ask("sleep")
        await client.event()
        await until(lambda: len(workers_of(far)) == 1)
        client.socket.transport.abort()
    await until(lambda: workers_of(far) == [])
    async with peer(far, token) as client:
        await client.say("resume", run_id=run_id, after=1)
        assert (await client.closed())[0] == 4404


async def test_a_full_buffer_stops_the_guest(far: LibraryServer, token: str) -> None:
    """Without acknowledgements no more than 2 MiB and one event are ever sent, of a guest that writes for ever."""
    async with peer(far, token) as client:
        await client.ask("flood")
        events = []
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(1):
                    events.append(await client.event())
        assert 2 << 20 <= sum(len(event.data) for event in events) < (2 << 20) + (128 << 10)
        await client.say("ack", seq=events[-1].seq)
        assert (await client.event()).seq == events[-1].seq + 1
        await client.say("cancel")
        await client.closed()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"library": "nothing"}, "has no nothing 1.0.0"),
        ({"version": "2.0.0"}, "has no hello 2.0.0"),
        ({"digest": "0" * 64}, "another release"),
        ({"command": "hello.other"}, "no command"),
        ({"command": "hello.here"}, "no module that a server could run"),
    ],
)
async def test_only_the_very_release_that_is_named_is_run(
    far: LibraryServer, token: str, members: dict[str, str], said: str
) -> None:
    async with peer(far, token) as client:
        await client.ask("hello", **members)
        code, reason = await client.closed()
        assert (code, said in str(reason)) == (4404, True), reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"file": "/etc/passwd"}, "is a path"),
        ({"words": "no list"}, "must be a list"),
        ({"more": 1}, "not one of its arguments"),
    ],
)
async def test_arguments_are_checked_again(
    far: LibraryServer, token: str, arguments: dict[str, object], said: str
) -> None:
    async with peer(far, token) as client:
        await client.ask("hello", arguments=arguments)
        started, failed = await client.events()
        assert started.type == "started"
        assert failed.fields["error"]["code"] == "E_INPUT"
        assert said in failed.fields["error"]["message"]


async def probe(far: LibraryServer, token: str, *words: str, library: str = "probe") -> str:
    async with peer(far, token) as client:
        await client.ask(library, arguments={"words": list(words)})
        return output(await client.events()).decode()


@pytest.mark.attack("E1")
async def test_a_guest_gets_nothing_that_was_not_granted(far: LibraryServer, token: str) -> None:
    """Neither the server's environment, nor its files, nor a secret that is declared and not granted."""
    said = await probe(far, token, "read", f"{far.data}/server/server.db", "read", "/etc/passwd", "environ")
    assert (said.count("read "), CANARY in said, "root:" in said) == (2, False, False), said
    said = await probe(far, token, "environ", library="granted")
    assert (f"GRANTED={CANARY}-GRANTED\n" in said, said.count(CANARY)) == (True, 1), said


async def test_a_token_runs_what_it_may(far: LibraryServer) -> None:
    async with peer(far, far.token("run:hello")) as client:
        await client.ask("echo")
        assert await client.closed() == (4403, "insufficient_permissions")


@pytest.mark.parametrize(("permission", "status"), [("library:*", 403), ("metrics", 403), ("run:*", 101), (None, 401)])
async def test_a_handshake_wants_a_token_that_may_run(far: LibraryServer, permission: str | None, status: int) -> None:
    shown = far.token(permission) if permission else "codi_" + "x" * 43
    if status == 101:
        async with peer(far, shown):
            return
    with pytest.raises(InvalidStatus) as refused:
        async with peer(far, shown):
            pass
    assert refused.value.response.status_code == status


async def test_metrics_count_runs(far: LibraryServer, token: str) -> None:
    async with peer(far, token) as client:
        await client.ask("hello")
        await client.events()
    with far.client("metrics") as client:
        text = client.get("/metrics").text
    assert 'codi_runs_total{outcome="completed"}' in text
    assert "codi_runs_waiting 0" in text
