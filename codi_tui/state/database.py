"""The state database: its tables, and the connection, opened when it is first needed."""

from __future__ import annotations

import os

from codi_tui.cache.files import Layout
from codi_tui.errors import StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.cache.storage import Connect, Operation, Row, Storage, T

STATE_FILE = "state.db"
_BARE_BYTES = 4096
"""A database's first page: what is left where not even the tables could be made."""

STATE = Layout(
    "the state database",
    (
        """CREATE TABLE trust_documents (
origin TEXT PRIMARY KEY,
version INTEGER NOT NULL,
message BLOB NOT NULL,
signatures TEXT NOT NULL,
digest TEXT NOT NULL,
fingerprint TEXT NOT NULL,
pinned_at INTEGER NOT NULL,
fetched_at INTEGER NOT NULL,
checked_at INTEGER NOT NULL
)""",
        """CREATE TABLE marks (
origin TEXT NOT NULL,
library TEXT NOT NULL,
sequence INTEGER NOT NULL,
version TEXT NOT NULL,
digest TEXT NOT NULL,
key_ids TEXT NOT NULL,
seen_at INTEGER NOT NULL,
checked_at INTEGER NOT NULL,
told_at INTEGER NOT NULL,
PRIMARY KEY (origin, library)
)""",
        """CREATE TABLE history (
origin TEXT NOT NULL,
library TEXT NOT NULL,
digest TEXT NOT NULL,
sequence INTEGER NOT NULL,
version TEXT NOT NULL,
key_ids TEXT NOT NULL,
seen_at INTEGER NOT NULL,
PRIMARY KEY (origin, library, digest)
)""",
        "CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), latest INTEGER NOT NULL)",
        """CREATE TABLE grants (
origin TEXT,
library TEXT,
rule TEXT,
permission TEXT,
granted_at INTEGER,
PRIMARY KEY (origin, library, rule, permission)
)""",
        """CREATE TABLE approvals (
origin TEXT,
library TEXT,
rule TEXT,
digest TEXT,
surface TEXT,
approved_at INTEGER,
PRIMARY KEY (origin, library, rule)
)""",
        """CREATE TABLE quarantine (
number INTEGER PRIMARY KEY,
id TEXT NOT NULL,
version TEXT NOT NULL,
library_json BLOB NOT NULL,
metadata BLOB NOT NULL,
hash TEXT NOT NULL,
code TEXT NOT NULL,
moved_at INTEGER NOT NULL
)""",
        """CREATE TABLE pins (
origin TEXT NOT NULL,
library TEXT NOT NULL,
place TEXT NOT NULL,
version TEXT NOT NULL,
digest TEXT NOT NULL,
sequence INTEGER NOT NULL,
pinned_at INTEGER NOT NULL,
PRIMARY KEY (origin, library, place)
)""",
    ),
    StateError,
    "E_STATE",
    "restore it from a backup; or move it away, which forgets grants, pinned trust and which releases were seen",
    older=(7,),
    wal=False,  # it is read on a full disk too, and moved or restored as one file
)


class StateDatabase:
    """The connection to the state database."""

    def __init__(self, path: str, connect: Connect) -> None:
        self.path = path
        self._connect = connect
        self._storage: Storage | None = None
        self._unmakable: StateError | None = None
        self.told = False
        """Whether the user knows that there is none and none can be made."""

    @property
    def exists(self) -> bool:
        """Whether there is something at its path, usable or not; what could not be made, and is empty, is nothing."""
        return self._unmakable is None and os.path.lexists(self.path) and os.lstat(self.path).st_size > _BARE_BYTES

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Rows of a query.

        Raises:
            StateError: `E_STATE_DAMAGED`, `E_STATE_PERMS`, `E_STATE`.
        """
        return await (await self._opened()).read(sql, parameters)

    async def write(self, operation: Operation[T]) -> T:
        """One whole operation inside BEGIN IMMEDIATE.

        Raises:
            StateError: as for `read`.
        """
        return await (await self._opened()).write(operation)

    async def close(self) -> None:
        if self._storage is not None:
            await self._storage.close()
            self._storage = None

    async def _opened(self) -> Storage:
        if self._unmakable is not None:
            raise self._unmakable
        if self._storage is None:
            existed = self.exists
            try:
                storage = await self._connect(self.path, STATE)
            except StateError as error:
                self._unmakable = None if existed or error.code != "E_STATE" else error
                raise
            if self._storage is None:
                self._storage = storage
            else:
                await storage.close()  # somebody else on this event loop was faster
        return self._storage
