"""`codi help`: built-ins and library commands, from text that was rendered before; what else it tells is in `help_pages`."""

from __future__ import annotations

import os

from codi_tui.manual import SUMMARIES
from codi_tui.runtime import LISTING, RuntimeMode, bundled_folder

_HEAD = """codi runs your team's commands: from signed libraries, in a sandbox.

Usage:
  codi COMMAND [its flags]             run a library command
  codi run [options] COMMAND [flags]   the same, with options: codi run --help
  codi help [COMMAND]                  this list, or one command's help
  codi help -k TEXT                    only what has TEXT in name or description
  codi --version

Built-ins (codi help NAME tells more):
"""


def main(words: list[str]) -> int:
    """`codi help …`: returns the exit status."""
    if words:
        from codi_tui.cli.help_pages import help_for

        return help_for(words)
    show(overview())
    return 0


def overview() -> bytes:
    """Everything that can be run here, from rendered text only."""
    paths = (bundled_folder(), RuntimeMode.detect().data_folder())
    built_ins = "".join(f"  {name:<9} {summary}\n" for name, summary in SUMMARIES.items())
    return b"".join([_HEAD.encode(), built_ins.encode(), *(_listing(os.path.join(path, LISTING)) for path in paths)])


def show(text: bytes) -> None:
    """Write help to stdout; on a terminal, fitted to it."""
    if os.isatty(1):
        from codi_tui.cli.pager import show_on_terminal

        return show_on_terminal(text)
    while text:
        text = text[os.write(1, text) :]
    return None


_LISTING_MAX_BYTES = 1 << 20
_PLAIN = bytes(range(0x20, 0x7F)) + b"\n"


def _listing(path: str) -> bytes:
    """A rendered list. It was sanitised when it was rendered; what is not plain now is sanitised again."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    try:
        data = os.read(descriptor, _LISTING_MAX_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    if data.translate(None, _PLAIN):
        from codi_tui.text import sanitize

        data = sanitize(data.decode(errors="replace")).encode()
    return b"\n" + data if data else b""
