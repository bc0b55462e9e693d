"""What a verified library is: signature, key, name, registry, times, module; and who can make one (table A, A1 to A10)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from codi_tui.errors import ModuleError, RefusedError, TrustError
from codi_tui.model.times import timestamp
from codi_tui.operations.core import drive
from codi_tui.trust import CommandLibrary, SecurityValidator, VerifiedModule
from codi_tui.trust.envelope import open_document
from support.libraries import HELLO, LOOP, OTHER_KEY, manifest, signed, subcommand, wasm
from support.trust import (
    ISSUED,
    KEY,
    NOW,
    ORIGIN,
    admit,
    document,
    sign_anything,
    trusted,
    v0,
    validator,
    verify_stored,
)


def refusal(data: bytes, *keys: Any, **options: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        admit(data, *keys, **options)
    assert caught.value.library == options.get("name", "demo")
    return caught.value


def lying(**claims: Any) -> bytes:
    """A document with other claims in `library`, signed all the same; None drops a claim."""
    parsed = document()
    for name, value in claims.items():
        parsed["library"][name] = value
        if value is None:
            del parsed["library"][name]
    return sign_anything(parsed)


def large_document() -> bytes:
    commands = {"demo": {"description": "Group", "subcommands": {f"run-{at}": subcommand() for at in range(14)}}}
    return signed(manifest(commands=commands), issued_at=ISSUED)


@pytest.mark.attack("A1")
class TestSignature:
    def test_every_flipped_byte_of_the_message_is_refused(self) -> None:
        envelope = open_document(large_document())
        library = admit(large_document())
        assert len(envelope.message) > 2_000
        for at in range(len(envelope.message)):
            changed = bytearray(envelope.message)
            changed[at] ^= 1 << at % 8
            with pytest.raises(TrustError) as caught:
                verify_stored(bytes(changed), library.signature, library.key_id)
            assert caught.value.code == "E_SIGNATURE"

    def test_every_flipped_byte_of_the_signature_is_refused(self) -> None:
        library = admit(large_document())
        signature = bytes.fromhex(library.signature)
        for at in range(64 * 8):
            changed = bytearray(signature)
            changed[at // 8] ^= 1 << at % 8
            with pytest.raises(TrustError) as caught:
                verify_stored(library.message, changed.hex(), library.key_id)
            assert caught.value.code == "E_SIGNATURE"

    def test_every_flipped_byte_of_a_delivered_document_is_refused(self) -> None:
        data = signed(issued_at=ISSUED)
        for at in range(len(data)):
            refusal(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])

    def test_a_message_cut_or_lengthened_is_refused(self) -> None:
        library = admit(signed(issued_at=ISSUED))
        for changed in (library.message[:-1], library.message + b" ", b"", library.message * 2):
            with pytest.raises(TrustError) as caught:
                verify_stored(changed, library.signature, library.key_id)
            assert caught.value.code == "E_SIGNATURE"

    def test_a_signature_of_an_untrusted_key_is_refused(self) -> None:
        assert refusal(signed(key=OTHER_KEY, issued_at=ISSUED)).code == "E_SIGNATURE"

    def test_a_document_that_names_a_trusted_key_and_is_signed_by_another_is_refused(self) -> None:
        assert refusal(sign_anything(document(), OTHER_KEY)).code == "E_SIGNATURE"

    def test_a_document_that_names_another_trusted_key_than_its_own_is_refused(self) -> None:
        keys = [trusted(), trusted(key=OTHER_KEY)]
        assert refusal(sign_anything(document(), OTHER_KEY), *keys).code == "E_SIGNATURE"

    def test_a_stored_key_id_is_no_authority(self) -> None:
        library = admit(signed(issued_at=ISSUED))
        keys = [trusted(), trusted(key=OTHER_KEY)]
        for key_id in (keys[1].key_id, "ed25519:0", ""):
            with pytest.raises(TrustError) as caught:
                verify_stored(library.message, library.signature, key_id, *keys)
            assert caught.value.code == "E_SIGNATURE"
        assert verify_stored(library.message, library.signature, None, *keys).key_id == keys[0].key_id

    def test_a_message_whose_named_key_is_not_the_one_that_signed_it_is_refused_when_stored(self) -> None:
        data = sign_anything(document(), OTHER_KEY)
        envelope = open_document(data)
        with pytest.raises(TrustError, match="names another key"):
            verify_stored(envelope.message, str(envelope.signature), None, trusted(), trusted(key=OTHER_KEY))

    @pytest.mark.attack("A20")
    def test_no_algorithm_is_read_from_the_document(self) -> None:
        parsed = document()
        parsed["library"] |= {"alg": "none", "signature": "none"}
        assert refusal(json.dumps(parsed).encode()).code == "E_SIGNATURE"

    def test_the_check_is_a_port_and_its_no_is_final(self) -> None:
        async def never(key: bytes, message: bytes, signature: bytes) -> bool:
            return False

        strict = SecurityValidator(validator()._keyring, lambda: NOW, never)
        with pytest.raises(TrustError) as caught:
            drive(strict.admit(signed(issued_at=ISSUED), origin=ORIGIN, name="demo"))
        assert caught.value.code == "E_SIGNATURE"


class TestNameAndRegistry:
    @pytest.mark.attack("A7")
    def test_a_library_served_under_another_name_is_refused(self) -> None:
        error = refusal(signed(issued_at=ISSUED), name="deploy")
        assert error.code == "E_NAME_MISMATCH"
        assert "'demo'" in error.message

    @pytest.mark.parametrize("name", ["Demo", "demo ", "demo-", 5, True, [], {}, None])
    def test_a_signed_name_that_is_not_the_wanted_one_is_refused(self, name: object) -> None:
        assert refusal(lying(name=name)).code == "E_NAME_MISMATCH"

    @pytest.mark.attack("A7")
    def test_a_stored_library_under_another_name_is_refused(self) -> None:
        library = admit(signed(issued_at=ISSUED))
        with pytest.raises(TrustError) as caught:
            verify_stored(library.message, library.signature, library.key_id, name="deploy")
        assert (caught.value.code, caught.value.library) == ("E_NAME_MISMATCH", "deploy")

    def test_a_library_signed_for_its_registry_is_accepted_there(self) -> None:
        assert admit(lying(registry=ORIGIN)).origin == ORIGIN

    @pytest.mark.attack("A9")
    @pytest.mark.parametrize(
        "registry", ["https://staging.example.com", f"{ORIGIN}/", ORIGIN.upper(), "", 5, [], {}, False]
    )
    def test_a_library_signed_for_another_registry_is_refused(self, registry: object) -> None:
        assert refusal(lying(registry=registry)).code == "E_REGISTRY"


class TestTimes:
    @pytest.mark.parametrize(
        "issued_at",
        [
            None,
            "",
            "now",
            "2026-11-22",
            "2026-11-22T00:00:00",
            "2026-11-22T00:00:00z",
            "2026-11-22T00:00:00+00:00",
            "2026-11-22T00:00:00.0Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "0000-01-01T00:00:00Z",
            "٢٠٢٦-01-01T00:00:00Z",
            1795305600,
            [],
            {},
            True,
        ],
    )
    def test_a_malformed_time_of_issue_is_refused(self, issued_at: object) -> None:
        assert refusal(lying(issued_at=issued_at)).code == "E_CLOCK"

    @pytest.mark.attack("A17")
    def test_a_library_issued_in_the_future_is_refused(self) -> None:
        assert refusal(lying(issued_at=timestamp(NOW + 301))).code == "E_CLOCK"
        assert admit(lying(issued_at=timestamp(NOW + 300)))

    @pytest.mark.attack("A4")
    def test_a_library_expires_to_the_second(self) -> None:
        data = lying(expires_at=timestamp(NOW + 10))
        assert admit(data, now=NOW + 9)
        for later in (10, 11, 10**9):
            assert refusal(data, now=NOW + later).code == "E_EXPIRED"

    @pytest.mark.attack("A4")
    def test_a_stored_library_expires_as_well(self) -> None:
        library = admit(lying(expires_at=timestamp(NOW + 10)))
        assert verify_stored(library.message, library.signature, library.key_id, now=NOW + 9)
        with pytest.raises(TrustError) as caught:
            verify_stored(library.message, library.signature, library.key_id, now=NOW + 10)
        assert caught.value.code == "E_EXPIRED"

    def test_a_library_without_an_end_never_expires(self) -> None:
        library = admit(signed(issued_at=ISSUED))
        assert verify_stored(library.message, library.signature, library.key_id, now=NOW + 10**10)

    @pytest.mark.parametrize(
        "expires_at", ["never", "", "9999", "2026-11-23", 9999999999, [], {}, False, "2026-11-23T00:00:00+01:00"]
    )
    def test_a_malformed_end_is_refused(self, expires_at: object) -> None:
        assert refusal(lying(expires_at=expires_at)).code == "E_EXPIRED"

    def test_a_v0_document_may_have_times_and_they_count(self) -> None:
        key = trusted(accept_v0=True)
        assert refusal(sign_anything(v0(library={"issued_at": timestamp(NOW + 301)})), key).code == "E_CLOCK"
        assert refusal(sign_anything(v0(library={"issued_at": "now"})), key).code == "E_CLOCK"
        assert refusal(sign_anything(v0(library={"expires_at": ISSUED})), key).code == "E_EXPIRED"

    @pytest.mark.parametrize("day", ["2026-02-31", "2026-04-31", "2026-02-29"])
    def test_a_day_that_its_month_does_not_have_is_refused(self, day: str) -> None:
        assert refusal(lying(issued_at=f"{day}T00:00:00Z")).code == "E_CLOCK"

    def test_an_end_before_the_beginning_is_refused(self) -> None:
        data = lying(issued_at=timestamp(NOW + 200), expires_at=timestamp(NOW + 100))
        refusal(data)


class TestV0:
    def test_a_v0_document_is_refused_by_default(self) -> None:
        error = refusal(sign_anything(v0()))
        assert error.code == "E_TYPE"
        assert "accept_v0" in str(error.hint)

    def test_a_v0_document_is_accepted_with_accept_v0_and_its_module_comes_with_it(self) -> None:
        library = admit(sign_anything(v0()), trusted(accept_v0=True))
        assert library.module is not None
        assert library.module.data == wasm(HELLO)
        again = verify_stored(library.message, library.signature, None, trusted(accept_v0=True))
        assert again.module is not None
        assert again.module.digest == library.module_digest

    def test_accept_v0_of_another_key_does_not_count(self) -> None:
        assert refusal(sign_anything(v0()), trusted(), trusted(key=OTHER_KEY, accept_v0=True)).code == "E_TYPE"

    def test_a_stored_v0_message_is_refused_once_accept_v0_is_gone(self) -> None:
        library = admit(sign_anything(v0()), trusted(accept_v0=True))
        with pytest.raises(TrustError) as caught:
            verify_stored(library.message, library.signature, None, trusted())
        assert caught.value.code == "E_TYPE"

    def test_a_v1_document_without_its_type_is_not_a_v0_document(self) -> None:
        parsed = document()
        del parsed["type"]
        assert refusal(json.dumps(parsed).encode(), trusted(accept_v0=True)).code == "E_SIGNATURE"

    def test_the_module_of_a_v0_document_is_covered_by_its_signature(self) -> None:
        parsed = json.loads(sign_anything(v0()))
        parsed["wasm_module"]["data"] = base64.b64encode(wasm(LOOP)).decode()
        assert refusal(json.dumps(parsed).encode(), trusted(accept_v0=True)).code == "E_SIGNATURE"

    def test_a_v0_document_without_a_module_has_none(self) -> None:
        source = v0()
        del source["wasm_module"]
        library = admit(sign_anything(source), trusted(accept_v0=True))
        assert library.module is None
        assert library.module_digest is None


class TestModule:
    @pytest.mark.attack("A6")
    def test_a_swapped_module_is_refused(self) -> None:
        parsed = document()
        good = wasm(HELLO)
        same_size = good[:-1] + bytes([good[-1] ^ 1])
        for module in (same_size, wasm(LOOP), b"", good + b"\0"):
            parsed["wasm_module"]["data"] = base64.b64encode(module).decode()
            assert refusal(json.dumps(parsed).encode()).code == "E_WASM_HASH"

    @pytest.mark.attack("A6")
    def test_every_flipped_byte_of_a_module_is_refused(self) -> None:
        library = admit(signed(issued_at=ISSUED))
        good = wasm(HELLO)
        for at in range(len(good)):
            with pytest.raises(TrustError) as caught:
                validator().verify_module(library, good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            assert (caught.value.code, caught.value.library) == ("E_WASM_HASH", "demo")
        assert validator().verify_module(library, good).digest == hashlib.sha256(good).hexdigest()

    def test_a_signed_size_that_is_not_the_modules_is_refused(self) -> None:
        for size in (0, len(wasm(HELLO)) - 1, len(wasm(HELLO)) + 1, str(len(wasm(HELLO))), [], {}):
            assert refusal(lying(wasm_size=size)).code == "E_WASM_HASH"

    def test_a_module_inside_without_a_signed_size_is_refused(self) -> None:
        assert refusal(lying(wasm_size=None)).code == "E_WASM_HASH"

    def test_a_signed_digest_and_a_module_part_go_together(self) -> None:
        assert refusal(lying(wasm_sha256=None)).code == "E_WASM_HASH"
        parsed = document()
        del parsed["wasm_module"]
        assert refusal(sign_anything(parsed)).code == "E_WASM_HASH"

    def test_a_digest_in_upper_case_is_not_the_digest(self) -> None:
        assert refusal(lying(wasm_sha256=hashlib.sha256(wasm(HELLO)).hexdigest().upper())).code == "E_WASM_HASH"

    def test_a_library_without_a_module_takes_none(self) -> None:
        source = manifest()
        del source["wasm_module"]
        library = admit(signed(source, issued_at=ISSUED))
        with pytest.raises(TrustError):
            validator().verify_module(library, wasm(HELLO))

    def test_a_module_added_to_a_library_without_one_is_refused(self) -> None:
        source = manifest()
        del source["wasm_module"]
        parsed = json.loads(signed(source, issued_at=ISSUED))
        parsed["wasm_module"] = {
            "format": "wasi-command",
            "exports": [],
            "data": base64.b64encode(wasm(HELLO)).decode(),
        }
        assert refusal(json.dumps(parsed).encode()).code == "E_SIGNATURE"

    def test_a_module_that_travels_apart_is_left_for_later(self) -> None:
        parsed = document()
        del parsed["wasm_module"]["data"]
        library = admit(json.dumps(parsed).encode())
        assert library.module is None
        assert library.module_digest == hashlib.sha256(wasm(HELLO)).hexdigest()

    @pytest.mark.parametrize("size", [None, "172", -1, 0, True, [], 2**53 - 1])
    def test_a_module_that_travels_apart_needs_a_sound_signed_size(self, size: object) -> None:
        parsed = json.loads(lying(wasm_size=size))
        del parsed["wasm_module"]["data"]
        refusal(sign_anything(parsed))

    @pytest.mark.parametrize("digest", ["../../admin?x=", "0", "A" * 64, "g" * 64, [], {}, 5, True])
    def test_a_module_that_travels_apart_needs_a_sound_signed_digest(self, digest: object) -> None:
        parsed = json.loads(lying(wasm_sha256=document()["library"]["wasm_sha256"]))
        del parsed["wasm_module"]["data"]
        parsed["library"]["wasm_sha256"] = digest
        refusal(sign_anything(parsed))


@pytest.mark.parametrize("sequence", [None, 0, -1, "1", True, []])
def test_a_v1_document_without_a_sound_sequence_is_refused(sequence: object) -> None:
    refusal(lying(sequence=sequence))


class TestMakers:
    def test_a_verified_library_cannot_be_made_elsewhere(self) -> None:
        for maker in (None, object(), True, "SecurityValidator"):
            with pytest.raises(TypeError, match="only SecurityValidator"):
                CommandLibrary(maker, ORIGIN, "demo", trusted(), b"{}", "0" * 128)

    def test_a_verified_module_cannot_be_made_elsewhere(self) -> None:
        for maker in (None, object(), True):
            with pytest.raises(TypeError, match="only SecurityValidator"):
                VerifiedModule(maker, wasm(HELLO), "0" * 64)

    def test_a_library_is_named_by_its_origin_and_name(self) -> None:
        library = admit(signed(issued_at=ISSUED))
        assert library.id == f"{ORIGIN}/demo"
        assert library.public_key == bytes(KEY.verify_key)
        assert library.version == "1.0.0"

    def test_wat_text_and_components_are_no_modules(self) -> None:
        from codi_tui.execute.module import validate_module

        for data, code in (
            (b"(module)", "E_WASM_MODULE"),
            (b"", "E_WASM_MODULE"),
            (b"\0asm\x0d\0\x01\0", "E_UNSUPPORTED"),
            (wasm(HELLO)[:-1], "E_WASM_MODULE"),
        ):
            with pytest.raises(ModuleError) as caught:
                validate_module(data)
            assert caught.value.code == code
        validate_module(wasm(HELLO))
