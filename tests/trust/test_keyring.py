"""Whose signature counts for which name (attacks A8, A16, A19)."""

from __future__ import annotations

import pytest
from nacl.signing import SigningKey

from codi_tui.errors import TrustError
from codi_tui.trust import Keyring, TrustedKey
from codi_tui.trust.envelope import open_document
from support.libraries import KEY, OTHER_KEY, signed
from support.trust import ISSUED, ORIGIN, admit, document, sign_anything, trusted, verify_stored

THIRD_KEY = SigningKey(b"\x09" * 32)


def code_of(keys: list[TrustedKey], name: str, claimed: str | None = None, origin: str = ORIGIN) -> str:
    with pytest.raises(TrustError) as caught:
        Keyring({ORIGIN: keys}).candidates(origin, name, None if claimed is None else [claimed])
    return caught.value.code


def names_of(keys: list[TrustedKey], name: str, claimed: str | None = None) -> list[str]:
    return [
        key.key_id for key in Keyring({ORIGIN: keys}).candidates(ORIGIN, name, None if claimed is None else [claimed])
    ]


@pytest.mark.attack("A16")
def test_no_key_means_no_trust() -> None:
    assert code_of([], "demo") == "E_NO_TRUST"


def test_a_key_of_one_origin_is_nothing_at_another() -> None:
    assert code_of([trusted()], "demo", origin="https://other.example.com") == "E_NO_TRUST"
    assert code_of([trusted()], "demo", origin="bundled") == "E_NO_TRUST"


def test_an_exact_name_matches_only_itself() -> None:
    keys = [trusted("deploy")]
    assert names_of(keys, "deploy")
    for name in ("Deploy", "deploy-x", "deplo", "xdeploy", "DEPLOY"):
        assert code_of(keys, name) == "E_KEY_SCOPE"


def test_a_prefix_matches_names_that_start_with_it_and_its_hyphen() -> None:
    keys = [trusted("acme-*")]
    assert names_of(keys, "acme-x")
    assert names_of(keys, "acme-x-y")
    for name in ("acme", "acmex", "acm-e", "xacme-x"):
        assert code_of(keys, name) == "E_KEY_SCOPE"


def test_an_exact_name_beats_a_prefix_and_a_prefix_beats_everything() -> None:
    exact, prefix, everything = trusted("acme-x"), trusted("acme-*", key=OTHER_KEY), trusted("*", key=THIRD_KEY)
    for keys in ([exact, prefix, everything], [everything, prefix, exact]):
        assert names_of(keys, "acme-x") == [exact.key_id]
        assert names_of(keys, "acme-y") == [prefix.key_id]
        assert names_of(keys, "other") == [everything.key_id]


def test_a_longer_prefix_beats_a_shorter() -> None:
    longer, shorter = trusted("acme-web-*"), trusted("acme-*", key=OTHER_KEY)
    assert names_of([shorter, longer], "acme-web-x") == [longer.key_id]
    assert names_of([shorter, longer], "acme-web") == [shorter.key_id]


@pytest.mark.attack("A8")
def test_a_wide_key_cannot_sign_a_name_that_another_key_has_exactly() -> None:
    keys = [trusted("demo"), trusted("*", key=OTHER_KEY)]
    with pytest.raises(TrustError) as caught:
        admit(signed(key=OTHER_KEY, issued_at=ISSUED), *keys)
    assert caught.value.code == "E_KEY_SCOPE"
    assert admit(signed(issued_at=ISSUED), *keys).key_id == keys[0].key_id


@pytest.mark.attack("A8")
def test_a_key_outside_its_scope_is_refused_although_it_is_trusted() -> None:
    with pytest.raises(TrustError) as caught:
        admit(signed(key=OTHER_KEY, issued_at=ISSUED), trusted("demo"), trusted("other", key=OTHER_KEY))
    assert caught.value.code == "E_KEY_SCOPE"
    assert caught.value.library == "demo"


