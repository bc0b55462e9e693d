"""The functions that others call by name: whatever comes in, a result or the one documented exception, within bounds."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from codi_tui.cache import compress, decompress
from codi_tui.errors import CacheError, DocumentError, ModuleError
from codi_tui.execute import validate_component, validate_module
from codi_tui.limits import DOCUMENT_MAX_BYTES, JSON_MAX_VALUES, MIB
from codi_tui.text import sanitize
from codi_tui.trust import canonical_json, loads_strict, verify_ed25519
from support.libraries import HELLO, KEY, PUBLIC_KEY, wasm
from support.modules import branch_bomb

ENTRY_POINTS = {
    "codi_tui.trust": {"loads_strict": "DocumentError", "canonical_json": "DocumentError", "verify_ed25519": "False"},
    "codi_tui.execute": {"validate_module": "ModuleError", "validate_component": "ModuleError"},
    "codi_tui.cache": {"decompress": "CacheError"},
    "codi_tui.text": {"sanitize": "TypeError"},
}
TEN_MB = 10_000_000
FEW = settings(max_examples=150, deadline=None, derandomize=True)
SIGNATURE = KEY.sign(b"message").signature


def refused(error: type[Exception], call: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(error) as caught:
        call(*arguments)
    assert type(caught.value) is error


@pytest.mark.parametrize("module", ENTRY_POINTS)
def test_each_name_is_where_it_is_looked_for_and_says_what_it_raises(module: str) -> None:
    for name, said in ENTRY_POINTS[module].items():
        assert said in (getattr(importlib.import_module(module), name).__doc__ or ""), name


NO_BYTES = [None, 5, 1.5, float("nan"), "text", "\ud800", [], [b"x"], {}, object(), 10**5000, type]
LIKE_BYTES = [bytearray(wasm(HELLO)), memoryview(wasm(HELLO)), bytearray(b"{}"), memoryview(b"[1]")]


@pytest.mark.parametrize("value", NO_BYTES + LIKE_BYTES, ids=lambda value: type(value).__name__)
def test_what_is_no_bytes_is_refused_by_each(value: Any) -> None:
    refused(DocumentError, loads_strict, value)
    refused(ModuleError, validate_module, value)
    refused(ModuleError, validate_component, value)
    refused(CacheError, decompress, value, MIB)
    for arguments in (
        (value, b"message", SIGNATURE),
        (PUBLIC_KEY, value, SIGNATURE),
        (PUBLIC_KEY, b"message", value),
        (value, value, value),
    ):
        assert verify_ed25519(*arguments) is False


@pytest.mark.parametrize("value", [None, 5, b"bytes", bytearray(b"x"), ["x"], object()])
def test_what_is_no_text_is_not_made_safe(value: Any) -> None:
    refused(TypeError, sanitize, value)


def holding_itself() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


def holding_itself_twice() -> dict[str, object]:
    value: dict[str, object] = {}
    value |= {"a": value, "b": [value]}
    return value


def doubled(value: object, times: int) -> object:
    for _ in range(times):
        value = [value, value]
    return value


WITHOUT_A_FORM: dict[str, Any] = {
    "holds itself": holding_itself(),
    "holds itself twice": holding_itself_twice(),
    "doubled 60 times": doubled(0, 60),
    "empty lists, doubled": doubled([], 60),
    "one long text many times": ["x" * MIB] * 1_000,
    "one long name many times": [{"x" * MIB: 0}] * 1_000,
    "many values": [0] * (JSON_MAX_VALUES + 1),
    "nan": float("nan"),
    "infinity": float("-inf"),
    "integer": 2**53,
    "huge integer": -(10**5000),
    "surrogate": "\ud800",
    "surrogate in a name": {"\udfff": 1},
    "names of two types": {"a": 1, 2: 3},
    "name of bytes": {b"a": 1},
    "none as a name": {None: 1},
    "bytes": b"x",
    "bytearray": bytearray(b"x"),
    "set": {1},
    "object": object(),
    "complex": 1j,
    "deep": [],
}
for _ in range(100_000):
    WITHOUT_A_FORM["deep"] = [WITHOUT_A_FORM["deep"]]


@pytest.mark.parametrize("what", WITHOUT_A_FORM)
def test_a_value_without_a_canonical_form_is_refused(what: str) -> None:
    refused(DocumentError, canonical_json, WITHOUT_A_FORM[what])


LARGE_JSON = {
    "digits": b"1" * TEN_MB,
    "fraction": b"0." + b"1" * TEN_MB,
    "exponent": b"1e" + b"9" * TEN_MB,
    "negative exponent": b"1e-" + b"9" * TEN_MB,
    "escapes": b'"' + b"\\u0041" * (TEN_MB // 6) + b'"',
    "surrogate escapes": b'"' + b"\\ud800" * (TEN_MB // 6) + b'"',
    "text": b'"' + b"x" * TEN_MB + b'"',
    "text without an end": b'"' + b"x" * TEN_MB,
    "backslashes": b'"' + b"\\" * TEN_MB,
    "spaces": b" " * TEN_MB,
    "lines": b"\n" * TEN_MB + b"x",
    "signs": b"-" * TEN_MB,
    "arrays": b"[" * TEN_MB,
    "objects": b'{"a":' * (TEN_MB // 5),
    "zeros": b"[" + b"0," * (TEN_MB // 2) + b"0]",
    "empty arrays": b"[" + b"[]," * (TEN_MB // 3) + b"0]",
    "names": b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}",
    "bad utf-8": b'"' + b"\xff" * TEN_MB + b'"',
    "nul": bytes(TEN_MB),
    "beyond the limit": b" " * (DOCUMENT_MAX_BYTES + 1),
}


@pytest.mark.parametrize("what", LARGE_JSON)
def test_ten_megabytes_of_json_are_a_value_or_refused(what: str) -> None:
    try:
        loads_strict(LARGE_JSON[what])
    except DocumentError:
        return
    assert what in {"fraction", "negative exponent", "escapes", "text", "names"}


@FEW
@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=70))
def test_random_bytes_are_no_signature(key: bytes, message: bytes, signature: bytes) -> None:
    assert verify_ed25519(key, message, signature) is False
    assert verify_ed25519(PUBLIC_KEY, message, signature) is False
    assert verify_ed25519(key, b"message", SIGNATURE) is False


def test_a_large_message_verifies_and_a_changed_one_does_not() -> None:
    message = bytes(TEN_MB)
    signature = KEY.sign(message).signature
    assert verify_ed25519(PUBLIC_KEY, message, signature) is True
    assert verify_ed25519(PUBLIC_KEY, message[:-1] + b"\1", signature) is False


@pytest.mark.parametrize("limit", [None, "5", 5.0, float("nan"), float("inf"), True, b"5", [5], -1, -(2**70), 4])
def test_a_limit_that_is_none_or_too_low_refuses(limit: Any) -> None:
    refused(CacheError, decompress, compress(b"hello"), limit)


def test_an_empty_record_needs_a_limit_of_nothing() -> None:
    assert decompress(compress(b""), 0) == b""
    refused(CacheError, decompress, compress(b""), -1)


@pytest.mark.parametrize("limit", [2**31, 2**64 - 1, 2**64, 2**200])
def test_no_limit_is_so_high_that_a_bomb_goes_off(limit: int) -> None:
    assert decompress(compress(b"hello"), limit) == b"hello"
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(64 * MIB))
    for size in (2**30, 2**40, 2**62, 2**64 - 2):
        bomb = b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little") + b"\x02\x00\x10\x00" * 1_000
        refused(CacheError, decompress, bomb, limit)
        refused(CacheError, decompress, bomb.replace(b"\xe0", b"\xc0\x68", 1), limit)
    refused(CacheError, decompress, unsized, limit)


LARGE_MODULES = {
    "zeros": b"\0asm\1\0\0\0" + bytes(TEN_MB),
    "sections": b"\0asm\1\0\0\0" + b"\0\1\0" * (TEN_MB // 3),
    "ones": b"\0asm\1\0\0\0" + b"\xff" * TEN_MB,
    "text": b"(module)" * (TEN_MB // 8),
    "a count of 2^32": b"\0asm\1\0\0\0\1\x06\xff\xff\xff\xff\x0f\x60",
}


@pytest.mark.parametrize("what", LARGE_MODULES)
def test_ten_megabytes_are_a_module_or_refused(what: str) -> None:
    try:
        validate_module(LARGE_MODULES[what])
    except ModuleError:
        return
    assert what == "sections"


def test_a_module_whose_check_takes_minutes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """3 MiB took half a minute, and 32 MiB would take five; nothing could have stopped it in this process."""
    monkeypatch.setattr("codi_tui.execute.compile.VALIDATE_SECONDS", 0.5)
    with pytest.raises(ModuleError, match=r"longer than 0\.5 s") as caught:
        validate_module(branch_bomb(6))
    assert caught.value.code == "E_WASM_MODULE"


def test_a_large_module_is_checked_like_a_small_one() -> None:
    padding = b"\0" + b"\x81\x80\x08" + b"\0" + b"x" * 131_072  # a custom section of 128 KiB
    validate_module(wasm(HELLO) + padding)
    with pytest.raises(ModuleError, match="not valid"):
        validate_module(wasm(HELLO)[:-2] + padding)


@FEW
@given(st.integers(0, len(wasm(HELLO)) * 8 - 1), st.integers(0, len(wasm(HELLO)) * 8 - 1))
def test_a_module_with_flipped_bits_is_a_module_or_refused(first: int, second: int) -> None:
    data = bytearray(wasm(HELLO))
    for bit in {first, second}:
        data[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(ModuleError):
        validate_module(bytes(data))


@FEW
@given(st.text(st.characters(), max_size=200))
def test_safe_text_is_at_most_nine_times_as_long(text: str) -> None:
    assert len(sanitize(text)) <= 9 * len(text)
    assert sanitize(sanitize(text)) == sanitize(text)


@pytest.mark.parametrize("char", ["\x1b", "\x9b", "\u202e", "\u0301", "\ufe0f", "\U000e0041", "\ud800", "\r\n", "é"])
def test_many_of_a_character_are_made_safe(char: str) -> None:
    shown = sanitize(char * 200_000)
    assert len(shown) <= 9 * len(char) * 200_000
    assert not any(unicodedata.category(item) in ("Cc", "Cs") and item != "\n" for item in shown[:100])


MEMORY = """
import resource, sys
from codi_tui.cache import decompress
from codi_tui.errors import CodiError
from codi_tui.execute import validate_module
from codi_tui.trust import canonical_json, loads_strict
from codi_tui.text import sanitize
import rfc8785, zstandard
kind, size = sys.argv[1], int(sys.argv[2])
held = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + size, held + size))
data = sys.stdin.buffer.read()
calls = {
    'json': lambda: loads_strict(data),
    'zstd': lambda: decompress(data, 2**70),
    'canonical': lambda: canonical_json([data.decode()] * 400),
    'text': lambda: sanitize(data.decode()),
}
try:
    calls[kind]()
