"""The one text boundary (attacks F-1 to F-3)."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codi_tui import text as module
from codi_tui.text import SafeText, sanitize, sanitize_line

C0 = [chr(code) for code in range(0x20) if chr(code) not in "\n\t"]
C1 = [chr(code) for code in range(0x80, 0xA0)]
BIDI = [chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
ZERO_WIDTH = [
    "\u00ad",
    "\u034f",
    "\u115f",
    "\u180e",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\u3164",
    "\ufeff",
    "\uffa0",
]
TAGS = [chr(code) for code in (0xE0001, *range(0xE0020, 0xE0080), 0xE0100, 0xE01EF)]


def test_what_a_person_may_see_passes_unchanged() -> None:
    for text in (
        "",
        "plain",
        "two\nlines\tand a tab",
        "Déploie → prod",
        "日本語",
        "🙂👍🏽❤️",
        "e\u0301",
        "עברית",
        "हिन्दी",
        "a\u00a0b",
    ):
        assert sanitize(text) == text


@pytest.mark.attack("F-1")
@pytest.mark.parametrize("char", C0, ids=lambda char: f"{ord(char):02x}")
def test_a_control_character_is_shown_as_its_picture(char: str) -> None:
    assert sanitize(f"a{char}b") == f"a{chr(0x2400 + ord(char))}b"


def test_del_is_shown_as_its_picture() -> None:
    assert sanitize("a\x7fb") == "a␡b"


@pytest.mark.attack("F-3")
@pytest.mark.parametrize(
    "chars",
    [C1, BIDI, ZERO_WIDTH, TAGS, ["\ud800", "\udfff", "\udc80"], ["\u2028", "\u2029"]],
    ids=["c1", "bidi", "zero width", "tags", "surrogates", "separators"],
)
def test_what_hides_or_reorders_text_is_shown_by_its_number(chars: list[str]) -> None:
    for char in chars:
        assert sanitize(f"a{char}b") == f"a<U+{ord(char):04X}>b"


@pytest.mark.attack("F-1")
@pytest.mark.parametrize(
    "attack",
    [
        "\x1b]52;c;aGk=\x07",
        "\x1b]8;;https://evil\x1b\\x\x1b]8;;\x1b\\",
        "\x1b[2J\x1b[H",
        "\x1b[?1049h",
        "\x9b31m",
        "\x9d0;title\x9c",
        "\x1bP+q544e\x1b\\",
        "ok\rFAIL",
        "\x1b[6n",
        "a\x08b",
        "\x0e\x0f",
        "\x1b#8",
        "\x1bc",
    ],
)
def test_no_escape_sequence_survives(attack: str) -> None:
    shown = sanitize(attack)
    assert not any(unicodedata.category(char) == "Cc" for char in shown)


@pytest.mark.attack("F-1")
def test_the_big_list_of_naughty_strings(vectors: Path) -> None:
    strings = json.loads((vectors / "blns/blns.json").read_text())
    assert len(strings) == 515
    for text in strings:
        shown = sanitize(text)
        kinds = {unicodedata.category(char) for char in shown if char not in "\n\t"}
        assert not kinds & {"Cc", "Cs", "Zl", "Zp"}, text
        assert not set(shown) & {*BIDI, *ZERO_WIDTH, *TAGS}, text
        assert sanitize(shown) == shown
        assert "\n" not in sanitize_line(text)


def test_a_flood_of_combining_marks_is_cut() -> None:
    assert sanitize("a" + "\u0301" * 8) == "a" + "\u0301" * 8
    assert sanitize("a" + "\u0301\u0489" * 500 + "b") == "a" + "\u0301\u0489" * 4 + "b"


@pytest.mark.attack("F-3")
@pytest.mark.parametrize("mark", ["\u0e49", "\u064b", "\u0951", "\u05b0", "\u0f71"])
def test_a_flood_of_combining_marks_of_any_script_is_cut(mark: str) -> None:
    assert len(sanitize("a" + mark * 500)) < 50


@pytest.mark.attack("F-3")
@pytest.mark.parametrize(
    "char", ["\U0001bca0", "\U00013430", "\U00016fe4", "\U0001d159"], ids=lambda char: f"{ord(char):x}"
)
def test_every_invisible_format_character_is_shown(char: str) -> None:
    assert char not in sanitize(f"a{char}b")


@pytest.mark.attack("F-3")
def test_a_flood_in_pieces_is_a_flood() -> None:
    safe = SafeText()
    shown = b"".join(safe.take(piece.encode()) for piece in ["a", *["\u0301"] * 500, "b", "\u0301" * 3, "c"])
    assert shown.decode() == "a" + "\u0301" * 8 + "b" + "\u0301" * 3 + "c"
    assert SafeText().take(b"\x1b[2J\xff\xc3") == "␛[2J\ufffd\ufffd".encode()


@pytest.mark.parametrize("selector", ["\ufe0e", "\ufe0f"])
def test_only_the_first_of_several_variation_selectors_passes(selector: str) -> None:
    assert sanitize(f"❤{selector}") == f"❤{selector}"
    assert sanitize(f"❤{selector * 3}") == f"❤{selector}" + f"<U+{ord(selector):04X}>" * 2


def test_a_line_is_one_line_of_bounded_length() -> None:
    assert sanitize_line("a\nb\tc") == "a␊b c"
    assert sanitize_line("x" * 500) == "x" * 500
    assert sanitize_line("x" * 501) == "x" * 499 + "…"
    assert sanitize_line("x" * 10, 5) == "xxxx…"
    for char in ("\u202e", "\U000e0041", "\n", "\x1b"):
        assert len(sanitize_line(char * 10_000_000, 80)) == 80


_TRICKY = st.sampled_from(
    [*C0, *C1, *BIDI, *ZERO_WIDTH, "\x7f", "\n", "\t", "a", "é", "日", "\u0301", "\u0e31", "\ufe0f", "\ud800"]
)


@given(st.text(st.one_of(_TRICKY, st.characters()), max_size=60))
def test_the_short_ways_come_to_the_same_as_the_long_one(text: str) -> None:
    long = module._UNSAFE.sub(module._visible, text.replace("\r\n", "\n"))
    assert sanitize(text) == module._MAY_BE_MARKS.sub(module._without_floods, long)


@given(st.lists(st.text(_TRICKY, max_size=12), max_size=6))
def test_pieces_of_plain_text_come_to_the_same_as_any_others(pieces: list[str]) -> None:
    shown, slowly = SafeText(), ""
    for piece in (piece.encode(errors="replace") for piece in pieces):
        text = sanitize(slowly + piece.decode())
        assert shown.take(piece).decode() == text[len(slowly) :]
        marks = len(text) - len(text.rstrip("\u0301\u0e31\ufe0f\u034f"))
        slowly = text[len(text) - marks :] if marks else ""
