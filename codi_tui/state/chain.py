"""The audit trail's chain: each line carries the hash of the line before, and a database of its own the hash of the last.

A line is first promised in the database (`pending`), then written to the file, then counted; each step is a transaction,
so that writers take turns. (The state database would not do: writing here must never wait for what the
same event loop has begun there.) Whoever finds a promise that a crash left keeps it. So the file never has less than the
database says, nor more, unless somebody changed it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager

from codi_tui.cache.files import Layout, open_database, translated
from codi_tui.errors import StateError
from codi_tui.limits import AUDIT_FILE_BYTES
from codi_tui.state.audit import append_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD_FILE = "audit.db"
HEAD = Layout(
    "the audit trail's head",
    (
        """CREATE TABLE audit_head (
id INTEGER PRIMARY KEY CHECK (id = 1),
seq INTEGER NOT NULL,
digest TEXT NOT NULL,
first_seq INTEGER NOT NULL,
first_prev TEXT NOT NULL,
file_seq INTEGER NOT NULL,
file_prev TEXT NOT NULL,
pending TEXT,
rotates INTEGER NOT NULL
)""",
    ),
    StateError,
    "E_STATE",
    "look at audit.log; codi log verify --renew keeps it and begins a new one",
)

GENESIS = "0" * 64
"""Stands for the hash of the line before the first."""


class Head:
    """Where the chain is.

    Attributes:
        seq, digest: the last line's number, from 1, and its hash.
        first_seq, first_prev: of the first line that is kept, its number and the hash that it carries.
        file_seq, file_prev: the same of the first line of the file that is written.
        pending: a line that was promised and may not be written yet.
        rotates: whether a new file begins with it.
    """

    __slots__ = ("digest", "file_prev", "file_seq", "first_prev", "first_seq", "pending", "rotates", "seq")

    def __init__(
        self,
        seq: int = 0,
        digest: str = GENESIS,
        first_seq: int = 1,
        first_prev: str = GENESIS,
        file_seq: int = 1,
        file_prev: str = GENESIS,
        pending: str | None = None,
        rotates: int = 0,
    ) -> None:
        self.seq = seq
        self.digest = digest
        self.first_seq = first_seq
        self.first_prev = first_prev
        self.file_seq = file_seq
        self.file_prev = file_prev
        self.pending = pending
        self.rotates = rotates

    def store(self, connection: sqlite3.Connection) -> None:
        """Write it, inside the caller's transaction."""
        connection.execute(
            "INSERT OR REPLACE INTO audit_head VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self.seq, self.digest, self.first_seq, self.first_prev, self.file_seq, self.file_prev),
                *(self.pending, self.rotates),
            ),
        )


def extend(path: str, make_line: Callable[[dict[str, object]], bytes]) -> None:
    """Add a line to the trail at `path`.

    Args:
        make_line: makes it, its newline included, from its members `seq` and `prev`.

    Raises:
        StateError: the database cannot be used; nothing was written.
        OSError: the file cannot be written; the line stays promised, and whoever writes next writes it too.
    """
    line = ""
    with locked(path) as (connection, head):
        settle(path, head)
        line = make_line({"seq": head.seq + 1, "prev": head.digest}).decode()
        head.pending, head.rotates = line, int(_size(path) >= AUDIT_FILE_BYTES)
        head.store(connection)
    with locked(path) as (connection, head):
        if head.pending == line:
            settle(path, head)
            head.store(connection)


def settle(path: str, head: Head) -> None:
    """Write the line that was promised, unless it is there, and count it. The caller stores the head.

    Raises:
        OSError: it cannot be written.
        StateError: the file is not safely this user's.
    """
    if head.pending is None:
        return
    line = head.pending.encode()
    if head.rotates:
        if _size(path) >= AUDIT_FILE_BYTES:
            os.replace(path, older_file(path))
        head.first_seq, head.first_prev = head.file_seq, head.file_prev
        head.file_seq, head.file_prev = head.seq + 1, head.digest
    if _tail(path, len(line)) != line:
        append_line(path, line)
    head.seq, head.digest = head.seq + 1, line_hash(line)
    head.pending, head.rotates = None, 0


def older_file(path: str) -> str:
    """Where the file goes when it is full."""
    stem, extension = os.path.splitext(path)
    return f"{stem}.1{extension}"


def line_hash(line: bytes) -> str:
    """What the next line carries: SHA-256 of a line with its newline, lower-case hex."""
    import hashlib

    return hashlib.sha256(line).hexdigest()


@contextmanager
def locked(path: str) -> Iterator[tuple[sqlite3.Connection, Head]]:
    """The database's connection and the head, with every other writer waiting until the block's end.

    Raises:
        StateError: the database cannot be used.
    """
    connection = open_database(os.path.join(os.path.dirname(path), HEAD_FILE), HEAD)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection, _load(connection)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translated(error, HEAD) from None
    finally:
        connection.close()  # which takes back what was not committed


def _load(connection: sqlite3.Connection) -> Head:
    rows = connection.execute(
        "SELECT seq, digest, first_seq, first_prev, file_seq, file_prev, pending, rotates FROM audit_head"
    ).fetchall()
    if not rows:
        return Head()
    seq, digest, first_seq, first_prev, file_seq, file_prev, pending, rotates = rows[0]
    numbers, hashes = (seq, first_seq, file_seq, rotates), (digest, first_prev, file_prev, pending or "")
    if not all(isinstance(item, int) for item in numbers) or not all(isinstance(item, str) for item in hashes):
        raise StateError("the audit trail's head is damaged", code="E_STATE_DAMAGED", hint=HEAD.hint)
    return Head(*rows[0])


def reset(connection: sqlite3.Connection) -> None:
    """Forget the chain: the next line is the first of a new one."""
    connection.execute("DELETE FROM audit_head")


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _tail(path: str, size: int) -> bytes:
    """The file's last bytes; fewer, or none, when it has not so many or is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, _size(path) - size))
            return file.read(size)
    except OSError:
        return b""
