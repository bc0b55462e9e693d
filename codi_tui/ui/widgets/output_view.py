"""OutputView: a run's output as it streams. Only what is visible is read and drawn, at most once a frame.

No keys here: `OutputPane` adds them.
"""

from __future__ import annotations

import time
from typing import ClassVar, NamedTuple
from weakref import WeakKeyDictionary

from rich.segment import Segment
from rich.style import Style
from textual import constants
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.foot import RateMeter, View, foot_text
from codi_tui.ui.pace import Pace
from codi_tui.ui.widgets.output_rows import ROLES, Painter, Rows
from codi_tui.ui.widgets.output_search import OutputSearch

_FOOT_SECONDS = 0.25
"""Between two feet while lines come in."""


class _Position(NamedTuple):
    following: bool
    line: int
    column: int
    left_at: int


class OutputView(ScrollView, can_focus=True, inherit_bindings=False):
    """The rows of one output, following it or standing still.

    Wrapped, it still scrolls by line: the first row in view is the start of a line, and the last line can always be
    reached. So no height is ever computed of a line that is not in view.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"output--{role}" for role in (*ROLES, "prompt")}
    DEFAULT_CSS = """
    OutputView {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        & > .output--mark { text-style: bold; }
        & > .output--stderr { color: $text-error; }
        & > .output--log { text-style: italic; }
        & > .output--notice { text-style: bold; }
        & > .output--match { text-style: reverse; }
        & > .output--gap { text-style: italic; }
        & > .output--prompt { text-style: bold; }
    }
    """

    class FootChanged(Message, namespace="output_pane"):
        """What the pane's foot should say is another text now; it is safe, and must not be read as markup."""

        def __init__(self, pane: OutputView, text: str) -> None:
            super().__init__()
            self.pane = pane
            self.text = text

        @property
        def control(self) -> OutputView:
            return self.pane

    def __init__(self, *, flush_seconds: float = 0.05, id: str | None = None, classes: str | None = None) -> None:
        """
        Args:
            flush_seconds: the least time between two frames: 0.05 at a local terminal, 0.1 over SSH.
        """
        super().__init__(id=id, classes=classes)
        self._flush_seconds = flush_seconds
        self._pace = Pace(flush_seconds, max(flush_seconds, 2 / constants.MAX_FPS))
        self._timer: Timer | None = None
        self._positions: WeakKeyDictionary[OutputBuffer, _Position] = WeakKeyDictionary()
        self._placing = False
        self._wrap = False
        self._said = ""
        self._foot_due = 0.0
        self._begin(OutputBuffer(None))

    # For the screen

    @property
    def buffer(self) -> OutputBuffer:
        """The output in view."""
        return self._buffer

    @property
    def following(self) -> bool:
        """Whether the last lines stay in view."""
        return self._following

    def show(self, buffer: OutputBuffer) -> None:
        """Show another output, as it was left when it was shown before."""
        self._positions[self._buffer] = _Position(self._following, self._top_line(), self._column, self._left_at)
        self._begin(buffer)
        if self._timer is not None:
            self._timer.resume()
        if buffer in self._positions:
            self._refresh_view(self._positions[buffer].line)
        self.tick()

    def tick(self) -> None:
        """Show what came. A timer calls it; call it when something is fed after the run's end."""
        now, over = time.monotonic(), self._buffer.seconds is not None
        self._meter.sample(self._buffer.lines_total)
        if self._state() != self._shown and self._pace.is_due(now):
            self._pace.begin(now)
            self._refresh_view()
            self.call_after_refresh(self._drawn, now)
        if over or now >= self._foot_due:
            self._foot_due = now + _FOOT_SECONDS
            self._say_foot()
        if over and self._timer is not None and self._state() == self._shown:
            self._timer.pause()

    def foot(self) -> str:
        """What is shown, kept and lost, and how the run goes. Safe text."""
        over = self._buffer.seconds is not None
        new = max(0, self._buffer.lines_total - self._left_at)
        drawn = max(1, self._view.height) / self._pace.wait_seconds
        view = View(self._following, new, 0 if over else self._meter.rate, drawn)
        return " · ".join(part for part in (foot_text(self._buffer, view), self._search.note) if part)

    # Frames

    def on_mount(self) -> None:
        """Begin to follow the buffer."""
        self._timer = self.set_interval(self._flush_seconds, self.tick)

    def on_resize(self) -> None:
        """Keep the last lines, or the user's, in view."""
        self._refresh_view()

    def notify_style_update(self) -> None:
        """Textual's: the theme or the focus changed."""
        super().notify_style_update()
        self._painter.forget()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's: whoever scrolls upwards does not want to follow any more."""
        super().watch_scroll_y(old_value, new_value)
        if not self._placing and new_value < old_value:
            self._pause()

    def render_line(self, y: int) -> Strip:
        """Textual's: a row of the pane."""
        width = self._view.width
        if self._search.typing and y == self._view.height - 1:
            style = self._style_of("prompt")
            return Strip([Segment(self._search.prompt, style)]).adjust_cell_length(width, style)
        row, part = self._row_at(y)
        if row >= self._painter.rows.total:
            return Strip.blank(width, self.rich_style)
        return self._painter.strip(row, part, self._column, width)

    # View

    def _begin(self, buffer: OutputBuffer) -> None:
        self._buffer = buffer
        self._foot_due = 0.0
        self._pace.reset()
        self._painter = Painter(buffer, self._style_of)
        self._painter.wrap = self._wrap
        self._search = OutputSearch()
        self._meter = RateMeter()
        self._shown, self._settled = (-1, -1, False), 0
        left = self._positions.get(buffer, _Position(following=True, line=0, column=0, left_at=0))
        self._following, self._column, self._left_at = left.following, left.column, left.left_at

    def _state(self) -> tuple[int, int, bool]:
        buffer = self._buffer
        return (buffer.lines_total, buffer.bytes_total, buffer.seconds is None)

    def _drawn(self, began: float) -> None:
        self._pace.end(began, time.monotonic())

    def _refresh_view(self, line: int | None = None) -> None:
        """Show what the buffer holds by now, with the same line (or another) at the top, or the last one in view."""
        keep = self._top_line() if line is None else line
        same = line is None and self._stands_still()
        self._shown, self._settled = self._state(), self._buffer.lines_whole
        self._painter.rows = Rows(self._buffer.lines_total, self._buffer.lost)
        last_top, view = self._painter.last_top(self._view), self._view
        self.set_reactive(OutputView.virtual_size, Size(view.width, last_top + view.height))
        if self.is_attached:
            self.vertical_scrollbar.window_virtual_size = last_top + view.height
        self._place(last_top if self._following else self._painter.rows.row_of(keep))
        if not same:
            self.refresh()

    def _stands_still(self) -> bool:
        """Whether what comes in changes nothing that is in view, so that nothing need go over the wire."""
        last = round(self.scroll_y) + self._view.height
        return not self._following and self._painter.rows.lost == self._buffer.lost and last <= self._settled

    def _place(self, row: int) -> None:
        """Put a row at the top, or as near as there are rows."""
        self._placing = True
        self.scroll_to(y=row, animate=False, immediate=True, force=True)
        self._placing = False

    def _pause(self) -> None:
        if self._following:
            self._following = False
            self._left_at = self._buffer.lines_total
            self._say_foot()

    def _top_line(self) -> int:
        rows = self._painter.rows
        line = rows.line_at(round(self.scroll_y))
        return rows.lost.start if line is None else line

    def _row_at(self, y: int) -> tuple[int, int]:
        """The row, and the piece of it, that is drawn at a height."""
        return self._painter.piece_at(round(self.scroll_y), y, self._view)

    @property
    def _view(self) -> Size:
        """The cells for rows: all but the scrollbar."""
        return self.scrollable_content_region.size

    def _style_of(self, role: str) -> Style:
        return self.get_component_rich_style(f"output--{role}")

    def _say_foot(self) -> None:
        text = self.foot()
        if text != self._said:
            self._said = text
            self.post_message(self.FootChanged(self, text))
