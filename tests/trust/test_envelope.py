"""From a document to the exact bytes that were signed (attacks A9, A10, B9, B10)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import DocumentError, RefusedError, TrustError
from codi_tui.limits import DOCUMENT_MAX_BYTES, MANIFEST_MAX_BYTES
from codi_tui.trust.envelope import check_header, embedded_module, open_document, open_message
from support.libraries import HELLO, signed, wasm
from support.trust import ISSUED, admit, document, sign_anything, trusted, v0, verify_stored


def code_of(data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        open_document(data)
    return caught.value.code


@pytest.mark.parametrize("shape", ["v0", "v1"])
def test_the_published_examples_open_to_their_exact_message_and_verify(vectors: Path, shape: str) -> None:
    folder = vectors / "codi-envelope-example"
    data = (folder / f"{shape}.manifest.json").read_bytes()
    envelope = open_document(data)
    assert envelope.message == (folder / f"{shape}.message.bin").read_bytes()
    assert envelope.is_v1 == (shape == "v1")
    library = admit(data, trusted(accept_v0=True), name="prompt-engineering")
    assert library.message == envelope.message
    assert library.digest == envelope.digest
    key_id = library.key_id if shape == "v1" else None
    again = verify_stored(library.message, library.signature, key_id, trusted(accept_v0=True), name=library.name)
    assert (again.digest, again.version, again.module_digest) == (
        library.digest,
        library.version,
        library.module_digest,
    )
    assert again.cached
    assert not library.cached


def test_the_message_does_not_depend_on_how_the_document_is_written() -> None:
    data = signed(issued_at=ISSUED)
    compact = json.dumps(json.loads(data), separators=(",", ":")).encode()
    shuffled = json.dumps(dict(reversed(json.loads(data).items())), indent=7).encode()
    assert open_document(data).message == open_document(compact).message == open_document(shuffled).message


def test_the_digest_names_the_signed_part_only() -> None:
    parsed = document()
    parsed["library"]["signature"] = "0" * 128
    assert open_document(json.dumps(parsed).encode()).digest == open_document(signed(issued_at=ISSUED)).digest


@pytest.mark.parametrize(
    "data", [b"[]", b"null", b"5", b'"x"', b"{}", b'{"library":null}', b'{"library":[]}', b'{"library":"demo"}']
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    assert code_of(data) == "E_SCHEMA"


@pytest.mark.attack("A10", "B11")
@pytest.mark.parametrize(
    "kind",
    [
        "codi/trust/v1",
        "codi/library-manifest/v2",
        "codi/library-manifest/v1 ",
        "Codi/library-manifest/v1",
        "",
        None,
        1,
        True,
        [],
        {},
    ],
)
def test_another_type_of_document_is_refused_even_when_it_is_signed(kind: object) -> None:
    parsed = document()
    parsed["type"] = kind
    assert code_of(sign_anything(parsed)) == "E_TYPE"
    with pytest.raises(DocumentError) as caught:
        open_message(json.dumps(parsed).encode())
    assert caught.value.code == "E_TYPE"


@pytest.mark.attack("A10")
def test_a_signed_trust_document_is_no_manifest() -> None:
    trust = {"type": "codi/trust/v1", "version": 1, "root": {"threshold": 1, "keys": []}, "keys": [], "rules": []}
    assert code_of(json.dumps(trust).encode()) == "E_SCHEMA"
    assert code_of(sign_anything({**document(), **trust})) == "E_TYPE"


@pytest.mark.attack("B6")
def test_a_document_beyond_its_limit_is_refused_before_it_is_parsed() -> None:
    assert code_of(b" " * (DOCUMENT_MAX_BYTES + 1)) == "E_TOO_LARGE"


@pytest.mark.attack("B6")
def test_a_manifest_beyond_its_limit_is_refused() -> None:
    parsed = document()
    parsed["padding"] = "x" * MANIFEST_MAX_BYTES
    assert code_of(json.dumps(parsed).encode()) == "E_TOO_LARGE"


def spoilt(**wasm_module: Any) -> bytes:
    parsed = document()
    parsed["wasm_module"] |= wasm_module
    return json.dumps(parsed).encode()


GOOD = base64.b64encode(wasm(HELLO)).decode()


@pytest.mark.attack("B9")
@pytest.mark.parametrize(
    "data",
    [
        f"{GOOD}\n",
        f" {GOOD}",
        GOOD.replace("A", "A\n", 1),
        f"{GOOD}=",
        f"{GOOD}AA==",
        GOOD[:-1],
        "AGFzbR==",
        "AGFzbQ",
        "AG.zbQ==",
        "AGFzbQ===",
        "A",
        "=",
        "AGF=bQ==",
        "AGFzbQ__",
        "\u00e9",
        None,
        5,
        [],
        {},
        True,
    ],
)
def test_base64_has_one_spelling(data: object) -> None:
    assert code_of(spoilt(data=data)) == "E_BASE64"


@pytest.mark.attack("B9")
def test_spare_bits_that_decode_alike_are_refused() -> None:
    assert base64.b64decode("AGFzbQ==") == base64.b64decode("AGFzbR==")
    assert open_document(spoilt(data="AGFzbQ==")).module == b"\0asm"
    assert code_of(spoilt(data="AGFzbR==")) == "E_BASE64"


def test_a_module_beyond_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codi_tui.trust.envelope.MODULE_MAX_BYTES", 10)
    assert open_document(spoilt(data=base64.b64encode(b"x" * 10).decode())).module == b"x" * 10
    assert code_of(spoilt(data=base64.b64encode(b"x" * 11).decode())) == "E_TOO_LARGE"


def test_the_module_of_a_v1_document_is_not_in_its_message_and_that_of_v0_is() -> None:
    assert b'"data"' not in open_document(signed(issued_at=ISSUED)).message
    message = open_document(sign_anything(v0())).message
    assert b'"data"' in message
    assert embedded_module(open_message(message)) == wasm(HELLO)


@pytest.mark.parametrize("part", [None, 5, "x", [], {}])
def test_a_module_part_without_data_has_no_module(part: object) -> None:
    assert embedded_module({"wasm_module": part}) is None
    assert embedded_module({}) is None


@pytest.mark.attack("B10")
def test_a_header_equals_the_signature_in_the_document() -> None:
    parsed = document()
    signature = parsed["library"]["signature"]
    data = json.dumps(parsed).encode()
    assert admit(data, header=signature).signature == signature
    assert admit(data, header=None).signature == signature
    for header in (signature.upper(), f" {signature}", f"{signature}, {signature}", signature[:-1], "", "0" * 128):
        with pytest.raises(TrustError) as caught:
            admit(data, header=header)
        assert caught.value.code == "E_HEADER"


@pytest.mark.attack("B10")
def test_a_header_does_not_stand_in_for_a_missing_signature() -> None:
    parsed = document()
    signature = parsed["library"].pop("signature")
    with pytest.raises(TrustError) as caught:
        admit(json.dumps(parsed).encode(), header=signature)
    assert caught.value.code == "E_HEADER"
    check_header(None, None)


@pytest.mark.parametrize("signature", [None, "", 5, [], {"sig": "x"}, True])
def test_a_document_without_a_proper_signature_is_refused(signature: object) -> None:
    parsed = document()
    parsed["library"]["signature"] = signature
    with pytest.raises(RefusedError) as caught:
        admit(json.dumps(parsed).encode())
    assert caught.value.code == "E_SIGNATURE"
