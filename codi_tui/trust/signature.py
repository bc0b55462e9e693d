"""Ed25519 (RFC 8032) by libsodium, and the checks on a public key that come before any backend sees it.

PyNaCl's compiled layer is called directly: its Python layer verifies the same way, but importing it costs more than a
whole cached load.
"""

from __future__ import annotations

import hashlib

from codi_tui.errors import TrustError

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    }
)
"""The y coordinates of the eight points whose order divides 8; a signature under one of them proves nothing."""

_HEX = frozenset("0123456789abcdef")


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is the key's over the message. Anything malformed, or not `bytes`, is False; nothing is raised.

    Malleable signatures, small-order and non-canonical keys are refused (trust facts F1; RFC 8032, 5.1.7).
    """
    if not (isinstance(public_key, bytes) and isinstance(message, bytes) and isinstance(signature, bytes)):
        return False
    if len(signature) != SIGNATURE_BYTES or not is_sound_key(public_key):
        return False
    from nacl._sodium import ffi, lib

    signed = signature + message
    opened = ffi.new("unsigned char[]", len(signed))
    return bool(lib.crypto_sign_open(opened, ffi.NULL, signed, len(signed), public_key) == 0)


def is_sound_key(public_key: bytes) -> bool:
    """Whether bytes are a canonically encoded public key that is not one of the small-order points."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        return False
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return y < _P and y not in _SMALL_ORDER_Y


def key_id(public_key: bytes) -> str:
    """A key's name: `ed25519:` and the SHA-256 of its 32 bytes in lower-case hex."""
    return f"ed25519:{hashlib.sha256(public_key).hexdigest()}"


def parse_public_key(text: str) -> bytes:
    """A public key from 64 lower-case hex digits.

    Raises:
        TrustError: `E_KEY`, wrong syntax, a non-canonical encoding, or a small-order point.
    """
    key = _unhex(text, PUBLIC_KEY_BYTES)
    if key is None:
        raise TrustError("a public key is written as 64 lower-case hex digits", code="E_KEY")
    if not is_sound_key(key):
        raise TrustError("this public key is weak: anyone could forge signatures for it", code="E_KEY")
    return key


def parse_signature(text: object) -> bytes:
    """A signature from exactly 128 lower-case hex digits: one signature has one spelling.

    Raises:
        TrustError: `E_SIGNATURE`.
    """
    signature = _unhex(text, SIGNATURE_BYTES)
    if signature is None:
        raise TrustError("the signature is not 128 lower-case hex digits")
    return signature


def parse_signatures(entries: object, limit: int) -> list[tuple[str, bytes]]:
    """A list of `{key_id, sig}`, in its order: who claims to have signed, and with what.

    Raises:
        TrustError: `E_SIGNATURE`, it is anything else, empty, or longer than the limit.
    """
    if not isinstance(entries, list) or not 0 < len(entries) <= limit:
        raise TrustError(f"the signatures are not a list of 1 to {limit}")
    signatures = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("key_id"), str):
            raise TrustError("a signature does not name its key")
        signatures.append((entry["key_id"], parse_signature(entry.get("sig"))))
    return signatures


def _unhex(text: object, size: int) -> bytes | None:
    if isinstance(text, str) and len(text) == 2 * size and _HEX.issuperset(text):
        return bytes.fromhex(text)
    return None
