"""The second wall (ADR 0014): what a guest that is out of its sandbox meets, in every process that may hold one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codi_tui.execute import frames, seccomp, wall
from codi_tui.operations.executors import worker_executor
from conftest import CODI, Codi, data_folder
from support.cores import async_core, invocation, one, stdout

ESCAPED = Path(__file__).parents[1] / "support" / "escaped"
LANDLOCK, SECCOMP = "444,445,446", "317"
MISSING = [f"{part.name}: {part.reason}" for part in wall.report() if not part.there]
needs_the_wall = pytest.mark.skipif(
    bool(MISSING) or os.uname().machine != "x86_64", reason=f"not on this machine: {'; '.join(MISSING)}"
)

FILES = dict.fromkeys(
    (
        *("read", "read, from a thread of its own", "list", "write", "truncate", "make", "make a folder", "link"),
        *("remove", "its own memory"),
    ),
    "EACCES",
)
PROCESSES = {
    **dict.fromkeys(
        (
            *("fork", "exec", "socket", "datagram", "unix socket", "connect", "ptrace", "read a process", "type"),
            *("type, upper half set", "setuid", "mount", "unshare", "bpf", "keyctl", "perf", "userfaultfd"),
            "shared memory",
        ),
        "EPERM",
    ),
    **dict.fromkeys(("io_uring", "pidfd", "a call of tomorrow", "32 bits"), "ENOSYS"),
    "a thread": "ok",
}
GUEST = {"signal": "EPERM", "signal to itself": "ok", "mode": "EPERM", "write what is open": "ok"}


def behind(part: str, folder: Path) -> dict[str, str]:
    """Every attempt, behind one part alone."""
    words = [sys.executable, str(ESCAPED / "attempts.py"), part, str(folder)]
    answers: dict[str, str] = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    return answers


@pytest.fixture
def escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Guests and compilers get out of their sandbox, and report to the file `report` in this folder."""
    folder = tmp_path / "escaped"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ESCAPED), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("ESCAPED_TO", str(folder))
    return folder


def reports(escaped: Path) -> dict[str, Any]:
    """What was reported, by who escaped."""
    lines = [json.loads(line) for line in (escaped / "report").read_text().splitlines()]
    return {line.pop("as"): line for line in lines}


@needs_the_wall
def test_seccomp_refuses_programs_processes_sockets_and_the_kernels_weak_spots(tmp_path: Path) -> None:
    assert behind("seccomp", tmp_path) == {**PROCESSES, "mode, by another thread": "ok", **GUEST}


@needs_the_wall
def test_landlock_refuses_files_tcp_signals_and_abstract_sockets(tmp_path: Path) -> None:
    reading = {"read": "ok", "list": "ok"}
    changing, never = ("write", "make", "make a folder", "move", "remove"), ("make a pipe", "make a link")
    conferred = {
        "read": {**reading, **dict.fromkeys((*changing, *never), "EACCES")},
        "write": {**reading, **dict.fromkeys(changing, "ok"), **dict.fromkeys(never, "EACCES")},
    }
    beyond = {"signal": "EPERM", "connect": "EACCES", "bind": "EACCES", "abstract socket": "EPERM"}
    answers = behind("landlock", tmp_path)
    for folder, wanted in conferred.items():
        assert {name: answers.pop(f"{folder}: {name}") for name in wanted} == wanted
    assert answers == {**FILES, **beyond}


@needs_the_wall
def test_where_the_network_is_granted_only_the_guest_s_thread_is_kept_from_it(tmp_path: Path) -> None:
    assert behind("network", tmp_path) == {
        "guest: socket": "EPERM",
        "guest: read": "EACCES",
        "socket": "ok",
        "read": "ok",
        "fork": "EPERM",
    }


@needs_the_wall
def test_the_worker_s_other_thread_opens_nothing_and_can_end_the_compiler(tmp_path: Path) -> None:
    assert behind("control", tmp_path) == {**FILES, "end a child": "ok"}


