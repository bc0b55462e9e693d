"""`codi-registry verify`: whether a user who trusts a key, or a trust document, would accept a release."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

from codi_tui.execute.module import validate_wasm
from codi_tui.limits import DOCUMENT_MAX_BYTES, TRUST_MAX_BYTES
from codi_tui.registry.outcome import Outcome
from codi_tui.registry.project import open_project, read_bounded
from codi_tui.trust import CommandLibrary, Keyring, SecurityValidator, TrustedKey
from codi_tui.trust.document import TrustDocument, pin, root_fingerprint

ORIGIN = "local"


class Trusted:
    """Whom a release is verified against: public keys, or a trust document, which decides alone."""

    __slots__ = ("document", "public_keys")

    def __init__(self, public_keys: list[str], document: TrustDocument | None = None) -> None:
        self.public_keys = public_keys
        self.document = document


def read_trust(path: Path, origin: str = ORIGIN) -> TrustDocument:
    """A trust document from a file, verified against the root that it names.

    Raises:
        DocumentError, TrustError: it does not hold.
        OSError: it cannot be read.
    """
    data = read_bounded(path, TRUST_MAX_BYTES)
    return pin(data, origin=origin, fingerprint=root_fingerprint(data))


def verify(what: Path, trusted: Trusted) -> Outcome:
    """Verify a release: a signed file, or that of a library's folder.

    Raises:
        RefusedError: a user would not accept it.
        OSError: it cannot be read.
    """
    path = open_project(what).signed_path if what.is_dir() else what
    library = admit(read_bounded(path, DOCUMENT_MAX_BYTES), path.stem, trusted)
    facts = {
        "library": library.name,
        "version": library.version,
        "sequence": library.sequence,
        "issued_at": library.issued_at,
        "expires_at": library.manifest.library.expires_at,
        "sha256": hashlib.sha256(library.message).hexdigest(),
        "key_ids": [key.key_id for key in library.keys],
        "rule": library.rule,
    }
    signers = " and ".join(key.key_id for key in library.keys)
    line = f"{library.name} {library.version}: sha256 {library.digest}, signed by {signers}"
    return Outcome(facts, [line])


def admit(document: bytes, name: str, trusted: Trusted, *, origin: str = ORIGIN) -> CommandLibrary:
    """A release as a user's codi would take it in, its module included; nothing was accepted of it before.

    Raises:
        RefusedError: it would not be accepted.
    """
    keyring = Keyring({origin: [TrustedKey(key, ["*"]) for key in trusted.public_keys]})
    if trusted.document is not None:
        keyring.adopt(trusted.document)
    library = asyncio.run(SecurityValidator(keyring, time.time).admit(document, origin=origin, name=name))
    described = library.manifest.wasm_module
    if library.module is not None and described is not None:
        validate_wasm(library.module.data, described.format)
    return library
