"""Whatever bytes come in, the trust boundary answers with its own errors, and canonical JSON has one form."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codi_tui.cache.zstd import compress, decompress
from codi_tui.errors import CacheError, DocumentError
from codi_tui.model.events import whole_characters
from codi_tui.text import sanitize, sanitize_line
from codi_tui.trust import canonical_json, loads_strict
from codi_tui.trust.canonical import loads_document
from codi_tui.trust.envelope import open_document

NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
PROFILE = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)
FLOATS = st.floats(1 - 2**53, 2**53 - 1) | st.sampled_from([float("nan"), float("inf"), float("-inf")])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b":",
            b",",
            b'"library"',
            b'"type"',
            b"\\ud800",
            b"1",
            b"-0",
            b"1e9",
            b"NaN",
            b" ",
            b"\xff",
            b'"a":1',
            b"null",
        ]
    )
    | st.binary(max_size=3),
    max_size=30,
).map(b"".join)
FEW = settings(max_examples=150, deadline=None, derandomize=True)


def tried(call: Callable[[], Any]) -> tuple[Any, str | None]:
    """What a call gives, or the code of the refusal that it may raise; any other error is the test's failure."""
    try:
        return call(), None
    except (DocumentError, CacheError) as error:
        return None, error.code


@FEW
@given(PROFILE)
def test_canonical_json_is_one_line_of_the_standard_library_under_the_profile(value: Any) -> None:
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical_json(value) == plain
    assert loads_document(plain) == value
    assert canonical_json(loads_document(plain)) == plain


@FEW
@given(ANY_JSON)
def test_a_value_has_a_canonical_form_or_is_refused(value: Any) -> None:
    data, code = tried(lambda: canonical_json(value))
    assert code in (None, "E_JSON")
    if code is None:
        assert canonical_json(loads_strict(data)) == data


@FEW
@given(st.binary(max_size=60) | FRAGMENTS | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_strict_json_is_a_value_or_a_document_error(data: bytes) -> None:
    for loads in (loads_strict, loads_document):
        value, code = tried(lambda loads=loads: loads(data))
        assert code in (None, "E_JSON")
        if code is None:
            assert value == json.loads(data)


@pytest.mark.attack("B11")
@FEW
@given(
    st.binary(max_size=40)
    | FRAGMENTS
    | st.fixed_dictionaries(
        {"library": st.dictionaries(st.sampled_from(["name", "signature", "key_id"]), ANY_JSON, max_size=3)},
        optional={
            "type": st.just("codi/library-manifest/v1") | ANY_JSON,
            "wasm_module": ANY_JSON | st.fixed_dictionaries({"data": st.text(max_size=9)}),
        },
    ).map(lambda value: json.dumps(value).encode())
)
def test_a_document_opens_or_is_a_document_error(data: bytes) -> None:
    envelope, code = tried(lambda: open_document(data))
    assert code in (None, "E_JSON", "E_SCHEMA", "E_TYPE", "E_BASE64")
    if code is None:
        assert canonical_json(loads_document(envelope.message)) == envelope.message


@FEW
@given(st.binary(max_size=5_000) | st.binary(max_size=20).map(lambda part: part * 500))
def test_compression_is_there_and_back(data: bytes) -> None:
    assert decompress(compress(data), len(data)) == data


@pytest.mark.attack("D4")
@FEW
@given(
    st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"\x28\xb5\x2f\xfd" + tail),
    st.integers(0, 10_000),
)
def test_any_bytes_decompress_within_the_limit_or_are_a_cache_error(data: bytes, limit: int) -> None:
    found, code = tried(lambda: decompress(data, limit))
    assert code == "E_ZSTD" or len(found) <= limit


@pytest.mark.attack("D4")
@FEW
@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_changed_record_is_refused_or_within_its_limit(data: bytes, draw: st.DataObject) -> None:
    frame = bytearray(compress(data))
    at = draw.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= draw.draw(st.integers(1, 255))
    found, code = tried(lambda: decompress(bytes(frame), len(data)))
    assert code == "E_ZSTD" or len(found) <= len(data)


BIDI = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


@pytest.mark.attack("F-3")
@FEW
@given(st.text(st.characters(), max_size=60), st.integers(1, 80))
def test_sanitized_text_has_nothing_that_moves_hides_or_reorders(text: str, limit: int) -> None:
    shown = sanitize(text)
    for char in shown:
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") or char in "\n\t"
        assert ord(char) not in BIDI
    assert sanitize(shown) == shown
    line = sanitize_line(text, limit)
    assert len(line) <= limit
    assert not set(line) & {"\n", "\t", "\x1b", "\x7f"}


@FEW
@given(st.text(max_size=20), st.integers(0, 80))
def test_a_cut_of_utf_8_splits_no_character(text: str, end: int) -> None:
    data = text.encode(errors="surrogatepass").decode(errors="replace").encode()[:end]
    kept = whole_characters(data)
    assert len(data) - kept < 4
    data[:kept].decode()