@pytest.mark.attack("A8")
def test_two_names_in_one_process_keep_their_own_keys() -> None:
    keyring = Keyring({ORIGIN: [trusted("a"), trusted("b", key=OTHER_KEY)]})
    for _ in range(2):
        assert keyring.candidates(ORIGIN, "a", None)[0].public_key == bytes(KEY.verify_key)
        assert keyring.candidates(ORIGIN, "b", None)[0].public_key == bytes(OTHER_KEY.verify_key)


def test_keys_of_the_same_reach_are_all_candidates() -> None:
    keys = [trusted("*"), trusted("*", key=OTHER_KEY)]
    assert len(names_of(keys, "demo")) == 2
    assert names_of(keys, "demo", keys[1].key_id) == [keys[1].key_id]


def test_an_unknown_key_id_is_refused() -> None:
    assert code_of([trusted()], "demo", f"ed25519:{'0' * 64}") == "E_SIGNATURE"


@pytest.mark.parametrize("claimed", [5, [], {}, True, ""])
def test_a_key_id_of_another_type_is_refused(claimed: object) -> None:
    parsed = document()
    parsed["library"]["key_id"] = claimed
    with pytest.raises(TrustError) as caught:
        admit(sign_anything(parsed))
    assert caught.value.code == "E_SIGNATURE"


def test_a_v1_document_names_its_key() -> None:
    parsed = document()
    del parsed["library"]["key_id"]
    with pytest.raises(TrustError, match="names another key") as caught:
        admit(sign_anything(parsed))
    assert caught.value.code == "E_SIGNATURE"


def test_more_candidate_keys_than_the_bound_are_refused() -> None:
    keys = [trusted("*", key=SigningKey(bytes([number]) * 32)) for number in range(1, 18)]
    assert code_of(keys, "demo") == "E_KEY_SCOPE"
    assert len(names_of(keys[:16], "demo")) == 16


def test_a_key_without_patterns_signs_nothing() -> None:
    assert code_of([TrustedKey(bytes(KEY.verify_key).hex(), [])], "demo") == "E_KEY_SCOPE"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "**",
        "*x",
        "-*",
        "acme*",
        "acme-?",
        "a*b",
        "Deploy",
        "../x",
        "a.b",
        "dep\u200bloy",
        "dеploy",
        "a" * 64,
        "a-*-*",
    ],
)
def test_a_pattern_is_a_name_a_prefix_or_a_star(pattern: str) -> None:
    with pytest.raises(TrustError) as caught:
        trusted(pattern)
    assert caught.value.code == "E_SCOPE"


LOOK_ALIKES = pytest.mark.parametrize(
    "name",
    [
        "Demo",
        "dem\u043e",
        "demo\u200b",
        "de\u0301mo",
        "démo",
        "demo ",
        "demo\n",
        "demo/",
        "../demo",
        "demo%00",
        "1demo",
        "-demo",
        "_demo",
        "demo_x",
        "",
        "d" * 64,
        "demo.x",
        "ｄemo",
        "demo\0",
    ],
)


@pytest.mark.attack("A19")
@LOOK_ALIKES
def test_a_look_alike_name_is_refused_before_anything_is_verified(name: str) -> None:
    with pytest.raises(TrustError) as caught:
        admit(signed(issued_at=ISSUED), name=name)
    assert caught.value.code == "E_NAME_MISMATCH"


@pytest.mark.attack("A19")
@LOOK_ALIKES
def test_a_look_alike_name_is_refused_even_when_it_is_signed_and_stored(name: str) -> None:
    parsed = document()
    parsed["library"]["name"] = name
    envelope = open_document(sign_anything(parsed))
    with pytest.raises(TrustError) as caught:
        verify_stored(envelope.message, str(envelope.signature), None, name=name)
    assert caught.value.code == "E_NAME_MISMATCH"
