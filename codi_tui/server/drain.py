"""Stopping without breaking what is in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from codi_tui.errors import UnavailableError


class Drain:
    """Counts what has to be let finish when the server is told to stop.

    Attributes:
        draining: set when it was told to; nothing new is begun from then on.
    """

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self._held = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def check(self) -> None:
        """Refuse to begin something that takes a while.

        Raises:
            UnavailableError: the server is stopping.
        """
        if self.draining.is_set():
            raise UnavailableError("the server is stopping", hint="try again in a moment")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Something that is to be let finish, for as long as the block runs."""
        self._held += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._held -= 1
            if self._held == 0:
                self._empty.set()

    async def finish(self, seconds: float) -> bool:
        """Begin nothing any more, and wait for what is held; False when that took longer."""
        self.draining.set()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True
