"""The signed envelope: from a document's bytes to the exact message that was signed, and back (trust profile, line 6)."""

from __future__ import annotations

import hashlib

from codi_tui.errors import DocumentError, TrustError
from codi_tui.limits import MANIFEST_MAX_BYTES, MODULE_MAX_BYTES
from codi_tui.model.manifest import MANIFEST_TYPE
from codi_tui.trust.canonical import canonical_json, loads_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Envelope:
    """A manifest's parts, before anything about it is believed.

    Attributes:
        document: the parsed manifest, without signature and (v1) without the module's data.
        message: the bytes that are signed.
        signature: what the document gives as its signature, or its list of signatures, unchecked.
        module: the module's bytes when they came inside, else None.
    """

    __slots__ = ("document", "message", "module", "signature")

    def __init__(self, document: dict[str, Any], message: bytes, signature: object, module: bytes | None) -> None:
        self.document = document
        self.message = message
        self.signature = signature
        self.module = module

    @property
    def digest(self) -> str:
        """The SHA-256 of the message in lower-case hex: the library's identity."""
        return hashlib.sha256(self.message).hexdigest()

    @property
    def is_v1(self) -> bool:
        return "type" in self.document


def open_document(data: bytes) -> Envelope:
    """Open what a library server, a directory or a bundle delivered.

    Raises:
        DocumentError: `E_TOO_LARGE`, `E_JSON`, `E_SCHEMA` (no `library` object), `E_BASE64`, `E_TYPE`.
        TrustError: `E_SIGNATURE`, it is signed in two ways at once.
    """
    document = _manifest(loads_document(data))
    signature = _take_signature(document)
    module = None
    wasm_module = document.get("wasm_module")
    if isinstance(wasm_module, dict) and "data" in wasm_module:
        module = _decode_base64(wasm_module["data"])
        if "type" in document:
            del wasm_module["data"]
    message = canonical_json(document)
    if "type" in document and len(message) > MANIFEST_MAX_BYTES:
        raise DocumentError(f"the manifest is larger than {MANIFEST_MAX_BYTES} bytes", code="E_TOO_LARGE")
    return Envelope(document, message, signature, module)


def _take_signature(document: dict[str, Any]) -> object:
    """The signature or, in a v1 document, the signatures; a document with both would have two readings."""
    library = document["library"]
    signature = library.pop("signature", None)
    if "type" not in document or "signatures" not in library:
        return signature
    if signature is not None:
        raise TrustError("it has both a signature and a list of signatures")
    return library.pop("signatures")


def open_message(message: bytes) -> dict[str, Any]:
    """Parse a stored message. Call it on bytes whose signature was just verified.

    Raises:
        DocumentError: `E_JSON`, `E_TYPE`, `E_SCHEMA`.
    """
    return _manifest(loads_document(message))


def embedded_module(document: dict[str, Any]) -> bytes | None:
    """The module inside a v0 manifest, where the signature covers its base64."""
    wasm_module = document.get("wasm_module")
    if not isinstance(wasm_module, dict) or "data" not in wasm_module:
        return None
    return _decode_base64(wasm_module["data"])


def _manifest(document: object) -> dict[str, Any]:
    if not isinstance(document, dict) or not isinstance(document.get("library"), dict):
        raise DocumentError("this is not a library manifest", code="E_SCHEMA")
    if document.get("type", MANIFEST_TYPE) != MANIFEST_TYPE:
        raise DocumentError(f"this is not a {MANIFEST_TYPE}", code="E_TYPE")
    return document


def _decode_base64(text: object) -> bytes:
    """Strict base64: what decodes must encode to the same text (RFC 4648, 3.5)."""
    import binascii

    try:
        if not isinstance(text, str):
            raise ValueError
        data = binascii.a2b_base64(text, strict_mode=True)
        if binascii.b2a_base64(data, newline=False).decode() != text:
            raise ValueError
    except ValueError:
        raise DocumentError("the module is not strict base64", code="E_BASE64") from None
    if len(data) > MODULE_MAX_BYTES:
        raise DocumentError(f"the module is larger than {MODULE_MAX_BYTES} bytes", code="E_TOO_LARGE")
    return data


def check_header(signature: object, header: str | None) -> None:
    """`X-Library-Signature`, when a server sends it, equals the body's signature (trust profile, line 19).

    Of a document with several signatures it has to be one.

    Raises:
        TrustError: `E_HEADER`.
    """
    if header is not None and header != signature and header not in _listed(signature):
        raise TrustError("the signature in the header is not the one in the document", code="E_HEADER")


def _listed(signatures: object) -> list[object]:
    if not isinstance(signatures, list):
        return []
    return [entry.get("sig") for entry in signatures if isinstance(entry, dict)]
