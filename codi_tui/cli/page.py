"""What a built-in tells on stdout: lines for a person, each made safe here, or one JSON document for a program."""

from __future__ import annotations

import os

from codi_tui.cli.narration import STDOUT, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE_CHARACTERS = 4000
_MARKS = {True: "✓", False: "✗", None: "·"}
_ASCII_MARKS = {True: "ok", False: "NO", None: "--"}
_ASCII = str.maketrans({"…": "...", "→": "->", "·": "-"})


def writes_unicode() -> bool:
    """Whether the output takes more than ASCII, by the locale; without any it does, as in the workspace."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return os.name == "nt" or not locale or "utf-8" in locale.lower() or "utf8" in locale.lower()


def mark(held: bool | None) -> str:
    """The symbol for something that holds, does not, or was not looked at. Words go beside it."""
    return _MARKS[held] if writes_unicode() else _ASCII_MARKS[held]


def show_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout. A publisher's text in them cannot begin a line of its own, nor command the terminal.

    Raises:
        CodiError: `E_OUTPUT`, it cannot be written.
    """
    from codi_tui.text import sanitize_line

    text = "".join(f"{sanitize_line(line, _LINE_CHARACTERS)}\n" for line in lines)
    data = text.encode(errors="replace") if writes_unicode() else text.translate(_ASCII).encode("ascii", "replace")
    write_all(STDOUT, data)


def show_json(document: object) -> None:
    """Write a JSON document to stdout, in ASCII, so that no terminal acts on it.

    Raises:
        CodiError: `E_OUTPUT`, it cannot be written.
    """
    import json

    write_all(STDOUT, f"{json.dumps(document, indent=2)}\n".encode())