except CodiError as error:
    print(error.code)
else:
    print('done')
"""


@pytest.mark.parametrize(
    ("kind", "data", "mib", "answer"),
    [
        ("json", b"[" + b"[]," * 8_000_000 + b"0]", 80, "E_TOO_LARGE"),
        ("json", b"[" * 20_000_000, 80, "E_TOO_LARGE"),
        ("json", b"1" * 20_000_000, 120, "E_JSON"),
        (
            "zstd",
            b"\x28\xb5\x2f\xfd\xc0\x68" + (2**36).to_bytes(8, "little") + b"\x02\x00\x10\x00" * 4_000,
            64,
            "E_ZSTD",
        ),
        (
            "zstd",
            zstandard.ZstdCompressor(write_content_size=False).compress(bytes(64 * MIB)),
            64,
            "E_ZSTD",
        ),
        ("canonical", b"x" * 1_000_000, 64, "E_TOO_LARGE"),
        ("text", b"\x1b" * 300_000, 60, "done"),
    ],
    ids=["arrays", "brackets", "digits", "stated bomb", "unstated bomb", "repeated text", "escapes"],
)
def test_memory_is_bounded(kind: str, data: bytes, mib: int, answer: str) -> None:
    """The child may take so much more address space than it has when it begins; beyond that it would fail otherwise."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, kind, str(mib * MIB)], input=data, capture_output=True, check=False, timeout=60
    )
    assert (done.stdout.decode().strip(), done.returncode) == (answer, 0), done.stderr[-500:]
