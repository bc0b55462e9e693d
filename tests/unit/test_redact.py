"""Redaction, and the log that is written through it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codi_tui.limits import LOG_FILES, LOG_LINE_BYTES
from codi_tui.runs import log as log_module
from codi_tui.runs.log import Log, log_files
from codi_tui.runs.redact import HIDDEN, Redactor

CANARY = "Canary7f3a"


@pytest.mark.parametrize(
    "text",
    [
        f"https://user:{CANARY}@example.com/x",
        f"https://{CANARY}@example.com",
        f"see wss://example.com/run?token={CANARY}&x=1 and more",
        f"https://example.com/#access={CANARY}",
        f"Authorization: Basic {CANARY}",
        f"'authorization': 'Bearer {CANARY}'",
        f"sent Bearer {CANARY}.x",
        f"PASSWORD={CANARY}",
        f'{{"client_secret": "{CANARY} with words"}}',
        f"api-key: {CANARY}",
        f"ghp_{CANARY}0123456789",
        f"sk-proj-{CANARY}",
        f"eyJhbGciOiJI.{CANARY}.x",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END",
        f"it said {CANARY} by itself",
    ],
)
def test_secrets_are_known_by_shape_name_or_value(text: str) -> None:
    redactor = Redactor()
    if "by itself" in text:
        redactor.learn({"deep": [CANARY, 5, None]})
    assert CANARY not in redactor.text(text)
    assert HIDDEN in redactor.text(text)


@pytest.mark.parametrize(
    "text", ["https://libraries.example.com:443/x", "a bearer of news", "tokens", "E_SIGNATURE", "user@example.com", ""]
)
def test_what_is_none_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_members_are_known_by_their_names_at_any_depth() -> None:
    value = {"a": [{"Api-Key": CANARY}, {"db_password": CANARY}], "tokens": 5, "max_tokens": 9, "secret": [CANARY]}
    safe = Redactor().value(value)
    assert CANARY not in json.dumps(safe)
    assert safe == {"a": [{"Api-Key": HIDDEN}, {"db_password": HIDDEN}], "tokens": 5, "max_tokens": 9,
                    "secret": [HIDDEN]}  # fmt: skip


def test_hostile_text_takes_no_long_time() -> None:
    begun = time.perf_counter()
    for text in ("a://" * 50_000, "eyJ" + "a" * 100_000 + " token", "token" * 40_000, "-" * 100_000 + "secret"):
        Redactor().text(text)
    assert time.perf_counter() - begun < 5


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "data/codi.log")


def entries(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_a_line_is_json_private_bounded_and_without_secrets(path: str) -> None:
    redactor = Redactor()
    redactor.learn(CANARY)
    before = os.umask(0)
    log = Log(path, "info", lambda: 1_795_305_600.25, redactor)
    log.info("library.loaded", library="demo", cached=True, none=None, note=f"\x1b[2J\n{CANARY}")
    log.error("x", message="y" * 100_000, many=["z" * 900] * 100)
    os.umask(before)
    first, second = entries(path)
    assert first == {"time": "2026-11-22T00:00:00.250Z", "level": "info", "event": "library.loaded",
                     "pid": os.getpid(), "library": "demo", "cached": True, "note": f"\x1b[2J\n{HIDDEN}"}  # fmt: skip
    assert second["shortened"]
    assert max(len(line) for line in Path(path).read_bytes().splitlines()) < LOG_LINE_BYTES
    assert b"\x1b" not in Path(path).read_bytes()
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1), ("off", 0)])
def test_a_level_silences_what_is_below_it(path: str, level: str, count: int) -> None:
    log = Log(path, level, time.time, Redactor())
    for write in (log.debug, log.info, log.warning, log.error):
        write("x")
    assert (len(entries(path)) if Path(path).exists() else 0) == count


def test_what_cannot_be_written_is_not(path: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o700)
    (tmp_path / "data/codi.log").symlink_to(tmp_path / "elsewhere")
    Log(path, "debug", time.time, Redactor()).error("x")
    assert not (tmp_path / "elsewhere").exists()
    Path(path).unlink()
    os.mkfifo(path)
    Log(path, "debug", time.time, Redactor()).error("x")


def test_files_are_bounded_in_size_and_number(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "LOG_FILE_BYTES", 2000)
    log = Log(path, "info", time.time, Redactor())
    for number in range(200):
        log.info("x", number=number)
    files = [file for file in log_files(path) if Path(file).exists()]
    assert len(files) in (LOG_FILES - 1, LOG_FILES)
    numbers = [entry["number"] for file in files for entry in entries(file)]
    assert numbers == list(range(200))[-len(numbers) :]
    assert all(Path(file).stat().st_size < 2200 for file in files)


def test_processes_beside_each_other_lose_no_line(path: str) -> None:
    program = (
        "import sys, time; from codi_tui.runs import log; from codi_tui.runs.redact import Redactor\n"
        "log.LOG_FILE_BYTES = 40_000\n"
        "out = log.Log(sys.argv[1], 'info', time.time, Redactor())\n"
        "for number in range(300): out.info('x', writer=sys.argv[2], number=number)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, path, str(number)]) for number in range(4)]
    assert [writer.wait(30) for writer in writers] == [0] * 4
    found = [entry for file in log_files(path) if Path(file).exists() for entry in entries(file)]
    assert len({(entry["writer"], entry["number"]) for entry in found}) == 1200
