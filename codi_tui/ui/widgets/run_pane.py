"""RunPane: the output of one run, which others there are, how it stands, and how to stop it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.run import Run
from codi_tui.ui.runs import Runs
from codi_tui.ui.safe import line, styled
from codi_tui.ui.widgets.output import OutputPane

_TABS = 6
_STYLES = {"ended": "$success", "failed": "$error", "cancelled": "$warning"}


class RunPane(Vertical):
    """The output of a run.

    | key | does |
    | --- | --- |
    | [ and ] | the run before, and after |
    | escape | cancel it while it goes on |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "other(-1)", "Previous run", show=False),
        Binding("right_square_bracket", "other(1)", "Next run", show=False),
    ]

    def __init__(self, runs: Runs, glyphs: Glyphs, flush_seconds: float, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._runs = runs
        self._glyphs = glyphs
        self._shown: Run | None = None
        self._said: tuple[object, ...] = ()
        self._flush_seconds = flush_seconds
        self.pane = OutputPane(flush_seconds=flush_seconds)

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.border_title = line("3 Output")
        self.border_subtitle = line("nothing has run yet")
        self.set_interval(max(0.1, self._flush_seconds), self._refresh_titles)

    @property
    def shown(self) -> Run | None:
        return self._shown

    def show_newest(self) -> None:
        runs = list(self._runs)
        if runs:
            self._show(runs[-1])

    def _show(self, run: Run) -> None:
        self._shown = run
        self.pane.show(run.buffer)
        self._refresh_titles()

    def action_other(self, step: int) -> None:
        runs = list(self._runs)
        if self._shown in runs:
            self._show(runs[(runs.index(self._shown) + step) % len(runs)])

    def cancel(self) -> bool:
        """Stop the run that is shown; False when there is none that goes on."""
        return self._shown is not None and self._runs.cancel(self._shown)

    def leave_search(self) -> bool:
        """Clear a search and what it marks; False when there is none."""
        return self.pane.leave_search()

    def written(self) -> str:
        """The line that does what the run did."""
        return "" if self._shown is None else self._shown.written

    def _refresh_titles(self) -> None:
        """Repaint title and foot when they say something else."""
        if self._shown is None:
            return
        tabs = tuple((run.number, run.state) for run in self._runs)
        foot = self._foot(self._shown)
        said = (tabs, self._shown.number, foot)
        if said == self._said:
            return
        self._said = said
        others = [run for run in reversed(list(self._runs)) if run is not self._shown]
        shown = [self._shown, *others][:_TABS]
        self.border_title = styled("3 ", *(part for run in shown for part in self._tab(run)))
        self.border_subtitle = line(foot)

    def _tab(self, run: Run) -> tuple[str | tuple[str, str], ...]:
        glyph = self._glyphs[{"ended": "ok" if run.exit_status == 0 else "failed"}.get(run.state, run.state)]
        clock = time.strftime("%H:%M", time.localtime(run.started_at))
        style = _STYLES.get(run.state, "$accent")
        if run.state == "ended" and run.exit_status:
            style = "$error"
        name = f"{run.command} {clock} "
        return (f"{glyph} ", style), (name, "bold underline") if run is self._shown else name

    def _foot(self, run: Run) -> str:
        parts = [{"running": "Esc cancels", "cancelling": "cancelling"}.get(run.state, "")]
        parts.append(self.pane.foot().replace("·", self._glyphs["dot"]))
        return f" {self._glyphs['dot']} ".join(part for part in parts if part)
