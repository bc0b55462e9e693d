"""SecurityValidator: the sole maker of a verified library (the record, section 9; trust profile, lines 21 to 28).

`CommandLibrary` and `VerifiedModule` cannot be constructed elsewhere, so whatever takes one can rely on it. Nothing here
does I/O; the clock and the signature check are ports.
"""

from __future__ import annotations

import hashlib

from codi_tui.errors import RefusedError, TrustError
from codi_tui.limits import CLOCK_SKEW_SECONDS, MODULE_MAX_BYTES
from codi_tui.model.manifest import LibraryManifest
from codi_tui.model.names import is_name
from codi_tui.model.times import is_time, timestamp
from codi_tui.trust.envelope import check_header, embedded_module, open_document, open_message
from codi_tui.trust.signature import parse_signature, verify_ed25519

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from codi_tui.trust.keyring import Keyring, TrustedKey

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
        key_id, public_key: the key whose signature held.
        message, signature: what was verified, as it is stored.
        manifest: the typed view over the message.
        module_digest, module_bytes: SHA-256 and size of the library's module; None and 0 when it has none.
        module: the module, when its bytes were at hand.
        cached: whether it came from the cache.
    """

    __slots__ = (
        "cached",
        "digest",
        "key_id",
        "manifest",
        "message",
        "module",
        "module_bytes",
        "module_digest",
        "name",
        "origin",
        "public_key",
        "signature",
        "version",
    )

    def __init__(self, maker: object, origin: str, name: str, key: TrustedKey, message: bytes, signature: str) -> None:
        if maker is not _MAKER:
            raise TypeError("only SecurityValidator makes a CommandLibrary")
        self.origin = origin
        self.name = name
        self.key_id = key.key_id
        self.public_key = key.public_key
        self.message = message
        self.signature = signature
        self.digest = hashlib.sha256(message).hexdigest()
        self.cached = False
        self.module: VerifiedModule | None = None
        self.module_digest: str | None = None
        self.module_bytes = 0

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

    async def admit(self, data: bytes, *, origin: str, name: str, header: str | None = None) -> CommandLibrary:
        """Verify a document that was fetched for a name. Its schema is checked once, here.

        Args:
            data: the whole document as it was delivered.
            origin: where it came from.
            name: the library that was asked for.
            header: `X-Library-Signature`, when the server sent it.

        Raises:
            RefusedError: whatever is wrong with it; see the codes in trust profile, lines 21 to 28.
        """
        try:
            envelope = open_document(data)
            check_header(envelope.signature, header)
            claimed = envelope.document["library"].get("key_id") if envelope.is_v1 else None
            library = await self._verify(envelope.message, envelope.signature, claimed, origin, name)
            self._check_claims(library, envelope.document, name)
            self._attach_module(library, envelope.document, envelope.module)
            from codi_tui.model.schema import validate_manifest

            validate_manifest(envelope.document, library=name)
            library._describe(envelope.document)
        except RefusedError as error:
            error.library = name
            raise
        return library

    async def verify_stored(
        self, message: bytes, signature: str, key_id: str | None, *, origin: str, name: str
    ) -> CommandLibrary:
        """Verify what the cache holds, in full, as of now. The schema was checked when it was stored.

        Raises:
            RefusedError: as for `admit`.
        """
        try:
            library = await self._verify(message, signature, key_id, origin, name)
            document = open_message(message)
            self._check_claims(library, document, name)
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
        self, message: bytes, signature: object, claimed: object, origin: str, name: str
    ) -> CommandLibrary:
        if not is_name(name):
            raise TrustError(f"not a library name: {name[:80]!r}", code="E_NAME_MISMATCH")
        if claimed is not None and not isinstance(claimed, str):
            raise TrustError("it is signed by a key that is not trusted here")
        raw = parse_signature(signature)
        for key in self._keyring.candidates(origin, name, claimed):
            if await self._check(key.public_key, message, raw):
                return CommandLibrary(_MAKER, origin, name, key, message, raw.hex())
        raise TrustError("the signature does not hold: it was changed, or signed by another key")

    def _check_claims(self, library: CommandLibrary, document: dict[str, Any], name: str) -> None:
        """Type, name, registry and times of a document whose signature holds (lines 26 and 28)."""
        claims = document["library"]
        if "type" not in document:
            self._check_v0(library, name)
        elif claims.get("key_id") != library.key_id:
            raise TrustError("it names another key than the one that signed it")
        if claims.get("name") != name:
            raise TrustError(f"it is the library {str(claims.get('name'))[:80]!r}", code="E_NAME_MISMATCH")
        if claims.get("registry", library.origin) != library.origin:
            raise TrustError("it was signed for another library server", code="E_REGISTRY")
        if "type" in document and not _is_whole_number(claims.get("sequence")):
            raise TrustError("its sequence is not a whole number from 1", code="E_SEQUENCE")
        self._check_times(claims.get("issued_at"), claims.get("expires_at"), required="type" in document)

    def _check_v0(self, library: CommandLibrary, name: str) -> None:
        keys = self._keyring.candidates(library.origin, name, library.key_id)
        if not any(key.accept_v0 for key in keys):
            raise TrustError(
                "it has no type, and the key that signed it is not marked accept_v0",
                code="E_TYPE",
                hint="ask its publisher for a codi/library-manifest/v1, or set accept_v0 for this key",
            )

    def _check_times(self, issued_at: object, expires_at: object, *, required: bool) -> None:
        if required or issued_at is not None:
            if not is_time(issued_at):
                raise TrustError("issued_at is not a UTC time such as 2026-11-22T00:00:00Z", code="E_CLOCK")
            if str(issued_at) > timestamp(self._now() + CLOCK_SKEW_SECONDS):
                raise TrustError("it was issued in the future: check this machine's clock", code="E_CLOCK")
        if expires_at is not None and not (is_time(expires_at) and str(expires_at) > str(issued_at or "")):
            raise TrustError("expires_at is not a UTC time after issued_at", code="E_EXPIRED")
        if expires_at is not None and str(expires_at) <= timestamp(self._now()):
            raise TrustError(
                f"it expired at {str(expires_at)[:40]}", code="E_EXPIRED", hint="ask its publisher for an update"
            )

    def _attach_module(self, library: CommandLibrary, document: dict[str, Any], data: bytes | None) -> None:
        """Line 27: the digest that the signature covers, and the bytes when they are here."""
        if "type" in document:
            claims = document["library"]
            promised = claims.get("wasm_sha256")
            if (promised is None) == ("wasm_module" in document):
                raise TrustError("wasm_sha256 and wasm_module do not go together", code="E_WASM_HASH")
            if promised is not None:
                library.module_digest, library.module_bytes = _sound_promise(promised, claims.get("wasm_size"))
            if data is not None and len(data) != library.module_bytes:
                raise TrustError("the module is not of the signed size", code="E_WASM_HASH")
        else:
            data = embedded_module(document)
            library.module_digest = None if data is None else hashlib.sha256(data).hexdigest()
            library.module_bytes = 0 if data is None else len(data)
        if data is not None:
            library.module = self.verify_module(library, data)


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _sound_promise(digest: object, size: object) -> tuple[str, int]:
    """A signed digest and size that can name a module: the digest goes into paths, the size bounds a download."""
    sound = isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    if not sound or not _is_whole_number(size) or int(str(size)) > MODULE_MAX_BYTES:
        raise TrustError("wasm_sha256 or wasm_size cannot be those of a module", code="E_WASM_HASH")
    return str(digest), int(str(size))
