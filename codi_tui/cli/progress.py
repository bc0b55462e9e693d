"""Progress on a terminal: one line on stderr that is rewritten, and gone when the run is over."""

from __future__ import annotations

import os
import time
import unicodedata

from codi_tui.cli.narration import STDERR, write_stderr
from codi_tui.text import sanitize_line

SHOWN_AFTER_SECONDS = 0.5
"""What is over sooner needs no progress."""
_REDRAWN_AFTER_SECONDS = 0.1
_COLUMNS = 80


class ProgressLine:
    """The line. Whatever else is written to the terminal, `erase` comes first."""

    def __init__(self, begun: float) -> None:
        """
        Args:
            begun: when the run began, in `time.monotonic` seconds.
        """
        self._next = begun + SHOWN_AFTER_SECONDS
        self._cells = 0

    def show(self, done: int, total: int | None, message: str | None) -> None:
        """Rewrite the line, not too often."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _REDRAWN_AFTER_SECONDS
        count = f"{done}" if total is None else f"{done}/{total}"
        text = _cut(sanitize_line(f"{count}  {message}" if message else count), _columns() - 1)
        cells = _width(text)
        write_stderr(f"\r{text}{' ' * (self._cells - cells)}".encode(errors="replace"))
        self._cells = cells

    def erase(self) -> None:
        """Leave nothing of the line."""
        if self._cells:
            write_stderr(b"\r" + b" " * self._cells + b"\r")
            self._cells = 0


def _columns() -> int:
    try:
        return os.get_terminal_size(STDERR).columns or _COLUMNS
    except OSError:
        return _COLUMNS


def _cut(text: str, cells: int) -> str:
    while _width(text) > cells:
        text = text[:-1]
    return text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
