"""The signer makes what the validator accepts, and refuses what it would not."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from codi_tui.errors import CodiError, DocumentError
from codi_tui.registry.sign import complete_manifest, sign_manifest
from support.libraries import HELLO, KEY, OTHER_KEY, PUBLIC_KEY, manifest, wasm
from support.trust import ISSUED, admit


def completed(source: Any, module: bytes | None = wasm(HELLO), **members: Any) -> dict[str, Any]:
    return complete_manifest(
        source, module, **{"public_key": PUBLIC_KEY, "sequence": 1, "issued_at": ISSUED, **members}
    )


def code_of(source: Any, module: bytes | None = wasm(HELLO), **members: Any) -> str:
    with pytest.raises(CodiError) as caught:
        completed(source, module, **members)
    return caught.value.code


def test_what_is_signed_is_accepted() -> None:
    source = manifest()
    complete = completed(source)
    library = admit(sign_manifest(complete, wasm(HELLO), KEY))
    assert library.module_digest == hashlib.sha256(wasm(HELLO)).hexdigest()
    assert "key_id" not in source["library"]
    assert "data" not in complete["wasm_module"]


def test_signing_again_gives_the_same_bytes() -> None:
    once = sign_manifest(completed(manifest()), wasm(HELLO), KEY)
    again = sign_manifest(completed(json.loads(once) | {"wasm_module": manifest()["wasm_module"]}), wasm(HELLO), KEY)
    assert once == again


def test_a_manifest_and_its_module_go_together() -> None:
    assert code_of(manifest(), None) == "E_WASM_HASH"
    source = manifest()
    del source["wasm_module"]
    assert code_of(source) == "E_WASM_HASH"
    assert completed(source, None)["library"].get("wasm_sha256") is None


def test_what_no_client_would_accept_is_not_signed() -> None:
    assert code_of({}) == "E_SCHEMA"
    assert code_of({"library": []}) == "E_SCHEMA"
    assert code_of(manifest(library={"version": "one"})) == "E_SCHEMA"
    assert code_of(manifest(extra=1.5)) == "E_JSON"
    assert code_of(manifest(extra={"é": 1})) == "E_JSON"
    assert code_of(manifest(extra=2**53)) == "E_JSON"
    assert code_of(manifest(), b"(module)") == "E_WASM_MODULE"


@pytest.mark.parametrize("members", [{"issued_at": "now"}, {"sequence": 0}, {"sequence": -1}, {"sequence": True}])
def test_a_claim_that_no_client_would_accept_is_not_signed(members: dict[str, Any]) -> None:
    code_of(manifest(), **members)


def test_a_source_that_holds_its_module_is_refused_or_signed_without_it() -> None:
    source = manifest()
    source["wasm_module"]["data"] = "AAAA"
    try:
        complete = completed(source)
    except DocumentError:
        return
    admit(sign_manifest(complete, wasm(HELLO), KEY))


def test_a_manifest_is_signed_by_the_key_that_it_names() -> None:
    complete = completed(manifest())
    with pytest.raises(CodiError):
        sign_manifest(complete, wasm(HELLO), OTHER_KEY)
