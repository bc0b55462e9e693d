"""The database of a library server: what is published, who may do what, and its trust documents.

A release is visible when its row is here, and its row is written after its files are on the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from codi_tui.cache.files import Layout, open_database, translated
from codi_tui.errors import StateError

HOLDINGS = Layout(
    "the library server's database",
    (
        """CREATE TABLE releases (
name TEXT,
version TEXT,
sequence INTEGER NOT NULL,
digest TEXT NOT NULL,
document TEXT NOT NULL,
size INTEGER NOT NULL,
signature TEXT NOT NULL,
description TEXT NOT NULL,
commands TEXT NOT NULL,
published_at INTEGER NOT NULL,
published_by TEXT NOT NULL,
keys TEXT NOT NULL,
yanked_at INTEGER,
PRIMARY KEY (name, version)
)""",
        "CREATE INDEX idx_releases_sequence ON releases(name, sequence)",
        """CREATE TABLE blobs (
digest TEXT,
name TEXT,
size INTEGER NOT NULL,
media_type TEXT NOT NULL,
PRIMARY KEY (digest, name)
) WITHOUT ROWID""",
        # what an unpinned request gets, and what a list shows; no version means that everything was yanked
        """CREATE TABLE libraries (
name TEXT PRIMARY KEY,
version TEXT,
document TEXT,
size INTEGER,
signature TEXT,
words TEXT,
summary TEXT,
changed INTEGER NOT NULL
) WITHOUT ROWID""",
        "CREATE INDEX idx_libraries_changed ON libraries(changed)",
        """CREATE TABLE commands (
command TEXT,
name TEXT,
since INTEGER NOT NULL,
PRIMARY KEY (command, name)
) WITHOUT ROWID""",
        "CREATE INDEX idx_commands_name ON commands(name)",
        """CREATE TABLE tokens (
hash TEXT PRIMARY KEY,
id TEXT NOT NULL UNIQUE,
permissions TEXT NOT NULL,
created_at INTEGER NOT NULL,
expires_at INTEGER NOT NULL,
revoked_at INTEGER
) WITHOUT ROWID""",
        "CREATE TABLE trust_documents (version INTEGER PRIMARY KEY, document BLOB NOT NULL)",
        "CREATE TABLE laid_out (path TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID",
    ),
    StateError,
    "E_STATE",
    "restore it from a backup, with the blobs beside it",
)


def connect(path: str) -> sqlite3.Connection:
    """A connection for one thread; the tables are made where there are none.

    Raises:
        StateError: `E_STATE`, `E_STATE_PERMS`, `E_STATE_DAMAGED`.
    """
    return open_database(path, HOLDINGS)


@contextmanager
def transaction(path: str) -> Iterator[sqlite3.Connection]:
    """One whole write on a connection of its own; it is on the disk when the block has ended without an error.

    Raises:
        StateError: as for `connect`.
    """
    connection = connect(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translated(error, HOLDINGS) from None
    finally:
        connection.close()  # an open transaction is rolled back by this
