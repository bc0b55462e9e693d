"""Trust documents, as they are stored: one for each origin, the last that was accepted."""

from __future__ import annotations

from codi_tui.errors import RefusedError, StateError
from codi_tui.state.marks import drop_marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.cache.storage import Row, Transaction
    from codi_tui.state.database import StateDatabase
    from codi_tui.trust.document import TrustDocument

_COLUMNS = "origin, version, message, signatures, digest, fingerprint, pinned_at, fetched_at, checked_at"


class StoredDocument:
    """A stored trust document's row; the document itself is read, and verified, by `restored`.

    Attributes:
        fingerprint: of the root that the user accepted; the root may have been rotated since.
        pinned_at, fetched_at, checked_at: Unix seconds; checked is when its server was last asked for a newer one.
    """

    __slots__ = (
        "_message",
        "_signatures",
        "checked_at",
        "digest",
        "fetched_at",
        "fingerprint",
        "origin",
        "pinned_at",
        "version",
    )

    def __init__(self, row: Row) -> None:
        self.origin, self.version = str(row[0]), int(row[1])
        self._message, self._signatures = row[2], str(row[3])
        self.digest, self.fingerprint = str(row[4]), str(row[5])
        self.pinned_at, self.fetched_at, self.checked_at = int(row[6]), int(row[7]), int(row[8])

    def restored(self) -> TrustDocument:
        """The document, verified.

        Raises:
            StateError: `E_STATE_DAMAGED`, it is not what was stored.
        """
        import json

        from codi_tui.trust.document import restore

        try:
            message = bytes(self._message)
            return restore(message, json.loads(self._signatures), origin=self.origin, digest=self.digest)
        except (RefusedError, ValueError, TypeError):
            raise StateError(
                f"the stored trust document of {self.origin} is damaged",
                code="E_STATE_DAMAGED",
                hint="restore the state database from a backup, or remove this server's trust and pin it again",
            ) from None


class DocumentStore:
    """The accepted trust document of each origin."""

    def __init__(self, database: StateDatabase) -> None:
        self._database = database

    async def get(self, origin: str) -> StoredDocument | None:
        """The row of an origin, if one was pinned.

        Raises:
            StateError: it cannot be read.
        """
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM trust_documents WHERE origin = ?", (origin,))
        return StoredDocument(rows[0]) if rows else None

    async def list_documents(self) -> list[StoredDocument]:
        """Every row, by origin.

        Raises:
            StateError: they cannot be read.
        """
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM trust_documents ORDER BY origin")
        return [StoredDocument(row) for row in rows]

    async def put(self, document: TrustDocument, before: TrustDocument | None, now: int) -> tuple[bool, list[str]]:
        """Store a document in the place of the one before, and drop the marks of keys that no longer count.

        Returns:
            Whether it was stored: another process may have gone as far already; and whose marks were dropped.

        Raises:
            StateError: it cannot be written.
        """
        import json

        signatures = json.dumps(document.signatures)
        gone = document.gone_since(before)

        async def operation(transaction: Transaction) -> tuple[bool, list[str]]:
            rows = await transaction.execute(
                "SELECT version, fingerprint, pinned_at FROM trust_documents WHERE origin = ?", (document.origin,)
            )
            stored_version = int(rows[0][0]) if rows else None
            if stored_version != (None if before is None else before.version):
                return False, []
            fingerprint, pinned_at = (rows[0][1], rows[0][2]) if rows else (document.fingerprint, now)
            await transaction.execute(
                f"INSERT OR REPLACE INTO trust_documents ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(document.origin, document.version, document.message, signatures, document.digest),
                    *(fingerprint, pinned_at, now, now),
                ),
            )
            return True, await drop_marks(transaction, document.origin, gone)

        return await self._database.write(operation)

    async def checked(self, origin: str, now: int) -> None:
        """Note that a server has no newer document.

        Raises:
            StateError: it cannot be written.
        """

        async def operation(transaction: Transaction) -> None:
            await transaction.execute("UPDATE trust_documents SET checked_at = ? WHERE origin = ?", (now, origin))

        await self._database.write(operation)

    async def remove(self, origin: str) -> bool:
        """Drop the document of an origin. Marks and grants stay.

        Raises:
            StateError: it cannot be written.
        """

        async def operation(transaction: Transaction) -> bool:
            rows = await transaction.execute("SELECT 1 FROM trust_documents WHERE origin = ?", (origin,))
            await transaction.execute("DELETE FROM trust_documents WHERE origin = ?", (origin,))
            return bool(rows)

        return await self._database.write(operation)
