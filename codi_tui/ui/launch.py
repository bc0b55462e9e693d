"""`codi ui`: its options, and the workspace on this terminal."""

from __future__ import annotations

import gc
import os

from codi_tui.errors import UsageError
from codi_tui.ui.terminal import Terminal, require_terminal

USAGE = "usage: codi ui [--plain] [--no-mouse] [--offline] [COMMAND]"
HELP = f"""The workspace: browse, fill a form, run, watch. Press ? in it for its keys.

{USAGE}

  --plain      ASCII only, the terminal's own colours, nothing that moves
  --no-mouse   leave the mouse to the terminal
  --offline    never open a socket
  COMMAND      open the form of a command at once

Examples:
  codi ui
  codi ui json.query
"""
_SWITCHES = ("--plain", "--no-mouse", "--offline")


def main(words: list[str]) -> int:
    """Run the workspace; returns the exit status.

    Raises:
        CodiError: `E_USAGE`, wrong options; `E_TERMINAL`, there is no terminal to draw on; whatever keeps the core
            from being put together.
    """
    if any(word in ("-h", "--help") for word in words):
        os.write(1, HELP.encode())
        return 0
    switches = {word for word in words if word.startswith("-")}
    commands = [word for word in words if not word.startswith("-")]
    problems = [f"{word} is not one of codi ui's options" for word in sorted(switches.difference(_SWITCHES))]
    problems += [f"{word!r} is one word too many" for word in commands[1:]]
    if problems:
        raise UsageError(problems, usage=USAGE)
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
