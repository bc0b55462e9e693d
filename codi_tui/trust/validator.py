"""SecurityValidator: the sole maker of a verified library (the record, section 9; trust profile, lines 21 to 28).

`CommandLibrary` and `VerifiedModule` cannot be constructed elsewhere, so whatever takes one can rely on it. Nothing here
does I/O; the clock and the signature check are ports.
"""

from __future__ import annotations

import hashlib

from codi_tui.errors import RefusedError, TrustError
from codi_tui.model.manifest import LibraryManifest
from codi_tui.model.names import is_name
from codi_tui.trust.claims import check_release, check_reserved, check_times, promised_module
from codi_tui.trust.envelope import check_header, embedded_module, open_document, open_message
from codi_tui.trust.marks import NO_RECORD, Record
from codi_tui.trust.quorum import Quorum, require_quorum
from codi_tui.trust.signature import verify_ed25519

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from codi_tui.trust.keyring import Keyring

    Signature = str | list[dict[str, str]]

    SignatureCheck = Callable[[bytes, bytes, bytes], Awaitable[bool]]

_MAKER = object()


class VerifiedModule:
    """A module's bytes whose digest a verified manifest promised."""

    __slots__ = ("data", "digest")

    def __init__(self, maker: object, data: bytes, digest: str) -> None:
        if maker is not _MAKER:
            raise TypeError("only SecurityValidator makes a VerifiedModule")
        self.data = data
        self.digest = digest


class CommandLibrary:
    """A library that was verified in this process, just now.

    Attributes:
        origin: the server's origin, or `bundled`.
        digest: SHA-256 of the signed message, lower-case hex.
        keys: the keys whose signatures count; key_id and public_key are the first one's.
        threshold: how many of them its rule asks for.
        rule: the pattern by which it is trusted; a grant is tied to it, so that a key rotation does not ask again.
        message, signature: what was verified, as it is stored; the signature is hex, or a list of `{key_id, sig}`.
        sequence: rises with every release; 0 in the oldest form of a manifest.
        issued_at: RFC 3339, or None in the oldest form.
        verified_at: the time by which it was judged, Unix seconds.
        manifest: the typed view over the message.
        module_digest, module_bytes: SHA-256 and size of the library's module; None and 0 when it has none.
        module: the module, when its bytes were at hand.
        cached: whether it came from the cache.
    """

    __slots__ = (
        "cached",
        "digest",
        "issued_at",
        "keys",
        "manifest",
        "message",
        "module",
        "module_bytes",
        "module_digest",
        "name",
        "origin",
        "rule",
        "sequence",
        "signature",
        "threshold",
        "verified_at",
        "version",
    )

    def __init__(
        self, maker: object, origin: str, name: str, quorum: Quorum, message: bytes, signature: Signature
    ) -> None:
        if maker is not _MAKER:
            raise TypeError("only SecurityValidator makes a CommandLibrary")
        self.origin = origin
        self.name = name
        self.keys = tuple(quorum.keys)
        self.threshold = quorum.rule.threshold
        self.rule = quorum.rule.pattern
        self.message = message
        self.signature = signature
        self.digest = hashlib.sha256(message).hexdigest()
        self.cached = False
        self.module: VerifiedModule | None = None
        self.module_digest: str | None = None
        self.module_bytes = 0
        self.sequence = 0
        self.issued_at: str | None = None
        self.verified_at = 0.0

    @property
    def key_id(self) -> str:
        """The key whose signature held; of several, the first."""
        return self.keys[0].key_id

    @property
    def public_key(self) -> bytes:
        """The bytes of that key."""
        return self.keys[0].public_key

    @property
    def id(self) -> str:
        """`origin/name`, so that two servers never overwrite each other."""
        return f"{self.origin}/{self.name}"

    def _describe(self, document: dict[str, Any]) -> None:
        self.manifest = LibraryManifest(document)
        self.version = self.manifest.library.version


