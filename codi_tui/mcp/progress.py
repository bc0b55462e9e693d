"""Progress of a run as MCP has it: always rising, and no more of it than somebody could follow."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from codi_tui.limits import MCP_PROGRESS_SECONDS
from codi_tui.model.events import RunEvent
from codi_tui.text import sanitize_line

Report = Callable[[float, float | None, str | None], Awaitable[None]]


class Progress:
    """Passes on what a guest says of its progress; what comes too soon waits for the next, and the last is told."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told = float("-inf")
        self._next_at = 0.0
        self._waiting: RunEvent | None = None

    async def take(self, event: RunEvent) -> None:
        """The next event."""
        if event.type == "progress":
            self._waiting = event
        if self._waiting is not None and (event.type != "progress" or time.monotonic() >= self._next_at):
            await self._tell(self._waiting)

    async def _tell(self, event: RunEvent) -> None:
        self._waiting = None
        done = event.fields.get("done")
        if done is None or done <= self._told:
            return  # MCP wants it to rise
        self._told = done
        self._next_at = time.monotonic() + MCP_PROGRESS_SECONDS
        message = event.fields.get("message")
        await self._report(done, event.fields.get("total"), None if message is None else sanitize_line(str(message)))
