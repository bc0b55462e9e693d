"""Signing: from a manifest's source and a module to the document that is delivered (trust profile, lines 6 to 18, 55)."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from typing import Any

from nacl.signing import SigningKey

from codi_tui.errors import CodiError, DocumentError, InputError, TrustError
from codi_tui.execute.module import validate_wasm
from codi_tui.limits import SIGNATURES_MAX
from codi_tui.model.manifest import MANIFEST_TYPE
from codi_tui.model.schema import validate_manifest
from codi_tui.model.times import is_time
from codi_tui.trust.canonical import canonical_json, loads_document
from codi_tui.trust.envelope import open_document
from codi_tui.trust.signature import key_id, parse_signatures


def complete_manifest(
    source: dict[str, Any], module: bytes | None, *, public_key: bytes, sequence: int, issued_at: str
) -> dict[str, Any]:
    """The manifest as it is signed: the source with sequence, time, key and the module's digest.

    Args:
        source: the manifest as its author wrote it.
        module: the WebAssembly module that `wasm_module` describes, or None.
        sequence: rises with every release of the library.
        issued_at: RFC 3339, UTC, whole seconds.

    Raises:
        DocumentError: the manifest breaks the profile or the schema, or does not go with the module.
        ModuleError: the module is not valid.
    """
    manifest = copy.deepcopy(source)
    library = manifest.get("library")
    if not isinstance(library, dict):
        raise DocumentError("this is not a library manifest", code="E_SCHEMA")
    if (module is None) == ("wasm_module" in manifest):
        raise DocumentError("the manifest describes a module and there is none, or the reverse", code="E_WASM_HASH")
    if not is_time(issued_at) or isinstance(sequence, bool) or sequence < 1:
        raise DocumentError("issued_at is a UTC time, and sequence a whole number from 1", code="E_SCHEMA")
    manifest["type"] = MANIFEST_TYPE
    for name in ("signature", "signatures"):
        library.pop(name, None)
    if isinstance(manifest.get("wasm_module"), dict):
        manifest["wasm_module"].pop("data", None)
    library |= {"sequence": sequence, "issued_at": issued_at, "key_id": key_id(public_key)}
    if module is not None:
        library |= {"wasm_sha256": hashlib.sha256(module).hexdigest(), "wasm_size": len(module)}
    loads_document(canonical_json(manifest))
    validate_manifest(manifest)
    if module is not None:
        validate_wasm(module, manifest["wasm_module"]["format"])
    return manifest


def sign_manifest(manifest: dict[str, Any], module: bytes | None, key: SigningKey) -> bytes:
    """The signed document, with the module inside, as indented JSON.

    Raises:
        TrustError: `E_KEY`, the manifest names another key.
    """
    if manifest["library"].get("key_id") != key_id(bytes(key.verify_key)):
        raise TrustError("the manifest names another key than the one that is to sign it", code="E_KEY")
    signed = copy.deepcopy(manifest)
    signed["library"]["signature"] = key.sign(canonical_json(manifest)).signature.hex()
    if module is not None:
        signed["wasm_module"]["data"] = base64.b64encode(module).decode()
    return _as_file(signed)


def add_signature(data: bytes, key: SigningKey) -> bytes:
    """A signed document with one more signature over the same message, for libraries that need several.

    Raises:
        InputError: it is not signed by anybody yet, or has as many signatures as it can have.
        CodiError: `E_EXISTS`, this key has signed it.
        DocumentError, TrustError: it is no signed manifest of this form.
    """
    envelope = open_document(data)
    document = loads_document(data)
    library, signer = document["library"], key_id(bytes(key.verify_key))
    if "type" not in document or envelope.signature is None:
        raise InputError("only a signed manifest of this form can be signed by another key too")
    if "signature" in library:
        library["signatures"] = [{"key_id": library.get("key_id"), "sig": library.pop("signature")}]
    signatures = library["signatures"]
    if any(claimed == signer for claimed, _ in parse_signatures(signatures, SIGNATURES_MAX)):
        raise CodiError("this key has signed it already, and counts once", code="E_EXISTS")
    if len(signatures) == SIGNATURES_MAX:
        raise InputError(f"it has {SIGNATURES_MAX} signatures, and can have no more")
    signatures.append({"key_id": signer, "sig": key.sign(envelope.message).signature.hex()})
    return _as_file(document)


def _as_file(document: dict[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)}\n".encode()
