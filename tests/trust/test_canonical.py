"""Bytes into JSON and back: the attacks of table B on the parser and the canonical form."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codi_tui.errors import DocumentError
from codi_tui.limits import JSON_MAX_VALUES
from codi_tui.trust import canonical_json, loads_strict
from codi_tui.trust.canonical import loads_document

LOADERS = pytest.mark.parametrize("loads", [loads_strict, loads_document])


def refused(loads: object, data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        loads(data)  # type: ignore[operator]
    assert caught.value.code == "E_JSON"
    return caught.value.message


@pytest.mark.attack("B1")
@LOADERS
@pytest.mark.parametrize(
    "data",
    [b'{"handler":1,"handler":2}', b'{"a":{"b":1,"b":1}}', b'[{"a":1,"\\u0061":2}]'],
    ids=["top", "nested", "escaped"],
)
def test_a_member_name_that_occurs_twice_is_refused(loads: object, data: bytes) -> None:
    assert "twice" in refused(loads, data)


@pytest.mark.attack("B2")
@LOADERS
@pytest.mark.parametrize("data", [b"NaN", b"Infinity", b"-Infinity", b"[NaN]", b"1e400", b"-1e400"])
def test_numbers_that_json_does_not_have_are_refused(loads: object, data: bytes) -> None:
    refused(loads, data)


@pytest.mark.attack("B2")
@pytest.mark.parametrize("data", [b"1.0", b"0.5", b"-0.0", b"1e2", b"1E-2", b'{"a":[1.5]}'])
def test_a_float_in_a_signed_document_is_refused(data: bytes) -> None:
    assert "float" in refused(loads_document, data)


def test_a_float_outside_signed_documents_is_a_number() -> None:
    assert loads_strict(b"[1.5, 1e2]") == [1.5, 100.0]


@pytest.mark.attack("B2")
def test_negative_zero_in_a_signed_document_is_refused() -> None:
    assert "negative zero" in refused(loads_document, b'{"a":-0}')


@pytest.mark.attack("B2")
def test_integers_pass_up_to_the_bound_and_not_beyond() -> None:
    assert loads_document(b"[9007199254740991, -9007199254740991]") == [2**53 - 1, 1 - 2**53]
    for text in (b"9007199254740992", b"-9007199254740992", b"10000000000000000000", b"1" * 5000):
        assert "beyond" in refused(loads_document, text)


@pytest.mark.attack("B3")
@LOADERS
@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udc00\\ud800"', '[{"a":"x\\udfff"}]'])
def test_a_lone_surrogate_is_refused(loads: object, text: str) -> None:
    refused(loads, text.encode())


@pytest.mark.attack("B3")
@LOADERS
def test_a_lone_surrogate_in_a_member_name_is_refused(loads: object) -> None:
    refused(loads, b'{"\\ud800":1}')


@LOADERS
def test_a_surrogate_pair_is_a_character(loads: object) -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\U0001f600"  # type: ignore[operator]


@pytest.mark.attack("B3")
@LOADERS
@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-le"),
        "{}".encode("utf-32"),
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\xf4\x90\x80\x80"',
    ],
    ids=["bom", "utf-16", "utf-16-le", "utf-32", "overlong", "raw surrogate", "no utf-8", "beyond unicode"],
)
def test_anything_but_utf_8_without_a_mark_is_refused(loads: object, data: bytes) -> None:
    refused(loads, data)


@pytest.mark.attack("B1")
@LOADERS
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{}{}",
        b"[1,]",
        b'{"a":1,}',
        b"{a:1}",
        b"'a'",
        b'"\n"',
        b'"\x00"',
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"[1}",
        b"// x\n1",
        b"\x0b1",
        b'"\\x41"',
        b"nul",
        b"[\xa01]",
    ],
)
def test_text_that_is_almost_json_is_refused(loads: object, data: bytes) -> None:
    refused(loads, data)


@pytest.mark.attack("B4")
def test_a_member_name_outside_printable_ascii_is_refused() -> None:
    for name in ("é", "\\u0000", "a\\nb", "\\u202e", "\\u007f"):
        assert "ASCII" in refused(loads_document, f'{{"{name}":1}}'.encode())


@LOADERS
def test_nesting_of_32_levels_passes(loads: object) -> None:
    loads(b"[" * 32 + b"]" * 32)  # type: ignore[operator]
    loads(b'{"a":' * 32 + b"1" + b"}" * 32)  # type: ignore[operator]


@pytest.mark.attack("B5")
@LOADERS
@pytest.mark.parametrize("data", [b"[" * 33 + b"]" * 33, b'{"a":' * 33 + b"1" + b"}" * 33], ids=["arrays", "objects"])
def test_nesting_of_33_levels_is_refused(loads: object, data: bytes) -> None:
    assert "deep" in refused(loads, data)


@LOADERS
def test_nesting_of_34_levels_is_refused(loads: object) -> None:
    assert "deep" in refused(loads, b"[" * 34 + b"]" * 34)
    assert "deep" in refused(loads, b"[" * 500 + b"]" * 500)


@pytest.mark.attack("B5")
@LOADERS
@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_a_hundred_thousand_brackets_are_refused_at_once(loads: object, data: bytes) -> None:
    began = time.perf_counter()
    refused(loads, data)
    assert time.perf_counter() - began < 0.5


@LOADERS
def test_a_repeated_name_behind_many_others_is_refused_at_once(loads: object) -> None:
    names = [f'"k{number}":0' for number in range(8_000)]
    began = time.perf_counter()
    refused(loads, ("{" + ",".join([*names, names[-1]]) + "}").encode())
    assert time.perf_counter() - began < 0.3


@pytest.mark.attack("B6")
def test_more_values_than_the_bound_are_refused_before_they_are_parsed() -> None:
    for data in (b"[" + b"0," * JSON_MAX_VALUES + b"0]", b"[" * (JSON_MAX_VALUES + 1), b"{" * (JSON_MAX_VALUES + 1)):
        with pytest.raises(DocumentError, match="values") as caught:
            loads_strict(data)
        assert caught.value.code == "E_TOO_LARGE"


@pytest.mark.attack("B6")
def test_an_unsigned_document_cannot_take_many_times_its_size_in_memory() -> None:
    script = (
        "from codi_tui.errors import RefusedError\nfrom codi_tui.trust.envelope import open_document\n"
        "data = b'[' + b'[],' * (8 << 20) + b'1]'\n"
        "try:\n open_document(data)\nexcept RefusedError:\n pass\n"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 200 * 1024


@pytest.mark.attack("B2")
def test_canonical_json_of_a_value_without_one_is_refused() -> None:
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    cases: list[object] = [
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        b"bytes",
        object(),
        deep,
    ]
    for value in cases:
        with pytest.raises(DocumentError) as caught:
            canonical_json(value)
        assert caught.value.code == "E_JSON"


@pytest.mark.attack("B4")
def test_jcs_vectors_give_their_canonical_bytes(vectors: Path) -> None:
    inputs = sorted((vectors / "jcs/testdata/input").glob("*.json"))
    assert len(inputs) == 6
    for path in inputs:
        output = canonical_json(loads_strict(path.read_bytes()))
        assert output == (vectors / "jcs/testdata/output" / path.name).read_bytes(), path.name
        wanted = (vectors / "jcs/testdata/outhex" / f"{path.stem}.txt").read_text()
        assert output == bytes.fromhex(wanted), path.name


@pytest.mark.attack("B2")
def test_es6_numbers_are_written_exactly(vectors: Path) -> None:
    lines = (vectors / "jcs/es6testfile10k.txt").read_text().splitlines()
    assert len(lines) == 10_000
    for line in lines:
        bits, _, wanted = line.partition(",")
        (number,) = struct.unpack(">d", bytes.fromhex(bits.zfill(16)))
        assert canonical_json(number).decode() == wanted, bits


def test_the_profile_makes_canonical_json_one_line_of_the_standard_library() -> None:
    value = {"b": [1, -2, True, None], "a": {"z": '\u2192 é " \\ \0 \x1f \x7f \u2028 \U0001f600', "Z": {}}}
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical_json(value) == plain
