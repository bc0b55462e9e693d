"""Every row of docs/attacks.md that a server or a disk can carry out, through the real executable.

The honest command runs once; then server or disk turn evil (`support.evil.SWITCHES` says how, and what codi answers).
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from codi_tui.cache.storage import BlockingStorage
from codi_tui.operations import trust as operations
from codi_tui.operations.core import assemble, drive
from codi_tui.trust.document import root_fingerprint
from conftest import CODI, Result, data_folder
from support.evil import EVIL, GOOD, KEYS, SWITCHES, EvilDisk, EvilServer, Switch

TESTS = Path(__file__).parents[1]
CLOCK = str(TESTS / "support/clock")
SECONDS_MAX = 15
"""The longest that a run may take."""

ELSEWHERE = {
    "C3": ("unit/test_library_http.py", "a drip of seconds, under a shorter deadline"),
    "C4": ("integration/test_tokens.py", "it is about where a token goes"),
    "C5": (
        "integration/test_server_faults.py",
        "what a 403 takes away is noted in the cache, which the others leave as it is",
    ),
    "D2": ("unit/test_attacks_d.py", "a race of 10,000 tries within one process"),
    "D7": ("unit/test_state.py", "eight processes at once"),
    "D8": ("unit/test_state.py", "processes that are killed at random moments"),
    "F-2": ("terminal/test_naughty_strings.py", "the workspace's markup needs the workspace"),
    "F-3": ("terminal/test_naughty_strings.py", "the workspace's columns need the workspace"),
    "F-4": ("terminal/test_naughty_strings.py", "colour is kept or dropped on a terminal, which a pipe is not"),
}
"""Rows that are not carried out here, where they are, and why."""


def row_of(switch: str) -> str:
    return switch.partition(".")[0]


def switches(*sections: str) -> list[Any]:
    return [
        pytest.param(name, marks=pytest.mark.attack(row_of(name))) for name in SWITCHES if name.startswith(sections)
    ]


class Kept(NamedTuple):
    """What is on disk.

    Attributes:
        cache: the rows of its tables.
        marks: what was accepted.
        trust: the versions of the trust documents.
        artefacts: the compiled modules.
        audit: the trail.
    """

    cache: list[Any]
    marks: list[Any]
    trust: list[Any]
    artefacts: list[str]
    audit: list[dict[str, Any]]


def kept(home: Path) -> Kept:
    data = data_folder(home)
    tables = ("command_libraries", "modules", "command_index")
    audit = data / "audit.log"
    return Kept(
        [rows(data / "cache.db", f"SELECT * FROM {table}") for table in tables],
        [rows(data / "state.db", f"SELECT library, sequence, digest FROM {table}") for table in ("marks", "history")],
        rows(data / "state.db", "SELECT version FROM trust_documents"),
        sorted(path.name for path in (data / "modules").glob("*")),
        [json.loads(line) for line in audit.read_text().splitlines()] if audit.exists() else [],
    )


def rows(path: Path, sql: str) -> list[Any]:
    """Rows of a database; none when it is not there, or is none."""
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    connection.set_progress_handler(lambda: True, 1_000_000)  # it may be a view without end
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return []
    finally:
        connection.close()


def run(*words: str, clock: int = 0, file_kib: int | None = None) -> Result:
    """The real executable, on a machine with this clock and no larger files than that."""

    def limit() -> None:
        if file_kib is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_kib << 10, file_kib << 10))

    began = time.monotonic()
    done = subprocess.run(
        [CODI, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=limit,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [CLOCK, os.environ.get("PYTHONPATH")])),
            "SHIFTED_CLOCK": str(clock),
            "PYTHONDONTWRITEBYTECODE": "1",  # on a full disk, half a file of it would stay
        },
    )
    assert time.monotonic() - began < SECONDS_MAX
    return Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def trusting(home: Path, origin: str, keys: dict[bytes, list[str]]) -> None:
    """The settings with one server and these keys."""
    lines = [f'[[servers]]\nurl = "{origin}"\ninsecure_loopback = true\n']
    for key, names in keys.items():
        lines.append(f'[[servers.trusted_keys]]\npublic_key = "{key.hex()}"\nlibraries = {json.dumps(names)}\n')
    path = home / ".config/coditect/codi/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


def pin(origin: str, document: bytes, clock: int) -> None:
    """Accept a trust document, as a user would."""

    def no_transport(_: Any) -> Any:
        raise AssertionError("pinning asks nobody")

    core = drive(
        assemble(
            connect=BlockingStorage.open,
            transport=no_transport,
            notice=lambda _: None,
            now=lambda: time.time() + clock,
        )
    )
    drive(operations.pin(core, origin, document, root_fingerprint(document)))
    drive(core.close())


def begin(home: Path, server: EvilServer, switch: Switch) -> None:
    """An honest run from an honest server."""
    trusting(home, server.origin, {bytes(key.verify_key): names for key, names in KEYS.items()})
    if server.pinned is not None:
        pin(server.origin, server.pinned, switch.honest_clock)
    honest = run("demo.run", clock=switch.honest_clock)
    assert (honest.status, honest.stdout) == (0, GOOD), honest


def check(switch: Switch, result: Result, before: Kept, after: Kept) -> None:
    """What codi answered is what the table says, and nothing evil ran, was stored, remembered or compiled."""
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr
    assert switch.says in result.stderr
    trail = after.audit[len(before.audit) :]
    assert after.audit[: len(before.audit)] == before.audit
    refused = [line["code"] for line in trail if line["event"] == "refused"]
    assert switch.trail in json.dumps(trail)
    if switch.code is None:
        assert (result.status, result.stdout) == (0, switch.output), result.stderr
        assert refused == list(switch.audited or ())
        return
    assert f"({switch.code})" in result.stderr
    assert (result.status, result.stdout) == (switch.status, b""), result.stderr
    assert refused == list((switch.code,) if switch.audited is None else switch.audited)
    assert after.marks == before.marks
    assert after.trust == before.trust
    assert set(after.artefacts) <= set(before.artefacts)


@pytest.mark.parametrize("name", switches("A", "B", "C", "F"))
def test_an_evil_server(name: str, home: Path, tmp_path: Path) -> None:
    switch = SWITCHES[name]
    with EvilServer(tmp_path / "site", name) as server:
        begin(home, server, switch)
        server.turn()
        if switch.keys is not None:
            trusting(home, server.origin, switch.keys)
        if switch.refetches:
            for path in data_folder(home).glob("cache.db*"):
                path.unlink()
        if switch.first:
            assert run(*switch.first).status == 0
        before = kept(home)
        result = run(*switch.words, clock=switch.clock)
        after = kept(home)
    check(switch, result, before, after)
    if switch.code is not None:
        assert [after.cache[0] or [], after.cache[1] or []] == [before.cache[0] or [], before.cache[1] or []]
        assert EVIL not in json.dumps(after.audit).encode()


@pytest.mark.parametrize("name", switches("D"))
def test_an_evil_disk(name: str, home: Path, tmp_path: Path) -> None:
    switch = SWITCHES[name]
    with EvilServer(tmp_path / "site", name) as server:
        begin(home, server, switch)
        assert run("other.run").status == 0
        before = kept(home)
        disk = EvilDisk(home, name)
        disk.turn()
        result = run(*switch.words, file_kib=switch.file_kib)
        after = kept(home)
    check(switch, result, before, after)
    if name == "D6.loose":
        assert {path.stat().st_mode & 0o077 for path in (disk.data, *disk.data.glob("*.db"))} == {0}


def test_every_row_is_here_or_elsewhere() -> None:
    table = runpy.run_path(str(TESTS.parent / "scripts/attack_table.py"))
    here = {row_of(name) for name in SWITCHES}
    assert here | set(ELSEWHERE) == {row for row in table["ATTACKS"] if row[0] in "ABCDF"}
    assert not here & set(ELSEWHERE)
    marked = table["by_attack"](list(table["marked_tests"]()))
    for row, (file, _) in ELSEWHERE.items():
        assert any(test.startswith(f"tests/{file}") for test in marked[row]), row
    for name in SWITCHES:
        test = "test_an_evil_disk" if name.startswith("D") else "test_an_evil_server"
        assert f"tests/integration/test_attack_rows.py::{test}[{name}]" in marked[row_of(name)]
