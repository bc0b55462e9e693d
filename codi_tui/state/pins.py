"""Pins: releases that somebody chose in the place of the newest (the trust profile, lines 29 to 32).

A pin stands in the state database; a `codi.lock` stands in a folder and wins there. What a lock chose that is not the
newest is written down, and is in the audit trail, when it is first used. Neither is ever made by an agent.
"""

from __future__ import annotations

import time

from codi_tui.errors import StateError
from codi_tui.lock import Release, find_lock, read_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.cache.storage import Row, Transaction
    from codi_tui.lock import Lock
    from codi_tui.state.audit import AuditLog
    from codi_tui.state.database import StateDatabase

_COLUMNS = "origin, library, version, digest, sequence, place"
USER = ""
"""The place of a pin that `codi sync pin` made; that of a lock's choice is the lock's path."""


class PinStore:
    """The chosen releases, by origin, library and place."""

    def __init__(self, database: StateDatabase, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def get(self, origin: str, name: str, place: str = USER) -> Release | None:
        """The release that was chosen for a place.

        Raises:
            StateError: it cannot be read.
        """
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM pins WHERE origin = ? AND library = ? AND place = ?", (origin, name, place)
        )
        return _release(rows[0]) if rows else None

    async def list_pins(self) -> list[Release]:
        """Every pin that the user made, by origin and name.

        Raises:
            StateError: they cannot be read.
        """
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM pins WHERE place = '' ORDER BY origin, library")
        return [_release(row) for row in rows]

    async def put(self, release: Release, place: str = USER) -> None:
        """Remember a choice, in the place of the one before; it is in the audit trail first.

        Raises:
            StateError: it cannot be written.
        """
        self._audit.append(
            "library.pinned",
            origin=release.origin,
            library=release.name,
            version=release.version,
            digest=release.digest,
            sequence=release.sequence,
            by=place or "codi sync pin",
        )
        row = (release.origin, release.name, place, release.version, release.digest, release.sequence, int(time.time()))

        async def operation(transaction: Transaction) -> None:
            await transaction.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?, ?, ?)", row)

        await self._database.write(operation)

    async def remove(self, origin: str, name: str) -> bool:
        """Give the user's pin up; False when there was none.

        Raises:
            StateError: it cannot be written.
        """

        async def operation(transaction: Transaction) -> bool:
            where = "FROM pins WHERE origin = ? AND library = ? AND place = ''"
            rows = await transaction.execute(f"SELECT 1 {where}", (origin, name))
            await transaction.execute(f"DELETE {where}", (origin, name))
            return bool(rows)

        removed = await self._database.write(operation)
        if removed:
            self._audit.append("library.unpinned", origin=origin, library=name)
        return removed


class Choices:
    """What decides which release of a library is loaded here: the folder's lock, else the user's pin, else the newest."""

    def __init__(
        self, pins: PinStore, database: StateDatabase, folder: str | None, notice: Callable[[str], None]
    ) -> None:
        """
        Args:
            folder: the working folder, from which a lock is looked for; None goes by none.
            notice: told, in a sentence, when a lock's choice cannot be written down.
        """
        self.pins = pins
        self.follows_lock = True
        """A pull that writes a lock does not go by it."""
        self._database = database
        self._folder = folder
        self._notice = notice
        self._lock: Lock | None = None
        self._looked = False

    @property
    def lock(self) -> Lock | None:
        """The lock of the working folder, read once.

        Raises:
            InputError: `E_LOCK`, it cannot be used.
        """
        if not self._looked:
            path = None if self._folder is None else find_lock(self._folder)
            self._lock = None if path is None else read_lock(path)
            self._looked = True
        return self._lock

    async def of(self, origin: str, name: str) -> Release | None:
        """The release that was chosen of a library, if any was.

        Raises:
            InputError: `E_LOCK`.
            StateError: the pins cannot be read.
        """
        locked = self.lock.get(origin, name) if self.follows_lock and self.lock is not None else None
        return locked or (await self.pins.get(origin, name) if self._database.exists else None)

    async def used(self, release: Release, newest: str | None) -> None:
        """Write down that a lock chose another release than the newest that was accepted; once for each choice.

        Args:
            newest: the newest one's digest, None when none was accepted yet.
        """
        if (
            self._lock is None
            or self._lock.get(release.origin, release.name) is not release
            or newest == release.digest
        ):
            return
        try:
            known = await self.pins.get(release.origin, release.name, self._lock.path)
            if known is None or known.digest != release.digest:
                await self.pins.put(release, self._lock.path)
                if newest is not None:
                    self._notice(f"{release.name}: {self._lock.path} chooses {release.version}, not the newest here")
        except StateError as error:
            self._notice(f"{error.message}; going on")


def _release(row: Row) -> Release:
    return Release(str(row[0]), str(row[1]), str(row[2]), str(row[3]), int(row[4]))
