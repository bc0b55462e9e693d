"""The chain of trust documents (attacks A12, A14, A15): TUF's table of root rotations, in our terms."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from nacl.signing import SigningKey

from codi_tui.errors import DocumentError, RefusedError, TrustError
from codi_tui.limits import TRUST_MAX_BYTES
from codi_tui.trust.document import TrustDocument, advance, pin, restore, root_fingerprint
from support.libraries import KEY, OTHER_KEY
from support.roots import content, entry, id_of, root_key, rule, sign, trust
from support.trust import NOW, ORIGIN, document

FIVE, ROTATED, OTHERS = (0, 1, 2, 3, 4), (0, 1, 3, 4, 5), (5, 6, 7, 8, 9)


class Version(NamedTuple):
    """One published document: who is its root, how many must sign, who did, and whether it is refused."""

    root: tuple[int, ...]
    threshold: int
    signers: tuple[int, ...]
    refused: bool = False


CHAINS = {
    "one key after another": [Version((1,), 1, (1,)), Version((2,), 1, (2, 1)), Version((2,), 1, (2,))],
    "signatures of strangers do no harm": [
        Version((1,), 1, (3, 1, 4)),
        Version((2,), 1, (3, 2, 1, 4)),
        Version((2,), 1, (3, 2, 4)),
    ],
    "not signed by the old key": [Version((1,), 1, (1,)), Version((2,), 1, (2, 3, 4), True)],
    "not signed by the new key": [Version((1,), 1, (1,)), Version((2,), 1, (1, 3, 4), True)],
    "three of five, whichever": [
        Version(FIVE, 3, (0, 2, 4)),
        Version(FIVE, 3, (0, 4, 1)),
        Version(FIVE, 3, (0, 1, 3)),
        Version(FIVE, 3, (0, 1, 3)),
    ],
    "three of five, one is replaced": [Version(FIVE, 3, (0, 2, 4)), Version(ROTATED, 3, (0, 4, 1))],
    "three of five, one is replaced, too few new": [Version(FIVE, 3, (0, 2, 4)), Version(ROTATED, 3, (0, 2, 4), True)],
    "three of five, one is replaced, too few old": [Version(FIVE, 3, (0, 2, 4)), Version(ROTATED, 3, (0, 4, 5), True)],
    "three of five, one is replaced, in two steps": [
        Version(FIVE, 3, (0, 2, 4)),
        Version(ROTATED, 3, (0, 2, 4, 5)),
        Version(ROTATED, 3, (0, 4, 5)),
    ],
    "three of five, all are replaced, in two steps": [
        Version(FIVE, 3, (0, 2, 4)),
        Version(OTHERS, 3, (0, 2, 4, 5, 6, 7)),
        Version(OTHERS, 3, (5, 6, 7)),
    ],
    "the threshold rises": [Version((1, 2, 3), 1, (1,)), Version((1, 2, 3), 2, (1, 2))],
    "the threshold rises and is not reached": [Version((1, 2, 3), 1, (1,)), Version((1, 2, 3), 2, (2,), True)],
    "the threshold falls": [
        Version((1, 2, 3), 2, (1, 2)),
        Version((1, 2, 3), 1, (1, 2)),
        Version((1, 2, 3), 1, (1,)),
    ],
    "the threshold falls by the new one only": [Version((1, 2, 3), 2, (1, 2)), Version((1, 2, 3), 1, (1,), True)],
    "a second key joins": [Version((1,), 1, (1,)), Version((1, 2), 2, (1, 2))],
}


def accepted(data: bytes, origin: str = ORIGIN) -> TrustDocument:
    return pin(data, origin=origin, fingerprint=root_fingerprint(data))


def code_of(data: bytes, current: TrustDocument | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        accepted(data) if current is None else advance(current, data)
    return caught.value.code


@pytest.mark.attack("A14")
@pytest.mark.parametrize("name", CHAINS)
def test_a_root_changes_hands_only_with_both_thresholds(name: str) -> None:
    current: TrustDocument | None = None
    for number, version in enumerate(CHAINS[name], 1):
        data = trust(number, version.signers, root=version.root, threshold=version.threshold)
        if version.refused:
            assert code_of(data, current) == "E_THRESHOLD"
            return
        current = accepted(data) if current is None else advance(current, data)
        assert current.version == number


SIGNERS = {
    "another key than its root": ((2,), 1, (2,), True),
    "strangers beside": ((1,), 1, (3, 1, 4), True),
    "strangers only": ((2,), 1, (1, 3, 4), False),
    "two of three that count": (ROTATED, 3, (0, 2, 4), False),
    "one short": (ROTATED, 3, (0, 4), False),
    "first three": (FIVE, 3, (0, 2, 4), True),
    "second three": (FIVE, 3, (0, 4, 1), True),
    "third three": (FIVE, 3, (0, 1, 3), True),
    "fourth three": (FIVE, 3, (1, 2, 3), True),
    "fifth three": (FIVE, 3, (2, 3, 4), True),
}


@pytest.mark.parametrize("name", SIGNERS)
def test_the_first_document_is_signed_by_its_own_root(name: str) -> None:
    root, threshold, signers, holds = SIGNERS[name]
    data = trust(1, signers, root=root, threshold=threshold)
    if holds:
        assert accepted(data).version == 1
    else:
        assert code_of(data) == "E_THRESHOLD"


@pytest.mark.attack("A14")
class TestOrder:
    def test_an_older_document_is_a_rollback(self) -> None:
        current = advance(accepted(trust(1)), trust(2))
        assert code_of(trust(1), current) == "E_ROLLBACK"

    def test_the_same_document_again_is_nothing_new(self) -> None:
        current = accepted(trust(1))
        assert advance(current, trust(1)) is current
        assert advance(current, json.dumps(json.loads(trust(1))).encode()) is current

    def test_another_document_of_the_same_version_is_equivocation_when_its_root_signed_it(self) -> None:
        current = accepted(trust(1))
        other = content(1, reserved=["x"])
        assert code_of(sign(other), current) == "E_EQUIVOCATION"
        assert code_of(sign(other, (1,)), current) == "E_THRESHOLD"

    def test_both_digests_of_an_equivocation_are_told(self) -> None:
        current = accepted(trust(1))
        with pytest.raises(TrustError) as caught:
            advance(current, trust(1, reserved=["x"]))
        assert caught.value.facts["mark_digest"] == current.digest
        assert current.digest in caught.value.message
        assert str(caught.value.facts["digest"]) in caught.value.message

    @pytest.mark.parametrize("version", [None, 0, "2", True, []])
    def test_a_version_is_a_whole_number(self, version: Any) -> None:
        assert code_of(sign({**content(), "version": version}), accepted(trust(1))) == "E_TRUST_DOCUMENT"

    def test_a_version_cannot_be_left_out(self) -> None:
        assert code_of(trust(3), accepted(trust(1))) == "E_TRUST_CHAIN"

    def test_an_expired_document_is_a_step_like_any_other(self) -> None:
        past = "2020-01-01T00:00:00Z"
        current = advance(accepted(trust(1, expires_at=past)), trust(2, expires_at=past))
        with pytest.raises(TrustError) as caught:
            current.check_expiry(NOW)
        assert caught.value.code == "E_TRUST_EXPIRED"
        advance(current, trust(3)).check_expiry(NOW)

    def test_a_document_expires_to_the_second(self) -> None:
        current = accepted(trust(1, expires_at="2026-11-22T00:00:01Z"))
        current.check_expiry(NOW)
        with pytest.raises(TrustError):
            current.check_expiry(NOW + 1)


class TestPin:
    @pytest.mark.attack("A16")
    def test_the_root_is_the_one_that_the_user_accepted(self) -> None:
        data = trust(1)
        with pytest.raises(TrustError) as caught:
            pin(data, origin=ORIGIN, fingerprint=root_fingerprint(trust(1, (1,), root=(1,))))
        assert caught.value.code == "E_FINGERPRINT"

    def test_a_fingerprint_is_of_the_root_alone(self) -> None:
        assert root_fingerprint(trust(1)) == root_fingerprint(trust(7, reserved=["x"]))
        assert root_fingerprint(trust(root=(0, 1))) == root_fingerprint(trust(root=(1, 0)))
        fingerprints = [
            root_fingerprint(trust(root=root, threshold=threshold))
            for root, threshold in [((0,), 1), ((1,), 1), ((0, 1), 1), ((0, 1), 2)]
        ]
        assert len(set(fingerprints)) == 4

    def test_a_document_for_another_server_is_refused(self) -> None:
        assert accepted(trust(registry=ORIGIN)).origin == ORIGIN
        assert code_of(trust(registry="https://staging.example.com")) == "E_REGISTRY"
        assert code_of(trust(2, registry="https://staging.example.com"), accepted(trust(1))) == "E_REGISTRY"

    def test_it_is_made_nowhere_else(self) -> None:
        with pytest.raises(TypeError, match="pin, advance and restore"):
            TrustDocument(None, ORIGIN, None, None)  # type: ignore[arg-type]

    def test_what_was_accepted_is_read_back_and_nothing_else(self) -> None:
        current = accepted(trust(1))
        again = restore(current.message, current.signatures, origin=ORIGIN, digest=current.digest)
        assert (again.version, again.fingerprint) == (1, current.fingerprint)
        with pytest.raises(TrustError):
            restore(current.message, current.signatures, origin=ORIGIN, digest="0" * 64)
        with pytest.raises(TrustError):
            restore(current.message, [{"key_id": "x", "sig": "0" * 128}], origin=ORIGIN, digest=current.digest)


@pytest.mark.attack("A1")
def test_every_flipped_byte_of_a_signed_trust_document_is_refused() -> None:
    current = accepted(trust(1))
    for at in range(len(current.message)):
        changed = bytearray(current.message)
        changed[at] ^= 1
        with pytest.raises(RefusedError):
            restore(bytes(changed), current.signatures, origin=ORIGIN, digest=current.digest)


WEAK = (1).to_bytes(32, "little")


def with_key(**members: Any) -> dict[str, Any]:
    return {"keys": [entry(KEY, "active") | members]}


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no version": ({"version": None}, "E_TRUST_DOCUMENT"),
    "version 0": ({"version": 0}, "E_TRUST_DOCUMENT"),
    "version true": ({"version": True}, "E_TRUST_DOCUMENT"),
    "no end": ({"expires_at": None}, "E_TRUST_DOCUMENT"),
    "an end that is no time": ({"expires_at": "2027"}, "E_TRUST_DOCUMENT"),
    "no root": ({"root": None}, "E_TRUST_DOCUMENT"),
    "a root of no keys": ({"root": {"threshold": 1, "keys": []}}, "E_TRUST_DOCUMENT"),
    "a root threshold of 0": ({"threshold": 0}, "E_TRUST_DOCUMENT"),
    "a root threshold out of reach": ({"threshold": 2}, "E_TRUST_DOCUMENT"),
    "a root key twice": ({"root": (0, 0)}, "E_TRUST_DOCUMENT"),
    "too many root keys": ({"root": tuple(range(17))}, "E_TRUST_DOCUMENT"),
    "a root key that is weak": (
        {"root": {"threshold": 1, "keys": [{"key_id": "x", "public_key": WEAK.hex()}]}},
        "E_KEY",
    ),
    "keys are no list": ({"keys": {}}, "E_TRUST_DOCUMENT"),
    "a key is no object": ({"keys": ["x"]}, "E_TRUST_DOCUMENT"),
    "a key twice": ({"keys": [entry(KEY, "active"), entry(KEY, "retired")]}, "E_TRUST_DOCUMENT"),
    "a key under another name": (with_key(key_id=id_of(OTHER_KEY)), "E_TRUST_DOCUMENT"),
    "a key that is weak": (with_key(public_key=WEAK.hex()), "E_KEY"),
    "a key in upper case": (with_key(public_key=bytes(KEY.verify_key).hex().upper()), "E_KEY"),
    "a key that is a number": (with_key(public_key=5), "E_KEY"),
    "a key of unknown status": (with_key(status="trusted"), "E_TRUST_DOCUMENT"),
    "a key without status": ({"keys": [entry(KEY)]}, "E_TRUST_DOCUMENT"),
    "a reason that is no text": (with_key(reason=5), "E_TRUST_DOCUMENT"),
    "a root key that signs libraries": ({"keys": [entry(root_key(0), "active")], "rules": []}, "E_TRUST_DOCUMENT"),
    "a rule with an unknown key": ({"rules": [rule(keys=[OTHER_KEY])]}, "E_TRUST_DOCUMENT"),
    "a rule with a key twice": ({"rules": [rule(keys=[KEY, KEY])]}, "E_TRUST_DOCUMENT"),
    "a rule's threshold of 0": ({"rules": [rule(threshold=0)]}, "E_TRUST_DOCUMENT"),
    "a rule's threshold out of reach": ({"rules": [rule(threshold=2)]}, "E_TRUST_DOCUMENT"),
    "two rules for one name": ({"rules": [rule("demo"), rule("demo")]}, "E_TRUST_DOCUMENT"),
    "a pattern with a star inside": ({"rules": [rule("a*b")]}, "E_SCOPE"),
    "a pattern that is a number": ({"rules": [{**rule(), "libraries": [5]}]}, "E_TRUST_DOCUMENT"),
    "more names than the bound": (
        {"rules": [rule(*[f"a{number}-{at}" for at in range(6_000)]) for number in range(2)]},
        "E_TRUST_DOCUMENT",
    ),
    "reserved is text": ({"reserved": "help"}, "E_TRUST_DOCUMENT"),
    "reserved is no name": ({"reserved": ["Help"]}, "E_TRUST_DOCUMENT"),
    "a floor of 0": ({"min_sequence": {"demo": 0}}, "E_TRUST_DOCUMENT"),
    "a floor of text": ({"min_sequence": {"demo": "5"}}, "E_TRUST_DOCUMENT"),
    "a floor of no name": ({"min_sequence": {"a b": 5}}, "E_TRUST_DOCUMENT"),
    "floors are a list": ({"min_sequence": []}, "E_TRUST_DOCUMENT"),
    "another type": ({"type": "codi/trust/v2"}, "E_TYPE"),
    "no type": ({"type": None}, "E_TYPE"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_document_is_refused_although_it_is_signed(name: str) -> None:
    members, code = MALFORMED[name]
    members = dict(members)
    if isinstance(members.get("root"), tuple):
        members["root"] = {"threshold": 1, "keys": [entry(root_key(number)) for number in members["root"]]}
    if "threshold" in members:
        members["root"] = {"threshold": members.pop("threshold"), "keys": [entry(root_key(0))]}
    data = sign({**content(), **members})
    assert code_of(data) == code


@pytest.mark.attack("A10")
def test_a_manifest_is_no_trust_document() -> None:
    with pytest.raises(DocumentError) as caught:
        root_fingerprint(json.dumps(document()).encode())
    assert caught.value.code == "E_TYPE"


def test_a_document_beyond_its_limit_is_refused_before_it_is_parsed() -> None:
    assert code_of(b" " * (TRUST_MAX_BYTES + 1)) == "E_TOO_LARGE"


@pytest.mark.attack("A12")
class TestSignatures:
    def test_one_key_counts_once(self) -> None:
        parsed = json.loads(trust(root=(0, 1), threshold=2))
        (signature,) = parsed["signatures"]
        parsed["signatures"] = [signature, {**signature, "key_id": id_of(root_key(1))}]
        assert code_of(json.dumps(parsed).encode()) == "E_THRESHOLD"

    def test_one_signer_is_not_named_twice(self) -> None:
        parsed = json.loads(trust())
        parsed["signatures"] *= 2
        assert code_of(json.dumps(parsed).encode()) == "E_SIGNATURE"

    @pytest.mark.parametrize(
        "signatures",
        [
            None,
            [],
            {},
            "x",
            [5],
            [{}],
            [{"key_id": 5, "sig": "0" * 128}],
            [{"key_id": "x", "sig": "0" * 127}],
            [{"key_id": "x"}],
        ],
    )
    def test_signatures_have_one_form(self, signatures: object) -> None:
        parsed = json.loads(trust())
        parsed["signatures"] = signatures
        assert code_of(json.dumps(parsed).encode()) == "E_SIGNATURE"


class TestRules:
    def test_an_exact_rule_beats_a_prefix_and_a_longer_prefix_a_shorter(self) -> None:
        current = accepted(
            trust(
                keys=[entry(KEY, "active"), entry(OTHER_KEY, "active")],
                rules=[rule("acme-*"), rule("acme-web-*", "acme-x", keys=[OTHER_KEY])],
            )
        )
        patterns = {
            name: getattr(current.rule(name), "pattern", None)
            for name in ("acme-x", "acme-y", "acme-web-y", "acme-web", "acme", "other", "ACME-X")
        }
        assert patterns == {
            "acme-x": "acme-x",
            "acme-y": "acme-*",
            "acme-web-y": "acme-web-*",
            "acme-web": "acme-*",
            "acme": None,
            "other": None,
            "ACME-X": None,
        }

    def test_keys_that_are_gone_are_those_revoked_or_left_out(self) -> None:
        third = SigningKey(b"\x09" * 32)
        first = accepted(trust(keys=[entry(KEY, "active"), entry(OTHER_KEY, "active"), entry(third, "revoked")]))
        second = advance(first, trust(2, keys=[entry(KEY, "revoked"), entry(third, "revoked")], rules=[]))
        assert second.gone_since(first) == {id_of(KEY), id_of(OTHER_KEY)}
        assert first.gone_since(None) == {id_of(third)}
