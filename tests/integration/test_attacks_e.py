"""Attacks E: each hostile module is stopped at its limit, in time, under its own name, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.limits import MIB
from codi_tui.operations.executors import worker_executor
from conftest import CODI, Codi, add_server
from support import hostile, libraries
from support.cores import async_core, invocation, stdout
from support.hostile import CREATE, DIRECTORY, READ, TRUNCATE, WRITE, Attempt
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand, wasm
from support.server import serving

ATTEMPTS = [
    Attempt("inside"),
    Attempt("../secret"),
    Attempt("/etc/passwd"),
    Attempt("deep/../../secret"),
    Attempt("out"),
    Attempt("out/"),
    Attempt("out/secret"),
    Attempt("out//secret"),
    Attempt("loop/", DIRECTORY),
    Attempt("slashed/secret"),
    Attempt("slashed/", DIRECTORY),
    Attempt("slashed", DIRECTORY),
    Attempt("file-out"),
    Attempt("file-out/"),
    Attempt("root/etc/passwd"),
    Attempt("inside", TRUNCATE),
    Attempt("inside", TRUNCATE, READ | WRITE),
    Attempt("inside", 0, WRITE),
    Attempt("made", CREATE),
    Attempt("out/made", CREATE, READ | WRITE),
    Attempt("slashed/made", CREATE),
    Attempt("inside", link_to="second"),
    Attempt("file-out", link_to="second"),
]
"""The first one is allowed. The rest are the escapes of GHSA-2r75-cxrj-cmph (truncating what may only be read),
GHSA-4ch3-9j33-3pmj (a second link) and GHSA-vqjp-4c8c-hfgg (links whose path or target ends in a slash), and the old ones."""

SMALL = {"memory_bytes": 16 * MIB, "output_bytes": 1 * MIB}
MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "hello": (libraries.HELLO, {}),
    "loop": (libraries.LOOP, {}),
    "loop-before-start": (hostile.LOOP_BEFORE_START, {}),
    "busy": (libraries.LOOP, {"limits": {"cpu_seconds": 1, "wall_seconds": 10}}),
    "sleep": (libraries.SLEEP, {"limits": {"cpu_seconds": 1}}),
    "read": (libraries.STDIN_TO_STDOUT, {}),
    "touch": (hostile.GROW_AND_TOUCH, {"limits": SMALL}),
    "leap": (libraries.GROW_AT_ONCE, {"limits": SMALL}),
    "large": (libraries.LARGE_AT_START, {"limits": SMALL}),
    "table": (hostile.TABLE_AT_START, {"limits": SMALL}),
    "tables": (hostile.MANY_TABLES, {"limits": SMALL}),
    "table-grows": (hostile.TABLE_GROWS, {"limits": SMALL}),
    "recurse": (libraries.RECURSE, {}),
    "circles": (hostile.RECURSE_IN_CIRCLES, {}),
    "flood": (libraries.FLOOD, {"limits": SMALL}),
    "events": (hostile.FLOOD_OF_EVENTS, {"output": "events"}),
    "given": (hostile.EVERYTHING_GIVEN, {}),
    "escape": (hostile.attempting(ATTEMPTS), {}),
    "random": (libraries.RANDOM, {}),
    "foreign": (libraries.FOREIGN, {}),
    "more": (libraries.GROW_AT_ONCE, {"limits": {"memory_bytes": 512 * MIB}}),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with one library for each module, named as the module."""
    site = tmp_path_factory.mktemp("site")
    for name, (text, members) in MODULES.items():
        handler = {"type": "wasm", "function": "main", "output": "text", **members}
        folder = [{"name": "folder", "type": "path", "description": "", "required": False}]
        command = subcommand(handler=handler, arguments=folder)
        publish(
            site,
            signed(manifest(name, commands={name: {"description": "", "subcommands": {"run": command}}}), wasm(text)),
        )
    with serving(site) as running:
        yield running.origin


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def nothing_left(
    server: str, data: Path, home: Path, tmp_path: Path, codi: Codi, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The next run works, and no process, thread, descriptor or temporary file is left."""
    add_server(home, server, PUBLIC_KEY, list(MODULES))
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    before = open_here()
    yield
    assert codi("hello.run").stdout == b"hello\n"
    assert processes_of(home) == []
    assert open_here() == before
    assert list(temporary.iterdir()) == []
    runs = data / "coditect/codi/runs"
    assert not runs.exists() or list(runs.iterdir()) == []


def open_here() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def processes_of(home: Path) -> list[str]:
    """Living processes that were started in a home folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and f"HOME={home}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def timed(*words: str) -> tuple[int, str, float]:
    """A run with a stdin that never ends: its status, what it said, and its seconds beyond those of one that ends at once."""
    for warming in ("hello.run", words[-1]):
        line = [CODI, "run", "--timeout", "0.1", warming]
        subprocess.run(line, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    seconds = []
    for line in ([CODI, "hello.run"], [CODI, *words]):
        begun = time.monotonic()
        pipe = subprocess.PIPE
        with subprocess.Popen(line, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe) as process:
            assert process.stderr is not None
            said = process.stderr.read().decode()
            status = process.wait()
        seconds.append(time.monotonic() - begun)
    return status, said, seconds[1] - seconds[0]


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        pytest.param("loop", 0.5, marks=pytest.mark.attack("E1")),
        pytest.param("loop-before-start", 0.5, marks=pytest.mark.attack("E1")),
        pytest.param("sleep", 1.3, marks=pytest.mark.attack("E2")),  # longer than the processor time it may use
        pytest.param("read", 0.5, marks=pytest.mark.attack("E2")),
    ],
)
def test_the_clock_stops_what_loops_or_waits(name: str, limit: float) -> None:
    status, said, seconds = timed("run", "--timeout", str(limit), f"{name}.run")
    assert status == 75
    assert "E_WASM_TIME" in said
    assert f"longer than {limit} s" in said
    assert "--timeout" in said
    assert limit - 0.2 < seconds < limit + 0.5


