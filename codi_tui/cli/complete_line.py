"""The words of a line that is still being typed."""

from __future__ import annotations

from codi_tui.errors import UsageError
from codi_tui.operations.shell_words import split


def words_of_line(line: str) -> list[str]:
    """The words behind the program's name; the last is what is being typed, and empty behind a space.

    A quotation that is still open ends where the line does. Behind a redirection there is a file, and nothing of codi.
    """
    if (len(line) - len(line.rstrip("\\"))) % 2:
        line = line[:-1]
    for end in ("", "'", '"'):
        try:
            tokens = split(f"{line}{end}")
        except UsageError:
            continue
        words = [token.text for token in tokens if not token.operator]
        if not end and line[-1:].isspace():
            words.append("")
        return words[1:] or [""]
    return [""]
