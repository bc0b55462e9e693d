"""The output pane's rows: which line stands where, and how a line is drawn. No scrolling and no keys here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.strip import Strip

from codi_tui.ui.buffer import OutputBuffer, OutputLine
from codi_tui.ui.foot import grouped

GUTTER_CELLS = 2
MARKS = {"stdout": " ", "stderr": "!", "log": "-", "notice": "="}
"""What the first cell of a row says of its stream. A guest cannot write there."""
ROLES = ("mark", "stdout", "stderr", "log", "notice", "match", "gap")
_CACHED = 1_000


class Rows(NamedTuple):
    """How lines map to rows at one moment: one row stands for all the lines that are lost."""

    lines: int
    lost: range

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self.lines - len(self.lost) + bool(self.lost)

    def line_at(self, row: int) -> int | None:
        """The line that a row shows; None for the lost ones."""
        if not self.lost or row < self.lost.start:
            return row
        return None if row == self.lost.start else row - self.lost.start - 1 + self.lost.stop

    def row_of(self, line: int) -> int:
        """The row that shows a line."""
        if not self.lost or line < self.lost.start:
            return line
        return self.lost.start if line in self.lost else line - len(self.lost) + 1


class Painter:
    """Draws the rows of one buffer, and remembers what it drew last."""

    def __init__(self, buffer: OutputBuffer, style_of: Callable[[str], Style]) -> None:
        """
        Args:
            style_of: the style of one of `ROLES`.
        """
        self.rows = Rows(0, range(0))
        self.wrap = False
        self._buffer = buffer
        self._style_of = style_of
        self._pattern: re.Pattern[str] | None = None
        self._current: int | None = None
        self._lines: LRUCache[int, OutputLine] = LRUCache(_CACHED)
        self._pieces: tuple[object, list[tuple[int, int]]] = (None, [])
        self._strips: LRUCache[tuple[int, int, int, int, bool], Strip] = LRUCache(_CACHED)

    def mark(self, query: str, current: int | None) -> None:
        """Show where a text is found, and which line was found last."""
        self._pattern = re.compile(re.escape(query), re.IGNORECASE) if query else None
        self._current = current
        self.forget()

    def forget(self) -> None:
        """Draw everything anew, in new styles."""
        self._strips.clear()

    def last_top(self, view: Size) -> int:
        """The row at the top when the last one is in view."""
        rows, left = self.rows.total, view.height
        if not self.wrap:
            return max(0, rows - left)
        top = rows
        while top > 0 and (left := left - len(self._parts(top - 1, view.width - GUTTER_CELLS))) >= 0:
            top -= 1
        return min(top, max(0, rows - 1))

    def piece_at(self, top: int, y: int, view: Size) -> tuple[int, int]:
        """The row and the piece of it that is drawn `y` below the top row; a row past the last where there is none."""
        if not self.wrap:
            return top + y, 0
        key = (top, view, self.rows)
        if self._pieces[0] != key or top + view.height > self._buffer.lines_whole:
            self._pieces = (key, self._wrapped(top, view))
        pieces = self._pieces[1]
        return pieces[y] if y < len(pieces) else (self.rows.total, 0)

    def _wrapped(self, top: int, view: Size) -> list[tuple[int, int]]:
        pieces: list[tuple[int, int]] = []
        row = top
        while len(pieces) < view.height and row < self.rows.total:
            pieces += [(row, part) for part in range(len(self._parts(row, view.width - GUTTER_CELLS)))]
            row += 1
        return pieces

    def cells(self, row: int) -> int:
        """How wide a row's text is."""
        return cell_len(self._line(row).text) if row < self.rows.total else 0

    def strip(self, row: int, part: int, column: int, width: int) -> Strip:
        """A row as it is drawn.

        Args:
            part: which piece of a wrapped line, from 0.
            column: how many cells are scrolled out on the left; 0 when wrapped.
            width: cells for gutter and text.
        """
        line = self.rows.line_at(row)
        key = (-1 if line is None else line, part, column, width, self.wrap)
        settled = line is not None and line < self._buffer.lines_whole
        strip = self._strips.get(key) if settled else None
        if strip is None:
            strip = self._draw(row, part, column, max(1, width - GUTTER_CELLS)).adjust_cell_length(
                width, self._style_of("stdout")
            )
            if settled:
                self._strips[key] = strip
        return strip

    def _draw(self, row: int, part: int, column: int, width: int) -> Strip:
        line = self._line(row)
        number = self.rows.line_at(row)
        style = self._style_of("gap" if number is None else line.stream)
        mark = MARKS[line.stream] if part == 0 else " "
        gutter = Segment(
            mark + (">" if number is not None and number == self._current else " "), self._style_of("mark")
        )
        start, text = 0, line.text
        if self.wrap:
            parts = self._parts(row, width)
            start, text = sum(map(len, parts[:part])), parts[part] if part < len(parts) else ""
        body = Strip(self._segments(line.text, start, start + len(text), style))
        return Strip([gutter, *_window(body, column, width, style)])

    def _segments(self, text: str, start: int, end: int, style: Style) -> list[Segment]:
        """A stretch of a line, what was found set off."""
        segments, at = [], start
        for match in self._pattern.finditer(text) if self._pattern is not None else ():
            first, last = max(match.start(), start), min(match.end(), end)
            if first < last:
                segments += [Segment(text[at:first], style), Segment(text[first:last], self._style_of("match"))]
                at = last
        return [*segments, Segment(text[at:end], style)]

    def _parts(self, row: int, width: int) -> list[str]:
        return chop_cells(self._line(row).text, max(1, width)) or [""]

    def _line(self, row: int) -> OutputLine:
        """The text of a row. Lines that have not ended are read anew each time."""
        number = self.rows.line_at(row)
        if number is not None and (known := self._lines.get(number)) is not None:
            return known
        try:
            if number is None:
                raise IndexError
            line = self._buffer.line(number)
        except IndexError:
            return OutputLine(f"({grouped(len(self._buffer.lost))} lines were not kept)", "notice")
        if number < self._buffer.lines_whole:
            self._lines[number] = line
        return line


def _window(strip: Strip, column: int, width: int, style: Style) -> list[Segment]:
    """What is visible of a line; the last cell says when there is more."""
    if strip.cell_length - column <= width:
        return list(strip.crop(column))
    return [*strip.crop(column, column + width - 1), Segment("…", style)]
