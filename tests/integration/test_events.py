"""Guests whose output is `events`: what each way of output makes of them, and that a liar is stopped."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.operations.executors import worker_executor
from conftest import CODI, Codi, add_server
from support import libraries
from support.cores import async_core, invocation
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand, wasm
from support.server import serving

GOOD = (
    b'{"type":"progress","done":1,"total":2,"message":"half"}\n'
    b'{"type":"log","level":"info","message":"plain"}\n'
    b'{"type":"log","level":"error","message":"bad\\u001b[2J"}\n'
    b'{"type":"output","text":"some text\\n"}\n'
    b'{"type":"result","value":{"ratio":0.5}}\n'
    b'{"type":"output","text":"after\\n"}\n'
)
LIE = b'{"type":"output","text":"first\\n"}\n{"type":"completed","exit_status":0}\n'
MODULES = {
    "good": libraries.printing(1, GOOD),
    "textonly": libraries.printing(1, b'{"type":"output","text":"just text"}'),
    "silent": libraries.printing(1, b""),
    "lie": libraries.printing(1, LIE).removesuffix("))") + "(loop (br 0))))",
    "trap": libraries.printing(1, b'{"type":"output","te').removesuffix("))") + "unreachable))",
    "slow": libraries.printing(1, b'{"type":"progress","done":7,"total":9,"message":"slow"}\n' * 2000),
}


@pytest.fixture(autouse=True)
def server(home: Path, tmp_path: Path) -> Iterator[None]:
    handler = {"type": "wasm", "function": "main", "output": "events"}
    documents = [
        signed(
            manifest(name, commands={name: {"description": "", "subcommands": {"run": subcommand(handler=handler)}}}),
            wasm(text),
        )
        for name, text in MODULES.items()
    ]
    publish(tmp_path / "site", *documents)
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, list(MODULES))
        yield


def test_text_is_for_people(codi: Codi) -> None:
    result = codi("good.run")
    assert result.status == 0
    assert result.stdout == b"some text\nratio  0.5\nafter\n"
    assert result.stderr.splitlines() == ["plain", "codi: note: bad␛[2J"]


def test_json_is_the_result(codi: Codi) -> None:
    assert codi("run", "--json", "good.run").stdout == b'{"ratio": 0.5}\n'
    assert codi("run", "--json", "textonly.run").stdout == b'"just text"\n'
    assert codi("run", "--json", "silent.run").stdout == b"null\n"


def test_raw_is_the_texts_and_the_result(codi: Codi) -> None:
    assert codi("run", "--output", "raw", "good.run").stdout == b'some text\n{"ratio": 0.5}\nafter\n'


def test_jsonl_is_every_event_in_codi_s_own_numbering(codi: Codi) -> None:
    events = [json.loads(line) for line in codi("run", "--output", "jsonl", "good.run").stdout.splitlines()]
    kinds = ["started", "progress", "log", "log", "output", "result", "output", "completed"]
    assert [event["type"] for event in events] == kinds
    assert [event["seq"] for event in events] == list(range(1, 9))
    assert events[1] == {"seq": 2, "type": "progress", "done": 1, "total": 2, "message": "half"}


def test_a_guest_that_says_what_only_codi_may_say_is_stopped(codi: Codi) -> None:
    begun = time.monotonic()
    result = codi("lie.run")
    assert result.status == 76
    assert result.stdout == b"first\n"
    assert "line 2 of its output is no event" in result.stderr
    assert "E_PROTOCOL" in result.stderr
    assert time.monotonic() - begun < 30  # its loop never ends


def test_a_crash_in_the_middle_of_a_line_is_told_as_a_crash(codi: Codi) -> None:
    assert codi("trap.run").status == 70


@pytest.mark.parametrize(("name", "last"), [("good", "completed"), ("lie", "failed")])
async def test_a_worker_gives_the_same_events(name: str, last: str) -> None:
    async with async_core() as core:
        invoked = await invocation(core, f"{name}.run")
        events = [event async for event in worker_executor(core).execute(invoked)]
    assert events[-1].type == last
    assert "output" in [event.type for event in events]
    assert b"type" not in b"".join(event.data for event in events)


def on_a_terminal(*words: str) -> bytes:
    """What codi writes to stderr when that is a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([CODI, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    written = b""
    try:
        while data := os.read(leader, 65536):
            written += data
    except OSError:
        pass  # the terminal ends with the process
    os.close(leader)
    assert process.wait() == 0
    return written


def test_progress_is_for_terminals_only_and_leaves_nothing_there(codi: Codi) -> None:
    assert codi("slow.run").stderr == ""
    assert on_a_terminal("slow.run").rpartition(b"\r")[2] == b""
