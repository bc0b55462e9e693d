"""How runs of hostile modules end: their status and words, with readers that stall, on terminals and in pipes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import CODI, Codi, add_server
from support import libraries
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand, wasm
from support.server import serving

MODULES = {
    "flood": libraries.FLOOD,
    "trap": libraries.TRAP,
    "random": libraries.RANDOM,
    "foreign": libraries.FOREIGN,
    "hello": libraries.HELLO,
    "status200": libraries.exit_with(200),
    "status63": libraries.exit_with(63),
    "flooderr": libraries.FLOOD.replace("(i32.const 1) (i32.const 0)", "(i32.const 2) (i32.const 0)"),
    "stall": libraries.WRITE_THEN_GROW,
    "noexport": '(module (func (export "_start")))',
    "jsonescape": libraries.printing(1, b'"\x1b]52;c;aGk=\x07"'),
    "escape": libraries.printing(1, b"\x1b]52;c;aGk=\x1b\\ok\n"),
}
LIMITS = {"wall_seconds": 60, "memory_bytes": 16 << 20, "output_bytes": 1 << 20}


@pytest.fixture(autouse=True)
def hostile(home: Path, tmp_path: Path) -> Iterator[None]:
    """A server with one library for each module, named as the module."""
    documents = []
    for name, text in MODULES.items():
        output = "json" if name == "jsonescape" else "text"
        handler = {"type": "wasm", "function": "main", "output": output, "limits": LIMITS}
        commands = {name: {"description": "", "subcommands": {"run": subcommand(handler=handler)}}}
        permissions = ["random"] if name == "random" else []
        source = manifest(name, commands=commands, library={"permissions": permissions})
        documents.append(signed(source, wasm(text)))
    publish(tmp_path / "site", *documents)
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, list(MODULES))
        yield


def test_a_crash_is_70_with_its_reason(codi: Codi) -> None:
    result = codi("trap.run")
    assert result.status == 70
    assert "unreachable" in result.stderr


def test_a_status_above_63_is_70_and_below_it_is_the_commands_own(codi: Codi) -> None:
    assert codi("status200.run").status == 70
    assert codi("status63.run").status == 63
    assert b'"exit_status": 200' in codi("run", "--output", "jsonl", "status200.run").stdout


def test_an_undeclared_import_is_refused_before_anything_runs(codi: Codi) -> None:
    result = codi("foreign.run")
    assert result.status == 77
    assert "env.system" in result.stderr
    assert "E_WASM_IMPORT" in result.stderr


def test_a_permission_that_is_not_granted_is_refused_with_the_line_that_grants_it(codi: Codi) -> None:
    result = codi("random.run")
    assert result.status == 77
    assert "codi run --allow random random.run" in result.stderr
    assert codi("run", "--allow", "random", "random.run").status == 0


def test_granting_what_the_library_does_not_declare_changes_nothing(codi: Codi) -> None:
    assert codi("run", "--allow", "env:HOME", "--allow", "random", "foreign.run").status == 77


def test_escape_sequences_pass_in_a_pipe_and_not_on_a_terminal(codi: Codi) -> None:
    assert codi("escape.run").stdout == b"\x1b]52;c;aGk=\x1b\\ok\n"
    shown = subprocess.run(
        [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", CODI, "escape.run"],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert "␛]52;c;aGk=␛\\ok" in shown.stdout.decode()
    assert b"\x1b" not in shown.stdout


@pytest.mark.parametrize(("name", "both"), [("flood", False), ("flood", True), ("flooderr", True)])
def test_a_reader_that_stalls_does_not_hold_a_run_beyond_its_limit(name: str, both: bool, codi: Codi) -> None:
    codi("run", "--timeout", "0.1", f"{name}.run")
    process = subprocess.Popen(
        [CODI, "run", "--timeout", "1", f"{name}.run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
    )
    assert process.wait(timeout=5) == 75
    assert process.stdout is not None
    process.stdout.close()
    if process.stderr is not None:
        assert b"E_WASM_TIME" in process.stderr.read()
        process.stderr.close()


def test_memory_is_bounded_while_a_reader_stalls(codi: Codi) -> None:
    codi("stall.run")
    process = subprocess.Popen([CODI, "stall.run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.wait(timeout=10) == 75
    assert b"E_WASM_MEMORY" in process.stderr.read()
    process.stdout.close()
    process.stderr.close()


def test_a_module_that_cannot_be_started_is_refused_and_no_crash(codi: Codi) -> None:
    result = codi("noexport.run")
    assert result.status == 77
    assert "does not export memory" in result.stderr


@pytest.mark.parametrize("output", ["text", "json", "jsonl"])
def test_no_format_lets_an_escape_sequence_through_to_a_terminal(output: str, codi: Codi) -> None:
    words = [CODI, "run", "--output", output, "jsonescape.run"]
    shown = subprocess.run(
        [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *words],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert b"aGk=" in shown.stdout
    assert b"\x1b" not in shown.stdout
    assert b"\x07" not in shown.stdout
