"""AgentApprovals: the commands that a person let agents call, each as it was then. Nothing here decides anything.

They are rows of the table of approvals, under the trust rule and the command together. No rule has a space in it, so no
library's own approval is taken for one of these, nor one of these for a library's.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.cache.storage import Transaction
    from codi_tui.state.audit import AuditLog
    from codi_tui.state.database import StateDatabase
    from codi_tui.trust import CommandLibrary

_OF_COMMAND = "origin = ? AND library = ? AND rule = ?"


class AgentApprovals:
    """All methods raise StateError and nothing else; the database is opened at the first."""

    def __init__(self, database: StateDatabase, now: Callable[[], float], audit: AuditLog) -> None:
        """
        Args:
            audit: told of every approval and of each that is taken back.
        """
        self._database = database
        self._now = now
        self._audit = audit

    async def approved(self, library: CommandLibrary, command: str) -> str | None:
        """The digest of what was approved of a command under the rule that covers its library now, or None."""
        rows = await self._database.read(f"SELECT digest FROM approvals WHERE {_OF_COMMAND}", _key(library, command))
        return str(rows[0][0]) if rows else None

    async def approve(self, library: CommandLibrary, command: str, digest: str) -> None:
        """Remember a command as it is now."""
        row = (*_key(library, command), digest, "", int(self._now()))

        async def operation(transaction: Transaction) -> None:
            await transaction.execute("INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?, ?, ?)", row)

        await self._database.write(operation)
        self._tell("agent_approved", library, command, digest)

    async def withdraw(self, library: CommandLibrary, command: str) -> bool:
        """Forget an approval; False when there was none."""
        digest = await self.approved(library, command)
        if digest is None:
            return False

        async def operation(transaction: Transaction) -> None:
            await transaction.execute(f"DELETE FROM approvals WHERE {_OF_COMMAND}", _key(library, command))

        await self._database.write(operation)
        self._tell("agent_withdrawn", library, command, digest)
        return True

    def _tell(self, event: str, library: CommandLibrary, command: str, digest: str) -> None:
        self._audit.append(
            event, origin=library.origin, library=library.name, rule=library.rule, command=command, digest=digest
        )


def _key(library: CommandLibrary, command: str) -> tuple[str, str, str]:
    return library.origin, library.name, f"agents {command} {library.rule}"
