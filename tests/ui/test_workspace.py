"""The workspace by the keyboard: find, fill, run, watch, cancel, inspect, leave."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.run import State
from codi_tui.ui.screens.cache import CacheScreen
from codi_tui.ui.screens.palette import PaletteScreen
from codi_tui.ui.widgets.controls import TextControl
from conftest import add_server
from support import libraries
from support.libraries import PUBLIC_KEY, manifest, publish, signed, wasm
from support.server import serving
from support.workspace import NARROW, WIDE, Workspace, workspace

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])


def workers() -> list[str]:
    """Command lines of living workers of this process."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            status = (process / "stat").read_text().rpartition(")")[2].split()
            if process.name.isdecimal() and int(status[1]) == os.getpid() and status[0] != "Z":
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return [line for line in found if "execute.worker" in line]


async def find(driven: Workspace, letters: str) -> None:
    await driven.press("ctrl+p")
    await driven.until(lambda: isinstance(driven.app.screen, PaletteScreen), "the palette")
    await driven.write(letters)


@pytest.fixture
def endless(home: Path, tmp_path: Path) -> Iterator[None]:
    """A library whose command sleeps for a minute."""
    publish(tmp_path / "site", signed(manifest("sleep"), wasm(libraries.SLEEP)))
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, ["sleep"])
        yield


async def run_for_ever(driven: Workspace) -> None:
    await driven.open("sleep.run")
    await driven.press("f5")
    await driven.until(workers, "a worker")


async def test_a_run_that_reads_without_end_is_cancelled() -> None:
    async with workspace() as driven:
        await driven.open("text.count")
        await driven.press("tab")
        await driven.write("@/dev/zero")
        await driven.press("f5")
        await driven.until(workers, "a worker")
        await driven.press("escape")
        await driven.finished()
        assert workers() == []


