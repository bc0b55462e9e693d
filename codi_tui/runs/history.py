"""HistoryStore: the runs that were, in a database of their own, and what was recorded of their output.

A run is one small transaction, and so is forgetting: each write looks at the oldest `HISTORY_STEP` runs and no more, so
that a hundred thousand cost no more than ten. Losing the file loses nothing that a run needs: damage is moved aside.
"""

from __future__ import annotations

import os

from codi_tui.cache.files import Layout
from codi_tui.errors import HistoryError
from codi_tui.limits import HISTORY_LISTED_MAX, HISTORY_STEP, KIB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from codi_tui.cache.storage import Connect, Operation, Row, Storage, T, Transaction
    from codi_tui.config import SessionSettings

HISTORY_FILE = "runs.db"
OUTCOMES = ("completed", "failed", "cancelled", "refused")
"""`completed` is the command's own end, whatever its status; `refused`, nothing of it ran."""

_LONG_BYTES = 256 * KIB
"""A process of one run leaves the write-ahead log behind, and the next one reads it: a long one is worked in."""
_COLUMNS = (
    "number, door, command, library, version, origin, digest, signer, arguments, started_ms, duration_ms, outcome,"
    " exit_status, code, message, output_bytes"
)
HISTORY = Layout(
    "the history of runs",
    (
        """CREATE TABLE runs (
number INTEGER PRIMARY KEY,
door TEXT NOT NULL,
command TEXT NOT NULL,
library TEXT,
version TEXT,
origin TEXT,
digest TEXT,
signer TEXT,
arguments TEXT NOT NULL,
started_ms INTEGER NOT NULL,
duration_ms INTEGER NOT NULL,
outcome TEXT NOT NULL,
exit_status INTEGER,
code TEXT,
message TEXT,
output_bytes INTEGER NOT NULL
)""",
        "CREATE TABLE outputs (number INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE counters (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL, output_bytes INTEGER NOT NULL)",
    ),
    HistoryError,
    "E_RUNS",
    "move it away; only the history of runs is lost with it",
)


class PastRun:
    """One run that is over.

    Attributes:
        number: from 1; it is never given again.
        door: `run`, or `ui`.
        digest, signer: of the library, and the key that signed it; None when it was refused before it was known.
        arguments: as JSON text, secrets redacted.
        started_ms: Unix milliseconds.
        outcome: one of `OUTCOMES`.
        exit_status: the command's own, when it completed.
        code, message: of the error, when it did not.
        output_bytes: what is kept of its output, compressed; 0 is nothing.
    """

    __slots__ = tuple(name.strip() for name in _COLUMNS.split(","))

    number: int
    door: str
    command: str
    library: str | None
    version: str | None
    origin: str | None
    digest: str | None
    signer: str | None
    arguments: str
    started_ms: int
    duration_ms: int
    outcome: str
    exit_status: int | None
    code: str | None
    message: str | None
    output_bytes: int

    def __init__(self, **members: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, members.get(name))

    @property
    def succeeded(self) -> bool:
        return self.outcome == "completed" and self.exit_status == 0


class Wanted:
    """Which runs to list: those that meet every condition that is given.

    Attributes:
        words: each has to be in the command, the library, the arguments or the error, in whatever case.
        command: exactly this command, or all of a group: `text`.
        failed: only those that did not succeed.
        since_ms: begun no earlier, Unix milliseconds.
        limit: at most so many, the latest.
    """

    __slots__ = ("command", "failed", "limit", "since_ms", "words")

    def __init__(
        self,
        words: Sequence[str] = (),
        command: str | None = None,
        failed: bool = False,
        since_ms: int | None = None,
        limit: int = 20,
    ) -> None:
        self.words = words
        self.command = command
        self.failed = failed
        self.since_ms = since_ms
        self.limit = min(limit, HISTORY_LISTED_MAX)


