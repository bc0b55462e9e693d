"""What the output pane's foot says: how much is shown, kept and lost, whether it follows, and how the run ended."""

from __future__ import annotations

import time
from typing import NamedTuple

from codi_tui.text import sanitize_line
from codi_tui.ui.buffer import OutputBuffer

_PROGRESS_CHARACTERS = 40
_SAMPLE_SECONDS = 0.5


class View(NamedTuple):
    """What a pane knows beside its buffer.

    Attributes:
        following: whether the last lines stay in view.
        new: lines that came since it stopped following.
        rate: lines that come in a second, 0 when the run is over.
        drawn: lines that can be drawn in a second.
    """

    following: bool
    new: int
    rate: float
    drawn: float


class RateMeter:
    """Lines a second, over about the last half second."""

    def __init__(self) -> None:
        self._sampled, self._lines = time.monotonic(), 0
        self.rate = 0.0

    def sample(self, lines: int) -> None:
        """Say how many lines there are by now."""
        now = time.monotonic()
        if now - self._sampled >= _SAMPLE_SECONDS:
            self.rate = max(0, lines - self._lines) / (now - self._sampled)
            self._sampled, self._lines = now, lines


def foot_text(buffer: OutputBuffer, view: View) -> str:
    """The foot, parts separated by ` · `, the most important first."""
    if buffer.seconds is None:
        state = [f"{int(time.monotonic() - buffer.started)} s", sanitize_line(buffer.progress, _PROGRESS_CHARACTERS)]
    else:
        state = [buffer.outcome, _seconds_text(buffer.seconds)]
    parts = [*state, _follow_text(view), _rate_text(view), _kept_text(buffer)]
    return " · ".join(part for part in parts if part)


def _kept_text(buffer: OutputBuffer) -> str:
    total, lost = buffer.lines_total, len(buffer.lost)
    lines = f"{grouped(total)} line{'' if total == 1 else 's'}"
    if lost:
        return f"{lines}, {grouped(lost)} not kept ({buffer.stopped})"
    return f"{lines}, all kept" if buffer.stopped is None else f"{lines}, from here only the last ({buffer.stopped})"


def _follow_text(view: View) -> str:
    if view.following:
        return "following"
    return f"paused, +{grouped(view.new)} new" if view.new else "paused"


def _rate_text(view: View) -> str:
    """Said only when more comes than can be seen."""
    if view.rate <= 2 * view.drawn:
        return ""
    shown = f", 1 in {grouped(round(view.rate / view.drawn))} shown" if view.following and view.drawn else ""
    return f"{grouped(round(view.rate))} lines/s{shown}"


def _seconds_text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def grouped(number: int) -> str:
    """A number with its thousands set apart: `1 204 311`."""
    return f"{number:,}".replace(",", " ")
