"""`codi run` of commands that a server runs, through the real executable."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.operations.executors import worker_executor
from conftest import CODI, Codi, add_server
from support.cores import async_core, invocation, one, stdout
from support.libraries import LOOP, PUBLIC_KEY, STDIN_TO_STDOUT, publish, signed, wasm
from support.remote import library_source
from support.run_server import RunServer, failed, running, said

FALLBACK = {"type": "wasm", "function": "f"}
GRANTED = ("--allow", "ws:server")


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[RunServer]:
    with running(tmp_path / "site") as server:
        library(server)
        add_server(home, server.origin, PUBLIC_KEY, ["*"])
        yield server
        assert server.faults == []


def library(server: RunServer, module: str | None = None, **source: Any) -> None:
    publish(server.folder, signed(library_source(**{"fallback": FALLBACK, **source}), module and wasm(module)))  # type: ignore[arg-type]


def test_a_run_streams_to_stdout(server: RunServer, codi: Codi) -> None:
    result = codi("run", *GRANTED, "demo.lines", "--count", "1000")
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == b"".join(f"line {number} é\n".encode() for number in range(1000))


def test_stdin_goes_there_and_back(server: RunServer, codi: Codi) -> None:
    data = random.Random(3).randbytes(3_000_000)
    server.cuts, server.stdin_cuts = {3, 9}, {1_000_000}
    assert codi("run", "--output", "raw", *GRANTED, "demo.echo", stdin=data).stdout == data
    assert (server.cuts, server.stdin_cuts) == (set(), set())


def test_every_event_as_json_lines(server: RunServer, codi: Codi) -> None:
    result = codi("run", "--output", "jsonl", *GRANTED, "demo.every")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert " ".join(event["type"] for event in events) == "started progress log output result completed"


def test_a_status_is_passed_through(server: RunServer, codi: Codi) -> None:
    assert codi("run", *GRANTED, "demo.exit", "--count", "7").status == 7
    result = codi("run", *GRANTED, "demo.failing")
    assert (result.status, result.stderr.splitlines()) == (
        65,
        [
            "codi: the server says: no good (E_INPUT)",
            "codi: next: the server says: try another",
        ],
    )


def test_what_the_server_says_is_safe_on_a_terminal_and_never_codi_s_own_word(server: RunServer, codi: Codi) -> None:
    server.lies["lie"] = said(failed("E_SIGNATURE", message="\x1b]0;owned\x07 [bold]trust me"))
    result = codi("run", *GRANTED, "demo.lie")
    assert result.status == 70
    assert "the server says: ␛]0;owned␇ [bold]trust me (E_HANDLER)" in result.stderr


def test_the_permission_is_asked_for_with_the_exact_command(server: RunServer, codi: Codi) -> None:
    result = codi("demo.lines")
    assert result.status == 77
    assert "  + ws:server   run on its library server, which is sent its arguments and input\n" in result.stderr
    assert "codi: next: to grant it for one run: codi run --allow ws:server demo.lines; " in result.stderr
    assert "to have it remembered: codi config grants add demo ws:server\n" in result.stderr
    assert server.heard == []


def test_a_fallback_is_said(server: RunServer, codi: Codi) -> None:
    server.unknown = {"lines"}
    result = codi("run", *GRANTED, "demo.lines")
    assert (result.status, result.stdout) == (0, b"hello\n")
    assert "using the wasm fallback" in result.stderr


def test_a_fallback_gets_stdin_from_its_first_byte(server: RunServer, codi: Codi) -> None:
    library(server, STDIN_TO_STDOUT)
    server.unknown = {"echo"}
    data = random.Random(4).randbytes(500_000)
    assert codi("run", "--output", "raw", *GRANTED, "demo.echo", stdin=data).stdout == data


def test_a_dry_run_says_where_it_would_run(server: RunServer, codi: Codi) -> None:
    document = json.loads(codi("run", "--dry-run", "demo.lines").stdout)
    assert (document["handler"], document["endpoint"]) == ("websocket", "server:/run")
    assert server.heard == []


def test_offline_the_fallback_serves_and_no_socket_is_opened(server: RunServer, codi: Codi) -> None:
    codi("run", *GRANTED, "demo.lines")
    asked = len(server.headers)
    result = codi("run", "--offline", *GRANTED, "demo.lines")
    assert (result.status, result.stdout) == (0, b"hello\n")
    assert "codi is offline; using the wasm fallback" in result.stderr
    assert len(server.headers) == asked


@pytest.mark.attack("H2", "H5")
def test_a_redirect_is_no_reason_for_a_fallback(server: RunServer, codi: Codi) -> None:
    library(server, endpoint="server:/status/302")
    result = codi("run", *GRANTED, "demo.lines")
    assert (result.status, result.stdout) == (76, b"")
    assert "E_REDIRECT" in result.stderr


def test_an_open_stdin_does_not_keep_the_process(server: RunServer) -> None:
    with popen(*GRANTED, "demo.lines") as process:
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 8


def popen(*words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen([CODI, "run", *words], stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE)


def interrupted(process: subprocess.Popen[bytes], within_seconds: float = 1.5) -> bytes:
    """Interrupt it, and give what it wrote to stderr."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - began < within_seconds
    assert process.stderr is not None
    return process.stderr.read()


