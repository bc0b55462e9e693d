"""The cache: SQLite rows and zstd frames. What it returns is data, to be verified by whoever loads it."""

from __future__ import annotations

from codi_tui.cache.sqlite import LibraryData, SqliteCache
from codi_tui.cache.zstd import compress, decompress

__all__ = ["LibraryData", "SqliteCache", "compress", "decompress"]
