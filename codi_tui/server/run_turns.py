"""Whose turn it is to run: callers by turns, however many runs each of them has waiting."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A number of places, given to callers round robin. One caller holds at most half of them.

    Attributes:
        taken: places that are held.
        waiting: those who wait.
    """

    def __init__(self, places: int) -> None:
        self.taken = 0
        self.waiting = 0
        self._places = places
        self._each = max(1, places // 2)
        self._held: Counter[str] = Counter()
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        """Who waits, by caller; the caller who is first had its last turn longest ago."""

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it for as long as the block runs."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append(place)
        self.waiting += 1
        self._give()
        try:
            await place
            yield
        finally:
            self._leave(caller, place)

    def _give(self) -> None:
        """Give what is free."""
        while self.taken < self._places:
            caller = next((name for name in self._queues if self._held[name] < self._each), None)
            if caller is None:
                return
            queue = self._queues.pop(caller)
            queue.popleft().set_result(None)
            if queue:
                self._queues[caller] = queue
            self._held[caller] += 1
            self.taken += 1
            self.waiting -= 1

    def _leave(self, caller: str, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():
            self._held[caller] -= 1
            self._held += Counter()  # forgets those who hold nothing
            self.taken -= 1
        else:
            self.waiting -= 1
            self._queues[caller].remove(place)
            if not self._queues[caller]:
                del self._queues[caller]
        self._give()
