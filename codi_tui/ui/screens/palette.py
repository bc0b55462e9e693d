"""The palette: any command by a few letters of its name, with its arguments behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from codi_tui.catalog.commands import CatalogEntry, summary
from codi_tui.errors import UsageError
from codi_tui.operations.command_line import Line, read_line
from codi_tui.ui.catalog import Catalog
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.safe import line
from codi_tui.ui.widgets.controls import Changed, TextControl
from codi_tui.ui.widgets.line_list import LineList, Part, Row

_NAME_MAX = 200


class Picked(NamedTuple):
    """What was picked: a command, the line behind it, and whether to run it at once."""

    entry: CatalogEntry
    line: Line | None
    run: bool


class PaletteScreen(ModalScreen[Picked | None]):
    """Commands by name.

    | key | does |
    | --- | --- |
    | enter | open the form; with arguments behind the name, run it |
    | tab | open the form with the arguments that were written |
    | escape | leave |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
        Binding("tab", "pick(False)", "Form", show=False, priority=True),
        Binding("enter", "pick(True)", "Run", show=False, priority=True),
    ]

    def __init__(self, catalog: Catalog, glyphs: Glyphs, written: str = "") -> None:
        super().__init__()
        self._catalog = catalog
        self._glyphs = glyphs
        self._hits: list[CatalogEntry] = []
        self._line: Line | None = None
        self._problem: str | None = None
        self._input = TextControl(written, "a command, by any letters of its name")
        self._list = LineList()
        self._list.can_focus = False
        self._foot = Static(classes="foot")

    def compose(self) -> ComposeResult:
        with Vertical(id="palette"):
            yield self._input
            yield self._list
            yield self._foot

    def on_mount(self) -> None:
        self.query_one("#palette").border_title = line("Command")
        self._input.focus()
        self.search()

    def on_changed(self, event: Changed) -> None:
        event.stop()
        self.search()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()

    def search(self) -> None:
        """Find what is written; call it when the catalog's index came only now."""
        text = self._input.value
        self._line, self._problem = _read(text, self._catalog.by_name)
        if self._line is not None:
            self._hits = [self._catalog.by_name[self._line.command]]
            rows = [self._row(self._hits[0], ())]
        else:
            index = self._catalog.index
            found = [] if index is None else index.search(text)
            self._hits = [self._catalog.entries[hit.command] for hit in found]
            rows = [self._row(entry, hit.positions) for entry, hit in zip(self._hits, found, strict=True)]
        if not rows:
            said = "no command has these letters" if self._catalog.index else "the commands are being read"
            rows = [Row((Part(said, "dim"),), selectable=False)]
        self._list.set_rows(rows, 0)
        self._foot.update(line(self._explained()))

    def _row(self, entry: CatalogEntry, positions: Sequence[int]) -> Row:
        name = [
            Part(char, "match" if place in positions else "strong")
            for place, char in enumerate(entry.command[:_NAME_MAX])
        ]
        gap = " " * max(2, 22 - len(entry.command))
        return Row((Part(" "), *name, Part(gap + summary(entry.description))), (Part(f" {entry.library} ", "dim"),))

    def _explained(self) -> str:
        if self._problem is not None:
            return f"{self._problem}   Esc back"
        if self._line is not None and not self._line.bare:
            return "Enter runs it   Tab opens the form   Esc back"
        dot = self._glyphs["dot"]
        return f"Enter opens the form   Esc back   {dot} {len(self._hits)} of {len(self._catalog.entries)}"

    def take(self, catalog: Catalog) -> None:
        """Search another catalog from now on."""
        self._catalog = catalog
        self.search()

    def action_move(self, step: int) -> None:
        self._list.action_move(step)

    def action_page(self, direction: int) -> None:
        self._list.action_page(direction)

    def action_pick(self, run: bool) -> None:
        if self._hits and self._problem is None:
            complete = self._line is not None and not self._line.bare and not self._line.ignored
            self.dismiss(Picked(self._hits[self._list.cursor], self._line, run and complete))

    def action_back(self) -> None:
        self.dismiss(None)


def _read(text: str, commands: dict[str, CatalogEntry]) -> tuple[Line | None, str | None]:
    """The line that the text is, and why it cannot be run as it stands; neither while it only searches."""
    if " " not in text.strip() and "\n" not in text.strip() and not text.endswith(" "):
        return None, None
    try:
        read = read_line(text)
    except UsageError as error:
        return None, error.message
    return (read, None) if read is not None and read.command in commands else (None, None)
