"""GrantStore: what was granted and approved, by (origin, library, rule). Nothing here decides anything."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codi_tui.cache.storage import Row, Transaction
    from codi_tui.state.audit import AuditLog
    from codi_tui.state.database import StateDatabase
    from codi_tui.trust import CommandLibrary

_OF_RULE = "origin = ? AND library = ? AND rule = ?"


class Grant:
    """One remembered grant."""

    __slots__ = ("granted_at", "library", "origin", "permission", "rule")

    def __init__(self, origin: str, library: str, rule: str, permission: str, granted_at: int) -> None:
        self.origin = origin
        self.library = library
        self.rule = rule
        self.permission = permission
        self.granted_at = granted_at


class GrantStore:
    """Grants and approvals. All methods raise StateError and nothing else; the database is opened at the first."""

    def __init__(self, database: StateDatabase, now: Callable[[], float], audit: AuditLog | None = None) -> None:
        """
        Args:
            audit: told of every grant and of each that is taken back.
        """
        self._database = database
        self._now = now
        self._audit = audit

    @property
    def told(self) -> bool:
        """Whether the user knows that nothing can be kept."""
        return self._database.told

    @property
    def exists(self) -> bool:
        """Whether there is something where the grants are kept, usable or not."""
        return self._database.exists

    async def granted(self, library: CommandLibrary) -> list[str]:
        """The permissions that are granted to a library under the rule that covers it now."""
        rows = await self._database.read(f"SELECT permission FROM grants WHERE {_OF_RULE}", _key(library))
        return [str(permission) for (permission,) in rows]

    async def approved_digest(self, library: CommandLibrary) -> str | None:
        """The digest of the library that was last approved or first used, or None before its first use."""
        rows = await self._database.read(f"SELECT digest FROM approvals WHERE {_OF_RULE}", _key(library))
        return str(rows[0][0]) if rows else None

    async def approved_surface(self, library: CommandLibrary) -> str | None:
        """The stored surface of the library that was last approved or first used, or None."""
        rows = await self._database.read(f"SELECT surface FROM approvals WHERE {_OF_RULE}", _key(library))
        return str(rows[0][0]) if rows else None

    async def grant(self, library: CommandLibrary, permissions: Iterable[str]) -> None:
        """Remember grants."""
        await self.decide(library, permissions, None)

    async def approve(self, library: CommandLibrary, surface: str) -> None:
        """Remember the surface of the library as the approved one."""
        await self.decide(library, (), surface)

    async def decide(self, library: CommandLibrary, permissions: Iterable[str], surface: str | None) -> None:
        """Remember grants and, if one is given, the approved surface, all or nothing."""
        key, now = _key(library), int(self._now())
        rows = [(*key, permission, now) for permission in permissions]

        async def operation(transaction: Transaction) -> None:
            for row in rows:
                await transaction.execute("INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?)", row)
            if surface is not None:
                approval = (*key, library.digest, surface, now)
                await transaction.execute("INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?, ?, ?)", approval)

        await self._database.write(operation)
        for *_, permission, _ in rows:
            self._tell("granted", *key, permission)

    async def list(self) -> list[Grant]:
        """Every grant, by library."""
        rows = await self._database.read(
            "SELECT origin, library, rule, permission, granted_at FROM grants ORDER BY library, origin, rule, permission"
        )
        return [_grant(row) for row in rows]

    async def revoke(self, grants: Iterable[Grant]) -> None:
        """Forget grants. What was approved stays known, so that a later change is still seen."""
        rows = [(item.origin, item.library, item.rule, item.permission) for item in grants]

        async def operation(transaction: Transaction) -> None:
            for row in rows:
                await transaction.execute(f"DELETE FROM grants WHERE {_OF_RULE} AND permission = ?", row)

        await self._database.write(operation)
        for row in rows:
            self._tell("revoked", *row)

    def _tell(self, event: str, origin: str, library: str, rule: str, permission: str) -> None:
        if self._audit is not None:
            self._audit.append(event, origin=origin, library=library, rule=rule, permission=permission)


def _key(library: CommandLibrary) -> tuple[str, str, str]:
    return library.origin, library.name, library.rule


def _grant(row: Row) -> Grant:
    origin, library, rule, permission, granted_at = row
    return Grant(str(origin), str(library), str(rule), str(permission), int(granted_at))
