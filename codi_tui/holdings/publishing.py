"""Publishing: a release is verified as a client will verify it, then kept whole, and only then seen.

Files first, each synced and renamed, then one transaction. A process that is killed in between leaves files that no row
names, which nobody is given.
"""

from __future__ import annotations

import json
import sqlite3
import time

from codi_tui.errors import RefusedError, TrustError
from codi_tui.execute.module import validate_module
from codi_tui.holdings.chain import latest
from codi_tui.holdings.database import connect, transaction
from codi_tui.holdings.releases import JSON, WASM, show_newest
from codi_tui.limits import SURFACE_TEXT_CHARACTERS
from codi_tui.operations.core import drive
from codi_tui.trust.envelope import open_document
from codi_tui.trust.keyring import REVOKED, Keyring
from codi_tui.trust.marks import Mark, Record
from codi_tui.trust.validator import SecurityValidator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.holdings.folder import DataFolder
    from codi_tui.trust.document import TrustDocument
    from codi_tui.trust.envelope import Envelope
    from codi_tui.trust.validator import CommandLibrary


class Published:
    """A release that is there.

    Attributes:
        digest: SHA-256 of the signed message.
        document: SHA-256 of the document as it is delivered, which is its blob's name and its ETag.
        created: whether it was not there before.
    """

    __slots__ = ("created", "digest", "document", "name", "version")

    def __init__(self, name: str, version: str, digest: str, document: str, *, created: bool) -> None:
        self.name = name
        self.version = version
        self.digest = digest
        self.document = document
        self.created = created


def publish(folder: DataFolder, origin: str, data: bytes, name: str, version: str, *, by: str) -> Published:
    """Verify a release and make it visible. The same release again changes nothing. One caller at a time.

    Args:
        data: the signed document, its module inside: a module of another library is not to be had by its digest.
        by: who publishes it, for the record.

    Raises:
        RefusedError: `E_EXISTS`, the version is another release; `E_ROLLBACK`, `E_EQUIVOCATION`, its sequence is not
            beyond the last one's; `E_VERSION`, it is another version; `E_NO_TRUST`, the server has no trust document;
            and whatever a client would refuse it for.
        StateError, OSError: it cannot be kept.
    """
    envelope = open_document(data)
    body = delivered(envelope)
    connection = connect(folder.database)
    try:
        existing = _existing(connection, name, version, envelope, body)
        if existing is not None:
            return existing
        library = _verified(connection, origin, data, name)
    finally:
        connection.close()
    if library.version != version:
        raise RefusedError(f"it is version {library.version}, not {version}", code="E_VERSION", library=name)
    return _keep(folder, library, body, by)


def delivered(envelope: Envelope) -> bytes:
    """The document as clients get it: its module, whose digest it names, is a blob of its own.

    The profile's documents have one form with sorted members (the trust profile, line 5).
    """
    signature = envelope.signature
    claim = {"signatures" if isinstance(signature, list) else "signature": signature}
    document = {**envelope.document, "library": {**envelope.document["library"], **claim}}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _existing(
    connection: sqlite3.Connection, name: str, version: str, envelope: Envelope, body: bytes
) -> Published | None:
    row = connection.execute(
        "SELECT digest, document, size FROM releases WHERE name = ? AND version = ?", (name, version)
    ).fetchone()
    if row is None:
        return None
    digest, document, size = row
    if (digest, size) != (envelope.digest, len(body)):
        raise RefusedError(
            f"{name} {version} is published, and is another release: {digest}",
            code="E_EXISTS",
            hint="a published version never changes: publish the change as a new version",
            library=name,
        )
    return Published(name, version, digest, document, created=False)


def _verified(connection: sqlite3.Connection, origin: str, data: bytes, name: str) -> CommandLibrary:
    trust = latest(connection, origin)
    if trust is None:
        raise TrustError(
            "this server has no trust document, so it cannot tell who may publish",
            code="E_NO_TRUST",
            hint="its operator starts it with --trust FILE",
        )
    keyring = Keyring({})
    keyring.adopt(trust)
    validator = SecurityValidator(keyring, time.time)
    record = _record(connection, name, trust)
    library: CommandLibrary = drive(validator.admit(data, origin=origin, name=name, record=record))
    if library.module is None and library.module_digest is not None:
        raise TrustError("its module does not come with it", code="E_WASM_HASH", library=name)
    if library.module is not None:
        validate_module(library.module.data)
    return library


def _record(connection: sqlite3.Connection, name: str, trust: TrustDocument) -> Record:
    """What was published of a library; what only a revoked key has signed sets no mark (the trust profile, line 51)."""
    rows = connection.execute(
        "SELECT sequence, version, digest, keys, published_at FROM releases WHERE name = ? ORDER BY sequence DESC",
        (name,),
    ).fetchall()
    counting = {key_id for key_id, key in trust.keys.items() if key.status != REVOKED}
    mark = next(
        (
            Mark(sequence, version, digest, json.loads(keys), seen_at)
            for sequence, version, digest, keys, seen_at in rows
            if counting.issuperset(json.loads(keys))
        ),
        None,
    )
    return Record(mark, [row[2] for row in rows])


def _keep(folder: DataFolder, library: CommandLibrary, body: bytes, by: str) -> Published:
    name, manifest = library.name, library.manifest
    blobs = []
    if library.module is not None:
        module = library.module.data
        blobs.append((folder.store(module), name, len(module), WASM))
    document = folder.store(body)
    blobs.append((document, name, len(body), JSON))
    signature = library.signature if isinstance(library.signature, str) else library.signature[0]["sig"]
    description = manifest.library.description[:SURFACE_TEXT_CHARACTERS]
    commands = json.dumps(sorted(command.path for command in manifest.walk()))
    keys = json.dumps([key.key_id for key in library.keys])
    with transaction(folder.database) as connection:
        connection.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?, ?)", blobs)
        connection.execute(
            "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                *(name, library.version, library.sequence, library.digest, document, len(body), signature),
                *(description, commands, int(time.time()), by, keys),
            ),
        )
        show_newest(connection, name)
    return Published(name, library.version, library.digest, document, created=True)
