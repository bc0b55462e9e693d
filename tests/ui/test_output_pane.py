"""The output pane, driven as a user would."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.content import Content
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Label

from codi_tui.operations.spool import Spool
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.widgets import output_search
from codi_tui.ui.widgets.output import OutputPane

HOSTILE = (
    b"\x1b]52;c;aGk=\x07 \x1b[2J\x1b[H \x9b31m \xc2\x9b31m \xc2\x9d0;t\xc2\x9c\n"
    b"x [/ y [/y] [@click=app.quit]x[/] [red]\n"
    + "a\u202eb\u2066c\u200b\U000e0041 \ufeff\x00\x7f\t\x08\n".encode()
    + b"a" * 1_000_000
    + b"\n\xff\xfe\xc3\nok\rFAIL\n"
)


class Workspace(App[None]):
    """A pane and its foot."""

    def compose(self) -> ComposeResult:
        yield OutputPane(flush_seconds=0.01)
        yield Label(Content(""))

    def on_mount(self) -> None:
        self.query_one(OutputPane).focus()

    def on_output_pane_foot_changed(self, message: OutputPane.FootChanged) -> None:
        self.query_one(Label).update(Content(message.text))


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[OutputBuffer]:
    buffer = OutputBuffer(Spool(str(tmp_path / "spool")), ring_lines=100)
    yield buffer
    buffer.close()


@asynccontextmanager
async def showing(
    buffer: OutputBuffer, size: tuple[int, int] = (40, 11)
) -> AsyncIterator[tuple[OutputPane, Pilot[None]]]:
    """A pane of `size`, its foot below it."""
    app = Workspace()
    async with app.run_test(notifications=True, tooltips=True, size=size) as pilot:
        pane = app.query_one(OutputPane)
        pane.show(buffer)
        await settled(pane, pilot)
        yield pane, pilot


async def settled(pane: OutputPane, pilot: Pilot[None]) -> None:
    """Wait until all that was fed is drawn, and no search goes on."""
    async with asyncio.timeout(5):
        await pilot.pause()
        while pane._shown != pane._state() or "searching" in pane.foot():
            await asyncio.sleep(0.01)
            pane.tick()
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, without `Pilot.press`'s wait for each."""
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        pilot.app.post_message(events.Key(name, key if len(key) == 1 else None))
    await pilot.pause()


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(first, last))


def drawn(pane: OutputPane) -> list[str]:
    """What the rows of the pane say."""
    return [pane.render_line(y).text.rstrip() for y in range(pane._view.height)]


async def test_lines_stream_and_the_last_ones_stay_in_view(buffer: OutputBuffer) -> None:
    async with showing(buffer) as (pane, pilot):
        assert drawn(pane) == [""] * 10
        buffer.feed(b"line 0\nline")
        await settled(pane, pilot)
        assert drawn(pane)[:3] == ["  line 0", "  line", ""]
        buffer.feed(b" 1\n" + numbered(2, 5000))
        await settled(pane, pilot)
        assert drawn(pane) == [f"  line {number}" for number in range(4990, 5000)]
        buffer.end("exit 0")
        await settled(pane, pilot)
        assert pane.foot().startswith("exit 0 · 0.")
        assert pane.foot().endswith(" s · following · 5 000 lines, all kept")
        assert str(pane.app.query_one(Label).content) == pane.foot()


async def test_scrolling_up_pauses_and_end_follows_again(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 1000))
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "up")
        assert not pane.following
        buffer.feed(numbered(1000, 1037))
        await settled(pane, pilot)
        assert drawn(pane)[0] == "  line 989"
        assert "paused, +37 new" in pane.foot()
        await press(pilot, "pagedown", "pagedown")
        assert not pane.following
        for key in ("end", "f", "G"):
            await press(pilot, "k", key)
            assert pane.following
            assert drawn(pane)[-1] == "  line 1036"
            assert "following" in pane.foot()


async def test_paused_nothing_is_drawn_again(buffer: OutputBuffer, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer.feed(numbered(0, 1000))
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "up")
        lines: list[int] = []
        draw = pane.render_line

        def counted(y: int) -> Strip:
            lines.append(y)
            return draw(y)

        monkeypatch.setattr(pane, "render_line", counted)
        buffer.feed(numbered(1000, 3000))
        await settled(pane, pilot)
        assert lines == []
        await press(pilot, "end")
        await settled(pane, pilot)
        assert lines != []


