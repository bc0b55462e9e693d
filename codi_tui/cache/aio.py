"""Storage over aiosqlite, for an event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import TypeVar

import aiosqlite

from codi_tui.cache.files import CACHE, Layout, open_database, translated
from codi_tui.cache.storage import TYPE_CHECKING
from codi_tui.errors import CodiError

if TYPE_CHECKING:
    from codi_tui.cache.storage import Operation, Row

T = TypeVar("T")
_FETCH_ROWS = 64


class _Transaction:
    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        return list(await self._connection.execute_fetchall(sql, parameters))  # type: ignore[arg-type]


class AsyncStorage:
    """Storage over aiosqlite: one connection for reads, a new one for each write."""

    def __init__(self, path: str, reader: aiosqlite.Connection, layout: Layout) -> None:
        self._path = path
        self._reader = reader
        self._layout = layout

    @classmethod
    async def open(cls, path: str, layout: Layout = CACHE) -> AsyncStorage:
        """Raises what `open_database` does."""
        return cls(path, await _connect(path, layout), layout)

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        try:
            return await _Transaction(self._reader).execute(sql, parameters)
        except sqlite3.Error as error:
            raise translated(error, self._layout) from None

    async def write(self, operation: Operation[T]) -> T:
        """Run the operation to its end even when the caller is cancelled meanwhile."""
        return await asyncio.shield(asyncio.ensure_future(self._write(operation)))

    async def _write(self, operation: Operation[T]) -> T:
        connection = await _connect(self._path, self._layout)
        try:
            await connection.execute("BEGIN IMMEDIATE")
            result = await operation(_Transaction(connection))
            await connection.commit()
        except sqlite3.Error as error:
            raise translated(error, self._layout) from None
        finally:
            await connection.close()
        return result

    async def close(self) -> None:
        await self._reader.close()


async def _connect(path: str, layout: Layout) -> aiosqlite.Connection:
    """Open a connection on a thread of its own.

    An error is carried out beside a connection to nothing: when its connector raises, aiosqlite stops the thread
    without waiting for it, and the thread may then find the event loop closed.
    """
    refusals: list[CodiError] = []

    def connector() -> sqlite3.Connection:
        try:
            return open_database(path, layout)
        except CodiError as error:
            refusals.append(error)
            return sqlite3.connect(":memory:")

    connection = await aiosqlite.Connection(connector, _FETCH_ROWS)
    if refusals:
        await connection.close()
        raise refusals[0]
    return connection
