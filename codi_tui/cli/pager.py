"""Help on a terminal: broken at its width, and through a pager when it is longer than the screen, as git does it."""

from __future__ import annotations

import os

from codi_tui.cli.narration import STDOUT, write_all

_NARROWEST, _WIDEST = 40, 100
"""Columns: narrower is not laid out for, and longer lines are hard to read."""


def width() -> int:
    """The columns that help is laid out for: the terminal's, within reason."""
    from codi_tui.manual.pages import WIDTH

    columns = _size()[0]
    return min(max(columns, _NARROWEST), _WIDEST) if columns else WIDTH


def _size() -> tuple[int, int]:
    """Columns and lines of the terminal, or zeros."""
    try:
        return os.get_terminal_size(STDOUT)
    except OSError:
        return 0, 0


def show_on_terminal(text: bytes) -> None:
    """Write a text to the terminal.

    Raises:
        CodiError: `E_OUTPUT`, it cannot be written.
    """
    from codi_tui.manual.pages import narrowed

    text = narrowed(text.decode(errors="replace"), width()).encode()
    lines = _size()[1]
    if lines and text.count(b"\n") >= lines and _through_pager(text):
        return
    write_all(STDOUT, text)


def _through_pager(text: bytes) -> bool:
    """Show it with `$PAGER`, or `less`; returns whether it was shown."""
    import shutil
    import signal
    import subprocess

    pager = os.environ.get("PAGER", "less")
    if os.name != "posix" or pager in ("", "cat") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if shutil.which(pager.split(maxsplit=1)[0]) is None:
        return False
    # as git sets it: nothing when it fits, colours as they are, and the text stays when it ends
    environment = {"LESS": "FRX", **os.environ}
    process = subprocess.Popen(["/bin/sh", "-c", pager], stdin=subprocess.PIPE, env=environment)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c is the pager's
    try:
        process.communicate(text)
    finally:
        signal.signal(signal.SIGINT, before)
    return True
