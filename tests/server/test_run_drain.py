"""A server that is told to stop while commands run: as Cloud Run does it, and in what Cloud Run puts it into."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest

from codi_tui.execute.run_protocol import encode_stdin
from support.far import output, peer, publish_all, until, workers_of
from support.library_server import LibraryServer, trust_file

CLOUD_RUN_SECONDS = 10


async def test_told_to_stop_it_lets_runs_end_and_begins_no_other(tmp_path: Path) -> None:
    server = LibraryServer(tmp_path / "data", "--runs", "2", *trust_file(tmp_path))
    publish_all(server, "echo")
    token = server.token("run:*")
    async with (
        peer(server, token) as running,
        peer(server, token) as waiting,
        peer(server, token) as late,
        httpx.AsyncClient(base_url=server.origin, trust_env=False) as client,
    ):
        run_id = await running.ask("echo")
        await running.event()
        await running.socket.send(encode_stdin(0, b"first "))
        await running.event()
        await waiting.ask("echo")
        server.process.send_signal(signal.SIGTERM)
        assert (await waiting.closed())[0] == 1013
        await late.ask("echo")
        assert await late.closed() == (1013, "the server is stopping")
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        running.socket.transport.abort()
        async with peer(server, token) as again:
            await again.say("resume", run_id=run_id, after=1)
            received = (await again.event()).stdin_bytes
            await again.socket.send(encode_stdin(received, b"first second"[received:]))
            await again.say("stdin", offset=12, end=True)
            assert output(await again.events()) == b"first second"
    assert await asyncio.to_thread(server.process.wait, CLOUD_RUN_SECONDS) == 0
    server.stop()


async def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    server = LibraryServer(tmp_path / "data", *trust_file(tmp_path), limits={"SERVER_DRAIN_SECONDS": 0.5})
    publish_all(server, "sleep")
    async with peer(server, server.token("run:*")) as client:
        await client.ask("sleep")
        await client.event()
        await until(lambda: len(workers_of(server)) == 1)
        (worker,) = workers_of(server)
        server.process.send_signal(signal.SIGTERM)
        assert (await client.closed())[0] == 1012
    assert server.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert server.log[-1]["message"] == "stopped"
    assert [line["message"] for line in server.log if "command" in line] == ["run stopped"]


LOOKALIKE = Path(__file__).parents[1] / "support/lookalike.sh"


async def test_it_serves_and_runs_where_it_can_write_nothing_but_its_data(tmp_path: Path) -> None:
    """A read-only root, a tmpfs, nobody, no privileges: see `lookalike.sh`. A Dockerfile's image runs there as well."""
    data = tmp_path / "data"
    server = LibraryServer(data, *trust_file(tmp_path), under=[str(LOOKALIKE), str(data)], K_SERVICE="codi")
    process = Path(f"/proc/{server.process.pid}")
    status = dict(line.split(":\t", 1) for line in process.joinpath("status").read_text().splitlines())
    assert (status["CapEff"], status["CapBnd"] != "", status["NoNewPrivs"]) == ("0" * 16, True, "1")
    mounts = [line.split() for line in process.joinpath("mountinfo").read_text().splitlines()]
    writable = {where for _, _, _, _, where, how, *_ in mounts if how.startswith("rw")}
    of_its_own = {str(data), f"{data}-tmp"}
    assert writable >= of_its_own
    assert not [place for place in writable - of_its_own if not place.startswith(("/proc", "/sys", "/dev"))]
    server.origin = server.origin.replace("0.0.0.0", "127.0.0.1")
    publish_all(server, "hello")
    async with peer(server, server.token("run:*")) as client:
        await client.ask("hello")
        assert output(await client.events()) == b"hello\n"
    assert server.stop() == 0
    assert not [line for line in server.log if line["severity"] != "INFO"], server.log
