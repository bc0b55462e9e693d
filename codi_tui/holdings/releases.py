"""What is published, as it is asked for: by name, by version, by digest, by command."""

from __future__ import annotations

import json
import sqlite3
import time

from codi_tui.errors import NotFoundError
from codi_tui.holdings.database import transaction
from codi_tui.holdings.rights import READ, Rights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

JSON, WASM = "application/json", "application/wasm"
_WORDS_CHARACTERS = 200
"""Of a description and the commands, looked through by a filter."""


class Blob:
    """A file that can be served: its digest, its size in bytes, its media type, and a document's signature."""

    __slots__ = ("digest", "media_type", "signature", "size")

    def __init__(self, digest: str, size: int, media_type: str, signature: str | None = None) -> None:
        self.digest = digest
        self.size = size
        self.media_type = media_type
        self.signature = signature


def find(connection: sqlite3.Connection, name: str, version: str | None = None) -> Blob | None:
    """The document of a library: of its newest release that was not yanked, or of exactly one, yanked or not."""
    if version is None:
        sql = "SELECT document, size, signature FROM libraries WHERE name = ? AND version NOT NULL"
        row = connection.execute(sql, (name,)).fetchone()
    else:
        sql = "SELECT document, size, signature FROM releases WHERE name = ? AND version = ?"
        row = connection.execute(sql, (name, version)).fetchone()
    return None if row is None else Blob(row[0], row[1], JSON, row[2])


def find_blob(connection: sqlite3.Connection, digest: str, rights: Rights) -> Blob | None:
    """A blob of a library that the caller may read; whether others have it too makes no difference."""
    rows = connection.execute("SELECT name, size, media_type FROM blobs WHERE digest = ?", (digest,))
    return next((Blob(digest, size, kind) for name, size, kind in rows if rights.allow(READ, name)), None)


def find_command(connection: sqlite3.Connection, path: str, library: str | None, rights: Rights) -> str | None:
    """The library that has a command: of those that the caller may read, the one that had it first."""
    rows = connection.execute("SELECT name FROM commands WHERE command = ? ORDER BY since, name", (path,))
    return next((name for (name,) in rows if library in (None, name) and rights.allow(READ, name)), None)


def versions(connection: sqlite3.Connection, name: str, offset: int, limit: int) -> list[dict[str, Any]]:
    """Releases of a library, the newest first."""
    rows = connection.execute(
        "SELECT version, sequence, digest, document, published_at, yanked_at NOT NULL FROM releases WHERE name = ?"
        " ORDER BY sequence DESC LIMIT ? OFFSET ?",
        (name, limit, offset),
    )
    members = ("version", "sequence", "digest", "document", "published_at", "yanked")
    return [{**dict(zip(members, row, strict=True)), "yanked": bool(row[-1])} for row in rows]


def yank(database: str, name: str, version: str, *, undo: bool = False) -> None:
    """Take a release out of what is resolved, or put it back. Whoever names its version or digest still gets it.

    Raises:
        NotFoundError: there is no such release.
        StateError: the database cannot be written.
    """
    with transaction(database) as connection:
        changed = connection.execute(
            "UPDATE releases SET yanked_at = CASE WHEN ? THEN NULL ELSE coalesce(yanked_at, ?) END"
            " WHERE name = ? AND version = ?",
            (undo, int(time.time()), name, version),
        )
        if changed.rowcount == 0:
            raise NotFoundError(f"there is no {name[:80]} {version[:80]}", library=name)
        show_newest(connection, name)


def show_newest(connection: sqlite3.Connection, name: str) -> None:
    """Let a library be what its newest release that was not yanked says. Part of the transaction that changes releases."""
    row = connection.execute(
        "SELECT version, document, size, signature, sequence, digest, description, commands, published_at"
        " FROM releases WHERE name = ? AND yanked_at IS NULL ORDER BY sequence DESC LIMIT 1",
        (name,),
    ).fetchone()
    changed = 1 + connection.execute("SELECT coalesce(max(changed), 0) FROM libraries").fetchone()[0]
    commands = set() if row is None else set(json.loads(row[7]))
    _index_commands(connection, name, commands, changed)
    if row is None:
        shown: tuple[object, ...] = (None,) * 6
    else:
        version, document, size, signature, sequence, digest, description, _, published_at = row
        summary = {
            "name": name,
            "version": version,
            "sequence": sequence,
            "description": description,
            "digest": digest,
            "published_at": published_at,
        }
        shown = (version, document, size, signature, _words(description, commands), json.dumps(summary))
    connection.execute("INSERT OR REPLACE INTO libraries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (name, *shown, changed))


def _index_commands(connection: sqlite3.Connection, name: str, commands: set[str], since: int) -> None:
    """A command that the library had before keeps its place among those who have it."""
    had = {row[0] for row in connection.execute("SELECT command FROM commands WHERE name = ?", (name,))}
    connection.executemany(
        "DELETE FROM commands WHERE command = ? AND name = ?", [(command, name) for command in had - commands]
    )
    connection.executemany(
        "INSERT INTO commands VALUES (?, ?, ?)", [(command, name, since) for command in commands - had]
    )


def _words(description: str, commands: set[str]) -> str:
    """What a filter looks through, beside the name."""
    return " ".join([*description.split(), *sorted(commands)])[:_WORDS_CHARACTERS].casefold()


def summaries(connection: sqlite3.Connection, names: list[str]) -> list[str]:
    """What a list shows of libraries, each as JSON, in their order."""
    marks = ",".join("?" * len(names))
    rows = connection.execute(f"SELECT summary FROM libraries WHERE name IN ({marks}) ORDER BY name", names)
    return [summary for (summary,) in rows if summary is not None]
