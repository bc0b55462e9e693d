"""`codi-registry sign`: a release of a library, or one more signature beside a release (the trust profile, line 55)."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from codi_tui.errors import DocumentError, InputError, ModuleError, RefusedError, TrustError
from codi_tui.limits import DOCUMENT_MAX_BYTES, MODULE_MAX_BYTES
from codi_tui.model.names import is_name
from codi_tui.model.times import timestamp
from codi_tui.registry.files import write_whole
from codi_tui.registry.outcome import Outcome
from codi_tui.registry.project import open_project, read_bounded, read_source
from codi_tui.registry.sign import add_signature, complete_manifest, sign_manifest
from codi_tui.trust.envelope import Envelope, open_document
from codi_tui.trust.signature import key_id


def sign(what: Path, module: Path | None, to: Path | None, sequence: int | None, key: SigningKey) -> Outcome:
    """Sign a library's folder, a manifest's source with its module, or, once more, a release that is signed already.

    Args:
        to: the folder of the release; a library's folder has its own.
        sequence: rises with every release; None is one more than that of the release that is there.

    Raises:
        InputError: it is none of these, or nothing that a client would accept.
        TrustError: `E_SEQUENCE`, the sequence does not rise.
        CodiError: `E_EXISTS`, this key has signed it already.
    """
    try:
        if what.is_dir():
            project = open_project(what)
            path = project.signed_path if to is None else to / f"{project.name}.json"
            return _release(project.manifest, project.module(), path, sequence, key)
        source = read_source(what)
        if module is None and _is_signed(source):
            return _cosign(what, key)
        source.pop("build", None)
        if to is None:
            raise InputError(f"where is the release of {what} to be?", hint="--to DIR")
        data = None if module is None else read_bounded(module, MODULE_MAX_BYTES)
        return _release(source, data, to / f"{_name(source)}.json", sequence, key)
    except (DocumentError, ModuleError) as error:
        raise InputError(error.message, code=error.code, hint=error.hint) from None


def _release(
    source: dict[str, Any], module: bytes | None, path: Path, sequence: int | None, key: SigningKey
) -> Outcome:
    last = last_sequence(path)
    if sequence is None:
        sequence = last + 1
    if sequence <= last:
        raise TrustError(
            f"{path} has sequence {last} already, and {sequence} does not rise",
            code="E_SEQUENCE",
            hint=f"leave --sequence out, or give {last + 1} or more",
        )
    manifest = complete_manifest(
        source, module, public_key=bytes(key.verify_key), sequence=sequence, issued_at=timestamp(time.time())
    )
    document = sign_manifest(manifest, module, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, document)
    return _outcome(path, document, key, 1)


def _cosign(path: Path, key: SigningKey) -> Outcome:
    document = add_signature(read_bounded(path, DOCUMENT_MAX_BYTES), key)
    write_whole(path, document)
    signature = open_document(document).signature
    return _outcome(path, document, key, len(signature) if isinstance(signature, list) else 1)


def _outcome(path: Path, document: bytes, key: SigningKey, signatures: int) -> Outcome:
    envelope = open_document(document)
    claims = envelope.document["library"]
    digest = hashlib.sha256(envelope.message).hexdigest()
    signer = key_id(bytes(key.verify_key))
    named = {"library": claims["name"], "version": claims["version"], "sequence": claims["sequence"]}
    facts = {"path": str(path), **named, "sha256": digest, "key_id": signer, "signatures": signatures}
    lines = [
        str(path),
        f"  {claims['name']} {claims['version']}, sequence {claims['sequence']}, sha256 {digest}",
        f"  signed by {signer}" + (f", {signatures} signatures now" if signatures > 1 else ""),
        f"next: codi-registry publish {path} --to DIR",
    ]
    return Outcome(facts, lines)


def last_sequence(path: Path) -> int:
    """The sequence of the release at a path; 0 when there is none.

    Raises:
        InputError: what is there is no release, so it is not overwritten.
    """
    if not path.exists():
        return 0
    return sequence_of(read_release(path))


def read_release(path: Path) -> Envelope:
    """A signed document of the author's, opened; its signatures are not verified here.

    Raises:
        InputError: it is none.
        OSError: it cannot be read.
    """
    try:
        envelope = open_document(read_bounded(path, DOCUMENT_MAX_BYTES))
    except RefusedError as error:
        raise InputError(f"{path}: {error.message}", code=error.code) from None
    if envelope.signature is None:
        raise InputError(f"{path} is not signed", hint="codi-registry sign makes a release")
    return envelope


def sequence_of(envelope: Envelope) -> int:
    """A document's sequence; 0 where it has none, as the oldest form does."""
    sequence = envelope.document["library"].get("sequence")
    return sequence if type(sequence) is int else 0


def _is_signed(source: dict[str, Any]) -> bool:
    library = source.get("library")
    return isinstance(library, dict) and ("signature" in library or "signatures" in library)


def _name(source: dict[str, Any]) -> str:
    library = source.get("library")
    name = library.get("name") if isinstance(library, dict) else None
    if not isinstance(name, str) or not is_name(name):
        raise DocumentError("this is not a library manifest, or its name is none", code="E_SCHEMA")
    return name
