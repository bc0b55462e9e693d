"""Rows of the cache that were refused, kept as evidence: so many, of so many bytes, and never run."""

from __future__ import annotations

from codi_tui.limits import QUARANTINE_ROW_BYTES, QUARANTINE_ROWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from codi_tui.cache.sqlite import LibraryData, SqliteCache
    from codi_tui.cache.storage import Transaction
    from codi_tui.state.database import StateDatabase
    from codi_tui.state.keeper import TrustKeeper


class Quarantine:
    """The refused rows."""

    def __init__(self, database: StateDatabase) -> None:
        self._database = database

    async def take(self, row: LibraryData, code: str, now: int) -> None:
        """Keep a row, whatever types its columns have; the oldest go when there are too many.

        Raises:
            StateError: it cannot be written.
        """

        async def operation(transaction: Transaction) -> None:
            await transaction.execute(
                "INSERT INTO quarantine (id, version, library_json, metadata, hash, code, moved_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(str(row.id), str(row.version), _evidence(row.json), _evidence(row.metadata)),
                    *(str(row.hash), code, now),
                ),
            )
            await transaction.execute(
                "DELETE FROM quarantine WHERE number NOT IN (SELECT number FROM quarantine ORDER BY number DESC LIMIT ?)",
                (QUARANTINE_ROWS,),
            )

        await self._database.write(operation)


async def quarantine_signed_by(cache: SqliteCache, keeper: TrustKeeper, origin: str, key_ids: Collection[str]) -> int:
    """Keep a copy of every cached library of an origin that one of these keys signed; returns how many.

    The rows themselves stay where they are, and every load refuses them with `E_KEY_REVOKED`: a user who is offline
    learns why a command is gone. What the rows say is not believed; one that hides its signer is refused all the same.

    Raises:
        CacheError: the cache cannot be used.
    """
    moved = 0
    for row in await cache.list_libraries() if key_ids else ():
        if row.id.rpartition("/")[0] == origin and not named_signers(row).isdisjoint(key_ids):
            await keeper.quarantine(row, "E_KEY_REVOKED")
            moved += 1
    return moved


def named_signers(row: LibraryData) -> set[str]:
    """The key ids that a row names as its signers. A row may lie: this chooses what to look at, and proves nothing."""
    details = row.details()
    signature = details.get("signature")
    listed = signature if isinstance(signature, list) else []
    claimed = [details.get("key_id"), *(entry.get("key_id") for entry in listed if isinstance(entry, dict))]
    return {key_id for key_id in claimed if isinstance(key_id, str)}


def _evidence(value: object) -> bytes:
    data = value if isinstance(value, bytes) else str(value).encode(errors="replace")
    return data[:QUARANTINE_ROW_BYTES]