async def libsodium_check(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """The signature check of every platform that has libsodium."""
    return verify_ed25519(public_key, message, signature)


class SecurityValidator:
    """Verifies libraries, fetched or stored, against a keyring, at the time that the clock gives."""

    def __init__(self, keyring: Keyring, now: Callable[[], float], check: SignatureCheck = libsodium_check) -> None:
        self._keyring = keyring
        self._now = now
        self._check = check

    async def admit(
        self, data: bytes, *, origin: str, name: str, header: str | None = None, record: Record = NO_RECORD
    ) -> CommandLibrary:
        """Verify a document that was fetched for a name. Its schema is checked once, here.

        Args:
            data: the whole document as it was delivered.
            origin: where it came from.
            name: the library that was asked for.
            header: `X-Library-Signature`, when the server sent it.
            record: what is remembered of the library.

        Raises:
            RefusedError: whatever is wrong with it; see the codes in trust profile, lines 21 to 28.
        """
        try:
            envelope = open_document(data)
            check_header(envelope.signature, header)
            claimed = envelope.document["library"].get("key_id") if envelope.is_v1 else None
            library = await self._verify(envelope.message, envelope.signature, claimed, origin, name, record)
            self._check_claims(library, envelope.document, record)
            self._attach_module(library, envelope.document, envelope.module)
            from codi_tui.model.schema import validate_manifest

            validate_manifest(envelope.document, library=name)
            library._describe(envelope.document)
        except RefusedError as error:
            error.library = name
            raise
        return library

    async def verify_stored(
        self,
        message: bytes,
        signature: object,
        key_id: str | None,
        *,
        origin: str,
        name: str,
        record: Record = NO_RECORD,
        allow_expired: bool = False,
    ) -> CommandLibrary:
        """Verify what the cache holds, in full, as of now. The schema was checked when it was stored.

        Args:
            allow_expired: that it has expired is no refusal, which is for what was accepted before, on a person's word.

        Raises:
            RefusedError: as for `admit`.
        """
        try:
            library = await self._verify(message, signature, key_id, origin, name, record)
            document = open_message(message)
            self._check_claims(library, document, record, allow_expired=allow_expired)
            self._attach_module(library, document, None)
        except RefusedError as error:
            error.library = name
            raise
        library._describe(document)
        library.cached = True
        return library

    def verify_module(self, library: CommandLibrary, data: bytes) -> VerifiedModule:
        """Check a module that travelled apart from its manifest.

        Raises:
            TrustError: `E_WASM_HASH`.
        """
        digest = hashlib.sha256(data).hexdigest()
        if digest != library.module_digest:
            raise TrustError(
                "the module is not the one that the manifest was signed for", code="E_WASM_HASH", library=library.name
            )
        return VerifiedModule(_MAKER, data, digest)

    async def _verify(
        self, message: bytes, signature: object, claimed: object, origin: str, name: str, record: Record
    ) -> CommandLibrary:
        if not is_name(name):
            raise TrustError(f"not a library name: {name[:80]!r}", code="E_NAME_MISMATCH")
        if claimed is not None and not isinstance(claimed, str):
            raise TrustError("it is signed by a key that is not trusted here")
        now = self._now()
        trust = self._keyring.document(origin)
        if trust is not None:
            trust.check_expiry(now)
        quorum = await require_quorum(
            self._keyring, self._check, message, signature, claimed, origin=origin, name=name, seen=record.digests
        )
        library = CommandLibrary(_MAKER, origin, name, quorum, message, _stored(signature))
        library.verified_at = now
        return library

    def _check_claims(
        self, library: CommandLibrary, document: dict[str, Any], record: Record, *, allow_expired: bool = False
    ) -> None:
        """Type, name, registry, sequence, times and names of a document whose signature holds (lines 26 to 28)."""
        claims, name, is_v1 = document["library"], library.name, "type" in document
        if not is_v1:
            self._check_v0(library, name)
        elif _named_key(claims, library) not in [key.key_id for key in library.keys]:
            raise TrustError("it names another key than the one that signed it")
        if claims.get("name") != name:
            raise TrustError(f"it is the library {str(claims.get('name'))[:80]!r}", code="E_NAME_MISMATCH")
        if claims.get("registry", library.origin) != library.origin:
            raise TrustError("it was signed for another library server", code="E_REGISTRY")
        trust = self._keyring.document(library.origin)
        floor = 0 if trust is None else trust.min_sequence.get(name, 0)
        library.sequence = check_release(claims, library.digest, record.mark, floor, is_v1=is_v1)
        check_times(claims, library.verified_at, required=is_v1, allow_expired=allow_expired)
        library.issued_at = claims.get("issued_at")
        if trust is not None:
            check_reserved(document, trust.reserved)

    def _check_v0(self, library: CommandLibrary, name: str) -> None:
        keys = self._keyring.candidates(library.origin, name, (library.key_id,))
        if not any(key.accept_v0 for key in keys):
            raise TrustError(
                "it has no type, and the key that signed it is not marked accept_v0",
                code="E_TYPE",
                hint="ask its publisher for a codi/library-manifest/v1, or set accept_v0 for this key",
            )

    def _attach_module(self, library: CommandLibrary, document: dict[str, Any], data: bytes | None) -> None:
        """Line 27: the digest that the signature covers, and the bytes when they are here."""
        if "type" in document:
            claims = document["library"]
            promised = claims.get("wasm_sha256")
            if (promised is None) == ("wasm_module" in document):
                raise TrustError("wasm_sha256 and wasm_module do not go together", code="E_WASM_HASH")
            if promised is not None:
                library.module_digest, library.module_bytes = promised_module(promised, claims.get("wasm_size"))
            if data is not None and len(data) != library.module_bytes:
                raise TrustError("the module is not of the signed size", code="E_WASM_HASH")
        else:
            data = embedded_module(document)
            library.module_digest = None if data is None else hashlib.sha256(data).hexdigest()
            library.module_bytes = 0 if data is None else len(data)
        if data is not None:
            library.module = self.verify_module(library, data)


def _stored(signature: object) -> Signature:
    """A signature whose syntax was checked, as it is kept: its hex, or the list with nothing but keys and hex."""
    if isinstance(signature, list):
        return [{"key_id": entry["key_id"], "sig": entry["sig"]} for entry in signature]
    return str(signature)


def _named_key(claims: dict[str, Any], library: CommandLibrary) -> object:
    """The key that a v1 document names. Of one with several signatures the list names them, and it need not."""
    if isinstance(library.signature, list):
        return claims.get("key_id", library.key_id)
    return claims.get("key_id")
