"""Trust documents for tests, signed by numbered root keys, so that a table can say who signs what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nacl.signing import SigningKey

from codi_tui.trust import canonical_json
from codi_tui.trust.signature import key_id
from support.libraries import KEY

EXPIRES = "2027-11-22T00:00:00Z"


def root_key(number: int) -> SigningKey:
    """A root key."""
    return SigningKey(bytes([0x40 + number]) * 32)


def id_of(key: SigningKey) -> str:
    return key_id(bytes(key.verify_key))


def entry(key: SigningKey, status: str | None = None) -> dict[str, Any]:
    """A key as a document lists it."""
    listed = {"key_id": id_of(key), "public_key": bytes(key.verify_key).hex()}
    return listed if status is None else {**listed, "status": status, "reason": ""}


def rule(*patterns: str, keys: Sequence[SigningKey] = (KEY,), threshold: int = 1) -> dict[str, Any]:
    return {"libraries": list(patterns or ("*",)), "key_ids": [id_of(key) for key in keys], "threshold": threshold}


def content(version: int = 1, root: Sequence[int] = (0,), threshold: int = 1, **members: Any) -> dict[str, Any]:
    """A trust document, unsigned."""
    return {
        "type": "codi/trust/v1",
        "version": version,
        "expires_at": EXPIRES,
        "root": {"threshold": threshold, "keys": [entry(root_key(number)) for number in root]},
        "keys": [entry(KEY, "active")],
        "rules": [rule()],
        "reserved": [],
        "min_sequence": {},
        **members,
    }


def sign(document: dict[str, Any], signers: Sequence[int] = (0,)) -> bytes:
    """A document as it is delivered, signed by these root keys whatever it says."""
    message = canonical_json(document)
    signatures = [
        {"key_id": id_of(root_key(number)), "sig": root_key(number).sign(message).signature.hex()} for number in signers
    ]
    return json.dumps({**document, "signatures": signatures}, indent=1).encode()


def trust(version: int = 1, signers: Sequence[int] = (0,), **members: Any) -> bytes:
    """A signed trust document."""
    return sign(content(version, **members), signers)