def test_an_interrupt_ends_the_run_here_and_there(server: RunServer) -> None:
    with popen(*GRANTED, "demo.drip") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"drip\n"
        assert interrupted(process) == b""
    assert server.heard[-1] == "cancel"


def test_an_interrupt_while_nobody_reads_the_output(server: RunServer) -> None:
    with popen("--output", "raw", *GRANTED, "demo.bulk", "--count", "100000") as process:
        assert process.stdout is not None
        assert process.stdout.read(10)
        time.sleep(0.2)
        assert interrupted(process, 2.5) == b""
    assert "cancel" in server.heard


def test_an_interrupt_reaches_a_fallback_that_runs_on_the_same_thread(server: RunServer) -> None:
    library(server, LOOP)
    server.unknown = {"lines"}
    with popen(*GRANTED, "demo.lines") as process:
        assert process.stderr is not None
        assert b"using the wasm fallback" in process.stderr.readline()
        time.sleep(0.3)
        assert interrupted(process) == b""


def test_an_interrupt_while_the_server_is_awaited(server: RunServer) -> None:
    with popen(*GRANTED, "demo.silent") as process:
        deadline = time.monotonic() + 10
        while "run" not in server.heard and time.monotonic() < deadline:
            time.sleep(0.01)
        assert interrupted(process) == b""
    assert server.heard[-1] == "cancel"


def test_a_timeout_is_75(server: RunServer, codi: Codi) -> None:
    result = codi("run", "--timeout", "0.3", *GRANTED, "demo.silent")
    assert result.status == 75
    assert "E_LIMIT" in result.stderr


def test_a_reader_that_has_had_enough_ends_the_run(server: RunServer) -> None:
    with popen(*GRANTED, "demo.drip") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"drip\n"
        process.stdout.close()
        assert process.wait(5) == 0
    assert server.heard[-1] == "cancel"


async def test_a_run_from_the_workspace_s_core(server: RunServer) -> None:
    async with async_core() as core:
        run = await invocation(core, "demo.echo", granted=["ws:server"], stdin=one(b"from a form"))
        events = [event async for event in worker_executor(core).execute(run)]
    assert stdout(events) == b"from a form"


@pytest.mark.attack("H7")
def test_secrets_reach_neither_the_cache_nor_stderr(server: RunServer, codi: Codi, home: Path) -> None:
    secret = {"name": "token", "type": "string", "description": "Token", "secret": True}
    library(server, options=(secret,))
    result = codi("run", *GRANTED, "demo.lines", "--token", "canary-7f3a")
    assert result.status == 0
    assert "canary" not in result.stderr
    found = [path for path in home.rglob("*") if path.is_file() and b"canary-7f3a" in path.read_bytes()]
    assert found == []
    (run,) = server.runs.values()
    assert run.request["arguments"] == {"token": "canary-7f3a"}


@pytest.mark.attack("H8")
def test_no_environment_variable_leads_elsewhere(server: RunServer, codi: Codi) -> None:
    environment = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:1")
    result = codi("run", *GRANTED, "demo.lines", WEBSOCKETS_MAX_REDIRECTS="10", **environment)
    assert (result.status, result.stderr) == (0, "")
