"""SqliteCache: verified libraries, their modules, and which library has which command (the record, section 5).

The cache is not believed: what it returns is verified again by whoever loads it. A damaged database is moved aside and
a new one begun, so that a run goes on; what it held is fetched again.
"""

from __future__ import annotations

from codi_tui.cache.files import move_aside
from codi_tui.cache.storage import BlockingStorage
from codi_tui.cache.zstd import compress, decompress
from codi_tui.errors import CacheError
from codi_tui.limits import MODULE_MAX_BYTES
from codi_tui.runtime import RuntimeMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from codi_tui.cache.storage import Operation, Row, Storage, T, Transaction
    from codi_tui.runs.log import Log

_DROP_UNUSED_MODULES = """DELETE FROM modules WHERE digest NOT IN (
    SELECT json_extract(metadata, '$.module') FROM command_libraries
    WHERE json_valid(metadata) AND json_extract(metadata, '$.module') IS NOT NULL)"""
_ALLOW = """
    UPDATE command_libraries SET metadata = json_remove(metadata, '$.denied')
    WHERE id = ? AND json_valid(metadata) AND json_extract(metadata, '$.denied') IS NOT NULL"""
_LIBRARY_COLUMNS = "id, version, library_json, metadata, loaded_at, expires_at, size_bytes, hash"


class LibraryData:
    """One row of `command_libraries` (the record, section 4).

    Attributes:
        id: `origin/name`.
        json: the signed message, zstd.
        metadata: JSON text: what is kept beside the message, such as its signature.
        loaded_at, expires_at: Unix seconds.
        size_bytes: of the message before compression.
        hash: SHA-256 of the message, lower-case hex.
    """

    __slots__ = ("expires_at", "hash", "id", "json", "loaded_at", "metadata", "size_bytes", "version")

    def __init__(
        self,
        id: str,
        version: str,
        json: bytes,
        metadata: str,
        loaded_at: int,
        expires_at: int | None,
        size_bytes: int,
        hash: str,
    ) -> None:
        self.id = id
        self.version = version
        self.json = json
        self.metadata = metadata
        self.loaded_at = loaded_at
        self.expires_at = expires_at
        self.size_bytes = size_bytes
        self.hash = hash

    def details(self) -> dict[str, Any]:
        """What `metadata` says, or nothing when it is damaged; nothing of it is believed."""
        import json

        try:
            details = json.loads(self.metadata)
        except (ValueError, TypeError, RecursionError):
            return {}
        return details if isinstance(details, dict) else {}