@SIZES
async def test_the_journey_from_three_letters_to_the_output(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("one two\nthree\n")
    async with workspace(size) as driven:
        await driven.verified()
        await find(driven, "cou")
        assert "text.count" in driven.text()
        await driven.press("enter")
        await driven.until(lambda: driven.form.resolved is not None, "the form")
        assert isinstance(driven.app.focused, TextControl)
        await driven.write(str(tmp_path / "notes.txt"))
        assert driven.form.written() == f"codi run text.count {tmp_path}/notes.txt"
        await driven.press("enter")
        await driven.finished()
        assert "lines" in driven.text()
        assert driven.output.shown is not None
        assert driven.output.shown.exit_status == 0
        assert "exit 0" in driven.text()


@SIZES
@pytest.mark.usefixtures("endless")
async def test_a_run_that_never_ends_is_cancelled_and_leaves_no_process(size: tuple[int, int]) -> None:
    async with workspace(size) as driven:
        await run_for_ever(driven)
        await driven.press("escape")
        await driven.finished()
        assert workers() == []
        assert "cancelled" in driven.text()


@pytest.mark.usefixtures("endless")
async def test_leaving_asks_before_it_stops_what_still_runs() -> None:
    async with workspace() as driven:
        await run_for_ever(driven)
        await driven.press("q")
        await driven.until(lambda: "1 run is still going" in driven.text(), "the question")
        await driven.press("n")
        assert workers()
        await driven.press("q")
        await driven.until(lambda: "1 run is still going" in driven.text(), "the question")
        await driven.pilot.press("y")
    assert workers() == []


@pytest.mark.usefixtures("endless")
async def test_ctrl_c_cancels_and_never_quits() -> None:
    async with workspace() as driven:
        await run_for_ever(driven)
        await driven.press("ctrl+c")
        await driven.finished()
        assert workers() == []
        await driven.press("ctrl+c")
        assert "q quits" in driven.text()
        assert driven.app.is_running


async def test_a_filter_leaves_what_has_its_words() -> None:
    async with workspace() as driven:
        await driven.press("slash")
        await driven.write("wrap")
        assert "text.wrap" in driven.text()
        assert "text.count" not in driven.text()
        await driven.press("enter")
        await driven.until(lambda: driven.form.resolved is not None, "the form")
        await driven.press("escape", "escape", "escape")
        assert "text.count" in driven.text()


async def test_a_library_folds_and_unfolds() -> None:
    async with workspace() as driven:
        await driven.verified()
        await driven.press("end", "left")
        assert "text.count" not in driven.text()
        await driven.press("enter")
        assert "text.count" in driven.text()


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_runs() -> None:
    async with workspace() as driven:
        await driven.open("text.wrap")
        control = next(field for field in driven.form.fields if field.parameter.name == "width").control
        assert isinstance(control, TextControl)
        control.focus()
        control.value = "wide"
        await driven.press("enter")
        assert "must be a whole number" in driven.text()
        assert driven.output.shown is None
        assert driven.app.focused is control


async def test_a_value_is_missed_only_once_it_was_to_be_run() -> None:
    async with workspace() as driven:
        await driven.open("text.diff")
        assert "is missing" not in driven.text()
        await driven.press("enter")
        assert "is missing" in driven.text()


async def test_a_line_pasted_into_the_palette_fills_the_form(tmp_path: Path) -> None:
    async with workspace() as driven:
        await find(driven, "")
        driven.app.screen.query_one(TextControl).value = "$ codi run --offline text.wrap --width 33 < in.txt"
        await driven.press("tab")
        await driven.until(lambda: driven.form.resolved is not None, "the form")
        await driven.until(lambda: driven.form.written() == "codi run text.wrap --width 33 < in.txt", "its values")


async def test_arguments_in_the_palette_run_at_once() -> None:
    async with workspace() as driven:
        await find(driven, "encode.uuid --count 3")
        await driven.press("enter")
        await driven.finished()
        assert driven.output.shown is not None
        assert driven.output.shown.buffer.lines_total == 3


async def test_each_of_several_runs_can_be_looked_at() -> None:
    async with workspace() as driven:
        for number in (1, 2):
            await find(driven, f"encode.uuid --count {number}")
            await driven.press("enter")
            await driven.until(lambda: driven.output.shown is not None and driven.output.shown.over, "its end")
            await driven.press("escape")
        await driven.press("escape", "3", "left_square_bracket")
        assert driven.output.shown is not None
        assert driven.output.shown.number == 1


@SIZES
async def test_the_cache_inspector_says_what_is_here_verifies_and_evicts(size: tuple[int, int]) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.press("4")
        await driven.until(lambda: isinstance(driven.app.screen, CacheScreen), "the inspector")
        await driven.until(lambda: "text-tools" in driven.text(), "the rows")
        assert "bundled" in driven.text()
        assert "never" in driven.text()
        rows = driven.text().count("press v")
        await driven.press("V")
        await driven.until(lambda: driven.text().count("verified") == rows + 1, "the outcomes")
        await driven.press("e")
        await driven.until(lambda: "Evict" in driven.text(), "the question")
        await driven.press("y")
        await driven.until(lambda: f"{rows - 1} entries" in driven.text(), "one less")
        await driven.press("escape")
        await driven.until(lambda: not isinstance(driven.app.screen, CacheScreen), "the workspace")


async def test_the_line_of_the_form_is_copied() -> None:
    async with workspace() as driven:
        await driven.open("text.case")
        await driven.press("escape", "Y")
        assert driven.app.clipboard.startswith("codi run text.case")


async def test_a_command_that_is_refused_says_why_and_what_to_do() -> None:
    async with workspace(first="nobody.has") as driven:
        await driven.until(lambda: "there is no command" in driven.text(), "the refusal")
        assert "E_NOT_FOUND" in driven.text()


async def test_help_is_one_key_away() -> None:
    async with workspace() as driven:
        await driven.press("question_mark")
        await driven.until(lambda: "the palette" in driven.text(), "the keys")
        await driven.press("escape")
        assert "1 Libraries" in driven.text()


async def test_a_plain_terminal_gets_ascii_only() -> None:
    async with workspace(NARROW, plain=True) as driven:
        await driven.verified()
        await driven.open("text.case")
        assert driven.text().isascii(), sorted({char for char in driven.text() if not char.isascii()})


async def test_the_output_is_saved_to_a_new_file_only(tmp_path: Path) -> None:
    async with workspace() as driven:
        await find(driven, "encode.uuid --count 3")
        await driven.press("enter")
        await driven.finished()
        for said in ("saved to", "cannot save to"):
            await driven.press("s")
            await driven.until(lambda: "Save the standard output" in driven.text(), "the question")
            await driven.write(str(tmp_path / "ids"))
            await driven.press("enter")
            await driven.until(lambda said=said: said in driven.text(), said)
        assert len((tmp_path / "ids").read_text().splitlines()) == 3


@pytest.mark.parametrize("line", ["text.count \\", "json.query '$.a"])
async def test_a_line_that_is_not_finished_neither_runs_nor_ends_the_workspace(line: str) -> None:
    async with workspace() as driven:
        await find(driven, line)
        await driven.press("enter", "tab")
        assert isinstance(driven.app.screen, PaletteScreen)


async def test_a_line_with_a_mistake_opens_the_form_and_runs_nothing() -> None:
    async with workspace() as driven:
        await find(driven, "encode.uuid --count abc --kind v9")
        await driven.press("enter")
        await driven.until(lambda: driven.form.resolved is not None, "the form")
        await driven.until(lambda: "must be a whole number" in driven.text(), "what is wrong")
        assert driven.output.shown is None
        assert "abc" in driven.text()
        assert "v9" in driven.text()
        await driven.press("escape", "Y")
        assert driven.app.clipboard == ""


async def test_a_destructive_command_asks_first() -> None:
    async with workspace() as driven:
        await find(driven, "agent.delete nobody")
        await driven.press("enter")
        await driven.until(lambda: "may delete" in driven.text(), "the question")
        await driven.press("n")
        assert driven.output.shown is None
        await driven.press("f5")
        await driven.until(lambda: "may delete" in driven.text(), "the question")
        await driven.press("y")
        await driven.finished()


async def test_a_paste_keeps_its_line_breaks() -> None:
    async with workspace() as driven:
        await driven.open("text.count")
        await driven.press("tab")
        await driven.write("one\ntwo\n")
        await driven.press("enter")
        await driven.finished()
        assert "lines  2" in driven.text()


async def test_what_is_typed_while_it_starts_goes_to_no_hidden_field() -> None:
    async with workspace() as driven:
        await driven.press("e")
        await driven.verified()
        assert "text.count" in driven.text()


@pytest.mark.usefixtures("endless")
async def test_escape_leaves_a_search_before_it_cancels() -> None:
    async with workspace() as driven:
        await run_for_ever(driven)
        await driven.press("slash", "z", "enter", "escape")
        assert workers()
        await driven.press("escape")
        await driven.finished()
        assert workers() == []


async def test_every_state_of_a_run_has_a_glyph() -> None:
    for plain in (True, False):
        glyphs = Glyphs(plain=plain)
        assert all(glyphs["ok" if state == "ended" else state] for state in get_args(State))
