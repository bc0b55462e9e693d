"""`codi log`, through the real executable: shown, followed, verified."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codi_tui.operations.audit import trail_files
from codi_tui.runs.log import Log
from codi_tui.runs.redact import Redactor
from codi_tui.state.audit import AuditLog
from conftest import CODI, Codi, data_folder


@pytest.fixture
def log(home: Path) -> Log:
    log = Log(str(data_folder(home) / "codi.log"), "debug", lambda: 1_795_305_600, Redactor())
    log.debug("run.started", command="text.count")
    log.info("library.loaded", library="demo", cached=True, duration_ms=1.5, storage_type="sqlite")
    log.warning("cache.damaged", moved_to="/x y")
    return log


@pytest.fixture
def trail(home: Path) -> AuditLog:
    trail = AuditLog(str(data_folder(home) / "audit.log"), lambda: 1_795_305_600)
    for number in range(4):
        trail.append("refused", code=f"E_{number}")
    return trail


def shown(codi: Codi, *words: str) -> list[str]:
    result = codi("log", "show", *words)
    assert (result.status, result.stderr) == (0, "")
    return result.stdout.decode().splitlines()


def test_a_run_says_where_its_library_came_from_and_how_long_it_took(codi: Codi) -> None:
    codi("text.count", stdin=b"a\n")
    codi("text.count", stdin=b"a\n")
    first, second = (json.loads(line) for line in shown(codi, "--event", "library.loaded", "--json"))
    assert [(entry["cached"], entry["storage_type"]) for entry in (first, second)] == [
        (False, "directory"),
        (True, "sqlite"),
    ]
    assert 0 < second["duration_ms"] < 10_000
    events = [json.loads(line)["event"] for line in shown(codi, "--json")]
    assert "cache.stored" in events
    assert events.count("run.ended") == 2


def test_lines_are_chosen_and_safe_to_read(codi: Codi, log: Log) -> None:
    assert [line.split()[2] for line in shown(codi)] == ["run.started", "library.loaded", "cache.damaged"]
    assert "library=demo  cached=true  duration_ms=1.5  storage_type=sqlite" in shown(codi, "--level", "info")[0]
    assert shown(codi, "--lines", "1")[0].endswith('moved_to="/x y"')
    assert len(shown(codi, "--event", "cache")) == 1
    assert shown(codi, "--since", "1h") == []
    with Path(log.path).open("ab") as file:
        file.write(b'\x1b]0;owned\x07\n{"event": "\x1b[2J"}\n{"event": "\\u001b[2J", "a": "\\u202e"}\n')
    text = "\n".join(shown(codi) + shown(codi, "--json"))
    assert not any(char in text for char in "\x1b\x07\u202e")


def test_paths_help_and_statuses(codi: Codi, home: Path) -> None:
    assert json.loads(codi("log", "path", "--json").stdout) == {
        "log": str(data_folder(home) / "codi.log"),
        "audit": str(data_folder(home) / "audit.log"),
    }
    assert codi("log", "show").stdout == b""
    assert b"nothing" in codi("log", "verify").stdout
    assert not data_folder(home).exists()
    for words in ([], ["shwo"], ["show", "--level", "x"], ["show", "--lines", "-1"], ["show", "--audit", "--level", "info"],
                  ["follow", "--since", "1h"], ["verify", "x"], ["path", "--audit"]):  # fmt: skip
        result = codi("log", *words)
        assert (result.status, result.stdout) == (64, b""), words
    for verb in ("", "show", "follow", "verify", "path"):
        text = codi("log", *filter(None, [verb]), "--help").stdout.decode()
        assert "Examples:" in text
        assert f"usage: codi log {verb}" in text
    data_folder(home).mkdir(parents=True)
    (data_folder(home) / "codi.log").mkdir()
    assert codi("log", "show").status == 74


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "off"])
def test_the_level_is_a_setting_which_the_audit_trail_does_not_heed(
    codi: Codi, home: Path, level: str, trail: AuditLog
) -> None:
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'[log]\nlevel = "{level}"\n')
    assert codi("text.cuont").status == 66
    codi("help", "text.count")
    assert len(shown(codi, "--audit")) == 4
    log = data_folder(home) / "codi.log"
    levels = {json.loads(line)["level"] for line in log.read_text().splitlines()} if log.exists() else set()
    assert ("info" in levels) == (level in ("debug", "info"))
    (folder / "config.toml").write_text('[log]\nlevel = "loud"\n')
    assert codi("text.count").status == 78


class TestVerify:
    def change(self, trail: AuditLog, kind: str) -> None:
        path = Path(trail.path)
        lines = path.read_bytes().splitlines(keepends=True)
        if kind == "changed":
            lines[1] = lines[1].replace(b"E_1", b"E_7")
        elif kind == "dropped":
            del lines[1]
        elif kind == "swapped":
            lines[1], lines[2] = lines[2], lines[1]
        else:
            del lines[-1]
        path.write_bytes(b"".join(lines))

    def test_whole(self, codi: Codi, trail: AuditLog) -> None:
        result = codi("log", "verify")
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout.startswith(b"whole: 4 entries")
        document = json.loads(codi("log", "verify", "--json").stdout)
        assert (document["whole"], document["entries"], document["findings"]) == (True, 4, [])

    @pytest.mark.parametrize("kind", ["changed", "dropped", "swapped", "cut"])
    def test_what_was_done_is_found(self, codi: Codi, trail: AuditLog, kind: str) -> None:
        self.change(trail, kind)
        result = codi("log", "verify")
        assert result.status == 77
        assert result.stdout
        assert "E_AUDIT" in result.stderr
        assert "codi log verify --renew" in result.stderr
        if kind == "cut":
            renewed = codi("log", "verify", "--renew")
            assert renewed.status == 0
            assert b"audit.aside-" in renewed.stdout
            assert codi("log", "verify").status == 0
            assert [json.loads(line)["event"] for line in shown(codi, "--audit", "--json")] == ["begun"]

    def test_a_trail_that_is_no_file_is_74(self, codi: Codi, trail: AuditLog) -> None:
        Path(trail.path).unlink()
        os.mkfifo(trail.path)
        assert codi("log", "verify").status == 74


class Follower:
    """`codi log follow` on a pipe."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [CODI, "log", "follow", "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )

    def next(self) -> Any:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 20)[0], "no line came"
        return json.loads(self.process.stdout.readline())

    def end(self) -> tuple[int, bytes]:
        _, stderr = self.process.communicate(timeout=20)
        return self.process.returncode, stderr


def test_follow_shows_new_lines_survives_a_new_file_and_ends_with_130(log: Log) -> None:
    follower = Follower("--lines", "1")
    assert follower.next()["event"] == "cache.damaged"
    log.info("one")
    assert follower.next()["event"] == "one"
    log.info("two")
    Path(log.path).rename(Path(log.path).with_name("codi.1.log"))
    log.info("three")
    assert [follower.next()["event"] for _ in range(2)] == ["two", "three"]
    Path(log.path).write_bytes(b"")
    log.info("x")
    assert follower.next()["event"] == "x"
    follower.process.send_signal(signal.SIGINT)
    assert follower.end() == (130, b"")


def test_follow_waits_for_a_first_line_and_ends_quietly_with_its_reader(home: Path, trail: AuditLog) -> None:
    follower = Follower("--audit", "--event", "granted")
    trail.append("refused")
    trail.append("granted", library="demo")
    assert follower.next()["library"] == "demo"
    assert follower.process.stdout is not None
    follower.process.stdout.close()
    assert follower.process.wait(20) == 0
    assert follower.process.stderr is not None
    assert follower.process.stderr.read() == b""
    follower.process.stderr.close()
    assert trail_files(trail.path)[-1] == trail.path
