"""The read path as files, for any static host: `api/v1/{libraries,commands,blobs/sha256,trust}/…`.

What names others is written after what it names, so that a copy which is taken meanwhile can be used. A host of files
cannot have both `trust` and `trust/1`: the latest trust document is `trust/latest` there, which clients try as well.
"""

from __future__ import annotations

import json
import os
import sqlite3

from codi_tui.holdings.database import connect
from codi_tui.model.names import is_name, split_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codi_tui.holdings.folder import DataFolder


def export(folder: DataFolder, target: str) -> int:
    """Write everything that can be read; returns how many libraries that is. Libraries that are gone are taken away.

    Raises:
        StateError: the database cannot be read.
        OSError: a file cannot be read or written.
    """
    api = os.path.join(target, "api", "v1")
    connection = connect(folder.database)
    try:
        for (digest,) in connection.execute("SELECT DISTINCT digest FROM blobs"):
            path = os.path.join(api, "blobs", "sha256", digest)
            if not os.path.exists(path):
                _write(path, _read(folder.blob(digest)))
        libraries = connection.execute("SELECT name, document FROM libraries WHERE version NOT NULL").fetchall()
        for name, document in libraries:
            _write(os.path.join(api, "libraries", name), _read(folder.blob(document)))
        commands = dict(_owners(connection))
        for command, name in commands.items():
            _write(os.path.join(api, "commands", command), json.dumps({"library": name}).encode())
        for version, data in connection.execute("SELECT version, document FROM trust_documents ORDER BY version"):
            _write(os.path.join(api, "trust", str(version)), data)
            _write(os.path.join(api, "trust", "latest"), data)
    finally:
        connection.close()
    _take_away(os.path.join(api, "commands"), set(commands), lambda name: split_command(name) is not None)
    _take_away(os.path.join(api, "libraries"), {name for name, _ in libraries}, is_name)
    return len(libraries)


def _owners(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Each command and the library that had it first."""
    rows = connection.execute("SELECT command, name FROM commands ORDER BY command, since DESC, name DESC")
    yield from rows  # the last one of a command stays in the caller's dict


def _take_away(folder: str, kept: set[str], is_ours: Callable[[str], bool]) -> None:
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name not in kept and is_ours(name):
            os.unlink(os.path.join(folder, name))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(path: str, data: bytes) -> None:
    """Replace a file as a whole, unless it says this already."""
    if os.path.isfile(path) and _read(path) == data:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.part"
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)
