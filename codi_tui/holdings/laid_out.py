"""Taking in what `codi-registry publish --to DIR` laid out in the data folder: trust documents, then libraries.

Each file is published like any other release, or refused and said once; it is looked at again when it has changed.
"""

from __future__ import annotations

import os
import re

from codi_tui.errors import CodiError, DocumentError
from codi_tui.holdings.chain import take_in
from codi_tui.holdings.database import connect, transaction
from codi_tui.holdings.publishing import publish
from codi_tui.limits import DOCUMENT_MAX_BYTES, MODULE_MAX_BYTES, TRUST_MAX_BYTES
from codi_tui.model.names import is_name
from codi_tui.trust.envelope import open_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codi_tui.holdings.folder import DataFolder

    Report = Callable[[str, CodiError | None], None]
    """Told the path of each file that was new, and why it was refused."""

_HEX = re.compile("[0-9a-f]{64}")
_BY = "folder"


def take_in_all(folder: DataFolder, origin: str, report: Report) -> None:
    """Publish what has changed since the last time.

    Raises:
        StateError, OSError: the folder or the database cannot be used.
    """
    _take_in_trust(folder, origin, report)
    for path, name, stamp in _changed(folder):
        try:
            _publish(folder, origin, path, name)
            refusal = None
        except CodiError as error:
            refusal = error
        except OSError as error:
            refusal = CodiError(f"it cannot be read: {error.strerror}", code="E_INPUT")
        report(path, refusal)
        with transaction(folder.database) as connection:
            connection.execute("INSERT OR REPLACE INTO laid_out VALUES (?, ?)", (path, stamp))


def _take_in_trust(folder: DataFolder, origin: str, report: Report) -> None:
    """The documents that follow the last one, in their order; one that does not hold stops it."""
    connection = connect(folder.database)
    try:
        version = connection.execute("SELECT coalesce(max(version), 0) FROM trust_documents").fetchone()[0]
    finally:
        connection.close()
    while os.path.isfile(path := os.path.join(folder.laid_out, "trust", str(version + 1))):
        try:
            version = take_in(folder.database, origin, _read(path, TRUST_MAX_BYTES)).version
        except CodiError as error:
            report(path, error)
            return
        report(path, None)


def _changed(folder: DataFolder) -> list[tuple[str, str, str]]:
    """Path, name and stamp of each laid-out library that is not as it was when it was taken in."""
    connection = connect(folder.database)
    try:
        known = dict(connection.execute("SELECT path, stamp FROM laid_out"))
    finally:
        connection.close()
    return [item for item in _laid_out(os.path.join(folder.laid_out, "libraries")) if known.get(item[0]) != item[2]]


def _laid_out(libraries: str) -> Iterator[tuple[str, str, str]]:
    if not os.path.isdir(libraries):
        return
    with os.scandir(libraries) as entries:
        for entry in entries:
            if is_name(entry.name) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                yield entry.path, entry.name, f"{status.st_mtime_ns}-{status.st_size}"


def _publish(folder: DataFolder, origin: str, path: str, name: str) -> None:
    data = _read(path, DOCUMENT_MAX_BYTES)
    envelope = open_document(data)
    library = envelope.document["library"]
    digest, module = library.get("wasm_sha256"), None
    if envelope.module is None and isinstance(digest, str) and _HEX.fullmatch(digest):
        module = _read(os.path.join(folder.laid_out, "blobs", "sha256", digest), MODULE_MAX_BYTES)
    publish(folder, origin, data, name, str(library.get("version")), by=_BY, module=module)


def _read(path: str, limit: int) -> bytes:
    with open(path, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DocumentError(f"it is larger than {limit} bytes", code="E_TOO_LARGE")
    return data
