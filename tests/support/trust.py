"""A keyring, a fixed clock, and a signer that signs anything, so that a test can lie in exactly one place."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from nacl.signing import SigningKey

from codi_tui.operations.core import drive
from codi_tui.trust import CommandLibrary, Keyring, SecurityValidator, TrustedKey, canonical_json
from support.libraries import HELLO, KEY, PUBLIC_KEY, manifest, signed, wasm

ORIGIN = "https://libraries.example.com"
NOW = 1_795_305_600
"""2026-11-22T00:00:00Z."""
ISSUED = "2026-11-21T23:00:00Z"


def trusted(*patterns: str, key: SigningKey = KEY, accept_v0: bool = False) -> TrustedKey:
    """A key with its scope; without patterns, every name."""
    return TrustedKey(bytes(key.verify_key).hex(), patterns or ("*",), accept_v0=accept_v0)


def validator(*keys: TrustedKey, origin: str = ORIGIN, now: float = NOW) -> SecurityValidator:
    """A validator of one origin, with the clock stopped."""
    return SecurityValidator(Keyring({origin: list(keys or (trusted(),))}), lambda: now)


def admit(
    document: bytes, *keys: TrustedKey, name: str = "demo", header: str | None = None, now: float = NOW
) -> CommandLibrary:
    """What the validator makes of a fetched document."""
    library: CommandLibrary = drive(validator(*keys, now=now).admit(document, origin=ORIGIN, name=name, header=header))
    return library


def verify_stored(
    message: bytes, signature: str, key_id: str | None, *keys: TrustedKey, name: str = "demo", now: float = NOW
) -> CommandLibrary:
    """What the validator makes of a stored message."""
    library: CommandLibrary = drive(
        validator(*keys, now=now).verify_stored(message, signature, key_id, origin=ORIGIN, name=name)
    )
    return library


def document(source: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A signed document, parsed, as its publisher delivered it at `ISSUED`."""
    parsed: dict[str, Any] = json.loads(signed(source or manifest(**members), issued_at=ISSUED))
    return parsed


def sign_anything(parsed: dict[str, Any], key: SigningKey = KEY) -> bytes:
    """Sign a document whatever it says, as a careless or hostile publisher could."""
    lie = copy.deepcopy(parsed)
    lie["library"].pop("signature", None)
    message = copy.deepcopy(lie)
    if "type" in message and isinstance(message.get("wasm_module"), dict):
        message["wasm_module"].pop("data", None)
    lie["library"]["signature"] = key.sign(canonical_json(message)).signature.hex()
    return json.dumps(lie, ensure_ascii=False).encode()


def v0(**members: Any) -> dict[str, Any]:
    """A document of the record's plain shape, unsigned."""
    source = manifest(**members)
    del source["type"]
    source["wasm_module"]["data"] = base64.b64encode(wasm(HELLO)).decode()
    return source


__all__ = [
    "ISSUED",
    "KEY",
    "NOW",
    "ORIGIN",
    "PUBLIC_KEY",
    "admit",
    "document",
    "sign_anything",
    "trusted",
    "v0",
    "validator",
    "verify_stored",
]