@pytest.mark.attack("E1")
def test_processor_time_is_limited_apart_from_the_clock() -> None:
    status, said, seconds = timed("busy.run")
    assert status == 75
    assert "E_WASM_CPU" in said
    assert "more than 1 s of processor time" in said
    assert seconds > 0.8


_MEASURING = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""
"""Run by a small process: what a child is said to have taken counts what its parent had when it was started."""


@pytest.mark.attack("E3")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("touch", "E_WASM_MEMORY"),
        ("leap", "E_WASM_MEMORY"),
        ("large", "E_WASM_MEMORY"),
        ("table", "E_WASM_TABLES"),
        ("tables", "E_WASM_TABLES"),
        ("table-grows", "E_WASM_TRAP"),
    ],
)
def test_memory_and_tables_are_limited_and_never_really_taken(name: str, code: str, codi: Codi) -> None:
    codi("run", "--timeout", "0.1", f"{name}.run")  # compiled now
    measured = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _MEASURING, CODI, f"{name}.run"], capture_output=True, text=True, check=False
    )
    assert measured.returncode == (70 if code == "E_WASM_TRAP" else 75), (
        "a table that may not grow is the guest's affair"
    )
    assert code in measured.stderr
    assert int(measured.stdout) * 1024 < SMALL["memory_bytes"] + 64 * MIB


@pytest.mark.attack("E4")
@pytest.mark.parametrize("name", ["recurse", "circles"])
def test_recursion_ends_in_the_guest_s_stack_and_not_in_codi_s(name: str, codi: Codi) -> None:
    result = codi(f"{name}.run")
    assert result.status == 75
    assert "E_WASM_STACK" in result.stderr


@pytest.mark.attack("E6")
def test_output_ends_exactly_at_the_cap(codi: Codi) -> None:
    result = codi("run", "--output", "raw", "flood.run")
    assert (result.status, len(result.stdout)) == (75, 1 * MIB)
    assert "E_WASM_OUTPUT" in result.stderr
    assert "1048576 bytes" in result.stderr


