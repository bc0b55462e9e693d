"""Each way for a text into a widget: whatever it says, it is shown as text, and no control character leaves."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from codi_tui.operations.command_line import quote
from codi_tui.text import sanitize_field
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.safe import line, paragraph, styled
from codi_tui.ui.widgets.controls import Choice, TextControl, Toggle
from codi_tui.ui.widgets.line_list import LineList, Part, Row

HOSTILE = "\x1b]0;t\x07\x9b31m\x9d\x00\x7f\x08\r\u202e\u2066\u200b\U000e0041[/y] [@click=app.quit]x[/] [red]end"


def rows() -> Widget:
    shown = LineList()
    shown.set_rows([Row((Part(HOSTILE), Part(HOSTILE, "dim")), (Part(HOSTILE[:12]),))])
    return shown


def titled() -> Widget:
    shown = Static("")
    shown.styles.border = ("round", "white")
    shown.border_title, shown.border_subtitle = line(HOSTILE), styled("a ", (HOSTILE, "bold"))
    return shown


WIDGETS: dict[str, Callable[[], Widget]] = {
    "a row of a list": rows,
    "a field's value": lambda: TextControl(HOSTILE, ""),
    "a field's placeholder": lambda: TextControl("", HOSTILE),
    "a choice": lambda: Choice([HOSTILE, "b"], 0, Glyphs(plain=False)),
    "a switch": lambda: Toggle(False, HOSTILE),
    "a line": lambda: Static(line(HOSTILE)),
    "a paragraph": lambda: Static(paragraph(HOSTILE)),
    "a title": titled,
}


class One(App[None]):
    """A screen with one widget."""

    def __init__(self, make: Callable[[], Widget]) -> None:
        super().__init__()
        self._make = make

    def compose(self) -> ComposeResult:
        yield self._make()


@pytest.mark.parametrize("name", WIDGETS)
async def test_hostile_text_is_shown_and_does_nothing(name: str) -> None:
    app = One(WIDGETS[name])
    async with app.run_test(size=(200, 6), notifications=True, tooltips=True) as pilot:
        await pilot.pause()
        text = "".join(segment.text for strip in app.screen._compositor.render_strips() for segment in strip)
        assert "@click=app.quit" in text or name in ("a title", "a choice")
        assert {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")} == set()
        assert app.is_running


@pytest.mark.parametrize("text", [HOSTILE, "a\u0301" * 40 + "\u0301" * 40, "tab\tnew\nline\r\n", "plain", "日本語"])
def test_a_field_shows_each_character_as_one(text: str) -> None:
    assert len(sanitize_field(text)) == len(text)
    assert sanitize_field(sanitize_field(text)) == sanitize_field(text)


def test_a_quoted_word_holds_nothing_that_a_terminal_acts_on() -> None:
    assert quote(HOSTILE).isprintable()
