"""Every exit status, through the real executable: what it is, and what stands on stderr for people and for programs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from codi_tui.cli.exits import _STATUS
from conftest import CODI, Codi, add_server, data_folder
from support.libraries import LOOP, PUBLIC_KEY, RANDOM, TRAP, manifest, publish, signed, subcommand, wasm
from support.server import Server, body, serving

ROOT = Path(__file__).parents[2]
EXIT_WITH_BYTE = """(module
 (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
 (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
 (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00")
 (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
  (call $exit (i32.load8_u (i32.const 16)))))"""
MODULES = {"demo": EXIT_WITH_BYTE, "trap": TRAP, "endless": LOOP, "asks": RANDOM, "changed": RANDOM, "moved": RANDOM}


class Site(NamedTuple):
    """A library server, and whose home it is."""

    server: Server
    home: Path


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    for name, module in MODULES.items():
        permissions = {"permissions": ["random"]} if module == RANDOM else {}
        commands = {name: {"description": "Group", "subcommands": {"run": subcommand()}}}
        publish(folder, signed(manifest(name, library=permissions, commands=commands), wasm(module)))
    path = folder / "api/v1/libraries/changed"
    path.write_bytes(path.read_bytes().replace(b"A command", b"A cOmmand"))
    with serving(folder) as server:
        add_server(home, server.origin, PUBLIC_KEY, ["*"])
        server.answers["/api/v1/libraries/moved"] = body(b"", 302, Location="/api/v1/libraries/demo")
        yield Site(server, home)


def nothing(_: Site) -> None:
    """The machine as it is."""


def stopped(site: Site) -> None:
    site.server.stop()


def bad_settings(site: Site) -> None:
    (site.home / ".config/coditect/codi/config.toml").write_text("servers = 5\n")


def history_is_a_folder(site: Site) -> None:
    (data_folder(site.home) / "runs.db").mkdir(parents=True)


def agent_is_there(_: Site) -> None:
    subprocess.run([CODI, "run", *AGENT], check=True, capture_output=True)


AGENT = ("--offline", "agent.create", "x", "--model", "m", "--instructions", "i")
ROWS: list[tuple[int, str, list[str], Callable[[Site], object], str]] = [
    (64, "E_USAGE", ["text.wrap", "--width", "wide"], nothing, "codi help text.wrap"),
    (64, "E_TERMINAL", ["session", "rm", "--all"], nothing, "--yes"),
    (65, "E_INPUT", ["--args", "{", "text.wrap"], nothing, "--args"),
    (66, "E_NOT_FOUND", ["text.warp"], nothing, "did you mean text.wrap"),
    (66, "E_NOT_FOUND", ["session", "show", "7"], nothing, "codi session list"),
    (69, "E_NETWORK", ["demo.run"], stopped, ""),
    (69, "E_OFFLINE", ["--offline", "demo.run"], nothing, "without --offline"),
    (70, "E_WASM_TRAP", ["trap.run"], nothing, "codi session show last"),
    (73, "E_EXISTS", list(AGENT), agent_is_there, "--replace"),
    (74, "E_RUNS_PERMS", ["session", "list"], history_is_a_folder, "move it away"),
    (75, "E_WASM_TIME", ["--timeout", "0.3", "endless.run"], nothing, ""),
    (76, "E_REDIRECT", ["moved.run"], nothing, "operator"),
    (77, "E_SIGNATURE", ["changed.run"], nothing, "codi auth trust explain changed"),
    (77, "E_PERMISSION", ["asks.run"], nothing, "codi config grants add asks random"),
    (78, "E_CONFIG", ["demo.run"], bad_settings, "mend the file"),
]
BUILT_INS = ("session", "log")


@pytest.mark.parametrize(("status", "code", "words", "arrange", "hint"), ROWS, ids=lambda item: str(item)[:24])
def test_each_status_has_its_line_its_code_and_the_next_step(
    status: int, code: str, words: list[str], arrange: Callable[[Site], object], hint: str, site: Site, codi: Codi
) -> None:
    arrange(site)
    words = words if words[0] in BUILT_INS else ["run", *words]
    result = codi(*words)
    assert (result.status, result.stdout) == (status, b""), result.stderr
    said = [line for line in result.stderr.splitlines() if f"({code})" in line]
    assert len(said) == 1, result.stderr
    assert re.match(rf"codi: .+ \({code}\)$", said[0]), result.stderr
    following = result.stderr.splitlines()[-1]
    assert following.startswith("codi: next: "), result.stderr
    assert hint in following
    told = codi(words[0], *(["--json", *words[1:]] if words[0] == "run" else [*words[1:], "--json"]))
    if (status, code) == (64, "E_TERMINAL"):
        return  # rm lists nothing, and has no --json
    assert (told.status, told.stdout) == (status, b"")
    error = json.loads(told.stderr.splitlines()[-1])["error"]
    assert error["code"] == code
    assert error["message"]
    assert hint in error["hint"]
    assert "library" in error


@pytest.mark.usefixtures("site")
def test_a_command_s_own_statuses_pass_and_its_others_are_70(codi: Codi) -> None:
    for own in (0, 1, 2, 62, 63):
        result = codi("demo.run", stdin=bytes([own]))
        assert (result.status, result.stderr) == (own, "")
    for other in (64, 77, 130, 255):
        result = codi("run", "--output", "jsonl", "demo.run", stdin=bytes([other]))
        assert result.status == 70
        assert json.loads(result.stdout.splitlines()[-1])["exit_status"] == other


def test_output_that_cannot_be_written_is_74_and_a_reader_who_had_enough_is_0(home: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CODI, "encode.hex"], input=b"x", stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 74
    assert b"(E_OUTPUT)" in done.stderr
    line = f"{CODI} encode.hex < /dev/zero | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    assert subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout.split()[-1] == b"0"


def test_interrupted_is_130(site: Site) -> None:
    process = subprocess.Popen([CODI, "run", "--output", "jsonl", "endless.run"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert b'"started"' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_the_page_has_every_status_and_every_code() -> None:
    page = (ROOT / "docs/exit-statuses.md").read_text()
    for status, codes in _STATUS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| {status} |"))
        assert [code for code in codes if f"`{code}`" not in row] == [], status
    tried = {status for status, *_ in ROWS}
    assert tried == set(_STATUS) | {77}
