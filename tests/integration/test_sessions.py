"""`codi session`, and what every door records, through the real executable."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codi_tui.limits import HISTORY_RUNS
from codi_tui.runs.history import HISTORY_FILE
from conftest import CODI, Codi, add_server, data_folder
from support.libraries import LOOP, OTHER_KEY, PUBLIC_KEY, manifest, publish, signed, wasm
from support.remote import library_source
from support.run_server import RunServer, running
from support.server import Server, serving
from support.workspace import workspace

CANARY = "Canary-7f3a91"
SECRET = {"name": "token", "type": "string", "description": "Token", "secret": True}
URL = {"name": "url", "type": "string", "description": "URL"}


def listed(codi: Codi, *words: str) -> list[dict[str, Any]]:
    result = codi("session", "list", "--json", *words)
    assert result.status == 0, result.stderr
    runs: list[dict[str, Any]] = json.loads(result.stdout)
    return runs


@pytest.mark.usefixtures("warm")
def test_every_run_is_there_with_what_it_was_and_how_it_ended(codi: Codi, shared_data: Path) -> None:
    codi("text.count", stdin=b"a b\n")
    codi("run", "--output", "json", "--record", "text.wrap", "--width", "5", stdin=b"one two\n")
    codi("run", "text.template", stdin=b"{{ nothing }}\n")
    failed, wrapped, counted = listed(codi, "--limit", "3")
    assert (counted["command"], counted["outcome"], counted["exit_status"]) == ("text.count", "completed", 0)
    assert (counted["library"], counted["origin"], counted["door"]) == ("text-tools", "bundled", "run")
    assert counted["digest"]
    assert counted["signer"].startswith("ed25519:")
    assert counted["output_bytes"] == 0
    assert wrapped["arguments"]["width"] == 5
    assert wrapped["output_bytes"] > 0
    assert failed["exit_status"] != 0 or failed["code"]
    assert listed(codi, "--failed", "--limit", "1")[0]["number"] == failed["number"]
    assert listed(codi, "WRAP", "--command", "text", "--since", "1h", "--limit", "1")[0] == wrapped
    lines = codi("session", "list", "--limit", "3").stdout.decode().splitlines()
    assert len(lines) == 3
    assert "text.wrap" in lines[1]
    page = codi("session", "show", str(wrapped["number"])).stdout.decode()
    assert "text-tools 1." in page
    assert f"codi session export {wrapped['number']}" in page
    again = codi("session", "resume", str(wrapped["number"]), "--", "--width", "9", stdin=b"one two\n")
    assert (again.status, again.stdout) == (0, b"one two\n")
    assert "again, from its beginning" in again.stderr
    assert listed(codi, "--limit", "1")[0]["arguments"]["width"] == 9
    path = shared_data / "coditect/codi" / HISTORY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("warm")
def test_recorded_output_in_every_form(codi: Codi) -> None:
    ran = codi("run", "--record", "text.wrap", "--width", "5", stdin="é ```` \x1b[2Jx\n".encode())
    assert codi("session", "export", "last").stdout.decode() == ran.stdout.decode().replace("\x1b", "␛")
    first, *events = map(json.loads, codi("session", "export", "last", "--format", "jsonl").stdout.splitlines())
    assert first["command"] == "text.wrap"
    assert "".join(event["text"] for event in events) == ran.stdout.decode()
    page = codi("session", "export", "last", "--format", "markdown").stdout.decode()
    assert "`````text" in page
    assert "| outcome | exit 0 |" in page
    header, *cast = map(json.loads, codi("session", "export", "last", "--format", "asciicast").stdout.splitlines())
    assert (header["version"], header["title"]) == (2, "codi text.wrap")
    assert all(len(event) == 3 and event[1] == "o" and "\x1b" not in event[2] for event in cast)
    assert "".join(event[2] for event in cast).replace("\r\n", "\n").endswith("x\n")


def test_statuses_and_plain_errors(codi: Codi, home: Path) -> None:
    assert codi("session", "list").stdout == b"no such run\n"
    for words, status in (
        (["session"], 64),
        (["session", "shwo"], 64),
        (["session", "show"], 64),
        (["session", "show", "x"], 64),
        (["session", "show", "7"], 66),
        (["session", "resume", "last"], 66),
        (["session", "list", "--since", "soon"], 64),
        (["session", "export", "1", "--format", "gif"], 64),
        (["session", "rm"], 64),
        (["session", "rm", "--all"], 64),
    ):
        result = codi(*words)
        assert (result.status, result.stdout) == (status, b""), words
        assert result.stderr.startswith("codi: "), words
    for verb in ("", "list", "show", "resume", "export", "rm"):
        help_text = codi("session", *filter(None, [verb]), "--help").stdout.decode()
        assert "Examples:" in help_text
        assert f"usage: codi session {verb}" in help_text
    data_folder(home).mkdir(parents=True, exist_ok=True)
    for path in data_folder(home).glob(f"{HISTORY_FILE}*"):
        path.unlink()
    (data_folder(home) / HISTORY_FILE).mkdir()
    assert codi("session", "list").status == 74


@pytest.mark.usefixtures("warm")
def test_runs_are_forgotten_with_their_output(codi: Codi) -> None:
    for _ in range(2):
        codi("run", "--record", "text.count", stdin=b"x\n")
    second, first = listed(codi, "--limit", "2")
    assert codi("session", "rm", str(first["number"]), "last").stdout == b"forgotten: 2 runs\n"
    assert codi("session", "show", str(first["number"])).status == 66
    assert codi("session", "export", str(second["number"])).status == 66
    assert codi("session", "rm", "--older", "500d").status == 0
    assert codi("session", "rm", "--all", "--yes").status == 0
    assert listed(codi) == []


def test_what_cannot_be_written_breaks_no_run(codi: Codi, home: Path) -> None:
    codi("text.count", stdin=b"a\n")
    data = data_folder(home)
    for path in data.glob(f"{HISTORY_FILE}*"):
        path.unlink()
    (data / HISTORY_FILE).mkdir()
    for _ in range(2):
        done = codi("run", "--record", "text.count", stdin=b"a b\n")
        assert (done.status, done.stderr) == (0, "")
    assert "run.not_kept" in codi("log", "show", "--level", "error").stdout.decode()
    (data / "codi.log").unlink()
    (data / "codi.log").mkdir()
    done = codi("text.count", stdin=b"a b\n")
    assert (done.status, done.stderr) == (0, "")


@pytest.mark.usefixtures("warm")
def test_many_processes_lose_no_run(codi: Codi) -> None:
    codi("text.count", stdin=b"")
    last = listed(codi, "--limit", "1")[0]["number"]
    runs = [
        subprocess.Popen([CODI, "text.count"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _ in range(8)
    ]
    assert [run.wait(60) for run in runs] == [0] * 8
    assert listed(codi, "--limit", "1")[0]["number"] == last + 8


class TestLoop:
    """Runs that end before their end."""

    @pytest.fixture(autouse=True)
    def _site(self, home: Path, tmp_path: Path, codi: Codi) -> Iterator[None]:
        publish(tmp_path / "site", signed(manifest(), wasm(LOOP)))
        with serving(tmp_path / "site") as server:
            add_server(home, server.origin, PUBLIC_KEY, ["demo"])
            yield

    def test_they_are_recorded_too(self, codi: Codi, home: Path) -> None:
        with (home / ".config/coditect/codi/config.toml").open("a") as file:
            file.write('[log]\nlevel = "debug"\n')
        log = data_folder(home) / "codi.log"
        assert codi("run", "--timeout", "0.3", "demo.run").status == 75
        assert listed(codi)[0]["code"] == "E_WASM_TIME"
        for begun, number in enumerate((signal.SIGINT, signal.SIGTERM), 2):
            with subprocess.Popen([CODI, "demo.run"], stderr=subprocess.DEVNULL) as process:
                deadline = time.monotonic() + 20
                while log.read_text().count("run.started") < begun and time.monotonic() < deadline:
                    time.sleep(0.01)
                process.send_signal(number)
                assert process.wait(20) != 0
            assert listed(codi)[0]["outcome"] == "cancelled"


def test_a_refused_run_is_recorded_and_logged(codi: Codi, home: Path, tmp_path: Path) -> None:
    publish(tmp_path / "site", signed(key=OTHER_KEY))
    with serving(tmp_path / "site") as server:
        assert isinstance(server, Server)
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        refused = codi("demo.run")
    assert refused.status == 77
    (run,) = listed(codi)
    assert (run["command"], run["outcome"], run["digest"]) == ("demo.run", "refused", None)
    assert run["code"] in refused.stderr
    lines = [json.loads(line) for line in codi("log", "show", "--json", "--level", "warning").stdout.splitlines()]
    assert {"library.not_loaded", "run.refused"} <= {line["event"] for line in lines}
    assert codi("session", "resume", "last").status == 64
    trail = codi("log", "show", "--audit", "--json").stdout.splitlines()
    assert [json.loads(line)["code"] for line in trail] == [run["code"]]
    assert codi("log", "verify").status == 0


@pytest.mark.attack("H7")
def test_a_secret_is_in_nothing_that_is_written(codi: Codi, home: Path, tmp_path: Path) -> None:
    with running(tmp_path / "site") as server:
        publish(server.folder, signed(library_source(options=(SECRET, URL))))
        add_server(home, server.origin, PUBLIC_KEY, ["*"])
        with (home / ".config/coditect/codi/config.toml").open("a") as file:
            file.write('[log]\nlevel = "debug"\n')
        _runs_with_a_secret(codi, server)
    shown = [codi("session", "export", str(number), "--format", "jsonl").stdout for number in (1, 2, 3)]
    assert b"you gave *" in shown[0]
    assert not any(CANARY.encode() in output for output in shown)
    found = [path for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert found == []
    log = (data_folder(home) / "codi.log").read_text()
    assert "run.started" in log
    assert "[redacted]" in log
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in data_folder(home).rglob("*")} == {0}


def _runs_with_a_secret(codi: Codi, server: RunServer) -> None:
    url = f"https://me:{CANARY}@example.com/x?key={CANARY}"
    said = f"you gave {CANARY}\n".encode()
    run = ("run", "--record", "--allow", "ws:server")
    assert codi(*run, "demo.echo", "--token", CANARY, stdin=said).stdout == said
    assert codi(*run, "--args", json.dumps({"token": CANARY, "url": url}), "demo.failing").status == 65
    assert codi("config", "grants", "add", "demo", "ws:server").status == 0
    resumed = codi("session", "resume", "1", "--", "--token", CANARY, stdin=said)
    assert (resumed.status, resumed.stdout) == (0, said)
    assert "to be given behind --: token" in resumed.stderr
    third, second, first = listed(codi)
    assert (first["arguments"]["token"], third["arguments"]["token"]) == ("[redacted]", "[redacted]")
    assert second["arguments"]["url"] == "https://[redacted]@example.com/x?[redacted]"


@pytest.mark.parametrize("records", [True, False])
async def test_the_workspace_records_its_runs_and_their_output(home: Path, codi: Codi, records: bool) -> None:
    if not records:
        (home / ".config/coditect/codi").mkdir(parents=True)
        (home / ".config/coditect/codi/config.toml").write_text("[session]\nrecord_workspace = false\n")
    async with workspace() as driven:
        await driven.open("text.count")
        await driven.press("f5")
        await driven.finished()
    (run,) = listed(codi)
    assert (run["command"], run["door"], run["outcome"]) == ("text.count", "ui", "completed")
    assert (run["output_bytes"] > 0) == records


@pytest.mark.usefixtures("warm")
def test_a_hundred_thousand_runs_stay_quick(codi: Codi, home: Path) -> None:
    codi("text.count", stdin=b"")
    path = Path(os.environ["XDG_DATA_HOME"]) / "coditect/codi" / HISTORY_FILE
    with closing(sqlite3.connect(path)) as database, database:
        columns = database.execute("SELECT * FROM runs ORDER BY number DESC LIMIT 1").fetchone()[1:]
        rows = ((number, *columns) for number in range(10_000, 10_000 + HISTORY_RUNS))
        marks = ", ".join("?" * (len(columns) + 1))
        database.executemany(f"INSERT INTO runs VALUES ({marks})", rows)
        database.execute("UPDATE counters SET last = ?", (10_000 + HISTORY_RUNS,))
    codi("text.count", stdin=b"")
    result = codi("session", "list", "nowhere", timeout=10)
    assert result.stdout == b"no such run\n"
    assert len(listed(codi, "--limit", "5", "count")) == 5
    assert codi("session", "rm", "--all", "--yes", timeout=20).status == 0
