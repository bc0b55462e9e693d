"""Ed25519: published vectors, small-order keys, and one spelling for one signature (attacks B7, B8)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codi_tui.errors import TrustError
from codi_tui.trust import verify_ed25519
from codi_tui.trust.signature import is_sound_key, key_id, parse_public_key, parse_signature
from support.trust import KEY, PUBLIC_KEY, trusted

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)


def encoded(y: int, sign: int = 0) -> str:
    return (y | sign << 255).to_bytes(32, "little").hex()


SMALL_ORDER = [
    encoded(1),
    encoded(P - 1),
    encoded(0),
    encoded(0, 1),
    ORDER_8[0],
    encoded(int.from_bytes(bytes.fromhex(ORDER_8[0]), "little"), 1),
    ORDER_8[1],
    encoded(int.from_bytes(bytes.fromhex(ORDER_8[1]), "little"), 1),
]
NON_CANONICAL = [encoded(y, sign) for y in range(P, 2**255) for sign in (0, 1)] + [encoded(1, 1), encoded(P - 1, 1)]


@pytest.mark.attack("B7")
def test_wycheproof(vectors: Path) -> None:
    document = json.loads((vectors / "wycheproof/ed25519_test.json").read_text())
    tried = 0
    for group in document["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            valid = verify_ed25519(key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert valid == (case["result"] == "valid"), case["tcId"]
            tried += 1
    assert tried == document["numberOfTests"] == 151


@pytest.mark.attack("B8")
@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_small_order_key_is_refused_when_it_is_loaded(key: str) -> None:
    with pytest.raises(TrustError, match="weak") as caught:
        parse_public_key(key)
    assert caught.value.code == "E_KEY"


@pytest.mark.attack("B8")
def test_every_non_canonical_encoding_of_a_key_is_refused() -> None:
    assert len(NON_CANONICAL) == 2 * 19 + 2
    for key in NON_CANONICAL:
        assert not is_sound_key(bytes.fromhex(key)), key


@pytest.mark.attack("B8")
@pytest.mark.parametrize("key", SMALL_ORDER)
def test_no_forgery_holds_under_a_small_order_key(key: str) -> None:
    """With S = 0 and R the key or the identity, the equation of a lax verifier holds for many messages."""
    for r in (key, encoded(1)):
        forged = bytes.fromhex(r) + bytes(32)
        for number in range(32):
            assert not verify_ed25519(bytes.fromhex(key), str(number).encode(), forged)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        PUBLIC_KEY.hex()[:-1],
        PUBLIC_KEY.hex() + "0",
        PUBLIC_KEY.hex().upper(),
        f" {PUBLIC_KEY.hex()[1:]}",
        "g" * 64,
        "٣" * 64,
    ],
)
def test_a_public_key_has_one_spelling(text: str) -> None:
    with pytest.raises(TrustError, match="64 lower-case hex") as caught:
        parse_public_key(text)
    assert caught.value.code == "E_KEY"


@pytest.mark.attack("B8")
def test_a_keyring_takes_no_weak_key() -> None:
    from codi_tui.trust import TrustedKey

    with pytest.raises(TrustError):
        TrustedKey(encoded(1), ["*"])


@pytest.mark.attack("B7")
def test_a_signature_has_one_spelling() -> None:
    signature = KEY.sign(b"message").signature.hex()
    assert parse_signature(signature) == bytes.fromhex(signature)
    others: list[object] = [
        signature.upper(),
        signature[:-1],
        signature + "00",
        f"{signature} ",
        f"0x{signature[2:]}",
        "",
        None,
        5,
        [signature],
        signature.encode(),
    ]
    for other in others:
        with pytest.raises(TrustError) as caught:
            parse_signature(other)
        assert caught.value.code == "E_SIGNATURE"


@pytest.mark.attack("B7")
def test_a_malleated_signature_does_not_hold() -> None:
    signature = KEY.sign(b"message").signature
    assert verify_ed25519(PUBLIC_KEY, b"message", signature)
    s = int.from_bytes(signature[32:], "little")
    for times in range(1, 9):
        assert not verify_ed25519(PUBLIC_KEY, b"message", signature[:32] + (s + times * ORDER).to_bytes(32, "little"))


@pytest.mark.attack("B7")
def test_a_signature_of_another_length_is_false_and_no_error() -> None:
    signature = KEY.sign(b"m").signature
    for length in (0, 1, 63, 65, 128):
        assert not verify_ed25519(PUBLIC_KEY, b"m", (signature * 2)[:length])
    for key in (b"", PUBLIC_KEY[:31], PUBLIC_KEY + b"\0"):
        assert not verify_ed25519(key, b"m", signature)


def test_the_key_id_is_the_digest_of_the_key(vectors: Path) -> None:
    document = json.loads((vectors / "codi-envelope-example/v1.manifest.json").read_text())
    assert document["library"]["key_id"] == key_id(PUBLIC_KEY) == trusted().key_id
