"""The one text boundary: untrusted text is stored raw and made safe here, at each sink, just before a person sees it.

What passes: printable characters, newline and tab. Everything that could move a cursor, change a mode, hide or reorder
text is shown visibly instead: `␛` for ESC, `<U+202E>` for a right-to-left override.
"""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"  # zero width, bidi, invisible, surrogates
    "\U00013430-\U0001345f\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]"  # one chooses an emoji's form; more are invisible, and could carry a message
)
_MARKS_MAX = 8
"""Combining marks on one character; no script needs more."""
_MAY_BE_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0590-\u10ff\u135d-\u1dff\u20d0-\u20ff\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f"
    f"\u3099\u309a\ua66f-\uabff\ufb1e\ufe20-\ufe2f\U00010000-\U0001ffff]{{{_MARKS_MAX + 1},}}"
)
"""Runs long enough to hold too many marks, in the blocks that have any."""
_RETURN = 0x0D
_ASCII = bytes(range(128))
_PLAIN = b"\t\n" + bytes(range(32, 127))
"""What of ASCII passes as it is."""


def sanitize(text: str) -> str:
    """Untrusted text as it may be shown on a terminal or in a pane, at most nine times as long.

    Raises:
        TypeError: it is no `str`. Nothing is raised for any text, lone surrogates included.
    """
    if not isinstance(text, str):
        raise TypeError("only text can be made safe to show")
    if text.isascii() and text.isprintable():
        return text
    odd = text.encode(errors="surrogatepass").translate(None, _PLAIN)
    if not odd:
        return text
    text = _without_controls(text, odd)
    beyond = odd.translate(None, _ASCII).decode(errors="surrogatepass")
    if _UNSAFE.search(beyond) is None and _MAY_BE_MARKS.search(beyond) is None:
        return text  # what is no neighbour without the plain characters is none with them
    return _MAY_BE_MARKS.sub(_without_floods, _UNSAFE.sub(_visible, text))


def _without_controls(text: str, odd: bytes) -> str:
    """The text with the control characters of ASCII shown; `odd` holds at least those that occur."""
    for code in sorted(set(odd), reverse=True):
        if code == _RETURN:
            text = text.replace("\r\n", "\n").replace("\r", chr(0x2400 + code))
        elif code < 128:
            text = text.replace(chr(code), "␡" if code == 0x7F else chr(0x2400 + code))
    return text


class SafeText:
    """Untrusted output that comes in pieces, made safe piece by piece.

    Marks at the end of a piece count for the next one, else a flood of them would pass when each is written alone.
    """

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks = ""

    def take(self, data: bytes) -> bytes:
        """The next piece as it may be shown."""
        if data and not data.translate(None, _PLAIN):
            self._marks = ""
            return data
        shown = sanitize(self._marks + data.decode(errors="replace"))
        begun, end = len(self._marks), len(shown)
        while end and _is_mark(shown[end - 1]):
            end -= 1
        self._marks = shown[end:]
        return shown[begun:].encode()


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me", "Mc")


def sanitize_line(text: str, limit: int = 500) -> str:
    """Like `sanitize`, on one line of bounded length: for names, messages and table cells."""
    line = sanitize(text[: limit + 1]).replace("\n", "␊").replace("\t", " ")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def sanitize_field(text: str) -> str:
    """Like `sanitize`, each character by exactly one: for fields that are edited, whose cursor counts characters."""
    if text.isascii() and text.isprintable():
        return text
    return _MAY_BE_MARKS.sub(_with_floods_shown, _UNSAFE.sub(_picture, text.translate(_BLANKS)))


_BLANKS = {0x09: " ", 0x0A: "␊"}


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "�"


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def _without_floods(match: re.Match[str]) -> str:
    return _replace_floods(match.group(), "")


def _with_floods_shown(match: re.Match[str]) -> str:
    return _replace_floods(match.group(), "�")


def _replace_floods(text: str, replacement: str) -> str:
    """The text with a replacement for each combining mark beyond what one character may carry."""
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if _is_mark(char) else 0
        kept.append(char if marks <= _MARKS_MAX else replacement)
    return "".join(kept)
