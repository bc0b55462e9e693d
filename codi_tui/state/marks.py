"""High-water marks, the history of what was accepted, and the clock, as they are stored."""

from __future__ import annotations

from codi_tui.limits import HISTORY_DIGESTS
from codi_tui.model.times import unix_seconds
from codi_tui.trust.marks import Mark, Record, check_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from codi_tui.cache.storage import Transaction
    from codi_tui.state.database import StateDatabase
    from codi_tui.trust.validator import CommandLibrary

_MARK = "SELECT sequence, version, digest, key_ids, seen_at, checked_at, told_at FROM marks"
_FORGET_OLD = """DELETE FROM history WHERE origin = ? AND library = ? AND digest NOT IN (
    SELECT digest FROM history WHERE origin = ? AND library = ? ORDER BY seen_at DESC, sequence DESC LIMIT ?)"""


class MarkStore:
    """What was accepted of each library of each origin."""

    def __init__(self, database: StateDatabase) -> None:
        self._database = database

    async def record(self, origin: str, name: str, *, with_history: bool) -> Record:
        """What is remembered of a library.

        Raises:
            StateError: it cannot be read.
        """
        rows = await self._database.read(f"{_MARK} WHERE origin = ? AND library = ?", (origin, name))
        digests = []
        if with_history:
            digests = await self._database.read(
                "SELECT digest FROM history WHERE origin = ? AND library = ?", (origin, name)
            )
        if not rows:
            return Record(None, [str(row[0]) for row in digests])
        return Record(_mark(rows[0]), [str(row[0]) for row in digests], int(rows[0][5]), int(rows[0][6]))

    async def marks(self) -> dict[tuple[str, str], Record]:
        """Every mark, by origin and library.

        Raises:
            StateError: they cannot be read.
        """
        rows = await self._database.read(
            "SELECT sequence, version, digest, key_ids, seen_at, checked_at, told_at, origin, library FROM marks"
            " ORDER BY origin, library"
        )
        return {(str(row[7]), str(row[8])): Record(_mark(row), (), int(row[5]), int(row[6])) for row in rows}

    async def advance(self, library: CommandLibrary, *, now: int, fetched: bool, checked_at: int) -> bool:
        """Set the mark to a release, or confirm it; True when it moved. Compared again inside the transaction.

        Args:
            now: the time by which it was judged.
            fetched: whether its server gave it just now, so that this moment is vouched for too.
            checked_at: when its server was last asked about it.

        Raises:
            TrustError: `E_ROLLBACK`, `E_EQUIVOCATION`: another process accepted a later or another release meanwhile.
            StateError: it cannot be written.
        """
        place = (library.origin, library.name)
        release = (library.sequence, library.version, library.digest, " ".join(key.key_id for key in library.keys), now)

        async def operation(transaction: Transaction) -> bool:
            rows = await transaction.execute(f"{_MARK} WHERE origin = ? AND library = ?", place)
            mark = _mark(rows[0]) if rows else None
            moved = check_mark(mark, sequence=library.sequence, version=library.version, digest=library.digest)
            if moved:
                await transaction.execute(
                    "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", (*place, *release, checked_at)
                )
            else:
                await transaction.execute(
                    "UPDATE marks SET checked_at = max(checked_at, ?) WHERE origin = ? AND library = ?",
                    (checked_at, *place),
                )
            await transaction.execute(
                "INSERT OR REPLACE INTO history (origin, library, sequence, version, digest, key_ids, seen_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*place, *release),
            )
            await transaction.execute(_FORGET_OLD, (*place, *place, HISTORY_DIGESTS))
            await _observe(transaction, _latest(library, now if fetched else 0))
            return moved

        return await self._database.write(operation)

    async def tell(self, origin: str, name: str, now: int) -> None:
        """Note that the user was told how long ago a library was asked about.

        Raises:
            StateError: it cannot be written.
        """

        async def operation(transaction: Transaction) -> None:
            await transaction.execute(
                "UPDATE marks SET told_at = ? WHERE origin = ? AND library = ?", (now, origin, name)
            )

        await self._database.write(operation)

    async def latest(self) -> int:
        """The latest time that was ever verified, 0 for none.

        Raises:
            StateError: it cannot be read.
        """
        rows = await self._database.read("SELECT latest FROM clock")
        return int(rows[0][0]) if rows else 0


async def drop_marks(transaction: Transaction, origin: str, key_ids: Collection[str]) -> list[str]:
    """Drop the marks that were set with one of these keys: a thief's may stand too high for every honest release.

    Returns:
        The libraries whose mark was dropped.
    """
    dropped = []
    for name, signers in await transaction.execute("SELECT library, key_ids FROM marks WHERE origin = ?", (origin,)):
        if not set(str(signers).split()).isdisjoint(key_ids):
            await transaction.execute("DELETE FROM marks WHERE origin = ? AND library = ?", (origin, name))
            dropped.append(str(name))
    return dropped


async def _observe(transaction: Transaction, latest: int) -> None:
    await transaction.execute(
        "INSERT INTO clock VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET latest = max(latest, excluded.latest)",
        (latest,),
    )


def _latest(library: CommandLibrary, fetched_at: int) -> int:
    """The latest time that this release vouches for: its issue, and the moment when its server gave it.

    Nothing else moves the clock: a wrong system clock on a machine that is offline leaves no trace.
    """
    issued = 0 if library.issued_at is None else unix_seconds(library.issued_at)
    return max(issued, fetched_at)


def _mark(row: tuple[object, ...]) -> Mark:
    sequence, version, digest, key_ids, seen_at = row[:5]
    return Mark(int(str(sequence)), str(version), str(digest), str(key_ids).split(), int(str(seen_at)))
