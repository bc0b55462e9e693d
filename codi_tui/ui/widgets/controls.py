"""The controls of a form: one line each. What they show is sanitised here; what they hold is what was written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key, Paste
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input

from codi_tui.text import sanitize_field, sanitize_line
from codi_tui.ui.glyphs import Glyphs


class Changed(Message):
    """A control holds something else."""


class TextControl(Input):
    """Text on one line. Anything that a terminal could act on is shown as a picture of itself."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.back", "Back", show=False)]

    def __init__(self, value: str, placeholder: str, *, password: bool = False, path: bool = False) -> None:
        super().__init__(
            value,
            sanitize_line(placeholder, 100),
            password=password,
            compact=True,
            select_on_focus=False,
            suggester=PathSuggester() if path else None,
        )
        self.cursor_blink = False

    @property
    def _value(self) -> Text:
        if self.password:
            return super()._value
        return Text(sanitize_field(self.value), no_wrap=True, overflow="ignore", end="")

    def _on_paste(self, event: Paste) -> None:
        """Take all of it, line breaks too; they are shown as pictures."""
        event.stop()
        event.prevent_default()
        if event.text:
            self.replace(event.text, *self.selection)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Changed())


class PathSuggester(Suggester):
    """The rest of the only name in a folder that a path may be meant to have; taken with the right arrow key."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Nothing for an empty value, for names that a screen could not show, and where several names fit."""
        return await asyncio.to_thread(_completed, value) if value else None


def _completed(path: str) -> str | None:
    """The path with as much more as all that fits it has in common."""
    folder, _, start = path.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(folder or ("/" if path.startswith("/") else "."))) as entries:
            names = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]
    except (OSError, ValueError):
        return None
    fitting = sorted(name for name in names if name.startswith(start) and name.isprintable())
    if not fitting:
        return None
    first, last = fitting[0], fitting[-1]
    same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return f"{path}{first[len(start) : same]}" if same > len(start) else None


class Toggle(Widget, can_focus=True):
    """Yes or no: space changes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "change", "Change", show=False),
        Binding("escape", "screen.back", "Back", show=False),
    ]
    value = reactive(False)

    def __init__(self, value: bool, meaning: str) -> None:
        super().__init__()
        self._meaning = sanitize_line(meaning, 100)
        self.set_reactive(Toggle.value, value)

    def render(self) -> Content:
        return Content(f"[{'x' if self.value else ' '}] {self._meaning}")

    def on_key(self, event: Key) -> None:
        _keep(event)

    def action_change(self) -> None:
        self.value = not self.value
        self.post_message(Changed())

    def on_click(self) -> None:
        self.action_change()


class Choice(Widget, can_focus=True):
    """One of several: left and right or a letter change it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right,space", "step(1)", "Next", show=False),
        Binding("escape", "screen.back", "Back", show=False),
    ]
    index = reactive(0)

    def __init__(self, choices: Sequence[str], index: int, glyphs: Glyphs) -> None:
        super().__init__()
        self.choices = choices
        self._glyphs = glyphs
        self.set_reactive(Choice.index, index)

    def render(self) -> Content:
        shown = sanitize_line(self.choices[self.index], 60)
        left, right = self._glyphs["left"], self._glyphs["right"]
        count = f"   {self.index + 1} of {len(self.choices)}"
        return Content.assemble((f"{left} ", "dim"), shown, (f" {right}", "dim"), (count, "dim"))

    def action_step(self, step: int) -> None:
        self._take((self.index + step) % len(self.choices))

    def on_key(self, event: Key) -> None:
        """Go to the next choice that starts with a letter."""
        _keep(event)
        if event.character is None or not event.character.isalnum():
            return
        count = len(self.choices)
        for index in (*range(self.index + 1, count), *range(self.index + 1)):
            if self.choices[index].casefold().startswith(event.character.casefold()):
                self._take(index)
                return

    def on_click(self) -> None:
        self.action_step(1)

    def _take(self, index: int) -> None:
        if index != self.index:
            self.index = index
            self.post_message(Changed())


def _keep(event: Key) -> None:
    """A letter that is typed into a form is never a key of the screen; a space and a Tab still are."""
    if event.is_printable and event.character != " ":
        event.stop()