class HistoryStore:
    """The history. All methods raise HistoryError and nothing else; the database is opened at the first."""

    def __init__(self, path: str, connect: Connect) -> None:
        self.path = path
        self._connect = connect
        self._storage: Storage | None = None

    async def add(self, run: PastRun, output: bytes | None, keep: SessionSettings) -> int:
        """Remember a run, and forget what is too old or too much; returns its number.

        Args:
            output: what `RecordedOutput.pack` made.
        """
        run.output_bytes = len(output) if output else 0
        values = [getattr(run, name) for name in PastRun.__slots__[1:]]

        async def operation(transaction: Transaction) -> int:
            rows = await transaction.execute("SELECT last, output_bytes FROM counters")
            number, total = (rows[0][0] + 1, rows[0][1]) if rows else (1, 0)
            marks = ", ".join("?" * len(PastRun.__slots__))
            await transaction.execute(f"INSERT INTO runs ({_COLUMNS}) VALUES ({marks})", (number, *values))
            if output:
                await transaction.execute("INSERT INTO outputs VALUES (?, ?)", (number, output))
            total -= await _forget_old(transaction, number, keep, run.started_ms)
            total = await _forget_output(transaction, total + run.output_bytes, keep.keep_output_bytes)
            await transaction.execute("INSERT OR REPLACE INTO counters VALUES (1, ?, ?)", (number, total))
            return int(number)

        number = await self._write(operation)
        if _size(f"{self.path}-wal") > _LONG_BYTES:
            await self.close()  # the last one to close does it
        return number

    async def find(self, wanted: Wanted) -> list[PastRun]:
        """The runs that are wanted, the latest first."""
        conditions, parameters = ["1"], []
        for word in wanted.words:
            conditions.append(
                "instr(lower(command || ' ' || ifnull(library, '') || ' ' || arguments || ' ' || ifnull(code, '')"
                " || ' ' || ifnull(message, '')), ?) > 0"
            )
            parameters.append(word.lower())
        if wanted.command is not None:
            conditions.append("(command = ? OR substr(command, 1, length(?) + 1) = ? || '.')")
            parameters += [wanted.command] * 3
        if wanted.failed:
            conditions.append("NOT (outcome = 'completed' AND exit_status = 0)")
        if wanted.since_ms is not None:
            conditions.append("started_ms >= ?")
            parameters.append(str(wanted.since_ms))
        rows = await self._read(
            f"SELECT {_COLUMNS} FROM runs WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT ?",
            (*parameters, wanted.limit),
        )
        return [_run(row) for row in rows]

    async def get(self, number: int | None) -> PastRun | None:
        """A run; None as its number is the latest."""
        rows = await self._read(
            f"SELECT {_COLUMNS} FROM runs WHERE number = ifnull(?, (SELECT max(number) FROM runs))", (number,)
        )
        return _run(rows[0]) if rows else None

    async def output(self, number: int) -> bytes | None:
        """What was kept of a run's output, packed."""
        rows = await self._read("SELECT data FROM outputs WHERE number = ?", (number,))
        return bytes(rows[0][0]) if rows else None

    async def remove(self, numbers: Iterable[int] | None = None, *, before_ms: int | None = None) -> int:
        """Forget runs, their output first: some, those begun before a time, or all; returns how many.

        The file is written anew without them, so that nothing of them stays in its unused parts.
        """
        some = None if numbers is None else list(numbers)

        async def operation(transaction: Transaction) -> int:
            if some is None and before_ms is None:
                found = await transaction.execute("SELECT number FROM runs")
            elif some is None:
                found = await transaction.execute("SELECT number FROM runs WHERE started_ms < ?", (before_ms,))
            else:
                found = [
                    row
                    for number in some
                    for row in await transaction.execute("SELECT number FROM runs WHERE number = ?", (number,))
                ]
            for (number,) in found:
                await transaction.execute("DELETE FROM outputs WHERE number = ?", (number,))
                await transaction.execute("DELETE FROM runs WHERE number = ?", (number,))
            await transaction.execute("UPDATE counters SET output_bytes = (SELECT total(output_bytes) FROM runs)")
            return len(found)

        removed = await self._write(operation)
        await self._read("VACUUM")
        await self._read("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    async def close(self) -> None:
        if self._storage is not None:
            await self._storage.close()
            self._storage = None

    async def _read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        try:
            return await (await self._opened()).read(sql, parameters)
        except HistoryError as error:
            await self._mend(error)
            return await (await self._opened()).read(sql, parameters)

    async def _write(self, operation: Operation[T]) -> T:
        try:
            return await (await self._opened()).write(operation)
        except HistoryError as error:
            await self._mend(error)
            return await (await self._opened()).write(operation)

    async def _mend(self, error: HistoryError) -> None:
        """Move a damaged database aside; raise anything else."""
        if error.code != "E_RUNS_DAMAGED":
            raise error
        from codi_tui.cache.files import move_aside

        await self.close()
        move_aside(self.path, HISTORY)

    async def _opened(self) -> Storage:
        if self._storage is None:
            storage = await self._connect(self.path, HISTORY)
            await storage.read("PRAGMA synchronous=NORMAL")  # a power cut may cost the last runs, never the file
            if self._storage is None:
                self._storage = storage
            else:
                await storage.close()  # somebody else on this event loop was faster
        return self._storage


async def _forget_old(transaction: Transaction, last: int, keep: SessionSettings, now_ms: int) -> int:
    """Drop the oldest runs that are too old or too many; returns the bytes of output that went with them."""
    oldest = await transaction.execute(
        "SELECT number, started_ms, output_bytes FROM runs ORDER BY number LIMIT ?", (HISTORY_STEP,)
    )
    earliest_ms, lowest, freed = now_ms - keep.keep_days * 86_400_000, last - keep.keep_runs, 0
    for number, started_ms, output_bytes in oldest:
        if number <= lowest or started_ms < earliest_ms:
            await transaction.execute("DELETE FROM runs WHERE number = ?", (number,))
            if output_bytes:
                await transaction.execute("DELETE FROM outputs WHERE number = ?", (number,))
            freed += output_bytes
    return freed


async def _forget_output(transaction: Transaction, total: int, limit: int) -> int:
    """Drop the oldest output while there is too much; returns how much is left."""
    if total <= limit:
        return total
    oldest = await transaction.execute(
        "SELECT number, length(data) FROM outputs ORDER BY number LIMIT ?", (HISTORY_STEP,)
    )
    for number, size in oldest:
        if total <= limit:
            break
        await transaction.execute("DELETE FROM outputs WHERE number = ?", (number,))
        await transaction.execute("UPDATE runs SET output_bytes = 0 WHERE number = ?", (number,))
        total -= size
    return total


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _run(row: Row) -> PastRun:
    return PastRun(**dict(zip(PastRun.__slots__, row, strict=True)))
