"""`codi ui`: its options, and the workspace on this terminal."""

from __future__ import annotations

import gc
import os

from codi_tui.manual.ui import UI
from codi_tui.manual.words import read_words
from codi_tui.ui.terminal import Terminal, require_terminal


def main(words: list[str]) -> int:
    """Run the workspace; returns the exit status.

    Raises:
        CodiError: `E_USAGE`, wrong options; `E_TERMINAL`, there is no terminal to draw on; whatever keeps the core
            from being put together.
    """
    parsed = read_words(UI, words)
    parsed.check()
    switches, commands = parsed.options, parsed.rest
    require_terminal(os.environ)
    terminal = Terminal(os.environ, plain="--plain" in switches, mouse="--no-mouse" not in switches)
    terminal.prepare(os.environ)
    gc.disable()  # until the commands are listed: nothing of what is imported and built until then is garbage
    from codi_tui.ui.app import CodiApp

    app = CodiApp(terminal, offline="--offline" in switches, first=commands[0] if commands else "")
    app.run(mouse=terminal.mouse)
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