class SqliteCache:
    """The cache, over either storage."""

    def __init__(
        self,
        storage: Storage,
        path: str,
        connect: Callable[[str], Awaitable[Storage]],
        notice: Callable[[str], None],
        log: Log | None = None,
    ) -> None:
        self._log = log
        self._storage = storage
        self.path = path
        self._connect = connect
        self._notice = notice

    @classmethod
    async def init(
        cls,
        mode: RuntimeMode,
        *,
        path: str | None = None,
        connect: Callable[[str], Awaitable[Storage]] = BlockingStorage.open,
        notice: Callable[[str], None] = lambda _: None,
        log: Log | None = None,
    ) -> SqliteCache:
        """Open the cache of a runtime mode.

        Args:
            mode: decides the path, unless `path` is given.
            connect: `BlockingStorage.open`, or `AsyncStorage.open` on an event loop.
            notice: told, in one sentence, when a damaged cache was moved aside.
            log: told of every change.

        Raises:
            CacheError: the cache cannot be used.
        """
        path = path or mode.cache_path()
        try:
            storage = await connect(path)
        except CacheError as error:
            if error.code != "E_CACHE_DAMAGED":
                raise
            _move_aside(path, notice, log)
            storage = await connect(path)
        return cls(storage, path, connect, notice, log)

    async def get_library(
        self, library_id: str, version: str | None = None, digest: str | None = None
    ) -> LibraryData | None:
        """The stored row of a library: of one version or digest, or of the highest version by semver 2.0."""
        rows = await self._read(
            f"SELECT {_LIBRARY_COLUMNS} FROM command_libraries"
            " WHERE id = ? AND ifnull(?, version) = version AND ifnull(?, hash) = hash",
            (library_id, version, digest),
        )
        if len(rows) > 1:
            rows = _by_version(rows)
        return LibraryData(*rows[-1]) if rows else None

    async def list_libraries(self) -> list[LibraryData]:
        """Every row, by id."""
        rows = await self._read(f"SELECT {_LIBRARY_COLUMNS} FROM command_libraries ORDER BY id, version")
        return [LibraryData(*row) for row in rows]

    async def get_module(self, digest: str) -> bytes | None:
        """A module's bytes as they were stored.

        Raises:
            CacheError: `E_ZSTD`, the record is damaged.
        """
        rows = await self._read("SELECT data FROM modules WHERE digest = ?", (digest,))
        return decompress(rows[0][0], MODULE_MAX_BYTES) if rows else None

    async def module_bytes(self, digest: str) -> int:
        """What a module takes as it is stored; 0 for one that is not here."""
        rows = await self._read("SELECT length(data) FROM modules WHERE digest = ?", (digest,))
        return int(rows[0][0]) if rows else 0

    async def find_command(self, command: str) -> str | None:
        """The id of the library that keeps a command's short name."""
        rows = await self._read("SELECT id FROM command_index WHERE command = ?", (command,))
        return str(rows[0][0]) if rows else None

    async def list_commands(self) -> list[tuple[str, str, str]]:
        """Every indexed (command, library id, description), by command."""
        rows = await self._read("SELECT command, id, description FROM command_index ORDER BY command")
        return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]

    async def store_library(
        self,
        data: LibraryData,
        commands: dict[str, str],
        module: tuple[str, bytes] | None = None,
        *,
        sole_version: bool = False,
    ) -> list[str]:
        """Store a verified library with its module and index its commands, all or nothing.

        Args:
            data: the row.
            commands: each command's path and description.
            module: the module's digest and bytes.
            sole_version: drop the library's other versions, whose source has this one only.

        Returns:
            The commands whose short name another library already keeps.
        """
        packed = None if module is None else (module[0], compress(module[1]), len(module[1]))

        async def operation(transaction: Transaction) -> list[str]:
            if sole_version:
                await transaction.execute("DELETE FROM command_libraries WHERE id = ?", (data.id,))
            await transaction.execute(_ALLOW, (data.id,))
            await transaction.execute(
                f"INSERT OR REPLACE INTO command_libraries ({_LIBRARY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                tuple(getattr(data, column.strip()) for column in _ROW_ATTRIBUTES),
            )
            if packed is not None:
                await transaction.execute("INSERT OR REPLACE INTO modules VALUES (?, ?, ?)", packed)
            return await _index(transaction, data.id, commands)

        taken = await self._write(operation)
        if self._log is not None:
            self._log.info("cache.stored", library=data.id, version=data.version, bytes=data.size_bytes)
        return taken

    async def claim_command(self, command: str, library_id: str, description: str) -> None:
        """Give a command's short name to a library, whoever had it."""

        async def operation(transaction: Transaction) -> None:
            row = (command, library_id, description)
            await transaction.execute("INSERT OR REPLACE INTO command_index VALUES (?, ?, ?)", row)

        await self._write(operation)

    async def deny_library(self, library_id: str) -> None:
        """Note on every row of a library that its server no longer lets this user have it; storing it anew ends that."""

        async def operation(transaction: Transaction) -> None:
            await transaction.execute(
                "UPDATE command_libraries SET metadata = json_set(metadata, '$.denied', json('true'))"
                " WHERE id = ? AND json_valid(metadata)",
                (library_id,),
            )

        await self._write(operation)
        if self._log is not None:
            self._log.warning("cache.denied", library=library_id)

    async def forget_library(self, library_id: str, version: str) -> None:
        """Drop a row, its module, and its commands' short names, as far as no other row has them."""

        async def operation(transaction: Transaction) -> None:
            await transaction.execute(
                "DELETE FROM command_libraries WHERE id = ? AND version = ?", (library_id, version)
            )
            await transaction.execute(
                "DELETE FROM command_index WHERE id = ? AND id NOT IN (SELECT id FROM command_libraries)",
                (library_id,),
            )
            await transaction.execute(_DROP_UNUSED_MODULES)

        await self._write(operation)
        if self._log is not None:
            self._log.info("cache.forgotten", library=library_id, version=version)

    async def close(self) -> None:
        await self._storage.close()

    async def _read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        try:
            return await self._storage.read(sql, parameters)
        except CacheError as error:
            await self._rebuild(error)
            return await self._storage.read(sql, parameters)

    async def _write(self, operation: Operation[T]) -> T:
        try:
            return await self._storage.write(operation)
        except CacheError as error:
            await self._rebuild(error)
            return await self._storage.write(operation)

    async def _rebuild(self, error: CacheError) -> None:
        if error.code != "E_CACHE_DAMAGED":
            raise error
        await self._storage.close()
        _move_aside(self.path, self._notice, self._log)
        self._storage = await self._connect(self.path)


_ROW_ATTRIBUTES = ("id", "version", "json", "metadata", "loaded_at", "expires_at", "size_bytes", "hash")


async def _index(transaction: Transaction, library_id: str, commands: dict[str, str]) -> list[str]:
    """Give the library every short name that is free, and take back those that it no longer has."""
    await transaction.execute("DELETE FROM command_index WHERE id = ?", (library_id,))
    taken = []
    for command, description in commands.items():
        owner = await transaction.execute("SELECT id FROM command_index WHERE command = ?", (command,))
        if owner:
            taken.append(command)
        else:
            await transaction.execute("INSERT INTO command_index VALUES (?, ?, ?)", (command, library_id, description))
    return taken


def _move_aside(path: str, notice: Callable[[str], None], log: Log | None) -> None:
    aside = move_aside(path)
    if aside is not None:
        if log is not None:
            log.warning("cache.damaged", moved_to=aside)
        notice(f"the cache was damaged; it was moved to {aside} and a new one begun")


def _by_version(rows: list[Row]) -> list[Row]:
    """Rows in the order of semver 2.0, those whose version is none first."""
    from semver import Version

    def precedence(row: Row) -> tuple[bool, Any]:
        sound = isinstance(row[1], str) and Version.is_valid(row[1])
        return sound, Version.parse(row[1]) if sound else 0

    return sorted(rows, key=precedence)
