"""The trust document of an origin: who may sign what there, and how that may change (the trust profile, lines 39 to 51).

`TrustDocument` cannot be constructed elsewhere: one is accepted by the fingerprint of its root (`pin`), follows from the
one before (`advance`), or was accepted before and is read back (`restore`). In each case its signatures are verified.
The chain is TUF's (5.3): a step is exactly one version, and signed by a threshold of the root before and of its own.
"""

from __future__ import annotations

import hashlib

from codi_tui.errors import DocumentError, TrustError
from codi_tui.limits import TRUST_MAX_BYTES, TRUST_ROOT_SIGNATURES_MAX
from codi_tui.model.times import timestamp
from codi_tui.trust.canonical import canonical_json, loads_document
from codi_tui.trust.document_parts import TRUST_TYPE, Root, parse_parts
from codi_tui.trust.keyring import RETIRED, REVOKED, Rule, closest_pattern
from codi_tui.trust.signature import parse_signatures, verify_ed25519

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.trust.document_parts import Parts

_MAKER = object()


class TrustDocument:
    """A trust document whose signatures were verified in this process.

    Attributes:
        origin: the server that it is for.
        version: 1 and up, without gaps.
        expires_at: RFC 3339, UTC; from then on nothing of the origin is accepted.
        root: the keys that sign trust documents.
        keys: every library key, by key id, with its status.
        reasons: why a key has its status, in its publisher's words, by key id.
        reserved: names that no library or command of the origin may take.
        min_sequence: the oldest release of a library that its publisher still stands by.
        message, signatures: what was verified, as it is stored.
        digest: SHA-256 of the message.
    """

    __slots__ = (
        "_rules",
        "digest",
        "expires_at",
        "keys",
        "message",
        "min_sequence",
        "origin",
        "reasons",
        "reserved",
        "root",
        "signatures",
        "version",
    )

    def __init__(self, maker: object, origin: str, parts: Parts, opened: _Opened) -> None:
        if maker is not _MAKER:
            raise TypeError("a TrustDocument is made by pin, advance and restore only")
        self.origin = origin
        self.version = parts.version
        self.expires_at = parts.expires_at
        self.root = parts.root
        self.keys = parts.keys
        self.reasons = parts.reasons
        self._rules = parts.rules
        self.reserved = parts.reserved
        self.min_sequence = parts.min_sequence
        self.message = opened.message
        self.signatures = opened.signatures
        self.digest = opened.digest

    @property
    def fingerprint(self) -> str:
        """The root's fingerprint: what a user compares and accepts."""
        return self.root.fingerprint

    @property
    def rules(self) -> dict[str, Rule]:
        """Every rule by its pattern, to be shown; `rule` is what decides."""
        return dict(self._rules)

    @property
    def has_retired_keys(self) -> bool:
        """Whether what was seen before makes a difference."""
        return any(key.status == RETIRED for key in self.keys.values())

    def rule(self, name: str) -> Rule | None:
        """The rule that covers a library's name most closely."""
        pattern = closest_pattern(self._rules, name)
        return None if pattern is None else self._rules[pattern]

    def gone_since(self, before: TrustDocument | None) -> set[str]:
        """The key ids that no longer count although they did in the document before."""
        revoked = {key_id for key_id, key in self.keys.items() if key.status == REVOKED}
        if before is None:
            return revoked
        were_revoked = {key_id for key_id, key in before.keys.items() if key.status == REVOKED}
        return (revoked | (set(before.keys) - set(self.keys))) - were_revoked

    def check_expiry(self, now: float) -> None:
        """Refuse to go by a document that is out of date.

        Raises:
            TrustError: `E_TRUST_EXPIRED`.
        """
        if self.expires_at <= timestamp(now):
            raise TrustError(
                f"the trust document of {self.origin} expired at {self.expires_at}",
                code="E_TRUST_EXPIRED",
                hint="refresh it while the server can be reached; if that gives no newer one, ask its operator",
                facts={"version": self.version, "expires_at": self.expires_at},
            )


class _Opened:
    """A trust document's parts, before anything about it is believed."""

    __slots__ = ("digest", "document", "message", "signatures")

    def __init__(self, document: dict[str, Any], message: bytes, signatures: object) -> None:
        self.document = document
        self.message = message
        self.signatures = signatures
        self.digest = hashlib.sha256(message).hexdigest()


def root_fingerprint(data: bytes) -> str:
    """The fingerprint of the root that a document names, for a user to compare. Nothing is believed by this.

    Raises:
        DocumentError, TrustError: it is no trust document.
    """
    return parse_parts(_open(data).document).root.fingerprint


