"""Granted rights from end to end: `codi run`, and a worker process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.operations.executors import worker_executor
from conftest import Codi, add_server, data_folder
from support.core import asking, core_manifest
from support.cores import async_core, invocation, stdout
from support.libraries import PUBLIC_KEY, publish, signed
from support.sandbox import probe, probing
from support.server import serving
from support.web import answer, web

OUT = {"name": "out", "type": "path", "description": "", "access": "write"}
CANARY = "canary-77a1"


@pytest.fixture
def rights(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A library that declares one right of each kind, and all that they name."""
    secrets = home / ".config/coditect/codi/secrets"
    secrets.mkdir(parents=True)
    (secrets / "TOKEN").touch(0o600)
    (secrets / "TOKEN").write_text(CANARY)
    monkeypatch.setenv("WANTED", "wanted!")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a").write_text("a note")
    (tmp_path / "beside").write_text("beside")
    declared = ["secret:TOKEN", "env:WANTED", f"fs:read:{tmp_path}/notes/"]
    publish(tmp_path / "site", signed(probing(*declared, parameters=[OUT]), probe()))
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        yield declared


def allowing(rights: list[str]) -> list[str]:
    return [word for right in rights for word in ("--allow", right)]


def test_codi_run(codi: Codi, rights: list[str], home: Path, tmp_path: Path) -> None:
    words = ["demo.run", "--out", str(tmp_path / "made"), "--words"]
    refused = codi("run", *words, "environ")
    assert (refused.status, refused.stdout) == (77, b"")
    assert f"codi run {' '.join(allowing(rights))} demo.run" in refused.stderr
    partly = codi("run", *allowing(rights[:2]), *words, "environ")
    assert (partly.status, partly.stdout, f"--allow {rights[2]}" in partly.stderr) == (77, b"", True)
    probed = ["write", "/args/out/made", "x", "read", f"{tmp_path}/notes/a", "read", f"{tmp_path}/beside", "environ"]
    spelled = [word for item in probed for word in ("--words", item)]
    done = codi("run", "--output", "jsonl", *allowing(rights), *words[:-1], *spelled)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    out = "".join(event["text"] for event in events if event["type"] == "output")
    assert done.status == 0, done
    assert out.startswith("write 0\nread 0\na noteread 8\n")
    assert (f"TOKEN={CANARY}" in out, "WANTED=wanted!" in out, (tmp_path / "made").read_text()) == (True, True, "x")
    (started,) = [event for event in events if event["type"] == "started"]
    assert CANARY not in json.dumps(started)
    data = home / ".local/share"
    kept = [path for path in data.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert kept == [], "no secret in cache, state, history or log"


@pytest.mark.attack("E6")
def test_a_guest_that_holds_every_descriptor_is_stopped_and_remembered_and_leaves_nothing(
    codi: Codi, home: Path, tmp_path: Path
) -> None:
    publish(tmp_path / "site", signed(probing(parameters=[OUT]), probe()))
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        words = ["--out", str(tmp_path / "made"), "--words", "hoard", "--words", "/args/out/made"]
        done = codi("run", "demo.run", *words)
    assert (done.status, "E_WASM_OUTPUT" in done.stderr, "Traceback" in done.stderr) == (75, True, False), done
    assert json.loads(codi("session", "list", "--json").stdout)[0]["code"] == "E_WASM_OUTPUT"
    assert list((data_folder(home) / "runs").iterdir()) == []
    assert not (tmp_path / "made").exists()


async def test_a_worker(rights: list[str], tmp_path: Path) -> None:
    words = ["write", "/args/out/made", "x", "read", f"{tmp_path}/notes/a", "environ"]
    arguments: dict[str, Any] = {"words": words, "out": str(tmp_path / "made")}
    async with async_core() as core:
        run = await invocation(core, "demo.run", arguments, granted=rights)
        out = stdout([event async for event in worker_executor(core).execute(run)]).decode()
        assert os.listdir(core.runs_folder) == []
    assert out.startswith("write 0\nread 0\na note")
    assert (f"TOKEN={CANARY}" in out, "WANTED=wanted!" in out, (tmp_path / "made").read_text()) == (True, True, "x")


async def test_a_worker_s_guest_reaches_the_host_that_was_granted(home: Path, tmp_path: Path) -> None:
    with web(answer(body=b"from afar")) as running:
        module = asking("http", json.dumps({"url": running.origin}).encode())
        publish(tmp_path / "site", signed(core_manifest(running.permission), module))
        with serving(tmp_path / "site") as server:
            add_server(home, server.origin, PUBLIC_KEY, ["demo"])
            async with async_core() as core:
                run = await invocation(core, "demo.run", granted=[running.permission])
                events = [event async for event in worker_executor(core).execute(run)]
    assert stdout(events).endswith(b"\nfrom afar"), events