async def test_a_paste_is_searched_for(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 300))
    async with showing(buffer) as (pane, pilot):
        pane.app.post_message(events.Paste("line 7"))
        await press(pilot, "home", "slash")
        pane.app.post_message(events.Paste("line 70\nrm"))
        await settled(pane, pilot)
        assert " >line 70" in drawn(pane)
        assert drawn(pane)[-1].startswith("/line 70_")


async def test_the_wheel_pauses_too(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 1000))
    async with showing(buffer) as (pane, pilot):
        pane.scroll_up(animate=False)
        await pilot.pause()
        assert not pane.following


async def test_every_line_that_the_ring_let_go_of_is_still_there(buffer: OutputBuffer) -> None:
    for start in range(0, 50_000, 1000):
        buffer.feed(numbered(start, start + 1000))
    assert buffer.first_in_ring > 40_000
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "home")
        assert drawn(pane)[0] == "  line 0"
        await press(pilot, "pagedown", "down")
        assert drawn(pane)[0] == "  line 10"


async def test_lost_lines_are_told_and_the_users_line_stays(tmp_path: Path) -> None:
    buffer = OutputBuffer(Spool(str(tmp_path / "small"), max_bytes=100), ring_lines=50, ring_bytes=1_000_000)
    buffer.feed(numbered(0, 10))
    for number in range(10, 100):
        buffer.feed(numbered(number, number + 1))
        buffer.feed(b"", "stderr")
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "up", "up")
        before = drawn(pane)[0]
        for _ in range(3):
            for number in range(8000):
                buffer.feed(b"more %d\n" % number)
        await settled(pane, pilot)
        assert buffer.lost
        assert "not kept (the limit of 100 B)" in pane.foot()
        assert drawn(pane)[0] in (before, f"= ({len(buffer.lost):,} lines were not kept)".replace(",", " "))
        await press(pilot, "home")
        shown = drawn(pane)
        assert shown[0] == "  line 0"
        await press(pilot, "pagedown")
        assert any(row.startswith("= (") for row in shown + drawn(pane))
    buffer.close()


async def test_without_a_spool_only_the_last_lines_are_there(tmp_path: Path) -> None:
    buffer = OutputBuffer(None, ring_lines=100)
    for start in range(0, 50_000, 10_000):
        buffer.feed(numbered(start, start + 10_000))
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "g")
        assert drawn(pane)[0].startswith("= (")
        assert drawn(pane)[1] == f"  line {buffer.first_in_ring}"


async def test_search_is_incremental_and_goes_on_and_back(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 3000))
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "home", "slash", *"LINE 25")
        await settled(pane, pilot)
        assert drawn(pane)[-1] == "/LINE 25_  (line 26)"
        assert not any(row.startswith(" >") for row in drawn(pane)[:1])
        assert " >line 25" in drawn(pane)
        await press(pilot, "0", "enter")
        await settled(pane, pilot)
        assert " >line 250" in drawn(pane)
        assert "/LINE 250: line 251" in pane.foot()
        await press(pilot, "n")
        await settled(pane, pilot)
        assert " >line 2500" in drawn(pane)
        await press(pilot, "N", "N")
        await settled(pane, pilot)
        assert " >line 2509" in drawn(pane)
        assert "from the other end" in pane.foot()


async def test_a_long_search_goes_on_beside_the_keyboard(buffer: OutputBuffer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_search, "OUTPUT_SLICE_SECONDS", 0)
    for _ in range(50):
        buffer.feed(b"hay\n" * 15_000)
    buffer.feed(b"needle\n")
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "home", "slash", *"need", "enter", "f", "home")
        await settled(pane, pilot)
        assert " >needle" in drawn(pane)
        await press(pilot, "slash", *"zz", "escape")
        await settled(pane, pilot)
        assert "/zz" not in pane.foot()


async def test_escape_takes_a_search_back(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 3000))
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "slash", *"line 7", "escape")
        await settled(pane, pilot)
        assert pane.following
        assert drawn(pane)[-1] == "  line 2999"
        await press(pilot, "home", "slash", *"2000", "escape", "n")
        await settled(pane, pilot)
        assert drawn(pane)[0] == "  line 0"


async def test_what_is_not_found_is_said(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 300))
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "slash", *"[/x", "backspace", "backspace", "q", "enter")
        await settled(pane, pilot)
        assert "/[q: not found" in pane.foot()
        assert pane.following


