"""Taking in a run's events, in slices that leave the keyboard its turns."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable

from codi_tui.limits import OUTPUT_SLICE_SECONDS
from codi_tui.model.events import RunEvent

_TURNS = 8


async def pump(events: AsyncGenerator[RunEvent, None], take: Callable[[RunEvent], None]) -> None:
    """Take in a run to its end. Not reading is the back-pressure: nothing is queued here.

    Cancelling closes the events, which ends the run.
    """
    async with contextlib.aclosing(events):
        deadline = time.perf_counter() + OUTPUT_SLICE_SECONDS
        async for event in events:
            take(event)
            if time.perf_counter() >= deadline:
                await give_way()
                deadline = time.perf_counter() + OUTPUT_SLICE_SECONDS


async def give_way() -> None:
    """Let a key come all the way: from the terminal through the app to the widget takes several turns of the loop."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
