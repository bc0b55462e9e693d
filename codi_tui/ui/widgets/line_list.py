"""LineList: a list of one-line rows. Only what is visible is rendered, and a cursor move repaints two lines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from codi_tui.text import sanitize_line

_TEXT_MAX_CHARACTERS = 500


class Part(NamedTuple):
    """A piece of a row: untrusted text, and one of `ROLES`."""

    text: str
    role: str = "plain"


class Row(NamedTuple):
    """A row: parts from the left edge, parts at the right edge, and whether the cursor may stand on it."""

    left: Sequence[Part]
    right: Sequence[Part] = ()
    selectable: bool = True


ROLES = ("plain", "dim", "strong", "match", "good", "bad", "heading")


class LineList(ScrollView, can_focus=True):
    """Rows with a cursor.

    | key | does |
    | --- | --- |
    | up, down, k, j | move |
    | pageup, pagedown, home, end | move further |
    | enter | choose the row |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"line-list--{role}" for role in (*ROLES, "cursor", "resting"))}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "First", show=False),
        Binding("end,G", "edge(-1)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    cursor = reactive(0, repaint=False)
    """The row that the cursor stands on."""

    class Chosen(Message):
        """Enter was pressed on a row."""

        def __init__(self, source: LineList, index: int) -> None:
            super().__init__()
            self.source = source
            self.index = index

        @property
        def control(self) -> LineList:
            return self.source

    class Moved(Message):
        """The cursor stands on another row, or the rows are others."""

        def __init__(self, source: LineList, index: int) -> None:
            super().__init__()
            self.source = source
            self.index = index

        @property
        def control(self) -> LineList:
            return self.source

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Row] = ()
        self._styles: dict[str, Style] = {}

    def set_rows(self, rows: Sequence[Row], cursor: int | None = None) -> None:
        """Show other rows; the cursor stays where it is unless told, or moves to the nearest row that takes it."""
        self._rows = rows
        self.virtual_size = Size(0, len(rows))
        wanted = self._nearest(self.cursor if cursor is None else cursor)
        moved = wanted == self.cursor
        self.cursor = wanted
        if moved:
            self.post_message(self.Moved(self, wanted))
        self.refresh()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def in_view(self) -> slice:
        """Which rows are visible."""
        top = round(self.scroll_y)
        return slice(top, top + self.size.height)

    def _nearest(self, index: int) -> int:
        index = max(0, min(index, len(self._rows) - 1))
        candidate: int
        for candidate in itertools.chain(range(index, len(self._rows)), range(index - 1, -1, -1)):
            if self._rows[candidate].selectable:
                return candidate
        return 0

    def on_focus(self) -> None:
        self._repaint(self.cursor)

    on_blur = on_focus

    def watch_cursor(self, old: int, new: int) -> None:
        for index in {old, new}:
            self._repaint(index)
        self.scroll_to_region(Region(0, new, 1, 1), animate=False, force=True)
        self.post_message(self.Moved(self, new))

    def _repaint(self, index: int) -> None:
        y = index - round(self.scroll_y)
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self) -> None:
        self.virtual_size = Size(0, len(self._rows))

    def action_move(self, step: int) -> None:
        index = self.cursor + step
        while 0 <= index < len(self._rows) and not self._rows[index].selectable:
            index += step
        if 0 <= index < len(self._rows):
            self.cursor = index
        elif step < 0:
            self.scroll_home(animate=False)

    def action_page(self, direction: int) -> None:
        self.cursor = self._nearest(self.cursor + direction * max(1, self.size.height - 1))

    def action_edge(self, edge: int) -> None:
        self.cursor = self._nearest(0 if edge == 0 else len(self._rows) - 1)

    def action_choose(self) -> None:
        if self._rows and self._rows[self.cursor].selectable:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: object) -> None:
        y = getattr(event, "y", 0) + round(self.scroll_y)
        if y == self.cursor:
            self.action_choose()
        elif 0 <= y < len(self._rows) and self._rows[y].selectable:
            self.cursor = y

    def render_line(self, y: int) -> Strip:
        index = y + round(self.scroll_y)
        width = self.scrollable_content_region.width
        base = self.rich_style
        if index >= len(self._rows):
            return Strip.blank(width, base)
        here = index == self.cursor and self._rows[index].selectable
        over = self._style("cursor" if self.has_focus or not self.can_focus else "resting") if here else Style.null()
        return Strip(self._segments(self._rows[index], width, base, over), width)

    def _segments(self, row: Row, width: int, base: Style, over: Style) -> list[Segment]:
        right = self._painted(row.right, base, over)
        right_width = sum(cell_len(segment.text) for segment in right)
        if right_width > width // 2:
            right, right_width = [], 0
        left = self._painted(row.left, base, over)
        return [*_fitted(left, width - right_width, base + over), *right]

    def _painted(self, parts: Sequence[Part], base: Style, over: Style) -> list[Segment]:
        return [
            Segment(sanitize_line(part.text, _TEXT_MAX_CHARACTERS), base + self._style(part.role) + over)
            for part in parts
        ]

    def _style(self, role: str) -> Style:
        if role not in self._styles:
            self._styles[role] = self.get_component_rich_style(f"line-list--{role}", partial=True)
        return self._styles[role]


def _fitted(segments: list[Segment], width: int, filler: Style) -> list[Segment]:
    """Segments cut or padded to a width in cells."""
    fitted = []
    for text, style, _ in segments:
        size = cell_len(text)
        if size > width:
            cut = set_cell_size(text, width - 1) + "…" if width > 0 and not text.isspace() else " " * width
            fitted.append(Segment(cut, style))
            return fitted
        fitted.append(Segment(text, style))
        width -= size
    if width > 0:
        fitted.append(Segment(" " * width, filler))
    return fitted