@needs_the_wall
def test_a_guest_and_a_compiler_that_escape_codi_run_meet_the_wall(
    codi: Codi, escaped: Path, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("a b c\n")
    result = codi("run", "--json", "text.count", str(tmp_path / "notes"))
    assert json.loads(result.stdout)["words"] == 3
    found = reports(escaped)
    assert (
        found["compiler"] == found["guest"] == {"conferred": [], "files": FILES, "guest": GUEST, "processes": PROCESSES}
    )
    assert (escaped / "kept").read_text() == "kept"
    assert sorted(os.listdir(escaped)) == ["kept", "report"]
    assert os.listdir(data_folder(home) / "runs") == []


@needs_the_wall
async def test_a_guest_that_escapes_in_a_worker_meets_the_wall_and_the_parent_tidies_up(
    escaped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").write_text("a b c\n")
    (tmp_path / "beside").write_text("")
    monkeypatch.setenv("ESCAPED_CONFERRED", f"{tmp_path}/notes:{tmp_path}/beside")
    async with async_core() as core:
        run = await invocation(core, "text.count", {"file": str(tmp_path / "notes")})
        events = [event async for event in worker_executor(core).execute(run)]
        assert os.listdir(core.runs_folder) == []
    assert b'"words":3' in stdout(events)
    found = reports(escaped)["guest"]
    # the same file is conferred, but not by its own name
    assert found == {"conferred": ["EACCES", "EACCES"], "files": FILES, "guest": GUEST, "processes": PROCESSES}


@needs_the_wall
async def test_what_an_escaped_guest_says_to_the_parent_is_not_believed(
    escaped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = frames.encode(frames.EVENT, b'["completed", {"exit_status": "none"}]')
    monkeypatch.setenv("ESCAPED_SAYS", said.hex())
    async with async_core() as core:
        run = await invocation(core, "text.count", stdin=one(b"a b\n"))
        events = [event async for event in worker_executor(core).execute(run)]
    assert [event.type for event in events] == ["started", "failed"]
    assert events[-1].fields["error"]["code"] == "E_PROTOCOL"


@needs_the_wall
def test_a_folder_that_was_named_can_be_read_and_none_beside_it(
    codi: Codi, escaped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("named", "beside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    monkeypatch.setenv("ESCAPED_CONFERRED", f"{tmp_path}/named/file:{tmp_path}/beside/file")
    codi("text.count", str(tmp_path / "named"))
    assert reports(escaped)["guest"]["conferred"] == ["ok", "EACCES"]


@needs_the_wall
@pytest.mark.parametrize(
    ("forgotten", "left", "reason"),
    [
        (LANDLOCK, "processes", "the kernel has no Landlock"),
        (SECCOMP, "files", "the kernel refuses seccomp"),
        (f"{LANDLOCK},{SECCOMP}", None, "the kernel has no Landlock"),
    ],
)
def test_on_an_older_kernel_the_run_goes_on_behind_what_there_is(
    forgotten: str, left: str | None, reason: str, escaped: Path, warm: None
) -> None:
    older = [sys.executable, str(ESCAPED / "older.py"), forgotten]
    done = subprocess.run([*older, CODI, "text.count"], input=b"a b\n", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"words  2" in done.stdout
    found = reports(escaped)["guest"]
    assert {name: found[name] == all_of for name, all_of in (("files", FILES), ("processes", PROCESSES))} == {
        "files": left == "files",
        "processes": left == "processes",
    }
    show = "from codi_tui.execute.wall import report\nfor part in report(): print(part.there, part.reason, part.hint)"
    said = subprocess.run([*older, sys.executable, "-c", show], capture_output=True, check=True).stdout.decode()
    assert f"False {reason}" in said


def test_the_report_says_of_every_part_whether_it_is_there_and_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    here = wall.report()
    assert len(here) == 4
    assert all(part.there == (part.reason == "") for part in here)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [(part.name, part.there, part.reason) for part in wall.report()] == [
        (part.name, False, "only Linux has it") for part in here
    ]


@pytest.mark.parametrize(("header", "column"), [("x86_64-linux-gnu/asm/unistd_64.h", 1), ("asm-generic/unistd.h", 2)])
def test_the_numbers_are_the_kernels(header: str, column: int) -> None:
    path = Path("/usr/include") / header
    if not path.exists():
        pytest.skip("the kernel's headers are not installed")
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text()))
    for name in (seccomp._BY_NOBODY + seccomp._SOCKETS + seccomp._NOT_BY_A_GUEST).split():
        assert name.split(":")[column] == numbers.get(name.split(":")[0], ""), name
