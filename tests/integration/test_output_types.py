"""What a handler says that its output is, at each door: one command of every type, which all write what they read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.operations.executors import worker_executor
from codi_tui.operations.spool import Spool
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.run import Run
from codi_tui.ui.stdin import Stdin
from conftest import CODI, Codi, add_server
from support.cores import async_core, invocation
from support.libraries import PUBLIC_KEY, STDIN_TO_STDOUT, manifest, publish, signed, subcommand, wasm
from support.server import serving

BINARY = b"\x89PNG\r\n\x1a\n\x00\xff" * 1000
WRITTEN = {
    "text": (b"a\n", "a\n"),
    "markdown": (b"# a\n", "# a\n"),
    "csv": (b"a,b\n1,2\n", "a,b\n1,2\n"),
    "json": (b'{"a": [1, 2]}', {"a": [1, 2]}),
    "jsonl": (b"1\n[2]\n", [1, [2]]),
    "bytes": (b"\xff", {"base64": "/w=="}),
    "events": (b'{"type": "result", "value": {"a": 1}}\n', {"a": 1}),
}


@pytest.fixture(autouse=True)
def served(warm: None, home: Path, tmp_path: Path) -> Iterator[None]:
    handlers = {kind: {"type": "wasm", "function": "main", "output": kind} for kind in WRITTEN}
    commands = {kind: subcommand(handler=handler) for kind, handler in handlers.items()}
    source = manifest("types", commands={"as": {"description": "", "subcommands": commands}})
    publish(tmp_path / "site", signed(source, wasm(STDIN_TO_STDOUT)))
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["types"])
        yield


def on_a_terminal(tmp_path: Path, data: bytes, *words: str) -> str:
    """What a person sees, stdin being a file."""
    (tmp_path / "stdin").write_bytes(data)
    line = f'exec "$@" < {tmp_path / "stdin"}'
    spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    words = ("sh", "-c", line, "sh", CODI, *words)
    shown = subprocess.run(
        [sys.executable, "-c", spawn, *words], capture_output=True, check=True, stdin=subprocess.DEVNULL
    )
    return shown.stdout.decode(errors="replace")


def test_each_type_in_a_pipe_and_as_one_json_value(codi: Codi) -> None:
    for kind, (written, value) in WRITTEN.items():
        assert json.loads(codi("run", "--output", "json", f"as.{kind}", stdin=written).stdout) == value
        piped = codi(f"as.{kind}", stdin=written).stdout
        if kind in ("json", "events"):
            assert piped != written  # laid out for reading
        else:
            assert piped == written
    begun = json.loads(codi("run", "--output", "jsonl", "as.csv", stdin=b"a\n").stdout.splitlines()[0])
    assert (begun["type"], begun["output"]) == ("started", "csv")


def test_bytes_that_are_no_text_do_not_reach_a_terminal_and_the_run_goes_on(tmp_path: Path, codi: Codi) -> None:
    shown = on_a_terminal(tmp_path, BINARY, "as.bytes")
    assert "PNG" not in shown
    assert "10,000 bytes that are not text are not shown" in shown
    assert "> FILE" in shown
    assert on_a_terminal(tmp_path, b"plain\n", "as.bytes") == "plain\r\n"
    assert "PNG" in on_a_terminal(tmp_path, BINARY, "run", "--output", "raw", "as.bytes")
    assert codi("as.bytes", stdin=BINARY).stdout == BINARY


async def test_the_workspace_says_how_many_bytes_there_are_and_saves_them_as_they_came(tmp_path: Path) -> None:
    async with async_core() as core:
        shown: list[list[str]] = []
        saved: list[bytes] = []
        for number, written in enumerate((BINARY, b"plain\n")):
            buffer = OutputBuffer(Spool(str(tmp_path / "spool")))
            (tmp_path / "stdin").write_bytes(written)
            run = Run(number + 1, await invocation(core, "as.bytes"), "", buffer, Stdin(f"@{tmp_path / 'stdin'}"))
            await run.run(worker_executor(core))
            shown.append([buffer.line(at).text for at in range(buffer.lines_total)])
            buffer.save(str(tmp_path / f"saved{number}"), stream="stdout")
            saved.append((tmp_path / f"saved{number}").read_bytes())
            buffer.close()
    assert shown == [["(10,000 bytes that are not text: save them to a file)"], ["plain"]]
    assert saved == [BINARY, b"plain\n"]
