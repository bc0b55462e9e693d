"""The storage port, and its two ways: sqlite3 in a process of one run, aiosqlite on an event loop.

A write is one whole operation on a connection of its own, so that cancelling the caller can never leave a transaction
open. The blocking storage never suspends, which lets a run without an event loop drive the same code.
"""

from __future__ import annotations

import sqlite3

from codi_tui.cache.files import CACHE, Layout, open_database, translated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any, Protocol, TypeVar

    T = TypeVar("T")
    Row = tuple[Any, ...]

    class Transaction(Protocol):
        """Statements inside one BEGIN IMMEDIATE."""

        async def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]: ...

    Operation = Callable[[Transaction], Awaitable[T]]

    class Storage(Protocol):
        """Where rows are kept. All methods raise the layout's error and nothing else."""

        async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]: ...

        async def write(self, operation: Operation[T]) -> T: ...

        async def close(self) -> None: ...

    class Connect(Protocol):
        """Opens a storage: `BlockingStorage.open`, or `AsyncStorage.open` on an event loop."""

        async def __call__(self, path: str, layout: Layout = ...) -> Storage: ...


class BlockingStorage:
    """Storage over sqlite3. Its coroutines never suspend."""

    def __init__(self, path: str, layout: Layout = CACHE) -> None:
        self._layout = layout
        self._connection = open_database(path, layout)

    @classmethod
    async def open(cls, path: str, layout: Layout = CACHE) -> Storage:
        return cls(path, layout)

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise translated(error, self._layout) from None

    async def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """A statement of the running transaction (this storage is its own `Transaction`)."""
        return await self.read(sql, parameters)

    async def write(self, operation: Operation[T]) -> T:
        await self.read("BEGIN IMMEDIATE")
        try:
            result = await operation(self)
            await self.read("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        return result

    async def close(self) -> None:
        self._connection.close()
