"""What the workspace costs: bytes on the wire, modules at the first paint, work for a key. Structure, never times."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from codi_tui.catalog.commands import CatalogEntry
from codi_tui.ui.catalog import Catalog
from codi_tui.ui.screens.palette import PaletteScreen
from codi_tui.ui.wire import Wire
from conftest import CODI
from support.terminal import Terminal, terminal
from support.workspace import workspace

MOVE_BYTES = 600
HEAVY = ("pydantic", "httpx", "wasmtime", "websockets", "jsonschema")
SSH = {"SSH_CONNECTION": "192.0.2.1 2 192.0.2.2 22", "COLORTERM": ""}
PROBE = f"""
import os, sys, threading, time
from codi_tui.entry import main
def tell():
    from codi_tui.ui.screens.workspace import WorkspaceScreen
    time.sleep(2)
    heavy = [name for name in {HEAVY} if name in sys.modules]
    os.write(1, f"\\x1b[H\\x1b[2Jheavy={{heavy}} ends".encode())
threading.Thread(target=tell, daemon=True).start()
sys.argv = ["codi", "ui"]
main()
"""


def cost(screen: Terminal, *keys: str) -> int:
    """The bytes that keys bring."""
    screen.read(0.5)
    before = len(screen.written)
    screen.press(*keys)
    screen.read(0.5)
    return len(screen.written) - before


def rest(screen: Terminal) -> None:
    """Wait until nothing more is written."""
    before = -1
    while len(screen.written) != before:
        before = len(screen.written)
        screen.read(0.5)


def test_a_move_of_the_cursor_costs_two_rows_and_an_idle_workspace_nothing() -> None:
    with terminal(CODI, "ui", size=(120, 40), **SSH) as screen:
        screen.until("all verified")
        rest(screen)
        before = len(screen.written)
        time.sleep(2)
        screen.read(0.1)
        assert len(screen.written) == before
        assert 0 < cost(screen, "down") <= MOVE_BYTES
        assert 0 < cost(screen, "up") <= MOVE_BYTES
        screen.press("ctrl+p")
        screen.until("Enter opens")
        rest(screen)
        assert 0 < cost(screen, "down") <= MOVE_BYTES
        assert 0 < cost(screen, "up") <= MOVE_BYTES


def test_nothing_heavy_is_imported_for_an_idle_workspace() -> None:
    with terminal(CODI, "ui") as screen:
        screen.until("all verified")
        screen.press("q")
        assert screen.finish() == 0
    with terminal(sys.executable, "-P", "-c", PROBE) as screen:
        screen.until("heavy=")
        screen.until("ends")
        assert "heavy=[]" in screen.text()


def update(*rows: list[Segment]) -> LayoutUpdate:
    return LayoutUpdate([[Strip(row)] for row in rows], Region(0, 0, 20, len(rows)))


@pytest.fixture
def console() -> Console:
    return Console(color_system="truecolor", force_terminal=True)


def test_only_cells_that_changed_are_written(console: Console) -> None:
    wire, bold = Wire(), Style(bold=True)
    assert "one two" in wire.frame(update([Segment("one two")], [Segment("three")]), console)
    assert wire.frame(update([Segment("one two")], [Segment("three")]), console) == ""
    assert wire.frame(update([Segment("one twi")], [Segment("three")]), console) == "\x1b[1;7H\x1b[0mi\x1b[0m"
    assert wire.frame(update([Segment("one"), Segment(" twi")], [Segment("three", bold)]), console).startswith(
        "\x1b[2;1H\x1b[0;1mthree"
    )
    wire.forget()
    assert "one twi" in wire.frame(update([Segment("one twi")], [Segment("three", bold)]), console)


def test_a_row_with_wide_characters_is_written_whole(console: Console) -> None:
    wire = Wire()
    wire.frame(update([Segment("漢字 one")]), console)
    assert "漢字 two" in wire.frame(update([Segment("漢字 two")]), console)
    assert "abcd two" in wire.frame(update([Segment("abcd two")]), console)
    assert "e\u0301" in wire.frame(update([Segment("e\u0301bcd two")]), console)


def many(count: int) -> list[CatalogEntry]:
    return [
        CatalogEntry(f"lib-{n // 10:04}.do-{n % 10}", f"Does {n}", f"lib-{n // 10:04}", "https://a")
        for n in range(count)
    ]


def test_a_filter_finds_what_a_plain_scan_would() -> None:
    catalog = Catalog(many(3000))
    assert catalog.index is None
    assert len(catalog.matching("do-3")) == 3000, "not known yet"
    catalog.prepare()
    for query in ("d", "do", "do-3", "do-3 lib-00", "LIB", "do", "zzz", "does 17"):
        words = query.casefold().split()
        plain = [
            entry
            for entry in catalog.entries
            if all(word in f"{entry.command} {entry.library} {entry.description}".casefold() for word in words)
        ]
        assert catalog.matching(query) == plain, query


def fill(home: Path, entries: list[CatalogEntry]) -> None:
    """Put commands into the index of the home's cache."""
    subprocess.run([CODI, "text.count"], input=b"", capture_output=True, check=True)
    database = sqlite3.connect(home / ".local/share/coditect/codi/cache.db")
    rows = [(entry.command, f"{entry.origin}/{entry.library}", entry.description) for entry in entries]
    with database:
        database.executemany("INSERT INTO command_index VALUES (?, ?, ?)", rows)
    database.close()


async def test_among_ten_thousand_commands_three_letters_find_one(home: Path) -> None:
    fill(home, many(10_000))
    async with workspace() as driven:
        await driven.press("ctrl+p")
        await driven.until(lambda: isinstance(driven.app.screen, PaletteScreen), "the palette")
        await driven.until(lambda: "10029" in driven.text(), "the commands")
        await driven.write("lib-0777.do-3")
        await driven.until(lambda: "Does 7773" in driven.text(), "the command")
        await driven.press("escape", "slash")
        await driven.write("0777 do-3")
        await driven.until(lambda: "lib-0777.do-3" in driven.text(), "the command")
        await driven.press("escape", "escape", "end")
        assert "lib-0999.do-9" in driven.text()
