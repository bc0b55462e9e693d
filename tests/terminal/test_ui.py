"""The real workspace on a real terminal: whatever text it is given, and the terminal as it was afterwards."""

from __future__ import annotations

import re
import signal
import sqlite3
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import CODI, Codi, add_server
from support import libraries
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand, wasm
from support.server import serving
from support.terminal import Terminal, terminal

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])

HOSTILE = (
    "\x1b]52;c;SE9TVElMRQ==\x07\x1b]0;HOSTILE\x07\x1b[2J\x1bc\x9b31m\x9d0;HOSTILE\x9c\x00\x7f\x08"
    "[/ [/x] [@click=app.quit]HOSTILE[/] \u202eELITSOH\u2066\u200b\ufeff\U000e0041a" + "\u0301" * 60
)
POINTER_SHAPE = re.compile(rb"\x1b\]22;[a-z]+\x07")
"""The toolkit's own, and its only OSC."""
NEVER_WRITTEN = [
    b"\x1b]",
    b"\x1bc",
    b"\x1b[2J\x1bc",
    b"\x07",
    "\x9b".encode(),
    "\x9d".encode(),
    "\x9c".encode(),
    "\u202e".encode(),
    "\u2066".encode(),
    "\u200b".encode(),
    "\ufeff".encode(),
    "\U000e0041".encode(),
    ("\u0301" * 20).encode(),
]


def parameter(name: str, kind: str = "string", **members: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": HOSTILE, "placeholder": HOSTILE[:60], **members}


def hostile_library() -> bytes:
    """Every string that a manifest may choose freely, hostile; and output that is."""
    long = HOSTILE + "A" * 1_000_000
    command = subcommand(
        description=HOSTILE,
        arguments=[parameter("text", default=HOSTILE), parameter("words", multiple=True, default=[HOSTILE, "x"])],
        options=[
            parameter("choice", enum=[HOSTILE, "other", long], default=HOSTILE),
            parameter("long", default=long),
            parameter("data", "json", default={"member": [HOSTILE]}),
            parameter("secret", secret=True),
        ],
        examples=[{"description": HOSTILE, "command": HOSTILE}],
    )
    return signed(
        manifest(
            "hostile",
            library={"description": HOSTILE},
            commands={"hostile": {"description": HOSTILE, "subcommands": {"run": command}}},
        ),
        wasm(libraries.printing(1, HOSTILE.encode() + b"\n" + b"B" * 60_000 + b"\nEND\n")),
    )


@pytest.fixture
def hostile(home: Path, tmp_path: Path) -> Iterator[None]:
    publish(tmp_path / "site", hostile_library())
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, ["hostile"])
        yield