async def test_long_lines_are_cut_scrolled_and_wrapped(buffer: OutputBuffer) -> None:
    text = "".join(f"{number:04}" for number in range(50))
    buffer.feed(f"{text}\nshort\n".encode())
    async with showing(buffer) as (pane, pilot):
        assert drawn(pane)[0] == f"  {text[:36]}…"
        await press(pilot, "right")
        assert drawn(pane)[:2] == [f"  {text[8:44]}…", "  "[:0]]
        await press(pilot, *["right"] * 40)
        assert drawn(pane)[0] == f"  {text[-37:]}"
        await press(pilot, "w")
        assert drawn(pane)[:7] == [f"  {text[at : at + 37]}" for at in range(0, 200, 37)] + ["  short"]


async def test_wrapped_the_last_line_is_always_in_view(buffer: OutputBuffer) -> None:
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "w")
        for number in range(60):
            buffer.feed(f"{number} {'x' * number}\n".encode())
        await settled(pane, pilot)
        assert drawn(pane)[-2:] == [f"  59 {'x' * 34}", f"  {'x' * 25}"]
        await press(pilot, "up")
        assert not pane.following
        await press(pilot, "home")
        assert drawn(pane)[0] == "  0"
        await press(pilot, "end")
        assert drawn(pane)[-1] == f"  {'x' * 25}"


async def test_the_streams_are_told_apart_by_a_mark(buffer: OutputBuffer) -> None:
    buffer.feed(b"out\n! not really\n")
    buffer.feed(b"err\n", "stderr")
    buffer.feed(b"log\n", "log")
    buffer.feed(b"codi\n", "notice")
    async with showing(buffer) as (pane, _):
        assert drawn(pane)[:5] == ["  out", "  ! not really", "! err", "- log", "= codi"]


async def test_resizing_keeps_the_end_or_the_users_line(buffer: OutputBuffer) -> None:
    buffer.feed(numbered(0, 1000))
    async with showing(buffer) as (pane, pilot):
        await pilot.resize_terminal(30, 21)
        await settled(pane, pilot)
        assert drawn(pane) == [f"  line {number}" for number in range(980, 1000)]
        await press(pilot, "home", "pagedown")
        top = drawn(pane)[0]
        await pilot.resize_terminal(60, 8)
        await settled(pane, pilot)
        assert drawn(pane)[0] == top
        await pilot.resize_terminal(3, 2)
        await press(pilot, "w", "right", "slash", "x", "enter", "end")
        await settled(pane, pilot)


async def test_another_output_is_shown_and_the_first_as_it_was_left(buffer: OutputBuffer, tmp_path: Path) -> None:
    buffer.feed(numbered(0, 1000))
    other = OutputBuffer(None)
    other.feed(b"other\n")
    async with showing(buffer) as (pane, pilot):
        await press(pilot, "home", "down", "down")
        pane.show(other)
        await settled(pane, pilot)
        assert drawn(pane)[0] == "  other"
        assert pane.following
        pane.show(buffer)
        await settled(pane, pilot)
        assert drawn(pane)[0] == "  line 2"
        assert not pane.following


@pytest.mark.parametrize("wrap", [False, True])
async def test_nothing_hostile_reaches_the_screen(buffer: OutputBuffer, wrap: bool) -> None:
    for stream in ("stdout", "stderr", "log", "notice"):
        buffer.feed(HOSTILE, stream)
    buffer.progress = "\x1b]52;c;aGk=\x07[/"
    async with showing(buffer) as (pane, pilot):
        if wrap:
            await press(pilot, "w")
        await press(pilot, "home", "slash")
        await press(pilot, *"[/", "enter")
        await settled(pane, pilot)
        for _ in range(12):
            for y in range(pane._view.height):
                strip = pane.render_line(y)
                assert cell_len(strip.text) == strip.cell_length == pane._view.width
                assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in strip.text)
                assert all(segment.control is None for segment in strip)
                assert all(segment.style is None or segment.style.link is None for segment in strip)
            await press(pilot, "pagedown", "right")
        assert "\x1b" not in pane.foot()
        assert pane.app.is_running


async def test_wide_characters_never_overflow_the_width(buffer: OutputBuffer) -> None:
    buffer.feed("日本語abc👍🏽é❤️한국어e\u0301\u0301x\n".encode() * 3)
    async with showing(buffer, (20, 6)) as (pane, pilot):
        for width in (2, 3, 8, 13):
            await pilot.resize_terminal(width, 6)
            for key in ("w", "w", "right"):
                await press(pilot, key)
                for y in range(pane._view.height):
                    assert cell_len(pane.render_line(y).text) == pane._view.width


async def test_an_idle_pane_costs_nothing(buffer: OutputBuffer) -> None:
    buffer.feed(b"x\n")
    async with showing(buffer) as (pane, pilot):
        buffer.end("exit 0")
        await settled(pane, pilot)
        assert pane._timer is not None
        assert not pane._timer._active.is_set()
