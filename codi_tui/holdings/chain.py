"""The server's own trust documents: the chain that it serves, and by whose last link it judges what is published."""

from __future__ import annotations

import json
import sqlite3
import time

from codi_tui.holdings.database import transaction
from codi_tui.holdings.releases import show_newest
from codi_tui.trust.document import TrustDocument, advance, pin, root_fingerprint


def take_in(database: str, origin: str, data: bytes) -> TrustDocument:
    """Take in the first document, or the one after the last; the last one again changes nothing.

    The first is believed because the operator put it there; each one after it must follow as clients ask for it.

    Raises:
        DocumentError, TrustError: it is malformed, or does not follow; see `codi_tui.trust.document`.
        StateError: the database cannot be written.
    """
    with transaction(database) as connection:
        before = latest(connection, origin)
        taken = _first(data, origin) if before is None else advance(before, data)
        if taken is not before:
            connection.execute("INSERT INTO trust_documents VALUES (?, ?)", (taken.version, data))
            _yank_unsigned(connection, taken, before)
    return taken


def _yank_unsigned(connection: sqlite3.Connection, taken: TrustDocument, before: TrustDocument | None) -> None:
    """Offer nothing any more that a key has signed which no longer counts: clients would refuse it."""
    gone = taken.gone_since(before)
    if not gone:
        return
    rows = connection.execute("SELECT name, version, keys FROM releases WHERE yanked_at IS NULL").fetchall()
    unsigned = [(name, version) for name, version, keys in rows if not gone.isdisjoint(json.loads(keys))]
    now = int(time.time())
    connection.executemany(
        "UPDATE releases SET yanked_at = ? WHERE name = ? AND version = ?", [(now, *release) for release in unsigned]
    )
    for name in sorted({name for name, _ in unsigned}):
        show_newest(connection, name)


def latest(connection: sqlite3.Connection, origin: str) -> TrustDocument | None:
    """The last document, its signatures verified again.

    Raises:
        DocumentError, TrustError: it was changed, or is for another origin.
    """
    data = document(connection, None)
    return None if data is None else _first(data, origin)


def document(connection: sqlite3.Connection, version: int | None) -> bytes | None:
    """The bytes of a version, or of the last one, as they were delivered."""
    if version is None:
        row = connection.execute("SELECT document FROM trust_documents ORDER BY version DESC LIMIT 1").fetchone()
    else:
        row = connection.execute("SELECT document FROM trust_documents WHERE version = ?", (version,)).fetchone()
    return None if row is None else bytes(row[0])


def _first(data: bytes, origin: str) -> TrustDocument:
    return pin(data, origin=origin, fingerprint=root_fingerprint(data))
