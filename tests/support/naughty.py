"""Text that attacks a terminal, and what a terminal program may write nevertheless."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"
_OSC = [
    "0;NAUGHTY", "1;NAUGHTY", "2;NAUGHTY", "4;1;rgb:ff/00/00", "4;1;?", "8;;https://naughty.example",
    "9;NAUGHTY", "10;#ff0000", "10;?", "11;#00ff00", "12;?", "13;?", "50;naughty", "52;c;TkFVR0hUWQ==", "52;p;?", "104",
    "110", "133;A", "777;notify;NAUGHTY;x", "1337;File=inline=1:TkFVR0hUWQ==", "1337;SetMark", "5522;type=read",
]  # fmt: skip
_CSI = [
    "2J", "3J", "1;1H", "H", "999A", "999D", "2K", "31337m", "31m", "8m", "?1049h", "?47h", "?1000h", "?1003h", "?2004h",
    "?25l", "?5h", "?7l", "4h", "20h", "2;3r", "6n", "5n", "?6n", "c", ">c", "=c", ">q", "21t", "20t", "8;1;1t", "s", "u", "1P",
    "99L", "99M", "5@", "?1004h", "!p", '61"p', "0 q", "?2026h", ">4;2m", "?u", "99S", "3g",
]  # fmt: skip
_OTHER = [
    f"{ESC}P+q544e{ST}", f"{ESC}P$qm{ST}", f"{ESC}P0;1;0q#0~~{ST}", f"{ESC}P1000pNAUGHTY{ST}", f"{ESC}_Gf=24,a=T;AAAA{ST}",
    f"{ESC}^NAUGHTY{ST}", f"{ESC}XNAUGHTY{ST}", f"{ESC}c", f"{ESC}#8", f"{ESC}7", f"{ESC}8", f"{ESC}D", f"{ESC}M", f"{ESC}E",
    f"{ESC}(0", f"{ESC})0", f"{ESC}n", f"{ESC}=", f"{ESC}>", f"{ESC}%G", f"{ESC} F", f"{ESC}l", f"{ESC}Z", ESC, f"{ESC}[", f"{ESC}]",
    "\x9b31m", "\x9b2J", "\x9d0;NAUGHTY\x9c", "\x90+q\x9c", "\x9e\x9c", "\x9f\x9c", "\x98\x9c", "\x84\x85\x88\x8d", "\x9a",
    "safe\rFAKE", "\r", "a\x08b", "\x08" * 40, "\x0e", "\x0f", "\x05", "\x00", "\x7f", "\x0b", "\x0c", "\x1a", "\x18", BEL,
    "a\u202eb", "a\u2066b\u2069", "\u200e\u200f\u061c", "a\u200bb\u200cc\u200dd", "\u2060\ufeff\u00ad", "\u2028\u2029",
    "\U000e0001" + "".join(chr(0xE0000 + ord(char)) for char in "hidden") + "\U000e007f", "a" + "\ufe0f" * 90,
    "a" + "\U000e0100" * 9, "a" + "\u0301" * 90, "Z" + "\u0300\u0489\u20dd" * 40, "\u3164\uffa0\u115f", "\ufff9a\ufffab\ufffb",
    "[/]", "[/x]", "[@click=app.quit]x[/]", "[link=https://naughty.example]x[/link]", "[red]x", "[blink]",
]  # fmt: skip
XTERM = [f"{ESC}]{body}{end}" for body in _OSC for end in (BEL, ST)] + [f"{ESC}[{body}" for body in _CSI] + _OTHER
RAW = [
    b"\x9b31m", b"\x9d0;NAUGHTY\x9c", b"\x90q\x9c", b"\xc2", b"\xe2\x80", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x9b2J",
    b"\xf0\x80\x80\x9b2J", b"\x80\x81\x9b",
]  # fmt: skip
"""Bytes that are no UTF-8: a terminal may read some of them as C1 controls."""


def naughty_strings(vectors: Path) -> list[str]:
    """The Big List of Naughty Strings, and ours."""
    strings: list[str] = json.loads((vectors / "blns/blns.json").read_text())
    assert len(strings) == 515
    assert len(XTERM) == 158
    return [*strings, *XTERM]


INVISIBLE_LETTERS = {0x115F, 0x1160, 0x3164, 0xFFA0}
VISIBLE_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def dangers(written: bytes, *, allowed: str = "\n\t", marks_max: int = 8) -> list[str]:
    """What no untrusted text may bring to a terminal, each with what stands around it; the terminal's line ends aside."""
    text = written.decode("utf-8", errors="surrogateescape").replace("\r\n", "\n")
    found = []
    marks = 0
    for at, char in enumerate(text):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me", "Mc") else 0
        hidden = (kind == "Cf" and ord(char) not in VISIBLE_FORMAT) or ord(char) in INVISIBLE_LETTERS
        if marks > marks_max or hidden or (kind in ("Cc", "Cs", "Zl", "Zp") and char not in allowed):
            found.append(repr(text[max(0, at - 30) : at + 10]))
    return found
