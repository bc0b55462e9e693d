"""The core for one verb of `codi sync`, on an event loop, and the line that says how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, TypeVar

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cli.narration import STDERR
from codi_tui.cli.narration import notice as say_notice
from codi_tui.cli.progress import ProgressLine
from codi_tui.library.http import HttpTransport
from codi_tui.operations.core import assemble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codi_tui.operations.core import Core

T = TypeVar("T")
_TICK_SECONDS = 0.1


class Progress:
    """How far a verb is. On a terminal it shows after half a second."""

    def __init__(self) -> None:
        self.done = 0
        self.total: int | None = None
        self.message = ""
        self._line = ProgressLine(time.monotonic()) if os.isatty(STDERR) else None

    def step(self, message: str) -> None:
        """One more is done."""
        self.done += 1
        self.message = message

    def notice(self, message: str) -> None:
        """Say something above the line."""
        self.erase()
        say_notice(message)

    def erase(self) -> None:
        """Leave nothing of the line; it comes back with the next tick."""
        if self._line is not None:
            self._line.erase()

    async def tick(self) -> None:
        """Show it, again and again, until this is cancelled."""
        while self._line is not None:
            await asyncio.sleep(_TICK_SECONDS)
            self._line.show(self.done, self.total, self.message)


def with_core(
    work: Callable[[Core, Progress], Awaitable[T]],
    *,
    offline: bool = False,
    folder: str | None = None,
    asks: bool = False,
) -> T:
    """Do a verb's work with the core of this user's settings.

    Not `asyncio.run`: it waits for a resolver that hangs. What is left of the loop ends with the process.

    Args:
        offline: open no socket.
        folder: the working folder, whose lock is followed.
        asks: whether a person may be asked meanwhile: ctrl-c then ends the question, and not only the loop's next wait.

    Raises:
        CodiError: the core cannot be had, or the work fails.
        KeyboardInterrupt: ctrl-c; what was stored before stays.
    """
    progress = Progress()

    async def run() -> T:
        core = await assemble(
            connect=AsyncStorage.open,
            transport=HttpTransport,
            offline=offline,
            notice=progress.notice,
            folder=folder,
        )
        ticking = asyncio.ensure_future(progress.tick())
        try:
            return await work(core, progress)
        finally:
            ticking.cancel()
            progress.erase()
            await core.close()

    loop = asyncio.new_event_loop()
    task = loop.create_task(run())
    with contextlib.suppress(NotImplementedError):  # Windows
        if not asks:
            loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        return loop.run_until_complete(task)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
