"""What streams into the output pane: a run on a server, its fallback, and a file of 50 MB."""

from __future__ import annotations

import json
from pathlib import Path

from codi_tui.execute.invocation import Invocation
from codi_tui.trust import Permissions
from codi_tui.ui.widgets.controls import TextControl
from conftest import add_server
from support.libraries import PUBLIC_KEY
from support.remote import Remote
from support.run_server import RunServer, running
from support.workspace import Workspace, workspace


def lines(driven: Workspace) -> int:
    return 0 if driven.output.shown is None else driven.output.shown.buffer.lines_total


async def start(driven: Workspace, command: str) -> None:
    await driven.open(command)
    await driven.press("f5")


def start_on(driven: Workspace, server: RunServer, name: str) -> None:
    """Run a command of a library that came from a server, with the permission to ask it."""
    remote = Remote(server.origin)
    definition = remote.library.manifest.find(f"demo.{name}")
    runs = driven.app._runs
    assert definition is not None
    assert runs is not None
    permissions = Permissions(remote.library, definition.path, ["ws:server"])
    runs.start(Invocation(remote.library, definition, {}, permissions), f"codi run demo.{name}", None)
    driven.output.show_newest()
    driven.output.pane.focus()


async def test_a_run_on_a_server_streams_and_is_cancelled_there_too(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        async with workspace() as driven:
            start_on(driven, server, "drip")
            await driven.until(lambda: lines(driven) > 5, "the first lines")
            await driven.until(lambda: "drip" in driven.text(), "them in view")
            first = lines(driven)
            await driven.until(lambda: lines(driven) > first, "more lines while it is watched")
            await driven.press("escape")
            await driven.finished()
            assert "cancelled" in driven.text()
        assert "cancel" in server.heard
        assert server.faults == []


async def test_a_dropped_connection_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.cuts = {2, 5, 9}
        async with workspace() as driven:
            start_on(driven, server, "lines")
            await driven.finished()
            shown = driven.output.shown
            assert shown is not None
            assert [shown.buffer.line(number).text for number in range(lines(driven))] == [
                f"line {number} é" for number in range(10)
            ]
        assert server.cuts == set()


async def test_a_bundled_command_runs_on_the_server_of_the_settings(home: Path, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.behaves["list"] = "lines"
        add_server(home, server.origin, PUBLIC_KEY, ["agent-ops"])
        async with workspace() as driven:
            await start(driven, "agent.list")
            await driven.finished()
            assert "line 9 é" in driven.text()
            assert "fallback" not in driven.text()


async def test_without_a_server_the_local_fallback_serves_and_is_said() -> None:
    async with workspace() as driven:
        await start(driven, "agent.list")
        await driven.finished()
        assert "no library server is connected; using the local fallback" in driven.text()
        assert driven.output.shown is not None
        assert driven.output.shown.exit_status == 0


async def test_fifty_megabytes_go_through_the_file_field(tmp_path: Path) -> None:
    record = {"id": 0, "name": "flat white", "tags": ["milk", "double"], "price": 3, "of": {"beans": [1, 2, 3]}}
    count = 50_000_000 // len(json.dumps(record)) + 1
    with (tmp_path / "orders.json").open("w") as file:
        file.write("[" + ",".join(json.dumps(record) for _ in range(count)) + "]")
    assert (tmp_path / "orders.json").stat().st_size > 50_000_000
    async with workspace() as driven:
        await driven.open("json.query")
        query, path = (field.control for field in driven.form.fields[:2])
        assert isinstance(query, TextControl)
        assert isinstance(path, TextControl)
        query.value, path.value = "$[*].name", str(tmp_path / "orders.json")
        await driven.press("f5")
        await driven.finished()
        assert lines(driven) == count
        assert driven.output.shown is not None
        assert driven.output.shown.buffer.line(0).text == '"flat white"'
        assert "all kept" in driven.text()
