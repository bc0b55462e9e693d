"""Pace: when the next frame of a stream may be drawn. A slow terminal gets fewer, so that keys are not queued behind."""

from __future__ import annotations

_WAIT_MAX_SECONDS = 1.0
"""Between two frames, however slow the terminal is."""


class Pace:
    """Halves the frame rate while frames take long to get out, and recovers slowly."""

    def __init__(self, flush_seconds: float, slow_seconds: float) -> None:
        """
        Args:
            flush_seconds: the least time between two frames.
            slow_seconds: how long a frame may take to get out before there are fewer.
        """
        self.wait_seconds = flush_seconds
        """Between two frames, for now."""
        self._flush_seconds = flush_seconds
        self._slow_seconds = slow_seconds
        self._due = 0.0

    def is_due(self, now: float) -> bool:
        """Whether a frame may be begun."""
        return now >= self._due

    def begin(self, now: float) -> None:
        """A frame was begun. The next waits until it is out, or for the longest wait."""
        self._due = now + _WAIT_MAX_SECONDS

    def end(self, began: float, now: float) -> None:
        """The frame is out."""
        if now - began > self._slow_seconds:
            self.wait_seconds = min(self.wait_seconds * 2, _WAIT_MAX_SECONDS)
        else:
            self.wait_seconds = max(self.wait_seconds * 0.8, self._flush_seconds)
        self._due = began + self.wait_seconds

    def reset(self) -> None:
        """The next frame may be begun at once."""
        self._due = 0.0
