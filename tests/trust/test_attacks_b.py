"""Attacks on bytes (table B): what the tests beside this one leave open, each at its acceptance line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import DocumentError
from codi_tui.limits import COMMANDS_MAX, DESCRIPTION_MAX_CHARACTERS, MANIFEST_MAX_BYTES
from codi_tui.model.arguments import check_values, command_schema
from codi_tui.model.manifest import SubcommandDefinition
from codi_tui.model.schema import validate_manifest
from codi_tui.trust import loads_strict, verify_ed25519
from codi_tui.trust.canonical import loads_document
from codi_tui.trust.envelope import open_document
from support.libraries import manifest, subcommand
from support.trust import document, sign_anything

UNDECIDED = {
    "number_double_huge_neg_exp": (b"[123.456e-789]", True),
    "number_huge_exp": (b"[0.4e0066" + b"9" * 60 + b"006]", False),
    "number_neg_int_huge_exp": (b"[-1e+9999]", False),
    "number_pos_double_huge_exp": (b"[1.5e+9999]", False),
    "number_real_neg_overflow": (b"[-123123e100000]", False),
    "number_real_pos_overflow": (b"[123123e100000]", False),
    "number_real_underflow": (b"[123e-10000000]", True),
    "number_too_big_neg_int": (b"[-123123123123123123123123123123]", True),
    "number_too_big_pos_int": (b"[100000000000000000000]", True),
    "number_very_big_negative_int": (b"[-237462374673276894279832749832423479823246327846]", True),
    "object_key_lone_2nd_surrogate": (b'{"\\uDFAA":0}', False),
    "string_1st_surrogate_but_2nd_missing": (b'["\\uDADA"]', False),
    "string_1st_valid_surrogate_2nd_invalid": (b'["\\uD888\\u1234"]', False),
    "string_UTF-16LE_with_BOM": (b'\xff\xfe[\0"\0\xe9\0"\0]\0', False),
    "string_UTF-8_invalid_sequence": (b'["\xe6\x97\xa5\xd1\x88\xfa"]', False),
    "string_UTF8_surrogate_U+D800": (b'["\xed\xa0\x80"]', False),
    "string_incomplete_surrogate_and_escape_valid": (b'["\\uD800\\n"]', False),
    "string_incomplete_surrogate_pair": (b'["\\uDd1ea"]', False),
    "string_incomplete_surrogates_escape_valid": (b'["\\uD800\\uD800\\n"]', False),
    "string_invalid_lonely_surrogate": (b'["\\ud800"]', False),
    "string_invalid_surrogate": (b'["\\ud800abc"]', False),
    "string_invalid_utf-8": (b'["\xff"]', False),
    "string_inverted_surrogates_U+1D11E": (b'["\\uDd1e\\uD834"]', False),
    "string_iso_latin_1": (b'["\xe9"]', False),
    "string_lone_second_surrogate": (b'["\\uDFAA"]', False),
    "string_lone_utf8_continuation_byte": (b'["\x81"]', False),
    "string_not_in_unicode_range": (b'["\xf4\xbf\xbf\xbf"]', False),
    "string_overlong_sequence_2_bytes": (b'["\xc0\xaf"]', False),
    "string_overlong_sequence_6_bytes": (b'["\xfc\x83\xbf\xbf\xbf\xbf"]', False),
    "string_overlong_sequence_6_bytes_null": (b'["\xfc\x80\x80\x80\x80\x80"]', False),
    "string_truncated-utf-8": (b'["\xe0\xff"]', False),
    "string_utf16BE_no_BOM": (b'\0[\0"\0\xe9\0"\0]', False),
    "string_utf16LE_no_BOM": (b'[\0"\0\xe9\0"\0]\0', False),
    "structure_500_nested_arrays": (b"[" * 500 + b"]" * 500, False),
    "structure_UTF-8_BOM_empty_object": (b"\xef\xbb\xbf{}", False),
}
"""What RFC 8259 leaves open, as JSONTestSuite's `i_` files ask it (written out here), and what codi answers."""


def code_of(call: Callable[[bytes], Any], data: bytes) -> str | None:
    try:
        call(data)
    except DocumentError as error:
        return error.code
    return None


@pytest.mark.attack("B3")
def test_every_question_that_json_leaves_open_is_decided() -> None:
    assert len(UNDECIDED) == 35
    for name, (data, accepted) in UNDECIDED.items():
        assert code_of(loads_strict, data) == (None if accepted else "E_JSON"), name
        assert code_of(loads_document, data) == "E_JSON", name  # a signed document has no floats and no such integers
    assert sum(accepted for _, accepted in UNDECIDED.values()) == 5


@pytest.mark.attack("B4")
def test_text_is_kept_as_it_was_written_and_compared_as_bytes() -> None:
    digests = set()
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "déployé Å")
        parsed = document()
        parsed["library"]["description"] = text
        envelope = open_document(sign_anything(parsed))
        assert text.encode() in envelope.message
        digests.add(envelope.digest)
    assert len(digests) == 2


