"""Who signed a message, and whether they are enough (the trust profile, lines 23 to 25)."""

from __future__ import annotations

import hashlib

from codi_tui.errors import TrustError
from codi_tui.limits import SIGNATURES_MAX
from codi_tui.trust.keyring import ACTIVE, RETIRED, REVOKED, revoked
from codi_tui.trust.signature import parse_signature, parse_signatures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codi_tui.trust.keyring import Keyring, Rule, TrustedKey
    from codi_tui.trust.validator import SignatureCheck


class Quorum:
    """The keys whose signatures count for a message, and the rule that they satisfy."""

    __slots__ = ("keys", "rule")

    def __init__(self, rule: Rule, keys: Sequence[TrustedKey]) -> None:
        self.rule = rule
        self.keys = keys


async def require_quorum(
    keyring: Keyring,
    check: SignatureCheck,
    message: bytes,
    signature: object,
    claimed: str | None,
    *,
    origin: str,
    name: str,
    seen: Collection[str],
) -> Quorum:
    """Verify the signature, or the signatures, of a message.

    Args:
        claimed: the key that the library names.
        seen: digests of messages that were accepted before.

    Raises:
        TrustError: `E_SIGNATURE`, `E_KEY_SCOPE`, `E_NO_TRUST`; `E_THRESHOLD`, too few have signed; `E_KEY_REVOKED`,
            `E_KEY_RETIRED`, enough have, but not with keys that count now.
    """
    if isinstance(signature, list):
        signers = await _signers(keyring, check, message, signature, origin=origin, name=name)
    else:
        signers = await _signer(keyring, check, message, signature, claimed, origin=origin, name=name)
    if not signers:
        raise TrustError("the signature does not hold: it was changed, or signed by another key")
    rule = keyring.rule(origin, name)
    if len(signers) < rule.threshold:
        raise TrustError(
            f"{len(signers)} of the {rule.threshold} signatures that {rule.pattern} needs hold",
            code="E_THRESHOLD",
            hint="ask its publisher for a release that is signed by enough keys",
            facts={"signed": len(signers), "threshold": rule.threshold},
        )
    return Quorum(rule, _counting(signers, rule.threshold, message, seen))


async def _signer(
    keyring: Keyring,
    check: SignatureCheck,
    message: bytes,
    signature: object,
    claimed: str | None,
    *,
    origin: str,
    name: str,
) -> list[TrustedKey]:
    raw = parse_signature(signature)
    for key in keyring.candidates(origin, name, None if claimed is None else (claimed,)):
        if await check(key.public_key, message, raw):
            return [key]
    return []


async def _signers(
    keyring: Keyring, check: SignatureCheck, message: bytes, entries: list[object], *, origin: str, name: str
) -> list[TrustedKey]:
    """The distinct public keys among those that may sign whose signature holds: one key counts once."""
    signatures = parse_signatures(entries, SIGNATURES_MAX)
    candidates = {key.key_id: key for key in keyring.candidates(origin, name, [claimed for claimed, _ in signatures])}
    signers: dict[bytes, TrustedKey] = {}
    for claimed, raw in signatures:
        key = candidates.get(claimed)
        if key is not None and key.public_key not in signers and await check(key.public_key, message, raw):
            signers[key.public_key] = key
    return list(signers.values())


def _counting(signers: list[TrustedKey], threshold: int, message: bytes, seen: Collection[str]) -> list[TrustedKey]:
    """The signers whose keys count now: a retired key only for what was accepted before it was retired."""
    if all(key.status == ACTIVE for key in signers):
        return signers
    was_seen = hashlib.sha256(message).hexdigest() in seen
    counting = [key for key in signers if key.status == ACTIVE or (key.status == RETIRED and was_seen)]
    if len(counting) >= threshold:
        return counting
    for key in signers:
        if key.status == REVOKED:
            raise revoked(key)
    retired = next(key for key in signers if key.status == RETIRED)
    raise TrustError(
        f"the key that signed it is retired, and this release was not seen here before: {retired.key_id[:24]}…",
        code="E_KEY_RETIRED",
        hint="ask its publisher for a release that is signed with a current key",
        facts={"key_id": retired.key_id},
    )