@pytest.mark.attack("E6")
async def test_whoever_takes_the_output_may_want_less_of_it() -> None:
    async with async_core() as core:
        run = await invocation(core, "flood.run", output_bytes=100_000)
        events = [event async for event in worker_executor(core).execute(run)]
    assert len(stdout(events)) == 100_000
    assert events[-1].fields["error"]["code"] == "E_WASM_OUTPUT"


@pytest.mark.attack("E6")
def test_a_flood_of_events_is_stopped(codi: Codi) -> None:
    result = codi("events.run")
    assert result.status == 75
    assert "E_WASM_EVENTS" in result.stderr


@pytest.mark.attack("E7")
def test_a_folder_that_was_granted_has_no_way_out(codi: Codi, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "inside").write_text("inside")
    for name, target in {"out": "..", "loop": "loop/", "evil": "../", "slashed": "evil/", "root": "/"}.items():
        (folder / name).symlink_to(target)
    (folder / "file-out").symlink_to(tmp_path / "secret")
    (folder / "slashed").unlink()
    os.symlink("evil/", folder / "slashed")  # pathlib would take the slash away
    before = sorted(os.listdir(folder)), sorted(os.listdir(tmp_path))
    result = codi("escape.run", str(folder))
    assert result.status == 0, result.stderr
    escaped = [attempt.path for attempt, answer in zip(ATTEMPTS, result.stdout, strict=True) if answer == 0]
    assert escaped == ["inside"]
    assert result.stdout.count(0) == 1
    assert (folder / "inside").read_text() == "inside"
    assert (sorted(os.listdir(folder)), sorted(os.listdir(tmp_path))) == before


@pytest.mark.attack("E7")
def test_without_a_grant_there_is_no_folder_at_all(codi: Codi) -> None:
    answers = codi("escape.run").stdout
    assert len(answers) == len(ATTEMPTS)
    assert 0 not in answers


@pytest.mark.attack("E10")
def test_a_guest_is_given_its_invocation_and_nothing_else(codi: Codi) -> None:
    given = codi("run", "given.run", SECRET="s3cret").stdout.split(b"\0")
    assert [item.partition(b"=")[0] for item in given] == [b"CODI_INVOCATION", b"given", b"main", b""]


@pytest.mark.attack("E10")
@pytest.mark.parametrize(("name", "said"), [("random", "E_PERMISSION"), ("foreign", "E_WASM_IMPORT")])
def test_what_is_not_declared_is_refused_before_anything_runs(name: str, said: str, codi: Codi) -> None:
    result = codi(f"{name}.run")
    assert result.status == 77
    assert said in result.stderr


@pytest.mark.attack("E3")
def test_more_memory_is_had_by_a_grant_and_not_without(codi: Codi) -> None:
    refused = codi("more.run")
    assert refused.status == 77
    assert "limit:memory:512MiB   take up to 512 MiB of memory, and not the 256 MiB that others have" in refused.stderr
    allowed = codi("run", "--allow", "limit:memory:512MiB", "more.run")
    assert allowed.status == 75
    assert "more than 512 MiB" in allowed.stderr


async def test_a_door_that_lives_on_is_left_with_nothing_by_any_of_them(codi: Codi) -> None:
    async with async_core() as core:
        executor = worker_executor(core)
        codes, before = {}, None
        for name in ("loop", "flood", "leap", "table", "recurse"):
            run = await invocation(core, f"{name}.run", wall_seconds=0.3)
            events = [event async for event in executor.execute(run)]
            codes[name] = events[-1].fields["error"]["code"]
            before = before or open_here()[0]
            assert open_here()[0] == before
    assert list(codes.values()) == [f"E_WASM_{name}" for name in ("TIME", "OUTPUT", "MEMORY", "TABLES", "STACK")]