@pytest.mark.attack("B5")
@pytest.mark.parametrize("data", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000])
def test_deep_nesting_is_refused_within_50_milliseconds(data: bytes) -> None:
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        assert code_of(loads_document, data) == "E_JSON"
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.05


RSS = """
import sys
from codi_tui.errors import CodiError
from codi_tui.model.schema import validate_manifest
from codi_tui.trust.envelope import open_document

def peak():
    return int(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])

data = sys.stdin.buffer.read()
before, code = peak(), 'accepted'
try:
    validate_manifest(open_document(data).document)
except CodiError as error:
    code = error.code
print(code, (peak() - before) >> 10)
"""


def large(**members: Any) -> bytes:
    return json.dumps({**document(), **members}).encode()


def many_commands(count: int) -> dict[str, Any]:
    return {"demo": {"description": "", "subcommands": {f"c{at}": subcommand() for at in range(count)}}}


LARGE = {
    "a text of 10 MB": (lambda: large(x="x" * 10_000_000), "E_TOO_LARGE"),
    "a body beyond 8 MiB": (lambda: large(x=["y" * 1_000] * (MANIFEST_MAX_BYTES // 1_000)), "E_TOO_LARGE"),
    "a million commands": (
        lambda: large(commands={"c0": 0}).replace(b'"c0": 0', b",".join(b'"c%d":0' % at for at in range(1_000_000))),
        "E_TOO_LARGE",
    ),
    "a million values": (lambda: large(x=[0] * 1_000_000), "E_TOO_LARGE"),
    "one command too many": (lambda: large(commands=many_commands(COMMANDS_MAX + 1)), "E_TOO_LARGE"),
    "a long description": (
        lambda: json.dumps(manifest(library={"description": "x" * (DESCRIPTION_MAX_CHARACTERS + 1)})).encode(),
        "E_TOO_LARGE",
    ),
    "many small objects": (lambda: large(x=[{"a": 0}] * 249_000), "accepted"),
    "many lists": (lambda: large(x=[{"a": []}] * 160_000), "accepted"),
    "8 MiB of text": (lambda: large(x="x" * (MANIFEST_MAX_BYTES - 10_000)), "accepted"),
    "as many commands as may be": (lambda: large(commands=many_commands(COMMANDS_MAX)), "accepted"),
}


@pytest.mark.attack("B6")
@pytest.mark.parametrize("what", LARGE)
def test_a_huge_manifest_is_refused_in_little_memory(what: str) -> None:
    make, answer = LARGE[what]
    done = subprocess.run([sys.executable, "-c", RSS], input=make(), capture_output=True, check=True, timeout=60)
    code, mib = done.stdout.split()
    assert code.decode() == answer
    assert int(mib) < 64


@pytest.mark.attack("B8")
def test_speccheck() -> None:
    cases = json.loads((Path(__file__).parents[1] / "vectors/ed25519-speccheck.json").read_text())
    assert len(cases) == 12
    answers = [
        verify_ed25519(*(bytes.fromhex(case[part]) for part in ("pub_key", "message", "signature"))) for case in cases
    ]
    assert "".join("XV"[answer] for answer in answers) == "XXXVXXXXXXXX"


@pytest.mark.attack("B10a")
def test_a_pattern_in_a_manifest_is_never_run() -> None:
    option = {"name": "x", "type": "string", "description": "", "pattern": "(a+)+$"}
    command = subcommand(options=[option])
    validate_manifest(manifest(commands={"demo": {"description": "", "subcommands": {"run": command}}}))
    schema = command_schema(SubcommandDefinition(command, "demo.run"))
    assert "pattern" not in json.dumps(schema)
    assert check_values(schema, {"x": "a" * 5_000 + "!"}) == []


@pytest.mark.attack("B11")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"options": {}}, "E_SCHEMA"),
        ({"arguments": None}, "E_SCHEMA"),
        ({"handler": "wasm"}, "E_SCHEMA"),
        ({"handler": {"type": "grpc", "function": "f"}}, "E_UNSUPPORTED"),
        ({"handler": {"type": ["wasm"], "function": "f"}}, "E_UNSUPPORTED"),
        ({"handler": {"type": "wasm", "function": "f", "argv": ["x", "{y}"]}}, "E_SCHEMA"),
        ({"new_member": {"type": 5}}, None),
    ],
)
def test_what_a_newer_publisher_may_say(change: dict[str, Any], code: str | None) -> None:
    source = manifest(commands={"demo": {"description": "", "subcommands": {"run": subcommand(**change)}}})
    if code is None:
        validate_manifest(source)
        return
    with pytest.raises(DocumentError) as caught:
        validate_manifest(source)
    assert caught.value.code == code
