"""OutputPane: a run's output, with the keys to move in it and to search it."""

from __future__ import annotations

from typing import ClassVar

from textual import events, work
from textual.binding import Binding, BindingType

from codi_tui.ui.pump import give_way
from codi_tui.ui.widgets.output_rows import GUTTER_CELLS
from codi_tui.ui.widgets.output_search import Hunt
from codi_tui.ui.widgets.output_view import OutputView

_SIDEWAYS_CELLS = 8


class OutputPane(OutputView):
    """The output of one run.

    | key | does |
    | --- | --- |
    | up, down, k, j, pageup, pagedown | scroll; upwards also stops following |
    | home, g | the first line |
    | end, G, f | the last line, and follow |
    | left, right, h, l | sideways, while lines are not wrapped |
    | w | wrap lines, or cut them at the edge with … |
    | / | search; n and N go on, forwards and backwards |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="output.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="output.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="output.page_up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="output.page_down"),
        Binding("home,g", "first", "First line", show=False, id="output.first"),
        Binding("end,G,f", "follow", "Follow", id="output.follow"),
        Binding("left,h", "sideways(-1)", "Left", show=False, id="output.left"),
        Binding("right,l", "sideways(1)", "Right", show=False, id="output.right"),
        Binding("w", "wrap", "Wrap", id="output.wrap"),
        Binding("slash", "search", "Search", id="output.search"),
        Binding("n", "again(1)", "Next match", show=False, id="output.next"),
        Binding("N", "again(-1)", "Previous match", show=False, id="output.previous"),
    ]

    def action_move(self, rows: int) -> None:
        """Scroll by rows."""
        self._scroll_by(rows)

    def action_page(self, pages: int) -> None:
        """Scroll by as many rows as are visible, but one."""
        self._scroll_by(pages * max(1, self._view.height - 1))

    def action_first(self) -> None:
        """Show the first line from its start."""
        self._column = 0
        self._pause()
        self._place(0)

    def action_follow(self) -> None:
        """Show the last lines, and keep to them."""
        self._following = True
        self._refresh_view()
        self._say_foot()

    def action_sideways(self, steps: int) -> None:
        """Scroll sideways, as far as the lines in view reach."""
        if not self._wrap:
            widest = max((self._painter.cells(self._row_at(y)[0]) for y in range(self._view.height)), default=0)
            most = max(0, self._column, widest + GUTTER_CELLS - self._view.width)
            self._column = min(max(0, self._column + steps * _SIDEWAYS_CELLS), most)
            self.refresh()

    def action_wrap(self) -> None:
        """Wrap lines, or cut them."""
        line = self._top_line()
        self._wrap = not self._wrap
        self._painter.wrap = self._wrap
        self._column = 0
        self._refresh_view(line)

    def action_search(self) -> None:
        """Type what to search for."""
        self._search.begin(self._top_line(), followed=self._following)
        self._mark()

    def action_again(self, step: int) -> None:
        """Search on."""
        if self._search.query:
            found = self._search.found
            self._look(self._top_line() if found is None else found + step, backwards=step < 0)

    async def _on_key(self, event: events.Key) -> None:
        """Keys act here, not some turns of the loop later as bindings do: a query that was typed ahead stays one."""
        if self._search.typing:
            event.stop()
            event.prevent_default()
            self._type(event)
            return
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, self):
                event.stop()
                event.prevent_default()
                return

    def _type(self, event: events.Key) -> None:
        search = self._search
        if event.key == "enter":
            search.typing = False
            self._mark()
        elif event.key == "escape" or (event.key == "backspace" and not search.query):
            self._leave_search()
        elif event.key == "backspace":
            search.rub_out()
            self._look(search.origin)
        elif event.is_printable and event.character:
            search.type(event.character)
            self._look(search.origin)

    def _on_paste(self, event: events.Paste) -> None:
        if self._search.typing:
            event.stop()
            self._search.type(event.text)
            self._look(self._search.origin)

    def _scroll_by(self, rows: int) -> None:
        before = self.scroll_y
        self._place(round(before) + rows)
        if self.scroll_y < before:
            self._pause()

    # Searching

    def _look(self, start: int, *, backwards: bool = False) -> None:
        """Search; what takes longer than a slice goes on beside the keyboard."""
        self.workers.cancel_group(self, "search")
        hunt = Hunt(self._buffer, self._search.query, start, backwards=backwards)
        if not self._search.query:
            self._mark()
        elif hunt.step():
            self._tell(hunt.found, around=hunt.around)
        else:
            self._search.looking()
            self._mark()
            self._look_on(hunt)

    @work(group="search", exclusive=True, exit_on_error=False)
    async def _look_on(self, hunt: Hunt) -> None:
        await give_way()
        while not hunt.step():
            await give_way()
        self._tell(hunt.found, around=hunt.around)

    def _tell(self, found: int | None, *, around: bool) -> None:
        self._search.tell(found, around=around)
        if found is not None:
            self._pause()
            self._refresh_view()
            row, last = self._painter.rows.row_of(found), self._view.height - 1 - self._search.typing
            if not self._row_at(0)[0] <= row <= self._row_at(max(0, last))[0]:
                self._place(row - self._view.height // 2)
        self._mark()

    def leave_search(self) -> bool:
        """Clear the search that was made, and what it marks; False when there is none."""
        if not self._search.query:
            return False
        self._search.cancel()
        self._mark()
        return True

    def _leave_search(self) -> None:
        """Take the search back: as it was before."""
        self.workers.cancel_group(self, "search")
        followed, origin = self._search.followed, self._search.origin
        self._search.cancel()
        self._mark()
        if followed:
            self.action_follow()
        else:
            self._refresh_view(origin)

    def _mark(self) -> None:
        self._painter.mark(self._search.query, self._search.found)
        self.refresh()
        self._say_foot()
