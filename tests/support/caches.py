"""Both storages behind one handle, so that one test holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from codi_tui.cache.aio import AsyncStorage
from codi_tui.cache.sqlite import LibraryData, SqliteCache
from codi_tui.cache.storage import BlockingStorage
from codi_tui.cache.zstd import compress
from codi_tui.operations.core import drive
from codi_tui.runtime import RuntimeMode

STORAGES = ("blocking", "async")


class Way:
    """One way to run the cache: `run` a coroutine, `open` a cache at a path; closes what it opened."""

    def __init__(self, kind: str) -> None:
        self._stack = ExitStack()
        self.connect: Callable[[str], Any] = BlockingStorage.open
        self.run: Callable[[Coroutine[Any, Any, Any]], Any] = drive
        if kind == "async":
            self.connect = AsyncStorage.open
            self.run = self._stack.enter_context(asyncio.Runner()).run
        self.notices: list[str] = []

    def open(self, path: Path, connect: Callable[[str], Any] | None = None) -> SqliteCache:
        cache: SqliteCache = self.run(
            SqliteCache.init(
                RuntimeMode.LOCAL, path=str(path), connect=connect or self.connect, notice=self.notices.append
            )
        )
        self._stack.callback(lambda: self.run(cache.close()))
        return cache

    def close(self) -> None:
        self._stack.close()


def row(name: str = "demo", version: str = "1.0.0", *, origin: str = "https://a", **members: Any) -> LibraryData:
    """A library's row."""
    return LibraryData(
        **{
            "id": f"{origin}/{name}",
            "version": version,
            "json": compress(f"{name} {version}".encode()),
            "metadata": "{}",
            "loaded_at": 1,
            "expires_at": None,
            "size_bytes": 10,
            "hash": "0" * 64,
            **members,
        }
    )