def pin(data: bytes, *, origin: str, fingerprint: str) -> TrustDocument:
    """Take a document as the beginning, because the user accepted its root's fingerprint.

    Raises:
        DocumentError: it is malformed.
        TrustError: `E_FINGERPRINT`, its root is another; `E_THRESHOLD`, its root did not sign it; `E_REGISTRY`, it is
            for another server; see `parse_parts`.
    """
    opened = _open(data)
    document = _make(opened, origin)
    if document.fingerprint != fingerprint:
        raise TrustError(
            "the document's root is not the one that was accepted",
            code="E_FINGERPRINT",
            hint="compare the fingerprint with the operator's, by a way that you trust",
            facts={"fingerprint": document.fingerprint, "accepted": fingerprint},
        )
    _require_root(document.root, opened, "its own root")
    return document


def advance(current: TrustDocument, data: bytes) -> TrustDocument:
    """Take the step from a document to the one after. That the current one has expired does not matter here.

    Raises:
        DocumentError: it is malformed.
        TrustError: `E_ROLLBACK`, it is older; `E_EQUIVOCATION`, it is another document of the same version;
            `E_TRUST_CHAIN`, a version is left out; `E_THRESHOLD`, not enough of the current root's keys, or of its
            own, have signed it; `E_REGISTRY`; see `parse_parts`.
    """
    opened = _open(data)
    version = _version(opened)
    facts: dict[str, object] = {"version": version, "mark_version": current.version}
    if version < current.version:
        raise TrustError(
            f"trust document {version} is older than the accepted {current.version}", code="E_ROLLBACK", facts=facts
        )
    if opened.digest == current.digest:
        return current
    _require_root(current.root, opened, f"the root of version {current.version}")
    if version == current.version:
        raise TrustError(
            f"two different trust documents are version {version}: {current.digest} was accepted before, "
            f"this is {opened.digest}",
            code="E_EQUIVOCATION",
            hint="show both digests to the server's operator: a root key may be in other hands",
            facts={**facts, "digest": opened.digest, "mark_digest": current.digest},
        )
    if version != current.version + 1:
        raise TrustError(
            f"trust document {version} does not follow {current.version}", code="E_TRUST_CHAIN", facts=facts
        )
    document = _make(opened, current.origin)
    _require_root(document.root, opened, "its own root")
    return document


def restore(message: bytes, signatures: object, *, origin: str, digest: str) -> TrustDocument:
    """Read back a document that was accepted before.

    Raises:
        DocumentError, TrustError: it is no longer the one that was accepted.
    """
    opened = _Opened(_trust_object(loads_document(message)), message, signatures)
    if opened.digest != digest:
        raise TrustError("the trust document was changed", code="E_DIGEST")
    document = _make(opened, origin)
    _require_root(document.root, opened, "its own root")
    return document


def _open(data: bytes) -> _Opened:
    if len(data) > TRUST_MAX_BYTES:
        raise DocumentError(f"the trust document is larger than {TRUST_MAX_BYTES} bytes", code="E_TOO_LARGE")
    document = _trust_object(loads_document(data))
    signatures = document.pop("signatures", None)
    return _Opened(document, canonical_json(document), signatures)


def _trust_object(document: object) -> dict[str, Any]:
    if not isinstance(document, dict) or document.get("type") != TRUST_TYPE:
        raise DocumentError(f"this is not a {TRUST_TYPE}", code="E_TYPE")
    return document


def _version(opened: _Opened) -> int:
    version = opened.document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DocumentError("a trust document's version is a whole number from 1", code="E_TRUST_DOCUMENT")
    return version


def _make(opened: _Opened, origin: str) -> TrustDocument:
    parts = parse_parts(opened.document)
    if parts.registry not in (None, origin):
        raise TrustError("the trust document was signed for another library server", code="E_REGISTRY")
    return TrustDocument(_MAKER, origin, parts, opened)


def _require_root(root: Root, opened: _Opened, whose: str) -> None:
    """A threshold of a root's keys, counted as distinct public keys, has signed."""
    entries = parse_signatures(opened.signatures, TRUST_ROOT_SIGNATURES_MAX)
    if len({key_id for key_id, _ in entries}) != len(entries):
        raise TrustError("the trust document names one signer twice")
    signed = {
        root.keys[key_id]
        for key_id, signature in entries
        if key_id in root.keys and verify_ed25519(root.keys[key_id], opened.message, signature)
    }
    if len(signed) < root.threshold:
        raise TrustError(
            f"the trust document has {len(signed)} of the {root.threshold} signatures that {whose} asks for",
            code="E_THRESHOLD",
            facts={"signed": len(signed), "threshold": root.threshold},
        )
