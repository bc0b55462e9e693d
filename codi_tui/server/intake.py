"""What a server does by itself: it reads its list, and follows what is laid out in its folder."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from codi_tui.errors import CodiError
from codi_tui.holdings.laid_out import take_in_all
from codi_tui.limits import SERVER_SCAN_SECONDS
from codi_tui.server.context import Context
from codi_tui.server.logs import log

_PAUSE = 4
"""Looking at very many files takes a while; it is left alone for so many times as long."""


@asynccontextmanager
async def following(context: Context, read_catalog: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Follow the folder for as long as the block runs."""
    tasks = [asyncio.ensure_future(read_catalog()), asyncio.create_task(_follow(context))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _follow(context: Context) -> None:
    while True:
        began = time.monotonic()
        async with context.publishing:
            try:
                await asyncio.to_thread(take_in_all, context.folder, context.origin, _report)
            except (CodiError, OSError) as error:
                log(f"the laid-out files cannot be read: {error}", logging.ERROR)
        await asyncio.sleep(max(SERVER_SCAN_SECONDS, (time.monotonic() - began) * _PAUSE))


def _report(path: str, refusal: CodiError | None) -> None:
    if refusal is None:
        log("taken in", file=path)
    else:
        log(f"refused: {refusal.message}", logging.WARNING, file=path, code=refusal.code)