def spoil_the_cache(home: Path) -> None:
    """What a program of the same user could write: rows whose every unverified text is hostile, and long."""
    database = sqlite3.connect(home / ".local/share/coditect/codi/cache.db")
    with database:
        row = ("h" * 1_000_000 + HOSTILE, HOSTILE, b"\x28\xb5", HOSTILE, 0, None, 3, HOSTILE)
        database.execute("INSERT INTO command_libraries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        database.execute("INSERT INTO command_index VALUES (?, ?, ?)", (HOSTILE, "bundled/" + HOSTILE, HOSTILE))
        database.execute("INSERT INTO command_index VALUES (?, ?, ?)", ("zz" * 500_000, "x/" + HOSTILE, HOSTILE * 999))
    database.close()


def walk_through(screen: Terminal) -> None:
    """Every widget, with everything hostile in it."""
    screen.until("2 refused")
    screen.press("end", "up", "up")
    screen.until("hostile.run")
    screen.press("ctrl+p")
    screen.until("Command")
    screen.press("h", "o", "s", "down", "up")
    screen.until("HOSTILE")
    screen.press("escape", "ctrl+p")
    screen.press(*"hostile.run")
    screen.press("enter")
    screen.until("2 hostile.run")
    screen.press(*["tab"] * 8, "right", "right", "left")
    screen.press("f5")
    screen.until("END")
    screen.press("w", "up", "/")
    screen.press(*"HOST")
    screen.press("enter", "escape")
    screen.read(0.5)
    screen.press("escape")
    screen.until("2 hostile.run")
    screen.press("escape")
    screen.until("1 Libraries")
    screen.read(0.5)
    screen.press("4")
    screen.until("4 Cache")
    screen.press("V", "down", "down", "end", "e")
    screen.until("Evict")
    screen.press("n", "escape", "/")
    screen.press(*"zz")
    screen.press("enter", "escape", "escape", "escape")


@pytest.mark.attack("F-1", "F-2")
@SIZES
@pytest.mark.usefixtures("hostile")
def test_no_text_of_a_library_reaches_the_terminal_raw(size: tuple[int, int], codi: Codi, home: Path) -> None:
    assert codi("run", "--output", "raw", "hostile.run").status == 0
    spoil_the_cache(home)
    with terminal(CODI, "ui", size=size) as screen:
        walk_through(screen)
        screen.press("q")
        assert screen.finish() == 0
        written = POINTER_SHAPE.sub(b"", screen.written)
        for sequence in NEVER_WRITTEN:
            at = written.find(sequence)
            assert at < 0, written[max(0, at - 80) : at + 80]


@SIZES
def test_the_terminal_is_as_it_was(size: tuple[int, int]) -> None:
    with terminal(CODI, "ui", size=size) as screen:
        screen.until("all verified")
        screen.press("q")
        assert screen.finish() == 0
        assert termios.tcgetattr(screen.slave) == screen.settings
        for mode in (b"?1049", b"?1000", b"?2004", b"?25"):
            on, off = (b"l", b"h") if mode == b"?25" else (b"h", b"l")
            assert screen.written.rfind(b"\x1b[" + mode + off) >= screen.written.rfind(b"\x1b[" + mode + on), mode


@pytest.mark.parametrize(
    ("environment", "said"), [({"TERM": "dumb"}, "TERM='dumb'"), ({"TERM": ""}, "TERM=''")], ids=["dumb", "none"]
)
def test_a_terminal_that_cannot_draw_is_told_what_to_do(environment: dict[str, str], said: str) -> None:
    with terminal(CODI, "ui", **environment) as screen:
        assert screen.finish() == 64
        assert said in screen.text().replace("\n", "")
        assert b"E_TERMINAL" in screen.written


def test_without_a_terminal_it_points_to_codi_run(codi: Codi) -> None:
    result = codi("ui")
    assert result.status == 64
    assert result.stdout == b""
    assert "codi run" in result.stderr


def test_no_color_writes_no_colour() -> None:
    with terminal(CODI, "ui", NO_COLOR="1") as screen:
        screen.until("all verified")
        screen.press("q")
        assert screen.finish() == 0
        assert b"\x1b[38;" not in screen.written
        assert b"\x1b[48;" not in screen.written


def test_wrong_options_are_all_named() -> None:
    with terminal(CODI, "ui", "--fast", "one", "two") as screen:
        assert screen.finish() == 64
        assert "--fast" in screen.text()
        assert "'two' is one word too many" in screen.text()


def test_a_terminal_that_is_gone_ends_it() -> None:
    with terminal(CODI, "ui") as screen:
        screen.until("all verified")
        screen.vanish()
        assert screen.process.wait(20) == 129


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"])
def test_a_signal_gives_the_terminal_back(number: int, status: int) -> None:
    with terminal(CODI, "ui") as screen:
        screen.until("all verified")
        screen.process.send_signal(number)
        assert screen.finish() == status
        assert termios.tcgetattr(screen.slave) == screen.settings
        assert screen.written.rfind(b"\x1b[?1049l") > screen.written.rfind(b"\x1b[?1049h")
